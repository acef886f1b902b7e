"""Beginning, end, several clients, and HTTP."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.lowlevel import Server

from mithridate.mcp.http import TOKEN_FILE
from mithridate.mcp.http import over_http as over
from mithridate.mcp.settings import Settings
from tests.mcp.conftest import CLEAN, DOOR, PROGRAM, SOURCES, Served, Talk
from tests.mcp.test_tools import MENDED, diff, finding

HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "a test", "version": "1"}},
}
CALL = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "list_runs", "arguments": {}}}


def start(served: Served, *options: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, *PROGRAM, "mcp", str(served.directory), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "MITHRIDATE_HOME": str(served.home), "PYTHONPATH": str(SOURCES)},
        cwd=served.place,
    )


def send(process: subprocess.Popen[bytes], *messages: object) -> None:
    assert process.stdin is not None
    for message in messages:
        process.stdin.write(json.dumps(message).encode() + b"\n")
    process.stdin.flush()


def workers(served: Served) -> list[int]:
    """Our processes that hold the data directory."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            line = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if b"mithridate.mcp.worker" in line and os.fsencode(served.home) in line:
            found.append(int(entry.name))
    return found


def all_gone(served: Served) -> bool:
    until = time.monotonic() + 30
    while workers(served) and time.monotonic() < until:
        time.sleep(0.1)
    return not workers(served) and not list(served.home.glob("mithridate-mcp-*"))


def test_the_end_of_standard_input_ends_it_and_nothing_but_the_protocol_was_said(own: Served) -> None:
    with start(own, *map(str, own.also)) as process:
        send(process, HELLO, {"jsonrpc": "2.0", "method": "notifications/initialized"}, CALL)
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        assert process.stdin is not None
        process.stdin.close()
        began = time.monotonic()
        rest = process.stdout.read()
        assert process.wait(60) == 0
        assert time.monotonic() - began < 20  # two seconds on a machine with nothing else to do
    answers = {message["id"]: message for message in map(json.loads, lines)}
    assert answers[1]["result"]["serverInfo"]["name"] == "mithridate"
    assert json.loads(answers[2]["result"]["content"][1]["text"])["in_all"] == 1
    assert rest == b""
    assert all_gone(own)
    called = [r for r in own.log() if r.action == "mcp.called"][-1]
    assert called.facts["client"] == "a test 1"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_the_middle_of_a_call(own: Served, number: signal.Signals) -> None:
    before = len(own.log())
    with start(own, "--tool", "list_entry_points") as process:
        for path in own.directory.joinpath("notes").glob("*.c"):
            path.write_text(path.read_text() + "\n/* a content that nobody has built */\n")
        asked = {"name": "list_entry_points", "arguments": {"project": "notes"}}
        send(process, HELLO, {"jsonrpc": "2.0", "method": "notifications/initialized"}, {**CALL, "params": asked})
        until = time.monotonic() + 100
        while not any(r.action == "sandbox.opened" for r in own.log()[before:]) and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(number)
        assert process.wait(60) == 130
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()
    assert all_gone(own)
    assert own.calls(before) == [("list_entry_points", "cancelled")]


def test_broken_messages_end_nothing(scanned: Served) -> None:
    with start(scanned) as process:
        assert process.stdin is not None
        process.stdin.write(b"nonsense\n{}\n\xff\xfe\n[1,2]\n")
        process.stdin.write(b"[" * 100_000 + b"\n")
        send(process, HELLO, {"jsonrpc": "2.0", "method": "notifications/initialized"}, CALL)
        process.stdin.flush()
        found = {}
        assert process.stdout is not None
        while 2 not in found:
            message = json.loads(process.stdout.readline())
            found[message.get("id")] = message
        assert "result" in found[2]
        process.stdin.close()
        assert process.wait(60) == 0


