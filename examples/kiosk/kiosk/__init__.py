"""A small shop for the counter of a museum: catalogue, customers' accounts, documents and a back office."""

import os
import secrets

from flask import Flask

from kiosk import account, backoffice, catalogue, database, documents, pages


def create_app() -> Flask:
    """The application with a database of its own in the directory that KIOSK_DATA names."""
    app = Flask(__name__)
    app.config["DATA"] = os.environ.get("KIOSK_DATA", "/tmp/kiosk")
    app.secret_key = os.environ.get("KIOSK_SECRET") or secrets.token_hex(32)
    for part in (pages, catalogue, account, documents, backoffice):
        app.register_blueprint(part.routes)
    database.prepare(app)
    return app
