"""The seam of one kind of test suite."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from mithridate.model.execution import Command, Execution
from mithridate.model.project import Component

SECONDS = "MITHRIDATE_TEST_SECONDS"
"""Environment variable with the seconds that a test may take, for scripts of tools that can bound it."""

TAIL_LINES = 8
"""Lines of a failed test's output that are kept."""

_TAIL_CHARACTERS = 800


class Verdict(StrEnum):
    """How one test ended. An expected failure is PASSED, an unexpected pass FAILED, as all these tools see it."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    TIMED_OUT = "timed out"


@dataclass(frozen=True, slots=True)
class Result:
    """One test's verdict and, when it did not pass, the last lines that it wrote."""

    verdict: Verdict
    tail: str = ""


Results = Mapping[str, Result]
"""By the test's name, which is the same in every run of the suite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to run one suite of one project.

    `script` is for /bin/sh, in a private copy of the tree at /src; its stdout and exit code are what `read` understands.
    `compiled`: it compiles first, with what `flags` and CC say in its environment.
    """

    kind: str
    what: str
    script: str
    read: Callable[[Execution], dict[str, Result]]
    compiled: bool = False
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: bytes | None = None

    def command(self, extra: Mapping[str, str] | None = None) -> Command:
        """The command for `Workbench.run`."""
        return Command(argv=("/bin/sh", "-c", self.script), env={**self.env, **(extra or {})}, cwd="/src", stdin=self.stdin)


class Suite(Protocol):
    """One kind of suite."""

    name: str
    languages: frozenset[str]
    """Of the components that it tests."""

    def plan(self, tree: Path, component: Component) -> Plan | None:
        """How to run the suite of that component, None when there is none of this kind. Only reads files."""
        ...


def tail(text: str) -> str:
    """The last lines of what a test wrote, without empty ones."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return "\n".join(lines[-TAIL_LINES:])[-_TAIL_CHARACTERS:]


def numbered(results: Iterable[tuple[str, Result]]) -> dict[str, Result]:
    """By name; a name that comes again gets a number, so that no result hides another."""
    found: dict[str, Result] = {}
    for name, result in results:
        unique, count = name, 1
        while unique in found:
            count += 1
            unique = f"{name} ({count})"
        found[unique] = result
    return found


def source(component: Component) -> str:
    """Where the component's sources are inside the sandbox."""
    return "/src" if component.path == "." else f"/src/{component.path}"
