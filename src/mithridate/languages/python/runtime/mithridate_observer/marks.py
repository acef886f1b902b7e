"""Marks: which part of a document's text is attacker data, and the tokens that stand for them in one run."""

from __future__ import annotations

import random
import re
import string
from typing import Any

_MARK = re.compile("([\ue000\ue001])([\ue100-\ue1ff])")
_LETTERS = string.ascii_lowercase
_SIGNS = string.ascii_lowercase + string.digits
_LENGTH = 10


class Marks:
    """The tokens of one run: an opening and a closing one for each mark number that a document uses."""

    def __init__(self, numbers: set[int], draw: random.Random) -> None:
        self.tokens: dict[int, tuple[str, str]] = {}
        taken: set[str] = set()
        for number in sorted(numbers):
            pair = (_token(draw, taken), _token(draw, taken))
            self.tokens[number] = pair

    def told(self) -> list[list[Any]]:
        """[[number, opening token, closing token], …], as records tell them."""
        return [[number, opening, closing] for number, (opening, closing) in self.tokens.items()]

    def put(self, text: str) -> str:
        """`text` with each mark replaced by its token."""
        return _MARK.sub(self._token_of, text)

    def numbers_in(self, text: str) -> list[int]:
        """Numbers of the marks of which a token is in `text`, in any case of letters."""
        lower = text.lower()
        return [number for number, pair in self.tokens.items() if pair[0] in lower or pair[1] in lower]

    def _token_of(self, found: re.Match[str]) -> str:
        opening, closing = self.tokens[ord(found.group(2)) - 0xE100]
        return opening if found.group(1) == "\ue000" else closing


def numbers_of(document: Any) -> set[int]:
    """Numbers of all marks that occur in the strings of a JSON value."""
    numbers: set[int] = set()
    stack = [document]
    while stack:
        value = stack.pop()
        if isinstance(value, str):
            numbers.update(ord(found.group(2)) - 0xE100 for found in _MARK.finditer(value))
        elif isinstance(value, dict):
            stack.extend(value.keys())
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
    return numbers


def _token(draw: random.Random, taken: set[str]) -> str:
    while True:
        token = draw.choice(_LETTERS) + "".join(draw.choice(_SIGNS) for _ in range(_LENGTH - 1))
        if token not in taken:
            taken.add(token)
            return token
