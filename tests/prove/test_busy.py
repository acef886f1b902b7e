from tests.prove.records import frame

from mithridate.prove.busy import common_calls


def test_the_place_of_a_loop_is_what_all_moments_share() -> None:
    one = (frame("leaf", 1), frame("loop", 10), frame("main", 2))
    two = (frame("other", 5), frame("loop", 11), frame("main", 2))
    assert common_calls([one, two]) == (frame("loop", 11), frame("main", 2))


def test_one_moment_is_its_own_place_and_none_is_none() -> None:
    one = (frame("leaf", 1), frame("main", 2))
    assert common_calls([one]) == one
    assert common_calls([]) == ()


def test_stacks_that_share_nothing_give_the_last() -> None:
    assert common_calls([(frame("a", 1),), (frame("b", 1),)]) == (frame("b", 1),)
