"""Whole searches of small applications: the planted flaws are found, their secure twins are not."""

import ast
import html
import json
from pathlib import Path
from typing import Any

import pytest

from mithridate.hunt.engines.requests.document import MAX_BYTES
from mithridate.hunt.engines.requests.engine import STATE_FILE, RequestEngine
from mithridate.hunt.engines.requests.table import FILE
from mithridate.hunt.engines.requests.views import Batch
from mithridate.model.entry import Binary, Boundary, EntryKind, EntryPoint
from mithridate.model.observation import Sink
from mithridate.model.project import Flavour
from mithridate.model.search import SearchResult, SearchSlice
from mithridate.sandbox.unsafe_host import UnsafeHost

from .application import Application, Dies, Redirect, Refused, Visit, pairs


def entry(kind: EntryKind = EntryKind.APPLICATION, *flavours: Flavour) -> EntryPoint:
    binaries = tuple(Binary(flavour=f, directory=Path("/nowhere"), path="/build/door.json", in_process=False) for f in flavours)
    return EntryPoint(
        id="shop", component="shop", language="python", name="shop", kind=kind, boundary=Boundary.REAL, arguments=(),
        suffix=".json", binaries=binaries,
    )  # fmt: skip


def slice_of(place: Path, seconds: float = 30.0, seed: int = 1) -> SearchSlice:
    for name in ("corpus", "candidates", "work"):
        (place / name).mkdir(parents=True, exist_ok=True)
    return SearchSlice(
        entry=entry(), seconds=seconds, seed=seed, corpus=place / "corpus", foreign=(), candidates=place / "candidates",
        work=place / "work", dictionary=None, memory_bytes=1 << 30, input_bytes=4096,
    )  # fmt: skip


def search(application: Application, place: Path, seconds: float = 30.0, seed: int = 1) -> SearchResult:
    return RequestEngine(runner=lambda *_: application).search(slice_of(place, seconds, seed), UnsafeHost())


def kinds(result: SearchResult) -> set[str]:
    return {"-".join(path.name.split("-")[:-3]) for path in result.candidates}


def documents(result: SearchResult, kind: str) -> list[dict]:
    return [json.loads(path.read_bytes()) for path in result.candidates if path.name.startswith(kind)]


def only(handler, *methods: str, path: str = "/show", constants: tuple[str, ...] = ()) -> Application:
    application = Application()
    application.route(path, *(methods or ("GET",)), constants=constants)(handler)
    return application


def sql(visit: Visit, statement: str) -> str:
    visit.show(Sink.SQL, statement, "/src/db.py:run")
    return "<p>done</p>"


def quoted(text: str) -> str:
    return text.replace("'", "''")


def from_query(visit: Visit) -> str:
    return visit.get("query", "id")


def from_form(visit: Visit) -> str:
    return visit.get("form", "id")


def from_cookie(visit: Visit) -> str:
    return visit.get("cookies", "id")


def from_header(visit: Visit) -> str:
    return visit.get("headers", "X-Id")


def from_json(visit: Visit) -> str:
    return visit.json("id")


def from_the_raw_query(visit: Visit) -> str:
    return pairs(visit.raw()).get("show", "")


def from_all_that_are_listed(visit: Visit) -> str:
    return dict(visit.names("form")).get("hidden_name", "")


def from_a_name(visit: Visit) -> str:
    return next((name for name, value in visit.names("form") if value == "hidden_name"), "")


def from_base64(visit: Visit) -> str:
    return visit.unbase64(visit.get("form", "id"))


def from_a_file(visit: Visit) -> str:
    return str(visit.file("upload").get("filename", ""))


def from_the_path(visit: Visit) -> str:
    return visit.path["id"]


def behind_a_constant(visit: Visit) -> str:
    return visit.get("form", "id") if visit.equal(visit.get("form", "mode"), "admin") else ""


SOURCES = [
    from_query,
    from_form,
    from_cookie,
    from_header,
    from_json,
    from_the_raw_query,
    from_all_that_are_listed,
    from_a_name,
    from_base64,
    from_a_file,
    from_the_path,
    behind_a_constant,
]


@pytest.mark.parametrize("source", SOURCES)
def test_input_of_every_channel_reaches_a_flaw_and_not_its_twin(source, tmp_path: Path) -> None:
    path = "/show/<id>" if source is from_the_path else "/show"
    constants = ("hidden_name",)
    flawed = only(lambda v: sql(v, f"SELECT a FROM b WHERE c = '{source(v)}'"), "POST", path=path, constants=constants)
    secure = only(lambda v: sql(v, f"SELECT a FROM b WHERE c = '{quoted(source(v))}'"), "POST", path=path, constants=constants)
    assert "sql-injection" in kinds(search(flawed, tmp_path / "flawed"))
    assert kinds(search(secure, tmp_path / "secure")) == set()


