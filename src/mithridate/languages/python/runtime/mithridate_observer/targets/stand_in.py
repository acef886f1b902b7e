"""A module that stands in Atheris' place: targets import it, decorate with it and hand their function to it.

Nothing is instrumented, as the observer counts what is covered itself, and `Fuzz()` returns at once: it is the observer that
calls the function. So what proves a finding does not depend on the engine that found it.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from .provider import FuzzedDataProvider

NAME = "atheris"


class _Hooks:
    """`enabled_hooks`: what a target asks to be watched is of no use here."""

    def add(self, _name: str) -> None:
        """Take note of nothing."""


def _setup(arguments: list[str], _target: Callable[[bytes], None], **_options: Any) -> list[str]:
    return list(arguments)


def _fuzz() -> None:
    pass


@contextlib.contextmanager
def _instrument_imports(*_arguments: Any, **_named: Any) -> Iterator[None]:
    yield


def _same(function: Any, *_arguments: Any, **_named: Any) -> Any:
    return function


def _mutate(data: bytes, size: int) -> bytes:
    return data[:size]


def _nothing(*_arguments: Any, **_named: Any) -> None:
    pass


def module() -> ModuleType:
    """A new module with the names that the documentation of Atheris lists."""
    made = ModuleType(NAME, "Stands in Atheris' place while the observer runs a fuzz target.")
    made.__dict__.update(
        FuzzedDataProvider=FuzzedDataProvider,
        ALL_REMAINING=sys.maxsize,
        Setup=_setup,
        Fuzz=_fuzz,
        Mutate=_mutate,
        instrument_imports=_instrument_imports,
        instrument_func=_same,
        instrument_all=_nothing,
        patch_code=_same,
        enabled_hooks=_Hooks(),
        gen_match=lambda pattern: str(pattern),
        path=lambda: "",
    )
    return made


def install() -> None:
    """Let `import atheris` give the stand-in, whatever is installed."""
    sys.modules[NAME] = module()
