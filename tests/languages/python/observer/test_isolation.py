"""Runs do not see one another, and end in bounds whatever the target does."""

from pathlib import Path

import pytest

from tests.languages.python.observer.running import batch, call, document, get, tree

TARGET = """
import ctypes, os, re, signal, sqlite3, subprocess, sys, threading, time
HERE = os.path.dirname(os.path.abspath(__file__))
COUNT = []
DATABASE = sqlite3.connect(os.path.join(HERE, "data.db"))
DATABASE.execute("create table if not exists t (x)")
DATABASE.commit()
def state():
    COUNT.append(1)
    with open(os.path.join(HERE, "notes.txt"), "a") as f: f.write("more")
    if os.path.exists(os.path.join(HERE, "gone.txt")): os.remove(os.path.join(HERE, "gone.txt"))
    os.makedirs(os.path.join(HERE, "new", "deep"), exist_ok=True)
    open(os.path.join(HERE, "new", "deep", "f"), "w").close()
    DATABASE.execute("insert into t values (1)")
    DATABASE.commit()
    return COUNT, os.path.getsize(os.path.join(HERE, "notes.txt")), DATABASE.execute("select count(*) from t").fetchone()[0]
def look():
    return sorted(os.listdir(HERE)), open(os.path.join(HERE, "notes.txt")).read()
def spin():
    while True: pass
def nap(): time.sleep(60)
def regex(): re.match("(a+)+$", "a" * 60 + "b")
def crash(): ctypes.string_at(0)
def leave(): os._exit(3)
def hog(): return "x" * (1 << 42)
def nibble():
    kept = []
    while True: kept.append(bytearray(1 << 24))
def orphan():
    if os.fork() == 0:
        time.sleep(60)
    return "parent"
def deep(n=0): return deep(n + 1)
def chatter():
    print("to stdout"); os.write(1, b"raw"); os.write(2, b"raw"); sys.stderr.write("words")
def read(): return sys.stdin.read()
def settle():
    kept = os.path.expanduser("~/.cache/t")
    os.makedirs(kept)
    with open(os.path.join(kept, "state"), "w") as f: f.write("x")
    return os.listdir(kept)
"""


@pytest.fixture
def target(tmp_path: Path) -> Path:
    root = tree(tmp_path / "t", t=TARGET)
    (root / "notes.txt").write_text("old")
    (root / "gone.txt").write_text("here")
    return root


DOOR = {"kind": "call", "targets": ["t:state"]}


def test_globals_files_and_databases_of_one_run_are_unchanged_in_the_next(target: Path) -> None:
    found = batch(target, DOOR, [document(call("t:state")), document(call("t:state")), document(call("t:look"))])
    assert found.answer(0)["returned"] == found.answer(1)["returned"] == "([1], 7, 1)"
    assert found.answer(2)["returned"] == "(['data.db', 'gone.txt', 'notes.txt', 't.py'], 'old')"


def test_a_program_keeps_things_in_its_home_for_one_run(target: Path) -> None:
    found = batch(target, DOOR, [document(call("t:settle")), document(call("t:settle"))])
    for run in (0, 1):
        assert found.answer(run)["returned"] == "['state']", "what it makes there is allowed, and gone in the next run"


def test_the_project_itself_is_never_written_to(target: Path) -> None:
    batch(target, DOOR, [document(call("t:state"))])
    assert sorted(each.name for each in target.iterdir()) == ["gone.txt", "notes.txt", "t.py"]
    assert (target / "notes.txt").read_text() == "old"


@pytest.mark.parametrize(
    ("function", "ended", "line"),
    [
        ("spin", "timeout", "while True"),
        ("nap", "timeout", "sleep(60)"),
        ("regex", "timeout", "re.match"),
        ("crash", "signal 11", "string_at"),
    ],
)
def test_a_run_without_an_end_or_a_crash_names_its_place(target: Path, function: str, ended: str, line: str) -> None:
    found = batch(target, DOOR, [document(call(f"t:{function}")), document(call("t:look"))], "--each", "0.5", "--wall", "2")
    assert found.ended(0)["ended"] == ended
    frame = found.ended(0)["frames"][0]
    assert frame["file"] == "/src/t.py" and line in TARGET.splitlines()[frame["line"] - 1]
    assert found.ended(1)["ended"] == "done"


def test_exit_codes_are_told(target: Path) -> None:
    assert batch(target, DOOR, [document(call("t:leave"))]).ended()["ended"] == "exit 3"