STATEMENTS = [
    "SELECT a FROM b WHERE c = '{}'",
    'SELECT a FROM b WHERE c = "{}"',
    "SELECT a FROM b WHERE c = {}",
    "SELECT a FROM b WHERE c IN ('{}')",
    "SELECT a FROM b WHERE c IN ({}) AND d = 1",
    "SELECT a FROM b WHERE c LIKE '%{}%' AND d = 'e'",
    "SELECT a FROM b ORDER BY {}",
    "INSERT INTO b (a, c) VALUES ('{}', 'x')",
]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_data_breaks_out_of_each_place_in_a_statement(statement: str, tmp_path: Path) -> None:
    application = only(lambda v: sql(v, statement.format(v.get("query", "id"))))
    assert "sql-injection" in kinds(search(application, tmp_path))


PAGES = [
    "<p>{}</p>",
    '<p title="{}">x</p>',
    "<p title='{}'>x</p>",
    "<p title={}>x</p>",
    "<!-- {} -->",
    "<textarea>{}</textarea>",
    "<script>var a = 1; // {}\n</script>",
]


@pytest.mark.parametrize("page", PAGES)
def test_data_breaks_out_of_each_place_in_a_page(page: str, tmp_path: Path) -> None:
    flawed = only(lambda v: page.format(v.get("query", "q")))
    assert "html-injection" in kinds(search(flawed, tmp_path / "flawed"))
    if "={}" not in page:
        secure = only(lambda v: page.format(html.escape(v.get("query", "q")).replace("--", "")))
        assert kinds(search(secure, tmp_path / "secure")) == set()


def opens(visit: Visit, path: str) -> str:
    visit.show(Sink.PATH, path, "/src/files.py:read")
    return ""


def test_a_path_filter_that_strips_once_is_overcome_and_one_that_takes_the_base_name_is_not(tmp_path: Path) -> None:
    once = only(lambda v: opens(v, "/srv/data/" + v.get("query", "f").replace("../", "").lstrip("/")))
    base = only(lambda v: opens(v, "/srv/data/" + v.get("query", "f").rpartition("/")[2].replace("..", "").replace("\\", "")))
    assert kinds(search(once, tmp_path / "once")) == {"path-injection"}
    assert kinds(search(base, tmp_path / "base")) == set()


def test_a_value_that_is_decoded_twice_is_sent_encoded_twice(tmp_path: Path) -> None:
    from urllib.parse import unquote

    strict = only(lambda v: opens(v, "/srv/data/" + unquote(unquote(v.get("query", "f").replace(".", "").replace("/", "")))))
    assert kinds(search(strict, tmp_path)) == {"path-injection"}


def test_shell_redirect_and_deserialisation_are_found(tmp_path: Path) -> None:
    application = Application()

    @application.route("/ping", "POST")
    def ping(visit: Visit) -> str:
        visit.show(Sink.SHELL, f"ping -c 1 '{visit.get('form', 'host')}'", "/src/app.py:ping")
        return ""

    @application.route("/go", "GET")
    def go(visit: Visit) -> str:
        raise Redirect(visit.get("query", "next") or "/")

    @application.route("/load", "POST")
    def load(visit: Visit) -> str:
        text = visit.unbase64(visit.get("cookies", "state"))
        if text.startswith("c") and text.count("\n") > 1:
            visit.show(Sink.TYPE, text[1:].split("\n")[0], "/src/app.py:load")
        return ""

    @application.route("/parse", "POST")
    def parse(visit: Visit) -> str:
        _, found, rest = visit.get("form", "document").partition('SYSTEM "')
        if found:
            visit.show(Sink.ENTITY, rest.partition('"')[0], "/src/app.py:parse")
        return ""

    found = kinds(search(application, tmp_path))
    assert found == {"shell-injection", "redirect-injection", "type-injection", "entity-injection"}


def test_definitions_in_source_that_is_read_first_are_reached(tmp_path: Path) -> None:
    def checked(visit: Visit, wanted: type[ast.stmt]) -> str:
        for statement in visit.source(visit.json("code")).body:
            if isinstance(statement, wanted):
                visit.show(Sink.CODE, ast.unparse(statement), "/src/app.py:check")
        return ""

    assert kinds(search(only(lambda v: checked(v, ast.FunctionDef), "POST"), tmp_path / "defined")) == {"code-injection"}
    assert kinds(search(only(lambda v: checked(v, ast.AsyncFor), "POST"), tmp_path / "never")) == set()


