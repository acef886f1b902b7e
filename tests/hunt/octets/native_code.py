"""A stand-in for the observer and a sanitized extension module: functions that say which edges they take and how they die."""

import json
import signal
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mithridate.hunt.engines.calls.runner import Output
from mithridate.hunt.engines.octets.engine import OctetsEngine
from mithridate.languages.python.observer import OWN
from mithridate.languages.python.runtime.mithridate_observer import many
from mithridate.languages.python.runtime.mithridate_observer.doors.call import Arguments, Caller
from mithridate.languages.python.runtime.mithridate_observer.last import packed
from mithridate.languages.python.sanitized import PRELOAD
from mithridate.model.entry import Binary, Boundary, EntryKind, EntryPoint
from mithridate.model.project import Flavour
from mithridate.model.search import SearchResult, SearchSlice

CALLS = 3000
"""Calls of a step, whose time a test must not depend on."""


class Death(BaseException):
    """The process dies, as of what AddressSanitizer reports."""


class Undefined(Exception):
    """Undefined behaviour is reported; the call goes on."""


@dataclass
class NativeCode:
    """`functions` by target: given arguments, each yields the names of edges, and may raise. A batch is one process, in which a
    place of undefined behaviour is reported once, but for documents that are to be alone.
    """

    functions: Mapping[str, Callable[..., Any]]
    batches: int = 0
    largest: int = 0
    _known: set[str] = field(default_factory=set)

    def run(
        self,
        documents: Sequence[bytes],
        seconds: float,
        each_s: float,
        *,
        coverage: bool = True,
        alone: Container[int] | None = None,
    ) -> Output:
        del seconds, each_s
        assert coverage, "a search without coverage is blind"
        self.batches += 1
        self.largest = max(self.largest, *map(len, documents))
        self._known = set()
        records: list[dict[str, Any]] = [{"ready": {"python": "3.11", "seconds": 0.0, "routes": []}}]
        said: set[str] = set()
        for number, data in enumerate(documents):
            records += self._document(number, json.loads(data), set() if number in (alone or ()) else said)
        return Output(records=b"\n".join(json.dumps(r).encode() for r in records))

    def _document(self, number: int, document: dict[str, Any], said: set[str]) -> list[dict[str, Any]]:
        records: list[dict[str, Any]] = []
        if "many" in document["attack"][0]:
            self._many(number, document["attack"], records, said)
            return [*records, {"run": number, "ended": "done", "cpu_s": 0.0, "frames": []}]
        ended: dict[str, Any] = {"ended": "done"}
        report = ""
        for step in document["attack"]:
            one = step["call"]
            raised, returned, before = "", "", len(self._known)
            try:
                for edge in self.functions[one["target"]](*map(_value, one["args"]), **one["kwargs"]):
                    returned = repr(edge) if isinstance(edge, bytes) else returned
                    self._known.add(str(edge))
            except Death as death:
                ended = {"ended": "exit 86", "report": f"SUMMARY: AddressSanitizer: heap-buffer-overflow {death}\n"}
                break
            except Undefined as place:
                report += "" if str(place) in said else f"{place}: runtime error: index out of bounds\n"
                said.add(str(place))
            except (TypeError, ValueError) as error:
                raised = f"{type(error).__name__}: {error}"
            answer = {"raised": raised, "returned": returned, "edges": len(self._known), "new_edges": len(self._known) - before}
            records.append({"run": number, "phase": "attack", "answer": answer})
        if report:
            ended["report"] = report
        return [*records, {"run": number, **ended, "cpu_s": 0.0, "frames": []}]

    def _many(self, number: int, steps: list[dict[str, Any]], records: list[dict[str, Any]], said: set[str]) -> None:
        """The observer's own step of many calls; as in the observer, what a process dies of leaves the rest to another one."""
        many.reached.clear()
        many.given.clear()
        last, report = _Last(), _Report()
        steps[0]["many"] = {**steps[0]["many"], "times": CALLS, "seconds": 60.0}
        while True:
            caller = _Caller(self, report, said)
            try:
                answer = many.carry_out(
                    steps[0]["many"],
                    caller,
                    None,  # type: ignore[arg-type]
                    caller,  # type: ignore[arg-type]
                    report,  # type: ignore[arg-type]
                    last,  # type: ignore[arg-type]
                    lambda told: records.append({"run": number, "phase": "attack", "step": 0, **told}),
                    lambda: 0,
                )
            except Death as death:
                text = f"SUMMARY: AddressSanitizer: heap-buffer-overflow {death}\n"
                records.append({"run": number, "died": "exit 86", "last": packed(last.held), "report": text})
                if many.go_on(steps, last.held, 0.1):
                    continue
                return
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)  # it would end the tests, not a process of its own
            records.append({"run": number, "phase": "attack", "answer": {**answer, "edges": len(self._known)}})
            return