def test_two_clients_at_once_each_have_their_answers_and_one_log(own: Served) -> None:
    before = len(own.log())

    async def one(talk: Talk) -> None:
        for _ in range(3):
            assert (await talk.ask("run_input", project="notes", entry_point=DOOR, text=CLEAN))["verdict"] == "clean"

    async def other(talk: Talk) -> None:
        away = diff(MENDED).replace("malloc(4)", "malloc(40)")
        of = await finding(talk, own.run)
        assert (await talk.ask("test_patch", run=own.run, finding=of, diff=away))["stopped_by"] == "applies"

    async def main() -> None:
        async with (
            Client(stdio_client(own.parameters())) as first,
            Client(stdio_client(own.parameters())) as second,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(one, Talk(first))
            tasks.start_soon(other, Talk(second))
            tasks.start_soon(other, Talk(second))  # for the same run: one waits for the other

    anyio.run(main)
    ended = own.calls(before)
    assert ended.count(("run_input", "answered")) == 3 and ended.count(("test_patch", "answered")) == 2
    called = [r for r in own.log()[before:] if r.action == "mcp.called"]
    assert len(called) == len(ended)


def test_without_the_sdk_there_is_one_sentence_and_exit_code_5(scanned: Served) -> None:
    code = "import sys; sys.modules['mcp_types'] = None\nfrom mithridate.cli.main import run; run()"
    done = subprocess.run(
        [sys.executable, "-c", code, "mcp", scanned.directory], capture_output=True, text=True, env={**os.environ}, check=False
    )
    assert done.returncode == 5 and done.stdout == ""
    assert done.stderr.splitlines() == [
        "mithridate: the SDK of the Model Context Protocol is not installed",
        "  pip install 'mithridate[models]'",
    ]


def test_nothing_but_the_command_itself_loads_the_sdk() -> None:
    code = (
        "import sys\nfrom mithridate.cli.main import main\nmain(['mcp', '--help'])\n"
        "import mithridate.pipeline, mithridate.mcp.abilities.registry\n"
        "print(sorted(name for name in ('mcp', 'mcp_types', 'uvicorn') if name in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["/nowhere/at/all"], "there is no directory /nowhere/at/all"),
        ([".", "--scope", "/nowhere.toml"], "there is no scope file /nowhere.toml"),
        ([".", "--tool", "shell"], "there is no tool 'shell'"),
        ([".", "--sandbox", "none"], "no sandbox is called 'none'"),
        ([".", "--budget", "soon"], "'soon' is not a duration"),
        ([], "Missing argument"),
    ],
)
def test_wrong_options_are_told_before_anything_is_served(scanned: Served, arguments: list[str], why: str) -> None:
    env = {**os.environ, "MITHRIDATE_HOME": str(scanned.home)}
    done = subprocess.run([sys.executable, *PROGRAM, "mcp", *arguments], capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 2 and done.stdout == ""
    assert why in done.stderr and "Traceback" not in done.stderr


@contextmanager
def over_http(served: Served) -> Iterator[tuple[str, str]]:
    """The address and the token of a server."""
    with start(served, "--http", "0") as process:
        assert process.stderr is not None
        line = process.stderr.readline().decode()
        assert "serving at http://127.0.0.1:" in line, line + process.stderr.read().decode()
        try:
            yield line.split()[2].rstrip(","), (served.home / TOKEN_FILE).read_text().strip()
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 130
            assert b"Traceback" not in process.stderr.read()


def test_over_http_the_same_tools_answer_who_holds_the_token(own: Served) -> None:
    async def main(address: str, token: str) -> None:
        async with (
            httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=100) as http,
            Client(streamable_http_client(address, http_client=http)) as first,
            Client(streamable_http_client(address, http_client=http)) as second,
        ):
            answers: list[str] = []

            async def one(client: Client) -> None:
                made = await Talk(client).ask("run_input", project="notes", entry_point=DOOR, text=CLEAN)
                answers.append(made["verdict"])

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(one, first)
                tasks.start_soon(one, second)
            assert answers == ["clean", "clean"]

    with over_http(own) as (address, token):
        anyio.run(main, address, token)
        assert (own.home / TOKEN_FILE).stat().st_mode & 0o777 == 0o600
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": token}):
            assert httpx2.post(address, json=HELLO, headers=headers).status_code == 401
        shown = {"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"}
        for name, value in (("Host", "example.org"), ("Origin", "http://example.org")):
            assert httpx2.post(address, json=HELLO, headers={**shown, name: value}).status_code in (403, 421)
        large = {**CALL, "params": {"name": "list_runs", "arguments": {"x": "y" * (3 << 20)}}}
        assert httpx2.post(address, json=large, headers=shown).status_code == 413
    assert all_gone(own)


def test_who_hears_the_address_is_let_in_at_once(tmp_path: Path) -> None:
    class LetIn(Exception):
        """The connection stood before anything was served."""

    def tell(text: str) -> None:
        with socket.create_connection(("127.0.0.1", int(text.split(":")[2].split("/")[0])), timeout=5):
            raise LetIn

    with pytest.raises(LetIn):
        anyio.run(over(0, tell), Server[dict[str, Any]]("a server"), Settings(home=tmp_path, roots=()))


def test_a_port_that_is_taken_is_told(scanned: Served) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with start(scanned, "--http", str(taken.getsockname()[1])) as process:
            assert process.wait(100) == 2
            assert process.stderr is not None
            assert b"cannot be used: Address already in use" in process.stderr.read()
