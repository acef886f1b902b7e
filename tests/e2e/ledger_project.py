"""A small project of the tests' own, with a flaw that every input meets which gets anywhere, and another flaw behind it."""

from pathlib import Path

NAME = "ledger"

SOURCE = """\
/* A ledger: a header, then entries, each a letter, a number, and as many bytes, which may be zeros that were left out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void read_header(const unsigned char *data, size_t size)
{
    unsigned char *header = malloc(8);
    size_t i;

    if (!header)
        return;
    for (i = 0; i <= 8; i++)
        header[i] = i < size ? data[i] : 0;
    printf("header %02x %02x\\n", header[0], header[1]);
    free(header);
}

static void read_total(const unsigned char *data, size_t length)
{
    char *total = malloc(4);
    size_t i;

    if (!total)
        return;
    for (i = 0; i < length; i++)
        total[i] = (char)data[i];
    printf("total %.4s\\n", total);
    free(total);
}

int main(int argc, char **argv)
{
    static unsigned char data[4096 + 256];
    size_t size, at = 2;
    FILE *file;

    if (argc != 2) {
        fprintf(stderr, "usage: ledger FILE\\n");
        return 2;
    }
    file = fopen(argv[1], "rb");
    if (!file) {
        perror(argv[1]);
        return 1;
    }
    size = fread(data, 1, 4096, file);
    fclose(file);
    if (size < 2)
        return 3;
    read_header(data, size);
    while (at + 2 <= size) {
        if (data[at] == 'T')
            read_total(data + at + 2, data[at + 1]);
        at += 2 + data[at + 1];
    }
    return 0;
}
"""

HEADER = ("ledger.c", "read_header", 122)
TOTAL = ("ledger.c", "read_total", 122)
"""(file, function, CWE) of the flaw in front and of the one behind it."""

TOTAL_LINE = SOURCE.splitlines().index("        total[i] = (char)data[i];") + 1

MAKEFILE = """\
CFLAGS = -O1 -g
ledger: ledger.c
\t$(CC) $(CFLAGS) -o $@ ledger.c
"""


def write(directory: Path) -> Path:
    """Write the project below `directory` and return its root."""
    root = directory / NAME
    (root / "tests").mkdir(parents=True)
    (root / "Makefile").write_text(MAKEFILE)
    (root / "ledger.c").write_text(SOURCE)
    (root / "tests" / "short.ledger").write_bytes(b"x")
    return root
