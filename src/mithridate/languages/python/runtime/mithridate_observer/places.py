"""Places in the project's code: frames of a stack, of a traceback, of a function, as records show them."""

from __future__ import annotations

import contextlib
import json
import re
import sys
from collections.abc import Iterator
from types import CodeType, FrameType, TracebackType
from typing import Any

from .tree import Tree

MAX_FRAMES = 40
_PATTERN = re.compile(r"^Pattern (?P<told>\{[^\n]*\})$", re.MULTILINE)
_DUMPED = re.compile(r'^  File "(?P<file>[^\n]*)", line (?P<line>\d+) in (?P<function>.*)$', re.MULTILINE)


class Places:
    """Tells project code from other code, and remembers where the present answer, its cookies and its handler come from."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._shown: dict[str, str | None] = {}
        self.forget()

    def forget(self) -> None:
        """A new step begins."""
        self.response: list[dict[str, Any]] = []
        self.handler: list[dict[str, Any]] = []
        self.cookies: dict[str, list[dict[str, Any]]] = {}

    def shown(self, file: str) -> str | None:
        """The name of a project's file in records; None for other code."""
        try:
            return self._shown[file]
        except KeyError:
            name = self._shown[file] = self._tree.shown(file)
            return name

    def of_stack(self, start: FrameType | None = None) -> list[dict[str, Any]]:
        """Project frames of the running stack, innermost first."""
        found: list[dict[str, Any]] = []
        frame = start or sys._getframe(1)
        while frame is not None and len(found) < MAX_FRAMES:
            shown = self.shown(frame.f_code.co_filename)
            if shown is not None:
                found.append({"file": shown, "line": frame.f_lineno, "function": frame.f_code.co_name})
            frame = frame.f_back  # type: ignore[assignment]
        return found

    def of_error(self, error: BaseException) -> list[dict[str, Any]]:
        """Project frames of an exception's traceback, innermost first; the innermost of other code when it has none."""
        traceback: TracebackType | None = error.__traceback__
        every: list[dict[str, Any]] = []
        project: list[dict[str, Any]] = []
        while traceback is not None:
            code = traceback.tb_frame.f_code
            frame = {"file": code.co_filename, "line": traceback.tb_lineno, "function": code.co_name}
            shown = self.shown(code.co_filename)
            if shown is not None:
                project.append({**frame, "file": shown})
            elif "mithridate_observer" not in code.co_filename:
                every.append(frame)
            traceback = traceback.tb_next
        return list(reversed(project or every))[:MAX_FRAMES]

    def of_code(self, code: CodeType) -> list[dict[str, Any]]:
        """The place where a function of the project is defined, as one frame."""
        shown = self.shown(code.co_filename)
        return [{"file": shown, "line": code.co_firstlineno, "function": code.co_name}] if shown is not None else []

    def of_dump(self, text: str) -> list[dict[str, Any]]:
        """Frames in what faulthandler wrote, innermost first: the project's, else all but the observer's. Before them the place
        of the pattern that was matched there, when `pattern_line` told it."""
        every: list[dict[str, Any]] = []
        project: list[dict[str, Any]] = []
        for found in _DUMPED.finditer(text):
            frame = {"file": found["file"], "line": int(found["line"]), "function": found["function"]}
            shown = self.shown(found["file"])
            if shown is not None:
                project.append({**frame, "file": shown})
            elif "mithridate_observer" not in found["file"]:
                every.append(frame)
        told = _PATTERN.findall(text)
        if project and told:
            with contextlib.suppress(ValueError, KeyError, TypeError):  # the target can write there, too
                last = json.loads(told[-1])
                if last["within"] == project[0]:
                    project = with_pattern(project, last["made"])
        return (project or every)[:MAX_FRAMES]

    def note_handler(self, function: Any) -> None:
        """Remember the function that handles the present request."""
        code = code_of(function)
        if code is not None:
            self.handler = self.of_code(code) or self.handler

    def note_response(self) -> None:
        """Remember that project code is making the present answer here."""
        found = self.of_stack(sys._getframe(2))
        if found:
            self.response = found

    def note_cookie(self, name: Any) -> None:
        """Remember that project code sets this cookie here."""
        self.cookies[str(name)] = self.of_stack(sys._getframe(2))

    def of_answer(self) -> list[dict[str, Any]]:
        """Where the present answer was made, else its handler."""
        return self.response or self.handler


def with_pattern(frames: list[dict[str, Any]], made: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Frames that begin where the pattern is made that the innermost of them is matching: whoever makes it is to blame, not who
    was handed it."""
    return [made, *frames] if made is not None and frames else frames


def pattern_line(made: dict[str, Any], within: dict[str, Any]) -> bytes:
    """What `of_dump` understands: the frame `within` is matching what is `made` there."""
    return b"Pattern " + json.dumps({"made": made, "within": within}).encode() + b"\n"


@contextlib.contextmanager
def placed(recorder: Any, frames: list[dict[str, Any]]) -> Iterator[None]:
    """Let `recorder` take `frames` for what it records, when the code at fault has already returned."""
    if not frames:
        yield
        return
    recorder.frames = lambda: frames
    recorder.in_project = lambda _frame: True
    try:
        yield
    finally:
        del recorder.frames, recorder.in_project


def code_of(function: Any) -> CodeType | None:
    """The code of a function, method, partial, wrapped function or class (its __call__ or a method named after a verb)."""
    for _ in range(16):
        wrapped = getattr(function, "__wrapped__", None) or getattr(function, "func", None) or getattr(function, "__func__", None)
        view = getattr(function, "view_class", None) or getattr(function, "cls", None)
        if isinstance(view, type):
            for verb in ("post", "get", "put", "patch", "delete", "dispatch", "dispatch_request"):
                method = view.__dict__.get(verb)
                if method is not None:
                    return code_of(method)
        if wrapped is None:
            break
        function = wrapped
    code = getattr(function, "__code__", None)
    if not isinstance(code, CodeType) and not isinstance(function, type):
        code = getattr(vars(type(function)).get("__call__"), "__code__", None)
    return code if isinstance(code, CodeType) else None
