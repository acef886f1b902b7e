"""What the attacker sent, to tell structure that came from outside from structure that the program itself put between tokens.

A program that splits `a,b` at commas and quotes each part writes 'Oa','bC': structure lies between the tokens, all of it the
program's own. What an attacker injects arrives as sent: the program only drops, decodes or escapes characters of it.
"""

import html
import json
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote, unquote_plus

OPENING, CLOSING, FIRST_NUMBER = "\ue000", "\ue001", 0xE100
_DEEPEST = 100


@dataclass(frozen=True, slots=True)
class Sent:
    """The strings of an input document's attack steps, marks as written there. Without any, all is allowed."""

    leaves: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """The document was given."""
        return bool(self.leaves)

    def allows(self, number: int, arrived: str) -> bool:
        """True when `arrived`, found at the sink between the tokens of mark `number`, may be what was sent between them."""
        enclosed = tuple(self._enclosed(number))
        if not enclosed:
            return True
        forms = [_essence(form) for form in {arrived, html.unescape(arrived), unquote(arrived), arrived.replace("\\", "")}]
        return any(_is_subsequence(form, _essence(s)) for text in enclosed for s in _decodings(text) for form in forms)

    def breaks_line(self, number: int) -> bool:
        """True when a carriage return or line feed may have been sent in mark `number`."""
        enclosed = tuple(self._enclosed(number))
        return not enclosed or any(c in s for text in enclosed for s in (*_decodings(text), _unescaped(text)) for c in "\r\n")

    def contains(self, text: str) -> bool:
        """True when the attacker sent this text, inside of marks or outside; False when the document is unknown."""
        wanted = text.lower()
        return any(wanted in form.lower() for leaf in self.leaves for form in _decodings(leaf))

    def _enclosed(self, number: int) -> Iterator[str]:
        for leaf in self.leaves:
            for part in leaf.split(OPENING + chr(FIRST_NUMBER + number))[1:]:
                inner, closed, _ = part.partition(CLOSING + chr(FIRST_NUMBER + number))
                if closed:
                    yield inner


NOTHING_KNOWN = Sent()


def sent(document: bytes) -> Sent:
    """The attack's strings of an input document (docs/input-document.md); of what is none, nothing. Never raises."""
    try:
        parsed = json.loads(document)
        steps = parsed.get("attack") if isinstance(parsed, dict) else None
        return Sent(tuple(_strings(steps, 0)))
    except (ValueError, RecursionError):
        return NOTHING_KNOWN


def _strings(value: object, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item, depth + 1)
    elif isinstance(value, dict):
        parts = value.get("of")
        if value.get("make") == "join" and isinstance(parts, list):
            yield "".join(_strings(parts, depth + 1))
            return
        for name, item in value.items():
            if name not in ("make", "python"):
                yield from _strings(name, depth + 1)
                yield from _strings(item, depth + 1)


def _decodings(text: str) -> set[str]:
    once = {text, unquote(text), unquote_plus(text), html.unescape(text)}
    return once | {unquote(t) for t in once}


def _unescaped(text: str) -> str:
    return text.replace("\\r", "\r").replace("\\n", "\n")


def _essence(text: str) -> str:
    """Printable ASCII without space and case: what no decoder or normalisation between the door and the sink replaces."""
    return "".join(c for c in text.lower() if "!" <= c <= "~")


def _is_subsequence(short: str, long: str) -> bool:
    position = 0
    for character in short:
        position = long.find(character, position) + 1
        if not position:
            return False
    return True
