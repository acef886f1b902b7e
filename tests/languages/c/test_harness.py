"""The harness runs main() many times in one process as if each time were the first."""

from pathlib import Path

import pytest

from mithridate.languages.c.probe import Probe, Reach
from mithridate.model.project import Flavour
from mithridate.sandbox.bubblewrap import Bubblewrap

from .in_process import entry, program

HEAD = "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\n#include <fcntl.h>\n"


@pytest.fixture(scope="session")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cache")


def run(tmp_path: Path, cache: Path, body: str, inputs: list[bytes], bits: int = 64, arguments=("@@",)) -> Reach:
    binary = program(tmp_path, cache, HEAD + body, Flavour.FUZZ, bits)
    paths = []
    for number, data in enumerate(inputs):
        paths.append(tmp_path / f"input{number}")
        paths[-1].write_bytes(data)
    (tmp_path / "scratch").mkdir()
    return Probe(Bubblewrap(), tmp_path / "scratch").reach(entry(binary, arguments=arguments), binary, paths)


MANY = [bytes([n]) * (n + 1) for n in range(1, 40)]


@pytest.mark.parametrize("bits", [64, 32])
def test_globals_are_as_before_the_first_input_each_time(tmp_path, cache, bits) -> None:
    body = """
    static int zeroed; static int set = 7; static char *kept; int shared[4] = {1, 2, 3, 4};
    int main(int c, char **v) {
        if (zeroed || set != 7 || kept || shared[3] != 4) abort();
        zeroed = 1; set = 8; shared[3] = 5; kept = malloc(10); strcpy(kept, "leak");
        return c - 2;
    }"""
    reach = run(tmp_path, cache, body, MANY, bits)
    assert reach.executions >= len(MANY)
    assert reach.noted == ()


def test_without_restoring_the_same_program_would_be_caught(tmp_path, cache) -> None:
    """The abort in the test above is real: a program that aborts on its input is noted."""
    reach = run(tmp_path, cache, "int main(void) { abort(); }", [b"x"])
    assert reach.noted


def test_exit_ends_the_iteration_and_not_the_process(tmp_path, cache) -> None:
    body = "int main(void) { if (getpid()) exit(3); _exit(4); }"
    reach = run(tmp_path, cache, body, MANY)
    assert reach.ran and reach.executions >= len(MANY)


def test_files_that_the_program_leaves_open_are_closed(tmp_path, cache) -> None:
    body = """
    int main(int c, char **v) {
        FILE *f = fopen(v[1], "rb"); int fd = open(v[1], O_RDONLY); FILE *g = fopen("/tmp/out", "wb");
        if (!f || !g || fd < 0 || fd > 12) abort();
        fputs("left open", g); exit(0);
    }"""
    assert run(tmp_path, cache, body, MANY * 10).noted == ()


def test_the_program_reads_exactly_the_input(tmp_path, cache) -> None:
    body = """
    int main(int c, char **v) {
        unsigned char b[64]; FILE *f = fopen(v[1], "rb"); size_t n = fread(b, 1, 64, f);
        for (size_t i = 0; i < n; i++) if (b[i] != n - 1) abort();
        if (n > 20) unlink(v[1]);
        return 0;
    }"""
    assert run(tmp_path, cache, body, MANY).noted == ()


def test_standard_input_is_rewound_for_each_input(tmp_path, cache) -> None:
    body = """
    int main(void) {
        int first = getchar(), n = 1;
        while (getchar() != EOF) n++;
        if (n > 1 && first != n - 1) abort();
        return 0;
    }"""
    assert run(tmp_path, cache, body, MANY, arguments=()).noted == ()


def test_a_program_that_reads_on_at_the_end_of_its_input_does_not_hang(tmp_path, cache) -> None:
    body = "int main(void) { char c; for (;;) if (read(0, &c, 1) == 1 && c == 39) abort(); }"
    reach = run(tmp_path, cache, body, MANY, arguments=())
    assert reach.ran
    assert reach.noted


@pytest.mark.parametrize(
    ("why", "body"),
    [
        ("heap write", "int main(int c, char **v) { char *volatile p = malloc(8); p[8] = 1; return 0; }"),
        (
            "library call",
            'int main(int c, char **v) { char *volatile p = malloc(4); strcpy(p, "too long for it"); free(p); return 0; }',
        ),
        ("null", "int main(int c, char **v) { *(volatile int *)0 = 1; return 0; }"),
        ("division", "int main(int c, char **v) { volatile int z = 0; return 1 / z; }"),
        (
            "recursion",
            "int f(volatile char *p) { char b[512]; b[0] = *p; return f(b) + b[0]; } int main(void) { return f((char[1]){0}); }",
        ),
        ("double free", "int main(void) { char *volatile p = malloc(4); free(p); free(p); return 0; }"),
    ],
)
def test_a_violation_is_noted_with_its_input_and_the_search_goes_on(tmp_path, cache, why, body) -> None:
    reach = run(tmp_path, cache, body, [b"first", b"second", b"third"])
    assert reach.executions >= 3
    assert reach.noted
    assert {p.read_bytes() for p in reach.noted} <= {b"", b"\n", b"first", b"second", b"third"}


