"""A program's own allocator is found in its sources, and only when its blocks can be the sanitizer's."""

from pathlib import Path

import pytest

from mithridate.languages.c.allocators import own_allocators, substitutes
from mithridate.languages.c.link import Linker
from mithridate.languages.invocation import build_mounts
from mithridate.model.entry import Binary
from mithridate.model.execution import Command
from mithridate.model.project import Flavour
from mithridate.sandbox.bubblewrap import Bubblewrap

from .in_process import linker

OWN = """
#include <stddef.h>
#include <string.h>
#include <unistd.h>
static char arena[1 << 16]; static size_t used;
__attribute__((noinline)) /* as if in a file of its own */
void *pool_malloc(size_t n) { void *p = arena + used; used += (n + 15) & ~(size_t)15; return p; } /* a new block */
void *pool_calloc( size_t n, size_t size )
{
    return memset(pool_malloc(n * size), 0, n * size);
}
void pool_free(void *p) { (void)p; }
"""
NO_LEAKS = {"ASAN_OPTIONS": "detect_leaks=0"}
MAIN = """
int main(void) {
    char *block = pool_malloc(16), *other = pool_malloc(16), text[64];
    long n = read(0, text, sizeof text);
    if (n > 0) memcpy(block, text, (size_t)n);
    pool_free(other);
    return block[0];
}
"""


def families(tmp_path: Path, text: str) -> list[dict[str, str]]:
    source = tmp_path / "t.c"
    source.write_text(text)
    return [{m.name.decode(): m.role for m in family} for family in own_allocators([source])]


def test_a_family_is_found_with_all_its_members(tmp_path: Path) -> None:
    assert families(tmp_path, OWN) == [{"pool_malloc": "malloc", "pool_calloc": "calloc", "pool_free": "free"}]


@pytest.mark.parametrize(
    "text",
    [
        "void *xmalloc(size_t n) { void *p = malloc(n); if (!p) die(); return p; }\nvoid xfree(void *p) { free(p); }",
        "void *a_malloc(arena *a, size_t n) { return take(a, n); }\nvoid a_free(void *p) { give(p); }",
        "void *a_malloc(size_t n) { return take(n); }\nvoid a_free(arena *a, void *p) { give(p); }",
        "static void *a_malloc(size_t n) { return take(n); }\nstatic void a_free(void *p) { give(p); }",
        "void *a_malloc(size_t n) { return take(n); }",
        "void *a_malloc(size_t n) { return take(n); }\nvoid a_free(void *p) { give(p); }\nint a_owner(void *p) { return *--p; }",
    ],
    ids=["wrapper", "malloc of an arena", "free of an arena", "static", "without free", "others look before the block"],
)
def test_what_cannot_be_the_sanitizers_is_left_alone(tmp_path: Path, text: str) -> None:
    assert families(tmp_path, text) == []


def test_a_family_counts_only_as_a_whole_and_under_its_own_or_its_cxx_names(tmp_path: Path) -> None:
    source = tmp_path / "t.c"
    source.write_text(OWN)
    found = own_allocators([source])
    assert substitutes(found, frozenset({b"pool_malloc", b"pool_free"})) == {}
    names = {"_Z11pool_mallocm", "_Z11pool_callocmm", "_Z9pool_freePv"}
    assert set(substitutes(found, frozenset(n.encode() for n in {*names, "main"}))) == names


def _fires(made: Linker, meaning: dict[str, str], data: bytes, tmp_path: Path) -> bool:
    proving = made.proving(made._build.links[0], meaning)
    assert isinstance(proving, Binary), proving
    given = tmp_path / "given"
    given.write_bytes(data)
    run = Bubblewrap().run(Command(argv=(proving.path,), env=NO_LEAKS, stdin=given), build_mounts(proving))
    return b"heap-buffer-overflow" in run.stderr


@pytest.mark.parametrize("bits", [64, 32])
def test_an_overflow_between_blocks_of_an_own_allocator_is_seen(tmp_path: Path, tmp_path_factory, bits: int) -> None:
    made = linker(tmp_path, tmp_path_factory.mktemp("cache"), OWN + MAIN, Flavour.PLAIN, bits)
    source = tmp_path / "t.c"
    source.write_text(OWN)
    meaning = dict(substitutes(own_allocators([source]), frozenset({b"pool_malloc", b"pool_calloc", b"pool_free"})))
    assert _fires(made, meaning, b"x" * 20, tmp_path)
    assert not _fires(made, meaning, b"x" * 16, tmp_path)


def test_a_mapping_ends_where_it_ends(tmp_path: Path, tmp_path_factory) -> None:
    body = """
    #include <sys/mman.h>
    #include <unistd.h>
    int main(void) {
        int flags = MAP_ANONYMOUS | MAP_PRIVATE;
        char text[64], *one = mmap(0, 4096, 3, flags, -1, 0), *two = mmap(0, 8192, 3, flags, -1, 0);
        long n = read(0, text, 64);
        one[4095] = two[8191] = 1;
        two[8191 + n] = one[4095 + n] = 1;
        return munmap(one, 4096) | munmap(two + 4096, 4096) | munmap(two, 4096);
    }"""
    made = linker(tmp_path, tmp_path_factory.mktemp("cache"), body, Flavour.PLAIN)
    proving = made.proving(made._build.links[0], {})
    assert isinstance(proving, Binary), proving
    endings = []
    for data in (b"", b"x"):
        given = tmp_path / "given"
        given.write_bytes(data)
        endings.append(Bubblewrap().run(Command(argv=(proving.path,), env=NO_LEAKS, stdin=given), build_mounts(proving)))
    assert endings[0].ok and not endings[1].ok
    assert b"SEGV" in endings[1].stderr


def test_a_program_that_reads_on_for_ever_at_the_end_of_its_input_ends(tmp_path: Path, tmp_path_factory) -> None:
    body = "#include <unistd.h>\nint main(void) { char c; long n = 0; for (;;) n += read(0, &c, 1); }"
    made = linker(tmp_path, tmp_path_factory.mktemp("cache"), body, Flavour.PLAIN)
    proving = made.proving(made._build.links[0], {})
    assert isinstance(proving, Binary), proving
    given = tmp_path / "given"
    given.write_bytes(b"x" * 100)
    assert Bubblewrap().run(Command(argv=(proving.path,), env=NO_LEAKS, stdin=given), build_mounts(proving)).ok
