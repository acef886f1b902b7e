from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from mithridate.model.errors import UsageError
from mithridate.prove.keys import KEY_FILE, fingerprint, load_or_create, public_bytes


def test_the_key_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    first = load_or_create(tmp_path / "home")
    assert (tmp_path / "home" / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert public_bytes(load_or_create(tmp_path / "home")) == public_bytes(first)
    assert [p.name for p in (tmp_path / "home").iterdir()] == [KEY_FILE]


def test_many_that_start_together_share_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        made = {public_bytes(key) for key in pool.map(lambda _: load_or_create(tmp_path), range(32))}
    assert len(made) == 1


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o620, 0o604])
def test_a_key_that_others_may_read_is_refused(mode: int, tmp_path: Path) -> None:
    load_or_create(tmp_path)
    (tmp_path / KEY_FILE).chmod(mode)
    with pytest.raises(UsageError, match="read by other users"):
        load_or_create(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_broken_key_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_bytes(content)
    (tmp_path / KEY_FILE).chmod(0o600)
    with pytest.raises(UsageError, match="not a private key"):
        load_or_create(tmp_path)


def test_a_key_of_another_sort_is_refused(tmp_path: Path) -> None:
    other = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / KEY_FILE).write_bytes(other)
    (tmp_path / KEY_FILE).chmod(0o600)
    with pytest.raises(UsageError, match="not an Ed25519 key"):
        load_or_create(tmp_path)


def test_fingerprints_tell_keys_apart() -> None:
    assert fingerprint(b"a" * 32) != fingerprint(b"b" * 32)
    assert len(fingerprint(b"a" * 32)) == 16
