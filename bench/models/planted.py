"""A program with many flaws behind words that nobody guesses, and a hunter that knows some of them and lies at a given rate."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.models.scripted import Received, Reply

FLAWS = 8

_HEAD = """\
/* A file of records: a digit, a length, and that many bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned hashed(const unsigned char *data)
{
    unsigned hash = 2166136261u;
    int i;
    for (i = 0; i < 8; i++) {
        hash ^= data[i];
        hash *= 16777619u;
    }
    return hash;
}
"""
_FLAW = """
static void read_part@N@(const unsigned char *data, size_t length)
{
    char *end;
    size_t i;
    if (length < 9 || hashed(data) != @HASH@u)
        return;
    end = calloc(4, 1);
    if (!end)
        return;
    for (i = 8; i < length; i++)
        end[data[i]] = 'e';
    printf("part @N@ %.4s\\n", end);
    free(end);
}
"""
_MAIN = """
int main(int argc, char **argv)
{
    unsigned char data[4096];
    size_t size, at = 0;
    FILE *file;
    if (argc != 2) {
        fprintf(stderr, "usage: parts FILE\\n");
        return 2;
    }
    file = fopen(argv[1], "rb");
    if (!file)
        return 1;
    size = fread(data, 1, sizeof data, file);
    fclose(file);
    while (at + 2 <= size && data[at + 1] <= size - at - 2) {
        switch (data[at]) {
@CASES@
        }
        at += 2 + data[at + 1];
    }
    return 0;
}
"""


def word(number: int) -> bytes:
    """The eight bytes that open a part."""
    return hashlib.sha256(f"part {number}".encode()).hexdigest()[:8].encode()


def write(directory: Path) -> Path:
    """Write the project below `directory`; its root."""
    root = directory / "parts"
    (root / "tests").mkdir(parents=True)
    flaws = [_FLAW.replace("@N@", str(n)).replace("@HASH@", hex(_fnv(word(n)))) for n in range(FLAWS)]
    cases = "\n".join(f"        case '{n}': read_part{n}(data + at + 2, data[at + 1]); break;" for n in range(FLAWS))
    (root / "parts.c").write_text("".join([_HEAD, *flaws, _MAIN.replace("@CASES@", cases)]))
    (root / "Makefile").write_text("CFLAGS = -O1 -g\nparts: parts.c\n\t$(CC) $(CFLAGS) -o $@ parts.c\n")
    (root / "tests" / "one.parts").write_bytes(b"0\x03abc1\x01\x02")
    return root


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunter:
    """Knows the first `skill` (0 to 1) of the flaws, and tells `lies` times as many falsehoods as it knows truths, at least one
    where `lies` is not 0. Its falsehoods come with inputs that look like the true ones, with wrong words."""

    skill: float
    lies: float

    @property
    def known(self) -> Sequence[int]:
        """The flaws that it knows."""
        return range(round(self.skill * FLAWS))

    def __call__(self, got: Received) -> Reply:
        """Its answer, whatever it is asked."""
        if not got.is_for("hunter"):
            return Reply(text="no")
        truths = [_claim(n, b"%d\x28" % n + word(n) + b"~" * 32, f"part {n} writes behind four bytes") for n in self.known]
        count = max(1, round(self.lies * max(1, len(truths)))) if self.lies else 0
        lies = [_claim(n % FLAWS, _harmless(n), f"falsehood {n}") for n in range(min(count, 12 - len(truths)))]
        return Reply(calls=[("answer", {"leads": [*truths, *lies]})])


def _claim(number: int, data: bytes, claim: str) -> dict[str, Any]:
    return {
        "file": "parts.c",
        "line": 1,
        "function": "main" if claim.startswith("falsehood") else f"read_part{number}",
        "claim": claim,
        "inputs": [{"form": "hex", "value": data.hex()}],
    }


def _harmless(number: int) -> bytes:
    """An input that looks the part and opens none: the right words, even with nothing behind, would lead the engines there."""
    return b"%d\x28" % (number % FLAWS) + word(FLAWS + number) + b"~" * 32


def _fnv(data: bytes) -> int:
    hashed = 2166136261
    for byte in data:
        hashed = ((hashed ^ byte) * 16777619) & 0xFFFFFFFF
    return hashed
