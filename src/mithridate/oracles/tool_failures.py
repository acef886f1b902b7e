"""When our own tools broke: the sanitizer's runtime, the symbolizer, the start of the process. Never a violation."""

import re

from mithridate.model.execution import Ending, Execution
from mithridate.model.project import ToolFailure
from mithridate.model.violation import Violation

_RUNTIME = re.compile(
    rb"^.{0,200}?("
    rb"Shadow memory range interleaves.{0,200}|ERROR: Failed to (?:mmap|munmap|protect the shadow gap).{0,100}"
    rb"|ERROR: \w{1,30}Sanitizer failed to (?:allocate|deallocate|map|unmap|protect).{0,200}"
    rb"|ReserveShadowMemoryRange failed.{0,200}"
    rb"|\w{1,30}Sanitizer:? CHECK failed: .{0,300}|ASan runtime does not come first.{0,200}"
    rb"|Your application is linked against incompatible ASan runtimes.{0,50}"
    rb"|\w{1,30}Sanitizer: ERROR: expected '=' in .{0,200}|ERROR: Invalid value for .{0,200}"
    rb")",
    re.MULTILINE,
)
_TARGETS_OWN_MEMORY = (b"LargeMmapAllocator", b"SizeClassAllocator")
_SYMBOLIZER = re.compile(
    rb"^.{0,200}?("
    rb"WARNING: (?:external symbolizer didn't start|Failed to use and restart external symbolizer|invalid path to external"
    rb"|Symbolizer was blocked|Can't (?:create a socket pair to start|read from|write to) (?:external )?symbolizer).{0,200}"
    rb"|External symbolizer path is set to .{0,300}"
    rb")",
    re.MULTILINE,
)
_START = re.compile(
    rb"^(.{0,300}?(?:error while loading shared libraries:|symbol lookup error:|version `[^']{1,80}' not found|cannot execute"
    rb"|[Ee]xec format error|execvp |No such file or directory|Permission denied|not found).{0,300})$",
    re.MULTILINE,
)
_NOT_EXECUTABLE, _NOT_FOUND = 126, 127
_HEAD_BYTES = 1 << 16


def find_tool_failure(execution: Execution, parsed: tuple[Violation, ...], *, symbolized: bool) -> ToolFailure | None:
    """The failure of ours that `execution` shows, or None.

    A runtime that fails in the middle of a report does not undo the violation that it reports; a symbolizer that fails does,
    when symbols were asked for and none came: such a violation would have another signature in every replay.
    """
    if execution.ending is Ending.CANCELLED and not parsed:
        return ToolFailure(tool="sandbox", why="the execution was cancelled before it ended")
    if execution.exit_code in {_NOT_EXECUTABLE, _NOT_FOUND} and not parsed:
        match = _START.search(execution.stderr[:_HEAD_BYTES])
        if match is not None:
            return _failure("start of the program", match[1])
    if not parsed:
        return _runtime_failure(execution.stderr)
    if symbolized and b"symbolizer" in execution.stderr and not any(f.file for v in parsed for f in v.frames):
        match = _SYMBOLIZER.search(execution.stderr)
        return _failure("llvm-symbolizer", match[1]) if match is not None else None
    return None


def _runtime_failure(stderr: bytes) -> ToolFailure | None:
    """Most executions are clean and quiet: the search starts only where a sanitizer has spoken."""
    if b"ERROR: " not in stderr and b"Sanitizer" not in stderr and b"ASan" not in stderr:
        return None
    for match in _RUNTIME.finditer(stderr):
        if not any(name in match[1] for name in _TARGETS_OWN_MEMORY):
            return _failure("sanitizer runtime", match[1])
    return None


def _failure(tool: str, why: bytes) -> ToolFailure:
    return ToolFailure(tool=tool, why=why.decode("utf-8", "replace").strip())
