"""Claims about how the calls engine has its documents run."""

from pathlib import Path
from typing import Any

from mithridate.hunt.engines.calls.runner import SandboxRunner
from mithridate.model.entry import Binary, Boundary, EntryKind, EntryPoint
from mithridate.model.execution import Command, Ending, Execution
from mithridate.model.project import Flavour


class Noting:
    """A sandbox that runs nothing and notes the names of the documents it is given."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def check(self) -> None: ...

    def run(self, command: Command, mounts: Any = (), limits: Any = None, on_stderr: Any = None, cancel: Any = None) -> Execution:
        del command, limits, on_stderr, cancel
        self.names = [p.name for m in mounts for p in sorted(Path(m.source).glob("0*.json"))]
        return Execution(
            ending=Ending.EXITED, exit_code=0, signal=None, stdout=b"", stderr=b"", truncated=False, wall_s=1.0, cpu_s=1.0,
            peak_memory_bytes=0,
        )  # fmt: skip


def names_of(*, coverage: bool) -> list[str]:
    binary = Binary(flavour=Flavour.PLAIN, directory=Path("/nowhere"), path="/build/door.json", in_process=False)
    entry = EntryPoint(
        id="x", component="x", language="python", name="x", kind=EntryKind.FUNCTION, boundary=Boundary.REAL, arguments=(),
        suffix="", binaries=(binary,),
    )  # fmt: skip
    sandbox = Noting()
    SandboxRunner(entry=entry, binary=binary, sandbox=sandbox, memory_bytes=1 << 30).run(
        [b"{}", b"{}"], 5.0, 1.0, coverage=coverage
    )
    return sandbox.names


def test_each_document_that_is_measured_has_a_process_of_its_own_and_names_say_whether_lines_are_counted() -> None:
    """Calls change what a process holds, which is of no weight where only lines are counted."""
    assert names_of(coverage=True) == ["000000-covered.json", "000001-covered.json"]
    assert names_of(coverage=False) == ["000000-alone.json", "000001-alone.json"]
