"""Proposes guards whose conditions were learnt from executions on both sides of the failure boundary."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from mithridate.model.patch import Proposal
from mithridate.model.violation import Violation, ViolationKind
from mithridate.repair.c.edits import Edit, guarded, indentation, replaced, style
from mithridate.repair.c.exits import Wrong, error_paths
from mithridate.repair.c.nodes import LOOPS, ancestors, arguments, descendants, identifiers, text
from mithridate.repair.c.nodes import condition as asked_of
from mithridate.repair.c.scope import variables
from mithridate.repair.diff import made
from mithridate.repair.interface import Subject, Workbench
from mithridate.repair.learning.evidence import Family, Fault, family
from mithridate.repair.learning.experiment import Effort, Evidence, experiment, fault
from mithridate.repair.learning.inference import Learnt, learn
from mithridate.repair.learning.places import Place, Role, assigned

_OF_A_PLACE = 5
_PATHS = 2
_MOST = 24
_BASE_RANK = 1.0
_RANK_OF_COST = 0.2
_RANK_OF_A_FRAME = 0.5
_RANK_OF_THIN_EVIDENCE = 0.4
_RANK_OF_A_PATH = 0.15
_RANK_OF_BIRTH = -0.1

_NAME = re.compile(r"(?<![\w.>])[A-Za-z_]\w*")
_WORDS = frozenset({"sizeof", "size_t", "unsigned", "NULL"})
_NOT_BY_A_GUARD = frozenset(
    {
        ViolationKind.TIMEOUT,
        ViolationKind.LEAK,
        ViolationKind.STACK_EXHAUSTION,
        ViolationKind.HEAP_USE_AFTER_FREE,
        ViolationKind.STACK_USE_AFTER_RETURN,
        ViolationKind.STACK_USE_AFTER_SCOPE,
        ViolationKind.DOUBLE_FREE,
        ViolationKind.BAD_FREE,
        ViolationKind.ALLOC_DEALLOC_MISMATCH,
        ViolationKind.MISSING_RETURN,
    }
)
"""What no condition over values in sight prevents: these are about lifetime, recursion, or time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Guard:
    evidence: Evidence
    learnt: Learnt
    rank: float


class LearnedGuard:
    """Implements Proposer for C and C++. Yields nothing where no condition separates."""

    name = "learned-guard"
    lowest_rank = _BASE_RANK - _RANK_OF_COST + _RANK_OF_BIRTH

    def __init__(self, effort: Effort | None = None) -> None:
        self._effort = effort or Effort()

    def propose(self, subject: Subject, bench: Workbench) -> Iterator[Proposal]:
        """See Proposer."""
        violation = subject.violation
        if subject.component.language != "c" or violation.kind in _NOT_BY_A_GUARD:
            return
        known = fault(violation)
        guards = [guard for evidence in experiment(subject, bench, self._effort) for guard in _guards(evidence, known)]
        given: set[str] = set()
        proposals = sorted((p for guard in guards for p in _proposals(guard, violation)), key=lambda p: p.rank)
        for proposal in proposals:
            if proposal.diff not in given and len(given) < _MOST:
                given.add(proposal.diff)
                yield proposal


def _guards(evidence: Evidence, known: Fault) -> Iterator[_Guard]:
    place = evidence.place
    if not evidence.observed.healthy:
        return  # where every state was bad, every condition tells them from the others
    for learnt in learn(evidence.observed, evidence.vocabulary, known, _OF_A_PLACE):
        rank = _BASE_RANK + _RANK_OF_COST * max(-1.0, learnt.cost) + _RANK_OF_A_FRAME * place.depth
        rank += _RANK_OF_THIN_EVIDENCE * evidence.observed.thin
        if place.role is Role.ASSIGNED and _born_before(place, learnt):
            rank += _RANK_OF_BIRTH
        elif place.role in (Role.ENTRY, Role.ASSIGNED):
            rank += -_RANK_OF_BIRTH
        elif place.role is Role.ALLOCATION:
            rank += _RANK_OF_A_FRAME * (known.family is not Family.SIZE)
        yield _Guard(evidence=evidence, learnt=learnt, rank=rank)


def _born_before(place: Place, learnt: Learnt) -> bool:
    """Whether the statement just before the place gave one of the condition's names its value."""
    before = place.at.prev_named_sibling
    while before is not None and before.type in ("comment", "declaration") and not assigned(before):
        before = before.prev_named_sibling
    if before is None:
        return False
    given = assigned(before)
    return any(name.split("->")[0].split(".")[0] in given for name in learnt.condition.names)


