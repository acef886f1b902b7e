"""LDAP search filters (RFC 4515) and distinguished names (RFC 4514)."""

import re
from collections.abc import Iterator, Sequence

from mithridate.oracles.confinement.pieces import LONGEST_TEXT, Piece, Role

_OPERATOR = re.compile(r"[~<>]?=|(?::[\w.-]+)*:=", re.ASCII)
_ATTRIBUTE = re.compile(r"[^()=~<>:*\s][^()=~<>:*]*")
_VALUE = re.compile(r"[^()*]+")
_NAME_VALUE = re.compile(r'\s*"(?:[^"\\]|\\.)*"\s*|(?:[^,+;\\]|\\.|\\\Z)+', re.DOTALL)
_NAME_TYPE = re.compile(r"[^=,+;]+")


class Filter:
    """A value ends at an unescaped parenthesis, and an asterisk in it makes another kind of match."""

    name = "LDAP filter"
    closers: Sequence[str] = ()
    longest = LONGEST_TEXT

    def pieces(self, text: str) -> Sequence[Piece]:
        """Parentheses, connectives, attribute descriptions, match operators, and parts of values between asterisks."""
        return tuple(_filter(text))


class DistinguishedName:
    """A value ends at an unescaped comma, plus sign or semicolon."""

    name = "LDAP distinguished name"
    closers: Sequence[str] = ()
    longest = LONGEST_TEXT

    def pieces(self, text: str) -> Sequence[Piece]:
        """Attribute types, equals signs, values, and what separates them."""
        return tuple(_name(text))


def _filter(text: str) -> Iterator[Piece]:
    position, in_value = 0, False
    while position < len(text):
        character = text[position]
        pattern = _VALUE if in_value else _ATTRIBUTE
        if character in "()":
            in_value = False
            yield Piece(Role.STRUCTURE, character, position, position + 1)
        elif character == "*" or (not in_value and character in "&|!"):
            yield Piece(Role.STRUCTURE, character, position, position + 1)
        elif not in_value and (operator := _OPERATOR.match(text, position)):
            in_value = True
            yield Piece(Role.STRUCTURE, operator.group(), position, operator.end())
            position = operator.end()
            continue
        elif found := pattern.match(text, position):
            yield Piece(Role.LITERAL if in_value else Role.WORD, "value" if in_value else "word", position, found.end())
            position = found.end()
            continue
        position += 1


def _name(text: str) -> Iterator[Piece]:
    position, in_value = 0, False
    while position < len(text):
        character = text[position]
        if character in ",+;":
            in_value = False
            yield Piece(Role.STRUCTURE, character, position, position + 1)
            position += 1
        elif character == "=" and not in_value:
            in_value = True
            yield Piece(Role.STRUCTURE, character, position, position + 1)
            position += 1
        else:
            found = (_NAME_VALUE if in_value else _NAME_TYPE).match(text, position)
            end = found.end() if found else position + 1
            yield Piece(Role.LITERAL if in_value else Role.WORD, "value" if in_value else "word", position, end)
            position = end
