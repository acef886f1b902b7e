"""Small applications of each kind, as the observer's tests enter them."""

FLASK = """
from flask import Flask, make_response, redirect, render_template_string, request, session
import ast, base64, urllib.parse
app = Flask(__name__)
app.secret_key = "k"
@app.route("/args/<int:number>", methods=["GET", "POST"])
def args(number):
    request.args.get("q")
    request.args.getlist("many")
    "in" in request.args
    request.args.get("size", type=int)
    request.form["f"] if request.method == "POST" else None
    request.values.get("v")
    request.cookies.get("c")
    request.headers.get("X-Own")
    request.files.get("upload")
    request.referrer
    return "ok"
@app.post("/json")
def json_():
    data = request.get_json()
    return {"got": data["user"]["name"], "none": data.get("other")}
@app.get("/raw-query")
def raw_query():
    return request.query_string
@app.post("/raw")
def raw():
    return request.get_data()
@app.get("/every")
def every():
    for name, value in request.args.items():
        if name == "hidden-name" and value == "hidden-value":
            return "found"
    if request.args.get("w", "").lower().startswith("open-"):
        return "opened"
    return request.args.get("q", "-") in ("one", "two") and "listed" or "no"
@app.get("/decode")
def decode():
    return base64.b64decode(urllib.parse.unquote(request.cookies.get("b", "")))
@app.post("/source")
def source():
    return str(len(ast.parse(request.get_json()["code"]).body))
@app.get("/page")
def page():
    text = "<p>%s</p>" % request.args.get("t")
    response = make_response(text)
    response.headers["X-Echo"] = request.args.get("t")
    response.set_cookie("plain", "1")
    response.set_cookie("safe", "1", secure=True, httponly=True, samesite="Lax")
    return response
@app.get("/go")
def go():
    return redirect(request.args["to"])
@app.get("/boom")
def boom():
    raise LookupError(request.args["x"])
@app.get("/memory")
def memory():
    return "x" * (1 << 42)
@app.route("/login", methods=["GET", "POST"])
def login():
    if request.method == "POST":
        if request.form.get("token") != session.get("token"):
            return "refused", 403
        session["user"] = request.form["name"]
        return redirect("/me")
    session["token"] = "t0"
    return "<form method=post action='/login'><input type=hidden name=token value=t0><input name=name></form>"
@app.get("/me")
def me():
    return "hello " + session.get("user", "nobody")
@app.post("/upload")
def upload():
    file = request.files["f"]
    return "%s|%s|%s|%s" % (file.filename, file.mimetype, file.read().decode(), request.form.get("k"))
@app.get("/cookie")
def cookie():
    return request.cookies["c"]
@app.get("/query")
def query():
    return request.query_string
def create_app():
    return app
"""

DJANGO_SETTINGS = """
import os
BASE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SECRET_KEY = "k"
DEBUG = False
ALLOWED_HOSTS = []
ROOT_URLCONF = "site_.urls"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"]
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(BASE, "db.sqlite3")}}
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]
WSGI_APPLICATION = "site_.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
"""
DJANGO_URLS = """
import json
from django import forms
from django.contrib.auth.models import User
from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.urls import include, path, re_path
from django.views import View
from django.views.decorators.csrf import csrf_exempt
class NameForm(forms.Form):
    title = forms.CharField()
@csrf_exempt
def ask(request, number):
    request.GET.get("q")
    request.GET.getlist("many")
    request.POST.get("f")
    request.COOKIES.get("c")
    request.headers.get("X-Own")
    request.META.get("HTTP_X_META")
    request.FILES.get("upload")
    request.session.get("s")
    NameForm(request.POST).is_valid()
    return HttpResponse("ok")
@csrf_exempt
def body(request):
    data = json.loads(request.body)
    return JsonResponse({"got": data["a"]})
def form(request):
    if request.method == "POST":
        User.objects.create(username=request.POST["name"])
        return HttpResponse("users %d" % User.objects.count())
    token = "<input type=hidden name=csrfmiddlewaretoken value='%s'>" % get_token(request)
    return HttpResponse("<form action='/form/' method=post>%s</form>" % token)
class Page(View):
    def get(self, request, slug):
        response = HttpResponse("<b>%s</b>" % request.GET["t"])
        response.set_cookie("mine", "1")
        return response
    def post(self, request, slug):
        raise ValueError(slug)
inner = [re_path(r"^old/(?P<slug>[\\w-]+)/$", csrf_exempt(Page.as_view()))]
urlpatterns = [path("ask/<int:number>/", ask), path("body/", body), path("form/", form), path("in/", include(inner))]
"""
DJANGO_WSGI = """
import os
from django.core.wsgi import get_wsgi_application
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_.settings")
application = get_wsgi_application()
"""
DJANGO_MANAGE = """
import os, sys
if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_.settings")
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv)
"""

