"""Finds a project's own malloc() family, so that its blocks can be the sanitizer's.

Programs that carry their own allocator keep all blocks in a few mappings; AddressSanitizer sees those and not the blocks, and an
overflow from one block into the next goes unnoticed. Where the family is certain, its names are made to mean functions with the
same contract (runtime/memory.c). Not touched are wrappers around the system's allocator (the sanitizer sees through them),
families with other parameters than malloc's, and those whose file lets others look behind a block's address.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mithridate.languages.c.walk import head

_SOURCE_BYTES = 1 << 20
_BODY_BYTES = 64 << 10
_DEFINITION = re.compile(
    rb"^[ \t]*(?P<before>[A-Za-z_][\w \t\*]{0,80}[\s\*])"
    rb"(?P<name>\w{0,60}?(?P<role>malloc_usable_size|malloc_size|malloc|calloc|realloc|free))\s*"
    rb"\((?P<parameters>[^(){};]{1,200})\)\s*\{",
    re.MULTILINE,
)
_COMMENT = re.compile(rb"//[^\n]*|/\*.*?\*/", re.DOTALL)
_PEEK = re.compile(
    rb"^[ \t]*(?!static)(?:const\s+)?(?:int|long|unsigned|\w*size_t|\w*int\d*_t)[ \t]+"
    rb"(?P<name>\w+)\s*\(\s*(?:const\s+)?void\s*\*\s*\w*\s*\)\s*\{",
    re.MULTILINE,
)
_SIZE = re.compile(rb"malloc_(?:usable_)?size$|free$")
_SYSTEM_CALL = re.compile(
    rb"(?<![\w.>])(?:malloc|calloc|realloc|memalign|posix_memalign|aligned_alloc|HeapAlloc)\s*\(|\bnew\s+[A-Za-z_(]"
)
_WHOLE_NUMBER = re.compile(rb"^\s*(?:const\s+)?(?:register\s+)?[A-Za-z_][\w \t]*\w*\s*$")
_ADDRESS = re.compile(rb"^\s*(?:const\s+)?[A-Za-z_][\w \t]*\*\s*(?:const\s+)?\w*\s*$")

_SHIMS = {
    "malloc": "__mithridate_malloc",
    "zalloc": "__mithridate_malloc",
    "calloc": "__mithridate_calloc",
    "realloc": "__mithridate_realloc",
    "free": "__mithridate_free",
    "malloc_size": "__mithridate_size",
}


@dataclass(frozen=True, slots=True)
class _Member:
    """One function of a family: its name, and what it does; "" when its parameters do not fit. "zalloc" is a calloc() of one."""

    name: bytes
    role: str


def own_allocators(sources: Iterable[Path]) -> tuple[tuple[_Member, ...], ...]:
    """The malloc() families that `sources` define, each with at least a malloc and a free, all members fitting."""
    families: dict[bytes, dict[bytes, _Member]] = {}
    refused: set[bytes] = set()
    for source in sources:
        text = head(source, _SOURCE_BYTES)
        if b"alloc" not in text and b"free" not in text:
            continue
        for prefix, member, certain in _members(_COMMENT.sub(b" ", text)):
            families.setdefault(prefix, {})[member.name] = member
            if not certain or not member.role:
                refused.add(prefix)
    return tuple(
        tuple(members.values())
        for prefix, members in families.items()
        if prefix and prefix not in refused and {"malloc", "free"} <= {m.role for m in members.values()}
    )


def substitutes(families: Sequence[Sequence[_Member]], defined: frozenset[bytes]) -> Mapping[str, str]:
    """Symbols of one program (`defined`: its global functions) and what they are to mean instead; whole families or nothing."""
    found: dict[str, str] = {}
    for family in families:
        symbols = {m: [s for s in defined if is_symbol_of(s, m.name)] for m in family}
        if all(len(names) == 1 for names in symbols.values()):
            found |= {names[0].decode(): _SHIMS[m.role] for m, names in symbols.items()}
    return dict(sorted(found.items()))


def _members(text: bytes) -> Iterator[tuple[bytes, _Member, bool]]:
    for match in _DEFINITION.finditer(text):
        name, role = match["name"], match["role"].decode()
        before = match["before"].split()
        if b"static" in before or b"else" in before or b"return" in before:
            continue
        fitting = _fitting(role, match["before"], match["parameters"].split(b","))
        body = _body(text, match.end())
        wraps = _SYSTEM_CALL.search(body) is not None
        peeked = role == "malloc" and any(not _SIZE.search(m["name"]) for m in _PEEK.finditer(text))
        yield name[: -len(role)], _Member(name, fitting), not wraps and not peeked


def _fitting(role: str, before: bytes, parameters: Sequence[bytes]) -> str:
    """The role when type and parameters are those of the C function (or of a calloc() of one parameter), else ""."""
    kinds = "".join("n" if _WHOLE_NUMBER.match(p) else "p" if _ADDRESS.match(p) else "?" for p in parameters)
    if role == "free":
        return role if kinds == "p" else ""
    if role in ("malloc_size", "malloc_usable_size"):
        return "malloc_size" if kinds == "p" else ""
    if b"*" not in before:
        return ""
    if role == "calloc" and kinds == "n":
        return "zalloc"
    return role if kinds == {"malloc": "n", "calloc": "nn", "realloc": "pn"}[role] else ""


def _body(text: bytes, start: int) -> bytes:
    """From after a function's opening brace to the brace that closes it."""
    depth = 1
    for match in re.finditer(rb"[{}]", text[start : start + _BODY_BYTES]):
        depth += 1 if match[0] == b"{" else -1
        if not depth:
            return text[start : start + match.start()]
    return text[start : start + _BODY_BYTES]


def is_symbol_of(symbol: bytes, name: bytes) -> bool:
    """True for the function's own name and for what C++ makes of it outside of any scope."""
    return symbol == name or re.fullmatch(rb"_Z%d%s[a-zA-Z]\w{0,8}" % (len(name), re.escape(name)), symbol) is not None
