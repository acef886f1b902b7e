"""Claims about where a published flaw of a package lies."""

from pathlib import Path

import pytest
from bench.cases.truth import Place, points_at
from bench.injection.packages import from_words, whole

TEXT = """import re
PATTERN = re.compile("a+")


class Reader:
    def first(self):
        return 1


def other():
    return 2
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("lib/p/reader.py", "lib/p/inner/more.py", "lib/q/reader_of.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(TEXT)
    return tmp_path


def at(place: Place, tree: Path, file: str, line: int, function: str) -> bool:
    return any(points_at(p, file, line, function) for p in whole(place, tree))


def test_a_function_stays_what_it_is(tree: Path) -> None:
    place = Place(file="p/reader.py", function="other")
    assert whole(place, tree) == (place,)


def test_a_class_is_its_methods(tree: Path) -> None:
    place = Place(file="p/reader.py", function="Reader")
    assert at(place, tree, "lib/p/reader.py", 6, "first")
    assert not at(place, tree, "lib/p/reader.py", 60, "far")


@pytest.mark.parametrize("function", ["", "PATTERN"])
def test_a_file_or_a_pattern_in_it_is_all_of_the_file(tree: Path, function: str) -> None:
    place = Place(file="p/reader.py", function=function)
    assert at(place, tree, "lib/p/reader.py", 11, "other")
    assert not at(place, tree, "lib/p/inner/more.py", 11, "other")


def test_a_folder_is_the_files_in_it_and_no_others(tree: Path) -> None:
    place = from_words("p==1:2:400:p/").truth.places[0]
    assert at(place, tree, "lib/p/inner/more.py", 2, "") and at(place, tree, "lib/p/reader.py", 2, "")
    assert not at(place, tree, "lib/q/reader_of.py", 2, "")


def test_a_flaw_in_cythons_source_is_found_in_the_c_file_that_is_made_of_it(tmp_path: Path) -> None:
    places = whole(Place(file="pack/_rle.pyx"), tmp_path)
    assert any(points_at(place, "/src/pack/_rle.c", 2590, "__pyx_pf_decode") for place in places)
    assert not any(points_at(place, "/src/pack/_other.c", 2590, "__pyx_pf_decode") for place in places)
