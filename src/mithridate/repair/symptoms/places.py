"""Changes where no repair belongs: in tests and what they compare with, and outside of sources."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from mithridate.repair.reading.registry import reader
from mithridate.repair.symptoms.interface import Patched, Symptom

_TEST_FOLDERS = frozenset({"test", "tests", "testing", "testsuite", "testdata", "fixtures", "t", "spec", "regress", "unittests"})
_TEST_FILE = re.compile(r"(?:test_.*|.*[_-]tests?|conftest|tests)\.\w+\Z|.*_unittest\.\w+\Z", re.IGNORECASE)
_DEPENDENCIES = re.compile(
    r"(?:requirements.*\.(?:txt|in)|constraints.*\.txt|pyproject\.toml|setup\.(?:cfg|py)|Pipfile|poetry\.lock|uv\.lock|"
    r"Pipfile\.lock|environment\.ya?ml|conanfile\.(?:txt|py)|vcpkg\.json)\Z"
)
_GENERATES = frozenset({".y", ".l", ".yy", ".ll", ".re", ".rl", ".in", ".m4", ".def", ".tmpl", ".tpl", ".pyx", ".pxd", ".g4"})
_PAGES = frozenset({".html", ".jinja", ".jinja2", ".j2", ".htm", ".mako", ".xml", ".txt"})


class Places:
    """Looks at paths only."""

    name = "outside of the sources"

    def look(self, patched: Patched) -> Iterator[Symptom]:
        """A new test beside the fix is welcome; a changed one is not."""
        for change in patched.changes:
            place = PurePosixPath(change.path)
            tests = bool(_TEST_FOLDERS & {part.lower() for part in place.parts[:-1]}) or bool(_TEST_FILE.match(place.name))
            if tests and not change.creates:
                yield Symptom(self.name, f"{change.path} is a test or what a test compares with")
            elif not tests and not _is_source(change.path):
                yield Symptom(self.name, f"{change.path} is no source of the program")


def _is_source(path: str) -> bool:
    place = PurePosixPath(path)
    template = place.suffix in _PAGES and any("template" in part.lower() for part in place.parts)
    return bool(reader(path)) or place.suffix in _GENERATES or bool(_DEPENDENCIES.fullmatch(place.name)) or template
