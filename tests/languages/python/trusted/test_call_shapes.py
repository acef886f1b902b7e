"""Arguments that a project's own code and tests give are found as they are written."""

from pathlib import Path

from mithridate.languages.python.call_shapes import recorded_calls

from .packages import project

TARGETS = ("own.codec:decode", "own.codec:Reader", "own.codec:Reader.read", "own.text:shorten", "own.text:asynchronous")
CODEC = '''
def decode(data, strict=False):
    r"""Decode.

    >>> decode(b"\\xff", strict=True)
    1
    """
class Reader:
    def __init__(self, path): ...
    def read(self, n): ...
'''


def calls(root: Path, test: str) -> dict[str, list[object]]:
    files: dict[str, str | bytes] = {
        "own/__init__.py": "from own.codec import decode, Reader\nfrom .text import shorten\n",
        "own/codec.py": CODEC.replace(">>>", "..") if "DOC" not in test else CODEC,
        "own/text.py": "def shorten(text, n): ...\n",
        "tests/test_own.py": test,
    }
    tree = project(root, files)
    return {name: list(shapes) for name, shapes in recorded_calls(tree.tree, TARGETS).items()}


def shape(*args: object, **kwargs: object) -> dict[str, object]:
    return {"args": list(args), "kwargs": kwargs}


def test_imports_aliases_and_names_that_a_package_offers_again(tmp_path: Path) -> None:
    test = """
import own, own.codec as c
from own import shorten as cut
from own.codec import decode
decode("a")
c.decode("b", strict=True)
own.decode("c")
own.codec.decode("d")
cut("text", 3)
decode(unknown)
other.decode("e")
"""
    assert calls(tmp_path, test) == {
        "own.codec:decode": [shape("a"), shape("b", strict=True), shape("c"), shape("d")],
        "own.text:shorten": [shape("text", 3)],
    }


def test_values_are_written_as_documents_write_them(tmp_path: Path) -> None:
    test = """
import io, pathlib
from own import decode
DATA = b"\\x00\\xff"
decode(DATA)
decode((1, [None, True], {"k": -1.5}))
decode({1, })
decode(io.BytesIO(b"x"))
decode(pathlib.Path("p"))
decode({"python": "x"})
decode(float)
"""
    assert calls(tmp_path, test)["own.codec:decode"] == [
        shape({"python": "bytes", "of": {"make": "bytes", "latin1": "\x00\xff"}}),
        shape({"python": "tuple", "of": [1, [None, True], {"k": -1.5}]}),
        shape({"python": "set", "of": [1]}),
        shape({"python": "file", "of": {"make": "bytes", "latin1": "x"}}),
        shape({"python": "path", "of": "p"}),
    ]


def test_methods_come_with_how_their_object_was_made(tmp_path: Path) -> None:
    test = """
from own.codec import Reader
def test_read():
    reader = Reader("a.bin")
    assert reader.read(4)
    Reader("b.bin").read(n=2)
"""
    found = calls(tmp_path, test)
    assert found["own.codec:Reader.read"] == [
        {**shape(4), "construct": shape("a.bin")},
        {**shape(n=2), "construct": shape("b.bin")},
    ]
    assert found["own.codec:Reader"] == [shape("a.bin"), shape("b.bin")]


def test_parametrised_tests_give_their_rows(tmp_path: Path) -> None:
    test = """
import pytest
from own import decode, shorten
@pytest.mark.parametrize("given, n", [("x", 1), ("y", 2)])
def test_both(given, n):
    shorten(given, n)
@pytest.mark.parametrize("data", [b"1", b"2"])
def test_one(data):
    decode(data)
"""
    found = calls(tmp_path, test)
    assert found["own.text:shorten"] == [shape("x", 1), shape("y", 2)]
    assert len(found["own.codec:decode"]) == 2


def test_examples_in_docstrings_count(tmp_path: Path) -> None:
    assert calls(tmp_path, "# DOC\n")["own.codec:decode"] == [
        shape({"python": "bytes", "of": {"make": "bytes", "latin1": "\xff"}}, strict=True)
    ]


def test_hostile_files_are_passed_over(tmp_path: Path) -> None:
    test = "from own import decode\ndecode(" + "[" * 5000 + "]" * 5000 + ")\n"
    assert calls(tmp_path, test) == {}
    deep = "from own import decode\ndecode(" + "[" * 60 + "]" * 60 + ")\ndecode('fine')\n"
    assert calls(tmp_path / "b", deep)["own.codec:decode"] == [shape("fine")]
