"""Processes that end themselves, or that a signal ends, with no sanitizer to explain it."""

import signal

import pytest

from mithridate.model.execution import Ending
from mithridate.model.violation import Clean, ViolationKind
from mithridate.oracles.detector import Detector
from mithridate.oracles.process_signals import ProcessSignals
from mithridate.oracles.report_parser import parse_report

K = ViolationKind
ORACLE = ProcessSignals()
PLAIN = [
    ("null_write", K.WILD_POINTER, Detector.KERNEL),
    ("aborts", K.ABORT, Detector.KERNEL),
    ("divide_trap", K.DIVISION_BY_ZERO, Detector.KERNEL),
    ("illegal", K.ILLEGAL_INSTRUCTION, Detector.KERNEL),
    ("bus", K.BUS_ERROR, Detector.KERNEL),
    ("trap", K.FATAL_SIGNAL, Detector.KERNEL),
    ("assertion", K.ASSERTION, Detector.C_LIBRARY),
    ("smash", K.STACK_SMASHING, Detector.C_LIBRARY),
    ("fortified", K.STACK_SMASHING, Detector.C_LIBRARY),
    ("tcache_double", K.HEAP_CORRUPTION, Detector.C_LIBRARY),
    ("fast_double", K.HEAP_CORRUPTION, Detector.C_LIBRARY),
    ("top_corrupted", K.HEAP_CORRUPTION, Detector.C_LIBRARY),
    ("bad_free", K.HEAP_CORRUPTION, Detector.C_LIBRARY),
    ("bad_realloc", K.HEAP_CORRUPTION, Detector.C_LIBRARY),
]


@pytest.mark.parametrize(("case", "kind", "detector"), PLAIN, ids=[c[0] for c in PLAIN])
def test_an_uninstrumented_programs_death_is_typed_by_its_last_words_else_by_its_signal(corpus, case, kind, detector):
    execution = corpus.run("plain64", case)
    assert execution.ending is Ending.SIGNALLED
    (violation,) = ORACLE.judge(execution)
    assert (violation.kind, violation.detector) == (kind, detector)


@pytest.mark.parametrize(
    ("case", "text"), [("throws", "std::runtime_error': malformed: header (line 3)"), ("terminates", "without an active")]
)
@pytest.mark.parametrize("binary", ["cpp64", "plaincpp64"])
def test_an_uncaught_exception_tells_its_type_and_text(corpus, binary, case, text):
    (violation,) = parse_report(corpus.run(binary, case).stderr)
    assert violation.kind is K.UNCAUGHT_EXCEPTION
    assert text in violation.message


@pytest.mark.parametrize(
    ("case", "function"), [("throws", "throws()"), ("throws_twice", "throws_twice()"), ("throws_int", "throws_int()")]
)
@pytest.mark.parametrize("binary", ["cpp64", "cpp32"])
def test_the_way_through_the_cpp_runtime_is_not_part_of_the_stack(corpus, binary, case, function):
    (violation,) = parse_report(corpus.run(binary, case).stderr)
    assert violation.frames[0].function == function


@pytest.mark.parametrize("binary", ["c64", "c32"])
def test_an_assertion_under_asan_is_one_violation_with_the_asserting_function_innermost(corpus, binary):
    (violation,) = parse_report(corpus.run(binary, "assertion").stderr)
    assert violation.kind is K.ASSERTION
    assert violation.frames[0].function == "asserts"
    assert "the argument fits" in violation.message


def test_without_a_stack_the_assertions_own_words_give_function_file_and_line(corpus):
    (violation,) = parse_report(corpus.run("plain64", "assertion").stderr)
    (frame,) = violation.frames
    assert (frame.function, frame.file) == ("void asserts(int)", "/src/crashes.c")
    assert frame.line > 0


@pytest.mark.parametrize(("case", "kind"), [("smash", K.STACK_SMASHING), ("assertion", K.ASSERTION)])
def test_an_abort_whose_words_are_lost_is_known_by_its_way_through_the_library(corpus, case, kind):
    stderr = corpus.run("c64", case).stderr
    (violation,) = parse_report(stderr[stderr.index(b"AddressSanitizer:DEADLYSIGNAL") :])
    assert violation.kind is kind


def test_an_assertions_text_without_a_death_is_no_violation(corpus):
    execution = corpus.run("c64", "says_assertion")
    assert b"Assertion `x' failed." in execution.stderr
    assert ORACLE.judge(execution) == Clean()


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE, signal.SIGILL, signal.SIGBUS])
def test_a_shells_exit_code_for_a_signal_counts_as_the_signal(ended, number):
    (violation,) = ORACLE.judge(ended(exit_code=128 + number))
    (same,) = ORACLE.judge(ended(Ending.SIGNALLED, None, signal=int(number)))
    assert violation == same


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGPIPE, signal.SIGINT, signal.SIGXCPU])
def test_a_signal_that_others_send_is_no_violation(ended, number):
    assert ORACLE.judge(ended(Ending.SIGNALLED, None, signal=int(number))) == Clean()


def test_what_asan_explained_is_not_told_twice(corpus):
    assert ORACLE.judge(corpus.run("c64", "null_read")) == Clean()


def test_a_limit_of_the_sandbox_is_not_the_programs_own_signal(ended):
    assert ORACLE.judge(ended(Ending.WALL_LIMIT, None, signal=9)) == Clean()
