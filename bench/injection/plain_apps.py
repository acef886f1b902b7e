"""Plain web applications of our own, one for each framework, that do the same: a page, a form into SQLite, a search, JSON."""

from collections.abc import Mapping
from dataclasses import dataclass

_STORE = """
import html, sqlite3
DATABASE = sqlite3.connect(":memory:", check_same_thread=False)
DATABASE.execute("create table item (name text, note text)")
DATABASE.executemany("insert into item values (?, ?)", [(f"item {n}", "as new") for n in range(20)])
DATABASE.commit()
def found(text):
    return DATABASE.execute("select name, note from item where name like ? limit 10", (f"%{text}%",)).fetchall()
def add(name, note):
    DATABASE.execute("insert into item values (?, ?)", (name, note))
    DATABASE.rollback()
def listed(rows):
    return "<ul>" + "".join(f"<li>{html.escape(name)}: {html.escape(note)}</li>" for name, note in rows) + "</ul>"
"""

_FLASK = """
from flask import Flask, jsonify, request
from store import add, found, listed
app = Flask(__name__)
PAGE = app.jinja_env.from_string("<h1>Hello {{ name|e }}</h1>{% for n in numbers %}<p>{{ n }}</p>{% endfor %}")
@app.get("/")
def page():
    return PAGE.render(name=request.args.get("name", "you"), numbers=range(20))
@app.post("/item")
def item():
    add(request.form["name"], request.form["note"])
    return "stored", 201
@app.get("/search")
def search():
    return listed(found(request.args["q"]))
@app.get("/api")
def api():
    return jsonify([{"name": name, "note": note} for name, note in found(request.args.get("q", ""))])
"""

_FASTAPI = """
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from pydantic import BaseModel
from jinja2 import Template
from store import add, found, listed
app = FastAPI()
PAGE = Template("<h1>Hello {{ name|e }}</h1>{% for n in numbers %}<p>{{ n }}</p>{% endfor %}")
class Item(BaseModel):
    name: str
    note: str
@app.get("/", response_class=HTMLResponse)
async def page(name: str = "you"):
    return PAGE.render(name=name, numbers=range(20))
@app.post("/item", status_code=201)
async def item(item: Item):
    add(item.name, item.note)
    return "stored"
@app.get("/search", response_class=HTMLResponse)
async def search(q: str):
    return listed(found(q))
@app.get("/api")
async def api(q: str = ""):
    return [{"name": name, "note": note} for name, note in found(q)]
"""

_DJANGO_SETTINGS = """
SECRET_KEY = "for measurements only"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "site_.urls"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware", "django.contrib.sessions.middleware.SessionMiddleware"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]
"""

_DJANGO_URLS = """
from django.http import HttpResponse, JsonResponse
from django.template import engines
from django.urls import path
from store import add, found, listed
PAGE = engines["django"].from_string("<h1>Hello {{ name }}</h1>{% for n in numbers %}<p>{{ n }}</p>{% endfor %}")
def page(request):
    return HttpResponse(PAGE.render({"name": request.GET.get("name", "you"), "numbers": range(20)}, request))
def item(request):
    add(request.POST["name"], request.POST["note"])
    return HttpResponse("stored", status=201)
def search(request):
    return HttpResponse(listed(found(request.GET["q"])))
def api(request):
    return JsonResponse([{"name": name, "note": note} for name, note in found(request.GET.get("q", ""))], safe=False)
urlpatterns = [path("", page), path("item", item), path("search", search), path("api", api)]
"""

_DJANGO_WSGI = """
import os
from django.core.wsgi import get_wsgi_application
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_.settings")
application = get_wsgi_application()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainApp:
    """A project's files, and where its application is. `body` is what its form takes: "form" or "json"."""

    name: str
    kind: str
    imported: str
    body: str
    files: Mapping[str, str]


APPS = (
    PlainApp(
        name="Flask",
        kind="wsgi",
        imported="web:app",
        body="form",
        files={"requirements.txt": "flask\n", "web.py": _FLASK, "store.py": _STORE},
    ),
    PlainApp(
        name="Django",
        kind="wsgi",
        imported="site_.wsgi:application",
        body="form",
        files={
            "requirements.txt": "django\n",
            "site_/__init__.py": "",
            "site_/settings.py": _DJANGO_SETTINGS,
            "site_/urls.py": _DJANGO_URLS,
            "site_/wsgi.py": _DJANGO_WSGI,
            "store.py": _STORE,
        },
    ),
    PlainApp(
        name="FastAPI",
        kind="asgi",
        imported="web:app",
        body="json",
        files={"requirements.txt": "fastapi\njinja2\n", "web.py": _FASTAPI, "store.py": _STORE},
    ),
)
