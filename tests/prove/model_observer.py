"""A small model of an application behind an observer: an ordinary sandbox that "runs" documents and writes records.

`/find` puts the form field `name` into an SQL statement, and so do `/find0` to `/find39`, each at a place of its own;
`/stored` does so only after an earlier request had put it there, `/hash` computes a weak hash whatever is sent, `/dirty`
fires when another document ran before it in the same sandbox, `/coin` fires every second time, `/moody` on short text only
the first time, `/always` whatever `name` is and `/long` whatever it is when it is long, `/crawl` takes its time, `/killer`
ends the sandbox, `/slow` uses up the sandbox's time.
"""

import json
import random
import re
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from mithridate.model.document import MARK, Document, encode
from mithridate.model.entry import Binary, Boundary, EntryKind, EntryPoint
from mithridate.model.execution import Command, Ending, Execution, Limits, Mount
from mithridate.model.observation import Mark, Observation, Sink
from mithridate.model.project import Flavour
from mithridate.model.search import Candidate
from mithridate.model.violation import Frame, Violation, ViolationKind

A, Z = "\ue000\ue100", "\ue001\ue100"
A1, Z1 = "\ue000\ue101", "\ue001\ue101"
DIRECTORY = "/in"
FRAMES = {
    "/find": (Frame(function="find", file="/src/shop/app.py", line=12), Frame(function="route", file="/src/shop/app.py", line=4)),
    "/stored": (Frame(function="stored", file="/src/shop/app.py", line=30),),
    "/hash": (Frame(function="token", file="/src/shop/app.py", line=40),),
    "/crawl": (Frame(function="crawl", file="/src/shop/app.py", line=50),),
    **{f"/find{n}": (Frame(function=f"find{n}", file="/src/shop/many.py", line=10 * n),) for n in range(40)},
}
SLOW_DOCUMENTS = 3
"""So many answers a sandbox gives before its time is up, when one of its documents asks for /slow."""


def entry(kind: EntryKind = EntryKind.APPLICATION) -> EntryPoint:
    binary = Binary(flavour=Flavour.PLAIN, directory=Path("/somewhere/private"), path="/build/DOOR.json", in_process=False)
    return EntryPoint(
        id="shop.app:app",
        component="python:.",
        language="python",
        name="shop.app",
        kind=kind,
        boundary=Boundary.REAL,
        arguments=(),
        suffix=".json",
        binaries=(binary,),
    )


def step(path: str, name: str, **more) -> dict:
    return {"request": {"method": "POST", "path": path, "form": [["name", name]], **more}}


def document(path: str, attack: str, control: str = f"{A}anna{Z}", **more) -> bytes:
    return encode(Document(control=[step(path, control, **more)], attack=[step(path, attack, **more)]))


def candidate(blob: str = "b" * 64) -> Candidate:
    return Candidate(entry_id="shop.app:app", blob=blob, size=1, engine="requests", found_s=1.5)


def violation(path: str = "/find") -> Violation:
    kinds = {"/hash": ViolationKind.WEAK_HASH, "/crawl": ViolationKind.SUPERLINEAR_TIME}
    kind = kinds.get(path, ViolationKind.SQL_INJECTION)
    return Violation(kind=kind, detector="confinement", message="as seen", frames=FRAMES.get(path, FRAMES["/find"]))


def command(door: EntryPoint, binary: Binary, directory: Path) -> tuple[Command, tuple[Mount, ...]]:
    return Command(argv=("batch", binary.path, DIRECTORY)), (Mount(source=directory, target=DIRECTORY),)


