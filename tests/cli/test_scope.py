import os
import pty
import shlex
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mithridate.model.errors import ExitCode
from mithridate.policy.scope import load, scope_path

from .conftest import PROGRAM


def test_init_writes_what_was_said(mithridate, project: Path) -> None:  # type: ignore[no-untyped-def]
    done = mithridate("scope", "init", project, "--owner", 'A "quoted" owner', "--until", "2099-12-31", "--attest")
    assert done.returncode == 0, done.stderr
    scope = load(scope_path(project))
    assert (scope.owner, scope.until.isoformat(), scope.path) == ('A "quoted" owner', "2099-12-31", project)
    assert scope.attestation.sentence == 'I am authorised by A "quoted" owner to analyse project.'
    assert f"uid={os.getuid()}" in scope.attestation.attested_by
    assert scope.sandboxes == ("bubblewrap",) and scope.models == ()


def test_the_next_command_can_be_copied_whatever_the_project_is_called(mithridate, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    place = tmp_path / "a project; of 'ours'"
    place.mkdir()
    done = mithridate("scope", "init", place, "--owner", "A", "--until", "9d", "--attest")
    assert shlex.split(done.stderr.splitlines()[-1]) == ["next:", "mithridate", "scan", str(place)]


def test_days_ahead_are_a_date(mithridate, project: Path) -> None:  # type: ignore[no-untyped-def]
    mithridate("scope", "init", project, "--owner", "A", "--until", "30d", "--attest")
    ahead = load(scope_path(project)).until - datetime.now(UTC).date()
    assert ahead in (timedelta(days=30), timedelta(days=29))  # midnight may have passed


def test_init_never_overwrites_without_force(mithridate, project: Path) -> None:  # type: ignore[no-untyped-def]
    arguments = ("scope", "init", project, "--until", "90d", "--attest", "--owner")
    assert mithridate(*arguments, "A").returncode == 0
    again = mithridate(*arguments, "B")
    assert again.returncode == ExitCode.USAGE and "already a scope" in again.stderr
    assert load(scope_path(project)).owner == "A"
    assert mithridate(*arguments, "B", "--force").returncode == 0
    assert load(scope_path(project)).owner == "B"


def test_an_archive_gets_its_scope_beside_it(mithridate, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "lib.tar").write_bytes(b"x")
    assert mithridate("scope", "init", tmp_path / "lib.tar", "--owner", "A", "--until", "9d", "--attest").returncode == 0
    assert (tmp_path / "lib.tar.scope.toml").is_file()
    assert mithridate("scope", "show", tmp_path / "lib.tar").returncode == 0


def test_a_date_that_is_over_is_bad_input(mithridate, project: Path) -> None:  # type: ignore[no-untyped-def]
    done = mithridate("scope", "init", project, "--owner", "A", "--until", "2001-01-01", "--attest")
    assert done.returncode == ExitCode.USAGE and "is over" in done.stderr


def test_without_a_terminal_nobody_can_attest_by_typing(mithridate, project: Path) -> None:  # type: ignore[no-untyped-def]
    done = mithridate("scope", "init", project, "--owner", "A", "--until", "90d")
    assert done.returncode == ExitCode.REFUSED and "--attest" in done.stderr
    assert not scope_path(project).exists()


@pytest.mark.parametrize(
    ("typed", "code"),
    [("i am authorised by ACME  to analyse project\n", 0), ("yes\n", ExitCode.REFUSED), ("\x04", ExitCode.REFUSED)],
)
def test_on_a_terminal_the_person_types_the_attestation(
    environment: dict[str, str], project: Path, typed: str, code: int
) -> None:
    keyboard, terminal = pty.openpty()
    arguments = ("scope", "init", str(project), "--owner", "ACME", "--until", "90d")
    with subprocess.Popen([*PROGRAM, *arguments], env=environment, stdin=terminal, stdout=-1, stderr=-1) as asked:
        os.write(keyboard, typed.encode())
        _, said = asked.communicate(timeout=60)
    os.close(keyboard)
    os.close(terminal)
    assert asked.returncode == code, said
    assert b"I am authorised by ACME to analyse project." in said
    assert scope_path(project).exists() == (code == 0)
