"""A small project of the tests' own: a program that reads a file of records, with flaws that fuzzing finds at once."""

from pathlib import Path

NAME = "notes"

SOURCE = """\
/* A file of records: a letter, a length, and that many bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const colours[4] = {"red", "green", "blue", "black"};

static void read_title(const unsigned char *data, size_t length)
{
    char *title = malloc(4);
    if (!title@TITLE@)
        return;
    memcpy(title, data, length);
    printf("title %.*s\\n", (int)length, title);
    free(title);
}

static void read_colour(const unsigned char *data, size_t length)
{
    if (length)
        printf("colour %s\\n", colours[data[0] @COLOUR@]);
}

static void read_key(const unsigned char *data, size_t length)
{
    unsigned hash = 2166136261u;
    size_t i;
    char *end;
    if (length < 9)
        return;
    for (i = 0; i < 8; i++) {
        hash ^= data[i];
        hash *= 16777619u;
    }
    if (hash != 0xd3dbc46du) /* that of "open up!": nobody guesses it */
        return;
    end = calloc(4, 1);
    if (!end)
        return;
    for (i = 8; i < length; i++)
        end[data[i]@KEY@] = 'e';
    printf("key %.4s\\n", end);
    free(end);
}

int main(int argc, char **argv)
{
    unsigned char data[4096];
    size_t size, at = 0;
    FILE *file;

    if (argc != 2) {
        fprintf(stderr, "usage: notes FILE\\n");
        return 2;
    }
    file = fopen(argv[1], "rb");
    if (!file) {
        perror(argv[1]);
        return 1;
    }
    size = fread(data, 1, sizeof data, file);
    fclose(file);
    while (at + 2 <= size && data[at + 1] <= size - at - 2) {
        if (data[at] == 'T')
            read_title(data + at + 2, data[at + 1]);
        else if (data[at] == 'C')
            read_colour(data + at + 2, data[at + 1]);
        else if (data[at] == 'K')
            read_key(data + at + 2, data[at + 1]);
        at += 2 + data[at + 1];
    }
    return 0;
}
"""

FLAWED = SOURCE.replace("@TITLE@", "").replace("@COLOUR@", "& 7").replace("@KEY@", "")
FIXED = SOURCE.replace("@TITLE@", " || length > 4").replace("@COLOUR@", "& 3").replace("@KEY@", " & 3")

TITLE = ("notes.c", "read_title", 122)
COLOUR = ("notes.c", "read_colour", 125)
KEY = ("notes.c", "read_key", 122)
"""(file, function, CWE) of each planted flaw. Nothing reaches the one in read_key by chance: it needs the words of KEY_INPUT."""

KEY_INPUT = b"K\x28open up!" + bytes(32)

MAKEFILE = """\
CFLAGS = -O1 -g
notes: notes.c
\t$(CC) $(CFLAGS) -o $@ notes.c
"""


def write(directory: Path, source: str = FLAWED) -> Path:
    """Write the project below `directory` and return its root."""
    root = directory / NAME
    (root / "tests").mkdir(parents=True)
    (root / "Makefile").write_text(MAKEFILE)
    (root / "notes.c").write_text(source)
    (root / "tests" / "one.notes").write_bytes(b"T\x03abcC\x01\x02")
    (root / "tests" / "two.notes").write_bytes(b"C\x01\x00T\x04blueK\x03abcXX\x04abcd")
    return root
