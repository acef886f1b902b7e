"""Ways through the shop: pages to go on to, cards, the visitors' book and postal codes."""

import ast
import logging
import re
from urllib.parse import urlsplit

from flask import Blueprint, redirect, render_template_string, request

routes = Blueprint("pages", __name__)
book = logging.getLogger("kiosk.book")

CODE = re.compile(r"^([A-Z0-9]+)*-[A-Z]{2}$")
PLAIN_CODE = re.compile(r"^[A-Z0-9]+-[A-Z]{2}$")


@routes.get("/")
def index():
    """What there is."""
    return "<html><body><a href='/articles'>Articles</a></body></html>"


@routes.get("/continue")
def proceed():
    """On to the page that the customer came for."""
    return redirect(request.args.get("next", "/"))


@routes.get("/return")
def go_back():
    """Back to a page of ours."""
    target = request.args.get("next", "/")
    parts = urlsplit(target)
    local = not parts.scheme and not parts.netloc and target.startswith("/") and not target.startswith(("//", "/\\"))
    return redirect(target if local and target.isprintable() else "/")


@routes.get("/card")
def card():
    """A greeting card with the customer's own words."""
    return render_template_string("<p>" + request.args.get("words", "") + "</p>")


@routes.get("/card/plain")
def plain_card():
    """A greeting card for the small printer."""
    return render_template_string("<p>{{ words }}</p>", words=request.args.get("words", ""))


@routes.get("/change")
def change():
    """What a sum comes to."""
    return {"result": str(eval(request.args.get("sum", "0"), {"__builtins__": {}}))}


@routes.get("/number")
def number():
    """A number as the till writes it."""
    try:
        return {"result": str(ast.literal_eval(request.args.get("sum", "0")))}
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return {"result": ""}


@routes.post("/visitors")
def visitor():
    """A line in the visitors' book."""
    book.warning("visitor %s", request.form.get("name", ""))
    return {"noted": True}


@routes.post("/guests")
def guest():
    """A line in the guests' book."""
    book.warning("guest %s", request.form.get("name", "").encode("unicode_escape").decode("ascii"))
    return {"noted": True}


@routes.get("/postal")
def postal():
    """Whether a postal code looks right."""
    return {"valid": CODE.match(request.args.get("code", "")) is not None}


@routes.get("/area")
def area():
    """Whether an area code looks right."""
    return {"valid": PLAIN_CODE.match(request.args.get("code", "")) is not None}
