"""Which candidates are quiet or only repeat what has been seen: a quick look at many, so that full replays are kept for the rest.

Nothing seen in a quick look is evidence. What it saves is the full replay of an input that does nothing on the proving build,
and of one that does the same, at the same places of the program, as one that has been replayed in full.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from mithridate.model.entry import EntryPoint
from mithridate.model.project import Flavour
from mithridate.model.violation import Clean, Violation, ViolationKind
from mithridate.prove.batch import QuickSignature, quick_signature
from mithridate.prove.replay import Judgement, Replayer

_K = ViolationKind
Form = tuple[str, frozenset[QuickSignature]]
"""The entry point, and all that one execution showed, each with its place in the modules."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a quick look showed: nothing at all, or a form; neither where it says too little."""

    form: Form | None = None
    quiet: bool = False


FEW = 2
"""Fewer inputs of an entry point are replayed at once: a quick look at them saves nothing."""

_CPU_S = 2.0
"""What takes longer shows no place in a quick look anyway."""


def looks(replayer: Replayer, inputs: Sequence[tuple[EntryPoint, bytes]], seconds: float) -> list[Look]:
    """What each input does, from one quick execution; says nothing about those for which `seconds` (wall) did not suffice."""
    until = time.monotonic() + seconds
    by_entry: dict[str, list[int]] = {}
    for position, (entry, _) in enumerate(inputs):
        by_entry.setdefault(entry.id, []).append(position)
    made = [Look()] * len(inputs)
    for positions in by_entry.values():
        entry = inputs[positions[0]][0]
        binary = entry.binary(Flavour.PLAIN)
        left = until - time.monotonic()
        if binary is None or len(positions) < FEW or left <= 0:
            continue
        judged = replayer.batch(entry, binary, [inputs[p][1] for p in positions], left, cpu_s=_CPU_S)
        for position, judgement in zip(positions, judged, strict=True):
            made[position] = _look(entry, judgement)
    return made


def _look(entry: EntryPoint, judgement: Judgement | None) -> Look:
    """A process that its short time ended is quiet: the engine would have called it slow."""
    if isinstance(judgement, Clean) or (isinstance(judgement, tuple) and all(v.kind is _K.TIMEOUT for v in judgement)):
        return Look(quiet=True)
    if not isinstance(judgement, tuple):
        return Look()
    shown = frozenset(map(quick_signature, judgement))
    return Look(form=(entry.id, shown) if all(places for _, _, places in shown) else None)


class Familiar:
    """The forms of what has been judged in full. Forgetting them costs time and changes no result."""

    def __init__(self) -> None:
        self._known: set[Form] = set()

    def judge(
        self,
        given: Sequence[Form | None],
        in_full: Callable[[Iterable[int]], Iterable[tuple[Violation, ...] | None]],
    ) -> dict[int, tuple[Violation, ...] | None]:
        """Judge the inputs of these forms in full, by position, but for those of a form that has fired when it was judged.

        First one of each form, then the others of a form whose first did not fire.
        """
        judged: dict[int, tuple[Violation, ...] | None] = {}
        first = {form: position for position, form in reversed(list(enumerate(given))) if form is not None}
        turns = [p for p, form in enumerate(given) if form is None or first[form] == p], [*range(len(given))]
        for turn in turns:
            positions = [p for p in turn if p not in judged and given[p] not in self._known]
            for position, violations in zip(positions, in_full(positions), strict=True):
                judged[position] = violations
                form = given[position]
                if violations and form is not None:
                    self._known.add(form)
        return judged
