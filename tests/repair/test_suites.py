"""Each kind of test suite is found, run in the sandbox, and read test by test; a broken program fails the test that says so."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from mithridate.model.execution import Ending, Execution
from mithridate.model.project import BuildSystem
from mithridate.repair.suites import junit, lines
from mithridate.repair.suites.baseline import before, plans, run
from mithridate.repair.suites.interface import Verdict
from tests.repair.small_bench import SmallBench

ADD = "int add(int a, int b) { return a + b; }\n"
CHECK = 'int add(int, int);\n#include <stdio.h>\nint main(void) { puts("adding"); return add(1, 2) == 3 ? 0 : 1; }\n'
SAME = "int main(void) { return 0; }\n"
CMAKE = """cmake_minimum_required(VERSION 3.10)
project(sum C)
option(SUM_TESTS "with tests" OFF)
add_library(sum add.c)
if(SUM_TESTS)
  enable_testing()
  add_executable(check t/check.c)
  target_link_libraries(check sum)
  add_executable(same t/same.c)
  add_test(NAME addition COMMAND check)
  add_test(NAME nothing COMMAND same)
endif()
"""
MESON = """project('sum', 'c')
sum = static_library('sum', 'add.c')
test('addition', executable('check', 't/check.c', link_with: sum))
test('nothing', executable('same', 't/same.c'))
"""
CONFIGURE_AC = """AC_INIT([sum], [1])
AM_INIT_AUTOMAKE([foreign subdir-objects])
AC_PROG_CC
AM_PROG_AR
AC_PROG_RANLIB
AC_CONFIG_FILES([Makefile])
AC_OUTPUT
"""
MAKEFILE_AM = """noinst_LIBRARIES = libsum.a
libsum_a_SOURCES = add.c
check_PROGRAMS = addition nothing
addition_SOURCES = t/check.c
addition_LDADD = libsum.a
nothing_SOURCES = t/same.c
TESTS = addition nothing
"""
AUTOTOOLS = {"configure.ac": CONFIGURE_AC, "Makefile.am": MAKEFILE_AM}
MAKEFILE = """CC = cc\n.PHONY: check
check: add.c
\t$(CC) -o check add.c t/check.c
\t$(CC) -o same t/same.c
\t@if ./check; then echo "PASS: addition"; else echo "FAIL: addition"; fi
\t@./same && echo "PASS: nothing"
"""
SCRIPTED = "all:\n\tcc -o check add.c t/check.c\n# ./run-tests.sh after a build\n"
SCRIPT = '#!/bin/sh\n./check >/dev/null && echo "addition ... ok" || { echo "addition ... FAILED"; exit 1; }\n'
SOURCES = {"add.c": ADD, "t/check.c": CHECK, "t/same.c": SAME}
PYTHON_SUM = {"adding.py": "def add(a, b):\n    return a + b\n"}
PYTEST = "import adding\n\n\ndef test_addition():\n    assert adding.add(1, 2) == 3\n\n\ndef test_nothing():\n    pass\n"
UNITTEST = """import unittest

import adding


class Sum(unittest.TestCase):
    def test_addition(self):
        "Adds."
        self.assertEqual(adding.add(1, 2), 3)

    def test_nothing(self):
        pass
