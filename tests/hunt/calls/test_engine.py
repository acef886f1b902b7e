"""Claims about the whole search, with a small observer (small_observer.py) in place of the sandbox and its Python runtime."""

import json
import subprocess
import sys
import threading
from collections.abc import Container, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from mithridate.hunt.engines.calls.engine import STATE_FILE, CallsEngine
from mithridate.hunt.engines.calls.runner import Output
from mithridate.model.entry import Binary, Boundary, EntryKind, EntryPoint
from mithridate.model.project import Flavour
from mithridate.model.search import SearchResult, SearchSlice
from mithridate.model.violation import ViolationKind
from mithridate.oracles.growth.measured import measure
from mithridate.oracles.growth.verdict import judge

MODULE = """
import re
TAG = re.compile(r"<%(?:\\s+\\w+|\\s*=\\s*|[^%<>]+)*>")

def match_tag(text):
    return TAG.match(text)

def parse_list(text):
    def inner(at):
        return inner(at + 1) if text[at:at + 1] == "[" else at
    return inner(0)

def read_words(text):
    at = 0
    while at < len(text):
        end = text.find(" ", at)
        if text[at:] == "exception":
            continue
        at = len(text) if end < 0 else end + 1
    return at

def read_numbers(text):
    if not isinstance(text, str):
        raise TypeError("a bytes-like object is not a text")
    return [word for word in text.split() if word.isdigit()]

def fast_match(text):
    return re.match(r"<%\\w+>", text)
"""
OBSERVER = Path(__file__).with_name("small_observer.py")


class SmallRunner:
    """Runs documents with the small observer."""

    def __init__(self, tree: Path) -> None:
        self.tree = tree

    def run(
        self,
        documents: Sequence[bytes],
        seconds: float,
        each_s: float,
        *,
        coverage: bool = True,
        alone: Container[int] | None = None,
    ) -> Output:
        with TemporaryDirectory() as folder:
            for number, data in enumerate(documents):
                (Path(folder) / f"{number:06d}.json").write_bytes(data)
            command = [sys.executable, str(OBSERVER), str(self.tree), folder, str(each_s)]
            done = subprocess.run(command, capture_output=True, check=False, timeout=seconds + 60)
        return Output(records=done.stdout, words=done.stderr.decode()[-500:])


def slice_for(place: Path, functions: Sequence[str], seconds: float) -> SearchSlice:
    build = place / "tree"
    (build / "src").mkdir(parents=True)
    (build / "build").mkdir()
    (build / "src" / "sample_module.py").write_text(MODULE)
    told = [
        {"target": f"sample_module:{name}", "parameters": [{"name": "text"}], "file": "/src/sample_module.py", "line": number}
        for number, name in enumerate(functions, 1)
    ]
    door = {"kind": "call", "targets": [one["target"] for one in told], "functions": told}
    (build / "build" / "door.json").write_text(json.dumps(door))
    for name in ("corpus", "candidates", "work"):
        (place / name).mkdir()
    binary = Binary(flavour=Flavour.PLAIN, directory=build, path="/build/door.json", in_process=False)
    entry = EntryPoint(
        id="sample",
        component="sample",
        language="python",
        name="sample",
        kind=EntryKind.FUNCTION,
        boundary=Boundary.DERIVED,
        arguments=(),
        suffix=".json",
        binaries=(binary,),
    )
    return SearchSlice(
        entry=entry,
        seconds=seconds,
        seed=1,
        corpus=place / "corpus",
        foreign=(),
        candidates=place / "candidates",
        work=place / "work",
        dictionary=None,
        memory_bytes=1 << 30,
        input_bytes=1 << 16,
        unit_timeout_s=2.0,
    )


def search(work: SearchSlice, stop_at: int = 1) -> SearchResult:
    """Search until so many candidates were found, at most the slice's time."""
    cancel = threading.Event()

    def tick(*_counts: int) -> None:
        if len(list(work.candidates.iterdir())) >= stop_at:
            cancel.set()

    binary = work.entry.binary(Flavour.PLAIN)
    assert binary is not None
    runner = SmallRunner(binary.directory / "src")
    engine = CallsEngine(runner=lambda *_: runner, judge=lambda _, documents: [()] * len(documents))
    return engine.search(work, None, tick, cancel)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("function", "kinds"),
    [
        # Whether time was seen to explode, or only not to end, is a matter of the machine.
        ("match_tag", {ViolationKind.SUPERLINEAR_TIME, ViolationKind.TIMEOUT}),
        ("parse_list", {ViolationKind.STACK_EXHAUSTION}),
        ("read_words", {ViolationKind.TIMEOUT}),
    ],
)
def test_each_kind_of_exhaustion_is_found_and_its_candidate_shows_it_again(
    tmp_path: Path, function: str, kinds: set[ViolationKind]
) -> None:
    work = slice_for(tmp_path, [function], seconds=120)
    result = search(work)
    found = [p for p in result.candidates if p.name.startswith(tuple(f"calls-{kind}-" for kind in kinds))]
    assert found, result
    candidate = found[0]
    binary = work.entry.binary(Flavour.PLAIN)
    assert binary is not None
    again = SmallRunner(binary.directory / "src").run([candidate.read_bytes()], 60, 8.0)
    violation = judge(measure(candidate.read_bytes(), [json.loads(line) for line in again.records.splitlines()]))
    assert violation is not None and violation.kind in kinds
    assert violation.place is not None and violation.place.file == "/src/sample_module.py"


def test_a_function_without_a_flaw_stays_without_candidates(tmp_path: Path) -> None:
    result = search(slice_for(tmp_path, ["fast_match"], seconds=20))
    assert result.candidates == ()
    assert result.executions > 100


def test_a_slice_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    work = slice_for(tmp_path, ["fast_match"], seconds=20)
    search(work, stop_at=0)
    before = json.loads((work.work / STATE_FILE).read_text())["units"]["sample_module:fast_match"]
    search(work, stop_at=0)
    after = json.loads((work.work / STATE_FILE).read_text())["units"]["sample_module:fast_match"]
    assert (after["stage"], after["position"]) > (before["stage"], before["position"])


def test_when_all_else_is_tried_inputs_are_changed_round_after_round(tmp_path: Path) -> None:
    work = slice_for(tmp_path, ["read_numbers"], seconds=10)
    for _ in range(6):  # a busy machine needs more slices than one; each goes on where the last one ended
        search(work)
        unit = json.loads((work.work / STATE_FILE).read_text())["units"]["sample_module:read_numbers"]
        if unit["rounds"] > 1:
            break
    assert unit["inputs"] and unit["rounds"] > 1


def test_other_kinds_of_entry_points_are_refused(tmp_path: Path) -> None:
    work = slice_for(tmp_path, ["fast_match"], seconds=1)
    assert CallsEngine().accepts(work.entry) is None
    (tmp_path / "tree" / "build" / "door.json").unlink()
    assert CallsEngine().accepts(work.entry) is not None
