"""Our own tools breaking is never a violation."""

import pytest

from mithridate.model.execution import Ending
from mithridate.model.project import ToolFailure
from mithridate.model.violation import Clean
from mithridate.oracles.options import SANITIZER_EXIT_CODE, OracleOptions
from mithridate.oracles.suite import Judge

JUDGE = Judge()
BROKEN_RUNTIME = [
    b"==1==Shadow memory range interleaves with an existing memory mapping. ASan cannot proceed correctly. ABORTING.\n",
    b"==9==ERROR: AddressSanitizer failed to allocate 0xdfff0001000 (15392894357504) bytes at address 20\n",
    b"==9==ERROR: AddressSanitizer failed to allocate 0x4000 (16384) bytes of FakeStack (error code: 12)\nERROR: Failed to mmap",
    b'==3==AddressSanitizer: CHECK failed: asan_thread.cpp:12 "((x)) != (0)" (0x0, 0x0) (tid=3)\n    #0 0x5 in f\n',
    b"==4==ASan runtime does not come first in initial library list; you should either link runtime\n",
    b"AddressSanitizer: ERROR: expected '=' in ASAN_OPTIONS\n",
]


@pytest.mark.parametrize("stderr", BROKEN_RUNTIME)
def test_a_runtime_that_fails_is_a_tool_failure(ended, stderr):
    verdict = JUDGE.judge(ended(exit_code=1, stderr=stderr))
    assert isinstance(verdict, ToolFailure)
    assert verdict.tool == "sanitizer runtime"


def test_a_real_runtime_with_unusable_options_is_a_tool_failure(corpus):
    verdict = JUDGE.judge(corpus.with_environment("c64", "clean", {"ASAN_OPTIONS": "nonsense"}))
    assert isinstance(verdict, ToolFailure)


def test_a_target_that_maps_all_memory_is_not_a_broken_runtime(ended):
    stderr = b"==9==ERROR: AddressSanitizer failed to allocate 0x4000 (16384) bytes of LargeMmapAllocator (error code: 12)\n"
    assert not isinstance(JUDGE.judge(ended(exit_code=1, stderr=stderr)), ToolFailure)


@pytest.mark.parametrize(
    ("code", "stderr"),
    [
        (127, b"/build/a: error while loading shared libraries: libfoo.so.1: cannot open shared object file\n"),
        (127, b"sh: 1: /build/a: not found\n"),
        (126, b"sh: 1: /build/a: Permission denied\n"),
        (126, b"/build/a: cannot execute binary file: Exec format error\n"),
    ],
)
def test_a_program_that_could_not_start_is_a_tool_failure(ended, code, stderr):
    verdict = JUDGE.judge(ended(exit_code=code, stderr=stderr))
    assert isinstance(verdict, ToolFailure)
    assert verdict.why == stderr.decode().strip()


def test_a_program_that_says_127_itself_is_clean(corpus):
    assert JUDGE.judge(corpus.run("c64", "exits_127")) == Clean()


def test_a_symbolizer_that_is_not_there_breaks_the_judgement_of_symbolised_reports_only(corpus):
    missing = corpus.run("c64", "heap_read", options=OracleOptions(symbolizer="/nowhere/llvm-symbolizer"))
    verdict = JUDGE.judge(missing)
    assert isinstance(verdict, ToolFailure)
    assert verdict.tool == "llvm-symbolizer"
    assert isinstance(Judge(OracleOptions(symbolize=False)).judge(missing), tuple)


def test_a_sanitizers_exit_code_without_its_report_is_a_tool_failure(ended):
    verdict = JUDGE.judge(ended(exit_code=SANITIZER_EXIT_CODE, stderr=b"some words of the program\n", truncated=True))
    assert isinstance(verdict, ToolFailure)
    assert "cut" in verdict.why


def test_a_cancelled_execution_says_nothing(ended):
    assert isinstance(JUDGE.judge(ended(Ending.CANCELLED, None)), ToolFailure)


def test_a_violation_before_the_runtime_broke_still_counts(corpus, ended):
    stderr = corpus.run("c64", "heap_read").stderr + BROKEN_RUNTIME[3]
    assert isinstance(JUDGE.judge(ended(exit_code=SANITIZER_EXIT_CODE, stderr=stderr)), tuple)
