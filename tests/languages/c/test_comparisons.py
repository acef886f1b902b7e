"""A project's own comparisons are found in its sources and tell the engine what they compare."""

from dataclasses import replace
from pathlib import Path

import pytest

from mithridate.hunt.engines.libfuzzer import LibFuzzer
from mithridate.languages.c.comparisons import own_comparisons, wrappers
from mithridate.model.entry import Binary, EntryPoint
from mithridate.model.project import Flavour
from mithridate.model.search import SearchSlice
from mithridate.sandbox.bubblewrap import Bubblewrap

from .in_process import entry, linker

_OWN = "int own_strcmp(const char *a, const char *b) { while (*a && *a == *b) a++, b++; return *a - *b; }\n"
_MAIN = r"""
#include <stdlib.h>
#include <unistd.h>
int own_strcmp(const char *, const char *);
static const unsigned char hidden[] = {43, 54, 63, 52, 122, 41, 63, 41, 59, 55, 63, 122, 52, 53, 45};
int main(void) {
    char line[64] = "", secret[sizeof hidden + 1] = ""; int i = 0;
    for (unsigned k = 0; k < sizeof hidden; k++) secret[k] = hidden[k] ^ 90;
    while (i < 63 && read(0, line + i, 1) == 1 && line[i] != '\n') i++;
    line[i] = 0;
    if (own_strcmp(line, secret) == 0) abort();
    return 0;
}
"""


def found(tmp_path: Path, text: str) -> dict[str, str]:
    source = tmp_path / "t.c"
    source.write_text(text)
    return {name.decode(): kind for name, kind in own_comparisons([source]).items()}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("int x_strcmp(const char *a, const char *b)\n{ return 0; }", "text"),
        ("bool streq(char a[], char b[]) { return 0; }", "text"),
        ("int my_strncasecmp ( const char *a, const char *b, size_t n ) { return 0; }", "part"),
        ("int\nlib_memcmp(const void *a, const void *b, unsigned long n) { return 0; }", "bytes"),
    ],
)
def test_what_compares_two_strings_or_blocks_is_found(tmp_path: Path, text: str, kind: str) -> None:
    assert list(found(tmp_path, text).values()) == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "static int x_strcmp(const char *a, const char *b) { return 0; }",
        "int x_strcmp(struct item *a, struct item *b, int *how) { return 0; }",
        "int x_memcmp(const void *a, const void *b) { return 0; }",
        "int x_strcpy(char *a, const char *b) { return 0; }",
        "int x_strcmp(const char *a, const char *b);",
    ],
)
def test_other_functions_are_left_alone(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, text) == {}


def test_only_what_the_program_defines_is_wrapped(tmp_path: Path) -> None:
    kinds = {b"a_strcmp": "text", b"b_strcmp": "text"}
    symbols, code = wrappers(kinds, frozenset({b"_Z8a_strcmpPKcS0_", b"main"}))
    assert symbols == ("_Z8a_strcmpPKcS0_",) and "b_strcmp" not in code
    assert wrappers(kinds, frozenset({b"main"})) == ((), "")


def _slice(tmp_path: Path, door: EntryPoint) -> SearchSlice:
    for name in ("corpus", "candidates", "work"):
        (tmp_path / name).mkdir(parents=True)
    return SearchSlice(
        entry=door,
        seconds=15,
        seed=1,
        corpus=tmp_path / "corpus",
        foreign=(),
        candidates=tmp_path / "candidates",
        work=tmp_path / "work",
        dictionary=None,
        memory_bytes=2 << 30,
        input_bytes=256,
    )


@pytest.mark.parametrize("watched", [True, False])
def test_a_word_that_stands_nowhere_is_found_because_it_was_compared(tmp_path: Path, tmp_path_factory, watched: bool) -> None:
    """In a file of its own, as libraries have it: calls inside one file are not wrapped."""
    made = linker(tmp_path, tmp_path_factory.mktemp("cache"), _MAIN, Flavour.FUZZ)
    source = made._build.directory / "src" / "own.c"
    source.write_text(_OWN)
    link = replace(made._build.links[0], argv=("cc", "t.c", "own.c", "-o", "/build/t"))
    around = wrappers(own_comparisons([source]), frozenset({b"own_strcmp"})) if watched else ((), "")
    binary = made.program(link, in_process=True, watched=around)
    assert isinstance(binary, Binary), binary
    work = _slice(tmp_path / "slice", entry(binary, arguments=()))
    assert bool(LibFuzzer().search(work, Bubblewrap()).candidates) is watched
