"""The token of the server over HTTP: made once, private, and nobody's who cannot show it."""

from pathlib import Path
from typing import Any

import anyio
import pytest

from mithridate.mcp.http import TOKEN_FILE, _Guarded, token_of
from mithridate.model.errors import UsageError


def test_it_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    token = token_of(tmp_path)
    assert len(token) >= 40 and token_of(tmp_path) == token
    assert (tmp_path / TOKEN_FILE).stat().st_mode & 0o777 == 0o600
    other = tmp_path / "other"
    other.mkdir()
    assert token_of(other) != token


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o620, 0o604])
def test_one_that_others_can_read_is_refused(mode: int, tmp_path: Path) -> None:
    token_of(tmp_path)
    (tmp_path / TOKEN_FILE).chmod(mode)
    with pytest.raises(UsageError, match="can be read by other users"):
        token_of(tmp_path)


@pytest.mark.parametrize("content", ["", "\n", "short", "x" * 19 + "\n"])
def test_one_that_can_be_guessed_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / TOKEN_FILE).write_text(content)
    (tmp_path / TOKEN_FILE).chmod(0o600)
    with pytest.raises(UsageError, match="too short"):
        token_of(tmp_path)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([(b"authorization", b"Bearer the-token")], 0),
        ([(b"accept", b"*/*"), (b"authorization", b"Bearer the-token")], 0),
        ([], 401),
        ([(b"authorization", b"Bearer ")], 401),
        ([(b"authorization", b"Bearer the-toke")], 401),
        ([(b"authorization", b"Bearer the-token2")], 401),
        ([(b"authorization", b"the-token")], 401),
        ([(b"authorization", b"Bearer wrong"), (b"authorization", b"Bearer the-token")], 401),
        ([(b"x-authorization", b"Bearer the-token")], 401),
    ],
)
def test_who_does_not_show_it_gets_no_further(headers: list[tuple[bytes, bytes]], status: int) -> None:
    inside: list[str] = []
    sent: list[dict[str, Any]] = []

    async def app(scope: Any, _: Any, __: Any) -> None:
        inside.append(scope["type"])

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is read of who has not shown it")

    anyio.run(_Guarded(app, "the-token"), {"type": "http", "headers": headers}, receive, send)
    assert (inside, [m["status"] for m in sent if "status" in m]) == ((["http"], []) if not status else ([], [401]))
