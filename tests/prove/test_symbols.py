"""What is named afterwards reads as if the sanitizer had named it itself."""

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest
from tests.oracles.conftest import Corpus, entry

from mithridate.languages.invocation import build_mounts
from mithridate.model.entry import Binary
from mithridate.model.execution import Command, Ending, Execution, Limits
from mithridate.model.project import ToolFailure
from mithridate.oracles.suite import Judge
from mithridate.prove.symbols import SYMBOLIZER, Symbols, unnamed
from mithridate.sandbox.bubblewrap import Bubblewrap

CASES = [
    ("c64", "heap_read"),
    ("c64", "use_after_free"),
    ("c64", "global_read"),
    ("c64", "poisoned"),
    ("c64", "use_after_scope"),
    ("c64", "assertion"),
    ("c64", "ub_signed"),
    ("c32", "heap_read"),
    ("cpp64", "container"),
    ("cpp64", "throws"),
    ("fuzz64", "overflow"),
]
ENV = dict(Judge().arm(entry()).env)
TOOL = ENV[SYMBOLIZER]
LIMITS = Limits(wall_s=60.0, cpu_s=20.0)


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Binary]:
    """One of the corpus' programs, where the sandbox shows it."""
    base = tmp_path_factory.getbasetemp()
    corpus = Corpus(tmp_path_factory.mktemp("symbols"))
    for name in ("src", "build"):
        (base / name).mkdir()

    def made(name: str) -> Binary:
        (binary,) = entry(32 if name.endswith("32") else 64).binaries
        if not (base / "build" / name).exists():
            shutil.copy(corpus.binary(name), base / "build" / name)
        return replace(binary, directory=base, path=f"/build/{name}")

    return made


class Counting:
    """A sandbox that counts."""

    def __init__(self) -> None:
        self.commands: list[Command] = []

    def run(self, command: Command, mounts: Any, limits: Limits) -> Execution:
        self.commands.append(command)
        return Bubblewrap().run(command, mounts, limits)


def crash(binary: Binary, case: str, env: dict[str, str]) -> Execution:
    return Bubblewrap().run(Command(argv=(binary.path, case), env=env), build_mounts(binary), LIMITS)


def comparable(execution: Execution) -> list[str]:
    """The report without what no two processes share: addresses, numbers of processes, seeds, bytes of memory."""
    text = re.sub(r"0x[0-9a-f]+|==\d+==|Seed: \d+|in \d+ ms", "", execution.stderr.decode())
    return [re.sub(r" +", " ", line) for line in text.split("\n") if not re.match(r"[=> ]*: |\s*[0-9a-f]{2} [0-9a-f]{2} ", line)]


@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_report_is_the_same_whoever_names_its_places(build: Callable[[str], Binary], name: str, case: str) -> None:
    binary, symbols = build(name), Symbols(Bubblewrap())
    if name == "fuzz64":
        (binary.directory / "build" / "seed").write_bytes(b"o")
        case = "/build/seed"
    by_itself, bare = crash(binary, case, ENV), crash(binary, case, unnamed(ENV))
    named = symbols.named(binary, bare, TOOL)
    assert isinstance(named, Execution)
    assert b" in main " in by_itself.stderr and b" in main " not in bare.stderr
    assert comparable(named) == comparable(by_itself)
    assert strip(Judge().judge(named)) == strip(Judge().judge(by_itself)) != []


def strip(judgement: Any) -> Any:
    """Without addresses, which differ from process to process."""
    return [(v.signature, [(f.function, f.file, f.line, f.column, f.inlined) for f in v.frames]) for v in judgement]


def test_a_place_is_asked_for_once(build: Callable[[str], Binary]) -> None:
    counting, binary = Counting(), build("c64")
    symbols = Symbols(cast(Any, counting))
    for _ in range(3):
        named = symbols.named(binary, crash(binary, "heap_read", unnamed(ENV)), TOOL)
        assert isinstance(named, Execution) and b" in heap_read /src/crashes.c:" in named.stderr
    assert len(counting.commands) == 1
    symbols.named(binary, crash(binary, "use_after_free", unnamed(ENV)), TOOL)
    assert len(counting.commands) == 2
    known = counting.commands[0].stdin, counting.commands[1].stdin
    assert not set(str(known[0]).split("\\n")) & set(str(known[1]).split("\\n")) - {"'"}


LINES = """
#line {line} "/src/a.c"
#include <stdlib.h>
static inline __attribute__((always_inline)) int inner(int *p, int i) {{ return p[i]; }}
int main(int count, char **words) {{ int *p = malloc(4 * count); free(p); return inner(p, count - 1); }}
"""


def compiled(build: Callable[[str], Binary], name: str, line: int) -> Binary:
    binary = replace(build("c64"), path=f"/build/{name}")
    flags = ("-O1", *Judge().arm(None).compile_flags, "-x", "c", "-", "-o", str(binary.directory / "build" / name))
    subprocess.run(["clang-19", *flags], input=LINES.format(line=line).encode(), check=True)
    return binary


