"""What is planned from what is known: supply, witnesses, attacks."""

import base64
import io
import json
import pickle
import re
from dataclasses import replace
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mithridate.hunt.engines.requests import pursuit, reading, special, supply
from mithridate.hunt.engines.requests.breakouts import attacks
from mithridate.hunt.engines.requests.document import (
    CLOSING,
    OPENING,
    Input,
    Request,
    Slot,
    Value,
    document,
    input_at,
    is_marked,
    made,
    marked,
    replaced,
    slots,
)
from mithridate.hunt.engines.requests.planner import Planner
from mithridate.hunt.engines.requests.state import Context, Purpose, Pursuit, State, Unit, Witness
from mithridate.hunt.engines.requests.variants import MOST, variants
from mithridate.hunt.engines.requests.views import Answer, Asked, Parameter, Route, Run, Seen
from mithridate.model.observation import FACTS, Mark, Sink
from mithridate.report import made_value

MARK = re.compile("[\ue000\ue001][\ue100-\ue1ff]")


def unit(*asked: tuple[str, str], method: str = "POST", path: str = "/things/buy", constants: tuple[str, ...] = ()) -> Unit:
    parameters = tuple(Parameter(name=name) for name in re.findall(r"<(?:\w+:)?(\w+)>", path))
    route = Route(path=path, methods=(method,), constants=constants, parameters=parameters)
    return Unit(route=route, method=method, asked=[Asked(where=where, name=name) for where, name in asked])


def sent(request: Request) -> dict:
    return json.loads(document((), (request,)))["attack"][0]["request"]


def witness(sink: Sink, before: str = "", after: str = "", dialect: str = "", where: str = "form") -> Witness:
    steps = (Request(method="POST", path="/", inputs=(Input(where=where, name="a", value=marked()),)),)
    return Witness(
        unit="POST /",
        steps=steps,
        slot=Slot(step=0, position=0, part="value"),
        sink=sink,
        dialect=dialect,
        place="/src/a.py:f",
        context=Context(before=before, inside="amber", after=after),
        detail={},
    )


def test_json_bodies_have_lists_and_objects_where_the_declaration_has_them() -> None:
    asked = [Asked(where="json", name="shop.items[].name"), Asked(where="json", name="shop.items[].size", kind="int")]
    asked += [
        Asked(where="json", name="tags[]"),
        Asked(where="json", name="kind", kind="=small"),
        Asked(where="json", name="more.amber"),
    ]
    given_ = sent(supply.requests(replace(unit(), asked=asked))[0])["json"]
    bare = json.loads(MARK.sub("", json.dumps(given_, ensure_ascii=False)))
    assert bare == {
        "shop": {"items": [{"name": "amber", "size": "1"}]},
        "tags": ["amber"],
        "kind": "small",
        "more": {"amber": "amber"},
    }


def test_what_may_be_left_out_of_a_body_is_left_out_once() -> None:
    asked = [Asked(where="json", name="a"), Asked(where="json", name="b", kind="?")]
    bodies = [sorted(sent(request)["json"]) for request in supply.requests(replace(unit(), asked=asked))]
    assert ["a", "b"] in bodies and ["a"] in bodies


def test_parameters_of_the_query_that_may_be_left_out_are_left_out_with_the_rest() -> None:
    asked = [Asked(where="json", name="a"), Asked(where="query", name="q"), Asked(where="query", name="group", kind="uuid?")]
    queries = [[name for name, _ in sent(request)["query"]] for request in supply.requests(replace(unit(), asked=asked))]
    assert ["q", "group"] in queries and ["q"] in queries


