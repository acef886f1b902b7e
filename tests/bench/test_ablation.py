"""The table of what each step of the gate is there for."""

from bench.repair.ablation import ablation, lines_of


def rows(text: str) -> dict[str, list[int]]:
    cells = [[c.strip() for c in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| ")]
    return {name: [int(n) for n in numbers] for name, *numbers in cells[1:]}


def test_a_step_counts_what_reaches_it_and_what_it_stops() -> None:
    found = rows(ablation([[("validated", "", 3), ("plausible", "tests", 2), ("proposed", "proofs", 1)]]))
    assert found["proofs"][:2] == [3, 1]
    assert found["tests"][:2] == [2, 1]
    assert found["symptom"][:2] == [1, 0]


def test_a_gate_that_ended_earlier_would_have_given_the_smaller_patch() -> None:
    found = rows(ablation([[("validated", "", 3), ("plausible", "tests", 2), ("proposed", "proofs", 1)], [("validated", "", 1)]]))
    assert [found[s][2] for s in ("applies", "proofs", "tests", "outputs", "symptom")] == [1, 1, 1, 0, 0]


def test_what_was_only_looked_at_quickly_is_told_apart() -> None:
    told = ablation([[("validated", "smallest", 3), ("proposed", "", 1), ("plausible", "", 2)]])
    assert rows(told)["applies"] == [2, 0, 0]
    assert "Of 3 proposals 1 passed every step, 1 passed with nothing compared" in told and "and 1 silenced" in told


def test_heads_of_files_are_no_changed_lines() -> None:
    assert lines_of("--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n-a\n+b\n+\n c\n") == 3
