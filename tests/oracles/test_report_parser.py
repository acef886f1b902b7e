"""The parser on what no clean report looks like: cut, garbled, interleaved, hostile, huge."""

import re
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mithridate.model.violation import ViolationKind
from mithridate.oracles.detector import Detector
from mithridate.oracles.options import OracleOptions
from mithridate.oracles.report_parser import parse_report
from mithridate.oracles.suite import Judge

K = ViolationKind
MUTILATED = (
    "heap_memcpy",
    "use_after_free",
    "stack_read",
    "global_write",
    "jump_null",
    "assertion",
    "ub_two",
    "grow",
    "leak",
    "thread_free",
)
PHRASES = (
    b"==1==ERROR: AddressSanitizer: ",
    b"heap-buffer-overflow on address 0x1 at pc 0x2 bp 0x3 sp 0x4\n",
    b"SEGV on unknown address (pc 0x1 bp 0x2 sp 0x3 T0)\n",
    b"ABRT on unknown address 0x1 (pc 0x1 bp 0x2 sp 0x3 T0)\n",
    b"    #0 0x1 in f /src/a.c:1:2\n",
    b"    #1 0x1  (/build/a+0x1) (BuildId: 12)\n",
    b"/src/a.c:1:2: runtime error: index 1 out of bounds for type 'int[1]'\n",
    b"prog: a.c:1: f: Assertion `x' failed.\n",
    b"terminate called after throwing an instance of 'int'\n",
    b"SUMMARY: AddressSanitizer: SEGV /src/a.c:1:2 in f\n",
    b"0x1 is located 3 bytes after global variable 'a' defined in 'b' (0x1) of size 4\n",
    b"    [32, 48) 'b' (line 54) <== Memory access at offset 48 overflows this variable\n",
    b"freed by thread T0 here:\n",
    b"==1==ERROR: LeakSanitizer: detected memory leaks\n",
    b"Direct leak of 1 byte(s) in 1 object(s) allocated from:\n",
    b"==1== ERROR: libFuzzer: timeout after 1 seconds\n",
    b"#", b"0x", b" ", b"\n", b"'", b"(", b":", b"99999999999999999999999999", b"\xff\x00", b"in ",
)  # fmt: skip


@given(st.binary(max_size=2000))
def test_no_bytes_make_the_parser_raise(data):
    parse_report(data)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PHRASES), max_size=25))
def test_no_mixture_of_a_reports_phrases_makes_the_parser_raise_and_signatures_are_repeatable(parts):
    text = b"".join(parts)
    first, second = parse_report(text), parse_report(text)
    assert [v.signature for v in first] == [v.signature for v in second]
    assert first == second


@pytest.mark.parametrize("case", MUTILATED)
def test_no_mutilation_of_a_real_report_makes_the_parser_or_the_judge_raise(corpus, ended, case):
    execution = corpus.run("c64", case, options=OracleOptions(rss_limit_mb=128), leaks=case == "leak")
    report = execution.stderr
    judge = Judge()

    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.integers(0, len(report)), st.integers(0, len(report)), st.binary(max_size=8))
    def mutilate(start, end, junk):
        text = report[:start] + junk + report[end:]
        assert parse_report(text) == parse_report(text)
        judge.judge(ended(exit_code=86, stderr=text))

    mutilate()


@pytest.mark.parametrize("case", ["heap_read", "use_after_free", "stack_write", "global_write", "null_read"])
def test_a_report_cut_after_its_first_stack_keeps_kind_access_and_signature(corpus, case):
    stderr = corpus.run("c64", case).stderr
    whole = parse_report(stderr)
    last = whole[-1]
    cut = parse_report(stderr[: stderr.rindex(b" in _start")])
    assert (cut[-1].kind, cut[-1].access, cut[-1].signature) == (last.kind, last.access, last.signature)


def test_when_only_the_end_of_a_report_is_left_its_summary_still_names_kind_and_place(corpus):
    stderr = corpus.run("c64", "heap_read").stderr
    (violation,) = parse_report(stderr[stderr.index(b"allocated by thread") :])
    assert (violation.kind, violation.frames[0].function) == (K.HEAP_BUFFER_OVERFLOW, "heap_read")
    assert violation.frames[0].line > 0


