import pytest
from cvss import CVSS4
from tests.prove.records import entry, frame, proof, violation

from mithridate.model.entry import EntryKind
from mithridate.model.finding import Control, ControlTier, Finding, ShadowPatch
from mithridate.model.violation import Access, Region, Relation, ViolationKind
from mithridate.prove.severity import severity
from mithridate.prove.triage import explanation, findings, title
from mithridate.prove.weakness import weakness

K = ViolationKind
BEFORE = Region(kind="heap", size=8, relation=Relation.BEFORE, distance=1)
INSIDE = Region(kind="heap", size=8, relation=Relation.INSIDE, distance=1)
STACK = Region(kind="stack", size=8, relation=Relation.INSIDE, distance=0)
READ, WRITE = Access.READ, Access.WRITE


@pytest.mark.parametrize(
    ("kind", "changes", "cwe"),
    [
        (K.HEAP_BUFFER_OVERFLOW, {"access": WRITE}, 122),
        (K.HEAP_BUFFER_OVERFLOW, {"access": READ}, 125),
        (K.HEAP_BUFFER_OVERFLOW, {"access": WRITE, "region": BEFORE}, 124),
        (K.HEAP_BUFFER_OVERFLOW, {"access": READ, "region": BEFORE}, 127),
        (K.STACK_BUFFER_OVERFLOW, {"access": WRITE}, 121),
        (K.STACK_BUFFER_OVERFLOW, {"access": READ}, 125),
        (K.STACK_BUFFER_UNDERFLOW, {"access": WRITE, "region": None}, 124),
        (K.STACK_BUFFER_UNDERFLOW, {"access": READ, "region": None}, 127),
        (K.GLOBAL_BUFFER_OVERFLOW, {"access": WRITE}, 787),
        (K.HEAP_USE_AFTER_FREE, {}, 416),
        (K.DOUBLE_FREE, {"access": None}, 415),
        (K.BAD_FREE, {"access": None, "region": STACK}, 590),
        (K.BAD_FREE, {"access": None, "region": INSIDE}, 761),
        (K.BAD_FREE, {"access": None, "region": None}, 763),
        (K.ALLOC_DEALLOC_MISMATCH, {}, 762),
        (K.NULL_DEREFERENCE, {}, 476),
        (K.DIVISION_BY_ZERO, {}, 369),
        (K.STACK_EXHAUSTION, {}, 674),
        (K.ASSERTION, {}, 617),
        (K.UNCAUGHT_EXCEPTION, {}, 248),
        (K.SIGNED_INTEGER_OVERFLOW, {}, 190),
        (K.SHIFT_EXPONENT, {}, 1335),
        (K.ARRAY_INDEX, {"access": None}, 129),
        (K.ARRAY_INDEX, {"access": WRITE}, 787),
        (K.TIMEOUT, {}, 834),
        (K.ALLOCATION_SIZE, {}, 789),
        (K.MEMORY_EXHAUSTION, {"size": 0}, 770),
        (K.NEGATIVE_SIZE_PARAM, {}, 195),
    ],
)
def test_a_violation_names_its_weakness(kind: ViolationKind, changes: dict, cwe: int) -> None:
    assert weakness(violation(kind, **changes)).cwe == cwe


@pytest.mark.parametrize("kind", K)
@pytest.mark.parametrize("access", [READ, WRITE, None])
def test_every_kind_has_a_weakness_a_title_and_an_explanation(kind: ViolationKind, access: Access | None) -> None:
    seen = violation(kind, access=access, region=None, frames=())
    assert weakness(seen).name
    assert title(seen)
    assert explanation(proof(seen), entry()).endswith(".")


def test_the_title_says_what_how_much_and_where() -> None:
    assert title(violation()) == "Heap buffer overflow (write of 4 bytes) in parse_chunk"
    assert title(violation(K.TIMEOUT, access=None)) == "Excessive running time in parse_chunk"


def test_the_explanation_tells_the_record_and_nothing_else() -> None:
    assert explanation(proof(), entry()) == (
        "When `demo` reads a file with an input of 5 bytes, `parse_chunk` (chunk.c:42) writes 4 bytes at "
        "16 bytes past the end of a heap object of 32 bytes. The object was allocated in `xmalloc` (chunk.c:3). "
        "It did so in 10 of 10 replays in fresh sandboxes, while harmless inputs (empty input, benign input) did not. "
        "Changing the input's bytes steers where or how much memory is written."
    )


@pytest.mark.parametrize("kind", EntryKind)
@pytest.mark.parametrize("tier", ControlTier)
@pytest.mark.parametrize("access", [READ, WRITE, None])
def test_every_severity_is_a_valid_vector_with_a_reason_for_each_metric(kind, tier, access) -> None:
    made = severity(violation(access=access), entry(kind), Control(tier=tier, evidence=(), perturbations=0))
    assert CVSS4(made.vector).base_score == made.cvss
    assert [m.name for m in made.metrics] == ["AV", "AC", "AT", "PR", "UI", "VC", "VI", "VA", "SC", "SI", "SA"]
    assert all(m.why.endswith(".") for m in made.metrics)
    assert "/".join(f"{m.name}:{m.value}" for m in made.metrics) in made.vector


def score(tier: ControlTier, access: Access | None = WRITE, kind: ViolationKind = K.HEAP_BUFFER_OVERFLOW) -> float:
    return severity(violation(kind, access=access), entry(), Control(tier=tier, evidence=(), perturbations=0)).cvss


def test_more_control_never_scores_less() -> None:
    scores = [score(tier, READ if tier == 3 else WRITE) for tier in ControlTier]
    assert scores == sorted(scores)
    assert scores[-1] > scores[0]


