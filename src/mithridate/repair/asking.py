"""The proposals of all proposers as one row, by rank: what is likeliest is built and tried first, whoever says it."""

import heapq
from collections.abc import Callable, Iterator, Sequence

from mithridate.model.patch import Proposal
from mithridate.repair.interface import Proposer, Subject, Workbench


def by_rank(
    asked: Sequence[Proposer], subject: Subject, bench: Workbench, broke: Callable[[str, Exception], None]
) -> Iterator[Proposal]:
    """Every proposal once, the lowest rank first, as far as each proposer gives its own in that order.

    A proposer is asked when nobody has anything left below its `lowest_rank`: one that runs the program to find out is not asked
    as long as others have something better. One that breaks is told to `broke` and left out.
    """
    waiting: list[tuple[float, int, Proposal | None]] = [(proposer.lowest_rank, n, None) for n, proposer in enumerate(asked)]
    heapq.heapify(waiting)
    giving = [proposer.propose(subject, bench) for proposer in asked]
    while waiting:
        _, number, proposal = heapq.heappop(waiting)
        if proposal is not None:
            yield proposal
        try:
            following = next(giving[number], None)
        except Exception as error:  # noqa: BLE001  # a proposer reads code that nobody has seen; the others go on
            broke(asked[number].name, error)
            continue
        if following is not None:
            heapq.heappush(waiting, (following.rank, number, following))
