"""What the records of one run say, as far as planning needs it; nothing in them is trusted to be well-formed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mithridate.model.observation import Sink
from mithridate.model.violation import Frame
from mithridate.oracles.growth.measured import frames_of

Record = Mapping[str, Any]
Compiled = tuple[str, int, str, int]
"""A regular expression that was made at run time: pattern, flags, file, line."""
_TEXT = 64 << 10
_RETURNED = 4 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Text at a sink. `marks` are (number, opening, closing) of those in it; `step` is the call during which it came there."""

    phase: str
    step: int
    sink: Sink
    api: str
    text: str
    dialect: str
    marks: tuple[tuple[int, str, str], ...]
    frames: tuple[Frame, ...]
    detail: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one call gave back."""

    seconds: float = 0.0
    raised: str = ""
    returned: str = ""
    edges: int = 0
    new_edges: int = 0
    compared: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    compiled: tuple[Compiled, ...] = ()


@dataclass(slots=True, kw_only=True)
class Run:
    """One run. `answers` are those of the attack phase; `records` all of it, for the oracles."""

    records: list[Record] = field(default_factory=list)
    ended: str = ""
    cpu_s: float = 0.0
    frames: tuple[Frame, ...] = ()
    answers: list[Answer] = field(default_factory=list)
    control_answers: list[Answer] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """It ended by itself."""
        return self.ended == "done"


@dataclass(slots=True, kw_only=True)
class Opened:
    """What a batch's door said: whether it is open, after how many seconds, or why not; the regular expressions made by then."""

    ready: bool = False
    seconds: float = 0.0
    failed: str = ""
    compiled: list[Compiled] = field(default_factory=list)


def read(output: bytes, count: int, *, begun: bool = False) -> tuple[Opened, list[Run | None]]:
    """The runs of a batch of `count` documents; None for those without an end, or if `begun` for those without a record."""
    opened, runs = Opened(), [Run() for _ in range(count)]
    for record in _lines(output):
        if isinstance(ready := record.get("ready"), dict):
            opened.ready = True
            opened.seconds = max(opened.seconds, _number(ready.get("seconds")))
        elif isinstance(failed := record.get("failed"), dict):
            opened.failed = str(failed.get("why", ""))[:500] or "the door could not be opened"
        elif isinstance(record.get("compiled"), list):
            opened.compiled += _compiled(record["compiled"])
        elif isinstance(number := record.get("run"), int) and 0 <= number < count and not isinstance(number, bool):
            _take(runs[number], record)
    return opened, [run if run.ended or (begun and run.records) else None for run in runs]


def _lines(output: bytes) -> Iterator[Record]:
    for line in output.split(b"\n"):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            yield record


def _take(run: Run, record: Record) -> None:
    run.records.append(record)
    phase = record.get("phase")
    answers = run.control_answers if phase == "control" else run.answers
    if isinstance(answer := record.get("answer"), dict):
        answers.append(
            Answer(
                seconds=_number(answer.get("seconds")),
                raised=str(answer.get("raised") or "")[:500],
                returned=str(answer.get("returned") or "")[:_RETURNED],
                edges=int(_number(answer.get("edges"))),
                new_edges=int(_number(answer.get("new_edges"))),
                compared=tuple(str(c)[:200] for c in _list(answer.get("compared"))[:64] if isinstance(c, str)),
                files=tuple(str(f)[:300] for f in _list(answer.get("files"))[:200] if isinstance(f, str)),
                compiled=tuple(_compiled(answer.get("patterns"))),
            )
        )
    elif isinstance(observed := record.get("observed"), dict):
        if (seen := _seen(run, str(phase), len(answers), observed)) is not None:
            run.seen.append(seen)
    elif isinstance(record.get("ended"), str):
        run.ended = record["ended"]
        run.cpu_s = _number(record.get("cpu_s"))
        run.frames = frames_of(record.get("frames"))


def _seen(run: Run, phase: str, step: int, observed: Mapping[str, Any]) -> Seen | None:
    try:
        sink = Sink(str(observed.get("sink")))
    except ValueError:
        return None
    tokens = {m[0]: m for r in run.records for m in _list(r.get("marks")) if isinstance(m, list) and len(m) == 3}
    detail = observed.get("detail")
    return Seen(
        phase=phase,
        step=step,
        sink=sink,
        api=str(observed.get("api", ""))[:200],
        text=str(observed.get("text", ""))[:_TEXT],
        dialect=str(observed.get("dialect", ""))[:40],
        marks=tuple((int(n), str(tokens[n][1]), str(tokens[n][2])) for n in _list(observed.get("marks")) if n in tokens),
        frames=frames_of(observed.get("frames")),
        detail={str(k): str(v)[:500] for k, v in detail.items()} if isinstance(detail, dict) else {},
    )


def _compiled(told: object) -> list[Compiled]:
    """(pattern, flags, file, line) of each that is well-formed."""
    made: list[Compiled] = []
    for one in _list(told):
        if isinstance(one, list) and [type(part) for part in one] == [str, int, str, int]:
            made.append((one[0][:_TEXT], one[1], one[2][:300], one[3]))
    return made


def _list(told: object) -> Sequence[Any]:
    return told if isinstance(told, list) else ()


def _number(told: object) -> float:
    return float(told) if isinstance(told, int | float) and not isinstance(told, bool) and abs(told) < 1e15 else 0.0
