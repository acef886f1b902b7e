"""Functions, methods and programs through their doors."""

from pathlib import Path

import pytest

from tests.languages.python.observer.running import batch, call, document, marked, tree

LIBRARY = """
import asyncio
class Reader:
    def __init__(self, source): self.source = source
    def first(self, n): return self.source[:n]
    @classmethod
    def named(cls, n): return cls.__name__ + n
    @staticmethod
    def plain(n): return n
async def later(x):
    await asyncio.sleep(0)
    return x * 2
async def stream(n):
    for i in range(n): yield i
def endless():
    i = 0
    while True:
        yield i
        i += 1
def fails(x):
    raise KeyError(x)
def leaves():
    raise SystemExit(3)
"""
PROGRAM = """
import argparse, os, sys
parser = argparse.ArgumentParser()
parser.add_argument("--count", type=int, default=1)
parser.add_argument("--mode", choices=["fast", "slow"])
parser.add_argument("file")
def main():
    options = parser.parse_args()
    os.environ.get("MY_SETTING")
    print(open(options.file).read() * options.count + sys.stdin.read())
    return 4
if __name__ == "__main__":
    sys.exit(main())
"""


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return tree(tmp_path / "lib", lib=LIBRARY, tool=PROGRAM)


def returns(root: Path, step: dict[str, object]) -> str:
    text: str = batch(root, {"kind": "call", "targets": ["lib:fails"]}, [document(step)]).answer()["returned"]
    return text


def test_methods_are_bound_to_constructed_objects(library: Path) -> None:
    assert returns(library, call("lib:Reader.first", 2, construct={"args": ["abc"]})) == "'ab'"
    assert returns(library, call("lib:Reader.named", "!")) == "'Reader!'"
    assert returns(library, call("lib:Reader.plain", "p")) == "'p'"


def test_coroutines_run_and_generators_are_consumed_up_to_a_bound(library: Path) -> None:
    assert returns(library, call("lib:later", "x")) == "'xx'"
    assert returns(library, call("lib:stream", 3)) == "[0, 1, 2]"
    assert returns(library, call("lib:endless")).count(",") == 9_999


def test_an_exception_is_observed_where_it_was_raised(library: Path) -> None:
    found = batch(library, {"kind": "call", "targets": ["lib:fails"]}, [document(call("lib:fails", marked("k")))])
    (error,) = found.observed("error")
    assert error["detail"] == {"type": "KeyError", "module": "builtins"} and error["marks"] == [0]
    assert error["frames"][0] == {"file": "/src/lib.py", "line": 21, "function": "fails"}
    assert found.answer()["raised"] == error["text"] and found.ended()["ended"] == "done"


def test_system_exit_ends_a_call_and_not_the_observer(library: Path) -> None:
    found = batch(library, {"kind": "call", "targets": ["lib:fails"]}, [document(call("lib:leaves"), call("lib:later", "x"))])
    assert [answer["raised"] for answer in found.answers()] == ["SystemExit: 3", ""]


def test_a_program_gets_arguments_files_and_standard_input_and_says_what_it_asked_for(library: Path) -> None:
    step = {"program": {"args": ["--count", "2", "f.txt"], "stdin": marked("in"), "files": {"f.txt": "F"}}}
    found = batch(library, {"kind": "program", "import": "/src/tool.py"}, [document(step)])
    opening, closing = found.tokens()
    assert found.answer()["body"] == f"FF{opening}in{closing}\n" and found.answer()["status"] == 4
    assert {("arguments", "--count"), ("arguments", "--mode"), ("arguments", "file"), ("body", "stdin")} <= found.asked()
    assert ("environment", "MY_SETTING") in found.asked()
    assert {"fast", "slow"} <= set(found.answer()["compared"])


def test_a_program_takes_no_call_but_one_that_measures_a_pattern(library: Path) -> None:
    door = {"kind": "program", "import": "/src/tool.py"}
    search = {"call": {"target": "re:search", "args": ["b+", "abbc", 0]}}
    found = batch(library, door, [document(search), document({"call": {"target": "os:getcwd"}})])
    assert found.answer()["returned"].startswith("<re.Match") and found.ended(0)["ended"] == "done"
    assert found.ended(1)["ended"] == "invalid"


def test_an_entry_point_is_a_program_too(library: Path) -> None:
    step = {"program": {"args": ["f"], "files": {"f": "F"}}}
    assert batch(library, {"kind": "program", "import": "tool:main"}, [document(step)]).answer()["status"] == 4


def test_a_file_outside_of_the_working_directory_is_refused(library: Path) -> None:
    found = batch(library, {"kind": "program", "import": "tool"}, [document({"program": {"files": {"../x": "y"}}})])
    assert found.ended()["ended"] == "invalid" and "outside" in found.ended()["why"]


def test_a_name_that_a_package_has_for_the_fast_variant_of_a_module_stays_that(tmp_path: Path) -> None:
    files = {"pack/__init__.py": "from . import _quick as plain\n", "pack/_quick.py": "def f(): return 'quick'\n"}
    root = tree(tmp_path / "lib", **files, **{"pack/plain.py": "def f(): return 'plain'\n", "use.py": USE})
    door = {"kind": "call", "targets": ["pack.plain:f", "use:f"]}
    seen = batch(root, door, [document(call("use:f"))])
    assert seen.answer()["returned"] == "'quick'"


def test_a_module_that_cannot_be_imported_closes_the_door_of_no_other(tmp_path: Path) -> None:
    root = tree(tmp_path / "lib", broken="0xFFL\n", sound="def f(): return 1\n")
    seen = batch(
        root, {"kind": "call", "targets": ["broken:f", "sound:f"]}, [document(call("sound:f")), document(call("broken:f"))]
    )
    assert seen.answer(0)["returned"] == "1"
    assert seen.answer(1)["raised"].startswith("SyntaxError")
    alone = batch(root, {"kind": "call", "targets": ["broken:f"]}, [document(call("broken:f"))])
    assert "failed" in alone.records[0]


USE = """
import pack
def f(): return pack.plain.f()
"""


def test_what_is_made_of_the_data_is_read_and_objects_that_are_not_native_are_left_alone(tmp_path: Path) -> None:
    root = tree(tmp_path / "lib", lib=READ)
    door = {"kind": "call", "targets": ["lib:opened", "lib:log"]}
    seen = batch(root, door, [document(call("lib:opened", then=["load", "__iter__", "*"]), call("lib:log"))])
    assert seen.answers()[1]["returned"] == "['load']"


READ = """
calls = []
class Opened:
    def load(self): calls.append("load")
    def remove(self): calls.append("remove")
def opened(): return Opened()
def log(): return calls
"""
