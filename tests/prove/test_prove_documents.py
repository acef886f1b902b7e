import json

import pytest
from tests.prove.model_observer import (
    A1,
    Z1,
    A,
    ModelSandbox,
    Z,
    candidate,
    command,
    document,
    entry,
    judge,
    step,
    violation,
)

from mithridate.model.document import Document, decode, encode
from mithridate.model.execution import Limits
from mithridate.model.finding import ControlTier, Flaky, Proof
from mithridate.prove.prove_documents import Claim, DocumentOptions, DocumentProver
from mithridate.prove.representatives import WAYS
from mithridate.prove.witness import Witnesses


class Room:
    """A prover with a model behind it and the blobs it stored."""

    def __init__(self) -> None:
        self.sandbox = ModelSandbox()
        self.blobs: dict[str, bytes] = {}
        witnesses = Witnesses(self.sandbox, Limits(), 1, command, judge)
        self.prover = DocumentProver(witnesses, self.put, DocumentOptions(replays=4, rounds=40, minimise_s=30.0))

    def put(self, data: bytes) -> str:
        digest = f"{hash(data) & (1 << 64) - 1:064x}"
        self.blobs[digest] = data
        return digest

    def prove(self, *claims: tuple[str, bytes]) -> list[Proof | Flaky]:
        made = [Claim(candidate=candidate(), data=data, violation=violation(path)) for path, data in claims]
        return self.prover.prove_all(entry(), made)

    def attack(self, proof: Proof | Flaky) -> list[dict]:
        return json.loads(self.blobs[proof.blob])["attack"]


@pytest.fixture
def room() -> Room:
    return Room()


CLUTTERED = encode(
    Document(
        control=[step("/login", "me"), step("/find", f"{A}anna{Z}", headers=[["X-A", "1"]], query=[["q", "1"], ["r", "2"]])],
        attack=[
            step("/login", "me"),
            step("/find", f"{A}annabella x' OR '1'='1' -- {Z}", headers=[["X-A", "1"]], query=[["q", "1"], ["r", "2"]]),
        ],
    )
)


def test_a_document_that_fires_every_time_becomes_a_small_proof(room: Room) -> None:
    (proof,) = room.prove(("/find", CLUTTERED))
    assert isinstance(proof, Proof)
    assert (proof.fired, proof.replays) == (4, 4)
    (only,) = room.attack(proof)
    assert only == {"request": {"method": "POST", "path": "/find", "form": [["name", f"{A}'{Z}"]]}}
    assert proof.size < proof.original_size == len(CLUTTERED)
    assert (proof.through, proof.carriers) == ("`POST /find`", ("the form field `name`",))
    assert "observed" in proof.report


def test_the_control_keeps_the_shape_of_the_attack(room: Room) -> None:
    (proof,) = room.prove(("/find", CLUTTERED))
    small = decode(room.blobs[proof.blob])
    assert small.control == [{"request": {"method": "POST", "path": "/find", "form": [["name", f"{A}anna{Z}"]]}}]


def test_a_step_that_is_needed_stays(room: Room) -> None:
    honest, evil = step("/note", f"{A}anna{Z}"), step("/note", f"{A}' OR '{Z}")
    show = {"request": {"method": "GET", "path": "/stored"}}
    (proof,) = room.prove(("/stored", encode(Document(control=[honest, show], attack=[evil, show]))))
    assert isinstance(proof, Proof)
    assert [s["request"]["path"] for s in room.attack(proof)] == ["/note", "/stored"]


def test_a_flaky_document_keeps_its_rate(room: Room) -> None:
    (flaky,) = room.prove(("/find", document("/coin", f"{A}x' OR '1{Z}")))
    assert isinstance(flaky, Flaky)
    assert 0 < flaky.fired < flaky.replays == 4


def test_what_fires_on_the_harmless_twin_is_no_proof(room: Room) -> None:
    (flaky,) = room.prove(("/find", document("/always", f"{A}x' OR '1{Z}")))
    assert isinstance(flaky, Flaky)
    assert "harmless inputs too" in flaky.why


