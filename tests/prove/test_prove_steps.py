"""The steps to a proof, with a program that is a function: what fires always, now and then, on less, or on what is harmless."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from tests.prove.records import entry, frame, violation

from mithridate.model.entry import Binary, EntryPoint
from mithridate.model.execution import Ending, Execution
from mithridate.model.finding import Flaky, Proof
from mithridate.model.project import Flavour, ToolFailure
from mithridate.model.search import Candidate
from mithridate.model.violation import Access, Clean, ViolationKind
from mithridate.prove.prove import Outcome, ProveOptions, Prover, Settled
from mithridate.prove.replay import Judgement, Observation, Replays

FLAW = violation()
OTHER = violation(ViolationKind.DIVISION_BY_ZERO, access=None, region=None, allocation=(), frames=(frame("scale", 9),))
SAME = violation(frames=(frame("parse_chunk", 42), frame("again", 3)))
"""The flaw on another way."""
FAILURE = ToolFailure(tool="sandbox", why="it broke")
Says = Callable[[bytes, int], Judgement]
"""From an input, and how often it was run before, to what that shows."""


class Program:
    """Replays by asking a function. A batch is only a quick look: `quick` answers it when it is given."""

    def __init__(self, says: Says, quick: Says | None = None) -> None:
        self._says, self._quick = says, quick or says
        self._times: dict[tuple[bool, bytes], int] = {}
        self.replayed: list[bytes] = []

    def _judged(self, data: bytes, *, quick: bool = False) -> Judgement:
        times = self._times[quick, data] = self._times.get((quick, data), -1) + 1
        return (self._quick if quick else self._says)(data, times)

    def observe(self, _: EntryPoint, __: Binary, data: bytes) -> Observation:
        execution = Execution(
            ending=Ending.EXITED,
            exit_code=0,
            signal=None,
            stdout=b"",
            stderr=b"a report",
            truncated=False,
            wall_s=0.0,
            cpu_s=0.0,
            peak_memory_bytes=0,
        )
        return Observation(execution=execution, judgement=self._judged(data))

    def many(self, door: EntryPoint, binary: Binary, data: bytes, n: int, signature: str) -> Replays:
        self.replayed.append(data)
        seen = [self.observe(door, binary, data) for _ in range(n)]
        return Replays(
            signature=signature,
            replays=n,
            fired=sum(o.with_signature(signature) is not None for o in seen),
            others=tuple({v.signature for o in seen for v in o.violations} - {signature}),
            failures=tuple(o.judgement for o in seen if isinstance(o.judgement, ToolFailure)),
        )

    def batch(
        self, _: EntryPoint, __: Binary, inputs: Sequence[bytes], seconds: float, cpu_s: float | None = None
    ) -> list[Judgement]:
        return [self._judged(data, quick=True) for data in inputs]


def prover(program: Program, **options: float) -> tuple[Prover, dict[str, bytes]]:
    kept: dict[str, bytes] = {}

    def put(data: bytes) -> str:
        kept[data.hex()] = data
        return data.hex()

    given = {"replays": 4, "minimise_s": 1.0, "control_s": 0.1, "settle_s": 1.0, **options}
    return Prover(program, put, ProveOptions(**given)), kept  # type: ignore[arg-type]


def proved(says: Says, data: bytes = b"xxFxx", *benign: bytes, quick: Says | None = None, **options: float) -> Outcome:
    candidate = Candidate(entry_id="demo:@@", blob="", size=len(data), engine="libfuzzer", found_s=1.0)
    return prover(Program(says, quick), **options)[0].prove(entry(), candidate, data, benign)


def fires(data: bytes, _: int) -> Judgement:
    return (FLAW,) if b"F" in data else Clean()


def only(outcome: Outcome) -> Proof | Flaky:
    (one,) = (*outcome.proofs, *outcome.flaky)
    return one


def test_what_fires_every_time_is_proved_in_its_smallest_form() -> None:
    proof = only(proved(fires, b"xxFxx", b"good"))
    assert isinstance(proof, Proof)
    assert (proof.blob, proof.size, proof.original_size, proof.fired, proof.replays) == (b"F".hex(), 1, 5, 4, 4)
    assert [(c.name, c.blob, c.fired) for c in proof.controls if c.name != "near miss"] == [
        ("empty input", "", False),
        ("benign input", b"good".hex(), False),
    ]
    assert proof.report == "a report" and proof.engine == "libfuzzer"


def test_what_misses_once_is_flaky_with_its_rate() -> None:
    def misses(data: bytes, times: int) -> Judgement:
        return fires(data, 0) if times != 3 else Clean()

    flaky = only(proved(misses, b"F"))
    assert isinstance(flaky, Flaky)
    assert (flaky.fired, flaky.replays) == (3, 4) and "no stable form was found" in flaky.why


@pytest.mark.parametrize(
    ("instead", "why"),
    [((OTHER,), "Other violations fired in its place"), (FAILURE, "sandbox failed in 4 of 4 replays: it broke")],
)
def test_why_it_is_flaky_is_said(instead: Judgement, why: str) -> None:
    flaky = only(proved(lambda data, times: (FLAW,) if times == 0 else instead, b"F"))
    assert isinstance(flaky, Flaky) and flaky.fired == 0 and why in flaky.why


def test_a_smaller_form_that_does_not_fire_always_is_not_taken() -> None:
    def moody(data: bytes, times: int) -> Judgement:
        return fires(data, 0) if len(data) == 5 or times != 2 else Clean()

    proof = only(proved(moody, b"xxFxx", quick=fires))
    assert isinstance(proof, Proof) and proof.blob == b"xxFxx".hex()


def test_a_flaky_candidate_may_have_a_form_that_is_none_and_that_is_replayed_too() -> None:
    """The x is what makes it flaky."""

    def shy(data: bytes, times: int) -> Judgement:
        return fires(data, 0) if b"x" not in data or times % 2 == 0 else Clean()

    proof = only(proved(shy, b"xF"))
    assert isinstance(proof, Proof) and proof.blob == b"F".hex()

    def plain(data: bytes, times: int) -> Judgement:
        return fires(data, 0) if data.startswith(b"\0") or times % 2 == 0 else Clean()

    proof = only(proved(plain, b"xF"))
    assert isinstance(proof, Proof) and proof.blob == b"\0F".hex(), "what is shorter and flaky is passed over"

    def shyer(data: bytes, times: int) -> Judgement:
        return fires(data, 0) if times % 2 == 0 else Clean()

    flaky = only(proved(shyer, b"xF", quick=fires))
    assert isinstance(flaky, Flaky) and flaky.blob == b"xF".hex(), "a quick look is no evidence"


def test_what_fires_on_harmless_inputs_is_no_proof_and_the_first_that_is_silent_is_enough() -> None:
    flaky = only(proved(fires, b"F", b"goodF", b"F F"))
    assert isinstance(flaky, Flaky) and "harmless inputs too" in flaky.why
    proof = only(proved(fires, b"F", b"goodF", b"good", b"F F"))
    assert isinstance(proof, Proof)
    assert [(c.blob, c.fired) for c in proof.controls if c.name == "benign input"] == [(b"good".hex(), False)]


def test_an_input_of_nothing_is_not_its_own_control() -> None:
    proof = only(proved(lambda data, _: (FLAW,) if not data else Clean(), b""))
    assert isinstance(proof, Proof) and "empty input" not in [c.name for c in proof.controls]


def test_a_near_miss_is_told_when_it_missed() -> None:
    made, _ = prover(Program(fires))
    settled = Settled(data=b"F", violation=FLAW, report="", replays=4)
    names = [[c.name for c in made.contrast(entry(), settled, (), miss)] for miss in (b"G", b"GF", None)]
    assert names == [["empty input", "near miss"], ["empty input"], ["empty input"]]


def test_of_one_execution_each_root_is_pursued_once_and_not_without_end() -> None:
    many = tuple(violation(access=Access.READ, frames=(frame(f"f{n}", n),), allocation=()) for n in range(1, 6))
    made, _ = prover(Program(lambda *_: (FLAW, SAME, *many)))
    assert made.look(entry(), b"F") == (FLAW, many[0], many[1])
    both = proved(lambda data, _: (FLAW, OTHER) if b"F" in data else Clean(), b"F")
    assert {p.signature for p in both.proofs} == {FLAW.signature, OTHER.signature}


def test_a_tool_that_breaks_at_once_is_told_and_proves_nothing() -> None:
    assert proved(lambda *_: FAILURE) == Outcome(failure=FAILURE)
    assert proved(lambda *_: Clean()) == Outcome()


def test_n_of_nothing_is_not_stable() -> None:
    assert not Replays(signature="", replays=0, fired=0).stable
    assert Replays(signature="", replays=2, fired=2).stable


class Impatient(Program):
    """A program so slow, at first or always, that delta debugging is over before it removes anything."""

    def __init__(self, says: Says, times: int) -> None:
        super().__init__(says)
        self._slow = times
        self.given: list[float] = []

    def batch(
        self, entry: EntryPoint, binary: Binary, inputs: Sequence[bytes], seconds: float, cpu_s: float | None = None
    ) -> list[Judgement]:
        if len(inputs) > 1 and b"" in inputs and self._slow:
            self._slow -= 1
            self.given.append(seconds)
            time.sleep(max(0.0, seconds))
            return [Clean() for _ in inputs]
        return super().batch(entry, binary, inputs, seconds, cpu_s)


def minimised(
    program: Program, data: bytes, engine: Callable[[bytes], bytes | None], seconds: float = 0.2
) -> tuple[bytes, list[tuple[bytes, float]]]:
    """The smaller form, and what the engine's minimiser was given, with its seconds."""
    asked: list[tuple[bytes, float]] = []

    def minimiser(_: EntryPoint, data: bytes, seconds: float) -> bytes | None:
        asked.append((data, seconds))
        return engine(data)

    options = ProveOptions(replays=2, minimise_s=seconds)
    door = replace(entry(), binaries=(*entry().binaries, replace(entry().binaries[0], flavour=Flavour.FUZZ, in_process=True)))
    made = Prover(program, lambda data: data.hex(), options, engine_minimiser=minimiser)  # type: ignore[arg-type]
    found = made.reduce(door, Settled(data=data, violation=FLAW, report="", replays=2))
    return found.data, asked


