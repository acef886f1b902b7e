"""What a workbench of the tests works with: the real sandbox, and two jobs."""

import threading
from pathlib import Path

from mithridate.oracles.options import OracleOptions
from mithridate.oracles.suite import Judge
from mithridate.prove.replay import Replayer
from mithridate.sandbox.bubblewrap import Bubblewrap
from mithridate.stages.session import witnesses
from mithridate.stages.workshop import Tools


def tools(sandbox: Bubblewrap, place: Path) -> Tools:
    """Builds and trees go below `place`."""
    return Tools(
        sandbox=sandbox,
        replayer=Replayer(sandbox, Judge(OracleOptions())),
        witnesses=witnesses(sandbox, 2 << 30, 10.0, 2),
        builds=place / "builds",
        scratch=place,
        memory_bytes=2 << 30,
        jobs=2,
        build_s=300.0,
        cancel=threading.Event(),
    )
