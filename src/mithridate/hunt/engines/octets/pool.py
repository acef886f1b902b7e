"""The calls that are known of one function, and steps of many calls made from them (docs/input-document.md, "many")."""

import base64
import json
import random
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mithridate.hunt.engines.calls.steps import Call

_KEPT, _OTHERS = 160, 40
_DOCUMENT_BYTES = 700_000
_LARGEST_CALL = 4 << 20
_FIRST_S, _MOST_S = 0.4, 4.0
_WORDS, _GIVEN = 600, 64
_GAINED = 8.0
"""New edges beyond so many make a function no more promising: code that has many is not the one with the flaw for that."""
_LONG = (1, 3)
"""The visits of a function, counted from 1, at which long data is tried."""
NATIVE, LIKELY, ASIDE = 1.0, 0.4, 0.05
"""How much functions are searched that reach native code, that take something apart and may therefore do so, and others."""


@dataclass(slots=True)
class Pool:
    """What is known of one function: `fresh` calls were not made yet, `kept` ones took new edges; `deaths` counts what ended."""

    target: str
    fresh: list[Call]
    ways: list[Call]
    """Calls that the function takes, at least one."""
    kept: list[Call] = field(default_factory=list)
    others: list[Call] = field(default_factory=list)
    """Of the fresh ones the last: code that tells little of itself may still be the nearest to one that took no new edges."""
    batches: int = 0
    gained: float = 1.0
    deaths: int = 0
    nearness: float = 1.0
    """To native code: NATIVE when its calls were seen to reach it, less when they may, or do not."""
    was_given: int = 0
    """How much of what functions returned it was given."""
    known: set[str] = field(default_factory=set)

    @property
    def plain(self) -> Call:
        """The way that raises least."""
        return self.ways[0]

    @property
    def rank(self) -> float:
        """What to search next: what brought much lately, and what was searched little."""
        return (1.0 + min(_GAINED, self.gained)) / (1 + self.batches) * self.nearness

    @property
    def seconds(self) -> float:
        """CPU time of a step: little at first, for there are many functions and most are of no interest."""
        return min(_MOST_S, _FIRST_S * (1 + self.batches))

    def keep(self, call: Call) -> bool:
        """Whether it was not known; then it is now."""
        text = json.dumps(call, sort_keys=True)
        if text in self.known:
            return False
        self.known.add(text)
        self.kept.append(call)
        if len(self.kept) > _KEPT:
            del self.kept[: -_KEPT // 2 : 2]
        return True

    def forget(self, call: Call) -> None:
        """Change the call no further: a process died of it."""
        self.kept = [one for one in self.kept if one != call]
        self.others = [one for one in self.others if one != call]
        self.known.add(json.dumps(call, sort_keys=True))

    def step(self, seed: int, words: Sequence[bytes], given: Sequence[bytes], draw: random.Random, largest: int) -> bytes:
        """A document with a step of many calls; what was fresh is so no longer."""
        calls: list[Call] = []
        left = _DOCUMENT_BYTES
        for call in reversed((*self.others, *self.fresh, *self.ways, *self.kept)):  # the observer prefers the latest
            size = len(json.dumps(call))
            if size < left:
                left -= size
                calls.insert(0, call)
        seconds = self.seconds
        self.others = [*self.others, *self.fresh][-_OTHERS:]
        self.fresh = []
        self.batches += 1
        self.gained *= 0.6
        chosen = draw.sample(list(words), min(_WORDS, len(words)))
        step = {
            "pool": calls or [self.plain],
            "seed": seed,
            "seconds": seconds,
            "largest": largest,
            "long": self.batches in _LONG,
        }
        step["words"] = [word.decode("latin-1") for word in chosen]
        step["given"] = [data.decode("latin-1") for data in given[-_GIVEN:]]
        made = {"version": 1, "control": [], "attack": [{"many": step}]}
        return json.dumps(made, sort_keys=True, separators=(",", ":")).encode("ascii")

    def state(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "target": self.target,
            "fresh": self.fresh,
            "ways": self.ways,
            "kept": self.kept,
            "others": self.others,
            "batches": self.batches,
            "gained": self.gained,
            "deaths": self.deaths,
            "nearness": self.nearness,
            "was_given": self.was_given,
        }

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Pool":
        """The pool of a state."""
        pool = cls(**told)
        pool.known = {json.dumps(call, sort_keys=True) for call in pool.kept}
        return pool


def unpacked(text: object) -> Call | None:
    """The call that an observer packed into a record; None for what is none, as records are not to be trusted."""
    try:
        opened = zlib.decompressobj()
        data = opened.decompress(base64.b64decode(str(text), validate=True), _LARGEST_CALL)
        told = json.loads(data) if opened.eof else None
    except (ValueError, zlib.error, RecursionError):
        return None
    if not isinstance(told, dict) or not isinstance(told.get("target"), str):
        return None
    members = ("target", "args", "kwargs", "construct", "then")
    return {name: told[name] for name in members if name in told}
