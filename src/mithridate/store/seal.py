"""Text at rest, sealed when the scope says so: Fernet (AES-128-CBC with HMAC-SHA-256), the key in the data directory."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from mithridate.model.errors import UsageError

KEY_FILE = "exchanges.key"
_MARK = b"mithridate-sealed-1\n"


class Seal:
    """Seals and opens what is kept of exchanges with models. `sealing` False writes plainly; both kinds can be opened."""

    def __init__(self, home: Path, *, sealing: bool) -> None:
        self._key_file = home / KEY_FILE
        self._sealing = sealing

    def close(self, data: bytes) -> bytes:
        """What is to be written."""
        return _MARK + self._fernet(make=True).encrypt(data) if self._sealing else data

    def open(self, data: bytes) -> bytes:
        """What was written. UsageError when the key is not here or another one."""
        if not data.startswith(_MARK):
            return data
        try:
            return self._fernet(make=False).decrypt(data.removeprefix(_MARK))
        except InvalidToken:
            raise UsageError(f"the key {self._key_file} does not open what the exchanges were sealed with") from None

    def _fernet(self, *, make: bool) -> Fernet:
        if make and not self._key_file.exists():
            self._make()
        try:
            return Fernet(self._key_file.read_bytes())
        except (OSError, ValueError) as error:
            raise UsageError(f"the key {self._key_file} for sealed exchanges cannot be used") from error

    def _make(self) -> None:
        """A new key, there whole or not at all. One that another process made in the meantime stays."""
        descriptor, name = tempfile.mkstemp(prefix=f".{KEY_FILE}.", dir=self._key_file.parent)  # 0600
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(Fernet.generate_key())
                stream.flush()
                os.fsync(stream.fileno())
            with suppress(FileExistsError):
                os.link(name, self._key_file)
        finally:
            Path(name).unlink()