class ModelSandbox:
    """Keeps account of what it was asked to run."""

    name = "model"

    def __init__(self) -> None:
        self.ran: list[list[bytes]] = []
        self.opens = True
        self._coins = 0
        self._moods: dict[str, int] = {}
        self._lock = threading.Lock()

    def check(self) -> None:
        return

    def run(
        self, command: Command, mounts: Sequence[Mount] = (), limits: Limits = Limits(), on_stderr=None, cancel=None
    ) -> Execution:
        (inputs,) = (m.source for m in mounts if m.target == DIRECTORY)
        documents = [file.read_bytes() for file in sorted(inputs.iterdir())]
        with self._lock:
            self.ran.append(documents)
            lines, ending = self._lines(documents) if self.opens else ([{"failed": {"why": "no module"}}], Ending.EXITED)
        stdout = "".join(json.dumps(line) + "\n" for line in lines).encode()
        return Execution(
            ending=ending,
            exit_code=0,
            signal=None,
            stdout=stdout,
            stderr=b"",
            truncated=False,
            wall_s=0.1,
            cpu_s=0.1,
            peak_memory_bytes=0,
        )

    def _lines(self, documents: Sequence[bytes]) -> tuple[list[dict], Ending]:
        lines: list[dict] = [{"ready": {"python": "3.11.2"}}]
        slow = any(b"/slow" in d for d in documents)
        for run, data in enumerate(documents):
            if b"/killer" in data:
                return lines, Ending.MEMORY_LIMIT
            if slow and run == SLOW_DOCUMENTS:
                return lines, Ending.WALL_LIMIT
            lines += self._run(run, data)
        return lines, Ending.EXITED

    def _run(self, run: int, data: bytes) -> list[dict]:
        lines: list[dict] = []
        given = json.loads(data)
        for phase in ("control", "attack"):
            words = {n: (_word(), _word()) for n in (0, 1)}
            lines.append({"run": run, "phase": phase, "marks": [[n, *pair] for n, pair in words.items()]})
            kept = "anna"
            for made in given[phase]:
                asked = made["request"]
                value = dict(map(tuple, asked.get("form", []))).get("name", "")
                for sink, text, frames in self._sinks(asked["path"], value, kept, run):
                    spoken = _spoken(text, words)
                    marks = [n for n, pair in words.items() if any(w in spoken for w in pair)]
                    seen = {"sink": sink, "api": "sqlite3.Cursor.execute", "text": spoken, "marks": marks, "path": frames}
                    lines.append({"run": run, "phase": phase, "observed": seen})
                kept = value or kept
        return [*lines, {"run": run, "ended": "done"}]

    def _sinks(self, path: str, value: str, kept: str, run: int) -> list[tuple[str, str, str]]:
        statement = f"SELECT * FROM t WHERE name = '{value}'"
        if path == "/stored":
            return [("sql", f"SELECT * FROM t WHERE name = '{kept}'", "/stored")]
        if path == "/hash":
            return [("weak-hash", "md5", "/hash")]
        if path == "/coin":
            self._coins += 1
            return [("sql", statement if self._coins % 4 < 2 else "SELECT 1", "/find")]
        if path == "/moody":  # holds whatever is long; what is short it lets pass, but for the first time
            self._moods[value] = self._moods.get(value, 0) + 1
            escapes = len(value) > 8 or self._moods[value] == 1
            return [("sql", statement if escapes else "SELECT 1", "/find")]
        if path == "/dirty":
            return [("sql", statement if run else "SELECT 1", "/find")]
        if path == "/always" or (path == "/long" and len(value) > 10):
            return [("sql", f"SELECT {A}x{Z} ' ' FROM '", "/find")]
        if path in FRAMES:
            return [("sql", statement, path)]
        return [("sql", statement, "/find")] if path == "/slow" else []


def _spoken(text: str, words: Mapping[int, tuple[str, str]]) -> str:
    return MARK.sub(lambda m: words[ord(m["number"]) - 0xE100][m["end"] == "\ue001"], text)


def _word() -> str:
    return random.choice("abc") + "".join(random.choices("abcdefghij0123456789", k=9))


def observed(stdout: bytes) -> Mapping[int, tuple[Observation, ...]]:
    made: dict[int, list[Observation]] = {}
    marks: dict[int, Mark] = {}
    for line in map(json.loads, stdout.splitlines()):
        if line.get("phase") != "attack":
            continue
        if "marks" in line:
            marks = {n: Mark(number=n, opening=a, closing=b) for n, a, b in line["marks"]}
        elif "observed" in line:
            seen = line["observed"]
            found = Observation(
                sink=Sink(seen["sink"]),
                api=seen["api"],
                text=seen["text"],
                marks=tuple(marks[n] for n in seen["marks"]),
                frames=FRAMES[seen["path"]],
            )
            made.setdefault(line["run"], []).append(found)
    return {run: tuple(all_) for run, all_ in made.items()}


def judge(stdout: bytes, documents: Sequence[bytes]) -> Mapping[int, tuple[tuple[Violation, ...], tuple[Observation, ...]]]:
    """Confinement as a child would do it: an apostrophe at a mark leaves the literal. Only runs that ended count."""
    ended = [line["run"] for line in map(json.loads, stdout.splitlines()) if "ended" in line]
    seen = observed(stdout)
    return {
        run: (tuple(v for o in seen.get(run, ()) if (v := _judged(o, documents[run])) is not None), seen.get(run, ()))
        for run in ended
    }


def _judged(seen: Observation, document: bytes) -> Violation | None:
    assert b"attack" in document
    path = next(p for p, frames in FRAMES.items() if frames == seen.frames)
    escaped = seen.sink is Sink.SQL and seen.marks and seen.text.count("'") > 2
    if escaped or seen.sink is Sink.WEAK_HASH:
        return violation(path)
    return None


def sql_of(report: str) -> list[str]:
    return re.findall(r'"text": "(SELECT[^"]*)"', report)
