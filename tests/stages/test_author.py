"""The patch author works behind the gate: it hears why a change did not pass, and nothing that it says makes one pass."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from bench.models.scripted import Received, Reply, serving

from mithridate.agents.roles.patch_author import Change, Edit
from mithridate.model.exchange import DataClass
from mithridate.model.patch import GateStep, Patch, PatchStatus
from mithridate.repair.steps.builds import Builds
from mithridate.repair.steps.outputs import Outputs
from mithridate.repair.steps.proofs import Proofs
from mithridate.repair.steps.symptom import Symptom
from mithridate.repair.steps.variants import Variants
from mithridate.stages.author import _diff
from mithridate.stages.grounds import Snapshot
from mithridate.stages.minds import Minds
from mithridate.stages.repair import PatchOptions, _by_author
from tests.agents.desks import entry, place
from tests.repair import visits
from tests.repair.small_bench import SmallBench

Edits = Sequence[tuple[str, str]]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> SmallBench:
    return SmallBench({"tool.c": visits.SOURCE, "Makefile": visits.MAKEFILE}, tmp_path_factory.mktemp("author"))


def change(edits: Edits, file: str = "tool.c") -> Reply:
    """An answer of the author."""
    answer = {"cause": "No bound.", "fix": "A bound.", "edits": [{"file": file, "old": a, "new": b} for a, b in edits]}
    return Reply(calls=[("answer", answer)])


def authored(
    bench: SmallBench, replies: Sequence[Reply], home: Path, rounds: int = 4, disclose: Any = None
) -> tuple[list[Received], tuple[Patch, ...]]:
    """What the author was sent, and the patches that came of its answers."""

    def script(got: Received) -> Reply:
        return replies[min(got.exchanges, len(replies) - 1)]

    checks = (Builds(), Proofs(1), Variants(1.0, perturbations=10), Outputs(), Symptom())
    with serving(script) as server:
        here = place(home, {"p": entry(server.address)}, disclose, patch_rounds=rounds)
        minds = Minds(here.desk, here.desk.models)
        subject = bench.subject([visits.PROOF], visits.BENIGN)
        workshop: Any = bench
        made = _by_author(minds, subject, workshop, checks, PatchOptions(seconds=600.0), lambda _: None, ())
        return server.received, made


def test_the_author_hears_what_was_wrong_until_a_change_passes_the_gate(bench: SmallBench, tmp_path: Path) -> None:
    replies = [
        change([("these lines are nowhere", "x")]),
        change([("    to[length] = 0;\n", "    to[lenght] = 0;\n")]),
        change(visits.HARD_CODED),
        change(visits.RIGHT),
    ]
    received, made = authored(bench, replies, tmp_path)
    assert len(received) == 4
    first, *later = [got.asked["messages"][-1]["content"] for got in received]
    assert "set_name tool.c:1" in first and "12:     memcpy(to, data, length);" in first
    assert "0 times, not once" in later[0]
    assert "builds\n" in later[1] and "lenght" in later[1]
    assert "symptom\n" in later[2] and "19" in later[2]
    assert (made[0].status, made[0].proposal.proposer) == (PatchStatus.VALIDATED, "patch-author")
    assert made[0].proposal.diff == visits.patch(visits.SOURCE, *visits.RIGHT)
    assert [patch.stopped_by for patch in made[1:]] == [GateStep.SYMPTOM, GateStep.BUILDS]


@pytest.mark.parametrize("wrong", ["DELETES", "SWALLOWS", "EXITS", "TRUNCATES"])
def test_an_author_that_insists_on_a_wrong_change_gets_none_through(wrong: str, bench: SmallBench, tmp_path: Path) -> None:
    received, made = authored(bench, [change(getattr(visits, wrong))], tmp_path, rounds=2)
    assert len(received) == 2, "the same change again is told to be one, and the rounds are bounded"
    assert [patch.status is PatchStatus.VALIDATED for patch in made] == [False]


@pytest.mark.parametrize("file", ["Makefile", "../tool.c", "/etc/passwd", "no.c", "tool.c/../../x"])
def test_only_source_files_of_the_snapshot_are_changed(file: str, bench: SmallBench, tmp_path: Path) -> None:
    received, made = authored(bench, [change([("tool", "x")], file)], tmp_path, rounds=2)
    assert not made
    assert "no source file" in received[1].asked["messages"][-1]["content"]


def test_bytes_of_inputs_are_not_told_to_one_that_may_not_see_them(bench: SmallBench, tmp_path: Path) -> None:
    received, _ = authored(bench, [change(visits.TRUNCATES)], tmp_path / "all", rounds=2)
    assert "outputs\n" in received[1].said and "abcdefghijkl" in received[1].said
    seen = tuple(kind for kind in DataClass if kind is not DataClass.PROOFS)
    received, _ = authored(bench, [change(visits.TRUNCATES)], tmp_path / "some", rounds=2, disclose={"p": seen})
    assert "outputs\n" in received[1].said and "withheld" in received[1].said
    assert all(b"abcdefghijkl" not in got.body for got in received)


def test_an_answer_of_no_shape_is_repaired_once_and_then_dropped(bench: SmallBench, tmp_path: Path) -> None:
    received, made = authored(bench, [Reply(text="I would add a check."), Reply(text="Really.")], tmp_path)
    assert len(received) == 2 and not made
    right = change(visits.RIGHT)
    received, made = authored(bench, [Reply(text="I would add a check."), right], tmp_path / "again")
    assert len(received) == 2 and made[0].status is PatchStatus.VALIDATED


def test_an_edit_that_follows_one_that_emptied_the_file_sees_it_empty(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("int a;\n")
    edits = [Edit(file="a.c", old="int a;\n", new=""), Edit(file="a.c", old="int a;\n", new="int b;\n")]
    assert "0 times, not once" in _diff(Snapshot(tmp_path), Change(cause="c", fix="f", edits=edits))
    assert "-int a;" in _diff(Snapshot(tmp_path), Change(cause="c", fix="f", edits=edits[:1]))
