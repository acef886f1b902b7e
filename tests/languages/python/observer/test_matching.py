"""Where a run that matches a regular expression spends its time: at the place that makes the pattern, whoever was handed it."""

from pathlib import Path
from typing import Any

import pytest

from tests.languages.python.observer.running import batch, call, document, tree

SLOW = "(a|a)*b"
LIBRARY = f'''
import re

AT_IMPORT = re.compile(
    r"{SLOW}")
UNNAMED = [
    re.compile("(i|i)*j")]
TABLE = {{"plain": "x+y"}}
_kept = {{}}

class Reader:
    pattern = re.compile("(c|c)*d")

    def read(self, text):
        return self.pattern.match(text)

def by_name(text):
    return AT_IMPORT.match(text)

def unnamed(text):
    return UNNAMED[0].match(text)

def by_text(text):
    return re.sub("(e|e)*f", "", text)

def helper(regex, text):
    if regex not in _kept:
        _kept[regex] = re.compile(regex)
    return handed(_kept[regex], text)

def handed(compiled, text):
    return compiled.match(text)

def through(text):
    return helper("(g|g)*h", text)

RULES = [
    (re.compile("(k|k)*l").match, "word")]

def by_rules(text):
    return [kind for rexmatch, kind in RULES if rexmatch(text, 0)]

WORDS = re.compile(
    "(m|m)*n")

def in_turn(text):
    scanner = WORDS.scanner(text)
    for found in iter(scanner.search, None):
        return found

PARTS = re.compile("(o|o)*p")

def every(text):
    for found in PARTS.finditer(text):
        return found

KINDS = {{"first": [
    re.compile("(q|q)*r")]}}

def by_kind(text):
    kind = "first"
    return KINDS[kind][0].match(text)

def renamed(text):
    finder = PARTS.finditer
    for found in finder(
        text,
    ):
        return found

def no_pattern(text):
    match = Trap().match
    return match(text)

class Trap:
    __module__ = "trap"
    def __getattr__(self, name):
        raise SystemExit(7)
    @property
    def pattern(self):
        raise SystemExit(7)
    def match(self, text):
        return loop(text) or any(self.pattern for _ in ())

TRAP = Trap()

def trapped(text):
    return TRAP.match(text)

def loop(text):
    total = 0
    for _ in range(10 ** (len(text) // 4)):
        total += 1
    return total
'''


def line_of(words: str) -> int:
    return next(n for n, line in enumerate(LIBRARY.splitlines(), start=1) if words in line)


def records(folder: Path, target: str, text: str, *, each: float = 1.2, **members: Any) -> list[dict[str, Any]]:
    step = call(f"lib:{target}", text, **members)
    door = {"kind": "call", "targets": [f"lib:{target}"]}
    done = batch(tree(folder / "lib", lib=LIBRARY), door, [document(step)], "--each", str(each))
    assert done.ended()["ended"] in ("done", "timeout")
    told: list[dict[str, Any]] = done.ended()["frames"]
    return told


def frames(folder: Path, target: str, text: str, **members: Any) -> list[tuple[str, int]]:
    return [(f["function"], f["line"]) for f in records(folder, target, text, **members)]


@pytest.mark.parametrize("length", [24, 40])
def test_a_pattern_made_at_import_is_told_by_its_name_whether_or_not_the_run_ends(tmp_path: Path, length: int) -> None:
    found = frames(tmp_path, "by_name", "a" * length, each=4.0 if length < 40 else 1.2)
    assert found[:2] == [("AT_IMPORT", line_of("AT_IMPORT = ")), ("by_name", line_of("return AT_IMPORT"))]


def test_a_pattern_without_a_name_is_told_by_its_line(tmp_path: Path) -> None:
    found = frames(tmp_path, "unnamed", "i" * 40)
    assert found[:2] == [("<pattern>", line_of('re.compile("(i')), ("unnamed", line_of("return UNNAMED"))]


def test_a_pattern_of_a_class_is_found_through_the_object(tmp_path: Path) -> None:
    found = frames(tmp_path, "Reader.read", "c" * 40, construct={"args": []})
    assert found[0] == ("pattern", line_of('pattern = re.compile("(c'))
    assert found[1][0] == "read"


def test_a_pattern_that_helpers_are_handed_is_their_callers(tmp_path: Path) -> None:
    found = frames(tmp_path, "through", "g" * 40)
    assert found[0] == ("through", line_of('return helper("(g'))
    assert [name for name, _ in found[1:]] == ["handed", "helper", "through"]


def test_a_pattern_that_is_written_where_it_is_matched_has_that_place(tmp_path: Path) -> None:
    assert frames(tmp_path, "by_text", "e" * 40) == [("by_text", line_of('re.sub("(e'))] * 2


def test_the_text_of_the_pattern_is_told_with_its_place_alone(tmp_path: Path) -> None:
    told = records(tmp_path, "by_name", "a" * 40)
    assert [f.get("pattern", "") for f in told] == [SLOW, ""]


def test_no_code_of_the_target_runs_to_find_out(tmp_path: Path) -> None:
    """A class of its own that is called like a pattern, whose attributes would end the process."""
    assert [name for name, _ in frames(tmp_path, "trapped", "x" * 40)] == ["loop", "match", "trapped"]


@pytest.mark.parametrize("length", [24, 40])
def test_a_method_of_a_pattern_under_another_name_is_still_the_patterns(tmp_path: Path, length: int) -> None:
    assert frames(tmp_path, "by_rules", "k" * length)[0] == ("<pattern>", line_of('(re.compile("(k'))


def test_what_goes_through_a_text_is_its_patterns(tmp_path: Path) -> None:
    assert frames(tmp_path, "every", "o" * 40)[0] == ("PARTS", line_of("PARTS = "))
    assert frames(tmp_path, "in_turn", "m" * 40)[:2] == [
        ("WORDS", line_of("WORDS = ")),
        ("in_turn", line_of("for found in iter")),
    ]


def test_a_pattern_is_found_behind_names_items_and_lines(tmp_path: Path) -> None:
    """What is called is a method of a dictionary's item by a name, of a pattern under another name and over several lines, or
    a method that only has the name of one."""
    texts = {"by_kind": "q" * 40, "renamed": "o" * 40, "no_pattern": "x" * 40}
    door = {"kind": "call", "targets": [f"lib:{name}" for name in texts]}
    documents = [document(call(f"lib:{name}", text)) for name, text in texts.items()]
    done = batch(tree(tmp_path / "lib", lib=LIBRARY), door, documents, "--each", "1")
    found = [[(f["function"], f["line"]) for f in done.ended(run)["frames"]][:2] for run in range(3)]
    assert found[0] == [("<pattern>", line_of('re.compile("(q')), ("by_kind", line_of("return KINDS"))]
    assert found[1] == [("PARTS", line_of("PARTS = ")), ("renamed", line_of("for found in finder"))]
    assert [name for name, _ in found[2]] == ["loop", "match"]


def test_a_loop_has_no_pattern(tmp_path: Path) -> None:
    assert [name for name, _ in frames(tmp_path, "loop", "x" * 40)] == ["loop"]
