"""Doors of the fuzz targets and property tests that a project has: what the look told of them, as the content of door files."""

import re
from collections.abc import Iterator, Mapping, Sequence

from mithridate.languages.python.look import plain
from mithridate.languages.python.text import texts
from mithridate.model.project import Skipped

PROPERTY = ".hypothesis.fuzz_one_input"
"""What Hypothesis calls a test's entrance for bytes; a test's name with it is what a document calls."""
MAXIMUM = 400
"""Property tests that one process serves."""
_TARGET = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_LONGEST = 400
_TEXT = "\ue000amber\ue001"
_BYTES = ("\x01" + _TEXT, "\x01" + _TEXT + "~" * 16)
"""Marked text where Atheris' provider reads a text first: an odd byte makes it ASCII. What comes from the end is not small."""


def targets(records: Sequence[Mapping[str, object]], skipped: list[Skipped]) -> Iterator[tuple[str, dict[str, object]]]:
    """(name, content without what every door has): one of each fuzz target; one of all property tests in a folder."""
    properties: dict[str, list[Mapping[str, object]]] = {}
    for record in records:
        where = record.get("import")
        if not isinstance(where, str) or not _TARGET.fullmatch(where) or len(where) > _LONGEST:
            reason = "the observer's description of it is not understood"
            skipped.append(Skipped(what=f"fuzz target {plain(where)}", reason=reason))
        elif record.get("kind") == "hypothesis":
            properties.setdefault(_folder(record, where), []).append({**record, "import": where + PROPERTY})
        else:
            yield f"{where} (target)", _content([record], "atheris")
    for folder, tests in properties.items():
        for start in range(0, len(tests), MAXIMUM):
            number = f" {start // MAXIMUM + 1}" if start else ""
            yield f"{folder} (properties{number})", _content(tests[start : start + MAXIMUM], "hypothesis")


def _folder(record: Mapping[str, object], where: str) -> str:
    """Where a test lies: its directory on the import path, and its package."""
    root = next(iter(texts(record.get("paths"))), "/src").removeprefix("/src").strip("/")
    module = where.partition(":")[0]
    package = module.rpartition(".")[0].replace(".", "/")
    return "/".join(part for part in (root, package) if part) or "."


def _content(records: Sequence[Mapping[str, object]], engine: str) -> dict[str, object]:
    names = [str(record["import"]) for record in records]
    data = {"name": "data", "kind": "positional_only", "annotation": "bytes"}
    functions = [{"target": n, "parameters": [data], **_place(r)} for n, r in zip(names, records, strict=True)]
    calls = {n: [{"args": [{"python": "bytes", "of": text}], "kwargs": {}} for text in _BYTES] for n in names}
    return {
        "kind": "target",
        "import": names[0],
        "paths": list(dict.fromkeys(path for record in records for path in texts(record.get("paths")))),
        "targets": names,
        "functions": functions,
        "of": engine,
        **({"calls": calls} if engine == "atheris" else {}),
    }


def _place(record: Mapping[str, object]) -> dict[str, object]:
    line = record.get("line")
    return {"file": plain(record.get("file")), "line": line if isinstance(line, int) else 0}
