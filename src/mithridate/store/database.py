"""Tables and the one place that opens the database. SQLite out of the box; any SQLAlchemy address works."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Column, DateTime, Engine, Float, Integer, MetaData, String, Table, Text, create_engine, event

metadata = MetaData()

runs = Table(
    "runs",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("started", DateTime(timezone=True), nullable=False),
    Column("target", Text, nullable=False),
    Column("project", Text, nullable=False, default=""),
    Column("options", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("findings", Integer, nullable=False, default=0),
    Column("report", Text),
)

corpus = Table(
    "corpus",
    metadata,
    Column("project", String(200), primary_key=True),
    Column("entry", String(400), primary_key=True),
    Column("blob", String(64), primary_key=True),
    Column("size", Integer, nullable=False),
    Column("added", Float, nullable=False),
)


def open_database(url: str) -> Engine:
    """Connect and create missing tables. Several processes may use one SQLite file at once (write-ahead log, 30 s patience)."""
    engine = create_engine(url, connect_args={"timeout": 30} if url.startswith("sqlite") else {})
    if url.startswith("sqlite"):

        @event.listens_for(engine, "connect")
        def _configure(connection, _record) -> None:  # type: ignore[no-untyped-def]
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")

    with _alone(engine.url.database if url.startswith("sqlite") else None):
        metadata.create_all(engine)
    return engine


@contextmanager
def _alone(file: str | None) -> Iterator[None]:
    """Keep other processes from making the same SQLite file at once: neither the tables nor the write-ahead log bear that."""
    if not file:
        yield
        return
    with Path(f"{file}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
