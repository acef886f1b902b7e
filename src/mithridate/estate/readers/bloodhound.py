"""BloodHound's collectors: JSON files of SharpHound, versions 4 to 6, and the zip archive of them."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any

from mithridate.estate.readers import opengraph
from mithridate.estate.readers.archives import Archive
from mithridate.estate.readers.directory_objects import Statements, session
from mithridate.estate.readers.directory_records import describe, state
from mithridate.estate.readers.interface import Sink
from mithridate.estate.readers.json_records import RecordTooLarge, records, refuse_other_encodings, without_mark
from mithridate.model.errors import UsageError

Opener = Callable[[], AbstractContextManager[IO[bytes]]]

_ZIP = b"PK\x03\x04"
_HEAD = 4096
_LARGEST_META = 4096
_META = re.compile(rb'"meta"\s*:\s*\{[^{}]*\}')
_TYPE = re.compile(rb'"type"\s*:\s*"([A-Za-z]+)"')

_OBJECTS = {
    "users": "User",
    "computers": "Computer",
    "groups": "Group",
    "domains": "Domain",
    "ous": "OU",
    "containers": "Container",
    "gpos": "GPO",
    "aiacas": "AIACA",
    "rootcas": "RootCA",
    "enterprisecas": "EnterpriseCA",
    "ntauthstores": "NTAuthStore",
    "certtemplates": "CertTemplate",
    "issuancepolicies": "IssuancePolicy",
}
"""The type that a file tells → the kind of its objects."""
_TYPES = frozenset({*_OBJECTS, "sessions"})


class BloodHound:
    """The reader of SharpHound's files."""

    name = "bloodhound"
    title = "BloodHound (SharpHound JSON or zip)"

    def recognises(self, path: Path, head: bytes) -> bool:
        """A zip archive with a member that is called as SharpHound calls its files, or a file with its "meta"."""
        if head.startswith(_ZIP):
            return _holds_export(path)
        text = without_mark(head)
        if not text.startswith(b"{"):
            return False
        return _type_in(text) in _TYPES or (text[1:].lstrip().startswith(b'"data"') and _type_in(_tail(path)) in _TYPES)

    def read(self, path: Path, sink: Sink) -> None:
        """Put the facts of a file, or of all members of an archive, into the sink."""
        with path.open("rb") as file:
            head = file.read(_HEAD)
        if not head.startswith(_ZIP):
            refuse_other_encodings(head, str(path))
            _read(_type_in(without_mark(head)) or _type_in(_tail(path)), lambda: path.open("rb"), str(path), sink)
            return
        archive = Archive(path)
        try:
            _read_members(archive, sink)
        finally:
            archive.close()


def _read_members(archive: Archive, sink: Sink) -> None:
    """Each member is a source of its own; one that cannot be read is passed over, unless none can."""
    understood = 0
    for name in (n for n in archive.names if n.lower().endswith(".json")):
        part = Sink(sink.base, f"{archive.path}:{name}", sink.reading.reader)
        try:
            _read_member(archive, name, part)
            understood += 1
        except UsageError as error:
            part.broken(0, str(error))
        sink.reading.records += part.reading.records
        sink.reading.facts += part.reading.facts
        sink.reading.passed_over += part.reading.passed_over
        sink.reading.broken.extend(part.reading.broken[: 100 - len(sink.reading.broken)])
    if not understood:
        why = f": {sink.reading.broken[0].reason}" if sink.reading.broken else ""
        raise UsageError(f"{archive.path} holds no file of SharpHound that can be read{why}")


def _read_member(archive: Archive, name: str, sink: Sink) -> None:
    with archive.open(name) as stream:
        head = stream.read(_HEAD)
        refuse_other_encodings(head, name)
        if opengraph.looks_like(without_mark(head)):
            opengraph.read(lambda: archive.open(name), name, sink)
            return
        kind = _type_in(without_mark(head))
        if not kind:
            tail = head
            while piece := stream.read(1 << 16):
                tail = (tail + piece)[-_LARGEST_META:]
            kind = _type_in(tail)
    _read(kind, lambda: archive.open(name), name, sink)


def _read(kind: str, opened: Opener, name: str, sink: Sink) -> None:
    """Read one document whose records are of `kind`. UsageError for an unknown kind or a document broken from the start."""
    if kind not in _TYPES:
        told = f"holds {kind}, which is" if kind else "does not tell its type, so that it is"
        raise UsageError(f"{name} {told} no file of SharpHound that is read", hint=f"read are: {', '.join(sorted(_TYPES))}")
    place = 0
    with opened() as file:
        try:
            for place, record in enumerate(records(file, "data.item"), 1):
                _record(kind, record, place, sink)
        except (ValueError, RecordTooLarge) as error:
            if not place:
                raise UsageError(f"{name} is no JSON that can be read: {error}") from None
            sink.broken(place + 1, f"the rest of the file is not read: {error}")


def _record(kind: str, record: Any, place: int, sink: Sink) -> None:
    with sink.tolerate(place):
        told = Statements()
        if kind == "sessions":
            session(record, told)
        elif record.get("IsDeleted") is not True:
            describe(_OBJECTS[kind], record, told)
        state(told, place, sink)


def _type_in(text: bytes) -> str:
    """The type that "meta" tells, at the start or at the end of a document; "" for none."""
    for found in _META.finditer(text):
        at_start = text[: found.start()].strip() == b"{"
        at_end = text[found.end() :].strip() in (b"}", b"")
        if at_start or at_end:
            told = _TYPE.search(found.group())
            return told.group(1).decode().lower() if told else ""
    return ""


def _tail(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _LARGEST_META))
            return file.read(_LARGEST_META)
    except OSError:
        return b""


def _holds_export(path: Path) -> bool:
    try:
        archive = Archive(path)
    except UsageError:
        return False
    archive.close()
    return any(
        name.lower().removesuffix(".json").endswith(tuple(_TYPES)) and name.lower().endswith(".json") for name in archive.names
    )
