"""How a shell test is entered in a project's own suite: one line in the file that lists its tests."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mithridate.model.entry import EntryPoint
from mithridate.model.project import Component
from mithridate.repair.suites.files import texts

_TESTS = re.compile(r"^TESTS[ \t]*\+?=", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`file` lists the tests, `folder` is where the script goes (both below the project's root); `program` is where the script
    finds the program by itself. `kind` is the suite's name."""

    kind: str
    file: str
    folder: str
    program: str
    line: Callable[[str], str]

    def with_test(self, tree: Path, name: str) -> bytes:
        """The file's content with the test called `name`."""
        text = (tree / self.file).read_bytes().decode("utf-8", "surrogateescape")
        return (text.rstrip("\n") + "\n\n" + self.line(name)).encode("utf-8", "surrogateescape")


def entries(tree: Path, component: Component, entry: EntryPoint) -> Iterator[Entry]:
    """The ways that the project's build files allow."""
    path = PurePosixPath(entry.binaries[0].path)
    root = tree / component.path
    at = "" if component.path == "." else f"{component.path}/"
    folder = next((name for name in ("tests", "test", "t") if (root / name).is_dir()), "tests")
    target = path.name
    if re.fullmatch(r"[\w.+-]+", target) is None:
        return
    if re.search(r"(?i)enable_testing|\bCTest\b", texts(root, "CMakeLists.txt").get("", "")):

        def ctest(name: str) -> str:
            script = f"${{CMAKE_CURRENT_SOURCE_DIR}}/{folder}/{name}.sh"
            return f"if(TARGET {target})\n  add_test(NAME {name} COMMAND sh {script} $<TARGET_FILE:{target}>)\nendif()\n"

        yield Entry(kind="ctest", file=f"{at}CMakeLists.txt", folder=f"{at}{folder}", program=f"./{target}", line=ctest)
    yield from _meson(root, at, target)
    yield from _automake(root, at, path)


def _meson(root: Path, at: str, target: str) -> Iterator[Entry]:
    """In the file that makes the program, under the name that it has there."""
    for place, text in texts(root, "meson.build").items():
        found = re.search(rf"^\s*(\w+)\s*=\s*executable\s*\(\s*'{re.escape(target)}'", text, re.MULTILINE)
        if found:
            inside = f"{at}{place}/" if place else at

            def meson(name: str, variable: str = found[1]) -> str:
                return f"test('{name}', find_program('sh'), args: [files('{name}.sh'), {variable}])\n"

            folder = inside.rstrip("/") or "."
            yield Entry(kind="meson", file=f"{inside}meson.build", folder=folder, program=f"./{target}", line=meson)


def _automake(root: Path, at: str, program: PurePosixPath) -> Iterator[Entry]:
    """In the first Makefile.am with tests. Its shell tests are run by what it says, or by sh where it has none yet."""
    for place, text in texts(root, "Makefile.am").items():
        if not _TESTS.search(text):
            continue
        runs_shell = "SH_LOG_COMPILER" in text and re.search(r"TEST_EXTENSIONS.*\.sh\b", text) is not None
        if not runs_shell and ("TEST_EXTENSIONS" in text or ".sh" in text):
            return
        extra = "" if runs_shell else "TEST_EXTENSIONS = .sh\nSH_LOG_COMPILER = sh\n"
        inside = f"{at}{place}/" if place else at
        parts = program.parts[2:]  # behind /src or /build
        up = "../" * len(PurePosixPath(place).parts)

        more = "+=" if re.search(r"^EXTRA_DIST[ \t]*\+?=", text, re.MULTILINE) else "="

        def automake(name: str, extra: str = extra, more: str = more) -> str:
            return f"{extra}TESTS += {name}.sh\nEXTRA_DIST {more} {name}.sh\n"

        yield Entry(
            kind="make check", file=f"{inside}Makefile.am", folder=inside.rstrip("/") or ".",
            program=f"{up or './'}{'/'.join(parts)}", line=automake,
        )  # fmt: skip
        return
