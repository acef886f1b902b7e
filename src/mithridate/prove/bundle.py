"""One file a proof: input, recipe, verdict and signature, so that anyone can replay it (DESIGN.md §4, "Proof").

A bundle is a ZIP file whose members are stored without compression: nothing in it can be larger than it looks. Equal content
gives equal bytes. `manifest.json` names the SHA-256 of every other member and is itself signed (Ed25519) in `manifest.sig`.
"""

import hashlib
import io
import json
import os
import re
import secrets
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import TypeAdapter, ValidationError

from mithridate import __version__
from mithridate.model.entry import EntryPoint
from mithridate.model.errors import UsageError
from mithridate.model.finding import Proof
from mithridate.model.project import Flavour
from mithridate.prove import keys
from mithridate.prove.manifest import FORMAT, SCHEMA_VERSION, SHADOW_VERSION, Manifest, Provenance, decode, door, encode
from mithridate.prove.source_archive import PACKED_BYTES

MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
INPUT = "input.bin"
REPORT = "report.txt"
SOURCE = "source.tar.xz"
CONTROLS = "controls/"

_CONTROL_NAME = re.compile(r"controls/[a-z0-9-]{1,40}\.bin")
_LARGEST = {MANIFEST: 8 << 20, SIGNATURE: 4096, INPUT: 64 << 20, REPORT: 8 << 20, SOURCE: PACKED_BYTES}
_LARGEST_CONTROL = 64 << 20
_LARGEST_BUNDLE = 256 << 20
_MOST_MEMBERS = 40
_STAMP = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A bundle that was read and is whole: every hash fits and the signature is right. `controls` maps a name to its bytes.

    `signer` is the raw public key; the signature shows that nothing changed since, and who signed only to those who know the key.
    """

    manifest: Manifest
    input: bytes
    controls: Mapping[str, bytes]
    source: bytes | None
    signer: bytes


def bundle_name(finding: str, number: int) -> str:
    """The file's name for the `number`-th proof of a finding."""
    return f"{finding}-{number}.proof"


def write_bundle(
    directory: Path,
    finding: str,
    number: int,
    proof: Proof,
    entry: EntryPoint,
    provenance: Provenance,
    data: bytes,
    controls: Mapping[str, bytes],
    source: bytes | None,
    key: Ed25519PrivateKey,
) -> Proof:
    """Write the bundle below `directory` and give back the proof with `bundle` filled (the file's name).

    `data` are the proof's bytes; `controls` maps each negative control's name to its bytes; `source` is what
    `source_archive.pack` gave. The file appears whole or not at all. Raises UsageError when something is too large for a bundle.
    """
    named = replace(proof, bundle=bundle_name(finding, number))
    members = {INPUT: data, REPORT: proof.report.encode("utf-8", "backslashreplace")}
    members |= {f"{CONTROLS}{slug(name)}.bin": content for name, content in controls.items()}
    if source is not None:
        members[SOURCE] = source
    if {slug(c.name) for c in proof.controls} != {slug(name) for name in controls}:
        raise UsageError("The negative controls given for the bundle are not those of the proof.")
    manifest = Manifest(
        format=FORMAT,
        version=SCHEMA_VERSION if proof.shadow is None else SHADOW_VERSION,
        mithridate=__version__,
        finding=finding,
        provenance=provenance,
        entry=door(entry, Flavour.PLAIN),
        proof=replace(named, report=""),
        members={name: hashlib.sha256(content).hexdigest() for name, content in members.items()},
    )
    members[MANIFEST] = encode(manifest)
    members[SIGNATURE] = _sign(members[MANIFEST], key)
    _check_sizes({name: len(content) for name, content in members.items()})
    _write_whole(directory / named.bundle, _zip(members))
    return named


