"""What is confirmed behind the parts of one application is proved in one go; other doors stay apart."""

import json
from dataclasses import replace
from pathlib import Path

from mithridate.model.entry import EntryPoint
from mithridate.stages.documents import together
from mithridate.stages.judging import Confirmed
from tests.prove.model_observer import candidate, entry, violation


def door(directory: Path, number: int, **content: object) -> EntryPoint:
    (directory / f"door-{number}.json").write_text(json.dumps({"kind": "wsgi", "routes": [], **content}))
    made = entry()
    binary = replace(made.binaries[0], directory=directory, path=f"/door-{number}.json")
    return replace(made, id=f"door {number}", binaries=(binary,))


def confirmed(behind: EntryPoint) -> Confirmed:
    seen = violation()
    return Confirmed(candidate=replace(candidate(), entry_id=behind.id), violation=seen, signature=seen.signature)


def grouped(*doors: EntryPoint) -> list[tuple[str, list[str]]]:
    return [(e.id, [c.candidate.entry_id for c in some]) for e, some in together([(d, [confirmed(d)]) for d in doors])]


def test_parts_of_one_application_are_proved_together(tmp_path: Path) -> None:
    first, second = (door(tmp_path, i + 1, **{"import": "a:app", "share": [i, 2]}) for i in range(2))
    other = door(tmp_path, 3, **{"import": "b:app", "share": [0, 2]})
    whole = door(tmp_path, 4, **{"import": "a:app"})
    assert grouped(first, other, second, whole) == [
        ("door 1", ["door 1", "door 2"]),
        ("door 3", ["door 3"]),
        ("door 4", ["door 4"]),
    ]


def test_a_door_whose_file_cannot_be_read_stays_alone_and_one_without_finds_is_left_out(tmp_path: Path) -> None:
    torn, empty = door(tmp_path, 1), door(tmp_path, 2)
    (tmp_path / "door-1.json").write_text("{")
    assert grouped(torn) == [("door 1", ["door 1"])]
    assert together([(empty, [])]) == []
