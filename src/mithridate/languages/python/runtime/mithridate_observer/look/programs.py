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
    """Console entry points: of pyproject.toml, setup.cfg, setup.py, read as text (tomllib came with Python 3.11); of wheels."""
    seen: set[str] = set()
    for name, target, file in (*_of_pyproject(root), *_of_cfg(root), *_of_setup(root), *_of_installed(root)):
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
    for line in _ini(root / "setup.cfg").get("options.entry_points", "console_scripts", fallback="").splitlines():
        name, equals, target = line.partition("=")
        if equals:
            yield name.strip(), target.split("[")[0].strip(), "/src/setup.cfg"


def _of_installed(root: Path) -> Iterator[tuple[str, str, str]]:
    for path in sorted(root.glob("*.dist-info/entry_points.txt")):
        parser = _ini(path)
        if parser.has_section("console_scripts"):
            for name, target in parser.items("console_scripts"):
                yield name, target.split("[")[0].strip(), f"/src/{path.relative_to(root).as_posix()}"


def _ini(path: Path) -> configparser.RawConfigParser:
    """What is there; nothing when it cannot be read."""
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(_text(path))
    except configparser.Error:
        return configparser.RawConfigParser()
    return parser


def _of_setup(root: Path) -> Iterator[tuple[str, str, str]]:
    text = _text(root / "setup.py")
    if "console_scripts" in text:
        for name, target in _IN_SETUP.findall(text.partition("console_scripts")[2].partition("]")[0]):
            yield name, target, "/src/setup.py"
