"""Documents near a proof for doors with an observer: other ways out of the same place, other spellings, other inputs."""

import re
from collections.abc import Callable, Iterator
from itertools import islice, zip_longest

from mithridate.model.document import (
    LARGEST_BYTES,
    MARK,
    OPENING,
    Document,
    Json,
    Place,
    decode,
    encode,
    found,
    put,
    strings,
)
from mithridate.model.errors import UsageError
from mithridate.model.violation import ViolationKind
from mithridate.repair.steps.breakouts import AROUND, INNER

_SPAN = re.compile("(?P<open>\ue000[\ue100-\ue1ff])(?P<inner>[^\ue000\ue001]*)(?P<close>\ue001[\ue100-\ue1ff])", re.DOTALL)
_WORD = "amber"
_ONLY_NAMES = frozenset({"make", "python", "method", "target", "path", "type"})
_INPUTS = frozenset({"query", "form", "headers", "cookies", "files", "json", "args", "kwargs", "stdin", "body"})
_LONGEST_REPEAT = 100_000


def perturbed_document(data: bytes, kind: ViolationKind, most: int) -> list[bytes]:
    """Up to `most` documents that differ from `data` and from each other; nothing for bytes that are no document.

    Their harmless twins are those of the proof. What changes is in the places that the attacker chose: in the marks and around
    them, how it is spelt, how often it is repeated, and in which input of the step it is.
    """
    try:
        document = decode(data)
    except UsageError:
        return []
    ways = (_breakouts(document, kind), _spellings(document), _moves(document), _repeats(document))
    made: dict[bytes, None] = {}
    mixed = (one for row in zip_longest(*ways) for one in row if one is not None)
    for each in mixed:
        changed = encode(each)
        if changed != encode(document) and len(changed) <= LARGEST_BYTES:
            made[changed] = None
        if len(made) >= most:
            break
    return list(made)


def chosen(document: Document) -> Iterator[tuple[Place, str]]:
    """The texts of the attack that are the attacker's: those with a mark, and those that the harmless twin has otherwise."""
    for place, text in strings(document.attack):
        if place[-1] in _ONLY_NAMES and OPENING not in text:
            continue
        if OPENING in text or (document.control and _twin(document, place) != text):
            yield place, text


def _twin(document: Document, place: Place) -> Json:
    try:
        return found(document.control, place)
    except LookupError:
        return None


def _with(document: Document, place: Place, text: Json) -> Document:
    attack = put(document.attack, place, text)
    assert isinstance(attack, list)
    return Document(control=document.control, attack=attack)


def _breakouts(document: Document, kind: ViolationKind) -> Iterator[Document]:
    """For each marked text, the other ways out of what its sink interprets."""
    for inner in INNER.get(kind, ()):
        for place, text in chosen(document):
            span = _SPAN.search(text)
            if span is not None:
                yield _with(document, place, text[: span.end("open")] + inner + text[span.start("close") :])
    for form in AROUND.get(kind, ()):
        for place, text in chosen(document):
            span = _SPAN.search(text)
            if span is not None:
                yield _with(document, place, form.replace("{}", span["open"] + _WORD + span["close"]))


def _spellings(document: Document) -> Iterator[Document]:
    """The same text with other quotation marks, line ends, case, escapes; longer, and with more around it."""
    for place, text in chosen(document):
        swapped = text.translate({ord("'"): '"', ord('"'): "'"})
        ways = [
            swapped,
            _outside(text, str.swapcase),
            text.replace("\r\n", "\n"),
            text.replace("\n", "\r"),
            text.replace("\r\n", "\n").replace("\n", "\r\n"),
            text.replace(" ", "\t"),
            text.replace(" ", "/**/"),
            text.replace("../", "....//"),
            text.replace("../", "%2e%2e/"),
            text.replace("../", "..//"),
            text.replace("../", "../../"),
            _outside(text, _percent),
            text + text if len(text) < 2_000 else text,
            f"a{text}",
            f"{text}a",
            f" {text}",
            f"{text}\n",
            f"{text}\u00e9",
        ]
        yield from (_with(document, place, way) for way in ways if way != text)


def _outside(text: str, change: Callable[[str], str]) -> str:
    """The text changed but for the characters that make marks."""
    pieces = []
    last = 0
    for end in MARK.finditer(text):
        pieces += [change(text[last : end.start()]), end[0]]
        last = end.end()
    return "".join([*pieces, change(text[last:])])


def _percent(text: str) -> str:
    """Every character that is no letter or digit as an escape of URLs."""
    return "".join(c if c.isalnum() else "".join(f"%{byte:02x}" for byte in c.encode("utf-8", "replace")) for c in text)


def _moves(document: Document) -> Iterator[Document]:
    """The attack's text in another input of the same step; its twin, where there is one, in the same of the harmless step."""
    for place, text in islice(chosen(document), 6):
        harmless = _twin(document, place)
        for other, there in strings(document.attack):
            if other == place or other[:2] != place[:2] or there == text or not _is_input(other):
                continue
            moved = _with(document, other, text)
            if isinstance(harmless, str) and isinstance(_twin(document, other), str):
                control = put(document.control, other, harmless)
                assert isinstance(control, list)
                moved = Document(control=control, attack=moved.attack)
            yield moved


def _is_input(place: Place) -> bool:
    """A value, not the name of one, and not what a maker or a type is called."""
    inside = next((i for i, key in enumerate(place) if key in _INPUTS), None)
    if inside is None or place[-1] in _ONLY_NAMES:
        return False
    listed = place[inside] in ("query", "form", "headers", "cookies")
    return not listed or (len(place) > inside + 2 and place[inside + 2] == 1)


def _repeats(document: Document) -> Iterator[Document]:
    """Texts that are repeated: more often, less often, and of other characters."""
    for place in _repeated(document.attack):
        holder = found(document.attack, place)
        assert isinstance(holder, dict)
        times, of = holder.get("times"), holder.get("of")
        if isinstance(times, int):
            for other in (times * 2, times // 2, times + 1):
                if 0 < other <= _LONGEST_REPEAT:
                    yield _with(document, (*place, "times"), other)
        if isinstance(of, str):
            for character in ("a", "0", " ", "A", "-", "\t"):
                yield _with(document, (*place, "of"), character)


def _repeated(value: Json, at: Place = ()) -> Iterator[Place]:
    if isinstance(value, dict):
        if value.get("make") == "repeat":
            yield at
        for key, inner in value.items():
            yield from _repeated(inner, (*at, key))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _repeated(inner, (*at, position))
