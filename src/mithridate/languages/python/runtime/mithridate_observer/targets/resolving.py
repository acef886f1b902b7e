"""From the name of a target to the function that takes its bytes."""

from __future__ import annotations

import functools
import importlib
import inspect
import os
import sys
import unittest
from collections.abc import Callable
from typing import Any

from ..doors import importing

ATHERIS, HYPOTHESIS = "atheris", "hypothesis"
PROPERTY = ".hypothesis.fuzz_one_input"
"""What is behind a test's name where a document gives it bytes."""
OneInput = Callable[[bytes], Any]


class NotDriven(Exception):
    """The target is there and bytes cannot be given to it; the message says why."""


def prepare(scratch: str) -> None:
    """Before targets are imported: Hypothesis keeps no examples, which would be others' inputs in this run."""
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = os.path.join(scratch, "hypothesis")  # noqa: PTH118
    try:
        hypothesis = importlib.import_module(HYPOTHESIS)
    except ImportError:
        return  # the project's targets are of the other kind
    hypothesis.settings.register_profile("observed", database=None, deadline=None)
    hypothesis.settings.load_profile("observed")


def one_input(name: str) -> OneInput:
    """The function of a target "module:function", or of a test "module:Class.test.hypothesis.fuzz_one_input".

    Raises NotDriven, and whatever importing raises.
    """
    test = name[: -len(PROPERTY)] if name.endswith(PROPERTY) else ""
    found = importing.find(test or name)
    if test:
        owner_name, dot, attribute = test.rpartition(".")
        owner = importing.find(owner_name) if dot and ":" in owner_name else None
        handle = getattr(found, HYPOTHESIS, None)
        if not hasattr(handle, "inner_test"):
            raise NotDriven("Hypothesis has no entrance to it")
        return _of_property(found, handle, owner, attribute)
    if not callable(found):
        raise NotDriven("it is no function")
    return found  # type: ignore[no-any-return]


def kind_of(name: str) -> str:
    """Whether a target is Atheris' or Hypothesis'."""
    return HYPOTHESIS if name.endswith(PROPERTY) else ATHERIS


def body(name: str) -> Any:
    """The function that its author wrote, of a target that was imported."""
    module, _, attributes = name.partition(":")
    found: Any = sys.modules.get(module)
    for part in attributes[: -len(PROPERTY)].split(".") if name.endswith(PROPERTY) else attributes.split("."):
        found = getattr(found, part, None)
    return getattr(getattr(found, HYPOTHESIS, None), "inner_test", None) or found


def _of_property(found: Any, handle: Any, owner: Any, attribute: str) -> OneInput:
    """Hypothesis' own entrance for a fuzzer: the bytes are what its strategies choose by."""
    inner = handle.inner_test
    if _is_not_to_pass(found, owner):
        raise NotDriven("the project marks it as one to skip, or as one that fails")
    if inspect.iscoroutinefunction(inner):
        raise NotDriven("it is a coroutine, which Hypothesis runs with the help of a plug-in only")
    given = getattr(handle, "_given_kwargs", {})
    missing = [p.name for p in inspect.signature(inner).parameters.values() if p.default is p.empty and p.name not in given]
    missing = [name for name in missing if inspect.signature(inner).parameters[name].kind.name[:3] != "VAR"]
    own = owner is not None and not isinstance(inspect.getattr_static(owner, attribute), (staticmethod, classmethod))
    if own and missing:
        missing = missing[1:]
    if missing:
        raise NotDriven(f"it takes what a test runner provides: {', '.join(missing)}"[:200])
    if own:
        test = _bound(inner, owner, attribute)
        return importlib.import_module(HYPOTHESIS).given(**given)(test).hypothesis.fuzz_one_input  # type: ignore[no-any-return]
    return found.hypothesis.fuzz_one_input  # type: ignore[no-any-return]


def _is_not_to_pass(found: Any, owner: Any) -> bool:
    """Marks of pytest and unittest on a test, its class or its module."""
    module = sys.modules.get(getattr(found, "__module__", ""))
    for each in (found, owner, module):
        marks = getattr(each, "pytestmark", ())
        names = {getattr(mark, "name", "") for mark in (marks if isinstance(marks, (list, tuple)) else (marks,))}
        if names & {"skip", "skipif", "xfail"}:
            return True
        if getattr(each, "__unittest_skip__", False) or getattr(each, "__unittest_expecting_failure__", False):
            return True
    return False


def _bound(inner: Any, owner: Any, attribute: str) -> Any:
    """The test as a function: of an object of its own each time, set up as a test runner does."""

    @functools.wraps(inner)
    def test(*arguments: Any, **named: Any) -> Any:
        if not issubclass(owner, unittest.TestCase):
            return inner(owner(), *arguments, **named)
        case = owner(attribute)
        case.setUp()
        try:
            return inner(case, *arguments, **named)
        finally:
            case.tearDown()
            case.doCleanups()

    parameters = list(inspect.signature(inner).parameters.values())
    del test.__wrapped__
    test.__signature__ = inspect.Signature(parameters[1:])  # type: ignore[attr-defined]
    return test
