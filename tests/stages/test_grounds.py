"""Where agents work, with a door of Python: it takes documents alone, and only files of the snapshot are looked at."""

import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from mithridate.agents.grounds import Ran, Stood
from mithridate.model.entry import Binary, Boundary, EntryKind, EntryPoint
from mithridate.model.execution import Command, Execution
from mithridate.model.project import Flavour
from mithridate.model.violation import Frame, Violation, ViolationKind
from mithridate.prove.replay import REPLAY_LIMITS
from mithridate.sandbox.bubblewrap import Bubblewrap
from mithridate.stages.grounds import RunGrounds
from mithridate.stages.session import Session
from mithridate.store.blobs import Blobs
from mithridate.store.exchanges import Exchanges
from mithridate.store.seal import Seal

MODULE = "def f(text):\n    for letter in text:\n        text = letter\n    return text\n"
CALL = {"attack": [{"call": {"target": "m:f", "args": ["abc"]}}], "version": 1}
LOOSE = json.dumps(CALL, indent=1).encode()
"""A document as a model may write it: not in the form in which it is kept."""
KEPT = b'{"attack":[{"call":{"args":["abc"],"target":"m:f"}}],"control":[],"version":1}'
SHOWN = Violation(
    kind=ViolationKind.SHELL_INJECTION,
    detector="confinement",
    message="",
    frames=(Frame(function="f", file="/src/m.py", line=3), Frame(function="run", file="/usr/lib/x.py", line=1)),
)


class Counting(Bubblewrap):
    """The real one, which counts what it runs."""

    ran = 0

    def run(self, command: Command, *given: Any, **named: Any) -> Execution:
        self.ran += 1
        return super().run(command, *given, **named)


class Home:
    """A project of one module, built, with a door for its function."""

    def __init__(self, root: Path) -> None:
        (root / "src").mkdir()
        (root / "build").mkdir()
        (root / "src" / "m.py").write_text(MODULE)
        (root / "secret.py").write_text(MODULE)
        door = {"kind": "call", "import": "", "paths": ["/src"], "environment": {}, "writable": False, "targets": ["m:f"]}
        (root / "build" / "door.json").write_text(json.dumps(door))
        binary = Binary(flavour=Flavour.PLAIN, directory=root, path="/build/door.json", in_process=False)
        self.entry = EntryPoint(
            id="m:f",
            component="python:.",
            language="python",
            name="m:f",
            kind=EntryKind.FUNCTION,
            boundary=Boundary.DERIVED,
            arguments=(),
            suffix=".json",
            binaries=(binary,),
        )
        self.box = Counting()
        self.cancel = threading.Event()
        self.asked: list[bytes] = []
        self.said: tuple[Violation, ...] | None = ()
        self.session = SimpleNamespace(
            cancel=self.cancel,
            sandbox=self.box,
            replayer=SimpleNamespace(limits=replace(REPLAY_LIMITS, wall_s=30.0)),
            witnesses=SimpleNamespace(replay=self._replay),
            stores=SimpleNamespace(blobs=Blobs(f"file://{root / 'blobs'}")),
        )
        self.exchanges = Exchanges(root / "exchanges", Seal(root, sealing=False))
        self.tree = root / "src"

    def _replay(self, _: object, __: object, documents: Sequence[bytes], n: int) -> list[list[tuple[Violation, ...] | None]]:
        self.asked += documents
        return [[self.said] * n for _ in documents]

    def grounds(self, *entries: EntryPoint, seconds: float = 60.0) -> RunGrounds:
        return RunGrounds(self.tree, cast(Session, self.session), entries or (self.entry,), seconds, (self.exchanges, None))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_a_line_of_python_is_looked_at_with_a_document(home: Home) -> None:
    grounds = home.grounds()
    seen = grounds.look("m:f", LOOSE, "m.py", 3)
    assert seen == Stood(line=3, times=3, stack="f m.py:3", values="text = 'abc'\nletter = 'a'")
    assert home.box.ran == 1 and 0 < grounds.left_s < 60.0, "its time is counted"


@pytest.mark.parametrize("file", ["none.py", "../secret.py", "../src/m.py", "/src/m.py", "m.py\0", "", "link.py", "huge.py"])
def test_what_is_no_file_of_the_snapshot_is_not_looked_at(file: str, home: Home) -> None:
    (home.tree / "link.py").symlink_to("m.py")
    (home.tree / "huge.py").write_bytes(b"#" * ((2 << 20) + 1))
    assert home.grounds().look("m:f", LOOSE, file, 3) == "the snapshot has no such file"
    assert not home.box.ran


def test_what_is_no_document_is_not_run(home: Home) -> None:
    grounds = home.grounds()
    assert "takes input documents" in str(grounds.look("m:f", b"abc", "m.py", 3))
    ran = grounds.run("m:f", b"abc")
    assert ran.verdict == "failed" and "takes input documents" in ran.told
    assert not home.box.ran and not home.asked and not grounds.tried


def test_where_it_cannot_be_looked_that_is_said(home: Home) -> None:
    (home.entry.binaries[0].directory / "build" / "door.json").write_text("{")
    seen = home.grounds().look("m:f", LOOSE, "m.py", 3)
    assert isinstance(seen, str) and seen and "not built" not in seen
    unbuilt = home.grounds(replace(home.entry, binaries=()))
    assert unbuilt.look("m:f", LOOSE, "m.py", 3) == "it was not built"
    assert unbuilt.run("m:f", LOOSE) == Ran(verdict="failed", told="it was not built")
    home.cancel.set()
    ran = home.box.ran
    assert isinstance(home.grounds().look("m:f", LOOSE, "m.py", 3), str) and home.box.ran == ran
    assert home.grounds().run("m:f", LOOSE).verdict == "failed" and not home.asked


@pytest.mark.parametrize(
    ("said", "verdict", "told"),
    [
        ((), "clean", ""),
        (None, "failed", ""),
        ((SHOWN,) * 3, "violation", "\n".join(["Shell command injection in f\n  f m.py:3"] * 2)),
    ],
)
def test_a_document_is_run_as_it_is_kept_and_what_it_did_is_told(
    said: tuple[Violation, ...] | None, verdict: str, told: str, home: Home
) -> None:
    home.said = said
    grounds = home.grounds()
    assert grounds.run("m:f", LOOSE) == Ran(verdict=verdict, told=told)  # type: ignore[arg-type]
    ((door, blob),) = grounds.tried
    assert home.asked == [KEPT] and (door, home.session.stores.blobs.get(blob)) == ("m:f", KEPT)


@pytest.mark.parametrize(
    ("form", "value", "made"),
    [
        ("text", "caf\udce9", b"caf\xe9"),
        ("hex", "00 ff", b"\0\xff"),
        ("base64", "AP8=", b"\0\xff"),
        ("document", LOOSE.decode(), KEPT),
    ],
)
def test_an_input_is_made_from_each_form(form: Any, value: str, made: bytes, home: Home) -> None:
    assert home.grounds().input(form, value) == made


@pytest.mark.parametrize(
    ("form", "value"), [("hex", "0g"), ("base64", "AP8"), ("base64", "A!P8="), ("document", "[]"), ("document", "[" * 5000)]
)
def test_what_is_not_of_its_form_is_said(form: Any, value: str, home: Home) -> None:
    made = home.grounds().input(form, value)
    assert isinstance(made, str) and made.startswith(f"not {form}: ")
