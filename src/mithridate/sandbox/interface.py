"""The seam between us and untrusted code."""

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from mithridate.model.execution import Command, Execution, Limits, Mount


class Sandbox(Protocol):
    """Runs one command at a time, each in a world of its own; safe to call from several threads.

    Inside: a read-only system (/usr, /lib*, /bin, the few files of /etc that a dynamic linker and a locale need), an empty
    writable /tmp, a minimal /dev, its own /proc, no home, no network, no other process, and the given mounts.
    """

    name: str

    def check(self) -> None:
        """Raise `SandboxUnavailable` with the reason and the remedy if this machine cannot run it."""
        ...

    def run(
        self,
        command: Command,
        mounts: Sequence[Mount] = (),
        limits: Limits = Limits(),
        on_stderr: Callable[[bytes], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> Execution:
        """Run `command` to its end or to a limit, and leave no process behind.

        `on_stderr` receives chunks of stderr as they come (for live views); `cancel` ends the execution early
        (SIGTERM, then SIGKILL after 3 seconds) with `Ending.CANCELLED`. Any other limit kills at once.
        Raises SandboxUnavailable when the sandbox itself could not start; never for what the command did.
        """
        ...
