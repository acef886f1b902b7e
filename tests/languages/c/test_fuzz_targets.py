"""Which of the shipped fuzz targets are the project's own."""

from pathlib import Path

from mithridate.languages.c.fuzz_targets import _without_other_peoples

ROOT = Path("/p")


def test_fuzz_targets_of_bundled_code_are_left_out_when_the_project_has_its_own() -> None:
    own, bundled = ROOT / "test/fuzz.cc", ROOT / "test/thirdparty/fuzzer/test/simple.cc"
    assert _without_other_peoples([own, bundled], ROOT) == ([own], [bundled])


def test_bundled_fuzz_targets_are_better_than_none() -> None:
    bundled = ROOT / "vendor/fuzzer/simple.cc"
    assert _without_other_peoples([bundled], ROOT) == ([bundled], [])
