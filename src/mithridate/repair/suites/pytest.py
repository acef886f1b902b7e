"""pytest, as the project or its tox.ini calls it."""

import re
import shlex
from pathlib import Path

from mithridate.model.execution import Execution
from mithridate.model.project import Component
from mithridate.repair.suites import junit
from mithridate.repair.suites.files import text, walk
from mithridate.repair.suites.interface import Plan, Result, Verdict, numbered
from mithridate.repair.suites.python_environment import PYTHON, RUNNER, prelude, runner
from mithridate.repair.suites.sections import Sections

_TEST_FILE = re.compile(r"(?:test_.*|.*_test|tests?)\.py\Z")
_LINE = re.compile(r"(\S+::\S.*?) (PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS)(?: +\[|\Z| )")
_WORDS = {
    **dict.fromkeys(("PASSED", "XFAIL", "XPASS"), Verdict.PASSED),
    **dict.fromkeys(("FAILED", "ERROR"), Verdict.FAILED),
    "SKIPPED": Verdict.SKIPPED,
}
_XML = "/tmp/mithridate-results.xml"
_USAGE = 4
"""pytest's exit code for options that it does not know: those of plugins that the environment has not."""
_CONFIGURED = ("tox.ini", "setup.cfg", "pyproject.toml", "noxfile.py", "Makefile")
_COMMAND = re.compile(r"(?:py\.test|\bpytest)\b([^\n]*)")


class Pytest:
    """All tests that pytest collects; plugins that change their order or write caches are off."""

    name = "pytest"
    languages = frozenset({"python"})

    def plan(self, tree: Path, component: Component) -> Plan | None:
        """A plan when there is a file that pytest would collect."""
        root = tree / component.path
        if not any(_TEST_FILE.match(file.name) for file in walk(root)):
            return None
        sections = Sections()
        where = shlex.join(_places(root))
        options = (
            f"-v --tb=short -p no:cacheprovider -p no:randomly -p no:xdist --continue-on-collection-errors "
            f"--junitxml={_XML} -o junit_family=xunit1 {where}"
        )
        run = f"{PYTHON} -m pytest"
        script = f"""mkdir -p {RUNNER}; tar -xz -C {RUNNER} 2>/dev/null
{prelude(component)}
{PYTHON} -c "import pytest" 2>/dev/null || export PYTHONPATH="$PYTHONPATH:{RUNNER}"
{run} {options} </dev/null
done=$?
if [ $done = {_USAGE} ]; then {run} -o addopts= {options} </dev/null; done=$?; fi
{sections.dump("junit", _XML)}
exit $done"""

        def read(execution: Execution) -> dict[str, Result]:
            lines, found = sections.split(execution.stdout)
            return junit.results(found.get("junit", "")) or from_lines(lines)

        return Plan(kind=self.name, what=f"pytest in {component.path}", script=script, read=read, stdin=runner())


def from_lines(said: str) -> dict[str, Result]:
    """What pytest printed before it was ended, under the names that its XML would have had."""
    found = (_LINE.match(line) for line in said.splitlines())
    return numbered((_as_in_xml(m[1]), Result(_WORDS[m[2]])) for m in found if m)


def _as_in_xml(node: str) -> str:
    file, *rest = node.split("::")
    owner = ".".join([file.removesuffix(".py").replace("/", "."), *rest[:-1]])
    return f"{owner}::{rest[-1]}" if rest else owner


def _places(root: Path) -> list[str]:
    """The folders or files that the project's own call of pytest names; none when it leaves that to pytest."""
    for name in _CONFIGURED:
        for rest in _COMMAND.findall(text(root / name)):
            words = re.sub(r"\{posargs:?([^}]*)\}", r" \1 ", rest).replace("{toxinidir}/", "").split()
            there = [w for w in words if re.fullmatch(r"[\w./-]+", w) and not w.startswith(("-", "/", ".")) and ".." not in w]
            there = [w for w in there if (root / w).exists()]
            if there:
                return there
    return []
