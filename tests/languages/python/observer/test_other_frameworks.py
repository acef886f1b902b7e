"""Bottle, Falcon and WebOb (Pyramid) through the WSGI door, with and without strings that tell what they are compared with."""

from pathlib import Path

import pytest

from tests.languages.python.observer.running import Batch, batch, document, get, marked, needs, post, tree

BOTTLE = """
import bottle
from bottle import request, response
app = bottle.Bottle()
@app.route("/ask/<n:int>", method=["GET", "POST"])
def ask(n):
    request.query.get("q"), request.query.getall("many"), request.forms.get("f"), request.files.get("u")
    request.get_cookie("c"), request.headers.get("X-Own"), request.params.get("p")
    response.set_cookie("mine", "1")
    return "<b>" + request.query.q + "</b>"
@app.get("/boom")
def boom(): raise ValueError("x")
@app.post("/json")
def json_(): return {"a": request.json["k"]}
"""
FALCON = """
import falcon
class Ask:
    def on_get(self, req, resp, n):
        req.get_param("many"), req.get_param_as_int("size"), req.get_header("X-Own"), req.cookies.get("c")
        resp.text, resp.content_type = "<b>%s</b>" % req.get_param("q"), "text/html"
    def on_post(self, req, resp, n):
        resp.media = {"a": req.media["k"]}
class Boom:
    def on_get(self, req, resp): raise ValueError("x")
app = falcon.App()
app.add_route("/ask/{n:int}", Ask())
app.add_route("/boom", Boom())
"""
WEBOB = """
from webob import Request, Response
def app(environ, start_response):
    req = Request(environ)
    if req.content_type == "application/json":
        return Response(req.json_body["k"])(environ, start_response)
    req.GET.getall("many"), req.POST.get("f"), req.params.get("p"), req.cookies.get("c"), req.headers.get("X-Own")
    return Response("<b>" + req.GET.get("q", "") + "</b>")(environ, start_response)
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tree(tmp_path_factory.mktemp("others") / "app", in_bottle=BOTTLE, in_falcon=FALCON, in_webob=WEBOB)


def run(root: Path, framework: str, *given: dict[str, object]) -> Batch:
    needs(framework)
    return batch(root, {"kind": "wsgi", "import": f"in_{framework}:app"}, [document(*given)], "--heard")


@pytest.mark.parametrize("framework", ["bottle", "falcon", "webob"])
def test_accessors_tell_what_is_asked_and_pages_where_they_are_made(root: Path, framework: str) -> None:
    found = run(root, framework, get("/ask/1", query=[["q", marked("x")]], cookies=[["c", "v"]]))
    opening, closing = found.tokens()
    assert found.answer()["body"] == f"<b>{opening}x{closing}</b>"
    assert {("query", "q"), ("query", "many"), ("cookies", "c"), ("headers", "X-Own")} <= found.asked()
    assert not {("query", "*"), ("form", "*"), ("body", "*")} & found.asked()
    assert found.observed("html")[0]["frames"][0]["function"] in ("ask", "on_get", "app")


@pytest.mark.parametrize(("framework", "path"), [("bottle", "/json"), ("falcon", "/ask/1"), ("webob", "/json")])
def test_json_members_are_asked(root: Path, framework: str, path: str) -> None:
    found = run(root, framework, post(path, json={"k": "v"}))
    assert ("json", "k") in found.asked() and "v" in found.answer()["body"]


@pytest.mark.parametrize("framework", ["bottle", "falcon"])
def test_errors_and_routes(root: Path, framework: str) -> None:
    found = run(root, framework, get("/boom"))
    (error,) = found.observed("error")
    assert found.answer()["status"] == 500 and error["text"] == "ValueError: x"
    assert error["frames"][0]["file"] == f"/src/in_{framework}.py"
    assert any(route["parameters"] == [{"name": "n", "kind": "int"}] for route in found.ready["routes"])