@dataclass
class _Last:
    held: dict[str, Any] = field(default_factory=dict)

    def note(self, call: dict[str, Any]) -> None:
        self.held = call

    def forget(self) -> None:
        self.held = {}


@dataclass
class _Report:
    text: str = ""

    def size(self) -> int:
        return len(self.text)

    def since(self, start: int) -> str:
        return self.text[start:]


@dataclass
class _Caller(Caller):
    """The door's caller, and the coverage of one process."""

    code: NativeCode
    report: _Report
    said: set[str]
    new: int = 0
    native: Any = None

    def arguments(self, told: dict[str, Any], values: Any) -> tuple[Arguments, Arguments]:
        del values
        return ([_value(argument) for argument in told["args"]], told["kwargs"]), ([], {})

    def called(
        self, told: dict[str, Any], arguments: tuple[Arguments, Arguments], shown: Callable[[Any], Any] = lambda value: value
    ) -> tuple[Any, BaseException | None]:
        known = self.code._known
        before, returned, raised = len(known), None, None
        (positional, named), _ = arguments
        try:
            for edge in self.code.functions[told["target"]](*positional, **named):
                returned = edge if isinstance(edge, bytes) else returned
                known.add(str(edge))
        except Undefined as place:
            self.report.text += "" if str(place) in self.said else f"{place}: runtime error: index out of bounds\n"
            self.said.add(str(place))
        except (TypeError, ValueError) as error:
            raised = error
        self.new = len(known) - before
        return returned, raised

    def step(self) -> dict[str, Any]:
        new, self.new = self.new, 0
        return {"new_edges": new}


def _value(told: Any) -> Any:
    if isinstance(told, dict) and "python" in told:
        inner = _value(told["of"])
        return inner.encode("utf-8", "surrogateescape") if isinstance(inner, str) else inner
    if isinstance(told, dict) and told.get("make") == "bytes":
        return str(told["latin1"]).encode("latin-1")
    return told


def slice_for(place: Path, targets: Sequence[str], seconds: float, *, guessed: bool = True) -> SearchSlice:
    """A slice on a build with those functions of native code."""
    build = place / "tree"
    (build / "src").mkdir(parents=True)
    (build / "build" / OWN).mkdir(parents=True)
    (build / "build" / OWN / PRELOAD).write_text(json.dumps({"runtime": "/asan.so", "modules": ["/src/m.so"]}))
    told = [{"target": t, "parameters": [{"name": "data"}], "native": True, "guessed": guessed} for t in targets]
    (build / "build/door.json").write_text(json.dumps({"kind": "call", "targets": list(targets), "functions": told}))
    for name in ("corpus", "candidates", "work"):
        (place / name).mkdir()
    binary = Binary(flavour=Flavour.PLAIN, directory=build, path="/build/door.json", in_process=False)
    entry = EntryPoint(
        id="sample",
        component="sample",
        language="python",
        name="sample",
        kind=EntryKind.FUNCTION,
        boundary=Boundary.REAL,
        arguments=(),
        suffix=".json",
        binaries=(binary,),
    )
    return SearchSlice(
        entry=entry,
        seconds=seconds,
        seed=1,
        corpus=place / "corpus",
        foreign=(),
        candidates=place / "candidates",
        work=place / "work",
        dictionary=None,
        memory_bytes=1 << 30,
        input_bytes=1 << 16,
        unit_timeout_s=2.0,
    )


def search(work: SearchSlice, code: NativeCode, *, batches: int = 60, candidates: int = 1) -> SearchResult:
    """Search until so many candidates are there, at most so many batches."""
    engine = OctetsEngine(runner=code)

    class _Enough:
        def is_set(self) -> bool:
            return code.batches >= batches or len(found(work)) >= candidates

    return engine.search(work, None, None, _Enough())  # type: ignore[arg-type]


def found(work: SearchSlice) -> list[list[dict[str, Any]]]:
    """The calls of the attack of each candidate."""
    return [json.loads(path.read_bytes())["attack"] for path in sorted(work.candidates.iterdir())]
