"""Tests of a plain makefile: its check or test target, or the test script that it names."""

import re
import shlex
from pathlib import Path

from mithridate.model.execution import Ending, Execution
from mithridate.model.project import Component
from mithridate.repair.suites import lines
from mithridate.repair.suites.compiling import PRELUDE
from mithridate.repair.suites.files import text
from mithridate.repair.suites.interface import Plan, Result, Verdict, source, tail

_MAKEFILES = ("GNUmakefile", "makefile", "Makefile", "unix/Makefile")
_TARGETS = ("check", "test", "tests", "runtests", "testsuite", "run-tests")
_SCRIPT = re.compile(r"(?:\./)?((?:[\w.-]+/)*[\w.-]*test[\w.-]*(?:\.(?:sh|py|pl|bash)|(?=[\s;&|]|\Z)))")
_USUAL = ("runtests.sh", "run_tests.sh", "run-tests.sh", "test.sh", "tests.sh", "tests/run.sh", "test/run.sh", "tests/test.sh",
          "test/test.sh", "tests/runtests.sh", "tests/run_tests.sh", "test/runtests.sh", "test/run_tests.sh")  # fmt: skip


class MakeTest:
    """`make check`, `make test` or the like of a makefile that is there as it is."""

    name = "make test"
    languages = frozenset({"c"})

    def plan(self, tree: Path, component: Component) -> Plan | None:
        """A plan when the makefile has such a target."""
        found = _makefile(tree / component.path)
        if found is None:
            return None
        name, written = found
        target = next((t for t in _TARGETS if re.search(rf"^(?:[\w.-]+ )*{t}(?: [\w.-]+)*\s*:(?!=)", written, re.MULTILINE)), "")
        if not target:
            return None
        script = f"""{PRELUDE}
cd {shlex.quote(source(component))} || exit 125
make -f {name} -k -j $JOBS {_variables(written)} >&2 || make -f {name} -k {_variables(written)} >&2
make -f {name} -k {target} {_variables(written)} 2>&1"""
        return Plan(
            kind=self.name,
            what=f"make {target} in {component.path}",
            script=script,
            read=lambda execution: _read(f"make {target}", execution),
            compiled=True,
        )


class TestScript:
    """A test script that the makefile names, or one with a usual name."""

    name = "test script"
    languages = frozenset({"c"})
    __test__ = False

    def plan(self, tree: Path, component: Component) -> Plan | None:
        """A plan for the first that is there."""
        root = tree / component.path
        found = _makefile(root)
        written = found[1] if found else ""
        named = [m[1] for m in _SCRIPT.finditer(written) if not m[1].endswith((".c", ".o", ".h"))]
        script = next((s for s in (*named, *_USUAL) if _is_script(root, s)), "")
        if not script:
            return None
        build = f"make -f {found[0]} -k {_variables(written)} >&2" if found else ":"
        return Plan(
            kind=self.name,
            what=f"the script {script}",
            script=f"{PRELUDE}\ncd {shlex.quote(source(component))} || exit 125\n{build}\n{_run(root / script, script)} 2>&1",
            read=lambda execution: _read(script, execution),
            compiled=True,
        )


def whole(name: str, said: str, execution: Execution) -> dict[str, Result]:
    """A suite that tells no single tests is one test."""
    if execution.ending in (Ending.WALL_LIMIT, Ending.CPU_LIMIT):
        return {name: Result(Verdict.TIMED_OUT, tail(said))}
    if execution.exit_code == 125:
        return {}
    return {name: Result(Verdict.PASSED if execution.ok else Verdict.FAILED, "" if execution.ok else tail(said))}


def _read(name: str, execution: Execution) -> dict[str, Result]:
    said = execution.stdout.decode("utf-8", "replace")
    return {**lines.results(said), **whole(f"{name}, as a whole", said, execution)}


def _makefile(root: Path) -> tuple[str, str] | None:
    return next(((name, text(root / name)) for name in _MAKEFILES if (root / name).is_file()), None)


def _variables(written: str) -> str:
    """A makefile that sets its compiler is told ours; its flags are its own, but for what we add."""
    return 'CC="$CC $LDFLAGS -w"' if re.search(r"^CC\s*[:?]?=", written, re.MULTILINE) or "$(CC)" in written else ""


def _is_script(root: Path, name: str) -> bool:
    file = root / name
    inside = ".." not in name and file.is_file() and not file.is_symlink()
    return inside and text(file).startswith("#!")


def _run(file: Path, name: str) -> str:
    first = text(file).split("\n", 1)[0].removeprefix("#!").strip()
    return f"{first} ./{shlex.quote(name)}" if re.fullmatch(r"[\w/. -]+", first) else f"sh ./{shlex.quote(name)}"
