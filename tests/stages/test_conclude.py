"""The report of a run is gathered from what is known, and written so that nothing of an earlier run is taken for its own."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from mithridate.model.entry import Binary, Boundary, EntryKind, EntryPoint
from mithridate.model.errors import UsageError
from mithridate.model.finding import Finding
from mithridate.model.patch import PatchStatus
from mithridate.model.project import Flavour, Project, Skipped
from mithridate.model.run import ModelUse, RunOptions, RunReport
from mithridate.model.violation import Frame
from mithridate.stages import conclude
from mithridate.stages.search import Hunt
from mithridate.stages.session import Session
from tests.report import sample


def area(root: Path, report: RunReport) -> Path:
    """A run's area with the bundles that its report names."""
    for finding in report.findings:
        for proof in finding.proofs:
            (root / proof.bundle).parent.mkdir(parents=True, exist_ok=True)
            (root / proof.bundle).write_text(f"bundle of {finding.id}")
    return root


def listed(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_all_formats_and_the_proofs_are_written(tmp_path: Path) -> None:
    done = sample.report(with_hostile=False)
    conclude.write(done, area(tmp_path / "area", done), tmp_path / "out")
    bundles = {proof.bundle for finding in done.findings for proof in finding.proofs}
    written = listed(tmp_path / "out")
    assert {"results.json", "results.sarif", "report.html", "report.md"} | bundles < written
    assert {name.partition("/")[0] for name in written - bundles} == {
        *("results.json", "results.sarif", "report.html", "report.md", "patches"),
    }
    (bundle, *_) = bundles
    assert (tmp_path / "out" / bundle).read_bytes() == (tmp_path / "area" / bundle).read_bytes()


def test_what_an_earlier_run_wrote_goes_and_nothing_else_does(tmp_path: Path) -> None:
    done = sample.report(with_hostile=False)
    out = tmp_path / "out"
    (out / "proofs").mkdir(parents=True)
    (out / "patches").mkdir()
    kept = [
        "proofs/a-note.txt",
        "proofs/of-another.proof",
        "proofs/M-old-1.proof.txt",
        "patches/mine.patch",
        "patches/0001.patch",
        "x.proof",
    ]
    gone = ["proofs/M-old-1.proof", "patches/0009-an-old-one.patch", "proofs/.M-old-1.proof.999999999"]
    (tmp_path / "outside.proof").write_text("not ours")
    named = [
        "proofs/M-old-1.proof",
        "proofs/M-old-1.proof.txt",
        "../outside.proof",
        "proofs/../x.proof",
        str(tmp_path / "outside.proof"),
        "proofs/a-note.txt",
    ]
    for name in [*kept, *gone]:
        (out / name).write_text("old")
    (out / "results.json").write_text(json.dumps({"findings": [{"proofs": [{"bundle": name} for name in named]}]}))
    conclude.write(done, area(tmp_path / "area", done), out)
    written = listed(out)
    assert set(kept) <= written and written.isdisjoint(gone)
    assert (tmp_path / "outside.proof").read_text() == "not ours"


def test_results_that_are_written_again_are_all_there(tmp_path: Path) -> None:
    done = sample.report(with_hostile=False)
    for _ in range(2):
        conclude.write(done, area(tmp_path / "area", done), tmp_path / "out")
        written = listed(tmp_path / "out")
        assert {proof.bundle for finding in done.findings for proof in finding.proofs} <= written
        assert [name for name in written if name.startswith("patches/")]


@pytest.mark.parametrize("old", ["[1]", "{", '{"findings": [{"proofs": 3}]}', '{"findings": null}', "[" * 100_000])
def test_an_earlier_document_that_is_none_names_nothing(old: str, tmp_path: Path) -> None:
    done = sample.empty_report()
    (tmp_path / "results.json").write_text(old)
    conclude.write(done, tmp_path / "area", tmp_path)
    assert json.loads((tmp_path / "results.json").read_text())["run"] == done.run


def test_what_cannot_be_written_is_told_with_another_way(tmp_path: Path) -> None:
    done = sample.report(with_hostile=False)
    with pytest.raises(UsageError) as told:
        conclude.write(done, tmp_path / "no area", tmp_path / "out")
    assert f"mithridate report {done.run} --out" in told.value.hint
    assert "results.json" not in listed(tmp_path / "out"), "nothing is told of proofs that are not there"


def test_the_best_patch_of_a_finding_is_taken_where_it_passed_the_gate() -> None:
    one, two, three = sample.report(with_hostile=False).findings
    passed, stopped = sample.patches(one)
    approved = replace(passed, status=PatchStatus.APPROVED)
    patches = {one.id: (approved, stopped), two.id: (stopped, passed)}
    report = replace(sample.report(with_hostile=False), patches=patches)
    assert conclude.holding(report) == [(one, approved)]
    assert conclude.holding(report, one.id) == [(one, approved)]
    assert conclude.holding(report, two.id) == conclude.holding(report, three.id) == []


def test_what_models_cost_by_now_is_all_of_it() -> None:
    uses = tuple(
        ModelUse(role=r, provider="p", outcomes={}, input_tokens=i, output_tokens=o, eur=e, seconds=1.0)
        for r, i, o, e in (("hunter", 5, 7, 0.125), ("refuter", 11, 13, 0.25))
    )
    report = conclude.with_models(sample.report(), uses)
    assert (report.models, report.cost.model_tokens, report.cost.model_eur) == (uses, 36, 0.375)
    assert report.cost.cpu_s == sample.report().cost.cpu_s


def door(home: Path, written: str | None) -> EntryPoint:
    home.mkdir(exist_ok=True)
    if written is not None:
        (home / "door.json").write_text(written)
    binary = Binary(flavour=Flavour.PLAIN, directory=home, path="/door.json", in_process=False)
    return EntryPoint(
        id="door",
        component="python:.",
        language="python",
        name="door",
        kind=EntryKind.APPLICATION,
        boundary=Boundary.REAL,
        arguments=(),
        suffix=".json",
        binaries=(binary,),
    )


def test_a_door_is_read_from_its_build(tmp_path: Path) -> None:
    told = {"kind": "wsgi", "import": "shop:app", "environment": {"B": 2, "A": "1"}}
    read = conclude.read_door(door(tmp_path, json.dumps(told)))
    assert read is not None
    assert (read.kind, read.target, read.environment) == ("wsgi", "shop:app", (("A", "1"), ("B", "2")))
    bare = conclude.read_door(door(tmp_path, '{"environment": ["A"]}'))
    assert bare is not None and (bare.kind, bare.target, bare.environment) == ("", "", ())
    for number, broken in enumerate(("[]", "{", "[" * 100_000, None)):
        assert conclude.read_door(door(tmp_path / str(number), broken)) is None
    assert conclude.read_door(replace(door(tmp_path, None), binaries=())) is None


def gathered(tree: Path, *findings: Finding, source: bool = True, **given: Any) -> RunReport:
    """What `report` makes of a run over `tree`, whose entry point is observed when it is called "door"."""
    blobs = {proof.blob: b"x" * 10_000 for finding in findings for proof in finding.proofs}
    session = SimpleNamespace(
        record=SimpleNamespace(id="a-run", started=datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)),
        minds=None,
        languages=[SimpleNamespace(toolchain=lambda: {"clang": "19"}), SimpleNamespace(toolchain=lambda: {"python": "3"})],
        options=RunOptions(target="", out="", include_source=source),
        scope=SimpleNamespace(owner="the owner"),
        stores=SimpleNamespace(blobs=SimpleNamespace(get=blobs.__getitem__)),
        elapsed_s=lambda: 12.0,
    )
    entry = replace(door(tree.parent / "build", '{"kind": "wsgi"}'), kind=EntryKind.APPLICATION)
    hunt = SimpleNamespace(entries=[entry], reports=lambda: (), unsearched=lambda: given.pop("unsearched", []))
    project = Project(name="p", origin="/p", snapshot="s", tree=tree, files=1, size_bytes=2)
    said = conclude.Said(prose={"M-1": "some words"})
    return conclude.report(
        cast(Session, session), project, cast(Hunt, hunt), findings, (), given.get("skipped", []), given.get("patches", {}), said
    )