def test_whoever_is_let_in_and_told_what_is_missing_sends_it(tmp_path: Path) -> None:
    application = Application()

    @application.route("/login", "POST")
    def login(visit: Visit) -> str:
        if visit.get("form", "user") and visit.get("form", "password"):
            visit.world["known"] = "yes"
            return "<p>welcome</p>"
        raise Refused(422)

    @application.route("/fetch", "POST")
    def fetch(visit: Visit) -> str:
        if "known" not in visit.world:
            raise Refused(401)
        if not (name := visit.json("name")):
            raise Refused(422)
        return opens(visit, f"/srv/data/{name}")

    result = search(application, tmp_path)
    assert kinds(result) == {"path-injection"}


def test_a_door_that_was_never_opened_has_more_time_than_a_slice_to_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    application = Application()
    application.route("/", "GET")(lambda visit: visit.get("query", "a"))
    given: list[float] = []
    run = Application.run

    def timed(self: Application, documents: list[bytes], seconds: float, **named: Any) -> Batch:
        given.append(seconds)
        return run(self, documents, seconds, **named)

    monkeypatch.setattr(Application, "run", timed)
    search(application, tmp_path, seconds=30.0)
    assert given[0] > 60 and max(given[1:]) < 15


def test_what_one_route_stores_and_another_shows_is_found(tmp_path: Path) -> None:
    application = Application()

    @application.route("/notes/add", "POST")
    def add(visit: Visit) -> str:
        visit.world["note"] = visit.get("form", "text")
        return "<p>saved</p>"

    @application.route("/notes", "GET")
    def notes(visit: Visit) -> str:
        return f"<ul><li>{visit.world.get('note', '')}</li></ul>"

    @application.route("/help", "GET")
    def help_(visit: Visit) -> str:
        return "<p>help</p>"

    result = search(application, tmp_path)
    assert kinds(result) == {"html-injection"}
    assert all([step["request"]["path"] for step in d["attack"]] == ["/notes/add", "/notes"] for d in documents(result, "html"))


def test_a_locked_route_is_opened_by_registering_and_logging_in(tmp_path: Path) -> None:
    application = Application()

    @application.route("/register", "POST")
    def register(visit: Visit) -> str:
        visit.world["user"] = (visit.get("form", "name"), visit.get("form", "password"))
        return ""

    @application.route("/login", "POST")
    def login(visit: Visit) -> str:
        visit.world["in"] = (visit.get("form", "name"), visit.get("form", "password")) == visit.world.get("user")
        return ""

    @application.route("/account", "GET")
    def account(visit: Visit) -> str:
        if not visit.world.get("in"):
            raise Redirect("/login")
        return sql(visit, f"SELECT a FROM b WHERE c = '{visit.get('query', 'c')}'")

    assert "sql-injection" in kinds(search(application, tmp_path))


def _shop() -> Application:
    """Registration by address, a token for name and password (RFC 6749 §4.3), roles, and ten routes for those let in."""
    application = Application()

    @application.route("/token", "POST")
    def token(visit: Visit) -> str:
        given = (visit.get("form", "username"), visit.get("form", "password"))
        if given != visit.world.get("user"):
            raise Refused(401)
        visit.world["role"] = "customer"
        return ""

    @application.route("/users", "POST")
    def register(visit: Visit) -> str:
        address = visit.json("email")
        if "@example.org" not in address:
            raise Refused(422)
        visit.world["user"] = (address, visit.json("password"))
        return ""

    def let_in(visit: Visit, role: str) -> None:
        if "role" not in visit.world:
            raise Refused(401)
        if role not in ("customer", visit.world["role"]):
            raise Refused(403)

    for number in range(10):

        @application.route(f"/orders/{number}", "GET")
        def order(visit: Visit) -> str:
            let_in(visit, "customer")
            visit.show(Sink.SQL, f"SELECT a FROM b WHERE c = '{visit.get('query', 'c')}'", visit.request["path"])
            return ""

    @application.route("/role", "PUT")
    def role(visit: Visit) -> str:
        let_in(visit, "customer")
        for known in ("waiter", "cook"):
            if visit.equal(visit.json("role"), known):
                visit.world["role"] = known
        return ""

    @application.route("/kitchen", "GET")
    def kitchen(visit: Visit) -> str:
        let_in(visit, "cook")
        visit.show(Sink.SHELL, f"df {visit.get('query', 'disk')}", "/src/app.py:kitchen")
        return ""

    return application


def test_a_token_is_got_with_what_was_registered_and_opens_all_that_wants_one(tmp_path: Path) -> None:
    application = _shop()
    result = search(application, tmp_path)
    opened = {d["attack"][-1]["request"]["path"] for d in documents(result, "sql")}
    assert opened == {f"/orders/{number}" for number in range(10)}


def test_what_those_who_are_let_in_may_change_opens_more(tmp_path: Path) -> None:
    (found, *_) = documents(search(_shop(), tmp_path), "shell")
    steps = [step["request"]["path"] for step in found["attack"]]
    assert steps == ["/users", "/token", "/role", "/kitchen"]


