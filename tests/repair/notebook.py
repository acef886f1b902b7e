"""A small project with two ways to one flaw, and patches for it that are wrong in one way each.

It reads records from a file: a kind, a length, that many bytes. Notes are copied into a buffer of sixteen bytes, whatever their
length; so are titles, through another function.
"""

import subprocess
from pathlib import Path

from mithridate.repair.diff import made

SOURCE = """#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int copied(char *to, const unsigned char *from, int length)
{
    for (int i = 0; i < length; i++)
        to[i] = from[i];
    return length;
}

int main(int argc, char **argv)
{
    unsigned char data[256];
    FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
    if (!file)
        return 2;
    int size = fread(data, 1, sizeof data, file);
    fclose(file);
    int notes = 0, last = 0, named = 0;
    char *title = malloc(16), *note = malloc(16);
    for (int at = 0; at + 2 <= size; ) {
        int length = data[at + 1];
        if (at + 2 + length > size)
            return 3;
        if (data[at] == 'n')
            last = copied(note, data + at + 2, length), notes++;
        else if (data[at] == 't')
            named = copied(title, data + at + 2, length);
        at += 2 + length;
    }
    printf("%d notes, the last: %.*s (%.*s)\\n", notes, last, note, named, title);
    free(note);
    free(title);
    return 0;
}
"""
MAKEFILE = "all: notebook\nnotebook: notebook.c\n\t$(CC) $(CFLAGS) -o notebook notebook.c\n"

OPTIONS = ("--budget", "6s", "--jobs", "2", "--replays", "3", "--engine", "libfuzzer", "--patch-search", "1s", "--format", "json")
"""Of a scan that finds the flaw."""

NOTE = b"n\x20" + b"A" * 32
TITLE = b"t\x18" + b"B" * 24
GOOD = b"n\x03abct\x02xyn\x05hello"


def write(root: Path) -> Path:
    """The project below `root`."""
    tree = root / "notebook"
    tree.mkdir(parents=True)
    (tree / "notebook.c").write_text(SOURCE)
    (tree / "Makefile").write_text(MAKEFILE)
    return tree


def git(tree: Path, *arguments: str) -> str:
    """What git says."""
    identity = ("-c", "user.name=a", "-c", "user.email=a@localhost")
    return subprocess.run(["git", "-C", tree, *identity, *arguments], capture_output=True, text=True, check=True).stdout


def repository(root: Path) -> Path:
    """The project with a sample below `root`, as a git repository of one commit."""
    tree = write(root)
    (tree / "samples").mkdir()
    (tree / "samples" / "good").write_bytes(GOOD)
    git(tree, "init", "-q")
    git(tree, "add", ".")
    git(tree, "commit", "-qm", "first")
    return tree


def patch(*replacements: tuple[str, str]) -> str:
    """A diff that replaces texts of the source."""
    text = SOURCE
    for old, new in replacements:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return made({"notebook.c": (SOURCE.encode(), text.encode())})


_LENGTH = "        int length = data[at + 1];\n"
RIGHT = patch((_LENGTH, f"{_LENGTH}        if (length > 16)\n            return 3;\n"))
"""Refuses both where the length is born, as the program refuses others."""

DOES_NOT_APPLY = RIGHT.replace(" int length = data[at + 1]", " int len = data[at + 1]")
DOES_NOT_BUILD = patch((_LENGTH, f"{_LENGTH}        if (lenght > 16)\n            return 3;\n"))
WARNS = patch((_LENGTH, f'{_LENGTH}        if (length > 16)\n            return "no";\n'))
TOO_LATE = patch((_LENGTH, f"{_LENGTH}        if (length > 64)\n            return 3;\n"))
"""The proof still fires."""

SIBLING = patch(
    (
        "        if (data[at] == 'n')\n",
        "        if (data[at] == 'n' && length > 16)\n            return 3;\n        if (data[at] == 'n')\n",
    )
)
"""Notes are refused; titles, which go through the same function, still run over."""

OFF_BY_ONE = patch((_LENGTH, f"{_LENGTH}        if (length > 17)\n            return 3;\n"))
"""The proof, which is longer, is silent."""
