"""Every class of AddressSanitizer's errors, from programs that commit it."""

import pytest

from mithridate.model.violation import Access, Region, Relation, Violation, ViolationKind
from mithridate.oracles.detector import Detector
from mithridate.oracles.options import OracleOptions
from mithridate.oracles.report_parser import parse_report

K, R, W = ViolationKind, Access.READ, Access.WRITE


def heap(size: int, relation: Relation, distance: int) -> Region:
    return Region(kind="heap", size=size, relation=relation, distance=distance)


def named(kind: str, size: int, relation: Relation, distance: int, name: str) -> Region:
    return Region(kind=kind, size=size, relation=relation, distance=distance, name=name)


def asan(stderr: bytes) -> Violation:
    """The one AddressSanitizer error of a report."""
    (violation,) = [v for v in parse_report(stderr) if v.detector == Detector.ADDRESS_SANITIZER]
    return violation


MEMORY_ERRORS = [
    ("heap_read", K.HEAP_BUFFER_OVERFLOW, R, 1, heap(13, Relation.AFTER, 0), "heap_read"),
    ("heap_write", K.HEAP_BUFFER_OVERFLOW, W, 4, heap(40, Relation.AFTER, 0), "heap_write"),
    ("heap_before", K.HEAP_BUFFER_OVERFLOW, R, 1, heap(13, Relation.BEFORE, 3), "heap_before"),
    ("heap_memcpy", K.HEAP_BUFFER_OVERFLOW, W, 16, heap(8, Relation.AFTER, 0), "heap_memcpy"),
    ("heap_strlen", K.HEAP_BUFFER_OVERFLOW, R, 5, heap(4, Relation.AFTER, 0), "heap_strlen"),
    ("use_after_free", K.HEAP_USE_AFTER_FREE, W, 1, heap(32, Relation.INSIDE, 5), "use_after_free"),
    ("double_free", K.DOUBLE_FREE, None, 0, heap(24, Relation.INSIDE, 0), "release"),
    ("bad_free", K.BAD_FREE, None, 0, heap(24, Relation.INSIDE, 8), "release"),
    ("bad_free_stack", K.BAD_FREE, None, 0, named("stack", 24, Relation.INSIDE, 0, "local"), "release"),
    ("bad_realloc", K.BAD_FREE, None, 0, heap(24, Relation.INSIDE, 4), "bad_realloc"),
    ("usable_size", K.BAD_FREE, None, 0, named("global", 40, Relation.INSIDE, 0, "numbers"), "usable_size"),
    ("stack_write", K.STACK_BUFFER_OVERFLOW, W, 1, named("stack", 16, Relation.AFTER, 0, "local_buffer"), "stack_write"),
    ("stack_read", K.STACK_BUFFER_OVERFLOW, R, 4, named("stack", 32, Relation.AFTER, 0, "two_array"), "stack_read"),
    (
        "stack_underflow",
        K.STACK_BUFFER_UNDERFLOW,
        R,
        1,
        named("stack", 16, Relation.BEFORE, 1, "local_buffer"),
        "stack_underflow",
    ),
    ("use_after_return", K.STACK_USE_AFTER_RETURN, R, 1, named("stack", 32, Relation.INSIDE, 3, "gone"), "use_after_return"),
    ("use_after_scope", K.STACK_USE_AFTER_SCOPE, W, 4, named("stack", 16, Relation.INSIDE, 0, "scoped"), "use_after_scope"),
    ("dynamic_stack", K.DYNAMIC_STACK_BUFFER_OVERFLOW, R, 1, None, "dynamic_stack"),
    ("global_read", K.GLOBAL_BUFFER_OVERFLOW, R, 4, named("global", 40, Relation.AFTER, 0, "numbers"), "global_read"),
    ("global_write", K.GLOBAL_BUFFER_OVERFLOW, W, 1, named("global", 16, Relation.AFTER, 1, "name_table"), "global_write"),
    ("poisoned", K.USE_AFTER_POISON, R, 1, named("global", 64, Relation.INSIDE, 0, "poisoned.arena"), "poisoned"),
    ("strcpy_overlap", K.PARAM_OVERLAP, None, 0, named("stack", 64, Relation.INSIDE, 1, "b"), "strcpy_overlap"),
    ("negative_size", K.NEGATIVE_SIZE_PARAM, None, 0, heap(16, Relation.INSIDE, 1), "negative_size"),
    ("unknown_crash", K.UNKNOWN_ADDRESS_ACCESS, R, 1, named("stack", 8, Relation.INSIDE, 0, "local"), "unknown_crash"),
]


@pytest.mark.parametrize("binary", ["c64", "c32"])
@pytest.mark.parametrize(
    ("case", "kind", "access", "size", "region", "function"), MEMORY_ERRORS, ids=[c[0] for c in MEMORY_ERRORS]
)
def test_a_memory_error_is_typed_with_access_size_and_the_object_missed(
    corpus, binary, case, kind, access, size, region, function
):
    violation = asan(corpus.run(binary, case).stderr)
    assert (violation.kind, violation.access, violation.size, violation.region) == (kind, access, size, region)
    assert violation.frames[0].function == function
    assert violation.frames[-1].function == "main"
    assert all(frame.in_project and frame.line > 0 and frame.column > 0 for frame in violation.frames)


