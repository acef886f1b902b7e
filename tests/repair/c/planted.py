"""Small programs with one planted flaw each, the input that shows it, and one that must go on as before."""

from dataclasses import dataclass

_HEAD = """#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

"""
_MAIN = """
int main(int argc, char **argv)
{
    static unsigned char data[65536];
    FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
    if (!file)
        return 2;
    int size = (int)fread(data, 1, sizeof data - 1, file);
    fclose(file);
    printf("%d\\n", use(data, size));
    return 0;
}
"""


@dataclass(frozen=True)
class Planted:
    """`kind` is the violation's, `proposer` who should know it, `fix` what the first proposal that works adds."""

    name: str
    body: str
    kind: str
    proposer: str
    trigger: bytes
    good: bytes
    fix: str

    @property
    def source(self) -> str:
        return _HEAD + self.body.strip("\n") + "\n" + _MAIN


PLANTED = (
    Planted(
        "index-into-array",
        """
static const int weights[] = {3, 1, 4, 1, 5};

static int use(const unsigned char *data, int size)
{
    int sum = 0;
    if (size < 1)
        return -1;
    for (int i = 0; i < size; i++) {
        if (data[i] == 0xff)
            return -2;
        sum += weights[data[i]];
    }
    return sum;
}
""",
        "array-index-out-of-bounds global-buffer-overflow",
        "missing-bound",
        b"\x00\x01\x50",
        b"\x00\x01\x04",
        "+        if (data[i] >= sizeof weights / sizeof weights[0])\n",
    ),
    Planted(
        "copy-into-array",
        """
#define NAME_MAX_LENGTH 16
struct entry { int id; char name[NAME_MAX_LENGTH]; };

static int use(const unsigned char *data, int size)
{
    struct entry *entry = calloc(1, sizeof *entry);
    if (!entry)
        return -1;
    if (size < 2) {
        free(entry);
        return -2;
    }
    unsigned length = data[0];
    memcpy(entry->name, data + 1, length);
    int first = entry->name[0];
    free(entry);
    return first;
}
""",
        "heap-buffer-overflow",
        "missing-bound",
        b"\x80" + b"A" * 200,
        b"\x04ABCD",
        "if (length > NAME_MAX_LENGTH) {\n+        free(entry);\n+        return -2;\n+    }",
    ),
    Planted(
        "size-in-the-caller",
        """
static void fill(char *out, const unsigned char *from, int count)
{
    for (int i = 0; i < count; i++)
        out[i] = (char)from[i];
}

static int use(const unsigned char *data, int size)
{
    char text[12] = "";
    if (size < 1)
        return -1;
    fill(text, data, size);
    return text[0];
}
""",
        "stack-buffer-overflow",
        "missing-bound",
        b"A" * 40,
        b"ABC",
        "sizeof text)\n+        return -1;",
    ),
    Planted(
        "length-in-the-structure",
        """
struct ring { size_t size; size_t used; unsigned char *bytes; };

static int put(struct ring *ring, unsigned char byte)
{
    if (!ring->bytes)
        return -1;
    ring->bytes[ring->used++] = byte;
    return 0;
}

static int use(const unsigned char *data, int size)
{
    struct ring ring = {8, 0, malloc(8)};
    int failed = 0;
    for (int i = 0; i < size; i++)
        failed |= put(&ring, data[i]);
    free(ring.bytes);
    return failed;
}
""",
        "heap-buffer-overflow",
        "missing-bound",
        b"A" * 20,
        b"ABCDEFGH",
        "+    if (ring->used >= ring->size)\n",
    ),
    Planted(
        "one-too-many",
        """
static int use(const unsigned char *data, int size)
{
    int counts[10] = {0};
    for (int i = 0; i < size; i++) {
        int digit = data[i] - '0';
        if (digit < 0 || digit > 10)
            return -1;
        counts[digit]++;
    }
    return counts[1];
}
""",
        "array-index-out-of-bounds stack-buffer-overflow",
        "off-by-one",
        b"11:",
        b"1123",
        "+        if (digit < 0 || digit >= 10)",
    ),
    Planted(
        "no-room-for-the-terminator",
        """
static int use(const unsigned char *data, int size)
{
    char *copy = malloc(strlen((const char *)data));
    if (!copy)
        return -1;
    strcpy(copy, (const char *)data);
    int first = copy[0];
    free(copy);
    return first + (size > 99);
}
""",
        "heap-buffer-overflow",
        "off-by-one",
        b"ABCDEFGHIJKLMNOP",
        b"",
        "+    char *copy = malloc(strlen((const char *)data) + 1);",
    ),
    Planted(
        "unbounded-string",
        """
static int use(const unsigned char *data, int size)
{
    char title[16];
    if (size > 60000)
        return -1;
    strcpy(title, (const char *)data);
    strcat(title, ".");
    return (int)strlen(title);
}
""",
        "stack-buffer-overflow",
        "string-bounds",
        b"A" * 30,
        b"ABC",
        "sizeof title",
    ),
    Planted(
        "unbounded-format",
        """
static int use(const unsigned char *data, int size)
{
    char line[20];
    if (size > 60000)
        return -1;
    sprintf(line, "%d:%s", size, (const char *)data);
    return line[0];
}
""",
        "stack-buffer-overflow",
        "string-bounds",
        b"A" * 30,
        b"ABC",
        "+    snprintf(line, sizeof line, ",
    ),
    Planted(
        "product-wraps",
        """
static int use(const unsigned char *data, int size)
{
    if (size < 8)
        return -1;
    uint32_t count, width;
    memcpy(&count, data, 4);
    memcpy(&width, data + 4, 4);
    uint32_t total = count * width;
    if (total > 4096)
        return -2;
    unsigned char *rows = malloc(total + 1);
    if (!rows)
        return -3;
    for (uint32_t i = 0; i < count && i < 100000; i++)
        rows[i * (size_t)width] = 1;
    int first = rows[0];
    free(rows);
    return first;
}
""",
        "heap-buffer-overflow segv",
        "integer-wrap",
        b"\x00\x00\x01\x00\x00\x00\x01\x00",
        b"\x04\x00\x00\x00\x08\x00\x00\x00",
        "count != 0 && total / count != width",
    ),
    Planted(
        "negative-length",
        """
static int use(const unsigned char *data, int size)
{
    char name[32];
    if (size < 4)
        return -1;
    int length;
    memcpy(&length, data, 4);
    if (length > (int)sizeof name)
        return -2;
    memcpy(name, data + 4, length);
    return length ? name[0] : 0;
}
""",
        "negative-size-param",
        "signedness",
        b"\xff\xff\xff\xffAAAA",
        b"\x04\x00\x00\x00ABCD",
        "if (length < 0 || length > (int)sizeof name)",
    ),
    Planted(
        "negative-character",
        """
static int classes[128];

static int use(const unsigned char *data, int size)
{
    char key = (char)data[0];
    if (size < 1)
        return -1;
    if (key > 126)
        return -2;
    return classes[key] + size;
}
""",
        "array-index-out-of-bounds global-buffer-overflow",
        "signedness",
        b"\x90",
        b"A",
        "key < 0",
    ),
    Planted(
        "no-terminator",
        """
static int use(const unsigned char *data, int size)
{
    char label[8];
    if (size < 1)
        return -1;
    strncpy(label, (const char *)data, sizeof label);
    return (int)strlen(label);
}
""",
        "stack-buffer-overflow",
        "unterminated-string",
        b"ABCDEFGHIJ",
        b"ABC",
        "+    label[sizeof label - 1] = '\\0';",
    ),
    Planted(
        "unchecked-return",
        """
struct item { int key; int value; };
static struct item items[] = {{'a', 1}, {'b', 2}};

static struct item *find(int key)
{
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++)
        if (items[i].key == key)
            return &items[i];
    return NULL;
}

static int use(const unsigned char *data, int size)
{
    if (size < 1)
        return -1;
    struct item *item = find(data[0]);
    return item->value;
}
""",
        "null-dereference",
        "null-check",
        b"z",
        b"b",
        "+    if (!item)\n+        return -1;",
    ),
    Planted(
        "freed-and-used",
        """
struct state { char *text; int drops; };

static void drop(struct state *state)
{
    state->drops++;
    free(state->text);
}

static int use(const unsigned char *data, int size)
{
    struct state state = {malloc(4), 0};
    if (!state.text)
        return -1;
    state.text[0] = 'x';
    for (int i = 0; i < size; i++)
        if (data[i] == 'd')
            drop(&state);
    int drops = state.drops;
    if (!drops)
        free(state.text);
    return drops;
}
""",
        "double-free",
        "freed-memory",
        b"dd",
        b"d",
        "+    state->text = NULL;",
    ),
    Planted(
        "list-freed-while-walked",
        """
struct node { struct node *next; int value; };

static void clear(struct node *list)
{
    for (struct node *node = list; node; node = node->next)
        free(node);
}

static int use(const unsigned char *data, int size)
{
    struct node *list = NULL;
    for (int i = 0; i < size; i++) {
        struct node *node = malloc(sizeof *node);
        if (!node)
            return -1;
        node->next = list;
        node->value = data[i];
        list = node;
    }
    int last = list ? list->value : 0;
    clear(list);
    return last;
}
""",
        "heap-use-after-free",
        "freed-memory",
        b"ab",
        b"",
        "+        next = node->next;",
    ),
    Planted(
        "division",
        """
static int use(const unsigned char *data, int size)
{
    if (size < 2)
        return -1;
    unsigned width = data[0];
    return data[1] / width;
}
""",
        "division-by-zero",
        "division-by-zero",
        b"\x00\x08",
        b"\x02\x08",
        "+    if (width == 0)\n+        return -1;",
    ),
    Planted(
        "shift",
        """
static int use(const unsigned char *data, int size)
{
    if (size < 1)
        return -1;
    unsigned bits = data[0];
    return (int)(1u << bits);
}
""",
        "shift-exponent",
        "shift",
        b"\x40",
        b"\x03",
        "+    if (bits >= 32)\n+        return -1;",
    ),
    Planted(
        "signed-product",
        """
static int use(const unsigned char *data, int size)
{
    int factor;
    if (size < 4)
        return -1;
    memcpy(&factor, data, 4);
    if (factor < 0)
        return -2;
    return factor * 1000;
}
""",
        "signed-integer-overflow",
        "signed-overflow",
        b"\xff\xff\xff\x7f",
        b"\x02\x00\x00\x00",
        "if (factor > INT_MAX / 1000)",
    ),
    Planted(
        "counted-up",
        """
static int use(const unsigned char *data, int size)
{
    int count;
    if (size < 4)
        return -1;
    memcpy(&count, data, 4);
    count++;
    return count;
}
""",
        "signed-integer-overflow",
        "signed-overflow",
        b"\xff\xff\xff\x7f",
        b"\x02\x00\x00\x00",
        "+    if (count == INT_MAX)\n+        return -1;",
    ),
    Planted(
        "smaller-than-its-source",
        """
static int use(const unsigned char *data, int size)
{
    char told[4];
    char known[12] = "eleven long";
    if (size < 1 || data[0] == 'q')
        return -1;
    if (data[0] == 'n')
        return 3;
    memcpy(told, known, sizeof known);
    return told[0];
}
""",
        "stack-buffer-overflow",
        "object-size",
        b"a",
        b"n",
        "+    char told[12];",
    ),
    Planted(
        "elements-for-bytes",
        """
static int use(const unsigned char *data, int size)
{
    int *sums = malloc(10);
    int known[10] = {0}, sum;
    if (!sums)
        return -1;
    known[3] = size > 0 ? data[0] : 0;
    if (known[3] != 'n')
        memcpy(sums, known, 10 * sizeof(int));
    sum = known[3];
    free(sums);
    return sum;
}
""",
        "heap-buffer-overflow",
        "object-size",
        b"a",
        b"n",
        "malloc(10 * sizeof(*sums))",
    ),
    Planted(
        "size-of-the-pointer",
        """
struct record { long first, second, third; };

static int use(const unsigned char *data, int size)
{
    struct record *record = malloc(sizeof(record));
    int told = 0;
    if (!record)
        return -1;
    if (size > 0 && data[0] != 'n')
        record->third = told = data[0];
    free(record);
    return told;
}
""",
        "heap-buffer-overflow",
        "object-size",
        b"a",
        b"n",
        "malloc(sizeof(*record))",
    ),
    Planted(
        "told-the-size-of-the-source",
        """
static int use(const unsigned char *data, int size)
{
    char name[8];
    if (size < 1)
        return -1;
    snprintf(name, strlen((const char *)data) + 1, "%s", (const char *)data);
    return name[0];
}
""",
        "stack-buffer-overflow",
        "string-bounds",
        b"0123456789abcdef",
        b"short",
        "snprintf(name, sizeof name, ",
    ),
    Planted(
        "reduced-by-more-than-is-left",
        """
static int use(const unsigned char *data, int size)
{
    unsigned char held[64];
    unsigned int left = (unsigned)size < sizeof held ? (unsigned)size : sizeof held;
    unsigned int sum = 0, length;
    const unsigned char *at = held;
    memcpy(held, data, left);
    if (left < 1)
        return -1;
    while (left >= 2) {
        switch (*at++) {
        case 'a':
            length = *at++;
            left -= 2;
            if (length > 250 && length > left)
                return -1;
            if (length > 0) {
                at += length;
                left -= length;
            }
            break;
        case 'b':
            length = *at++;
            left -= 2;
            if (length > 0) {
                at += length;
                left -= length;
            }
            break;
        default:
            sum++;
            left--;
        }
    }
    return (int)sum;
}
""",
        "stack-buffer-overflow dynamic-stack-buffer-overflow",
        "left-over",
        b"a\x44xxxxxxxxxxxxxxxx",
        b"a\x02xxb\x01xzz",
        "+                if (length > left)\n+                    return -1;",
    ),
    Planted(
        "freed-in-a-branch-before-its-use",
        """
static int use(const unsigned char *data, int size)
{
    char *copy = NULL;
    int told = 0;
    copy = calloc(1, 16);
    if (!copy)
        return -1;
    if (size > 0) {
        copy[0] = (char)data[0];
        if (data[0] != 'n') {
            free(copy);
        }
    }
    if (size > 1) {
        told = copy[0];
    }
    return told;
}
""",
        "heap-use-after-free",
        "freed-memory",
        b"ab",
        b"n",
        "     }\n+    free(copy);\n     return told;",
    ),
    Planted(
        "before-its-object",
        """
static const unsigned char *start(const unsigned char *table)
{
    const unsigned char *at = table - 4;
    return at;
}

static int use(const unsigned char *data, int size)
{
    unsigned char table[8] = {1, 2, 3};
    const unsigned char *at;
    if (size < 1 || data[0] == 'n')
        return 0;
    at = start(table);
    return at[0] + at[1];
}
""",
        "stack-buffer-underflow",
        "before-object",
        b"a",
        b"n",
        "+    const unsigned char *at = table;",
    ),
    Planted(
        "nesting",
        """
static int depth_of(const unsigned char *data, int size, int at)
{
    volatile char room[512];
    room[0] = 1;
    if (at >= size || data[at] != '(')
        return 0;
    return room[0] + depth_of(data, size, at + 1);
}

static int use(const unsigned char *data, int size)
{
    return depth_of(data, size, 0);
}
""",
        "stack-overflow",
        "recursion-limit",
        b"(" * 60000,
        b"(((",
        "depth + 1",
    ),
    Planted(
        "declared-size",
        """
#define CHUNK_MAX 65536

static int use(const unsigned char *data, int size)
{
    uint64_t declared;
    if (size < 8)
        return -1;
    memcpy(&declared, data, 8);
    char *chunk = malloc(declared);
    memset(chunk, 1, declared < 16 ? declared : 16);
    int first = chunk[0];
    free(chunk);
    return first;
}
""",
        "allocation-size-too-big null-dereference",
        "allocation-limit null-check",
        b"\xff\xff\xff\xff\xff\xff\xff\x0f",
        b"\x10\x00\x00\x00\x00\x00\x00\x00",
        "return -1;",
    ),
    Planted(
        "assertion",
        """
#include <assert.h>

static int use(const unsigned char *data, int size)
{
    if (size < 1)
        return -1;
    assert(data[0] < 100);
    return data[0];
}
""",
        "assertion",
        "assertion",
        b"\xf0",
        b"\x05",
        "+    if (data[0] >= 100)\n",
    ),
    Planted(
        "no-value",
        """
static int use(const unsigned char *data, int size)
{
    char *copy;
    if (size > 1)
        copy = malloc(4);
    if (data[0] == 'k' && size > 1)
        copy[0] = 'k';
    free(copy);
    return size;
}
""",
        "bad-free segv heap-corruption",
        "uninitialised",
        b"x",
        b"kk",
        "+    char *copy = NULL;",
    ),
)
