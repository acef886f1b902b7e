"""Customers: registration, sign-in, vouchers and what the browser keeps for them."""

import hashlib
import random
import secrets

from flask import Blueprint, make_response, request, session
from werkzeug.security import generate_password_hash

from kiosk.database import connection

routes = Blueprint("account", __name__)

LANGUAGES = ("de", "en", "fr")


def _store(name, password, token=""):
    connection().execute("INSERT OR REPLACE INTO customers VALUES (?, ?, ?)", (name, password, token))
    connection().commit()


@routes.post("/register")
def register():
    """A new customer."""
    password = request.form.get("password", "")
    _store(request.form.get("name", ""), hashlib.md5(password.encode()).hexdigest())
    return {"registered": True}


@routes.post("/join")
def join():
    """A new customer of the friends' association."""
    _store(request.form.get("name", ""), generate_password_hash(request.form.get("password", "")))
    return {"registered": True}


@routes.post("/vouchers")
def voucher():
    """A code that is worth a postcard."""
    code = "".join(random.choice("0123456789abcdef") for _ in range(16))
    _store(request.form.get("name", ""), "", code)
    return {"voucher": code}


@routes.post("/tickets")
def ticket():
    """A code that opens the turnstile."""
    code = secrets.token_hex(8)
    _store(request.form.get("name", ""), "", code)
    return {"ticket": code}


@routes.post("/remember")
def remember():
    """Keep the customer's name on a screen at home."""
    answer = make_response({"remembered": True})
    answer.set_cookie("customer", secrets.token_hex(16))
    return answer


@routes.post("/keep")
def keep():
    """Keep the customer's basket on a screen at home."""
    answer = make_response({"kept": True})
    answer.set_cookie("basket", secrets.token_hex(16), secure=True, httponly=True, samesite="Lax")
    return answer


@routes.post("/preferences")
def preferences():
    """Whatever the customer prefers."""
    session[request.form.get("setting", "language")] = request.form.get("value", "")
    return {"saved": True}


@routes.post("/language")
def language():
    """The language of the customer's screen."""
    wanted = request.form.get("value", "en")
    session["language"] = next((known for known in LANGUAGES if known == wanted), "en")
    return {"saved": True}
