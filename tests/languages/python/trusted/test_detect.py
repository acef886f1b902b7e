"""Which folders are Python components, and which only hold what builds something else."""

from pathlib import Path

import pytest

from mithridate.languages.c.detect import detect as detect_c
from mithridate.languages.python.detect import detect
from mithridate.model.project import BuildSystem

from .packages import project

PROJECT = '[project]\nname = "x"\nversion = "1"\n'
SETUP = "from setuptools import setup\nsetup(name='x')\n"
MAIN = "int main(void) { return 0; }\n"
APP = "from flask import Flask\napp = Flask(__name__)\n"


def found(root: Path, files: dict[str, str | bytes]) -> list[str]:
    return [c.path for c in detect(project(root, files))[0]]


@pytest.mark.parametrize(
    "files",
    [
        {"pyproject.toml": PROJECT, "x/__init__.py": ""},
        {"pyproject.toml": '[tool.poetry]\nname = "x"\n[tool.poetry.dependencies]\npython = "^3.9"\n', "x.py": ""},
        {"pyproject.toml": '[build-system]\nrequires = ["flit_core"]\nbuild-backend = "flit_core.buildapi"\n', "x.py": ""},
        {"setup.py": SETUP, "src/x/__init__.py": ""},
        {"setup.py": "import setuptools\nsetuptools.setup()\n", "x.py": ""},
        {"setup.cfg": "[metadata]\nname = x\n", "x.py": ""},
        {"requirements.txt": "flask\n", "app.py": APP},
        {"requirements/base.txt": "flask\n", "app.py": APP},
        {"Pipfile": "[packages]\nflask = '*'\n", "app.py": APP},
        {"x/__init__.py": "", "x/y.py": ""},
        {"a.py": "", "b.py": ""},
    ],
)
def test_each_kind_of_project_is_one_component_at_the_root(tmp_path: Path, files: dict[str, str | bytes]) -> None:
    components, skipped = detect(project(tmp_path, files))
    assert [(c.id, c.language, c.path, c.system) for c in components] == [("proj", "python", ".", BuildSystem.PYTHON)]
    assert skipped == ()


@pytest.mark.parametrize(
    "files",
    [
        {"Makefile": "a: a.o\n", "a.c": MAIN, "scripts/gen.py": "", "tools/check.py": "", "tests/run.py": ""},
        {"waf": "#!/usr/bin/python\n", "wscript": "", "waflib/__init__.py": "", "waflib/Build.py": "", "a.c": MAIN},
        {"CMakeLists.txt": "project(x)", "a.c": MAIN, "generate.py": "", "requirements.txt": "gcovr\n"},
        {"a.c": MAIN, "docs/requirements.txt": "sphinx\n", "docs/conf.py": ""},
        {"a.c": MAIN, "pyproject.toml": "[tool.black]\nline-length = 99\n", "format.py": ""},
        {"a.c": MAIN, "test/suite/__init__.py": "", "scripts/lib/__init__.py": ""},
        {"main.go": "", "a.go": "", "b.go": "", "hack/gen.py": ""},
        {"pyproject.toml": PROJECT, "README": ""},
        {"a.c": MAIN, "third_party/z/setup.py": SETUP, "third_party/z/z.py": ""},
    ],
)
def test_helpers_of_another_language_and_trees_without_python_are_no_component(
    tmp_path: Path, files: dict[str, str | bytes]
) -> None:
    assert found(tmp_path, files) == []


@pytest.mark.parametrize(
    ("files", "paths"),
    [
        ({"CMakeLists.txt": "project(x)", "a.c": MAIN, "python/setup.py": SETUP, "python/x/__init__.py": ""}, ["python"]),
        ({"a.c": MAIN, "pyproject.toml": PROJECT, "x/__init__.py": ""}, ["."]),
        ({"a.c": MAIN, "bindings/pkg/__init__.py": "", "bindings/pkg/m.py": ""}, ["bindings"]),
        (
            {"Makefile": "a: a.o\n", "a.c": MAIN, "web/app.py": APP, "web/requirements.txt": "flask\n", "scripts/x.py": ""},
            ["web"],
        ),
    ],
)
def test_in_a_c_project_only_packages_projects_and_web_applications_count(
    tmp_path: Path, files: dict[str, str | bytes], paths: list[str]
) -> None:
    assert found(tmp_path, files) == paths


