"""Makes bundles as an enemy would: each function changes a good one in one way. HOSTILE holds (maker, words of the refusal)."""

import hashlib
import io
import json
import lzma
import struct
import tarfile
import warnings
import zipfile
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mithridate.prove import keys

Members = dict[str, bytes]
STAMP = (1980, 1, 1, 0, 0, 0)


def members_of(bundle: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        return {n: archive.read(n) for n in archive.namelist()}


def zipped(members: Members, compression: int = zipfile.ZIP_STORED) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, STAMP), content, compression)
    return sink.getvalue()


def signed(members: Members) -> Members:
    """Signed anew with the enemy's own key: integrity holds, so only the content can give it away."""
    key = Ed25519PrivateKey.generate()
    manifest = members["manifest.json"]
    claim = {"algorithm": "Ed25519", "public_key": keys.public_bytes(key).hex(), "signature": key.sign(manifest).hex()}
    return {**members, "manifest.sig": json.dumps(claim).encode()}


def restated(bundle: bytes, change: Callable[[dict], None], **content: bytes) -> bytes:
    """The manifest changed by `change`, hashes made right again, signed anew."""
    members = {**members_of(bundle), **content}
    manifest = json.loads(members["manifest.json"])
    manifest["members"] = {n: hashlib.sha256(c).hexdigest() for n, c in members.items() if not n.startswith("manifest.")}
    change(manifest)
    return zipped(signed({**members, "manifest.json": json.dumps(manifest).encode()}))


def raw_manifest(bundle: bytes, manifest: bytes) -> bytes:
    return zipped(signed({**members_of(bundle), "manifest.json": manifest}))


def with_member(bundle: bytes, name: str, content: bytes = b"x") -> bytes:
    return zipped({**members_of(bundle), name: content})


def changed_input(bundle: bytes) -> bytes:
    return zipped({**members_of(bundle), "input.bin": b"harmless"})


def changed_manifest(bundle: bytes) -> bytes:
    members = members_of(bundle)
    return zipped({**members, "manifest.json": members["manifest.json"].replace(b"parse_chunk", b"parse_other")})


def swapped_key(bundle: bytes) -> bytes:
    members = members_of(bundle)
    claim = json.loads(members["manifest.sig"])
    claim["public_key"] = keys.public_bytes(Ed25519PrivateKey.generate()).hex()
    return zipped({**members, "manifest.sig": json.dumps(claim).encode()})


def bad_signature_text(bundle: bytes) -> bytes:
    return zipped({**members_of(bundle), "manifest.sig": b'{"algorithm": "Ed25519", "public_key": "zz", "signature": "zz"}'})


def other_algorithm(bundle: bytes) -> bytes:
    members = members_of(bundle)
    return zipped({**members, "manifest.sig": members["manifest.sig"].replace(b"Ed25519", b"none")})


def without(name: str) -> Callable[[bytes], bytes]:
    return lambda bundle: zipped({n: c for n, c in members_of(bundle).items() if n != name})


def zip_bomb(bundle: bytes) -> bytes:
    return zipped({**members_of(bundle), "input.bin": bytes(32 << 20)}, zipfile.ZIP_DEFLATED)


def lying_size(bundle: bytes) -> bytes:
    """A stored member that claims 60 MiB while the file holds a few KiB."""
    raw = bytearray(bundle)
    at = raw.index(b"PK\x01\x02")
    while b"input.bin" not in raw[at : at + 60]:
        at = raw.index(b"PK\x01\x02", at + 4)
    raw[at + 20 : at + 28] = struct.pack("<II", 60 << 20, 60 << 20)
    return bytes(raw)


def twice(bundle: bytes) -> bytes:
    sink = io.BytesIO(bundle)
    with zipfile.ZipFile(sink, "a") as archive, warnings.catch_warnings(action="ignore"):
        archive.writestr(zipfile.ZipInfo("input.bin", STAMP), b"second")
    return sink.getvalue()


def many_members(bundle: bytes) -> bytes:
    return zipped({**members_of(bundle), **{f"controls/c{i}.bin": b"" for i in range(5000)}})


def encrypted(bundle: bytes) -> bytes:
    raw = bytearray(bundle)
    at = raw.index(b"PK\x01\x02")
    raw[at + 8] |= 1
    return bytes(raw)


def half_proof(bundle: bytes) -> bytes:
    return restated(bundle, lambda m: m["proof"].update(fired=3))


def other_signature(bundle: bytes) -> bytes:
    return restated(bundle, lambda m: m["proof"].update(signature="0" * 16))


def lost_control(bundle: bytes) -> bytes:
    return restated(bundle, lambda m: m["proof"].update(controls=m["proof"]["controls"][:1]))


def unlisted(bundle: bytes) -> bytes:
    return restated(bundle, lambda m: m["members"].pop("report.txt"))


def deep_json(bundle: bytes) -> bytes:
    return raw_manifest(bundle, b'{"format": ' + b"[" * 10**6 + b"]" * 10**6 + b"}")


def deep_beside(bundle: bytes) -> bytes:
    """Well-formed where the header is read, endless where it is not."""
    manifest = members_of(bundle)["manifest.json"].rstrip()[:-1]
    return raw_manifest(bundle, manifest + b', "extra": ' + b"[" * 10**6 + b"]" * 10**6 + b"}")


