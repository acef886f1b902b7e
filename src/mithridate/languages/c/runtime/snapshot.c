/* A snapshot of the target at the place where it first asks for its input, from which each further execution begins.
 *
 * Programs that compute tables or copy data before they read anything would do so for each input; what depends on the input is often a
 * hundredth of it. harness.c says when the target asks for input, what its memory is and what happened to it; here is the image of
 * it, the stack that it was made on, and the decision whether it pays and can be trusted.
 * Trust is earned: three inputs are run both ways, and later ones now and then. Where the coverage counters or the end differ, or
 * no time is saved, the snapshot is given up for good. Compiled without sanitizers. Decision 010.
 *
 * After: the fork server deferred by hand (M. Zalewski, AFL), here without a fork and found by itself.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "snapshot.h"

#define WEAK __attribute__((weak))

extern void *__real_mmap(void *, size_t, int, int, int, long);
extern void __real_free(void *);
extern int __mithridate_munmap(void *, size_t); /* memory.c */

enum { MOST_BYTES = 16 << 20, MOST_MAPPINGS = 64, MOST_PIECES = 1024, MOST_RECORDED = 1 << 18, MOST_LEFT = 1 << 16, MOST_BETWEEN = 32 };
enum { PAGE = 4096, OUR_FIRST_FD = 242 };
enum { SAMPLES = 7, MOST_SAMPLES = 1024, LEAST_NS = 20000, CHECKS = 3, ATTEMPTS = 4, CHECK_EVERY = 1 << 14 };

/* ---- the decision ------------------------------------------------------------------------------------------------ */

static struct {
    enum { OFF, MEASURING, TAKING, TRYING, USING } stage;
    const char *log;
    uint64_t startup_ns[SAMPLES], whole_ns[SAMPLES];
    unsigned samples, attempts, tried;
    uint64_t tried_inputs[CHECKS], full_ns, resumed_ns;
    unsigned long used;
} decision;

