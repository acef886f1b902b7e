import pytest

from .conftest import MARKED, Observe


@pytest.mark.parametrize(
    ("call", "api", "mode"),
    [
        ("open(data)", "open", "read"),
        ("io.open(data)", "open", "read"),
        ("os.open(data, os.O_RDONLY)", "os.open", "read"),
        ("pathlib.Path(data).read_text()", "pathlib.Path.read_text", "read"),
        ("os.listdir(data)", "os.listdir", "list"),
        ("list(os.scandir(data))", "os.scandir", "list"),
        ("list(os.walk(data))", "os.walk", "list"),
        ("glob.glob(data + '/*')", "glob.glob", "list"),
        ("os.chdir(data)", "os.chdir", "read"),
    ],
)
def test_a_path_is_seen_and_reading_goes_on(observe: Observe, call: str, api: str, mode: str) -> None:
    seen = observe(f"import glob, io, os, pathlib\ndef run(data):\n    return {call}\n")
    found = seen.only("path")
    assert (found["api"], found["detail"]["mode"], found["stopped"]) == (api, mode, False)
    assert found["text"].startswith(MARKED)
    assert found["detail"]["cwd"] == "/src"
    assert found["detail"]["real"].startswith(f"/src/{MARKED}")
    assert not seen.attack["stopped"]
    assert seen.attack["raised"] == seen.control["raised"]


@pytest.mark.parametrize(
    ("call", "mode"),
    [
        ("open('up/' + data, 'w')", "write"),
        ("open('up/' + data, 'ab')", "write"),
        ("os.open('up/' + data, os.O_CREAT | os.O_WRONLY)", "write"),
        ("pathlib.Path('up', data).write_text('x')", "write"),
        ("os.mkdir('up/' + data)", "write"),
        ("os.makedirs('up/' + data)", "write"),
        ("os.rename('up/kept', 'up/' + data)", "write"),
        ("shutil.copyfile('app.py', 'up/' + data)", "write"),
        ("shutil.copytree('up', 'up/' + data)", "write"),
        ("os.symlink('app.py', 'up/' + data)", "write"),
        ("os.remove('up/' + data)", "delete"),
        ("shutil.rmtree('up/' + data)", "delete"),
    ],
)
def test_writing_outside_of_the_tree_is_stopped(observe: Observe, call: str, mode: str) -> None:
    source = f"import os, pathlib, shutil\ndef run(data):\n    {call}\n"
    seen = observe(source, data=f"../../scratch/{MARKED}", files={"up/kept": "", "up/plain": ""})
    found = seen.observed("path")[0]
    assert (found["detail"]["mode"], found["stopped"]) == (mode, True)
    assert found["detail"]["real"] == str(seen.scratch / MARKED)
    assert seen.attack["stopped"]
    assert "OSError" in seen.attack["kinds"]
    assert not (seen.scratch / MARKED).exists()
    assert (seen.tree / "app.py").exists()


def test_writing_in_the_tree_happens(observe: Observe) -> None:
    seen = observe("def run(data):\n    with open('up-' + data, 'w') as file:\n        return file.write('x')\n")
    assert seen.only("path")["detail"] == {"cwd": "/src", "real": f"/src/up-{MARKED}", "mode": "write"}
    assert seen.attack["result"] == 1
    assert (seen.tree / f"up-{MARKED}").read_text() == "x"


def test_a_directory_that_is_removed_is_told_once(observe: Observe) -> None:
    source = (
        "import os, shutil\ndef make(data): os.makedirs(data + '/a/b')\ndef run(data):\n    make(data); shutil.rmtree(data)\n"
    )
    seen = observe(source)
    assert [one["api"] for one in seen.observed() if one["detail"]["mode"] == "delete"] == ["shutil.rmtree"]
    assert not (seen.tree / MARKED).exists()


def test_a_path_that_the_project_asks_about_is_told_as_such(observe: Observe) -> None:
    seen = observe("import os, pathlib\ndef run(data):\n    return os.path.exists(data), pathlib.Path(data).is_file()\n")
    assert [(one["api"], one["detail"]["mode"], one["stopped"]) for one in seen.observed()] == [
        ("os.path.exists", "exists", False),
        ("pathlib.Path.is_file", "exists", False),
    ]


def test_a_path_that_is_looked_at_to_confine_it_is_none(observe: Observe) -> None:
    """`realpath` asks about each part, and so do libraries for their own sake."""
    seen = observe(
        "import os, shutil\ndef run(data):\n    return os.access(data, os.R_OK), os.path.realpath(data), shutil.which(data)\n"
    )
    assert seen.records == []


def test_an_absolute_path_of_the_tree_has_the_name_of_records(observe: Observe) -> None:
    seen = observe("import os\ndef run(data):\n    return os.listdir(os.path.join(os.getcwd(), data))\n")
    assert seen.only("path")["text"] == f"/src/{MARKED}"


def test_marks_are_found_in_whatever_case_and_in_bytes(observe: Observe) -> None:
    seen = observe("def run(data):\n    open(data.upper().encode())\n")
    assert seen.only("path")["text"] == MARKED.upper()


def test_a_module_loaded_from_a_marked_path_is_stopped_by_the_name_of_its_file(observe: Observe) -> None:
    source = """
import importlib.util
def run(data):
    spec = importlib.util.spec_from_file_location("plugin", data + ".py")
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
"""
    seen = observe(source, files={f"{MARKED}.py": "open('made', 'w')", "plain.py": ""})
    assert seen.only("path")["detail"]["mode"] == "run"
    assert not (seen.tree / "made").exists()


def test_a_temporary_file_with_a_marked_name_is_made(observe: Observe) -> None:
    seen = observe(
        "import tempfile\ndef run(data):\n    with tempfile.NamedTemporaryFile(suffix=data) as file: return file.write(b'x')\n"
    )
    assert seen.attack["result"] == 1
    assert not any(one["stopped"] for one in seen.observed())


def test_files_outside_of_the_tree_are_not_changed_though_no_mark_asks_for_it(observe: Observe) -> None:
    source = """
import os
def run(data):
    kept = os.path.join(os.environ["SCRATCH"], "kept")
    said = []
    for change in (lambda: open(kept, "w"), lambda: os.mkdir(kept), lambda: os.rmdir(os.path.dirname(kept))):
        try:
            change()
        except PermissionError:
            said.append("stopped")
    with open("inside", "w") as file:
        return said + [file.write("a")]
"""
    seen = observe(source)
    assert seen.attack["result"] == ["stopped", "stopped", "stopped", 1]
    assert not seen.observed() and not (seen.scratch / "kept").exists()
