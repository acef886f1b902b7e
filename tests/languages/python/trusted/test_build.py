"""Environments: fetched outside as data, installed and built inside; what cannot be had is said and the rest is there."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from mithridate.languages.python.build import build_component
from mithridate.languages.python.detect import detect
from mithridate.languages.python.fetch import Fetcher, FetchFailed
from mithridate.languages.python.interpreter import find_interpreter
from mithridate.languages.python.settings import IndexSettings, owner_settings
from mithridate.model.execution import Command, Mount
from mithridate.model.project import Build, BuildFailure, Flavour, Project
from mithridate.sandbox.registry import create

from .packages import project, sdist, self_built, wheel

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap")
SANDBOX = create("bubblewrap")


class Place:
    """A wheelhouse, a cache and a way to build."""

    def __init__(self, root: Path) -> None:
        self.house = root / "house"
        self.cache = root / "cache"
        self.tree = root / "tree"
        for directory in (self.house, self.cache, self.tree):
            directory.mkdir()

    @property
    def settings(self) -> IndexSettings:
        return owner_settings(
            {"PATH": os.environ["PATH"], "HOME": str(self.tree.parent), "MITHRIDATE_WHEELHOUSE": str(self.house)}
        )

    def project(self, files: dict[str, str | bytes], snapshot: str = "0" * 64) -> Project:
        return project(self.tree, {"app.py": "x = 1\n", **files}, snapshot)

    def outcome(self, tree: Project, flavour: Flavour = Flavour.PLAIN) -> Build | BuildFailure:
        (component,) = detect(tree)[0]
        return build_component(tree, component, flavour, SANDBOX, self.cache, find_interpreter(), self.settings)

    def build(self, tree: Project) -> Build:
        built = self.outcome(tree)
        assert isinstance(built, Build), built
        return built


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def run(build: Build, code: str) -> str:
    mounts = (Mount(source=build.directory / "src", target="/src"), Mount(source=build.directory / "build", target="/build"))
    program = f"import sys; sys.path[:0] = ['/src', '/build/env']\n{code}"
    done = SANDBOX.run(Command(argv=("/usr/bin/python3", "-c", program)), mounts)
    assert done.ok, done.stderr.decode()
    return done.stdout.decode().strip()


def reasons(build: Build) -> dict[str, str]:
    return {s.what: s.reason for s in build.incomplete}


def test_requirements_and_what_they_require_are_installed(place: Place) -> None:
    wheel(place.house, "alpha", requires=["beta>=2"])
    wheel(place.house, "beta", "1.0")
    wheel(place.house, "beta", "2.5")
    built = place.build(place.project({"requirements.txt": "alpha\n"}))
    assert built.incomplete == ()
    assert run(built, "import alpha, beta; print(beta.version)") == "2.5"


def test_a_second_scan_makes_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel(place.house, "alpha")
    tree = place.project({"requirements.txt": "alpha\n"})
    first = place.build(tree)
    assert not first.cached

    def nothing_runs(*_: object, **__: object) -> None:
        raise AssertionError("the sandbox was used again")

    called = []
    real = subprocess.run
    monkeypatch.setattr(type(SANDBOX), "run", nothing_runs)
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: called.append(a[0]) or real(*a, **k))
    second = place.outcome(tree, Flavour.FUZZ)
    assert isinstance(second, Build)
    assert second.cached and second.directory == first.directory and second.flavour is Flavour.FUZZ
    assert not [argv for argv in called if "compile" in argv]


def test_other_versions_in_the_wheelhouse_make_another_environment(place: Place) -> None:
    wheel(place.house, "alpha", "1.0")
    tree = place.project({"requirements.txt": "alpha\n"})
    first = place.build(tree)
    wheel(place.house, "alpha", "2.0")
    second = place.build(tree)
    assert second.key != first.key
    assert run(second, "import alpha; print(alpha.version)") == "2.0"


def test_an_sdist_runs_in_the_sandbox_and_never_outside(place: Place, tmp_path: Path) -> None:
    """Its setup.py, its backend and its pyproject all try to leave a mark on this machine, and say from where they ran."""
    mark = tmp_path / "ran-outside"
    attack = f"import os\ntry:\n    open({str(mark)!r}, 'w').close()\nexcept OSError:\n    pass\n"
    proof = "os.makedirs('/build/env', exist_ok=True)\nopen('/build/env/ran_inside.txt', 'a').write('x')\n"
    self_built(place.house, "hostile", first=attack + proof, requires=["beta"])
    wheel(place.house, "beta")
    wheel(place.house, "alpha", requires=["hostile>=1"])
    built = place.build(place.project({"requirements.txt": "alpha\n"}))
    assert not mark.exists()
    assert built.incomplete == ()
    assert run(built, "import alpha, hostile, beta; print(hostile.made)") == "in the sandbox"
    assert (built.directory / "build/env/ran_inside.txt").exists(), "the test's sdist did not run at all"


def test_a_setup_py_of_an_sdist_does_not_run_outside_when_it_cannot_be_built(place: Place, tmp_path: Path) -> None:
    mark = tmp_path / "ran-outside"
    script = (
        f"open({str(mark)!r}, 'w').close()\nfrom setuptools import setup\nsetup(name='old', version='1.0', py_modules=['old'])\n"
    )
    sdist(place.house, "old", "1.0", {"setup.py": script, "old.py": ""})
    wheel(place.house, "alpha")
    built = place.build(place.project({"requirements.txt": "old==1.0\nalpha\n"}))
    assert not mark.exists()
    assert "requirement old==1.0" in reasons(built)
    assert run(built, "import alpha; print('there')") == "there"


def test_a_missing_requirement_is_said_and_the_rest_installed(place: Place) -> None:
    wheel(place.house, "alpha")
    wheel(place.house, "beta", requires=["nowhere-else"])
    built = place.build(place.project({"requirements.txt": "alpha\nnot-there>=3\nbeta\n"}))
    said = reasons(built)
    assert said["requirement not-there>=3"] == "neither the owner's index nor the wheelhouse has it"
    assert "nowhere-else" in said["requirement beta"]
    assert run(built, "import alpha; print('there')") == "there"


def test_versions_that_conflict_leave_out_the_later_one(place: Place) -> None:
    wheel(place.house, "alpha", requires=["common<2"])
    wheel(place.house, "beta", requires=["common>=2"])
    wheel(place.house, "common", "1.0")
    wheel(place.house, "common", "2.0")
    built = place.build(place.project({"requirements.txt": "alpha\nbeta\n"}))
    assert list(reasons(built)) == ["requirement beta"]
    assert run(built, "import common; print(common.version)") == "1.0"


def test_a_lock_file_decides_the_version_and_gives_way_when_nobody_has_it(place: Place) -> None:
    for version in ("1.0", "2.0"):
        wheel(place.house, "alpha", version)
    lock = '[[package]]\nname = "alpha"\nversion = "{}"\n'
    built = place.build(place.project({"requirements.txt": "alpha\n", "poetry.lock": lock.format("1.0")}))
    assert run(built, "import alpha; print(alpha.version)") == "1.0"
    built = place.build(place.project({"poetry.lock": lock.format("0.9")}, snapshot="1" * 64))
    assert run(built, "import alpha; print(alpha.version)") == "2.0"
    assert list(reasons(built)) == ["the project's lock file"]


HOSTILE = """
-e git+https://example.invalid/x.git#egg=x
-e /etc
--index-url https://example.invalid/simple
--extra-index-url=https://example.invalid/simple
-f https://example.invalid/links
--find-links /root
--trusted-host example.invalid
https://example.invalid/x-1.0-py3-none-any.whl
file:///etc/passwd
/etc/passwd
../../outside.whl
alpha @ file:///etc/passwd
beta @ https://example.invalid/beta.whl
-r /etc/passwd
-r ../../../etc/passwd
-r loop.txt
-c loop.txt
only-windows ; sys_platform == "win32"
gamma ; python_version >= "3"
--no-binary :all:
--pre
--config-settings=x=y
;;;
$(touch /tmp/x)
`id`
-
--
gamma\x00
"""


def test_hostile_requirement_lines_ask_nobody_and_read_nothing(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel(place.house, "gamma")
    wheel(place.house, "delta")
    (tmp_path / "outside.whl").write_text("")
    lines = HOSTILE + "x" * 10_000 + "\n" + "gamma\n" * 2000
    files: dict[str, str | bytes] = {"requirements.txt": lines, "loop.txt": "-r requirements.txt\n-r loop.txt\ndelta\n"}
    built = place.build(place.project(files))
    said = reasons(built)
    assert run(built, "import gamma, delta; print('there')") == "there"
    assert all("example.invalid" not in what or "only the owner" in reason for what, reason in said.items())
    passed_over = " ".join(said)
    for line in ("git+https", "-e /etc", "--index-url", "--extra-index-url", "-f https", "--find-links", "file:///etc/passwd"):
        assert line in passed_over, line
    assert not any("root:" in text for pair in said.items() for text in pair)
    assert not any("only-windows" in what for what in said)


def test_a_requires_python_that_excludes_the_interpreter_fails_with_what_to_do(place: Place) -> None:
    pyproject = '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.99"\n'
    failure = place.outcome(place.project({"pyproject.toml": pyproject}))
    assert isinstance(failure, BuildFailure)
    assert ">=3.99" in failure.first_error and find_interpreter().version in failure.first_error
    assert "any-python" in failure.hint
    toml = '[[component]]\npath = "."\nsystem = "python"\noptions = ["any-python"]\n'
    assert isinstance(place.outcome(place.project({"mithridate.toml": toml})), Build)


def test_the_projects_own_build_runs_inside_and_what_it_made_lies_beside_the_sources(place: Place, tmp_path: Path) -> None:
    mark = tmp_path / "ran-outside"
    backend = f"""