def test_a_new_build_in_the_place_of_another_is_read_again(build: Callable[[str], Binary]) -> None:
    symbols = Symbols(Bubblewrap())
    for line in (100, 300):
        changing = compiled(build, "changing", line)
        named = symbols.named(changing, crash(changing, "x", unnamed(ENV)), TOOL)
        assert isinstance(named, Execution)
        assert b" in main /src/a.c:%d:" % (line + 2) in named.stderr


def test_inlined_functions_are_frames_and_counted_in_their_stack_alone(build: Callable[[str], Binary]) -> None:
    binary = compiled(build, "inlined", 1)
    named = Symbols(Bubblewrap()).named(binary, crash(binary, "x", unnamed(ENV)), TOOL)
    assert isinstance(named, Execution)
    assert re.search(rb"#0 0x\w+ in inner /src/a.c:2:.*\n +#1 0x\w+ in main /src/a.c:3:", named.stderr)
    numbers = [int(n) for n in re.findall(rb"^\s*#(\d+) 0x", named.stderr, re.MULTILINE)]
    starts = [i for i, n in enumerate(numbers) if n == 0]
    stacks = [numbers[a:b] for a, b in zip(starts, [*starts[1:], len(numbers)], strict=True)]
    assert len(stacks) == 3
    assert stacks == [list(range(len(stack))) for stack in stacks]


def test_a_variable_is_told_where_its_name_and_its_start_are_right(build: Callable[[str], Binary]) -> None:
    binary = build("c64")
    seen = crash(binary, "global_read", unnamed(ENV))
    told = re.search(rb"global variable 'numbers' defined in '[^']+' \(0x(\w+)\)", seen.stderr)
    assert told is not None
    start = int(told[1], 16)
    named = Symbols(Bubblewrap()).named(binary, seen, TOOL)
    assert isinstance(named, Execution) and b"'numbers' defined in '/src/crashes.c:" in named.stderr
    for old, new in [(b"'numbers'", b"'letters'"), (told[1], b"%x" % (start + 4)), (told[1], b"10")]:
        forged = replace(seen, stderr=seen.stderr.replace(old, new))
        named = Symbols(Bubblewrap()).named(binary, forged, TOOL)
        assert isinstance(named, Execution) and b" in main /src/crashes.c:" in named.stderr
        assert b"defined in '/src/crashes.c:" not in named.stderr


def test_a_summary_of_no_known_place_stays_beside_known_places(build: Callable[[str], Binary]) -> None:
    seen = crash(build("c64"), "heap_read", unnamed(ENV))
    summary = b"SUMMARY: AddressSanitizer: SEGV (/nowhere/lib.so+0x12)"
    named = Symbols(Bubblewrap()).named(build("c64"), replace(seen, stderr=seen.stderr + b"\n" + summary), TOOL)
    assert isinstance(named, Execution) and named.stderr.endswith(summary)


def bare(text: str) -> Execution:
    return Execution(
        ending=Ending.EXITED,
        exit_code=1,
        signal=None,
        stdout=b"",
        stderr=text.encode(),
        truncated=False,
        wall_s=0.0,
        cpu_s=0.0,
        peak_memory_bytes=0,
    )


@pytest.mark.parametrize(
    "line",
    [
        "    #0 0x12  (/nowhere/lib.so+0x12) (BuildId: 00)",
        "    #0 0x12  (/dev/zero+0x12)",
        "    #0 0x12  (/proc/self/mem+0x12)",
        "    #0 0x12  (/etc/passwd+0x12)",
        "    #1 0x12  (<unknown module>)",
        "SUMMARY: AddressSanitizer: SEGV (/nowhere/lib.so+0x12)",
        "0x12 is located 4 bytes after global variable 'x' defined in 'a.c' (0x10) of size 4",
        "what a program prints (/build/c64+0x10)",
    ],
)
def test_what_nothing_is_known_of_stays(build: Callable[[str], Binary], line: str) -> None:
    named = Symbols(Bubblewrap()).named(build("c64"), bare(f"before\n{line}\nafter"), TOOL)
    assert isinstance(named, Execution)
    assert comparable(named) == comparable(bare(f"before\n{line}\nafter"))


def test_a_line_that_would_ask_for_more_asks_for_nothing(build: Callable[[str], Binary]) -> None:
    counting = Counting()
    (build("c64").directory / "build" / 'c64" 0x0 "').write_text("a file of the target")
    forged = '    #0 0x12  (/build/c64" 0x0 "+0x12)\n    #1 0x12  (/build/a\rCODE+0x12)\n'
    assert Symbols(cast(Any, counting)).named(build("c64"), bare(forged), TOOL) == bare(forged)
    assert not counting.commands


@pytest.mark.parametrize("tool", ["/nowhere/llvm-symbolizer", "/bin/false", "/bin/true", "/bin/cat"])
def test_a_tool_that_does_not_answer_is_told(build: Callable[[str], Binary], tool: str) -> None:
    failed = Symbols(Bubblewrap()).named(build("c64"), bare("    #0 0x12  (/build/c64+0x12)\n    #1 0x1 (/build/c64+0x1)"), tool)
    assert isinstance(failed, ToolFailure)
    assert failed.tool == "llvm-symbolizer" and failed.why
