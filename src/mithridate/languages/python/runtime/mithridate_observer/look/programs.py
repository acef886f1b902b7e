"""Command-line programs of a project: scripts with a main guard, and entry points that its packaging declares."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .modules import Source, has_main_guard

_SECTION = re.compile(r"^\s*\[(.+?)\]\s*(?:#.*)?$")
_ENTRY = re.compile(r"""^\s*["']?([\w.-]+)["']?\s*=\s*["']([\w.]+:[\w.]+)[^"']*["']""")
_IN_SETUP = re.compile(r"""["']([\w.-]+)\s*=\s*([\w.]+:[\w.]+)""")
_SECTIONS = ("project.scripts", "project.gui-scripts", "tool.poetry.scripts", "tool.flit.scripts")


def declared(root: Path) -> Iterator[dict[str, Any]]:
    """Console entry points of pyproject.toml, setup.cfg and setup.py, read as text (tomllib is newer than Python 3.9)."""
    seen: set[str] = set()
    for name, target, file in (*_of_pyproject(root), *_of_cfg(root), *_of_setup(root)):
        if name not in seen:
            seen.add(name)
            yield {"name": name, "import": target, "file": file, "line": 0, "kind": "entry-point"}


def scripts(source: Source, shown: str) -> Iterator[dict[str, Any]]:
    """The file itself, when it is a program."""
    if source.tree is None:
        return
    if source.path.name == "__main__.py" and "." in source.name:
        package = source.name.rpartition(".")[0]
        yield {"name": package, "import": package, "file": shown, "line": 1, "kind": "module"}
    elif has_main_guard(source.tree):
        yield {"name": source.path.stem, "import": shown, "file": shown, "line": 1, "kind": "script"}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _of_pyproject(root: Path) -> Iterator[tuple[str, str, str]]:
    section = ""
    for line in _text(root / "pyproject.toml").splitlines():
        found = _SECTION.match(line)
        if found:
            section = found[1].replace('"', "").replace(" ", "")
        elif section in _SECTIONS:
            entry = _ENTRY.match(line)
            if entry:
                yield entry[1], entry[2], "/src/pyproject.toml"


def _of_cfg(root: Path) -> Iterator[tuple[str, str, str]]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(_text(root / "setup.cfg"))
    except configparser.Error:
        return
    for line in parser.get("options.entry_points", "console_scripts", fallback="").splitlines():
        name, equals, target = line.partition("=")
        if equals:
            yield name.strip(), target.split("[")[0].strip(), "/src/setup.cfg"


def _of_setup(root: Path) -> Iterator[tuple[str, str, str]]:
    text = _text(root / "setup.py")
    if "console_scripts" in text:
        for name, target in _IN_SETUP.findall(text.partition("console_scripts")[2].partition("]")[0]):
            yield name, target, "/src/setup.py"
