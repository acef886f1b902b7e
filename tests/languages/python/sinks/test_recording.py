"""The recorder by itself, and the wrappers' promise to leave the target as it is."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from .conftest import CLOSING, MARKED, OPENING, RUNTIME, Observe


@pytest.fixture(scope="module")
def recording() -> ModuleType:
    spec = importlib.util.spec_from_file_location("recording_alone", RUNTIME / "mithridate_observer" / "recording.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def written() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def recorder(recording: ModuleType, written: list[dict[str, Any]], tmp_path: Path) -> Any:
    made = recording.Recorder(written.append, {str(tmp_path): "/src"})
    made.begin(3, "attack", [(1, OPENING, CLOSING), (2, "zz00000000", "zz11111111")])
    return made


def test_a_record_has_the_shape_of_the_contract(recorder: Any, written: list[dict[str, Any]]) -> None:
    assert recorder.saw("sql", "a.b", f"x {MARKED}", dialect="sqlite", detail={"n": "1"})
    (record,) = written
    assert (record["run"], record["phase"]) == (3, "attack")
    observed = record["observed"]
    assert observed.pop("frames")
    assert observed == {
        "sink": "sql",
        "api": "a.b",
        "text": f"x {MARKED}",
        "dialect": "sqlite",
        "marks": [1],
        "stopped": False,
        "detail": {"n": "1"},
    }


@pytest.mark.parametrize("text", [OPENING, CLOSING.upper(), f"a{OPENING}".encode(), f"b{CLOSING}".title()])
def test_either_token_counts_in_any_case(recorder: Any, text: str | bytes) -> None:
    assert recorder.saw("sql", "a", text)


def test_text_without_a_token_writes_nothing(recorder: Any, written: list[dict[str, Any]]) -> None:
    assert not recorder.saw("sql", "a", OPENING[:-1] + " " + CLOSING[1:])
    assert not recorder.saw("weak-hash", "a", "md5", fact=True)
    assert written == []


def test_nothing_is_seen_before_begin_and_after_end(recorder: Any, written: list[dict[str, Any]]) -> None:
    recorder.end()
    assert not recorder.saw("sql", "a", MARKED)
    assert written == []


def test_the_same_is_written_once_a_phase(recorder: Any, written: list[dict[str, Any]]) -> None:
    for _ in range(3):
        assert recorder.saw("sql", "a", MARKED)
    recorder.begin(3, "control", [(1, OPENING, CLOSING)])
    assert recorder.saw("sql", "a", MARKED)
    assert [record["phase"] for record in written] == ["attack", "control"]


def test_a_loop_over_marked_values_does_not_flood(recording: ModuleType, recorder: Any, written: list[dict[str, Any]]) -> None:
    for number in range(500):
        assert recorder.saw("path", "open", f"{number}{MARKED}")
    assert len(written) == recording.MOST_TEXTS


@pytest.mark.parametrize("filler", ["a", "\x01", "é", "😀"])
def test_long_text_keeps_its_marks_and_fits_a_record(recorder: Any, written: list[dict[str, Any]], filler: str) -> None:
    recorder.saw("html", "a", filler * 300_000 + MARKED + filler * 300_000)
    assert MARKED in written[0]["observed"]["text"]
    assert len(json.dumps(written[0])) < 256 * 1024


def test_marked_looks_into_containers_one_level_deep(recorder: Any) -> None:
    assert recorder.marked(["a", {"k": MARKED}])
    assert recorder.marked({MARKED.encode(): 1})
    assert not recorder.marked(["a", 3, None, {"k": ["v"]}])


def test_an_exception_for_something_stopped_is_also_the_librarys(recording: ModuleType) -> None:
    error = recording.stopped(PermissionError, 13, "no", "file")
    assert isinstance(error, PermissionError)
    assert isinstance(error, recording.Stopped)
    assert error.filename == "file"
    assert type(error).__name__ == "PermissionError"


def test_frames_are_the_projects_innermost_first(observe: Observe) -> None:
    source = """import json, lib.inner
def run(data):
    return lib.inner.go(data, lambda d: json.loads('1', parse_int=lambda _: open(d)))
"""
    files = {"lib/__init__.py": "", "lib/inner.py": "def go(data, then):\n    return then(data)\n"}
    frames = observe(source, files=files).only_frames()
    assert [(frame["file"], frame["line"], frame["function"]) for frame in frames][-3:] == [
        ("/src/app.py", 3, "<lambda>"),
        ("/src/lib/inner.py", 2, "go"),
        ("/src/app.py", 3, "run"),
    ]


def test_frames_of_packages_serve_where_the_project_has_none(observe: Observe) -> None:
    source = """
import os, threading
def run(data):
    thread = threading.Thread(target=os.scandir, args=(data,))
    threading.excepthook = lambda *_: None
    thread.start(), thread.join()
"""
    frames = observe(source).only_frames()
    assert frames[0]["file"].endswith("/threading.py")


@pytest.mark.parametrize(
    ("needs", "handed"),
    [
        ((), "await asyncio.to_thread(open, data)"),
        ((), "await asyncio.get_running_loop().run_in_executor(None, open, data)"),
        (("anyio",), "await __import__('anyio').to_thread.run_sync(open, data)"),
        (("aiofiles",), "await __import__('aiofiles').open(data)"),
    ],
)
def test_what_a_pools_thread_does_is_told_with_the_frames_of_who_handed_it_over(
    observe: Observe, needs: tuple[str, ...], handed: str
) -> None:
    source = f"""import asyncio
async def read(data):
    {handed}
def run(data):
    asyncio.run(read(data))
"""
    seen = observe(source, *needs)
    assert [frame["function"] for frame in seen.only_frames()] == ["read", "run"]
    assert seen.attack["raised"] == "FileNotFoundError" and seen.missed == []


def test_what_the_project_itself_does_in_a_pools_thread_comes_before_who_handed_it_over(observe: Observe) -> None:
    source = """
import concurrent.futures
def read(data):
    return open(data)
def run(data):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        return repr(pool.submit(read, data).exception())
"""
    assert [frame["function"] for frame in observe(source).only_frames()] == ["read"]


def test_what_is_wrapped_looks_as_before(observe: Observe) -> None:
    source = """
import hashlib, inspect, logging, re, sqlite3, tarfile, threading
import asyncio
class Own(sqlite3.Cursor):
    def execute(self, *args):
        return super().execute(*args)
def run(data):
    return [
        hashlib.md5.__name__, str(inspect.signature(re._compile)),
        inspect.iscoroutinefunction(asyncio.BaseEventLoop.create_connection),
        str(inspect.signature(tarfile.TarFile.extractall).parameters['path'].default), logging.Logger.handle.__qualname__,
        type(sqlite3.connect(':memory:')) is sqlite3.Connection,
        sqlite3.connect(':memory:').cursor(Own).execute('SELECT 1').fetchone(),
        '{:>3}|{a}'.format(1, a=2), 'x'.format.__name__,
    ]
"""
    seen = observe(source)
    assert seen.records == []
    assert seen.attack["result"] == [
        "openssl_md5",
        "(pattern, flags)",
        True,
        ".",
        "Logger.handle",
        True,
        [1],
        "  1|2",
        "format",
    ]


def test_every_wrapper_fits_the_libraries_that_are_there(observe: Observe) -> None:
    source = """
import importlib
from mithridate_observer import sinks
for name in sinks._patches():
    try: importlib.import_module(name)
    except Exception: pass
def run(data):
    return 1
"""
    assert observe(source).missed == []