/* MITHRIDATE_SNAPSHOT_LOG: a file that is told what became of the snapshot. */
static void say(const char *what, uint64_t one, uint64_t two) {
    char line[256];
    int fd = decision.log ? open(decision.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;
    if (fd < 0) return;
    int n = snprintf(line, sizeof line, "%s %llu %llu\n", what, (unsigned long long)one, (unsigned long long)two);
    if (write(fd, line, (size_t)n) < 0) decision.log = NULL;
    syscall(SYS_close, fd);
}

void mithridate_snapshot_enable(const char *log) {
    decision.log = log;
    if (SNAPSHOTS) decision.stage = MEASURING;
}

static uint64_t key_of(const uint8_t *data, size_t size) {
    uint64_t key = size + 1;
    while (size--) key = (key ^ *data++) * 0x100000001B3ull;
    return key;
}

static int is_new(const uint8_t *data, size_t size) {
    uint64_t key = key_of(data, size);
    for (unsigned i = 0; i < decision.tried; i++)
        if (decision.tried_inputs[i] == key) return 0;
    if (decision.tried < CHECKS) decision.tried_inputs[decision.tried] = key;
    return size != 0;
}

enum course mithridate_snapshot_course(const uint8_t *data, size_t size) {
    switch (decision.stage) {
    case MEASURING: return MEASURED;
    case TAKING: return is_new(data, size) ? REHEARSED : FULL;
    case TRYING: return is_new(data, size) ? CHECKED : FULL;
    case USING: decision.used++; return !(decision.used & (decision.used - 1)) || decision.used % CHECK_EVERY == 0 ? CHECKED : RESUMED;
    default: return FULL;
    }
}

static uint64_t median(const uint64_t *of) {
    for (unsigned i = 0; i < SAMPLES; i++) {
        unsigned below = 0, same = 0;
        for (unsigned k = 0; k < SAMPLES; k++) { below += of[k] < of[i]; same += of[k] == of[i]; }
        if (below <= SAMPLES / 2 && below + same > SAMPLES / 2) return of[i];
    }
    return 0;
}

/* `startup_ns` is 0 when the target did not ask for input. */
void mithridate_snapshot_measured(uint64_t startup_ns, uint64_t whole_ns) {
    if (++decision.samples > MOST_SAMPLES) { decision.stage = OFF; return; }
    static unsigned filled;
    if (!startup_ns) return;
    decision.startup_ns[filled] = startup_ns;
    decision.whole_ns[filled] = whole_ns;
    if (++filled < SAMPLES) return;
    filled = 0;
    uint64_t startup = median(decision.startup_ns), whole = median(decision.whole_ns);
    if (startup < LEAST_NS || startup * 10 < whole * 3 || whole > TOO_SLOW_NS) return;
    say("worth it: start-up and whole, ns", startup, whole);
    decision.stage = TAKING;
}

void mithridate_snapshot_rehearsed(const char *refused) {
    if (!refused) { decision.stage = TRYING; return; }
    say(refused, decision.attempts, 0);
    if (++decision.attempts >= ATTEMPTS) decision.stage = OFF;
}

/* True while the snapshot may go on being used. */
int mithridate_snapshot_judged(int same, uint64_t full_ns, uint64_t resumed_ns) {
    if (decision.stage == OFF) return 0;
    if (!same) { mithridate_snapshot_give_up("given up: it did something else"); return 0; }
    if (decision.stage != TRYING) return 1;
    if (!decision.tried || full_ns < decision.full_ns) decision.full_ns = full_ns; /* the quickest: others were interrupted */
    if (!decision.tried || resumed_ns < decision.resumed_ns) decision.resumed_ns = resumed_ns;
    if (++decision.tried < CHECKS) return 1;
    if (decision.resumed_ns > decision.full_ns / 10 * 9) { mithridate_snapshot_give_up("given up: it saves no time"); return 0; }
    say("used: full and resumed, ns", decision.full_ns, decision.resumed_ns);
    decision.stage = USING;
    return 1;
}

/* ---- the target's stack ------------------------------------------------------------------------------------------ */

static struct { char *bottom, *top; } stack;
static void *back[5], *there[5];
static volatile uintptr_t lowest_there;

extern void __sanitizer_start_switch_fiber(void **, const void *, size_t) WEAK;
extern void __sanitizer_finish_switch_fiber(void *, const void **, size_t *) WEAK;
extern void __asan_get_shadow_mapping(size_t *scale, size_t *offset) WEAK;
extern __thread uintptr_t __sancov_lowest_stack WEAK __attribute__((tls_model("initial-exec")));

static uint8_t *shadow_of(const void *p) {
    static size_t scale, offset;
    if (!scale) __asan_get_shadow_mapping(&scale, &offset);
    return (uint8_t *)(((uintptr_t)p >> scale) + offset);
}

/* As deep as the system would let it go, within reason: an endless recursion has to touch all of it. */
static int make_stack(void) {
    struct rlimit limit;
    size_t size = 8 << 20, most = sizeof(void *) == 4 ? 16 << 20 : 64 << 20;
    if (stack.bottom) return 1;
    if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) size = (size_t)(limit.rlim_cur < most ? limit.rlim_cur : most);
    size = (size < 1 << 18 ? 1 << 18 : size) & ~(size_t)(PAGE - 1);
    char *p = __real_mmap(NULL, size + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) return 0;
    syscall(SYS_mprotect, p, PAGE, PROT_NONE);
    stack.bottom = p + PAGE;
    stack.top = p + PAGE + size;
    return 1;
}

/* Never returns: the target's end is a jump out of it (mithridate_stack_leave). */
extern void mithridate_stack_switch(char *top, void (*)(void)) __attribute__((noreturn));
#if defined(__x86_64__)
__asm__(".text\n.globl mithridate_stack_switch\n.type mithridate_stack_switch,@function\nmithridate_stack_switch:\n"
        "movq %rdi, %rsp\nxorl %ebp, %ebp\ncallq *%rsi\nud2\n");
