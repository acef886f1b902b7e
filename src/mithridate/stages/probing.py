"""Runs an instrumented program and brings home what its probes recorded: see repair/learning."""

import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mithridate.model.entry import Binary, EntryPoint
from mithridate.model.execution import Mount
from mithridate.model.project import ToolFailure
from mithridate.prove.replay import Replayer
from mithridate.repair.interface import Probed
from mithridate.repair.learning.records import DIRECTORY, FILE
from mithridate.sandbox.leavings import read_plain, remove_tree

_RECORD_BYTES = 64 << 20


def probed(
    replayer: Replayer,
    entry: EntryPoint,
    binary: Binary,
    inputs: Sequence[bytes],
    folder: Path,
    jobs: int,
    *,
    halt: bool = False,
) -> list[Probed | ToolFailure]:
    """One run of each input in a fresh sandbox with a file for records; `halt` ends a process at undefined behaviour."""
    options = {"UBSAN_OPTIONS": "halt_on_error=1"} if halt else {}

    def once(data: bytes) -> Probed | ToolFailure:
        home = Path(tempfile.mkdtemp(prefix="records-", dir=folder))
        try:
            file = home / Path(FILE).name
            file.touch()
            mounts = (Mount(source=home, target=DIRECTORY, writable=True),)
            judged = replayer.beside(entry, binary, data, mounts, options)
            if isinstance(judged, ToolFailure):
                return judged
            try:
                records = read_plain(file, _RECORD_BYTES)
            except OSError:
                records = b""
            return Probed(violations=judged if isinstance(judged, tuple) else (), records=records)
        finally:
            remove_tree(home)

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(once, inputs))
