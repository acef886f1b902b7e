"""Claims about the calls that are made up for a function."""

import json

from mithridate.hunt.engines.calls.arguments import BYTES, FILE, PATH, STORED, TEXT, addressed, plausible, shapes
from mithridate.hunt.engines.calls.door import Parameter, Target, read_door
from mithridate.hunt.engines.calls.plans import Knowledge, jobs
from mithridate.hunt.engines.calls.state import Stage, Unit
from mithridate.hunt.engines.calls.steps import at, document, leaves, marked, replaced, spliced, with_marks


def first(name: str, annotation: str = "", default: str | None = None, doc: str = "") -> object:
    return plausible(Parameter(name=name, annotation=annotation, default=default), doc)[0]


def test_annotations_say_most() -> None:
    assert first("x", "str") == TEXT
    assert first("x", "bytes | bytearray") == BYTES
    assert first("x", "typing.BinaryIO") == FILE
    assert first("x", "pathlib.Path") == PATH
    assert first("x", "list[str]") == [TEXT]
    assert first("x", "int") == 1


def test_names_docstrings_and_defaults_say_the_rest() -> None:
    assert first("stream") == FILE
    assert first("encoding") == "utf-8"
    assert first("x", doc=":type x: bytes") == BYTES
    assert first("x", doc="Args:\n    x (str): what") == TEXT
    assert first("x", default="7") == 7


def test_methods_are_called_on_objects_made_likewise() -> None:
    target = Target(
        name="m:C.parse",
        parameters=(Parameter(name="text"),),
        construct=(Parameter(name="encoding"), Parameter(name="a", default="1")),
    )
    call = shapes(target)[0]
    assert call["args"] == [TEXT] and call["construct"] == {"args": ["utf-8"], "kwargs": {}}


def test_recorded_calls_come_first() -> None:
    target = Target(name="m:f", parameters=(Parameter(name="text"),), calls=({"args": ["<recorded>", 3]},))
    assert shapes(target)[0]["args"] == ["<recorded>", 3]


def test_optional_text_is_given_by_name() -> None:
    target = Target(name="m:f", parameters=(Parameter(name="a"), Parameter(name="pattern", default="None")))
    assert any(call["kwargs"].get("pattern") == TEXT for call in shapes(target))


def test_a_function_that_asks_for_the_name_of_a_file_gets_that_of_one_with_the_text_in_it() -> None:
    """What reads a file by its name raised at the text that stood for one, and did nothing with it."""
    for parameter in (Parameter(name="archive_path"), Parameter(name="x", annotation="os.PathLike[str]")):
        assert STORED in [call["args"][0] for call in shapes(Target(name="m:f", parameters=(parameter,)))][:3]
    optional = Target(name="m:load", parameters=(Parameter(name="settings_file", default="'settings.yaml'"),))
    assert {"settings_file": STORED} in [call["kwargs"] for call in shapes(optional)]
    folder = Target(name="m:f", parameters=(Parameter(name="target_dir"),))
    assert STORED not in [call["args"][0] for call in shapes(folder)]
    assert [call["args"][0] for call in shapes(folder)][:2] == [TEXT, f"{TEXT}/{TEXT}"]


def test_every_text_has_a_mark_of_its_own_number() -> None:
    call = {"target": "m:f", "args": ["a", {"python": "file", "of": "b"}, 3], "kwargs": {"c": ["d"]}}
    assert [at(call, place) for place in leaves(call)] == ["a", "b", "d"]
    made = json.loads(document([with_marks(call)]))["attack"][0]["call"]
    assert made["args"][0] == "\ue000\ue100a\ue001\ue100"
    assert made["args"][1]["of"] == "\ue000\ue101b\ue001\ue101"
    assert made["kwargs"]["c"] == ["\ue000\ue102d\ue001\ue102"]


def test_replacing_a_text_leaves_the_original_alone() -> None:
    call = {"target": "m:f", "args": [["a"]], "kwargs": {}}
    assert replaced(call, ("args", 0, 0), marked("b"))["args"] == [[marked("b")]]
    assert call["args"] == [["a"]]


def test_one_value_in_two_places_is_replaced_in_one() -> None:
    call = {"target": "m:f", "args": [BYTES, BYTES], "kwargs": {}}
    assert replaced(call, ("args", 1, "of"), "b")["args"] == [BYTES, {"python": "bytes", "of": "b"}]


def test_an_attack_takes_the_place_of_what_is_marked() -> None:
    assert spliced(f"git+https://{marked('a')}.example/", "-b") == "git+https://-b.example/"
    assert spliced(marked("a"), "-b") == "-b"
    assert spliced(f"x{marked('a')}", {"make": "hex", "of": "b"}) == {"make": "hex", "of": "b"}


def test_door_files_are_read_with_care() -> None:
    told = {
        "targets": ["m:f", "m:C", "m:C.g"],
        "functions": [
            {"target": "m:f", "parameters": [{"name": "a", "kind": "positional_or_keyword"}], "file": "/src/m.py", "line": 3},
            {"target": "m:C", "signature": [{"name": "x", "default": "'y'"}]},
            {"target": "m:C.g", "signature": [{"name": "self"}, {"name": "b"}]},
            {"target": 4},
        ],
        "examples": {"m:f": [["q"], 5]},
    }
    door = read_door(json.dumps(told).encode())
    assert door.targets["m:f"].parameters == (Parameter(name="a"),)
    assert door.targets["m:f"].calls == ({"args": ["q"]},)
    assert door.targets["m:C.g"].construct == (Parameter(name="x", default="'y'"),)
    assert [p.name for p in door.targets["m:C.g"].parameters] == ["b"]
    assert not read_door(b"[" * 100_000).targets


def test_what_stands_for_an_address_is_tried_with_addresses_in_which_a_word_is_marked() -> None:
    """A function that fetches what it is told to decides by the scheme, and does nothing with a word."""
    about = {"target": "m:fetch", "parameters": [{"name": "folder"}, {"name": "repo_url"}]}
    door = read_door(json.dumps({"targets": ["m:fetch"], "functions": [about]}).encode())
    (job,) = jobs(Stage.SHAPES, Unit(target="m:fetch"), Knowledge(door=door, sources={}))
    given = [call["args"] for call in job.calls]
    assert [marked(), f"git+https://amber.example/{marked()}.git@v1"] in given
    plain = Target(name="m:f", parameters=(Parameter(name="text"),))
    assert addressed(plain, shapes(plain)[0]) == []
