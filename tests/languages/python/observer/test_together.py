"""Several documents in one process: each as if alone, but for what the ones before left in the process itself."""

from pathlib import Path

import pytest

from tests.languages.python.observer.running import Batch, batch, call, document, marked, tree

TARGET = """
import os, sqlite3, sys, threading, time
HERE = os.path.dirname(os.path.abspath(__file__))
SEEN = []
def note(text):
    SEEN.append(os.getpid())
    with open(os.path.join(HERE, "notes.txt"), "a") as f: f.write("more")
    return len(SEEN), SEEN[-1], os.path.getsize(os.path.join(HERE, "notes.txt"))
def wander():
    os.chdir("/"); os.environ["LEFT"] = "behind"
def where(): return os.getcwd(), os.environ.get("LEFT")
def die(): os._exit(3)
def spin():
    while True: pass
def memory(): raise MemoryError
def thread(): threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
def query(text):
    sqlite3.connect(":memory:").execute("select '" + text + "'")
def compares(text): return text == "secret"
class Left:
    def __del__(self): exec(compile("def g(): pass\\ng()", "x", "exec"), {})
def litter(text):
    for n in range(3000): exec(compile(f"def f{n}(): return {n}\\nf{n}()", __file__, "exec"), {})
    for _ in range(200):
        left = Left()
        left.me = left
"""
DOOR = {"kind": "call", "targets": ["t:note"]}


@pytest.fixture
def target(tmp_path: Path) -> Path:
    root = tree(tmp_path / "t", t=TARGET)
    (root / "notes.txt").write_text("old")
    return root


def together(target: Path, *steps: str, options: tuple[str, ...] = ()) -> Batch:
    documents = [document(call(f"t:{step}", *(["x"] if step == "note" else []))) for step in steps]
    return batch(target, DOOR, documents, "--together", "8", *options)


def returned(found: Batch, run: int) -> object:
    return eval(found.answer(run)["returned"])


def test_documents_share_a_process_and_not_the_files(target: Path) -> None:
    found = together(target, "note", "note", "note")
    counts, pids, sizes = zip(*(returned(found, run) for run in range(3)), strict=True)  # type: ignore[arg-type]
    assert counts == (1, 2, 3)
    assert len(set(pids)) == 1
    assert set(sizes) == {7}, "what the one before wrote to the tree is undone"


def test_one_that_is_to_be_alone_has_a_process_of_its_own(target: Path) -> None:
    documents = [document(call("t:note", "x"))] * 4
    found = batch(target, DOOR, documents, "--together", "8", names=["0.json", "1.json", "2-alone.json", "3.json"])
    assert [returned(found, run)[0] for run in range(4)] == [1, 2, 1, 1]  # type: ignore[index]


def test_directory_and_environment_are_put_back(target: Path) -> None:
    found = together(target, "where", "wander", "where")
    assert returned(found, 2) == returned(found, 0)


@pytest.mark.parametrize(("step", "ended"), [("die", "exit 3"), ("spin", "timeout"), ("memory", "memory")])
def test_the_end_of_a_process_is_told_of_one_document_and_the_others_go_on(target: Path, step: str, ended: str) -> None:
    found = together(target, "note", step, "note", "note", options=("--each", "0.5"))
    assert [found.ended(run)["ended"] for run in range(4)] == ["done", ended, "done", "done"]
    assert [returned(found, run)[0] for run in (0, 2, 3)] == [1, 1, 2]  # type: ignore[index]


def test_no_document_follows_one_that_left_a_thread(target: Path) -> None:
    found = together(target, "thread", "note")
    assert found.ended(0)["ended"] == "done"
    assert returned(found, 1)[0] == 1  # type: ignore[index]


def test_each_document_has_time_and_tokens_of_its_own(target: Path) -> None:
    busy = document(call("t:note", "x"), call("t:query", marked("a")))
    found = batch(target, DOOR, [busy] * 3, "--together", "8", "--each", "1")
    texts = [found.observed("sql", run)[0]["text"] for run in range(3)]
    assert len(set(texts)) == 3
    assert all(found.ended(run)["cpu_s"] < 1 for run in range(3))
    assert [len(found.observed("sql", run)) for run in range(3)] == [1, 1, 1]


def test_what_is_disposed_of_between_two_documents_does_no_harm(target: Path) -> None:
    """Its code runs while what was covered is looked through; the process died of it, and took the tree of all others with it."""
    documents = [document(call("t:litter", "x")), *[document(call("t:note", "x"))] * 3]
    names = [f"{number}-covered.json" for number in range(4)]
    found = batch(target, {"kind": "call", "targets": ["t:litter"]}, documents, "--together", "8", names=names)
    assert [found.ended(run)["ended"] for run in range(4)] == ["done"] * 4
    assert [returned(found, run)[0] for run in range(1, 4)] == [1, 2, 3]  # type: ignore[index]
