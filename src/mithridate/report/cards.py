"""What the HTML report shows of a finding, arranged: excerpt, folded stacks, dump. No markup of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from mithridate.model.finding import Finding, Proof
from mithridate.model.run import RunReport
from mithridate.model.violation import Frame
from mithridate.report import words
from mithridate.report.hexdump import HexRow, rows
from mithridate.report.markup import highlighted
from mithridate.report.places import Origin, bundle_path, frame_place, lines_of, place_of
from mithridate.report.shown_input import ShownInput, shown_input
from mithridate.report.shown_patch import ShownPatch, shown_patch

_AROUND, _CLOSELY_AROUND = 9, 4
"""Lines shown before and after the faulting one; the second for brief cards."""

FULL = 60
"""Findings from which on a report grows long: what comes behind them, and is not the first of its kind, is shown briefly."""

UNGROUPED = 24
"""Up to so many findings or facts a list needs no groups."""

_FIRST_ROWS = 16
_UNFOLDED, _OUTERMOST = 12, 3
"""How many project frames of one stretch are shown innermost and outermost; deep recursion is folded between."""

Sources = Mapping[str, Mapping[int, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """One line of an excerpt. `gap`: lines are missing between it and the one before."""

    number: int
    html: Markup
    fault: bool
    gap: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFrame:
    """A stack frame with the source line that it stands on, when that is known."""

    index: int
    function: str
    path: str
    line: int
    origin: Origin
    inlined: bool
    source: Markup | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Neighbouring frames of a stack, shown or folded away under `label`."""

    frames: tuple[ShownFrame, ...]
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A named stack; `summary` is its innermost frame in the owner's code."""

    name: str
    summary: str
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dump:
    """A proof's input: rows shown at once, rows folded, and how many bytes of the input are not in the report."""

    first: tuple[HexRow, ...]
    rest: tuple[HexRow, ...]
    missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One finding as it is shown."""

    finding: Finding
    rating: str
    path: str
    proof: Proof
    bundle: str
    others: tuple[tuple[Proof, str], ...]
    excerpt: tuple[SourceLine, ...]
    stacks: tuple[Stack, ...]
    dump: Dump | None
    shown: ShownInput | None
    repair: ShownPatch | None
    tier: str
    measured: str
    kind: str
    brief: bool
    """Without what only repeats: the proof as a test and the reasons for each metric, which results.json has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Cards of one kind, each with its number in the report; `name` is empty where a list needs no groups."""

    name: str
    cards: tuple[tuple[int, Card], ...]


def cards(report: RunReport) -> tuple[Card, ...]:
    """What a run proved as cards, the gravest first."""
    found = words.proved(report)
    first = {_kind(f): i for i, f in reversed(list(enumerate(found)))}
    return tuple(_card(report, f, brief=i >= FULL and first[_kind(f)] != i) for i, f in enumerate(found))


def groups(shown: Sequence[Card]) -> tuple[Group, ...]:
    """The cards by kind, in the order in which the kinds appear."""
    numbered = tuple(enumerate(shown, 1))
    if len(shown) <= UNGROUPED:
        return (Group(name="", cards=numbered),) if shown else ()
    kinds = dict.fromkeys(card.kind for card in shown)
    return tuple(Group(name=kind, cards=tuple((n, c) for n, c in numbered if c.kind == kind)) for kind in kinds)


def facts(report: RunReport) -> tuple[Card, ...]:
    """The observed facts of a run as cards, in the same order."""
    return tuple(_card(report, f) for f in words.observed(report))


def _kind(finding: Finding) -> str:
    """What kind of flaw it is: its title without the place and the size of an access."""
    return finding.title.partition(" in ")[0].partition(" (")[0]


def _card(report: RunReport, finding: Finding, *, brief: bool = False) -> Card:
    lead = finding.proofs[0]
    violation = lead.violation
    shown = shown_input(report, lead)
    named = (
        ("Stack at the violation", violation.frames),
        ("Object allocated", violation.allocation),
        ("Object released", violation.deallocation),
    )
    return Card(
        finding=finding,
        rating=words.rating(finding.severity.cvss),
        path=place_of(finding.file).path,
        proof=lead,
        bundle=bundle_path(report, lead),
        others=tuple((p, bundle_path(report, p)) for p in finding.proofs[1:]),
        excerpt=_excerpt(report.sources, finding.file, finding.line, _CLOSELY_AROUND if brief else _AROUND),
        stacks=tuple(_stack(report.sources, name, frames) for name, frames in named if frames),
        dump=None if shown else _dump(report, lead),
        shown=shown,
        repair=shown_patch(report, finding.id),
        tier=words.tier_words(finding.control, violation)[0],
        measured=words.measured(finding.control, violation),
        kind=_kind(finding),
        brief=brief,
    )


def _excerpt(sources: Sources, file: str, line: int, around: int) -> tuple[SourceLine, ...]:
    known = lines_of(sources, file)
    numbers = sorted(n for n in known if abs(n - line) <= around)
    texts = highlighted([known[n] for n in numbers], file)
    before = [None, *numbers]
    return tuple(
        SourceLine(number=n, html=html, fault=n == line, gap=previous is not None and n != previous + 1)
        for n, html, previous in zip(numbers, texts, before, strict=False)
    )


def _stack(sources: Sources, name: str, frames: Sequence[Frame]) -> Stack:
    shown = [_frame(sources, i, f) for i, f in enumerate(frames)]
    at = next((f for f in shown if f.origin is not Origin.SYSTEM), shown[0])
    where = f", {at.path}:{at.line}" if at.path and at.line else ""
    stretches = [s for own, run in groupby(shown, lambda f: f.origin is not Origin.SYSTEM) for s in _fold(own, tuple(run))]
    return Stack(name=name, summary=f"{at.function}{where}", stretches=tuple(stretches))


def _frame(sources: Sources, index: int, frame: Frame) -> ShownFrame:
    place = frame_place(frame)
    line = lines_of(sources, frame.file).get(frame.line)
    return ShownFrame(
        index=index,
        function=frame.function or "unknown function",
        path=place.path,
        line=frame.line,
        origin=place.origin,
        inlined=frame.inlined,
        source=highlighted([line.strip()], frame.file)[0] if line is not None else None,
    )


def _fold(own: bool, run: tuple[ShownFrame, ...]) -> tuple[Stretch, ...]:
    if not own:
        return (Stretch(frames=run, label=words.count(len(run), "frame") + " of the system" if len(run) > 1 else ""),)
    if len(run) <= _UNFOLDED + _OUTERMOST + 1:
        return (Stretch(frames=run),)
    middle = run[_UNFOLDED:-_OUTERMOST]
    return (
        Stretch(frames=run[:_UNFOLDED]),
        Stretch(frames=middle, label=words.count(len(middle), "more frame")),
        Stretch(frames=run[-_OUTERMOST:]),
    )


def _dump(report: RunReport, proof: Proof) -> Dump | None:
    data = report.inputs.get(proof.blob)
    if data is None:
        return None
    made = tuple(rows(data))
    return Dump(first=made[:_FIRST_ROWS], rest=made[_FIRST_ROWS:], missing=max(0, proof.size - len(data)))
