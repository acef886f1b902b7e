"""`make check` of a configured project, with the records that automake's harness leaves."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from mithridate.model.execution import Execution
from mithridate.model.project import Component
from mithridate.repair.suites import lines
from mithridate.repair.suites.compiling import PRELUDE
from mithridate.repair.suites.files import texts
from mithridate.repair.suites.interface import Plan, Result, Verdict, numbered, source, tail
from mithridate.repair.suites.make import whole
from mithridate.repair.suites.sections import Sections

_TARGET = re.compile(r"^(?:check|test|tests|check-local|check-am)\s*:|^\s*TESTS\s*\+?=|^\s*check_PROGRAMS\s*\+?=", re.MULTILINE)
_RECORD = re.compile(r"^:test-result:[ \t]*(PASS|FAIL|XFAIL|XPASS|SKIP|ERROR)\b[ \t]*(.*)$", re.MULTILINE)
_WORDS = {
    **dict.fromkeys(("PASS", "XFAIL"), Verdict.PASSED),
    **dict.fromkeys(("FAIL", "XPASS", "ERROR"), Verdict.FAILED),
    "SKIP": Verdict.SKIPPED,
}
_LOG_LINES = 40


class Automake:
    """Configured, built and checked where the sources are: many such tests know no other place."""

    name = "make check"
    languages = frozenset({"c"})

    def plan(self, tree: Path, component: Component) -> Plan | None:
        """A plan when there is a configure script, or the source of one, and a makefile with something to check."""
        root = tree / component.path
        if not any((root / name).is_file() for name in ("configure", "configure.ac", "configure.in")):
            return None
        written = [*texts(root, "Makefile.am").values(), *texts(root, "Makefile.in").values()]
        target = next((t for t in ("check", "test") if any(re.search(rf"^{t}\s*:", w, re.M) for w in written)), "check")
        if not any(_TARGET.search(text) for text in written):
            return None
        sections = Sections()
        options = shlex.join(component.options)
        bootstrap = (
            "./autogen.sh || ./bootstrap || ./buildconf || true; } >/dev/null 2>&1; [ -f configure ] || autoreconf -fi >&2"
        )
        script = f"""{PRELUDE}
cd {shlex.quote(source(component))} || exit 125
[ -f configure ] || {{ export NOCONFIGURE=1; {{ {bootstrap}; }}
{{ sh ./configure --disable-shared {options} || sh ./configure; }} >&2 || exit 125
make -k -j $JOBS >&2 || make -k >&2
make -k {target} VERBOSE=1 2>&1
done=$?
{sections.dump_all("-name '*.trs' -type f", 400)}
{sections.dump_all("-name '*.log' -type f -newer config.status ! -name config.log", _LOG_LINES)}
exit $done"""

        def read(execution: Execution) -> dict[str, Result]:
            said, files = sections.split(execution.stdout)
            return numbered(_records(files)) or lines.results(said) or whole(f"make {target}", said, execution)

        return Plan(kind=self.name, what=f"make {target} in {component.path}", script=script, read=read, compiled=True)


def _records(files: dict[str, str]) -> Iterator[tuple[str, Result]]:
    for path, text in files.items():
        if not path.endswith(".trs"):
            continue
        name = PurePosixPath(path).with_suffix("")
        for word, description in _RECORD.findall(text):
            verdict = _WORDS[word]
            log = files.get(f"{'./' if path.startswith('./') else ''}{name}.log", "") if verdict is not Verdict.PASSED else ""
            told = description.strip()
            yield f"{name}: {told}" if told and told != name.name else str(name), Result(verdict, tail(log))
