"""Shows a finished run: the document that was asked for on stdout, and an exit code."""

import sys

from mithridate.cli.options import Format
from mithridate.cli.output import data, words
from mithridate.model.errors import ExitCode
from mithridate.model.finding import FindingStatus
from mithridate.model.run import RunReport

_REASONS = 3


def present(report: RunReport, wanted: Format | None) -> ExitCode:
    """Print the report in the wanted format, or a summary for people.

    PROVED when something was; NOTHING_TO_ANALYSE when nothing could be entered, which nobody may take for a good result.
    """
    if wanted is None:
        from rich.console import Console

        from mithridate.report.terminal import print_summary

        print_summary(report, Console(file=sys.stdout, highlight=False))
    else:
        from mithridate.report.registry import writers

        data(writers()[wanted].render(report))
    if not report.entry_points:
        words("mithridate: nothing could be examined")
        for skipped in report.skipped[:_REASONS]:
            words(f"  {skipped.what}: {skipped.reason}")
        return ExitCode.NOTHING_TO_ANALYSE
    proved = any(finding.status is FindingStatus.PROVED for finding in report.findings)
    return ExitCode.PROVED if proved else ExitCode.NOTHING_PROVED
