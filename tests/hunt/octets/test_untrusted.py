"""What a target may make of our search: records are written by whoever runs in the sandbox, and batches end when it likes."""

import json
from collections.abc import Container, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from mithridate.hunt.engines.calls.runner import Output
from mithridate.hunt.engines.octets.engine import OctetsEngine
from mithridate.hunt.engines.octets.functions import STATE_FILE
from mithridate.hunt.engines.octets.pool import LARGEST_KEPT, Pool, unpacked
from mithridate.hunt.engines.octets.reports import MOST_CALLS, causes, number
from mithridate.languages.python.runtime.mithridate_observer.last import packed
from mithridate.model.search import SearchResult, SearchSlice
from tests.hunt.octets.native_code import slice_for

READY = {"ready": {"python": "3.11", "seconds": 1e14, "routes": []}}
Record = dict[str, Any]


def call(text: str, target: str = "m:f") -> Record:
    return {"target": target, "args": [text], "kwargs": {}}


class Records:
    """Answers each batch with the records that `make` gives for its documents; cancels after the last batch."""

    def __init__(self, *makes: Any) -> None:
        self.makes, self.batches = makes, 0
        self.documents: list[list[Record]] = []

    def run(
        self,
        documents: Sequence[bytes],
        seconds: float,
        each_s: float,
        *,
        coverage: bool = True,
        alone: Container[int] | None = None,
    ) -> Output:
        del seconds, each_s, coverage, alone
        self.documents.append([json.loads(data) for data in documents])
        made = self.makes[self.batches](self.documents[-1])
        self.batches += 1
        return Output(records=b"\n".join(json.dumps(record).encode() for record in made))

    def is_set(self) -> bool:
        return self.batches >= len(self.makes)


def answered(documents: Sequence[Record], first: int = 0) -> list[Record]:
    """Every call is taken."""
    made: list[Record] = []
    for place, document in enumerate(documents[first:], first):
        for step in document["attack"]:
            answer = {"raised": "", "returned": "", "edges": 1, "new_edges": 1} if "call" in step else {"calls": 5}
            made.append({"run": place, "phase": "attack", "answer": answer})
        made.append(end(place))
    return made


def end(place: int, how: str = "done") -> Record:
    return {"run": place, "ended": how, "cpu_s": 0.0, "frames": []}


def searched(work: SearchSlice, *makes: Any) -> tuple[SearchResult, Records]:
    records = Records(*makes)
    return OctetsEngine(runner=records).search(work, None, None, records), records  # type: ignore[arg-type]


def state(work: SearchSlice) -> Record:
    told: Record = json.loads((work.work / STATE_FILE).read_bytes())
    return told


def test_more_answers_than_calls_end_no_search(tmp_path: Path) -> None:
    def too_many(documents: list[Record]) -> list[Record]:
        answer = {"phase": "attack", "answer": {"raised": "", "returned": "", "edges": 1, "new_edges": 1}}
        return [READY, *({"run": 0, **answer} for _ in range(len(documents[0]["attack"]) + 50)), end(0, "signal 11")]

    work = slice_for(tmp_path, ["m:f"], 300.0)
    result, _ = searched(work, too_many)
    assert result.failure is None and list(state(work)["pools"])


@pytest.mark.parametrize(
    "record",
    [
        {"answer": {"calls": 10**400}},
        {"answer": {"calls": -5}},
        {"answer": {"calls": True, "reached": 7}},
        {"kept": packed(call("b")), "new_edges": -(10**300), "returned": 7},
        {"kept": packed(call("b")), "new_edges": 10**400, "returned": ["x"]},
        {"kept": packed({"target": "m:f", "args": 7, "kwargs": []}), "new_edges": 1},
        {"kept": packed(call("b", "os:system")), "new_edges": 1},
        {"said": packed({"target": "m:f"}), "text": {"a": 1}},
        {"said": packed(call("\ud800")), "text": "SUMMARY: X: \ud800"},
        {"last": packed({"target": "m:f", "args": [], "kwargs": {}, "construct": 5}), "ended": "signal 11"},
        {"last": packed(call("b")), "ended": ["signal"], "report": 7},
    ],
)
def test_no_record_of_a_step_ends_a_search_or_counts_for_more_than_can_be(tmp_path: Path, record: Record) -> None:
    def hostile(documents: list[Record]) -> list[Record]:
        return [READY, {"run": 0, "phase": "attack", **record}, *answered(documents)]

    work = slice_for(tmp_path, ["m:f"], 300.0)
    result, _ = searched(work, lambda documents: [READY, *answered(documents)], hostile)
    (pool,) = state(work)["pools"]
    assert 0 <= result.executions <= MOST_CALLS + 1000
    assert 0 <= pool["gained"] < 100
    assert all(one["target"] == "m:f" and isinstance(one["args"], list) for one in pool["kept"])
    assert state(work)["opening_s"] < 10, "as long as the batch took, whatever is said"


def test_a_count_is_one() -> None:
    assert [number(told, 9) for told in (5, 10**400, -1, True, 2.5, "7", None)] == [5, 9, 0, 0, 0, 0, 0]


def test_causes_are_short_and_few() -> None:
    made = causes("".join(f"SUMMARY: X: {place} {'a' * 5000}\n" for place in range(5000)))
    assert len(made) <= 64 and max(map(len, made)) <= 300


