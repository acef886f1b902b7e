"""What a project asks for is read from its files, whatever tool they were written for."""

from pathlib import Path

import pytest

from mithridate.languages.python.declared import CYTHON, LEGACY_BUILD, declared
from mithridate.languages.python.poetry import poetry_specifier

from .packages import project


def wanted(root: Path, files: dict[str, str | bytes]) -> set[str]:
    return set(declared(project(root, files).tree, ".").requirements)


@pytest.mark.parametrize(
    ("files", "requirements"),
    [
        ({"pyproject.toml": '[project]\nname = "x"\ndependencies = ["a>=1", "b[c] ; python_version > \'3\'"]\n'},
         {"a>=1", 'b[c]; python_version > "3"'}),
        ({"pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.8"\na = "^1.2"\nb = {version = "~2.1", extras = ["x"]}\n'
          'c = {git = "https://example.invalid"}\nd = {version = "*", optional = true}\n'}, {"a<2,>=1.2", "b[x]<2.2,>=2.1"}),
        ({"setup.cfg": "[options]\ninstall_requires =\n    a\n    b<3\n"}, {"a", "b<3"}),
        ({"setup.py": "from setuptools import setup\nR = ['a']\nsetup(install_requires=R)\n"}, {"a"}),
        ({"setup.py": "from setuptools import setup\nsetup(install_requires=open('/etc/passwd').read().split())\n"}, set()),
        ({"requirements.txt": "a==1 --hash=sha256:00 \\\n  --hash=sha256:11\nb # why\n-c limits.txt\n", "limits.txt": "b<9\n"},
         {"a==1", "b"}),
        ({"requirements/base.txt": "a\n", "requirements/dev.txt": "-r base.txt\nx\n", "requirements-test.txt": "x\n"}, {"a"}),
        ({"requirements.in": "a\n"}, {"a"}),
        ({"Pipfile": '[packages]\na = "*"\nb = {version = ">=1"}\n[dev-packages]\nc = "*"\n'}, {"a", "b>=1"}),
        ({"run.py": "# /// script\n# dependencies = [\n#   'a<2',\n# ]\n# ///\nimport a\n"}, {"a<2"}),
    ],
)  # fmt: skip
def test_requirements_of_each_tool(tmp_path: Path, files: dict[str, str | bytes], requirements: set[str]) -> None:
    assert wanted(tmp_path, files) == requirements


_EXTRAS = {
    "pyproject.toml": '[project]\nname = "shop"\ndependencies = ["a"]\n[project.optional-dependencies]\n'
    'proxy = ["FastAPI>=0.1", "b"]\nmail = ["c"]\nall = ["shop[mail]", "d"]\ntest = ["flask", "x"]\n'
}
_DIST_INFO = (
    'Metadata-Version: 2.1\nName: shop\nVersion: 1\nRequires-Dist: a\nRequires-Dist: flask>=2; extra == "web"\n'
    'Requires-Dist: b; python_version < "3" and extra == "web"\nRequires-Dist: c; extra == "mail"\n'
)


def test_an_extra_with_a_web_server_belongs_to_running_the_project_and_no_other_one_does(tmp_path: Path) -> None:
    assert wanted(tmp_path, _EXTRAS) == {"a", "FastAPI>=0.1", "b"}


def test_an_extra_may_be_a_file_that_setup_reads(tmp_path: Path) -> None:
    reads = "from setuptools import setup\ndef lines(name):\n    return open(name).read().split()\n"
    named = "{'api': lines('shop/api/requirements.txt'), 'view': lines('shop/view/requirements.txt')}"
    files: dict[str, str | bytes] = {
        "setup.py": f"{reads}setup(name='shop', install_requires=['a'], extras_require={named})\n",
        "shop/api/requirements.txt": "fastapi\nb\n",
        "shop/view/requirements.txt": "c\n",
        "shop/other/requirements.txt": "flask\n",
    }
    assert wanted(tmp_path / "p", files) == {"a", "fastapi", "b"}
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "requirements.txt").write_text("fastapi\n")
    named = "{'api': lines('shop/../../outside/requirements.txt')}"
    assert wanted(tmp_path / "p", {"setup.py": f"{reads}setup(name='shop', extras_require={named})\n"}) == set()


def test_the_owner_asks_for_more_extras_as_pip_is_asked(tmp_path: Path) -> None:
    asked = declared(project(tmp_path, _EXTRAS).tree, ".", (".[all]", "e"))
    assert set(asked.requirements) == {"a", "FastAPI>=0.1", "b", "c", "d", "e"}


