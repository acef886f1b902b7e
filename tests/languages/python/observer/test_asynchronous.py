"""FastAPI, Starlette, aiohttp and a plain ASGI callable through the ASGI door; a plain WSGI callable."""

from pathlib import Path

import pytest

from tests.languages.python.observer.applications import AIOHTTP, FASTAPI, FASTAPI_DECLARED, FASTAPI_FORMS, FASTAPI_TOKENS, PLAIN
from tests.languages.python.observer.running import Batch, batch, document, get, marked, needs, post, tree


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tree(
        tmp_path_factory.mktemp("asgi") / "app",
        api=FASTAPI,
        forms=FASTAPI_FORMS,
        tokens=FASTAPI_TOKENS,
        declared=FASTAPI_DECLARED,
        aio=AIOHTTP,
        plain=PLAIN,
    )


def api(root: Path, *given: dict[str, object]) -> Batch:
    needs("fastapi")
    return batch(root, {"kind": "asgi", "import": "api:app"}, [document(*given)])


def test_fastapi_signatures_are_asked(root: Path) -> None:
    found = api(root, get("/ask/7", query=[["q", marked("x")]], cookies=[["c", "v"]]))
    assert found.answer()["status"] == 200 and '"started":1' in found.answer()["body"] and '"c":"v"' in found.answer()["body"]
    assert {("query", "q"), ("cookies", "c")} <= found.asked()
    assert ("headers", "x-own") in {(where, name.lower()) for where, name in found.asked()}


def test_bodies_of_models_and_forms_are_asked_by_name_even_when_nothing_is_sent(root: Path) -> None:
    assert {("json", "name"), ("json", "price")} <= api(root, post("/item")).asked()
    assert api(root, post("/item", json={"name": marked("x")})).answer()["status"] == 200


def test_starlette_forms_are_asked(root: Path) -> None:
    needs("fastapi")
    needs("python_multipart")
    door = {"kind": "asgi", "import": "forms:app"}
    found = batch(root, door, [document(post("/form", form=[["f", marked("x")]])), document(post("/declared"))])
    assert ("form", "f") in found.asked() and found.tokens()[0] in found.answer()["body"]
    assert {("form", "a"), ("files", "upload")} <= found.asked(1)
    kinds = {each["name"]: each["kind"] for each in found.answers(1)[-1]["asked"] if each["kind"]}
    assert kinds == {"upload": "UploadFile", "a": "?", "kept": "bool?", "grant": "=password"}


def test_a_token_that_was_given_is_sent_along_by_that_client_only(root: Path) -> None:
    needs("fastapi")
    login, me = post("/token", json={"name": "somebody"}), get("/me")
    own = get("/me", headers=[["Authorization", "Bearer another-token-here"]])
    found = batch(root, {"kind": "asgi", "import": "tokens:app"}, [document(me, login, me, own, control=(me,)), document(me)])
    before, _, after, chosen = found.answers()
    assert before["status"] == 401 and found.answer(phase="control")["status"] == 401 and found.answer(1)["status"] == 401
    assert "secret-of-somebody" in after["body"] and "another-token-here" in chosen["body"]


def test_the_only_values_that_a_declaration_takes_are_told(root: Path) -> None:
    needs("fastapi")
    found = batch(root, {"kind": "asgi", "import": "declared:app"}, [document(post("/order"))])
    assert set(found.answer()["compared"]) == {"small", "large", "scarlet", "password"}


def test_starlette_json_is_asked(root: Path) -> None:
    assert ("json", "k") in api(root, post("/json", json={"k": "v"})).asked()
    assert ("json", "*") in api(root, post("/json")).asked(), "though what was sent is none"


PARAMETERS = """
from uuid import UUID
from typing import List, Optional
from fastapi import Depends, FastAPI, Header, Query
app = FastAPI()
def paging(page: int = 1, group: Optional[UUID] = None):
    return page
@app.get("/list")
def listed(text: str, size: int, tags: List[str] = Query(None), x_level: Optional[int] = Header(None), page=Depends(paging)):
    return {"text": text}
"""


