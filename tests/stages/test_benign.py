"""How many inputs a patch is compared on, and which."""

from hypothesis import given
from hypothesis import strategies as st

from mithridate.stages.benign import MOST, affordable, spread


@given(st.lists(st.binary(max_size=3)), st.integers(0, 40))
def test_inputs_are_chosen_evenly_and_each_once(inputs: list[bytes], count: int) -> None:
    different = list(dict.fromkeys(inputs))
    chosen = spread(different, count)
    assert len(chosen) == min(count, len(different)) == len(set(chosen))
    assert chosen == sorted(chosen, key=different.index)


def test_a_slow_machine_compares_fewer_and_never_hardly_any() -> None:
    quick, slow, hopeless = (affordable(each, 120.0, 1) for each in (0.01, 0.2, 60.0))
    assert quick == MOST > slow > hopeless > 8
    assert affordable(0.2, 120.0, 4) > slow
    assert affordable(0.2, 600.0, 1) > slow
