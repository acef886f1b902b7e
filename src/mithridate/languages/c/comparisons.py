"""Finds a project's own strcmp() and memcmp(), so that the engine learns what is compared with what.

Engines take the operands of the C library's comparisons as hints: bytes of the input that were compared with other bytes are
replaced by those. A project that brings its own functions compares byte by byte, and two names that should be equal (the one
that a command created, and the one that another asks for) are never seen together. Each such function is wrapped; the original
decides.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from mithridate.languages.c.allocators import is_symbol_of
from mithridate.languages.c.walk import head

_SOURCE_BYTES = 1 << 20
_DEFINITION = re.compile(
    rb"^[ \t]*(?!static\b)(?:[A-Za-z_]\w*[ \t\n\*]+){1,4}"
    rb"(?P<name>\w{0,40}?(?:str|mem)\w{0,8}?(?:n(?=case|i?cmp)|i)?(?:case)?(?:cmp|eq|equals?)|\w{0,40}bcmp)\s*"
    rb"\((?P<parameters>[^(){};]{1,200})\)\s*\{",
    re.MULTILINE,
)
_ADDRESS = re.compile(rb"^[^*\[]*(?:\*[^*]*|\w+\s*\[\s*\]\s*)$")
_WHOLE_NUMBER = re.compile(rb"^[\s\w]+$")
_MEMORY = re.compile(rb"mem|bcmp")


def own_comparisons(sources: Iterable[Path]) -> Mapping[bytes, str]:
    """Name → kind of each function that the sources define: "text" (two strings), "part" (and a bound), "bytes" (and a size)."""
    found: dict[bytes, str] = {}
    refused: set[bytes] = set()
    for source in sources:
        for match in _DEFINITION.finditer(head(source, _SOURCE_BYTES)):
            name, kind = match["name"], _kind(match["name"], match["parameters"].split(b","))
            if kind:
                found[name] = kind
            else:
                refused.add(name)
    return {name: kind for name, kind in found.items() if name not in refused}


def wrappers(comparisons: Mapping[bytes, str], defined: frozenset[bytes]) -> tuple[tuple[str, ...], str]:
    """The symbols of one program (`defined`: its global functions) to wrap, and C code that does it; "" when there are none."""
    symbols = {s: kind for name, kind in comparisons.items() for s in defined if is_symbol_of(s, name)}
    names = tuple(sorted(s.decode() for s in symbols))
    code = "\n".join(_wrapper(name, symbols[name.encode()]) for name in names)
    return names, _HEAD + code + "\n" if names else ""


_HEAD = "extern void mithridate_compared(void *, const void *, const void *, unsigned long, int);\n"


def _wrapper(symbol: str, kind: str) -> str:
    bound, given = (", unsigned long n", ", n") if kind != "text" else ("", "")
    length, ends = ("n" if given else "~0ul", int(kind != "bytes"))
    return (
        f"extern int __real_{symbol}(const void *, const void *{', unsigned long' if given else ''});\n"
        f"int __wrap_{symbol}(const void *a, const void *b{bound}) {{\n"
        f"    mithridate_compared(__builtin_return_address(0), a, b, {length}, {ends});\n"
        f"    return __real_{symbol}(a, b{given});\n}}"
    )


def _kind(name: bytes, parameters: list[bytes]) -> str:
    shape = "".join("p" if _ADDRESS.match(p) else "n" if _WHOLE_NUMBER.match(p) else "?" for p in parameters)
    if shape == "ppn":
        return "bytes" if _MEMORY.search(name) else "part"
    return "text" if shape == "pp" and not _MEMORY.search(name) else ""
