"""A small observer for tests: runs documents with calls, a process each, and writes records (docs/input-document.md).

    python small_observer.py TREE DIRECTORY SECONDS

It watches no sinks but `open` for a mark in the path, and counts no lines: another kind of returned value counts as new.
"""

import importlib
import io
import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SAMPLE_S = 0.1
"""CPU time after which it is looked where a run is, again and again: what is slow and ends has a place, too."""
TOKENS = {number: (f"opening{number:03d}", f"closing{number:03d}") for number in range(64)}


def value(told: Any) -> Any:
    if isinstance(told, str):
        return re.sub("([\ue000\ue001])([\ue100-\ue1ff])", lambda m: TOKENS[ord(m[2]) - 0xE100][m[1] == "\ue001"], told)
    if isinstance(told, dict) and "make" in told:
        if told["make"] == "join":
            return "".join(value(one) for one in told["of"])
        return value(told["of"]) * told["times"] if told["make"] == "repeat" else ""
    if isinstance(told, dict) and "python" in told:
        of = value(told.get("of"))
        makers: dict[str, Callable[[], Any]] = {
            "bytes": lambda: of.encode(),
            "file": lambda: io.BytesIO(of.encode()),
            "textfile": lambda: io.StringIO(of),
        }
        return makers.get(told["python"], lambda: None)()
    if isinstance(told, dict):
        return {key: value(one) for key, one in told.items()}
    return [value(one) for one in told] if isinstance(told, list) else told


def say(record: dict[str, Any]) -> None:
    os.write(1, json.dumps(record).encode() + b"\n")


def frames_of(frame: Any, tree: str) -> list[dict[str, Any]]:
    found = []
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(tree):
            found.append({"file": "/src" + file[len(tree) :], "line": frame.f_lineno, "function": frame.f_code.co_name})
        frame = frame.f_back
    return found


def watch_open(number: int, state: dict[str, Any], tree: str) -> None:
    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str) and any(t[0] in arguments[0] for t in TOKENS.values()):
            marks = [n for n, pair in TOKENS.items() if pair[0] in arguments[0]]
            real = os.path.realpath(arguments[0])
            detail = {"cwd": str(Path.cwd()), "real": real, "mode": "read"}
            observed: dict[str, Any] = {"sink": "path", "api": "open", "text": arguments[0], "dialect": "", "marks": marks}
            observed["detail"] = detail
            observed |= {"frames": frames_of(sys._getframe(1), tree), "stopped": True}
            say({"run": number, "phase": state["phase"], "observed": observed})
            raise PermissionError("stopped")

    sys.addaudithook(hook)


def carry_out(number: int, document: dict[str, Any], tree: str) -> None:
    state = {"phase": "control"}
    slow: list[dict[str, Any]] = []

    def look(_signal: int, frame: Any) -> None:
        slow[:] = frames_of(frame, tree) or slow

    signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, SAMPLE_S, SAMPLE_S)
    watch_open(number, state, tree)
    kinds: set[str] = set()
    for phase in ("control", "attack"):
        state["phase"] = phase
        say({"run": number, "phase": phase, "marks": [[n, *pair] for n, pair in TOKENS.items()]})
        for step, one in enumerate(document[phase]):
            call = one["call"]
            module, _, name = call["target"].partition(":")
            function = getattr(importlib.import_module(module), name)
            args, kwargs = value(call["args"]), value(call["kwargs"])
            started, raised, returned = time.process_time(), "", ""
            try:
                returned = repr(function(*args, **kwargs))[:100]
            except Exception as error:  # noqa: BLE001
                raised = f"{type(error).__name__}: {error}"[:200]
                seen: dict[str, Any] = {
                    "sink": "error",
                    "api": "",
                    "text": raised,
                    "frames": [],
                    "detail": {"type": type(error).__name__},
                }
                traceback, innermost = error.__traceback__, None
                while traceback is not None:
                    innermost, traceback = traceback.tb_frame, traceback.tb_next
                seen["frames"] = frames_of(innermost, tree)[:3]
                say({"run": number, "phase": phase, "observed": seen})
            kind = raised[:12] or returned[:4]
            answer: dict[str, Any] = {"seconds": time.process_time() - started, "raised": raised, "returned": returned}
            answer |= {"edges": len(kinds), "new_edges": int(kind not in kinds)}
            kinds.add(kind)
            say({"run": number, "phase": phase, "step": step, "answer": answer})
    say({"run": number, "ended": "done", "cpu_s": time.process_time(), "frames": slow})


def main() -> None:
    tree, directory, seconds = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])
    sys.path.insert(0, tree)
    say({"ready": {"python": sys.version.split()[0], "seconds": 0.1, "routes": []}})
    for number, path in enumerate(sorted(directory.iterdir())):
        document = json.loads(path.read_text())
        pid = os.fork()
        if pid == 0:

            def stop(_signal: int, frame: Any, number: int = number) -> None:
                say({"run": number, "ended": "timeout", "cpu_s": time.process_time(), "frames": frames_of(frame, tree)})
                os._exit(1)

            signal.signal(signal.SIGVTALRM, stop)
            signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
            carry_out(number, document, tree)
            os._exit(0)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