def test_who_has_been_let_in_sends_the_token_that_was_given_and_no_other_one_before_that() -> None:
    asked = [Asked(where="headers", name="Authorization"), Asked(where="cookies", name="session"), Asked(where="json", name="a")]
    stranger = replace(unit(), asked=asked)
    known = replace(stranger, prelude=(Request(method="POST", path="/login"),), failing=True)
    assert "Authorization" in dict(sent(supply.requests(stranger)[0])["headers"])
    first, *others = [sent(request) for request in supply.requests(known)]
    assert "headers" not in first and "cookies" not in first and first["json"].keys() == {"a"}
    assert any("Authorization" in dict(other.get("headers", ())) for other in others), "what an outsider chooses is tried, too"


def test_a_body_that_is_refused_whole_and_bare_is_sent_with_one_of_what_may_be_left_out() -> None:
    asked = [Asked(where="json", name="a"), *(Asked(where="json", name=name, kind="?") for name in "bcd")]
    bodies = [sent(request)["json"].keys() for request in supply.requests(replace(unit(), asked=asked))]
    refused = [sent(request)["json"].keys() for request in supply.requests(replace(unit(), asked=asked, failing=True))]
    assert {"a", "c"} not in bodies and all(wanted in refused for wanted in ({"a", "b"}, {"a", "c"}, {"a", "d"}))


def test_a_password_and_its_confirmation_are_sent_alike() -> None:
    for one, other in (("password", "passwordConfirm"), ("new_password", "repeat_new_password"), ("pass1", "pass2")):
        asked = [Asked(where="json", name=name) for name in ("user", one, other)]
        bodies = [sent(request)["json"] for request in supply.requests(replace(unit(), asked=asked))]
        assert any(body[one] == body[other] == "amber" and MARK.search(body["user"]) for body in bodies)
        assert MARK.search(bodies[0][one]) and bodies[0][one] != bodies[0][other], "each by itself first"
    spare = [Asked(where="json", name=name, kind="?") for name in ("team", "invitation")]
    asked = [*(Asked(where="json", name=name) for name in ("password", "confirm")), *spare]
    bodies = [sent(request)["json"] for request in supply.requests(replace(unit(), asked=asked, failing=True))]
    assert any(body.keys() == {"password", "confirm", "team"} for body in bodies)


def test_what_an_input_takes_is_learnt_though_its_name_was_known_before() -> None:
    known = unit(("form", "remember"))
    told = Answer(phase="attack", step=0, status=422, asked=(Asked(where="form", name="remember", kind="bool?"),))
    assert reading.learn(known, told) and [asked.kind for asked in known.asked] == ["bool?"]
    assert not reading.learn(known, replace(told, asked=(Asked(where="form", name="remember"),)))
    assert [asked.kind for asked in known.asked] == ["bool?"]


def test_bodies_that_the_documentation_shows_are_sent_with_one_text_going_on() -> None:
    route = replace(unit().route, examples=('{"model": "m", "text": "---\\nx: 1\\n---\\nhello", "deep": {"n": [1, 2]}}',))
    shown = replace(unit(("json", "text")), route=route)
    bodies = [sent(request)["json"] for request in supply.requests(shown)]
    plain = {"model": "m", "text": "---\nx: 1\n---\nhello", "deep": {"n": ["1"]}}
    assert plain in bodies
    texts = [MARK.sub("|", body["text"]) for body in bodies if body.get("model") == "m"]
    assert "---\nx: 1\n---\nhello\n|amber|" in texts, "behind it, on a line of its own where it has lines"


def test_an_address_that_was_sent_whole_is_replaced_whole() -> None:
    sent_whole = f"http://localhost/{marked()}"
    seen = witness(Sink.REQUEST, before="http://localhost/")
    seen = replace(seen, steps=replaced(seen.steps, seen.slot, sent_whole))
    first = pursuit.wave("w", Pursuit(witness=seen))
    assert first is not None
    values = [(plan.control[0].inputs[0].value, plan.attack[0].inputs[0].value) for plan in first]
    assert (sent_whole, f"http://{marked()}.example/") in values, "the host is the attacker's, and the control stays an address"
    held = pursuit.wave("w", Pursuit(witness=replace(seen, context=Context(before="http://api/", inside="amber", after=""))))
    assert held is not None
    assert not any(plan.attack[0].inputs[0].value == f"http://{marked()}.example/" for plan in held), "the program's own prefix"


