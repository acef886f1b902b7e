"""Finds the literals of C source and guesses which of them the program compares its input with."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_LEX = re.compile(
    rb"//[^\n]*|/\*(?:.*?\*/|.*)|"
    rb'(?P<string>(?:L|u8|u|U)?"(?:[^"\\\n]|\\.)*"?)|'
    rb"(?P<char>'(?:[^'\\\n]|\\[^x0-7\n]|\\x[0-9a-fA-F]{1,2}|\\[0-7]{1,3}){1,8}')|"
    rb"(?P<number>\b0[xX][0-9a-fA-F]{2,16}(?=[uUlL]*\b))|"
    rb"(?P<word>[A-Za-z_]\w{0,127})|(?P<mark>==|!=|\|\||[(),;{}#?:])|(?P<line>(?<!\\)\n)",
    re.DOTALL,
)
_COMPARES = re.compile(
    rb"cmp|match|equal|(?:^|_)eqv?(?:_|$)|streq|strneq|strstr|strchr|strspn|strcspn|strtok|strsep|memchr|memmem|expect|accept|keyword|lookup|"
    rb"starts?_?with|has_?prefix|compare|check_?(?:sig|magic|header)|find_?(?:str|tag|token)|is_?(?:token|word|tag)|fourcc|mk_?tag|make_?tag",
    re.IGNORECASE,
)
_SPEAKS = re.compile(
    rb"printf|print|puts$|perror|(?:^|_)log|warn|error|(?:^|_)err|fatal|(?:^|_)die|usage|debug|trace|assert|abort|message|(?:^|_)msg|panic|"
    rb"throw|gettext|^_$|^N_$|^fopen$|^open$|^system$|^getenv$|^getopt|^dlopen$|^setlocale$|^exit$",
    re.IGNORECASE,
)
_MAGIC_NAME = re.compile(rb"magic|signature|sig(?:$|_)|tag|marker|fourcc|chunk|cookie|ident|token|keyword", re.IGNORECASE)
_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)", re.DOTALL)
_SIMPLE = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v", b"e": b"\x1b"}
_SILENT_DIRECTIVES = (b"include", b"error", b"warning", b"pragma", b"line", b"import")
_MAX_RUN = 16
_MAX_NESTING = 64

COMPARED = 85
"""From this likelihood on, a literal stands in a comparison."""


@dataclass(frozen=True, slots=True)
class Literal:
    """`value` is the content of a string, of a character constant of several bytes, or a number.

    `likelihood` that the program compares input with it: 0 to 100. `text` is False for character constants and joined characters.
    """

    value: bytes | int
    likelihood: int
    width: int = 0
    text: bool = True


def literals(source: bytes) -> Iterator[Literal]:
    """The literals of one C or C++ source text, but for those in messages and includes; linear in its length."""
    reader = _Reader()
    for match in _LEX.finditer(source):
        kind, token = match.lastgroup, match[0]
        if kind == "word":
            reader.word_seen(token)
        elif kind == "line":
            reader.directive = b""
        elif kind == "mark":
            yield from reader.mark_seen(token)
        elif kind is not None:
            yield from reader.literal_seen(kind, token)


def unescape(literal: bytes) -> bytes:
    """The bytes of a C string or character literal's inside."""

    def one(match: re.Match[bytes]) -> bytes:
        body = match[1]
        if body[:1] == b"x" and len(body) > 1:
            return bytes([int(body[1:], 16)])
        if body[0] in b"01234567":
            return bytes([int(body, 8) & 0xFF])
        return _SIMPLE.get(body, body)

    return _ESCAPE.sub(one, literal)


class _Reader:
    """Where in the source we are: open calls, the last word and mark, the directive of this line, characters in a row."""

    def __init__(self) -> None:
        self.calls: list[bytes] = []
        self.word = self.mark = self.directive = b""
        self.run = b""

    def word_seen(self, word: bytes) -> None:
        if self.mark == b"#":
            self.directive, self.mark = word, b""
        self.word = word

    def mark_seen(self, mark: bytes) -> Iterator[Literal]:
        if mark == b"(" and len(self.calls) < _MAX_NESTING:
            self.calls.append(self.word)
        elif mark == b")" and self.calls:
            self.calls.pop()
        elif mark in (b";", b"{", b"}"):
            self.calls.clear()
        if mark in (b";", b"{", b"}", b"||", b":", b"?") and self.run:
            if 2 <= len(self.run) <= _MAX_RUN:
                yield Literal(self.run, COMPARED if mark != b"}" else 65, text=False)
            self.run = b""
        self.mark, self.word = mark, b""

    def literal_seen(self, kind: str, token: bytes) -> Iterator[Literal]:
        likelihood = self._likelihood()
        if likelihood < 0 or (kind == "string" and not token.endswith(b'"')):
            return
        if kind == "number":
            width = {1: 1, 2: 2, 3: 4, 4: 4}.get((len(token) - 1) // 2, 8)
            yield Literal(int(token, 16), likelihood, width)
            return
        content = unescape(token[token.index(b'"' if kind == "string" else b"'") + 1 : -1])
        if kind == "string":
            yield Literal(content, likelihood)
        elif len(content) > 1:
            yield Literal(content, max(likelihood, COMPARED), text=False)
        elif self.mark in (b"==", b"!=", b"{", b","):
            self.run += content

    def _likelihood(self) -> int:
        """How likely a literal here is compared with input; negative in messages and includes."""
        if self.directive in _SILENT_DIRECTIVES or any(_speaks(c) for c in self.calls):
            return -1
        if any(_COMPARES.search(c) for c in self.calls if c):
            return 100
        if self.mark in (b"==", b"!="):
            return 90
        if self.word == b"case":
            return COMPARED
        if self.directive == b"define":
            return 70 if _MAGIC_NAME.search(self.word) else 35
        return 55 if self.mark in (b"{", b",") and not self.calls else 30


def _speaks(call: bytes) -> bool:
    return bool(call) and _SPEAKS.search(call) is not None and _COMPARES.search(call) is None
