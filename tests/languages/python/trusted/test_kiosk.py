"""The bundled shop is what its answer key says: every planted flaw shows at its route, and its twin is sound."""

import ast
import json
import os
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mithridate.languages.python.detect import detect
from mithridate.languages.python.language import PythonLanguage
from mithridate.languages.python.observer import ENVIRONMENT, INTERPRETER
from mithridate.model.execution import Command, Limits, Mount
from mithridate.model.project import Build, Flavour, Project
from mithridate.model.violation import ViolationKind
from mithridate.sandbox.registry import create

EXAMPLES = Path(__file__).parents[4] / "examples"
KIOSK = EXAMPLES / "kiosk"
ANSWERS: list[dict[str, Any]] = json.loads((EXAMPLES / "kiosk-answers.json").read_text())
IDS = [a["id"] for a in ANSWERS]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Build:
    if shutil.which("bwrap") is None:
        pytest.skip("needs bubblewrap")
    project = Project(name="kiosk", origin="kiosk", snapshot="k" * 64, tree=KIOSK, files=20, size_bytes=0)
    (component,) = detect(project)[0]
    build = PythonLanguage().build(project, component, Flavour.PLAIN, create("bubblewrap"), tmp_path_factory.mktemp("cache"))
    assert isinstance(build, Build)
    if any("flask" in s.what for s in build.incomplete) and not os.environ.get("MITHRIDATE_WHEELHOUSE"):
        pytest.skip("no index to have Flask from")
    assert build.incomplete == ()
    return build


@pytest.fixture(scope="module")
def shown(built: Build) -> dict[str, list[bool]]:
    mounts = (
        Mount(source=built.directory / "src", target="/src"),
        Mount(source=built.directory / "build", target="/build"),
        Mount(source=Path(__file__).parent / "triggers.py", target="/triggers.py"),
        Mount(source=EXAMPLES / "kiosk-answers.json", target="/answers.json"),
    )
    argv = (INTERPRETER, "/triggers.py", "/answers.json")
    done = create("bubblewrap").run(Command(argv=argv, env={**ENVIRONMENT, "PYTHONPATH": "/src"}), mounts, Limits(wall_s=120.0))
    assert done.ok, done.stderr.decode()
    result: dict[str, list[bool]] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize("name", IDS)
def test_each_flaw_shows_at_its_route(name: str, shown: dict[str, list[bool]]) -> None:
    assert shown[name][0]


@pytest.mark.parametrize("name", IDS)
def test_each_twin_is_sound(name: str, shown: dict[str, list[bool]]) -> None:
    assert not shown[name][1]


def test_the_shops_own_tests_pass_in_its_environment(built: Build) -> None:
    mounts = (Mount(source=built.directory / "src", target="/src"), Mount(source=built.directory / "build", target="/build"))
    argv = (INTERPRETER, "-m", "unittest", "discover", "-q", "tests")
    done = create("bubblewrap").run(Command(argv=argv, env={**ENVIRONMENT, "PYTHONPATH": "/src"}, cwd="/src"), mounts)
    assert done.ok, done.stderr.decode()


@cache
def functions(file: str) -> dict[str, tuple[int, int]]:
    tree = ast.parse((KIOSK / file).read_text())
    return {n.name: (n.lineno, n.end_lineno or 0) for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}


@pytest.mark.parametrize("answer", ANSWERS, ids=IDS)
def test_the_key_names_functions_lines_routes_and_kinds_that_exist(answer: dict[str, Any]) -> None:
    assert {ViolationKind(kind) for kind in answer["kinds"]}
    text = (KIOSK / answer["file"]).read_text().splitlines()
    assert 0 < answer["line"] <= len(text)
    python = answer["twin"]["file"]
    if answer["file"].endswith(".py"):
        first, last = functions(python)[answer["function"]]
        assert first <= answer["line"] <= last
    source = (KIOSK / python).read_text()
    for route, function in ((answer["route"], answer["function"]), (answer["twin"]["route"], answer["twin"]["function"])):
        method, _, path = route.partition(" ")
        assert f'@routes.{method.lower()}("{path}")\ndef {function}(' in source


def test_each_flaw_is_of_a_class_and_a_place_of_its_own() -> None:
    assert len({(a["file"], a["line"]) for a in ANSWERS}) == len(ANSWERS) >= 20
    assert len({a["twin"]["route"] for a in ANSWERS}) == len(ANSWERS)
