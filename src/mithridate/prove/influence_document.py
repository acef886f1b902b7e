"""How much of a violation behind an input document the attacker steers (DESIGN.md §4, "Control tiers").

The evidence is two runs of one document. The observer draws new words for the marks in every run; where the text at the sink
holds the words of its own run both times, it followed the input. What the oracle saw there gives the tier:

5  a command, code or a type is chosen by the input
4  the structure of what the sink reads is changed, or a place to write to is chosen
3  what is read or asked for is chosen
1  the program is stopped or stalled; also the floor for all that was not seen to follow, and for observed facts: nothing is
   claimed there, and nobody saw an attacker steer anything (tier 2 would claim that memory was read)
"""

from collections.abc import Mapping, Sequence

from mithridate.model.finding import Control, ControlTier
from mithridate.model.observation import Observation, Sink
from mithridate.model.violation import OBSERVED_FACTS, Access, Violation, ViolationKind
from mithridate.prove.control import stopped, untouched
from mithridate.prove.witness import Witnessed

QUOTED = 160
"""Characters of a sink's text that are quoted around the first mark."""

_TOKEN = 4
"""Characters of a mark's word that are shown: enough to see that they differ."""

_K = ViolationKind
_T = ControlTier

SINKS: Mapping[ViolationKind, frozenset[Sink]] = {
    _K.SQL_INJECTION: frozenset({Sink.SQL}),
    _K.SHELL_INJECTION: frozenset({Sink.SHELL, Sink.COMMAND}),
    _K.ARGUMENT_INJECTION: frozenset({Sink.COMMAND, Sink.SHELL}),
    _K.PATH_TRAVERSAL: frozenset({Sink.PATH}),
    _K.CROSS_SITE_SCRIPTING: frozenset({Sink.HTML}),
    _K.HEADER_INJECTION: frozenset({Sink.HEADER, Sink.REDIRECT}),
    _K.OPEN_REDIRECT: frozenset({Sink.REDIRECT, Sink.HEADER}),
    _K.REQUEST_FORGERY: frozenset({Sink.REQUEST}),
    _K.XPATH_INJECTION: frozenset({Sink.XPATH}),
    _K.LDAP_INJECTION: frozenset({Sink.LDAP}),
    _K.REGEX_INJECTION: frozenset({Sink.REGEX}),
    _K.LOG_INJECTION: frozenset({Sink.LOG}),
    _K.TEMPLATE_INJECTION: frozenset({Sink.TEMPLATE}),
    _K.XML_INJECTION: frozenset({Sink.XML}),
    _K.EXTERNAL_ENTITY: frozenset({Sink.ENTITY}),
    _K.CODE_INJECTION: frozenset({Sink.CODE}),
    _K.UNSAFE_DESERIALISATION: frozenset({Sink.TYPE, Sink.CODE, Sink.MODULE}),
    _K.UNTRUSTED_IMPORT: frozenset({Sink.MODULE}),
    _K.ARCHIVE_TRAVERSAL: frozenset({Sink.MEMBER, Sink.PATH}),
}
"""Where the text of each kind of injection is seen."""

_TIERS = {
    **dict.fromkeys((_K.SHELL_INJECTION, _K.CODE_INJECTION, _K.UNSAFE_DESERIALISATION, _K.UNTRUSTED_IMPORT), _T(5)),
    **dict.fromkeys((_K.EXTERNAL_ENTITY, _K.REQUEST_FORGERY, _K.OPEN_REDIRECT), _T(3)),
}
_TEMPLATE_TIERS = {"mako": _T(5), "format": _T(3)}
"""A Mako template is Python code; a format string only selects what is read. Others may be sandboxed: their structure is lost."""


def control(violation: Violation, runs: Sequence[Witnessed]) -> Control:
    """The control that `runs` (replays of one document that all fired `violation`) show."""
    if violation.kind in OBSERVED_FACTS:
        told = "Seen executed; nothing was steered and nothing is claimed about what an attacker gains."
        return Control(tier=_T.STOPS_PROGRAM, evidence=(told,), perturbations=0)
    if violation.kind not in SINKS:
        told = _SLOWER if violation.kind is _K.SUPERLINEAR_TIME else stopped(violation)
        return Control(tier=untouched(violation), evidence=(told,), perturbations=0)
    seen = _followed(violation, runs)
    if len(seen) < 2:
        told = "The text at the sink could not be matched in two runs with different marks, so its control was not measured."
        return Control(tier=_T.STOPS_PROGRAM, evidence=(told,), perturbations=len(runs))
    one, other = seen[:2]
    told = (
        f"In two runs with different marks, what reached `{_clean(one.api)}` followed the input: "
        f"first `{quoted(one)}`, then `{quoted(other)}`."
    )
    return Control(tier=_tier(violation, one), evidence=(told, _meaning(violation, one)), perturbations=len(runs))


