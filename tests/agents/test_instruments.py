"""The tools of roles: how much they give at most, and of which class each piece is that they give."""

from collections.abc import Sequence
from typing import Any

import pytest

from mithridate.agents.grounds import Door, InputForm, Ran, Stood
from mithridate.agents.instruments import reading, running
from mithridate.model.exchange import DataClass, Segment


class Field:
    """Grounds that hold files without end, remember what they are asked, and say what they are told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.made: bytes | str = b"made"
        self.ran = Ran(verdict="violation", told="what it did")
        self.stood: Stood | str = Stood(line=7, times=2, stack="the stack", values="the values")

    def files(self) -> Sequence[str]:
        return [f"{n}.c" for n in range(1000)]

    def read(self, file: str, first: int, last: int) -> list[str] | None:
        self.asked.append((file, first, last))
        return [f"line {n}" for n in range(first, last + 1)] if file == "a.c" else None

    def search(self, text: str) -> Sequence[tuple[str, int, str]]:
        return [("a.c", 3, f"has {text}")] if text == "known" else []

    def outline(self, file: str) -> Sequence[tuple[int, str]]:
        return [(3, "int f(void)")] if file == "a.c" else []

    def doors(self) -> Sequence[Door]:
        return [Door(id="d", kind="program-file", language="c", arguments=("@@",))]

    def input(self, form: InputForm, value: str) -> bytes | str:
        return self.made

    def run(self, door: str, data: bytes) -> Ran:
        self.asked.append((door, data))
        return self.ran

    def look(self, door: str, data: bytes, file: str, line: int) -> Stood | str:
        self.asked.append((door, data, file, line))
        return self.stood


@pytest.fixture
def field() -> Field:
    return Field()


def used(field: Field, name: str, **given: Any) -> Sequence[Segment]:
    (tool,) = [one for one in (*reading(field), *running(field)) if one.name == name]
    return tool.use(tool.arguments.model_validate(given))


def theirs(segments: Sequence[Segment]) -> list[tuple[DataClass, str]]:
    """What is not our own words."""
    return [(one.kind, one.text) for one in segments if one.kind is not None]


def test_lines_are_given_up_to_a_bound_from_the_first_that_is_asked_for(field: Field) -> None:
    assert theirs(used(field, "read_lines", file="a.c", first=5, last=6)) == [
        (DataClass.NAMES, '"a.c"'),
        (DataClass.EXCERPTS, "5: line 5\n6: line 6"),
    ]
    (_, (_, text)) = theirs(used(field, "read_lines", file="a.c", first=5, last=900))
    assert text.startswith("5: line 5\n") and text.endswith("\n204: line 204") and text.count("\n") == 199
    assert field.asked == [("a.c", 5, 6), ("a.c", 5, 204)]
    assert theirs(used(field, "read_lines", file="b.c")) == []


def test_what_reads_gives_each_thing_as_what_it_is(field: Field) -> None:
    ((kind, names),) = theirs(used(field, "list_files"))
    assert kind is DataClass.NAMES and names.split("\n") == [f"{n}.c" for n in range(400)]
    assert theirs(used(field, "search_text", text="known")) == [(DataClass.EXCERPTS, "a.c:3: has known")]
    assert theirs(used(field, "outline", file="a.c")) == [(DataClass.NAMES, '"a.c"'), (DataClass.SIGNATURES, "3: int f(void)")]
    assert theirs(used(field, "list_entry_points")) == [(DataClass.NAMES, "d  (program-file, c) @@")]
    assert theirs(used(field, "search_text", text="unknown")) == theirs(used(field, "outline", file="b.c")) == []


TRIED = {"entry_point": "d", "form": "text", "value": "x"}
SEEN = {**TRIED, "file": "a.c", "line": 6}


def test_what_runs_gives_findings_and_the_values_of_variables_as_proofs(field: Field) -> None:
    assert theirs(used(field, "run_input", **TRIED)) == [(DataClass.FINDINGS, "violation\n"), (DataClass.FINDINGS, "what it did")]
    assert theirs(used(field, "look_at_line", **SEEN)) == [
        (DataClass.FINDINGS, "line 7 was reached, 2 times\n"),
        (DataClass.FINDINGS, "the stack"),
        (DataClass.PROOFS, "the values"),
    ]
    assert field.asked == [("d", b"made"), ("d", b"made", "a.c", 6)]
    field.ran, field.stood = Ran(verdict="clean", told=""), Stood(line=7, times=0, stack="", values="")
    assert theirs(used(field, "run_input", **TRIED)) == [(DataClass.FINDINGS, "clean\n")]
    assert theirs(used(field, "look_at_line", **SEEN)) == [(DataClass.FINDINGS, "line 7 was not reached")]
    field.stood = "no code there"
    assert theirs(used(field, "look_at_line", **SEEN)) == [(DataClass.FINDINGS, "no code there")]


@pytest.mark.parametrize(("name", "given"), [("run_input", TRIED), ("look_at_line", SEEN)])
def test_nothing_runs_for_a_door_that_is_not_there_or_without_an_input(name: str, given: dict[str, Any], field: Field) -> None:
    assert theirs(used(field, name, **{**given, "entry_point": "other"})) == []
    field.made = "what it printed"
    assert theirs(used(field, name, **given)) == [(DataClass.FINDINGS, "what it printed")]
    assert not field.asked