def test_what_declared_parameters_take_is_told_those_of_dependencies_too(tmp_path: Path) -> None:
    needs("fastapi")
    found = batch(tree(tmp_path / "app", api=PARAMETERS), {"kind": "asgi", "import": "api:app"}, [document(get("/list"))])
    kinds = {(each["where"], each["name"]): each["kind"] for each in found.answer()["asked"] if each["kind"]}
    assert kinds == {
        ("query", "size"): "int",
        ("query", "tags"): "list",
        ("query", "page"): "int?",
        ("query", "group"): "uuid?",
        ("headers", "x-level"): "int?",
    }


ROUTERS = """
from fastapi import APIRouter, FastAPI
from starlette.routing import Route
from starlette.responses import PlainTextResponse
outer, inner = APIRouter(prefix="/outer"), APIRouter()
@inner.get("/item/{number}")
def item(number: int, q: str = ""):
    return {"q": q}
@outer.post("")
def create(q: str):
    return {"q": q}
@inner.websocket("/live")
async def live(socket): ...
async def own(request):
    return PlainTextResponse(request.query_params.get("t", ""))
inner.routes.append(Route("/own", own))
outer.include_router(inner, prefix="/inner")
app = FastAPI()
app.include_router(outer, prefix="/v1")
@app.get("/plain")
def plain():
    return {}
"""


def test_the_routes_of_included_routers_are_listed_with_their_whole_paths(tmp_path: Path) -> None:
    needs("fastapi")
    asked = document(get("/v1/outer/inner/item/7", query=[["q", marked("x")]]))
    found = batch(tree(tmp_path / "app", api=ROUTERS), {"kind": "asgi", "import": "api:app"}, [asked])
    routes = {route["path"]: route for route in found.ready["routes"]}
    assert {"/v1/outer", "/v1/outer/inner/item/{number}", "/plain"} <= routes.keys()
    assert "/v1/outer/inner/own" in routes and "/v1/outer/inner/live" not in routes
    one = routes["/v1/outer/inner/item/{number}"]
    assert one["parameters"] == [{"name": "number", "kind": "int"}]
    assert (one["methods"], one["function"], one["file"]) == (["GET"], "item", "/src/api.py")
    assert found.answer()["status"] == 200 and ("query", "q") in found.asked()


def test_mounted_routes_are_listed_with_their_kinds(root: Path) -> None:
    routes = {route["path"]: route for route in api(root, get("/")).ready["routes"]}
    assert routes["/sub/inner/{p:path}"]["parameters"] == [{"name": "p", "kind": "path"}]
    assert routes["/ask/{number}"]["parameters"] == [{"name": "number", "kind": "int"}]
    assert routes["/item"]["methods"] == ["POST"] and routes["/item"]["function"] == "item"
    assert ("headers", "x-in") in api(root, get("/sub/inner/a/b")).asked()


def test_pages_and_errors_have_their_places(root: Path) -> None:
    found = api(root, get("/page", query=[["t", marked("x")]]), get("/boom", query=[["x", marked("y")]]))
    (html,), (error,), (cookie,) = found.observed("html"), found.observed("error"), found.observed("cookie")
    assert html["frames"][0]["function"] == "page" and error["frames"][0]["function"] == "boom"
    assert "set_cookie" in FASTAPI.splitlines()[cookie["frames"][0]["line"] - 1]
    assert found.answer()["status"] == 500


def test_aiohttp(root: Path) -> None:
    needs("aiohttp")
    request = post(
        "/ask/1", query=[["q", marked("x")]], form=[["f", "form"]], cookies=[["c", "cookie"]], headers=[["X-Own", "own"]]
    )
    found = batch(
        root, {"kind": "asgi", "import": "aio:app"}, [document(request), document(get("/boom")), document(get("/none"))]
    )
    opening, closing = found.tokens()
    assert found.answer()["body"] == f"{opening}x{closing}|form|cookie|own"
    assert {("query", "q"), ("form", "f"), ("cookies", "c"), ("headers", "X-Own")} <= found.asked()
    assert found.observed("html")[0]["frames"][0]["function"] == "ask"
    assert found.observed("error", run=1)[0]["frames"][0]["function"] == "boom"
    assert found.answer(2)["status"] == 404
    routes = {route["path"]: route for route in found.ready["routes"]}
    assert routes["/ask/{number}"]["parameters"] == [{"name": "number", "kind": "str"}]


