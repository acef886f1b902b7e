from hypothesis import given
from hypothesis import strategies as st

from mithridate.hunt.scheduler import Assignment, Scheduler, Yield

BARREN = Yield(new_edges=0, new_violations=0, cpu_s=10)
RICH = Yield(new_edges=200, new_violations=1, cpu_s=10)


def play(scheduler: Scheduler, gain, budget: float) -> list[Assignment]:
    """Run rounds until the scheduler stops; gain(assignment) is what the slice brought."""
    left, played = budget, []
    while round_ := scheduler.next_round(left):
        for assignment in round_:
            scheduler.record(assignment, gain(assignment))
            played.append(assignment)
        left -= round_[0].seconds
    return played


def test_every_entry_point_gets_a_first_look() -> None:
    arms = [(e, g) for g in range(2) for e in range(4)]
    played = play(Scheduler(arms, 600, 2, 1), lambda a: BARREN, 600)
    assert {a.entry for a in played[:8]} == {0, 1, 2, 3}


def test_first_looks_take_no_more_than_about_half_of_the_time() -> None:
    played = play(Scheduler([(e, 0) for e in range(400)], 600, 1, 1), lambda a: RICH if a.entry == 0 else BARREN, 600)
    again = sum(a.seconds for i, a in enumerate(played) if a.entry in {b.entry for b in played[:i]})
    assert 0.35 * 600 < again < 0.65 * 600


def test_first_slices_are_long_where_nothing_is_to_be_chosen() -> None:
    def first(arms: list[tuple[int, int]], jobs: int) -> float:
        return Scheduler(arms=arms, budget_s=150, jobs=jobs, seed=1).next_round(150)[0].seconds

    assert first([(0, 0), (1, 0)], 2) == 50, "each door has a core and one engine"
    assert first([(0, 0), (1, 0)], 1) == 20
    assert first([(0, 0), (0, 1)], 2) == 20, "two engines of one door take over what the other found"


def test_a_second_engine_is_tried_most_where_the_first_one_found_something() -> None:
    arms = [(e, g) for g in range(2) for e in range(6)]
    played = play(Scheduler(arms, 900, 1, 1), lambda a: RICH if a.entry == 3 else BARREN, 900)
    spent = [sum(a.seconds for a in played if (a.entry, a.engine) == (e, 1)) for e in range(6)]
    assert spent[3] > 2 * max(spent[:3] + spent[4:])


def test_an_arm_that_brings_something_gets_more_time_than_one_that_does_not() -> None:
    arms = [(0, 0), (1, 0), (2, 0)]
    played = play(Scheduler(arms, 900, 1, 1), lambda a: RICH if a.entry == 1 else BARREN, 900)
    spent = {e: sum(a.seconds for a in played if a.entry == e) for e in range(3)}
    assert spent[1] > 2 * max(spent[0], spent[2])


def test_the_hunt_stops_early_when_everything_is_saturated() -> None:
    scheduler = Scheduler([(0, 0), (0, 1)], 100_000, 2, 1)
    played = play(scheduler, lambda a: BARREN, 100_000)
    assert scheduler.saturated
    assert sum(a.seconds for a in played) < 100_000 * 2


def test_slices_of_one_round_use_different_arms_and_prefer_different_entry_points() -> None:
    round_ = Scheduler([(0, 0), (0, 1), (1, 0)], 600, 2, 1).next_round(600)
    assert [(a.entry, a.engine) for a in round_] == [(0, 0), (1, 0)]


def test_one_entry_point_with_two_engines_still_fills_two_cores() -> None:
    assert len(Scheduler([(0, 0), (0, 1)], 600, 2, 1).next_round(600)) == 2


def test_a_broken_engine_is_not_tried_again() -> None:
    failed = Yield(new_edges=0, new_violations=0, cpu_s=0, failed=True)
    played = play(Scheduler([(0, 0), (0, 1)], 300, 1, 1), lambda a: failed if a.engine else RICH, 300)
    assert sum(a.engine == 1 for a in played) == 1


def test_arms_that_the_budget_never_reached_are_named() -> None:
    scheduler = Scheduler([(e, 0) for e in range(50)], 30, 1, 1)
    play(scheduler, lambda a: BARREN, 30)
    assert len(scheduler.untried) > 30


@given(st.integers(1, 12), st.integers(1, 8), st.integers(10, 4000), st.data())
def test_equal_results_give_equal_decisions_and_no_slice_outlasts_the_budget(arms, jobs, budget, data) -> None:
    gains = data.draw(
        st.lists(st.builds(Yield, new_edges=st.integers(0, 99), new_violations=st.integers(0, 2), cpu_s=st.just(9.0)))
    )

    def gain(assignment: Assignment) -> Yield:
        return gains[assignment.seed % len(gains)] if gains else BARREN

    def run() -> list[Assignment]:
        return play(Scheduler([(e, 0) for e in range(arms)], budget, jobs, 7), gain, budget)

    first = run()
    assert first == run()
    assert all(0 < a.seconds <= budget for a in first)
    assert len({a.seed for a in first}) == len(first)


def test_an_engine_that_is_through_with_its_plan_gets_no_more_time() -> None:
    through = Yield(new_edges=50, new_violations=3, cpu_s=5, exhausted=True)
    scheduler = Scheduler([(0, 0), (1, 1)], 300, 1, 1)
    played = play(scheduler, lambda a: through, 300)
    assert [a.entry for a in played] == [0, 1]
    assert scheduler.saturated


def test_one_door_is_searched_for_more_than_half_of_the_budget_though_nothing_comes() -> None:
    played = play(Scheduler([(0, 0)], 600, 1, 1), lambda a: BARREN, 600)
    assert 600 > sum(a.seconds for a in played) > 300


def test_a_door_without_the_flaw_that_held_it_up_is_tried_next_and_by_all_engines() -> None:
    scheduler = Scheduler([(0, 0), (0, 1), (1, 0)], 600, 1, 1)
    for assignment in (scheduler.next_round(600) for _ in range(4)):
        scheduler.record(assignment[0], RICH)
    scheduler.deepen(2, 0)
    first, second = scheduler.next_round(400), ()
    scheduler.record(first[0], BARREN)
    second = scheduler.next_round(380)
    assert {(a.entry, a.engine) for a in (*first, *second)} == {(2, 0), (2, 1)}


def test_the_door_that_a_flaw_holds_up_is_not_given_up() -> None:
    scheduler = Scheduler([(0, 0)], 600, 2, 1)
    scheduler.record(scheduler.next_round(600)[0], RICH)
    scheduler.deepen(1, 0)
    assert {a.entry for a in scheduler.next_round(500)} == {0, 1}
