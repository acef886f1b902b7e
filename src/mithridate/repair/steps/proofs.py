"""Every proof of the finding is silent: not one of them violates anything any more, not only not the same."""

from mithridate.model.patch import GateStep
from mithridate.model.project import ToolFailure
from mithridate.repair.interface import Subject, Variant, Workbench
from mithridate.repair.steps.interface import Case, Seen, failed, passed

_REPLAYS = 3
"""How often each proof is replayed on the patched program; it fired every time on the other."""


class Proofs:
    """The proofs, replayed in fresh sandboxes."""

    step = GateStep.PROOFS

    def __init__(self, replays: int = _REPLAYS) -> None:
        self._replays = replays

    def check(self, case: Case) -> Seen:
        """The first proof that still violates something fails the patch."""
        return silent(case.subject, case.bench, case.built, self._replays)


def silent(subject: Subject, bench: Workbench, variant: Variant, replays: int) -> Seen:
    """Whether all proofs are silent on a build, each replayed so often."""
    for entry_id in dict.fromkeys(proof.entry_id for proof in subject.proofs):
        given = [proof for proof in subject.proofs if proof.entry_id == entry_id]
        inputs = [proof.data for proof in given for _ in range(replays)]
        for position, seen in enumerate(bench.judge(variant, entry_id, inputs)):
            number = position // replays + 1
            if isinstance(seen, ToolFailure):
                return failed(f"proof {number} through {entry_id} could not be replayed: {seen.why}")
            if seen:
                place = seen[0].place
                where = f" in {place.function} ({place.file}:{place.line})" if place else ""
                what = "still" if seen[0].signature == given[number - 1].violation.signature else "now"
                return failed(f"proof {number} through {entry_id} {what} shows {seen[0].kind}{where}")
    count = len(subject.proofs)
    return passed(f"{count} of {count} proofs violate nothing, each replayed {replays} times in a fresh sandbox")
