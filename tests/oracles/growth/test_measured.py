"""From records to what the verdict needs: the expression that was matched, and where it is made."""

import json
from typing import Any

from mithridate.model.violation import ViolationKind
from mithridate.oracles.growth.measured import measure
from mithridate.oracles.growth.verdict import judge
from mithridate.prove.weakness import weakness

FRAMES = [
    {"file": "/src/a.py", "line": 3, "function": "<pattern>", "pattern": "(a|a)*b"},
    {"file": "/src/a.py", "line": 9, "function": "read"},
]


def run(frames: list[dict[str, Any]]) -> tuple[bytes, list[dict[str, Any]]]:
    def steps(letter: str) -> list[dict[str, Any]]:
        return [{"call": {"target": "a:read", "args": [letter * n]}} for n in (1000, 2000, 4000, 8000)]

    document = json.dumps({"version": 1, "control": steps("-"), "attack": steps("a")}).encode()
    answers = [{"phase": "control", "answer": {"seconds": 0.001}} for _ in range(4)]
    answers += [{"phase": "attack", "answer": {"seconds": s}} for s in (0.05, 0.2, 0.8, 3.2)]
    return document, [*answers, {"ended": "done", "cpu_s": 4.3, "frames": frames}]


def test_the_expression_is_named_and_the_weakness_is_that_of_expressions() -> None:
    violation = judge(measure(*run(FRAMES)))
    assert violation is not None and violation.kind is ViolationKind.SUPERLINEAR_TIME
    assert "in the regular expression (a|a)*b" in violation.message
    assert violation.place is not None and violation.place.line == 3
    assert weakness(violation).cwe == 1333


def test_a_loop_is_no_expression() -> None:
    violation = judge(measure(*run(FRAMES[1:])))
    assert violation is not None and "regular expression" not in violation.message
    assert weakness(violation).cwe == 407
