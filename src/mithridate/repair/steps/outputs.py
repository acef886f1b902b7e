"""Outputs on the benign corpus are unchanged: exit code, standard output, standard error, or an observed door's answers."""

from collections.abc import Sequence

from mithridate.model.patch import GateStep
from mithridate.repair.crossing import crossing
from mithridate.repair.interface import Output
from mithridate.repair.steps.interface import Case, Seen, empty, failed, passed
from mithridate.repair.steps.known_outputs import ENDS, SAID, Known, before, parts, same, says_nothing

_SHOWN = 60
_NAMED = 3
_PARTS = ("its end", "its exit code", "its standard output", "its standard error")
_PARTS_OF_ANSWERS = ("its end", "its exit code", "the text of its answers", "how its answers stand")


class Outputs:
    """All benign inputs of all doors, on the unpatched program twice, on the patched one once (a changed one twice)."""

    step = GateStep.OUTPUTS

    def __init__(self) -> None:
        self._last: list[Output | None] = []

    def check(self, case: Case) -> Seen:
        """EMPTY when no benign input has an output that is the same twice, or none of them is known to run what was changed.

        Nor is it enough that errors stay errors: of those only the type is compared.
        """
        compared = 0
        changed: list[str] = []
        silent = varying = 0
        for entry_id, inputs in case.subject.benign.items():
            if not inputs or entry_id not in case.bench.original.entries:
                continue
            if entry_id not in case.built.entries:
                return failed(f"the patched project has no {entry_id} any more")
            known = before(case, entry_id, inputs)
            observed = case.built.entries[entry_id].observed
            usable = [n for n, steady in enumerate(known.steady) if (steady - ENDS if observed else steady)]
            compared += len(usable)
            silent += sum(says_nothing(known.said[n]) for n in usable)
            varying += sum(observed and SAID not in known.steady[n] for n in usable)
            for position, part in self._differences(case, entry_id, inputs, known, usable):
                name = (_PARTS_OF_ANSWERS if observed else _PARTS)[part]
                changed.append(_told(entry_id, inputs[position], part, name, known.said[position], self._last[position]))
        if not compared:
            return empty("no benign input whose output is the same twice")
        crossed = _crossed(case)
        if changed:
            more = [f"and {len(changed) - _NAMED} more"] if len(changed) > _NAMED else []
            return failed(f"{len(changed)} of {compared} benign inputs have another output", *changed[:_NAMED], *more, crossed)
        seen = crossing(case)
        if seen.known and not any(seen.entered.values()):
            return empty(f"the outputs of {compared} benign inputs are unchanged, but none of them runs a changed function")
        if seen.known and not any(seen.working.values()):
            told = "but what runs a changed function ends there in an error, of which only the type was compared"
            return empty(f"the outputs of {compared} benign inputs are unchanged, {told}", crossed)
        if seen.blind:
            return empty(f"the outputs of {compared} benign inputs are unchanged", crossed)
        quiet = f"; for {silent} of them the program writes nothing, so that only how it ends was compared" if silent else ""
        quiet += (
            f"; of {varying} of them the text varies by itself, so that only how the answers stand was compared"
            if varying
            else ""
        )
        return passed(f"the outputs of {compared} benign inputs are unchanged{quiet}", crossed)

    def _differences(
        self, case: Case, entry_id: str, inputs: Sequence[bytes], known: Known, usable: Sequence[int]
    ) -> list[tuple[int, int]]:
        """Position and part of each difference that is there twice."""
        self._last = case.bench.outputs(case.built, entry_id, inputs)
        suspects = [n for n in usable if known.steady[n] - same(known.said[n], self._last[n])]
        if not suspects:
            return []
        again = case.bench.outputs(case.built, entry_id, [inputs[n] for n in suspects])
        found: list[tuple[int, int]] = []
        for position, second in zip(suspects, again, strict=True):
            different = known.steady[position] - same(known.said[position], self._last[position])
            different &= known.steady[position] - same(known.said[position], second)
            if different:
                found.append((position, min(different)))
        return found


def _told(entry_id: str, data: bytes, part: int, what: str, before: Output | None, after: Output | None) -> str:
    name = f"{len(data)} bytes ({data[:24]!r}{'…' if len(data) > 24 else ''}) through {entry_id}"
    if before is None or after is None:
        return f"{name}: it violates something now, or cannot be run"
    old, new = (parts(output)[part] for output in (before, after))
    if isinstance(old, bytes) and isinstance(new, bytes):
        old, new = _excerpts(old, new)
    return f"{name}: {what} was {old!s}, is {new!s}"


def _excerpts(old: bytes, new: bytes) -> tuple[str, str]:
    """Both around the first byte that differs."""
    at = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    start = max(0, at - _SHOWN // 3)
    cut = [repr(text[start : start + _SHOWN].decode("utf-8", "replace")) for text in (old, new)]
    return cut[0], cut[1]


def _crossed(case: Case) -> str:
    seen = crossing(case)
    if not seen.known:
        return f"how many of them run the changed function is unknown: {seen.why}"
    total = sum(len(inputs) for inputs in case.subject.benign.values())
    return f"{sum(map(len, seen.entered.values()))} of {total} benign inputs run a changed function"
