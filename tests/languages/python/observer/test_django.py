"""Django through the WSGI door."""

from pathlib import Path

import pytest

from tests.languages.python.observer.applications import DJANGO_MANAGE, DJANGO_SETTINGS, DJANGO_URLS, DJANGO_WSGI
from tests.languages.python.observer.running import Batch, batch, document, get, look, marked, needs, post, tree

ENVIRONMENT = {"DJANGO_SETTINGS_MODULE": "site_.settings"}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    needs("django")
    return tree(
        tmp_path_factory.mktemp("django") / "app",
        **{
            "manage.py": DJANGO_MANAGE,
            "site_/__init__.py": "",
            "site_/settings.py": DJANGO_SETTINGS,
            "site_/urls.py": DJANGO_URLS,
            "site_/wsgi.py": DJANGO_WSGI,
        },
    )


@pytest.fixture(params=["site_.wsgi:application", ""])
def door(request: pytest.FixtureRequest) -> dict[str, object]:
    return {"kind": "wsgi", "import": request.param, "environment": ENVIRONMENT}


def run(root: Path, *given: dict[str, object]) -> Batch:
    return batch(root, {"kind": "wsgi", "import": "site_.wsgi:application", "environment": ENVIRONMENT}, [document(*given)])


def test_every_accessor_tells_what_is_asked(root: Path, door: dict[str, object]) -> None:
    found = batch(root, door, [document(post("/ask/1/", form=[["f", "x"]]))])
    assert found.answer()["status"] == 200
    assert found.asked() >= {
        ("query", "q"), ("query", "many"), ("form", "f"), ("cookies", "c"), ("headers", "X-Own"), ("headers", "X-Meta"),
        ("files", "upload"), ("form", "title"), ("session", "s"),
    }  # fmt: skip


def test_a_json_body_is_asked_as_a_body_that_is_decoded(root: Path) -> None:
    found = run(root, post("/body/", json={"a": marked("x")}))
    assert ("body", "*") in found.asked() and ["json", 0] in found.answer()["decoded"]


def test_routes_of_both_kinds_of_pattern(root: Path) -> None:
    routes = {route["path"]: route for route in run(root, get("/")).ready["routes"]}
    assert routes["/ask/<number>/"]["parameters"] == [{"name": "number", "kind": "int"}]
    old = routes["/in/old/<slug>/"]
    assert old["parameters"] == [{"name": "slug", "kind": "str"}] and old["methods"] == ["GET", "POST"]
    assert old["file"] == "/src/site_/urls.py"


def test_a_form_with_a_token_and_the_tables_of_a_new_database(root: Path) -> None:
    form = [["name", marked("u")]]
    other = [["Cookie", "csrftoken=" + "b" * 32]]
    assert run(root, post("/form/", form=form, headers=[*other, ["X-CSRFToken", "c" * 32]])).answer()["status"] == 403
    assert run(root, post("/form/", form=form)).answer()["status"] == 200  # a token of the client's own choice, sent twice
    twice = batch(
        root,
        {"kind": "wsgi", "import": "site_.wsgi:application", "environment": ENVIRONMENT},
        [document(get("/form/"), post("/form/", form=form, fill=True))] * 2,
    )
    assert [twice.answer(run)["body"] for run in range(2)] == ["users 2", "users 2"]
    assert not (root / "db.sqlite3").exists()


MODELS = """
from django.db import models
class Owner(models.Model):
    name = models.CharField(max_length=3)
    mail = models.EmailField()
class Thing(models.Model):
    owner = models.ForeignKey(Owner, on_delete=models.CASCADE)
    kind = models.CharField(max_length=9, choices=[("x", "X")])
    count = models.PositiveIntegerField()
    when = models.DateTimeField()
"""
SHELF_URLS = """
from django.http import HttpResponse
from django.urls import path
from shelf.models import Thing
def things(request):
    found = Thing.objects.filter(owner__name=request.GET["owner"])
    return HttpResponse(",".join("%s %s %s" % (each.kind, each.count, each.owner.mail) for each in found))
urlpatterns = [path("things/", things)]
"""


def test_a_table_of_the_project_has_a_row_that_harmless_values_find(tmp_path: Path) -> None:
    needs("django")
    files = {"site_/__init__.py": "", "site_/urls.py": SHELF_URLS, "site_/wsgi.py": DJANGO_WSGI}
    files |= {
        "site_/settings.py": DJANGO_SETTINGS.replace("APPS = [", 'APPS = ["shelf", '),
        "shelf/__init__.py": "",
        "shelf/models.py": MODELS,
    }
    door = {"kind": "wsgi", "import": "site_.wsgi:application", "environment": ENVIRONMENT, "writable": True}
    found = batch(tree(tmp_path / "app", **files), door, [document(get("/things/", query=[["owner", "amb"]]))])
    assert found.answer()["body"] == "x 1 amber@example.org"