def test_all_asked_inputs_are_supplied_at_once_each_with_its_own_mark() -> None:
    asked = [("query", "a"), ("form", "b"), ("cookies", "c"), ("headers", "X-D"), ("files", "e")]
    request = sent(supply.requests(unit(*asked))[0])
    assert [name for name, _ in request["query"] + request["form"] + request["cookies"] + request["headers"]] == [
        "a",
        "b",
        "c",
        "X-D",
    ]
    assert request["files"][0]["name"] == "e"
    numbers = re.findall(r"\ue000([\ue100-\ue1ff])", json.dumps(request, ensure_ascii=False))
    assert len(numbers) == len(set(numbers)) == 6, "the file has one for its name and one for its content"


def test_a_document_has_one_kind_of_body() -> None:
    for request in supply.requests(unit(("form", "a"), ("json", "b"), ("body", ""), ("files", "c"))):
        given_ = sent(request)
        assert sum(kind in given_ for kind in ("json", "body")) + ("form" in given_ or "files" in given_) <= 1
    kinds = {key for request in supply.requests(unit(("form", "a"), ("json", "b"), ("body", ""))) for key in sent(request)}
    assert kinds >= {"form", "json", "body"}


def test_when_names_are_listed_constants_and_the_paths_last_part_name_inputs_and_one_name_is_marked() -> None:
    form = sent(supply.requests(unit(("form", "*"), constants=("secret_name", "not a name")))[0])["form"]
    names = [name for name, _ in form]
    assert "secret_name" in names and "buy" in names and "not a name" not in names
    assert any(MARK.search(name) and value == "secret_name" for name, value in form)


def test_a_raw_query_becomes_encoded_pairs_of_likely_names() -> None:
    request = sent(supply.requests(unit(("raw_query", ""), ("query", "q"), method="GET", constants=("key",)))[-1])
    assert "query" not in request
    assert "key=" in "".join(piece for piece in request["raw_query"]["of"] if isinstance(piece, str))


def test_constants_are_tried_in_each_input_while_the_others_stay_marked() -> None:
    one = unit(("form", "mode"), ("form", "text"))
    one.compared = ["admin"]
    forms = [sent(request)["form"] for request in supply.single_constants(one)]
    assert any(form[0] == ["mode", "admin"] and MARK.search(form[1][1]) for form in forms)


def test_input_is_encoded_for_the_decoders_that_were_applied_to_it() -> None:
    one = unit(("form", "a"))
    one.decoded = {"form:a": ["url", "base64", "json"]}
    values = [sent(request)["form"][0][1] for request in supply.requests(one)]
    assert any(isinstance(v, dict) and v["make"] == "base64" and "json" in json.dumps(v["of"]) for v in values)
    one.decoded = {"form:a": ["url"]}
    assert all(isinstance(sent(request)["form"][0][1], str) for request in supply.requests(one))


def test_numbers_fill_numeric_parts_of_a_path_and_others_are_marked_and_encoded() -> None:
    route = Route(
        path="/a/<int:n>/<name>", methods=("GET",), parameters=(Parameter(name="n", kind="int"), Parameter(name="name"))
    )
    request = supply.knock(Unit(route=route, method="GET"))
    path = sent(request)["path"]
    assert isinstance(path, str) and path.startswith("/a/1/\ue000")
    evil = request.with_input(1, Input(where="path", name="name", value="../" + marked()))
    assert sent(evil)["path"]["of"][-1]["make"] == "url"


def test_same_knowledge_gives_the_same_requests_and_they_are_bounded() -> None:
    one = unit(*((w, f"n{i}") for w in ("query", "form", "cookies", "json", "headers") for i in range(60)))
    one.compared = [f"c{i}" for i in range(24)]
    one.failing = True
    first = supply.requests(one)
    assert first == supply.requests(one)
    assert len(first) <= supply.MAX_REQUESTS
    assert all(len(list(slots((request,)))) <= 256 for request in first)


