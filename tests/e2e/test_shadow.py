"""What one flaw hides is found in a build without it; what one patch silences is one finding. Both with the program itself."""

import signal
import time
from pathlib import Path

from tests.e2e import label_project, ledger_project
from tests.e2e.program import Mithridate, Results, check_whole, left_behind, places
from tests.e2e.test_durability import check_tidy

OPTIONS = ("--jobs", "2", "--replays", "3", "--engine", "libfuzzer", "--patch-search", "1s", "--format", "json")


def finding(results: Results, place: tuple[str, str, int]) -> Results:
    (found,) = [f for f in results["findings"] if f["location"]["function"] == place[1]]
    return found


def test_what_an_always_firing_flaw_hides_is_found_behind_it_and_said_to_be(mithridate: Mithridate, tmp_path: Path) -> None:
    """The run is killed in the midst of its shadow stage, and again behind it: nothing is lost, nothing done twice."""
    tree = mithridate.authorise(ledger_project.write(mithridate.place))
    # The time for patches is used up by the shadow stage, so that the run ends without a search for patches to hand over.
    process = mithridate.start("scan", tree, "--out", mithridate.out, *OPTIONS, "--budget", "17s", "--patch", "8s")
    for stage, later_s in (("shadow", 2.0), ("behind", 0.0)):
        assert process.wait_for(stage), process.words
        time.sleep(later_s)
        assert process.kill() == -signal.SIGKILL
        assert not left_behind(mithridate)
        (killed,) = mithridate.runs()
        steps = mithridate.steps(killed.id)
        process = mithridate.resume(killed.id)
    assert process.end() == 10, process.words
    assert {name: at for name, at in mithridate.steps(killed.id).items() if name in steps} == steps
    assert "shadow 1" in steps
    check_tidy(mithridate)

    results = check_whole(mithridate.out)
    assert places(results) == sorted([ledger_project.HEADER, ledger_project.TOTAL]), process.words
    front, deeper = finding(results, ledger_project.HEADER), finding(results, ledger_project.TOTAL)
    assert deeper["behind"] == [front["id"]] and front["behind"] == []
    assert deeper["location"]["line"] == ledger_project.TOTAL_LINE, "its lines are those of the snapshot"
    assert f"It lies behind {front['id']}" in (mithridate.out / "report.md").read_text()
    # Each input of the patched build was judged on the unpatched one first, and there shows nothing but the flaw in front.
    assert all(p["shadow_patch"] and p["entry_point"].endswith("(shadow patch 1)") for p in deeper["proofs"])
    assert all(p["shadow_patch"] is None for p in front["proofs"])

    bundle = mithridate.out / deeper["proofs"][0]["bundle"]
    code, replayed = mithridate.run("prove", bundle, "--replays", "2")
    assert code == 10, replayed.words
    mended = tmp_path / "mended"
    mended.mkdir()
    (mended / "Makefile").write_text(ledger_project.MAKEFILE)
    (mended / "ledger.c").write_text(ledger_project.SOURCE.replace("i < length", "i < length && i < 4"))
    code, replayed = mithridate.run("prove", bundle, "--source", mended, "--replays", "2")
    assert code == 0, f"mended itself, it is silent with the patch of what lies in front: {replayed.words}"


def test_what_one_patch_silences_is_one_finding_with_the_proofs_of_both(mithridate: Mithridate) -> None:
    tree = mithridate.authorise(label_project.write(mithridate.place))
    process = mithridate.start("scan", tree, "--out", mithridate.out, *OPTIONS, "--budget", "6s", "--patch", "120s")
    assert process.end() == 10, process.words
    results = check_whole(mithridate.out)
    (only,) = results["findings"]
    assert only["patch"]["status"] == "validated", process.words
    (symptom,) = only["symptoms"]
    named = {only["location"]["function"], symptom["location"]["function"]}
    assert named == {label_project.PRINTED[1], label_project.COUNTED[1]}, process.words
    assert {frame["function"] for frame in only["stack"]} & named
    assert set(symptom["signatures"]) < {p["signature"] for p in only["proofs"]}
    assert "Also silenced by its patch" in (mithridate.out / "report.md").read_text()