def test_a_plain_wsgi_callable(root: Path) -> None:
    request = post("/a%20b", query=[["q", marked("x")]], form=[["f", "form"]], cookies=[["c", "cookie"]])
    found = batch(root, {"kind": "wsgi", "import": "plain:application"}, [document(request)])
    opening, closing = found.tokens()
    assert found.answer()["body"] == f"['{opening}x{closing}']|['form']|cookie|/a b"
    assert {("query", "q"), ("form", "f"), ("cookies", "c"), ("headers", "X-Own"), ("path", "*")} <= found.asked()


def test_a_plain_asgi_callable_that_knows_no_lifespan(root: Path) -> None:
    found = batch(root, {"kind": "asgi", "import": "plain:bare"}, [document(post("/", raw_query="a=b", body="text"))])
    assert found.answer()["status"] == 201 and found.answer()["body"] == "a=b|text"


def test_a_callable_without_a_framework_has_likely_routes(tmp_path: Path) -> None:
    source = """
PAGE = "/not/in/code"
def show(path): return path == "/show/it" or path.startswith("/files/") or path == "no path" or path == "//x"
def application(environ, start_response):
    start_response("200 OK", [])
    return [b"yes" if show(environ["PATH_INFO"]) else b"no"]
"""
    root = tree(tmp_path / "plain", own=source)
    routes = batch(root, {"kind": "wsgi", "import": "own:application"}, [document(get("/"))]).ready["routes"]
    assert {route["path"] for route in routes} == {"/", "/show/it", "/files/", "/<path:rest>"}
    assert all(route["methods"] == ["GET", "POST"] and route["function"] == "application" for route in routes)


def test_the_modules_that_a_handler_uses_and_the_constants_of_functions_that_it_calls_are_its_own(tmp_path: Path) -> None:
    needs("flask")
    source = """
import json as notation
from flask import Flask
app = Flask(__name__)
def helper(text): return text == "in-the-helper" or deeper(text)
def deeper(text): return text == "two-calls-away"
def made():
    def inner(): return "in-the-closure"
    @app.get("/")
    def show():
        import xml.sax
        return notation.dumps(str(helper("")) + inner()) or xml.sax
made()
"""
    root = tree(tmp_path / "calls", own=source)
    routes = batch(root, {"kind": "wsgi", "import": "own:app"}, [document(get("/"))]).ready["routes"]
    (route,) = [route for route in routes if route["path"] == "/"]
    constants = route["constants"]
    assert {"json", "xml.sax"} <= set(route["modules"]) and "flask" not in route["modules"]
    assert {"in-the-helper", "in-the-closure"} <= set(constants)
    assert "two-calls-away" not in constants


SLOW_START = """
import time
from contextlib import asynccontextmanager
from fastapi import FastAPI
@asynccontextmanager
async def lifespan(app):
    until = time.process_time() + 2.5
    while time.process_time() < until:
        pass
    yield
app = FastAPI(lifespan=lifespan)
@app.get("/quick")
def quick():
    return {}
@app.get("/hang")
def hang():
    while True:
        pass
"""


WAITS = """
import time
from fastapi import FastAPI
app = FastAPI()
@app.get("/")
def waits():
    time.sleep(5)
    return {}
"""


def test_what_a_start_did_not_need_is_no_more_time_for_the_document(tmp_path: Path) -> None:
    needs("fastapi")
    found = batch(
        tree(tmp_path / "app", waits=WAITS), {"kind": "asgi", "import": "waits:app"}, [document(get("/"))], "--wall", "1"
    )
    assert found.ended()["ended"] == "timeout"


def test_the_start_of_an_application_does_not_count_as_a_documents_time(tmp_path: Path) -> None:
    needs("fastapi")
    door = {"kind": "asgi", "import": "slow:app"}
    asked = [document(get("/quick")), document(get("/quick")), document(get("/hang"))]
    root = tree(tmp_path / "app", slow=SLOW_START)
    found = batch(root, door, asked, "--each", "1", "--wall", "20", "--together", "3", seconds=120)
    assert [found.answer(run)["status"] for run in (0, 1)] == [200, 200]
    assert found.ended(0)["ended"] == found.ended(1)["ended"] == "done" and found.ended(2)["ended"] != "done"
