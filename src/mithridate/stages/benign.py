"""Inputs that a program took without a violation: what a patch may not change is seen on them."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from mithridate.model.violation import Violation
from mithridate.prove.bundle import Bundle
from mithridate.repair.crossing import innermost, marked_ways
from mithridate.repair.interface import Variant, Workbench
from mithridate.repair.steps.ordinary_documents import half_an_attack, ordinary_documents
from mithridate.repair.steps.perturbed import perturbed, spread
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
    violation: Violation,
    folder: Path,
    seconds: float,
    jobs: int,
) -> tuple[bytes, ...]:
    """The proofs' negative controls, what an honest user would send in the place of their text, and of what the hunt kept as much
    as `seconds` of wall time allow for.

    They are run for each patch that is judged; on a slow or a busy machine too many of them would leave no time for a second one.
    Those that enter the function at fault come before others; of each kind there are some of all sizes. Where no hunt kept
    anything, changed forms of the proofs that violate nothing take their place: they go the proofs' way.
    """
    kept = folder / f"kept-{len(list(folder.iterdir()))}"
    kept.mkdir()
    stores.corpora.restore(project, original_door(entry_id), kept)
    mine = [b for b in bundles if b.manifest.entry.id == entry_id]
    ordinary = [data for b in mine for data in ordinary_documents(b.input, violation.kind)]
    said = bench.outputs(bench.original, entry_id, ordinary) if ordinary else []
    controls = [data for data, output in zip(ordinary, said, strict=True) if output is not None and not output.refused]
    controls += [data for b in mine for data in b.controls.values() if not half_an_attack(data, b.input)]
    files = sorted({path.read_bytes() for path in kept.iterdir()}, key=lambda data: (len(data), data))
    if len(files) < _FEWEST and not bench.original.entries[entry_id].observed:
        proofs = [b.input for b in mine][:_PROOFS]
        files += [data for proof in proofs for data in perturbed(proof, _NEAR // len(proofs))]
    controls, files = ([data for data in dict.fromkeys(some) if len(data) <= _BYTES] for some in (controls, files))
    started = time.monotonic()
    bench.outputs(bench.original, entry_id, [*controls, *files][:_TIMED])
    each = (time.monotonic() - started) * max(1, jobs) / max(1, min(_TIMED, len(controls) + len(files)))
    count = affordable(each, seconds, jobs)
    controls = controls[: count // 2]
    room, looked_at = count - len(controls), min(_RUNS * count, int(_SHARE * seconds * jobs / max(each, 1e-6)))
    if len(files) > room and looked_at > room:
        files = _nearest(spread(files, looked_at), room, entry_id, violation, bench)
    some = list(dict.fromkeys([*controls, *spread(files, room)]))[:count]
    return tuple(data for data, seen in zip(some, bench.judge(bench.original, entry_id, some), strict=True) if seen == ())


def _nearest(inputs: Sequence[bytes], count: int, entry_id: str, violation: Violation, bench: Workbench) -> list[bytes]:
    """So many of them, those first that get as far as the innermost functions of the violation's stack."""
    marked = marked_ways(violation, bench.original.tree)
    built = bench.build(marked, quick=True) if marked else None
    if not isinstance(built, Variant) or entry_id not in built.entries:
        return list(inputs)
    far: dict[int, list[bytes]] = {}
    for data, number in zip(inputs, innermost(bench, built, entry_id, inputs), strict=True):
        far.setdefault(number or sys.maxsize, []).append(data)
    chosen: list[bytes] = []
    for _, some in sorted(far.items()):
        chosen += spread(some, count - len(chosen))
    return chosen


def affordable(each_s: float, seconds: float, jobs: int) -> int:
    """How many inputs, at so many seconds a run and core, cost one patch no more than its share of the time."""
    return min(MOST, max(_FEWEST, int(_SHARE * seconds * jobs / max(_RUNS * each_s, 1e-6))))
