import json
import multiprocessing
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mithridate.model.errors import PolicyRefusal, UsageError
from mithridate.policy.audit import GENESIS, REPAIRED, AuditLog, records, verify


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    return AuditLog(tmp_path)


def fill(log: AuditLog, count: int) -> list[bytes]:
    for number in range(count):
        log.append("slice.searched", run=f"r{number % 2}", number=number)
    return log.path.read_bytes().splitlines(keepends=True)


def test_what_is_appended_can_be_read_and_verified(log: AuditLog) -> None:
    written = [log.append("scan.started", run="r1", target="/srv/x", n=3, deep={"a": [1, None]}), log.append("scan.ended")]
    assert list(records(log.path)) == written
    assert written[0].previous == GENESIS and written[1].previous == written[0].hash
    assert f"uid={os.getuid()}" in written[0].actor
    verdict = verify(log.path)
    assert verdict.ok and verdict.records == 2 and verdict.head == written[1].hash


def test_a_run_can_be_picked_out(log: AuditLog) -> None:
    fill(log, 5)
    assert [r.facts["number"] for r in records(log.path, run="r1")] == [1, 3]


def test_any_changed_byte_is_found_at_its_record(log: AuditLog) -> None:
    lines = fill(log, 4)
    target = lines[2]
    for position in range(len(target)):
        changed = bytes([target[position] ^ 1])
        log.path.write_bytes(b"".join([*lines[:2], target[:position] + changed + target[position + 1 :], lines[3]]))
        verdict = verify(log.path)
        assert verdict.bad is not None, position
        assert verdict.bad.line == 3 and verdict.records == 2, position


@pytest.mark.parametrize(
    ("order", "line"), [((0, 2, 3), 2), ((1, 2, 3), 1), ((0, 2, 1, 3), 2), ((0, 1, 1, 2, 3), 3), ((0, 1, 2), 4), ((0,), 2)]
)
def test_removed_moved_doubled_and_cut_records_are_found(log: AuditLog, order: tuple[int, ...], line: int) -> None:
    lines = fill(log, 4)
    log.path.write_bytes(b"".join(lines[i] for i in order))
    bad = verify(log.path).bad
    assert bad is not None and bad.line == line


def test_a_record_replaced_with_a_fitting_hash_breaks_the_chain(log: AuditLog, tmp_path: Path) -> None:
    lines = fill(log, 3)
    other = AuditLog(tmp_path / "forged")
    other.path.parent.mkdir()
    fill(other, 3)
    log.path.write_bytes(b"".join([lines[0], other.path.read_bytes().splitlines(keepends=True)[1], lines[2]]))
    bad = verify(log.path).bad
    assert bad is not None and bad.line == 2


def test_nothing_is_written_over_an_end_that_was_cut_off(log: AuditLog) -> None:
    lines = fill(log, 4)
    log.path.write_bytes(b"".join(lines[:2]))
    with pytest.raises(PolicyRefusal, match="does not end where its head says"):
        log.append("scan.started")
    assert log.path.read_bytes() == b"".join(lines[:2])


def test_a_deleted_log_or_head_is_found(log: AuditLog) -> None:
    fill(log, 2)
    head = log.path.with_name("audit.jsonl.head")
    kept = head.read_bytes()
    head.unlink()
    assert not verify(log.path).ok
    with pytest.raises(PolicyRefusal):
        log.append("scan.started")
    head.write_bytes(kept)
    assert verify(log.path).ok
    log.path.unlink()
    assert not verify(log.path).ok
    with pytest.raises(PolicyRefusal):
        log.append("scan.started")


def test_a_hash_noted_elsewhere_shows_that_everything_was_replaced(log: AuditLog) -> None:
    noted = log.append("scan.started").hash
    assert verify(log.path, contains=noted).ok
    log.path.unlink()
    log.path.with_name("audit.jsonl.head").unlink()
    assert verify(log.path).ok  # what a log without a witness cannot show
    assert not verify(log.path, contains=noted).ok
    log.append("scan.started")
    assert verify(log.path).ok and not verify(log.path, contains=noted).ok