LITERALS = {
    Sink.SQL: [("select 'x", "'"), ('select "x', '"'), ("select x + ", "")],
    Sink.SHELL: [("ls ", ""), ("ls '", "'"), ('ls "', '"')],
    Sink.XPATH: [("//a[b='", "']"), ('//a[b="', '"]')],
    Sink.CODE: [("f('", "')"), ('f("', '")')],
}


@pytest.mark.parametrize(("sink", "before", "after"), [(s, b, a) for s, places in LITERALS.items() for b, a in places])
def test_the_first_attack_closes_the_quote_that_is_open_and_leaves_none_open(sink: Sink, before: str, after: str) -> None:
    first = attacks(witness(sink, before, after))[0].attack
    assert isinstance(first, str)
    text = before + first.replace(OPENING, "o").replace(CLOSING, "c") + after
    quote = after[:1]
    if quote in ("'", '"'):
        assert first.count(quote) >= 1 or "$(" in first
        assert text.count(quote) % 2 == 0


@pytest.mark.parametrize("sink", [s for s in Sink if s not in FACTS and s is not Sink.ERROR])
def test_every_sink_that_can_be_escaped_has_attacks(sink: Sink) -> None:
    assert attacks(witness(sink))


HARM = re.compile(
    r"\brm\b|\bcurl\b|\bwget\b|/etc/|passwd|sleep|drop |delete |import os|system\(|http://(?!\ue000|localhost|www.w3.org)",
    re.IGNORECASE,
)


@pytest.mark.parametrize("sink", list(Sink))
def test_attacks_show_structure_and_do_nothing(sink: Sink) -> None:
    for before in ("", "'", '"', '<a href="', "<script>", "http://localhost/", '["sh", "-c", "'):
        for twin in attacks(witness(sink, before)):
            assert not HARM.search(json.dumps(twin.attack, ensure_ascii=False)), twin
    for language in special.languages([], file=True):
        assert not any(HARM.search(json.dumps(twin.attack, ensure_ascii=False)) for twin in special.documents(language))


@given(
    sink=st.sampled_from([s for s in Sink if s not in FACTS]),
    before=st.text(max_size=30),
    dialect=st.sampled_from(["", "jinja2", "dn", "mako"]),
    wrap=st.sampled_from(["", "base64", "url"]),
    extra=st.lists(st.sampled_from(["query", "form", "cookies", "headers"]), max_size=4),
)
def test_control_and_attack_have_one_shape_and_differ_in_one_input(sink, before, dialect, wrap, extra) -> None:
    value = made(wrap, marked()) if wrap else marked()
    inputs = (
        *(Input(where=w, name=f"n{i}", value=marked()) for i, w in enumerate(extra)),
        Input(where="form", name="x", value=value),
    )
    steps = (Request(method="GET", path="/"), Request(method="POST", path="/", inputs=inputs))
    slot = Slot(step=1, position=len(extra), part="value")
    for twin in attacks(witness(sink, before, dialect=dialect)):
        control = replaced(steps, slot, supply.put(value, twin.control))
        attack = replaced(steps, slot, supply.put(value, twin.attack))
        content = json.loads(document(control, attack))
        assert len(content["control"]) == len(content["attack"]) == 2
        one, other = content["control"][1]["request"], content["attack"][1]["request"]
        assert one.keys() == other.keys()
        for key in one:
            if key != "form":
                assert one[key] == other[key]
        assert [p[0] for p in one["form"]] == [p[0] for p in other["form"]]
        assert [p for p in one["form"] if p[0] != "x"] == [p for p in other["form"] if p[0] != "x"]
        numbers = [set(MARK.findall(json.dumps(part, ensure_ascii=False))) for part in (one, other)]
        assert numbers[0] == numbers[1], "the same marks in both"


