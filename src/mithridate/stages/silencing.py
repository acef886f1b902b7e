"""Does the patch of one finding silence another? Its proofs, and changed forms of them, are run on the patched program."""

from collections.abc import Iterable, Sequence

from mithridate.model.project import ToolFailure
from mithridate.prove.bundle import Bundle
from mithridate.prove.manifest import entry_point
from mithridate.repair.interface import Variant
from mithridate.repair.steps.perturbed import perturbed
from mithridate.stages.workshop import Way, Workshop

_REPLAYS = 3
_FORMS = 16
"""Changed forms of each proof: another way to the same flaw may be left open."""


def way_of(bundle: Bundle) -> Way:
    """The door that a bundle's proof goes through."""
    return Way(entry=entry_point(bundle.manifest.entry), program=bundle.manifest.entry.program)


def silenced(bench: Workshop, patched: Variant, others: Iterable[tuple[str, Sequence[Bundle]]]) -> tuple[str, ...]:
    """The ids of those of `others` (a finding's id and its bundles) that show nothing any more in a patched build of `bench`."""
    return tuple(name for name, bundles in others if bundles and _silent(bench, patched, bundles))


def _silent(bench: Workshop, patched: Variant, bundles: Sequence[Bundle]) -> bool:
    ways = {bundle.manifest.entry.id: way_of(bundle) for bundle in bundles}
    after = bench.through(patched, tuple(ways.values()))
    if not ways.keys() <= after.entries.keys():
        return False
    if not all(_quiet(bench, after, bundle.manifest.entry.id, [bundle.input]) for bundle in bundles):  # most end here
        return False
    before = bench.through(bench.original, tuple(ways.values()))
    return all(_gone(bench, before, after, bundle) for bundle in bundles)


def _gone(bench: Workshop, before: Variant, after: Variant, bundle: Bundle) -> bool:
    """The proof again and again, and those of its changed forms that show the same on the unpatched program."""
    door = bundle.manifest.entry.id
    forms = [] if before.entries[door].observed else perturbed(bundle.input, _FORMS)
    judged = bench.judge(before, door, forms)
    alike = [
        form
        for form, seen in zip(forms, judged, strict=True)
        if isinstance(seen, tuple) and any(v.signature == bundle.manifest.proof.signature for v in seen)
    ]
    return _quiet(bench, after, door, [*([bundle.input] * (_REPLAYS - 1)), *alike])


def _quiet(bench: Workshop, variant: Variant, door: str, inputs: Sequence[bytes]) -> bool:
    """True when none of the inputs violates anything; a tool that broke says nothing, which is not silence."""
    return all(not isinstance(seen, ToolFailure) and not seen for seen in bench.judge(variant, door, inputs))
