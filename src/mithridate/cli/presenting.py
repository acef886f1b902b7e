"""Shows a finished run: the document that was asked for on stdout, and an exit code."""

import sys

from mithridate.cli.options import Format
from mithridate.cli.output import data
from mithridate.model.errors import ExitCode
from mithridate.model.finding import FindingStatus
from mithridate.model.run import RunReport


def present(report: RunReport, wanted: Format | None) -> ExitCode:
    """Print the report in the wanted format, or a summary for people; PROVED when something was."""
    if wanted is None:
        from rich.console import Console

        from mithridate.report.terminal import print_summary

        print_summary(report, Console(file=sys.stdout, highlight=False))
    else:
        from mithridate.report.registry import writers

        data(writers()[wanted].render(report))
    proved = any(finding.status is FindingStatus.PROVED for finding in report.findings)
    return ExitCode.PROVED if proved else ExitCode.NOTHING_PROVED
