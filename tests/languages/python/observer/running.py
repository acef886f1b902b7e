"""Runs the observer as the sandbox does: its own process, a target's interpreter, documents in files, records read back."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

RUN = Path(__file__).parents[4] / "src/mithridate/languages/python/runtime/run.py"
OPENING, CLOSING = "\ue000\ue100", "\ue001\ue100"

Record = dict[str, Any]


def interpreter() -> str:
    """The target's interpreter: the one named in the environment, else our own, which has the common frameworks."""
    return os.environ.get("MITHRIDATE_TEST_TARGET_PYTHON") or sys.executable


@cache
def has(module: str) -> bool:
    return subprocess.run([interpreter(), "-c", f"import {module}"], capture_output=True, check=False).returncode == 0


def needs(module: str) -> None:
    if not has(module):
        pytest.skip(f"the target's interpreter has no {module}")


def marked(text: str) -> str:
    return OPENING + text + CLOSING


def get(path: str, method: str = "GET", **members: Any) -> Record:
    return {"request": {"method": method, "path": path, **members}}


def post(path: str, **members: Any) -> Record:
    return get(path, "POST", **members)


def call(target: str, *arguments: Any, **members: Any) -> Record:
    return {"call": {"target": target, "args": list(arguments), **members}}


def document(*attack: Record, control: tuple[Record, ...] = ()) -> Record:
    return {"version": 1, "control": list(control), "attack": list(attack)}


class Batch:
    """The records of one batch, and the ways in which tests read them."""

    def __init__(self, output: bytes, code: int, errors: bytes) -> None:
        self.records: list[Record] = [json.loads(line) for line in output.splitlines()]
        self.lines = output.splitlines()
        self.code, self.errors = code, errors.decode()

    @property
    def ready(self) -> Record:
        return next(record["ready"] for record in self.records if "ready" in record)

    def answers(self, run: int = 0, phase: str = "attack") -> list[Record]:
        return [r["answer"] for r in self.records if r.get("run") == run and r.get("phase") == phase and "answer" in r]

    def answer(self, run: int = 0, phase: str = "attack") -> Record:
        return self.answers(run, phase)[-1]

    def observed(self, sink: str, run: int = 0, phase: str = "attack") -> list[Record]:
        seen = [r["observed"] for r in self.records if r.get("run") == run and r.get("phase") == phase and "observed" in r]
        return [each for each in seen if each["sink"] == sink]

    def ended(self, run: int = 0) -> Record:
        return next(record for record in self.records if record.get("run") == run and "ended" in record)

    def asked(self, run: int = 0) -> set[tuple[str, str]]:
        return {(each["where"], each["name"]) for answer in self.answers(run) for each in answer["asked"]}

    def tokens(self, run: int = 0) -> tuple[str, str]:
        marks = next(r["marks"] for r in self.records if r.get("run") == run and r.get("phase") == "attack" and "marks" in r)
        return next((opening, closing) for number, opening, closing in marks if number == 0)


def batch(
    root: Path, door: Record, documents: list[Any], *options: str, seconds: float = 60.0, names: list[str] | None = None
) -> Batch:
    """Run documents (JSON values, or bytes as they are) through a door into the tree at `root`; `names` are their files'."""
    work = root.parent / f"{root.name}-in"
    (work / "in").mkdir(parents=True, exist_ok=True)
    (work / "door.json").write_text(json.dumps({"paths": ["/src"], "environment": {}, "writable": True, "targets": [], **door}))
    for old in (work / "in").iterdir():
        old.unlink()
    for number, each in enumerate(documents):
        data = each if isinstance(each, bytes) else json.dumps(each).encode()
        (work / "in" / (names[number] if names else f"{number:04}.json")).write_bytes(data)
    command = [interpreter(), str(RUN), "batch", str(work / "door.json"), str(work / "in"), "--root", str(root), *options]
    done = subprocess.run(command, capture_output=True, timeout=seconds, check=False)
    return Batch(done.stdout, done.returncode, done.stderr)


def look(root: Path, *options: str) -> list[Record]:
    done = subprocess.run([interpreter(), str(RUN), "look", str(root), *options], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def tree(root: Path, **files: str) -> Path:
    """A tree with these files; a name without a dot is that of a module at its top."""
    root.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = root / (name if "." in name else f"{name}.py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root
