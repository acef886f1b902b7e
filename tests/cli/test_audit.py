import json
from pathlib import Path

import pytest

from mithridate.model.errors import ExitCode
from mithridate.policy.audit import AuditLog


@pytest.fixture
def log(home: Path) -> AuditLog:
    home.mkdir()
    log = AuditLog(home)
    log.append("scan.started", run="r1", target="/srv/\x1b[31mx")
    log.append("scan.started", run="r2", target="/srv/y")
    return log


def test_a_sound_log_gives_its_count_and_hash(mithridate, log: AuditLog) -> None:  # type: ignore[no-untyped-def]
    head = log.append("scan.finished", run="r1").hash
    done = mithridate("audit", "verify")
    assert (done.returncode, done.stdout) == (0, f"3 {head}\n")
    assert mithridate("audit", "verify", "--contains", head.upper()).returncode == 0
    assert mithridate("audit", "verify", "--contains", "0" * 64).returncode == ExitCode.REFUSED


def test_a_changed_log_is_refused_with_the_line(mithridate, log: AuditLog) -> None:  # type: ignore[no-untyped-def]
    log.path.write_bytes(log.path.read_bytes().replace(b"/srv/y", b"/srv/z"))
    done = mithridate("audit", "verify")
    assert done.returncode == ExitCode.REFUSED and "line 2: its content does not fit its hash" in done.stderr


def test_no_log_is_nothing_to_verify(mithridate) -> None:  # type: ignore[no-untyped-def]
    assert mithridate("audit", "verify").returncode == ExitCode.NOTHING_TO_ANALYSE


def test_records_of_a_run_are_shown_without_control_characters(mithridate, log: AuditLog) -> None:  # type: ignore[no-untyped-def]
    done = mithridate("audit", "show", "--run", "r1")
    assert done.returncode == 0 and "r2" not in done.stdout
    assert "scan.started" in done.stdout and "\x1b" not in done.stdout
    (record,) = json.loads(mithridate("audit", "show", "--run", "r1", "--format", "json").stdout)
    assert record["facts"] == {"target": "/srv/\x1b[31mx"}
