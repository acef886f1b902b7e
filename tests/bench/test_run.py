"""The runner against a small program that answers as the scanner does, so that what it does with each answer is seen at once."""

import json
import sys
from pathlib import Path
from typing import Any

from bench.cases.run import main
from bench.cases.truth import Case, Place, Truth, write_case

PROGRAM = """#!{python}
import json, pathlib, sys, time
words = sys.argv[1:]
calls = pathlib.Path(__file__).with_suffix(".calls")
with calls.open("a") as log:
    log.write(json.dumps(words) + "\\n")
if words[0] == "scan":
    tree, out = pathlib.Path(words[1]), pathlib.Path(words[words.index("--out") + 1])
    if (tree / "hangs").exists():
        time.sleep(60)
    if (tree / "broken").exists():
        sys.exit("mithridate: nothing in it | can be built")
    found = json.loads((tree / "findings.json").read_text())
    (out / "results.json").write_text(json.dumps({{"findings": found}}))
    sys.exit(10 if found else 0)
if words[0] == "prove" and words[1].endswith("mended.proof"):
    sys.exit(0)
if words[0] == "prove":
    sys.exit(10 if (pathlib.Path(words[words.index("--source") + 1]) / "fires").exists() else 0)
"""
FINDING = {
    "id": "F1",
    "title": "t",
    "status": "proved",
    "cwe": 787,
    "location": {"file": "a.c", "line": 3, "function": "f"},
    "proofs": [{"found_s": 2.0, "bundle": "proofs/F1.proof"}],
}


def lay_out(tmp_path: Path, name: str, findings: list[dict[str, Any]], vulnerable: str = "", fixed: str = "") -> None:
    folder = tmp_path / "cases" / name
    for side, found, extra in (("vulnerable", findings, vulnerable), ("fixed", [], fixed)):
        (folder / side).mkdir(parents=True)
        (folder / side / "findings.json").write_text(json.dumps(found))
        if extra:
            (folder / side / extra).touch()
    truth = Truth(id=name, cwe=(787,), places=(Place(file="a.c", function="f", line=3, end=3),))
    write_case(
        Case(id=name, kind="k", vulnerable=folder / "vulnerable", fixed=folder / "fixed", truths=(truth,)), folder / "case.json"
    )


def run(tmp_path: Path, *options: str) -> dict[str, dict[str, Any]]:
    program = tmp_path / "program"
    program.write_text(PROGRAM.format(python=sys.executable))
    program.chmod(0o755)
    places = ["--prepared", str(tmp_path / "cases"), "--out", str(tmp_path / "out"), "--program", str(program)]
    assert main([*places, "--budget", "5", *options]) == 0
    lines = (tmp_path / "out" / "results.jsonl").read_text().splitlines()
    return {r["case"]: r for r in map(json.loads, lines)}


def calls(tmp_path: Path) -> list[list[str]]:
    return [json.loads(line) for line in (tmp_path / "program.calls").read_text().splitlines()]


def test_a_proof_that_is_silent_on_the_fixed_twin_is_found(tmp_path: Path) -> None:
    lay_out(tmp_path, "one", [FINDING])
    line = run(tmp_path)["one"]
    assert (line["found"], line["seconds"], line["remark"]) == (["one"], 2.0, "")
    assert "| one | yes | yes | 2 |" in (tmp_path / "out" / "TABLE.md").read_text()


def test_a_proof_that_fires_on_the_fixed_twin_is_not_found(tmp_path: Path) -> None:
    lay_out(tmp_path, "one", [FINDING], fixed="fires")
    assert run(tmp_path)["one"]["found"] == []


def test_one_way_that_the_fix_closed_is_enough_for_a_finding_with_several(tmp_path: Path) -> None:
    """A helper is there for its callers: a proof through it fires on the fixed twin, too, and says nothing of those mended."""
    ways = [{"found_s": 2.0, "bundle": f"proofs/{name}.proof"} for name in ("helper", "mended", "third")]
    lay_out(tmp_path, "one", [{**FINDING, "proofs": ways}], fixed="fires")
    assert run(tmp_path)["one"]["found"] == ["one"]
    assert [Path(c[1]).name for c in calls(tmp_path) if c[0] == "prove"] == ["helper.proof", "mended.proof"]


def test_twins_get_equal_budgets_and_homes_of_their_own(tmp_path: Path) -> None:
    lay_out(tmp_path, "one", [])
    run(tmp_path, "--cores", "2")
    scans = [c for c in calls(tmp_path) if c[0] == "scan"]
    assert [c[c.index("--budget") + 1] for c in scans] == ["5s", "5s"]
    assert [c[c.index("--jobs") + 1] for c in scans] == ["2", "2"]
    assert len({c[c.index("--home") + 1] for c in scans}) == 2


def test_a_scan_that_fails_or_hangs_is_a_remark_and_the_next_case_runs(tmp_path: Path) -> None:
    lay_out(tmp_path, "broken", [FINDING], vulnerable="broken")
    lay_out(tmp_path, "hangs", [FINDING], vulnerable="hangs")
    lay_out(tmp_path, "well", [FINDING])
    lines = run(tmp_path, "--budget", "1", "--grace", "1", "--jobs", "3")
    assert lines["broken"]["remark"] == "vulnerable: exit 1: mithridate: nothing in it / can be built"
    assert lines["hangs"]["remark"] == "vulnerable: stopped: out of time"
    assert lines["well"]["found"] == ["well"]


def test_a_case_with_a_result_is_not_scanned_again_unless_asked(tmp_path: Path) -> None:
    lay_out(tmp_path, "one", [])
    run(tmp_path)
    before = len(calls(tmp_path))
    run(tmp_path)
    assert len(calls(tmp_path)) == before
    run(tmp_path, "--again")
    assert len(calls(tmp_path)) == 2 * before


def test_only_the_cases_asked_for_are_scanned(tmp_path: Path) -> None:
    lay_out(tmp_path, "one", [])
    lay_out(tmp_path, "two", [])
    assert set(run(tmp_path, "--cases", "tw")) == {"two"}