def _proposals(guard: _Guard, violation: Violation) -> Iterator[Proposal]:
    place, condition = guard.evidence.place, guard.learnt.condition
    source, function = place.source, place.function
    if place.repeated:
        old = text(place.at)
        wrapped = f"({old})" if "||" in old or "?" in old else old
        opposite = condition.opposite if "||" not in condition.opposite else f"({condition.opposite})"
        content = replaced(source, [Edit(place.at.start_byte, place.at.end_byte, f"{opposite} && {wrapped}")])
        yield _proposal(guard, violation, content, condition.opposite, "the loop goes on only while", guard.rank)
        return
    checks = violation.kind is ViolationKind.ASSERTION  # to leave that out is to look away
    if place.role is Role.FAULT and not checks and (joined := _joined(guard)) is not None:
        rank = guard.rank - 2 * _RANK_OF_A_PATH
        yield _proposal(guard, violation, joined, condition.opposite, "the check that is there asks for", rank)
    if place.role is Role.FAULT and not checks and (without := _left_out(guard)) is not None:
        void = re.fullmatch(r"(?:static\s+|inline\s+)*void", function.result.strip()) is not None
        rank = guard.rank - _RANK_OF_A_PATH if void else guard.rank + _PATHS * _RANK_OF_A_PATH
        yield _proposal(guard, violation, without, condition.opposite, f"line {place.line} is run only while", rank)
    wrong: Wrong = "null" if family(violation.kind) is Family.NULL else "bound"
    for number, path in enumerate(error_paths(source, function, place.at, wrong)[:_PATHS]):
        guarded_content = guarded(source, function, place.at, condition.text, path)
        if guarded_content is not None:
            fix = f"{function.name}() leaves by its error path before line {place.line} when"
            yield _proposal(guard, violation, guarded_content, condition.text, fix, guard.rank + _RANK_OF_A_PATH * number)


def _joined(guard: _Guard) -> bytes | None:
    """Together with a check around the fault whose other branch complains: of what the check forgot it complains, too.

    None where there is no such check of one of the condition's names, or where it cannot ask what the condition asks: a name is
    not there yet, or gets its value in between.
    """
    place, opposite = guard.evidence.place, guard.learnt.condition.opposite
    names = set(_NAME.findall(opposite)) - _WORDS
    for above in ancestors(place.at):
        if above.type in LOOPS or "||" in opposite:
            return None
        chosen, other = above.child_by_field_name("consequence"), above.child_by_field_name("alternative")
        asked = asked_of(above) if above.type == "if_statement" else None
        if asked is None or chosen is None or other is None or not _complains(other):
            continue
        if not chosen.start_byte <= place.at.start_byte < chosen.end_byte or not identifiers(asked) & names:
            continue
        there = {v.expression for v in variables(place.source, place.function, above)}
        before = [s for s in chosen.named_children if s.end_byte <= place.at.start_byte]
        if any(name not in there and not name.isupper() for name in names) or any(assigned(s) & names for s in before):
            return None
        old = f"({text(asked)})" if "||" in text(asked) or "?" in text(asked) else text(asked)
        more = [part for part in opposite.split(" && ") if part not in text(asked)]
        return replaced(place.source, [Edit(asked.start_byte, asked.end_byte, " && ".join([old, *more]))]) if more else None
    return None


def _complains(branch: Node) -> bool:
    """Whether a branch leaves, or says something."""
    leaves = next(descendants(branch, {"return_statement", "goto_statement", "throw_statement"}), None)
    said = (node for call in descendants(branch, {"call_expression"}) for node in arguments(call))
    return leaves is not None or any(node.type == "string_literal" for node in said)


def _left_out(guard: _Guard) -> bytes | None:
    """Only the statement of the fault is left out, what comes after it is done all the same; None where that makes no sense."""
    place, opposite = guard.evidence.place, guard.learnt.condition.opposite
    told = f"({opposite})" if "||" in opposite else opposite
    around = place.at.parent
    if place.at.type == "if_statement" and place.at.child_by_field_name("alternative") is None:
        first, asked = True, asked_of(place.at)
    elif place.at.type != "expression_statement" or around is None:
        return None
    elif around.type == "if_statement" and around.child_by_field_name("alternative") is None:
        first, asked = False, asked_of(around)
    else:
        how, indent = style(place.source, place.function), indentation(place.source, place.at)
        head = f"{how.keyword}{opposite}){how.newline}{indent}{how.unit}"
        return replaced(place.source, [Edit(place.at.start_byte, place.at.start_byte, head)])
    if asked is None:
        return None
    old = f"({text(asked)})" if "||" in text(asked) or "?" in text(asked) else text(asked)
    both = f"{told} && {old}" if first else f"{old} && {told}"
    return replaced(place.source, [Edit(asked.start_byte, asked.end_byte, both)])


def _proposal(guard: _Guard, violation: Violation, content: bytes, condition: str, fix: str, rank: float) -> Proposal:
    place = guard.evidence.place
    return Proposal(
        proposer=LearnedGuard.name,
        cause=_cause(guard, violation),
        fix=f"{fix} {condition}.",
        diff=made({place.source.path: (place.source.content, content)}),
        condition=condition,
        rank=round(rank, 3),
        functions=(place.function.name,),
    )


def _cause(guard: _Guard, violation: Violation) -> str:
    observed, place, learnt = guard.evidence.observed, guard.evidence.place, guard.learnt
    nearest = "with nothing between the nearest of both" if learnt.gap == 1 else f"the nearest of both are {learnt.gap} apart"
    told = (
        f"At {place.source.path}:{place.line}, {learnt.condition.text} held in each of {observed.violated} executions that"
        f" ended in {violation.kind}, and in none of {len(observed.healthy)} states of others"
    )
    told += f" ({observed.passed} executions; {nearest})" if observed.healthy else ""
    return told + ("; its bound was the object's true size in all of them." if learnt.carries else ".")
