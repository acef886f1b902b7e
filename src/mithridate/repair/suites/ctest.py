"""CMake's tests, run by ctest."""

import re
import shlex
from pathlib import Path

from mithridate.model.execution import Execution
from mithridate.model.project import Component
from mithridate.repair.suites import junit
from mithridate.repair.suites.compiling import PRELUDE
from mithridate.repair.suites.files import texts
from mithridate.repair.suites.interface import SECONDS, Plan, Result, Verdict, numbered, source
from mithridate.repair.suites.sections import Sections

_BUILD = "/src/.mithridate-tests"
_DEFINES = re.compile(r"(?i)\b(?:add_test|enable_testing|gtest_discover_tests|catch_discover_tests)\s*\(|include\s*\(\s*CTest\b")
_OPTION = re.compile(r"(?i)\b(?:option|cmake_dependent_option)\s*\(\s*(\w*TEST\w*)")
_NOT_TESTS = re.compile(r"(?i)disable|without|(?:^|_)no_|fuzz|bench|coverage|valgrind|sanit|network|install")
_LINE = re.compile(
    r"\s*\d+/\d+ +Test +#\d+: +(\S+) [. ]*(?:\*+)?(Passed|Failed|Not Run|Skipped|Timeout|Exception|Subprocess aborted)"
)
_WORDS = {"Passed": Verdict.PASSED, "Not Run": Verdict.SKIPPED, "Skipped": Verdict.SKIPPED, "Timeout": Verdict.TIMED_OUT}


class CTest:
    """Configured and built anew in a directory of its own, with the options that turn tests on."""

    name = "ctest"
    languages = frozenset({"c"})

    def plan(self, tree: Path, component: Component) -> Plan | None:
        """A plan when a CMakeLists.txt defines tests."""
        written = texts(tree / component.path, "CMakeLists.txt")
        if "" not in written or not any(_DEFINES.search(text) for text in written.values()):
            return None
        options = dict.fromkeys(
            name for text in written.values() for name in _OPTION.findall(text) if not _NOT_TESTS.search(name)
        )
        sections = Sections()
        fixed = (
            f"cmake -S {shlex.quote(source(component))} -B {_BUILD} -DCMAKE_BUILD_TYPE=None -DBUILD_TESTING=ON "
            "-DFETCHCONTENT_FULLY_DISCONNECTED=ON -DCMAKE_POLICY_VERSION_MINIMUM=3.5 -DCMAKE_COMPILE_WARNING_AS_ERROR=OFF "
            + shlex.join(component.options)
        )
        wanted = " ".join(f"-D{name}=ON" for name in options)
        script = f"""{PRELUDE}
{{ {fixed} {wanted} || {{ rm -rf {_BUILD}; {fixed}; }}; }} >&2 || exit 125
cmake --build {_BUILD} -j $JOBS -- -k >&2 || cmake --build {_BUILD} -- -k >&2
cd {_BUILD} || exit 125
ctest --output-on-failure --timeout ${SECONDS} -j $JOBS --output-junit {_BUILD}/results.xml
done=$?
{sections.dump("junit", f"{_BUILD}/results.xml")}
exit $done"""

        def read(execution: Execution) -> dict[str, Result]:
            lines, found = sections.split(execution.stdout)
            return junit.results(found.get("junit", "")) or from_lines(lines)

        return Plan(kind=self.name, what=f"ctest in {component.path}", script=script, read=read, compiled=True)


def from_lines(text: str) -> dict[str, Result]:
    """What ctest itself prints, for the old ones without --output-junit and for runs that did not end."""
    found = (_LINE.match(line) for line in text.splitlines())
    return numbered((m[1], Result(_WORDS.get(m[2], Verdict.FAILED))) for m in found if m)
