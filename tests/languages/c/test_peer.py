"""Who looks for input without waiting finds none where a message begins, and the same in what searches and in what proves."""

from pathlib import Path

import pytest

from mithridate.languages.c.probe import Probe
from mithridate.languages.invocation import one_input
from mithridate.model.entry import Binary
from mithridate.model.execution import Execution
from mithridate.model.project import Flavour
from mithridate.sandbox.bubblewrap import Bubblewrap

from .in_process import entry, linker, program

HEAD = """
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <unistd.h>
static int waiting_ms(int ms) { struct pollfd p = {0, POLLIN, 0}; return poll(&p, 1, ms) == 1 && (p.revents & POLLIN); }
static int by_select(void) {
    fd_set r; struct timeval t = {0, 0}; FD_ZERO(&r); FD_SET(0, &r);
    return select(1, &r, NULL, NULL, &t) == 1 && FD_ISSET(0, &r);
}
static int by_pselect(void) {
    fd_set r; struct timespec t = {0, 0}; FD_ZERO(&r); FD_SET(0, &r);
    return pselect(1, &r, NULL, NULL, &t, NULL) == 1 && FD_ISSET(0, &r);
}
static int by_ppoll(void) { struct pollfd p = {0, POLLIN, 0}; struct timespec t = {0, 0}; return ppoll(&p, 1, &t, NULL) == 1; }
static int by_poll(void) { return waiting_ms(0); }
static int by_fionread(void) { int n = 0; return ioctl(0, FIONREAD, &n) == 0 && n > 0; }
static void line(char *to, int most) {
    int n = 0;
    while (n < most - 1 && read(0, to + n, 1) == 1 && to[n] != '\\n') n++;
    to[n] = 0;
}
"""

# Throws away what is waiting, asks, reads, and overflows with the third answer.
FLUSHER = """
static void flush(void) {{ char c; while ({look}()) if (read(0, &c, 1) < 0) return; }}
int main(void) {{
    char text[64], *small;
    flush(); puts("kind?"); line(text, 4); if (atoi(text) != 3) return 1;
    flush(); flush(); puts("size?"); line(text, 64); int n = atoi(text); if (n < 1 || n > 9) return 2;
    flush(); puts("name?"); line(text, 64); flush();
    small = malloc(n); strcpy(small, text); puts(small); free(small);
    return 0;
}}
"""
LOOKS = [
    *((look, 64) for look in ("by_select", "by_pselect", "by_poll", "by_ppoll", "by_fionread")),
    ("by_select", 32),
    ("by_fionread", 32),
]
ATTACK = b"3 is the kind\n5\nmuch too long\n"


@pytest.fixture(scope="session")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cache")


class Program:
    """One program in the build that searches and in the one that proves."""

    def __init__(self, place: Path, cache: Path, body: str, bits: int = 64) -> None:
        self._place = place
        self.searching = program(place, cache, HEAD + body, Flavour.FUZZ, bits)
        made = linker(place, cache, HEAD + body, Flavour.PLAIN, bits)
        proving = made.proving(made._build.links[0], {})
        assert isinstance(proving, Binary), proving
        self.proving = proving
        self._cache = cache

    def noted(self, *inputs: bytes, arguments: tuple[str, ...] = ()) -> set[bytes]:
        """The inputs that violate when they are run one after the other in one process."""
        place = self._place / f"noted{len(list(self._place.glob('noted*')))}"
        place.mkdir()
        paths = [self._given(data) for data in inputs]
        reach = Probe(Bubblewrap(), place).reach(entry(self.searching, arguments=arguments), self.searching, paths)
        assert reach.ran and reach.executions >= len(inputs)
        return {path.read_bytes() for path in reach.noted} & set(inputs)

    def proved(self, *inputs: bytes) -> set[bytes]:
        """Those that do in a process of their own."""
        return {data for data in inputs if b"ERROR: AddressSanitizer" in self.run(data).stderr}

    def run(self, data: bytes, binary: Binary | None = None, arguments: tuple[str, ...] = ()) -> Execution:
        """What the program, as it proves, does with one input."""
        binary = binary or self.proving
        env = {"ASAN_OPTIONS": "detect_leaks=0:handle_abort=1"}
        return Bubblewrap().run(*one_input(entry(binary, arguments=arguments), binary, self._given(data), env))

    def _given(self, data: bytes) -> Path:
        path = self._place / f"input{len(list(self._place.glob('input*')))}"
        path.write_bytes(data)
        return path


@pytest.mark.parametrize(("look", "bits"), LOOKS)
def test_a_flaw_behind_what_throws_waiting_input_away_is_reached_and_proved(tmp_path, cache, look, bits) -> None:
    target = Program(tmp_path, cache, FLUSHER.format(look=look), bits)
    others = [b"3\n5\nabc\n", b"3\n5\n"]
    assert target.noted(ATTACK, *others) == {ATTACK}
    assert target.proved(ATTACK, *others) == {ATTACK}


def test_so_it_is_in_processes_that_afl_starts(tmp_path, cache) -> None:
    forked = program(tmp_path, cache, HEAD + FLUSHER.format(look="by_select"), Flavour.AFL, in_process=False)
    names = set()
    for data in (ATTACK, b"3\n5\nabc\n"):
        given = tmp_path / "given"
        given.write_bytes(data)
        done = Bubblewrap().run(*one_input(entry(forked, arguments=()), forked, given, {"ASAN_OPTIONS": "detect_leaks=0"}))
        names.add((data, b"heap-buffer-overflow" in done.stderr))
    assert names == {(ATTACK, True), (b"3\n5\nabc\n", False)}