@pytest.mark.parametrize("case", [c[0] for c in MEMORY_ERRORS])
def test_without_symbols_kind_access_and_object_are_the_same_and_frames_carry_module_and_offset(corpus, case):
    with_symbols = asan(corpus.run("c64", case).stderr)
    without = asan(corpus.run("c64", case, options=OracleOptions(symbolize=False)).stderr)
    assert (without.kind, without.access, without.size, without.region, without.message) == (
        with_symbols.kind,
        with_symbols.access,
        with_symbols.size,
        with_symbols.region,
        with_symbols.message,
    )
    assert without.frames
    assert all(f.module and f.offset and not f.function and not f.file for f in without.frames)


def test_an_access_that_begins_inside_the_object_and_ends_beyond_it_counts_as_beyond(corpus):
    violation = asan(corpus.run("c64", "heap_eight").stderr)
    assert (violation.size, violation.region) == (8, heap(12, Relation.AFTER, 0))


@pytest.mark.parametrize("binary", ["c64", "c32"])
def test_allocation_and_free_sites_are_told_apart(corpus, binary):
    violation = asan(corpus.run(binary, "use_after_free").stderr)
    assert [f.function for f in violation.allocation] == ["allocate", "use_after_free", "main"]
    assert [f.function for f in violation.deallocation] == ["release", "use_after_free", "main"]
    assert violation.allocation[1].line == violation.deallocation[1].line == violation.frames[0].line


def test_a_free_in_another_thread_is_still_the_deallocation_and_the_threads_birth_is_not(corpus):
    violation = asan(corpus.run("c64", "thread_free").stderr)
    assert [f.function for f in violation.frames] == ["thread_body"]
    assert [f.function for f in violation.deallocation] == ["release", "thread_free", "main"]
    assert [f.function for f in violation.allocation] == ["allocate", "thread_free", "main"]


SIGNALS = [
    ("null_read", K.NULL_DEREFERENCE, R, 0x0, "null_read"),
    ("null_write", K.NULL_DEREFERENCE, W, 0x28, "null_write"),
    ("null_page", K.NULL_DEREFERENCE, R, 0x8123, "null_page"),
    ("wild_read", K.WILD_POINTER, R, 0x1BADBEEF, "wild_read"),
    ("wild_write", K.WILD_POINTER, W, 0x1BADBEEF, "wild_write"),
    ("divide_trap", K.DIVISION_BY_ZERO, None, None, "divide_trap"),
    ("illegal", K.ILLEGAL_INSTRUCTION, None, None, "illegal"),
    ("trap", K.FATAL_SIGNAL, None, None, "trap"),
    ("aborts", K.ABORT, None, None, "aborts"),
    ("bus", K.BUS_ERROR, R, None, "bus"),
]


@pytest.mark.parametrize("binary", ["c64", "c32"])
@pytest.mark.parametrize(("case", "kind", "access", "address", "function"), SIGNALS, ids=[c[0] for c in SIGNALS])
def test_a_deadly_signal_is_typed_with_access_and_address(corpus, binary, case, kind, access, address, function):
    violation = asan(corpus.run(binary, case).stderr)
    assert (violation.kind, violation.access, violation.address) == (kind, access, address)
    assert violation.frames[0].function == function
    assert violation.region is None


def test_an_address_that_no_pointer_can_hold_is_wild_not_null(corpus):
    violation = asan(corpus.run("c64", "noncanonical").stderr)
    assert (violation.kind, violation.access, violation.address) == (K.WILD_POINTER, R, None)


def test_a_write_to_protected_memory_is_wild(corpus):
    violation = asan(corpus.run("c64", "unmapped").stderr)
    assert (violation.kind, violation.access) == (K.WILD_POINTER, W)


@pytest.mark.parametrize("binary", ["c64", "c32"])
@pytest.mark.parametrize(("case", "address"), [("jump_null", 0), ("jump_wild", 0x1BADBEEF), ("jump_heap", None)])
def test_a_jump_out_of_code_is_a_wild_jump(corpus, binary, case, address):
    violation = asan(corpus.run(binary, case).stderr)
    assert (violation.kind, violation.access) == (K.WILD_JUMP, None)
    assert violation.address == address or address is None


def test_following_frame_pointers_finds_who_jumped_to_an_unmapped_address(corpus):
    assert asan(corpus.run("c64", "jump_wild").stderr).frames == ()
    second = asan(corpus.run("c64", "jump_wild", options=OracleOptions(fast_unwind=True)).stderr)
    assert second.kind is K.WILD_JUMP
    assert second.frames[-1].function == "main"


