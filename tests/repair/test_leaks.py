"""Whose leak it is when a function that is patched fails."""

from pathlib import Path

import pytest

from mithridate.model.patch import Outcome, Proposal
from mithridate.repair.diff import made
from mithridate.repair.steps.interface import Case, Memory
from mithridate.repair.steps.leaks import no_new_leak
from tests.repair.small_bench import DOOR, SmallBench

SOURCE = """#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tag { char name[16]; };

static int set_name(struct tag *tag, char *from, size_t length)
{
    memcpy(tag->name, from, length);
    RELEASED
    return 0;
}

static struct tag *read_tag(FILE *file)
{
    struct tag *tag = calloc(1, sizeof *tag);
    char *from = malloc(256);
    size_t length = fread(from, 1, 256, file);
    int failed = set_name(tag, from, length);
    CLEARED
    if (failed)
        return NULL;
    return tag;
}

int main(int argc, char **argv)
{
    FILE *file = fopen(argv[argc - 1], "rb");
    struct tag *tag = read_tag(file);
    fclose(file);
    if (!tag)
        return 1;
    printf("%.16s\\n", tag->name);
    free(tag);
    return 0;
}
"""
GUARDED = "    if (length > sizeof tag->name)\n        return -1;\n    memcpy("


@pytest.mark.parametrize(("released", "outcome"), [(False, Outcome.PASSED), (True, Outcome.FAILED)])
def test_what_a_caller_never_gave_back_on_failure_is_its_own_and_what_the_function_gave_back_is_not(
    tmp_path: Path, released: bool, outcome: Outcome
) -> None:
    """read_tag() leaks the tag whenever set_name() fails; the buffer is released by one of the two."""
    source = SOURCE.replace("RELEASED", "free(from);" if released else "").replace("CLEARED", "" if released else "free(from);")
    bench = SmallBench({"tag.c": source}, tmp_path)
    subject = bench.subject([b"A" * 90], [b"a"])
    diff = made({"tag.c": (source.encode(), source.replace("    memcpy(", GUARDED).encode())})
    patched = bench.build(diff)
    proposal = Proposal(proposer="test", cause="", fix="", diff=diff)
    case = Case(subject=subject, proposal=proposal, bench=bench, memory=Memory(), patched=patched)  # type: ignore[arg-type]
    seen = no_new_leak(case)
    assert seen.outcome is outcome, seen.evidence
    assert DOOR in case.built.entries
    assert ("of callers" in " ".join(seen.evidence)) is not released


ALWAYS = """#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *start_of(char *text)
{
    char *at = text - 4;
    return at;
}

static void show(int bad)
{
    char *text = calloc(1, 16);
    if (bad)
        puts(start_of(text));
    else
        free(text);
}

int main(int argc, char **argv)
{
    FILE *file = fopen(argv[argc - 1], "rb");
    int bad = fgetc(file) == 'a';
    fclose(file);
    for (int i = 0; i < 4; i++)
        show(bad);
    return 0;
}
"""


@pytest.mark.parametrize(
    ("mended", "outcome"),
    [
        (("= text - 4;", "= text;"), Outcome.PASSED),
        (("    if (bad)\n", "    if (bad) {\n        puts(text);\n        return;\n    }\n    if (bad)\n"), Outcome.FAILED),
    ],
)
def test_what_a_proof_leaks_once_it_comes_to_its_end_is_not_the_doing_of_a_patch_that_decides_nothing(
    tmp_path: Path, mended: tuple[str, str], outcome: Outcome
) -> None:
    bench = SmallBench({"tag.c": ALWAYS}, tmp_path)
    diff = made({"tag.c": (ALWAYS.encode(), ALWAYS.replace(*mended).encode())})
    proposal = Proposal(proposer="test", cause="", fix="", diff=diff)
    case = Case(subject=bench.subject([b"a"], [b"b"]), proposal=proposal, bench=bench, memory=Memory(), patched=bench.build(diff))  # type: ignore[arg-type]
    seen = no_new_leak(case)
    assert seen.outcome is outcome, seen.evidence
    assert ("come to their end" in " ".join(seen.evidence)) is (outcome is Outcome.PASSED)
