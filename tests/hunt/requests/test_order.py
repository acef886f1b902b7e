"""What is run before what: claims about the planner's order, without anything that runs."""

from dataclasses import replace

from mithridate.hunt.engines.requests import sequences
from mithridate.hunt.engines.requests.document import HARMLESS, Input, Request, marked
from mithridate.hunt.engines.requests.planner import Planner
from mithridate.hunt.engines.requests.state import Plan, Purpose, State, Unit
from mithridate.hunt.engines.requests.views import Answer, Asked, Escape, Route, Run, Seen
from mithridate.model.observation import Mark, Sink

LOGIN = Route(path="/login", methods=("POST",))
NAME, WORD = (Input(where="form", name=name, value="amber") for name in ("user", "password"))
FORM = '<form method="post" action="/b"><input name="word"><input type="hidden" name="token" value="1"></form>'


def planner(*routes: Route) -> Planner:
    made = Planner(state=State())
    made.open(routes)
    return made


def answered(*asked: str, new_edges: int = 0, body: str = "", compared: tuple[str, ...] = ()) -> Run:
    headers = (("Content-Type", "text/html"),) if body else ()
    told = tuple(Asked(where="query", name=name) for name in asked)
    return Run(
        ended="done",
        answers=(
            Answer(
                phase="attack",
                step=0,
                status=200,
                headers=headers,
                body=body,
                asked=told,
                compared=compared,
                edges=9,
                new_edges=new_edges,
            ),
        ),
    )


_MARK = Mark(number=0, opening="aaaaaaaaaa", closing="bbbbbbbbbb")
_SEEN = Seen(
    phase="attack",
    sink=Sink.SQL,
    text=f"select '{_MARK.opening}{HARMLESS}{_MARK.closing}'",
    dialect="sqlite",
    marks=(_MARK,),
    place="/src/db.py:find",
)
REACHED = Run(ended="done", answers=answered("x").answers, seen=(_SEEN,))
ESCAPED = Run(
    ended="done",
    answers=answered("x").answers,
    escapes=(Escape(kind="sql-injection", sink=Sink.SQL, place="/src/db.py:find", stack="s"),),
)


def knocked(search: Planner, runs: dict[str, Run]) -> None:
    plans = search.next(100)
    assert {plan.purpose for plan in plans} == {Purpose.KNOCK}
    for plan in plans:
        search.learn(plan, runs[plan.unit])


def units(plans: list[Plan], purpose: Purpose) -> set[str]:
    return {plan.unit for plan in plans if plan.purpose is purpose}


def drained(search: Planner, run: Run) -> list[Plan]:
    """All that is run until the search is through, each with the same outcome."""
    done: list[Plan] = []
    while plans := search.next(100):
        done += plans
        for plan in plans:
            search.learn(plan, run)
    return done


def test_a_unit_that_runs_no_line_of_its_own_waits_until_the_others_are_done() -> None:
    search = planner(Route(path="/a", methods=("GET",)), Route(path="/b", methods=("GET",)))
    knocked(search, {"GET /a": answered("x", new_edges=5), "GET /b": answered("x")})
    first = search.next(100)
    assert units(first, Purpose.SUPPLY) == {"GET /a"}
    for plan in first:
        search.learn(plan, answered("x"))
    assert "GET /b" in units(drained(search, answered("x")), Purpose.SUPPLY)


def test_a_unit_that_a_form_leads_to_does_not_wait() -> None:
    """Without the form's fields it was turned away before it ran a line."""
    for order in ((0, 1), (1, 0)):
        routes = (Route(path="/a", methods=("GET",)), Route(path="/b", methods=("POST",)))
        search = planner(*(routes[i] for i in order))
        knocked(search, {"GET /a": answered("x", new_edges=5, body=FORM), "POST /b": answered()})
        assert units(search.next(100), Purpose.SUPPLY) == {"GET /a", "POST /b"}
        assert not search.state.units["POST /b"].echo


def test_what_a_framework_refuses_for_want_of_a_declared_body_is_not_left_for_later() -> None:
    search = planner(Route(path="/a", methods=("POST",)), Route(path="/b", methods=("POST",)))
    (refused,) = answered().answers
    refused = replace(refused, status=422, asked=(Asked(where="json", name="c"),))
    knocked(search, {"POST /a": Run(ended="done", answers=(refused,)), "POST /b": answered()})
    assert units(search.next(100), Purpose.SUPPLY) == {"POST /a"}


def test_another_way_to_a_place_that_was_broken_out_of_is_followed_last() -> None:
    search = planner(Route(path="/a", methods=("GET",)), Route(path="/b", methods=("GET",)))
    knocked(search, {"GET /a": answered("x", new_edges=5), "GET /b": answered("x", new_edges=5)})
    supplied = [plan for plan in search.next(100) if plan.purpose is Purpose.SUPPLY]
    for plan in (one for one in supplied if one.unit == "GET /a"):
        search.learn(plan, REACHED)
    search.learn(next(plan for plan in search.next(100) if plan.purpose is Purpose.ATTACK), ESCAPED)
    for plan in (one for one in supplied if one.unit == "GET /b"):
        search.learn(plan, REACHED)
    assert search.state.later, "the second way is known"
    assert "GET /b" not in units(search.next(1000), Purpose.ATTACK)
    assert "GET /b" in units(drained(search, answered("x")), Purpose.ATTACK)


