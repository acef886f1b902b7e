"""What is told of patches, on which stream, and with which exit code."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.report import sample

from mithridate.cli.options import Format
from mithridate.cli.patching import present_patches, show
from mithridate.model.errors import ExitCode, UsageError
from mithridate.model.finding import FindingStatus
from mithridate.model.patch import Patch, PatchStatus
from mithridate.model.run import RunReport

Captured = pytest.CaptureFixture[str]


def patches(best: PatchStatus = PatchStatus.VALIDATED) -> tuple[Patch, ...]:
    passed, stopped = sample.patches(sample.overflow())
    return replace(passed, status=best), stopped


def run(**given: tuple[Patch, ...]) -> RunReport:
    """Two proved findings and an observed one, with the patches that are given for each."""
    proved = [replace(sample.overflow(), id=name) for name in ("M-one", "M-two")]
    seen = replace(sample.overflow(), id="M-fact", status=FindingStatus.OBSERVED)
    return replace(
        sample.report(with_hostile=False),
        findings=(*proved, seen),
        patches={f"M-{name}": patches_ for name, patches_ in given.items()},
    )


@pytest.mark.parametrize("status", [PatchStatus.VALIDATED, PatchStatus.APPROVED])
def test_a_patch_that_passed_goes_to_standard_output_and_its_record_does_not(status: PatchStatus, capsys: Captured) -> None:
    given = patches(status)
    assert show(given, None) is ExitCode.PROVED
    out, told = capsys.readouterr()
    assert out == given[0].proposal.diff
    lines = told.splitlines()
    assert lines[0] == f"{status}: Refuse lengths that the buffer does not hold. (bounds)"
    assert lines[1:9] == [
        f"  {'--' if step == 'tests' else 'ok'}  {step:<9} seen"
        for step in ("applies", "builds", "proofs", "variants", "tests", "outputs", "symptom", "smallest")
    ]
    assert lines[9] == f"  2 proposals, 1 validated; this diff is {given[0].proposal.sha256[:12]}"


@pytest.mark.parametrize("status", [PatchStatus.PROPOSED, PatchStatus.PLAUSIBLE])
def test_a_patch_that_did_not_pass_is_told_and_not_given(status: PatchStatus, capsys: Captured) -> None:
    assert show(patches(status), None) is ExitCode.NOTHING_PROVED
    out, told = capsys.readouterr()
    assert out == "" and "2 proposals, 0 validated" in told


def test_no_patch_at_all_is_said(capsys: Captured) -> None:
    assert show((), None) is ExitCode.NOTHING_PROVED
    assert capsys.readouterr() == ("", "nobody proposed a patch\n")


def test_as_json_there_is_the_document_alone(capsys: Captured) -> None:
    given = patches()
    assert show(given, Format.JSON) is ExitCode.PROVED
    assert json.loads(capsys.readouterr().out)["sha256"] == given[0].proposal.sha256
    with pytest.raises(UsageError):
        show(given, Format.MD)


def test_all_wanted_findings_need_a_patch_that_passed(capsys: Captured) -> None:
    both = run(one=patches(), two=patches(PatchStatus.APPROVED), fact=patches())
    assert present_patches(both, "", None, "") is ExitCode.PROVED
    out, told = capsys.readouterr()
    assert out == patches()[0].proposal.diff * 2, "what is a fact alone is not asked for"
    assert told.splitlines()[-1] == "2 of 2 findings have a validated patch" and "M-fact" not in told
    half = run(one=patches(), two=patches(PatchStatus.PLAUSIBLE))
    assert present_patches(half, "", None, "") is ExitCode.NOTHING_PROVED
    out, told = capsys.readouterr()
    assert out == patches()[0].proposal.diff and "1 of 2 findings" in told
    assert present_patches(half, "M-one", None, "mend") is ExitCode.PROVED
    out, told = capsys.readouterr()
    assert "on the new branch mend" in told and "M-two" not in told
    assert present_patches(half, "M-none", None, "") is ExitCode.NOTHING_PROVED
    assert "0 of 0 findings" in capsys.readouterr().err
    assert present_patches(run(one=patches()), "", None, "") is ExitCode.NOTHING_PROVED
    assert "M-two: Heap buffer overflow" in capsys.readouterr().err


def test_an_input_that_fires_nowhere_is_told_with_the_doors_it_went_through(capsys: Captured) -> None:
    quiet = replace(run(), findings=())
    assert present_patches(quiet, "", None, "", Path("poc.tif")) is ExitCode.NOTHING_PROVED
    out, told = capsys.readouterr()
    assert out == "" and told.startswith(f"poc.tif violates nothing through {len(quiet.entry_points)} entry points:\n")
    assert f"  {quiet.entry_points[0].id}\n" in told and f"left out: {quiet.skipped[0].what}: " in told
    assert "--command" in told and "0 of 0" not in told
    called = replace(quiet, options=replace(quiet.options, command="imgconvert @@"))
    present_patches(called, "", None, "", Path("poc.tif"))
    assert "--command" not in capsys.readouterr().err, "it was said"


def test_in_a_wanted_format_the_report_is_all_that_is_given(capsys: Captured) -> None:
    assert present_patches(run(one=patches()), "M-one", Format.JSON, "") is ExitCode.PROVED
    assert json.loads(capsys.readouterr().out)["version"] == 1
