"""What an observer's records become for the workbench."""

import json

from mithridate.stages.answers import answered

MARKS = {"run": 0, "phase": "attack", "marks": [[0, "kxqaaaaaaa", "kxqbbbbbbb"]]}
ANSWER = {
    "run": 0,
    "phase": "attack",
    "step": 0,
    "answer": {"status": 200, "headers": [["Date", "now"], ["X", "1"]], "body": "hello KXQaaaaaaaamberkxqbbbbbbb"},
}


def told(*records: object) -> str:
    return "\n".join(json.dumps(record) for record in records)


def test_answers_of_two_runs_differ_in_nothing_that_is_the_runs_own() -> None:
    first = answered(told(MARKS, ANSWER, {"run": 0, "ended": "done"}))
    other = json.loads(json.dumps([MARKS, ANSWER]).replace("kxq", "zzz").replace("KXQ", "ZZZ").replace('"now"', '"later"'))
    second = answered(told(*other, {"run": 0, "ended": "done"}))
    assert first is not None and first == second
    assert b"hello" in first.stdout and b"Date" not in first.stdout and b'"X"' in first.stdout


def test_another_body_or_status_is_another_output() -> None:
    first = answered(told(MARKS, ANSWER))
    for change in ({"status": 500}, {"body": "bye"}, {"headers": [["X", "2"]]}):
        assert answered(told(MARKS, {**ANSWER, "answer": {**ANSWER["answer"], **change}})) != first  # type: ignore[dict-item]


def test_how_an_answer_stands_is_told_apart_from_its_text() -> None:
    plain = answered(told(MARKS, ANSWER))
    raised = {**ANSWER, "answer": {**ANSWER["answer"], "status": 0, "raised": "ValueError: kxqaaaaaaa"}}  # type: ignore[dict-item]
    broken = answered(told(MARKS, raised))
    assert plain is not None and broken is not None
    assert (plain.stderr, plain.refused, broken.stderr, broken.refused) == (b"attack: 200", False, b"attack: 0 ValueError", True)
    missing = {**ANSWER, "answer": {**ANSWER["answer"], "status": 404}}  # type: ignore[dict-item]
    assert (seen := answered(told(MARKS, missing))) is not None and seen.refused


def test_records_without_an_answer_are_no_output() -> None:
    assert answered("") is None
    assert answered(told(MARKS, {"run": 0, "ended": "timeout"})) is None


def test_where_the_observer_stopped_something_the_answer_is_its_own() -> None:
    assert answered(told(MARKS, {"run": 0, "phase": "attack", "observed": {"sink": "code", "stopped": True}}, ANSWER)) is None
