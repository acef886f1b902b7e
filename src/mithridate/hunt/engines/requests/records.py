"""From the records of a batch to the runs that planning learns from.

The oracle's own reader takes the records apart and its judgement says what is held against a run; here only answers and routes
are read. They were written by a process that the target shares: nothing in them is trusted, and nothing in them makes this fail.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from mithridate.hunt.engines.requests.views import Answer, Asked, Batch, Escape, Parameter, Phase, Route, Run, Seen
from mithridate.model.observation import FACTS, Observation

_ROUTES = 5000
_OF_A_ROUTE = 200
_OF_AN_ANSWER = 500
_TEXT = 4096
_BODY = 64 << 10
_STACK = 8


class PhaseRecords(Protocol):
    """One phase of one run: observations in order, answers of its steps as the format has them."""

    @property
    def observations(self) -> Sequence[Observation]: ...  # noqa: D102
    @property
    def answers(self) -> Sequence[Mapping[str, Any]]: ...  # noqa: D102


class EndRecord(Protocol):
    """How a run ended."""

    @property
    def how(self) -> str: ...  # noqa: D102


class RunRecords(Protocol):
    """One run; `ended` is None when its last record is missing."""

    @property
    def control(self) -> PhaseRecords: ...  # noqa: D102
    @property
    def attack(self) -> PhaseRecords: ...  # noqa: D102
    @property
    def ended(self) -> EndRecord | None: ...  # noqa: D102


class Records(Protocol):
    """One batch: whether the door opened, and its runs by number."""

    @property
    def ready(self) -> Mapping[str, Any] | None: ...  # noqa: D102
    @property
    def failed(self) -> Mapping[str, Any] | None: ...  # noqa: D102
    @property
    def runs(self) -> Mapping[int, RunRecords]: ...  # noqa: D102


class Oracle(Protocol):
    """What this engine needs of the oracle of confinement."""

    def read(self, stdout: bytes) -> Records:
        """Take an observer's records apart. Never raises on content."""
        ...

    def judge(self, run: Any, document: bytes) -> Iterable[tuple[Observation, str]]:
        """Each observation that is held against the run of `document`, with the violation's kind."""
        ...


def batch(stdout: bytes, documents: Sequence[bytes], oracle: Oracle) -> Batch:
    """The judged runs of `documents`, None for each that did not come to its end."""
    records = oracle.read(stdout)
    runs: list[Run | None] = []
    for number, document in enumerate(documents):
        run = records.runs.get(number)
        runs.append(None if run is None or run.ended is None else _run(run, run.ended.how, document, oracle))
    ready = records.ready
    return Batch(
        runs=tuple(runs),
        routes=tuple(_routes(_list(ready, "routes", _ROUTES))) if ready is not None else (),
        ready_s=max(_number(ready, "seconds"), 0.001) if ready is not None else 0.0,
        failed="" if records.failed is None else _text(records.failed, "why") or "the door did not open",
    )


def _run(run: RunRecords, ended: str, document: bytes, oracle: Oracle) -> Run:
    phases: tuple[tuple[Phase, PhaseRecords], ...] = (("control", run.control), ("attack", run.attack))
    seen = tuple(_seen(phase, one) for phase, told in phases for one in told.observations)
    answers = tuple(
        _answer(phase, step, given) for phase, told in phases for step, given in enumerate(told.answers[:_OF_AN_ANSWER])
    )
    held = oracle.judge(run, document) if seen else ()
    escapes = [
        Escape(kind=kind, sink=one.sink, place=_place(one), stack=_stack(one), fact=one.sink in FACTS) for one, kind in held
    ]
    return Run(ended=ended, answers=answers, seen=seen, escapes=tuple(dict.fromkeys(escapes)))


def _seen(phase: Phase, one: Observation) -> Seen:
    return Seen(
        phase=phase,
        sink=one.sink,
        api=one.api,
        text=one.text,
        dialect=one.dialect,
        marks=one.marks,
        place=_place(one),
        detail=one.detail,
    )


def _place(observation: Observation) -> str:
    frame = next((f for f in observation.frames if f.in_project), None)
    return f"{frame.file}:{frame.function}" if frame else ""


def _stack(observation: Observation) -> str:
    frames = [f"{f.file}:{f.function}" for f in observation.frames if f.in_project][:_STACK]
    return hashlib.sha256("\0".join(frames).encode("utf-8", "replace")).hexdigest()[:16] if frames else ""


def _answer(phase: Phase, step: int, given: Mapping[str, Any]) -> Answer:
    headers = [h for h in _list(given, "headers", _OF_AN_ANSWER) if isinstance(h, list) and len(h) == 2]
    decoded = [d for d in _list(given, "decoded", _OF_AN_ANSWER) if isinstance(d, list) and len(d) == 2]
    return Answer(
        phase=phase,
        step=step,
        status=int(_number(given, "status")),
        headers=tuple((str(name)[:_TEXT], str(value)[:_TEXT]) for name, value in headers),
        body=_text(given, "body", _BODY),
        raised=_text(given, "raised"),
        asked=tuple(_asked(one) for one in _list(given, "asked", _OF_AN_ANSWER) if isinstance(one, dict)),
        compared=tuple(one[:_TEXT] for one in _list(given, "compared", _OF_AN_ANSWER) if isinstance(one, str)),
        decoded=tuple((str(name)[:_TEXT], number) for name, number in decoded if isinstance(number, int)),
        edges=int(_number(given, "edges")),
        new_edges=int(_number(given, "new_edges")),
    )


def _asked(given: Mapping[str, Any]) -> Asked:
    return Asked(
        where=_text(given, "where"), name=_text(given, "name"), kind=_text(given, "kind"), found=given.get("found") is True
    )


def _routes(given: Sequence[Any]) -> Iterator[Route]:
    for one in given:
        if not isinstance(one, dict) or not _text(one, "path").startswith("/"):
            continue
        parameters = [p for p in _list(one, "parameters", _OF_A_ROUTE) if isinstance(p, dict)]
        yield Route(
            path=_text(one, "path"),
            methods=tuple(m for m in _list(one, "methods", _OF_A_ROUTE) if isinstance(m, str)),
            parameters=tuple(Parameter(name=_text(p, "name"), kind=_text(p, "kind")) for p in parameters),
            file=_text(one, "file"),
            line=int(_number(one, "line")),
            function=_text(one, "function"),
            constants=tuple(c for c in _list(one, "constants", _OF_A_ROUTE) if isinstance(c, str) and len(c) <= _TEXT),
            modules=tuple(m for m in _list(one, "modules", _OF_A_ROUTE) if isinstance(m, str) and len(m) <= _TEXT),
            examples=tuple(e for e in _list(one, "examples", _EXAMPLES) if isinstance(e, str) and len(e) <= _EXAMPLE),
        )


_EXAMPLES, _EXAMPLE = 3, 16_000


def _list(given: Mapping[str, Any], name: str, most: int) -> list[Any]:
    value = given.get(name)
    return value[:most] if isinstance(value, list) else []


def _text(given: Mapping[str, Any], name: str, most: int = _TEXT) -> str:
    value = given.get(name)
    return value[:most] if isinstance(value, str) else ""


def _number(given: Mapping[str, Any], name: str) -> float:
    value = given.get(name)
    usable = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12
    return float(value) if usable and value is not None else 0.0