#elif defined(__i386__)
__asm__(".text\n.globl mithridate_stack_switch\n.type mithridate_stack_switch,@function\nmithridate_stack_switch:\n"
        "movl 4(%esp), %eax\nmovl 8(%esp), %ecx\nmovl %eax, %esp\nxorl %ebp, %ebp\ncalll *%ecx\nud2\n");
#else
void mithridate_stack_switch(char *top, void (*f)(void)) { (void)top; (void)f; abort(); }
#endif

static void tell_sanitizer(const void *bottom, size_t size, const void **old, size_t *old_size) {
    __sanitizer_start_switch_fiber(NULL, bottom, size);
    __sanitizer_finish_switch_fiber(NULL, old, old_size);
}

static struct { const void *bottom; size_t size; uintptr_t lowest; } elsewhere; /* the stack that the engine runs on */

static void enter_stack(uintptr_t lowest) {
    elsewhere.lowest = __sancov_lowest_stack;
    __sancov_lowest_stack = lowest;
    tell_sanitizer(stack.bottom, (size_t)(stack.top - stack.bottom), &elsewhere.bottom, &elsewhere.size);
}
static uintptr_t exit_stack(void) {
    const void *bottom;
    size_t size;
    tell_sanitizer(elsewhere.bottom, elsewhere.size, &bottom, &size);
    uintptr_t lowest = __sancov_lowest_stack;
    __sancov_lowest_stack = elsewhere.lowest;
    return lowest;
}

__attribute__((noinline)) uintptr_t mithridate_stack_call(void (*f)(void), uintptr_t like) {
    madvise(stack.bottom, (size_t)(stack.top - stack.bottom), MADV_DONTNEED); /* nothing of what ran there before is left */
    if (__builtin_setjmp(back) == 0) {
        char *frame = stack.top - 2 * sizeof(void *);
        enter_stack((uintptr_t)stack.top);
        mithridate_stack_switch(stack.top - (((uintptr_t)frame - like) & 0xff0), f);
    }
    return exit_stack();
}

/* What the functions that were left had marked as out of bounds between their variables is no longer so. `lowest` is the stack pointer
 * where the target was left, or something else where it was lost. */
__attribute__((noinline)) void mithridate_stack_leave(uintptr_t lowest) {
    if (lowest < (uintptr_t)stack.bottom || lowest > (uintptr_t)stack.top) lowest = (uintptr_t)stack.bottom;
    uint8_t *from = shadow_of((void *)lowest), *to = shadow_of(stack.top);
    while (from < to) *from++ = 0;
    __builtin_longjmp(back, 1);
}

/* ---- the image --------------------------------------------------------------------------------------------------- */

struct piece { char *address; size_t size; uint64_t *copy; uint8_t *shadow; };
struct block { char *address; size_t size; char foreign, released, gone; };

static struct {
    int held;
    const char *broken;
    char *room; /* the copies */
    size_t used;
    struct piece pieces[MOST_PIECES], *runs, stack; /* runs of blocks that lie side by side */
    unsigned piece_count;
    size_t run_count;
    struct block *blocks; /* by address */
    uint32_t *released;
    size_t block_count, released_count;
    const char *low, *high;
    struct { char *address; size_t size; int prot, released; } mappings[MOST_MAPPINGS];
    unsigned mapping_count;
    int file; /* what is in the mappings */
    size_t file_size;
    struct { uint32_t index; uint8_t count; } *counters;
    size_t counter_count;
} image;

extern uint8_t __start___sancov_cntrs[] WEAK;
extern uint8_t __stop___sancov_cntrs[] WEAK;

/* Not memcpy: the sanitizer's would complain of what lies between the target's objects. */
static void copy_bytes(void *to, const void *from, size_t size) {
#if SNAPSHOTS
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
#else
    for (size_t i = 0; i < size; i++) ((char *)to)[i] = ((const char *)from)[i];
#endif
}

