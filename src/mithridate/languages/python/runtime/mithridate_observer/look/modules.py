"""The Python files of a tree, under the names by which they can be imported."""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

MAX_FILES = 20_000
MAX_BYTES = 2 * 1024 * 1024
_LEFT_OUT = frozenset(
    """
    test tests testing doc docs migrations node_modules site-packages venv env build dist __pycache__
    examples example benchmarks benchmark _vendor vendor _vendored vendored third_party _third_party extern externals
    """.split()  # noqa: SIM905 (one word a folder)
)
_NOT_IMPORTED = frozenset(("setup.py", "conftest.py", "noxfile.py", "tasks.py", "fabfile.py", "versioneer.py", "__main__.py"))
_RELATIVE = re.compile(r"(?m)^[ \t]*from[ \t]+\.")


@dataclass(frozen=True)
class Source:
    """One file: its path, the directory that must be on the import path, its module name, its syntax tree (None: no Python)."""

    path: Path
    root: Path
    name: str
    tree: ast.Module | None
    why: str
    imported: bool
    """Whether it is meant to be imported: no test, no example, no setup script, no script that runs when it is imported."""


def sources(root: Path) -> Iterator[Source]:
    """The Python files below `root`, in order of path; those of hidden directories and environments are left out."""
    count = 0
    for directory, directories, files in os.walk(root):
        directories[:] = sorted(each for each in directories if not _is_hidden(Path(directory) / each))
        for name in sorted(files):
            if name.endswith(".py") and count < MAX_FILES:
                count += 1
                yield _source(root, Path(directory) / name)


def native_modules(root: Path) -> Iterator[Source]:
    """The extension modules below `root` that others are meant to import: no part of their name begins with an underscore."""
    for directory, directories, files in os.walk(root):
        directories[:] = sorted(each for each in directories if not _is_hidden(Path(directory) / each) and each not in _LEFT_OUT)
        for name in sorted(files):
            stem = next((name[: -len(suffix)] for suffix in EXTENSION_SUFFIXES if name.endswith(suffix)), "")
            if stem.isidentifier():
                path = Path(directory) / name
                top = _import_root(root, path)
                parts = [*path.relative_to(top).parts[:-1], stem]
                if all(part.isidentifier() and not part.startswith("_") for part in parts):
                    yield Source(path, top, ".".join(parts), ast.Module(body=[], type_ignores=[]), "", imported=True)


def _import_root(root: Path, path: Path) -> Path:
    """The directory that must be on the import path for the module in `path`."""
    top = path.parent
    while (top / "__init__.py").exists() and top != root and root in top.parents:
        top = top.parent
    above = _package_above(root, top)
    if above is not None and not _know_each_other(path.parent):
        top = above
    if (root / "src").is_dir() and root == top and path.is_relative_to(root / "src"):
        top = root / "src"
    return top


def _package_above(root: Path, directory: Path) -> Path | None:
    """The directory that must be on the import path for the outermost package around `directory`, which is itself none:
    a namespace package inside of it (PEP 420)."""
    parts = directory.relative_to(root).parts if directory.is_relative_to(root) else ()
    for count in range(1, len(parts)):
        package = root.joinpath(*parts[:count])
        if (package / "__init__.py").exists():
            return package.parent if all(part.isidentifier() for part in parts[count - 1 :]) else None
    return None


@lru_cache(maxsize=4096)
def _know_each_other(directory: Path) -> bool:
    """Whether a file imports another one of its directory by its plain name: then that directory is on the import path.

    Relative imports say that it is not.
    """
    texts = {each.stem: _text(each) for each in directory.glob("*.py")}
    if any(_RELATIVE.search(text) for text in texts.values()):
        return False
    standard = getattr(sys, "stdlib_module_names", ())  # since Python 3.10
    names = "|".join(re.escape(stem) for stem in texts if stem.isidentifier() and stem not in standard)
    plain = re.compile(rf"(?m)^[ \t]*(?:from|import)[ \t]+(?:{names})\b") if names else None
    return plain is not None and any(plain.search(text) for text in texts.values())


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace") if path.stat().st_size <= MAX_BYTES else ""
    except OSError:
        return ""


def _is_hidden(directory: Path) -> bool:
    name = directory.name
    return name.startswith(".") or name in ("node_modules", "site-packages", "__pycache__") or (directory / "pyvenv.cfg").exists()


def _source(root: Path, path: Path) -> Source:
    top = _import_root(root, path)
    parts = list(path.relative_to(top).with_suffix("").parts)
    if parts[-1] == "__init__" and len(parts) > 1:
        parts.pop()
    tree, why = _parsed(path)
    folders = {part.lower() for part in path.relative_to(root).parts[:-1]}
    is_test = path.name.startswith("test_") or path.name.endswith("_test.py") or path.name in _NOT_IMPORTED
    nameable = all(part.isidentifier() for part in parts)
    copied = bool(folders & _LEFT_OUT) or _lies_in_copies(root, path)
    imported = tree is not None and nameable and not is_test and not copied and not _runs_at_import(tree)
    return Source(path, top, ".".join(parts), tree, why, imported)


def _lies_in_copies(root: Path, path: Path) -> bool:
    """Whether the file is of another project's package, of which a package keeps a copy: in its folder "packages"."""
    below = [root.joinpath(*path.relative_to(root).parts[:depth]) for depth in range(1, len(path.relative_to(root).parts))]
    return any(folder.name == "packages" and (folder.parent / "__init__.py").exists() for folder in below)


def _parsed(path: Path) -> tuple[ast.Module | None, str]:
    try:
        if path.stat().st_size > MAX_BYTES:
            return None, f"more than {MAX_BYTES} bytes"
        return ast.parse(path.read_bytes()), ""
    except (SyntaxError, ValueError, RecursionError, MemoryError, OSError) as error:
        return None, f"{type(error).__name__}: {error}"


def _runs_at_import(tree: ast.Module) -> bool:
    """Whether importing the module would run a server or a program: a call at its top level by the name of one."""
    for statement in tree.body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            called = ast.unparse(statement.value.func)
            if called in ("main", "cli", "sys.exit", "exit", "run", "unittest.main", "setup", "setuptools.setup"):
                return True
            if called.endswith((".run", ".serve_forever", ".run_app", ".mainloop", ".Fuzz")) and called != "asyncio.run":
                return True
    return False


def has_main_guard(tree: ast.Module) -> bool:
    """Whether the file is a program: `if __name__ == "__main__":` at its top level."""
    return any(isinstance(each, ast.If) and _names_main(each.test) for each in tree.body)


def _names_main(test: ast.expr) -> bool:
    strings = {node.value for node in ast.walk(test) if isinstance(node, ast.Constant)}
    names = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
    return "__main__" in strings and "__name__" in names
