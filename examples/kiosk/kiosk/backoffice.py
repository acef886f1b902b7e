"""The back office: labels to print, printers to look for, pictures to fetch and themes to load."""

import importlib
import subprocess
import urllib.request
from urllib.parse import urlsplit

from flask import Blueprint, abort, request

routes = Blueprint("backoffice", __name__)

PICTURES = ("pictures.kiosk.example", "images.kiosk.example")
PLUGINS = ("json", "csv")


@routes.post("/print")
def print_label():
    """Print a label on the counter's printer."""
    text = request.form.get("text", "")
    return {"printed": subprocess.run(f"echo {text} | fold -w 20", shell=True, capture_output=True, text=True).stdout}


@routes.post("/engrave")
def engrave():
    """Engrave a label."""
    text = request.form.get("text", "")
    return {"engraved": subprocess.run(["fold", "-w", "20"], input=text, capture_output=True, text=True).stdout}


@routes.get("/pictures")
def picture():
    """The size of a supplier's picture."""
    try:
        with urllib.request.urlopen(request.args.get("url", ""), timeout=2) as answer:
            return {"bytes": len(answer.read(1 << 20))}
    except (OSError, ValueError):
        abort(502)


@routes.get("/images")
def image():
    """The size of a picture of ours."""
    wanted = urlsplit(request.args.get("url", ""))
    host = next((known for known in PICTURES if known == wanted.hostname), None)
    name = wanted.path.removeprefix("/")
    if wanted.scheme != "https" or host is None or not (name.isascii() and name.isalnum()):
        abort(400)
    try:
        with urllib.request.urlopen(f"https://{host}/{name}", timeout=2) as answer:
            return {"bytes": len(answer.read(1 << 20))}
    except OSError:
        abort(502)


@routes.get("/export")
def export():
    """What a format's module says of itself."""
    try:
        return {"format": importlib.import_module(request.args.get("format", "json")).__name__}
    except (ImportError, ValueError):
        abort(404)


@routes.get("/convert")
def convert():
    """What a converter's module says of itself."""
    wanted = request.args.get("format", "json")
    name = next((known for known in PLUGINS if known == wanted), "json")
    return {"format": importlib.import_module(name).__name__}
