"""The proposers by name, and what they propose for one finding in the order of rank."""

import heapq
from collections.abc import Iterable, Iterator

from mithridate.model.patch import Proposal
from mithridate.repair.interface import Proposer, Subject, Workbench
from mithridate.repair.proposers.arithmetic import DIVISION, SHIFT, SIGNED_OVERFLOW
from mithridate.repair.proposers.missing_bound import MISSING_BOUND
from mithridate.repair.proposers.null_check import NULL_CHECK
from mithridate.repair.proposers.off_by_one import OFF_BY_ONE
from mithridate.repair.proposers.string_bounds import STRING_BOUNDS

PROPOSERS: dict[str, Proposer] = {
    proposer.name: proposer
    for proposer in (MISSING_BOUND, OFF_BY_ONE, STRING_BOUNDS, NULL_CHECK, DIVISION, SHIFT, SIGNED_OVERFLOW)
}


def proposals(
    subject: Subject, bench: Workbench, proposers: Iterable[Proposer] = tuple(PROPOSERS.values())
) -> Iterator[Proposal]:
    """What all of them propose, the lowest rank first; each diff once."""
    seen: set[str] = set()
    for proposal in heapq.merge(*(p.propose(subject, bench) for p in proposers), key=lambda proposal: proposal.rank):
        if proposal.diff not in seen:
            seen.add(proposal.diff)
            yield proposal