_SLOWER = "The measured time grows faster than the length of the input."


def _followed(violation: Violation, runs: Sequence[Witnessed]) -> list[Observation]:
    """From each run what carried its marks to the violation's sink; only runs whose words differ from those before count."""
    kept: list[Observation] = []
    words: set[str] = set()
    for run in runs:
        here = _at_sink(violation, run.observations)
        if here is None:
            continue
        tokens = {token for mark in here.marks for token in (mark.opening, mark.closing)}
        if tokens and words.isdisjoint(tokens):
            kept.append(here)
            words |= tokens
    return kept


def _at_sink(violation: Violation, observations: Sequence[Observation]) -> Observation | None:
    """The observation that the violation is about: its kind of sink, its frames; the longest text where several fit."""
    fit = [o for o in observations if o.sink in SINKS[violation.kind] and o.marks and _holds_word(o)]
    exact = [o for o in fit if o.frames == violation.frames] or [o for o in fit if o.frames[:1] == violation.frames[:1]]
    named = [o for o in exact if o.api and o.api in violation.message] or exact
    return max(named, key=lambda o: len(o.text), default=None)


def _holds_word(observation: Observation) -> bool:
    text = observation.text.lower()
    return any(m.opening.lower() in text or m.closing.lower() in text for m in observation.marks)


def _tier(violation: Violation, seen: Observation) -> ControlTier:
    if violation.kind is _K.PATH_TRAVERSAL:
        writes = violation.access is Access.WRITE or seen.detail.get("mode") in ("write", "delete")
        if seen.detail.get("mode") == "run":
            return _T.CONTROLLED_EXECUTION
        if seen.detail.get("mode") == "exists":
            return _T.UNCONTROLLED_READ
        return _T.CONTROLLED_WRITE if writes else _T.CONTROLLED_READ
    if violation.kind is _K.TEMPLATE_INJECTION:
        return _TEMPLATE_TIERS.get(seen.dialect, _T.CONTROLLED_WRITE)
    return _TIERS.get(violation.kind, _T.CONTROLLED_WRITE)


def _meaning(violation: Violation, seen: Observation) -> str:
    tier = _tier(violation, seen)
    if tier is _T.CONTROLLED_EXECUTION:
        return "The input chooses what is executed there."
    if tier is _T.CONTROLLED_READ:
        return "The input chooses what is read or asked for there."
    if tier is _T.UNCONTROLLED_READ:
        return "The input chooses which file is looked for there; nothing of it is read."
    if violation.kind in (_K.PATH_TRAVERSAL, _K.ARCHIVE_TRAVERSAL):
        return "The input chooses what is written or removed there."
    return "The input changes the structure of what is read there, not only a value in it."


def quoted(observation: Observation) -> str:
    """The text around its first mark, shortened; each mark as ⟦abcd|…|efgh⟧, so that words of two runs can be told apart."""
    text = observation.text
    lower = text.lower()
    places = sorted(
        (at, word, shape)
        for mark in observation.marks
        for word, shape in ((mark.opening, "⟦{}|"), (mark.closing, "|{}⟧"))
        for at in _positions(lower, word.lower())
    )
    parts, end = [], 0
    for at, word, shape in places:
        if at >= end:
            parts += [text[end:at], shape.format(text[at : at + _TOKEN])]
            end = at + len(word)
    shown = _clean("".join([*parts, text[end:]]))
    first = max(0, shown.find("⟦") - QUOTED // 2)
    piece = shown[first : first + QUOTED]
    return f"{'…' if first else ''}{piece}{'…' if first + QUOTED < len(shown) else ''}"


def _positions(text: str, word: str) -> list[int]:
    made, at = [], text.find(word)
    while at >= 0:
        made.append(at)
        at = text.find(word, at + 1)
    return made


def _clean(text: str) -> str:
    """Fit to stand between backticks in one sentence."""
    return " ".join(text.replace("`", "ˋ").split())