@pytest.mark.parametrize("kept", [1, 50, -1])
def test_a_line_cut_short_by_a_crash_is_repaired_on_record(log: AuditLog, kept: int) -> None:
    lines = fill(log, 3)
    head = log.path.with_name("audit.jsonl.head")
    before = head.read_bytes()
    log.append("scan.ended", note="lost")
    torn = log.path.read_bytes().splitlines(keepends=True)[3][:kept]
    log.path.write_bytes(b"".join(lines) + torn)
    head.write_bytes(before)
    bad = verify(log.path).bad
    assert bad is not None and bad.line == 4 and "cut short" in bad.why
    log.append("scan.started")
    after = list(records(log.path))
    assert [r.action for r in after[3:]] == [REPAIRED, "scan.started"]
    assert after[3].facts["removed_bytes"] == len(torn)
    assert torn.startswith(str(after[3].facts["removed_begins"]).encode())
    assert verify(log.path).ok


def test_a_first_line_cut_short_is_repaired_too(log: AuditLog) -> None:
    log.path.write_bytes(b'{"seq":1,"ti')
    log.append("scan.started")
    assert [r.action for r in records(log.path)] == [REPAIRED, "scan.started"]
    assert verify(log.path).ok


def test_a_crash_before_the_head_moved_is_not_an_alteration(log: AuditLog) -> None:
    fill(log, 2)
    head = log.path.with_name("audit.jsonl.head")
    before = head.read_bytes()
    log.append("scan.ended")
    head.write_bytes(before)
    assert verify(log.path).ok
    log.append("scan.started")
    assert [r.action for r in records(log.path)][3:] == [REPAIRED, "scan.started"]
    assert verify(log.path).ok


def test_a_changed_last_record_is_not_built_upon(log: AuditLog) -> None:
    lines = fill(log, 2)
    log.path.write_bytes(lines[0] + lines[1].replace(b"slice", b"SLICE"))
    with pytest.raises(PolicyRefusal, match="was changed"):
        log.append("scan.started")


@pytest.mark.parametrize("content", [b"null\n", b"[]\n", b"\xff\xfe\n", b"[" * 200_000 + b"\n", b"\n", b'{"seq":true}\n'])
def test_garbage_is_a_bad_record_and_never_a_traceback(log: AuditLog, content: bytes) -> None:
    log.path.write_bytes(content)
    bad = verify(log.path).bad
    assert bad is not None and bad.line == 1
    assert list(records(log.path)) == []
    with pytest.raises(PolicyRefusal):
        log.append("scan.started")


def test_records_hold_names_that_are_not_unicode_and_lines_of_any_length(log: AuditLog) -> None:
    log.append("scan.started", target=os.fsdecode(b"/srv/\xff\n"), big="x" * 300_000)
    log.append("scan.ended")
    assert verify(log.path).ok
    assert next(iter(records(log.path))).facts["target"] == "/srv/\udcff\n"


def _append_many(home: Path) -> None:
    for number in range(20):
        AuditLog(home).append("slice.searched", number=number)


def test_processes_and_threads_share_one_chain(log: AuditLog) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_append_many, args=(log.path.parent,)) for _ in range(2)]
    threads = [threading.Thread(target=_append_many, args=(log.path.parent,)) for _ in range(3)]
    for worker in (*workers, *threads):
        worker.start()
    for worker in (*workers, *threads):
        worker.join()
    verdict = verify(log.path)
    assert verdict.ok and verdict.records == 100


def test_a_writer_killed_at_any_moment_leaves_a_log_that_goes_on(log: AuditLog) -> None:
    script = (
        "import sys; from pathlib import Path; from mithridate.policy.audit import AuditLog\n"
        "log = AuditLog(Path(sys.argv[1]))\nprint(flush=True)\nwhile True: log.append('slice.searched', note='x' * 5000)"
    )
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", script, str(log.path.parent)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            while not log.path.exists() or log.path.stat().st_size < 20_000:
                pass
            writer.kill()
        log.append("scan.started")
        assert verify(log.path).ok


def test_the_log_is_private_and_not_written_through_a_link(log: AuditLog, tmp_path: Path) -> None:
    log.append("scan.started")
    assert log.path.stat().st_mode & 0o777 == 0o600
    link = AuditLog(tmp_path / "other")
    link.path.parent.mkdir()
    link.path.symlink_to(log.path)
    with pytest.raises(UsageError):
        link.append("scan.started")


def test_a_line_is_canonical_json(log: AuditLog) -> None:
    line = fill(log, 1)[0]
    assert line == json.dumps(json.loads(line), sort_keys=True, separators=(",", ":")).encode() + b"\n"
