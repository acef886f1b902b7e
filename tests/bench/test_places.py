from pathlib import Path

from bench.cases.places import enclosing_function, places, twin_places
from bench.cases.truth import Place, points_at

SOURCE = """#include <stdio.h>

static int first(int a)
{
    return a + 1;
}

__attribute__((noinline)) int
second (char *text)
{
    int n = 0;

    if (text)
        n = first(text[0]);
    return n;
}

DECLARE(third)
{
    return 3;
}
"""


def numbered(text: str, wanted: str) -> int:
    return text.splitlines().index(wanted) + 1


def test_the_enclosing_function_is_read_from_the_first_column() -> None:
    lines = SOURCE.splitlines()
    assert enclosing_function(lines, numbered(SOURCE, "    return a + 1;")) == "first"
    assert enclosing_function(lines, numbered(SOURCE, "        n = first(text[0]);")) == "second"
    assert enclosing_function(lines, numbered(SOURCE, "    return 3;")) == "third"
    assert enclosing_function(lines, 1) == ""


def test_a_changed_line_is_a_place_with_its_function(tmp_path: Path) -> None:
    for side, text in (("vulnerable", SOURCE), ("fixed", SOURCE.replace("if (text)", "if (text && *text)"))):
        (tmp_path / side / "src").mkdir(parents=True)
        (tmp_path / side / "src" / "a.c").write_text(text)
    line = numbered(SOURCE, "    if (text)")
    assert twin_places(tmp_path / "vulnerable", tmp_path / "fixed") == (
        Place(file="src/a.c", function="second", line=line, end=line),
    )


def test_an_added_line_is_placed_before_where_it_goes(tmp_path: Path) -> None:
    for side, text in (("vulnerable", SOURCE), ("fixed", SOURCE.replace("    int n = 0;\n", "    int n = 0;\n    check(n);\n"))):
        (tmp_path / side).mkdir()
        (tmp_path / side / "a.c").write_text(text)
    (place,) = twin_places(tmp_path / "vulnerable", tmp_path / "fixed")
    assert (place.function, place.line) == ("second", numbered(SOURCE, "    int n = 0;"))


def test_a_hunk_is_found_where_its_text_stands_not_where_its_header_says(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("\n" * 40 + SOURCE)
    patch = """--- a/a.c
+++ b/a.c
@@ -3,4 +3,4 @@
 static int first(int a)
 {
-    return a + 1;
+    return a;
 }
"""
    assert [(p.function, p.line) for p in places(patch, tmp_path)] == [("first", 45)]


def test_tests_and_documents_are_no_places(tmp_path: Path) -> None:
    patch = "--- a/tests/t.c\n+++ b/tests/t.c\n@@ -1 +1 @@\n-a\n+b\n--- a/doc.txt\n+++ b/doc.txt\n@@ -1 +1 @@\n-a\n+b\n"
    for name in ("tests/t.c", "doc.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("a\n")
    assert places(patch, tmp_path) == ()


def test_a_location_points_at_a_place_by_function_or_within_ten_lines() -> None:
    place = Place(file="src/a.c", function="N::second", line=100, end=104)
    assert points_at(place, "src/a.c", 500, "second(char*)")
    assert points_at(place, "/src/lib/src/a.c", 90, "other")
    assert points_at(place, "a.c", 114, "other")
    assert not points_at(place, "src/a.c", 115, "other")
    assert not points_at(place, "src/a.c", 89, "other")
    assert not points_at(place, "src/b.c", 100, "second")


def test_a_published_file_name_in_place_of_a_function_points_at_the_file() -> None:
    place = Place(file="", function="fuzzer-parse_x")
    assert points_at(place, "test/src/fuzzer-parse_x.cpp", 50, "LLVMFuzzerTestOneInput")
    assert not points_at(place, "test/src/fuzzer-parse_y.cpp", 50, "LLVMFuzzerTestOneInput")
