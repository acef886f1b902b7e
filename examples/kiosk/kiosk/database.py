"""The database: one SQLite file, made with a few articles when it is not there."""

import sqlite3
from pathlib import Path

from flask import Flask, current_app, g

SCHEMA = """
CREATE TABLE IF NOT EXISTS articles (id INTEGER PRIMARY KEY, name TEXT, price INTEGER, note TEXT);
CREATE TABLE IF NOT EXISTS customers (name TEXT PRIMARY KEY, password TEXT, token TEXT);
CREATE TABLE IF NOT EXISTS comments (id INTEGER PRIMARY KEY, article INTEGER, text TEXT);
"""
ARTICLES = [(1, "postcard", 150, "a view of the harbour"), (2, "poster", 1200, "blue"), (3, "guide", 900, "in five languages")]
MANUAL = "Opening hours: ten to six.\n"


def prepare(app: Flask) -> None:
    """Make the data directory with its database and the manual."""
    directory = Path(app.config["DATA"])
    for name in ("manuals", "uploads", "themes"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    (directory / "manuals" / "hours.txt").write_text(MANUAL)
    (directory / "themes" / "blue.json").write_text('{"colour": "navy"}')
    connection = sqlite3.connect(directory / "kiosk.sqlite")
    connection.executescript(SCHEMA)
    connection.executemany("INSERT OR IGNORE INTO articles VALUES (?, ?, ?, ?)", ARTICLES)
    connection.commit()
    connection.close()
    app.teardown_appcontext(_close)


def data(name: str) -> Path:
    """A directory below the data directory."""
    return Path(current_app.config["DATA"]) / name


def connection() -> sqlite3.Connection:
    """The request's connection."""
    if "connection" not in g:
        g.connection = sqlite3.connect(data("kiosk.sqlite"))
    return g.connection


def _close(_: BaseException | None) -> None:
    opened = g.pop("connection", None)
    if opened is not None:
        opened.close()
