import pytest

from mithridate.model.execution import Limits
from mithridate.model.finding import ControlTier, Flaky, Proof
from mithridate.model.search import Candidate
from mithridate.model.violation import Clean, ViolationKind
from mithridate.oracles.suite import Judge
from mithridate.prove.prove import BENIGN, EMPTY, NEAR_MISS, ProveOptions, Prover
from mithridate.prove.replay import Replayer
from mithridate.sandbox.bubblewrap import Bubblewrap

QUICK = ProveOptions(replays=4, minimise_s=10, control_s=6, settle_s=4)


def candidate(data: bytes) -> Candidate:
    return Candidate(entry_id="poisons:@@", blob="", size=len(data), engine="libfuzzer", found_s=1.5)


@pytest.fixture
def prover(replayer, put) -> Prover:
    return Prover(replayer, put, QUICK)


def test_a_candidate_becomes_a_small_proof_with_its_controls(target, prover: Prover, replayer, blobs) -> None:
    data = b"m" + b"?" * 300 + b"BOOM" + b"!" * 200
    outcome = prover.prove(target.entry, candidate(data), data, [b"harmless"])
    (proof,) = outcome.proofs
    assert (proof.fired, proof.replays, proof.original_size) == (4, 4, len(data))
    small = blobs[proof.blob]
    assert small == b"mBOOM"
    assert replayer.observe(target.entry, target.binary, small).with_signature(proof.signature)
    assert {c.name for c in proof.controls} == {EMPTY, BENIGN, NEAR_MISS}
    assert not any(c.fired for c in proof.controls)
    assert "AddressSanitizer: heap-buffer-overflow" in proof.report
    assert proof.control.tier is ControlTier.UNCONTROLLED_READ


# A smaller part of the second fires too, but something else.
@pytest.mark.parametrize("data", [b"w\x18" + b"padding" * 20, b"wn" + b"padding" * 3])
def test_minimising_keeps_the_signature(target, prover: Prover, replayer, data: bytes) -> None:
    before = replayer.observe(target.entry, target.binary, data).violations[0]
    (proof,) = prover.prove(target.entry, candidate(data), data).proofs
    assert proof.signature == before.signature
    assert proof.size == 2


class Repeating(Replayer):
    """Notes what was replayed n times."""

    def __init__(self) -> None:
        super().__init__(Bubblewrap(), Judge())
        self.asked: list[bytes] = []

    def many(self, entry, binary, data, n, signature):
        self.asked.append(data)
        return super().many(entry, binary, data, n, signature)


@pytest.mark.parametrize("fired_always", [True, False])
def test_n_of_n_replays_of_the_same_bytes_are_not_done_twice(target, put, fired_always: bool) -> None:
    replayer = Repeating()
    data = b"w\x18" + b"padding" * 20
    violation = replayer.observe(target.entry, target.binary, data).violations[0]
    made = Prover(replayer, put, QUICK).pursue(target.entry, candidate(data), data, violation, fired_always=fired_always)
    assert isinstance(made, Proof)
    assert (data in replayer.asked) is not fired_always
    assert b"w\x18" in replayer.asked


def test_what_stopped_firing_always_is_not_taken_on_trust(target, put) -> None:
    replayer = Repeating()
    violation = replayer.observe(target.entry, target.binary, b"w\x18").violations[0]
    made = Prover(replayer, put, QUICK).pursue(target.entry, candidate(b"-"), b"-", violation, fired_always=True)
    assert isinstance(made, Flaky)
    assert (made.fired, replayer.asked) == (0, [b"-"])


def test_a_flaky_candidate_is_not_a_proof(target, replayer, put) -> None:
    careful = Prover(replayer, put, ProveOptions(replays=24, minimise_s=4, control_s=2, settle_s=3))
    data = b"x\x01"
    violation = next(v for v in (replayer.once(target.entry, target.binary, data) for _ in range(40)) if v != Clean())[0]
    settled = careful.settle(target.entry, data, violation)
    assert isinstance(settled, Flaky)
    assert 0 < settled.fired < settled.replays == 24
    assert settled.why


def test_a_candidate_that_does_nothing_gives_nothing(target, prover: Prover) -> None:
    outcome = prover.prove(target.entry, candidate(b"-"), b"-")
    assert (outcome.proofs, outcome.flaky, outcome.failure) == ((), (), None)


def test_what_fires_on_harmless_inputs_is_not_a_proof(always, prover: Prover) -> None:
    outcome = prover.prove(always, candidate(b"poison"), b"poison", [b"one", b"two"])
    assert outcome.proofs == ()
    assert "harmless" in outcome.flaky[0].why


def test_an_endless_loop_is_proved_without_being_searched(target, put) -> None:
    replayer = Replayer(Bubblewrap(), Judge(), Limits(wall_s=30.0, cpu_s=1.0))
    seen = replayer.observe(target.entry, target.binary, b"h").violations
    assert [v.kind for v in seen] == [ViolationKind.TIMEOUT]
    assert [f.function for f in seen[0].project_frames][-2:] == ["spin", "main"]
    made = Prover(replayer, put, ProveOptions(replays=2)).pursue(target.entry, candidate(b"h"), b"h", seen[0], [b"-"])
    assert isinstance(made, Proof)
    assert made.control.tier is ControlTier.STOPS_PROGRAM
    assert (made.fired, made.violation.signature) == (2, seen[0].signature)
