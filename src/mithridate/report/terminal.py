"""The end of a run in the terminal: a table where a person watches, plain lines where a pipe or a log does."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mithridate.model.finding import Finding
from mithridate.model.run import RunReport
from mithridate.report import words
from mithridate.report.places import bundle_path, place_of
from mithridate.report.visible import shorten, visible

_STYLES = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "blue", "none": "dim"}
_LONGEST = 200


def print_summary(report: RunReport, console: Console) -> None:
    """Print what a run proved, gravest first, and where the proofs are. Names of the project are data, never acted on."""
    findings = words.proved(report)
    if findings and console.is_terminal:
        console.print(_table(report, findings))
    for finding in () if console.is_terminal else findings:
        _line(console, "  ".join(_cells(report, finding)))
    for fact in words.observed(report):
        _line(console, f"observed  {'  '.join(_cells(report, fact)[1:3])}", "dim")
    for text, style in _closing(report):
        _line(console, text, style)


def _table(report: RunReport, findings: tuple[Finding, ...]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("Severity", no_wrap=True)
    table.add_column("Finding, place and proof", overflow="fold")
    table.add_column("Control", no_wrap=True)
    for finding in findings:
        severity, title, place, tier, proof = _cells(report, finding)
        told = Text.assemble((title, "bold"), "\n", place, "\n", (proof, "dim"))
        table.add_row(Text(severity, style=_STYLES[words.rating(finding.severity.cvss)]), told, tier)
    return table


def _cells(report: RunReport, finding: Finding) -> tuple[str, ...]:
    path = place_of(finding.file).path or "unknown place"
    return (
        f"{words.rating(finding.severity.cvss)} {finding.severity.cvss:.1f}",
        _shown(finding.title),
        _shown(f"{path}:{finding.line}" if finding.line else path),
        f"tier {int(finding.control.tier)} of 5",
        _shown(bundle_path(report, finding.proofs[0]) or "no bundle"),
    )


def _closing(report: RunReport) -> list[tuple[str, str]]:
    fired, replays = words.replays_total(report)
    if report.proved:
        told = [(f"{words.count(len(report.proved), 'flaw')} proved, {fired} of {replays} replays fired", "bold")]
    else:
        told = [("nothing proved; that is a result of this search, not a statement that the code is free of flaws", "bold")]
    if report.observed:
        told.append((f"{words.count(len(report.observed), 'observed fact')}, told apart from what is proved", "dim"))
    if report.flaky:
        told.append((f"{words.count(len(report.flaky), 'candidate')} did not fire every time, see the report", "dim"))
    if report.skipped:
        told.append((f"{words.count(len(report.skipped), 'thing')} not examined, see the report", "dim"))
    searched = sum(e.executions for e in report.entry_points)
    doors = words.count(len(report.entry_points), "entry point")
    told.append((f"{words.count(searched, 'execution')} on {doors} in {words.duration(report.cost.wall_s)}", "dim"))
    return told


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text, style=style), soft_wrap=True)


def _shown(text: str) -> str:
    return visible(shorten(text, _LONGEST))
