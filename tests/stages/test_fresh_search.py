"""The gate's fresh hunt with an engine that does as it is told: what is run, what is counted, what is brought."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from mithridate.hunt.engines import registry
from mithridate.hunt.engines.libfuzzer import LibFuzzer
from mithridate.model.entry import EntryKind, EntryPoint
from mithridate.model.project import Skipped, ToolFailure
from mithridate.model.search import SearchResult, SearchSlice
from mithridate.sandbox.unsafe_host import UnsafeHost
from mithridate.stages.fresh_search import FreshSearch
from tests.hunt.test_campaign import door
from tests.repair.told_bench import FLAW

BROKEN = ToolFailure(tool="sandbox", why="it broke")
MANY = [b"%03d" % n for n in range(1000)]


class Told:
    """Runs what its corpus holds in a second, as many of it as `runs` says, and brings inputs that begin with a 9."""

    name = LibFuzzer.name
    kinds = frozenset({EntryKind.PROGRAM_FILE})

    def __init__(self, runs: Callable[[int], int] = lambda given: given, refuses: bool = False, wall_s: float = 1.0) -> None:
        self.runs, self.refuses, self.wall_s = runs, refuses, wall_s
        self.given: list[list[bytes]] = []
        self.seconds: list[float] = []
        self.only: list[bool] = []

    def accepts(self, _: EntryPoint) -> Skipped | None:
        return Skipped(what="it", reason="not here") if self.refuses else None

    def search(self, work: SearchSlice, *_: object, **__: object) -> SearchResult:
        data = sorted(path.read_bytes() for path in work.corpus.iterdir())
        self.given.append(data)
        self.seconds.append(work.seconds)
        self.only.append(work.given_only)
        bad = [one for one in data if one.startswith(b"9")]
        for one in bad:
            (work.candidates / one.decode()).write_bytes(one)
        return SearchResult(
            engine=self.name,
            executions=self.runs(len(data)),
            wall_s=self.wall_s,
            cpu_s=1.0,
            covered=1,
            edges=1,
            new_units=0,
            corpus_units=len(data),
            candidates=tuple(work.candidates / one.decode() for one in bad),
        )


def search(engine: Told, place: Path, monkeypatch: pytest.MonkeyPatch) -> FreshSearch:
    monkeypatch.setattr(registry, "create", lambda _: engine)
    monkeypatch.setattr(registry, "names", lambda: (engine.name,))
    return FreshSearch(UnsafeHost(), 1, 1 << 30, threading.Event(), place)


def never(_: Sequence[bytes]) -> Any:
    pytest.fail("nothing has to be judged")


def test_a_few_tell_how_many_more_the_time_allows_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Told()
    ran, found = search(engine, tmp_path, monkeypatch).near(door("t"), MANY, 2.0, never)
    assert (ran, found) == (512, []) and [len(given) for given in engine.given] == [256, 256]
    engine = Told(wall_s=0.6)
    ran, found = search(engine, tmp_path / "fast", monkeypatch).near(door("t"), MANY, 2.0, never)
    assert ran == 1000 and len(found) == 100 and [len(given) for given in engine.given] == [256, 744]
    engine = Told(wall_s=9.0)
    assert search(engine, tmp_path / "slow", monkeypatch).near(door("t"), MANY, 2.0, never) == (256, [])
    assert engine.only == [True]


@pytest.mark.parametrize("runs", [0, 3])
def test_what_ended_early_counts_for_what_it_ran_and_no_more_is_tried(
    runs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Told(lambda _: runs)
    ran, _ = search(engine, tmp_path, monkeypatch).near(door("t"), MANY, 100.0, never)
    assert ran == runs and len(engine.given) == 1


def test_where_no_process_can_run_many_each_is_judged_and_what_gave_no_answer_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bytes] = []

    def judged(some: Sequence[bytes]) -> Any:
        asked.extend(some)
        return [BROKEN if data == b"001" else (FLAW,) if data == b"050" else () for data in some]

    ran, found = search(Told(refuses=True), tmp_path, monkeypatch).near(door("t"), MANY[:70], 100.0, judged)
    assert (ran, found) == (69, [b"050"]) and asked == MANY[:70]
    assert search(Told(refuses=True), tmp_path, monkeypatch).near(door("t"), MANY[:70], 0.0, judged) == (0, [])


def test_a_hunt_gives_each_door_its_seeds_once_and_brings_what_it_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Told()
    one, other = door("a"), door("b")
    fresh = search(engine, tmp_path, monkeypatch)
    executions, found = fresh.hunt([one, other], 0.2, {one.id: [b"9a"], other.id: [b"b"]}, lambda _: False)
    assert found == {one.id: [b"9a"], other.id: []} and executions == sum(map(len, engine.given))
    assert engine.given[:2] == [[b"9a"], [b"b"]]
    refused = search(Told(refuses=True), tmp_path / "none", monkeypatch)
    assert refused.hunt([one], 9.0, {}, never) == (0, {}), "and at once"


def test_a_short_search_has_slices_in_which_an_engine_runs_something(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Told()
    executions, _ = search(engine, tmp_path, monkeypatch).hunt([door("t")], 0.1, {door("t").id: MANY[:7]}, never)
    assert executions >= 7 and min(engine.seconds) > 1.0 and not any(engine.only)


def test_a_hunt_ends_with_the_round_that_brings_enough_and_tells_each_candidate_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Told()
    asked: list[list[bytes]] = []

    def enough(brought: Any) -> bool:
        asked.append([data for found in brought.values() for data in found])
        return b"9c" in asked[-1]

    seeds = {f"t:{name}:": [data] for name, data in (("a", b"9a"), ("b", b"b"), ("c", b"9c"), ("d", b"9d"))}
    executions, found = search(engine, tmp_path, monkeypatch).hunt([door(name) for name in "abcd"], 60.0, seeds, enough)
    assert asked == [[b"9a"], [b"9c"]] and executions == 3
    assert {name: data for name, data in found.items() if data} == {"t:a:": [b"9a"], "t:c:": [b"9c"]}
