"""A step of many calls: made from a few by changing them, guided by the edges of native code and the lines that they take.

All of it happens in the process of the run, for a process of its own for each call, or a record of it, would cost a hundred times
as much as the call. The call that a process dies of is found by its parent (last.py); what is kept is told as it is found.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from typing import Any

from . import documents
from .changing import Changing, as_json, is_data, places, put
from .coverage import Coverage
from .documents import Values
from .doors.call import Caller
from .doors.interface import Client
from .drawing import Draw
from .invalid import Invalid
from .last import Last, packed
from .sanitizer import Report

_POOL = 256
_GIVEN, _GIVEN_BYTES = 128, 4096
_SHOWN = 4096
_LONG = (("a" + "\u20ac" * 66_600).encode(), b"A" * 70_000, bytes(range(256)) * 300)
"""More than 16 bits count, or what reads 64 KiB at a time has done with after two turns; with characters across its bounds."""
_LARGE, _LARGE_BYTES = 8, (32 << 10, 400 << 10)
_TOLD = 64
"""Calls with new edges that one step tells of at most."""
_LARGEST = 24 << 10
"""Characters of a packed call that is changed further."""
_EVENLY = 0.4
_SLOW_S, _SLOW = 0.02, 20
"""Calls that take so long, and so many times what a call takes, are not changed further."""
_GROWING = 0.15
"""Share of a step's time that long calls may take."""
_CALL_S = 1.5
"""CPU seconds after which a call has hung."""
_DEATH_S = 0.15
"""What a process that dies is reckoned to cost, with the report of it."""
_HELD = 512 << 20
"""Bytes that a step's calls may leave behind."""

reached: dict[str, dict[str, int]] = {}
"""By function, the edges of native code that its calls took in this process: what is new to one may be old to another."""
large: list[bytes] = []
"""The same where it is long: few, and seldom tried."""
tried: dict[str, set[bytes]] = {}
"""By function, long data that it was given in this process."""
given: list[bytes] = []
"""What functions returned in this process: what one makes is what another reads."""


