"""A step of many calls: what is kept, what a process dies of, what hangs, and how calls are changed."""

import json
from pathlib import Path
from typing import Any

import pytest

from mithridate.hunt.engines.calls.steps import document
from mithridate.hunt.engines.octets.pool import unpacked
from mithridate.languages.python.runtime.mithridate_observer.changing import Changing, as_json, depth, places, put
from mithridate.languages.python.runtime.mithridate_observer.drawing import Draw
from mithridate.languages.python.runtime.mithridate_observer.many import go_on
from mithridate.model.document import decode
from tests.languages.python.observer.running import Batch, batch, tree

TIMES = 600
LIBRARY = """
import os, signal, time
def waits(data):
    if data[:1] == b"!":
        time.sleep(60)
def large(data):
    if len(data) > 50_000:
        os.kill(os.getpid(), signal.SIGSEGV)
def lines(data):
    if data[:1] == b"\\x07":
        return 1
    return 0
def deadly(data):
    if len(data) == 3:
        os.kill(os.getpid(), signal.SIGSEGV)
    return data
def hangs(data):
    while data[:1] == b"!":
        pass
def makes(text):
    return b"\\x01" + text.encode("utf-8", "replace")
def reads(data):
    if len(data) > 150_000 and data[:1] == b"\\x01":
        os.kill(os.getpid(), signal.SIGSEGV)
"""


def bytes_of(text: str) -> dict[str, Any]:
    return {"python": "bytes", "of": text}


def many(root: Path, *steps: dict[str, Any], seconds: float = 3.0, wall: int = 20) -> Batch:
    made = [{"version": 1, "attack": [{"many": {"seed": 1, "largest": 64, "seconds": seconds, **step}}]} for step in steps]
    targets = [step["pool"][0]["target"] for step in steps]
    return batch(
        root, {"kind": "call", "targets": targets}, made, "--coverage", "--together", "8", "--each", "10", "--wall", str(wall)
    )


def call(target: str, *args: Any) -> dict[str, Any]:
    return {"target": target, "args": list(args), "kwargs": {}}


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return tree(tmp_path / "lib", lib=LIBRARY)


def test_calls_that_take_new_lines_are_told_and_counted(library: Path) -> None:
    seen = many(library, {"pool": [call("lib:lines", bytes_of("\x06"))], "times": 4000})
    kept = [unpacked(record["kept"]) for record in seen.records if "kept" in record]
    assert seen.answer()["calls"] == 4000
    assert kept[0] == call("lib:lines", bytes_of("\x06"))
    assert any(one and one["args"][0]["of"] != "\x06" for one in kept[1:]), "a call that takes the other branch"
    assert seen.ended()["ended"] == "done"


def test_what_a_process_dies_of_is_told_and_the_step_goes_on_in_another_process_without_it(library: Path) -> None:
    fatal = call("lib:deadly", bytes_of("abc"))
    pool = [call("lib:deadly", bytes_of("a")), fatal, call("lib:deadly", bytes_of("abcdefgh"))]
    seen = many(library, {"pool": pool, "times": 3})
    died = [record for record in seen.records if "died" in record]
    assert [record["died"] for record in died] == ["signal 11"]
    assert unpacked(died[0]["last"]) == fatal
    assert seen.answer()["calls"] == 3, "the others of the pool, and one more"
    assert seen.ended()["ended"] == "done"


def test_a_call_that_hangs_is_ended_long_before_the_time_of_the_run(library: Path) -> None:
    seen = many(library, {"pool": [call("lib:hangs", bytes_of("a")), call("lib:hangs", bytes_of("!"))], "times": 2}, seconds=1.0)
    last = next(record for record in seen.records if "last" in record)
    assert last.get("died", last.get("ended")) == "timeout"
    assert last["cpu_s"] < 4.0
    assert unpacked(last["last"]) == call("lib:hangs", bytes_of("!"))


def test_a_call_that_waits_without_using_the_processor_costs_the_step_its_time(library: Path) -> None:
    pool = [call("lib:waits", bytes_of("!")), call("lib:waits", bytes_of("!!")), call("lib:waits", bytes_of("a"))]
    seen = many(
        library, {"pool": pool, "times": 3}, {"pool": [call("lib:lines", bytes_of("a"))], "times": 3}, seconds=2.0, wall=3
    )
    assert [r.get("died", r.get("ended")) for r in seen.records if r.get("run") == 0 and "last" in r] == ["timeout"]
    assert seen.answer(1)["calls"] == 3, "the next document has its time"


def test_a_process_that_died_of_long_data_is_followed_by_one_that_tries_none(library: Path) -> None:
    seen = many(library, {"pool": [call("lib:large", bytes_of("a"))], "times": 30, "long": True})
    assert [record["died"] for record in seen.records if "died" in record] == ["signal 11"]
    assert seen.answer()["calls"] == 30