def test_the_outermost_project_takes_the_nested_ones_and_says_so(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "pyproject.toml": PROJECT,
        "x/__init__.py": "",
        "plugins/p/setup.py": SETUP,
        "plugins/p/p.py": "",
    }
    components, skipped = detect(project(tmp_path, files))
    assert [c.path for c in components] == ["."]
    assert [s.what for s in skipped] == ["plugins/p"]


def test_projects_beside_one_another_are_each_a_component(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "README": "",
        "backend/pyproject.toml": PROJECT,
        "backend/x/__init__.py": "",
        "worker/requirements.txt": "celery\n",
        "worker/tasks.py": "",
        "noxfile.py": "",
    }
    assert found(tmp_path, files) == ["backend", "worker"]


def test_loose_code_in_several_folders_is_one_component_above_them(tmp_path: Path) -> None:
    assert found(tmp_path, {"service/a/x.py": "", "service/b/y.py": "", "README": ""}) == ["service"]


def test_beside_a_c_component_the_name_differs(tmp_path: Path) -> None:
    tree = project(tmp_path, {"a.c": MAIN, "pyproject.toml": PROJECT, "x/__init__.py": ""})
    ids = [c.id for c in (*detect_c(tree)[0], *detect(tree)[0])]
    assert ids == ["proj", "proj-python"]


def test_the_owner_overrides_detection_and_c_leaves_python_to_us(tmp_path: Path) -> None:
    toml = """
detect = false
wheelhouse = "wheels"
[[component]]
path = "tools"
system = "python"
options = ["flask>=2"]
env = { MODE = "test" }
"""
    tree = project(tmp_path, {"mithridate.toml": toml, "tools/a.py": "", "x/pyproject.toml": PROJECT, "x/x.py": "", "a.c": MAIN})
    (component,), _ = detect(tree)
    assert (component.path, component.options, dict(component.env)) == ("tools", ("flask>=2",), {"MODE": "test"})
    assert detect_c(tree)[0] == ()


def test_the_owner_can_have_a_folder_left_alone(tmp_path: Path) -> None:
    toml = '[[component]]\npath = "x"\nskip = true\n'
    tree = project(tmp_path, {"mithridate.toml": toml, "x/setup.py": SETUP, "x/x.py": "", "y/setup.py": SETUP, "y/y.py": ""})
    assert [c.path for c in detect(tree)[0]] == ["y"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("pyproject.toml", "a = " + "[" * 1_000_000, "nested too deeply"),
        ("pyproject.toml", b"[project]\nname = '\xff\xfe'\n", "not UTF-8"),
        ("pyproject.toml", "[project\n", "not valid TOML"),
        ("pyproject.toml", "#" * (2 << 20), "larger than"),
        ("setup.py", "(" * 100_000, "not Python|nested too deeply"),
        ("setup.py", "-" * 300_000 + "1", "nested too deeply|not Python"),
        ("setup.py", "x = " + "+".join("a" * 200_000), "nested too deeply|not Python|larger"),
        ("setup.py", b"\0\0", "not Python"),
        ("setup.cfg", "no section\n", "not valid"),
    ],
)
def test_hostile_metadata_is_passed_over_with_the_reason(tmp_path: Path, name: str, content: str | bytes, reason: str) -> None:
    components, skipped = detect(project(tmp_path, {name: content, "x.py": "x = 1\n"}))
    assert [c.path for c in components] == ["."]
    (passed,) = skipped
    assert passed.what == name
    assert any(word in passed.reason for word in reason.split("|")), passed.reason


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    project(outside, {"setup.py": SETUP, "x.py": ""})
    tree = project(tmp_path / "tree", {"README": ""})
    (tree.tree / "loop").symlink_to(tree.tree)
    (tree.tree / "out").symlink_to(outside)
    assert detect(tree)[0] == ()
