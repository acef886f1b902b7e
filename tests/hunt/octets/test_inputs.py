"""Where data goes in a call, what it begins as, and how it grows."""

import struct
from pathlib import Path

from mithridate.hunt.engines.calls.door import Door, Parameter, Target
from mithridate.hunt.engines.calls.steps import Call
from mithridate.hunt.engines.octets.inputs import filled, has_native_code, keyword_ways, keywords, value_of, ways
from mithridate.languages.python.runtime.mithridate_observer.drawing import Draw
from mithridate.languages.python.runtime.mithridate_observer.mutation import grown

TIMES = 200


def test_a_function_that_tells_nothing_is_called_with_several_kinds_and_numbers_of_arguments() -> None:
    made = [one["args"] for one in ways(Target(name="m:f"), guessed=True)]
    kinds = {tuple(a.get("python") if isinstance(a, dict) else type(a).__name__ for a in args) for args in made}
    assert {("bytes",), ("str",), ("file",), ("stored",), ("bytes", "bytes"), ("str", "int"), ("int", "bytes")} <= kinds


def test_a_function_of_many_parameters_is_given_data_and_numbers() -> None:
    target = Target(name="m:f", parameters=tuple(Parameter(name=name) for name in ("data", "width", "height", "whatever")))
    assert [{"python": "bytes", "of": "amber"}, 1, 1, 1] in [one["args"] for one in ways(target, guessed=False)]


def test_a_parameter_called_after_files_is_also_given_the_name_of_a_file_with_the_data() -> None:
    target = Target(name="m:f", parameters=(Parameter(name="path"),))
    (one,) = [one for one in ways(target, guessed=False) if one["args"] == [{"python": "stored", "of": "amber"}]]
    made = filled(one, ("args", 0, "of"), b"\xff\x00")
    assert made["args"] == [{"python": "stored", "of": {"make": "bytes", "latin1": "\xff\x00"}}]


def test_bytes_in_a_text_stay_apart_from_each_other_and_marks_stay_out() -> None:
    one: Call = {"target": "m:f", "args": ["amber"], "kwargs": {}}
    assert filled(one, ("args", 0), b"a\xff\xee\x80\x80")["args"] == ["a\udcff"]


def test_names_of_parameters_are_read_from_native_sources_and_tried_one_at_a_time(tmp_path: Path) -> None:
    (tmp_path / "m.c").write_text('static char *kwlist[] = { "obj", "indent", NULL };\nstatic int sizes[] = { 1, 0 };\n')
    names = keywords(tmp_path)
    assert names == ["obj", "indent"]
    made = [(type(one["args"][0]), one["kwargs"]) for one in keyword_ways(Target(name="m:f"), names)]
    assert (str, {"indent": 1}) in made
    assert (dict, {"indent": 1}) in made


def test_returned_data_is_read_back() -> None:
    assert value_of(repr(b"a\xff")) == b"a\xff"
    assert value_of(repr("\u20ac")) == "\u20ac".encode()
    for other in ("b'cut of", "42", "<object>", "bytearray(b'a')", "", "['a']"):
        assert value_of(other) == b""


def test_each_line_grows_as_the_rows_of_a_table_do() -> None:
    made = [grown(b"|a|\n|-|\n", Draw(seed), 300_000) for seed in range(TIMES)]
    assert any(m.count(b"|a") > 65_535 and m.count(b"|-") > 65_535 for m in made)


def test_a_length_that_was_told_is_told_of_what_has_grown() -> None:
    data = b"\x7a" + struct.pack(">I", 9) + b"nine long"
    made = [grown(data, Draw(seed), 300_000) for seed in range(TIMES)]
    right = [m for m in made if m[:1] == b"\x7a" and struct.unpack(">I", m[1:5])[0] == len(m) - 5]
    assert any(len(m) > 65_536 for m in right)
    assert all(len(m) <= 300_000 for m in made)


def test_a_door_without_native_code_of_its_own_is_left_to_other_engines() -> None:
    door = Door(targets={"pure.part:f": Target(name="pure.part:f")})
    assert not has_native_code(door, ["/build/env/other/_speed.so", "/src/lib/other/_speed.so"])
    assert has_native_code(door, ["/src/lib/pure/_speed.so"])
    assert has_native_code(door, ["/build/env/_speed.so"]), "a module in no package may serve any"
