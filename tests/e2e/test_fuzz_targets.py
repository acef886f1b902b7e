"""A project's own fuzz targets and property tests: what they let through is proved, a sound twin of the project is silent."""

from pathlib import Path

import pytest
from tests.e2e import fuzz_target_project
from tests.e2e.fuzz_target_project import ATTACHMENT, ENTRY, PROPERTY
from tests.e2e.program import Mithridate, Results, check_whole

OPTIONS = ("--budget", "40s", "--jobs", "2", "--replays", "3", "--format", "json")
WITHOUT_ATHERIS = ("--engine", "octets", "--engine", "calls")


def scan(mithridate: Mithridate, *options: str, sound: bool = False) -> tuple[int, Results]:
    """Whose later options count."""
    target = mithridate.authorise(fuzz_target_project.write(mithridate.place / "ledger", sound=sound))
    process = mithridate.start("scan", target, "--out", mithridate.out, *OPTIONS, *options)
    code = process.end()
    assert code in (0, 10), process.words
    return code, check_whole(mithridate.out)


def proved(results: Results, kind: str = "harness") -> set[tuple[str, str, int]]:
    kinds = {e["id"]: e["kind"] for e in results["entry_points"]}
    found = [f for f in results["findings"] if kinds[f["entry_point"]] == kind]
    return {(f["location"]["file"], f["location"]["function"], f["cwe"]) for f in found}


def lacks(results: Results, package: str) -> bool:
    return any(package in s["what"] and s["what"].startswith(("requirement", "engine")) for s in results["skipped"])


def test_without_atheris_the_flaw_behind_each_kind_of_target_is_proved(mithridate: Mithridate) -> None:
    code, results = scan(mithridate, *WITHOUT_ATHERIS)
    expected = {ENTRY, ATTACHMENT} | (set() if lacks(results, "hypothesis") else {PROPERTY})
    assert code == 10 and expected <= proved(results) | proved(results, "function")
    assert ENTRY in proved(results)
    claims = [f for f in results["findings"] if f["cwe"] in (248, 617)]
    assert {f["severity"]["rating"] for f in claims} == {"low"}


def test_the_sound_twin_is_silent(mithridate: Mithridate) -> None:
    code, results = scan(mithridate, "--budget", "10s", sound=True)
    assert (code, results["findings"]) == (0, [])
    assert {e["kind"] for e in results["entry_points"]} >= {"harness"}


def test_what_atheris_finds_is_proved_without_it(mithridate: Mithridate, tmp_path: Path) -> None:
    _, results = scan(mithridate, "--engine", "atheris", "--stop-at-first")
    if lacks(results, "atheris"):
        pytest.skip("no index to have Atheris from")
    (finding,) = [f for f in results["findings"] if f["cwe"] == 248]
    (proof,) = finding["proofs"]
    assert (proof["engine"], proof["fired"], proof["replays"]) == ("atheris", 3, 3)
    bundle = mithridate.out / proof["bundle"]
    flawed, _ = mithridate.run("prove", bundle, "--source", mithridate.place / "ledger", "--replays", "3")
    sound = mithridate.authorise(fuzz_target_project.write(tmp_path / "sound" / "ledger", sound=True))
    mended, _ = mithridate.run("prove", bundle, "--source", sound, "--replays", "3")
    assert (flawed, mended) == (10, 0)
