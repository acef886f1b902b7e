"""Small programs with one planted flaw each. All read a file whose first bytes are numbers."""

_FRAME = """#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

%s

int main(int argc, char **argv)
{
    static unsigned char data[4096];
    FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
    size_t size;

    if (file == NULL)
        return 2;
    size = fread(data, 1, sizeof(data), file);
    fclose(file);
    if (size < 4)
        return 3;
    return handled(data, size);
}
"""

CARRIED = (
    _FRAME
    % """struct buffer {
    unsigned char *bytes;
    size_t capacity;
    size_t used;
};

static int append(struct buffer *buffer, const unsigned char *from, size_t length)
{
    if (from == NULL)
        return -1;
    memcpy(buffer->bytes + buffer->used, from, length);
    buffer->used += length;
    return 0;
}

static int handled(const unsigned char *data, size_t size)
{
    struct buffer buffer = {malloc(data[0] + 1), data[0] + 1, 0};
    size_t at = 1;

    while (at + 1 < size) {
        size_t length = data[at++];
        if (length > size - at)
            break;
        if (append(&buffer, data + at, length) != 0)
            return 4;
        at += length;
    }
    printf("%.*s (%zu)\\n", (int)buffer.used, buffer.bytes, buffer.capacity);
    free(buffer.bytes);
    return 0;
}
"""
)
CARRIED_PROOF = b"\x0f" + b"\x08abcdefgh" + b"\x0aABCDEFGHIJ" + b"\x02xy"
CARRIED_GOOD = (b"\x1f\x05hello\x04abcd", b"\x40\x10" + b"z" * 16, b"\x03\x02ab\x01c\x00")

INDEX = (
    _FRAME
    % """static int handled(const unsigned char *data, size_t size)
{
    int counts[24] = {0};
    size_t i;

    if (size < 5)
        return -1;
    for (i = 0; i < size; i++) {
        unsigned kind = data[i];
        counts[kind]++;
    }
    printf("%d\\n", counts[0]);
    return 0;
}
"""
)
INDEX_PROOF = b"\x01\x02\x17\x03\x20\x01"
INDEX_GOOD = (b"\x01\x02\x03\x04\x05", b"\x17\x17\x00\x10\x09\x08")

CHECKED = (
    _FRAME
    % """static int handled(const unsigned char *data, size_t size)
{
    int counts[24] = {0};
    int kind;

    if (size < 5)
        return -1;
    kind = data[2] - 100;
    if (kind >= 0) {
        counts[kind] = data[1];
        printf("%d %d\\n", kind, counts[kind]);
    } else {
        printf("no such kind\\n");
    }
    return 0;
}
"""
)
CHECKED_PROOF = b"\x01\x02\x90\x03\x20\x01"
CHECKED_GOOD = (b"\x01\x02\x70\x04\x05", b"\x17\x17\x00\x10\x09\x08")

OFF_BY_ONE = (
    _FRAME
    % """#define NAME_MAX_LENGTH 16

static int handled(const unsigned char *data, size_t size)
{
    char *name = malloc(NAME_MAX_LENGTH);
    size_t length = data[0];

    if (length > size - 1 || length > NAME_MAX_LENGTH) {
        free(name);
        return 5;
    }
    memcpy(name, data + 1, length);
    name[length] = 0;
    puts(name);
    free(name);
    return 0;
}
"""
)
OFF_BY_ONE_PROOF = b"\x10ABCDEFGHIJKLMNOP"
OFF_BY_ONE_GOOD = (b"\x03abc", b"\x0eABCDEFGHIJKLMN", b"\x30abc")

NEGATIVE = (
    _FRAME
    % """static int handled(const unsigned char *data, size_t size)
{
    char copy[300];
    int total = data[0], header = data[1];
    int length = total - header;

    if ((size_t)total > size - 2)
        return 5;
    memcpy(copy, data + 2, length);
    printf("%.*s\\n", length, copy);
    return 0;
}
"""
)
NEGATIVE_PROOF = b"\x03\x09abcdef"
NEGATIVE_GOOD = (b"\x06\x02abcdef", b"\x04\x04abcdef", b"\x05\x01abcdef")

