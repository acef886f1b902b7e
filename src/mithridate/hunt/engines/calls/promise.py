"""Which targets are worth the most time: those at the top of a package, and those that by their names take something apart."""

import re

from mithridate.hunt.engines.calls.door import Door, Target

_VERBS = frozenset(
    {
        "parse",
        "loads",
        "load",
        "read",
        "decode",
        "tokenize",
        "lex",
        "scan",
        "split",
        "match",
        "search",
        "convert",
        "render",
        "format",
    }
    | {"highlight", "compile", "extract", "open", "download", "validate", "clean", "sanitize", "normalize", "unquote", "unescape"}
    | {"from", "fetch", "get", "clone", "install", "run", "execute", "call", "html", "markdown", "text"}
)
"""What functions are called that work on what comes from outside."""
_STEMS = (
    "extract",
    "unpack",
    "unzip",
    "untar",
    "decompress",
    "inflate",
    "unarchive",
    "parse",
    "decode",
    "deserial",
    "unpickle",
    "unmarshal",
)
"""What the words in longer names of such functions begin with."""


def distinct(door: Door) -> list[str]:
    """Targets without those that are offered under a shorter name as well."""
    shortest: dict[tuple[str, int, str], str] = {}
    for name, target in door.targets.items():
        key = (target.file, target.line, target.function) if target.file and target.line else (name, 0, "")
        known = shortest.get(key)
        if known is None or (target.module.count("."), len(name)) < (known.count("."), len(known)):
            shortest[key] = name
    return list(shortest.values())


def takes_apart(target: Target) -> bool:
    """Whether its name says that it takes something apart."""
    words = re.findall(r"[a-z]+", target.function.rpartition(".")[2].lower())
    return any(word in _VERBS or word.startswith(_STEMS) for word in words)


def promise(target: Target) -> float:
    """How much a target promises: functions at the top of a package do, and those that by their name take something apart."""
    score = 1.0 if "." not in target.function else 0.0
    score += max(0.0, 1.0 - target.module.count(".") / 2)
    score += 1.5 if takes_apart(target) else 0.0
    return score - max(0, sum(p.required for p in target.parameters) - 2)
