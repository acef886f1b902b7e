"""Each wrong patch is stopped by the step that is there for it, and no other step would have stopped it."""

import re
from pathlib import Path

import pytest

from mithridate.model.patch import GateStep, Outcome, Patch, PatchStatus, Proposal
from mithridate.model.project import BuildSystem
from mithridate.repair.gate import Effort, Gate
from mithridate.repair.interface import Subject
from mithridate.repair.steps.builds import Builds
from mithridate.repair.steps.interface import Check
from mithridate.repair.steps.outputs import Outputs
from mithridate.repair.steps.proofs import Proofs
from mithridate.repair.steps.symptom import Symptom
from mithridate.repair.steps.tests import Tests
from mithridate.repair.steps.variants import Variants
from tests.repair import runs, visits
from tests.repair.small_bench import SmallBench

LOUD, SILENT, TESTED = "loud", "silent", "tested"
PROJECTS = {
    LOUD: {"tool.c": visits.SOURCE},
    SILENT: {"tool.c": visits.QUIET},
    TESTED: {"tool.c": visits.QUIET, **visits.SUITE},
}


def checks() -> tuple[Check, ...]:
    return Builds(), Proofs(1), Variants(1.0, perturbations=10, neighbours=24), Tests(120.0), Outputs(), Symptom()


@pytest.fixture(scope="module")
def benches(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SmallBench]:
    return {name: SmallBench(files, tmp_path_factory.mktemp(name), system=BuildSystem.MAKE) for name, files in PROJECTS.items()}


def judged(bench: SmallBench, replacements: tuple[tuple[str, str], ...], steps: tuple[Check, ...], *benign: bytes) -> Patch:
    return of(bench, bench.subject([visits.PROOF], (*visits.BENIGN, *benign)), replacements, steps)


def of(bench: SmallBench, subject: Subject, replacements: tuple[tuple[str, str], ...], steps: tuple[Check, ...]) -> Patch:
    source = (bench.project.tree / "tool.c").read_text()
    proposal = Proposal(proposer="test", cause="No bound.", fix="A bound.", diff=visits.patch(source, *replacements))
    (patch,) = Gate(steps, Effort(seconds=600.0)).judge(subject, [proposal], bench)
    return patch


def told(patch: Patch) -> str:
    return "\n".join(f"{r.step} {r.outcome} {' | '.join(r.evidence)}" for r in patch.gate)


WRONG = [
    ("LEAKS", LOUD, GateStep.VARIANTS, "memory-leak"),
    ("TOO_STRICT", TESTED, GateStep.TESTS, "the longest name fails"),
    ("TRUNCATES", LOUD, GateStep.OUTPUTS, "'abcdefghijkl: 0"),
    ("RETURNS_AT_ONCE", SILENT, GateStep.SYMPTOM, "makes all that follows unreachable"),
    ("GUARDS_EVERYTHING", SILENT, GateStep.SYMPTOM, "3 of 3 benign inputs in the changed functions leave"),
    ("DELETES", SILENT, GateStep.SYMPTOM, "'memcpy(to, data, length);' is gone"),
    ("SWALLOWS", LOUD, GateStep.SYMPTOM, "success is returned"),
    ("HARD_CODED", LOUD, GateStep.SYMPTOM, "19 is one below the size of the object"),
    ("EXITS", LOUD, GateStep.SYMPTOM, "calls exit()"),
]


@pytest.mark.parametrize(("name", "project", "step", "word"), WRONG, ids=[w[0] for w in WRONG])
def test_a_wrong_patch_is_stopped_by_one_step_only(
    benches: dict[str, SmallBench], name: str, project: str, step: GateStep, word: str
) -> None:
    replacements = getattr(visits, name)
    patch = judged(benches[project], replacements, checks())
    assert patch.stopped_by is step, told(patch)
    assert word in told(patch)
    without = judged(benches[project], replacements, tuple(c for c in checks() if c.step is not step))
    assert without.stopped_by is None, told(without)
    assert without.status is PatchStatus.VALIDATED or _nothing_compared(without), told(without)


def _nothing_compared(patch: Patch) -> bool:
    """Without tests and outputs to compare a patch is plausible at most."""
    return not any(r.step in (GateStep.TESTS, GateStep.OUTPUTS) and r.outcome is Outcome.PASSED for r in patch.gate)


