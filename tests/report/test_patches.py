"""Patches in every format: the diff, the gate's record, what became of the others; mails that git takes."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

from mithridate.model.diff import made, read
from mithridate.model.patch import Patch, PatchStatus, RegressionTest
from mithridate.model.run import RunReport
from mithridate.report.html import HtmlWriter
from mithridate.report.json_v1 import JsonWriter
from mithridate.report.mailbox import series
from mithridate.report.markdown import MarkdownWriter
from mithridate.report.sarif import SarifWriter

BEFORE = b"int f(int n)\n{\n    return g(n);\n}\n"
AFTER = b"int f(int n)\n{\n    if (n > 16)\n        return -1;\n    return g(n);\n}\n"


def only(report: RunReport, **changes: object) -> tuple[RunReport, Patch]:
    """The report with one ordinary patch, for its second finding."""
    finding = report.findings[1]
    patch = report.patches[finding.id][0]
    patch = replace(patch, proposal=replace(patch.proposal, diff=made({"src/f.c": (BEFORE, AFTER)})), **changes)
    return replace(report, patches={finding.id: (patch, report.patches[finding.id][1])}), patch


def test_results_json_has_the_best_patch_and_how_the_others_ended(report: RunReport) -> None:
    report, patch = only(report)
    found = {f["id"]: f["patch"] for f in json.loads(JsonWriter().render(report))["findings"]}
    told = found[report.findings[1].id]
    assert (told["status"], told["diff"]) == ("validated", patch.proposal.diff)
    assert [step["outcome"] for step in told["gate"]].count("empty") == 1 and len(told["gate"]) == 8
    assert told["others"][0]["stopped_by"] == "proofs" and "still shows" in told["others"][0]["why"]
    assert found[report.findings[0].id] is None


def test_a_diff_is_named_by_its_hash_and_so_is_another_that_passed_every_step(report: RunReport) -> None:
    report, patch = only(report)
    finding = report.findings[1].id
    other = replace(patch, proposal=replace(patch.proposal, diff=patch.proposal.diff + "\n", fix="Another change."))
    report = replace(report, patches={finding: (patch, other)})
    told = next(f["patch"] for f in json.loads(JsonWriter().render(report))["findings"] if f["id"] == finding)
    assert (told["sha256"], told["others"][0]["sha256"]) == (patch.proposal.sha256, other.proposal.sha256)
    assert told["sha256"] != told["others"][0]["sha256"]
    page, text = HtmlWriter().render(report), MarkdownWriter().render(report)
    assert f"diff {patch.proposal.sha256[:12]}" in page and f"diff {patch.proposal.sha256[:12]}" in text
    assert f"passed every step as well; its diff is {other.proposal.sha256[:12]}" in page


def test_a_reader_sees_the_diff_and_the_record(report: RunReport) -> None:
    report, _ = only(report)
    page, text = HtmlWriter().render(report), MarkdownWriter().render(report)
    assert page.count('<span class="added">') == 2 and "Every proof is silent" in page and "1 other proposal" in page
    assert "+    if (n > 16)" in text and "Every proof is silent (passed)" in text


def test_sarif_offers_validated_patches_as_fixes_and_no_others(report: RunReport) -> None:
    for status, offered in ((PatchStatus.VALIDATED, 1), (PatchStatus.APPROVED, 1), (PatchStatus.PLAUSIBLE, 0)):
        made_, _ = only(report, status=status)
        results = json.loads(SarifWriter().render(made_))["runs"][0]["results"]
        fixes = [fix for result in results for fix in result.get("fixes", [])]
        assert len(fixes) == offered
    (change,) = next(r["fixes"][0]["artifactChanges"] for r in _results(only(report)[0]) if "fixes" in r)
    lines = BEFORE.decode().splitlines(keepends=True)
    for replacement in reversed(change["replacements"]):
        region = replacement["deletedRegion"]
        lines[region["startLine"] - 1 : region["endLine"] - 1] = [replacement["insertedContent"]["text"]]
    assert "".join(lines).encode() == AFTER


def _results(report: RunReport) -> list[dict]:  # type: ignore[type-arg]
    found: list[dict] = json.loads(SarifWriter().render(report))["runs"][0]["results"]  # type: ignore[type-arg]
    return found


def test_a_series_is_taken_by_git_am_with_its_message(report: RunReport, tmp_path: Path) -> None:
    report, patch = only(report)
    finding = report.findings[1]
    repository = tmp_path / "repository"
    (repository / "src").mkdir(parents=True)
    (repository / "src/f.c").write_bytes(BEFORE)

    def git(*arguments: str) -> str:
        identity = ("-c", "user.name=a", "-c", "user.email=a@localhost")
        done = subprocess.run(["git", "-C", repository, *identity, *arguments], capture_output=True, text=True, check=True)
        return done.stdout

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    for name, mail in series(report, [(finding, patch)]):
        (tmp_path / name).write_text(mail)
        git("am", "-q", str(tmp_path / name))
    assert (repository / "src/f.c").read_bytes() == AFTER
    log = git("log", "-1", "--format=%B")
    assert log.startswith(f"{finding.function}: refuse lengths") and patch.proposal.cause.split()[0] in log
    assert f"fired {finding.proofs[0].fired} of {finding.proofs[0].replays} times" in log and "Evidence:" in log


def test_the_changes_of_a_diff_are_without_the_lines_around() -> None:
    (file,) = read(made({"f": (b"a\nb\nc\nd\n", b"a\nB\nc\nd\ne\n")}))
    assert list(file.changes) == [(2, 1, ("B",)), (5, 0, ("e",))]


def test_a_test_that_is_known_to_tell_goes_into_the_commit_and_another_does_not(report: RunReport) -> None:
    for checked in (True, False):
        diff = made({"tests/f.sh": (b"", b"exit 0\n")})
        test = RegressionTest(diff=diff, entered=True, checked=checked, evidence=("it fails before",))
        changed, patch = only(report, test=test)
        ((_, mail),) = series(changed, [(report.findings[1], patch)])
        assert ("tests/f.sh" in mail) is checked
        told = {f["id"]: f["patch"] for f in json.loads(JsonWriter().render(changed))["findings"]}[report.findings[1].id]["test"]
        assert (told["checked"], told["entered"]) == (checked, True)
        assert "it fails before" in HtmlWriter().render(changed) and "it fails before" in MarkdownWriter().render(changed)
