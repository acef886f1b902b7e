"""The oracles as one judge."""

import pytest

from mithridate.model.errors import ToolchainMissing, UsageError
from mithridate.model.violation import Access, Clean, Violation, ViolationKind
from mithridate.oracles.detector import Detector
from mithridate.oracles.gravity import gravity
from mithridate.oracles.options import OracleOptions
from mithridate.oracles.registry import DEFAULT_ORACLES, ORACLES
from mithridate.oracles.suite import Judge

K = ViolationKind
JUDGE = Judge()


def options_of(env: dict[str, str], name: str) -> dict[str, str]:
    """What the runtime makes of it: the last of equal names wins."""
    return dict(part.split("=", 1) for part in env[name].split(":"))


def test_a_program_that_does_nothing_wrong_is_clean(corpus):
    for case in ("clean", "speaks_like_asan", "terminated"):
        assert JUDGE.judge(corpus.run("c64", case)) == Clean()


def test_the_memory_error_comes_before_the_undefined_arithmetic_that_led_to_it(corpus):
    overflow, shift = JUDGE.judge(corpus.run("c64", "ub_then_heap"))
    assert (overflow.kind, overflow.access) == (K.HEAP_BUFFER_OVERFLOW, Access.WRITE)
    assert shift.kind is K.SHIFT_EXPONENT


def test_a_write_comes_before_the_reads_that_the_program_did_first(corpus):
    options = OracleOptions(recover=True)
    accesses = [v.access for v in Judge(options).judge(corpus.run("recovering64", "several", options=options))]
    assert accesses == [Access.WRITE, Access.READ, Access.READ, None]


@pytest.mark.parametrize("case", ["divide", "ub_null_load"])
def test_what_two_sanitizers_see_at_one_place_is_one_violation(corpus, case):
    (violation,) = JUDGE.judge(corpus.run("c64", case))
    assert violation.frames[0].function == case


def test_every_kind_of_access_ranks_as_its_danger():
    def seen(kind: ViolationKind, access: Access | None = None, detector: str = Detector.ADDRESS_SANITIZER) -> Violation:
        return Violation(kind=kind, detector=detector, message="", access=access)

    ranked = [
        seen(K.WILD_JUMP),
        seen(K.HEAP_USE_AFTER_FREE, Access.WRITE),
        seen(K.NEGATIVE_SIZE_PARAM),
        seen(K.HEAP_USE_AFTER_FREE, Access.READ),
        seen(K.WILD_POINTER, Access.READ),
        seen(K.NULL_DEREFERENCE, Access.WRITE),
        seen(K.SIGNED_INTEGER_OVERFLOW, detector=Detector.UNDEFINED_BEHAVIOUR_SANITIZER),
        seen(K.TIMEOUT),
        seen(K.LEAK),
    ]
    shuffled = ranked[::-1]
    assert sorted(shuffled, key=gravity) == ranked
    assert len({gravity(v) for v in ranked}) == len(ranked)


def test_every_kind_has_a_gravity():
    for kind in ViolationKind:
        gravity(Violation(kind=kind, detector=Detector.ADDRESS_SANITIZER, message=""))


def test_leaks_are_judged_only_on_request(corpus):
    assert "leaks" not in DEFAULT_ORACLES
    assert JUDGE.judge(corpus.run("c64", "leak")) == Clean()
    (leak,) = Judge(oracles=(*DEFAULT_ORACLES, "leaks")).judge(corpus.run("c64", "leak", leaks=True))
    assert (leak.kind, leak.size, leak.frames[0].function) == (K.LEAK, 77, "allocate")


def test_the_leak_oracle_switches_on_what_the_other_switches_off(corpus_entry):
    env = Judge(oracles=("address-sanitizer", "leaks")).arm(corpus_entry()).env
    assert options_of(dict(env), "ASAN_OPTIONS")["detect_leaks"] == "1"
    assert options_of(dict(JUDGE.arm(corpus_entry()).env), "ASAN_OPTIONS")["detect_leaks"] == "0"


def test_a_process_is_armed_so_that_refused_memory_is_null_and_aborts_are_explained(corpus_entry):
    env = dict(JUDGE.arm(corpus_entry()).env)
    asan = options_of(env, "ASAN_OPTIONS")
    assert asan["allocator_may_return_null"] == asan["handle_abort"] == asan["handle_segv"] == "1"
    assert asan["exitcode"] == options_of(env, "UBSAN_OPTIONS")["exitcode"] == "86"
    assert options_of(env, "UBSAN_OPTIONS")["print_stacktrace"] == "1"
    assert env["ASAN_SYMBOLIZER_PATH"].endswith("llvm-symbolizer")


def test_replays_without_symbols_start_no_symbolizer(corpus_entry):
    env = dict(Judge(OracleOptions(symbolize=False)).arm(corpus_entry()).env)
    assert "ASAN_SYMBOLIZER_PATH" not in env
    assert options_of(env, "ASAN_OPTIONS")["symbolize"] == options_of(env, "UBSAN_OPTIONS")["symbolize"] == "0"


def test_the_largest_allocation_is_not_bounded_where_its_size_would_overflow(corpus_entry):
    assert "max_allocation_size_mb" in JUDGE.arm(corpus_entry(64)).env["ASAN_OPTIONS"]
    assert "max_allocation_size_mb" not in JUDGE.arm(corpus_entry(32)).env["ASAN_OPTIONS"]


def test_build_flags_come_once_each_and_recover_on_request():
    flags = JUDGE.arm(None).compile_flags
    assert len(flags) == len(set(flags))
    assert "-fsanitize=address" in flags
    assert "-fsanitize-recover=address" not in flags
    assert "-fsanitize-recover=address" in Judge(OracleOptions(recover=True)).arm(None).compile_flags


def test_an_unknown_oracle_is_the_callers_mistake():
    with pytest.raises(UsageError, match="astrology"):
        Judge(oracles=("astrology",))


def test_a_machine_without_symbolizer_is_told_what_to_install(corpus_entry, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolchainMissing) as raised:
        JUDGE.arm(corpus_entry())
    assert "llvm" in raised.value.hint


def test_every_oracle_goes_by_its_registered_name():
    for name, oracle in ORACLES.items():
        assert oracle(OracleOptions()).name == name