def of_door(finding: Finding, entry: str) -> Finding:
    return replace(finding, proofs=tuple(replace(proof, entry_id=entry) for proof in finding.proofs))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    made = tmp_path / "tree"
    (made / "src").mkdir(parents=True)
    (made / "src" / "chunk.c").write_text("".join(f"line {n}\n" for n in range(1, 300)))
    (tmp_path / "secret.c").write_text("secret\n" * 50)
    return made


def test_a_report_gathers_what_is_known(tree: Path) -> None:
    found = of_door(sample.overflow(), "other")
    made = gathered(tree, found, patches={found.id: sample.patches(found)})
    assert (made.run, made.started, made.project_name, made.scope_owner) == (
        "a-run",
        "2026-01-02T03:04:05+00:00",
        "p",
        "the owner",
    )
    assert (made.files, made.size_bytes, made.snapshot, made.project_origin) == (1, 2, "s", "/p")
    assert made.toolchain == {"clang": "19", "python": "3"} and made.cost.wall_s == 12.0
    assert made.findings == (found,) and made.patches == {found.id: sample.patches(found)} and made.prose == {"M-1": "some words"}
    assert {len(data) for data in made.inputs.values()} == {4096}, "the first bytes of an input are enough for a dump"
    assert made.doors["door"].kind == "wsgi"


def test_an_input_document_is_kept_whole(tree: Path) -> None:
    assert {len(data) for data in gathered(tree, of_door(sample.overflow(), "door")).inputs.values()} == {10_000}


def test_lines_around_what_is_found_are_shown_and_only_of_the_project(tree: Path) -> None:
    finding = sample.overflow()
    proof = finding.proofs[0]
    frames = [Frame(function="f", file="/src/src/chunk.c", line=n) for n in (100, 120, 140, 160, 280)]
    violation = replace(proof.violation, frames=(*frames[:4], frames[4]))
    found = replace(finding, file="src/chunk.c", line=20, proofs=(replace(proof, violation=violation),))
    shown = gathered(tree, found).sources
    assert list(shown) == ["src/chunk.c"]
    lines = shown["src/chunk.c"]
    assert list(lines) == sorted(lines) and lines[100] == "line 100"
    assert {20, 100, 120, 140, 160} <= set(lines) and 280 not in lines, "four frames are enough"
    assert list(gathered(tree, replace(found, file="../secret.c")).sources) == ["src/chunk.c"]
    assert gathered(tree, found, source=False).sources == {}


def test_of_one_reason_a_few_are_told_and_the_others_counted(tree: Path) -> None:
    many = [Skipped(what=f"file {n}", reason="it is no source") for n in range(25)]
    alone = Skipped(what="a door", reason="it does not open")
    shut = Skipped(what="another door", reason="no engine takes it")
    shown = gathered(tree, skipped=[*many, alone, many[0]], unsearched=[alone, shut]).skipped
    assert shown == (*many[:20], Skipped(what="and 5 more", reason="it is no source"), alone, shut)


def test_only_what_is_in_the_store_outlives_a_run(tmp_path: Path) -> None:
    for name in ("hunt", "kept", "doors", "shadow", "tmp", "proofs", "models"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").write_text("x")
    conclude.discard(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"proofs", "models"}
