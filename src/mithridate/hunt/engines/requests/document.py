"""Requests with marked inputs, and the input documents made of them.

In a value, U+E000 opens and U+E001 closes what is to be marked; the number of the mark is that of the input's place in the
document, put in when the document is made. So equal steps get equal numbers in control and attack.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

Value = str | dict[str, Any]
"""A V of the format: text, or {"make": …}."""
Part = Literal["value", "name", "filename"]
PARTS: tuple[Part, ...] = ("value", "name", "filename")

OPENING, CLOSING = "\ue000", "\ue001"
HARMLESS = "amber"
PLAIN_FILE = "amber.txt"
MAX_INPUTS = 256 // len(PARTS)
MAX_BYTES = 1 << 20
_NUMBERS = "\ue100"
_BODIES = ("json", "body")


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One input of a request. The value of "files" is the content; "body", "raw_query" and a whole "json" have the name ""."""

    where: str
    name: Value
    value: Value
    filename: Value = ""

    @property
    def slot(self) -> tuple[str, str]:
        """What tells it from the request's other inputs."""
        return self.where, text_of(self.name)

    def part(self, part: Part) -> Value:
        """One of its three attacker-chosen parts."""
        return {"value": self.value, "name": self.name, "filename": self.filename}[part]

    def with_part(self, part: Part, value: Value) -> "Input":
        """The same input with that part replaced."""
        if part == "name":
            return replace(self, name=value)
        return replace(self, filename=value) if part == "filename" else replace(self, value=value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One step. `path` is a route's template when inputs with `where` "path" fill its parameters."""

    method: str
    path: str
    inputs: tuple[Input, ...] = ()
    fill: bool = False

    def with_input(self, position: int, new: Input) -> "Request":
        """The same request with one input replaced."""
        return replace(self, inputs=(*self.inputs[:position], new, *self.inputs[position + 1 :]))

    def without(self, position: int) -> "Request":
        """The same request with one input left out."""
        return replace(self, inputs=(*self.inputs[:position], *self.inputs[position + 1 :]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One attacker-chosen part in a sequence of requests."""

    step: int
    position: int
    part: Part


Steps = tuple[Request, ...]


def marked(text: str = HARMLESS) -> str:
    """`text` as marked attacker data."""
    return f"{OPENING}{text}{CLOSING}"


def made(maker: str, of: Value) -> Value:
    """A value that the observer encodes after the marks are put in."""
    return {"make": maker, "of": of}


def is_marked(value: Value) -> bool:
    """True when some of it is marked."""
    return OPENING in json.dumps(value, ensure_ascii=False)


def text_of(value: Value) -> str:
    """A readable form of a value, without marks."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text.replace(OPENING, "").replace(CLOSING, "")


def slots(steps: Steps) -> Iterator[tuple[int, Slot]]:
    """The mark number of every part of every input that can have one."""
    number = 0
    for s, step in enumerate(steps):
        for p in range(len(step.inputs)):
            for part in PARTS:
                if number < 256:
                    yield number, Slot(step=s, position=p, part=part)
                number += 1


def input_at(steps: Steps, slot: Slot) -> Input:
    """The input that a slot belongs to."""
    return steps[slot.step].inputs[slot.position]


def replaced(steps: Steps, slot: Slot, value: Value) -> Steps:
    """The same steps with one part of one input replaced."""
    step = steps[slot.step]
    new = step.with_input(slot.position, input_at(steps, slot).with_part(slot.part, value))
    return (*steps[: slot.step], new, *steps[slot.step + 1 :])


def document(control: Steps, attack: Steps) -> bytes:
    """The input document of two sequences of one shape (control may be empty). ValueError when the format allows no such size."""
    content = {"version": 1, "control": _steps(control), "attack": _steps(attack)}
    data = json.dumps(content, separators=(",", ":"), ensure_ascii=True, sort_keys=True).encode()
    if len(data) > MAX_BYTES:
        raise ValueError(f"a document of {len(data)} bytes")
    return data


def _steps(steps: Steps) -> list[dict[str, Any]]:
    numbers = {slot: number for number, slot in slots(steps)}
    return [{"request": _request(step, s, numbers)} for s, step in enumerate(steps)]


def _request(step: Request, index: int, numbers: Mapping[Slot, int]) -> dict[str, Any]:
    built: dict[str, Any] = {"method": step.method}
    path: list[tuple[str, Value]] = []
    whole = {i.where for i in step.inputs}
    for position, one in enumerate(step.inputs):

        def numbered(part: Part, one: Input = one, position: int = position) -> Any:
            return _number(one.part(part), numbers.get(Slot(step=index, position=position, part=part)))

        name, value = numbered("name"), numbered("value")
        if one.where == "path":
            path.append((text_of(one.name), value))
        elif one.where == "files":
            file = {"name": name, "filename": numbered("filename") or PLAIN_FILE, "type": "text/plain", "content": value}
            built.setdefault("files", []).append(file)
        elif one.where in ("body", "raw_query"):
            built[one.where] = value
        elif one.where == "json":
            _json(built, text_of(name), value)
        elif one.where in ("query", "headers", "cookies", "form"):
            built.setdefault(one.where, []).append([name, value])
    if whole & set(_BODIES):
        built.pop("form", None)
        built.pop("files", None)
    if "json" in built:
        built.pop("body", None)
    if "raw_query" in built:
        built.pop("query", None)
    if step.fill:
        built["fill"] = True
    built["path"] = _filled(step.path, path)
    return built


def _json(built: dict[str, Any], name: str, value: Any) -> None:
    if not name:
        built["json"] = value
        return
    place: Any = built.setdefault("json", {})
    pieces = re.findall(r"[^.\[\]]+|\[\]", name) or [name]
    for piece, following in zip(pieces, [*pieces[1:], ""], strict=True):
        inner: Any = value if not following else [] if following == "[]" else {}
        if piece == "[]":  # a list has one item
            if not isinstance(place, list):
                return
            place[:] = place or [inner]
            place = place[0]
        elif isinstance(place, dict) and "make" not in place:
            place = place.setdefault(piece, inner)
        else:
            return


def _filled(template: str, parameters: Sequence[tuple[str, Value]]) -> Value:
    """The path with its parameters in it, percent-encoded where they may need it."""
    pieces: list[Value] = [template]
    for name, value in parameters:
        pattern = re.compile(rf"<(?:[^<>:]*:)?{re.escape(name)}>|\{{{re.escape(name)}(?::[^{{}}]*)?\}}")
        for i, piece in enumerate(pieces):
            if isinstance(piece, str) and (found := pattern.search(piece)):
                shown: Value = value if isinstance(value, str) and _PLAIN.fullmatch(value) else made("url", value)
                pieces[i : i + 1] = [piece[: found.start()], shown, piece[found.end() :]]
                break
    pieces = [piece for piece in pieces if piece != ""]
    if all(isinstance(piece, str) for piece in pieces):
        return "".join(piece for piece in pieces if isinstance(piece, str))
    return {"make": "join", "of": pieces}


_PLAIN = re.compile(r"[\w.\-\ue000-\ue1ff]*", re.ASCII)


def _number(value: Any, number: int | None) -> Any:
    """Put the mark's number behind every opening and closing; without a number the marks go."""
    if isinstance(value, str):
        if number is None:
            return value.replace(OPENING, "").replace(CLOSING, "")
        tail = chr(ord(_NUMBERS) + number)
        return value.replace(OPENING, OPENING + tail).replace(CLOSING, CLOSING + tail)
    if isinstance(value, list):
        return [_number(item, number) for item in value]
    if isinstance(value, dict):
        return {_number(key, number): _number(item, number) for key, item in value.items()}
    return value
