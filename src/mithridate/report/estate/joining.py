"""What several files tell together, in sentences: which nodes are one, and which flaws software has."""

from collections.abc import Iterable
from dataclasses import dataclass

from mithridate.model.estate import EstateSummary, Evidence, FlawDecision, Identity, Matching
from mithridate.report.estate import words
from mithridate.report.words import count


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence, and what it counts: the first of `total` things, one sentence each, with the places that state it."""

    sentence: str
    things: tuple[str, ...]
    total: int


def joining(summary: EstateSummary) -> tuple[Told, ...]:
    """All that there is to tell; empty when every file speaks of other things."""
    told = (*_identity(summary.identity), *_matching(summary.matching))
    return tuple(one for one in told if one.total)


def _identity(identity: Identity) -> tuple[Told, ...]:
    several = "goes by several names in the files, and counts once"
    if identity.merged != 1:
        several = "go by several names in the files, and count once each"
    contradict = "contradicts" if identity.conflicting == 1 else "contradict"
    return (
        Told(
            f"{count(identity.merged, 'node')} {several}.",
            tuple(_cited(m.sentence, m.evidence) for m in identity.merges),
            identity.merged,
        ),
        Told(
            f"{count(identity.conflicting, 'identifier')} {contradict} others, and what they name is kept apart.",
            tuple(_cited(c.sentence, c.evidence) for c in identity.conflicts),
            identity.conflicting,
        ),
    )


def _matching(matching: Matching) -> tuple[Told, ...]:
    were = "was" if matching.decided == 1 else "were"
    gone = matching.decided - matching.kept
    mended = "is" if len(matching.gone) == 1 else "are"
    return (
        Told(
            f"{count(matching.decided, 'flaw')} of software {were} decided: {matching.kept:,} taken as there, {gone:,} as not.",
            tuple(_decision(d) for d in matching.decisions),
            matching.decided,
        ),
        Told(
            f"{count(matching.undecided, 'comparison')} of a version with an advisory could not be made: "
            "such a flaw counts as absent unless another source states it.",
            matching.incomparable,
            matching.undecided,
        ),
        Told(
            f"{count(len(matching.gone), 'proved flaw')} with a validated patch {mended} taken as mended.",
            matching.gone,
            len(matching.gone),
        ),
    )


def _decision(made: FlawDecision) -> str:
    hosts = f" on {count(made.hosts, 'host')}" if made.hosts else ""
    what = f"{made.vulnerability} in {made.software}{hosts} is {'' if made.kept else 'not '}there: {made.reason}"
    return _cited(what, made.evidence)


def _cited(sentence: str, evidence: Iterable[Evidence]) -> str:
    places = ", ".join(words.place(e) for e in evidence)
    return f"{sentence}; seen in {places}" if places else sentence
