"""An input document (docs/input-document.md): what an attacker sends, step by step, and its harmless twin.

A document is kept as plain JSON values: lists, objects, strings, numbers. Places in it are named by the keys and positions that
lead there, such as `(0, "request", "form", 1, 1)`; the name of a place in the attack names its twin in the control.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from mithridate.model.errors import UsageError

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None
Place = tuple[str | int, ...]
"""The keys and positions from a list of steps down to a value."""

VERSION = 1
LARGEST_BYTES = 1 << 20

OPENING, CLOSING = "\ue000", "\ue001"
MARK = re.compile("(?P<end>[\ue000\ue001])(?P<number>[\ue100-\ue1ff])")
"""One end of a mark; the number is that of the character behind it, from U+E100."""

_DEEPEST = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The steps of both phases. `control` may be empty; otherwise it has the shape of `attack`."""

    control: list[Json]
    attack: list[Json]


def decode(data: bytes) -> Document:
    """The document in `data`. Raises UsageError, one sentence, when it is none."""
    if len(data) > LARGEST_BYTES:
        raise UsageError(f"The input document has {len(data)} bytes; at most {LARGEST_BYTES} are read.")
    try:
        given = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UsageError("The input document is not JSON.") from error
    if not isinstance(given, dict) or given.get("version") != VERSION:
        raise UsageError(f"The input document is not one of version {VERSION}.")
    control, attack = given.get("control", []), given.get("attack")
    if not isinstance(control, list) or not isinstance(attack, list) or not all(map(_is_step, (*control, *attack))):
        raise UsageError("The input document has no lists of steps named control and attack.")
    if _depth(given) > _DEEPEST:
        raise UsageError(f"The input document is nested deeper than {_DEEPEST} levels.")
    return Document(control=control, attack=attack)


def encode(document: Document) -> bytes:
    """The document's bytes: the same for equal documents."""
    made = {"version": VERSION, "control": document.control, "attack": document.attack}
    return json.dumps(made, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def strings(value: Json, at: Place = ()) -> Iterator[tuple[Place, str]]:
    """Every string that is a value (not a key) with its place, in order."""
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, dict):
        for key in value:
            yield from strings(value[key], (*at, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from strings(item, (*at, position))


def found(value: Json, place: Place) -> Json:
    """The value at `place`. Raises LookupError when there is none."""
    for key in place:
        match value, key:
            case dict(), str():
                value = value[key]
            case list(), int():
                value = value[key]
            case _:
                raise LookupError(place)
    return value


def put(value: Json, place: Place, new: Json) -> Json:
    """A copy of `value` with `new` at `place`; what is not on the way is shared. Raises LookupError without such a place."""
    if not place:
        return new
    key, rest = place[0], place[1:]
    if isinstance(value, dict) and isinstance(key, str):
        return {**value, key: put(value[key], rest, new)}
    if isinstance(value, list) and isinstance(key, int):
        return [*value[:key], put(value[key], rest, new), *value[key + 1 :]]
    raise LookupError(place)


def without(value: Json, place: Place) -> Json:
    """A copy of `value` without what is at `place`. Raises LookupError when there is nothing."""
    *way, last = place
    holder = found(value, tuple(way))
    if isinstance(holder, dict) and isinstance(last, str):
        if last not in holder:
            raise LookupError(place)
        return put(value, tuple(way), {k: v for k, v in holder.items() if k != last})
    if isinstance(holder, list) and isinstance(last, int) and last < len(holder):
        return put(value, tuple(way), [*holder[:last], *holder[last + 1 :]])
    raise LookupError(place)


def marked(value: Json) -> bool:
    """True when a mark stands anywhere in `value`."""
    return any(OPENING in text for _, text in strings(value))


def worded(text: str) -> str:
    """The text with plain letters for its marks, to be typed: `mka` and `mkz` for mark 0, `mk1a` and `mk1z` for mark 1."""
    return MARK.sub(_word, text)


def _word(end: re.Match[str]) -> str:
    number = ord(end["number"]) - 0xE100
    return f"mk{number or ''}{'a' if end['end'] == OPENING else 'z'}"


def _is_step(step: object) -> bool:
    return isinstance(step, dict) and sum(isinstance(step.get(k), dict) for k in ("request", "call", "program")) == 1


def _depth(value: object) -> int:
    deepest, level = 0, [value]
    while level and deepest <= _DEEPEST:
        deepest += 1
        level = [
            inner
            for item in level
            for inner in (item.values() if isinstance(item, dict) else item if isinstance(item, list) else ())
        ]
    return deepest
