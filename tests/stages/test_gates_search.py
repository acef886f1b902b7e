"""When the gate's search ends early: what lies near goes first, and what is held against a proposal ends it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mithridate.model.violation import Violation
from mithridate.repair.interface import Found
from mithridate.stages import workshop
from mithridate.stages.workshop import Workshop
from tests.repair.told_bench import DOOR, FLAW, NEXT, variant

SHOWS: Mapping[bytes, tuple[Violation, ...]] = {b"flaw": (FLAW,), b"next": (NEXT,)}


def searched(
    monkeypatch: pytest.MonkeyPatch, place: Path, near: list[bytes], rounds: list[list[bytes]], *, enough: bytes
) -> tuple[Found, int]:
    """What a search says whose engines bring these, and how many rounds of slices there were."""
    hunted = 0

    class Brings:
        def __init__(self, *_: object) -> None:
            (place / "search-1").mkdir()

        def near(self, *_: object) -> tuple[int, list[bytes]]:
            return 7, near

        def hunt(
            self, _: object, __: float, ___: object, stop: Callable[[Mapping[str, Sequence[bytes]]], bool]
        ) -> tuple[int, dict[str, list[bytes]]]:
            nonlocal hunted
            for brought in rounds:
                hunted += 1
                if stop({DOOR: brought}):
                    break
            return 100 * hunted, {DOOR: [data for brought in rounds[:hunted] for data in brought]}

    built = variant("patched", DOOR)
    tools = SimpleNamespace(sandbox=None, jobs=1, memory_bytes=1, cancel=None)
    shop: Any = Workshop.__new__(Workshop)
    monkeypatch.setattr(shop, "_tools", tools, raising=False)
    monkeypatch.setattr(shop, "_folder", place, raising=False)
    monkeypatch.setattr(shop, "_next", lambda: 1, raising=False)
    monkeypatch.setattr(shop, "_searchable", lambda _: list(built.entries.values()), raising=False)
    monkeypatch.setattr(shop, "judge", lambda _, __, inputs: [SHOWS.get(data, ()) for data in inputs], raising=False)
    monkeypatch.setattr(workshop, "FreshSearch", Brings)
    found = shop.search(built, 5.0, {}, {DOOR: [b"beside"]}, lambda data, *_: data == enough)
    assert not (place / "search-1").exists()
    return found, hunted


def test_what_lies_near_is_judged_before_any_search(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found, hunted = searched(monkeypatch, tmp_path, [b"flaw", b"fine"], [[b"next"]], enough=b"flaw")
    assert hunted == 0 and found == Found(executions=0, violations=((b"flaw", DOOR, FLAW),), near=7)


def test_a_search_ends_with_the_round_that_decides(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found, hunted = searched(monkeypatch, tmp_path, [b"flaw"], [[b"fine"], [b"next"], [b"flaw"]], enough=b"next")
    assert hunted == 2 and found.executions == 200 and found.near == 7
    assert found.violations == ((b"flaw", DOOR, FLAW), (b"next", DOOR, NEXT)), "each is judged once"


def test_of_many_that_one_round_brings_all_are_judged_at_the_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    many = [b"%d" % n for n in range(12)]
    found, hunted = searched(monkeypatch, tmp_path, [], [[*many, b"next"]], enough=b"nothing")
    assert hunted == 1 and found.violations == ((b"next", DOOR, NEXT),)