def test_what_others_left_in_the_process_does_not_end_the_attacks_on_an_input() -> None:
    """An escape that no process of its own shows settles nothing."""
    search = planner(Route(path="/a", methods=("GET",)))
    knocked(search, {"GET /a": answered("x", new_edges=5)})
    for plan in search.next(100):
        search.learn(plan, REACHED)
    first, *others = sorted(search.next(1000), key=lambda plan: plan.purpose is not Purpose.ATTACK)
    for plan, run in ((first, ESCAPED), *((other, answered("x")) for other in others)):
        search.learn(plan, run)
    (followed,) = search.state.pursuits.values()
    assert followed.escaped
    for plan in search.next(1000):
        search.learn(plan, answered("x"))
    assert not followed.escaped
    assert {Purpose.SECOND, Purpose.VARIANT} & {plan.purpose for plan in drained(search, answered("x"))}


def test_constants_are_tried_after_the_first_attacks() -> None:
    order = list(Purpose)
    assert order.index(Purpose.ATTACK) < order.index(Purpose.CONSTANT) < order.index(Purpose.SECOND)
    search = planner(Route(path="/a", methods=("GET",)))
    knocked(search, {"GET /a": answered("x", new_edges=5, compared=("secret",))})
    plans = search.next(100)
    sent = [(plan.purpose, plan.attack[-1].inputs[0].value) for plan in plans]
    assert (Purpose.CONSTANT, "secret") in sent
    assert sent.index((Purpose.SUPPLY, marked(HARMLESS))) < sent.index((Purpose.CONSTANT, "secret"))


def test_parsers_that_a_handler_names_are_tried_before_constants() -> None:
    search = planner(Route(path="/a", methods=("GET",), constants=("pickle",)))
    knocked(search, {"GET /a": answered("x", new_edges=5)})
    for plan in search.next(100):
        search.learn(plan, answered("x", compared=("secret",)))
    plans = search.next(100)
    assert plans[0].purpose is Purpose.SPECIAL
    assert Purpose.CONSTANT in {plan.purpose for plan in plans}


def test_the_first_answer_without_an_error_is_better_than_errors_whatever_they_covered() -> None:
    search = planner(Route(path="/a", methods=("GET",)))
    refused = answered("x", new_edges=9).answers[0]
    knocked(
        search,
        {
            "GET /a": Run(
                ended="done", answers=(Answer(phase="attack", step=0, status=422, asked=refused.asked, edges=9, new_edges=9),)
            )
        },
    )
    plan = next(one for one in search.next(100) if one.purpose is Purpose.SUPPLY)
    search.learn(plan, answered("x", new_edges=1))
    assert search.state.units["GET /a"].best == plan.attack


def test_no_unit_sends_all_its_documents_for_parsers_before_the_others_have_sent_some() -> None:
    routes = (
        Route(path="/many", methods=("GET",), modules=("yaml", "pickle", "xml.sax")),
        Route(path="/one", methods=("GET",), modules=("yaml",)),
    )
    search = planner(*routes)
    knocked(search, {"GET /many": answered("x", "y", "z", new_edges=5), "GET /one": answered("x", new_edges=5)})
    for plan in search.next(100):
        search.learn(plan, answered("x"))
    order = [plan.unit for plan in search.next(1000) if plan.purpose is Purpose.SPECIAL]
    assert order.count("GET /many") > order.count("GET /one") > 0
    assert order.index("GET /one") < order.count("GET /many")
    last = max(i for i, name in enumerate(order) if name == "GET /one")
    assert "GET /many" in order[last + 1 :]


def test_what_opens_the_locked_is_tried_before_second_tries() -> None:
    search = planner(Route(path="/find", methods=("GET",)), Route(path="/me", methods=("GET",)), LOGIN)
    for plan in search.next(100):
        answer = replace(answered().answers[0], status=401 if plan.unit == "GET /me" else 200, new_edges=5)
        search.learn(plan, Run(ended="done", answers=(answer,)))
    search.state.units["POST /login"].best = (Request(method="POST", path="/login", inputs=(NAME, WORD)),)
    search.state.queue = [Plan(unit="GET /find", purpose=Purpose.VARIANT, attack=search.state.units["GET /find"].best)]
    assert [(plan.purpose, plan.unit) for plan in search.next(2)] == [(Purpose.OPEN, "GET /me"), (Purpose.VARIANT, "GET /find")]


def test_whoever_was_let_in_is_tried_first_where_input_is_taken() -> None:
    units = [Unit(route=Route(path=path, methods=("POST",)), method="POST", locked=True) for path in ("/a", "/b", "/c")]
    for unit in units:
        unit.best = (Request(method="POST", path=unit.route.path),)
    units[2].asked.append(Asked(where="json", name="address"))
    assert [plan.unit for plan in sequences.likewise(units, units[0].best)] == ["POST /c", "POST /a", "POST /b"]


def test_whether_a_lock_is_open_is_seen_at_what_only_reads_first() -> None:
    units = [
        Unit(route=Route(path=path, methods=(method,)), method=method, locked=True)
        for path, method in (("/a", "PUT"), ("/b", "GET"))
    ]
    login = Unit(route=LOGIN, method="POST", best=(Request(method="POST", path="/login", inputs=(NAME, WORD)),))
    for unit in units:
        unit.best = (Request(method=unit.method, path=unit.route.path),)
    assert [plan.unit for plan in sequences.openers([*units, login])] == ["GET /b", "PUT /a"]
