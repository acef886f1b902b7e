"""How many inputs a patch is compared on, and which."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mithridate.model.document import Document, encode
from mithridate.model.violation import Frame, Violation, ViolationKind
from mithridate.repair.crossing import innermost, marked_ways
from mithridate.repair.interface import Output, Variant
from mithridate.repair.steps.perturbed import spread
from mithridate.stages.benign import MOST, affordable, benign
from tests.repair import notebook
from tests.repair.small_bench import DOOR, SmallBench

BESIDE = [bytes([120, n % 7]) + bytes(n % 7) + bytes([n]) for n in range(40)]
"""Inputs that hold nothing that the program copies."""


class Stores:
    """The part of the real ones that is asked: a corpus of files."""

    def __init__(self, corpus: Sequence[bytes]) -> None:
        self._corpus = corpus
        self.corpora = self

    def restore(self, _project: str, _door: str, to: Path) -> None:
        for number, data in enumerate(self._corpus):
            (to / str(number)).write_bytes(data)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> SmallBench:
    return SmallBench({"notebook.c": notebook.SOURCE}, tmp_path_factory.mktemp("benign"))


def chosen(bench: SmallBench, corpus: Sequence[bytes], folder: Path, seconds: float) -> tuple[bytes, ...]:
    violation = bench.subject([notebook.NOTE]).violation
    return benign(DOOR, "small", Stores(corpus), bench, [], violation, folder, seconds, 1)  # type: ignore[arg-type]


def test_what_enters_the_function_at_fault_is_chosen_however_rare(
    bench: SmallBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mithridate.stages.benign.affordable", lambda *_: 12)
    one = b"n\x01ax\x00"
    corpus = [*BESIDE, one, notebook.TITLE]
    assert one not in spread(sorted(corpus, key=lambda data: (len(data), data)), 12), "it would not be chosen for its size"
    found = chosen(bench, corpus, tmp_path, 600.0)
    assert len(found) == 12 and one in found
    assert notebook.TITLE not in found, "it violates something"


def test_the_innermost_function_of_the_stack_counts_before_those_that_call_it(bench: SmallBench) -> None:
    violation = bench.subject([notebook.NOTE]).violation
    assert [frame.function for frame in violation.project_frames] == ["copied", "main"]
    built = bench.build(marked_ways(violation, bench.original.tree))
    assert isinstance(built, Variant)
    assert innermost(bench, built, DOOR, [b"n\x01a", b"xx", notebook.GOOD]) == [1, 2, 1]


def test_controls_of_many_proofs_leave_room_for_what_was_kept(
    bench: SmallBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mithridate.stages.benign.affordable", lambda *_: 12)
    controls = [bytes([120, 0, n]) for n in range(100, 130)]
    proof = SimpleNamespace(
        manifest=SimpleNamespace(entry=SimpleNamespace(id=DOOR)), controls=dict(enumerate(controls)), input=notebook.NOTE
    )
    violation = bench.subject([notebook.NOTE]).violation
    kept = [*BESIDE, b"n\x01a"]
    found = benign(DOOR, "small", Stores(kept), bench, [proof], violation, tmp_path, 600.0, 1)  # type: ignore[arg-type,list-item]
    assert len(found) == 12 and len(set(found) & set(controls)) == 6 and b"n\x01a" in found


def test_where_text_is_evaluated_what_an_honest_user_sends_comes_first(tmp_path: Path) -> None:
    asked: list[list[bytes]] = []

    class Observed:
        original = SimpleNamespace(entries={DOOR: SimpleNamespace(observed=True)})

        def outputs(self, _: object, __: str, inputs: Sequence[bytes]) -> list[Output]:
            """No text is a number here."""
            return [
                Output(ending="exited", exit_code=0, stdout=b"[]", stderr=b"200", refused=b"amber" in data) for data in inputs
            ]

        def judge(self, _: object, __: str, inputs: Sequence[bytes]) -> list[tuple[()]]:
            asked.append(list(inputs))
            return [()] * len(inputs)

    half = encode(Document(control=[], attack=[{"request": {"method": "GET", "path": "/", "query": [["sum", "("]]}}]))
    step = {"request": {"method": "GET", "path": "/", "query": [["sum", "(\ue000\ue100+\ue001\ue100"]]}}
    proof = SimpleNamespace(
        manifest=SimpleNamespace(entry=SimpleNamespace(id=DOOR)),
        controls={"empty": b"{}", "half": half},
        input=encode(Document(control=[], attack=[step])),
    )
    evaluated = Violation(kind=ViolationKind.CODE_INJECTION, detector="confinement", message="")
    found = benign(DOOR, "till", Stores([]), Observed(), [proof], evaluated, tmp_path, 600.0, 1)  # type: ignore[arg-type,list-item]
    assert found == tuple(asked[0]) and b"{}" in found
    assert half not in found, "what is left of the attack is refused rightly"
    assert not [data for data in found if b"'amber'" in data], "what was an error need not stay one"
    assert b'"1 + 1"' in found[1] and b"\\ue000" not in b"".join(found)


def test_where_there_is_no_time_to_look_some_of_all_sizes_are_chosen(bench: SmallBench, tmp_path: Path) -> None:
    builds = bench._built
    found = chosen(bench, BESIDE, tmp_path, 0.1)
    assert len(found) == 12 and len({len(data) for data in found}) > 4
    assert bench._built == builds, "nothing was built with marks"


def test_where_no_source_of_the_stack_can_be_marked_some_of_all_sizes_are_chosen(
    bench: SmallBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mithridate.stages.benign.affordable", lambda *_: 12)
    nowhere = replace(bench.subject([notebook.NOTE]).violation, frames=(Frame(function="f", file="/usr/include/f.h", line=3),))
    found = benign(DOOR, "small", Stores(BESIDE), bench, [], nowhere, tmp_path, 600.0, 1)  # type: ignore[arg-type]
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
