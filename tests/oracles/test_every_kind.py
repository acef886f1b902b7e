"""No kind of violation of a native program is only a word: a real program produces each."""

import pytest

from mithridate.model.violation import OBSERVED_FACTS, SINK_VIOLATIONS, ViolationKind
from mithridate.oracles.options import OracleOptions
from mithridate.oracles.suite import Judge

K = ViolationKind
WITNESSES: dict[ViolationKind, tuple[str, str]] = {
    K.HEAP_BUFFER_OVERFLOW: ("c64", "heap_read"),
    K.STACK_BUFFER_OVERFLOW: ("c64", "stack_write"),
    K.STACK_BUFFER_UNDERFLOW: ("c64", "stack_underflow"),
    K.DYNAMIC_STACK_BUFFER_OVERFLOW: ("c64", "dynamic_stack"),
    K.GLOBAL_BUFFER_OVERFLOW: ("c64", "global_read"),
    K.CONTAINER_OVERFLOW: ("cpp64", "container"),
    K.HEAP_USE_AFTER_FREE: ("c64", "use_after_free"),
    K.STACK_USE_AFTER_RETURN: ("c64", "use_after_return"),
    K.STACK_USE_AFTER_SCOPE: ("c64", "use_after_scope"),
    K.DOUBLE_FREE: ("c64", "double_free"),
    K.BAD_FREE: ("c64", "bad_free"),
    K.ALLOC_DEALLOC_MISMATCH: ("cpp64", "mismatch"),
    K.NEGATIVE_SIZE_PARAM: ("c64", "negative_size"),
    K.PARAM_OVERLAP: ("c64", "strcpy_overlap"),
    K.USE_AFTER_POISON: ("c64", "poisoned"),
    K.UNKNOWN_ADDRESS_ACCESS: ("c64", "unknown_crash"),
    K.WILD_POINTER: ("c64", "wild_read"),
    K.NULL_DEREFERENCE: ("c64", "null_read"),
    K.WILD_JUMP: ("c64", "jump_heap"),
    K.STACK_EXHAUSTION: ("c64", "deep"),
    K.BUS_ERROR: ("c64", "bus"),
    K.DIVISION_BY_ZERO: ("c64", "divide"),
    K.ILLEGAL_INSTRUCTION: ("c64", "illegal"),
    K.ASSERTION: ("c64", "assertion"),
    K.ABORT: ("c64", "aborts"),
    K.UNCAUGHT_EXCEPTION: ("cpp64", "throws"),
    K.STACK_SMASHING: ("c64", "smash"),
    K.HEAP_CORRUPTION: ("plain64", "tcache_double"),
    K.ARRAY_INDEX: ("c64", "ub_index"),
    K.SIGNED_INTEGER_OVERFLOW: ("c64", "ub_signed"),
    K.SHIFT_EXPONENT: ("c64", "ub_shift"),
    K.FLOAT_CAST: ("c64", "ub_float"),
    K.VLA_BOUND: ("c64", "ub_vla"),
    K.UNREACHABLE: ("c64", "ub_unreachable"),
    K.MISSING_RETURN: ("cpp64", "no_return"),
    K.INVALID_BUILTIN: ("c64", "ub_builtin"),
    K.UNDEFINED_BEHAVIOUR: ("undefined64", "ub_align"),
    K.ALLOCATION_SIZE: ("cpp64", "new_too_big"),
    K.MEMORY_EXHAUSTION: ("c64", "grow"),
    K.TIMEOUT: ("c64", "spin"),
    K.LEAK: ("c64", "leak"),
    K.FATAL_SIGNAL: ("c64", "trap"),
}


def test_the_table_of_witnesses_is_complete():
    assert set(WITNESSES) == set(ViolationKind) - SINK_VIOLATIONS - OBSERVED_FACTS - {K.SUPERLINEAR_TIME}


@pytest.mark.parametrize("kind", WITNESSES)
def test_a_real_program_commits_it_and_the_judge_sees_it(corpus, kind):
    binary, case = WITNESSES[kind]
    options = OracleOptions(rss_limit_mb=128) if kind is K.MEMORY_EXHAUSTION else OracleOptions()
    leaks = kind is K.LEAK
    execution = corpus.run(binary, case, options=options, cpu_s=1 if kind is K.TIMEOUT else 20, leaks=leaks)
    judge = Judge(
        options, ("address-sanitizer", "undefined-behaviour", "process-signals", "resources", *(("leaks",) if leaks else ()))
    )
    assert kind in {v.kind for v in judge.judge(execution)}
