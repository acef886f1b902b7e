"""Where a program is that does not end: it is interrupted a few times, and what the stacks have in common is the place."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from mithridate.model.execution import Command, Execution
from mithridate.model.violation import Frame
from mithridate.oracles.report_parser import parse_report

_GRACE_S = 5
"""For writing the report before the kill."""


def busy_frames(run: Callable[[Command], Execution], command: Command, moments_s: Sequence[float]) -> tuple[Frame, ...]:
    """The calls that are active at each of the moments (seconds of wall time after the start), innermost first.

    `run` executes a command and gives its report with functions, files and lines.
    The innermost of them is the function whose loop goes on; its line is that of the last moment. Empty when there was no stack.
    """
    stacks = [_stack_after(run, command, moment) for moment in moments_s]
    return common_calls([s for s in stacks if s])


def common_calls(stacks: Sequence[tuple[Frame, ...]]) -> tuple[Frame, ...]:
    """The outer part of the last stack that all stacks share, function by function; all of it when they share none."""
    if not stacks:
        return ()
    depth = 0
    for calls in zip(*(reversed(s) for s in stacks), strict=False):
        if len({c.code for c in calls}) > 1:
            break
        depth += 1
    return stacks[-1][len(stacks[-1]) - depth :] or stacks[-1]


def _stack_after(run: Callable[[Command], Execution], command: Command, seconds: float) -> tuple[Frame, ...]:
    """SIGABRT makes the sanitizer print the stack and end the process."""
    interrupted = ("timeout", "-s", "ABRT", "-k", str(_GRACE_S), f"{seconds:.2f}", *command.argv)
    return next((v.frames for v in parse_report(run(replace(command, argv=interrupted)).stderr) if v.frames), ())
