import json
from dataclasses import replace
from pathlib import Path

from mithridate.model.entry import Binary, Boundary, EntryKind, EntryPoint
from mithridate.model.project import Flavour, ToolFailure
from mithridate.prove.debugger import Stood, stood
from mithridate.prove.replay import REPLAY_LIMITS
from mithridate.sandbox.bubblewrap import Bubblewrap

from .conftest import SOURCE, Target, entry_for

_LIMITS = replace(REPLAY_LIMITS, wall_s=30.0)


def _line(text: str) -> int:
    return next(n for n, line in enumerate(SOURCE.read_text().split("\n"), 1) if text in line)


def _look(target: Target, data: bytes, line: int, kind: EntryKind = EntryKind.PROGRAM_FILE) -> Stood | ToolFailure:
    arguments = ("@@",) if kind is EntryKind.PROGRAM_FILE else ("--",)
    entry = entry_for(target.binary, *arguments, kind=kind)
    entry = replace(entry, arguments=()) if kind is EntryKind.PROGRAM_STDIN else entry
    return stood(Bubblewrap(), entry, target.binary, data, ("poisons.c", line), _LIMITS)


def test_a_line_that_is_reached_has_its_stack_and_variables(target: Target) -> None:
    at = _line("buffer[where] = 1;")
    seen = _look(target, b"f", at)
    assert isinstance(seen, Stood)
    assert (seen.line, seen.times) == (at, 1)
    assert "fixed_write" in seen.stack.split("\n")[0]
    assert "main" in seen.stack
    assert "where" in seen.values
    assert "0x7" not in seen.stack + seen.values  # addresses differ from run to run


def test_what_is_read_from_standard_input_gets_there_too(target: Target) -> None:
    seen = _look(target, b"f", _line("buffer[where] = 1;"), EntryKind.PROGRAM_STDIN)
    assert isinstance(seen, Stood)
    assert seen.times == 1


def test_a_line_that_is_not_reached(target: Target) -> None:
    assert _look(target, b"n", _line("buffer[where] = 1;")) == Stood(line=_line("buffer[where] = 1;"), times=0)


def test_a_crash_before_the_line_is_no_stop_there(target: Target) -> None:
    seen = _look(target, b"f", _line("free((void *)buffer);"))
    assert seen == Stood(line=_line("free((void *)buffer);"), times=0)


def test_how_often_a_line_is_reached(target: Target) -> None:
    seen = _look(target, b"s", _line("static APART int descend"))
    assert isinstance(seen, Stood)
    assert seen.times > 1000


def test_no_code_there(target: Target) -> None:
    seen = _look(target, b"f", 99_999)
    assert isinstance(seen, ToolFailure)
    assert "99999" in seen.why


_MODULE = """
class Odd:
    def __repr__(self):
        raise SystemExit("never asked")

def total(text):
    sum = 0
    odd = Odd()
    for letter in text:
        sum += ord(letter)
    if sum > 1000:
        sum = -1
    return sum
"""


def _door(tmp_path: Path) -> tuple[EntryPoint, Binary]:
    (tmp_path / "src").mkdir()
    (tmp_path / "build").mkdir()
    (tmp_path / "src" / "sums.py").write_text(_MODULE)
    door = {"kind": "call", "import": "", "paths": ["/src"], "environment": {}, "writable": False, "targets": ["sums:total"]}
    (tmp_path / "build" / "door.json").write_text(json.dumps(door))
    binary = Binary(flavour=Flavour.PLAIN, directory=tmp_path, path="/build/door.json", in_process=False)
    entry = EntryPoint(
        id="sums:total",
        component="python:.",
        language="python",
        name="sums:total",
        kind=EntryKind.FUNCTION,
        boundary=Boundary.DERIVED,
        arguments=(),
        suffix=".json",
        binaries=(binary,),
    )
    return entry, binary


def _call(text: str) -> bytes:
    return json.dumps({"version": 1, "control": [], "attack": [{"call": {"target": "sums:total", "args": [text]}}]}).encode()


def test_a_line_of_python(tmp_path: Path) -> None:
    entry, binary = _door(tmp_path)
    seen = stood(Bubblewrap(), entry, binary, _call("abc"), ("sums.py", 10), _LIMITS)
    assert seen == Stood(
        line=10,
        times=3,
        stack="total sums.py:10",
        values="text = 'abc'\nsum = 0\nodd = a Odd\nletter = 'a'",
    )
    assert stood(Bubblewrap(), entry, binary, _call("abc"), ("sums.py", 12), _LIMITS) == Stood(line=12, times=0)


def test_a_door_that_does_not_open(tmp_path: Path) -> None:
    entry, binary = _door(tmp_path)
    (tmp_path / "build" / "door.json").write_text("{")
    assert isinstance(stood(Bubblewrap(), entry, binary, _call("abc"), ("sums.py", 10), _LIMITS), ToolFailure)