def test_a_form_names_fields_that_its_handler_reads_without_asking(tmp_path: Path) -> None:
    application = Application()

    @application.route("/form", "GET")
    def form(visit: Visit) -> str:
        return '<form method="post" action="/send"><input name="token" type="hidden" value="1"><input name="colour"></form>'

    @application.route("/send", "POST")
    def send(visit: Visit) -> str:
        return sql(visit, f"SELECT a FROM b WHERE c = '{dict(visit.request.get('form', [])).get('colour', '')}'")

    assert "sql-injection" in kinds(search(application, tmp_path))


def test_a_fact_is_kept_with_the_request_that_shows_it(tmp_path: Path) -> None:
    def digest(visit: Visit) -> str:
        visit.get("query", "unneeded")
        visit.show(Sink.WEAK_HASH, "md5", "/src/app.py:digest")
        return ""

    result = search(only(digest), tmp_path)
    assert [d["attack"] for d in documents(result, "weak-hash")] == [[{"request": {"method": "GET", "path": "/show"}}]]


def test_a_candidate_holds_only_what_it_needs(tmp_path: Path) -> None:
    def many(visit: Visit) -> str:
        found = [visit.get("form", f"field{i}") for i in range(9)]
        needed = visit.get("cookies", "needed")
        return sql(visit, f"SELECT a FROM b WHERE c = '{found[4]}'") if needed else ""

    (found, *_) = documents(search(only(many, "POST"), tmp_path), "sql")
    request = found["attack"][0]["request"]
    assert [name for name, _ in request["form"]] == ["field4"]
    assert [name for name, _ in request["cookies"]] == ["needed"]


def test_a_search_goes_on_where_the_last_slice_ended(tmp_path: Path) -> None:
    application = only(lambda v: sql(v, f"SELECT a FROM b WHERE c = '{v.get('query', 'id')}'"))
    whole = search(application, tmp_path)
    once = application.executed
    assert (tmp_path / "work" / STATE_FILE).exists()
    again = search(application, tmp_path, seed=2)
    assert {p.name for p in again.candidates} == {p.name for p in whole.candidates}
    assert application.executed - once <= 10, "only a little wandering is left"
    assert again.covered >= whole.covered


def test_broken_state_starts_the_search_anew(tmp_path: Path) -> None:
    slice_of(tmp_path)
    (tmp_path / "work" / STATE_FILE).write_text('{"version": 1, "units": {"x": 3}}')
    application = only(lambda v: sql(v, f"SELECT a FROM b WHERE c = '{v.get('query', 'id')}'"))
    assert "sql-injection" in kinds(search(application, tmp_path))


def test_a_route_that_dies_does_not_stop_the_rest(tmp_path: Path) -> None:
    application = Application()

    @application.route("/dies", "GET", "POST", "PUT")
    def dies(visit: Visit) -> str:
        raise Dies

    @application.route("/lives", "GET")
    def lives(visit: Visit) -> str:
        return sql(visit, f"SELECT a FROM b WHERE c = '{visit.get('query', 'c')}'")

    result = search(application, tmp_path)
    assert "sql-injection" in kinds(result)
    rows = {row["path"]: row for row in json.loads((tmp_path / "work" / FILE).read_text())}
    assert rows["/dies"]["not_reached"] and not rows["/lives"]["not_reached"]
    assert rows["/lives"]["held"] == ["sql-injection"]


def test_a_door_that_does_not_open_is_a_failure_and_no_clean_result(tmp_path: Path) -> None:
    result = search(Application(failing="ModuleNotFoundError: No module named 'x'"), tmp_path)
    assert result.failure is not None and "No module named" in result.failure.why
    empty = search(Application(), tmp_path / "empty")
    assert empty.failure is not None and "no route" in empty.failure.why


def test_only_applications_with_a_door_are_accepted() -> None:
    engine = RequestEngine()
    assert engine.accepts(entry(EntryKind.APPLICATION, Flavour.PLAIN)) is None
    assert engine.accepts(entry(EntryKind.APPLICATION)) is not None
    assert engine.accepts(entry(EntryKind.PROGRAM_FILE, Flavour.PLAIN)) is not None


def test_documents_are_bounded_for_a_route_with_endless_inputs(tmp_path: Path) -> None:
    def greedy(visit: Visit) -> str:
        for i in range(300):
            visit.get("form", f"name{i}" * 20)
            visit.equal("x", f"constant{i}" * 10)
        return ""

    application = only(greedy, "POST")
    result = search(application, tmp_path)
    assert application.executed < 500
    assert all(p.stat().st_size <= MAX_BYTES for p in (tmp_path / "corpus").iterdir())
    assert result.failure is None
