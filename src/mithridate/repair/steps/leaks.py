"""Other sanitizers: what the patch leaks and the unpatched program did not, and what benign inputs violate now."""

from collections.abc import Iterator

from mithridate.model.project import ToolFailure
from mithridate.model.violation import Violation
from mithridate.repair.diff import DiffError
from mithridate.repair.steps.interface import Case, Seen, failed, passed
from mithridate.repair.steps.perturbed import perturbed
from mithridate.repair.symptoms.interface import changes

_NEAR = 16
"""Changed proofs that tell what the unpatched program leaks on its own error paths."""


def corpus_silent(case: Case) -> Seen:
    """Benign inputs violate nothing on the patched program either: no second free, no new overflow."""
    count = 0
    for entry_id, inputs in case.subject.benign.items():
        if entry_id not in case.built.entries:
            continue
        for data, seen in zip(inputs, case.bench.judge(case.built, entry_id, inputs), strict=True):
            count += 1
            if isinstance(seen, tuple) and seen:
                return failed(f"a benign input of {len(data)} bytes through {entry_id} {_shown(seen[0])}")
    return passed(f"{count} benign inputs violate nothing")


def no_new_leak(case: Case) -> Seen:
    """Proofs and benign inputs under LeakSanitizer: a leak counts when the unpatched program has none of that signature.

    A proof is cut short on the unpatched program, so what its error paths leak is learnt from benign inputs and from changed
    proofs. What main() leaves behind when it returns early is the system's to clear away.
    """
    in_main = _only_main(case)
    tried = 0
    for entry_id in case.built.entries:
        proofs = [p.data for p in case.subject.proofs if p.entry_id == entry_id]
        benign = list(case.subject.benign.get(entry_id, ()))
        inputs = [*benign, *([] if in_main else proofs)]
        if not inputs:
            continue
        after = case.bench.leaks(case.built, entry_id, inputs)
        broken = next((seen for seen in after if isinstance(seen, ToolFailure)), None)
        if broken is not None and all(isinstance(seen, ToolFailure) for seen in after):
            return passed(f"leaks could not be looked for: {broken.why}")
        tried += sum(isinstance(seen, tuple) for seen in after)
        if not any(isinstance(seen, tuple) and seen for seen in after):
            continue
        known = _known(case, entry_id, benign, proofs)
        for data, seen in zip(inputs, after, strict=True):
            for leak in seen if isinstance(seen, tuple) else ():
                if leak.signature not in known:
                    return failed(f"an input of {len(data)} bytes through {entry_id} {_shown(leak)}, as never before the patch")
    return passed(f"{tried} inputs leak nothing that was not leaked before")


def _known(case: Case, entry_id: str, benign: list[bytes], proofs: list[bytes]) -> frozenset[str]:
    """Signatures of leaks of the unpatched program."""

    def ask() -> frozenset[str]:
        near = [data for proof in proofs[:2] for data in perturbed(proof, _NEAR)]
        return frozenset(_signatures(case.bench.leaks(case.bench.original, entry_id, [*benign, *near])))

    return case.memory.once(f"leaks before {entry_id}", frozenset, ask)


def _signatures(judged: list[tuple[Violation, ...] | ToolFailure]) -> Iterator[str]:
    for seen in judged:
        if isinstance(seen, tuple):
            yield from (leak.signature for leak in seen)


def _only_main(case: Case) -> bool:
    try:
        files = changes(case.proposal.diff, case.bench.original.tree)
    except DiffError:
        return False
    names = {new.name for change in files for _, new in change.functions()}
    return names == {"main"}


def _shown(violation: Violation) -> str:
    place = violation.place
    where = f" in {place.function} ({place.file}:{place.line})" if place else ""
    return f"shows {violation.kind}{where}"