"""

PROJECTS: dict[str, tuple[str, BuildSystem, Mapping[str, str], Mapping[str, str]]] = {
    "ctest": ("c", BuildSystem.CMAKE, {"CMakeLists.txt": CMAKE, **SOURCES}, {"add.c": "a + b|a - b"}),
    "meson": ("c", BuildSystem.MESON, {"meson.build": MESON, **SOURCES}, {"add.c": "a + b|a - b"}),
    "make check": ("c", BuildSystem.AUTOTOOLS, {**AUTOTOOLS, **SOURCES}, {"add.c": "a + b|a - b"}),
    "make test": ("c", BuildSystem.MAKE, {"Makefile": MAKEFILE, **SOURCES}, {"add.c": "a + b|a - b"}),
    "test script": (
        "c", BuildSystem.MAKE, {"Makefile": SCRIPTED, "run-tests.sh": SCRIPT, **SOURCES}, {"add.c": "a + b|a - b"},
    ),
    "pytest": ("python", BuildSystem.PYTHON, {"tests/test_adding.py": PYTEST, **PYTHON_SUM}, {"adding.py": "a + b|a - b"}),
    "unittest": ("python", BuildSystem.PYTHON, {"checks/adding_tests.py": UNITTEST, **PYTHON_SUM}, {"adding.py": "a + b|a - b"}),
}  # fmt: skip


class OnlyRuns(SmallBench):
    """Builds nothing of its own."""

    def build(self, diff, *, quick=False):  # type: ignore[no-untyped-def]
        from mithridate.repair.interface import Variant

        return Variant(tree=self.project.tree, directory=self._room, entries={}, warnings=0)


def bench_of(files: Mapping[str, str], room: Path, language: str, system: BuildSystem) -> OnlyRuns:
    return OnlyRuns(files, room, language, system)


@pytest.mark.parametrize("kind", PROJECTS)
def test_a_suite_tells_each_test_and_a_broken_program_fails_one(kind: str, tmp_path: Path) -> None:
    language, system, files, broken = PROJECTS[kind]
    bench = bench_of(files, tmp_path, language, system)
    known = before(bench, bench.component, 120.0)
    assert known.plan is not None, known.why
    assert known.plan.kind == kind
    assert not known.flaky
    passing = [name for name in known.passed if "addition" in name]
    assert passing, known.steady
    for name, change in broken.items():
        old, new = change.split("|")
        file = bench.project.tree / name
        copy = tmp_path / "broken"
        shutil.copytree(bench.project.tree, copy)
        (copy / name).write_text(file.read_text().replace(old, new))
        after = run(bench, copy, known.plan, 120.0)
        assert after.results[passing[0]].verdict is Verdict.FAILED
        others = [n for n in known.passed if "nothing" in n]
        assert all(after.results[n].verdict is Verdict.PASSED for n in others)
        assert kind == "test script" or others


def test_a_project_without_tests_has_no_plan(tmp_path: Path) -> None:
    bench = bench_of({"add.c": ADD, "Makefile": "all:\n\tcc -c add.c\n"}, tmp_path, "c", BuildSystem.MAKE)
    assert plans(bench.project.tree, bench.component) == []
    assert "no tests" in before(bench, bench.component, 60.0).why


def test_a_suite_that_cannot_be_built_says_why(tmp_path: Path) -> None:
    files = {"Makefile": "check:\n\tcc -o check absent.c && ./check\n"}
    known = before(
        bench_of(files, tmp_path, "c", BuildSystem.MAKE), bench_of({}, tmp_path / "x", "c", BuildSystem.MAKE).component, 60.0
    )
    assert known.plan is None
    assert "none of" in known.why


def test_lines_of_many_tools_are_read() -> None:
    read = lines.results(
        "PASS: one\nleft behind\nFAIL: two\nok 3 - three\nnot ok 4 - four\nok 5 - five # SKIP no network\n"
        "[       OK ] Suite.six (0 ms)\n[  FAILED  ] Suite.seven (1 ms)\neight ... ok\nnine: FAILED\nok\nall is ok\nPASS: one\n"
    )
    assert {name: result.verdict.value for name, result in read.items()} == {
        "one": "passed", "two": "failed", "three": "passed", "four": "failed", "five": "skipped", "Suite.six": "passed",
        "Suite.seven": "failed", "eight": "passed", "nine": "failed", "one (2)": "passed",
    }  # fmt: skip
    assert read["two"].tail == "left behind\nFAIL: two"


def test_a_report_with_entities_is_not_read() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "b">]><testsuite><testcase name="&a;"/></testsuite>'
    assert junit.results(bomb) == {}
    assert junit.results("<testsuite><testcase classname='a' name='b'/></testsuite>")["a::b"].verdict is Verdict.PASSED
    assert junit.results("<testsuite>") == {}


def test_an_execution_that_told_nothing_is_no_result(tmp_path: Path) -> None:
    bench = bench_of({"Makefile": "check:\n\tsleep 60\n"}, tmp_path, "c", BuildSystem.MAKE)
    (plan,) = plans(bench.project.tree, bench.component)
    late = Execution(
        ending=Ending.WALL_LIMIT, exit_code=None, signal=None, stdout=b"", stderr=b"", truncated=False, wall_s=1.0, cpu_s=0.0,
        peak_memory_bytes=0,
    )  # fmt: skip
    assert plan.read(late)["make check, as a whole"].verdict is Verdict.TIMED_OUT
