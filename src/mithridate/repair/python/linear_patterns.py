"""Regular expressions that need time beyond all bounds, rewritten to equal ones that do not (CWE-1333).

The rewrites keep the language and the numbers of groups: `(x+)*` is `(x*)`, `(x*)+` is `(x*)`, `(x+)+` is `(x+)`; what matches in
several ways is written so that it does in one (one_way.py), or does not give back (a lookahead is atomic: `(?=(x+))\\1`).
"""

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from mithridate.repair.python.one_way import one_way
from mithridate.repair.python.pattern_tree import Chars, Repeat, class_end, edge, parse

_ATOM = r"\\[sdwSDW]|\[\^?[^\]\\]*\]|\."
_QUANTIFIER = re.compile(r"[*+?]|\{\d*,?\d*\}")


@dataclass(frozen=True, slots=True)
class _Group:
    """[start, end) of a group with its parentheses, where its content begins, and the quantifier behind it."""

    start: int
    content: int
    end: int
    quantifier: str


def rewritten(pattern: str, flags: int | None = 0, *, octets: bool = False, whole: bool = True) -> Iterator[str]:
    """Equal patterns without nested quantifiers, the simplest first; nothing where none is known.

    `flags`: None where they are not known. `octets`: the pattern is one of bytes. `whole`: it is no part of a longer one.
    """
    verbose = bool((flags or 0) & re.VERBOSE)
    if not verbose and not _valid(pattern):
        return
    if not whole or verbose:
        part = one_way(pattern, flags, octets=octets, whole=whole) if flags is not None else None
        if part is not None:
            yield part
        return
    seen = {pattern}
    flat = pattern
    for _ in range(8):
        changed = _flattened(flat)
        if changed is None or not _valid(changed):
            break
        flat = changed
    if flat not in seen:
        seen.add(flat)
        yield flat
    single = one_way(flat, flags, octets=octets) if flags is not None else None
    between = _between(flat)
    for candidate in (_begun_once(single or between or ""), single, _merged(flat), _merged(pattern), between, _begun_once(flat)):
        if candidate is not None and candidate not in seen and _valid(candidate):
            seen.add(candidate)
            yield candidate
    atomic = _atomic(pattern)
    if atomic is not None and atomic not in seen and _valid(atomic):
        yield atomic


def _flattened(pattern: str) -> str | None:
    """One nested quantifier made one."""
    for group in _groups(pattern):
        if group.quantifier not in ("*", "+"):
            continue
        content = pattern[group.content : group.end - 1]
        atoms = _atoms(content)
        after = group.end + len(group.quantifier)
        if len(atoms) == 1 and atoms[0][1] in ("*", "+"):
            inner = "+" if atoms[0][1] == "+" and group.quantifier == "+" else "*"
            return pattern[: group.content] + atoms[0][0] + inner + ")" + pattern[after:]
    return None


def _merged(pattern: str) -> str | None:
    """Neighbours that repeat the same atom: `x*x*` is `x*`, `x+x*` is `x+`, `x+x+` is `xx+`."""
    found = re.compile(rf"(?<!\\)({_ATOM})([*+])\1([*+])(?![?+])")
    changed = found.sub(lambda m: m[1] * (1 + (m[2] == m[3] == "+")) + ("+" if "+" in (m[2], m[3]) else "*"), pattern)
    return changed if changed != pattern else None


def _between(pattern: str) -> str | None:
    """One repetition on both sides of what need not be there: `x*y?x*` is `x*(?:yx*)?`."""
    changed = re.sub(rf"(?<!\\)({_ATOM})\*({_ATOM}|\\?[^\w\\()*+?{{}}|\[\]^$.])\?\1\*(?![?+])", r"\1*(?:\2\1*)?", pattern)
    return changed if changed != pattern else None


def _begun_once(pattern: str) -> str | None:
    """For a search: a run that a match begins with is tried from its first character only; from others it matches less."""
    atoms = _atoms(pattern)
    needed = any(q in ("", "+") and not atom.startswith(("(", "^", "$", "\\b", "\\B", "\\A", "\\Z")) for atom, q in atoms[1:])
    repeated = bool(atoms) and (atoms[0][1] == "+" or (atoms[0][1] == "*" and needed and atoms[-1] == ("$", "")))
    if repeated and (atoms[0][0].startswith(("\\", "[")) or atoms[0][0] == "."):
        return f"(?<!{atoms[0][0]}){pattern}"
    tree = parse(pattern) if pattern.startswith("(") else None
    first = edge(tree, 0) if tree is not None else None
    if isinstance(first, Repeat) and isinstance(first.inner, Chars) and first.least and first.most is None and not first.lazy:
        return f"(?<!{pattern[first.inner.start : first.inner.end]}){pattern}"
    return None


def _atomic(pattern: str) -> str | None:
    """The first nested repetition behind a lookahead; only where there is no group yet, so that numbers stay."""
    if re.compile(pattern).groups:
        return None
    for group in _groups(pattern):
        if group.quantifier in ("*", "+") and any(q for _, q in _atoms(pattern[group.content : group.end - 1])):
            end = group.end + len(group.quantifier)
            return f"{pattern[: group.start]}(?=({pattern[group.start : end]}))\\1{pattern[end:]}"
    return None


def _groups(pattern: str) -> Iterator[_Group]:
    """All groups, inner ones first."""
    opened: list[tuple[int, int]] = []
    at = 0
    while at < len(pattern):
        character = pattern[at]
        if character == "\\":
            at += 2
            continue
        if character == "[":
            at = class_end(pattern, at)
            continue
        if character == "(":
            head = re.compile(r"\((?:\?(?::|P<\w+>))?").match(pattern, at)
            assert head is not None
            opened.append((at, head.end()))
            at = head.end()
            continue
        if character == ")" and opened:
            start, content = opened.pop()
            found = _QUANTIFIER.match(pattern, at + 1)
            yield _Group(start, content, at + 1, found[0] if found else "")
        at += 1


def _atoms(content: str) -> list[tuple[str, str]]:
    """The parts of a row with their quantifiers; nothing for one with alternatives."""
    found: list[tuple[str, str]] = []
    at = depth = 0
    while at < len(content):
        start = at
        if content[at] == "|":
            return []
        if content[at] == "\\":
            at += 2
        elif content[at] == "[":
            at = class_end(content, at)
        elif content[at] == "(":
            depth = 1
            at += 1
            while at < len(content) and depth:
                if content[at] == "\\":
                    at += 1
                elif content[at] == "[":
                    at = class_end(content, at) - 1
                else:
                    depth += (content[at] == "(") - (content[at] == ")")
                at += 1
        else:
            at += 1
        atom = content[start:at]
        quantifier = _QUANTIFIER.match(content, at)
        if quantifier:
            at = quantifier.end()
            if content[at : at + 1] in ("?", "+"):
                at += 1
                found.append((atom, content[quantifier.start() : at]))
                continue
        found.append((atom, quantifier[0] if quantifier else ""))
    return found


def _valid(pattern: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern)
    except (re.error, RecursionError, OverflowError, ValueError, MemoryError):
        return False
    return True
