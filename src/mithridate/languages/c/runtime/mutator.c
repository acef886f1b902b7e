/* A mutator for libFuzzer that works on what the program reads at a time: its messages, lines and fields.
 *
 * The harness tells of each read() and of the input's end; from that an input's shape is known: where messages begin, and how much more
 * the program would have read. Half of the mutants are libFuzzer's own; the others are made of whole messages (repeated,
 * removed, moved, taken from other inputs, continued at the end), of one message changed in place, of numbers written in
 * digits or found to announce how much is read next, and of words made just as long as the program still takes them. Inputs without a shape (a format that is read in one piece) are left to libFuzzer.
 *
 * After: V.-T. Pham et al., "AFLNet", ICST 2020 (messages as units); C. Aschermann et al., "NAUTILUS", NDSS 2019 (splicing of parts).
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CUTS = 96, LENGTHS = 8, KNOWN_BITS = 12, KNOWN = 1 << KNOWN_BITS, POOL = 512, PIECE = 96, ROOM = 1 << 16 };
enum { WORDS = 512, WORD = 32, COMPARED = 256, SAID = 256, MARKS = 32 /* all of ASCII's */, STRETCH_SELDOM = 64 /* it takes some twenty executions */ };

struct shape {
    uint64_t key;
    uint32_t count;                      /* cuts used */
    uint32_t wanted;                     /* bytes that the program asked for at the end of its input */
    uint32_t lengths;
    uint32_t cut[CUTS];                  /* where a message begins; the first is 0 */
    struct { uint32_t at; uint8_t width, big; uint16_t follows; } length[LENGTHS]; /* a number that announces the next read */
};

static struct shape now, known[KNOWN];
static struct { const char *next; uint32_t at; uint8_t single; } reading;
static struct { uint8_t size, data[PIECE]; } pool[POOL];
static unsigned pooled;
static struct { uint8_t size; uint8_t data[WORD]; } words[WORDS];
static unsigned word_count;
static struct { uint8_t size; uint8_t data[WORD]; } said[SAID];
static uint8_t said_at[SAID]; /* the places of it that are filled */
static unsigned said_count;
static struct { uint8_t size; uint8_t data[WORD]; } saying;
static uint8_t marks[MARKS]; /* the punctuation that the program wrote, each once, the last to come behind the others */
static unsigned mark_count;
static uint64_t state;

extern size_t LLVMFuzzerMutate(uint8_t *, size_t, size_t) __attribute__((weak));

/* ---- what the harness tells --------------------------------------------------------------------------------------- */

static uint64_t key_of(const uint8_t *data, size_t size) {
    uint64_t h = size * 0x9E3779B97F4A7C15ull + 1;
    for (; size >= 8; data += 8, size -= 8) {
        uint64_t w;
        __builtin_memcpy(&w, data, 8);
        h = (h ^ w) * 0xD6E8FEB86659FD93ull;
        h ^= h >> 32;
    }
    for (; size; size--) h = (h ^ *data++) * 0x100000001B3ull;
    return h ^ h >> 29;
}

static void cut_at(uint32_t at) {
    if (now.count < CUTS && (!now.count || now.cut[now.count - 1] < at)) now.cut[now.count++] = at;
}

void mithridate_shape_begin(const uint8_t *data, size_t size) {
    now.key = key_of(data, size);
    now.count = now.wanted = now.lengths = 0;
    reading.next = NULL;
    reading.at = 0;
    reading.single = 0;
    saying.size = 0;
    cut_at(0);
}

/* A number just before this read that says how much it asks for. */
static void find_length(const uint8_t *data, uint32_t at, size_t asked) {
    if (asked < 2 || asked > 0xFFFF || now.lengths == LENGTHS) return;
    for (unsigned back = 1; back <= 8 && back <= at; back++)
        for (unsigned width = 1; width <= 4 && width <= back; width *= 2)
            for (unsigned big = 0; big < (width > 1 ? 2 : 1); big++) {
                uint32_t value = 0;
                for (unsigned i = 0; i < width; i++) value |= (uint32_t)data[at - back + (big ? width - 1 - i : i)] << 8 * i;
                if (value != asked || (width == 1 && asked < 4)) continue;
                now.length[now.lengths].at = at - back;
                now.length[now.lengths].width = (uint8_t)width;
                now.length[now.lengths].big = (uint8_t)big;
                now.length[now.lengths++].follows = (uint16_t)(back - width);
                return;
            }
}

