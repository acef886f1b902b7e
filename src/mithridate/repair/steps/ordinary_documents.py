"""Documents as an honest user sends them: sums to a calculator, something small where an attacker sends something endless."""

import json
import re
from collections.abc import Iterator, Mapping

from mithridate.model.document import LARGEST_BYTES, Document, Json, Place, decode, encode, found, put
from mithridate.model.errors import UsageError
from mithridate.model.violation import ViolationKind
from mithridate.repair.steps.perturbed_documents import chosen

_SPAN = re.compile("\ue000[\ue100-\ue1ff][^\ue000\ue001]*\ue001[\ue100-\ue1ff]", re.DOTALL)
ORDINARY: Mapping[ViolationKind, tuple[str, ...]] = {
    ViolationKind.CODE_INJECTION: ("7", "1 + 1", "(2 + 3) * 4", "-7 // 2", "'amber'", "[1, 2]"),
}
"""Texts that neither name nor call anything. What a program answers to them it was made to answer."""
SMALL = ("", "1", "abcde", "a=b", "[1]", "<a/>", "\x05\x00")
"""In the place of a text that is made to be long: short ones, one of which most readers of a format take."""
_FEW = (1, 2, 3)
_BRACKETS = {"(": ")", "[": "]", "{": "}"}


def half_an_attack(data: bytes, proof: bytes) -> bool:
    """Whether a document holds what a proof's attacker wrote outside of marks (`../`): it may be refused in other words."""
    try:
        document, attack = decode(data), decode(proof)
    except UsageError:
        return False
    for place, text in chosen(attack):
        outside = _SPAN.sub("", text)
        try:
            if outside and found(document.attack, place) == outside:
                return True
        except LookupError:
            continue
    return False


def ordinary_documents(data: bytes, kind: ViolationKind) -> list[bytes]:
    """The proof's own steps, without a mark, with an ordinary text in each place that the attacker chose.

    Where something is made to be long, as in proofs of time and depth: these steps with as good as no repetition, once more
    with its brackets closed, and the first step with a small text in that place.

    Nothing else for kinds whose sink is never meant to interpret what comes from outside, and for bytes that are no document.
    """
    try:
        document = decode(data)
    except UsageError:
        return []
    made: dict[bytes, None] = {}
    for text in ORDINARY.get(kind, ()):
        for place, _ in chosen(document):
            steps = put(document.attack, place, text)
            assert isinstance(steps, list)
            made[encode(Document(control=[], attack=steps))] = None
    for steps in (*_short(document.attack), *_small(document.attack[:1])):
        made[encode(Document(control=[], attack=steps))] = None
    return [each for each in made if len(each) <= LARGEST_BYTES]


def _short(attack: list[Json]) -> Iterator[list[Json]]:
    """The same with few repetitions, and with brackets that are open at the end closed."""
    long = list(_long(attack))
    for times in _FEW if long else ():
        fewer = closed = _fewer(attack, times)
        assert isinstance(fewer, list)
        yield fewer
        for place in long:
            text = _plain(found(fewer, place))
            if text is not None:
                closed = put(closed, place, text + _closing(text))
        assert isinstance(closed, list)
        yield closed


def _small(first: list[Json]) -> Iterator[list[Json]]:
    long = list(_long(first))
    for text in SMALL if long else ():
        steps: Json = first
        for place in long:
            steps = put(steps, place, text)
        assert isinstance(steps, list)
        yield steps


def _fewer(value: Json, times: int) -> Json:
    if isinstance(value, list):
        return [_fewer(each, times) for each in value]
    if not isinstance(value, dict):
        return value
    some = {key: _fewer(each, times) for key, each in value.items()}
    if some.get("make") == "repeat" and type(known := some.get("times")) is int:
        some["times"] = min(known, times)
    return some


def _plain(value: Json) -> str | None:
    """A text that is put together of texts."""
    if isinstance(value, dict) and value.get("make") == "repeat":
        text, times = _plain(value.get("of")), value.get("times")
        return text * times if text is not None and type(times) is int and len(text) * times <= LARGEST_BYTES else None
    if isinstance(value, dict) and value.get("make") == "join" and isinstance(row := value.get("of"), list):
        parts = [_plain(each) for each in row]
        return "".join(part for part in parts if part is not None) if None not in parts else None
    return value if isinstance(value, str) else None


def _closing(text: str) -> str:
    """The brackets that close those that are open at the end of a text."""
    stack: list[str] = []
    for letter in text:
        if letter in _BRACKETS:
            stack.append(_BRACKETS[letter])
        elif stack and letter == stack[-1]:
            stack.pop()
    return "".join(reversed(stack))


def _long(value: Json, at: Place = ()) -> Iterator[Place]:
    """Where texts stand that are made of repetitions, the outermost ones."""
    if isinstance(value, dict) and "make" in value:
        if '"repeat"' in json.dumps(value):
            yield at
    elif isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from _long(found(value, (key,)), (*at, key))
