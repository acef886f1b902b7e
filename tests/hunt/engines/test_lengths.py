"""A length check that is off by a little is found by going up to it."""

import pytest

from mithridate.hunt.engines.registry import create
from mithridate.model.project import Flavour
from mithridate.model.search import SearchSlice
from mithridate.sandbox.bubblewrap import Bubblewrap
from tests.languages.c.in_process import entry, program

ONE_TOO_MANY = """
#include <string.h>
#include <unistd.h>
static int line(char *to, int most) {
    int n = 0;
    while (n < most && read(0, to + n, 1) == 1 && to[n] != '\\n') n++;
    to[n] = 0;
    return n;
}
int main(void) {
    char said[8192], name[3077];
    while (line(said, 8191)) {
        if (strncmp(said, "name ", 5)) continue;
        int n = (int)strlen(said + 5);
        if (n > (int)sizeof name) return 1;
        memset(name, '.', sizeof name);
        if (n == sizeof name) name[n] = 0;
        write(1, name, 4);
    }
    return 0;
}
"""


def test_a_length_between_what_fits_and_what_is_refused_is_found(tmp_path, tmp_path_factory) -> None:
    """One length of thousands overflows; those below it are all alike, and so are those above."""
    binary = program(tmp_path / "p", tmp_path_factory.mktemp("cache"), ONE_TOO_MANY, Flavour.FUZZ)
    for name in ("corpus", "candidates", "work"):
        (tmp_path / name).mkdir()
    (tmp_path / "corpus" / "seed").write_bytes(b"name ann\nname bob\n")
    door = entry(binary, arguments=())
    for turn in range(6):  # enough slices for a busy machine; one is usually enough
        result = create("libfuzzer").search(
            SearchSlice(
                entry=door,
                seconds=10,
                seed=turn,
                corpus=tmp_path / "corpus",
                foreign=(),
                candidates=tmp_path / "candidates",
                work=tmp_path / "work",
                dictionary=None,
                memory_bytes=2 << 30,
                input_bytes=16384,
            ),
            Bubblewrap(),
        )
        if result.candidates:
            return
    pytest.fail(f"not found: {result}")
