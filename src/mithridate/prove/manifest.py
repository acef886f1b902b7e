"""The statement inside a bundle: what was built how, what was fed to it, what happened. JSON, version 1.

Version 2 is the same with a proof that carries a shadow patch: a program that does not know of those must not say no to it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache

from pydantic import TypeAdapter, ValidationError

from mithridate.model.entry import Boundary, EntryKind, EntryPoint
from mithridate.model.errors import UsageError
from mithridate.model.finding import Proof
from mithridate.model.project import Component, Flavour

SCHEMA_VERSION = 1
SHADOW_VERSION = 2
FORMAT = "mithridate-proof"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a proof comes from. `compile_flags` are those of the PLAIN flavour; `limits` name those of a replay (seconds, bytes).

    `scope` is the text of the scope record under which the work was done.
    """

    project: str
    snapshot: str
    component: Component
    compile_flags: tuple[str, ...]
    link_flags: tuple[str, ...]
    environment: Mapping[str, str]
    toolchain: Mapping[str, str]
    limits: Mapping[str, float]
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """An entry point as others can rebuild it: no path of the machine that found the flaw. `program` is a path in the sandbox."""

    id: str
    component: str
    language: str
    name: str
    kind: EntryKind
    boundary: Boundary
    arguments: tuple[str, ...]
    suffix: str
    flavour: Flavour
    program: str
    in_process: bool
    bits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Everything that a bundle states. `members` maps each other member's name to the SHA-256 of its bytes."""

    format: str
    version: int
    mithridate: str
    finding: str
    provenance: Provenance
    entry: Door
    proof: Proof
    members: Mapping[str, str]


def door(entry: EntryPoint, flavour: Flavour) -> Door:
    """The portable part of `entry`. Raises UsageError when it has no binary of that flavour."""
    binary = entry.binary(flavour)
    if binary is None:
        raise UsageError(f"The entry point {entry.id} has no {flavour} binary, so no proof of it can be replayed.")
    return Door(
        id=entry.id,
        component=entry.component,
        language=entry.language,
        name=entry.name,
        kind=entry.kind,
        boundary=entry.boundary,
        arguments=entry.arguments,
        suffix=entry.suffix,
        flavour=flavour,
        program=binary.path,
        in_process=binary.in_process,
        bits=binary.bits,
    )


def entry_point(door: Door) -> EntryPoint:
    """The entry point that `door` describes, without binaries: those come from a rebuild."""
    return EntryPoint(
        id=door.id,
        component=door.component,
        language=door.language,
        name=door.name,
        kind=door.kind,
        boundary=door.boundary,
        arguments=door.arguments,
        suffix=door.suffix,
        binaries=(),
    )


def encode(manifest: Manifest) -> bytes:
    """Canonical JSON: sorted keys, ASCII, the same bytes for the same statement."""
    return json.dumps(_plain(asdict(manifest)), sort_keys=True, ensure_ascii=True, indent=1).encode("ascii")


def decode(raw: bytes) -> Manifest:
    """The manifest in `raw`. Raises UsageError when it is not one, in one sentence."""
    header = _header(raw)
    if header not in ((FORMAT, SCHEMA_VERSION), (FORMAT, SHADOW_VERSION)):
        raise UsageError(
            f"The bundle has format {header[0]!r} version {header[1]}; this program reads {FORMAT!r} version {SCHEMA_VERSION} "
            f"and {SHADOW_VERSION}.",
            "Use the version of mithridate that made it.",
        )
    try:
        made = _adapter().validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part)[:40] for part in first["loc"][:6]) or "top level"
        raise UsageError(f"The bundle's manifest is not valid: {first['msg'][:120]} (at {where}).") from error
    if (made.proof.shadow is not None) is not (made.version == SHADOW_VERSION):
        what = "holds no shadow patch" if made.proof.shadow is None else "holds a shadow patch"
        raise UsageError(f"The bundle contradicts itself: it {what}, which does not go with version {made.version}.")
    return made


@cache
def _adapter() -> TypeAdapter[Manifest]:
    return TypeAdapter(Manifest)


@dataclass(frozen=True, slots=True)
class _Header:
    format: str
    version: int


@cache
def _header_adapter() -> TypeAdapter[_Header]:
    return TypeAdapter(_Header)


def _header(raw: bytes) -> tuple[str, int]:
    """Format and version, read first so that a newer bundle gets a better answer than "field missing"."""
    try:
        header = _header_adapter().validate_json(raw)
    except ValidationError as error:
        why = error.errors(include_url=False, include_input=False)[0]["msg"]
        raise UsageError(f"The bundle's manifest cannot be read: {why}.") from error
    return header.format[:40], header.version


def _plain(value: object) -> object:
    """JSON-ready copy. Names from disk may hold bytes that are no text; they are kept visible, not refused."""
    if isinstance(value, str):
        return str(value).encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, Mapping):
        return {_plain(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value
