"""The sandboxes there are, by name."""

from collections.abc import Callable, Mapping

from mithridate.model.errors import UsageError
from mithridate.sandbox.bubblewrap import Bubblewrap
from mithridate.sandbox.interface import Sandbox
from mithridate.sandbox.orphans import end_orphans
from mithridate.sandbox.unsafe_host import UnsafeHost

SANDBOXES: Mapping[str, Callable[[], Sandbox]] = {Bubblewrap.name: Bubblewrap, UnsafeHost.name: UnsafeHost}
"""Every implementation; each is held to the conformance suite."""


def create(name: str) -> Sandbox:
    """The sandbox called `name`. Ends what processes of ours that were killed left running.

    Raises UsageError when there is none.
    """
    if name not in SANDBOXES:
        raise UsageError(f"no sandbox is called {name!r}", f"choose one of: {', '.join(SANDBOXES)}")
    end_orphans()
    return SANDBOXES[name]()
