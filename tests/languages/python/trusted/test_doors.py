"""What the observer says becomes doors; what hostile code prints in its place does not."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from mithridate.languages.invocation import many_inputs, one_input
from mithridate.languages.python.detect import detect
from mithridate.languages.python.doors import MANY_ROUTES, PARTS
from mithridate.languages.python.language import PythonLanguage
from mithridate.languages.python.observer import ENTRANCE, OBSERVER, RUNTIME
from mithridate.languages.python.settings import owner_settings
from mithridate.model.entry import Binary, Boundary, EntryKind, EntryPoint
from mithridate.model.project import Build, Flavour, Skipped
from mithridate.sandbox.registry import create

from .packages import project, wheel

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap")
SANDBOX = create("bubblewrap")
PROJECT = '[project]\nname = "own"\nversion = "1"\n'
ROUTE = {
    "path": "/",
    "parameters": [],
    "methods": ["GET"],
    "file": "/src/own/web.py",
    "line": 3,
    "function": "index",
    "constants": [],
}


class Seen:
    """Entry points of a project, as an observer of the test's own tells about it."""

    def __init__(self, root: Path, says: str, files: dict[str, str | bytes]) -> None:
        runtime, house = root / "runtime", root / "house"
        for directory in (runtime, house, root / "tree"):
            directory.mkdir()
        (runtime / "run.py").write_text(says)
        settings = owner_settings({"PATH": os.environ["PATH"], "MITHRIDATE_WHEELHOUSE": str(house)})
        wheel(house, "alpha")
        wheel(house, "colorsys")
        self.language = PythonLanguage(settings=settings, runtime=runtime)
        self.project = project(root / "tree", files)
        (component,) = detect(self.project)[0]
        built = self.language.build(self.project, component, Flavour.PLAIN, SANDBOX, root / "cache")
        assert isinstance(built, Build), built
        self.build = built
        found, skipped = self.language.entry_points(self.project, [built], SANDBOX, root)
        self.entries: dict[str, EntryPoint] = {e.name: e for e in found}
        self.skipped: tuple[Skipped, ...] = skipped

    def door(self, name: str) -> dict[str, Any]:
        path = self.entries[name].binaries[0].path
        content: dict[str, Any] = json.loads((self.build.directory / path.lstrip("/")).read_text())
        return content


def printing(*records: object) -> str:
    return "import json\n" + "".join(f"print({json.dumps(json.dumps(record))})\n" for record in records)


def application(where: str, **more: object) -> dict[str, object]:
    return {"application": {"kind": "wsgi", "import": where, "framework": "flask", "paths": ["/src"], "environment": {}, **more}}


def function(target: str, **more: object) -> dict[str, object]:
    place = {"file": "/src/own/__init__.py", "line": 1, "function": target.rpartition(":")[2]}
    return {"function": {"target": target, "parameters": [], "doc": "", "paths": ["/src"], **place, **more}}


def test_each_kind_of_record_becomes_its_kind_of_door(tmp_path: Path) -> None:
    says = printing(
        application("own.web:app", routes=[ROUTE], environment={"MODE": "x"}),
        function("own:parse"),
        function("own:Reader.read"),
        function("own.web:index", **{k: ROUTE[k] for k in ("file", "line", "function")}),
        function("own.web:on_error", file=ROUTE["file"], line=9),
        {"program": {"name": "own-tool", "import": "own.cli:main", "paths": ["/src"], "kind": "entry-point"}},
        {
            "program": {
                "name": "test_own",
                "import": "/src/tests/test_own.py",
                "file": "/src/tests/test_own.py",
                "paths": ["/src"],
            }
        },
        {"target": {"kind": "atheris", "import": "fuzz.fuzz_own:TestOneInput", "paths": ["/src"]}},
        {"target": {"kind": "hypothesis", "import": "tests.test_own:test_a", "paths": ["/src"]}},
        {"target": {"kind": "hypothesis", "import": "tests.test_own:Case.test_b", "paths": ["/src"]}},
        {"target": {"kind": "hypothesis", "import": "not a name", "paths": ["/src"]}},
        {"skipped": {"what": "own.gui", "reason": "ModuleNotFoundError: No module named 'tkinter'"}},
    )
    seen = Seen(tmp_path, says, {"pyproject.toml": PROJECT, "own/__init__.py": "", "own/web.py": ""})
    assert {name: e.kind for name, e in seen.entries.items()} == {
        "own.web:app": EntryKind.APPLICATION,
        "own (functions)": EntryKind.FUNCTION,
        "own-tool (program)": EntryKind.COMMAND,
        "fuzz.fuzz_own:TestOneInput (target)": EntryKind.HARNESS,
        "tests (properties)": EntryKind.HARNESS,
    }
    properties = seen.door("tests (properties)")
    entrance = ".hypothesis.fuzz_one_input"
    assert properties["targets"] == [f"tests.test_own:test_a{entrance}", f"tests.test_own:Case.test_b{entrance}"]
    assert (properties["kind"], properties["of"], properties["paths"]) == ("target", "hypothesis", ["/src"])
    assert {e.boundary for e in seen.entries.values()} == {Boundary.REAL}
    web = seen.door("own.web:app")
    assert (web["kind"], web["import"], web["paths"], web["environment"]) == ("wsgi", "own.web:app", ["/src"], {"MODE": "x"})
    assert web["routes"] == [ROUTE]
    assert seen.door("own (functions)")["targets"] == ["own:Reader.read", "own:parse"]
    assert {s.what for s in seen.skipped} == {"own.gui", "program /src/tests/test_own.py", "fuzz target not a name"}
    entry = seen.entries["own.web:app"]
    assert entry.id == "proj/own.web:app" and entry.observed
    assert [b.flavour for b in entry.binaries] == [Flavour.PLAIN, Flavour.FUZZ]


