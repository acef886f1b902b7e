"""What of the exceptions that leave a fuzz target its contract calls a flaw."""

import pytest

from mithridate.model.observation import Observation, Sink
from mithridate.model.violation import Frame, ViolationKind
from mithridate.oracles.uncaught import uncaught

FRAMES = (Frame(function="parse", file="/src/library.py", line=3),)


def error(bases: str = "IndexError LookupError Exception BaseException object", **detail: str) -> Observation:
    told = {"type": bases.split()[0], "module": "builtins", "target": "atheris", "by": "project", "bases": bases, **detail}
    return Observation(sink=Sink.ERROR, api="fuzz:TestOneInput", text=f"{bases.split()[0]}: x", frames=FRAMES, detail=told)


def test_an_exception_of_the_project_and_a_claim_of_the_target() -> None:
    assert uncaught(error()) is ViolationKind.UNCAUGHT_EXCEPTION
    assert uncaught(error("AssertionError Exception BaseException object", by="target")) is ViolationKind.ASSERTION


@pytest.mark.parametrize(
    "observation",
    [
        error(target=""),
        error(by="callee"),
        error(errno="2"),
        error("SystemExit BaseException object"),
        error("RecursionError RuntimeError Exception BaseException object"),
        error("ModuleNotFoundError ImportError Exception BaseException object"),
        error("Flaky HypothesisException Exception BaseException object", module="hypothesis.errors"),
    ],
    ids=["no target", "the target's own mistake", "of the system", "an exit", "measured elsewhere", "lacking", "of the engine"],
)
def test_all_else_is_none(observation: Observation) -> None:
    assert uncaught(observation) is None
