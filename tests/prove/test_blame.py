"""Whoever hands a fetching function a bad pointer is to blame."""

from tests.prove.conftest import build, entry_for

from mithridate.model.entry import INPUT, EntryPoint
from mithridate.model.violation import Violation
from mithridate.prove.replay import Replayer
from mithridate.prove.triage import title

SOURCE = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static unsigned get16(const unsigned char *p) {
    return p[0] | p[1] << 8;
}
__attribute__((noinline)) static unsigned width(const unsigned char *p, size_t n) { return get16(p + n - 1); }
__attribute__((noinline)) static unsigned height(const unsigned char *p, size_t n) { return get16(p + n); }
int main(int c, char **v) {
    unsigned char *b = malloc(8);
    FILE *f = fopen(v[1], "rb");
    size_t n = fread(b, 1, 8, f);
    return n ? b[0] == 'w' ? width(b, 8) : height(b, 8) : 0;
}
"""


def seen(replayer: Replayer, entry: EntryPoint, data: bytes) -> Violation:
    judgement = replayer.once(entry, entry.binaries[0], data)
    assert isinstance(judgement, tuple)
    return judgement[0]


def test_two_callers_of_one_accessor_are_two_flaws_each_at_its_own_place(tmp_path, replayer: Replayer) -> None:
    source = tmp_path / "fetch.c"
    source.write_text(SOURCE)
    entry = entry_for(build(tmp_path / "home", source=source), INPUT)
    width, height = seen(replayer, entry, b"w"), seen(replayer, entry, b"h")
    assert [title(v).rpartition(" in ")[2] for v in (width, height)] == ["width", "height"]
    assert width.signature != height.signature
    assert width.place is not None
    assert width.place.line == 8
    assert width.frames[0].function == "get16"
