"""Standard input and output for the protocol alone.

The SDK's own reader takes lines of any length, and waits in a way that only more input ends. This one reads in a thread that
nobody has to wait for, and does not keep what is too long: it stands for a call of a tool that does not exist, so that whoever
asked is answered.
"""

import asyncio
import json
import os
import re
import threading
from collections.abc import AsyncIterator
from typing import BinaryIO

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

TOO_LONG = "(too long)"
"""The name of the tool that a message which was too long seems to call."""

_BLOCK = 64 << 10
_EDGE = 4 << 10
_PARAMS = {
    "name": TOO_LONG,
    "_meta": {  # since 2026 each request says this anew
        "io.modelcontextprotocol/protocolVersion": MODERN_PROTOCOL_VERSIONS[-1],
        "io.modelcontextprotocol/clientCapabilities": {},
    },
}
_ID = re.compile(rb'(?<!\\)"id"\s*:\s*([0-9]{1,15}|"[A-Za-z0-9_-]{1,100}")')


class Lines:
    """The lines of a descriptor as they come, none longer than `most` bytes. To be made where the event loop runs."""

    def __init__(self, descriptor: int, most: int) -> None:
        self._descriptor = descriptor
        self._most = most
        self._loop = asyncio.get_running_loop()
        self._send: MemoryObjectSendStream[str]
        self._receive: MemoryObjectReceiveStream[str]
        self._send, self._receive = anyio.create_memory_object_stream[str](0)
        threading.Thread(target=self._read, daemon=True).start()

    def __aiter__(self) -> AsyncIterator[str]:
        return self._receive.__aiter__()

    def _read(self) -> None:
        line, head, dropping = b"", b"", False
        try:
            while block := os.read(self._descriptor, _BLOCK):
                *whole, rest = block.split(b"\n")
                for part in whole:
                    line += part
                    self._pass(_in_its_place(head, line) if dropping or len(line) > self._most else line)
                    line, head, dropping = b"", b"", False
                line += rest
                if dropping or len(line) > self._most:
                    head, dropping = head or line[:_EDGE], True
                    line = line[-_EDGE:]
            if line and not dropping:
                self._pass(line)
            asyncio.run_coroutine_threadsafe(self._send.aclose(), self._loop).result()
        except (OSError, RuntimeError, anyio.BrokenResourceError, anyio.ClosedResourceError):
            return  # nobody listens any more

    def _pass(self, line: bytes) -> None:
        if line:
            asyncio.run_coroutine_threadsafe(self._send.send(line.decode("utf-8", "replace")), self._loop).result()


def _in_its_place(head: bytes, tail: bytes) -> bytes:
    """A short call with the number of the long one, which stands near its beginning or its end; nothing when it has none."""
    found = [*_ID.finditer(tail[-_EDGE:]), *_ID.finditer((head or tail)[:_EDGE])]
    if not found:
        return b""
    return json.dumps({"jsonrpc": "2.0", "id": json.loads(found[0][1]), "method": "tools/call", "params": _PARAMS}).encode()


def claim() -> tuple[int, BinaryIO]:
    """Take standard input and output for the protocol: what else reads or writes there gets nothing, or standard error."""
    lines, out = os.dup(0), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.dup2(2, 1)
    os.close(nowhere)
    return lines, out
