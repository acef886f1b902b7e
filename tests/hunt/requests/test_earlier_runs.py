"""What an earlier run left is run again, and does not stand in for looking."""

from mithridate.hunt.engines.requests.planner import Planner, data_of
from mithridate.hunt.engines.requests.state import Plan, Purpose, State
from mithridate.hunt.engines.requests.views import Route

ROUTES = (Route(path="/a", methods=("GET",)), Route(path="/b", methods=("GET",)))


def test_routes_that_an_earlier_run_knocked_at_are_knocked_at_again() -> None:
    first = Planner(state=State())
    first.open(ROUTES)
    knocks = first.next(10)
    again = Planner(state=State())
    again.replay([data_of(plan) for plan in knocks])
    again.open(ROUTES)
    planned = [*again.next(10), *again.next(10)]
    assert sorted(plan.purpose for plan in planned) == sorted([Purpose.KNOCK] * 2 + [Purpose.REPLAY] * 2)


class Later(Planner):
    """A planner whose next stage has one document."""

    def _go_on(self) -> None:
        self.state.queue.append(Plan(unit="", purpose=Purpose.REPLAY, text="{}"))


def test_a_queue_that_has_become_moot_is_not_the_end() -> None:
    planner = Later(state=State())
    planner.open(ROUTES)
    moot, *_ = planner.state.queue
    planner.state.units[moot.unit].strikes = 99
    planner.state.queue = [moot]
    assert [plan.purpose for plan in planner.next(5)] == [Purpose.REPLAY]
