"""What one patch silences is one finding."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mithridate.model.finding import Control, ControlTier, Finding, FindingStatus, Proof, Severity
from mithridate.model.patch import Patch, PatchStatus, Proposal
from mithridate.model.violation import Frame, Violation, ViolationKind
from mithridate.repair.merging import merged


def finding(name: str, cvss: float, *, behind: tuple[str, ...] = (), proofs: int = 1) -> Finding:
    violation = Violation(kind=ViolationKind.HEAP_BUFFER_OVERFLOW, detector="t", message="", frames=(Frame(function=name),))
    made = tuple(
        Proof(
            entry_id="tool:@@",
            signature=violation.signature,
            violation=violation,
            blob=f"{name}{number}",
            size=1,
            original_size=1,
            replays=3,
            fired=3,
            controls=(),
            control=Control(tier=ControlTier.UNCONTROLLED_READ, evidence=(), perturbations=1),
            engine="libfuzzer",
            found_s=1.0,
            report="",
            bundle=f"proofs/{name}-{number}.proof",
        )
        for number in range(proofs)
    )
    severity = Severity(cvss=cvss, vector="", rating="high", metrics=())
    return Finding(
        id=name,
        title=f"Overflow in {name}",
        cwe=122,
        cwe_name="",
        status=FindingStatus.PROVED,
        severity=severity,
        file=f"{name}.c",
        line=3,
        function=name,
        explanation="",
        proofs=made,
        behind=behind,
    )


def patch(of: str, status: PatchStatus = PatchStatus.VALIDATED, fix: str = "") -> Patch:
    proposal = Proposal(proposer="t", cause="", fix=fix or f"mends {of}", diff="")
    return Patch(finding=of, proposal=proposal, status=status, gate=(), added=1, removed=0)


A, B, C = finding("A", 9.0), finding("B", 7.0, proofs=2), finding("C", 5.0)


def test_what_a_validated_patch_silences_becomes_a_symptom_and_its_proofs_are_kept() -> None:
    findings, patches = merged([A, B, C], {"A": (patch("A"),)}, {"A": ["B"]})
    assert [f.id for f in findings] == ["A", "C"]
    assert findings[0].proofs == (*A.proofs, *B.proofs)
    (symptom,) = findings[0].symptoms
    assert (symptom.id, symptom.title, symptom.file, symptom.line, symptom.function) == ("B", B.title, "B.c", 3, "B")
    assert symptom.signatures == (B.proofs[0].signature,)
    assert patches == {"A": (patch("A"),)}


def test_the_gravest_stays_though_the_patch_was_made_for_another() -> None:
    findings, patches = merged([A, C], {"A": (patch("A", PatchStatus.PLAUSIBLE),), "C": (patch("C"),)}, {"C": ["A"]})
    assert [f.id for f in findings] == ["A"] and findings[0].symptoms[0].id == "C"
    assert [p.proposal.fix for p in patches["A"]] == ["mends C", "mends A"], "the one that silences both comes first"
    assert {p.finding for p in patches["A"]} == {"A"} and "C" not in patches


def test_a_patch_that_did_not_pass_merges_nothing() -> None:
    for status in (PatchStatus.PROPOSED, PatchStatus.PLAUSIBLE):
        assert merged([A, B], {"A": (patch("A", status),)}, {"A": ["B"]}) == ((A, B), {"A": (patch("A", status),)})


def test_two_patches_do_not_make_one_root_cause_of_three_findings() -> None:
    findings, _ = merged([A, B, C], {"A": (patch("A"),), "B": (patch("B"),)}, {"A": ["B"], "B": ["C"]})
    assert [f.id for f in findings] == ["A", "C"]


def test_what_lies_behind_another_is_left_alone() -> None:
    deep = finding("D", 9.5, behind=("A",))
    assert merged([A, deep], {"A": (patch("A"),), "D": (patch("D"),)}, {"A": ["D"], "D": ["A"]})[0] == (A, deep)


def test_what_was_merged_before_stays_merged() -> None:
    first, patches = merged([A, B, C], {"A": (patch("A"),)}, {"A": ["B"]})
    again, _ = merged(first, patches, {"A": ["C"]})
    (only,) = again
    assert [s.id for s in only.symptoms] == ["B", "C"] and len(only.proofs) == 4


@given(st.dictionaries(st.sampled_from("ABCDE"), st.lists(st.sampled_from("ABCDE"), max_size=4)), st.permutations("ABCDE"))
def test_no_proof_is_lost_or_doubled(silences: dict[str, list[str]], order: list[str]) -> None:
    made = [finding(name, float(number), proofs=2) for number, name in enumerate(order)]
    patches = {name: (patch(name),) for name in "ABCD"}
    findings, kept = merged(made, patches, silences)
    bundles = [p.bundle for f in findings for p in f.proofs]
    assert sorted(bundles) == sorted(p.bundle for f in made for p in f.proofs)
    told = [f.id for f in findings] + [s.id for f in findings for s in f.symptoms]
    assert sorted(told) == sorted("ABCDE")
    assert sorted(p.proposal.fix for some in kept.values() for p in some) == [f"mends {name}" for name in "ABCD"]
    assert set(kept) <= {f.id for f in findings}
    cvss = {one.id: one.severity.cvss for one in made}
    assert all(f.severity.cvss >= cvss[symptom.id] for f in findings for symptom in f.symptoms)


def test_the_order_of_the_findings_changes_nothing() -> None:
    given = {"A": (patch("A"),), "C": (patch("C"),)}
    one = merged([A, B, C], given, {"A": ["B"], "C": ["B"]})
    other = merged([C, B, A], given, {"C": ["B"], "A": ["B"]})
    assert {f.id: f for f in one[0]} == {f.id: f for f in other[0]} and one[1] == other[1]
    assert replace(one[0][0], symptoms=()).id == "A"
