"""Shows what came of replaying a bundle."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from mithridate.cli.options import TableFormat
from mithridate.cli.output import data
from mithridate.model.errors import ExitCode
from mithridate.report.visible import visible

if TYPE_CHECKING:
    from mithridate.prove.verify import Verdict


def present_verdict(verdict: "Verdict", wanted: TableFormat | None) -> ExitCode:
    """Print yes or no with the reason, or the verdict as JSON; PROVED when it holds."""
    if wanted is not None:
        data(json.dumps(asdict(verdict), indent=2))
    else:
        answer = "yes" if verdict.holds else "no"
        data(visible(f"{answer}: {verdict.why} Signed by {verdict.signer}."))
    return ExitCode.PROVED if verdict.holds else ExitCode.NOTHING_PROVED
