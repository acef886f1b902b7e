"""An observer's records, and the violations of a run."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mithridate.model.observation import Sink
from mithridate.model.violation import ViolationKind
from mithridate.oracles.confinement.records import read_records
from mithridate.oracles.confinement.verdict import judge_run
from mithridate.oracles.confinement.violations import violations

FRAMES = [{"file": "/src/app.py", "line": 12, "function": "show"}]
OPEN, CLOSE = "mp4kz81xwa", "vt0qh7e2nc"
MARKS = [[0, OPEN, CLOSE]]


def lines(*records):
    return b"".join(json.dumps(r).encode() + b"\n" for r in records)


def marks(phase, run=0):
    return {"run": run, "phase": phase, "marks": MARKS}


def seen(phase, text, run=0, sink="sql", **more):
    text = text.replace("⟨", OPEN).replace("⟩", CLOSE)
    observed = {"sink": sink, "api": "execute", "text": text, "dialect": "sqlite", "marks": [0], "frames": FRAMES} | more
    return {"run": run, "phase": phase, "observed": observed}


def ended(how, run=0, cpu_s=0.01):
    return {"run": run, "ended": how, "cpu_s": cpu_s, "frames": FRAMES}


INJECTED = (
    marks("control"),
    seen("control", "SELECT '⟨amy⟩'"),
    marks("attack"),
    seen("attack", "SELECT '⟨x' OR 1=1 --⟩'"),
    {"run": 0, "phase": "attack", "step": 0, "answer": {"status": 200}},
    ended("done"),
)


def kinds(*records, document=b""):
    return [v.kind for v in violations(read_records(lines(*records)), 0, document)]


def test_records_become_runs_with_phases():
    records = read_records(lines({"ready": {"python": "3.11.2"}}, *INJECTED))
    run = records.runs[0]
    assert records.ready == {"python": "3.11.2"}
    assert records.failed is None
    assert [o.sink for o in run.control.observations] == [Sink.SQL]
    (observation,) = run.attack.observations
    assert observation.frames[0].file == "/src/app.py"
    assert observation.marks[0].opening == OPEN
    assert run.attack.answers == [{"status": 200}]
    assert run.ended is not None
    assert run.ended.how == "done"


def test_a_door_that_did_not_open_says_why():
    assert read_records(lines({"failed": {"why": "ModuleNotFoundError: x"}})).failed == {"why": "ModuleNotFoundError: x"}


def test_an_escape_is_a_violation_at_the_place_of_its_sink():
    (violation,) = violations(read_records(lines(*INJECTED)), 0)
    assert violation.kind is ViolationKind.SQL_INJECTION
    assert violation.detector == "confinement"
    assert violation.place is not None
    assert violation.place.function == "show"
    assert "ends the literal" in violation.message


def test_the_document_tells_what_the_program_added_itself():
    split = (
        marks("control"),
        seen("control", "SELECT ('⟨a⟩')"),
        marks("attack"),
        seen("attack", "SELECT ('⟨a', 1, 'b⟩')"),
        ended("done"),
    )
    document = json.dumps({"attack": [{"call": {"args": ["\ue000\ue100a,b\ue001\ue100"]}}]}).encode()
    assert kinds(*split) == [ViolationKind.SQL_INJECTION]
    assert kinds(*split, document=document) == []


def test_runs_that_were_not_seen_have_no_violations():
    assert violations(read_records(lines(*INJECTED)), 7) == ()


def test_facts_are_the_attacks_or_without_an_attack_the_controls():
    fact = seen("attack", "md5", sink="weak-hash", marks=[])
    (violation,) = violations(read_records(lines(marks("attack"), fact, fact, ended("done"))), 0)
    assert (violation.kind, violation.detector) == (ViolationKind.WEAK_HASH, "observer")
    control = seen("control", "md5", sink="weak-hash", marks=[])
    assert kinds(marks("control"), control, ended("done")) == [ViolationKind.WEAK_HASH]
    assert kinds(marks("control"), control, marks("attack"), ended("done")) == []


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ("memory", ViolationKind.MEMORY_EXHAUSTION),
        ("signal 11", ViolationKind.WILD_POINTER),
        ("signal 6", ViolationKind.ABORT),
        ("signal 5", ViolationKind.FATAL_SIGNAL),
    ],
)
def test_ends_of_an_attack_are_violations(how, kind):
    (violation,) = violations(read_records(lines(marks("control"), marks("attack"), ended(how))), 0)
    assert violation.kind is kind
    assert violation.frames[0].function == "show"


@pytest.mark.parametrize(
    "how", ["done", "exit 3", "signal 9", "signal 15", "signal", "signal x", "signal 99999999", "signal ²", ""]
)
def test_other_ends_are_none(how):
    assert kinds(marks("control"), marks("attack"), ended(how)) == []


def test_a_busy_run_times_out_and_a_waiting_one_does_not():
    assert kinds(marks("attack"), ended("timeout", cpu_s=5.0)) == [ViolationKind.TIMEOUT]
    assert kinds(marks("attack"), ended("timeout", cpu_s=0.1)) == []


def test_an_end_in_the_control_phase_is_not_the_attacks():
    assert kinds(marks("control"), ended("signal 11")) == []


@pytest.mark.parametrize(
    ("name", "kind"), [("RecursionError", ViolationKind.STACK_EXHAUSTION), ("MemoryError", ViolationKind.MEMORY_EXHAUSTION)]
)
def test_exhaustion_that_left_the_entry_point_is_a_violation_unless_harmless_data_does_the_same(name, kind):
    def error(phase):
        return seen(phase, f"{name}: too much", sink="error", detail={"type": f"builtins.{name}"})

    assert kinds(marks("control"), marks("attack"), error("attack"), ended("done")) == [kind]
    assert kinds(marks("control"), error("control"), marks("attack"), error("attack"), ended("done")) == []


def test_other_exceptions_are_none():
    assert (
        kinds(marks("attack"), seen("attack", "ValueError: x", sink="error", detail={"type": "ValueError"}), ended("done")) == []
    )


GARBAGE = [
    b"",
    b"\n\n\n",
    b"hello\n{\n{}\n[]\nnull\n",
    b"{" * 100_000 + b"\n",
    b'{"a":' * 50_000 + b"\n",
    b'{"run": ' + b"[" * 100_000 + b"\n",
    b'{"run": ' + b"9" * 10_000 + b"}\n",
    b'{"run": true, "phase": "attack"}\n{"run": -1, "ended": "done"}\n{"run": 1e3, "ended": "done"}\n',
    b'{"run": 0, "phase": "attack", "marks": [[0, "", ""], [1], [999, "aaaaaaaa", "bbbbbbbb"], "x", {}, [0, 1, 2]]}\n',
    b'{"run": 0, "phase": "attack", "observed": {"sink": ["sql"], "text": 1}}\n{"run": 0, "phase": "attack", "observed": []}\n',
    b'{"run": 0, "phase": "attack", "observed": {"sink": "sql", "text": "\\ud800", "frames": [{"file": "\\udfff"}, 3]}}\n',
    b'{"run": 0, "ended": "done", "cpu_s": NaN}\n{"run": 1, "ended": "done", "cpu_s": Infinity}\n{"run": 2, "ended": 3}\n',
    b'{"run": 0, "phase": "attack", "answer": "no"}\n{"run": 0, "phase": "x"}\n\xff\xfe\x00\n',
    b'{"run": 0, "phase": "attack", "observed": {"sink": "slow", "text": "x"}}\n',
]


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_is_passed_over(garbage):
    records = read_records(garbage + lines(*(r | {"run": 5} if "run" in r else r for r in INJECTED)) + garbage)
    assert [v.kind for v in violations(records, 5)] == [ViolationKind.SQL_INJECTION]
    for run in records.runs:
        violations(records, run)


@given(st.binary())
def test_arbitrary_bytes_are_read(noise):
    read_records(noise)
    read_records(b'{"run": 0, "phase": "attack", "observed": ' + noise + b"}\n")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["run", "sink", "text", "marks", "frames", "detail", "file"]), inner)
    ),
)


@given(JSON, st.sampled_from(list(Sink)))
def test_any_json_is_judged(value, sink):
    observed = {"sink": sink, "text": f"{OPEN}{value}{CLOSE}", "marks": [0], "frames": value, "detail": value, "dialect": value}
    records = read_records(
        lines({"run": 0, "phase": "attack", "marks": MARKS}, {"run": 0, "phase": "attack", "observed": observed})
    )
    violations(records, 0)


def test_longer_lines_than_the_format_allows_are_passed_over():
    assert kinds(marks("attack"), seen("attack", "⟨x' OR 1=1⟩" + " " * (300 << 10)), ended("done")) == []


def test_records_after_the_end_of_a_run_are_forged():
    assert kinds(marks("attack"), ended("done"), seen("attack", "SELECT ⟨a = 'b'⟩")) == []


def test_five_thousand_observations_are_judged_in_seconds():
    page = "<html><body>" + "<div class='row'><p>Hello <b>you</b></p></div>" * 40 + "<p>{}</p><input value='{}'></body></html>"
    statement = "SELECT id, name FROM users WHERE name = '{}' AND active = 1 ORDER BY id"
    records = []
    for run in range(1250):
        records += [marks("control", run), seen("control", statement.format("⟨amy⟩"), run)]
        records += [seen("control", page.format("⟨amy⟩", "⟨amy⟩"), run, sink="html", detail={"type": "text/html"})]
        records += [marks("attack", run), seen("attack", statement.format(f"⟨a''{run}⟩"), run)]
        records += [
            seen("attack", page.format(f"⟨a&lt;{run}⟩", f"⟨a&quot;{run}⟩"), run, sink="html", detail={"type": "text/html"})
        ]
    read = read_records(lines(*records))
    started = time.process_time()
    assert not any(judge_run(r.attack.observations, r.control.observations) for r in read.runs.values())
    assert time.process_time() - started < 10


def test_routes_that_need_several_lines_are_one_list() -> None:
    lines = [{"routes": [{"path": "/a"}]}, {"routes": [{"path": "/b"}], "more": True}, {"routes": [1]}]
    ready = read_records(b"\n".join(json.dumps({"ready": line}).encode() for line in lines)).ready
    assert ready is not None
    assert [route["path"] for route in ready["routes"]] == ["/a", "/b"]