LONG = b"x" * 200 + b"F" + b"y" * 200


def test_the_engines_minimiser_is_not_asked_where_delta_debugging_comes_to_its_end() -> None:
    assert minimised(Program(fires), LONG, lambda _: b"F", 60) == (b"F", [])
    only_whole = Program(lambda data, _: (FLAW,) if data == LONG else Clean())
    assert minimised(only_whole, LONG, lambda _: b"F", 60) == (LONG, [])


def test_the_engines_minimiser_helps_where_delta_debugging_does_not_end() -> None:
    found, asked = minimised(Impatient(fires, 9), LONG, lambda data: data[150:])
    assert asked == [(LONG, 0.1)]
    assert found == LONG[150:]


@pytest.mark.parametrize("given", [None, b"harmless", b"F" * 500])
def test_what_the_engines_minimiser_gives_is_checked(given: bytes | None) -> None:
    found, asked = minimised(Impatient(fires, 1), LONG, lambda _: given, 4)
    assert (found, len(asked)) == (b"F", 1)


def test_a_form_of_the_engines_that_is_larger_is_not_taken() -> None:
    assert minimised(Impatient(fires, 9), LONG, lambda _: b"F" * 500)[0] == LONG


def test_where_no_engine_can_help_delta_debugging_has_all_the_time() -> None:
    for data, share in ((LONG, 0.5), (b"x" * 20 + b"F" + b"y" * 20, 1.0)):
        program = Impatient(fires, 1)
        minimised(program, data, lambda _: None, 2.0)
        assert program.given == [pytest.approx(2.0 * share, abs=0.2)]


def test_the_engines_form_is_taken_where_what_became_of_it_does_not_fire_always() -> None:
    form = LONG[150:300]

    def moody(data: bytes, times: int) -> Judgement:
        return fires(data, 0) if len(data) >= len(form) else Clean()

    program = Impatient(moody, 1)
    program._quick = fires
    assert minimised(program, LONG, lambda _: form, 4) == (form, [(LONG, 2.0)])
