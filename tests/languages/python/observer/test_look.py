"""`look` finds every kind of thing that can be entered, and says what it could not import."""

from pathlib import Path

import pytest

from tests.languages.python.observer.applications import AIOHTTP, FASTAPI, FLASK, PLAIN
from tests.languages.python.observer.running import Record, has, look, needs, tree

LIBRARY = '''
"""A library."""
__all__ = ["parse", "Reader"]
SEPARATOR = ";"
def parse(text: str, /, depth: int = 3, *, strict: "bool" = False, **more) -> list:
    """Parse a text.

    At length.
    """
    return [part for part in text.split("magic")]
class Reader:
    def __init__(self, source: bytes): ...
    def read(self, n=-1): ...
    async def later(self): ...
    @staticmethod
    def version() -> str: ...
    def _own(self): ...
def hidden(): ...
'''
FUZZ = """
import atheris, sys
def TestOneInput(data): ...
if __name__ == "__main__":
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
"""
PROPERTIES = """
import unittest
from hypothesis import given, strategies as st
@given(st.text())
def test_round(x): ...
@given(x=st.text())
def test_fixture(x, tmp_path): ...
@unittest.expectedFailure
@given(st.text())
def test_known(x): ...
class Case(unittest.TestCase):
    @given(st.text())
    def test_method(self, x): ...
"""
FACTORY = """
def create_app(config=None):
    from flask import Flask
    app = Flask("made")
    app.add_url_rule("/made", view_func=lambda: "x")
    return app
"""
FILES = {
    "pkg/__init__.py": "from pkg.inner import helper\n",
    "pkg/inner.py": "def helper(x): return x\ndef _private(): ...\nfrom os.path import join\n",
    "library.py": LIBRARY,
    "broken.py": "import nonexistent_module\n",
    "syntax.py": "def f(:\n",
    "quits.py": "import sys\nsys.stdout.write('x')\nraise SystemExit('stop')\n",
    "hangs.py": "import time\ntime.sleep(60)\n",
    "dies.py": "import os\nos.abort()\n",
    "serves.py": "class Server:\n    def run(self): open('/nonexistent/x')\nServer().run()\n",
    "setup.py": "raise RuntimeError('setup.py must not be imported')\n",
    "tests/test_x.py": "raise RuntimeError('tests must not be imported')\n",
    "conftest.py": "raise RuntimeError('conftest must not be imported')\n",
    "tool.py": "import sys\ndef main(): ...\nif __name__ == '__main__':\n    sys.exit(main())\n",
    "writes.py": "open('left-behind.txt', 'w').close()\n",
    "fuzz_parse.py": FUZZ,
    "tests/test_h.py": PROPERTIES,
    "pyproject.toml": '[project]\nname = "x"\n[project.scripts]\nx-tool = "tool:main"\n[tool.other]\ny = "z:z"\n',
    "setup.cfg": "[options.entry_points]\nconsole_scripts =\n    cfg-tool = tool:main [extra]\n",
    "plain.py": PLAIN,
    "web.py": FLASK,
    "api.py": FASTAPI,
    "aio.py": AIOHTTP,
    "factory.py": FACTORY,
}


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    return look(tree(tmp_path_factory.mktemp("look") / "project", **FILES), "--each", "5")


def of(records: list[Record], kind: str, key: str) -> dict[str, Record]:
    return {record[kind][key]: record[kind] for record in records if kind in record}


def test_functions_and_methods_with_their_signatures(records: list[Record]) -> None:
    functions = of(records, "function", "target")
    parse = functions["library:parse"]
    assert parse["parameters"] == [
        {"name": "text", "kind": "positional_only", "annotation": "str"},
        {"name": "depth", "kind": "positional_or_keyword", "annotation": "int", "default": "3"},
        {"name": "strict", "kind": "keyword_only", "annotation": "bool", "default": "False"},
        {"name": "more", "kind": "var_keyword", "annotation": ""},
    ]
    assert parse["doc"] == "Parse a text.\n\nAt length." and parse["returns"] == "list" and "magic" in parse["constants"]
    assert (parse["file"], LIBRARY.splitlines()[parse["line"] - 1][:9]) == ("/src/library.py", "def parse")
    assert functions["library:Reader.read"]["construct"] == [
        {"name": "source", "kind": "positional_or_keyword", "annotation": "bytes"}
    ]
    assert functions["library:Reader.later"]["is_coroutine"] and functions["library:Reader.version"]["construct"] is None
    assert "pkg:helper" in functions and "pkg.inner:helper" in functions
    assert not {"library:hidden", "library:Reader._own", "pkg.inner:_private", "pkg.inner:join"} & functions.keys()


def test_applications_of_every_kind(records: list[Record]) -> None:
    applications = of(records, "application", "import")
    assert applications["plain:application"]["kind"] == "wsgi" and applications["plain:bare"]["kind"] == "asgi"
    for module, name, kind, path in (
        ("flask", "web:app", "wsgi", "/args/<int:number>"),
        ("flask", "factory:create_app()", "wsgi", "/made"),
        ("fastapi", "api:app", "asgi", "/item"),
        ("aiohttp", "aio:app", "asgi", "/ask/{number}"),
    ):
        if has(module):
            found = applications[name]
            assert (found["kind"], found["framework"]) == (kind, module) and found["paths"] == ["/src"]
            assert path in {route["path"] for route in found["routes"]}