# One body a claim; it aborts where it does not find what its name says.
SAME = {
    "who reads at once gets all": """
        { char b[64]; if (read(0, b, 64) != 8) abort(); return 0; }""",
    "who waits long enough gets all": """
        { char b[64]; if (!waiting_ms(1000) || read(0, b, 64) != 8 || !waiting_ms(-1) || read(0, b, 64)) abort(); return 0; }""",
    "within a message all is there": """
        { char c; if (read(0, &c, 1) != 1 || !by_select() || read(0, &c, 1) != 1 || c != '\\n' || by_select()) abort();
          return 0; }""",
    "who has looked gets a message at a time": """
        { char b[64]; if (by_poll() || read(0, b, 64) != 2 || read(0, b, 2) != 2 || read(0, b, 64) != 3 || read(0, b, 64) != 1
                                         || read(0, b, 64)) abort(); return 0; }""",
    "after a wait the message is there for who only looks": """
        { if (by_select() || !waiting_ms(500) || !by_select()) abort(); return 0; }""",
    "who looks again and again finds it": """
        { int n = 0; while (!by_poll()) if (++n > 100) abort(); return 0; }""",
    "an event loop gets every message and the end": """
        {
            char b[64]; long n, sum = 0, idle = 0;
            for (;;) {
                if (!by_poll()) { if (++idle > 1000) abort(); continue; }
                if ((n = read(0, b, 64)) <= 0) break;
                sum += n;
            }
            if (sum != 8 || !idle) abort();
            return 0;
        }""",
    "a read that does not wait finds nothing at first": """
        {
            char b[64]; long n; int tries = 0;
            if (fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK) || !(fcntl(0, F_GETFL) & O_NONBLOCK)) abort();
            if (read(0, b, 64) != -1 || errno != EAGAIN) abort();
            while ((n = read(0, b, 64)) < 0) if (++tries > 100) abort();
            if (n != 2 || read(0, b, 64) != -1 || !waiting_ms(-1) || read(0, b, 64) != 2) abort();
            if (fcntl(0, F_SETFL, fcntl(0, F_GETFL) & ~O_NONBLOCK) || read(0, b, 64) != 3) abort();
            return 0;
        }""",
    "how much there is ends with the message": """
        { int n = -1; char b[8]; if (ioctl(0, FIONREAD, &n) || n) abort();
                         if (read(0, b, 5) != 2 || read(0, b, 3) != 2 || read(0, b, 1) != 1
              || ioctl(0, FIONREAD, &n) || n != 2) abort(); return 0; }""",
    "other descriptors are looked at as ever": """
        {
            int p[2]; if (pipe(p)) abort();
            struct pollfd two[2] = {{0, POLLIN, 0}, {p[0], POLLIN, 0}};
            if (poll(two, 2, 0) != 0 || two[0].fd != 0 || write(p[1], "x", 1) != 1) abort();
            if (poll(two, 2, 0) != 1 || two[0].fd != 0 || two[0].revents || two[1].revents != POLLIN) abort();
            fd_set r; struct timeval t = {0, 0}; FD_ZERO(&r); FD_SET(0, &r); FD_SET(p[0], &r);
            if (select(p[0] + 1, &r, NULL, NULL, &t) != 1 || FD_ISSET(0, &r) || !FD_ISSET(p[0], &r)) abort();
            return 0;
        }""",
    "a program with another standard input keeps it": """
        {
            int p[2]; char b[8]; if (pipe(p) || dup2(p[0], 0) || by_poll() || write(p[1], "a\\nb\\n", 4) != 4) abort();
            if (!by_poll() || read(0, b, 8) != 4) abort();
            return 0;
        }""",
    "a read goes on where a stream's block ended": """
        { char b[8]; if (!fgets(b, 8, stdin) || by_select() || read(0, b, 8) != 0 || getchar() != 'b') abort(); return 0; }""",
}
GIVEN = b"a\nb\ncd\ne"


@pytest.fixture(scope="module")
def claims(tmp_path_factory, cache) -> "Program":
    """All bodies in one program, which is told the claim."""
    bodies = "\n".join(f"static int claim{number}(void) {body}" for number, body in enumerate(SAME.values()))
    cases = " ".join(f"case {number}: return claim{number}();" for number in range(len(SAME)))
    main = f"int main(int c, char **v) {{ switch (atoi(v[c - 1])) {{ {cases} }} return 9; }}"
    return Program(tmp_path_factory.mktemp("claims"), cache, f"{bodies}\n{main}")


@pytest.mark.parametrize("claim", SAME)
def test_what_a_program_is_told_of_its_input(claims, claim) -> None:
    number = str(list(SAME).index(claim))
    assert claims.noted(GIVEN, arguments=(number,)) == set()
    done = claims.run(GIVEN, arguments=(number,))
    assert done.ok, done.stderr.decode()


def test_it_begins_anew_for_each_input_and_from_a_snapshot(tmp_path, cache) -> None:
    """A long start-up, so that executions begin where it first reads: what was looked for before that must be known then."""
    body = """
    static unsigned table[2048];
    int main(void) {
        for (int r = 0; r < 60; r++) for (int i = 0; i < 2048; i++) table[i] = table[i] * 31 + i + r;
        char b[64];
        if (by_select()) abort();
        long n = read(0, b, 64);
        if (n > 2 && b[0] != b[1] && memchr(b, '\\n', n - 1)) abort();
        return 0;
    }"""
    target = Program(tmp_path, cache, body)
    assert target.noted(*[bytes([65 + n % 26]) + b"\n" + b"x" * n + b"\n" for n in range(60)]) == set()
