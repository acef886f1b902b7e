"""From an input document and the records of one run of it to what the verdict needs. Formats: docs/input-document.md."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mithridate.model.violation import Frame
from mithridate.oracles.growth.fit import Timing
from mithridate.oracles.growth.verdict import Measured, Raised

_DEPTH = 64
_MOST = 1 << 32
_FRAMES = 40
_PATTERN = 200
"""Characters kept of a regular expression."""


def measure(document: bytes, records: Iterable[Mapping[str, Any]], documented: Iterable[str] = ()) -> Measured:
    """What one run showed. `records` are its own, in order, as parsed JSON; what is malformed in them counts as not said."""
    try:
        parsed = json.loads(document)
    except (ValueError, RecursionError):
        parsed = {}
    sizes = {phase: [size_of(step) for step in _list(parsed, phase)] for phase in ("control", "attack")}
    seconds: dict[str, list[float]] = {"control": [], "attack": []}
    raised: dict[str, list[Raised]] = {"control": [], "attack": []}
    frames: tuple[Frame, ...] = ()
    ended, cpu_s, phase = "", 0.0, "attack" if not sizes["control"] else "control"
    for record in records:
        named = record.get("phase")
        if isinstance(named, str) and named in seconds:
            phase = named
        done = seconds[phase]
        if isinstance(answer := record.get("answer"), dict):
            done.append(_number(answer.get("seconds")))
        elif isinstance(observed := record.get("observed"), dict) and observed.get("sink") == "error":
            size = sizes[phase][len(done)] if len(done) < len(sizes[phase]) else 0
            kind = str(observed.get("text", "")).partition(":")[0].strip().rpartition(".")[2]
            raised[phase].append(Raised(type=kind, size=size, frames=frames_of(observed.get("frames"))))
        elif "ended" in record:
            ended, cpu_s, frames = str(record["ended"]), _number(record.get("cpu_s")), frames_of(record.get("frames"))
    where = phase
    if where == "control" and len(seconds["control"]) >= len(sizes["control"]):
        where = "attack"  # the control was through; the attack's first step said nothing
    left = max(0.0, cpu_s - sum(seconds["control"]) - sum(seconds["attack"]))
    return Measured(
        attack=_timings(sizes["attack"], seconds["attack"], ended, left if where == "attack" else None),
        control=_timings(sizes["control"], seconds["control"], ended, left if where == "control" else None),
        ended=ended,
        phase=where if ended != "done" else "attack",
        frames=frames,
        regex=frames[0].pattern if frames else "",
        attack_raised=tuple(raised["attack"]),
        control_raised=tuple(raised["control"]),
        documented=frozenset(documented),
    )


def size_of(value: Any, depth: int = 0) -> int:
    """Bytes of attacker-chosen text in a step once its makers are evaluated; those that only encode count as what they encode."""
    if depth > _DEPTH:
        return 0
    if isinstance(value, str):
        return len(value.encode("utf-8", "surrogatepass"))
    if isinstance(value, list):
        return min(_MOST, sum(size_of(one, depth + 1) for one in value))
    if not isinstance(value, dict):
        return 0
    match value.get("make"):
        case "repeat":
            times = value.get("times")
            return min(_MOST, size_of(value.get("of"), depth + 1) * max(0, times if isinstance(times, int) else 0))
        case "bytes":
            return len(str(value.get("latin1", "")))
        case str():
            return size_of([value.get("of", ""), value.get("members", [])], depth + 1)
    if "python" in value:
        return size_of(value.get("of"), depth + 1)
    if isinstance(call := value.get("call"), dict):
        return sum(size_of(call.get(part), depth + 1) for part in ("construct", "args", "kwargs"))
    return min(_MOST, sum(size_of(one, depth + 1) for one in value.values()))


def frames_of(told: object) -> tuple[Frame, ...]:
    """Frames as records tell them, innermost first."""
    if not isinstance(told, list):
        return ()
    return tuple(
        Frame(
            function=str(one.get("function", "")),
            file=str(one.get("file", "")),
            line=int(_number(one.get("line"))),
            pattern=str(one.get("pattern") or "")[:_PATTERN],
        )
        for one in told[:_FRAMES]
        if isinstance(one, dict)
    )


def _timings(sizes: Sequence[int], seconds: Sequence[float], ended: str, left: float | None) -> tuple[Timing, ...]:
    """The steps that were answered, and the one that was not, with the CPU time that is left for it; when the control was not
    got through, that it was not."""
    answered = [Timing(size=size, seconds=took) for size, took in zip(sizes, seconds, strict=False)]
    if ended != "done" and left is not None and len(answered) < len(sizes):
        answered.append(Timing(size=sizes[len(answered)], seconds=left, finished=False))
    return tuple(answered)


def _list(parsed: object, name: str) -> list[Any]:
    found = parsed.get(name) if isinstance(parsed, dict) else None
    return found if isinstance(found, list) else []


def _number(told: object) -> float:
    return float(told) if isinstance(told, int | float) and not isinstance(told, bool) and told == told else 0.0
