/* A libFuzzer target that goes wrong in the way its input's first byte asks for. */
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static volatile size_t sink;

__attribute__((noinline)) static void spin(const uint8_t *data) { while (data[0]) sink++; }
__attribute__((noinline)) static void overflow(const uint8_t *data, size_t size) { sink += data[size + sink]; }
__attribute__((noinline)) static void swallow(void) {
    for (;;) { char *p = malloc(1 << 20); memset(p, 1, 1 << 20); sink += (size_t)p; }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) return 0;
    if (data[0] == 's') spin(data);
    if (data[0] == 'o') overflow(data, size);
    if (data[0] == 'm') swallow();
    return 0;
}
