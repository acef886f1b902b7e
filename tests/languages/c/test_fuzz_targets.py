"""Which of the shipped fuzz targets are the project's own."""

from pathlib import Path

import pytest

from mithridate.languages.c.fuzz_targets import _without_other_peoples
from mithridate.model.entry import Binary
from mithridate.model.project import Flavour, ToolFailure

from .in_process import linker

ROOT = Path("/p")


def test_fuzz_targets_of_bundled_code_are_left_out_when_the_project_has_its_own() -> None:
    own, bundled = ROOT / "test/fuzz.cc", ROOT / "test/thirdparty/fuzzer/test/simple.cc"
    assert _without_other_peoples([own, bundled], ROOT) == ([own], [bundled])


def test_bundled_fuzz_targets_are_better_than_none() -> None:
    bundled = ROOT / "vendor/fuzzer/simple.cc"
    assert _without_other_peoples([bundled], ROOT) == ([bundled], [])


@pytest.mark.parametrize("flavour", [Flavour.PLAIN, Flavour.FUZZ])
def test_a_fuzz_target_that_only_says_it_is_c_is_compiled_as_what_it_is(tmp_path: Path, flavour: Flavour) -> None:
    body = 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, unsigned long size) { return 0; }'
    assert isinstance(linker(tmp_path, tmp_path / "cache", body, flavour).fuzz_target("/src/t.c", ()), Binary)


def test_a_fuzz_target_that_is_neither_fails_with_what_the_c_compiler_said(tmp_path: Path) -> None:
    made = linker(tmp_path, tmp_path / "cache", "int broken(", Flavour.PLAIN).fuzz_target("/src/t.c", ())
    assert isinstance(made, ToolFailure)
    assert "t.c:1" in made.why
