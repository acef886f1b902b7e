"""A small project of the tests' own: one string without an end, read in two functions. Two findings, one root cause."""

from pathlib import Path

NAME = "label"

SOURCE = """\
/* A label: what to do with it, and its text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *label_of(const unsigned char *data, size_t size)
{
    char *label = malloc(size);
    if (!label)
        return NULL;
    memcpy(label, data, size);
    return label;
}

static void print_label(const char *label)
{
    printf("label %s\\n", label);
}

static void count_label(const char *label)
{
    printf("%d letters\\n", (int)strlen(label));
}

int main(int argc, char **argv)
{
    unsigned char data[256];
    size_t size;
    char *label;
    FILE *file;

    if (argc != 2) {
        fprintf(stderr, "usage: label FILE\\n");
        return 2;
    }
    file = fopen(argv[1], "rb");
    if (!file) {
        perror(argv[1]);
        return 1;
    }
    size = fread(data, 1, sizeof data, file);
    fclose(file);
    if (size < 2)
        return 3;
    label = label_of(data + 1, size - 1);
    if (!label)
        return 1;
    if (data[0] & 1)
        print_label(label);
    else
        count_label(label);
    free(label);
    return 0;
}
"""

PRINTED = ("label.c", "print_label", 125)
COUNTED = ("label.c", "count_label", 125)
"""(file, function, CWE) of the two places where the end is missed."""

MAKEFILE = """\
CFLAGS = -O1 -g
label: label.c
\t$(CC) $(CFLAGS) -o $@ label.c
"""


def write(directory: Path) -> Path:
    """Write the project below `directory` and return its root."""
    root = directory / NAME
    (root / "tests").mkdir(parents=True)
    (root / "Makefile").write_text(MAKEFILE)
    (root / "label.c").write_text(SOURCE)
    (root / "tests" / "one.label").write_bytes(b"ablue" + bytes(1))
    (root / "tests" / "two.label").write_bytes(b"bgreen" + bytes(1))
    return root
