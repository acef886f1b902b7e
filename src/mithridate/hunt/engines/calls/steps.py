"""Calls as plain JSON values, the texts in them that an attacker would choose, and input documents made of calls.

A call is {"target", "args", "kwargs", "construct"} as in docs/input-document.md. A leaf is a text (or what a maker makes in its
place); it is named by the keys that lead to it. Inside values U+E000 opens and U+E001 closes what is marked; the number of the
mark, that of the leaf, is put in when the document is made.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Json = Any
Call = Mapping[str, Json]
Place = tuple[str | int, ...]

OPENING, CLOSING = "\ue000", "\ue001"
HARMLESS = "amber"
MAX_BYTES = 1 << 20
_NUMBERS = 0xE100
_MAX_LEAVES = 24
_DEPTH = 12
_TEXTS = frozenset({"bytes", "file", "textfile", "path", "stored"})


def marked(text: str = HARMLESS) -> str:
    """`text` as marked attacker data."""
    return f"{OPENING}{text}{CLOSING}"


def call(target: str, args: Sequence[Json] = (), kwargs: Mapping[str, Json] | None = None, construct: Json = None) -> Call:
    """A call; `construct` only for methods."""
    made: dict[str, Json] = {"target": target, "args": list(args), "kwargs": dict(kwargs or {})}
    return made if construct is None else {**made, "construct": construct}


def program(target: str, args: Sequence[str] = (), stdin: Json = "", files: Mapping[str, Json] | None = None) -> Call:
    """A run of a program; told from a call by its files."""
    return {"target": target, "args": list(args), "stdin": stdin, "files": dict(files or {})}


def leaves(one: Call) -> list[Place]:
    """The places of the texts in the arguments, at most a few; those of the call before those of the construction."""
    found: list[Place] = []
    for part in ("stdin", "files") if "files" in one else ("args", "kwargs"):  # a program's arguments are its user's
        found += _leaves(one.get(part), (part,), 0)
    construct = one.get("construct")
    if isinstance(construct, dict):
        for part in ("args", "kwargs"):
            found += _leaves(construct.get(part), ("construct", part), 0)
    return found[:_MAX_LEAVES]


def _leaves(value: Json, at: Place, depth: int) -> Iterator[Place]:
    if depth > _DEPTH:
        return
    if isinstance(value, str) or (isinstance(value, dict) and "make" in value):
        yield at
    elif isinstance(value, dict) and "python" in value:
        if value["python"] in _TEXTS and value.get("of") is not None:
            yield (*at, "of")
        elif value["python"] in ("tuple", "set", "callable"):
            yield from _leaves(value.get("of"), (*at, "of"), depth + 1)
    elif isinstance(value, dict):
        for key in value:
            yield from _leaves(value[key], (*at, key), depth + 1)
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _leaves(item, (*at, position), depth + 1)


def at(one: Call, place: Place) -> Json:
    """The value at a place."""
    value: Json = one
    for key in place:
        value = value[key]
    return value


def replaced(one: Call, place: Place, value: Json) -> Call:
    """The same call with another value at that place."""
    made: dict[str, Json] = json.loads(json.dumps(one))  # not a deep copy, in which one value in two places stays one
    inside: Json = made
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = value
    return made


def with_marks(one: Call, but: Place = ()) -> Call:
    """Every leaf that is plain text, marked from end to end; not the one at `but`."""
    for place in leaves(one):
        value = at(one, place)
        if place != but and isinstance(value, str) and OPENING not in value:
            one = replaced(one, place, marked(value))
    return one


def spliced(value: Json, new: Json) -> Json:
    """`new` in the place of what is marked in `value`; instead of all of it when they are not both text."""
    if not isinstance(value, str) or not isinstance(new, str) or OPENING not in value:
        return new
    before, _, rest = value.partition(OPENING)
    return before + new + rest.partition(CLOSING)[2]


def document(attack: Sequence[Call], control: Sequence[Call] = ()) -> bytes:
    """The bytes of an input document, the same for equal calls."""
    made = {
        "version": 1,
        "control": [_step(one) for one in control],
        "attack": [_step(one) for one in attack],
    }
    return json.dumps(made, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def _step(one: Call) -> Mapping[str, Json]:
    made = _numbered(one)
    return {"program": {key: made[key] for key in ("args", "stdin", "files")}} if "files" in made else {"call": made}


def _numbered(one: Call) -> Call:
    for number, place in enumerate(leaves(one)):
        value = at(one, place)
        text = json.dumps(value, ensure_ascii=False)
        if OPENING in text or CLOSING in text:
            sign = chr(_NUMBERS + number)
            text = text.replace(OPENING, OPENING + sign).replace(CLOSING, CLOSING + sign)
            one = replaced(one, place, json.loads(text))
    return one


def unmarked(call: Call, but: Place = ()) -> Call:
    """The call with the marks taken out of its plain texts, not of the one at `but`."""
    for place in leaves(call):
        value = at(call, place)
        if place != but and isinstance(value, str):
            call = replaced(call, place, value.replace(OPENING, "").replace(CLOSING, ""))
    return call
