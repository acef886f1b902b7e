"""A call from another: the data, numbers and structure of its arguments changed, as J of the document format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Union

from .drawing import Draw
from .mutation import grown, mutated

Place = tuple[Union[str, int], ...]  # noqa: UP007 (evaluated by Python 3.9)
_NUMBERS = (
    *(0, 1, 2, 3, 7, 8, 15, 16, 31, 32, 63, 64, 100, 127, 128, 255, 256, 1000, 4096, 32767, 32768, 65535, 65536),
    *((1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1),
)
_LARGE = 1 << 16
"""Numbers from here on ask for memory or time rather than for another branch; fewer are tried."""
_DATA = frozenset({"bytes", "file", "textfile", "stored", "path", "bytearray"})
_NODES, _DEPTH = 160, 12
_GROWN = 300_000
_METHODS = 24
"""Of the methods of what is returned, which is called first: one of so many."""
_NESTED = (1, 2, 8, 40)
_DEEPEST = 56
"""With what is around a call in a document, as deep as documents may be."""
_REPEATED = (2, 3, 16, 128, 2000)
_LARGEST_COPY = 4096
_FRESH: tuple[Any, ...] = (
    *("amber", "", 1, -1, 0, 1.5, True, None, [], {}, ["amber"], {"amber": 1}, [[]], [1, 2, 3], 1e308, 1 << 64, "\U0001f600\xe9"),
    *({"python": "bytes", "of": "amber"}, {"python": "tuple", "of": [1, 2, 3]}, {"python": "none"}),
)


class Changing:
    """Changes calls. `words` are put into data; `given` is data that functions returned, tried as a whole;
    `named` are arguments by name that the function takes; `large` is long data that functions returned.
    """

    def __init__(
        self,
        draw: Draw,
        words: Sequence[bytes],
        given: list[bytes],
        most: int,
        named: dict[str, Any] | None = None,
        large: Sequence[bytes] = (),
    ) -> None:
        self._draw, self._words, self.given, self._most, self._named = draw, words, given, most, named or {}
        self._large = large
        self.may_grow, self.has_grown = True, False
        """Whether calls may become long, and whether the last one did."""
        self._is_structural = False

    def change(self, call: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
        """`call` after one or a few changes; `other` is one to take pieces from."""
        self.has_grown = False
        made = call
        for _ in range(1 if self._draw.random() < 0.75 else self._draw.choice((2, 3))):
            self._is_structural = False
            changed = self._once(made, other)
            made = made if self._is_structural and depth(changed) > _DEEPEST else changed
        return made

    def _once(self, call: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
        draw = self._draw
        if draw.random() < 0.03 and isinstance(then := call.get("then"), list) and str(then[-1:]).startswith("['*"):
            return {**call, "then": [*then[:-1], f"*{draw.randrange(_METHODS)}"]}
        if self._named and draw.random() < 0.06:
            name = draw.choice(list(self._named))
            return {**call, "kwargs": {**(call.get("kwargs") or {}), name: self._value(self._named[name])}}
        data, rest = places(call)
        if not data and not rest:
            return call
        if data and (not rest or draw.random() < 0.7):
            # what a call is about comes early in it, and seldom behind much else
            place = data[min(len(data) - 1, int(draw.expovariate(0.6)))] if draw.random() < 0.7 else draw.choice(data)
            return put(call, place, self._data(call, place, other))
        place = draw.choice(rest)
        return put(call, place, self._value(at(call, place)))

    def _data(self, call: dict[str, Any], place: Place, other: dict[str, Any]) -> Any:
        draw = self._draw
        value = at(call, place)
        is_text = not is_data(call, place)
        before = content(value)
        kind = draw.random()
        if kind < 0.008 and self.may_grow and (self._large or len(before) < self._most):
            self.has_grown = True
            made = grown(before, draw, _GROWN) if kind < 0.004 or not self._large else draw.choice(self._large)
        elif kind < 0.05 and self.given:
            made = draw.choice(self.given)
        elif kind < 0.08 and is_text and len(place) > 1:
            return self._fresh()
        else:
            from_other = [content(at(other, p)) for p in places(other)[0][:4]] if draw.random() < 0.2 else []
            made = mutated(before, from_other or self.given or (b"",), self._words, draw, self._most)
        return as_json(made, is_text=is_text)

    def _fresh(self) -> Any:
        self._is_structural = True
        return self._draw.choice(_FRESH)

    def _number(self, value: float) -> Any:
        draw = self._draw
        kind = draw.random()
        if isinstance(value, float):
            return draw.choice((0.0, -0.0, 1e308, 5e-324, -1e-300, 1e16, value * 10, -value, value + 1))
        if kind < 0.25:
            return value + draw.choice((-2, -1, 1, 2, 8, -8))
        if kind < 0.45:
            return draw.randrange(1 << draw.randrange(1, 17)) * draw.choice((1, 1, -1))
        number = draw.choice(_NUMBERS)
        if number >= _LARGE and draw.random() < 0.3:
            number = draw.randrange(_LARGE)
        return -number if draw.random() < 0.35 else number + draw.choice((0, 0, 0, 1, -1))

    def _value(self, value: Any) -> Any:
        """Another value for one that is no data."""
        draw = self._draw
        self._is_structural = not isinstance(value, (int, float))
        if draw.random() < 0.07:
            return self._fresh()
        if isinstance(value, bool):
            return not value
        if isinstance(value, (int, float)):
            return self._number(value)
        if isinstance(value, list):
            return self._list(value)
        if isinstance(value, dict) and not {"make", "python"} & value.keys():
            return self._dict(value)
        return value if draw.random() < 0.5 else self._fresh()

    def _list(self, value: list[Any]) -> Any:
        draw = self._draw
        kind = draw.randrange(5)
        if kind == 0 and value:
            made = list(value)
            del made[draw.randrange(len(made))]
            return made
        if kind == 1 and value:
            many = draw.choice(_REPEATED)
            return [*value, *[draw.choice(value)] * many] if len(value) * many < _LARGEST_COPY else value
        if kind == 2:
            return nested(value, draw, as_list=True)
        if kind == 3:
            made = list(value)
            made.insert(draw.randrange(len(made) + 1), self._fresh())
            return made
        return sorted(value, key=lambda _: draw.random())

    def _dict(self, value: dict[str, Any]) -> Any:
        draw = self._draw
        kind = draw.randrange(5)
        made = dict(value)
        if kind == 0 and made:
            del made[draw.choice(list(made))]
        elif kind == 1:
            return nested(value, draw, as_list=draw.random() < 0.5)
        elif kind == 2 and made:
            key = draw.choice(list(made))
            held = made.pop(key)
            made[as_text(mutated(content(key), self.given or (b"",), self._words, draw, self._most))] = held
        elif kind == 3 and made:
            made[draw.choice(list(made))] = value
        else:
            made[as_text(draw.choice(self._words)) if self._words else "k"] = self._fresh()
        return made


def nested(value: Any, draw: Draw, *, as_list: bool) -> Any:
    """`value` inside of so many lists or objects."""
    for _ in range(draw.choice(_NESTED)):
        value = [value] if as_list else {"k": value}
    return value


def depth(value: Any) -> int:
    """How deep lists and objects lie in each other."""
    deep, level = 0, [value]
    while level and deep <= _DEEPEST:
        inner = [
            e for each in level for e in (each.values() if isinstance(each, dict) else each if isinstance(each, list) else ())
        ]
        level = [e for e in inner if isinstance(e, (dict, list))]
        deep += 1
    return deep


def places(call: dict[str, Any]) -> tuple[list[Place], list[Place]]:
    """Where data is in a call's arguments, and where other values are, the call's own before those of its object."""
    data: list[Place] = []
    rest: list[Place] = []
    for part in ("args", "kwargs"):
        _walk(call.get(part), (part,), data, rest, 0)
    construct = call.get("construct")
    if isinstance(construct, dict):
        for part in ("args", "kwargs"):
            _walk(construct.get(part), ("construct", part), data, rest, 0)
    return data, rest


def _walk(value: Any, place: Place, data: list[Place], rest: list[Place], depth: int) -> None:
    if depth > _DEPTH or len(data) + len(rest) > _NODES:
        return
    is_argument = place[-1] in ("args", "kwargs") and len(place) == (2 if place[0] == "construct" else 1)
    if isinstance(value, str) or (isinstance(value, dict) and "make" in value):
        data.append(place)
    elif isinstance(value, dict) and "python" in value:
        if value["python"] in _DATA:
            data.append((*place, "of"))
        elif value["python"] in ("tuple", "set"):
            _walk(value.get("of"), (*place, "of"), data, rest, depth + 1)
        elif value["python"] != "callable":
            rest.append(place)
    elif isinstance(value, dict):
        if not is_argument:
            rest.append(place)
        for key, each in value.items():
            _walk(each, (*place, key), data, rest, depth + 1)
    elif isinstance(value, list):
        if not is_argument:
            rest.append(place)
        for position, each in enumerate(value):
            _walk(each, (*place, position), data, rest, depth + 1)
    else:
        rest.append(place)


def at(call: Any, place: Place) -> Any:
    """The value at a place."""
    for key in place:
        call = call[key]
    return call


def put(call: dict[str, Any], place: Place, value: Any) -> dict[str, Any]:
    """A call with another value at that place; what lies beside the way there is shared with the one before."""
    made: dict[str, Any] = dict(call)
    inside: Any = made
    for key in place[:-1]:
        inner = inside[key]
        inside[key] = dict(inner) if isinstance(inner, dict) else list(inner)
        inside = inside[key]
    inside[place[-1]] = value
    return made


def is_data(call: Any, place: Place) -> bool:
    """Whether bytes are wanted at a place, not text."""
    holder = at(call, place[:-1]) if place[-1] == "of" else None
    return isinstance(holder, dict) and holder.get("python") in ("bytes", "file", "stored", "bytearray")


def content(value: Any) -> bytes:
    """Data as bytes."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    told = value.get("latin1") if isinstance(value, dict) else None
    return told.encode("latin-1", "replace") if isinstance(told, str) else b""


def as_json(data: bytes, *, is_text: bool) -> Any:
    """Data as it stands in a call."""
    return as_text(data) if is_text else {"make": "bytes", "latin1": data.decode("latin-1")}


def as_text(data: bytes) -> str:
    """Text with every character that bytes can stand for; what opens a mark in a document is left out."""
    return data.decode("utf-8", "surrogateescape").replace("\ue000", "").replace("\ue001", "")