def test_the_negative_controls_are_near_and_silent(room: Room) -> None:
    (proof,) = room.prove(("/find", document("/find", f"{A}x' OR '1{Z}")))
    assert isinstance(proof, Proof)
    assert {c.name: c.fired for c in proof.controls} == {"harmless twin": False, "empty input": False, "near miss": False}
    twin, empty, miss = (json.loads(room.blobs[c.blob])["attack"] for c in proof.controls)
    assert twin[0]["request"]["form"] == [["name", f"{A}anna{Z}"]]
    assert empty[0]["request"]["form"] == []
    assert "'" not in miss[0]["request"]["form"][0][1]


def test_a_near_miss_that_fires_missed_nothing_and_is_no_control(room: Room) -> None:
    (proof,) = room.prove(("/find", document("/long", f"{A}x' OR '1{Z}")))
    assert isinstance(proof, Proof)
    assert {c.name: c.fired for c in proof.controls} == {"harmless twin": False, "empty input": False}


def test_what_takes_seconds_is_proved_as_it_is(room: Room) -> None:
    given = document("/crawl", f"{A}x' OR '1'='1' OR '1{Z}")
    (proof,) = room.prove(("/crawl", given))
    assert isinstance(proof, Proof) and room.blobs[proof.blob] == given
    assert sum(map(len, room.sandbox.ran)) <= 4 + 3, "no smaller form was tried"


def test_two_runs_with_different_marks_are_the_evidence_of_control(room: Room) -> None:
    (proof,) = room.prove(("/find", document("/find", f"{A}x' OR '1{Z}")))
    assert isinstance(proof, Proof)
    assert proof.control.tier is ControlTier.CONTROLLED_WRITE
    told = proof.control.evidence[0]
    first, second = told.split("first `")[1].split("`, then `")
    assert first.startswith("SELECT * FROM t WHERE name = '⟦")
    assert first.split("|")[0] != second.split("|")[0]


def test_an_observed_fact_is_replayed_but_has_no_controls_and_no_steering(room: Room) -> None:
    (proof,) = room.prove(("/hash", document("/hash", f"{A}x{Z}")))
    assert isinstance(proof, Proof)
    assert proof.controls == ()
    assert proof.control.tier is ControlTier.STOPS_PROGRAM
    assert "nothing was steered" in proof.control.evidence[0]


def test_many_documents_advance_together(room: Room) -> None:
    given = [document(f"/find{i}", f"{A}{'abc' * i}' OR '{i}{Z}", query=[["q", "1"]] * (i % 3)) for i in range(12)]
    proofs = room.prove(*((f"/find{i}", data) for i, data in enumerate(given)))
    assert all(isinstance(p, Proof) for p in proofs)
    assert [room.attack(p)[0]["request"] for p in proofs] == [
        {"method": "POST", "path": f"/find{i}", "form": [["name", f"{A}'{Z}"]]} for i in range(12)
    ]
    assert len(room.sandbox.ran) < 12


def test_forty_alike_cost_little_more_than_their_replays_and_controls(room: Room) -> None:
    given = [document(f"/find{i}", f"{A}a' or '1'='1{Z}") for i in range(40)]
    proofs = room.prove(*((f"/find{i}", data) for i, data in enumerate(given)))
    assert [room.attack(p)[0]["request"]["form"] for p in proofs] == [[["name", f"{A}'{Z}"]]] * 40
    assert all((p.fired, p.replays, len(p.controls)) == (4, 4, 3) for p in proofs if isinstance(p, Proof))
    evidence = 40 * (4 + 3)
    assert sum(map(len, room.sandbox.ran)) < evidence + 40 * 2
    assert len(room.sandbox.ran) < 10


def test_every_replay_has_a_sandbox_of_its_own(room: Room) -> None:
    room.prove(*((f"/find{i}", document(f"/find{i}", f"{A}' or '{Z}")) for i in range(5)))
    small = [document(f"/find{i}", f"{A}'{Z}") for i in range(5)]
    confirming = [ran for ran in room.sandbox.ran if set(small) <= set(ran)]
    assert len(confirming) == 4
    assert all(ran.count(data) == 1 for ran in confirming for data in small)


