"""What entry points of one program share."""

import threading
from pathlib import Path

from mithridate.hunt.campaign import Campaign, Pace
from mithridate.hunt.engines.interface import Ticker
from mithridate.hunt.scheduler import Assignment
from mithridate.model.entry import INPUT, Boundary, EntryKind, EntryPoint
from mithridate.model.project import Skipped
from mithridate.model.search import SearchResult, SearchSlice
from mithridate.sandbox.interface import Sandbox
from mithridate.sandbox.unsafe_host import UnsafeHost


def door(name: str, *arguments: str) -> EntryPoint:
    return EntryPoint(
        id=f"t:{name}:{' '.join(arguments)}",
        component="t",
        language="c",
        name=name,
        kind=EntryKind.PROGRAM_FILE,
        boundary=Boundary.REAL,
        arguments=arguments,
        suffix="",
        binaries=(),
    )


class Noting:
    """An engine that keeps one input of its own and tells which it was given."""

    name = "noting"

    def __init__(self) -> None:
        self.given: dict[str, set[bytes]] = {}

    def accepts(self, entry: EntryPoint) -> Skipped | None:
        return None

    def search(
        self, work: SearchSlice, sandbox: Sandbox, tick: Ticker | None = None, cancel: threading.Event | None = None
    ) -> SearchResult:
        self.given[work.entry.id] = {p.read_bytes() for p in work.corpus.iterdir()}
        (work.corpus / f"own-{abs(hash(work.entry.id))}").write_text(f"found by {work.entry.id}")
        return SearchResult(
            engine=self.name, executions=1, wall_s=1, cpu_s=1, covered=1, edges=1, new_units=1, corpus_units=1, candidates=()
        )


def hunt(area: Path, entries: list[EntryPoint], order: list[int]) -> dict[str, set[bytes]]:
    engine = Noting()
    campaign = Campaign(
        entries, [engine], UnsafeHost(), area, Pace(memory_bytes=1, unit_timeout_s=1), lambda _: None, threading.Event()
    )
    for number, _ in enumerate(entries):
        campaign.plant(number, [b"seed %d" % number], b"")
    for number in order:
        campaign.round([Assignment(entry=number, engine=0, seconds=1, seed=1)], 1.0)
    return engine.given


def test_a_program_under_other_arguments_takes_over_what_was_kept(tmp_path: Path) -> None:
    one, other = door("tool", INPUT), door("tool", "-x", INPUT)
    given = hunt(tmp_path, [one, other], [0, 1])
    assert given[other.id] == {b"seed 1", b"seed 0", f"found by {one.id}".encode()}


def test_another_program_keeps_its_own_inputs(tmp_path: Path) -> None:
    one, other = door("tool", INPUT), door("another", INPUT)
    assert hunt(tmp_path, [one, other], [0, 1])[other.id] == {b"seed 1"}


def test_a_door_that_comes_later_shares_with_the_one_that_it_is_like_and_with_its_sisters(tmp_path: Path) -> None:
    engine, entries = Noting(), [door("tool", INPUT), door("tool", "-x", INPUT), door("another", INPUT)]
    pace = Pace(memory_bytes=1, unit_timeout_s=1)
    campaign = Campaign(entries, [engine], UnsafeHost(), tmp_path, pace, lambda _: None, threading.Event())
    for number in range(3):
        campaign.plant(number, [b"seed %d" % number], b"")
    entries.append(door("tool", INPUT, "(patched)"))
    campaign.deepen(3, 0)
    campaign.plant(3, [b"seed 3"], b"")
    for number in (3, 0, 1):
        campaign.round([Assignment(entry=number, engine=0, seconds=1, seed=1)], 1.0)
    assert engine.given[entries[3].id] == {b"seed 0", b"seed 1", b"seed 3"}
    assert b"seed 3" in engine.given[entries[0].id] and b"seed 3" in engine.given[entries[1].id]
