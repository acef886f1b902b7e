"""Inputs that a program took without a violation: what a patch may not change is seen on them."""

import time
from collections.abc import Sequence
from pathlib import Path

from mithridate.prove.bundle import Bundle
from mithridate.repair.interface import Workbench
from mithridate.repair.steps.perturbed import perturbed
from mithridate.stages.session import Stores
from mithridate.stages.shadowed import original_door

MOST = 120
_FEWEST = 12
_BYTES = 64 << 10
_TIMED = 3
_PROOFS = 3
_NEAR = 48
_SHARE = 0.15
_RUNS = 4
"""Runs of each that one patch costs: what it violates, leaks and says, and once more with marks."""


def benign(
    entry_id: str,
    project: str,
    stores: Stores,
    bench: Workbench,
    bundles: Sequence[Bundle],
    folder: Path,
    seconds: float,
    jobs: int,
) -> tuple[bytes, ...]:
    """The negative controls of the proofs and what the hunt kept, of all sizes: as many as `seconds` of wall time allow for.

    They are run for each patch that is judged; on a slow or a busy machine too many of them would leave no time for a second one.
    Where no hunt kept anything, changed forms of the proofs that violate nothing take their place: they go the proofs' way.
    """
    kept = folder / f"kept-{len(list(folder.iterdir()))}"
    kept.mkdir()
    stores.corpora.restore(project, original_door(entry_id), kept)
    controls = [data for b in bundles if b.manifest.entry.id == entry_id for data in b.controls.values()]
    files = [path.read_bytes() for path in sorted(kept.iterdir(), key=lambda p: (p.stat().st_size, p.name))]
    if len(files) < _FEWEST and not bench.original.entries[entry_id].observed:
        proofs = [b.input for b in bundles if b.manifest.entry.id == entry_id][:_PROOFS]
        files += [data for proof in proofs for data in perturbed(proof, _NEAR // len(proofs))]
    controls, files = ([data for data in dict.fromkeys(some) if len(data) <= _BYTES] for some in (controls, files))
    started = time.monotonic()
    bench.outputs(bench.original, entry_id, [*controls, *files][:_TIMED])
    each = (time.monotonic() - started) * max(1, jobs) / max(1, min(_TIMED, len(controls) + len(files)))
    count = affordable(each, seconds, jobs)
    some = list(dict.fromkeys([*controls, *spread(files, count - len(controls))]))[:count]
    return tuple(data for data, seen in zip(some, bench.judge(bench.original, entry_id, some), strict=True) if seen == ())


def affordable(each_s: float, seconds: float, jobs: int) -> int:
    """How many inputs, at so many seconds a run and core, cost one patch no more than its share of the time."""
    return min(MOST, max(_FEWEST, int(_SHARE * seconds * jobs / max(_RUNS * each_s, 1e-6))))


def spread(inputs: Sequence[bytes], count: int) -> list[bytes]:
    """So many of them, evenly over the row: small ones are like each other."""
    if count <= 0 or not inputs:
        return []
    return [inputs[n * len(inputs) // count] for n in range(count)] if len(inputs) > count else list(inputs)
