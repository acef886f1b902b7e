"""Meson's tests."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from mithridate.model.execution import Execution
from mithridate.model.project import Component
from mithridate.repair.suites.compiling import PRELUDE
from mithridate.repair.suites.files import texts
from mithridate.repair.suites.interface import Plan, Result, Verdict, numbered, source, tail
from mithridate.repair.suites.sections import Sections

_BUILD = "/src/.mithridate-tests"
_DEFINES = re.compile(r"^\s*test\s*\(", re.MULTILINE)
_WORDS = {
    **dict.fromkeys(("OK", "EXPECTEDFAIL"), Verdict.PASSED),
    **dict.fromkeys(("SKIP", "IGNORED"), Verdict.SKIPPED),
    "TIMEOUT": Verdict.TIMED_OUT,
}


class Meson:
    """Set up and built anew in a directory of its own; its log has one JSON object a test."""

    name = "meson"
    languages = frozenset({"c"})

    def plan(self, tree: Path, component: Component) -> Plan | None:
        """A plan when a meson.build defines tests."""
        written = texts(tree / component.path, "meson.build")
        if "" not in written or not any(_DEFINES.search(text) for text in written.values()):
            return None
        sections = Sections()
        options = shlex.join(component.options)
        script = f"""{PRELUDE}
set -- --buildtype=debug -Dwerror=false --wrap-mode=nodownload {options}
meson setup {_BUILD} {shlex.quote(source(component))} "$@" >&2 || exit 125
ninja -k 0 -C {_BUILD} >&2
cd {_BUILD} || exit 125
meson test --no-rebuild --print-errorlogs
done=$?
{sections.dump("log", f"{_BUILD}/meson-logs/testlog.json")}
exit $done"""
        return Plan(
            kind=self.name,
            what=f"meson test in {component.path}",
            script=script,
            read=lambda execution: numbered(_read(sections, execution)),
            compiled=True,
        )


def _read(sections: Sections, execution: Execution) -> Iterator[tuple[str, Result]]:
    for line in sections.split(execution.stdout)[1].get("log", "").splitlines():
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if isinstance(told, dict) and isinstance(told.get("name"), str):
            verdict = _WORDS.get(str(told.get("result")), Verdict.FAILED)
            said = f"{told.get('stdout') or ''}\n{told.get('stderr') or ''}" if verdict is not Verdict.PASSED else ""
            yield told["name"], Result(verdict, tail(said))
