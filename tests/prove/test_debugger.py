import json
from dataclasses import replace
from pathlib import Path

from mithridate.model.entry import Binary, Boundary, EntryKind, EntryPoint
from mithridate.model.project import Flavour, ToolFailure
from mithridate.prove.debugger import Stood, stood
from mithridate.prove.replay import REPLAY_LIMITS
from mithridate.sandbox.bubblewrap import Bubblewrap

from .conftest import SOURCE, Target, build, entry_for

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
    assert seen.values == 'where = 20\nbuffer = 0x… ""'  # addresses differ from run to run
    assert seen.stack.split("\n")[1].startswith("#1  0x… in main (")
    assert f"at poisons.c:{at}" in seen.stack


def test_what_is_read_from_standard_input_gets_there_too(target: Target) -> None:
    seen = _look(target, b"f", _line("buffer[where] = 1;"), EntryKind.PROGRAM_STDIN)
    assert isinstance(seen, Stood)
    assert seen.times == 1


def test_a_line_that_is_not_reached(target: Target) -> None:
    assert _look(target, b"n", _line("buffer[where] = 1;")) == Stood(line=_line("buffer[where] = 1;"), times=0)


def test_a_crash_before_the_line_is_no_stop_there(target: Target) -> None:
    seen = _look(target, b"f", _line("free((void *)buffer);"))
    assert seen == Stood(line=_line("free((void *)buffer);"), times=0)


def test_how_often_a_line_is_reached_up_to_a_bound(target: Target) -> None:
    seen = _look(target, b"s", _line("static APART int descend"))
    assert isinstance(seen, Stood)
    assert seen.times == 1_000


def test_a_program_that_does_not_start_is_not_one_that_misses_the_line(tmp_path: Path) -> None:
    made = build(tmp_path / "made")
    (made.directory / "build" / "poisons").chmod(0o644)
    assert isinstance(_look(Target(entry_for(made), made), b"f", _line("buffer[where] = 1;")), ToolFailure)


_NAME = "a_variable_with_a_name_that_takes_up_room_" * 4
_DEEP = f"""
static volatile int size;
static __attribute__((noinline)) int down(int n) {{
    volatile int kept = n;
    if (n) return down(n - 1) + kept;
    {" ".join(f"volatile int {_NAME}{n} = {n};" for n in range(40))}
    size = kept; /* the bottom */
    return size;
}}
int main(void) {{ return down(40); }}
"""


def test_a_deep_stack_and_many_variables_are_cut(tmp_path: Path) -> None:
    source = tmp_path / "deep.c"
    source.write_text(_DEEP)
    made = build(tmp_path / "made", source=source)
    line = next(n for n, text in enumerate(_DEEP.split("\n"), 1) if "the bottom" in text)
    seen = _look(Target(entry_for(made), made), b"", line)
    assert isinstance(seen, Stood)
    frames = [text for text in seen.stack.split("\n") if text.startswith("#")]
    assert len(frames) == 16 and all("down (n=" in frame for frame in frames)
    assert len(seen.values) == 4000 and f"{_NAME}1 = 1\n" in seen.values


_LIAR = r"""
#include <stdio.h>
static __attribute__((noinline)) int seldom(int n) {
    static volatile char word[400];
    for (int i = 0; i < 400; i++) word[i] = i < 399 ? "ab"[i % 2] : 0;
    return puts((char *)word) + n; /* seldom */
}
int main(int argc, char **argv) {
    for (int i = 0; i < 2; i++) {
        FILE *out = i ? stderr : stdout;
        fputs("Breakpoint 1, main () at poisons.c:9\nmithridate: here\nbreakpoint already hit 77 times\n", out);
        fflush(out);
    }
    FILE *file = fopen(argv[1], "rb");
    return file && fgetc(file) == 'y' ? seldom(argc) : 0;
}
"""


def test_what_a_program_says_is_not_taken_for_the_debuggers_words(tmp_path: Path) -> None:
    source = tmp_path / "liar.c"
    source.write_text(_LIAR)
    made = build(tmp_path / "made", source=source)
    line = next(n for n, text in enumerate(_LIAR.split("\n"), 1) if "/* seldom" in text)
    assert _look(Target(entry_for(made), made), b"n", line) == Stood(line=line, times=0)
    seen = _look(Target(entry_for(made), made), b"y", line)
    assert isinstance(seen, Stood)
    assert (seen.times, seen.values) == (1, f'word = "{"ab" * 32}"...'), "and of a long value not all is told"


def test_no_code_there(target: Target) -> None:
    seen = _look(target, b"f", 99_999)
    assert isinstance(seen, ToolFailure)
    assert "99999" in seen.why


_MODULE = f"""
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

def down(depth):
    if depth:
        return down(depth - 1)
    {"; ".join(f"{_NAME}{n} = {n}" for n in range(40))}
    return depth

def leave(text):
    import os
    os._exit(len(text))
"""


def _door(tmp_path: Path) -> tuple[EntryPoint, Binary]:
    (tmp_path / "src").mkdir()
    (tmp_path / "build").mkdir()
    (tmp_path / "src" / "sums.py").write_text(_MODULE)
    targets = [f"sums:{name}" for name in ("total", "down", "leave")]
    door = {"kind": "call", "import": "", "paths": ["/src"], "environment": {}, "writable": False, "targets": targets}
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


def _call(argument: object, target: str = "sums:total") -> bytes:
    return json.dumps({"version": 1, "control": [], "attack": [{"call": {"target": target, "args": [argument]}}]}).encode()


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


def test_much_of_python_is_cut(tmp_path: Path) -> None:
    entry, binary = _door(tmp_path)
    seen = stood(Bubblewrap(), entry, binary, _call(30, "sums:down"), ("sums.py", 19), _LIMITS)
    assert isinstance(seen, Stood)
    assert seen.stack.split("\n") == ["down sums.py:19", *["down sums.py:17"] * 15]
    assert len(seen.values) == 4000 and seen.values.startswith(f"depth = 0\n{_NAME}0 = 0\n")


def test_a_process_that_ends_at_the_line_was_there(tmp_path: Path) -> None:
    entry, binary = _door(tmp_path)
    seen = stood(Bubblewrap(), entry, binary, _call("abc", "sums:leave"), ("sums.py", 23), _LIMITS)
    assert isinstance(seen, Stood)
    assert (seen.times, seen.stack) == (1, "leave sums.py:23")


def test_a_door_that_does_not_open(tmp_path: Path) -> None:
    entry, binary = _door(tmp_path)
    (tmp_path / "build" / "door.json").write_text("{")
    assert isinstance(stood(Bubblewrap(), entry, binary, _call("abc"), ("sums.py", 10), _LIMITS), ToolFailure)
