"""A small program with one flaw, and patches for it that are wrong in one way each.

It reads records from a file into a person of twenty bytes: a name, whatever its length, and visits.
"""

from mithridate.repair.diff import made

SOURCE = """#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME 16

struct person { char name[NAME]; int visits; };

static int set_name(struct person *p, const unsigned char *data, size_t length)
{
    char *to = p->name;
    memcpy(to, data, length);
    to[length] = 0;
    return 0;
}

static int add_visits(struct person *p, const unsigned char *data, size_t length)
{
    if (length == 0)
        return -1;
    p->visits += data[0];
    return 0;
}

static int read_person(struct person *p, const unsigned char *data, size_t size)
{
    size_t at = 0;
    while (at + 2 <= size) {
        size_t length = data[at + 1];
        int bad = 0;
        if (length > size - at - 2)
            return -1;
        if (data[at] == 'n')
            bad = set_name(p, data + at + 2, length);
        else if (data[at] == 'v')
            bad = add_visits(p, data + at + 2, length);
        if (bad)
            return -1;
        at += 2 + length;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static unsigned char data[512];
    FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
    struct person *p = calloc(1, sizeof *p);
    size_t size = 0;
    int done;
    if (file) {
        size = fread(data, 1, sizeof data, file);
        fclose(file);
    }
    done = read_person(p, data, size);
    if (done == 0)
        printf("%s: %d\\n", p->name, p->visits);
    free(p);
    return done == 0 ? 0 : 1;
}
"""
QUIET = SOURCE.replace('    if (done == 0)\n        printf("%s: %d\\n", p->name, p->visits);\n', "")
"""The same, with nothing to see but its exit code."""

MAKEFILE = "tool: tool.c\n\t$(CC) $(CFLAGS) -o tool tool.c\ncheck: tool\n\t./run-tests.sh\n.PHONY: check\n"
TESTS = """#!/bin/sh
printf 'n\\003abcv\\001\\005' >one
./tool one && echo "PASS: a short name" || echo "FAIL: a short name"
printf 'n\\017123456789012345' >two
./tool two && echo "PASS: the longest name" || echo "FAIL: the longest name"
"""
SUITE = {"Makefile": MAKEFILE, "run-tests.sh": TESTS}

PROOF = b"n\x14" + b"A" * 20
BENIGN = (b"n\x03abcn\x03abcn\x03xyzv\x01\x05", b"v\x02\x01\x02", b"n\x00", b"n\x0cabcdefghijkl", b"x\x01y")

_TO = "    char *to = p->name;\n"
_COPY = "    memcpy(to, data, length);\n    to[length] = 0;\n"


def patch(source: str, *replacements: tuple[str, str]) -> str:
    """A diff that replaces texts of the source."""
    text = source
    for old, new in replacements:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return made({"tool.c": (source.encode(), text.encode())})


GUARD = (_TO, f"{_TO}    if (length >= NAME)\n        return -1;\n")
RIGHT = (GUARD,)

RETURNS_AT_ONCE = ((_TO, f"{_TO}    return 0;\n"),)
GUARDS_EVERYTHING = ((_TO, f"{_TO}    if (length + 1 > 0)\n        return 0;\n"),)
DELETES = ((f"{_TO}{_COPY}", ""),)
SWALLOWS = (GUARD, ("        if (bad)\n            return -1;\n", "        if (bad)\n            return 0;\n"))
HARD_CODED = ((_TO, f"{_TO}    if (length > 19)\n        return -1;\n"),)
TOO_STRICT = ((_TO, f"{_TO}    if (length >= NAME - 1)\n        return -1;\n"),)
TRUNCATES = ((_TO, f"{_TO}    if (length > 8)\n        length = 8;\n"),)
_COPIES = """    char *volatile copy = calloc(1, NAME);
    if (length >= NAME || !copy)
        return -1;
    data = memcpy(copy, data, length);
"""
LEAKS = ((_TO, _TO + _COPIES),)
FREES_TWICE = (
    GUARD,
    ("        at += 2 + length;\n", "        at += 2 + length;\n        if (length == 0)\n            free(p);\n"),
)
EXITS = ((_TO, f"{_TO}    if (length >= NAME)\n        exit(1);\n"),)

REFUSES_EARLIER = (
    GUARD,
    ("        int bad = 0;\n", "        int bad = 0;\n        if (data[at] == 'v' && length == 0)\n            return -1;\n"),
)
"""Right: what its second guard turns away was turned away before."""

REFUSED = b"v\x00"