def test_programs_that_scripts_and_packaging_declare(records: list[Record]) -> None:
    programs = of(records, "program", "name")
    assert programs["x-tool"]["import"] == programs["cfg-tool"]["import"] == "tool:main"
    assert programs["tool"]["import"] == "/src/tool.py" and programs["tool"]["kind"] == "script"
    assert "y" not in programs


def test_fuzz_targets_are_found_without_atheris_and_are_nothing_else(records: list[Record]) -> None:
    targets = of(records, "target", "import")
    assert targets["fuzz_parse:TestOneInput"]["kind"] == "atheris"
    assert "fuzz_parse" not in of(records, "program", "name") and "fuzz_parse:TestOneInput" not in of(
        records, "function", "target"
    )


def test_property_tests_are_targets_when_hypothesis_can_give_them_bytes(records: list[Record]) -> None:
    needs("hypothesis")
    targets = of(records, "target", "import")
    assert targets["test_h:test_round"]["kind"] == "hypothesis"
    assert targets["test_h:test_round"]["paths"] == ["/src/tests", "/src"], "tests import the project from outside of it"
    assert "test_h:Case.test_method" in targets
    skipped = of(records, "skipped", "what")
    assert "what a test runner provides: tmp_path" in skipped["fuzz target test_h:test_fixture"]["reason"]
    assert "marks it" in skipped["fuzz target test_h:test_known"]["reason"]


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("broken", "No module named 'nonexistent_module'"),
        ("/src/syntax.py", "SyntaxError"),
        ("quits", "SystemExit: stop"),
        ("hangs", "timeout"),
        ("dies", "signal 6"),
    ],
)
def test_what_cannot_be_imported_is_told_with_its_reason(records: list[Record], what: str, reason: str) -> None:
    assert reason in of(records, "skipped", "what")[what]["reason"]


def test_nothing_is_imported_that_is_not_meant_to_be(records: list[Record]) -> None:
    skipped = of(records, "skipped", "what")
    assert not any("must not be imported" in each["reason"] for each in skipped.values())
    assert "serves" not in skipped and "serves" not in of(records, "module", "name")


def test_the_project_is_not_written_to(tmp_path: Path) -> None:
    root = tree(tmp_path / "p", writes=FILES["writes.py"])
    look(root)
    assert [each.name for each in root.iterdir()] == ["writes.py"]


def test_a_component_below_the_source_keeps_its_name(tmp_path: Path) -> None:
    needs("json")
    records = look(tree(tmp_path / "src" / "part", lib="def f(): ..."))
    assert of(records, "function", "target")["lib:f"]["file"] == "/src/lib.py"


def test_a_module_that_ends_the_process_has_no_others_imported_again(tmp_path: Path) -> None:
    note = f"open({str(tmp_path / 'order')!r}, 'a').write(__name__ + ' ')\n"
    dies = note + "import os\nos.abort()\n"
    records = look(tree(tmp_path / "p", a=note, b=note, c=dies, d=note, e=note))
    assert (tmp_path / "order").read_text().split() == ["a", "b", "c", "c", "d", "e"]
    assert of(records, "module", "name").keys() == {"a", "b", "d", "e"}


def test_modules_that_make_applications_are_imported_first(tmp_path: Path) -> None:
    note = f"open({str(tmp_path / 'order')!r}, 'a').write(__name__ + ' ')\n"
    look(tree(tmp_path / "p", a=note, b=note, z=note + "class Flask: ...\nserved = Flask()\n"))
    assert (tmp_path / "order").read_text().split() == ["z", "a", "b"]


def test_files_of_one_name_in_two_directories_are_both_imported(tmp_path: Path) -> None:
    files = {"one/handler.py": "def first(): ...\n", "two/handler.py": "def second(): ...\n"}
    assert {"handler:first", "handler:second"} <= of(look(tree(tmp_path / "p", **files)), "function", "target").keys()


def test_a_directory_inside_of_a_package_is_a_part_of_it_unless_its_files_say_otherwise(tmp_path: Path) -> None:
    files = {
        "pkg/__init__.py": "",
        "pkg/base.py": "def base(): ...\n",
        "pkg/parts/json5.py": "import json5\n",
        "pkg/parts/one.py": "from ..base import base\ndef first(): ...\n",
        "pkg/scripts/run.py": "import helper\ndef second(): ...\n",
        "pkg/scripts/helper.py": "def third(): ...\n",
    }
    found = of(look(tree(tmp_path / "p", **files)), "function", "target").keys()
    assert {"pkg.parts.one:first", "run:second", "helper:third"} <= found


def test_an_application_is_found_among_many_names(tmp_path: Path) -> None:
    needs("flask")
    names = "".join(f"name_{number} = {number}\n" for number in range(1000))
    found = look(tree(tmp_path / "p", web=names + "from flask import Flask\napp = Flask('many')\n"))
    assert of(found, "application", "import").keys() == {"web:app"}


def test_a_packages_copies_of_others_are_left_out_and_a_folder_of_projects_is_not(tmp_path: Path) -> None:
    body = "def parse(text: str): ...\n"
    names = ("p/__init__.py", "p/packages/__init__.py", "p/packages/other/__init__.py", "packages/one/one.py")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(body)
    found = of(look(tmp_path), "function", "target")
    assert "p:parse" in found and "one:parse" in found
    assert not any("packages.other" in target for target in found)


def test_a_module_that_reads_its_command_line_finds_no_arguments(tmp_path: Path) -> None:
    source = "import argparse\noptions = argparse.ArgumentParser().parse_args()\ndef offered(text): ...\n"
    assert "config:offered" in of(look(tree(tmp_path / "p", config=source)), "function", "target")
