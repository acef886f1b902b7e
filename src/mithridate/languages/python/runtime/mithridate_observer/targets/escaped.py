"""What an exception says that left a target: who raised it, and whether by a statement or in passing."""

from __future__ import annotations

import dis
from types import TracebackType
from typing import Any

from ..places import Places, code_of

_RAISE = dis.opmap["RAISE_VARARGS"]
_CHECKS = ("assert", "fail")
"""How functions of test libraries are called that raise where a claim does not hold."""


def about(error: BaseException, target: Any, places: Places) -> dict[str, str]:
    """Details for the observation (docs/input-document.md, sink "error"). `target` is the function that it left.

    "by" is "project" when code of the project outside of the target's file raised it, or had it raised by what it called;
    "target" when the target's file itself did, with a statement of its own or what checks a claim (`assertEqual`); else "callee":
    what the target called directly raised it, and its author did not foresee that.
    """
    told = {"bases": " ".join(base.__name__ for base in type(error).__mro__)[:400], "by": _by(error, target, places)}
    number = getattr(error, "errno", None) if isinstance(error, OSError) else None
    return {**told, "errno": str(number)} if number is not None else told


def _by(error: BaseException, target: Any, places: Places) -> str:
    code = code_of(target)
    home = code.co_filename if code is not None else ""
    innermost: TracebackType | None = None
    traceback = error.__traceback__
    while traceback is not None:
        if places.shown(traceback.tb_frame.f_code.co_filename) is not None:
            innermost = traceback
        traceback = traceback.tb_next
    if innermost is None:
        return "callee"
    if innermost.tb_frame.f_code.co_filename != home:
        return "project"
    below = innermost.tb_next
    if below is not None:
        return "target" if below.tb_frame.f_code.co_name.startswith(_CHECKS) else "callee"
    return "target" if innermost.tb_frame.f_code.co_code[innermost.tb_lasti] == _RAISE else "callee"