def test_code_behind_a_read_that_always_violates_is_still_reached(tmp_path, cache) -> None:
    body = """
    int main(int c, char **v) {
        char *volatile p = malloc(4); volatile char x = p[4]; (void)x;
        FILE *f = fopen(v[1], "rb"); if (fgetc(f) == 'Z') abort();
        return 0;
    }"""
    reach = run(tmp_path, cache, body, [bytes([65 + n % 20]) * (n + 1) for n in range(200)] + [b"Z" * 300])
    assert any(p.name.startswith("abort") for p in reach.noted)


def test_one_violation_does_not_fill_the_disk(tmp_path, cache) -> None:
    body = "int main(int c, char **v) { char *volatile p = malloc(8); p[8] = 1; return 0; }"
    assert len(run(tmp_path, cache, body, MANY).noted) <= 3


def test_clean_programs_are_left_in_peace(tmp_path, cache) -> None:
    body = """
    struct node { struct node *next; char *name; };
    int main(int c, char **v) {
        struct node *list = NULL; setvbuf(stdout, malloc(100), _IOFBF, 100);
        for (int i = 0; i < 50; i++) {
            struct node *n = calloc(1, sizeof *n);
            n->next = list; n->name = strdup(v[1]); list = n; n->name = realloc(n->name, 200);
        }
        puts(list->name); fclose(stdin); if (c > 1) exit(1); return 0;
    }"""
    reach = run(tmp_path, cache, body, MANY * 5)
    assert reach.ran and reach.noted == ()


def test_what_the_program_makes_in_its_directory_is_gone_for_the_next_input(tmp_path, cache) -> None:
    body = """
    #include <sys/stat.h>
    int main(int c, char **v) {
        struct stat s;
        if (!stat("made", &s) || !stat("d/deep/file", &s) || !lstat("link", &s) || stat(v[1], &s)) abort();
        fclose(fopen("made", "wb")); symlink("/etc/passwd", "link");
        mkdir("d", 0700); mkdir("d/deep", 0700); fclose(fopen("d/deep/file", "wb")); chmod("d/deep", 0);
        return chdir("d");
    }"""
    reach = run(tmp_path, cache, body, MANY)
    assert reach.executions >= len(MANY)
    assert reach.noted == ()


def test_a_stream_opened_on_standard_output_does_not_close_it_for_the_next_input(tmp_path, cache) -> None:
    body = """
    int main(void) {
        FILE *in = fdopen(0, "r"), *out = fdopen(1, "w");
        if (!in || !out || (getc(in) == EOF && ferror(in))) abort();
        return putc('x', out) != 'x';
    }"""
    reach = run(tmp_path, cache, body, MANY, arguments=())
    assert reach.executions >= len(MANY)
    assert reach.noted == ()


def test_reads_of_standard_input_go_on_where_other_functions_stopped(tmp_path, cache) -> None:
    body = """
    int main(void) {
        char b[8]; int first = -1, second = -1, rest = 0, c;
        if (read(0, b, 1) == 1) first = b[0];
        if (lseek(0, 0, SEEK_CUR) != (first >= 0)) abort();
        if (read(0, b, 1) == 1) second = b[0];
        while ((c = getchar()) != EOF) { rest++; if (c != first) abort(); }
        if (first >= 0 && rest + 1 + (second >= 0) != first + 1) abort();
        return 0;
    }"""
    reach = run(tmp_path, cache, body, MANY, arguments=())
    assert reach.executions >= len(MANY) and reach.noted == ()


@pytest.mark.parametrize("call", ["read(0, small, 32)", "write(1, small, 32)"])
def test_a_read_or_write_beyond_its_buffer_is_noted(tmp_path, cache, call) -> None:
    body = f"int main(void) {{ char *small = malloc(16); {call}; return 0; }}"
    assert run(tmp_path, cache, body, [b"x" * 20], arguments=()).noted


def test_a_program_that_redirects_its_output_gets_it(tmp_path, cache) -> None:
    body = """
    int main(void) {
        int p[2]; char b[4] = "";
        if (pipe(p) || dup2(p[1], 1) != 1) abort();
        if (write(1, "abc", 3) != 3 || read(p[0], b, 3) != 3 || strcmp(b, "abc")) abort();
        return 0;
    }"""
    assert run(tmp_path, cache, body, [b"x"], arguments=()).noted == ()


def test_blocks_from_before_main_are_as_before_the_first_input_each_time(tmp_path, cache) -> None:
    """A constructor's generator must give the same numbers to each input, and its blocks must outlive each."""
    body = """
    static int *state, *grown, *given;
    __attribute__((constructor)) static void make(void) {
        state = malloc(4 * sizeof *state); state[3] = 7;
        grown = calloc(2, sizeof *grown); grown[1] = 9;
        given = malloc(sizeof *given); *given = 5;
    }
    int main(void) {
        if (state[3] != 7 || grown[1] != 9 || *given != 5) abort();
        state[3]++;
        grown = realloc(grown, 64 * sizeof *grown);
        if (grown[1] != 9) abort();
        grown[1] = grown[40] = 1;
        *given = 6; free(given);
        return 0;
    }"""
    reach = run(tmp_path, cache, body, MANY, arguments=())
    assert reach.executions >= len(MANY) and reach.noted == ()
