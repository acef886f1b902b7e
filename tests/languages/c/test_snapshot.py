"""A program with a long start-up begins each input where it first asks for it, and nobody can tell from what it does."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from mithridate.languages.invocation import build_mounts, harness_environment
from mithridate.model.execution import Command, Limits, Mount
from mithridate.model.project import Flavour
from mithridate.sandbox.bubblewrap import Bubblewrap

from .in_process import entry, program

# started() leaves a byte for each start-up where the harness does not see it, and takes a while.
HEAD = """
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
static unsigned table[2048];
static void started(void) {
    int f = syscall(SYS_open, "/notes/.starts", O_WRONLY | O_CREAT | O_APPEND, 0644);
    syscall(SYS_write, f, "x", 1); syscall(SYS_close, f);
    for (int r = 0; r < 60; r++) for (int i = 0; i < 2048; i++) table[i] = table[i] * 31 + i + r;
}
"""
INPUTS = [bytes([65 + n % 26, 97 + n % 7]) + b"." * (n // 9) for n in range(70)]
OFF = {"MITHRIDATE_NO_SNAPSHOT": "1"}


@dataclass(frozen=True, slots=True)
class Outcome:
    executions: int
    coverage: bytes
    noted: frozenset[tuple[str, bytes]]
    starts: int
    log: str

    @property
    def used(self) -> bool:
        return "used:" in self.log and "given up" not in self.log

    def same(self, other: "Outcome") -> bool:
        return (self.executions, self.coverage, self._places) == (other.executions, other.coverage, other._places)

    @property
    def _places(self) -> frozenset[tuple[str, bytes]]:
        """What was noted and where, without the key of the stack below main(): that one is followed through the C library's
        frames, which have no frame pointers, and two stacks are not alike there."""
        return frozenset(("-".join(name.split("-")[:2]), data) for name, data in self.noted)


@pytest.fixture(scope="session")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cache")


class Target:
    """One program, to be run on the same inputs in several ways."""

    def __init__(self, place: Path, cache: Path, body: str, bits: int = 64) -> None:
        self._place = place
        self._binary = program(place, cache, HEAD + body, Flavour.FUZZ, bits)

    def run(self, env: dict[str, str] | None = None, inputs: list[bytes] = INPUTS, stdin: bool = True) -> Outcome:
        place = self._place / f"run{len(list(self._place.glob('run*')))}"
        for name in ("corpus", "notes"):
            (place / name).mkdir(parents=True)
        for number, data in enumerate(inputs):
            (place / "corpus" / f"{number:04d}").write_bytes(data)
        mounts = [
            *build_mounts(self._binary),
            Mount(source=place / "corpus", target="/corpus"),
            Mount(source=place / "notes", target="/notes", writable=True),
        ]
        argv = (self._binary.path, "-runs=0", "-close_fd_mask=3", "-print_final_stats=1", "-detect_leaks=0", "-seed=1", "/corpus")
        ours = harness_environment(entry(self._binary, arguments=() if stdin else ("@@",)), candidates="/notes")
        command = Command(argv=argv, env={**ours, "MITHRIDATE_SNAPSHOT_LOG": "/notes/.log", **(env or {})})
        done = Bubblewrap().run(command, mounts, Limits(wall_s=60, processes=256, output_bytes=1 << 16))
        assert done.ok, done.stderr[-2000:]
        notes, log = place / "notes", place / "notes" / ".log"
        executions = re.search(rb"number_of_executed_units:\s*(\d+)", done.stderr)
        assert executions
        return Outcome(
            executions=int(executions[1]),
            coverage=re.findall(rb"\bcov: \d+ ft: \d+", done.stderr)[-1],
            noted=frozenset((p.name, p.read_bytes()) for p in notes.iterdir() if not p.name.startswith(".")),
            starts=len((notes / ".starts").read_bytes()) if (notes / ".starts").exists() else 0,
            log=log.read_text() if log.exists() else "",
        )


EVERYTHING = """
struct node { struct node *next; int value; };
static struct node *list; static char *names[32]; static int **through; static int set = 4;
int main(int c, char **v) {
    int local[300], *inside = &local[7]; char line[64], *end = line;
    started();
    for (int i = 0; i < 300; i++) local[i] = i;
    for (int i = 0; i < 32; i++) {
        struct node *n = malloc(sizeof *n);
        *n = (struct node){list, i}; list = n;
        names[i] = malloc(10 + i); sprintf(names[i], "name %d", i);
    }
    char *arena = mmap(NULL, 9000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    strcpy(arena, "arena"); set = 5; through = &inside;
    int n = read(0, line, sizeof line);
    int sum = 0, count = 0;
    for (int i = 0; i < 300; i++) if (local[i] != i) abort();
    for (struct node *k = list; k; k = k->next, count++) if (k->value != 31 - count) abort();
    for (int i = 0; i < 32; i++) if (atoi(names[i] + 5) != i) abort();
    if (count != 32 || set != 5 || **through != 7 || strcmp(arena, "arena") || end != line) abort();
    for (int i = 0; i < n; i++) sum += line[i];
    set = sum; table[1] = sum; **through = 1; inside++; end++;
    if (n < 1) return 0;
    switch (line[0] % 6) {
    case 0: free(names[3]); names[3] = NULL; list->next = list->next->next; break;
    case 1: names[4] = realloc(names[4], 400); strcpy(names[4] + 300, "grown"); free(names[4]); break;
    case 2: memset(names[5], 0, 8); list->value = 9; list = NULL; break;
    case 3: munmap(arena, 9000); break;
    case 4: strcpy(arena, "other"); exit(3);
    case 5: for (int i = 0; i < 32; i++) free(names[i]); break;
    }
    return sum;
}"""


@pytest.mark.parametrize("bits", [64, 32])
def test_each_input_finds_memory_as_start_up_left_it(tmp_path, cache, bits) -> None:
    target = Target(tmp_path, cache, EVERYTHING, bits)
    plain, quick = target.run(OFF), target.run()
    assert plain.starts == plain.executions > len(INPUTS) - 2
    assert quick.used, quick.log
    assert quick.starts < plain.starts / 2
    assert plain.noted == frozenset()
    assert quick.same(plain)


@pytest.mark.parametrize("bits", [64, 32])
@pytest.mark.parametrize(
    "misuse",
    [
        "free(early); line[3] = early[5];",
        "free(early); free(early);",
        "char *volatile old = early; early = realloc(early, 90); line[3] = old[5];",
        "line[3] = early[20];",
        "early[20 + n % 2] = 1;",
        "memset(early, 1, 21);",
        "munmap(arena, 4096); line[3] = arena[9];",
        "volatile char small[8]; char *volatile p = (char *)small; p[8 + n % 2] = 1;",
    ],
)
def test_misuse_of_what_start_up_made_is_a_candidate(tmp_path, cache, bits, misuse) -> None:
    body = f"""
    static char *early, *arena;
    int main(void) {{
        volatile char line[64];
        early = malloc(20); arena = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        memset(early, 3, 20);
        started();
        int n = read(0, (void *)line, sizeof line);
        if (early[19] != 3) abort();
        if (n > 6 && line[0] == 'K') {{ {misuse} }}
        return line[3];
    }}"""
    target = Target(tmp_path, cache, body, bits)
    plain, quick = target.run(OFF), target.run()
    assert quick.used, quick.log
    assert {data for _, data in quick.noted} == {data for _, data in plain.noted} != set()
    assert all(data.startswith(b"K") for _, data in quick.noted)
    assert quick.starts < plain.starts / 2


@pytest.mark.parametrize("bits", [64, 32])
def test_an_endless_recursion_ends_only_its_own_input(tmp_path, cache, bits) -> None:
    body = """
    static int deep(volatile char *p) { char b[300]; b[0] = *p; return deep(b) + b[0]; }
    int main(void) {
        char line[64]; int mark[40]; started(); memset(mark, 5, sizeof mark);
        int n = read(0, line, sizeof line);
        for (int i = 0; i < 40; i++) if (mark[i] != 0x05050505) abort();
        if (n > 5 && line[0] == 'K') return deep(line);
        if (n > 6) memset(mark, n, sizeof mark);
        return 0;
    }"""
    target = Target(tmp_path, cache, body, bits)
    plain, quick = target.run(OFF), target.run()
    assert quick.used, quick.log
    assert {name.split("-")[0] for name, _ in quick.noted} == {"signal"}
    assert quick.executions == plain.executions
    # How often a function was entered, of which a feature is made, goes with where the stack began that time.
    assert quick.coverage.partition(b" ft")[0] == plain.coverage.partition(b" ft")[0] != b""


@pytest.mark.parametrize(
    "ask",
    [
        "fgets(line, 64, stdin)",
        "fread(line, 1, 64, stdin)",
        "(line[0] = getchar())",
        "(line[0] = fgetc(stdin))",
        'scanf("%60s", line)',
        "(line[0] = getchar_unlocked())",
    ],
)
@pytest.mark.parametrize("bits", [64, 32])
def test_reading_by_way_of_streams_counts_as_asking_too(tmp_path, cache, ask, bits) -> None:
    body = f"""
    int main(void) {{
        char line[64] = ""; started(); {ask};
        if (line[0] == 'K') {{ if (getchar() != (line[1] ? '\\n' : 'a' + 10 % 7)) return 2; abort(); }}
        return line[0] == 'B' ? 3 : 4;
    }}"""
    target = Target(tmp_path, cache, body, bits)
    plain, quick = target.run(OFF), target.run()
    assert quick.used, quick.log
    assert quick.starts < plain.starts / 2
    assert quick.same(plain)


@pytest.mark.parametrize(
    ("why", "before"),
    [
        ("an open stream", 'fopen("/dev/null", "r");'),
        ("an open descriptor", 'open("/dev/null", O_RDONLY);'),
        ("a file was made", 'close(creat("made", 0644));'),
        ("another directory", 'chdir("/");'),
        ("a child process", "if (!fork()) _exit(0);"),
        ("a call whose effects lie elsewhere", "srand(3);"),
        ("a call whose effects lie elsewhere", "struct stat s; if (!fstat(0, &s)) table[0] = s.st_size;"),
        ("the input was touched", "lseek(0, 0, SEEK_END);"),
        ("the input was touched", "char b; if (syscall(SYS_read, 0, &b, 1) == 1) table[0] = b;"),
        ("a mapping that is not memory", "mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);"),
        ("too large", "char *volatile p = malloc(17 << 20); p[0] = 1;"),
    ],
)
def test_no_snapshot_of_what_it_would_not_hold(tmp_path, cache, why, before) -> None:
    body = f"int main(void) {{ char line[64]; {before} started(); return read(0, line, sizeof line) > 0 && line[0] == 'K'; }}"
    target = Target(tmp_path, cache, body)
    outcome = target.run()
    assert "used:" not in outcome.log
    assert why in outcome.log or (why == "the input was touched" and "lseek" in before)
    assert outcome.starts >= outcome.executions
    assert outcome.noted == frozenset()


def test_a_start_up_that_is_not_the_same_each_time_loses_its_snapshot(tmp_path, cache) -> None:
    body = """
    int main(void) {
        char line[64]; struct timespec t; started(); clock_gettime(CLOCK_MONOTONIC, &t);
        for (int i = 0; i < t.tv_nsec % 251; i++) table[i]++;
        return read(0, line, sizeof line) > 0 && line[0] == 'K';
    }"""
    outcome = Target(tmp_path, cache, body).run()
    assert "given up: it did something else" in outcome.log
    assert outcome.starts >= outcome.executions


def test_a_block_from_inside_a_library_that_the_program_releases_ends_the_snapshot_and_nothing_else(tmp_path, cache) -> None:
    body = """
    int main(void) {
        char line[64], *made; if (asprintf(&made, "%d", 1234) < 0) return 1;
        started();
        int n = read(0, line, sizeof line);
        if (atoi(made) != 1234) abort();
        if (n > 6) { made[0] = 'x'; free(made); }
        return 0;
    }"""
    target = Target(tmp_path, cache, body)
    plain, quick = target.run(OFF), target.run()
    assert "given up: the target released a library's block" in quick.log
    assert quick.same(plain)


@pytest.mark.parametrize(
    "body",
    [
        "int main(void) { started(); return 0; }",
        "int main(void) { char b[8]; return read(0, b, 8) == 3; }",
        "int main(void) { char b[8]; int n = read(0, b, 8); started(); return n; }",
    ],
)
def test_no_snapshot_where_there_is_nothing_to_save(tmp_path, cache, body) -> None:
    outcome = Target(tmp_path, cache, body).run()
    assert outcome.log == ""
    assert outcome.executions > len(INPUTS) - 2


def test_a_program_that_reads_a_file_is_run_from_its_beginning(tmp_path, cache) -> None:
    body = "int main(int c, char **v) { started(); FILE *f = fopen(v[1], \"rb\"); return f ? fgetc(f) == 'K' : 1; }"
    outcome = Target(tmp_path, cache, body).run(stdin=False)
    assert outcome.starts == outcome.executions and outcome.log == ""