static void *room_for(size_t size) {
    size = (size + 15) & ~(size_t)15;
    if (size > MOST_BYTES || image.used + image.file_size + size > MOST_BYTES) return NULL;
    image.used += size;
    return image.room + image.used - size;
}

static int saved(struct piece *piece, void *p, size_t size, int with_shadow) {
    *piece = (struct piece){p, size, room_for(size), with_shadow ? room_for((size + 7) / 8) : NULL};
    if (!piece->copy || (with_shadow && !piece->shadow)) return 0;
    copy_bytes(piece->copy, p, size);
    if (with_shadow) copy_bytes(piece->shadow, shadow_of(p), (size + 7) / 8);
    return 1;
}

static void put_back(const struct piece *piece) {
    copy_bytes(piece->address, piece->copy, piece->size);
    if (piece->shadow) copy_bytes(shadow_of(piece->address), piece->shadow, (piece->size + 7) / 8);
}

int mithridate_snapshot_memory(void *p, size_t size) {
    return image.piece_count < MOST_PIECES && saved(&image.pieces[image.piece_count++], p, size, 0);
}

/* Through a file: the kernel says whether the target let the memory be read and written; here it would be a fault. */
int mithridate_snapshot_mapping(void *p, size_t size, int prot) {
    off_t at = (off_t)image.file_size;
    if (image.mapping_count == MOST_MAPPINGS || size > MOST_BYTES || image.used + image.file_size + size > MOST_BYTES) return 0;
    if (image.file < 0) { /* above the target's own descriptors */
        int fd = (int)syscall(SYS_memfd_create, "snapshot", 0);
        image.file = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, OUR_FIRST_FD);
        if (fd >= 0) syscall(SYS_close, fd);
        if (image.file < 0) return 0;
    }
    if (pwrite(image.file, p, size, at) != (ssize_t)size || pread(image.file, p, size, at) != (ssize_t)size) return 0;
    image.mappings[image.mapping_count].address = p;
    image.mappings[image.mapping_count].size = size;
    image.mappings[image.mapping_count].released = 0;
    image.mappings[image.mapping_count++].prot = prot;
    image.file_size += size;
    return 1;
}

/* ---- blocks ---- */

/* Not only the target's own calls: a block that came from inside a library must be known when the target releases it. */
static struct { void **all; size_t count; int on; } recorded;

extern size_t __sanitizer_get_allocated_size(const volatile void *) WEAK;
extern int __sanitizer_get_ownership(const volatile void *) WEAK;
extern int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void *, size_t), void (*)(const volatile void *)) WEAK;

static void was_allocated(const volatile void *p, size_t size) {
    (void)size;
    if (!recorded.on) return;
    if (recorded.count < MOST_RECORDED) recorded.all[recorded.count] = (void *)p;
    recorded.count++;
}

static void was_freed(const volatile void *p) {
    int i = image.held ? mithridate_block_index((const void *)p) : -1;
    if (i < 0) return;
    image.blocks[i].gone = 1; /* by a library that the target gave it to */
    image.broken = "given up: a library released a block";
}

