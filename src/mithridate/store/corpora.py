"""Inputs worth keeping, by project and entry point; they outlive the run and seed the next one."""

import time
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.dialects.sqlite import insert

from mithridate.store.blobs import Blobs
from mithridate.store.database import corpus


class Corpora:
    """Corpora of all projects."""

    def __init__(self, engine: Engine, blobs: Blobs) -> None:
        self._engine = engine
        self._blobs = blobs

    def add(self, project: str, entry: str, files: Iterable[Path]) -> int:
        """Keep the files' contents; returns how many were given. Known ones are left as they are."""
        rows = []
        for path in files:
            data = path.read_bytes()
            rows.append(
                {"project": project, "entry": entry, "blob": self._blobs.put(data), "size": len(data), "added": time.time()}
            )
        if rows:
            with self._engine.begin() as connection:
                for start in range(0, len(rows), 500):
                    connection.execute(insert(corpus).on_conflict_do_nothing(), rows[start : start + 500])
        return len(rows)

    def restore(self, project: str, entry: str, directory: Path, limit: int = 5000) -> int:
        """Write the kept inputs, smallest first, into `directory` under content names; returns how many."""
        query = (
            select(corpus.c.blob).where(corpus.c.project == project, corpus.c.entry == entry).order_by(corpus.c.size).limit(limit)
        )
        with self._engine.connect() as connection:
            digests = [row.blob for row in connection.execute(query)]
        for digest in digests:
            (directory / digest[:40]).write_bytes(self._blobs.get(digest))
        return len(digests)