/* The program asked for `asked` bytes into `to` and got `got`; `data` is the whole input. */
void mithridate_shape_read(const uint8_t *data, size_t size, const void *to, size_t asked, size_t got) {
    uint32_t at = reading.at;
    if (!got) {
        if (asked > now.wanted) now.wanted = (uint32_t)(asked < ROOM ? asked : ROOM);
        return;
    }
    if (at + got > size) return;
    if (asked > 1) {
        find_length(data, at, asked);
        cut_at(at);
        for (size_t i = 0; got > 1 && i + 1 < got; i++)
            if (data[at + i] == '\n') cut_at(at + (uint32_t)i + 1);
    } else {
        /* Byte by byte: a message ends with a line, and where the bytes no longer go to one address after the other. */
        int goes_on = reading.single && ((const char *)to == reading.next || (const char *)to + 1 == reading.next);
        if (!goes_on || (at && data[at - 1] == '\n')) cut_at(at);
    }
    reading.single = asked == 1;
    reading.next = (const char *)to + 1;
    reading.at = at + (uint32_t)got;
    if (got < asked && asked - got > now.wanted) now.wanted = (uint32_t)(asked - got);
}

/* Where nobody tells of reads: lines, if it is text. */
static void cut_lines(const uint8_t *data, size_t size) {
    size_t odd = 0;
    for (size_t i = 0; i < size; i++) odd += data[i] >= 127 || (data[i] < 32 && data[i] != '\n' && data[i] != '\r' && data[i] != '\t');
    if (odd * 16 > size) return;
    for (size_t i = 0; i + 1 < size; i++)
        if (data[i] == '\n') cut_at((uint32_t)i + 1);
}

/* ---- comparisons ---------------------------------------------------------------------------------------------------- */

extern void __sanitizer_weak_hook_memcmp(void *, const void *, const void *, size_t, int) __attribute__((weak));
extern int __asan_address_is_poisoned(const volatile void *) __attribute__((weak));
extern int mithridate_tracing(void);

static struct { uint8_t sizes[2], data[2][WORD]; } compared[COMPARED];

static size_t length_of(const uint8_t *p, size_t n, int ends) {
    size_t i = 0;
    while (i < n && !(__asan_address_is_poisoned && __asan_address_is_poisoned(p + i)) && !(ends && !p[i])) i++;
    return i;
}

/* A function of the project is about to compare `a` and `b` (comparisons.py): where they differ, one may be put for the other. */
void mithridate_compared(void *caller, const void *a, const void *b, unsigned long n, int ends) {
    if (!a || !b || !mithridate_tracing()) return;
    size_t most = n < WORD ? n : WORD, one = length_of(a, most, ends), two = length_of(b, most, ends), both = one < two ? one : two;
    if (one == two && !memcmp(a, b, one)) return;
    if (both > 1 && __sanitizer_weak_hook_memcmp) __sanitizer_weak_hook_memcmp(caller, a, b, both, 1);
    uint64_t key = key_of(b, two) ^ key_of(a, one) * 31 ^ (uintptr_t)caller;
    unsigned i = (unsigned)(key % COMPARED);
    compared[i].sizes[0] = (uint8_t)one;
    compared[i].sizes[1] = (uint8_t)two;
    memcpy(compared[i].data[0], a, one);
    memcpy(compared[i].data[1], b, two);
}

/* ---- words ---------------------------------------------------------------------------------------------------------- */

static int hex(int c) {
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) % 16 : -1;
}