def test_routes_in_several_records_are_one_application_and_an_import_of_it_is_none(tmp_path: Path) -> None:
    other = {**ROUTE, "path": "/other"}
    says = printing(
        application("own:create_app()", routes=[ROUTE, other]),
        application("own.web:app", routes=[ROUTE]),
        application("own.web:app", routes=[other]),
    )
    seen = Seen(tmp_path, says, {"own/__init__.py": ""})
    assert list(seen.entries) == ["own.web:app"]
    assert seen.door("own.web:app")["routes"] == [ROUTE, other]


def test_an_application_that_another_contains_is_no_door_of_its_own(tmp_path: Path) -> None:
    other = {**ROUTE, "path": "/other"}
    says = printing(
        application("own.parts:make_app()", routes=[ROUTE]),
        application("own.asgi:app", kind="asgi", routes=[ROUTE, other]),
        application("own.wsgi:app", routes=[ROUTE, other]),
        application("own.else:app", routes=[{**ROUTE, "path": "/own"}]),
    )
    seen = Seen(tmp_path, says, {"own/__init__.py": ""})
    assert set(seen.entries) == {"own.wsgi:app", "own.else:app"}


def test_applications_of_one_name_in_several_projects_are_several_doors(tmp_path: Path) -> None:
    other = {**ROUTE, "file": "/src/labs/own/web.py"}
    says = printing(
        application("wsgi:app", routes=[ROUTE], paths=["/src"]), application("wsgi:app", routes=[other], paths=["/src/labs/own"])
    )
    seen = Seen(tmp_path, says, {"own/__init__.py": ""})
    assert set(seen.entries) == {"wsgi:app in .", "wsgi:app in labs/own"}


def test_functions_of_what_is_not_packaged_are_no_documented_way_in(tmp_path: Path) -> None:
    program = {"program": {"name": "own", "import": "own.cli:main", "paths": ["/src"], "kind": "entry-point"}}
    seen = Seen(tmp_path, printing(program, function("own:parse")), {"own/__init__.py": ""})
    assert list(seen.entries) == ["own (program)"]
    assert [s.what for s in seen.skipped] == ["proj: 1 functions"]


def test_a_package_that_nothing_else_enters_is_called_by_others(tmp_path: Path) -> None:
    assert list(Seen(tmp_path, printing(function("own:parse")), {"own/__init__.py": ""}).entries) == ["own (functions)"]
    loose = printing(function("script:parse", file="/src/script.py"))
    (tmp_path / "loose").mkdir()
    assert not Seen(tmp_path / "loose", loose, {"script.py": ""}).entries


def test_an_application_with_many_routes_is_entered_by_parts(tmp_path: Path) -> None:
    many = [{**ROUTE, "path": f"/page/{n}"} for n in range(MANY_ROUTES)]
    seen = Seen(tmp_path, printing(application("own.web:app", routes=many)), {"own/__init__.py": ""})
    names = [f"own.web:app (part {part + 1} of {PARTS})" for part in range(PARTS)]
    assert list(seen.entries) == names
    assert [seen.door(name)["share"] for name in names] == [[part, PARTS] for part in range(PARTS)]


def test_an_application_with_accounts_is_entered_as_everybody_and_as_a_user(tmp_path: Path) -> None:
    seen = Seen(tmp_path, printing(application("own.web:app", routes=[ROUTE], accounts=True)), {"own/__init__.py": ""})
    assert list(seen.entries) == ["own.web:app", "own.web:app (logged in)"]
    assert [seen.door(name).get("signed_in", False) for name in seen.entries] == [False, True]


