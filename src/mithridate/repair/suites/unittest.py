"""The standard library's unittest, and Django's test command, which reports in the same words."""

import re
from collections.abc import Iterator
from pathlib import Path

from mithridate.model.execution import Execution
from mithridate.model.project import Component
from mithridate.repair.suites.files import text, walk
from mithridate.repair.suites.interface import Plan, Result, Verdict, numbered, tail
from mithridate.repair.suites.python_environment import PYTHON, prelude

_CASE = re.compile(r"^\s*(?:import unittest|from unittest|from django\.test)\b", re.MULTILINE)
_TEST_FILE = re.compile(r"(?:test.*|.*_tests?)\.py\Z")
_NAMED = re.compile(r"(\w+ \([\w.]+\))(.*)\Z")
_ENDS = re.compile(r"(?:^|\.\.\.\s)(ok|FAIL|ERROR|skipped\b.*|expected failure|unexpected success)\s*\Z")
_REPORT = re.compile(r"^={60,}\n(?:FAIL|ERROR): (\w+ \([\w.]+\))\n(.*?)(?=^={60,}$|^-{60,}\nRan )", re.MULTILINE | re.DOTALL)


class Unittest:
    """`python -m unittest discover`."""

    name = "unittest"
    languages = frozenset({"python"})

    def plan(self, tree: Path, component: Component) -> Plan | None:
        """A plan when a test file uses it."""
        root = tree / component.path
        tested = [file for file in walk(root) if _TEST_FILE.match(file.name) and _CASE.search(text(file))]
        if not tested:
            return None
        folder = tested[0].parent.relative_to(root).as_posix()
        top = "-t ." if (tested[0].parent / "__init__.py").is_file() and folder != "." else ""
        script = f"{prelude(component)}\n{PYTHON} -m unittest discover -v -s './{folder}' {top} -p '*test*.py' 2>&1 </dev/null"
        return Plan(kind=self.name, what=f"unittest in {component.path}", script=script, read=read)


class DjangoTest:
    """`manage.py test`."""

    name = "manage.py test"
    languages = frozenset({"python"})

    def plan(self, tree: Path, component: Component) -> Plan | None:
        """A plan when there is a manage.py and a test that uses Django's classes or unittest's."""
        root = tree / component.path
        if "django" not in text(root / "manage.py"):
            return None
        if not any(_TEST_FILE.match(file.name) and _CASE.search(text(file)) for file in walk(root)):
            return None
        script = f"{prelude(component)}\n{PYTHON} manage.py test -v 2 --noinput 2>&1 </dev/null"
        return Plan(kind=self.name, what=f"manage.py test in {component.path}", script=script, read=read)


def read(execution: Execution) -> dict[str, Result]:
    """One result a test method, from the verbose report."""
    said = execution.stdout.decode("utf-8", "replace")
    reports = {name: tail(report) for name, report in _REPORT.findall(said)}
    return numbered(_results(said, reports))


def _results(said: str, reports: dict[str, str]) -> Iterator[tuple[str, Result]]:
    """A test's name and its verdict may be lines apart: its docstring and what it prints come between."""
    name = ""
    for line in said.splitlines():
        if line.startswith("====="):
            return
        if found := _NAMED.match(line):
            name = found[1]
        if name and (ended := _ENDS.search(line)):
            word = ended[1].split()[0]
            if word in ("ok", "expected"):
                yield name, Result(Verdict.PASSED)
            elif word == "skipped":
                yield name, Result(Verdict.SKIPPED)
            else:
                yield name, Result(Verdict.FAILED, reports.get(name, ""))
            name = ""
