/* One flaw for each first byte of the input file; the tests' only target. -DFIXED gives the same program without them. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define APART __attribute__((noinline))

static volatile char sink;
static char out[256];
static size_t size;
static unsigned char data[1 << 16];

static void *object(size_t n) { void *p = calloc(1, n); if (!p) exit(1); return p; }

#ifdef FIXED
#define GUARD(condition) if (condition) return
#else
#define GUARD(condition) (void)0
#endif

static APART void steered_write(void) {
    char *buffer = object(16);
    GUARD(data[1] >= 16);
    buffer[data[1]] = 1;
    sink = buffer[0];
    free(buffer);
}

static APART void fixed_write(void) {
    volatile char *buffer = object(16);
    volatile int where = 20;
    GUARD(where >= 16);
    buffer[where] = 1;
    free((void *)buffer);
}

static APART void sized_read(void) {
    char *buffer = object(16);
    volatile size_t n = data[1];
    GUARD(n > 16);
    memcpy(out, buffer, n);
    sink = out[data[2]];
    free(buffer);
}

static APART void sometimes(void) {
    unsigned char dice = 0;
    if (getrandom(&dice, 1, 0) != 1) exit(1);
    volatile char *buffer = object(8);
    if (dice & 1) sink = buffer[9];
    free((void *)buffer);
}

static APART void jump(void) {
    uint64_t where;
    memcpy(&where, data + 1, sizeof where);
    GUARD(1);
    ((void (*)(void))where)();
    sink = 1;
}

static APART void null(void) { int *volatile p = NULL; GUARD(p == NULL); *p = 1; }

static APART int descend(int depth) { volatile char pad[512]; pad[0] = (char)depth; return descend(depth + 1) + pad[0]; }

static APART void boom(void) {
    volatile char *buffer = object(16);
    if (memmem(data, size, "BOOM", 4)) sink = buffer[17];
    free((void *)buffer);
}

static APART void random_place(void) {
    char local = 0;
    volatile char *where = (char *)((uintptr_t)&local ^ ((uintptr_t)1 << 44));
    *where = 1;
}

static APART void step(unsigned i) { for (volatile unsigned k = 0; k < 1000; k++) sink = (char)(i + k); }

static APART void other_step(unsigned i) { for (volatile unsigned k = 0; k < 1000; k++) sink = (char)(i * k); }

static APART void spin(void) {
    for (volatile unsigned i = 0;; i++) {
        step(i);
        other_step(i);
    }
}

static APART void greedy(void) {
    size_t sum = 0;
    for (size_t i = 0; i < 1 << 12; i++) {
        char *more = malloc(1 << 20);
        if (!more) exit(1);
        memset(more, 1, 1 << 20);
        sum += (size_t)more[0];
    }
    sink = (char)sum;
}

int main(int argc, char **argv) {
    FILE *file = argc > 1 ? fopen(argv[argc - 1], "rb") : stdin;
    if (!file) return 2;
    size = fread(data, 1, sizeof data, file);
    if (argc > 2 && !strcmp(argv[1], "--always")) boom(), fixed_write();
    switch (data[0]) {
    case 'w': steered_write(); break;
    case 'f': fixed_write(); break;
    case 'r': sized_read(); break;
    case 'x': sometimes(); break;
    case 'j': jump(); break;
    case 'n': null(); break;
    case 's': descend(0); break;
    case 'm': boom(); break;
    case 'a': random_place(); break;
    case 'h': spin(); break;
    case 'g': greedy(); break;
    }
    return 0;
}