LOGIN_URLS = """
from django.contrib.auth import authenticate, login
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
@csrf_exempt
def log_in(request):
    user = authenticate(request, username=request.POST["username"], password=request.POST["password"])
    if user is None:
        return HttpResponse(status=401)
    login(request, user)
    return HttpResponse("in")
def page(request):
    request.COOKIES.get("sessionid"), request.COOKIES.get("own"), request.session.get("_auth_user_id")
    return HttpResponse("%s %s" % (request.user.is_authenticated, request.user.is_staff))
urlpatterns = [path("a/page/", page), path("a/log-in/", log_in), path("sessions/", page), path("blog/author/", page)]
"""


def test_somebody_can_log_in_also_where_the_database_would_be_on_a_server(tmp_path: Path) -> None:
    needs("django")
    middleware = '"django.contrib.auth.middleware.AuthenticationMiddleware", "django.middleware.csrf'
    settings = DJANGO_SETTINGS.replace('"django.middleware.csrf', middleware).replace("backends.sqlite3", "backends.postgresql")
    files = {"site_/__init__.py": "", "site_/settings.py": settings, "site_/urls.py": LOGIN_URLS, "site_/wsgi.py": DJANGO_WSGI}
    login = [post("/a/log-in/", form=[["username", "amber"], ["password", word]]) for word in ("wrong", "amber")]
    found = batch(
        tree(tmp_path / "app", **files),
        {"kind": "wsgi", "import": "site_.wsgi:application", "environment": ENVIRONMENT},
        [document(login[0], get("/a/page/"), login[1], get("/a/page/"))],
    )
    assert [answer["body"] for answer in found.answers()] == ["", "False False", "in", "True False"]
    door = {"kind": "wsgi", "import": "site_.wsgi:application", "environment": ENVIRONMENT, "signed_in": True}
    assert batch(tmp_path / "app", door, [document(get("/a/page/"))] * 2).answer(1)["body"] == "True False"
    assert ("cookies", "own") in found.asked() and not {("cookies", "sessionid"), ("session", "_auth_user_id")} & found.asked()
    looked = [record["application"] for record in look(tmp_path / "app") if "application" in record]
    assert all(told["accounts"] is True for told in looked) and looked
    assert [(r["path"], "entrance" in r) for r in found.ready["routes"]] == [
        ("/sessions/", True), ("/a/log-in/", True), ("/a/page/", False), ("/blog/author/", False),
    ]  # fmt: skip


def test_pages_cookies_and_errors_have_their_places(root: Path) -> None:
    found = run(root, get("/in/old/a/", query=[["t", marked("x")]]), post("/in/old/b/"))
    (html,), (error,), (cookie,) = found.observed("html"), found.observed("error"), found.observed("cookie")
    assert html["frames"][0]["function"] == "get" and error["frames"][0]["function"] == "post"
    assert "set_cookie" in DJANGO_URLS.splitlines()[cookie["frames"][0]["line"] - 1]
    assert found.answer()["status"] == 500 and error["text"] == "ValueError: b"


def test_a_look_finds_the_project(root: Path) -> None:
    (application,) = [r["application"] for r in look(root) if r.get("application", {}).get("import", "").startswith("django")]
    assert application["environment"] == ENVIRONMENT and application["paths"] == ["/src"]
    assert {route["path"] for route in application["routes"]} >= {"/ask/<number>/", "/in/old/<slug>/"}


def test_each_project_of_a_tree_is_looked_at_with_its_own_settings(tmp_path: Path) -> None:
    needs("django")
    files = {"manage.py": DJANGO_MANAGE, "site_/settings.py": DJANGO_SETTINGS, "site_/urls.py": DJANGO_URLS}
    other = {f"labs/own/{name}".replace("site_", "other_"): text.replace("site_", "other_") for name, text in files.items()}
    other["labs/own/other_/urls.py"] = DJANGO_URLS.replace('"ask/', '"another/')
    empty = {"site_/__init__.py": "", "labs/own/other_/__init__.py": ""}
    found = look(tree(tmp_path / "app", **files, **other, **empty))
    settings = {
        record["application"]["environment"]["DJANGO_SETTINGS_MODULE"]: {
            route["path"] for route in record["application"]["routes"]
        }
        for record in found
        if "application" in record
    }
    assert set(settings) == {"site_.settings", "other_.settings"}
    assert "/ask/<number>/" in settings["site_.settings"] and "/another/<number>/" in settings["other_.settings"]
