"""UndefinedBehaviorSanitizer's runtime errors, from programs that commit them."""

import pytest

from mithridate.model.execution import Ending
from mithridate.model.violation import Access, Violation, ViolationKind
from mithridate.oracles.detector import Detector
from mithridate.oracles.options import OracleOptions
from mithridate.oracles.report_parser import parse_report
from mithridate.oracles.undefined_behaviour import UndefinedBehaviour

K = ViolationKind


def ubsan(stderr: bytes) -> list[Violation]:
    return [v for v in parse_report(stderr) if v.detector == Detector.UNDEFINED_BEHAVIOUR_SANITIZER]


CHECKED = [
    ("c64", "ub_index", K.ARRAY_INDEX),
    ("c64", "divide", K.DIVISION_BY_ZERO),
    ("c64", "ub_signed", K.SIGNED_INTEGER_OVERFLOW),
    ("c64", "ub_negate", K.SIGNED_INTEGER_OVERFLOW),
    ("c64", "ub_shift", K.SHIFT_EXPONENT),
    ("c64", "ub_vla", K.VLA_BOUND),
    ("c64", "ub_unreachable", K.UNREACHABLE),
    ("c64", "ub_builtin", K.INVALID_BUILTIN),
    ("c64", "ub_null_load", K.NULL_DEREFERENCE),
    ("c64", "ub_null", K.UNDEFINED_BEHAVIOUR),
    ("c32", "ub_index", K.ARRAY_INDEX),
    ("c32", "ub_signed", K.SIGNED_INTEGER_OVERFLOW),
    ("undefined64", "ub_align", K.UNDEFINED_BEHAVIOUR),
    ("undefined64", "ub_bool", K.UNDEFINED_BEHAVIOUR),
    ("c64", "ub_float", K.FLOAT_CAST),
    ("undefined64", "ub_nonnull", K.UNDEFINED_BEHAVIOUR),
    ("undefined64", "ub_pointer", K.UNDEFINED_BEHAVIOUR),
]


@pytest.mark.parametrize(("binary", "case", "kind"), CHECKED, ids=[f"{c[0]}-{c[1]}" for c in CHECKED])
def test_a_runtime_error_is_typed_from_its_text_and_placed_at_its_expression(corpus, binary, case, kind):
    (violation,) = ubsan(corpus.run(binary, case).stderr)
    assert violation.kind is kind
    assert violation.frames[0].function == case
    assert violation.frames[0].file == "/src/crashes.c"
    assert violation.frames[-1].function == "main"


def test_falling_off_a_function_is_a_missing_return(corpus):
    (violation,) = ubsan(corpus.run("cpp64", "no_return").stderr)
    assert violation.kind is K.MISSING_RETURN
    assert [f.function for f in violation.frames] == ["falls(int)", "no_return()", "main"]


def test_several_errors_of_one_execution_come_in_the_programs_order_each_with_its_own_stack(corpus):
    execution = corpus.run("c64", "ub_two")
    assert execution.ending is Ending.EXITED
    first, second = ubsan(execution.stderr)
    assert (first.kind, first.frames[0].function) == (K.SHIFT_EXPONENT, "ub_shift")
    assert (second.kind, second.frames[0].function) == (K.SIGNED_INTEGER_OVERFLOW, "ub_signed")
    assert execution.exit_code == 0


def test_without_symbols_the_expression_still_has_its_place(corpus):
    (violation,) = ubsan(corpus.run("c64", "ub_shift", options=OracleOptions(symbolize=False)).stderr)
    top = violation.frames[0]
    assert (top.file.rpartition("/")[2], top.function) == ("crashes.c", "")
    assert top.line > 0
    assert top.offset > 0
    assert violation.place == top


def test_without_a_stack_the_expression_is_the_only_frame():
    (violation,) = parse_report(b"/src/lib/a b.c:10:7: runtime error: shift exponent -1 is negative\n")
    (frame,) = violation.frames
    assert (frame.file, frame.line, frame.column) == ("/src/lib/a b.c", 10, 7)


def test_a_line_that_the_program_left_open_does_not_hide_the_error(corpus):
    shift, overflow = parse_report(corpus.run("c64", "no_newline").stderr)
    assert (shift.kind, shift.frames[0].file) == (K.SHIFT_EXPONENT, "/src/crashes.c")
    assert (overflow.kind, overflow.frames[0].function) == (K.HEAP_BUFFER_OVERFLOW, "heap_read")


@pytest.mark.parametrize(("text", "access"), [("load of", Access.READ), ("store to", Access.WRITE)])
def test_an_access_through_null_has_its_direction(text, access):
    (violation,) = parse_report(f"/src/a.c:1:2: runtime error: {text} null pointer of type 'int'\n".encode())
    assert (violation.kind, violation.access, violation.address) == (K.NULL_DEREFERENCE, access, 0)


def test_a_member_of_null_that_is_not_accessed_is_undefined_but_no_dereference():
    (violation,) = parse_report(b"/src/a.c:1:2: runtime error: member access within null pointer of type 'struct s'\n")
    assert violation.kind is K.UNDEFINED_BEHAVIOUR


@pytest.mark.parametrize(
    "text",
    ["division of -2147483648 by -1 cannot be represented in type 'int'", "signed integer overflow: 1 * 2 cannot be represented"],
)
def test_quotients_that_overflow_are_overflows_not_divisions_by_zero(text):
    (violation,) = parse_report(f"/src/a.c:1:2: runtime error: {text}\n".encode())
    assert violation.kind is K.SIGNED_INTEGER_OVERFLOW


def test_local_bounds_is_not_among_the_checks_for_it_would_trap_before_asan_can_explain():
    (checks,) = [f for f in UndefinedBehaviour().arm(None).compile_flags if f.startswith("-fsanitize=")]
    assert "array-bounds" in checks.partition("=")[2].split(",")
    assert "bounds" not in checks.partition("=")[2].split(",")