/* The engine's dictionary: one "quoted" word a line, with \xNN, \\ and \". */
void mithridate_words(const char *path) {
    static char line[512];
    FILE *f = fopen(path, "r");
    if (!f) return;
    while (word_count < WORDS && fgets(line, sizeof line, f)) {
        char *p = strchr(line, '"'), *end = strrchr(line, '"');
        unsigned n = 0;
        for (p = p ? p + 1 : end; p && p < end && n < WORD; p++) {
            int high, low;
            if (p[0] == '\\' && p[1] == 'x' && (high = hex(p[2])) >= 0 && (low = hex(p[3])) >= 0) {
                words[word_count].data[n++] = (uint8_t)(high << 4 | low);
                p += 3;
            } else {
                if (p[0] == '\\') p++;
                words[word_count].data[n++] = (uint8_t)*p;
            }
        }
        words[word_count].size = (uint8_t)n;
        if (n) word_count++;
    }
    fclose(f);
}

static void mark_written(uint8_t c) {
    unsigned i = 0;
    while (i < mark_count && marks[i] != c) i++;
    if (i == mark_count && mark_count < MARKS) mark_count++;
    for (; i + 1 < mark_count; i++) marks[i] = marks[i + 1];
    marks[mark_count - 1] = c;
}

/* What the program says it may want to hear: the names of its commands, or a token that it has just made up. */
void mithridate_said(const char *text, size_t size) {
    for (size_t i = 0; i < size && i < 4096; i++) {
        uint8_t c = (uint8_t)text[i];
        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-') {
            if (saying.size < WORD) saying.data[saying.size++] = c;
            continue;
        }
        if (c > ' ' && c < 127) mark_written(c);
        if (saying.size > 1 && saying.size < WORD) {
            unsigned slot = (unsigned)(key_of(saying.data, saying.size) % SAID);
            if (!said[slot].size && said_count < SAID) said_at[said_count++] = (uint8_t)slot;
            said[slot].size = saying.size;
            memcpy(said[slot].data, saying.data, saying.size);
        }
        saying.size = 0;
    }
}

/* ---- mutants -------------------------------------------------------------------------------------------------------- */

static uint32_t random_below(uint32_t n) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return n ? (uint32_t)((state >> 20) % n) : 0;
}

struct input { uint8_t *data; size_t size, max; };

/* Put `n` bytes in the place of those from `start` to `end`; false when there is no room. */
static int replace(struct input *in, size_t start, size_t end, const uint8_t *with, size_t n) {
    if (in->size - (end - start) + n > in->max) return 0;
    memmove(in->data + start + n, in->data + end, in->size - end);
    memcpy(in->data + start, with, n);
    in->size += n - (end - start);
    return 1;
}

static uint8_t scratch[ROOM];

static size_t begin_of(const struct shape *s, uint32_t i, size_t size) { return i < s->count && s->cut[i] < size ? s->cut[i] : size; }

/* Some messages in a row. */
static void choose(const struct shape *s, size_t size, size_t *start, size_t *end) {
    uint32_t first = random_below(s->count), some = 1 + (random_below(3) ? 0 : random_below(4));
    *start = begin_of(s, first, size);
    *end = begin_of(s, first + some, size);
}

static const char *const numbers[] = {
    "0", "1", "-1", "2", "3", "7", "8", "9", "10", "16", "20", "31", "32", "33", "63", "64", "65", "99", "100", "127", "128", "129",
    "255", "256", "257", "999", "1000", "1023", "1024", "4096", "9999", "32767", "32768", "65535", "65536", "100000", "999999",
    "16777216", "1073741824", "2147483647", "2147483648", "-2147483648", "4294967295", "4294967296", "99999999999",
    "-9999999999", "0.1", "1e9", "00000001",
};

static size_t some_number(uint8_t *out, const uint8_t *was, size_t digits) {
    long long value = 0;
    for (size_t i = 0; i < digits && i < 15; i++) value = value * 10 + (was[i] - '0');
    switch (random_below(5)) {
    case 0: return (size_t)snprintf((char *)out, 32, "%lld", value + 1);
    case 1: return (size_t)snprintf((char *)out, 32, "%lld", value - 1);
    case 2: return (size_t)snprintf((char *)out, 32, "%u", random_below(16));
    default: {
        const char *n = numbers[random_below(sizeof numbers / sizeof *numbers)];
        memcpy(out, n, strlen(n));
        return strlen(n);
    }
    }
}

