"""Random estates, against solvers that share nothing with ours. `bench.estate.right` does ten thousand."""

from bench.estate import random_estates
from bench.estate.right import compare
from hypothesis import given, settings
from hypothesis import strategies as st

RULES = random_estates.rules()


@settings(max_examples=12, deadline=None)
@given(st.integers(min_value=0, max_value=2**40))
def test_costs_cuts_and_flaws_are_those_of_an_independent_solver(seed: int) -> None:
    differences, counts = compare(range(seed, seed + 10), RULES)
    assert differences == []
    assert counts["cuts"] == 20
