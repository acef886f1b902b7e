"""Finding what a door names: "package.module:attribute", "package.module:factory()", "package.module:Class.method"."""

from __future__ import annotations

import importlib
from typing import Any


def find(name: str) -> Any:
    """The object named; a name that ends in "()" is called without arguments. What importing raises goes through."""
    called = name.endswith("()")
    module, _, attribute = name[:-2].partition(":") if called else name.partition(":")
    found: Any = importlib.import_module(module)
    for part in attribute.split(".") if attribute else ():
        found = getattr(found, part)
    return found() if called else found