static int is_digit(uint8_t c) { return c >= '0' && c <= '9'; }

/* The same number for all of the line around `at`: what is given together is multiplied or added up. */
static int change_numbers(struct input *in, size_t at, const uint8_t *with, size_t n) {
    static uint8_t line[4096];
    size_t start = at, size = 0;
    while (start && in->data[start - 1] != '\n') start--;
    for (at = start; at < in->size && in->data[at] != '\n';) {
        if (size + n >= sizeof line) return 0;
        if (!is_digit(in->data[at])) {
            line[size++] = in->data[at++];
            continue;
        }
        memcpy(line + size, with, n);
        size += n;
        while (at < in->size && is_digit(in->data[at])) at++;
    }
    return replace(in, start, at, line, size);
}

static int change_number(struct input *in) {
    size_t start = in->size ? random_below((uint32_t)in->size) : 0, tries = 0;
    while (tries++ < in->size && !(in->data[start] >= '0' && in->data[start] <= '9')) start = (start + 1) % in->size;
    if (tries > in->size) return 0;
    while (start && in->data[start - 1] >= '0' && in->data[start - 1] <= '9') start--;
    size_t end = start;
    while (end < in->size && in->data[end] >= '0' && in->data[end] <= '9') end++;
    size_t n = some_number(scratch, in->data + start, end - start);
    if (!random_below(4)) return change_numbers(in, start, scratch, n);
    return replace(in, start, end, scratch, n);
}

/* A word of the dictionary, or one that the program said. */
static const uint8_t *some_word(size_t *size) {
    if (word_count && (!said_count || random_below(2))) {
        unsigned w = random_below(word_count);
        *size = words[w].size;
        return words[w].data;
    }
    if (said_count) {
        unsigned w = said_at[random_below(said_count)];
        *size = said[w].size;
        return said[w].data;
    }
    *size = 1;
    return (const uint8_t *)"1";
}

/* Half of the time one of those that were written last: they stand in the question. */
static uint8_t some_mark(void) {
    static const char usual[] = "()\"'[]{}<>=!&|+*";
    if (!mark_count) return (uint8_t)usual[random_below(sizeof usual - 1)];
    return marks[mark_count - 1 - random_below(mark_count > 8 && random_below(2) ? 8 : mark_count)];
}

/* A line of an expression or a command: words, numbers and marks in a row, or one mark many times, as brackets are nested. */
static size_t some_phrase(uint8_t *out, size_t most) {
    uint32_t parts = 1 + random_below(random_below(4) ? 5 : 12);
    size_t size = 0;
    if (!random_below(4)) {
        uint8_t mark = some_mark();
        for (uint32_t n = 1u << random_below(8); n && size + 1 < most; n--) out[size++] = mark;
        parts = random_below(3);
    }
    for (uint32_t i = 0; i < parts && size + WORD + 4 < most; i++) {
        const uint8_t *word;
        size_t n;
        if (size && random_below(4)) out[size++] = ' ';
        switch (random_below(8)) {
        case 0: case 1: case 2:
            for (n = 1 + !random_below(3); n; n--) out[size++] = some_mark();
            break;
        case 3: size += (size_t)snprintf((char *)out + size, 16, "%u", random_below(random_below(2) ? 10 : 1000)); break;
        case 4: /* a text in quotation marks */
            word = some_word(&n);
            out[size++] = '"';
            memcpy(out + size, word, n);
            size += n;
            out[size++] = '"';
            break;
        default:
            word = some_word(&n);
            memcpy(out + size, word, n);
            size += n;
        }
    }
    if (random_below(8)) out[size++] = '\n';
    return size;
}