def test_a_program_that_goes_on_scores_below_one_that_stops() -> None:
    goes_on = score(ControlTier.STOPS_PROGRAM, None, K.SIGNED_INTEGER_OVERFLOW)
    assert goes_on < score(ControlTier.STOPS_PROGRAM, None, K.ASSERTION)


def test_memory_that_is_changed_without_a_direction_is_a_loss_of_integrity() -> None:
    freed = severity(violation(K.DOUBLE_FREE, access=None), entry(), proof(tier=ControlTier.UNCONTROLLED_READ).control)
    read = severity(violation(access=READ), entry(), proof(tier=ControlTier.UNCONTROLLED_READ).control)
    assert "VC:N/VI:L/VA:H" in freed.vector and "VC:L/VI:N/VA:H" in read.vector


def test_the_gravest_way_to_a_flaw_is_its_severity() -> None:
    near, far = proof(size=1), proof(entry_id="fuzz", size=99)
    doors = {"demo:@@": entry(), "fuzz": entry(EntryKind.FUZZ_TARGET)}
    (one,) = findings([near, far], doors)
    assert one.proofs[0] is near and one.severity == severity(far.violation, doors["fuzz"], far.control)
    assert one.severity.cvss > severity(near.violation, doors["demo:@@"], near.control).cvss


def test_what_has_no_place_is_named_after_its_door() -> None:
    nowhere = violation(K.MEMORY_EXHAUSTION, access=None, region=None, frames=(), allocation=())
    doors = {"a:@@": entry(), "b:@@": entry()}
    made = findings([proof(nowhere, entry_id=door) for door in doors], doors)
    assert len({one.id for one in made}) == 2
    placed = [proof(entry_id=door) for door in doors]
    assert len({findings([one], doors)[0].id for one in placed}) == 1, "what has a place is named after that"


def test_findings_come_gravest_first_one_a_root_cause() -> None:
    read = proof(violation(access=READ, frames=(frame("peek", 7),), allocation=()), ControlTier.UNCONTROLLED_READ)
    made = findings([read, proof(), proof(blob="d" * 64)], {"demo:@@": entry()})
    assert [(f.function, f.line, f.file, len(f.proofs)) for f in made] == [
        ("parse_chunk", 42, "chunk.c", 2),
        ("peek", 7, "chunk.c", 1),
    ]
    assert len({f.id for f in made}) == 2
    assert made[0].cwe == 122
    assert made[0].cwe_name == "Heap-based Buffer Overflow"


def test_a_finding_points_into_the_project_even_when_the_build_wrote_odd_paths() -> None:
    odd = violation(frames=(frame("f", 3, "/src/build/../lib/./a.c"),))
    assert findings([proof(odd)], {"demo:@@": entry()})[0].file == "lib/a.c"


def deep_and_shallow(deep_on_the_snapshot: bool) -> tuple[Finding, Finding]:
    shallow = violation(frames=(frame("front", 3), frame("main", 9)))
    deep = violation(frames=(frame("deep", 70), frame("main", 12)), allocation=(frame("deep", 60),))
    shadow = ShadowPatch(behind=(shallow.signature,), diff="")
    behind = proof(deep, entry_id="demo:@@ (shadow patch 1)", shadow=shadow, size=1)
    proofs = [proof(shallow), behind, *([proof(deep, size=99)] if deep_on_the_snapshot else [])]
    doors = {name: entry() for name in ("demo:@@", "demo:@@ (shadow patch 1)")}
    found = {f.function: f for f in findings(proofs, doors)}
    return found["deep"], found["front"]


def test_what_no_proof_shows_on_the_snapshot_lies_behind_a_finding_and_says_so() -> None:
    deep, front = deep_and_shallow(deep_on_the_snapshot=False)
    assert deep.behind == (front.id,) and front.behind == ()
    assert f"It lies behind {front.id}: on the unpatched program that comes first" in deep.explanation
    assert "lies behind" not in front.explanation


def test_what_one_proof_shows_on_the_snapshot_lies_behind_nothing() -> None:
    deep, _ = deep_and_shallow(deep_on_the_snapshot=True)
    assert deep.behind == () and "lies behind" not in deep.explanation
    assert [p.shadow is None for p in deep.proofs] == [True, False], "that proof speaks for the finding, though it is larger"
    assert deep.id == deep_and_shallow(deep_on_the_snapshot=False)[0].id


def test_what_lies_behind_may_itself_lie_in_front_of_another() -> None:
    first, second, third = (
        violation(frames=(frame(name, line), frame("main", 9))) for name, line in (("f", 1), ("g", 2), ("h", 3))
    )
    proofs = [
        proof(first),
        proof(second, shadow=ShadowPatch(behind=(first.signature,), diff="")),
        proof(third, shadow=ShadowPatch(behind=(first.signature, second.signature), diff="")),
    ]
    found = {f.function: f for f in findings(proofs, {"demo:@@": entry()})}
    assert found["g"].behind == (found["f"].id,)
    assert found["h"].behind == (found["f"].id, found["g"].id)
    assert (
        f"It lies behind {found['f'].id} and {found['g'].id}: on the unpatched program these come first" in found["h"].explanation
    )


def test_behind_a_flaw_that_was_not_proved_its_signature_is_told() -> None:
    shadow = ShadowPatch(behind=("0123456789abcdef",), diff="")
    (deep,) = findings([proof(shadow=shadow)], {"demo:@@": entry()})
    assert deep.behind == ("0123456789abcdef",)
