"""What both engines share: where things appear inside the sandbox, and what the harness leaves behind."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from mithridate.languages.invocation import build_mounts
from mithridate.model.entry import Binary
from mithridate.model.execution import Mount
from mithridate.model.search import SearchSlice, Species
from mithridate.sandbox.leavings import disarm, read_plain

CORPUS = "/corpus"
CANDIDATES = "/candidates"
WORK = "/work"
DICTIONARY = "/dictionary"
SPECIES = "species"
SPECIES_FILE = f"{WORK}/{SPECIES}"
SLICE_DISK_BYTES = 2 << 30
"""How much the writable directories of one slice may grow in it."""

_LINE_BYTES = 256
_UNIT_BYTES = 4 << 20
_WORK_FILE_BYTES = 64 << 20


def slice_mounts(work: SearchSlice, binary: Binary) -> tuple[Mount, ...]:
    """Build read-only; corpus, candidates and work writable; other engines' corpora read-only."""
    mounts = [
        *build_mounts(binary),
        Mount(source=work.corpus, target=CORPUS, writable=True),
        Mount(source=work.candidates, target=CANDIDATES, writable=True),
        Mount(source=work.work, target=WORK, writable=True),
    ]
    mounts += [Mount(source=path, target=foreign_target(i)) for i, path in enumerate(work.foreign)]
    if work.dictionary is not None:
        mounts.append(Mount(source=work.dictionary, target=DICTIONARY))
    return tuple(mounts)


def foreign_target(index: int) -> str:
    """Where the corpus of the index-th other engine appears."""
    return f"/foreign/{index}"


def read_species(work: Path) -> Species:
    """The harness's counts over sampled executions; zeros where it took none."""
    try:
        samples, singletons, doubletons, observed = map(int, read_plain(work / SPECIES, _LINE_BYTES).split())
    except (OSError, ValueError):
        return Species()
    return Species(samples=samples, singletons=singletons, doubletons=doubletons, observed=observed)


def found_candidates(directory: Path) -> tuple[Path, ...]:
    """Complete candidate files, in a stable order."""
    return tuple(sorted(p for p in directory.iterdir() if p.is_file() and not p.name.startswith(".")))


def disarm_slice(work: SearchSlice) -> None:
    """Take out of a slice's writable directories what a hostile target may have put there to mislead us; then read."""
    disarm(work.corpus, _UNIT_BYTES, flat=True)
    disarm(work.candidates, _UNIT_BYTES, flat=True)
    disarm(work.work, _WORK_FILE_BYTES)


def kept_elsewhere(directory: Path, limit: int) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of the inputs in another engine's corpus, oldest first, those of more than `limit` bytes left out.

    That engine may be at work in this moment: what it takes away meanwhile is not offered, and nothing but a plain file is read.
    """
    found: list[tuple[float, str]] = []
    with os.scandir(directory) as entries:
        for entry in entries:
            with suppress(OSError):
                found.append((entry.stat(follow_symlinks=False).st_mtime, entry.name))
    for _, name in sorted(found):
        with suppress(OSError):
            data = read_plain(directory / name, limit + 1)
            if not name.startswith(".") and len(data) <= limit:
                yield name, data


def units(corpus: Path) -> int:
    """How many inputs a corpus directory holds."""
    return sum(not name.startswith(".") for name in os.listdir(corpus))  # noqa: PTH208 - tens of thousands, every few seconds