/* A line of fields, as people are asked for: `10,2,3`, `7 on`. What stands between them may be seen in the question. */
static size_t some_fields(uint8_t *out, size_t most) {
    static const char usual[] = " ,:;/-.=|\t";
    uint32_t fields = 1 + random_below(random_below(8) ? 4 : 16), word = random_below(4), small = random_below(3), alike = random_below(4);
    uint8_t mark = random_below(2) && mark_count ? some_mark() : (uint8_t)usual[random_below(sizeof usual - 1)];
    size_t size = 0, n = 0;
    const uint8_t *from = out;
    char digits[16];
    for (uint32_t i = 0; i < fields && size + WORD + 2 < most; i++) {
        if (i) out[size++] = mark;
        if (i && !alike) {
            memmove(out + size, from, n);
            size += n;
            continue;
        }
        n = 0;
        from = (const uint8_t *)numbers[random_below(sizeof numbers / sizeof *numbers)];
        if (!word && !random_below(2)) from = some_word(&n);
        else if (small) from = (const uint8_t *)digits, n = (size_t)snprintf(digits, sizeof digits, "%u", random_below(small > 1 ? 10 : 100));
        else n = strlen((const char *)from);
        memcpy(out + size, from, n);
        size += n;
    }
    if (random_below(8)) out[size++] = '\n';
    return size;
}

/* A message to put in: from this input, from another one, or a word with the ending that messages have here. */
static size_t some_message(const struct shape *s, const struct input *in, uint8_t *out, size_t most) {
    size_t start, end, n;
    uint32_t kind = random_below(8);
    if (kind < 3 && pooled) {
        unsigned i = random_below(pooled < POOL ? pooled : POOL);
        n = pool[i].size < most ? pool[i].size : most;
        memcpy(out, pool[i].data, n);
        return n;
    }
    choose(s, in->size, &start, &end);
    n = end - start < most ? end - start : most;
    if (kind < 6) {
        memcpy(out, in->data + start, n);
        return n;
    }
    const uint8_t *word = some_word(&n);
    size_t size = n < most ? n : most;
    memcpy(out, word, size);
    int line = end > start && (in->data[end - 1] == '\n' || in->data[end - 1] == 0);
    if (size < most && line) out[size++] = in->data[end - 1];
    return size;
}

static int repeat(struct input *in, size_t start, size_t end) {
    size_t n = end - start, times = 1 + random_below(random_below(4) ? 2 : 1u << (1 + random_below(7)));
    if (!n || n > ROOM) return 0;
    if (in->size + n * times > in->max) times = (in->max - in->size) / n;
    if (!times) return 0;
    memcpy(scratch, in->data + start, n);
    memmove(in->data + end + n * times, in->data + end, in->size - end);
    for (size_t i = 0; i < times; i++) memcpy(in->data + end + n * i, scratch, n);
    in->size += n * times;
    return 1;
}

/* Make one message longer inside, to and beyond the sizes that buffers have. */
static int lengthen(struct input *in, size_t start, size_t end) {
    size_t n = 1u << (2 + random_below(random_below(3) ? 5 : 9));
    n += random_below(3) ? 0 : random_below(9);
    if (in->size + n > in->max) n = in->max - in->size;
    if (!n || n > ROOM) return 0;
    size_t at = start + random_below((uint32_t)(end - start));
    memset(scratch, random_below(3) && at < in->size ? in->data[at] : "A1 \xff"[random_below(4)], n);
    if (at < in->size && scratch[0] == '\n') memset(scratch, 'A', n);
    return replace(in, at, at, scratch, n);
}

