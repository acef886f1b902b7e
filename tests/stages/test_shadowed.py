"""Which entry points are held up by a flaw, and which flaws are patched for the search."""

from hypothesis import given
from hypothesis import strategies as st

from mithridate.stages.shadowed import HELD_UP, MOST_FLAWS, chosen, in_front, named, original_door


def test_a_door_is_held_up_when_much_of_what_is_kept_ends_in_known_flaws() -> None:
    assert in_front({"a": 20, "b": 30}, 100) == ("b", "a")
    assert in_front({"a": 20}, 100) == (), "the search gets past it"
    assert in_front({}, 100) == ()
    assert in_front({}, 0) == ()


def test_what_is_rare_is_not_worth_a_patch() -> None:
    assert in_front({"a": 60, "b": 3}, 100) == ("a",)


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 50)), st.integers(1, 100))
def test_flaws_are_named_only_where_they_end_enough(ended: dict[str, int], sampled: int) -> None:
    named_ = in_front(ended, sampled)
    assert set(named_) <= set(ended)
    assert not named_ or sum(ended.values()) >= HELD_UP * sampled


def test_first_is_patched_what_holds_up_most_doors() -> None:
    assert chosen({0: ("x", "a"), 1: ("a",), 2: ("b", "a")})[0] == "a"
    assert chosen({0: ("x", "y")}) == ("x", "y")
    assert len(chosen({0: tuple("abcdefg")})) == MOST_FLAWS
    assert chosen({}) == ()


def test_a_door_in_a_patched_build_is_known_as_the_one_that_it_is() -> None:
    assert original_door(named("c:tool:-x @@", 2)) == "c:tool:-x @@"
    assert original_door("c:tool:@@") == "c:tool:@@"