@pytest.mark.parametrize("language", ["pickle", "yaml", "jsonpickle", "xml", "tar", "zip", "python"])
def test_special_documents_and_their_twins_are_marked_and_share_their_encoding(language: str) -> None:
    for twin in special.documents(language):
        assert is_marked(twin.control)
        assert is_marked(twin.attack) or language in ("tar", "zip")  # a member's name may leave no room for a mark
        assert isinstance(twin.attack, str) == isinstance(twin.control, str)
        if isinstance(twin.attack, dict) and isinstance(twin.control, dict):
            assert twin.attack["make"] == twin.control["make"]


def test_a_tag_of_yaml_is_sent_without_a_space_and_in_signs_that_have_no_case() -> None:
    """A program that cuts at spaces, or that is given the name of a header, still hands it to the parser."""
    attacks_ = [twin.attack for twin in special.documents("yaml") if isinstance(twin.attack, str)]
    whole = [attack for attack in attacks_ if " " not in attack]
    assert whole[0].startswith("!!python/name:")
    shouted = whole[1].replace(OPENING, "").replace(CLOSING, "").upper()
    assert unquote(shouted) == "!!python/name:AMBER.AMBER" and not set("/:") & set(shouted)


@given(word=st.from_regex(r"\A[a-z][a-z0-9]{9}\Z"))
def test_a_pickle_in_the_name_of_a_header_outlives_title_case_and_the_loss_of_its_end(word: str) -> None:
    """Servers write a header's name in upper case, frameworks in title case, and Base64 tells the one from the other."""

    class Loading(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> object:
            return f"{module}.{name}"

    (twin,) = special.names("pickle")
    for value, loaded in ((twin.control, f"{word}amber{word}"), (twin.attack, f"{word}amber{word}.amber")):
        tokens = json.dumps(value, ensure_ascii=False).replace(OPENING, word).replace(CLOSING, word)
        name = made_value.text(json.loads(tokens))
        assert all(sign.isascii() and (sign.isalnum() or sign == "!") for sign in name)
        assert Loading(io.BytesIO(base64.urlsafe_b64decode(name.upper().title()[:-1]))).load() == loaded


def test_a_header_is_called_by_a_pickle_where_the_handler_speaks_of_them() -> None:
    listed = unit(("headers", "*"), path="/read")
    listed.best = listed.widest = supply.requests(listed)[:1]
    (twin,) = special.names("pickle")

    def names() -> list[Value]:
        plans = pursuit.special(State(), listed, hinted=True)
        return [input_at(p.attack, p.slot).name for p in plans if p.slot is not None and p.slot.part == "name"]

    listed.route = replace(listed.route, modules=("yaml",))
    assert names() and twin.attack not in names()
    listed.route = replace(listed.route, modules=("pickle",))
    assert names()[0] == twin.attack


def test_the_modules_that_a_handler_uses_tell_what_it_may_parse() -> None:
    silent = Unit(
        route=Route(path="/", methods=("GET",), modules=("json",)), method="GET", best=(Request(method="GET", path="/"),)
    )
    assert not special.hinted(silent.route.modules)
    assert special.hinted(("yaml",)) == ("yaml",)
    one = unit(("query", "x"), method="GET")
    one.best = supply.requests(one)[:1]
    assert not list(pursuit.special(State(), one, hinted=True))
    one.route = replace(one.route, modules=("yaml",))
    assert len(list(pursuit.special(State(), one, hinted=True))) == len(special.documents("yaml"))


def test_names_are_also_sent_without_the_inputs_before_them() -> None:
    """A handler that takes the first header it does not know would never see a marked name behind a marked value."""
    listed = unit(("headers", "*"), path="/read")
    alone = [request for request in supply.requests(listed) if request.inputs and all(is_marked(i.name) for i in request.inputs)]
    assert alone
    listed.best = listed.widest = supply.requests(listed)[:1]
    plans = list(pursuit.special(State(), listed, hinted=False))
    named = [plan for plan in plans if plan.slot is not None and plan.slot.part == "name"]
    assert named and all(is_marked(one.name) for plan in named for one in plan.attack[-1].inputs if one.where == "headers")


def test_hints_put_a_language_first() -> None:
    assert special.languages(["yaml.load failed"], file=False)[0] == "yaml"
    assert {"tar", "zip"} <= set(special.languages([], file=True))
    assert "tar" not in special.languages([], file=False)


def test_a_filter_that_took_the_dots_away_is_answered_with_nested_ones_first() -> None:
    (first, *rest) = variants(attacks(witness(Sink.PATH))[0], "/srv/amber")
    assert "....//" in str(first.attack)
    assert len(rest) < MOST


def seen(sink: Sink, text: str, number: int, step: int = 0, place: str = "/src/a.py:f") -> Seen:
    return Seen(
        phase="attack",
        step=step,
        sink=sink,
        text=text,
        place=place,
        marks=(Mark(number=number, opening="opening", closing="closing"),),
    )


def test_a_witness_knows_its_input_and_what_stands_around_the_data() -> None:
    steps = (
        Request(
            method="GET",
            path="/",
            inputs=(Input(where="query", name="a", value=marked()), Input(where="query", name="b", value=marked())),
        ),
    )
    run = Run(ended="done", seen=(seen(Sink.SQL, "select 'OPENINGamberClosing'", 3),))
    (found,) = reading.witnesses("GET /", steps, run)
    assert found.slot == Slot(step=0, position=1, part="value")
    assert found.context == Context(before="select '", inside="amber", after="'")


def test_a_mark_that_was_never_given_is_no_witness() -> None:
    steps = (Request(method="GET", path="/", inputs=(Input(where="query", name="a", value="1"),)),)
    run = Run(ended="done", seen=(seen(Sink.SQL, "opening", 0), seen(Sink.SQL, "opening", 200)))
    assert list(reading.witnesses("GET /", steps, run)) == []


def test_stored_data_is_pursued_through_the_step_that_showed_it_alone() -> None:
    writer = Request(method="POST", path="/w", inputs=(Input(where="form", name="a", value=marked()),))
    readers = tuple(Request(method="GET", path=f"/r{i}") for i in range(5))
    run = Run(ended="done", seen=(seen(Sink.HTML, "opening closing", 0, step=3, place=""),))
    (found,) = reading.witnesses("POST /w", (writer, *readers), run)
    assert [step.path for step in found.steps] == ["/w", "/r2"]


def test_links_and_forms_name_inputs_of_the_units_that_they_lead_to() -> None:
    units = {u.name: u for u in (unit(method="GET", path="/item/<int:n>"), unit(method="POST", path="/save"))}
    body = '<a href="item/17?colour=red">x</a><form action="/save" method="POST"><input name=size><select name="kind"></form>'
    answer = Answer(phase="attack", step=0, body=body, headers=(("Content-Type", "text/html"),))
    told = set(reading.offer(units, reading.Paths(units), "/", reading.page(answer)))
    assert told == set(units)
    assert units["GET /item/<int:n>"].fields == ["colour"]
    assert units["GET /item/<int:n>"].examples == {"n": ["17"]}
    assert units["POST /save"].fields == ["size", "kind"]


@given(body=st.text(alphabet="<>!-[]/=\"' ainputformhreCDATA", max_size=200), path=st.text(max_size=60))
def test_pages_of_a_hostile_target_are_read_without_failing(body: str, path: str) -> None:
    units = {u.name: u for u in (unit(method="GET", path="/<a>/<b>"), unit(method="POST", path="/{x:path}"))}
    answer = Answer(phase="attack", step=0, body="<" + body, headers=(("Location", path),))
    list(reading.offer(units, reading.Paths(units), path, reading.page(answer)))


@given(text=st.text(max_size=80), opening=st.text(max_size=6), closing=st.text(max_size=6))
def test_any_text_has_a_context(text: str, opening: str, closing: str) -> None:
    found = reading.context(Seen(phase="attack", sink=Sink.SQL, text=text), Mark(number=1, opening=opening, closing=closing))
    assert len(found.before) + len(found.inside) + len(found.after) <= 3 * len(text)


def test_an_attack_has_something_to_spare_where_the_program_cuts_its_input() -> None:
    mark = Mark(number=0, opening="abcdefghi1", closing="abcdzyxwv2")
    seen = Seen(phase="attack", sink=Sink.HTML, text="<p>abcdefghi1amberabcdzyxwv</p>", marks=(mark,))
    assert reading.context(seen, mark).cut == "end"
    assert reading.context(replace(seen, text="<p>fghi1amberabcdzyxwv2</p>"), mark).cut == "start"
    assert reading.context(replace(seen, text="<p>abcdefghi1amberabcdzyxwv2</p>"), mark).cut == ""
    plans = pursuit.wave("name", Pursuit(witness=replace(witness(Sink.HTML), context=reading.context(seen, mark))))
    assert plans
    assert all(str(plan.attack[0].inputs[0].value).endswith("\ue001" + "x" * 24) for plan in plans)


def test_an_encoded_pickle_survives_the_loss_of_its_last_signs() -> None:
    made_ones = [twin.attack for twin in special.documents("pickle") if isinstance(twin.attack, dict)]
    spare = [attack["of"] for attack in made_ones if attack["make"] == "join"]
    assert spare
    for whole, rest in spare:
        assert whole["make"].startswith("base64")
        assert base64.b64decode(base64.b64encode(b"c\na\n.") + rest.encode()[:-1]) == b"c\na\n."


def test_a_document_that_breaks_its_batch_twice_is_dropped_and_an_innocent_one_is_not() -> None:
    planner = Planner(state=State())
    planner.open([Route(path="/a", methods=("GET",)), Route(path="/b", methods=("GET",))])
    for _ in range(2):
        first, second = planner.next(2)
        planner.put_back(first, blamed=first.unit == "GET /a")
        planner.put_back(second, blamed=second.unit == "GET /a")
    assert [plan.unit for plan in planner.next(9)] == ["GET /b"]


def test_a_unit_that_keeps_dying_is_given_up() -> None:
    planner = Planner(state=State())
    planner.open([Route(path="/", methods=("GET",))])
    asked = tuple(Asked(where="query", name=f"n{i}") for i in range(3))
    runs = 0
    while (plans := planner.next(1)) and runs < 100:
        runs += 1
        planner.learn(
            plans[0], Run(ended="timeout", answers=(Answer(phase="attack", step=0, asked=asked, compared=(str(runs),)),))
        )
    assert runs <= 5


def test_names_that_we_sent_are_no_news_when_a_program_lists_them() -> None:
    one = unit(method="GET")
    answer = Answer(
        phase="attack", step=0, asked=(Asked(where="query", name="abcdefghi1amberzyxwvutsr2"), Asked(where="query", name="real"))
    )
    assert reading.learn(one, answer)
    assert [asked.name for asked in one.asked] == ["real"]


def test_inputs_that_a_handler_fails_on_get_special_documents_too() -> None:
    planner = Planner(state=State())
    planner.open([Route(path="/", methods=("GET",))])
    asked = (Asked(where="cookies", name="state"),)
    purposes = set()
    for _ in range(40):
        for plan in planner.next(50):
            purposes.add(plan.purpose)
            bad = bool(plan.attack[-1].inputs)
            answer = Answer(
                phase="attack", step=0, status=500 if bad else 200, raised="UnpicklingError: x" if bad else "", asked=asked
            )
            planner.learn(plan, Run(ended="done", answers=(answer,)))
    assert Purpose.SPECIAL in purposes
