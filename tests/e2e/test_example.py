"""What `make scan` shows a newcomer: the bundled example's planted flaws are proved, and its repaired twin is left alone."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.e2e.program import PROGRAM, check_whole

ROOT = Path(__file__).parents[2]
ANSWERS: list[dict[str, Any]] = json.loads((ROOT / "examples" / "parcel-answers.json").read_text())
NEAR_LINES = 10
ENOUGH = 4
"""Of the eight, in a short time on a busy machine; `make scan` takes three minutes."""


def run(place: Path, *words: str | Path, **asked: str) -> tuple[int, str]:
    """A command from the top of the repository; the exit code and the words on its standard error."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MITHRIDATE_")}
    done = subprocess.run(
        words,
        cwd=ROOT,
        env={**kept, **asked, "MITHRIDATE_HOME": str(place / "home"), "MITHRIDATE_REPLAYS": "3", "TERM": "dumb"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    return done.returncode, done.stderr


def make_scan(target: str, budget: str, place: Path) -> tuple[int, str]:
    """What `make scan TARGET=… BUDGET=…` runs, but for the search for patches of all that is found."""
    asked = {"TARGET": target, "BUDGET": budget, "OUT": str(place / "out"), "MITHRIDATE_PATCH": "0"}
    return run(place, "bash", "scripts/scan.sh", PROGRAM, **asked)


def planted(finding: dict[str, Any]) -> str | None:
    """The planted flaw that a finding is about: the same file, and the same function or a line close by."""
    at = finding["location"]
    for answer in ANSWERS:
        close = abs(at["line"] - answer["line"]) <= NEAR_LINES
        if at["file"] == answer["file"] and (at["function"] == answer["function"] or close):
            return str(answer["id"])
    return None


def test_most_planted_flaws_are_proved_and_nothing_else(tmp_path: Path) -> None:
    code, words = make_scan("examples/parcel", "30s", tmp_path)
    assert code == 0, words  # for make, having proved something is a success
    assert f"The report is in {tmp_path}/out/report.html" in words
    findings = check_whole(tmp_path / "out")["findings"]
    matches = {finding["title"]: planted(finding) for finding in findings}
    assert None not in matches.values(), matches
    assert len(set(matches.values())) >= ENOUGH, matches
    cwes = {answer["id"]: {int(cwe.removeprefix("CWE-")) for cwe in answer["cwe"]} for answer in ANSWERS}
    for finding in findings:
        assert finding["cwe"] in cwes[str(planted(finding))], finding["title"]

    one = next((finding for finding in findings if finding["cwe"] == 369), findings[0])
    bundle = tmp_path / "out" / one["proofs"][0]["bundle"]
    code, words = run(tmp_path, PROGRAM, "patch", bundle, "--budget", "60s", "--search", "2s", "--no-test")
    assert code == 10, words  # with the example's own test as one of the judges


def test_the_repaired_twin_gives_no_finding(tmp_path: Path) -> None:
    code, words = make_scan("examples/parcel-fixed", "25s", tmp_path)
    assert code == 0, words
    results = check_whole(tmp_path / "out")
    assert results["findings"] == []
    searched = [entry["id"] for entry in results["entry_points"] if entry["executions"] > 100]
    assert {entry.split(":")[1] for entry in searched} == {"parcel_fuzzer", "parcel-info", "parcel-unpack", "parcel-sum"}
