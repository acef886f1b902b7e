"""Sizes, times and broken messages: each is bounded, and each is answered."""

import json
import os
import threading
from base64 import b64encode
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mithridate.mcp.answering import fenced, packed
from mithridate.mcp.streams import TOO_LONG, Lines
from tests.mcp.conftest import DOOR, Served, Talk
from tests.mcp.test_tools import MENDED, diff, finding

LARGE = 1 << 20


def test_an_input_that_is_too_large_is_refused_and_so_is_a_message(scanned: Served) -> None:
    before = len(scanned.log())

    async def work(talk: Talk) -> None:
        just = await talk.ask("run_input", project="notes", entry_point=DOOR, base64=b64encode(b"x" * LARGE).decode())
        assert just["size"] == LARGE
        for size in (LARGE + 1, 2 * LARGE):
            text = "x" * size
            told = await talk.refused("run_input", project="notes", entry_point=DOOR, text=text)
            assert told == {"kind": "unusable", "message": f"the input has more than {LARGE} bytes", "hint": ""}
        over = await talk.refused("run_input", project="notes", entry_point=DOOR, text="x" * (5 * LARGE))
        assert "a message of more than" in over["message"]
        assert "more than" in (await talk.refused("test_patch", run=scanned.run, finding="M", diff="x" * (LARGE + 1)))["message"]
        assert (await talk.ask("list_runs"))["in_all"] == 1  # and it goes on

    scanned.talk(work)
    ended = scanned.calls(before)
    assert (TOO_LONG, "unusable") in ended and len(ended) >= 6  # others may use what all read at the same time


@pytest.mark.parametrize(
    ("tool", "arguments", "why"),
    [
        ("nothing", {}, "there is no tool 'nothing'"),
        ("list_findings", {}, "run: Field required"),
        ("list_findings", {"run": 5}, "run: Input should be a valid string"),
        ("list_findings", {"run": "x", "limit": 10**9}, "limit: Input should be less than or equal to 500"),
        ("list_findings", {"run": "x", "limit": "5"}, "limit: Input should be a valid integer"),
        ("list_findings", {"run": "x", "ran": "x"}, "ran: Extra inputs are not permitted"),
        ("list_findings", {"run": "x" * 501}, "run: String should have at most 500 characters"),
        ("ask_estate", {"files": []}, "files: List should have at least 1 item"),
        ("ask_estate", {"files": ["bank"], "spend": -1}, "spend: Input should be greater than or equal to 0"),
        ("prove", {}, "give either bundle, or run and finding"),
        ("prove", {"run": "x"}, "give either bundle, or run and finding"),
        ("list_entry_points", {"run": "x", "project": "y"}, "give either run or project"),
    ],
)
def test_broken_arguments_are_told_by_name(scanned: Served, tool: str, arguments: dict[str, Any], why: str) -> None:
    before = len(scanned.log())

    async def work(talk: Talk) -> None:
        data = await talk.refused(tool, **arguments)
        assert data["kind"] == "unusable" and why in data["message"]

    scanned.talk(work)
    assert (tool, "unusable") in scanned.calls(before)  # others may use what all read at the same time


def test_an_answer_is_shortened_to_fit_and_says_so(scanned: Served) -> None:
    async def work(talk: Talk) -> None:
        of = await finding(talk, scanned.run)
        answered = await talk.call("read_finding", run=scanned.run, finding=of)
        assert len(answered.parts[1]) <= 4 << 10
        assert "shortened to fit" in answered.parts[0] and answered.data["finding"]["id"] == of

    scanned.talk(work, "--answer", "4")


def test_a_call_that_takes_too_long_is_ended_and_the_next_one_is_answered(own: Served) -> None:
    before = len(own.log())

    async def work(talk: Talk) -> None:
        told = await talk.refused("test_patch", run=own.run, finding=await finding(talk, own.run), diff=diff(MENDED))
        assert told["kind"] == "budget" and "time that a call may take" in told["message"]
        assert (await talk.ask("list_runs"))["in_all"] == 1

    own.talk(work, "--budget", "3s")
    assert ("test_patch", "budget") in own.calls(before)


def test_so_is_one_that_uses_too_much_of_the_processor(own: Served) -> None:
    async def work(talk: Talk) -> None:
        told = await talk.refused("test_patch", run=own.run, finding=await finding(talk, own.run), diff=diff(MENDED))
        assert told["kind"] == "budget" and "CPU time" in told["message"]

    own.talk(work, "--cpu", "2s")


