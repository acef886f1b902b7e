"""Functions that end the program where they begin."""

from pathlib import Path

import pytest

from mithridate.repair.crossing import stopped
from mithridate.repair.diff import apply, made
from mithridate.repair.python.stops import STOP, with_stops
from mithridate.repair.reading.python import PythonReader

SOURCE = '''class Till:
    def total(self, rows):
        """What a customer pays."""
        def tax(row):
            return row * 0.2
        return sum(map(tax, rows))

    def empty(self): return 0


async def total(rows):
    yield rows
'''


def line_of(name: str) -> int:
    return PythonReader().read(SOURCE.encode(), ".py").functions[name].line


@pytest.mark.parametrize("name", ["Till.total", "Till.total.tax", "Till.empty", "total"])
def test_the_function_of_a_name_stops_and_no_other(name: str) -> None:
    changed = with_stops(SOURCE.encode(), {line_of(name)}).decode()
    assert changed.count(STOP) == 1
    before, after = (PythonReader().read(text.encode(), ".py").functions for text in (SOURCE, changed))
    assert {n for n in before if [s.text for s in before[n].statements] != [s.text for s in after[n].statements]} == {name}


def test_what_is_called_ends_there_and_keeps_its_docstring() -> None:
    space: dict[str, object] = {}
    exec(with_stops(SOURCE.encode(), {line_of("Till.total"), line_of("Till.empty")}), space)
    till = space["Till"]()  # type: ignore[operator]
    assert type(till).total.__doc__ == "What a customer pays."
    for call in (lambda: till.total([1]), till.empty):
        with pytest.raises(SystemExit):
            call()


def test_of_two_functions_of_one_name_the_other_does_not_stop() -> None:
    getter = "class A:\n    @property\n    def v(self):\n        return 1\n"
    source = f"{getter}\n    @v.setter\n    def v(self, new):\n        self._v = new\n"
    both = PythonReader().read(source.encode(), ".py").functions
    changed = with_stops(source.encode(), {list(both.values())[1].line}).decode()
    assert changed.count(STOP) == 1 and changed.index(STOP) > changed.index("v.setter")


def test_what_cannot_be_read_stays_as_it_is() -> None:
    assert with_stops(b"def broken(:\n", {1}) == b"def broken(:\n"
    assert with_stops(SOURCE.encode(), {1, 1000}) == SOURCE.encode()


def test_of_a_patch_the_functions_stop_that_it_changes_and_a_patch_of_none_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "till.py").write_text(SOURCE)
    mended = SOURCE.replace("return row * 0.2", "return round(row * 0.2, 2)")
    assert apply(stopped(made({"till.py": (SOURCE.encode(), mended.encode())}), tmp_path), tmp_path)
    there = (tmp_path / "till.py").read_text()
    assert "round(row * 0.2, 2)" in there and there.count(STOP) == 1
    assert there.index("def tax") < there.index(STOP) < there.index("round(")
    (tmp_path / "till.py").write_text(SOURCE)
    assert stopped(made({"till.py": (SOURCE.encode(), b"RATE = 0.2\n" + SOURCE.encode())}), tmp_path) == ""


def test_what_a_module_does_itself_stops_no_function_that_begins_in_its_first_line(tmp_path: Path) -> None:
    source = b"def first():\n    return OTHER\n\n\nRATE = 0.1\n"
    (tmp_path / "till.py").write_bytes(source)
    assert stopped(made({"till.py": (source, source.replace(b"0.1", b"0.2"))}), tmp_path) == ""


PATTERNS = """import re

END = re.compile("a+$")
KIND: int = 3
OTHER = re.compile("b")


def cut(text):
    return END.sub("", text)


def kind(text):
    return KIND if text else None


def beside(text):
    return text.END, OTHER.match(text)
"""


@pytest.mark.parametrize(
    ("old", "new", "stops"),
    [('"a+$"', '"(?<!a)a+$"', {"cut"}), ("int = 3", "int = 4", {"kind"}), ("import re\n", "import re\nimport os\n", set())],
)
def test_what_uses_a_name_that_is_given_outside_of_functions_is_changed_too(
    old: str, new: str, stops: set[str], tmp_path: Path
) -> None:
    (tmp_path / "app.py").write_text(PATTERNS)
    diff = stopped(made({"app.py": (PATTERNS.encode(), PATTERNS.replace(old, new).encode())}), tmp_path)
    if diff:
        apply(diff, tmp_path)
    after = PythonReader().read((tmp_path / "app.py").read_bytes(), ".py").functions
    assert {name for name, function in after.items() if any(STOP in s.text for s in function.statements)} == stops


def test_names_that_are_made_of_a_changed_one_and_files_that_import_them_are_reached_too(tmp_path: Path) -> None:
    pattern = """import re
WORD = "a+"
QUOTED = "'" + WORD + "'"
END = re.compile(QUOTED)

def own(text):
    return END.match(text)

def other(text):
    return text.WORD
"""
    files = {
        "shop/pattern.py": pattern,
        "shop/by_name.py": "from .pattern import END as LAST, QUOTED\n\ndef named(text):\n    return QUOTED in text\n",
        "shop/by_module.py": "from shop import pattern\n\ndef member(text):\n    return pattern.END.match(text)\n",
        "shop/stranger.py": "END = 1\n\ndef stranger():\n    return END\n",
    }
    (tmp_path / "shop").mkdir()
    for path, text in files.items():
        (tmp_path / path).write_text(text)
    diff = stopped(made({"shop/pattern.py": (pattern.encode(), pattern.replace('"a+"', '"a"').encode())}), tmp_path)
    apply(diff, tmp_path)
    stops = {}
    for path in files:
        functions = PythonReader().read((tmp_path / path).read_bytes(), ".py").functions
        stops[path] = {name for name, function in functions.items() if any(STOP in s.text for s in function.statements)}
    assert stops == {
        "shop/pattern.py": {"own"},
        "shop/by_name.py": {"named"},
        "shop/by_module.py": {"member"},
        "shop/stranger.py": set(),
    }
