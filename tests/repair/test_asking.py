"""Who is asked when, and in which order proposals come."""

from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mithridate.model.patch import Proposal
from mithridate.repair.asking import by_rank

ANY: Any = None


class Says:
    """Proposes with the ranks that it is given; `asked` says how many were taken of it."""

    def __init__(self, name: str, ranks: list[float], lowest_rank: float = float("-inf"), breaks: bool = False) -> None:
        self.name, self.lowest_rank, self.asked = name, lowest_rank, 0
        self._ranks, self._breaks = ranks, breaks

    def propose(self, subject: object, bench: object) -> Iterator[Proposal]:
        for number, rank in enumerate(self._ranks):
            self.asked += 1
            yield Proposal(proposer=self.name, cause="", fix="", diff=f"{self.name}-{number}", rank=rank)
        if self._breaks:
            raise ValueError(self.name)


def nobody(name: str, error: Exception) -> None:
    raise AssertionError((name, error))


@given(st.lists(st.lists(st.floats(0, 9)).map(sorted), max_size=5))
def test_proposals_come_by_rank_and_none_is_lost(ranks: list[list[float]]) -> None:
    given_ = [Says(str(n), some) for n, some in enumerate(ranks)]
    found = list(by_rank(given_, ANY, ANY, nobody))
    assert [p.rank for p in found] == sorted(rank for some in ranks for rank in some)
    assert len({p.diff for p in found}) == len(found)


def test_one_that_runs_the_program_is_not_asked_while_others_have_something_better() -> None:
    quick, costly = Says("quick", [0.2, 0.5, 2.0]), Says("costly", [0.9], lowest_rank=0.7)
    row = by_rank([costly, quick], ANY, ANY, nobody)
    assert [next(row).rank, next(row).rank] == [0.2, 0.5] and not costly.asked
    assert [p.rank for p in row] == [0.9, 2.0]


def test_one_that_breaks_is_told_and_the_others_go_on() -> None:
    told: list[str] = []
    row = by_rank([Says("breaks", [0.1], breaks=True), Says("goes on", [0.2])], ANY, ANY, lambda name, error: told.append(name))
    assert [p.rank for p in row] == [0.1, 0.2]
    assert told == ["breaks"]
