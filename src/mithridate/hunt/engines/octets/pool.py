"""The calls that are known of one function, and steps of many calls made from them (docs/input-document.md, "many")."""

import base64
import hashlib
import json
import random
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mithridate.hunt.engines.calls.steps import Call

_KEPT, _OTHERS = 160, 40
_DOCUMENT_BYTES = 700_000
_KEPT_BYTES = 2 * _DOCUMENT_BYTES
"""Of the calls that a pool keeps, as JSON: more than a document holds is of little use."""
_KNOWN = 50_000
_DEEPEST = 56
_LARGEST_CALL, LARGEST_KEPT = 4 << 20, 128 << 10
_DEATH_S, _TOLD = 0.15, 64
"""What a process that dies costs of a step's time at least, and how many calls one tells of: see the observer's many.py."""
_AGAIN = 2
"""How often a step that came to no end is made again."""
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
    cut_off: int = 0
    """Steps that came to no end since one did."""
    known: set[bytes] = field(default_factory=set)
    """Digests of calls: whole ones would be what a target likes to fill our memory with."""
    _sizes: list[int] = field(default_factory=list)
    """Of the kept ones, as JSON."""
    _before: tuple[list[Call], list[Call], float] | None = None

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

    def most_told(self, deaths: int) -> int:
        """Calls that a step can have told of at most in which so many processes are said to have died."""
        return _TOLD * (1 + min(deaths, int(self.seconds / _DEATH_S)))

    def keep(self, call: Call) -> bool:
        """Whether it was not known; then it is now. The oldest go where there are too many, or too large ones."""
        digest, size = _digest(call)
        if digest in self.known:
            return False
        self._know(digest)
        self.kept.append(call)
        self._sizes.append(size)
        if len(self.kept) > _KEPT:
            del self.kept[: -_KEPT // 2 : 2], self._sizes[: -_KEPT // 2 : 2]
        total, over = sum(self._sizes), 0
        while total > _KEPT_BYTES and over < len(self.kept) - 1:
            total -= self._sizes[over]
            over += 1
        del self.kept[:over], self._sizes[:over]
        return True

    def forget(self, call: Call) -> None:
        """Change the call no further: a process died of it."""
        left = [(one, size) for one, size in zip(self.kept, self._sizes, strict=True) if one != call]
        self.kept, self._sizes = [one for one, _ in left], [size for _, size in left]
        self.others = [one for one in self.others if one != call]
        self._know(_digest(call)[0])

    def _know(self, digest: bytes) -> None:
        if len(self.known) >= _KNOWN:
            self.known = {_digest(one)[0] for one in self.kept}
        self.known.add(digest)

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
        self._before = (self.fresh, self.others, self.gained)
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

    def ended(self, *, whole: bool, counts: bool = True) -> None:
        """The last step came to its end; or it did not, and what it was to try is to be tried again, as often as one likes where
        that does not count, else a few times."""
        before, self._before = self._before, None
        self.cut_off = 0 if whole else self.cut_off + counts
        if whole or before is None or self.cut_off > _AGAIN:
            return
        fresh, others, gained = before  # less what is known by now: it is kept, or a process died of it
        self.others = [one for one in others if _digest(one)[0] not in self.known]
        self.fresh = [*(one for one in fresh if _digest(one)[0] not in self.known), *self.fresh]
        self.gained = max(self.gained, gained)
        self.batches -= 1

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
            "cut_off": self.cut_off,
        }

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Pool":
        """The pool of a state."""
        pool = cls(**told)
        digests = [_digest(call) for call in pool.kept]
        pool.known, pool._sizes = {digest for digest, _ in digests}, [size for _, size in digests]
        return pool


def unpacked(text: object, largest: int = _LARGEST_CALL) -> Call | None:
    """The call, of at most so many bytes, that an observer packed into a record; None for what is none, as records are not to be
    trusted."""
    try:
        opened = zlib.decompressobj()
        data = opened.decompress(base64.b64decode(str(text), validate=True), largest)
        told = json.loads(data) if opened.eof else None
    except (ValueError, zlib.error, RecursionError):
        return None
    if not isinstance(told, dict) or not isinstance(told.get("target"), str):
        return None
    call = {name: told[name] for name in ("target", "args", "kwargs", "construct", "then") if name in told}
    return call if _is_call(call) else None


def _is_call(call: Mapping[str, Any]) -> bool:
    """Has it the form of a call, nested no deeper than what is written as JSON?"""
    construct, then = call.get("construct"), call.get("then", [])
    if not _has_arguments(call) or not (construct is None or (isinstance(construct, dict) and _has_arguments(construct))):
        return False
    if not isinstance(then, list) or not all(isinstance(name, str) for name in then):
        return False
    level: list[Any] = [call]
    for _ in range(_DEEPEST):
        level = [
            inner for one in level if isinstance(one, dict | list) for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return not level


def _has_arguments(told: Mapping[str, Any]) -> bool:
    return isinstance(told.get("args"), list) and isinstance(told.get("kwargs"), dict)


def _digest(call: Call) -> tuple[bytes, int]:
    """What tells it from others, in few bytes, and its size as JSON."""
    text = json.dumps(call, sort_keys=True).encode("ascii")
    return hashlib.blake2b(text, digest_size=16).digest(), len(text)
