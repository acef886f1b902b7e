"""Files: manuals to read, archives to unpack, orders as XML, drafts and settings."""

import base64
import io
import json
import pickle
import tarfile
from pathlib import PurePosixPath

import yaml
from flask import Blueprint, abort, request
from lxml import etree

from kiosk.database import data

routes = Blueprint("documents", __name__)


@routes.get("/manuals")
def manual():
    """A manual by its file name."""
    path = data("manuals") / request.args.get("file", "hours.txt")
    return path.read_text() if path.is_file() else ("", 404)


@routes.get("/handbooks")
def handbook():
    """A handbook by its file name."""
    root = data("manuals").resolve()
    path = (root / PurePosixPath(request.args.get("file", "hours.txt")).name).resolve()
    return path.read_text() if path.parent == root and path.is_file() else ("", 404)


@routes.post("/photos")
def photos():
    """An archive of photographs, unpacked into the gallery."""
    with tarfile.open(fileobj=io.BytesIO(request.files["archive"].read())) as archive:
        archive.extractall(data("uploads"))
    return {"unpacked": True}


@routes.post("/drawings")
def drawings():
    """An archive of drawings, unpacked into the gallery."""
    root = data("uploads").resolve()
    with tarfile.open(fileobj=io.BytesIO(request.files["archive"].read())) as archive:
        for member in archive:
            target = root / PurePosixPath(member.name).name
            source = archive.extractfile(member) if member.isreg() else None
            if source is not None and target.name not in ("", ".", ".."):
                target.write_bytes(source.read(1 << 20))
    return {"unpacked": True}


@routes.post("/orders")
def order():
    """An order from a supplier's system."""
    parser = etree.XMLParser(resolve_entities=True, load_dtd=True, no_network=False)
    try:
        return {"item": etree.fromstring(request.get_data(), parser).findtext("item") or ""}
    except etree.XMLSyntaxError:
        abort(400)


@routes.post("/invoices")
def invoice():
    """An invoice from a supplier's system."""
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True)
    try:
        return {"item": etree.fromstring(request.get_data(), parser).findtext("item") or ""}
    except etree.XMLSyntaxError:
        abort(400)


@routes.post("/drafts")
def draft():
    """A basket that was saved on another screen."""
    try:
        return {"articles": len(pickle.loads(base64.b64decode(request.form.get("basket", ""))))}
    except (pickle.UnpicklingError, ValueError, EOFError, TypeError):
        abort(400)


@routes.post("/baskets")
def basket():
    """A basket that was saved on the till."""
    try:
        return {"articles": len(json.loads(base64.b64decode(request.form.get("basket", ""))))}
    except (ValueError, TypeError, RecursionError):
        abort(400)


@routes.post("/settings")
def settings():
    """Settings of a screen."""
    try:
        return {"settings": str(yaml.load(request.get_data(), Loader=yaml.UnsafeLoader))}
    except yaml.YAMLError:
        abort(400)


@routes.post("/options")
def options():
    """Options of a screen."""
    try:
        return {"settings": str(yaml.safe_load(request.get_data()))}
    except yaml.YAMLError:
        abort(400)