import os, zipfile
try:
    open({str(mark)!r}, "w").close()
except OSError:
    pass
def build_wheel(directory, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(os.path.join(directory, "own-3.1-py3-none-any.whl"), "w") as z:
        z.writestr("own/__init__.py", "replaced = True")
        z.writestr("own/_version.py", "version = '3.1'")
        z.writestr("own-3.1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: own\\nVersion: 3.1\\n")
        z.writestr("own-3.1.dist-info/WHEEL", "Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        z.writestr("own-3.1.dist-info/RECORD", "")
    return "own-3.1-py3-none-any.whl"
"""
    system = '[build-system]\nrequires = []\nbuild-backend = "b"\nbackend-path = ["."]\n'
    pyproject = f'[project]\nname = "own"\ndynamic = ["version"]\n{system}'
    built = place.build(place.project({"pyproject.toml": pyproject, "b.py": backend, "own/__init__.py": "replaced = False\n"}))
    assert built.incomplete == () and not mark.exists()
    code = (
        "import own, own._version as v, importlib.metadata as m; print(own.replaced, own.__file__, v.version, m.version('own'))"
    )
    assert run(built, code) == "False /src/own/__init__.py 3.1 3.1"


def test_a_project_whose_build_fails_is_run_from_its_sources(place: Place) -> None:
    pyproject = '[project]\nname = "own"\nversion = "1"\n[build-system]\nrequires = ["not-there"]\nbuild-backend = "none"\n'
    built = place.build(place.project({"pyproject.toml": pyproject, "own/__init__.py": "x = 5\n"}))
    assert any("its own build failed" in reason for reason in reasons(built).values())
    assert run(built, "import own; print(own.x)") == "5"


def test_a_broken_wheel_does_not_take_the_others_with_it(place: Place) -> None:
    wheel(place.house, "alpha")
    wheel(place.house, "broken", files={"../../../../escaped.py": "x", "/tmp/absolute.py": "x", "broken.py": ""})
    built = place.build(place.project({"requirements.txt": "alpha\nbroken\n"}))
    assert run(built, "import alpha; print('there')") == "there"
    assert not list(built.directory.parent.rglob("escaped.py"))


def test_what_a_build_plants_where_our_files_go_is_removed(place: Place, tmp_path: Path) -> None:
    self_built(
        place.house,
        "planter",
        first="import os\nos.path.lexists('/build/.mithridate') or os.symlink('/src', '/build/.mithridate')\n",
    )
    built = place.build(place.project({"requirements.txt": "planter\n"}))
    assert run(built, "import planter; print(planter.made)") == "in the sandbox", "the test's sdist did not run at all"
    assert not (built.directory / "build/.mithridate").is_symlink()


def test_a_wheelhouse_in_the_project_must_lie_in_it(place: Place, tmp_path: Path) -> None:
    from mithridate.languages.python.language import _wheelhouse

    tree = place.project({"mithridate.toml": 'wheelhouse = "wheels"\n', "wheels/README": ""})
    assert _wheelhouse(tree.tree) == (tree.tree / "wheels").resolve()
    shutil.rmtree(tree.tree / "wheels")
    (tree.tree / "wheels").symlink_to(tmp_path)
    assert _wheelhouse(tree.tree) is None


def test_a_file_that_is_not_what_the_index_promised_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a-1-py3-none-any.whl").write_bytes(b"other")
    fetcher = Fetcher({}, files_allowed=True)
    address = (tmp_path / "a-1-py3-none-any.whl").as_uri()
    with pytest.raises(FetchFailed, match="another SHA-256"):
        fetcher.file(address, "a-1-py3-none-any.whl", "0" * 64, tmp_path / "store")
    assert [p for p in (tmp_path / "store").rglob("*") if p.is_file()] == []
    with pytest.raises(FetchFailed, match="a file of this machine"):
        Fetcher({}, files_allowed=False).file(address, "a-1-py3-none-any.whl", "", tmp_path / "store")
    with pytest.raises(FetchFailed, match="no file name"):
        fetcher.file(address, "../a.whl", "", tmp_path / "store")
