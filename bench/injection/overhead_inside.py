"""The part of the overhead bench that runs inside the sandbox: the same requests to an application, bare and observed.

    overhead_inside.py OBSERVER SOURCE KIND IMPORT BODY BLOCKS REQUESTS

One process for each mode, all in one run; blocks of requests go to them by turns, so that what disturbs one disturbs all.
`bare`: nothing of the observer is installed. `observed`: sinks and accessors are, and a run is in progress whose marks are in the
requests. `covered`: with line coverage too, as exploring runs have. Prints one JSON object a block.
"""

# mypy: disable-error-code="import-not-found"

import asyncio
import io
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

MODES = ("bare", "observed", "covered")


def main() -> None:
    """Start a process for each mode and give them blocks by turns."""
    blocks, requests = int(sys.argv[6]), int(sys.argv[7])
    command = [sys.executable, *sys.argv[:6]]
    workers = {
        mode: subprocess.Popen([*command, mode], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for mode in MODES
    }
    for block in range(-1, blocks):  # the first is for caches to fill
        for mode in MODES[block % len(MODES) :] + MODES[: block % len(MODES)]:
            worker = workers[mode]
            assert worker.stdin is not None and worker.stdout is not None
            worker.stdin.write(f"{requests}\n")
            worker.stdin.flush()
            answer = json.loads(worker.stdout.readline())
            if block >= 0:
                print(json.dumps({"mode": mode, "block": block, "requests": requests, **answer}), flush=True)
    for worker in workers.values():
        worker.communicate()


def work(mode: str) -> None:
    """A worker: for each line on standard input, that many requests."""
    observer, source, kind, imported, body = sys.argv[1:6]
    sys.path.insert(0, observer)
    answers, sys.stdout = sys.stdout, sys.stderr
    tokens = _Tokens()
    before, each = (_nothing, _nothing) if mode == "bare" else _observe(source, tokens, with_coverage=mode == "covered")
    sys.path.insert(1, source)
    os.chdir(source)
    send = _opened(kind, imported, is_bare=mode == "bare")
    made = _requests(tokens.text, body)
    before()
    for line in sys.stdin:
        count = int(line)
        cpu, wall = time.process_time(), time.perf_counter()
        for number in range(count):
            each()
            status = send(made[number % len(made)])
            if status >= 400:
                raise RuntimeError(f"{made[number % len(made)].path} gave {status}")
        told = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}
        print(json.dumps(told), file=answers, flush=True)


def _nothing() -> None:
    """A bare application is not told that a request begins."""


class _Tokens:
    """The marks of the run, drawn alike in each mode."""

    def __init__(self) -> None:
        from mithridate_observer.marks import Marks

        self.marks = Marks({0}, random.Random(1))
        self.text = self.marks.put("\ue000\ue100amber\ue001\ue100")


def _observe(source: str, tokens: _Tokens, *, with_coverage: bool) -> tuple[Callable[[], None], Callable[[], None]]:
    """Install what a batch installs. Gives what begins a run's process, and what begins a document's step."""
    from mithridate_observer import recording, sinks
    from mithridate_observer.accessors.install import install
    from mithridate_observer.asked import book
    from mithridate_observer.coverage import Coverage
    from mithridate_observer.places import Places
    from mithridate_observer.tree import Tree

    tree = Tree(source, writable=False)
    places = Places(tree)
    recorder = recording.Recorder(lambda _record: None, tree.roots)
    recording.active = recorder
    sinks.install(recorder)
    install(places)

    def before() -> None:
        if with_coverage:
            Coverage(places).watch(True)

    def each() -> None:
        book.marks = None
        recorder.begin(0, "attack", tokens.marks.told())
        book.forget()
        places.forget()
        book.marks = tokens.marks

    return before, each


def _opened(kind: str, imported: str, *, is_bare: bool) -> Callable[[Any], int]:
    """The application as a function from a request to its status."""
    from mithridate_observer.doors import asgi, importing, wsgi

    application = importing.find(imported)
    if kind == "asgi":
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        lifespan = asgi.Lifespan(application)
        loop.run_until_complete(lifespan.start())
        return lambda request: loop.run_until_complete(asgi.call(application, request, lifespan.state)).status

    def send(request: Any) -> int:
        environ = wsgi.environ_of(request)
        if is_bare:
            environ = {**dict.copy(environ), "wsgi.input": io.BytesIO(request.body)}
        return _called(application, environ)

    return send


def _called(application: Any, environ: dict[str, Any]) -> int:
    started: list[str] = []

    def start_response(status: str, _headers: Any, _error: Any = None) -> Any:
        started.append(status)
        return lambda _data: None

    parts = application(environ, start_response)
    b"".join(parts)
    if hasattr(parts, "close"):
        parts.close()
    return int(started[0][:3])


def _requests(text: str, body: str) -> list[Any]:
    from mithridate_observer.documents import Values
    from mithridate_observer.doors.requests import build
    from mithridate_observer.marks import Marks

    values = Values(Marks(set(), random.Random(0)))
    item: dict[str, Any] = {"name": text, "note": "as new"}
    told: list[dict[str, Any]] = [
        {"method": "GET", "path": "/", "query": [["name", text]]},
        {"method": "POST", "path": "/item", body: item if body == "json" else [list(pair) for pair in item.items()]},
        {"method": "GET", "path": "/search", "query": [["q", text]]},
        {"method": "GET", "path": "/api", "query": [["q", "item"]]},
    ]
    return [build(one, values, [], []) for one in told]


if __name__ == "__main__":
    if sys.argv[-1] in MODES:
        work(sys.argv[-1])
    else:
        main()
