"""Tells functions that only touch what they are given: `get32(p)`, `makelong(sig)`, `object.size()`, a project's own `strcpy()`.

A violation in one of those says nothing about it: whoever handed it the pointer is to blame, and two callers are two flaws.
For the C library's own functions that goes without saying: their frames are not the project's.
Works on the text of the source, which is all that is known of a frame besides its line.
"""

import re
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path

_MOST_LINES = 20
_MOST_LINES_OF_A_COPY = 80
_MOST_BYTES = 4 << 20
_NOISE = re.compile(r"/\*.*?(?:\*/|\Z)|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"?|'(?:\\.|[^'\\\n])*'?", re.DOTALL)
_HEAD = re.compile(
    r"(?P<name>[A-Za-z_]\w*)\s*\((?P<parameters>[^(){};]*(?:\([^(){};]*\)[^(){};]*)*)\)\s*"
    r"(?P<declarations>(?:[\w\s*,\[\]]+;\s*)*)(?:const|noexcept|override|\s)*\Z"
)
_CALL = re.compile(r"([A-Za-z_]\w*)\s*\(")
_CONTROL = frozenset({"if", "while", "for", "switch", "return", "sizeof", "do", "else", "case"})
_COPY = re.compile(
    r"(?:\w*_)?(?:mem(?:cpy|move|set|cmp|chr)|str(?:n?cpy|n?cat|n?len|n?cmp|n?casecmp|r?chr|str|n?dup|spn|cspn|sep|tok)|bzero|bcopy)"
)
"""The C library's functions on memory and strings, as projects name their own: with a prefix."""
_LOOP = re.compile(r"\b(for|while|do|goto)\b")
_CHECK = re.compile(r"\bif\s*\([^;{]*[<>]")


def is_accessor(source: Path, line: int, function: str, inner: Collection[str] = ()) -> bool:
    """True when the function around `line` (1-based) of the host file `source` is called `function` and only fetches or stores.

    It takes a pointer (a method has its object), is short, has no loop and no check of a size, and calls nothing but casts,
    constants and `inner` (accessors themselves). One with the name and the parameters of a function of <string.h> may have
    loops and checks. False when the file cannot be read or understood.
    """
    found = _function_around(source, line)
    if found is None:
        return False
    name, declared, body = found
    scope, _, last = function.partition("(")[0].rpartition("::")
    if name != last or not (scope or re.search(r"[*\[&]", declared)):
        return False
    copies = _COPY.fullmatch(name) is not None and "*" in declared
    if body.count("\n") > (_MOST_LINES_OF_A_COPY if copies else _MOST_LINES):
        return False
    if not copies and (_LOOP.search(body) or _CHECK.search(body)):
        return False
    if any(re.search(rf"\b{re.escape(word)}\s*\([^;]*[-+]\s*[A-Za-z_]", body) for word in inner):
        return False  # it reckons where to fetch from
    called = {called for called in _CALL.findall(body) if called not in _CONTROL and called not in inner}
    return all(_is_cast_or_macro(word) for word in called)


def _is_cast_or_macro(word: str) -> bool:
    """Types and macros: their names say so (`u_long(x)`, `INT32(x)`), functions have others."""
    return word.isupper() or word.endswith("_t")


def _function_around(source: Path, line: int) -> tuple[str, str, str] | None:
    """(name, parameters and their declarations, body) of the function that holds the line."""
    try:
        state = source.stat()
        text = (
            "" if source.is_symlink() or state.st_size > _MOST_BYTES else _bare_text(source, (state.st_mtime_ns, state.st_size))
        )
    except OSError:
        return None
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
        if not start:
            return None
    end = text.find("\n", start)
    opened: list[int] = []
    for match in re.finditer(r"[{}]", text[: len(text) if end < 0 else end]):
        if match[0] == "{":
            opened.append(match.start())
        elif opened and match.start() < start:  # what ends on the line itself may be the function that is asked for
            opened.pop()
    for at in reversed(opened):
        begin = max(text.rfind("}", 0, at), text.rfind("{", 0, at), text.rfind("#", 0, at), at - 2000, 0)
        head = _HEAD.search(text[begin:at])
        if head is not None and head["name"] not in _CONTROL:
            return head["name"], head["parameters"] + head["declarations"], _balanced(text, at)
    return None


def _balanced(text: str, at: int) -> str:
    depth = 0
    for match in re.finditer(r"[{}]", text[at : at + 8000]):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return text[at : at + match.end()]
    return text[at : at + 8000]


@lru_cache(maxsize=64)
def _bare_text(source: Path, _state: tuple[int, int]) -> str:
    """The file without comments and literals, every line in its place; time and size tell it from its earlier self."""
    text = source.read_bytes().decode("utf-8", "replace")
    return _NOISE.sub(lambda m: "\n" * m[0].count("\n"), text)
