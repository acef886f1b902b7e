"""Extension modules: built with sanitizers, run under them, and what they report is a typed violation at their own source."""

import json
import os
import shutil
import threading
from pathlib import Path

import pytest

from mithridate.hunt.engines.octets.engine import OctetsEngine
from mithridate.languages.invocation import many_inputs
from mithridate.languages.python.build import build_component
from mithridate.languages.python.detect import detect
from mithridate.languages.python.doors import doors, write_doors
from mithridate.languages.python.interpreter import find_interpreter
from mithridate.languages.python.look import look
from mithridate.languages.python.native import extensions
from mithridate.languages.python.sanitized import sanitized_modules
from mithridate.languages.python.settings import owner_settings
from mithridate.model.entry import EntryPoint
from mithridate.model.project import Build, Flavour, Project
from mithridate.model.search import SearchSlice
from mithridate.model.violation import Access, ViolationKind
from mithridate.oracles.detector import Detector
from mithridate.oracles.documents import judged
from mithridate.sandbox.registry import create
from tests.languages.python import native_project

pytestmark = pytest.mark.skipif(
    shutil.which("bwrap") is None or shutil.which("clang-19") is None, reason="needs bubblewrap and clang-19"
)
SANDBOX = create("bubblewrap")


def build(root: Path, *, sound: bool) -> Build:
    tree = native_project.write(root / ("sound" if sound else "flawed"), sound=sound)
    return built(root, tree)


def built(root: Path, tree: Path) -> Build:
    project = Project(name="tally", origin=str(tree), snapshot=tree.name, tree=tree, files=3, size_bytes=3000)
    (component,) = detect(project)[0]
    house = root / "house"
    house.mkdir(exist_ok=True)
    settings = owner_settings({"PATH": os.environ["PATH"], "HOME": str(root), "MITHRIDATE_WHEELHOUSE": str(house)})
    made = build_component(project, component, Flavour.PLAIN, SANDBOX, root / "cache", find_interpreter(), settings)
    assert isinstance(made, Build), made
    return made


def entry(made: Build) -> EntryPoint:
    sight = look(made, SANDBOX)
    found, _ = doors(made, sight, is_library=True)
    return next(one for one in write_doors(made, found) if one.name.startswith("tally "))


def document(places: int, stated: int) -> bytes:
    def call(count: int, body: int) -> dict[str, object]:
        data = {"make": "bytes", "latin1": "TL" + chr(count) + "x" * body}
        return {"call": {"target": "tally:total", "args": [{"python": "bytes", "of": data}]}}

    return json.dumps({"version": 1, "control": [call(2, 2)], "attack": [call(stated, places)]}).encode()


def run(made: Build, documents: list[bytes], place: Path) -> bytes:
    one = entry(made)
    binary = one.binary(Flavour.PLAIN)
    assert binary is not None
    place.mkdir()
    for number, data in enumerate(documents):
        (place / f"{number}.json").write_bytes(data)
    command, mounts = many_inputs(one, binary, place, {})
    done = SANDBOX.run(command, mounts)
    assert done.ok, done.stderr.decode()
    return done.stdout


def test_an_overflow_in_an_extension_is_a_violation_at_its_own_line(tmp_path: Path) -> None:
    made = build(tmp_path, sound=False)
    assert made.incomplete == ()
    assert sanitized_modules(made.directory)
    documents = [document(200, 200), document(10, 10)]
    seen = judged(run(made, documents, tmp_path / "in"), documents)
    (violation,) = seen[0][0]
    assert violation.kind is ViolationKind.HEAP_BUFFER_OVERFLOW
    assert violation.access is Access.WRITE
    assert violation.place is not None
    assert (violation.place.file, violation.place.function) == ("/src/source/tally.c", "add_places")
    assert seen[1] == ((), ())


def test_its_twin_is_silent(tmp_path: Path) -> None:
    made = build(tmp_path, sound=True)
    documents = [document(200, 200)]
    assert judged(run(made, documents, tmp_path / "in"), documents) == {0: ((), ())}


def test_a_build_that_fails_says_the_compilers_first_error_and_the_rest_is_entered(tmp_path: Path) -> None:
    tree = native_project.write(tmp_path / "broken", sound=True)
    (tree / "source/tally.c").write_text("int f(void) { return missing_here; }\nint g(void) { return missing_there; }\n")
    (tree / "ledger.py").write_text("def read(text: str) -> str:\n    return text\n")
    made = built(tmp_path, tree)
    (skipped,) = made.incomplete
    assert "tally.c:1:22: error: use of undeclared identifier 'missing_here'" in skipped.reason
    assert sanitized_modules(made.directory) == ()
    assert [f["target"] for f in look(made, SANDBOX).found["function"]] == ["backend:build_wheel", "ledger:read"]


def test_native_code_that_cannot_be_sanitized_is_built_without_and_its_crash_is_a_signal(tmp_path: Path) -> None:
    made = built(tmp_path, native_project.write(tmp_path / "stubborn", sound=False, refuses_sanitizers=True))
    (skipped,) = made.incomplete
    assert "built without sanitizers" in skipped.reason
    assert "cannot be built with these flags" in skipped.reason
    assert sanitized_modules(made.directory) == ()
    documents = [document(200, 200), document(10, 10)]
    seen = judged(run(made, documents, tmp_path / "in"), documents)
    assert {violation.kind for violation in seen[0][0]} == {ViolationKind.WILD_POINTER}
    assert Detector.KERNEL in {violation.detector for violation in seen[0][0]}
    assert seen[1] == ((), ())


def test_the_engine_finds_the_overflow_from_the_modules_own_coverage(tmp_path: Path) -> None:
    made = build(tmp_path, sound=False)
    found = entry(made)
    places = {name: tmp_path / name for name in ("corpus", "candidates", "work")}
    for place in places.values():
        place.mkdir()
    work = SearchSlice(
        entry=found,
        seconds=120.0,
        seed=1,
        corpus=places["corpus"],
        foreign=(),
        candidates=places["candidates"],
        work=places["work"],
        dictionary=None,
        memory_bytes=1 << 30,
        input_bytes=1 << 16,
        unit_timeout_s=2.0,
    )
    enough = threading.Event()

    def tick(*_counts: int) -> None:
        if any(places["candidates"].iterdir()):
            enough.set()

    result = OctetsEngine().search(work, SANDBOX, tick, enough)
    assert result.covered > 0, "edges of the module are counted"
    candidate = result.candidates[0].read_bytes()
    ((violation, *_), _) = judged(run(made, [candidate], tmp_path / "in"), [candidate])[0]
    assert violation.kind is ViolationKind.HEAP_BUFFER_OVERFLOW


def test_sources_in_a_folder_of_tests_make_no_native_component(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/a.c").write_text("int a;")
    (tmp_path / "setup.py").write_text("setup(ext_modules=[])")
    assert not extensions(tmp_path)
    (tmp_path / "a.c").write_text("int a;")
    assert extensions(tmp_path).sources == ("a.c",)


def test_c_beside_python_without_a_build_that_joins_them_is_not_native(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("int a;")
    (tmp_path / "setup.py").write_text("setup(name='a')")
    assert not extensions(tmp_path)
