import itertools
import random
from dataclasses import replace

from tests.prove.records import entry, frame, proof, violation

from mithridate.model.finding import ControlTier
from mithridate.model.violation import Access, Frame, Region, Relation, Violation, ViolationKind
from mithridate.prove.dedup import group
from mithridate.prove.triage import findings

OTHER_CALLERS = (frame("parse_chunk", 42), frame("retry", 77), frame("main", 9))


def sizes(*proofs) -> list[int]:
    return sorted(len(g) for g in group(proofs))


def test_proofs_with_one_signature_are_one_finding() -> None:
    assert sizes(proof(blob="a" * 64), proof(blob="b" * 64)) == [2]


def test_one_faulting_line_reached_on_two_ways_is_one_finding() -> None:
    other = violation(frames=OTHER_CALLERS, allocation=())
    assert proof(other).signature != proof().signature
    assert sizes(proof(), proof(other)) == [2]


def test_an_overflow_that_lands_near_or_far_is_one_finding() -> None:
    far = violation(ViolationKind.WILD_POINTER, region=None, allocation=(), frames=OTHER_CALLERS)
    assert sizes(proof(), proof(far)) == [2]


def test_an_index_error_joins_the_overflow_it_causes() -> None:
    index = violation(ViolationKind.ARRAY_INDEX, access=None, region=None, allocation=())
    assert sizes(proof(), proof(index)) == [2]


def test_two_lines_of_one_function_that_miss_one_object_are_one_finding() -> None:
    other = violation(frames=(frame("parse_chunk", 57), frame("parse", 10)))
    assert sizes(proof(), proof(other)) == [2]


def test_two_lines_that_overflow_one_variable_are_one_finding() -> None:
    def on_stack(line: int, name: str):
        region = Region(kind="stack", size=8, relation=Relation.AFTER, distance=0, name=name)
        frames = (frame("parse_chunk", line), frame(f"caller{line}", 1))
        return proof(violation(ViolationKind.STACK_BUFFER_OVERFLOW, region=region, allocation=(), frames=frames))

    assert sizes(on_stack(50, "name"), on_stack(60, "name")) == [2]
    assert sizes(on_stack(50, "name"), on_stack(60, "path")) == [1, 1]


def test_objects_from_one_wrapper_are_told_apart_by_who_called_it() -> None:
    elsewhere = violation(
        frames=(frame("parse_chunk", 57), frame("b", 1)), allocation=(frame("xmalloc", 3), frame("parse_header", 99))
    )
    assert sizes(proof(), proof(elsewhere)) == [1, 1]


def test_a_read_and_a_write_are_two_findings() -> None:
    assert sizes(proof(), proof(violation(access=Access.READ))) == [1, 1]


def test_other_functions_and_other_kinds_are_other_findings() -> None:
    elsewhere = violation(frames=(frame("parse_header", 42, "/src/header.c"), frame("main", 5)), allocation=())
    null = violation(ViolationKind.NULL_DEREFERENCE, region=None, allocation=())
    freed = violation(ViolationKind.HEAP_USE_AFTER_FREE)
    assert sizes(proof(), proof(elsewhere), proof(null), proof(freed)) == [1, 1, 1, 1]


def test_loops_stopped_at_one_line_by_chance_are_not_merged() -> None:
    def spin(outermost: str):
        return proof(violation(ViolationKind.TIMEOUT, access=None, region=None, frames=(frame("next", 1), frame(outermost, 2))))

    assert sizes(spin("list"), spin("tree")) == [1, 1]


def slow(line: int) -> Violation:
    """Time in an expression of that line, which a helper matches for all."""
    made = Frame(function="<pattern>", file="/src/lexer.py", line=line, pattern="(a+)+b")
    called = (frame("match", 42, "/src/lexer.py"), frame("parse", 10, "/src/lexer.py"))
    return violation(ViolationKind.SUPERLINEAR_TIME, access=None, region=None, allocation=(), frames=(made, *called))


def test_expressions_that_one_helper_matches_are_told_apart_by_where_they_are_made() -> None:
    first, second = proof(slow(3)), proof(slow(7))
    assert sizes(first, second, proof(slow(3), blob="c" * 64)) == [1, 2]
    assert len({f.id for f in findings([first, second], {"demo:@@": entry()})}) == 2


def test_which_expression_of_a_function_is_met_changes_no_signature_of_a_proof() -> None:
    met, other = slow(3), slow(7)
    assert met.signature == other.signature == replace(met, frames=met.frames[1:]).signature
    assert (met.place, other.place) == (met.frames[0], other.frames[0])


def test_what_has_no_place_is_told_apart_by_its_door() -> None:
    nowhere = violation(ViolationKind.MEMORY_EXHAUSTION, access=None, region=None, frames=(), allocation=())
    assert sizes(proof(nowhere, entry_id="a:@@"), proof(nowhere, entry_id="b:@@"), proof(nowhere, entry_id="b:@@")) == [1, 2]


def test_code_of_others_is_no_place_of_a_flaw() -> None:
    """One function of a library, without a frame of the project: only who called it tells two flaws apart."""
    copied = frame("memcpy", 42, "/usr/lib/libc.so")
    first, second = (violation(frames=(copied, frame(name, 1, "/usr/lib/x.so")), allocation=()) for name in ("a", "b"))
    assert sizes(proof(first), proof(second)) == [1, 1]
    assert sizes(proof(first), proof(first, blob="c" * 64)) == [2]


def test_the_order_of_proofs_changes_nothing() -> None:
    proofs = [
        proof(),
        proof(violation(frames=OTHER_CALLERS, allocation=()), tier=ControlTier.UNCONTROLLED_READ),
        proof(violation(access=Access.READ)),
        proof(violation(ViolationKind.NULL_DEREFERENCE, region=None, allocation=())),
        proof(violation(frames=(frame("parse_chunk", 57), frame("parse", 10))), size=3),
    ]
    shuffled = [random.Random(i).sample(proofs, len(proofs)) for i in range(10)]
    assert len({group(p) for p in itertools.chain([proofs], shuffled)}) == 1


def test_the_proof_with_most_control_speaks_for_the_finding() -> None:
    weak = proof(tier=ControlTier.UNCONTROLLED_READ, size=1)
    assert group([weak, proof()])[0][0].control.tier is ControlTier.CONTROLLED_WRITE
