"""A regression test fails before the patch and passes after, alone and in the project's own suite."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from mithridate.model.entry import INPUT
from mithridate.model.project import BuildSystem
from mithridate.repair.diff import apply
from mithridate.repair.interface import Variant
from mithridate.repair.regression import regression, shell_test
from tests.repair import visits
from tests.repair.small_bench import DOOR, SmallBench

CMAKE = """cmake_minimum_required(VERSION 3.10)
project(tool C)
enable_testing()
add_executable(tool tool.c)
add_test(NAME nothing COMMAND tool)
"""
MESON = "project('tool', 'c')\ntool = executable('tool', 'tool.c')\ntest('nothing', tool)\n"
AUTOMAKE = {
    "configure.ac": "AC_INIT([tool], [1])\nAM_INIT_AUTOMAKE([foreign])\nAC_PROG_CC\nAC_CONFIG_FILES([Makefile])\nAC_OUTPUT\n",
    "Makefile.am": "bin_PROGRAMS = tool\ntool_SOURCES = tool.c\nTESTS = tool\n",
}
PROJECTS: Mapping[str, tuple[BuildSystem, Mapping[str, str], str]] = {
    "alone": (BuildSystem.BARE, {}, ""),
    "ctest": (BuildSystem.CMAKE, {"CMakeLists.txt": CMAKE}, "CMakeLists.txt"),
    "meson": (BuildSystem.MESON, {"meson.build": MESON}, "meson.build"),
    "make check": (BuildSystem.AUTOTOOLS, AUTOMAKE, "Makefile.am"),
}


@pytest.mark.parametrize("kind", PROJECTS)
def test_it_fails_before_and_passes_after(tmp_path: Path, kind: str) -> None:
    system, files, listed = PROJECTS[kind]
    bench = SmallBench({"tool.c": visits.SOURCE, **files}, tmp_path, system=system)
    patched = bench.build(visits.patch(visits.SOURCE, *visits.RIGHT))
    assert isinstance(patched, Variant)
    made = regression(bench.subject([visits.PROOF]), patched, bench)
    assert made is not None
    assert made.checked, made.evidence
    assert made.entered is bool(listed), made.evidence
    assert any(path.endswith("regression-f1.sh") for path in made.files)
    apply(made.diff, patched.tree)
    assert not listed or "regression-f1" in (patched.tree / listed).read_text()


def test_a_patch_that_repairs_nothing_leaves_it_unchecked(tmp_path: Path) -> None:
    bench = SmallBench({"tool.c": visits.SOURCE}, tmp_path)
    unpatched = bench.build(visits.patch(visits.SOURCE, ("    p->visits += data[0];", "    p->visits += data[0] + 0;")))
    assert isinstance(unpatched, Variant)
    made = regression(bench.subject([visits.PROOF]), unpatched, bench)
    assert made is not None and not made.checked


def test_arguments_and_bytes_are_quoted_for_the_shell(tmp_path: Path) -> None:
    bench = SmallBench({"tool.c": visits.SOURCE}, tmp_path)
    subject = bench.subject([visits.PROOF])
    from dataclasses import replace

    entry = replace(bench.original.entries[DOOR], arguments=("-x", "a b;c", f"file={INPUT}"), suffix=".bin")
    text = shell_test("a flaw", subject.proofs[0], entry, "./tool").decode()
    assert "-x 'a b;c' file=\"$work/input.bin\"" in text
    assert "printf '\\156\\024\\101" in text
    long = replace(subject.proofs[0], data=bytes(range(256)) * 4)
    assert "base64 -d" in shell_test("a flaw", long, entry, "./tool").decode()


def test_a_pytest_file_is_tried_in_the_projects_environment(tmp_path: Path) -> None:
    source = "def half(text):\n    return int(text) // 2 if text else half(text)\n"
    bench = SmallBench({"half.py": source}, tmp_path, language="python", system=BuildSystem.PYTHON)
    right = source.replace("half(text)\n", "0\n") if source.count("else half(text)\n") else ""
    from mithridate.repair.diff import made as diff

    patched = bench.build(diff({"half.py": (source.encode(), source.replace("else half(text)", "else 0").encode())}))
    assert isinstance(patched, Variant) and right
    shown = SmallBench({"tool.c": visits.SOURCE}, tmp_path / "c").subject([visits.PROOF])
    from dataclasses import replace

    subject = replace(shown, component=bench.component, project=bench.project)
    rendered = "import half\n\n\ndef test_the_call():\n    half.half('')\n"
    made = regression(subject, patched, bench, rendered)
    assert made is not None and made.checked, made
    assert "tests/test_regression_f1.py" in made.files