def test_of_one_root_cause_a_few_ways_are_proved(room: Room) -> None:
    claims = [("/find", document("/find", f"{A}{'x' * i}' OR '{Z}")) for i in range(9)]
    proofs = room.prove(*claims)
    assert [p.original_size for p in proofs if isinstance(p, Proof)] == [len(data) for _, data in claims[:WAYS]]


def test_where_the_first_of_a_root_cause_is_flaky_another_is_its_proof(room: Room) -> None:
    flaky = [("/find", document("/gone", f"{A}' OR '{'1' * i}{Z}")) for i in range(WAYS)]
    good = ("/find", document("/find", f"{A}much longer than the others' OR '{Z}"))
    made = room.prove(*flaky, good)
    assert [type(m) for m in made] == [Flaky] * WAYS + [Proof]


def test_the_next_is_tried_where_another_did_not_fire_either(room: Room) -> None:
    gone = [("/find", document("/gone", f"{A}' OR '{'1' * i}{Z}")) for i in range(WAYS + 1)]
    made = room.prove(*gone, ("/find", document("/find", f"{A}much longer than all others' OR '{Z}")))
    assert isinstance(made[-1], Proof)


def test_others_that_never_fire_cost_one_sandbox_a_try(room: Room) -> None:
    made = room.prove(*(("/find", document("/gone", f"{A}' OR '{'1' * i}{Z}")) for i in range(WAYS + 2)))
    assert [(type(m), m.fired, m.replays) for m in made] == [(Flaky, 0, 4)] * WAYS + [(Flaky, 0, 1)] * 2
    assert sum(len(ran) <= 2 for ran in room.sandbox.ran) == 1


def test_a_smaller_form_that_does_not_hold_gives_way_to_the_document_itself(room: Room) -> None:
    given = document("/moody", f"{A}x' OR '1{Z}")
    (proof,) = room.prove(("/find", given))
    assert isinstance(proof, Proof)
    assert room.blobs[proof.blob] == given
    assert (proof.fired, proof.replays) == (4, 4)


def test_what_holds_as_it_was_needs_no_other_in_its_place(room: Room) -> None:
    others = [("/find", document("/find", f"{A}longer than the first{'x' * i}' OR '{Z}")) for i in range(WAYS)]
    made = room.prove(("/find", document("/moody", f"{A}x' OR '1{Z}")), *others)
    assert [type(m) for m in made] == [Proof] * WAYS


def test_a_fact_is_seen_in_two_sandboxes_once_a_place(room: Room) -> None:
    facts = room.prove(*(("/hash", document("/hash", f"{A}{'x' * i}{Z}")) for i in range(1, 6)))
    assert [(f.fired, f.replays) for f in facts] == [(2, 2)]
    assert [len(ran) for ran in room.sandbox.ran] == [1, 1]


def test_one_document_may_carry_a_proof_and_a_fact(room: Room) -> None:
    login = [step("/find", f"{A}'{Z}"), step("/hash", "a")]
    both = encode(Document(control=[step("/find", f"{A}x{Z}"), step("/hash", "a")], attack=login))
    proof, fact = room.prove(("/find", both), ("/hash", both))
    assert isinstance(proof, Proof)
    assert isinstance(fact, Proof)
    assert len(proof.controls) == 3
    assert fact.controls == ()


def test_a_door_that_does_not_open_says_so(room: Room) -> None:
    room.sandbox.opens = False
    (flaky,) = room.prove(("/find", document("/find", f"{A}x' OR '1{Z}")))
    assert isinstance(flaky, Flaky)
    assert flaky.fired == 0
    assert flaky.why == "The observer gave no answer in 4 of 4 replays."


def test_inputs_are_told_by_their_kind_and_name(room: Room) -> None:
    both = [["name", f"{A}x' OR '{Z}"], ["other", f"{A1}y{Z1}"]]
    given = encode(Document(control=[], attack=[{"request": {"method": "GET", "path": "/find", "form": both}}]))
    (proof,) = room.prove(("/find", given))
    assert isinstance(proof, Proof)
    assert proof.carriers == ("the form field `name`",)