HOSTILE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "changed-input": (changed_input, "was changed: input.bin"),
    "changed-manifest": (changed_manifest, "does not fit its manifest"),
    "swapped-key": (swapped_key, "does not fit its manifest"),
    "bad-signature-text": (bad_signature_text, "signature is not readable"),
    "other-algorithm": (other_algorithm, "only Ed25519"),
    "no-manifest": (without("manifest.json"), "has no manifest.json"),
    "no-signature": (without("manifest.sig"), "has no manifest.sig"),
    "no-input": (without("input.bin"), "has no input.bin"),
    "no-report": (without("report.txt"), "has no report.txt"),
    "no-control": (without("controls/empty-input.bin"), "not those its manifest lists"),
    "zip-bomb": (zip_bomb, "compressed or encrypted"),
    "lying-size": (lying_size, "claim to be larger"),
    "two-of-a-name": (twice, "two members of one name"),
    "many-members": (many_members, "members; none has more"),
    "encrypted": (encrypted, "compressed or encrypted"),
    "path-traversal": (lambda b: with_member(b, "../../etc/passwd"), "does not belong"),
    "control-traversal": (lambda b: with_member(b, "controls/../../x.bin"), "does not belong"),
    "absolute-path": (lambda b: with_member(b, "/etc/passwd"), "does not belong"),
    "huge-name": (lambda b: with_member(b, "n" * 60_000), "does not belong"),
    "stranger": (lambda b: with_member(b, "run-me.sh"), "does not belong"),
    "extra-control": (lambda b: with_member(b, "controls/extra.bin"), "not those its manifest lists"),
    "large-signature": (lambda b: with_member(b, "manifest.sig", b" " * 10_000), "manifest.sig is too large"),
    "half-proof": (half_proof, "3 of 10 replays"),
    "no-replays": (lambda b: restated(b, lambda m: m["proof"].update(fired=0, replays=0)), "0 of 0 replays"),
    "other-signature": (other_signature, "contradicts itself"),
    "lost-control": (lost_control, "contradicts itself"),
    "unlisted": (unlisted, "not those its manifest lists"),
    "newer-version": (lambda b: restated(b, lambda m: m.update(version=3)), "version 3"),
    "version-for-a-patch-without-one": (lambda b: restated(b, lambda m: m.update(version=2)), "does not go with version 2"),
    "patch-in-a-version-without-them": (
        lambda b: restated(b, lambda m: m["proof"].update(shadow={"behind": [], "diff": ""})),
        "does not go with version 1",
    ),
    "other-format": (lambda b: restated(b, lambda m: m.update(format="else")), "'else'"),
    "no-json": (lambda b: raw_manifest(b, b"\xff\xfe not json"), "manifest cannot be read"),
    "no-object": (lambda b: raw_manifest(b, b"[]"), "manifest cannot be read"),
    "wrong-type": (lambda b: restated(b, lambda m: m["proof"].update(size="many")), "manifest is not valid"),
    "unknown-kind": (lambda b: restated(b, lambda m: m["proof"]["violation"].update(kind="magic")), "manifest is not valid"),
    "missing-field": (lambda b: restated(b, lambda m: m.pop("entry")), "manifest is not valid"),
    "deep-json": (deep_json, "manifest cannot be read"),
    "deep-json-beside": (deep_beside, "manifest"),
    "empty": (lambda _: b"", "not a bundle"),
    "not-a-zip": (lambda _: b"hello" * 100, "not a bundle"),
}


def tar_xz(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    sink = io.BytesIO()
    with lzma.LZMAFile(sink, "wb") as packed, tarfile.open(fileobj=packed, mode="w|") as tar:
        for info, content in members:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return sink.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def xz_bomb() -> bytes:
    """2 GiB of zeros in one file, some 300 KiB packed."""
    info = member("zeros")
    info.size = 2 << 30
    packer = lzma.LZMACompressor()
    parts = [packer.compress(info.tobuf())]
    block = bytes(1 << 24)
    parts += [packer.compress(block) for _ in range(8)]
    return b"".join([*parts, packer.flush()])


HOSTILE_TREES: dict[str, tuple[Callable[[], bytes], str]] = {
    "traversal": (lambda: tar_xz((member("../escape"), b"x")), "unsafe name"),
    "absolute": (lambda: tar_xz((member("/tmp/escape"), b"x")), "unsafe name"),
    "huge-name": (lambda: tar_xz((member("d/" * 3000 + "x"), b"x")), "unsafe name"),
    "link-out": (lambda: tar_xz((member("l", tarfile.SYMTYPE, "../../etc"), b"")), "link that leaves"),
    "link-absolute": (lambda: tar_xz((member("l", tarfile.SYMTYPE, "/etc"), b"")), "link that leaves"),
    "link-through-link": (
        lambda: tar_xz(
            (member("a/b/d", tarfile.SYMTYPE, "../.."), b""),
            (member("a/b/d/l", tarfile.SYMTYPE, "../../x"), b""),
        ),
        "link that leaves",
    ),
    "hard-link": (lambda: tar_xz((member("h", tarfile.LNKTYPE, "/etc/passwd"), b"")), "not a file, folder or link"),
    "device": (lambda: tar_xz((member("null", tarfile.CHRTYPE), b"")), "not a file, folder or link"),
    "fifo": (lambda: tar_xz((member("pipe", tarfile.FIFOTYPE), b"")), "not a file, folder or link"),
    "file-twice": (lambda: tar_xz((member("a"), b"1"), (member("a"), b"2")), "cannot be unpacked"),
    "link-over-file": (lambda: tar_xz((member("a"), b"1"), (member("a", tarfile.SYMTYPE, "b"), b"")), "twice"),
    "bomb": (xz_bomb, "too large"),
    "not-xz": (lambda: b"nonsense", "damaged"),
    "cut": (lambda: tar_xz((member("a"), bytes(range(256)) * 400))[:200], "damaged"),
}
