"""`mithridate doctor`: what works here, what is missing, and the one line that installs it."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from mithridate.cli.options import SandboxOption, TableFormatOption
from mithridate.model.errors import ExitCode

if TYPE_CHECKING:
    from mithridate.cli.probes import Probe


def doctor(sandbox: SandboxOption = "bubblewrap", table_format: TableFormatOption = None) -> int:
    """Try what a scan needs, and say what is missing.

    Runs the sandbox, every tool in it, and a small program of each kind. Ends with 0 when a scan can work and with 5 when
    something it needs is missing.
    """
    # Not through the gate: only programs of ours run, so there is nothing that an owner would have to allow.
    from mithridate.cli.output import data
    from mithridate.cli.probes import probe
    from mithridate.sandbox.registry import create

    probes = probe(create(sandbox))
    ready = all(p.works for p in probes if p.required)
    if table_format is not None:
        answer = {"ready": ready, "install": install_line(probes), "probes": [asdict(p) for p in probes]}
        data(json.dumps(answer, indent=2))
    else:
        data("\n".join(_lines(probes, ready)))
    return ExitCode.NOTHING_PROVED if ready else ExitCode.MISSING_REQUIREMENT


def install_line(probes: "tuple[Probe, ...]") -> str:
    """The command that brings everything missing, what is required first; empty when nothing is."""
    missing = sorted((p for p in probes if not p.works and p.package), key=lambda p: not p.required)
    packages = dict.fromkeys(p.package for p in missing)
    return f"sudo apt-get install {' '.join(packages)}" if packages else ""


def _lines(probes: "tuple[Probe, ...]", ready: bool) -> list[str]:
    from mithridate.report.visible import visible

    lines: list[str] = []
    for area in dict.fromkeys(p.area for p in probes):
        lines += ["", area] if lines else [area]
        for p in (p for p in probes if p.area is area):
            mark = "ok  " if p.works else "MISS" if p.required else "-   "
            wants = "" if p.works else f" (needed for {p.needed_for})"
            lines.append(f"  {mark}  {p.what:<19} {visible(p.detail)}{wants}")
    line = install_line(probes)
    lines += ["", "ready to scan" if ready else "a scan cannot work here yet"]
    return [*lines, f"install what is missing:  {line}"] if line else lines
