"""Which function a tool is."""

from collections.abc import Mapping

from mithridate.mcp.abilities.doors import list_entry_points, run_input
from mithridate.mcp.abilities.estates import ask_estate
from mithridate.mcp.abilities.patches import test_patch
from mithridate.mcp.abilities.proofs import prove
from mithridate.mcp.abilities.runs import list_findings, list_runs, list_skipped, read_finding, write_report
from mithridate.mcp.work import Ability

ABILITIES: Mapping[str, Ability] = {
    ability.__name__: ability
    for ability in (
        list_runs,
        list_findings,
        list_skipped,
        list_entry_points,
        read_finding,
        run_input,
        prove,
        test_patch,
        ask_estate,
        write_report,
    )
}
"""One for each tool of the catalogue."""
