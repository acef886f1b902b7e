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
        return silent(case.subject, case.bench, case.built, self._replays, case.proposal.diff)


def silent(subject: Subject, bench: Workbench, variant: Variant, replays: int, diff: str = "") -> Seen:
    """Whether all proofs are silent on a build (with `diff`), each replayed so often; what lies behind the finding is told."""
    behind: dict[str, None] = {}
    for entry_id in dict.fromkeys(proof.entry_id for proof in subject.proofs):
        given = [proof for proof in subject.proofs if proof.entry_id == entry_id]
        inputs = [proof.data for proof in given for _ in range(replays)]
        for position, seen in enumerate(bench.judge(variant, entry_id, inputs)):
            number = position // replays + 1
            if isinstance(seen, ToolFailure):
                return failed(f"proof {number} through {entry_id} could not be replayed: {seen.why}")
            for violation in seen:
                place = violation.place
                what = f"{violation.kind}{f' in {place.function} ({place.file}:{place.line})' if place else ''}"
                known = violation.signature in subject.known
                if not known and not subject.elsewhere(violation, diff):
                    still = violation.signature == given[number - 1].violation.signature
                    return failed(f"proof {number} through {entry_id} {'still' if still else 'now'} shows {what}")
                behind[f"proof {number} now gets as far as {'another finding' if known else 'what lies behind'}: {what}"] = None
    count = len(subject.proofs)
    nothing = "show nothing of this finding" if behind else "violate nothing"
    return passed(f"{count} of {count} proofs {nothing}, each replayed {replays} times in a fresh sandbox", *behind)