int mithridate_snapshot_record(void) {
    static int hooked;
    if (!recorded.all) {
        recorded.all = __real_mmap(NULL, MOST_RECORDED * sizeof *recorded.all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (recorded.all == MAP_FAILED) { recorded.all = NULL; return 0; }
    }
    if (!hooked && __sanitizer_install_malloc_and_free_hooks) hooked = __sanitizer_install_malloc_and_free_hooks(was_allocated, was_freed);
    recorded.count = 0;
    return recorded.on = hooked && make_stack();
}

static int by_address(const void *a, const void *b) {
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    return (x > y) - (x < y);
}

/* Thousands of small blocks are copied as few long pieces, with what the sanitizer keeps between them. In less than MOST_BETWEEN
 * bytes there cannot lie another block. */
static int save_runs(void) {
    if (!(image.runs = room_for(image.block_count * sizeof *image.runs))) return 0;
    for (size_t i = 0; i < image.block_count; i++) {
        const struct block *b = &image.blocks[i];
        struct piece *run = image.run_count ? &image.runs[image.run_count - 1] : NULL;
        if (b->foreign) continue;
        char *end = b->address + ((b->size + 7) & ~(size_t)7);
        int beside = run && !image.blocks[i - 1].foreign && b->address - (run->address + run->size) < MOST_BETWEEN;
        if (beside) run->size = (size_t)(end - run->address);
        else image.runs[image.run_count++] = (struct piece){b->address, (size_t)(end - b->address), NULL, NULL};
    }
    for (size_t i = 0; i < image.run_count; i++)
        if (!saved(&image.runs[i], image.runs[i].address, image.runs[i].size, 1)) return 0;
    return 1;
}

int mithridate_snapshot_blocks(int (*of_target)(const void *), int (*to_skip)(const void *)) {
    if (!recorded.on || recorded.count > MOST_RECORDED) return 0;
    recorded.on = 0;
    qsort(recorded.all, recorded.count, sizeof *recorded.all, by_address);
    size_t live = 0;
    for (size_t i = 0; i < recorded.count; i++) {
        void *p = recorded.all[i];
        if ((!live || p != recorded.all[live - 1]) && __sanitizer_get_ownership(p) && !to_skip(p)) recorded.all[live++] = p;
    }
    image.blocks = room_for(live * sizeof *image.blocks);
    image.released = room_for(live * sizeof *image.released);
    if (!image.blocks || !image.released) return 0;
    for (size_t i = 0; i < live; i++) {
        char *p = recorded.all[i];
        image.blocks[image.block_count++] = (struct block){p, __sanitizer_get_allocated_size(p), !of_target(p), 0, 0};
    }
    image.low = live ? image.blocks[0].address : NULL;
    image.high = live ? image.blocks[live - 1].address : NULL;
    return save_runs();
}

int mithridate_block_index(const void *p) {
    if (!image.held || (const char *)p < image.low || (const char *)p > image.high) return -1;
    size_t from = 0, to = image.block_count;
    while (from < to) {
        size_t middle = (from + to) / 2;
        if (image.blocks[middle].address == p) return (int)middle;
        if (image.blocks[middle].address < (const char *)p) from = middle + 1;
        else to = middle;
    }
    return -1;
}

size_t mithridate_block_size(int i) { return image.blocks[i].size; }

/* It stays the sanitizer's, and nobody may touch it until it is put back. What a library allocated and the target releases is the
 * target's after all, and its content was not kept. */
int mithridate_block_release(int i) {
    struct block *b = &image.blocks[i];
    if (b->released) return 0;
    if (b->foreign) image.broken = "given up: the target released a library's block";
    b->released = 1;
    image.released[image.released_count++] = (uint32_t)i;
    uint8_t *shadow = shadow_of(b->address);
    for (size_t k = 0; k < (b->size + 7) / 8; k++) shadow[k] = 0xf7; /* poisoned by hand */
    return 1;
}

int mithridate_mapping_release(void *p, size_t size) {
    for (unsigned i = 0; image.held && i < image.mapping_count; i++)
        if ((char *)p >= image.mappings[i].address && (char *)p < image.mappings[i].address + image.mappings[i].size) {
            image.mappings[i].released = 1;
            return syscall(SYS_mprotect, p, size, PROT_NONE) == 0;
        }
    return 0;
}

/* ---- begin, end, use ---- */

static void drop(void) {
    for (size_t i = 0; image.held && i < image.block_count; i++) {
        struct block *b = &image.blocks[i];
        if (b->gone || (b->foreign && !b->released)) continue;
        image.low = image.high = NULL; /* no longer ours when the hook sees it */
        __real_free(b->address);
    }
    for (unsigned i = 0; image.held && i < image.mapping_count; i++) __mithridate_munmap(image.mappings[i].address, image.mappings[i].size);
    if (image.file >= 0) syscall(SYS_close, image.file);
    if (image.room) syscall(SYS_munmap, image.room, (size_t)MOST_BYTES);
    image.room = NULL;
    image.file = -1;
    image.held = 0;
}

void mithridate_snapshot_give_up(const char *why) {
    say(why, decision.used, image.used + image.file_size);
    decision.stage = OFF;
    recorded.on = 0;
    if (image.room) drop();
}

int mithridate_snapshot_begin(void) {
    if (!__asan_get_shadow_mapping || !__sanitizer_start_switch_fiber || !__sanitizer_get_ownership) return 0;
    if (image.room) drop();
    memset(&image, 0, sizeof image);
    image.file = -1;
    image.room = __real_mmap(NULL, MOST_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (image.room == MAP_FAILED) image.room = NULL;
    return image.room != NULL;
}

static int save_counters(void) {
    size_t n = (size_t)(__stop___sancov_cntrs - __start___sancov_cntrs), some = 0;
    if (!__start___sancov_cntrs) return 1;
    for (size_t i = 0; i < n; i++) some += __start___sancov_cntrs[i] != 0;
    if (!(image.counters = room_for(some * sizeof *image.counters))) return 0;
    for (size_t i = 0; i < n; i++)
        if (__start___sancov_cntrs[i]) {
            image.counters[image.counter_count].index = (uint32_t)i;
            image.counters[image.counter_count++].count = __start___sancov_cntrs[i];
        }
    return 1;
}

/* What start-up counted, as if it had run again. The instrumentation's counters wrap around too. */
void mithridate_snapshot_counters(void) {
    for (size_t i = 0; i < image.counter_count; i++) __start___sancov_cntrs[image.counters[i].index] += image.counters[i].count;
}

__attribute__((noinline)) static int save_stack(void) {
    /* With what may lie below the stack pointer, and what start-up left there: a variable that is never set shall find the same. */
    uintptr_t pointer = (uintptr_t)there[2] - 128, lowest = __sancov_lowest_stack;
    if (lowest < pointer) pointer = lowest > pointer - MOST_LEFT ? lowest : pointer - MOST_LEFT;
    char *from = (char *)(pointer & ~(uintptr_t)63);
    if (from < stack.bottom || from >= stack.top) return 0;
    size_t size = (size_t)(stack.top - from);
    if (!saved(&image.stack, from, size, 1)) return 0;
    lowest_there = __sancov_lowest_stack;
    image.held = 1;
    say("taken: bytes and blocks", image.used + image.file_size, image.block_count);
    return 1;
}

__attribute__((noinline)) int mithridate_snapshot_end(void) {
    if (!save_counters()) return 0;
    if (__builtin_setjmp(there)) return 2;
    return save_stack();
}

__attribute__((noinline, noreturn)) static void go_there(void) {
    put_back(&image.stack);
    __builtin_longjmp(there, 1);
}

__attribute__((noinline)) uintptr_t mithridate_stack_resume(void) {
    if (__builtin_setjmp(back) == 0) {
        enter_stack(lowest_there);
        go_there();
    }
    return exit_stack();
}

int mithridate_snapshot_held(void) { return image.held; }

/* Makes the target's memory as it was, all but its stack; says why the snapshot is lost, or NULL. */
const char *mithridate_snapshot_put_back(void) {
    if (image.broken) return image.broken;
    for (unsigned i = 0; i < image.piece_count; i++) put_back(&image.pieces[i]);
    for (size_t i = 0; i < image.run_count; i++) put_back(&image.runs[i]);
    while (image.released_count) image.blocks[image.released[--image.released_count]].released = 0;
    off_t at = 0;
    for (unsigned i = 0; i < image.mapping_count; i++) {
        size_t size = image.mappings[i].size;
        if (image.mappings[i].released) syscall(SYS_mprotect, image.mappings[i].address, size, image.mappings[i].prot);
        image.mappings[i].released = 0;
        if (pread(image.file, image.mappings[i].address, size, at) != (ssize_t)size) image.broken = "given up: a mapping changed";
        at += (off_t)size;
    }
    return image.broken;
}