def test_a_call_that_nobody_wants_any_more_ends_with_all_that_it_started(own: Served) -> None:
    before = len(own.log())

    async def work(talk: Talk) -> None:
        of = await finding(talk, own.run)
        started = anyio.Event()

        async def told(_progress: float, _total: float | None, message: str | None) -> None:
            if message == "gate":
                started.set()

        async with anyio.create_task_group() as tasks:

            async def patch() -> None:
                arguments = {"run": own.run, "finding": of, "diff": diff(MENDED)}
                await talk.client.call_tool("test_patch", arguments, progress_callback=told)

            tasks.start_soon(patch)
            await started.wait()
            tasks.cancel_scope.cancel()
        assert (await talk.ask("list_runs"))["in_all"] == 1
        with anyio.fail_after(60):
            while ("test_patch", "cancelled") not in own.calls(before):
                await anyio.sleep(0.2)
            while any("sh" in line or "bwrap" in line for line in sandboxes(own)):
                await anyio.sleep(0.2)
        # the run is held no longer
        again = await talk.ask("test_patch", run=own.run, finding=of, diff=diff(MENDED).replace("malloc(4)", "malloc(40)"))
        assert again["stopped_by"] == "applies"

    own.talk(work)
    assert not list(own.home.glob("mithridate-*"))


def sandboxes(served: Served) -> list[str]:
    """The command lines of processes in sandboxes that have to do with the data directory."""
    from tests.e2e.program import Mithridate

    return [line for line in Mithridate(served.place).processes().values() if "bwrap" in line]


# What the target says, between its fences.


def test_nothing_that_a_program_says_or_is_called_stands_outside_of_the_fences(scanned: Served) -> None:
    async def work(talk: Talk) -> None:
        (door,) = [e["id"] for e in (await talk.ask("list_entry_points", project="loud"))["entry_points"]]
        for text, where in (("calm", "stdout"), ("!", "violations")):
            answered = await talk.call("run_input", project="loud", entry_point=door, text=text)
            opening, document, closing = answered.parts
            assert "approve" in document and "approve" not in opening + closing
            assert document.isascii() and "\\u202e" not in document and "\\u001b" not in document
            assert closing not in document and "approve" in str(answered.data[where])
            assert opening.startswith("run_input: done.\n=== data ") and opening.count("\n") == 1

    scanned.talk(work)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(), inner, max_size=20),
    max_leaves=50,
)


@given(JSON, st.integers(min_value=100, max_value=5000))
def test_every_answer_fits_and_is_json_of_visible_characters(value: Any, most: int) -> None:
    made = packed({"value": value}, most)
    assert len(made.text) <= most and made.text.isascii()
    read = json.loads(made.text)
    assert made.shortened or len(read) == 1
    for text in texts(read):
        assert all(c.isprintable() or c in "\n\r\t" for c in text)


def texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for one in inner for text in texts(one)]


KEY = "AKIA" + "IOSFODNN7EXAMPLE"


def test_secrets_are_taken_out_of_answers_and_names_are_not() -> None:
    said = {"stdout": f"loaded {KEY}\npassword = hunter2long\n", "of": [{KEY: f"key {KEY}"}], "id": "secret:shop/db"}
    made = packed(said, 10_000)
    assert KEY not in made.text and "hunter2long" not in made.text and "redacted" in made.text
    assert json.loads(made.text)["id"] == "secret:shop/db" and not made.shortened
    named = packed({"nodes": ["app.auth:password:reset", f"host:{KEY}", f"https://user:{KEY}@host"]}, 10_000).text
    assert "app.auth:password:reset" in named and KEY not in named


def test_no_half_of_a_secret_is_left_where_a_text_is_cut() -> None:
    for cap in (64 << 10, 4 << 10):
        text = packed({"a": "x " * (cap // 2 - 4) + KEY + " y" * 100_000}, cap + 1000).text
        assert "more characters" in text and KEY[:8] not in text


def test_no_two_fences_are_alike() -> None:
    assert len({fenced("words", "{}")[2] for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("sent", "heard"),
    [
        (b"one\ntwo\n\nthree", ["one", "two", "three"]),
        (b"a" * 100 + b"\n", ["a" * 100]),
        (b'{"id":7,"long":"' + b"a" * 100_000 + b'"}\nnext\n', [7, "next"]),
        (b'{"long":"' + b"a" * 100_000 + b'","id": "q-1"}\nnext\n', ["q-1", "next"]),
        (b'{"long":"\\"id\\":3' + b"a" * 300_000 + b'"}\nnext\n', ["next"]),
        (b"a" * 101 + b"\nnext\n", ["next"]),
        (b"a" * 100_000, []),
        (b"\xff\n", ["\ufffd"]),
    ],
)
def test_lines_that_are_too_long_are_not_kept_and_stand_for_a_call_that_is_answered(sent: bytes, heard: list[Any]) -> None:
    async def main() -> list[Any]:
        read, write = os.pipe()

        def fill() -> None:
            with os.fdopen(write, "wb") as pipe:
                pipe.write(sent)

        threading.Thread(target=fill, daemon=True).start()
        found: list[Any] = []
        async for line in Lines(read, 100):
            long = json.loads(line) if TOO_LONG in line else None
            found.append(long["id"] if long else line)
        os.close(read)
        return found

    assert anyio.run(main) == heard
