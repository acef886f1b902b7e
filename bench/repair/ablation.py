"""What each step of the gate is there for: how many proposals reach it, how many it stops, and what would pass without it."""

from collections.abc import Iterable, Sequence

from mithridate.model.patch import GateStep

Candidate = tuple[str, str, int]
"""Status, the step that stopped it ("" for none), changed lines."""

_STEPS = tuple(step.value for step in GateStep if step is not GateStep.SMALLEST)


def lines_of(diff: str) -> int:
    """The lines that a unified diff adds and removes."""
    return sum(line[:1] in ("+", "-") and line[:3] not in ("+++", "---") for line in diff.splitlines())


def ablation(proofs: Iterable[Sequence[Candidate]]) -> str:
    """A table by step, for the candidates of each proof.

    The last column: for how many proofs the smallest of what the steps before let pass is a patch that this step or one after it
    stops, so that the user would have been given that one. Proposals that only the quick look saw, because enough others had
    passed, are no part of it, nor are those that wait for somebody to compare something.
    """
    every = [[(status, step if step in _STEPS else "", size) for status, step, size in some] for some in proofs]
    looked = [[c for c in some if c[1] or c[0] != "proposed"] for some in every]
    rows = [
        "| step of the gate | proposals that reach it | it stops | proofs with another patch if the gate ended before |",
        "|---|---|---|---|",
    ]
    for number, step in enumerate(_STEPS):
        before = _STEPS[:number]
        reached = [[c for c in some if c[1] not in before] for some in looked]
        stopped = sum(c[1] == step for some in reached for c in some)
        other = sum(bool(some) and min(some, key=lambda c: (c[2], bool(c[1])))[1] != "" for some in reached)
        rows.append(f"| {step} | {sum(map(len, reached))} | {stopped} | {other} |")
    left = sum(not c[1] and c[0] == "plausible" for some in looked for c in some)
    unseen = sum(map(len, every)) - sum(map(len, looked))
    held = sum(c[0] in ("validated", "approved") for some in looked for c in some)
    rows.append(
        f"\nOf {sum(map(len, every))} proposals {held} passed every step, {left} passed with nothing compared (plausible),"
    )
    rows.append(f"and {unseen} silenced the proofs in the quick look and were not judged further, as enough others had passed.")
    return "\n".join(rows) + "\n"
