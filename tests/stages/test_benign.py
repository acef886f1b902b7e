"""How many inputs a patch is compared on, and which."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mithridate.model.errors import UsageError
from mithridate.model.violation import Frame
from mithridate.stages.benign import MOST, affordable, benign, spread
from tests.repair import notebook
from tests.repair.small_bench import DOOR, SmallBench

BESIDE = [bytes([120, n % 7]) + bytes(n % 7) + bytes([n]) for n in range(40)]
"""Inputs that hold nothing that the program copies."""


class Stores:
    """The parts of the real ones that are asked: a corpus of files, and a blob of the seed."""

    def __init__(self, corpus: Sequence[bytes], seed: bytes = b"") -> None:
        self._corpus = corpus
        self.corpora = self.blobs = self
        self._seed = seed

    def restore(self, _project: str, _door: str, to: Path) -> None:
        for number, data in enumerate(self._corpus):
            (to / str(number)).write_bytes(data)

    def get(self, digest: str) -> bytes:
        if digest != "seed":
            raise UsageError(f"no blob {digest}")
        return self._seed


class Seeded(SmallBench):
    """A bench whose door has seeds, of which one is in no store any more."""

    def __init__(self, room: Path) -> None:
        super().__init__({"notebook.c": notebook.SOURCE}, room)
        self.original = replace(self.original, entries={DOOR: replace(self.original.entries[DOOR], seeds=("gone", "seed"))})


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    return Seeded(tmp_path_factory.mktemp("benign"))


def chosen(bench: SmallBench, stores: Stores, folder: Path) -> tuple[bytes, ...]:
    violation = bench.subject([notebook.NOTE]).violation
    return benign(DOOR, "small", stores, bench, [], violation, folder, 0.1, 1)  # type: ignore[arg-type]


def test_what_enters_the_function_at_fault_is_chosen_however_rare(bench: Seeded, tmp_path: Path) -> None:
    one = b"n\x01a"
    found = chosen(bench, Stores([*BESIDE, one, notebook.TITLE], b"n\x02of"), tmp_path)
    assert len(found) == 12 and {one, b"n\x02of"} < set(found)
    assert notebook.TITLE not in found, "it violates something"


def test_what_the_project_brings_is_looked_at_among_any_number_of_others(bench: Seeded, tmp_path: Path) -> None:
    many = [b"x" + bytes([n // 256, n % 256]) for n in range(2000)]
    assert b"n\x02of" in chosen(bench, Stores(many, b"n\x02of"), tmp_path)


def test_where_no_source_of_the_stack_can_be_marked_some_of_all_sizes_are_chosen(bench: Seeded, tmp_path: Path) -> None:
    nowhere = replace(bench.subject([notebook.NOTE]).violation, frames=(Frame(function="f", file="/usr/include/f.h", line=3),))
    found = benign(DOOR, "small", Stores(BESIDE), bench, [], nowhere, tmp_path, 0.1, 1)  # type: ignore[arg-type]
    assert len(found) == 12 and len({len(data) for data in found}) > 4


@given(st.lists(st.binary(max_size=3)), st.integers(0, 40))
def test_inputs_are_chosen_evenly_and_each_once(inputs: list[bytes], count: int) -> None:
    different = list(dict.fromkeys(inputs))
    chosen = spread(different, count)
    assert len(chosen) == min(count, len(different)) == len(set(chosen))
    assert chosen == sorted(chosen, key=different.index)


def test_a_slow_machine_compares_fewer_and_never_hardly_any() -> None:
    quick, slow, hopeless = (affordable(each, 120.0, 1) for each in (0.01, 0.2, 60.0))
    assert quick == MOST > slow > hopeless > 8
    assert affordable(0.2, 120.0, 4) > slow
    assert affordable(0.2, 600.0, 1) > slow