def test_the_summary_of_a_whole_report_adds_nothing(corpus):
    assert len(parse_report(corpus.run("c64", "heap_read").stderr)) == 1


def test_a_report_after_much_chatter_is_found(corpus):
    execution = corpus.run("c64", "chatters")
    assert len(execution.stderr) > 500_000
    (violation,) = parse_report(execution.stderr)
    assert violation.frames[0].function == "heap_read"


def test_words_about_an_error_are_not_an_error(corpus):
    assert parse_report(corpus.run("c64", "speaks_like_asan").stderr) == ()


def test_windows_line_ends_and_colour_free_tabs_do_not_matter(corpus):
    stderr = corpus.run("c64", "use_after_free").stderr
    assert parse_report(stderr.replace(b"\n", b"\r\n")) == parse_report(stderr)


def test_two_processes_of_one_execution_are_two_violations(corpus):
    text = corpus.run("c64", "heap_read").stderr + corpus.run("c64", "global_write").stderr
    assert [v.kind for v in parse_report(text)] == [K.HEAP_BUFFER_OVERFLOW, K.GLOBAL_BUFFER_OVERFLOW]


HOSTILE_LINES = {
    "frames": b"    #1 0x55d0 in ns::f(int, char const*) const /src/a.cpp:3:5",
    "headers": b"==1==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x1 at pc 0x2 bp 0x3 sp 0x4",
    "globals": b"0x1 is located 3 bytes after global variable '" + b"' defined in '" * 200,
    "modules": b"    #0 0x1  (" + b"/libc.so" * 800 + b" +0x1)",
    "names": b"    #0 0x1 in str" + b"_avx_avx" * 900 + b"! (/build/a+0x1)",
    "objects": b"    [1, 2) '" + b"' (line 1) <== Memory access at offset " * 150,
    "assertions": b"a: " * 300 + b": Assertion `" + b"assertion failed" * 20,
    "runtime errors": b"/src/" * 300 + b":1:1: runtime error: index " + b"out of bounds" * 30,
    "addresses": b"==1==ERROR: AddressSanitizer: bad" + b" on address 0x1" * 200,
    "digits": b"#" + b"1" * 4000 + b" 0x" + b"a" * 4000,
    "sanitizers": b"==1==ERROR: " + b"Sanitizer" * 1000,
    "brackets": b"allocated by thread T0 " + b"(" * 4000,
}


PARSE_ALL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
from mithridate.model.execution import Ending, Execution
from mithridate.oracles.suite import Judge
for path in sys.argv[1:]:
  lines = open(path, "rb").read()
  for head in (b"", b"==1==ERROR: AddressSanitizer: SEGV on address 0x1\\n", b"==1==ERROR: LeakSanitizer: detected\\n"):
    stderr = head + lines
    Judge().judge(Execution(ending=Ending.EXITED, exit_code=127, signal=None, stdout=b"", stderr=stderr, truncated=False,
                            wall_s=1.0, cpu_s=1.0, peak_memory_bytes=0))
  print(path)
"""


def test_a_megabyte_of_hostile_lines_costs_seconds_not_hours(tmp_path):
    """All shapes together take a second or two of CPU time; one expression that backtracks would use up 60 s."""
    paths = []
    for shape, line in HOSTILE_LINES.items():
        paths.append(tmp_path / shape.replace(" ", "-"))
        paths[-1].write_bytes((line + b"\n") * ((1 << 20) // (len(line) + 1)))
    done = subprocess.run([sys.executable, "-c", PARSE_ALL, *map(str, paths)], capture_output=True, text=True)
    assert done.stdout.split() == [str(path) for path in paths], done.stderr
    assert done.returncode == 0


def test_one_endless_line_is_read_only_so_far():
    assert parse_report(b"A" * (1 << 21) + b": runtime error: division by zero") == ()


def test_every_detector_names_itself_as_its_reports_do(corpus):
    for detector in (Detector.ADDRESS_SANITIZER, Detector.UNDEFINED_BEHAVIOUR_SANITIZER):
        stderr = corpus.run("c64", "ub_then_heap").stderr
        assert re.search(rb"SUMMARY: " + detector.value.encode(), stderr)
