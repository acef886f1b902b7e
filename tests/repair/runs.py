"""A small program that unpacks runs into a buffer of a length that its file says, and forgets what is filled already.

The file says how many runs there are, so that another length is refused. A proof needs one run that is too long; what
counts is what is left, and that only inputs of several runs tell.
"""

SOURCE = """#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int unpack(unsigned char *out, size_t capacity, const unsigned char *data, size_t size)
{
    size_t filled = 0, at = 0;

    while (at + 2 <= size) {
        size_t count = data[at];
        if (data[at] == 0)
            return -1;
        memset(out + filled, data[at + 1], count);
        filled += count;
        at += 2;
    }
    return 0;
}

int main(int argc, char **argv)
{
    unsigned char data[512], *out;
    size_t size;
    int bad;
    FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
    if (!file)
        return 2;
    size = fread(data, 1, sizeof data, file);
    fclose(file);
    if (size < 4 || !data[0] || size != 2 + 2u * data[1])
        return 3;
    out = calloc(data[0], 1);
    if (!out)
        return 4;
    bad = unpack(out, data[0], data + 2, size - 2);
    if (bad)
        printf("not good\\n");
    else
        printf("%.*s\\n", data[0], (char *)out);
    free(out);
    return bad ? 1 : 0;
}
"""


def packed(capacity: int, *runs: tuple[int, str]) -> bytes:
    """A file of these runs, with their number."""
    return bytes([capacity, len(runs), *(byte for count, letter in runs for byte in (count, ord(letter)))])


PROOF = packed(4, (40, "x"))
BENIGN = (packed(8, (3, "a"), (3, "b"), (2, "c")), packed(16, (5, "k"), (1, "l"), (4, "m"), (6, "n")), packed(3, (3, "z")))

_BEFORE = "        memset(out + filled"
FORGETS = ((_BEFORE, f"        if (count > capacity)\n            return -1;\n{_BEFORE}"),)
"""Each run fits; all of them together need not."""
RIGHT = ((_BEFORE, f"        if (count > capacity - filled)\n            return -1;\n{_BEFORE}"),)