NULL = (
    _FRAME
    % """struct entry {
    int kind;
    const char *name;
    int weight;
};

struct entry *found(int kind);

static int handled(const unsigned char *data, size_t size)
{
    int weight = 0;
    size_t i;

    if (data[0] != 'L')
        return -1;
    for (i = 1; i < size; i++) {
        struct entry *entry = found(data[i]);
        weight += entry->weight;
    }
    printf("%d\\n", weight);
    return 0;
}
"""
)
NULL_TABLE = """#include <stddef.h>

struct entry {
    int kind;
    const char *name;
    int weight;
};

static struct entry entries[] = {{1, "one", 3}, {2, "two", 4}, {7, "seven", 1}};

struct entry *found(int kind)
{
    size_t i;
    for (i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
        if (entries[i].kind == kind)
            return &entries[i];
    return NULL;
}
"""
"""In a file of its own: a compiler that sees both may take the path to NULL for impossible."""
NULL_PROOF = b"L\x01\x02\x07\x09\x01"
NULL_GOOD = (b"L\x01\x02\x07", b"L\x07\x07\x07", b"Xabc")

PRODUCT = (
    _FRAME
    % """struct image {
    uint16_t width, height;
    unsigned char *pixels;
    size_t capacity;
};

static int filled(struct image *image, const unsigned char *data)
{
    unsigned row;
    for (row = 0; row < image->height; row++)
        memset(image->pixels + row * image->width, data[row & 3], image->width);
    return 0;
}

static int handled(const unsigned char *data, size_t size)
{
    struct image image;
    unsigned char shades[4] = {0, 85, 170, 255};

    if (size < 6)
        return -1;
    image.width = data[0] | data[1] << 8;
    image.height = data[2] | data[3] << 8;
    image.capacity = data[4] * 16;
    image.pixels = malloc(image.capacity);
    if (image.pixels == NULL)
        return -1;
    filled(&image, shades);
    printf("%u\\n", image.pixels[0]);
    free(image.pixels);
    return 0;
}
"""
)
PRODUCT_PROOF = b"\x10\x00\x09\x00\x08\x00"
PRODUCT_GOOD = (b"\x10\x00\x08\x00\x08\x00", b"\x04\x00\x04\x00\x02\x00", b"\x08\x00\x10\x00\x08\x00")

LOOP = (
    _FRAME
    % """static int handled(const unsigned char *data, size_t size)
{
    char *word = malloc(size - 3);
    size_t i, words = 0;

    if (size > 300)
        return -1;
    memcpy(word, data + 3, size - 3);
    for (i = 0; word[i] != ';'; i++)
        if (word[i] == ' ')
            words++;
    printf("%zu\\n", words);
    free(word);
    return 0;
}
"""
)
"""The fault is in the header of a loop, where a statement before it would look only once."""
LOOP_PROOF = b"abcde fgh"
LOOP_GOOD = (b"abcde fgh;", b"abcd ; ", b"abc;", b"abc hello world and more;")

BITS = (
    _FRAME
    % """struct header {
    unsigned kind : 4, flags : 4;
    register_t unused;
    int lengths[2];
};

static int handled(const unsigned char *data, size_t size)
{
    struct header header = {data[0] & 15, data[0] >> 4, 0, {data[1], data[2]}};
    register size_t sum = 0;
    char *copy = malloc(40);
    int length = header.lengths[1];

    switch (header.kind) {
    case 1:
        copy[0] = 'x';
        break;
    default:
        if (header.flags) sum = header.flags; else memcpy(copy, data + 3, length);
    }
    printf("%zu %c\\n", sum + size, copy[0]);
    free(copy);
    return 0;
}
"""
)
"""Bit fields have no address, a register neither, and the body of an else has no braces."""
BITS_PROOF = b"\x02\x10\x60\x00ab"
BITS_GOOD = (b"\x02\x10\x20\x00", b"\x01\x10\x20\x00", b"\x12\x10\x20\x00", b"\x02\x10\x28\x00")
