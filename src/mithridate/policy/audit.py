"""The audit log: every action, appended and chained by hash, so that a change to what was written shows.

One JSON object a line. Each record carries the hash of the one before it and its own: SHA-256 over its canonical JSON
(keys sorted, no spaces, ASCII) without `hash`. A sidecar (`<log>.head`) keeps the last sequence number and hash, so that
cutting off the end shows as well.

What it cannot show: the log and its head both deleted, both put back to an older copy, or both rewritten with all hashes
computed anew by somebody who may write the directory. Whoever needs that keeps the head hash somewhere else from time to time
(`mithridate audit verify` prints it) and checks for it later (`verify --contains HASH`).
"""

import fcntl
import hashlib
import json
import os
import pwd
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from mithridate.model.errors import PolicyRefusal, UsageError

AUDIT_FILE = "audit.jsonl"
"""The log's name in the data directory."""

REPAIRED = "audit.repaired"
GENESIS = "0" * 64
"""What the first record names as the hash before it."""

Fact = str | int | float | bool | None | list["Fact"] | dict[str, "Fact"]
_KEEP_OF_TORN = 512
_BLOCK = 64 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One action. `time` is UTC in ISO 8601; `actor` is user@host with the user's number; `run` is empty outside a run."""

    seq: int
    time: str
    actor: str
    run: str
    action: str
    facts: dict[str, Fact]
    previous: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRecord:
    """The first record that does not hold: its line (1-based; one past the end when the end is missing) and why."""

    line: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What `verify` saw: sound records up to the end or to the first bad one, the hash of the last sound one, and the bad one."""

    records: int
    head: str
    bad: BadRecord | None

    @property
    def ok(self) -> bool:
        """True when every record holds and the end is where the head says."""
        return self.bad is None


class AuditLog:
    """Appends to the log of the data directory `home`. Safe for several threads and processes; a record is on disk on return.

    `name`: another log than the audit log, kept in the same way (the egress ledger).
    """

    def __init__(self, home: Path, name: str = AUDIT_FILE) -> None:
        self.path = home / name

    def append(self, action: str, run: str = "", **facts: Fact) -> Record:
        """Write one record and return it.

        The line that a crash cut short is taken off and the repair itself recorded. Raises PolicyRefusal when the end of
        the log is not where its head says (somebody changed it, and nothing is written over that); UsageError when the
        log cannot be written.
        """
        try:
            with _locked(self.path, write=True) as stream:
                last, torn = _tail(stream)
                behind = _require_same_end(self.path, last)
                if torn:
                    stream.truncate(stream.seek(0, os.SEEK_END) - len(torn))
                    last = self._write(stream, last, "", REPAIRED, _torn_facts(torn))
                elif behind:
                    last = self._write(stream, last, "", REPAIRED, {"why": "a crash came between the log and its head"})
                return self._write(stream, last, run, action, facts)
        except OSError as error:
            raise UsageError(
                f"the audit log {self.path} cannot be written: {error.strerror}", hint="without a log nothing runs"
            ) from error

    def _write(self, stream: BinaryIO, last: Record | None, run: str, action: str, facts: dict[str, Fact]) -> Record:
        body = {
            "seq": last.seq + 1 if last else 1,
            "time": datetime.now(UTC).isoformat(timespec="microseconds"),
            "actor": actor(),
            "run": run,
            "action": action,
            "facts": facts,
            "previous": last.hash if last else GENESIS,
        }
        digest = _digest(body)
        stream.seek(0, os.SEEK_END)
        stream.write(_canonical({**body, "hash": digest}) + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
        record = _decode({**json.loads(_canonical(body)), "hash": digest})
        _write_head(self.path, record)
        return record


def actor() -> str:
    """Who acts: the account behind the process (not what the environment claims), the host, the user number."""
    number = os.getuid()
    try:
        name = pwd.getpwuid(number).pw_name
    except KeyError:
        name = "unknown"
    return f"{name}@{socket.gethostname()} uid={number}"


def records(path: Path, run: str = "") -> Iterator[Record]:
    """The readable records in order, of one run if given; unreadable lines are passed over (`verify` names them)."""
    if not path.exists():
        return
    with _locked(path, write=False) as stream:
        for line in stream:
            try:
                record = _decode(json.loads(line))
            except (ValueError, RecursionError):
                continue
            if not run or record.run == run:
                yield record


def verify(path: Path, contains: str = "") -> Verification:
    """Check every record, the chain and the end. `contains`: a hash noted earlier that must still be in the log.

    Raises UsageError when the log exists and cannot be read.
    """
    if not path.exists():
        bad = BadRecord(line=1, why="the log is gone, and its head is still there") if _head_path(path).exists() else None
        if bad is None and contains:
            bad = BadRecord(line=1, why=f"no record has the hash {contains}")
        return Verification(records=0, head=GENESIS, bad=bad)
    try:
        with _locked(path, write=False) as stream:
            return _verify(stream, path, contains)
    except OSError as error:
        raise UsageError(f"the audit log {path} cannot be read: {error.strerror}") from error


def _verify(stream: BinaryIO, path: Path, contains: str) -> Verification:
    last: Record | None = None
    found = not contains
    count = 0

    def end(why: str, line: int) -> Verification:
        bad = BadRecord(line=line, why=why) if why else None
        return Verification(records=count, head=last.hash if last else GENESIS, bad=bad)

    for line in stream:
        record, why = _check(line, last)
        if record is None:
            return end(why, count + 1)
        last = record
        count += 1
        found = found or record.hash == contains
    head = _read_head(path)
    if last is not None and head is None:
        return end("the head of the log is gone; records may have been cut off the end", count + 1)
    if head is not None and head != (last.seq if last else 0, last.hash if last else GENESIS):
        if last is not None and head == (last.seq - 1, last.previous):
            return end("", 0) if found else end(f"no record has the hash {contains}", count + 1)  # a crash before the head moved
        return end(f"the log ends here, and its head says that it ended at record {head[0]}", count + 1)
    return end("" if found else f"no record has the hash {contains}", count + 1)


def _check(line: bytes, last: Record | None) -> tuple[Record | None, str]:
    """The record if it holds after `last`, else why not."""
    if not line.endswith(b"\n"):
        return None, "cut short, as by a crash; the next action takes it off and records that"
    try:
        table = json.loads(line)
        record = _decode(table)
    except (ValueError, RecursionError):
        return None, "not a record"
    if _digest({key: value for key, value in table.items() if key != "hash"}) != record.hash:
        return None, "its content does not fit its hash: it was changed"
    if record.seq != (last.seq + 1 if last else 1):
        return None, f"record {record.seq} follows record {last.seq if last else 0}: one was removed, added or moved"
    if record.previous != (last.hash if last else GENESIS):
        return None, "it does not follow the record before it: that one was changed or replaced"
    return record, ""


@contextmanager
def _locked(path: Path, write: bool) -> Iterator[BinaryIO]:
    """The log, held against other processes, and against other threads, since each call opens a description of its own."""
    flags = os.O_RDWR | os.O_CREAT if write else os.O_RDONLY
    descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "r+b" if write else "rb") as stream:
        fcntl.flock(descriptor, fcntl.LOCK_EX if write else fcntl.LOCK_SH)
        yield stream


def _tail(stream: BinaryIO) -> tuple[Record | None, bytes]:
    """The last whole record, and the bytes behind it that a crash cut short. PolicyRefusal when that record does not hold."""
    start = stream.seek(0, os.SEEK_END)
    tail = b""
    while start > 0 and tail.count(b"\n") < 2:  # the last whole line and what may follow it
        step = min(_BLOCK, start)
        start -= step
        stream.seek(start)
        tail = stream.read(step) + tail
    whole, newline, torn = tail.rpartition(b"\n")
    if not newline:
        return None, torn
    line = whole.rpartition(b"\n")[2]
    try:
        table = json.loads(line)
        record = _decode(table)
        sound = _digest({key: value for key, value in table.items() if key != "hash"}) == record.hash
    except (ValueError, RecursionError):
        sound = False
    if not sound:
        raise PolicyRefusal("the last record of the audit log was changed", hint=_ALTERED_HINT)
    return record, torn


def _require_same_end(path: Path, last: Record | None) -> bool:
    """False when log and head agree, True when a crash left the head one behind; else PolicyRefusal."""
    head = _read_head(path) or (0, GENESIS)
    if head == ((last.seq, last.hash) if last else (0, GENESIS)):
        return False
    if last is not None and head == (last.seq - 1, last.previous):
        return True
    raise PolicyRefusal(
        f"the audit log {path} does not end where its head says: records were removed or added", hint=_ALTERED_HINT
    )


_ALTERED_HINT = "`mithridate audit verify` says where; move the log and its head away, keep them, and a new log begins"


def _torn_facts(torn: bytes) -> dict[str, Fact]:
    return {
        "why": "a crash cut the last line short",
        "removed_bytes": len(torn),
        "removed_sha256": hashlib.sha256(torn).hexdigest(),
        "removed_begins": torn[:_KEEP_OF_TORN].decode("utf-8", "backslashreplace"),
    }


def _head_path(path: Path) -> Path:
    return path.with_name(path.name + ".head")


def _read_head(path: Path) -> tuple[int, str] | None:
    """(sequence number, hash) of the last record as the sidecar has it; (-1, "") when it is there and unreadable."""
    try:
        table = json.loads(_head_path(path).read_bytes())
        return int(table["seq"]), str(table["hash"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        return -1, ""


def _write_head(path: Path, record: Record) -> None:
    temporary = path.with_name(path.name + ".head.new")  # the log's lock is held: nobody else writes it
    with temporary.open("wb") as stream:
        stream.write(_canonical({"seq": record.seq, "hash": record.hash}))
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(_head_path(path))
    directory = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _canonical(table: dict[str, object]) -> bytes:
    return json.dumps(table, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _digest(body: dict[str, object]) -> str:
    return hashlib.sha256(_canonical(body)).hexdigest()


def _decode(table: object) -> Record:
    """A record from its JSON; ValueError when its shape is not a record's."""
    shape = {"seq": int, "time": str, "actor": str, "run": str, "action": str, "facts": dict, "previous": str, "hash": str}
    if not isinstance(table, dict) or table.keys() != shape.keys() or not all(type(table[k]) is t for k, t in shape.items()):
        raise ValueError("not a record")
    return Record(**table)
