"""Depth is counted where functions call themselves or one another, and refused beyond a bound."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mithridate.model.violation import Frame, Violation
from mithridate.model.violation import ViolationKind as K

from .vulnerable import at, patched, proposals

DEEP = """import errors


class Decoder:
    def value(self, data, decode, **options):
        return decode(data[1:], **options)

    def __call__(self, data, **options):
        if not data:
            raise errors.TooShort("at %d" % len(data))
        if data[0] > 9:
            raise errors.Malformed("tag %d" % data[0])
        return self.value(data, self, **options)


def other(data):
    raise errors.Malformed("never")
"""


def test_functions_that_hand_their_options_on_count_their_depth_in_these(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "app.py").write_text(DEEP)
    frames = tuple(Frame(function=f, file="/src/app.py", line=n) for f, n in [("value", 6), ("__call__", 13)] * 4)
    made = proposals(tree, Violation(kind=K.STACK_EXHAUSTION, detector="growth", message="", frames=frames))
    after = [(patched(tree, p, tmp_path / f"p{n}") / "app.py").read_text() for n, p in enumerate(made)]
    count = '        options["nesting"] = options.get("nesting", 0) + 1\n        if options["nesting"] > 100:\n'
    refused = f'    def __call__(self, data, **options):\n{count}            raise errors.Malformed("nested too deeply")\n'
    own = [text for text in after if f"    def __call__(self, data, **options):\n{count}" in text]
    assert refused in own[0] and 'errors.TooShort("nested' in own[1], "first the exception that its file raises most"
    assert any(f"    def value(self, data, decode, **options):\n{count}" in text for text in after)


def test_options_that_are_not_handed_to_the_next_call_carry_no_depth(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "app.py").write_text("def walk(node, **shown):\n    draw(node, **shown)\n    return [walk(n) for n in node]\n")
    frames = tuple(Frame(function="walk", file="/src/app.py", line=3) for _ in range(4))
    made = proposals(tree, Violation(kind=K.STACK_EXHAUSTION, detector="growth", message="", frames=frames))
    assert not any("nesting" in p.diff for p in made)


PARSER = """class Malformed(ValueError):
    pass


class Parser:
    def __init__(self, text):
        self.text = text

    def value(self, at=0, *, strict=False) -> int:
        \"\"\"A value.\"\"\"
        if at >= len(self.text):
            raise Malformed("no value")
        return self.row(at) if self.text[at] == "[" else at

    def row(self, at):
        return self.value(at + 1)
"""


def test_methods_that_call_one_another_count_their_depth_on_the_object(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "app.py").write_text(PARSER)
    frames = tuple(Frame(function=f, file="/src/app.py", line=n) for f, n in [("value", 13), ("row", 16)] * 3)
    violation = replace(at(K.STACK_EXHAUSTION, 13, "value"), frames=frames)
    made = [p for p in proposals(tmp_path / "tree", violation) if "_nesting" in p.diff]
    assert [p.condition for p in made] == ["nesting >= 100"] * len(made)
    after = (patched(tmp_path / "tree", made[0], tmp_path / "after") / "app.py").read_text()
    known: dict[str, Any] = {}
    exec(after, known)
    assert known["Parser"]("[" * 90 + "1").value() == 90
    parser = known["Parser"]("[" * 200 + "1")
    for _ in range(2):
        with pytest.raises(known["Malformed"], match="nested too deeply"):
            parser.value(strict=True)
    parser.text = "[1"
    assert parser.value() == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("class Parser:", "class Parser:\n    def __getattr__(self, name):\n        return name\n"),
        ("self.text = text", "self.__dict__ = {}"),
        ("    def value", "    @property\n    def value"),
        ("return self.row", "yield self.row"),
        ("self.text = text", "self.__slots__ = ()"),
    ],
)
def test_a_depth_that_an_object_cannot_keep_is_not_kept_there(tmp_path: Path, old: str, new: str) -> None:
    (tmp_path / "app.py").write_text(PARSER.replace(old, new))
    line = PARSER.replace(old, new)[: PARSER.replace(old, new).index("self.row(at)")].count("\n") + 1
    frames = tuple(Frame(function=f, file="/src/app.py", line=n) for f, n in [("value", line)] * 3)
    violation = replace(at(K.STACK_EXHAUSTION, line, "value"), frames=frames)
    assert not any("_nesting" in p.diff for p in proposals(tmp_path, violation))


FAILING = """
    def fail(self, message, at=None, kind=Malformed):
        raise kind(message, at)

    def name(self):
        self.fail("no name")
"""


def held(tree: Path, text: str, *, frames: int = 2) -> list[str]:
    """Diffs that count the depth of `value` on the object, where each level takes so many frames."""
    (tree / "app.py").write_text(text)
    line = text[: text.index("self.row(at)")].count("\n") + 1
    row = text[: text.index("self.value(at + 1)")].count("\n") + 1
    level = [Frame(function="value", file="/src/app.py", line=line)]
    level += [Frame(function="row", file="/src/app.py", line=row)] * (frames - 1)
    violation = replace(at(K.STACK_EXHAUSTION, line, "value"), frames=tuple(level * 3))
    return [p.diff for p in proposals(tree, violation) if "+    def _nested_value(" in p.diff]


@pytest.mark.parametrize(
    ("old", "new", "refuses"),
    [
        ("", "", True),
        ("def fail", "async def fail", False),
        ("        raise kind", "        if at:\n            return\n        raise kind", False),
        ("at=None", "at", False),
        ('self.fail("no name")', "self.fail(self.text)", False),
    ],
)
def test_an_object_that_has_a_way_to_complain_refuses_by_that(old: str, new: str, refuses: bool, tmp_path: Path) -> None:
    made = held(tmp_path, PARSER.replace('raise Malformed("no value")', "return None") + FAILING.replace(old, new))
    assert made and ('+            self.fail("nested too deeply")\n' in made[0]) is refuses


def test_the_bound_leaves_room_for_the_frames_of_a_level(tmp_path: Path) -> None:
    assert "nesting >= 100:" in held(tmp_path, PARSER)[0]
    assert "nesting >= 40:" in held(tmp_path, PARSER, frames=14)[0]
    assert "nesting >= 10:" in held(tmp_path, PARSER, frames=90)[0]


def test_names_that_are_taken_are_left(tmp_path: Path) -> None:
    assert held(tmp_path, PARSER + "\n    def _nested_value(self):\n        return 0\n") == []
    assert (
        "self._nesting_value = nesting"
        in held(tmp_path, PARSER.replace("self.text = text", "self.text, self._nesting = text, 0"))[0]
    )
    renamed = PARSER.replace("def value", "def __call__").replace("self.value(at + 1)", "self.value(at + 1) or self(at)")
    (tmp_path / "app.py").write_text(renamed)
    line = renamed[: renamed.index("self.row(at)")].count("\n") + 1
    frames = tuple(Frame(function=f, file="/src/app.py", line=n) for f, n in [("__call__", line), ("row", line + 3)] * 3)
    violation = replace(at(K.STACK_EXHAUSTION, line, "__call__"), frames=frames)
    assert not any("+    def _nested_call" in p.diff for p in proposals(tmp_path, violation))
