"""A proof's input document as the reports show it, in place of a hex dump: readable, and as a test that can be run."""

import shlex
from dataclasses import dataclass

from mithridate.model.document import Document, Json, decode, marked, worded
from mithridate.model.errors import UsageError
from mithridate.model.finding import Proof
from mithridate.model.run import RunReport
from mithridate.report import made_value
from mithridate.report.http_request import http_request, http_text
from mithridate.report.places import bundle_path
from mithridate.report.python_test import call_snippet, python_test

LEGEND = "`mka` and `mkz` stand for random words that enclose what the attacker sends; they are new in every run."

_SECTIONS = ("query", "headers", "cookies", "form")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownInput:
    """`title` names the form ("HTTP request"), `text` is the input in it, `test` a pytest file or "", `legend` explains marks.

    `carried` are the inputs that carry attacker data as a program receives them: section ("form"), name, value.
    """

    title: str
    text: str
    test: str
    legend: str
    carried: tuple[tuple[str, str, str], ...] = ()


def shown_input(report: RunReport, proof: Proof) -> ShownInput | None:
    """The proof's input where it is a document that the report holds whole; None for bytes and what cannot be written."""
    kinds = {e.id: e.kind for e in report.entry_points}
    data = report.inputs.get(proof.blob)
    if data is None or proof.entry_id not in kinds or not kinds[proof.entry_id].observed:
        return None
    try:
        document = decode(data)
        title, text = _readable(document.attack)
    except (UsageError, ValueError, RecursionError):
        return None
    legend = LEGEND if marked(document.attack) else ""
    return ShownInput(
        title=title, text=text, test=_test(report, proof, document), legend=legend, carried=_carried(document.attack)
    )


def _test(report: RunReport, proof: Proof, document: Document) -> str:
    try:
        return python_test(document, report.doors.get(proof.entry_id), proof.violation, bundle_path(report, proof))
    except (ValueError, RecursionError):
        return ""


def _readable(steps: list[Json]) -> tuple[str, str]:
    given = [step for step in steps if isinstance(step, dict)]
    requests = [http_request(r) for s in given if isinstance(r := s.get("request"), dict)]
    if requests:
        return ("HTTP request" if len(requests) == 1 else "HTTP requests"), http_text(requests)
    calls = call_snippet(steps)
    if calls:
        return "Python call", calls
    programs = [s["program"] for s in given if isinstance(s.get("program"), dict)]
    return "Command", "\n".join(_command(p) for p in programs if isinstance(p, dict))


def _command(program: dict[str, Json]) -> str:
    args, files = program.get("args"), program.get("files")
    lines = [
        f"# file {shlex.quote(name)}:\n{made_value.text(content)}"
        for name, content in (files.items() if isinstance(files, dict) else ())
    ]
    words = [shlex.quote(made_value.text(a)) for a in args] if isinstance(args, list) else []
    stdin = made_value.text(program["stdin"]) if "stdin" in program else ""
    return "\n".join([*lines, f"$ PROGRAM {' '.join(words)}".rstrip(), *([f"# standard input:\n{stdin}"] if stdin else [])])


def _carried(steps: list[Json]) -> tuple[tuple[str, str, str], ...]:
    requests = [step["request"] for step in steps if isinstance(step, dict) and isinstance(step.get("request"), dict)]
    entries = [
        (section, entry)
        for request in requests
        if isinstance(request, dict)
        for section in _SECTIONS
        if isinstance(given := request.get(section), list)
        for entry in given
    ]
    return tuple(
        (section, worded(name) if isinstance(name := entry[0], str) else "", made_value.text(entry[1]))
        for section, entry in entries
        if isinstance(entry, list) and len(entry) == 2 and marked(entry)
    )
