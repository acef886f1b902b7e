"""How often a replay is tried, and what counts, when our own tools break: with a judge that says what it is told to."""

from collections.abc import Iterable
from typing import Any, cast

from tests.prove.records import entry, violation

from mithridate.model.execution import Command, Ending, Execution
from mithridate.model.project import ToolFailure
from mithridate.model.violation import Clean, ViolationKind
from mithridate.oracles.interface import Instrumentation
from mithridate.prove.replay import Judgement, Replayer

FLAW, OTHER = violation(), violation(ViolationKind.DIVISION_BY_ZERO)
BROKE = ToolFailure(tool="sandbox", why="it broke")


class Bench:
    """A sandbox that counts, and a judge whose answers are given in order; the last one stays."""

    name = "bench"

    def __init__(self, says: Iterable[Judgement]) -> None:
        self.says = list(says)
        self.ran: list[Command] = []

    def arm(self, _: object) -> Instrumentation:
        return Instrumentation(env={"ASAN_OPTIONS": "armed=1"})

    def judge(self, _: Execution) -> Judgement:
        return self.says.pop(0) if len(self.says) > 1 else self.says[0]

    def run(self, command: Command, *_: object) -> Execution:
        self.ran.append(command)
        return Execution(
            ending=Ending.EXITED,
            exit_code=0,
            signal=None,
            stdout=b"",
            stderr=b"",
            truncated=False,
            wall_s=0.0,
            cpu_s=0.0,
            peak_memory_bytes=0,
        )


def replayer(bench: Bench) -> Replayer:
    return Replayer(cast(Any, bench), cast(Any, bench), jobs=1)


def once(*says: Judgement) -> tuple[Judgement, int]:
    bench, door = Bench(says), entry()
    return replayer(bench).once(door, door.binaries[0], b"x"), len(bench.ran)


def test_a_tool_that_breaks_is_tried_again_and_not_without_end() -> None:
    assert once(Clean()) == (Clean(), 1)
    judged, runs = once(BROKE, BROKE, (FLAW,))
    assert isinstance(judged, tuple) and judged[0].signature == FLAW.signature and runs == 3
    assert once(BROKE) == (BROKE, 3)


def test_what_broke_counts_for_nothing_and_is_told() -> None:
    bench, door = Bench([(FLAW,), (OTHER, FLAW), (OTHER,), Clean(), BROKE]), entry()
    seen = replayer(bench).many(door, door.binaries[0], b"x", 6, FLAW.signature)
    assert (seen.fired, seen.replays, seen.stable) == (2, 6, False)
    assert seen.others == (OTHER.signature,) and seen.failures == (BROKE,) * 2


def test_each_run_is_armed() -> None:
    bench, door = Bench([Clean()]), entry()
    replayer(bench).many(door, door.binaries[0], b"x", 2, "")
    assert [command.env["ASAN_OPTIONS"] for command in bench.ran] == ["armed=1"] * 2
