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
_SHARED = 4  # signs that all tokens of a run begin with, so that a search for any of them is one search


class Marks:
    """The tokens of one run: an opening and a closing one for each mark number that a document uses."""

    def __init__(self, numbers: set[int], draw: random.Random) -> None:
        self.tokens: dict[int, tuple[str, str]] = {}
        taken: set[str] = set()
        prefix = draw.choice(_LETTERS) + _signs(draw, _SHARED - 1)
        for number in sorted(numbers):
            self.tokens[number] = (_token(draw, prefix, taken), _token(draw, prefix, taken))

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


def _signs(draw: random.Random, count: int) -> str:
    return "".join(draw.choice(_SIGNS) for _ in range(count))


def _token(draw: random.Random, prefix: str, taken: set[str]) -> str:
    while True:
        token = prefix + _signs(draw, _LENGTH - _SHARED)
        if token not in taken:
            taken.add(token)
            return token
