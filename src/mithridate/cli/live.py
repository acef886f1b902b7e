"""A run on a terminal: a table of the hunt that repaints itself, and above it what happened, line by line."""

import sys
import termios
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.table import Table
from rich.text import Text

from mithridate.cli.interrupt import STOPPING
from mithridate.cli.tally import Tally, clock_time, short_count
from mithridate.model.run import Event, HuntProgress, Note, ProofLanded, StageStarted
from mithridate.report.visible import visible

_PER_SECOND = 2
"""Repaints a second: a hunt shares its cores with the view."""

_BAR = 8
_FULL, _EMPTY = "━", "╌"
_WIDE = 100
"""From this many columns on there is room for the edges in numbers."""

_COLUMNS, _COLUMNS_WIDE = 51, 66
"""Width of everything beside the entry point's name."""

_AROUND_ROWS = 7
"""Lines that are not rows: two of the header, headings, rules, the count of rows left out, and room for the prompt."""


class LiveView:
    """An Observer and a context manager. Proofs and notes scroll; stages, the hunt and the time left stay at the bottom."""

    def __init__(
        self,
        title: str,
        cancel: threading.Event,
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._title = visible(title)
        self._cancel = cancel
        self._console = console or Console(stderr=True, highlight=False, soft_wrap=False)
        self._clock = clock
        self._started = clock()
        self._stages: list[str] = []
        self._detail = ""
        self._proofs = 0
        self._tally = Tally()
        self._told: tuple[float, float] = (clock(), 0.0)
        self._lock = threading.RLock()
        self._live = Live(self, console=self._console, refresh_per_second=_PER_SECOND, redirect_stdout=False)

    def __enter__(self) -> Self:
        self._echo(False)
        self._live.start(refresh=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._live.stop()
        self._echo(True)

    def __call__(self, event: Event) -> None:
        """Show one event. Safe for several threads."""
        with self._lock:
            match event:
                case StageStarted(stage=stage, detail=detail):
                    if stage in self._stages:
                        self._stages.remove(stage)
                    self._stages.append(stage)
                    self._detail = visible(detail)
                case ProofLanded(title=title, place=place, replays=replays):
                    self._proofs += 1
                    self._say("proved", f"{title} at {place}  ({replays} of {replays} replays)", "bold red")
                case Note(text=text):
                    self._say("note", text, "yellow")
                case HuntProgress(time_left_s=left):
                    self._tally.add(event, self._clock())
                    self._told = (self._clock(), left)

    def _echo(self, shown: bool) -> None:
        """Whether the terminal shows ^C when it is typed, which would break the picture in two."""
        try:
            attributes = termios.tcgetattr(sys.stdin)
            attributes[3] = attributes[3] | termios.ECHOCTL if shown else attributes[3] & ~termios.ECHOCTL
            termios.tcsetattr(sys.stdin, termios.TCSANOW, attributes)
        except (termios.error, OSError, ValueError):
            return  # standard input is no terminal: nothing is echoed

    def _say(self, mark: str, text: str, style: str) -> None:
        since = clock_time(self._clock() - self._started)
        self._console.print(Text.assemble((f"{since:>7} ", "dim"), (mark, style), "  ", visible(text)))

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        """What is painted: at most the height of the terminal."""
        with self._lock:
            yield self._header(options.max_width)
            yield self._stage_line()
            if self._tally.rows:
                yield from self._hunt(options.max_width, options.size.height)

    def _header(self, width: int) -> Text:
        total = self._tally.total()
        facts = [f"{clock_time(self._clock() - self._started)} gone"]
        if self._tally.rows:
            heard, left = self._told
            facts += [f"{clock_time(left - (self._clock() - heard))} left", f"{short_count(total.per_second)} exec/s"]
        facts += [f"{self._proofs} proved" if self._proofs else "nothing proved yet"]
        line = Text.assemble(("mithridate ", "bold"), (self._title, "cyan"), overflow="ellipsis", no_wrap=True)
        tail = Text(" · " + " · ".join(facts), style="dim")
        line.truncate(max(16, width - len(tail)), overflow="ellipsis")
        return line.append_text(tail)

    def _stage_line(self) -> Text:
        if self._cancel.is_set():
            return Text(STOPPING, style="bold yellow")
        line = Text(overflow="ellipsis", no_wrap=True)
        for stage in self._stages[:-1]:
            line.append("✓ ", style="green").append(f"{visible(stage)}  ", style="dim")
        if self._stages:
            line.append("▸ ", style="bold cyan").append(visible(self._stages[-1]), style="bold")
        if self._detail:
            line.append(f"  {self._detail}", style="dim")
        return line

    def _hunt(self, width: int, height: int) -> RenderResult:
        wide = width >= _WIDE
        room = max(8, width - (_COLUMNS_WIDE if wide else _COLUMNS))
        table = Table(box=None, expand=True, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
        table.add_column("entry point", ratio=1, no_wrap=True, overflow="ellipsis")
        table.add_column("engine", no_wrap=True, max_width=9)
        for heading in ("execs", "exec/s"):
            table.add_column(heading, justify="right", no_wrap=True, min_width=6)
        table.add_column("edges covered" if wide else "coverage", no_wrap=True, min_width=_BAR + 5)
        table.add_column("corpus", justify="right", no_wrap=True, min_width=6)
        table.add_column("cand.", justify="right", no_wrap=True, min_width=5)
        shown = self._tally.lately(max(1, height - _AROUND_ROWS))
        for row in shown:
            candidates = Text(short_count(row.candidates), style="bold red" if row.candidates else "dim")
            table.add_row(
                Text(_middle_out(visible(row.entry_id), room)),
                Text(visible(row.engine), style="dim"),
                short_count(row.executions),
                short_count(row.per_second),
                _coverage(row.covered, row.edges, wide),
                short_count(row.corpus_units),
                candidates,
            )
        yield table
        rest = len(self._tally.rows) - len(shown)
        if rest > 0:
            yield Text(f"… and {rest} more", style="dim")


def _middle_out(name: str, room: int) -> str:
    """The name in at most `room` columns; the middle goes first, since programs differ in their last part and arguments."""
    if cell_len(name) <= room:
        return name
    end = set_cell_size(name[::-1], room * 2 // 3)[::-1]
    return set_cell_size(name, room - cell_len(end) - 1) + "…" + end


def _coverage(covered: int, edges: int, wide: bool) -> Text:
    """A bar and the share; the bare number where the total is unknown."""
    if edges <= 0:
        return Text(f"{short_count(covered)} edges", style="dim")
    share = min(1.0, covered / edges)
    full = round(share * _BAR)
    text = Text.assemble((_FULL * full, "green"), (_EMPTY * (_BAR - full), "dim"), f" {share:4.0%}")
    return text.append(f" {short_count(covered)}/{short_count(edges)}", style="dim") if wide else text
