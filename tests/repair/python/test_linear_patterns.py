"""A rewritten pattern matches what the other matched, with the same groups, and in time that grows with the text."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mithridate.repair.python.compared_patterns import difference
from mithridate.repair.python.linear_patterns import rewritten

NESTED = ["^(?:a+)+$", "^(a*)*b$", "^([ab]+)*-[0-9]{2}$", r"^(\w+)+@b$", "^(?:[ab]*)+c", r"\s+$", r"a*\s*\s*b", r"[ab]+[ab]+$"]
NESTED += [r"\s*-\s*@?\s*$", r"[ab]*\-?[ab]*c"]
ATOMIC = "(?:a+b?)+c"


@pytest.mark.parametrize("pattern", NESTED)
def test_there_is_another_pattern_and_numbers_of_groups_stay(pattern: str) -> None:
    made = list(rewritten(pattern))
    assert made
    assert re.compile(made[0]).groups == re.compile(pattern).groups


@pytest.mark.parametrize("pattern", NESTED)
@given(text=st.text(alphabet="ab-0@c \n", max_size=12))
def test_the_same_text_is_matched(pattern: str, text: str) -> None:
    for other in rewritten(pattern):
        before, after = re.search(pattern, text), re.search(other, text)
        assert (before and before.span()) == (after and after.span()), other
        assert re.sub(pattern, "!", text) == re.sub(other, "!", text), other


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("^(?:a+)+$", "a" * 40 + "!"),
        ("^([ab]+)*-[0-9]{2}$", "ab" * 20),
        (r"^(\w+)+@b$", "a" * 40),
        (r"\s*-\s*@?\s*$", " " * 20_000 + "-" + " " * 20_000 + "c"),
    ],
)
def test_what_took_for_ever_takes_no_time(pattern: str, text: str) -> None:
    began = time.process_time()
    assert re.search(next(rewritten(pattern)), text) is None
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("pattern", ["^a+b$", "[a-z]", "(a|b)", "a{2}"])
def test_what_is_linear_already_or_no_pattern_stays(pattern: str) -> None:
    assert [p for p in rewritten(pattern) if not p.startswith("(?<!")] == []


def test_where_no_flat_pattern_is_known_the_repetition_gives_nothing_back() -> None:
    *_, other = rewritten(ATOMIC)
    assert other == r"(?=((?:a+b?)+))\1c"
    assert re.search(other, "aabac") is not None
    assert re.match("(?:a+)+$", "aa!") is None


def test_what_is_no_pattern_has_no_other() -> None:
    assert list(rewritten("(a+)*(")) == []


@pytest.mark.parametrize(
    "pattern", [r"\s*$", "[ab]*c*?", r"\w*\b", r"\.*-?.*", r"\\s*-?\s*", r"\[ab]*-?[ab]*", "[ab]*-?[ab]*?", r"\d+\d*?"]
)
@given(text=st.text(alphabet="ab-.\\\\[]s \n1", max_size=8))
def test_what_only_looks_like_such_a_pattern_matches_as_before(pattern: str, text: str) -> None:
    for other in rewritten(pattern):
        assert [m.span() for m in re.finditer(pattern, text)] == [m.span() for m in re.finditer(other, text)], other
        assert bool(re.fullmatch(pattern, text)) == bool(re.fullmatch(other, text)), other


@pytest.mark.parametrize(
    ("pattern", "other"),
    [
        (r"(\s+)$", r"(?<!\s)(\s+)$"),
        (r"((?:[a-z]+)-)\d+$", r"(?<![a-z])((?:[a-z]+)-)\d+$"),
        (r"(?P<all>\w+):$", r"(?<!\w)(?P<all>\w+):$"),
        (r"(\s+?)$", None),
        (r"(\s*)$", None),
        (r"(\s+|x)$", None),
        (r"(\s{1,9})$", None),
        (r"(?:\s+)?x$", None),
        (r"(x\s+)$", None),
    ],
)
def test_a_run_that_a_group_begins_with_is_tried_once(pattern: str, other: str | None) -> None:
    begun = [p for p in rewritten(pattern) if p.startswith("(?<!")]
    assert begun == ([other] if other else [])
    for found in begun:
        assert difference(pattern, found, 0) is None
        assert time_of(found) < time_of(pattern) / 5


def time_of(pattern: str) -> float:
    """Seconds for a long run that is none at its end, at least one clock's tick."""
    compiled, text = re.compile(pattern), " a"[pattern.find("s") < 0] * 6_000 + "!"
    began = time.process_time()
    compiled.search(text)
    return time.process_time() - began + 1e-6


def test_all_that_is_found_in_a_text_is_compared_and_what_groups_keep() -> None:
    assert difference("a+ba", "(?<!a)a+ba", 0) == "abaaba"
    assert difference("(a*)(a?)b", "(a*?)(a?)b", 0) is not None
    assert difference(r"\s+$", r"(?<!\s)\s+$", 0) is None
