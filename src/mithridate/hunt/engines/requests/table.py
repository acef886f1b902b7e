"""The table of routes: what was sent to each, what it asked for, where its input went, and why it was not reached."""

import json
from pathlib import Path
from typing import Any

from mithridate.hunt.engines.requests.state import State, Unit

FILE = "routes.json"


def write(state: State, directory: Path) -> None:
    """Write it as `routes.json`."""
    rows = [_row(unit) for unit in state.units.values()]
    (directory / FILE).write_text(json.dumps(rows, ensure_ascii=True, indent=1))


def _row(unit: Unit) -> dict[str, Any]:
    return {
        "method": unit.method,
        "path": unit.route.path,
        "handler": f"{unit.route.file}:{unit.route.line} {unit.route.function}".strip(),
        "requests": unit.requests,
        "statuses": unit.statuses,
        "asked": [f"{asked.where}:{asked.name}" for asked in unit.asked],
        "sinks": list(unit.sinks),
        "held": list(unit.held),
        "lines": max(0, unit.best_edges),
        "not_reached": _why(unit),
    }


def _why(unit: Unit) -> str:
    """Why nothing of its handler was seen to work; "" when something was."""
    if unit.given_up:
        return "it hung or died each time"
    if not unit.requests:
        return "the time ended before its first request"
    if unit.sinks or unit.held or any(code.startswith("2") for code in unit.statuses):
        return ""
    if unit.locked:
        return "it refused everybody or sent them elsewhere; no sequence of other requests opened it"
    if unit.errors:
        return f"every request failed: {unit.errors[-1]}"
    return f"no request succeeded (status {', '.join(sorted(unit.statuses))})"
