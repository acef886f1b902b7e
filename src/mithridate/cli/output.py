"""Data goes to stdout, words go to stderr, and neither carries control characters of the code under analysis."""

import os
import sys
from typing import NoReturn

from mithridate.report.visible import visible

BROKEN_PIPE = 141
"""128 + SIGPIPE: what a program answers whose reader went away (`mithridate runs | head -1`)."""


def data(text: str) -> None:
    """Write a document to stdout, ended by one newline. Leaves quietly when nobody reads any more."""
    try:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        leave_quietly()
    except UnicodeEncodeError:
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace") + b"\n")
        sys.stdout.flush()


def words(text: str) -> None:
    """Write a line for people to stderr."""
    try:
        print(visible(text, keep="\n"), file=sys.stderr, flush=True)
    except BrokenPipeError:
        leave_quietly()


def leave_quietly() -> NoReturn:
    """End the process after a broken pipe, without the interpreter's complaint about what could not be flushed."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    raise SystemExit(BROKEN_PIPE)


def table(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Columns of text, aligned to the left, the last one as long as it likes."""
    shown = [headings, *(tuple(visible(cell) for cell in row) for row in rows)]
    widths = [max(len(row[i]) for row in shown) for i in range(len(headings) - 1)]
    return "\n".join("  ".join((*(c.ljust(w) for c, w in zip(row, widths, strict=False)), row[-1])).rstrip() for row in shown)
