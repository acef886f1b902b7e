"""What was asked of models in a run and what they said, on disk before anything else happens.

Below the run's directory: `exchanges/<key>.json` for each finished exchange, `<key>.sending` while one is in the air,
`sent/<sha256>` for the bytes of every request that left, and `made/<sha256>.json` for what each program of a model printed.
"""

import base64
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mithridate.model.errors import UsageError
from mithridate.model.exchange import Answer, Attempt, Outcome, Question, ToolCall
from mithridate.store.seal import Seal

MODELS = "models"
"""The folder of a run's area for all this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A finished exchange: its attempts in order, and the answer or None."""

    key: str
    role: str
    thread: str
    position: int
    attempts: tuple[Attempt, ...]
    answer: Answer | None
    why: str
    replayed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """An exchange in the air, as it was noted before its first byte left: to whom, and what it costs at most."""

    key: str
    role: str
    provider: str
    tokens: int
    eur: float
    attempts: tuple[Attempt, ...]


class Exchanges:
    """The exchanges of one run, whose area is `area`."""

    def __init__(self, area: Path, seal: Seal) -> None:
        self._exchanges = area / MODELS / "exchanges"
        self._sent = area / MODELS / "sent"
        self._made = area / MODELS / "made"
        self._seal = seal

    def find(self, key: str) -> Kept | None:
        """The finished exchange with that key."""
        content = self._read(self._exchanges / f"{key}.json")
        return None if content is None else _kept(content)

    def flight(self, key: str) -> Flight | None:
        """What was in the air when the process died."""
        content = self._read(self._exchanges / f"{key}.sending")
        return None if content is None else _flight(content)

    def depart(self, flight: Flight) -> None:
        """Note on disk that an exchange is about to leave."""
        self._write(self._exchanges / f"{flight.key}.sending", asdict(flight))

    def returned(self, key: str) -> None:
        """Nothing of it is in the air, and it is not finished: the provider did not take it."""
        (self._exchanges / f"{key}.sending").unlink(missing_ok=True)

    def keep(self, question: Question, kept: Kept) -> None:
        """Keep a finished exchange with what was asked, whole."""
        asked = json.loads(question.canonical())
        self._write(self._exchanges / f"{kept.key}.json", {**asdict(kept), "question": asked})
        self.returned(kept.key)

    def keys(self) -> Iterator[str]:
        """The keys of all finished exchanges."""
        yield from (path.stem for path in sorted(self._exchanges.glob("*.json")) if self._exchanges.is_dir())

    def all(self) -> Iterator[Kept]:
        """All finished exchanges of the run."""
        for path in sorted(self._exchanges.glob("*.json")) if self._exchanges.is_dir() else ():
            content = self._read(path)
            if content is not None:
                yield _kept(content)

    def flights(self) -> Iterator[Flight]:
        """All that is, or was, in the air."""
        for path in sorted(self._exchanges.glob("*.sending")) if self._exchanges.is_dir() else ():
            content = self._read(path)
            if content is not None:
                yield _flight(content)

    def put_sent(self, body: bytes) -> str:
        """Keep the bytes of a request that is about to leave; their SHA-256."""
        digest = hashlib.sha256(body).hexdigest()
        path = self._sent / digest
        if not path.exists():
            _durably(path, self._seal.close(body))
        return digest

    def sent(self, digest: str) -> bytes:
        """The bytes of a request that left. UsageError when they are gone or damaged."""
        try:
            body = self._seal.open((self._sent / digest).read_bytes())
        except FileNotFoundError:
            raise UsageError(f"the text {digest[:12]} is no longer kept") from None
        if hashlib.sha256(body).hexdigest() != digest:
            raise UsageError(f"the text {digest[:12]} was changed since it was sent")
        return body

    def keep_made(self, program: str, made: bytes | str) -> None:
        """Keep the bytes that a program printed, or the sentence why it printed none."""
        content = {"bytes": base64.b64encode(made).decode()} if isinstance(made, bytes) else {"why": made}
        self._write(self._of_program(program), content)

    def made(self, program: str) -> bytes | str | None:
        """What a program printed when it ran, or why it printed nothing; None when it has not run."""
        content = self._read(self._of_program(program))
        if content is None:
            return None
        return base64.b64decode(content["bytes"]) if "bytes" in content else str(content["why"])

    def _of_program(self, program: str) -> Path:
        return self._made / f"{hashlib.sha256(program.encode('utf-8', 'backslashreplace')).hexdigest()}.json"

    def _write(self, path: Path, content: dict[str, Any]) -> None:
        _durably(path, self._seal.close(json.dumps(content, sort_keys=True).encode()))

    def _read(self, path: Path) -> dict[str, Any] | None:
        try:
            data = self._seal.open(path.read_bytes())
        except FileNotFoundError:
            return None
        try:
            content: dict[str, Any] = json.loads(data)
        except ValueError as error:
            raise UsageError(f"the exchange {path.name[:12]} is damaged in the store") from error
        return content


def _durably(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)


def _attempts(content: dict[str, Any]) -> tuple[Attempt, ...]:
    return tuple(Attempt(**{**one, "outcome": Outcome(one["outcome"])}) for one in content["attempts"])


def _flight(content: dict[str, Any]) -> Flight:
    return Flight(**{**content, "attempts": _attempts(content)})


def _kept(content: dict[str, Any]) -> Kept:
    said = content["answer"]
    answer = Answer(**{**said, "calls": tuple(ToolCall(**call) for call in said["calls"])}) if said else None
    fields = {name: value for name, value in content.items() if name != "question"}
    return Kept(**{**fields, "attempts": _attempts(content), "answer": answer})
