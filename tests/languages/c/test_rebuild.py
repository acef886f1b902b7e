"""Building once more from the objects of an earlier build, a part of which failed then."""

from pathlib import Path

import pytest

from mithridate.languages.c.language import CLanguage
from mithridate.model.project import Build, BuildFailure, Flavour, Project
from mithridate.sandbox.bubblewrap import Bubblewrap
from mithridate.store.snapshot import take_snapshot

MAKEFILE = (
    "all: bad good\nbad: bad.c\n\t$(CC) -o bad bad.c\ngood: good.o\n\t$(CC) -o good good.o\ngood.o: good.c\n\t$(CC) -c good.c\n"
)
GOOD = b'#include <stdio.h>\n#include "more.h"\nint main(void) { puts("%s" MORE); return 0; }\n'
BROKEN = b"int main(void) { return never_declared; }\n"
KILLED = "all:\n\t@$(CC) -c good.c && $(CC) -o good good.o || echo no\n\t@$(CC) -o bad bad.c || { echo; kill -9 $$PPID; }\n"


class Made:
    """A project of two programs, one of which cannot be built, and its build."""

    def __init__(self, place: Path, makefile: str = MAKEFILE) -> None:
        root = place / "proj"
        root.mkdir()
        (root / "Makefile").write_text(makefile)
        (root / "good.c").write_bytes(GOOD % b"before")
        (root / "more.h").write_text('#define MORE "."\n')
        (root / "bad.c").write_text("int main(void) { return nowhere; }\n")
        self.place = place
        self.project: Project
        self.project, _ = take_snapshot(root, place / "snapshots")
        self._language, self._sandbox = CLanguage(), Bubblewrap()
        (component,), _ = self._language.detect(self.project)
        first = self._language.build(self.project, component, Flavour.PLAIN, self._sandbox, place / "builds")
        assert isinstance(first, Build), first
        self.first = first

    def again(self, content: bytes, path: str = "good.c") -> Build | BuildFailure:
        """Built once more with this content of a file."""
        return self._language.rebuild(self.first, {path: content}, self.project, self._sandbox, self.place / "again")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("rebuild"))


def test_what_could_not_be_built_before_is_no_reason_against_a_change(made: Made) -> None:
    assert [skipped.what for skipped in made.first.incomplete] == ["proj: bad"]
    result = made.again(GOOD % b"after")
    assert isinstance(result, Build), result
    assert b"after" in (result.directory / "src" / "good").read_bytes()


@pytest.mark.parametrize("makefile", [MAKEFILE, KILLED])
def test_what_no_longer_compiles_in_another_file_is_told_too(makefile: str, tmp_path: Path) -> None:
    made = Made(tmp_path, makefile)
    assert isinstance(made.again(b'#define MORE "!"\n', "more.h"), Build)
    assert isinstance(made.again(b"", "more.h"), BuildFailure), "no compiler finds an error in the changed file"


def test_a_change_that_does_not_compile_is_told_and_the_program_from_before_is_not_taken_for_it(made: Made) -> None:
    result = made.again(BROKEN)
    assert isinstance(result, BuildFailure)
    assert "never_declared" in result.log


@pytest.mark.parametrize("content", [GOOD % b"after", BROKEN])
def test_where_nothing_is_named_the_first_error_must_be_the_one_from_before(content: bytes, tmp_path: Path) -> None:
    """Also where it is another file than the changed one, and the changed one fails after it."""
    script = "all:\n\t@$(CC) -o good good.c || echo no\n\t@$(CC) -o bad bad.c 2>&1 || { echo; kill -9 $$PPID; }\n"
    made = Made(tmp_path, script)
    assert [skipped.what for skipped in made.first.incomplete] == ["proj: part of the build"]
    assert isinstance(made.again(content), Build if content != BROKEN else BuildFailure)


@pytest.mark.parametrize("content", [GOOD % b"after", BROKEN])
def test_of_more_failures_than_are_kept_those_of_the_change_are_still_told(content: bytes, tmp_path: Path) -> None:
    bad = [f"bad{n}" for n in range(25)]
    rules = "".join(f"{name}: bad.c\n\t$(CC) -o {name} bad.c\n" for name in bad)
    made = Made(tmp_path, f"all: {' '.join(bad)} good\n{rules}good: good.c\n\t$(CC) -o good good.c\n")
    assert len(made.first.incomplete) == 20
    assert isinstance(made.again(content), Build if content != BROKEN else BuildFailure)


@pytest.mark.parametrize(
    ("path", "content"),
    [("said.c", b'const char *said(void) { return "changed to that"; }\n'), ("more.h", b'#define MORE "changed to that"\n')],
)
def test_sources_without_a_build_are_compiled_again(path: str, content: bytes, tmp_path: Path) -> None:
    """Where no build system knows what is made of what: changed files were told to be as they had been, and no patch held."""
    root = tmp_path / "proj"
    root.mkdir()
    (root / "main.c").write_text(
        '#include <stdio.h>\n#include "more.h"\nconst char *said(void);\nint main(void) { puts(said()); puts(MORE); return 0; }\n'
    )
    (root / "said.c").write_text('const char *said(void) { return "before"; }\n')
    (root / "more.h").write_text('#define MORE "."\n')
    project, _ = take_snapshot(root, tmp_path / "snapshots")
    language, sandbox = CLanguage(), Bubblewrap()
    (component,), _ = language.detect(project)
    first = language.build(project, component, Flavour.PLAIN, sandbox, tmp_path / "builds")
    assert isinstance(first, Build), first
    assert b"changed to that" not in (first.directory / "build" / "bin" / "main").read_bytes()
    result = language.rebuild(first, {path: content}, project, sandbox, tmp_path / "again")
    assert isinstance(result, Build), result
    assert b"changed to that" in (result.directory / "build" / "bin" / "main").read_bytes()
    archive = (result.directory / "build" / "archive" / "lib0.a").read_bytes()
    assert (b"changed to that" in archive) == (path == "said.c"), "what fuzz targets are linked with"