@pytest.mark.parametrize("function", ["hog", "nibble"])
def test_running_out_of_memory_is_told_with_its_place(target: Path, function: str) -> None:
    found = batch(target, DOOR, [document(call(f"t:{function}"))], "--memory", "256", "--each", "10")
    assert found.ended()["ended"] == "memory"
    assert found.ended()["frames"][0]["function"] == function


def test_endless_recursion_is_an_error_of_the_target(target: Path) -> None:
    (error,) = batch(target, DOOR, [document(call("t:deep"))]).observed("error")
    assert error["detail"]["type"] == "RecursionError" and error["frames"][0]["function"] == "deep" and len(error["frames"]) == 40


def test_processes_that_a_run_leaves_behind_do_not_hold_up_the_batch(target: Path) -> None:
    found = batch(target, DOOR, [document(call("t:orphan"))] * 3, "--wall", "20", seconds=15)
    assert [found.ended(run)["ended"] for run in range(3)] == ["done"] * 3


def test_what_the_target_prints_is_never_a_record(target: Path) -> None:
    found = batch(target, DOOR, [document(call("t:chatter"), call("t:read"))])
    assert found.ended()["ended"] == "done" and "raw" not in found.errors and found.answer()["returned"] == "''"


def test_a_door_that_cannot_be_opened_is_one_failed_record_with_its_place(tmp_path: Path) -> None:
    root = tree(tmp_path / "b", broken="import sys\ndef f():\n    raise ValueError('no')\nf()\n")
    found = batch(root, {"kind": "call", "targets": ["broken:f"]}, [document(call("broken:f"))])
    (record,) = found.records
    assert record["failed"]["why"] == "ValueError: no" and found.code == 1
    assert record["failed"]["frames"][0] == {"file": "/src/broken.py", "line": 3, "function": "f"}
    quits = tree(tmp_path / "q", quits="import sys\nsys.exit(1)\n")
    assert "SystemExit" in batch(quits, {"kind": "call", "targets": ["quits:f"]}, []).records[0]["failed"]["why"]


def test_threads_of_the_open_door_live_in_every_run(tmp_path: Path) -> None:
    source = """
import queue, threading
todo, done = queue.Queue(), queue.Queue()
def work():
    while True: done.put(todo.get() * 2)
threading.Thread(target=work, daemon=True).start()
def ask(x):
    todo.put(x)
    return done.get(timeout=5)
"""
    root = tree(tmp_path / "th", threaded=source)
    found = batch(root, {"kind": "call", "targets": ["threaded:ask"]}, [document(call("threaded:ask", 2))] * 2)
    assert found.ready["threads"] == 1 and len([r for r in found.records if "ready" in r]) == 1
    assert [found.answer(run)["returned"] for run in range(2)] == ["4", "4"]


def test_covered_lines_are_counted_against_all_runs_before(tmp_path: Path) -> None:
    root = tree(tmp_path / "c", c="def f(x):\n    if x:\n        return 1\n    y = 2\n    return y\n")
    steps = [document(call("c:f", 1)), document(call("c:f", 1)), document(call("c:f", 0), call("c:f", 0))]
    found = batch(root, {"kind": "call", "targets": ["c:f"]}, steps, "--coverage")
    numbers = [[(a["edges"], a["new_edges"]) for a in found.answers(run)] for run in range(3)]
    assert numbers == [[(2, 2)], [(2, 0)], [(4, 2), (4, 0)]]


def test_a_record_is_never_longer_than_a_line_may_be(tmp_path: Path) -> None:
    root = tree(tmp_path / "l", long="def f():\n    return '\\U0001F600' * 60000\n")
    found = batch(root, {"kind": "call", "targets": ["long:f"]}, [document(call("long:f"))])
    assert max(map(len, found.lines)) < 256 * 1024 and len(found.answer()["returned"]) > 10_000


def test_a_thread_that_ends_by_itself_makes_no_run_open_the_door_anew(tmp_path: Path) -> None:
    source = """
import threading, time
threading.Thread(target=time.sleep, args=(0.5,)).start()
def app(environ, start_response):
    start_response("200 OK", [])
    return [b"x"]
"""
    root = tree(tmp_path / "short", short=source)
    found = batch(root, {"kind": "wsgi", "import": "short:app"}, [document(get("/"))])
    assert "threads" not in found.ready and found.answer()["status"] == 200
