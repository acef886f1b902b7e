"""What a program never sets in main() is zero, as in a process that no sanitizer and no engine has used before it."""

import pytest

from mithridate.languages.c.probe import Probe
from mithridate.languages.invocation import one_input
from mithridate.model.entry import Binary
from mithridate.model.project import Flavour
from mithridate.sandbox.bubblewrap import Bubblewrap

from .in_process import entry, linker, program

# The variables are kept from being optimised away, and from being initialised by anybody.
BODY = """
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
__attribute__((noinline, no_sanitize("address"))) static int deep(int n) {
    volatile char b[3000]; for (unsigned i = 0; i < sizeof b; i++) b[i] = 0x55; return n ? deep(n - 1) + b[n] : 0;
}
__attribute__((no_sanitize("address"))) int main(void) {
    int first; char room[40000]; int last;
    __asm__ volatile("" : : "r"(&first), "r"(&room), "r"(&last) : "memory");
    if (first || last) abort();
    for (unsigned i = 0; i < sizeof room; i++) if (room[i]) abort();
    char c; if (read(0, &c, 1) == 1 && c == '!') abort();
    memset(room, 0x55, sizeof room);
    return deep(20) == 7;
}
"""


@pytest.mark.parametrize("bits", [64, 32])
def test_main_finds_zeros_below_itself_each_time(tmp_path, tmp_path_factory, bits) -> None:
    cache = tmp_path_factory.mktemp("cache")
    searching = program(tmp_path, cache, BODY, Flavour.FUZZ, bits)
    inputs = []
    for number in range(30):
        inputs.append(tmp_path / f"input{number}")
        inputs[-1].write_bytes(b"x" * number)
    inputs[-1].write_bytes(b"!")
    (tmp_path / "scratch").mkdir()
    reach = Probe(Bubblewrap(), tmp_path / "scratch").reach(entry(searching, arguments=()), searching, inputs)
    assert {path.read_bytes() for path in reach.noted} == {b"!"}

    made = linker(tmp_path, cache, BODY, Flavour.PLAIN, bits)
    proving = made.proving(made._build.links[0], {})
    assert isinstance(proving, Binary), proving
    env = {"ASAN_OPTIONS": "detect_leaks=0"}
    endings = [Bubblewrap().run(*one_input(entry(proving, arguments=()), proving, path, env)) for path in inputs[-2:]]
    assert [done.ok for done in endings] == [True, False]
