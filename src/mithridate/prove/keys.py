"""The key that signs this installation's proofs."""

import hashlib
import os
import secrets
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from mithridate.model.errors import UsageError

KEY_FILE = "signing-key.pem"


def load_or_create(home: Path) -> Ed25519PrivateKey:
    """The Ed25519 key in `home`, made on first use with mode 0600. Two processes that start together end up with one key.

    Raises UsageError when the file there is not such a key, or when others may read it.
    """
    path = home / KEY_FILE
    if not path.exists():
        _create(path)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise UsageError(f"The signing key {path} can be read by other users (mode {mode:04o}).", f"Run: chmod 600 {path}")
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UsageError(f"The signing key {path} is not a private key.", "Move it away; a new one is made.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"The signing key {path} is not an Ed25519 key.", "Move it away; a new one is made.")
    return key


def public_bytes(key: Ed25519PrivateKey | Ed25519PublicKey) -> bytes:
    """The 32 raw bytes of the public key."""
    public = key.public_key() if isinstance(key, Ed25519PrivateKey) else key
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)


def fingerprint(public: bytes) -> str:
    """A short name for a public key that people can compare: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(public).hexdigest()[:16]


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    draft = path.with_name(f"{KEY_FILE}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    try:
        # link() fails if another process was first, and then theirs is the key.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