FASTAPI = """
from contextlib import asynccontextmanager
from fastapi import Cookie, FastAPI, Header, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel
from starlette.routing import Mount, Route
from starlette.responses import PlainTextResponse
STARTED = []
@asynccontextmanager
async def lifespan(app):
    STARTED.append(1)
    yield
app = FastAPI(lifespan=lifespan)
class Item(BaseModel):
    name: str
    price: int = 0
@app.get("/ask/{number}")
def ask(number: int, q: str = "", x_own: str = Header(""), c: str = Cookie("")):
    return {"started": len(STARTED), "q": q, "c": c, "number": number}
@app.post("/item")
def item(item: Item):
    return {"name": item.name}
@app.post("/json")
async def json_(request: Request):
    data = await request.json()
    return {"j": data["k"]}
@app.get("/page", response_class=HTMLResponse)
async def page(request: Request):
    response = HTMLResponse("<i>%s</i>" % request.query_params["t"])
    response.set_cookie("mine", "1")
    return response
@app.get("/boom")
def boom(x: str):
    raise RuntimeError(x)
async def inner(request):
    return PlainTextResponse(request.headers.get("x-in", "none"))
app.mount("/sub", FastAPI(routes=[Route("/inner/{p:path}", inner)]))
"""

FASTAPI_TOKENS = """
from fastapi import Depends, FastAPI
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel
bearer = OAuth2PasswordBearer(tokenUrl="token")
app = FastAPI()
class User(BaseModel):
    name: str
@app.post("/token")
def token(user: User):
    return {"data": {"access_token": "secret-of-" + user.name, "token_type": "bearer"}}
@app.get("/me")
def me(token: str = Depends(bearer)):
    return {"me": token}
"""

FASTAPI_DECLARED = """
from enum import Enum
from typing import Literal, Optional
from fastapi import FastAPI
from pydantic import BaseModel, Field
app = FastAPI()
class Colour(str, Enum):
    RED = "scarlet"
class Order(BaseModel):
    size: Literal["small", "large"]
    colour: Optional[Colour] = None
    grant: str = Field(pattern="^password$")
    free: str = Field(pattern="^[a-z]+$")
@app.post("/order")
def order(order: Order):
    return {}
"""

FASTAPI_FORMS = """
from fastapi import FastAPI, Form, Request, UploadFile
app = FastAPI()
@app.post("/form")
async def form(request: Request):
    data = await request.form()
    return {"f": data.get("f")}
@app.post("/declared")
def declared(upload: UploadFile, a: str = Form(""), kept: bool = Form(False), grant: str = Form(pattern="^password$")):
    return {"a": a}
"""

AIOHTTP = """
from aiohttp import web
async def ask(request):
    data = await request.post()
    return web.Response(text="%s|%s|%s|%s" % (
        request.query.get("q"), data.get("f"), request.cookies.get("c"), request.headers.get("X-Own")), content_type="text/html")
async def boom(request):
    raise RuntimeError("bad")
async def later(app):
    app["ready"] = True
app = web.Application()
app.on_startup.append(later)
app.router.add_route("*", "/ask/{number}", ask)
app.router.add_get("/boom", boom)
"""

PLAIN = """
from http.cookies import SimpleCookie
from urllib.parse import parse_qs
def application(environ, start_response):
    query = parse_qs(environ.get("QUERY_STRING", ""))
    form = parse_qs(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode())
    cookies = SimpleCookie(environ.get("HTTP_COOKIE", ""))
    environ.get("HTTP_X_OWN")
    text = "%s|%s|%s|%s" % (query.get("q"), form.get("f"), "c" in cookies and cookies["c"].value, environ["PATH_INFO"])
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [text.encode()]
async def bare(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError
    message = await receive()
    await send({"type": "http.response.start", "status": 201, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": scope["query_string"] + b"|" + message["body"]})
"""
