import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from mithridate import __version__
from mithridate.cli import main as program
from mithridate.model.errors import ExitCode
from mithridate.policy.audit import AuditLog

HEAVY = ("dbos", "sqlalchemy", "jinja2", "pygments", "pydantic", "cryptography", "rich", "fsspec", "mithridate.pipeline")
HELPS = [
    (),
    *(
        (name,)
        for name in (
            "scan",
            "prove",
            "patch",
            "approve",
            "paths",
            "report",
            "runs",
            "resume",
            "ledger",
            "mcp",
            "doctor",
            "completion",
            "scope",
            "audit",
        )
    ),
    *(("scope", name) for name in ("init", "show")),
    *(("audit", name) for name in ("verify", "show")),
]


@pytest.mark.parametrize("command", HELPS, ids=lambda c: " ".join(c) or "mithridate")
def test_help_loads_nothing_heavy(command: tuple[str, ...]) -> None:
    script = (
        "import sys; from mithridate.cli.main import main; code = main([*sys.argv[1:], '--help'])\n"
        f"print(code, [m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script, *command], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "0 []"
    assert done.stdout.startswith("Usage: mithridate")


def test_every_option_has_its_variable() -> None:
    def options(command: object, path: str) -> dict[str, object]:
        below = getattr(command, "commands", {})
        found = {f"{path} {p.name}": p.envvar for p in command.params if p.param_type_name == "option"}  # type: ignore[attr-defined]
        for name, child in below.items():
            found |= options(child, f"{path} {name}")
        return found

    found = options(typer.main.get_command(program.build()), "mithridate")
    assert found.pop("mithridate version") is None
    assert len(found) > 20
    assert {path: variable for path, variable in found.items() if not str(variable).startswith("MITHRIDATE_")} == {}


def test_the_version_is_the_packages(mithridate) -> None:  # type: ignore[no-untyped-def]
    done = mithridate("--version")
    assert (done.returncode, done.stdout) == (0, f"mithridate {__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "Usage: mithridate"),
        (("scann",), "No such command 'scann'"),
        (("scan",), "Missing argument 'PATH'"),
        (("scan", ".", "--bugdet", "1m"), "No such option"),
        (("scan", ".", "--budget", "fast"), "'fast' is not a duration"),
        (("scan", ".", "--format", "pdf"), "json"),
        (("scan", ".", "--jobs", "0"), "jobs"),
        (("scope", "init", ".", "--owner", "A", "--until", "tomorrow"), "'tomorrow' is not a date"),
        (("scan", "absent-directory"), "there is no absent-directory"),
        (("prove", "absent.proof"), "there is no bundle"),
        (("report", "no-such-run"), "there is no run"),
        (("resume",), "no such run"),
        (("completion", "tcsh"), "no completion"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(mithridate, arguments: tuple[str, ...], says: str) -> None:  # type: ignore[no-untyped-def]
    done = mithridate(*arguments)
    assert done.returncode == ExitCode.USAGE, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr and done.stdout == ""


def test_a_variable_is_a_default_and_wrong_ones_are_bad_input_too(mithridate, project: Path) -> None:  # type: ignore[no-untyped-def]
    done = mithridate("scan", project, MITHRIDATE_BUDGET="fast")
    assert done.returncode == ExitCode.USAGE and "'fast' is not a duration" in done.stderr


def test_a_scan_without_a_scope_shows_the_command_that_writes_one(mithridate, project: Path) -> None:  # type: ignore[no-untyped-def]
    refused = mithridate("scan", project)
    assert refused.returncode == ExitCode.REFUSED
    assert "without a scope" in refused.stderr and refused.stdout == ""
    command = next(line for line in refused.stderr.splitlines() if "mithridate scope init" in line)
    shell = f'mithridate() {{ "{sys.executable}" -c "from mithridate.cli.main import run; run()" "$@"; }}\n'
    subprocess.run(["bash", "-ec", shell + command[command.index("mithridate") :]], check=True, capture_output=True)
    shown = mithridate("scope", "show", project)
    assert shown.returncode == 0 and 'owner = "YOUR ORGANISATION"' in shown.stdout


@pytest.mark.parametrize("change", ["ended", "elsewhere", "sandbox"])
def test_a_scope_that_does_not_allow_the_scan_is_a_refusal(mithridate, project: Path, change: str) -> None:  # type: ignore[no-untyped-def]
    mithridate("scope", "init", project, "--owner", "ACME", "--until", "90d", "--attest")
    file = project / "mithridate.scope.toml"
    if change == "ended":
        lines = ["until = 2001-01-01" if line.startswith("until") else line for line in file.read_text().splitlines()]
        file.write_text("\n".join(lines))
    if change == "elsewhere":
        file.write_text(file.read_text().replace('path = "."', 'path = "below"'))
    done = mithridate("scan", project, *(["--sandbox", "unsafe-host"] if change == "sandbox" else []))
    assert done.returncode == ExitCode.REFUSED, done.stderr
    assert {"ended": "ended on 2001-01-01", "elsewhere": "covers", "sandbox": "does not allow the sandbox"}[change] in done.stderr


def test_a_malformed_scope_is_bad_input_with_its_line(mithridate, project: Path) -> None:  # type: ignore[no-untyped-def]
    (project / "mithridate.scope.toml").write_text('version = 1\nowner = "A\n')
    done = mithridate("scan", project)
    assert done.returncode == ExitCode.USAGE
    assert "mithridate.scope.toml, line 2:" in done.stderr


def test_a_home_that_cannot_be_used_is_bad_input(mithridate, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "file").write_text("x")
    done = mithridate("runs", "--home", tmp_path / "file")
    assert done.returncode == ExitCode.USAGE and "cannot be used" in done.stderr


def test_the_home_is_private(mithridate, home: Path) -> None:  # type: ignore[no-untyped-def]
    assert mithridate("runs").returncode == 0
    assert home.stat().st_mode & 0o777 == 0o700


def test_no_runs_is_an_empty_list(mithridate) -> None:  # type: ignore[no-untyped-def]
    done = mithridate("runs", "--format", "json")
    assert json.loads(done.stdout) == []
    assert "no runs yet" in mithridate("runs").stderr


def test_a_reader_that_goes_away_is_no_error(mithridate, home: Path, environment: dict[str, str]) -> None:  # type: ignore[no-untyped-def]
    home.mkdir()
    log = AuditLog(home)
    for _ in range(3):
        log.append("scan.started", filler="x" * 100_000)
    line = (
        f"\"{sys.executable}\" -c 'from mithridate.cli.main import run; run()' audit show | head -c 10; echo ${{PIPESTATUS[0]}}"
    )
    done = subprocess.run(["bash", "-c", line], env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == "" and done.stdout.endswith("141\n")


def defect() -> None:
    raise ZeroDivisionError("the divisor was \x1b[31mzero")


def test_a_defect_of_ours_is_owned_and_kept(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv(program.DEBUG, raising=False)
    monkeypatch.setattr(program, "_COMMANDS", (defect, *program._COMMANDS))
    assert program.main(["defect"]) == ExitCode.OUR_FAULT
    said = capsys.readouterr().err
    assert "our fault" in said and "Traceback" not in said and "\x1b" not in said
    report = Path(said.split("please send us ")[1].split(" (")[0])
    assert "ZeroDivisionError" in report.read_text()
    report.unlink()


def test_debugging_shows_the_traceback(mithridate, project: Path) -> None:  # type: ignore[no-untyped-def]
    done = mithridate("scan", project, MITHRIDATE_DEBUG="1")
    assert "Traceback" in done.stderr and "PolicyRefusal" in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_names_the_program(mithridate, shell: str) -> None:  # type: ignore[no-untyped-def]
    done = mithridate("completion", shell)
    assert done.returncode == 0 and "_MITHRIDATE_COMPLETE" in done.stdout


def test_completion_completes_commands(mithridate) -> None:  # type: ignore[no-untyped-def]
    done = mithridate(_MITHRIDATE_COMPLETE="complete_bash", COMP_WORDS="mithridate sc", COMP_CWORD="1")
    assert done.stdout.split() == ["scan", "scope"]
