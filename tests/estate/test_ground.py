"""How many ways of applying a rule there are is counted over all rounds."""

from collections.abc import Iterator

import pytest

from mithridate.estate.facts import FactBase
from mithridate.estate.ground import ground
from mithridate.estate.rules.parser import parse
from mithridate.estate.rules.rulebase import rulebase
from mithridate.model.errors import UsageError

PACK = """pack p "p"
fact edge(node A, node B) "{0} leads to {1}"
derived way(node A, node B)
rule one hidden way(A, B) :- edge(A, B).
rule longer hidden way(A, C) :- way(A, B), way(B, C).
"""


@pytest.fixture
def chain() -> Iterator[FactBase]:
    """Five nodes in a row: ten pairs, and ten ways of putting a longer way together, in three rounds: 3, 5 and 2."""
    with FactBase(rulebase([parse(PACK, "p")])) as base:
        source = base.source("a")
        for number in range(4):
            base.add("edge", f"n:{number}", f"n:{number + 1}", source=source)
        base.freeze()
        yield base


def test_a_rule_that_applies_in_a_few_ways_each_round_is_refused_when_these_are_too_many(chain: FactBase) -> None:
    with pytest.raises(UsageError, match=r"the rule longer at .* applies in more than 7 ways"):
        ground(chain, most=7)


def test_what_all_rounds_made_is_there(chain: FactBase) -> None:
    graph = ground(chain, most=20)
    assert graph.instances == 4 + 10
    (ways,) = graph.atoms
    assert ways.size == 10 and graph.atom("way", "n:0", "n:4") >= 0 and graph.atom("way", "n:4", "n:0") == -1