static int change_length(const struct shape *s, struct input *in) {
    uint32_t which = random_below(s->lengths);
    size_t at = s->length[which].at, width = s->length[which].width, value = 0;
    if (at + width + s->length[which].follows > in->size) return 0;
    for (size_t i = 0; i < width; i++) value |= (size_t)in->data[at + (s->length[which].big ? width - 1 - i : i)] << 8 * i;
    if (value > 0xFFFF) return 0;
    size_t body = at + width + s->length[which].follows, wanted = value;
    if (random_below(2)) { /* another length, and as much of it */
        wanted = random_below(3) ? random_below(64) : random_below(2048);
        if (wanted > value) {
            size_t more = wanted - value, from = body + value <= in->size ? body + value : in->size;
            if (in->size + more > in->max || more > ROOM) return 0;
            memset(scratch, in->size > body ? in->data[body + random_below((uint32_t)(in->size - body))] : 'A', more);
            replace(in, from, from, scratch, more);
        } else if (body + value <= in->size) replace(in, body + wanted, body + value, scratch, 0);
    } else { /* a length that is not true */
        static const uint32_t odd[] = {0, 1, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000,
                                       0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFE};
        wanted = random_below(3) ? odd[random_below(sizeof odd / sizeof *odd)] : value + random_below(33) - 16;
    }
    for (size_t i = 0; i < width; i++) in->data[at + (s->length[which].big ? width - 1 - i : i)] = (uint8_t)(wanted >> 8 * i);
    return 1;
}

/* Put what something was compared with in its place. */
static int make_equal(struct input *in) {
    for (unsigned tries = 0; tries < 16; tries++) {
        unsigned i = random_below(COMPARED), from = random_below(2);
        size_t n = compared[i].sizes[from], first = in->size ? random_below((uint32_t)in->size) : 0;
        if (!n || n > in->size) continue;
        for (size_t k = 0; k < in->size; k++) {
            size_t at = (first + k) % in->size;
            if (at + n <= in->size && !memcmp(in->data + at, compared[i].data[from], n))
                return replace(in, at, at + n, compared[i].data[!from], compared[i].sizes[!from]);
        }
    }
    return 0;
}

/* Runs an input only to see which way it goes, in harness.c; 0 where that cannot be seen. */
extern uint64_t mithridate_way(const uint8_t *, size_t);

static uint8_t stretched[ROOM];

/* The input with the word from `at` to `stop` made `n` bytes long by repeating its bytes; gives the whole size, 0 for no room. */
static size_t with_word(const struct input *in, size_t at, size_t stop, size_t n) {
    size_t rest = in->size - stop, size = at + n + rest;
    if (size > in->max || size > ROOM) return 0;
    memcpy(stretched, in->data, at);
    for (size_t i = 0; i < n; i++) stretched[at + i] = in->data[at + i % (stop - at)];
    memcpy(stretched + at + n, in->data + stop, rest);
    return size;
}

/* Make a word as long as the program takes it: where it begins to go another way there is a check, and checks are off by a little. */
static int stretch(struct input *in, size_t start, size_t end) {
    size_t at = start + random_below((uint32_t)(end - start)), stop = at, low[16], high[16], n, size;
    unsigned turns = 0;
    while (at > start && in->data[at - 1] > ' ') at--;
    while (stop < end && in->data[stop] > ' ') stop++;
    if (stop == at) return 0;
    uint64_t way = 0, ways[16];
    for (size_t length = stop - at, last = 0; turns < 16; last = length, length *= 2) {
        if (!(size = with_word(in, at, stop, length))) break;
        uint64_t now_taken = mithridate_way(stretched, size);
        if (!now_taken) return 0;
        if (last && now_taken != way) {
            low[turns] = last;
            high[turns] = length;
            ways[turns++] = way;
        }
        way = now_taken;
    }
    if (!turns) return 0;
    unsigned turn = random_below(turns);
    while (high[turn] - low[turn] > 1) {
        size_t middle = low[turn] + (high[turn] - low[turn]) / 2;
        if (!(size = with_word(in, at, stop, middle))) return 0;
        if (mithridate_way(stretched, size) == ways[turn]) low[turn] = middle;
        else high[turn] = middle;
    }
    n = low[turn] + random_below(3) - random_below(2);
    if (!(size = with_word(in, at, stop, n ? n : 1))) return 0;
    memcpy(in->data, stretched, size);
    in->size = size;
    return 1;
}

