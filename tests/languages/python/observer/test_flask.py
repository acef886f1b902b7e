"""Flask through the WSGI door: what handlers ask for, what answers show, sessions and tokens."""

from pathlib import Path

import pytest

from tests.languages.python.observer.applications import FLASK
from tests.languages.python.observer.running import Batch, batch, document, get, marked, needs, post, tree

DOOR = {"kind": "wsgi", "import": "web:app"}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    needs("flask")
    return tree(tmp_path_factory.mktemp("flask") / "app", web=FLASK)


def steps(root: Path, *given: dict[str, object], options: tuple[str, ...] = ()) -> Batch:
    return batch(root, DOOR, [document(*given)], *options)


def test_routes_come_with_parameters_methods_place_and_constants(root: Path) -> None:
    routes = {route["path"]: route for route in steps(root, get("/me")).ready["routes"]}
    args = routes["/args/<int:number>"]
    assert args["parameters"] == [{"name": "number", "kind": "int"}] and args["methods"] == ["GET", "POST"]
    assert (
        args["file"] == "/src/web.py" and args["function"] == "args" and FLASK.splitlines()[args["line"] - 1].startswith("@app")
    )
    assert {"hidden-name", "hidden-value", "one", "two"} <= set(routes["/every"]["constants"])


def test_json_that_a_handlers_documentation_shows_comes_with_its_route(tmp_path: Path) -> None:
    needs("flask")
    text = "from flask import Flask\napp = Flask('a')\n@app.post('/p')\ndef p():\n"
    text += '    """Send {this}:\n\n    curl -d \'{"a": "x", "b": [1]}\'\n    """\n    return \'\'\n'
    routes = {route["path"]: route for route in steps(tree(tmp_path / "shown", web=text), get("/p")).ready["routes"]}
    assert routes["/p"]["examples"] == ['{"a": "x", "b": [1]}']


DELEGATING = """\
import json
from functools import wraps
from flask import Flask, request
app = Flask("a")
def kept(handler):
    @wraps(handler)
    def around(*given, **named):
        return handler(*given, **named)
    return around
def doors(app):
    import base64
    @app.get("/p")
    def shown():
        return taken()
    @app.post("/p")
    @kept
    def taken():
        import configparser
        return json.dumps(str(base64.b64decode(request.args.get("b", ""))))
doors(app)
"""


def test_a_handler_that_hands_over_to_another_speaks_of_the_same_modules(tmp_path: Path) -> None:
    """What parses the input is known by these, and only one of two such handlers is looked at early."""
    needs("flask")
    routes = steps(tree(tmp_path / "delegating", web=DELEGATING), get("/p")).ready["routes"]
    modules = {route["methods"][0]: set(route["modules"]) for route in routes if route["path"] == "/p"}
    assert modules["POST"] == {"configparser", "json", "base64"}
    assert modules["GET"] == modules["POST"]


def test_the_query_as_a_whole_is_asked_for_by_the_handler_and_not_by_the_framework(root: Path) -> None:
    assert ("raw_query", "*") in steps(root, get("/raw-query")).asked()
    assert ("raw_query", "*") not in steps(root, post("/args/1", form=[["f", "x"]])).asked()


def test_every_accessor_tells_what_is_asked(root: Path) -> None:
    assert steps(root, post("/args/1", form=[["f", "x"]])).asked() >= {
        ("query", "q"), ("query", "many"), ("query", "in"), ("query", "size"), ("form", "f"), ("query", "v"), ("cookies", "c"),
        ("headers", "X-Own"), ("headers", "Referer"), ("files", "upload"),
    }  # fmt: skip
    found = steps(root, post("/args/1", query=[["q", "x"]], form=[["f", "x"]]))
    told = {(each["where"], each["name"]): each for each in found.answer()["asked"]}
    assert told[("query", "q")]["found"] and not told[("query", "in")]["found"]
    assert told[("query", "many")]["kind"] == "list" and told[("query", "size")]["kind"] == "int"


def test_what_only_the_framework_reads_is_not_asked(root: Path) -> None:
    assert steps(root, get("/me")).asked() == {("session", "user")}


def test_json_bodies_tell_the_members_that_are_asked_for(root: Path) -> None:
    found = steps(root, post("/json", json={"user": {"name": marked("n")}}))
    assert {("json", "user"), ("json", "user.name"), ("json", "other")} <= found.asked()
    assert found.tokens()[0] in found.answer()["body"]
    assert steps(root, post("/raw", body=marked("n"))).asked() == {("body", "*")}


def test_a_json_body_that_was_not_sent_is_asked_for_all_the_same(root: Path) -> None:
    found = steps(root, post("/json"))
    assert found.answer()["status"] == 415 and ("json", "*") in found.asked()


def test_constants_that_input_is_compared_with_are_heard_when_wanted(root: Path) -> None:
    request = get("/every", query=[["x", "y"], ["hidden-name", "z"], ["w", "o"], ["q", "u"]])
    assert set(steps(root, request, options=("--heard",)).answer()["compared"]) >= {
        "hidden-name", "hidden-value", "open-", "one", "two",
    }  # fmt: skip
    assert ("query", "*") in steps(root, request).asked() and steps(root, request).answer()["compared"] == []


def test_decoders_are_told_in_the_order_of_their_use(root: Path) -> None:
    value = {"make": "url", "of": {"make": "base64", "of": marked("x")}}
    found = steps(root, get("/decode", cookies=[["b", value]]))
    assert ["base64", 0] in found.answer()["decoded"] and found.tokens()[0] in found.answer()["body"]


def test_source_that_is_read_counts_as_decoded_and_is_run_by_nobody(root: Path) -> None:
    found = steps(root, post("/source", json={"code": f"import {marked('x')}"}))
    assert found.answer()["decoded"] == [["python source", 0]] and not found.observed("code")


