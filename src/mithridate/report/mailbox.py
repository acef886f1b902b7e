"""Patches as mails that `git am` takes, with a message that says what was wrong, what was done and how that is known."""

import textwrap
from collections.abc import Sequence
from datetime import datetime
from email.header import Header
from email.utils import format_datetime

from mithridate.model.finding import Finding
from mithridate.model.patch import Outcome, Patch
from mithridate.model.run import RunReport

_AUTHOR = "Mithridate <mithridate@localhost>"
_WIDTH = 72
_SUBJECT = 68
_ZEROS = "0" * 40


def subject(finding: Finding, patch: Patch) -> str:
    """The first line of the commit message: what the patch does, with its place."""
    text = patch.proposal.fix.rstrip(".")
    where = finding.function or finding.file
    line = f"{where}: {text[:1].lower()}{text[1:]}" if where and where not in text else text
    return line if len(line) <= _SUBJECT else line[: _SUBJECT - 1].rsplit(" ", 1)[0] + "\u2026"


def message(report: RunReport, finding: Finding, patch: Patch) -> str:
    """The commit message: cause, fix, evidence."""
    proof = finding.proofs[0]
    place = f"{finding.file}:{finding.line}" if finding.file else finding.function
    evidence = [line for record in patch.gate if record.outcome is not Outcome.FAILED for line in record.evidence]
    parts = [
        subject(finding, patch),
        "",
        *_wrapped(f"{finding.title} at {place} (CWE-{finding.cwe}): {patch.proposal.cause}"),
        "",
        *_wrapped(patch.proposal.fix + "."[: not patch.proposal.fix.endswith(".")]),
        "",
        "Evidence:",
        *_wrapped(f"- before: an input of {proof.size} bytes fired {proof.fired} of {proof.replays} times", "  "),
        *[line for text in evidence for line in _wrapped(f"- {text}", "  ")],
        "",
        f"Finding: {finding.id} of run {report.run} (signature {proof.signature})",
        f"Status: {patch.status}",
    ]
    return "\n".join(parts) + "\n"


def mail(report: RunReport, finding: Finding, patch: Patch, number: int, of: int) -> str:
    """One mail of a series."""
    first, _, rest = message(report, finding, patch).partition("\n")
    when = format_datetime(datetime.fromisoformat(report.started))
    prefix = f"[PATCH {number}/{of}]" if of > 1 else "[PATCH]"
    head = f"From {_ZEROS} Mon Sep 17 00:00:00 2001\nFrom: {_AUTHOR}\nDate: {when}\nSubject: {_encoded(f'{prefix} {first}')}\n"
    kind = "MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n"
    return f"{head}{kind}\n{rest.strip()}\n---\n\n{patch.commit}-- \nmithridate\n"


def series(report: RunReport, chosen: Sequence[tuple[Finding, Patch]]) -> list[tuple[str, str]]:
    """(file name, mail) of each patch, in the order in which they are to be applied."""
    made: list[tuple[str, str]] = []
    for number, (finding, patch) in enumerate(chosen, 1):
        words = "".join(c if c.isascii() and c.isalnum() else "-" for c in subject(finding, patch)).strip("-")
        name = f"{number:04}-{'-'.join(filter(None, words.split('-')))[:52]}.patch"
        made.append((name, mail(report, finding, patch, number, len(chosen))))
    return made


def _encoded(text: str) -> str:
    return text if text.isascii() else Header(text, "utf-8", maxlinelen=900).encode()


def _wrapped(text: str, later: str = "") -> list[str]:
    return textwrap.wrap(text, _WIDTH, subsequent_indent=later, break_long_words=False, break_on_hyphens=False)
