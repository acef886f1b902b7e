"""Reading small files in tests: what a reader says, as a set of texts."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from mithridate.estate.facts import FactBase
from mithridate.estate.readers.registry import read
from mithridate.estate.rules.rulebase import Rulebase
from mithridate.model.estate import Reading
from tests.estate.small import packs


@cache
def known(*names: str) -> Rulebase:
    """Packs, parsed once."""
    return packs(names)


@contextmanager
def open_base(*names: str) -> Iterator[FactBase]:
    """A fact base into which any number of files can be read."""
    with FactBase(known(*names), memory_bytes=256 << 20, threads=1) as base:
        yield base


def said(path: Path, *names: str, reader: str | None = None) -> tuple[set[str], Reading]:
    """All facts of a file, with the packs `names`, as "edge(MemberOf, account:a, group:b)", and what the reader made of it."""
    rules = known(*names)
    with FactBase(rules, memory_bytes=256 << 20, threads=1) as base:
        reading = read(path, base, reader)
        base.freeze()
        told = set()
        for predicate in rules.predicates.values():
            if predicate.role == "fact":
                told.update(str(f) for f in base.rows(predicate.name, range(base.facts(predicate.name))).values())
        return told, reading


def written(folder: Path, name: str, document: Any) -> Path:
    """A file with a JSON document in it."""
    path = folder / name
    path.write_text(json.dumps(document))
    return path