static int structured(const struct shape *s, struct input *in) {
    size_t start, end, n;
    choose(s, in->size, &start, &end);
    if (!random_below(STRETCH_SELDOM)) return end > start && stretch(in, start, end);
    switch (random_below(s->lengths ? 25 : 22)) {
    case 0: case 1: case 2: case 3: /* one message, changed by libFuzzer */
        n = end - start;
        if (n > ROOM / 2) return 0;
        memcpy(scratch, in->data + start, n);
        {
            size_t room = in->max - in->size + n, most = n + 64 < room ? n + 64 : room;
            if (!most) return 0;
            n = LLVMFuzzerMutate(scratch, n, most);
        }
        return replace(in, start, end, scratch, n);
    case 4: return repeat(in, start, end);
    case 5: return s->count > 1 && replace(in, start, end, scratch, 0);
    case 6: case 7: /* another message in its place, or before it */
        n = some_message(s, in, scratch, ROOM);
        return replace(in, start, random_below(2) ? end : start, scratch, n);
    case 8: case 9: /* go on where the input ended */
        n = some_message(s, in, scratch, ROOM);
        return replace(in, in->size, in->size, scratch, n);
    case 10: /* as much as was asked for */
        n = s->wanted && s->wanted < 4096 ? s->wanted : 1 + random_below(16);
        for (size_t i = 0; i < n; i++) scratch[i] = (uint8_t)(random_below(4) ? 0 : random_below(256));
        if (random_below(2)) {
            size_t length;
            const uint8_t *word = some_word(&length);
            memcpy(scratch, word, length < n ? length : n);
        }
        return replace(in, in->size, in->size, scratch, n);
    case 11: case 12: return change_number(in);
    case 15: case 16: return make_equal(in);
    case 13: return lengthen(in, start, end);
    case 14: /* a word at the beginning of a message */
        {
            const uint8_t *word = some_word(&n);
            size_t over = random_below(2) ? n : 0;
            return replace(in, start, start + over < end ? start + over : end, word, n);
        }
    case 17: case 18: /* a word in the place of a word */
        {
            size_t at = start + random_below((uint32_t)(end - start)), stop = at;
            const uint8_t *word = some_word(&n);
            while (at > start && in->data[at - 1] > ' ') at--;
            while (stop < end && in->data[stop] > ' ') stop++;
            return replace(in, at, stop, word, n);
        }
    case 19: case 20: case 21: /* a line of fields where lines are read: at the end, or in the place of one */
        if (end == start || in->data[end - 1] != '\n') return 0;
        n = random_below(3) ? some_fields(scratch, ROOM) : some_phrase(scratch, ROOM);
        return random_below(3) ? replace(in, in->size, in->size, scratch, n) : replace(in, start, end, scratch, n);
    default: return change_length(s, in);
    }
}

static void remember(const struct shape *s, const uint8_t *data, size_t size) {
    for (uint32_t i = 0; i < s->count && i < 16; i++) {
        size_t start = begin_of(s, i, size), end = begin_of(s, i + 1, size), n = end - start;
        if (!n || n > PIECE) continue;
        unsigned at = pooled < POOL ? pooled : random_below(POOL);
        pooled += pooled < POOL;
        pool[at].size = (uint8_t)n;
        memcpy(pool[at].data, data + start, n);
    }
}

extern int mithridate_look(const uint8_t *, size_t); /* runs the target, in harness.c */

static const struct shape *shape_of(const uint8_t *data, size_t size) {
    uint64_t key = key_of(data, size);
    struct shape *slot = &known[key >> (64 - KNOWN_BITS)];
    if (slot->key == key && slot->count) return slot;
    if (now.key != key || !now.count) {
        if (!mithridate_look(data, size)) return NULL;
        if (now.count == 1 && !now.wanted) cut_lines(data, size);
        *slot = now;
        remember(slot, data, size);
        return slot;
    }
    if (now.count == 1 && !now.wanted) cut_lines(data, size);
    return &now;
}

__attribute__((weak)) size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed) {
    state = state * 31 + seed + 0x9E3779B97F4A7C15ull;
    const struct shape *s = random_below(2) && size && size <= ROOM ? shape_of(data, size) : NULL;
    if (s && (s->count > 1 || s->wanted)) {
        struct input in = {data, size, max};
        if (structured(s, &in) && in.size) return in.size;
    }
    return LLVMFuzzerMutate(data, size, max);
}
