"""From what an observer wrote to runs, and the one command that has it write."""

import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mithridate.hunt.engines.requests.records import batch
from mithridate.hunt.engines.requests.runner import Options, SandboxRunner
from mithridate.languages.invocation import INPUT_DIRECTORY as DOCUMENTS
from mithridate.model.entry import Binary, Boundary, EntryKind, EntryPoint
from mithridate.model.execution import Command, Ending, Execution
from mithridate.model.observation import Mark, Observation, Sink
from mithridate.model.project import Flavour
from mithridate.model.violation import Frame


@dataclass
class Phase:
    observations: list[Observation] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Ended:
    how: str


@dataclass
class Told:
    control: Phase = field(default_factory=Phase)
    attack: Phase = field(default_factory=Phase)
    ended: Ended | None = None


@dataclass
class Records:
    ready: Any = None
    failed: Any = None
    runs: dict[int, Told] = field(default_factory=dict)


class Reader:
    """A small oracle: reads well-formed records, and holds every quote in SQL against the run."""

    def read(self, stdout: bytes) -> Records:
        records = Records()
        for line in stdout.splitlines():
            given = json.loads(line)
            if "run" not in given:
                records.ready, records.failed = given.get("ready", records.ready), given.get("failed", records.failed)
                continue
            run = records.runs.setdefault(given["run"], Told())
            if "ended" in given:
                run.ended = Ended(given["ended"])
                continue
            phase = run.attack if given["phase"] == "attack" else run.control
            if "answer" in given:
                phase.answers.append(given["answer"])
            elif "observed" in given:
                frame = Frame(function="find", file="/src/app.py", line=3)
                mark = Mark(number=0, opening="abc", closing="def")
                phase.observations.append(
                    Observation(
                        sink=Sink(given["observed"]["sink"]),
                        api="",
                        text=given["observed"]["text"],
                        marks=(mark,),
                        frames=(frame,),
                    )
                )
        return records

    def judge(self, run: Any, document: bytes) -> Iterable[tuple[Observation, str]]:
        return [(one, "sql-injection") for one in run.attack.observations if "'" in one.text]


def lines(*records: dict[str, Any]) -> bytes:
    return b"\n".join(json.dumps(record).encode() for record in records)


ANSWER = {
    "status": 200,
    "asked": [{"where": "query", "name": "q", "kind": "", "found": True}],
    "decoded": [["base64", 3]],
    "new_edges": 4,
}


def test_records_become_runs_in_the_order_of_the_documents() -> None:
    out = lines(
        {"ready": {"seconds": 0.5, "routes": [{"path": "/a", "methods": ["GET"], "parameters": [{"name": "x", "kind": "int"}]}]}},
        {"run": 1, "phase": "attack", "observed": {"sink": "sql", "text": "select 'abc"}},
        {"run": 1, "phase": "attack", "step": 0, "answer": ANSWER},
        {"run": 1, "ended": "done"},
        {"run": 0, "phase": "attack", "step": 0, "answer": ANSWER},
    )
    found = batch(out, [b"{}", b"{}"], Reader())
    assert found.ready_s == 0.5 and found.routes[0].parameters[0].kind == "int"
    assert found.runs[0] is None, "it has no last record"
    run = found.runs[1]
    assert run is not None and run.answers[0].asked[0].name == "q" and run.answers[0].decoded == (("base64", 3),)
    assert [(e.kind, e.place) for e in run.escapes] == [("sql-injection", "/src/app.py:find")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["where", "name", "path", "methods", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)
MEMBERS = [
    "status",
    "headers",
    "body",
    "raised",
    "asked",
    "compared",
    "decoded",
    "edges",
    "new_edges",
    "seconds",
    "routes",
    "parameters",
]


@given(answer=st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=8), routes=JSON)
def test_answers_and_routes_of_any_shape_are_read_without_failing(answer: dict[str, Any], routes: Any) -> None:
    class Hostile(Reader):
        def read(self, stdout: bytes) -> Records:
            run = Told(attack=Phase(answers=[answer]), ended=Ended("done"))
            return Records(ready={"seconds": answer.get("seconds"), "routes": routes}, failed={"why": routes}, runs={0: run})

    found = batch(b"", [b"{}"], Hostile())
    assert found.runs[0] is not None and len(found.runs[0].answers) == 1


class Noting:
    """A sandbox that notes what it was to run, and answers with given records."""

    name = "noting"

    def __init__(self, stdout: bytes, ending: Ending = Ending.EXITED) -> None:
        self.stdout, self.ending = stdout, ending
        self.command: Command | None = None
        self.mounts: Any = ()
        self.documents: list[bytes] = []

    def check(self) -> None: ...

    def run(self, command: Command, mounts: Any = (), limits: Any = None, on_stderr: Any = None, cancel: Any = None) -> Execution:
        self.command, self.mounts = command, mounts
        directory = next(m.source for m in mounts if m.target == DOCUMENTS)
        self.documents = [p.read_bytes() for p in sorted(directory.iterdir())]
        return Execution(
            ending=self.ending, exit_code=0, signal=None, stdout=self.stdout, stderr=b"last words", truncated=False, wall_s=1.0,
            cpu_s=1.0, peak_memory_bytes=0,
        )  # fmt: skip


def runner(sandbox: Noting) -> SandboxRunner:
    binary = Binary(flavour=Flavour.PLAIN, directory=Path("/nowhere"), path="/build/door.json", in_process=False)
    entry = EntryPoint(
        id="x", component="x", language="python", name="x", kind=EntryKind.APPLICATION, boundary=Boundary.REAL, arguments=(),
        suffix="", binaries=(binary,),
    )  # fmt: skip
    return SandboxRunner(
        entry=entry, binary=binary, sandbox=sandbox, options=Options(each_s=2), oracle=Reader(), cancel=threading.Event()
    )


def test_a_batch_is_one_command_with_its_documents_in_order_and_nothing_writable() -> None:
    sandbox = Noting(lines({"ready": {"seconds": 0.1, "routes": []}}, {"run": 0, "ended": "done"}, {"run": 1, "ended": "done"}))
    found = runner(sandbox).run([b"one", b"two"], 5.0)
    assert sandbox.documents == [b"one", b"two"] and all(found.runs)
    assert sandbox.command is not None and sandbox.command.argv[2:5] == ("batch", "/build/door.json", DOCUMENTS)
    assert not any(mount.writable for mount in sandbox.mounts)


def test_a_batch_without_a_record_says_why_and_one_out_of_time_blames_nobody() -> None:
    assert "last words" in runner(Noting(b"")).run([b"one"], 5.0).failed
    cut = runner(Noting(lines({"ready": {"seconds": 0.1}}), Ending.WALL_LIMIT)).run([b"one"], 5.0)
    assert cut.cut and not cut.failed
