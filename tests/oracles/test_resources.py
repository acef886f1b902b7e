"""Time and memory without bound."""

import pytest

from mithridate.model.execution import Ending
from mithridate.model.violation import Clean, ViolationKind
from mithridate.oracles.options import OracleOptions
from mithridate.oracles.resources import Resources

K = ViolationKind
ORACLE = Resources()


def test_a_program_that_uses_up_its_cpu_limit_is_a_timeout(corpus):
    (violation,) = ORACLE.judge(corpus.run("c64", "spin", cpu_s=1))
    assert violation.kind is K.TIMEOUT


def test_a_busy_program_at_the_wall_limit_is_a_timeout_and_a_waiting_one_is_not(ended):
    (violation,) = ORACLE.judge(ended(Ending.WALL_LIMIT, None, wall_s=10.0, cpu_s=9.5))
    assert violation.kind is K.TIMEOUT
    assert ORACLE.judge(ended(Ending.WALL_LIMIT, None, wall_s=10.0, cpu_s=0.1)) == Clean()


@pytest.mark.parametrize("binary", ["c64", "c32"])
def test_memory_beyond_asans_limit_is_exhaustion(corpus, binary):
    (violation,) = ORACLE.judge(corpus.run(binary, "grow", options=OracleOptions(rss_limit_mb=128)))
    assert violation.kind is K.MEMORY_EXHAUSTION


def test_memory_beyond_the_sandboxs_limit_is_exhaustion(ended):
    (violation,) = ORACLE.judge(ended(Ending.MEMORY_LIMIT, None, peak_memory_bytes=3 << 30))
    assert violation.kind is K.MEMORY_EXHAUSTION
    assert "3072 MiB" in violation.message


def test_sandbox_and_sanitizer_telling_the_same_is_one_violation(ended):
    report = b"==7==AddressSanitizer: hard rss limit exhausted (128Mb vs 140Mb)\n"
    (violation,) = ORACLE.judge(ended(Ending.MEMORY_LIMIT, None, stderr=report))
    assert violation.detector == "AddressSanitizer"


@pytest.mark.parametrize("ending", [Ending.OUTPUT_LIMIT, Ending.DISK_LIMIT, Ending.PROCESS_LIMIT, Ending.EXITED])
def test_other_limits_are_not_resource_violations(ended, ending):
    assert ORACLE.judge(ended(ending, None)) == Clean()


def test_libfuzzers_timeout_is_one_with_the_stack_below_the_fuzz_target(corpus, tmp_path):
    violation = fuzz(corpus, tmp_path, b"s", "-timeout=1")
    assert violation.kind is K.TIMEOUT
    assert [f.function for f in violation.project_frames] == ["spin", "LLVMFuzzerTestOneInput"]


@pytest.mark.parametrize("limit", ["-rss_limit_mb=200", "-malloc_limit_mb=1"])
def test_libfuzzers_out_of_memory_is_exhaustion(corpus, tmp_path, limit):
    violation = fuzz(corpus, tmp_path, b"m", limit)
    assert violation.kind is K.MEMORY_EXHAUSTION
    if "malloc" in limit:  # the other limit is noticed by a thread that looks once a second and may have no stack to tell
        assert violation.project_frames[-1].function == "LLVMFuzzerTestOneInput"


def fuzz(corpus, tmp_path, data, *arguments):
    path = tmp_path / "input"
    path.write_bytes(data)
    (violation,) = ORACLE.judge(corpus.run("fuzz64", *arguments, str(path)))
    return violation
