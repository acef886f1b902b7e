"""Which function a tool is."""

from collections.abc import Mapping
from importlib import import_module

from mithridate.mcp.shapes import Ability

_MODULES: Mapping[str, str] = {
    "list_runs": "runs",
    "list_findings": "runs",
    "list_skipped": "runs",
    "list_entry_points": "doors",
    "read_finding": "runs",
    "run_input": "doors",
    "prove": "proofs",
    "test_patch": "patches",
    "ask_estate": "estates",
    "write_report": "runs",
}
"""One for each tool of the catalogue; loaded when it is first asked for, as what some of them need takes its time."""


def ability(tool: str) -> Ability:
    """The function of that name."""
    found: Ability = getattr(import_module(f"mithridate.mcp.abilities.{_MODULES[tool]}"), tool)
    return found