def read_bundle(path: Path) -> Bundle:
    """The bundle at `path`, checked before any of it is used. Raises UsageError, one sentence for each way it can be wrong."""
    members = _members(path)
    raw = members[MANIFEST]
    signer = _verify(raw, members[SIGNATURE])
    manifest = decode(raw)
    content = {name: data for name, data in members.items() if name not in (MANIFEST, SIGNATURE)}
    if set(content) != set(manifest.members):
        odd = sorted(set(content) ^ set(manifest.members))[0]
        raise UsageError(f"The bundle's members are not those its manifest lists: {odd!r:.80}.")
    for name, data in content.items():
        if hashlib.sha256(data).hexdigest() != manifest.members[name]:
            raise UsageError(f"The bundle was changed: {name} does not have the hash that the manifest states.")
    proof = manifest.proof
    if proof.fired != proof.replays or proof.replays < 1:
        raise UsageError(f"The bundle holds no proof: it states {proof.fired} of {proof.replays} replays.")
    if proof.violation.signature != proof.signature:
        raise UsageError("The bundle contradicts itself: its signature is not that of its violation.")
    controls = {
        name.removeprefix(CONTROLS).removesuffix(".bin"): data for name, data in content.items() if name.startswith(CONTROLS)
    }
    if set(controls) != {slug(c.name) for c in proof.controls}:
        raise UsageError("The bundle contradicts itself: the negative controls it lists are not those it holds.")
    report = content[REPORT].decode("utf-8", "replace")
    whole = replace(manifest, proof=replace(proof, report=report))
    return Bundle(manifest=whole, input=content[INPUT], controls=controls, source=content.get(SOURCE), signer=signer)


def slug(name: str) -> str:
    """A control's name as a file's name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "control"


def _zip(members: Mapping[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _STAMP)
            info.create_system = 3
            info.external_attr = 0o100644 << 16
            archive.writestr(info, members[name])
    return sink.getvalue()


def _write_whole(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _members(path: Path) -> dict[str, bytes]:
    try:
        if not path.is_file():
            raise UsageError(f"There is no bundle at {path}.")
        if path.stat().st_size > _LARGEST_BUNDLE:
            raise UsageError(f"{path} is too large for a bundle (more than {_LARGEST_BUNDLE >> 20} MiB).")
        # Read once: what is checked is what is used, even if the file changes meanwhile.
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"The bundle {path} cannot be read: {error.strerror or error}.") from error
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            infos = archive.infolist()
            _check_directory(infos, len(raw))
            return {info.filename: archive.read(info) for info in infos}
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, RuntimeError, OSError, OverflowError) as error:
        raise UsageError(f"{path} is not a bundle, or it is damaged: {error}.") from error


def _check_directory(infos: list[zipfile.ZipInfo], size: int) -> None:
    if len(infos) > _MOST_MEMBERS:
        raise UsageError(f"The bundle holds {len(infos)} members; none has more than {_MOST_MEMBERS}.")
    names = [info.filename for info in infos]
    for info in infos:
        if info.filename not in _LARGEST and not _CONTROL_NAME.fullmatch(info.filename):
            raise UsageError(f"The bundle holds a member that does not belong in one: {info.filename!r:.80}.")
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 0x1:
            raise UsageError(f"The bundle's member {info.filename} is compressed or encrypted; members are stored as they are.")
    if len(set(names)) != len(names):
        raise UsageError("The bundle holds two members of one name.")
    _check_sizes({info.filename: info.file_size for info in infos})
    if sum(info.file_size for info in infos) > size:
        raise UsageError("The bundle's members claim to be larger than the bundle.")
    for needed in (MANIFEST, SIGNATURE, INPUT, REPORT):
        if needed not in names:
            raise UsageError(f"The bundle has no {needed}.")


def _check_sizes(sizes: Mapping[str, int]) -> None:
    for name, size in sizes.items():
        limit = _LARGEST.get(name, _LARGEST_CONTROL)
        if size > limit:
            raise UsageError(f"The bundle's member {name} is too large ({size} bytes; at most {limit}).")


@dataclass(frozen=True, slots=True)
class _Signature:
    algorithm: str
    public_key: str
    signature: str


def _sign(raw: bytes, key: Ed25519PrivateKey) -> bytes:
    statement = {"algorithm": "Ed25519", "public_key": keys.public_bytes(key).hex(), "signature": key.sign(raw).hex()}
    return json.dumps(statement, sort_keys=True).encode("ascii")


def _verify(raw: bytes, signature: bytes) -> bytes:
    """The signer's public key."""
    try:
        claim = TypeAdapter(_Signature).validate_json(signature)
        public = bytes.fromhex(claim.public_key)
        if claim.algorithm != "Ed25519":
            raise UsageError(f"The bundle's signature uses {claim.algorithm!r:.40}; only Ed25519 is known.")
        Ed25519PublicKey.from_public_bytes(public).verify(bytes.fromhex(claim.signature), raw)
    except (ValidationError, ValueError) as error:
        raise UsageError("The bundle's signature is not readable.") from error
    except InvalidSignature as error:
        raise UsageError("The bundle's signature does not fit its manifest: one of them was changed.") from error
    return public
