"""`mithridate paths` as a program: what it answers, and what it says when its reports cannot be written."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mithridate.cli.main import main
from mithridate.cli.options import default_jobs
from mithridate.estate.facts import FactBase
from mithridate.estate.rules.rulebase import Rulebase
from mithridate.model.errors import ExitCode
from mithridate.stages import estate as stages

from .conftest import Program

ESTATE = """estate: 1
zones:
  internet: {reaches: [{zone: dmz, ports: 443}]}
  dmz: {}
hosts:
  web01:
    zones: [dmz]
    tags: [crown-jewel]
    services: [{software: nginx 1.18, port: 443, account: www}]
    vulnerabilities: [{software: nginx 1.18, id: CVE-2021-23017, how: remote, gives: code, cost: 3}]
"""
MORE = """estate: 1
hosts:
  web01:
    services: [{software: apache 2, port: 443, account: www}]
    vulnerabilities: [{software: apache 2, id: CVE-2031-1, how: remote, gives: code, cost: 3}]
"""
QUESTION = ("--from", "zone:internet", "--to", "tag:crown-jewel")
REPORTS = {"paths.json", "paths.html", "paths.md", "navigator.json"}
LIMITED = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)); "

Asked = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def estate(tmp_path: Path, mithridate: Program) -> Path:
    folder = tmp_path / "estate"
    folder.mkdir()
    (folder / "estate.yaml").write_text(ESTATE)
    made = mithridate("scope", "init", folder, "--owner", "the tests", "--until", "30d", "--attest")
    assert made.returncode == 0, made.stderr
    return folder


def test_all_reports_are_written_and_no_draft_is_left(estate: Path, tmp_path: Path, mithridate: Program) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / ".paths.html.4194305").write_text("of a process that was killed")
    (out / ".paths.html.mine").write_text("of somebody else")
    done = mithridate("paths", estate, *QUESTION, "--out", out, "--check")
    assert done.returncode == ExitCode.PROVED, done.stderr
    assert {p.name for p in out.iterdir()} == REPORTS | {".paths.html.mine"}
    assert "the cut's certificate holds" in done.stderr


@pytest.mark.parametrize("inside", ["", "out", "out/deeper"])
def test_a_directory_that_cannot_be_had_is_told_before_anything_is_read(
    inside: str, estate: Path, home: Path, tmp_path: Path, mithridate: Program
) -> None:
    (tmp_path / "file").write_text("in the way")
    done = mithridate("paths", estate, *QUESTION, "--out", tmp_path / "file" / inside)
    assert done.returncode == ExitCode.USAGE
    assert done.stderr.startswith(f"mithridate: results cannot be written to {tmp_path / 'file' / inside}: ")
    assert len(done.stderr.splitlines()) == 2
    assert "estate.read" not in "".join(p.read_text() for p in home.rglob("*") if "audit" in p.name)


def test_a_directory_in_the_place_of_a_report_is_told_before_anything_is_written(
    estate: Path, tmp_path: Path, mithridate: Program
) -> None:
    out = tmp_path / "out"
    (out / "paths.md").mkdir(parents=True)
    done = mithridate("paths", estate, *QUESTION, "--out", out)
    assert done.returncode == ExitCode.USAGE
    assert done.stderr.startswith(f"mithridate: {out / 'paths.md'} is a directory")
    assert [p.name for p in out.iterdir()] == ["paths.md"]


def test_a_full_disk_is_one_sentence_and_leaves_the_earlier_reports(
    estate: Path, tmp_path: Path, environment: dict[str, str], mithridate: Program
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for name in REPORTS:
        (out / name).write_text("of an earlier question")
    program = [sys.executable, "-c", f"{LIMITED}from mithridate.cli.main import run; run()"]
    arguments = ["paths", str(estate), *QUESTION, "--out", str(out)]
    done = subprocess.run([*program, *arguments], env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == ExitCode.INTERRUPTED, done.stderr
    assert done.stderr.splitlines() == [
        f"mithridate: there is no room left in {out}: the disk or a quota is full",
        "  make room, and ask again",
    ]
    assert {p.name: p.read_text() for p in out.iterdir()} == dict.fromkeys(REPORTS, "of an earlier question")


def test_the_best_changes_cost_no_more_than_may_be_spent(estate: Path, mithridate: Program) -> None:
    some = mithridate("paths", estate, *QUESTION, "--spend", "2", "--format", "json")
    best, question = (json.loads(some.stdout)[part] for part in ("best_changes", "question"))
    assert (question["budget"], question["changes"]) == (2.0, 1000)
    assert best["protected"] == ["host:web01"]
    assert 0 < best["cost"] <= 2
    none = mithridate("paths", estate, *QUESTION, "--spend", "0")
    assert "The best changes for at most 0: No such actions change what is reached." in none.stdout


@pytest.mark.parametrize("cost", ["-1", "nan", "inf", "much"])
def test_what_is_no_cost_cannot_be_spent(cost: str, estate: Path, mithridate: Program) -> None:
    done = mithridate("paths", estate, *QUESTION, f"--spend={cost}")
    assert done.returncode == ExitCode.USAGE
    assert f"'{cost}' is not a cost" in done.stderr


def test_memory_and_cores_hold_for_every_estate_that_is_read(
    estate: Path, tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    bounds = []
    real = stages.FactBase

    def noted(rules: Rulebase, *, memory_bytes: int, threads: int) -> FactBase:
        bounds.append((memory_bytes, threads))
        return real(rules, memory_bytes=memory_bytes, threads=threads)

    monkeypatch.setattr(stages, "FactBase", noted)
    asked = ["paths", str(estate), *QUESTION, "--before", str(estate)]
    assert main([*asked, "--memory", "0.25", "--jobs", "1"]) == ExitCode.PROVED
    assert bounds == [(256 << 20, 1)] * 2
    bounds.clear()
    assert main(asked) == ExitCode.PROVED
    assert bounds == [(4 << 30, default_jobs())] * 2


def test_what_is_no_amount_of_memory_is_refused(estate: Path, mithridate: Program) -> None:
    done = mithridate("paths", estate, "--memory", "much")
    assert done.returncode == ExitCode.USAGE
    assert "'much' is no amount of memory" in " ".join(done.stderr.split())


def test_a_written_certificate_is_verified_against_the_files(estate: Path, tmp_path: Path, mithridate: Program) -> None:
    out = tmp_path / "out"
    assert mithridate("paths", estate, *QUESTION, "--out", out).returncode == ExitCode.PROVED
    held = mithridate("paths", estate, "--certificate", out / "paths.json")
    assert (held.returncode, held.stdout) == (ExitCode.NOTHING_PROVED, "")
    assert held.stderr.startswith(f"the certificate in {out / 'paths.json'} holds: 1 goal cut by 1 action at ")
    (estate / "more.yaml").write_text(MORE)
    refused = mithridate("paths", estate, "--certificate", out / "paths.json")
    assert refused.returncode == ExitCode.USAGE
    assert "the cut's certificate does not hold: host:web01 is still reached\n" in refused.stderr
    (out / "paths.json").write_text("{}")
    assert mithridate("paths", estate, "--certificate", out / "paths.json").returncode == ExitCode.USAGE