def carry_out(
    step: dict[str, Any],
    caller: Client,
    values: Values,
    coverage: Coverage | None,
    report: Report | None,
    last: Last,
    tell: Callable[[dict[str, Any]], None],
    held: Callable[[], int],
) -> dict[str, Any]:
    """Make calls until the step's time or number is used up; its answer."""
    if not isinstance(caller, Caller):
        raise Invalid("many: this door takes no calls")
    pool = [call for call in step.get("pool", []) if isinstance(call, dict)]
    if not pool:
        raise Invalid("many: the pool is empty")
    draw = Draw(int(step.get("seed", 0)))
    given.extend(data for text in step.get("given", []) if (data := text.encode("latin-1")) not in given)
    changing = Changing(
        draw, [w.encode("latin-1") for w in step.get("words", [])], given, int(step.get("largest", 4096)), _named(pool), large
    )
    own = reached.setdefault(str(pool[0].get("target")), {})
    deadline = time.process_time() + float(step.get("seconds", 1.0))
    made, new, told = 0, 0, 0
    started, said = held(), report.size() if report is not None else 0
    long = _long(pool[-1], tried.setdefault(str(pool[0].get("target")), set())) if step.get("long") else []
    waiting = [*pool, *long]
    began, growing_s = time.process_time(), 0.0
    while made < int(step.get("times", 1 << 30)) and time.process_time() < deadline:
        call = waiting.pop(0) if waiting else changing.change(_chosen(pool, draw), draw.choice(pool))
        last.note(call)
        signal.setitimer(signal.ITIMER_PROF, _CALL_S)
        before = time.process_time()
        returned, raised = _attempt(caller, call, values)
        now = time.process_time()
        made += 1
        is_slow = now - before > _SLOW_S and (now - before) * made > _SLOW * (now - began)
        if changing.has_grown:
            growing_s += now - before
            changing.may_grow = growing_s < _GROWING * (now - began)
        found = coverage.step()["new_edges"] if coverage is not None else 0
        if report is not None and report.size() > said:
            if text := report.since(said):
                tell({"said": packed(call), "text": text})
            said = report.size()
        data = _data(returned)
        if _LARGE_BYTES[0] <= len(data) <= _LARGE_BYTES[1] and data not in large:
            large.append(data)
            if len(large) > _LARGE:
                del large[draw.randrange(_LARGE)]
        is_new = coverage is not None and _is_new(coverage, own)
        if (found or is_new) and not is_slow:
            new += found
            text = packed(call)
            if len(text) <= _LARGEST:  # larger ones are slow to change
                pool.append(call)
            if len(pool) > _POOL:
                del pool[draw.randrange(len(pool) // 2)]
            if 0 < len(data) <= _GIVEN_BYTES and data not in given:
                given.append(data)
                del given[:-_GIVEN]
            if told < _TOLD:
                told += 1
                tell({"kept": text, "new_edges": found, "returned": data[:_SHOWN].decode("latin-1"), "raised": bool(raised)})
        returned = None
        if (isinstance(raised, MemoryError) or not made % 256) and held() - started > _HELD:
            break
    last.forget()
    signal.setitimer(signal.ITIMER_PROF, _CALL_S)  # for what is left to do; who began the run's time puts an end to it
    return {
        "returned": "",
        "raised": "",
        "seconds": 0.0,
        "calls": made,
        "found": new,
        "reached": bool(own) or coverage is None or coverage.native is None,
    }


def go_on(steps: list[dict[str, Any]], died_of: dict[str, Any] | None, spent_s: float) -> bool:
    """Make a document's step of many calls ready for another process, after one died: without the call that it died of, and with
    the time that is left. False when there is no such step, or not enough is left of it.
    """
    step = steps[0].get("many") if len(steps) == 1 else None
    if not isinstance(step, dict):
        return False
    left = float(step.get("seconds", 1.0)) - max(spent_s, _DEATH_S)
    pool = [call for call in step.get("pool", []) if call != died_of]
    if left < _DEATH_S or not pool:
        return False
    if len(pool) == len(step["pool"]):
        step["long"] = False  # it died of long data, or when that had been tried: more of it would end the next process, too
    step.update(seconds=left, pool=pool, seed=int(step.get("seed", 0)) + 1)
    return True


def _is_new(coverage: Coverage, own: dict[str, int]) -> bool:
    """Whether the last call took edges that no call of the function had taken; from now on they are known."""
    is_new = False
    for name, taken in coverage.native.taken.items() if coverage.native is not None else ():
        if taken & ~own.get(name, 0):
            own[name] = own.get(name, 0) | taken
            is_new = True
    return is_new


def _long(call: dict[str, Any], was: set[bytes]) -> list[dict[str, Any]]:
    """The call with long data in its first place, what functions returned of that kind and some of our own, each once."""
    place = next(iter(places(call)[0]), None)
    fresh = [data for data in (*_LONG, *large) if data not in was]
    was.update(fresh)
    if place is None:
        return []
    return [put(call, place, as_json(data, is_text=not is_data(call, place))) for data in fresh]


def _named(pool: list[dict[str, Any]]) -> dict[str, Any]:
    """Arguments by name in any of the calls."""
    return {name: value for call in pool if isinstance(call.get("kwargs"), dict) for name, value in call["kwargs"].items()}


def _chosen(pool: list[dict[str, Any]], draw: Draw) -> dict[str, Any]:
    """Any, or rather one of the latest."""
    if draw.random() < _EVENLY:
        return pool[draw.randrange(len(pool))]
    return pool[-1 - min(len(pool) - 1, int(draw.expovariate(4 / len(pool))))]


def _attempt(caller: Caller, call: dict[str, Any], values: Values) -> tuple[Any, BaseException | None]:
    """What a call gives back or raises; the files that its arguments lay in are removed."""
    try:
        return caller.called(call, caller.arguments(call, values))
    except (Invalid, KeyError, TypeError) as error:
        return None, error
    finally:
        while documents.stored:
            with contextlib.suppress(OSError):
                os.unlink(documents.stored.pop())  # noqa: PTH108


def _data(value: Any) -> bytes:
    try:
        if isinstance(value, (bytes, bytearray)):
            return bytes(value[: _LARGE_BYTES[1] + 1])
        if isinstance(value, str):
            return value[: _LARGE_BYTES[1] + 1].encode("utf-8", "surrogatepass")
    except Exception:  # noqa: BLE001 (a class of the target's own)
        return b""
    return b""
