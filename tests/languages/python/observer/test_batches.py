"""What a batch does once for all of its runs."""

from pathlib import Path

from tests.languages.python.observer.running import batch, call, document, tree

TARGET = """
import sys
def late():
    before = "colorsys" in sys.modules, "own" in sys.modules
    import colorsys, own
    return before
"""
APPLICATION = """
from flask import Flask
app = Flask(__name__)
for number in range(40):
    app.add_url_rule(f"/page/{number}", f"page{number}", lambda: "x")
"""


def test_a_library_that_a_run_imports_is_there_for_the_next_but_not_the_projects_own_module(tmp_path: Path) -> None:
    root = tree(tmp_path / "t", target=TARGET, own="")
    found = batch(root, {"kind": "call", "import": "", "targets": ["target:late"]}, [document(call("target:late"))] * 2)
    assert [found.answer(run)["returned"] for run in (0, 1)] == ["(False, False)", "(True, False)"]


def test_parts_of_an_application_tell_each_route_once(tmp_path: Path) -> None:
    root = tree(tmp_path / "t", site_app=APPLICATION)
    door = {"kind": "wsgi", "import": "site_app:app"}
    whole = [r["path"] for r in batch(root, door, []).ready["routes"]]
    parts = [[r["path"] for r in batch(root, {**door, "share": [part, 2]}, []).ready["routes"]] for part in (0, 1)]
    assert sorted(parts[0] + parts[1]) == sorted(whole)
    assert len(whole) > 40 and all(len(part) > 5 for part in parts)
