"""The seam for what counts as a violation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from mithridate.model.entry import EntryPoint
from mithridate.model.execution import Execution
from mithridate.model.project import ToolFailure
from mithridate.model.violation import Clean, Violation


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrumentation:
    """What an oracle needs: compiler and linker flags, and environment variables of the target's process."""

    compile_flags: tuple[str, ...] = ()
    link_flags: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)


class Oracle(Protocol):
    """Arms a build or a process, then judges its executions."""

    name: str

    def arm(self, entry: EntryPoint | None) -> Instrumentation:
        """What to add to the build (entry is None) or to the process of `entry`."""
        ...

    def judge(self, execution: Execution) -> tuple[Violation, ...] | Clean | ToolFailure:
        """All violations of one execution, the gravest first; or Clean; or ToolFailure when our tool, not the target, broke."""
        ...