def test_a_call_of_the_pool_that_is_died_of_leaves_long_data_to_be_tried() -> None:
    one, other = call("m:f", "a"), call("m:f", "b")
    step = {"pool": [one, other], "seconds": 2.0, "long": True}
    assert go_on([{"many": step}], one, 0.1) and step["long"] is True and step["pool"] == [other]
    assert go_on([{"many": step}], call("m:f", "long"), 0.1) and step["long"] is False and step["pool"] == [other]


def test_long_data_that_one_function_makes_is_read_by_another_of_the_same_process(library: Path) -> None:
    steps = [
        {"pool": [call("lib:makes", "amber")], "times": 20, "long": True},
        {"pool": [call("lib:reads", bytes_of("a"))], "times": 20, "long": True},
    ]
    seen = many(library, *steps)
    last = next(unpacked(record["last"]) for record in seen.records if record.get("run") == 1 and "last" in record)
    assert last is not None
    assert last["args"][0]["of"]["latin1"].startswith("\x01a"), "as the first function returned it"


def test_a_step_without_calls_and_a_door_without_functions_are_refused(library: Path) -> None:
    refused = many(library, {"pool": [call("lib:lines", bytes_of("a"))]}, seconds=0.2)
    assert refused.ended()["ended"] == "done"
    empty = batch(library, {"kind": "call", "targets": ["lib:lines"]}, [{"version": 1, "attack": [{"many": {"pool": []}}]}])
    assert empty.ended()["ended"] == "invalid"


def changed(one: dict[str, Any], *, times: int = TIMES, **members: Any) -> list[dict[str, Any]]:
    changing = Changing(Draw(7), members.pop("words", [b"word"]), members.pop("given", []), 64, **members)
    return [changing.change(one, one) for _ in range(times)]


def test_numbers_beside_the_data_come_to_their_bounds_and_what_is_changed_is_a_copy() -> None:
    one = call("m:f", "amber", 5)
    before = json.dumps(one)
    numbers = {made["args"][1] for made in changed(one) if isinstance(made["args"][1], int)}
    assert {-1, 0, 2**31, 2**63 - 1, -(2**63)} <= numbers | {n + d for n in numbers for d in (-1, 0, 1)}
    assert json.dumps(one) == before


def test_lists_and_objects_are_changed_and_nested_but_not_deeper_than_documents_may_be() -> None:
    inner: object = {"k": "amber"}
    for _ in range(40):
        inner = [1, inner]
    one = call("m:f", inner)
    before = depth(one)
    for _ in range(4):
        one = max(changed(one, words=[], times=20), key=lambda made: (depth(made), -len(json.dumps(made))))
        assert decode(document([one])).attack
    assert depth(one) > before + 5


def test_arguments_by_name_of_one_call_come_into_others_and_text_stays_without_marks() -> None:
    made = changed(call("m:f", "a\ue000b"), named={"indent": 1})
    assert any(isinstance(one["kwargs"].get("indent"), int) and one["kwargs"]["indent"] > 255 for one in made)
    assert not any("\ue000" in one["args"][0] for one in made if isinstance(one["args"][0], str) and one["args"][0] != "a\ue000b")


def test_data_that_was_given_is_put_in_whole_as_the_place_wants_it() -> None:
    made = changed(call("m:f", bytes_of("a")), given=[b"\xffpacked"])
    assert {"make": "bytes", "latin1": "\xffpacked"} in [one["args"][0]["of"] for one in made if isinstance(one["args"][0], dict)]
    assert as_json(b"\xff", is_text=True) == "\udcff"


def test_places_are_those_of_data_and_of_the_rest() -> None:
    one = {
        **call("m:f", bytes_of("a"), 3, {"python": "tuple", "of": [1, "b"]}),
        "construct": {"args": ["c"], "kwargs": {"n": None}},
    }
    data, rest = places(one)
    assert data == [("args", 0, "of"), ("args", 2, "of", 1), ("construct", "args", 0)]
    assert ("args", 1) in rest
    assert ("construct", "kwargs", "n") in rest
    assert put(one, ("args", 2, "of", 1), "z")["args"][2]["of"] == [1, "z"]


@pytest.mark.parametrize("text", ["", "no base64!", "AAAA", 7, "eNqrVkrOSM3JyVeyUlAqzy_KSVGqBQA8UQYr"])
def test_what_is_no_packed_call_is_none(text: object) -> None:
    assert unpacked(text) is None


def test_methods_of_what_is_returned_are_called_in_other_orders() -> None:
    made = changed({**call("m:f", "a"), "then": ["load", "*"]})
    assert len({one["then"][1] for one in made}) > 5
    assert all(one["then"][0] == "load" for one in made)
