"""An OpenAI-compatible server on loopback that answers by a script, well or badly, and remembers every byte that it was sent."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the server does with one request. `calls` are (tool, arguments); `raw` replaces the whole body; `delay_s` comes first.

    `filler` bytes of text make the answer large; `hang_up` closes the connection without an answer, `cut` after so many bytes.
    `packing` is what the answer says of its encoding.
    """

    text: str = ""
    calls: Sequence[tuple[str, Json | str]] = ()
    status: int = 200
    retry_after: str = ""
    location: str = ""
    raw: bytes | None = None
    refusal: str = ""
    finish: str = ""
    delay_s: float = 0.0
    filler: int = 0
    hang_up: bool = False
    cut: int = 0
    packing: str = ""
    tokens: tuple[int, int] = (1000, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def asked(self) -> Json:
        """The body as JSON."""
        found: Json = json.loads(self.body)
        return found

    @property
    def system(self) -> str:
        """The prompt of the role."""
        return str(self.asked["messages"][0]["content"])

    @property
    def said(self) -> str:
        """All that was said to the model after its prompt."""
        return "\n".join(str(m.get("content") or "") for m in self.asked["messages"][1:])

    @property
    def exchanges(self) -> int:
        """How many turns of the model the conversation holds."""
        return sum(m["role"] == "assistant" for m in self.asked["messages"])

    def is_for(self, role: str) -> bool:
        """True when the prompt is that of the role."""
        return self.system == prompt_of(role)


Script = Callable[[Received], Reply]


def prompt_of(role: str) -> str:
    """The prompt of a role, as it is sent."""
    from importlib.resources import files

    return files("mithridate.agents").joinpath("prompts", f"{role}.md").read_text()


@dataclass(slots=True)
class Server:
    """The server at work."""

    address: str
    received: list[Received] = field(default_factory=list)
    script: Script = lambda _: Reply(text="{}")

    def of(self, role: str) -> list[Received]:
        """The requests of one role."""
        return [one for one in self.received if one.is_for(role)]


@contextmanager
def serving(script: Script) -> Iterator[Server]:
    """A server on loopback for as long as the block runs."""
    holder: list[Server] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Nothing: the tests look at what was received."""

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            got = Received(method=self.command, path=self.path, headers=dict(self.headers.items()), body=body)
            holder[0].received.append(got)
            reply = holder[0].script(got)
            time.sleep(reply.delay_s)
            try:
                self._write(got, reply)
            except OSError:  # the client has gone: that is what it is tested for
                self.close_connection = True

        def _write(self, got: Received, reply: Reply) -> None:
            if reply.hang_up:
                self.close_connection = True
                self.connection.close()
                return
            streams = reply.status == 200 and reply.raw is None and got.asked.get("stream")
            content = reply.raw if reply.raw is not None else _streamed(reply) if streams else _whole(reply)
            self.send_response(reply.status)
            self.send_header("content-type", "text/event-stream" if streams else "application/json")
            self.send_header("content-length", str(len(content)))
            if reply.retry_after:
                self.send_header("retry-after", reply.retry_after)
            if reply.location:
                self.send_header("location", reply.location)
            if reply.packing:
                self.send_header("content-encoding", reply.packing)
            self.end_headers()
            self.wfile.write(content[: reply.cut or None])
            self.close_connection = self.close_connection or bool(reply.cut)

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    holder.append(Server(address=f"http://127.0.0.1:{httpd.server_address[1]}/v1", script=script))
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield holder[0]
    finally:
        httpd.shutdown()
        httpd.server_close()


def _message(reply: Reply) -> Json:
    text = reply.text + "x" * reply.filler
    message: Json = {"role": "assistant", "content": text or None}
    if reply.refusal:
        message["refusal"] = reply.refusal
    if reply.calls:
        message["tool_calls"] = [
            {"id": f"call_{n}", "type": "function", "function": {"name": name, "arguments": _text(given)}}
            for n, (name, given) in enumerate(reply.calls)
        ]
    return message


def _text(given: Json | str) -> str:
    return given if isinstance(given, str) else json.dumps(given)


def _whole(reply: Reply) -> bytes:
    if reply.status != 200:
        return json.dumps({"error": {"message": "told to fail", "type": "scripted", "code": None}}).encode()
    finish = reply.finish or ("tool_calls" if reply.calls else "stop")
    used = {"prompt_tokens": reply.tokens[0], "completion_tokens": reply.tokens[1], "total_tokens": sum(reply.tokens)}
    choice = {"index": 0, "message": _message(reply), "finish_reason": finish, "logprobs": None}
    head = {"id": "scripted", "object": "chat.completion", "created": 1, "model": "scripted"}
    return json.dumps({**head, "choices": [choice], "usage": used}).encode()


def _streamed(reply: Reply) -> bytes:
    message = _message(reply)
    deltas: list[Json] = [{"role": "assistant", "content": ""}]
    text = message["content"] or ""
    step = max(20, len(text) // 200)
    deltas += [{"content": text[at : at + step]} for at in range(0, len(text), step)]
    for n, call in enumerate(message.get("tool_calls", [])):
        deltas.append({"tool_calls": [{**call, "index": n, "function": {"name": call["function"]["name"], "arguments": ""}}]})
        said = call["function"]["arguments"]
        deltas += [
            {"tool_calls": [{"index": n, "function": {"arguments": said[at : at + 30]}}]} for at in range(0, len(said), 30)
        ]
    finish = reply.finish or ("tool_calls" if reply.calls else "stop")
    used = {"prompt_tokens": reply.tokens[0], "completion_tokens": reply.tokens[1], "total_tokens": sum(reply.tokens)}
    head = {"id": "scripted", "object": "chat.completion.chunk", "created": 1, "model": "scripted"}
    chunks: list[Json] = [{**head, "choices": [{"index": 0, "delta": d, "finish_reason": None}]} for d in deltas]
    chunks.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    chunks.append({**head, "choices": [], "usage": used})
    return b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"
