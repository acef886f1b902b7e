"""Reads what an observer wrote (docs/input-document.md, "The records"); the program under test may have written among it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mithridate.model.observation import Mark, Observation, Sink
from mithridate.model.violation import Frame

LONGEST_LINE = 256 << 10
"""Bytes; the format allows no more."""
_LONGEST_TEXT = 64 << 10
_LONGEST_REPORT = 128 << 10
_MOST_RUNS = 100_000
_MOST_ROUTES = 20_000
_MOST_PER_PHASE = 10_000
_MOST_FRAMES = 40
_MOST_MARKS = 256
_MOST_DETAILS = 32
_LONGEST_NAME = 4_096
_LARGEST_LINE_NUMBER = 10_000_000


@dataclass(slots=True)
class Phase:
    """What was seen of one phase of one run. `answers` are those of its steps in order, as the format has them."""

    entered: bool = False
    marks: tuple[Mark, ...] = ()
    observations: list[Observation] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: "done", "timeout", "memory", "signal N" or "exit N"; `report` is what a sanitizer in native code said."""

    how: str
    cpu_s: float = 0.0
    frames: tuple[Frame, ...] = ()
    report: str = ""


@dataclass(slots=True)
class Run:
    """One input of a batch."""

    control: Phase = field(default_factory=Phase)
    attack: Phase = field(default_factory=Phase)
    ended: Ended | None = None


@dataclass(frozen=True, slots=True)
class Records:
    """One batch. `ready` or `failed` tells whether the door opened; runs are by their number."""

    ready: Mapping[str, Any] | None
    failed: Mapping[str, Any] | None
    runs: Mapping[int, Run]


def read_records(stdout: bytes) -> Records:
    """The records on an observer's standard output; lines that are none are passed over. Never raises on content."""
    ready: dict[str, Any] | None = None
    failed: dict[str, Any] | None = None
    runs: dict[int, Run] = {}
    for record in _objects(stdout):
        if isinstance(told := record.get("ready"), dict):
            ready = _with_more_routes(ready, told) if ready is not None else told
        elif failed is None and isinstance(record.get("failed"), dict):
            failed = record["failed"]
        else:
            _take(record, runs)
    return Records(ready, failed, runs)


def _objects(stdout: bytes) -> Iterator[dict[str, Any]]:
    start = 0
    while start < len(stdout):
        end = stdout.find(b"\n", start)
        end = len(stdout) if end < 0 else end
        if end - start <= LONGEST_LINE and stdout[start : start + 1] == b"{":
            try:
                record = json.loads(stdout[start:end])
            except (ValueError, RecursionError):
                record = None
            if isinstance(record, dict):
                yield record
        start = end + 1


def _with_more_routes(ready: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """An application's routes may need several lines; only those after the first say "more"."""
    routes, more = ready.get("routes"), told.get("routes")
    if told.get("more") is not True or not isinstance(routes, list) or not isinstance(more, list):
        return ready
    return {**ready, "routes": [*routes, *more][:_MOST_ROUTES]}


def _take(record: dict[str, Any], runs: dict[int, Run]) -> None:
    number = record.get("run")
    if type(number) is not int or not 0 <= number < _MOST_RUNS:
        return
    run = runs.setdefault(number, Run())
    if run.ended is not None:
        return
    if isinstance(record.get("ended"), str):
        report = _text(record.get("report"), _LONGEST_REPORT)
        run.ended = Ended(_text(record["ended"], 64), _seconds(record.get("cpu_s")), frames(record.get("frames")), report)
    elif record.get("phase") in ("control", "attack"):
        _take_of_phase(record, run.attack if record["phase"] == "attack" else run.control)


def _take_of_phase(record: dict[str, Any], phase: Phase) -> None:
    phase.entered = True
    if "marks" in record and not phase.marks:
        phase.marks = _marks(record["marks"])
    elif isinstance(record.get("answer"), dict) and len(phase.answers) < _MOST_PER_PHASE:
        phase.answers.append(record["answer"])
    elif len(phase.observations) < _MOST_PER_PHASE:
        observation = _observation(record.get("observed"), phase.marks)
        if observation is not None:
            phase.observations.append(observation)


def _marks(value: object) -> tuple[Mark, ...]:
    found = {}
    for item in value[:_MOST_MARKS] if isinstance(value, list) else ():
        if isinstance(item, list) and len(item) == 3 and type(item[0]) is int and 0 <= item[0] < _MOST_MARKS:
            number, opening, closing = item
            if isinstance(opening, str) and isinstance(closing, str) and opening.isalnum() and closing.isalnum():
                found[number] = Mark(number=number, opening=_text(opening, 64), closing=_text(closing, 64))
    return tuple(found.values())


def _observation(value: object, marks: tuple[Mark, ...]) -> Observation | None:
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        return None
    try:
        sink = Sink(str(value.get("sink")))
    except ValueError:
        return None
    numbers = value.get("marks")
    carried = {n for n in numbers if type(n) is int} if isinstance(numbers, list) else set()
    return Observation(
        sink=sink,
        api=_text(value.get("api")),
        text=_text(value["text"], _LONGEST_TEXT),
        dialect=_text(value.get("dialect")),
        marks=tuple(m for m in marks if m.number in carried),
        frames=frames(value.get("frames")),
        stopped=value.get("stopped") is True,
        detail=_detail(value.get("detail")),
    )


def _detail(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {_text(k): _scalar(v) for k, v in list(value.items())[:_MOST_DETAILS] if isinstance(v, str | int | float | list)}


def _scalar(value: str | int | float | list[Any]) -> str:
    if isinstance(value, list):
        return ", ".join(_text(v) for v in value[:_MOST_DETAILS])
    if isinstance(value, bool):
        return "1" if value else ""
    return _text(value if isinstance(value, str) else repr(value))


def frames(value: object) -> tuple[Frame, ...]:
    """The frames of a record, innermost first; what is none is left out."""
    found = []
    for item in value[:_MOST_FRAMES] if isinstance(value, list) else ():
        if isinstance(item, dict) and isinstance(item.get("file"), str):
            found.append(Frame(function=_text(item.get("function")), file=_text(item["file"]), line=_line(item.get("line"))))
    return tuple(found)


def _line(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value <= _LARGEST_LINE_NUMBER else 0


def _seconds(value: object) -> float:
    return float(value) if isinstance(value, int | float) and 0 <= value < 1e9 else 0.0


def _text(value: object, longest: int = _LONGEST_NAME) -> str:
    """Text that can be written down: half a surrogate pair is replaced. Anything but a string is empty."""
    if not isinstance(value, str):
        return ""
    cut = value[:longest]
    return cut if cut.isascii() else "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in cut)
