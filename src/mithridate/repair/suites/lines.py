"""Results in what a test program writes: the lines of automake, TAP, GoogleTest, unittest, and the usual "name ... ok"."""

import re
from collections.abc import Iterator

from mithridate.repair.suites.interface import Result, Verdict, numbered, tail

_WORDS = {
    **dict.fromkeys(("pass", "passed", "ok", "xfail", "success", "succeeded", "expected failure"), Verdict.PASSED),
    **dict.fromkeys(("fail", "failed", "error", "xpass", "not ok", "unexpected success", "failure"), Verdict.FAILED),
    **dict.fromkeys(("skip", "skipped", "not run", "disabled", "untested", "unsupported"), Verdict.SKIPPED),
    **dict.fromkeys(("timeout", "timed out"), Verdict.TIMED_OUT),
}
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_AUTOMAKE = re.compile(r"(PASS|FAIL|XFAIL|XPASS|SKIP|ERROR):\s+(\S.{0,200})\Z")
_TAP = re.compile(r"\s*(not ok|ok)\b\s*(\d*)\s*(?:-\s*)?([^#]{0,200})(#\s*(?i:skip|todo))?")
_GTEST = re.compile(r"\[\s*(OK|FAILED|SKIPPED)\s*\]\s+([\w./]+\.[\w./]+)(?:,| \(|\Z)")
_BOXED = re.compile(r"\[\s*(PASS|PASSED|FAIL|FAILED|SKIP|SKIPPED|OK|ERROR)\s*\]:?\s+(\S.{0,200})\Z")
_DOTTED = re.compile(
    r"(\S.{0,200}?)(?:\s*\.{2,}\s*|\s*:\s+)"
    r"(ok|pass|passed|fail|failed|failure|error|skip|skipped|success|expected failure|unexpected success)\b(?: .*|[.!]*)\Z",
    re.IGNORECASE,
)


def results(text: str) -> dict[str, Result]:
    """Every test of which a line tells. A test that failed keeps the lines before its own."""
    return numbered(_read(text))


def _read(text: str) -> Iterator[tuple[str, Result]]:
    written: list[str] = []
    for raw in text.splitlines():
        line = _COLOUR.sub("", raw).rstrip()
        told = _told(line)
        if told is None:
            written.append(line)
            continue
        name, verdict = told
        yield name, Result(verdict, tail("\n".join([*written[-20:], line])) if verdict is not Verdict.PASSED else "")
        written = []


def _told(line: str) -> tuple[str, Verdict] | None:
    if found := _AUTOMAKE.match(line) or _GTEST.match(line) or _BOXED.match(line):
        return found[2].strip(), _WORDS[found[1].lower()]
    if found := _TAP.match(line):
        if found[2] or found[3].strip():
            name = found[3].strip() or found[2]
            hint = (found[4] or "").lower()
            if hint.endswith("skip"):
                return name, Verdict.SKIPPED
            return name, Verdict.PASSED if hint.endswith("todo") else _WORDS[found[1]]
        return None
    if found := _DOTTED.match(line):
        return found[1].strip(), _WORDS[found[2].lower()]
    return None