def test_a_target_that_tells_of_ever_new_calls_fills_no_memory_and_no_disk(tmp_path: Path) -> None:
    def flood(documents: list[Record]) -> list[Record]:
        told = [{"run": 0, "phase": "attack", "kept": packed(call(f"{n} " + "a" * 60_000)), "new_edges": 1} for n in range(3000)]
        said = [{"run": 0, "phase": "attack", "said": packed(call(f"{n}")), "text": f"SUMMARY: X: f{n} g\n"} for n in range(3000)]
        return [READY, *told, *said, *answered(documents)]

    work = slice_for(tmp_path, ["m:f"], 300.0)
    searched(work, lambda documents: [READY, *answered(documents)], flood)
    (pool,) = state(work)["pools"]
    assert sum(len(json.dumps(one)) for one in pool["kept"]) < 2_000_000
    assert len(list(work.candidates.iterdir())) == 64, "as many as one process tells of"


def test_a_pool_knows_calls_by_digests_and_keeps_so_many_bytes() -> None:
    pool = Pool("m:f", [], [call("a")])
    for n in range(300):
        assert pool.keep(call(f"{n} " + "a" * 100_000))
        assert not pool.keep(call(f"{n} " + "a" * 100_000))
    assert all(isinstance(known, bytes) and len(known) == 16 for known in pool.known)
    assert 5 < len(pool.kept) < 20 and pool.kept[-1]["args"][0].startswith("299 ")
    pool.forget(pool.kept[-1])
    assert pool.kept[-1]["args"][0].startswith("298 ")
    again = Pool.of(json.loads(json.dumps(pool.state())))
    assert not again.keep(pool.kept[0])
    assert again.keep(call("new")) and again.kept[-1] == call("new")


def test_kept_calls_are_no_larger_than_what_is_changed_further() -> None:
    large = packed(call("a" * LARGEST_KEPT))
    assert unpacked(large) is not None
    assert unpacked(large, LARGEST_KEPT) is None
    assert unpacked(packed(call("a" * (LARGEST_KEPT - 200))), LARGEST_KEPT) is not None
    deep: Any = "a"
    for _ in range(200):
        deep = [deep]
    assert unpacked(packed({**call("a"), "args": deep})) is None


def test_functions_of_a_batch_that_fails_are_tried_in_the_next_one(tmp_path: Path) -> None:
    work = slice_for(tmp_path, ["m:f", "m:g"], 300.0)
    _, records = searched(work, lambda _: [{"failed": {"why": "no"}}], lambda documents: [READY, *answered(documents)])
    assert records.documents[0] == records.documents[1]
    assert {pool["target"] for pool in state(work)["pools"]} == {"m:f", "m:g"}


def test_functions_that_a_batch_did_not_get_to_are_tried_in_the_next_one(tmp_path: Path) -> None:
    work = slice_for(tmp_path, ["m:f", "m:g"], 300.0)
    searched(work, lambda documents: [READY, *answered(documents[:1])], lambda documents: [READY, *answered(documents)])
    assert {pool["target"] for pool in state(work)["pools"]} == {"m:f", "m:g"}


def test_a_function_with_which_every_batch_is_cut_off_is_given_up_and_those_behind_it_are_not(tmp_path: Path) -> None:
    names = ["m:f", "m:g", "m:h"]
    work = slice_for(tmp_path, names, 300.0)
    bad: list[str] = []

    def cut_off(documents: list[Record]) -> list[Record]:
        targets = [document["attack"][0].get("call", {}).get("target") for document in documents]
        bad[:] = bad or targets[:1]
        return [READY] if bad[0] in targets else [READY, *answered(documents)]

    searched(work, *[cut_off] * 5)
    assert {pool["target"] for pool in state(work)["pools"]} == {*names} - {*bad}
    assert state(work)["unprobed"] == []


def test_what_was_to_be_tried_in_a_step_that_was_cut_off_is_tried_in_the_next_one(tmp_path: Path) -> None:
    work = slice_for(tmp_path, ["m:f"], 300.0)
    fatal = {"run": 0, "died": "signal 11", "last": packed(call("b")), "frames": []}
    found = {"run": 0, "phase": "attack", "kept": packed(call("c")), "new_edges": 1}
    _, records = searched(
        work,
        lambda documents: [READY, *answered(documents)],
        lambda _: [READY, found, fatal],
        lambda documents: [READY, *answered(documents)],
    )
    steps = [documents[0]["attack"][0]["many"] for documents in records.documents[1:]]
    assert all(one in steps[1]["pool"] for one in steps[0]["pool"])
    assert call("c") in steps[1]["pool"], "what was told before the end counts"
    assert list(work.candidates.iterdir()), "what a process died of, too"
    assert state(work)["pools"][0]["batches"] == 1


def test_what_a_process_died_of_is_not_tried_again_with_the_rest_of_its_step() -> None:
    pool = Pool("m:f", [call("fatal"), call("fresh")], [call("a")])
    pool.step(1, [], [], Random(1), 64)
    pool.forget(call("fatal"))
    pool.ended(whole=False)
    assert pool.fresh == [call("fresh")] and pool.others == []


def test_a_step_is_made_again_a_few_times_only() -> None:
    pool = Pool("m:f", [call("fresh")], [call("a")])
    for _ in range(3):
        assert call("fresh") in json.loads(pool.step(1, [], [], Random(1), 64))["attack"][0]["many"]["pool"]
        pool.ended(whole=False)
    assert pool.fresh == [] and pool.batches == 1