@pytest.mark.parametrize(
    "files",
    [
        {"pyproject.toml": '[tool.poetry]\nname = "shop"\n[tool.poetry.dependencies]\na = "*"\n'
         'flask = {version = ">=2", optional = true}\nc = {version = "*", optional = true}\n'
         '[tool.poetry.extras]\nweb = ["flask"]\nmail = ["c"]\n'},
        {"setup.cfg": "[metadata]\nname = shop\n[options]\ninstall_requires =\n  a\n[options.extras_require]\n"
         "web =\n  flask>=2\nmail = c\n"},
        {"setup.py": "from setuptools import setup\n"
         "setup(name='shop', install_requires=['a'], extras_require={'web': ['flask>=2'], 'mail': ['c']})\n"},
        {"shop-1.dist-info/METADATA": _DIST_INFO, "shop/__init__.py": ""},
    ],
)  # fmt: skip
def test_each_tool_has_its_own_way_to_write_extras(tmp_path: Path, files: dict[str, str | bytes]) -> None:
    assert wanted(tmp_path, files) == {"a", "flask>=2"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("uv.lock", '[[package]]\nname = "A_b"\nversion = "1.5"\n'),
        ("poetry.lock", '[[package]]\nname = "A_b"\nversion = "1.5"\n'),
        ("pylock.toml", '[[packages]]\nname = "A_b"\nversion = "1.5"\n'),
        ("Pipfile.lock", '{"default": {"A_b": {"version": "==1.5"}}}'),
    ],
)
def test_lock_files_name_versions(tmp_path: Path, name: str, content: str) -> None:
    assert declared(project(tmp_path, {name: content}).tree, ".").constraints == ("A_b==1.5",)


@pytest.mark.parametrize(
    "content",
    ['[[package]]\nname = "a"\nversion = "1; import os"\n', '[[package]]\nname = "--x"\nversion = "1"\n', "package = 3\n"],
)
def test_a_hostile_lock_file_names_nothing(tmp_path: Path, content: str) -> None:
    assert declared(project(tmp_path, {"uv.lock": content}).tree, ".").constraints == ()


def test_a_deep_or_broken_lock_file_is_said(tmp_path: Path) -> None:
    found = declared(project(tmp_path, {"Pipfile.lock": "[" * 1_000_000, "poetry.lock": b"\xff"}).tree, ".")
    assert {s.what for s in found.skipped} == {"Pipfile.lock", "poetry.lock"}


def test_what_builds_a_project(tmp_path: Path) -> None:
    assert declared(project(tmp_path / "a", {"app.py": ""}).tree, ".").build is None
    assert declared(project(tmp_path / "b", {"setup.py": "import setuptools as s\ns.setup()\n"}).tree, ".").build == LEGACY_BUILD
    text = '[build-system]\nrequires = ["flit_core"]\nbuild-backend = "flit_core.buildapi"\n'
    assert declared(project(tmp_path / "c", {"pyproject.toml": text}).tree, ".").build == ("flit_core",)


def test_cython_builds_projects_that_speak_of_it_and_name_no_build_system(tmp_path: Path) -> None:
    setup = "from setuptools import setup\nfrom Cython.Build import cythonize\nsetup(ext_modules=cythonize('f.pyx'))\n"
    named = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
    files: dict[str, str | bytes] = {"setup.py": setup, "f.pyx": "def f(): pass\n"}
    assert declared(project(tmp_path / "a", files).tree, ".").build == (*LEGACY_BUILD, CYTHON)
    assert declared(project(tmp_path / "b", {**files, "pyproject.toml": named}).tree, ".").build == ("setuptools",)
    assert declared(project(tmp_path / "c", {"setup.py": setup}).tree, ".").build == LEGACY_BUILD


@pytest.mark.parametrize(
    ("given", "means"),
    [("^1.2.3", ">=1.2.3,<2"), ("^0.2.3", ">=0.2.3,<0.3"), ("^0.0.3", ">=0.0.3,<0.0.4"), ("~1.2", ">=1.2,<1.3"), ("~1", ">=1,<2"),
     ("*", ""), ("1.2", "==1.2"), (">=1,<2", ">=1,<2"), (">=1 <2", ">=1,<2"), ("^1 || ^2", ">=2,<3"), ("~=1.4", "~=1.4")],
)  # fmt: skip
def test_poetrys_constraints(given: str, means: str) -> None:
    assert poetry_specifier(given) == means


def test_a_name_that_no_index_takes_is_no_package(tmp_path: Path) -> None:
    build = '[build-system]\nrequires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n'
    for name, has_build in (("An Application", False), ("an-application", True)):
        (tmp_path / name).mkdir()
        content = f'[tool.poetry]\nname = "{name}"\n[tool.poetry.dependencies]\na = "*"\n{build}'
        found = declared(project(tmp_path / name, {"pyproject.toml": content}).tree, ".")
        assert (found.build is not None) is has_build and set(found.requirements) == {"a"}


def test_what_targets_import_is_fetched_though_nothing_declares_it(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_a.py").write_text("import pytest\nfrom hypothesis import given\n")
    (tmp_path / "tests/test_b.py").write_text("import pytest\n# hypothesis: none\n")
    (tmp_path / "fuzz_a.py").write_text("import sys\nimport atheris\n")
    found = declared(tmp_path, ".")
    assert (found.requirements, found.engines) == (("hypothesis", "pytest"), ("atheris",))
    (tmp_path / "requirements.txt").write_text("Hypothesis<7\n")
    assert declared(tmp_path, ".").requirements == ("Hypothesis<7", "pytest")


def test_a_project_without_targets_gets_no_engine(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("import pytest\natheris = 'import atheris'\n")
    assert (declared(tmp_path, ".").requirements, declared(tmp_path, ".").engines) == ((), ())
