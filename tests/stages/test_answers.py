"""What a Python program answers, compared before and after a patch: with the real observer, in the real sandbox."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from mithridate.languages.python.language import PythonLanguage
from mithridate.model.document import Document, encode
from mithridate.model.entry import EntryKind
from mithridate.model.patch import Outcome, Proposal
from mithridate.model.project import Build, Flavour
from mithridate.model.violation import ViolationKind
from mithridate.repair.diff import made
from mithridate.repair.interface import Output, Shown, Subject, Variant
from mithridate.repair.steps.interface import Case, Memory, Seen
from mithridate.repair.steps.ordinary_documents import ordinary_documents
from mithridate.repair.steps.outputs import Outputs
from mithridate.sandbox.bubblewrap import Bubblewrap
from mithridate.stages.answers import answered
from mithridate.stages.workshop import Way, Workshop
from mithridate.store.snapshot import take_snapshot
from tests.repair.workbench import tools

SOURCE = """import ast
from urllib.parse import parse_qs


def result(text):
    return str(eval(text, {"__builtins__": {}}))


def shut():
    return "closed"


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    asked = parse_qs(environ.get("QUERY_STRING", ""))
    return [result(asked.get("sum", ["0"])[0]).encode()]
"""
EVALUATED = 'eval(text, {"__builtins__": {}})'
LITERAL = "ast.literal_eval(text)"
SUM = 'eval(text, {"__builtins__": {}}) if set(text) <= set("0123456789+-*/() .,[]\'amber") else 0'


def asked(text: str) -> list[object]:
    return [{"request": {"method": "GET", "path": "/", "query": [["sum", text]]}}]


PROOF = encode(Document(control=asked("\ue000\ue100amber\ue001\ue100"), attack=asked("\ue000\ue100+\ue001\ue100")))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workshop, Subject]]:
    place = tmp_path_factory.mktemp("answers")
    (place / "till").mkdir()
    (place / "till" / "app.py").write_text(SOURCE)
    sandbox, language = Bubblewrap(), PythonLanguage()
    project, _ = take_snapshot(place / "till", place)
    (component,), _ = language.detect(project)
    plain = language.build(project, component, Flavour.PLAIN, sandbox, place / "builds")
    assert isinstance(plain, Build), plain
    entries, skipped = language.entry_points(project, (plain,), sandbox, place)
    (entry,) = (e for e in entries if e.kind is EntryKind.APPLICATION)
    binary = entry.binary(Flavour.PLAIN)
    assert binary is not None, skipped
    with Workshop(project, component, (Way(entry=entry, program=binary.path),), tools(sandbox, place), place) as workshop:
        (seen,) = workshop.judge(workshop.original, entry.id, [PROOF])
        assert isinstance(seen, tuple) and seen[0].kind is ViolationKind.CODE_INJECTION
        some = ordinary_documents(PROOF, seen[0].kind)
        assert workshop.judge(workshop.original, entry.id, some) == [()] * len(some)
        yield (
            workshop,
            Subject(
                finding="F1",
                cwe=95,
                project=project,
                component=component,
                proofs=(Shown(entry_id=entry.id, data=PROOF, violation=seen[0]),),
                benign={entry.id: tuple(some)},
            ),
        )


def compared(bench: tuple[Workshop, Subject], what: str, instead: str) -> Seen:
    workshop, subject = bench
    diff = made({"app.py": (SOURCE.encode(), SOURCE.replace(what, instead).encode())})
    patched = workshop.build(diff)
    proposal = Proposal(proposer="a test", cause="", fix="", diff=diff)
    case = Case(subject=subject, proposal=proposal, bench=workshop, memory=Memory(), patched=patched)  # type: ignore[arg-type]
    return Outputs().check(case)


def test_what_the_program_answers_is_known_before_and_the_same_twice(bench: tuple[Workshop, Subject]) -> None:
    workshop, subject = bench
    ((entry_id, inputs),) = subject.benign.items()
    once, twice = (workshop.outputs(workshop.original, entry_id, inputs) for _ in range(2))
    assert once == twice
    said = [output.stdout for output in once if output is not None]
    assert len(said) == len(inputs) and b'"20"' in said[2].replace(b"\\", b""), "(2 + 3) * 4"


def test_a_patch_that_no_longer_answers_sums_is_stopped(bench: tuple[Workshop, Subject]) -> None:
    seen = compared(bench, EVALUATED, LITERAL)
    assert seen.outcome is Outcome.FAILED
    assert "benign inputs have another output" in seen.evidence[0]


def test_a_patch_that_answers_all_of_them_as_before_is_not(bench: tuple[Workshop, Subject]) -> None:
    seen = compared(bench, EVALUATED, SUM)
    assert seen.outcome is Outcome.PASSED, seen.evidence


def test_which_inputs_run_what_is_changed_is_found_out(bench: tuple[Workshop, Subject]) -> None:
    assert "6 of 6 benign inputs run a changed function" in compared(bench, EVALUATED, SUM).evidence


def test_a_patch_of_what_no_benign_input_runs_is_compared_on_nothing(bench: tuple[Workshop, Subject]) -> None:
    seen = compared(bench, 'return "closed"', 'return "shut"')
    assert seen.outcome is Outcome.EMPTY and "none of them runs a changed function" in seen.evidence[0]


def test_where_the_text_varies_by_itself_an_answer_that_becomes_an_error_is_still_seen(bench: tuple[Workshop, Subject]) -> None:
    workshop, subject = bench
    ((entry_id, inputs),) = subject.benign.items()
    first = workshop.outputs(workshop.original, entry_id, inputs)
    turn = iter(range(1000))
    outputs = workshop.outputs

    def varying(variant: Variant, door: str, some: Sequence[bytes]) -> list[Output | None]:
        now = f"{next(turn)}".encode()
        return [output and replace(output, stdout=output.stdout + now) for output in outputs(variant, door, some)]

    assert None not in first
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workshop, "outputs", varying)
        seen = compared(bench, EVALUATED, LITERAL)
        assert seen.outcome is Outcome.FAILED and "how its answers stand was 'attack: 200'" in seen.evidence[1], seen.evidence
        assert "only how the answers stand was compared" in compared(bench, EVALUATED, SUM).evidence[0]


def test_a_stop_that_keeps_the_door_shut_tells_nothing_and_ends_nothing(bench: tuple[Workshop, Subject]) -> None:
    seen = compared(bench, SOURCE, SOURCE.replace(EVALUATED, SUM) + "\n\nEARLY = result('1')\n")
    assert seen.outcome is Outcome.EMPTY, seen.evidence
    assert "how many of them run the changed function is unknown: the program with stops does not build" in seen.evidence


def test_stops_with_which_nothing_is_answered_tell_nothing(
    bench: tuple[Workshop, Subject], monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop, _ = bench
    outputs = workshop.outputs

    def shut(variant: Variant, door: str, some: Sequence[bytes]) -> list[Output | None]:
        stops = "SystemExit(97)" in (variant.tree / "app.py").read_text()
        return [None] * len(some) if stops else outputs(variant, door, some)

    monkeypatch.setattr(workshop, "outputs", shut)
    seen = compared(bench, EVALUATED, SUM)
    assert seen.outcome is Outcome.EMPTY and "the program does not open with stops" in seen.evidence[-1]


def test_where_all_that_is_answered_varies_nothing_is_compared(
    bench: tuple[Workshop, Subject], monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop, _ = bench
    turn, outputs = iter(range(1000)), workshop.outputs

    def varying(variant: Variant, door: str, some: Sequence[bytes]) -> list[Output | None]:
        now = f"{next(turn)}".encode()
        return [output and replace(output, stdout=now, stderr=now) for output in outputs(variant, door, some)]

    monkeypatch.setattr(workshop, "outputs", varying)
    seen = compared(bench, EVALUATED, SUM)
    assert seen.outcome is Outcome.EMPTY and seen.evidence == ("no benign input whose output is the same twice",)


def test_of_what_is_raised_the_type_counts_and_not_the_words() -> None:
    def told(raised: str) -> Output | None:
        return answered(json.dumps({"phase": "control", "answer": {"raised": raised, "returned": None}}))

    words, other, another = map(told, ("ValueError: clone - failed", "ValueError: clone -- - failed", "KeyError: 'clone'"))
    assert words is not None and another is not None
    assert words == other and words.refused
    assert words.stderr == b"control: None ValueError" and another.stderr == b"control: None KeyError"
