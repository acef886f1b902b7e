"""The raw side of the no-tax measurement runs the very command that the sandbox would, and both sides count what ran."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
from bench.machine import spread
from bench.no_tax import interval, pick
from bench.sides import Slice, captured, on_host, raw, through_mithridate

from mithridate.hunt.campaign import Pace
from mithridate.hunt.engines.registry import create, native
from mithridate.model.entry import EntryKind
from mithridate.model.execution import Command
from mithridate.model.project import Flavour
from mithridate.sandbox.bubblewrap import Bubblewrap

from ..languages.c.in_process import entry, program

HARMLESS = """
#include <stdio.h>
int main(int c, char **v) {
    unsigned char b[8] = {0};
    FILE *f = fopen(v[1], "rb");
    return !f || fread(b, 1, sizeof b, f) < 4 || (b[0] == 'a' && b[1] > b[2]);
}
"""


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Slice:
    place, cache = tmp_path_factory.mktemp("place"), tmp_path_factory.mktemp("cache")
    binaries = [program(place, cache, HARMLESS, flavour) for flavour in (Flavour.FUZZ, Flavour.AFL)]
    pace = Pace(memory_bytes=1 << 30, unit_timeout_s=5)
    return Slice(
        entry=entry(*binaries), engine=create("libfuzzer"), seeds=[b"seed"], dictionary=b'"abc"\n', seconds=3, seed=1, pace=pace
    )


@pytest.mark.parametrize("engine", native())
def test_both_sides_execute_and_count_cpu(work: Slice, engine: str) -> None:
    one = replace(work, engine=create(engine))
    for sample in (through_mithridate(one, Bubblewrap()), raw(one)):
        assert sample.executions > 100
        assert sample.cpu_s > sample.own_cpu_s
        assert math.isclose(sample.per_wall_s * sample.wall_s, sample.executions)


@pytest.mark.parametrize("engine", native())
def test_the_raw_side_has_the_flags_of_the_engine_and_paths_of_the_host(work: Slice, engine: str, tmp_path: Path) -> None:
    command, mounts = captured(replace(work, engine=create(engine)), tmp_path)
    argv, env = on_host(command, {m.target: str(m.source) for m in mounts} | {"/tmp": str(tmp_path)})
    assert len(argv) == len(command.argv)
    assert [a for a in argv if a.startswith("-")][1:3] == [a for a in command.argv if a.startswith("-")][1:3]
    for mount in mounts:
        assert not any(word.startswith((f"{mount.target}/", f"={mount.target}/")) for word in argv)
    assert Path(next(word for word in argv if word.endswith(".target") or "/.mithridate/" in word)).exists()
    assert Path(env["MITHRIDATE_CANDIDATES"]).is_dir()


def test_paths_are_replaced_as_a_whole_and_nothing_else_is() -> None:
    command = Command(argv=("/build/x", "-a=/corpus/", "/corpus-2", "/usr/build/y", "/work/in"), env={"P": "/build:/usr/bin"})
    argv, env = on_host(command, {"/build": "/B", "/corpus": "/C", "/work": "/W"})
    assert argv == ["/B/x", "-a=/C/", "/corpus-2", "/usr/build/y", "/W/in"]
    assert env["P"] == "/B:/usr/bin"
    assert "HOME" in env


def test_doors_are_picked_kind_by_kind(work: Slice) -> None:
    kinds = [EntryKind.PROGRAM_FILE, EntryKind.PROGRAM_FILE, EntryKind.FUZZ_TARGET]
    entries = [replace(work.entry, id=str(n), kind=kind) for n, kind in enumerate(kinds)]
    assert [e.id for e in pick(entries, 2)] == ["0", "2"]
    assert len(pick(entries, 0)) == 3


def test_the_interval_encloses_the_median_and_repeats() -> None:
    values = [0.9, 0.95, 0.96, 0.97, 0.99, 1.01]
    low, high = interval(values)
    assert 0.9 <= low < 0.965 < high <= 1.01
    assert interval(values) == (low, high)
    assert spread(values) == "0.965 (0.900 to 1.010)"
