import io
import threading
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from mithridate.cli.live import LiveView
from mithridate.cli.plain import PlainLines
from mithridate.cli.tally import Tally, clock_time, short_count
from mithridate.model.run import HuntProgress, Note, ProofLanded, StageStarted
from mithridate.report.visible import visible

PROGRESS = HuntProgress(
    entry_id="lib/tools/reader:-x @@",
    engine="libfuzzer",
    executions=1000,
    per_second=500.0,
    covered=120,
    edges=480,
    corpus_units=33,
    candidates=2,
    time_left_s=75.0,
)
PROOF = ProofLanded(title="Heap buffer overflow", place="src/read.c:41", replays=10)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def paint(view: LiveView, width: int, height: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height, legacy_windows=False)
    console.print(view)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def scroll() -> Console:
    return Console(file=io.StringIO(), width=80)


@pytest.fixture
def view(clock: Clock, scroll: Console) -> LiveView:
    return LiveView("libexample", threading.Event(), console=scroll, clock=clock)


def test_the_live_view_shows_where_each_engine_stands(view: LiveView, clock: Clock) -> None:
    view(StageStarted(stage="builds"))
    view(StageStarted(stage="hunt", detail="1 entry point"))
    view(PROGRESS)
    clock.now = 10.0
    header, stages, _, row = paint(view, 80, 24)
    assert "libexample" in header and "1:05 left" in header and "nothing proved yet" in header
    assert "✓ builds" in stages and "▸ hunt" in stages
    assert row.split() == ["lib/tools/reader:-x", "@@", "libfuzzer", "1.0k", "500", "━━╌╌╌╌╌╌", "25%", "33", "2"]


@pytest.mark.parametrize("width", [60, 80, 132])
@pytest.mark.parametrize("height", [10, 24])
@pytest.mark.parametrize("name", ["lib/" + "x" * 200 + "/last", "日本語" * 40, "a\x1b[31m\nb\u202e", "[bold]x[/bold]", ""])
def test_the_live_view_fits_whatever_the_names(view: LiveView, width: int, height: int, name: str) -> None:
    view(StageStarted(stage="hunt", detail=name))
    for number in range(40):
        view(replace(PROGRESS, entry_id=f"{name}{number}", edges=0 if number % 2 else 480))
    lines = paint(view, width, height)
    assert len(lines) <= height
    assert all(cell_len(line) <= width for line in lines)
    assert "\x1b" not in "".join(lines)
    assert "more" in lines[-1]


def test_a_long_name_keeps_its_end(view: LiveView) -> None:
    view(replace(PROGRESS, entry_id="libexample/some/deep/directory/of/tools/converter:--strict @@"))
    assert ":--strict @@" in paint(view, 80, 24)[-1]


def test_proofs_and_notes_scroll_above_the_live_view(view: LiveView, scroll: Console) -> None:
    view(PROOF)
    view(Note(text="component [bold]x[/bold] \x1b[2J was skipped"))
    assert isinstance(scroll.file, io.StringIO)
    written = scroll.file.getvalue()
    assert "proved  Heap buffer overflow at src/read.c:41  (10 of 10 replays)" in written
    assert "[bold]x[/bold]" in written and "\x1b" not in written
    assert "1 proved" in paint(view, 80, 24)[0]


def test_the_live_view_says_that_it_is_stopping(clock: Clock, scroll: Console) -> None:
    cancel = threading.Event()
    view = LiveView("x", cancel, console=scroll, clock=clock)
    view(StageStarted(stage="hunt"))
    cancel.set()
    assert "everything done so far is kept" in paint(view, 80, 24)[1]


def test_plain_lines_say_every_event_and_the_hunt_now_and_then(clock: Clock) -> None:
    stream = io.StringIO()
    lines = PlainLines(stream, clock)
    lines(StageStarted(stage="hunt", detail="2 engines"))
    for second in range(25):
        clock.now = float(second)
        lines(replace(PROGRESS, executions=1000 * (second + 1), time_left_s=75.0 - second))
    lines(PROOF)
    lines(Note(text="a\nb"))
    written = stream.getvalue().splitlines()
    assert written == [
        "[0:00] hunt: 2 engines",
        "[0:00] hunting: 1 entry point, 1.0k executions (500/s), 120 edges, 2 candidates, 1:15 left",
        "[0:10] hunting: 1 entry point, 11.0k executions (1.0k/s), 120 edges, 2 candidates, 1:05 left",
        "[0:20] hunting: 1 entry point, 21.0k executions (1.0k/s), 120 edges, 2 candidates, 0:55 left",
        "[0:24] proved: Heap buffer overflow at src/read.c:41 (10 of 10 replays)",
        "[0:24] a" + visible("\n") + "b",
    ]


def test_an_entry_point_counts_its_best_engine_once() -> None:
    tally = Tally()
    tally.add(PROGRESS, 0.0)
    tally.add(replace(PROGRESS, engine="afl++", covered=100), 0.0)
    total = tally.total()
    assert (total.entries, total.covered, total.executions, total.candidates) == (1, 120, 2000, 4)


def test_an_engine_that_stopped_no_longer_counts_as_speed() -> None:
    tally = Tally()
    tally.add(replace(PROGRESS, entry_id="a", executions=0), 0.0)
    for second in range(100):
        tally.add(replace(PROGRESS, entry_id="b", executions=100 * second), float(second))
    assert tally.total().per_second == pytest.approx(100, rel=0.01)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (999, "999"),
        (999.6, "1.0k"),
        (12_345, "12.3k"),
        (99_960, "100k"),
        (999_600, "1.0M"),
        (4.2e9, "4.2G"),
        (7e15, "7000T"),
    ],
)
def test_counts_are_short(number: float, text: str) -> None:
    assert short_count(number) == text


@pytest.mark.parametrize(("seconds", "text"), [(-3, "0:00"), (59.9, "0:59"), (61, "1:01"), (3661, "1:01:01")])
def test_times_read_like_a_clock(seconds: float, text: str) -> None:
    assert clock_time(seconds) == text
