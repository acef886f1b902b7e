"""Claims about ambiguous patterns: which are found, and that the texts found do slow a backtracking matcher down."""

import re
import time

import pytest

from mithridate.hunt.engines.calls.ambiguity import Ambiguity, ambiguities


@pytest.mark.parametrize("pattern", [r"^(a+)+$", r"^(a|b|ab)*$", r"^(\w+\s?)*$", r"^(?:(?:[a-z]+)*)$", r"x(a*)*y"])
def test_loops_that_one_word_goes_through_in_two_ways_are_exponential(pattern: str) -> None:
    assert any(found.exponential for found in ambiguities(pattern))


@pytest.mark.parametrize("pattern", [r"^\d+$", r"^[a-z]+-[0-9]+$", r"abc", r"^(?:a|b)*$", r'^"(?:[^"\\]|\\.)*"$'])
def test_patterns_with_one_way_for_each_text_are_none(pattern: str) -> None:
    assert ambiguities(pattern) == ()


@pytest.mark.parametrize("pattern", [r"\s+$", r"^a*a*b", r"^(.+?)-(.+?)\.whl$", r"(\w+)@"])
def test_two_loops_in_a_row_or_a_search_before_one_are_polynomial(pattern: str) -> None:
    found = ambiguities(pattern)
    assert found and not found[0].exponential


def test_the_text_found_makes_the_matcher_try_all_ways() -> None:
    pattern = re.compile(r"<%(?:\s+\w+|\s*=\s*|\"[^\"]*?\")*>")
    worst = next(found for found in ambiguities(pattern.pattern) if found.exponential)

    def seconds(times: int) -> float:
        started = time.perf_counter()
        pattern.search(worst.prefix + worst.pump * times + worst.suffix)
        return time.perf_counter() - started

    few = max(seconds(4), 1e-6)
    assert any(seconds(times) > 30 * few for times in (8, 10, 12, 14))


def test_flags_decide_what_a_pattern_means() -> None:
    verbose = "^( \\d+   # digits\n )+ $"
    assert any(found.exponential for found in ambiguities(verbose, re.VERBOSE))


@pytest.mark.parametrize("pattern", ["(", "a{99999999}", "(" * 500 + ")" * 500, "(?P<a>b)(?P=c)", "[" + "a-z" * 3000])
def test_what_is_no_pattern_or_too_large_is_passed_over(pattern: str) -> None:
    assert isinstance(ambiguities(pattern), tuple)


def test_patterns_inside_assertions_are_looked_at() -> None:
    assert Ambiguity(prefix="aa", pump="aa", suffix="0", exponential=True) in ambiguities(r"x(?=(a+)+$)")


def test_each_alternative_of_a_loop_that_can_be_gone_in_two_ways_gets_a_text_of_its_own() -> None:
    pumps = [found.pump for found in ambiguities(r"<((?:\s+\w+|\s*=\s*|\".*?\")*)>", re.DOTALL) if found.exponential]
    assert any('"' in pump for pump in pumps) and any("=" in pump and '"' not in pump for pump in pumps)
