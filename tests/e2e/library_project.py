"""A small Python library of the tests' own: two packages without any dependency, each with a flaw that is soon found."""

from pathlib import Path

NAME = "corner"

PROJECT = """\
[project]
name = "corner"
version = "1.0"
"""

SHOP = '''"""A shop: looks for goods by name."""

import sqlite3


def find_goods(name: str) -> list:
    goods = sqlite3.connect(":memory:")
    goods.execute("CREATE TABLE goods (name TEXT)")
    return goods.execute("SELECT name FROM goods WHERE name = '" + name + "'").fetchall()
'''

SHELF = '''"""A shelf: lists its files by name."""

import os


def list_files(name: str) -> int:
    return os.system("ls /tmp/" + name)
'''

FINDINGS = {("shop/__init__.py", "find_goods", 89), ("shelf/__init__.py", "list_files", 78)}
"""(file, function, CWE) of each planted flaw."""


def write(directory: Path) -> Path:
    """Write the project below `directory` and return its root."""
    root = directory / NAME
    for package, source in (("shop", SHOP), ("shelf", SHELF)):
        (root / package).mkdir(parents=True)
        (root / package / "__init__.py").write_text(source)
    (root / "pyproject.toml").write_text(PROJECT)
    return root
