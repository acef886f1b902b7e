"""Functions that a change reaches by names: what is given outside of functions is used in them, in the file and in others."""

import re
from collections.abc import Iterator
from pathlib import Path

from mithridate.repair.reading.python import PythonReader
from mithridate.repair.reading.statements import OUTSIDE, Unit
from mithridate.repair.symptoms.interface import Change, new_statements

_GIVES = re.compile(r"([A-Za-z_]\w*)\s*(?::[^=]+)?=(?!=)")
_NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*\b(?!\s*=(?!=))")
_MEMBER = re.compile(r"\.([A-Za-z_]\w*)\b")
_MOST_FILES = 2_000
_MOST_BYTES = 1 << 20


def reached(change: Change, tree: Path) -> dict[str, frozenset[int]]:
    """The lines where functions begin that a change of a Python file changes, or that use what it gives a name; by file.

    A name that is put together from another one changes with it. Other files are those of the tree (before the change) that
    import from a module of this file's name, and name it.
    """
    lines: set[int] = set()
    given: set[str] = set()
    for old, new in change.functions():
        if new.name != OUTSIDE:
            lines.add(new.line)
        else:
            given |= {found[1] for s in new_statements(old, new) if (found := _GIVES.match(s.text))}
    if not given or change.new is None:
        return {change.path: frozenset(lines)}
    given = _closed(change.new, given)
    by_file = {change.path: frozenset(lines | set(_using(change.new, given)))}
    for path, unit in _importing(tree, change.path, given):
        there = frozenset(_using(unit, _closed(unit, given), members=True))
        if there:
            by_file[path] = there
    return by_file


def _closed(unit: Unit, given: set[str]) -> set[str]:
    """With the names that are given something made of them."""
    outside = [s.text for f in unit.functions.values() if f.name == OUTSIDE for s in f.statements]
    pairs = [(found[1], {*_NAME.findall(text[found.end() :])}) for text in outside if (found := _GIVES.match(text))]
    known = set(given)
    while more := {name for name, used in pairs if name not in known and used & known}:
        known |= more
    return known


def _using(unit: Unit, given: set[str], *, members: bool = False) -> Iterator[int]:
    for function in unit.functions.values():
        names = {name for s in function.statements for name in _named(s.text, members)}
        if function.name != OUTSIDE and given & names:
            yield function.line


def _named(text: str, members: bool) -> list[str]:
    return [*_NAME.findall(text), *(_MEMBER.findall(text) if members else ())]


def _importing(tree: Path, path: str, given: set[str]) -> Iterator[tuple[str, Unit]]:
    stem = Path(path).parent.name if path.endswith("/__init__.py") else Path(path).stem
    imports = re.compile(
        rf"(?m)^[ \t]*(?:from\s+[\w.]*\b{re.escape(stem)}\s+import\b|(?:from\s+[\w.]+\s+)?import\b.*\b{re.escape(stem)}\b)"
    )
    named = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(given)))})\b")
    for number, other in enumerate(sorted(tree.rglob("*.py"))):
        if number == _MOST_FILES:
            return
        name = other.relative_to(tree).as_posix()
        if name == path or other.is_symlink() or not other.is_file() or other.stat().st_size > _MOST_BYTES:
            continue
        data = other.read_bytes()
        text = data.decode("utf-8", "replace")
        if imports.search(text) and named.search(text):
            yield name, PythonReader().read(data, ".py")
