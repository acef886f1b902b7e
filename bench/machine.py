"""What a figure needs beside it: on which machine, when, and how busy it was."""

import os
import platform
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

_QUIET = 0.5
"""Processes that want to run, by core: with more of them than this, others disturb the measurement."""


def described() -> str:
    """The machine, the day and the load before the measurement, in one line."""
    names = (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name"))
    kilobytes = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    processor = next(names, platform.processor() or platform.machine())
    cores = os.cpu_count() or 1
    today = datetime.now(UTC).date()
    load = os.getloadavg()[0]
    busy = " (**busy: repeat this on a quiet machine**)" if load > _QUIET * cores else ""
    memory = f"{kilobytes / (1 << 20):.0f} GiB"
    return f"{processor}, {cores} cores, {memory}, {_system()}; {today}; load before: {load:.1f} on {cores} cores{busy}"


def spread(values: Sequence[float], form: str = ".3f") -> str:
    """Median and extremes: `0.991 (0.973 to 1.004)`; a dash for nothing."""
    if not values:
        return "-"
    return f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def write(path: Path, text: str) -> None:
    """Print `text` and keep it in `path`."""
    print(text, end="")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _system() -> str:
    names = (line.partition("=")[2].strip().strip('"') for line in _lines("/etc/os-release") if line.startswith("PRETTY_NAME="))
    return next(names, platform.system())


def _lines(file: str) -> list[str]:
    try:
        return Path(file).read_text().splitlines()
    except OSError:
        return []