def test_an_application_with_a_login_is_not_entered_by_parts(tmp_path: Path) -> None:
    many = [{**ROUTE, "path": f"/page/{n}"} for n in range(MANY_ROUTES)]
    login = {**ROUTE, "path": "/login", "entrance": True}
    seen = Seen(tmp_path, printing(application("own.web:app", routes=[login, *many])), {"own/__init__.py": ""})
    assert list(seen.entries) == ["own.web:app"]


def test_hostile_output_of_the_look_is_no_door(tmp_path: Path) -> None:
    says = (
        printing(
            application("own:app;import os"),
            application("own:app", kind="gopher"),
            function("../../etc/passwd"),
            {"function": {"target": 5}},
            {"program": {"import": "a\x1b[31m"}},
            {"target": {"import": []}},
            {"application": "no table"},
            {"skipped": {"what": "\x1b]0;title\x07", "reason": 7}},
            [1, 2],
        )
        + "print('[' * 1000000)\nprint('{\"function\": ' * 100000)\nimport os; os.write(1, b'\\xff\\xfe\\n')\n"
        + printing(function("own:parse"), application("own:web"))
        + "raise SystemExit(3)\n"
    )
    seen = Seen(tmp_path, says, {"own/__init__.py": ""})
    assert list(seen.entries) == ["own:web"]
    assert all(text.isprintable() for s in seen.skipped for text in (s.what, s.reason))
    assert any("exit code 3" in s.reason for s in seen.skipped)


def test_a_door_of_a_fresh_build_is_found_again_by_its_name(tmp_path: Path) -> None:
    seen = Seen(tmp_path, printing(application("own:app")), {"own/__init__.py": ""})
    entry = seen.entries["own:app"]
    again = seen.language.binary(seen.build, entry, entry.binaries[0].path, SANDBOX, tmp_path)
    assert again == entry.binary(Flavour.PLAIN)


def test_the_owners_environment_reaches_the_door(tmp_path: Path) -> None:
    toml = '[[component]]\npath = "."\nsystem = "python"\nenv = { SETTINGS = "test" }\n'
    seen = Seen(tmp_path, printing(application("own:app")), {"own/__init__.py": "", "mithridate.toml": toml})
    assert seen.door("own:app")["environment"] == {"SETTINGS": "test"}


def test_installed_packages_are_there_after_the_standard_library(tmp_path: Path) -> None:
    """A package that is called as a module of the standard library must not take its place."""
    says = "import alpha, colorsys\nassert alpha.version == '1.0' and colorsys.rgb_to_hsv\n" + printing(application("own:app"))
    files: dict[str, str | bytes] = {"requirements.txt": "alpha\ncolorsys\n", "own/__init__.py": ""}
    seen = Seen(tmp_path, says, files)
    assert (seen.build.directory / "build/env/colorsys.py").is_file()
    assert seen.skipped == () and list(seen.entries) == ["own:app"]


def entry(kind: EntryKind) -> EntryPoint:
    return EntryPoint(
        id="x",
        component="x",
        language="python",
        name="x",
        kind=kind,
        boundary=Boundary.REAL,
        arguments=(),
        suffix=".json",
        binaries=(),
    )


@pytest.mark.parametrize("kind", [EntryKind.APPLICATION, EntryKind.FUNCTION, EntryKind.COMMAND])
def test_documents_are_run_by_the_observer(kind: EntryKind, tmp_path: Path) -> None:
    binary = Binary(flavour=Flavour.PLAIN, directory=tmp_path, path="/build/.mithridate/door-1.json", in_process=False)
    command, mounts = one_input(entry(kind), binary, tmp_path / "one.json", {"A": "b"})
    assert command.argv == ("/usr/bin/python3", ENTRANCE, "batch", binary.path, "/in/input.json")
    assert command.env["A"] == "b" and command.stdin is None
    targets = {m.target: m for m in mounts}
    assert targets[OBSERVER].source == RUNTIME and targets["/in/input.json"].source == tmp_path / "one.json"
    assert not any(m.writable for m in mounts)
    command, mounts = many_inputs(entry(kind), binary, tmp_path, {}, ("--each", "2", "--coverage"))
    assert command.argv[3:] == (binary.path, "/in", "--each", "2", "--coverage")
    assert {m.target for m in mounts} == {"/src", "/build", OBSERVER, "/in"}


def test_a_native_program_takes_no_batch(tmp_path: Path) -> None:
    binary = Binary(flavour=Flavour.PLAIN, directory=tmp_path, path="/build/x", in_process=False)
    with pytest.raises(ValueError, match="no observer"):
        many_inputs(entry(EntryKind.PROGRAM_FILE), binary, tmp_path, {})