def test_a_guard_that_only_inputs_of_several_steps_tell_is_seen_beside_those(tmp_path: Path) -> None:
    bench = SmallBench({"tool.c": runs.SOURCE}, tmp_path)
    subject = bench.subject([runs.PROOF], runs.BENIGN)
    blind, seeing = (
        (Builds(), Proofs(1), Variants(0.0, perturbations=0, neighbours=count), Outputs(), Symptom()) for count in (0, 90)
    )
    unseen = of(bench, subject, runs.FORGETS, blind)
    assert unseen.status is PatchStatus.VALIDATED, told(unseen)
    patch = of(bench, subject, runs.FORGETS, seeing)
    assert patch.stopped_by is GateStep.VARIANTS, told(patch)
    assert "shows heap-buffer-overflow in unpack" in told(patch)
    patch = of(bench, subject, runs.RIGHT, seeing)
    assert patch.status is PatchStatus.VALIDATED, told(patch)
    assert re.search(r"\d\d inputs a byte away from proofs and benign ones show nothing new", told(patch)), told(patch)


def test_a_second_free_of_a_benign_input_is_seen_among_the_variants(benches: dict[str, SmallBench]) -> None:
    patch = judged(benches[LOUD], visits.FREES_TWICE, checks())
    assert patch.stopped_by is GateStep.VARIANTS
    assert "a benign input of 2 bytes" in told(patch)


@pytest.mark.parametrize("project", PROJECTS)
def test_the_right_patch_passes_every_step(benches: dict[str, SmallBench], project: str) -> None:
    patch = judged(benches[project], visits.RIGHT, checks())
    assert patch.status is PatchStatus.VALIDATED, told(patch)
    record = {r.step: r for r in patch.gate}
    assert record[GateStep.TESTS].outcome is (Outcome.PASSED if project == TESTED else Outcome.EMPTY)
    assert "3 of 5 benign inputs run a changed function" in told(patch)
    assert "0 of 3 benign inputs in the changed functions leave" in told(patch)
    if project == TESTED:
        assert "2 of 3 tests run a changed function" in told(patch)
        assert any("with AddressSanitizer" in line for line in record[GateStep.TESTS].evidence)


def test_tests_that_do_not_run_what_was_changed_compare_nothing(tmp_path: Path) -> None:
    beside = {"tool.c": visits.SOURCE, **visits.SUITE, "run-tests.sh": visits.TESTS.replace("n\\0", "x\\0")}
    bench = SmallBench(beside, tmp_path, system=BuildSystem.MAKE)
    patch = judged(bench, visits.RETURNS_AT_ONCE, (Builds(), Proofs(1), Tests(60.0)))
    assert "0 of 3 tests run a changed function" in told(patch)
    assert patch.gate[-1].outcome is Outcome.EMPTY
    assert patch.status is PatchStatus.PLAUSIBLE


FREED = """#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
    int *held = NULL;
    if (file == NULL || fgetc(file) != 'a')
        return 1;
    while (1) {
        held = malloc(8 * sizeof(int));
        if (held == NULL)
            return 2;
        held[0] = 5;
        free(held);
        break;
    }
    printf("%d\\n", held[0]);
    return 0;
}
"""


def test_what_is_read_through_a_cleared_pointer_is_not_optimised_away(tmp_path: Path) -> None:
    bench = SmallBench({"tool.c": FREED}, tmp_path)
    cleared = visits.patch(FREED, ("        free(held);\n", "        free(held);\n        held = NULL;\n"))
    proposal = Proposal(proposer="test", cause="It stays.", fix="It goes.", diff=cleared)
    (patch,) = Gate((Builds(), Proofs(1))).judge(bench.subject([b"a"]), [proposal], bench)
    assert patch.stopped_by is GateStep.PROOFS, told(patch)


def test_a_guard_that_turns_away_what_was_refused_anyway_is_no_lost_feature(benches: dict[str, SmallBench]) -> None:
    patch = judged(benches[SILENT], visits.REFUSES_EARLIER, checks(), visits.REFUSED)
    assert "1 of 6 benign inputs in the changed functions leave" in told(patch)
    assert patch.status is PatchStatus.VALIDATED, told(patch)


class Coin(SmallBench):
    """Its tests pass and fail in turns."""

    def run(self, tree: Path, command, limits):  # type: ignore[no-untyped-def]
        (tree / "run-tests.sh").write_text(
            "#!/bin/sh\necho 'PASS: steady'\n" + ("echo 'PASS: coin'" if len(self.runs) % 2 else "echo 'FAIL: coin'") + "\n"
        )
        return super().run(tree, command, limits)


def test_a_test_that_differs_without_a_change_does_not_count(tmp_path: Path) -> None:
    bench = Coin(PROJECTS[TESTED], tmp_path, system=BuildSystem.MAKE)
    patch = judged(bench, visits.RIGHT, (Builds(), Proofs(1), Tests(60.0, with_sanitizer=False)))
    assert patch.stopped_by is None, told(patch)
    assert "1 differ without any change" in told(patch)