@pytest.mark.parametrize("binary", ["c64", "c32"])
@pytest.mark.parametrize(("case", "functions"), [("deep", {"recurse"}), ("mutual", {"even", "odd"})])
def test_an_exhausted_stack_has_one_signature_wherever_the_printing_stopped(corpus, binary, case, functions):
    stderr = corpus.run(binary, case).stderr
    violation = asan(stderr)
    assert violation.kind is K.STACK_EXHAUSTION
    assert {f.function for f in violation.frames} == functions
    assert not any(f.inlined for f in violation.frames)
    frames = [line for line in stderr.split(b"\n") if line.startswith(b"    #")]
    assert len(frames) > 100
    for printed in (len(frames) - 1, len(frames) - 2, len(frames) - 3):
        assert asan(stderr.replace(b"\n".join(frames[printed:]), b"")).signature == violation.signature


def test_inlined_frames_share_the_address_and_all_but_the_outermost_say_so(corpus):
    frames = asan(corpus.run("c64", "heap_inlined").stderr).frames
    assert [(f.function, f.inlined) for f in frames] == [
        ("inlined_inner", True),
        ("inlined_outer", True),
        ("heap_inlined", False),
        ("main", False),
    ]
    assert len({f.address for f in frames[:3]}) == 1


def test_a_library_between_two_project_frames_stays(corpus):
    functions = [f.function for f in asan(corpus.run("c64", "sorts").stderr).frames]
    assert functions[0] == "compare"
    assert any(f.startswith("qsort") for f in functions[1:-2]) or len(functions) == 3
    assert functions[-2:] == ["sorts", "main"]


CPP_ERRORS = [
    ("container", K.CONTAINER_OVERFLOW, "shop::Order::at(unsigned long) const"),
    ("mismatch", K.ALLOC_DEALLOC_MISMATCH, "mismatch()"),
    ("mismatch_delete", K.ALLOC_DEALLOC_MISMATCH, "mismatch_delete()"),
    ("mismatch_malloc", K.ALLOC_DEALLOC_MISMATCH, "mismatch_malloc()"),
    ("type_mismatch", K.ALLOC_DEALLOC_MISMATCH, "type_mismatch()"),
    ("deleted_twice", K.HEAP_USE_AFTER_FREE, "deleted_twice()"),
    ("new_too_big", K.ALLOCATION_SIZE, "new_too_big()"),
    ("lambda", K.HEAP_BUFFER_OVERFLOW, "lambda()::$_0::operator()(int*) const"),
]


@pytest.mark.parametrize(("case", "kind", "function"), CPP_ERRORS, ids=[c[0] for c in CPP_ERRORS])
def test_cpp_errors_keep_whole_demangled_names(corpus, case, kind, function):
    violation = asan(corpus.run("cpp64", case).stderr)
    assert violation.kind is kind
    assert violation.frames[0].function == function
    assert violation.frames[0].file == "/src/crashes.cpp"


def test_a_refused_allocation_tells_how_much_was_asked_for(corpus):
    assert asan(corpus.run("cpp64", "new_too_big").stderr).size > 1 << 62


REFUSALS = {
    "calloc_overflow": (K.ALLOCATION_SIZE, "calloc"),
    "reallocarray_overflow": (K.ALLOCATION_SIZE, "reallocarray"),
    "pvalloc_overflow": (K.ALLOCATION_SIZE, "pvalloc"),
    "too_big": (K.ALLOCATION_SIZE, "requested allocation size"),
    "bad_alignment": (K.UNDEFINED_BEHAVIOUR, "invalid alignment"),
    "memalign_bad": (K.UNDEFINED_BEHAVIOUR, "invalid alignment"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refused_allocation_is_no_violation_when_the_program_can_handle_null(corpus, case):
    assert parse_report(corpus.run("c64", case).stderr) == ()


@pytest.mark.parametrize(("case", "expected"), REFUSALS.items(), ids=list(REFUSALS))
def test_a_strict_allocators_refusals_are_typed(corpus, case, expected):
    execution = corpus.strict("c64", case)
    violation = asan(execution.stderr)
    assert violation.kind is expected[0]
    assert violation.message.startswith(expected[1])
    assert violation.frames[0].function == case


def test_a_recovering_build_shows_what_comes_after_the_first_error(corpus):
    execution = corpus.run("recovering64", "several", options=OracleOptions(recover=True))
    kinds = [v.kind for v in parse_report(execution.stderr) if v.detector == Detector.ADDRESS_SANITIZER]
    assert kinds == [K.HEAP_BUFFER_OVERFLOW, K.GLOBAL_BUFFER_OVERFLOW, K.HEAP_USE_AFTER_FREE]
    assert execution.exit_code == 0


def test_messages_hold_no_address_so_that_replays_agree(corpus):
    for case in ("heap_read", "bad_free", "double_free", "strcpy_overlap", "wild_read", "usable_size", "global_read", "deep"):
        assert "0x" not in asan(corpus.run("c64", case).stderr).message


def test_two_runs_of_one_crash_have_one_signature_in_spite_of_address_randomisation(corpus):
    first = corpus.run("c64", "use_after_free")
    again = corpus.run("c64", "use_after_free", cpu_s=19)
    assert first.stderr != again.stderr
    assert asan(first.stderr).signature == asan(again.stderr).signature
