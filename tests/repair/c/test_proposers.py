"""Each class of flaw: what its proposer says first compiles, silences the trigger, and leaves good behaviour as it was."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.repair.c.planted import PLANTED, Planted
from tests.repair.c.small_bench import Small, build

from mithridate.model.patch import Proposal
from mithridate.model.violation import Violation
from mithridate.repair import diff
from mithridate.repair.c.scene import Scene
from mithridate.repair.proposers.registry import TEMPLATES
from mithridate.repair.proposers.template import Template

TRIED = 6


def proposed(planted: Planted, tree: Path, violation: Violation) -> Iterator[Proposal]:
    for template in TEMPLATES:
        assert isinstance(template, Template)
        if template.name in planted.proposer.split() and violation.kind in template.kinds:
            yield from template.proposals(Scene(tree, violation))


def holds(small: Small | None, before: Small, planted: Planted, said: bytes) -> bool:
    if small is None or small.warnings > before.warnings:
        return False
    good = small.run(planted.good)
    return not small.run(planted.trigger)[0] and not good[0] and good[1] == said


@pytest.mark.parametrize("planted", PLANTED, ids=lambda p: p.name)
def test_among_the_first_proposals_is_one_that_holds_and_it_mends_the_cause(planted: Planted, tmp_path: Path) -> None:
    before = build(planted.source, tmp_path / "before")
    assert before is not None
    violations, _ = before.run(planted.trigger)
    assert violations and str(violations[0].kind) in planted.kind.split(), violations
    clean, said = before.run(planted.good)
    assert not clean
    tree = before.directory / "tree"
    told = []
    for number, proposal in enumerate(proposed(planted, tree, violations[0])):
        if number == TRIED:
            break
        (content,) = diff.applied(proposal.diff, tree).values()
        assert content is not None
        if holds(build(content.decode(), tmp_path / str(number)), before, planted, said):
            assert planted.fix in proposal.diff, proposal.diff
            return
        told.append(proposal.diff)
    pytest.fail("none of them holds:\n" + "\n".join(told))