def test_a_page_is_shown_to_its_sinks_at_the_place_that_makes_it(root: Path) -> None:
    found = steps(root, get("/page", query=[["t", marked("<x>")]]))
    opening, closing = found.tokens()
    (html,) = found.observed("html")
    assert html["text"] == f"<p>{opening}<x>{closing}</p>" and html["detail"]["type"].startswith("text/html")
    assert html["frames"][0]["function"] == "page" and "make_response" in FLASK.splitlines()[html["frames"][0]["line"] - 1]
    (header,) = found.observed("header")
    assert header["text"] == f"X-Echo: {opening}<x>{closing}"


def test_a_cookie_without_its_flags_is_a_fact_at_the_line_that_sets_it(root: Path) -> None:
    (fact,) = steps(root, get("/page", query=[["t", "x"]])).observed("cookie")
    assert fact["text"].startswith("plain=1") and fact["detail"]["missing"] == "secure,httponly,samesite"
    assert 'set_cookie("plain"' in FLASK.splitlines()[fact["frames"][0]["line"] - 1]


def test_a_redirect_is_not_followed_and_tells_its_host(root: Path) -> None:
    found = steps(root, get("/go", query=[["to", "//" + marked("evil")]]))
    (redirect,) = found.observed("redirect")
    assert found.answer()["status"] == 302 and redirect["detail"]["host"] == "localhost"
    assert not found.observed("html"), "no browser shows that body"


def test_an_error_that_becomes_a_500_is_observed(root: Path) -> None:
    found = steps(root, get("/boom", query=[["x", marked("v")]]))
    (error,) = found.observed("error")
    assert (
        found.answer()["status"] == 500 and error["detail"]["type"] == "LookupError" and error["frames"][0]["function"] == "boom"
    )
    assert found.answer()["raised"].startswith("LookupError")


def test_memory_that_the_framework_hides_in_a_500_is_told(root: Path) -> None:
    assert steps(root, get("/memory")).ended()["ended"] == "memory"


def test_hidden_fields_and_cookies_are_carried_along(root: Path) -> None:
    login = post("/login", form=[["name", "me"]])
    filled = post("/login", form=[["name", "me"]], fill=True)
    assert steps(root, get("/login"), login, get("/me")).answer()["body"] == "hello nobody"
    assert steps(root, get("/login"), filled, get("/me")).answer()["body"] == "hello me"


def test_the_attack_has_a_client_of_its_own(root: Path) -> None:
    control = (get("/login"), post("/login", form=[["name", "me"]], fill=True), get("/me"))
    found = batch(root, DOOR, [document(get("/me"), control=control)])
    assert found.answer(phase="control")["body"] == "hello me" and found.answer(phase="attack")["body"] == "hello nobody"


def test_files_are_sent_as_multipart(root: Path) -> None:
    file = {"name": "f", "filename": 'a "b".txt', "type": "text/x", "content": "né"}
    assert steps(root, post("/upload", form=[["k", "v"]], files=[file])).answer()["body"].endswith("|text/x|né|v")


@pytest.mark.parametrize("value", ["a;b", 'q"uo\\te', "a, b", "x=y", "%20", "' or 1--", "<script>"])
def test_cookie_values_arrive_as_the_document_gives_them(root: Path, value: str) -> None:
    assert steps(root, get("/cookie", cookies=[["c", value]])).answer()["body"] == value


def test_a_raw_query_is_sent_as_it_is(root: Path) -> None:
    assert steps(root, get("/query", raw_query="a=%zz&&b")).answer()["body"] == "a=%zz&&b"


def test_a_factory_and_headers_that_cannot_be_sent(root: Path) -> None:
    request = get("/me", headers=[["X-A", "1\r\nX-B: 2"], ["", "x"]])
    found = batch(root, {"kind": "wsgi", "import": "web:create_app()"}, [document(request)])
    assert found.answer()["status"] == 200


def test_who_sends_requests_chooses_no_environment(tmp_path: Path) -> None:
    needs("flask")
    handler = "@app.get('/')\ndef index():\n    return os.environ.get('OWN', '-')\n"
    root = tree(tmp_path / "app", own=f"import os\nfrom flask import Flask\napp = Flask('own')\n{handler}")
    found = batch(root, {"kind": "wsgi", "import": "own:app"}, [document(get("/"))])
    assert found.answer()["body"] == "-" and not [where for where, _ in found.asked() if where == "environment"]


TABLES = """
from flask import Flask
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
class Base(DeclarativeBase):
    pass
class Note(Base):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
engine = sa.create_engine("sqlite:///notes.db")
app = Flask("own")
@app.get("/")
def index():
    with Session(engine) as session:
        return str(session.query(Note).count())
"""


def test_tables_of_models_are_made_in_an_empty_database(tmp_path: Path) -> None:
    needs("flask")
    needs("sqlalchemy")
    found = batch(
        tree(tmp_path / "app", own=TABLES), {"kind": "wsgi", "import": "own:app", "writable": True}, [document(get("/"))]
    )
    assert found.answer()["body"] == "0"


def test_a_file_that_would_be_sent_is_a_path_also_when_it_is_not_there(tmp_path: Path) -> None:
    needs("flask")
    source = "from flask import Flask, request, send_file\napp = Flask('own')\n@app.get('/')\ndef index():\n"
    root = tree(tmp_path / "app", own=source + "    return send_file(request.args['p'])\n")
    found = batch(root, {"kind": "wsgi", "import": "own:app"}, [document(get("/", query=[["p", marked("x")]]))])
    (path,) = found.observed("path")
    assert path["api"] == "werkzeug.utils.send_file" and path["frames"][0]["function"] == "index"
