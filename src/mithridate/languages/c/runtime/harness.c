/* Runs a program's main(), or a fuzz target, many times in one process, as if each time were the first.
 *
 * Linked by languages/c/link.py with --wrap for every symbol that has a __wrap_ twin below. Compiled without sanitizers.
 * After each input: the target's writable globals are put back as they were before the first, heap blocks and files that
 * it left behind are released, its exit() only ends the iteration. A violation is noted (the input is written to
 * MITHRIDATE_CANDIDATES) and ends the iteration too, so that a shallow flaw does not stop the search behind it.
 * What fires here is only a candidate; proofs come from fresh processes of an uninstrumented-for-coverage build.
 *
 * After: D. Ranjan et al., "ClosureX: Compiler Support for Correct Persistent Fuzzing", ASPLOS 2025 (state restoration);
 * M. Boehme, "STADS", TOSEM 2018 (species counts over sampled executions).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "fresh.h"
#include "peer.h"
#include "snapshot.h"

#define WEAK __attribute__((weak))

enum { LAST_TARGET_FD = 197, CWD_FD = 240, INPUT_FD = 241, MAX_ARGUMENTS = 64, MAX_FILES = 256, KEYS = 4096, KEPT_PER_KEY = 3, KEPT_PER_PLACE = 12, TOLERATED_READS = 64, PATIENCE_AT_END = 32,
       TRACE_TRIAL = 4096, TRACE_SELDOM = 4, SAMPLE_EVERY = 32 };

extern int __real_main(int, char **, char **) WEAK;
extern int LLVMFuzzerTestOneInput(const uint8_t *, size_t) WEAK;
extern int LLVMFuzzerInitialize(int *, char ***) WEAK;
extern int LLVMFuzzerRunDriver(int *, char ***, int (*)(const uint8_t *, size_t)) WEAK;
extern char **environ;

/* AFL++ runtime, present in AFL builds only. */
extern int __afl_persistent_loop(unsigned int) WEAK;
extern void __afl_manual_init(void) WEAK;
extern unsigned char *__afl_fuzz_ptr WEAK;
extern unsigned int *__afl_fuzz_len WEAK;
int __afl_sharedmem_fuzzing = 1;
/* afl-fuzz looks for these in the file to know how the program wants to be driven. */
__attribute__((used)) static const char persistent_mark[] = "##SIG_AFL_PERSISTENT##";
__attribute__((used)) static const char deferred_mark[] = "##SIG_AFL_DEFER_FORKSRV##";

/* Bounds of the target's writable data, gathered into one section by the linker script. */
extern char __mithridate_state_start[] WEAK;
extern char __mithridate_state_end[] WEAK;

/* Coverage counters of the whole binary, made by the compiler (one byte an edge). */
extern uint8_t __start___sancov_cntrs[] WEAK;
extern uint8_t __stop___sancov_cntrs[] WEAK;

extern uintptr_t __asan_get_report_pc(void) WEAK;
extern uintptr_t __executable_start WEAK;

/* workdir.c */
extern void mithridate_sweep_begin(int directory, const char *input);
extern void mithridate_sweep(int directory);

extern void *__real_malloc(size_t);
extern void *__real_calloc(size_t, size_t);
extern void *__real_realloc(void *, size_t);
extern void __real_free(void *);
extern FILE *__real_fopen(const char *, const char *);
extern FILE *__real_fopen64(const char *, const char *);
extern FILE *__real_fdopen(int, const char *);
extern FILE *__real_tmpfile(void);
extern int __real_fclose(FILE *);
extern void *__real_mmap(void *, size_t, int, int, int, long);
extern int __real_munmap(void *, size_t);
extern void __real_exit(int) __attribute__((noreturn));
extern void __real__exit(int) __attribute__((noreturn));

static struct {
    sigjmp_buf back;
    volatile sig_atomic_t inside; /* the target is running */
    volatile sig_atomic_t doomed; /* a violation was noted where we could not leave at once */
    const uint8_t *data;
    size_t size;
    int input_fd;
    int first_fd; /* the target's own descriptors start here and end below LAST_TARGET_FD */
    int ready;    /* the first input is about to be run */
    int traced;   /* comparisons of this execution are reported to the engine */
    int trace_all;
    unsigned trace_every;
    uint64_t trial_ns[2]; /* spent without and with tracing, while it is not decided how often to trace */
    size_t position; /* in the input, while read(0) is served from memory */
    int ahead;       /* the descriptor's own offset is behind it */
    int streamed;    /* the descriptor's own offset may be before it */
    int from_memory;
    int mute;     /* what the target writes to 1 and 2 is dropped */
    int fatal;    /* a violation ends the process, as libFuzzer's minimiser wants it */
    int tracking; /* what the target leaves behind is released: for programs, not for fuzz targets */
    int cwd_fd;
    pid_t pid;
    int argc;
    char *arguments[MAX_ARGUMENTS + 2];
    char *argument_copies[MAX_ARGUMENTS + 2];
    const char *input_path; /* NULL: the input goes to standard input */
    const char *candidates;
    const char *species_file;
    char *pristine;
    unsigned long executions;
    unsigned reads_at_end;
    int own_stack;        /* the target runs on a stack of its own (snapshot.c) */
    uintptr_t fault_sp;   /* its stack pointer where it met a fault */
    void *base;           /* the frame that called main() */
    uintptr_t depth_of_main; /* of that frame, below ours */
    uintptr_t used_stack; /* below that frame, by the execution before this one */
    int quiet, violated;  /* violations are not kept; there was one */
    int waiting;          /* the target has not asked for input yet, and we want to know when it does */
    enum course course;
    uint64_t asked_ns;
    const char *refused;  /* why no snapshot was taken */
    struct timespec untouched; /* when the working directory was last changed before this execution */
} run;

/* What a snapshot of the target holds of ours and of libc's. */
static struct { int optind, opterr, optopt, error; char *optarg; void *base; struct mithridate_peer peer; } saved;

/* ---- the target's heap, mappings and files ---------------------------------------------------------------------- */

enum { HEAP_BITS = 20, HEAP_SLOTS = 1 << HEAP_BITS };
#define GONE ((void *)1)
static struct { void **slots; uint32_t *used; size_t used_count; } heap;

static size_t slot_of(const void *p) { return ((uintptr_t)p >> 4) * 0x9E3779B97F4A7C15ull >> (64 - HEAP_BITS); }

/* Blocks from before main() (of constructors) are state too: their content is put back, and they are never really released. */
enum { EARLY = 512, EARLY_BYTES = 1 << 20 };
static struct { char *address; size_t size; char *copy; } early[EARLY];
static unsigned early_count;
static char *early_low = (char *)UINTPTR_MAX, *early_high;
extern size_t __sanitizer_get_allocated_size(const volatile void *) WEAK;

static int early_index(const void *p) {
    if ((char *)p < early_low || (char *)p > early_high) return -1;
    for (unsigned i = 0; i < early_count; i++)
        if (early[i].address == p) return (int)i;
    return -1;
}
static void early_add(void *p) {
    if (run.ready || early_count == EARLY || !__sanitizer_get_allocated_size) return;
    early[early_count].address = p;
    early[early_count++].size = __sanitizer_get_allocated_size(p);
    if ((char *)p < early_low) early_low = p;
    if ((char *)p > early_high) early_high = p;
}
static void early_remove(const void *p) {
    int i = run.ready ? -1 : early_index(p);
    if (i >= 0) early[i] = early[--early_count];
}
static void early_save(void) {
    size_t whole = 0;
    for (unsigned i = 0; i < early_count; i++) {
        if ((whole += early[i].size) > EARLY_BYTES) break;
        early[i].copy = __real_malloc(early[i].size);
        for (size_t k = 0; early[i].copy && k < early[i].size; k++) early[i].copy[k] = early[i].address[k];
    }
}
static void early_restore(void) {
    for (unsigned i = 0; i < early_count; i++)
        for (size_t k = 0; early[i].copy && k < early[i].size; k++) early[i].address[k] = early[i].copy[k];
}

static void heap_add(void *p) {
    if (!run.ready && p) early_add(p);
    if (!run.tracking || !run.inside || !p || heap.used_count >= HEAP_SLOTS / 2) return;
    size_t i = slot_of(p);
    while (heap.slots[i] && heap.slots[i] != GONE) i = (i + 1) & (HEAP_SLOTS - 1);
    if (!heap.slots[i]) heap.used[heap.used_count++] = (uint32_t)i;
    heap.slots[i] = p;
}

static void heap_remove(const void *p) {
    if (!run.ready && p) early_remove(p);
    if (!run.tracking || !run.inside || !p) return;
    for (size_t i = slot_of(p), n = 0; heap.slots[i] && n < HEAP_SLOTS; i = (i + 1) & (HEAP_SLOTS - 1), n++)
        if (heap.slots[i] == p) { heap.slots[i] = GONE; return; }
}

static int heap_has(const void *p) {
    for (size_t i = slot_of(p), n = 0; heap.slots[i] && n < HEAP_SLOTS; i = (i + 1) & (HEAP_SLOTS - 1), n++)
        if (heap.slots[i] == p) return 1;
    return 0;
}

static void heap_forget(void) {
    for (size_t n = 0; n < heap.used_count; n++) heap.slots[heap.used[n]] = NULL;
    heap.used_count = 0;
}

static void heap_release(void) {
    for (size_t n = 0; n < heap.used_count; n++) {
        void *p = heap.slots[heap.used[n]];
        heap.slots[heap.used[n]] = NULL;
        if (p && p != GONE) __real_free(p);
    }
    heap.used_count = 0;
}

static struct { void *address; size_t size; int prot, flags; } maps[MAX_FILES];
static FILE *files[MAX_FILES];

static FILE *file_add(FILE *f) {
    if (run.tracking && run.inside && f)
        for (int i = 0; i < MAX_FILES; i++)
            if (!files[i]) { files[i] = f; break; }
    return f;
}

extern void *__mithridate_mmap(void *, size_t, int, int, int, long); /* memory.c */
extern int __mithridate_munmap(void *, size_t);

static void files_release(void) {
    for (int i = 0; i < MAX_FILES; i++)
        if (files[i]) { __real_fclose(files[i]); files[i] = NULL; }
    for (int i = 0; i < MAX_FILES; i++)
        if (maps[i].address) { __mithridate_munmap(maps[i].address, maps[i].size); maps[i].address = NULL; }
}

static void leave(void) __attribute__((noreturn));
static void leave(void) {
    if (getpid() != run.pid) __real__exit(0);
    if (run.own_stack) mithridate_stack_leave(run.fault_sp ? run.fault_sp : (uintptr_t)__builtin_frame_address(0));
    siglongjmp(run.back, 1);
}
static void leave_if_doomed(void) { if (run.inside && run.doomed) leave(); }
static unsigned note(uintptr_t pc, void **frame, const char *why);

/* A block that outlives the execution is not really released. One of a snapshot is out of bounds from then on. */
static int kept(const void *p, void *pc, void **frame) {
    if (!run.tracking || !run.inside || !p) return 0;
    int i = mithridate_block_index(p);
    if (i < 0) return early_index(p) >= 0;
    if (!mithridate_block_release(i)) {
        note((uintptr_t)pc, frame, "asan-call");
        leave();
    }
    return 1;
}
#define KEPT(p) kept((p), __builtin_return_address(0), __builtin_frame_address(0))

#define ALLOCATING(call) do { leave_if_doomed(); void *p_ = (call); heap_add(p_); return p_; } while (0)
void *__wrap_malloc(size_t n) { ALLOCATING(__real_malloc(n)); }
void *__wrap_calloc(size_t n, size_t s) { ALLOCATING(__real_calloc(n, s)); }
void *__wrap_realloc(void *p, size_t n) {
    leave_if_doomed();
    int old = run.inside && p ? early_index(p) : -1;
    if (old >= 0) {
        char *moved = __real_malloc(n);
        for (size_t k = 0; moved && k < n && k < early[old].size; k++) moved[k] = early[old].address[k];
        heap_add(moved);
        return moved;
    }
    int block = run.inside && p ? mithridate_block_index(p) : -1;
    if (block >= 0) {
        size_t size = mithridate_block_size(block);
        char *moved = n ? __real_malloc(n) : NULL;
        if (n && !moved) return NULL;
        heap_add(moved);
        for (size_t k = 0; k < n && k < size; k++) moved[k] = ((char *)p)[k];
        KEPT(p);
        return moved;
    }
    heap_remove(p);
    void *q = __real_realloc(p, n);
    heap_add(q ? q : (n ? p : NULL));
    return q;
}
void __wrap_free(void *p) {
    leave_if_doomed();
    if (KEPT(p)) return;
    heap_remove(p);
    __real_free(p);
}
#define WRAP_ALLOCATOR(ret, name, params, args) \
    extern ret __real_##name params WEAK; \
    ret __wrap_##name params { ALLOCATING((void *)__real_##name args); }
WRAP_ALLOCATOR(void *, memalign, (size_t a, size_t n), (a, n))
WRAP_ALLOCATOR(void *, aligned_alloc, (size_t a, size_t n), (a, n))
WRAP_ALLOCATOR(void *, valloc, (size_t n), (n))
WRAP_ALLOCATOR(char *, strdup, (const char *s), (s))
WRAP_ALLOCATOR(char *, __strdup, (const char *s), (s))
WRAP_ALLOCATOR(char *, strndup, (const char *s, size_t n), (s, n))
WRAP_ALLOCATOR(void *, _Znwm, (size_t n), (n))
WRAP_ALLOCATOR(void *, _Znam, (size_t n), (n))
WRAP_ALLOCATOR(void *, _Znwj, (size_t n), (n))
WRAP_ALLOCATOR(void *, _Znaj, (size_t n), (n))
extern int __real_posix_memalign(void **, size_t, size_t);
int __wrap_posix_memalign(void **out, size_t a, size_t n) {
    int r = __real_posix_memalign(out, a, n);
    if (!r) heap_add(*out);
    return r;
}
#define WRAP_RELEASER(name, params, args) \
    extern void __real_##name params WEAK; \
    void __wrap_##name params { leave_if_doomed(); if (KEPT(p)) return; heap_remove(p); __real_##name args; }
WRAP_RELEASER(_ZdlPv, (void *p), (p))
WRAP_RELEASER(_ZdaPv, (void *p), (p))
WRAP_RELEASER(_ZdlPvm, (void *p, size_t n), (p, n))
WRAP_RELEASER(_ZdaPvm, (void *p, size_t n), (p, n))
WRAP_RELEASER(_ZdlPvj, (void *p, size_t n), (p, n))
WRAP_RELEASER(_ZdaPvj, (void *p, size_t n), (p, n))

FILE *__wrap_fopen(const char *a, const char *b) { return file_add(__real_fopen(a, b)); }
FILE *__wrap_fopen64(const char *a, const char *b) { return file_add(__real_fopen64(a, b)); }
static void settle_offset(void);
/* A stream on a standard descriptor is closed after the iteration; the descriptor is still wanted then. */
FILE *__wrap_fdopen(int a, const char *b) {
    settle_offset();
    if (run.tracking && run.inside && a >= 0 && a <= 2 && (a = dup(a)) < 0) return NULL;
    return file_add(__real_fdopen(a, b));
}
FILE *__wrap_tmpfile(void) { return file_add(__real_tmpfile()); }
int __wrap_fclose(FILE *f) {
    leave_if_doomed();
    if (run.inside && (f == stdin || f == stdout || f == stderr)) return fflush(f);
    for (int i = 0; run.inside && i < MAX_FILES; i++)
        if (files[i] == f) files[i] = NULL;
    return __real_fclose(f);
}
void *__wrap_mmap(void *a, size_t n, int prot, int flags, int fd, long off) {
    void *p = (run.inside ? __mithridate_mmap : __real_mmap)(a, n, prot, flags, fd, off);
    if (run.tracking && run.inside && p != MAP_FAILED)
        for (int i = 0; i < MAX_FILES; i++)
            if (!maps[i].address) {
                maps[i].address = p;
                maps[i].size = n;
                maps[i].prot = prot;
                maps[i].flags = flags;
                break;
            }
    if (fd >= 0) run.waiting = 0;
    return p;
}
int __wrap_munmap(void *p, size_t n) {
    if (run.inside && mithridate_mapping_release(p, n)) return 0;
    for (int i = 0; run.inside && i < MAX_FILES; i++)
        if (maps[i].address == p) {
            if (n < maps[i].size) { maps[i].address = (char *)p + n; maps[i].size -= n; }
            else maps[i].address = NULL;
        }
    return run.inside ? __mithridate_munmap(p, n) : __real_munmap(p, n);
}
int __wrap_close(int fd) {
    extern int __real_close(int);
    if (run.tracking && run.inside && (fd < run.first_fd || fd > LAST_TARGET_FD)) {
        if (fd == 0) run.from_memory = run.waiting = 0;
        return 0;
    }
    return __real_close(fd);
}

/* A program that goes on reading at the end of its input waits for more than there will be: its iteration is over. */
static void at_end_of_input(void) {
    if (run.inside && ++run.reads_at_end > PATIENCE_AT_END) leave();
}
/* What the mutator learns of an input's shape (mutator.c). */
extern void mithridate_shape_begin(const uint8_t *, size_t);
extern void mithridate_shape_read(const uint8_t *, size_t, const void *, size_t, size_t);
extern void mithridate_words(const char *);
extern void mithridate_said(const char *, size_t);

/* read(0) is served from memory: programs that read byte by byte would make a system call for each. Whatever else looks at the
 * descriptor's offset finds it where it should be. */
static void settle_offset(void) {
    if (!run.inside || !run.ahead) return;
    run.ahead = 0;
    syscall(SYS_lseek, 0, (long)run.position, SEEK_SET);
}
static long read_input(void *b, size_t asked, size_t n);
void mithridate_input_wanted(void) __attribute__((used, visibility("hidden")));
void mithridate_stream_wanted(void) __attribute__((used, visibility("hidden")));

/* A stream reads in blocks: what is read after it begins where its block ended. */
static void asked_stream(FILE *f) {
    settle_offset();
    if (f == stdin) mithridate_input_wanted();
    run.streamed = 1;
}
void mithridate_stream_wanted(void) { asked_stream(stdin); }
static void follow_streams(void) {
    if (run.streamed) run.position = (size_t)syscall(SYS_lseek, 0, 0L, SEEK_CUR);
    run.streamed = 0;
}

/* For peer.c. */
int mithridate_input_at(const uint8_t **data, size_t *size, size_t *at) {
    if (!run.inside || !run.from_memory) return 0;
    follow_streams();
    *data = run.data;
    *size = run.size;
    *at = run.position;
    return 1;
}

long __wrap_read(int fd, void *b, size_t n) {
    extern long __real_read(int, void *, size_t);
    int ours = fd == 0 && run.inside;
    if (ours && run.from_memory) mithridate_input_wanted();
    long most = ours ? mithridate_peer_read(n) : (long)n;
    if (most < 0) return -1;
    if (ours && run.from_memory) return read_input(b, n, (size_t)most);
    long r = __real_read(fd, b, (size_t)most);
    if (fd == 0 && r == 0 && n) at_end_of_input();
    return r;
}
#define ELSEWHERE(ret, name, params, args) \
    ret __wrap_##name params { \
        extern ret __real_##name params; \
        settle_offset(); \
        if (run.inside) run.from_memory = run.waiting = 0; \
        return __real_##name args; \
    }
ELSEWHERE(long, lseek, (int fd, long at, int from), (fd, at, from))
ELSEWHERE(long long, lseek64, (int fd, long long at, int from), (fd, at, from))
ELSEWHERE(int, dup, (int fd), (fd))
ELSEWHERE(long, readv, (int fd, const void *v, int n), (fd, v, n))
int __wrap_dup2(int from, int to) {
    extern int __real_dup2(int, int);
    settle_offset();
    if (run.inside) { run.waiting = 0; run.from_memory &= from != 0 && to != 0; run.mute &= to != 1 && to != 2; }
    return __real_dup2(from, to);
}
/* What the program says goes nowhere: no system call is needed for it. */
long __wrap_write(int fd, const void *b, size_t n);
char *__wrap_fgets(char *b, int n, FILE *f) {
    extern char *__real_fgets(char *, int, FILE *);
    asked_stream(f);
    char *r = __real_fgets(b, n, f);
    if (!r) at_end_of_input();
    return r;
}
size_t __wrap_fread(void *b, size_t s, size_t n, FILE *f) {
    extern size_t __real_fread(void *, size_t, size_t, FILE *);
    asked_stream(f);
    size_t r = __real_fread(b, s, n, f);
    if (!r && s && n) at_end_of_input();
    return r;
}
#define WRAP_GETC(name) \
    int __wrap_##name(FILE *f) { \
        extern int __real_##name(FILE *); \
        asked_stream(f); \
        int c = __real_##name(f); \
        if (c == EOF) at_end_of_input(); \
        return c; \
    }
WRAP_GETC(getc) WRAP_GETC(fgetc) WRAP_GETC(_IO_getc)
int __wrap_getchar(void) {
    extern int __real_getchar(void);
    asked_stream(stdin);
    int c = __real_getchar();
    if (c == EOF) at_end_of_input();
    return c;
}

/* Calls that are passed on, whatever their arguments are. Some ask for input as well. The others do what a snapshot would not hold, or
 * look at the input in another way; after one of these none is taken. */
__attribute__((visibility("hidden"))) int mithridate_spoilt;
#if defined(__x86_64__)
#define PASSED_ON(name, first) \
    __asm__(".text\n.globl __wrap_" #name "\n.type __wrap_" #name ",@function\n.weak __real_" #name "\n__wrap_" #name ":\n" first \
            "jmp *__real_" #name "@GOTPCREL(%rip)\n");
#define ASKS(name) \
    PASSED_ON(name, "push %rdi\npush %rsi\npush %rdx\npush %rcx\npush %r8\npush %r9\npush %rax\ncall mithridate_stream_wanted\n" \
                    "pop %rax\npop %r9\npop %r8\npop %rcx\npop %rdx\npop %rsi\npop %rdi\n")
#define SPOILS(name) PASSED_ON(name, "movl $1, mithridate_spoilt(%rip)\n")
#elif defined(__i386__)
#define PASSED_ON(name, first) \
    __asm__(".text\n.globl __wrap_" #name "\n.type __wrap_" #name ",@function\n.weak __real_" #name "\n__wrap_" #name ":\n" first \
            "call 1f\n1: popl %ecx\naddl $_GLOBAL_OFFSET_TABLE_+(.-1b), %ecx\njmp *__real_" #name "@GOT(%ecx)\n");
#define ASKS(name) PASSED_ON(name, "subl $12, %esp\ncall mithridate_stream_wanted\naddl $12, %esp\n")
#define SPOILS(name) \
    PASSED_ON(name, "call 2f\n2: popl %ecx\naddl $_GLOBAL_OFFSET_TABLE_+(.-2b), %ecx\nmovl $1, mithridate_spoilt@GOTOFF(%ecx)\n")
#else
#define ASKS(name)
#define SPOILS(name)
#endif
ASKS(scanf) ASKS(__isoc99_scanf) ASKS(__isoc23_scanf) ASKS(gets) ASKS(getchar_unlocked) ASKS(getc_unlocked) ASKS(fgetc_unlocked)
ASKS(fread_unlocked) ASKS(fgets_unlocked) ASKS(getline) ASKS(getdelim) ASKS(__getdelim) ASKS(__uflow)
SPOILS(pread) SPOILS(pread64) SPOILS(fstat) SPOILS(fstat64) SPOILS(__fxstat) SPOILS(__fxstat64)
SPOILS(mmap64) SPOILS(mremap) SPOILS(mprotect) SPOILS(sbrk) SPOILS(brk) SPOILS(pthread_create) SPOILS(setitimer)
SPOILS(srand) SPOILS(srandom) SPOILS(srand48) SPOILS(seed48) SPOILS(lcong48) SPOILS(initstate) SPOILS(setstate)

/* libc would keep a pointer into memory that we release. */
int __wrap_setvbuf(FILE *f, char *b, int m, size_t n) {
    extern int __real_setvbuf(FILE *, char *, int, size_t);
    return run.inside ? 0 : __real_setvbuf(f, b, m, n);
}
void __wrap_setbuf(FILE *f, char *b) { (void)f; (void)b; }
int __wrap_putenv(char *s) {
    extern int __real_putenv(char *);
    size_t n = strlen(s) + 1;
    char *kept = __real_malloc(n);
    return kept ? __real_putenv(memcpy(kept, s, n)) : -1;
}
int __wrap_atexit(void (*f)(void)) {
    extern int __real_atexit(void (*)(void));
    return run.inside ? 0 : __real_atexit(f);
}
void *__wrap_signal(int sig, void *handler) {
    extern void *__real_signal(int, void *);
    return run.inside ? NULL : __real_signal(sig, handler);
}
int __wrap_sigaction(int sig, const struct sigaction *a, struct sigaction *old) {
    extern int __real_sigaction(int, const struct sigaction *, struct sigaction *);
    if (!run.inside) return __real_sigaction(sig, a, old);
    if (old) memset(old, 0, sizeof *old);
    return 0;
}
unsigned __wrap_alarm(unsigned s) { (void)s; return 0; }
unsigned __wrap_sleep(unsigned s) { (void)s; return 0; }
int __wrap_usleep(unsigned s) { (void)s; return 0; }
int __wrap_nanosleep(const void *a, void *b) { (void)a; (void)b; return 0; }

/* ---- candidates -------------------------------------------------------------------------------------------------- */

static struct counted { uintptr_t key; unsigned count; } keys[KEYS], places[KEYS];

/* What is only repeated is not counted again. */
static unsigned times(struct counted *table, uintptr_t key) {
    size_t i = (uint64_t)key * 0x9E3779B97F4A7C15ull >> 52;
    for (int n = 0; n < KEYS; n++, i = (i + 1) % KEYS)
        if (!table[i].key || table[i].key == key) {
            table[i].key = key;
            return run.quiet ? table[i].count : ++table[i].count;
        }
    return ~0U;
}

/* Return addresses relative to the executable, so that keys agree between processes. */
static uintptr_t stack_key(uintptr_t pc, void **frame) {
    uintptr_t key = pc, low = (uintptr_t)frame, high = low + (1 << 20);
    for (int n = 0; n < 3 && frame; n++) {
        if ((uintptr_t)frame < low || (uintptr_t)frame > high || (uintptr_t)frame % sizeof(void *) || frame == run.base) break;
        key = key * 31 + (uintptr_t)frame[1] - (uintptr_t)&__executable_start;
        if (frame[0] <= (void *)frame) break;
        frame = frame[0];
    }
    return key | 1;
}

static void keep(uintptr_t pc, uintptr_t key, const char *why) {
    char temporary[512], final[512];
    snprintf(temporary, sizeof temporary, "%s/.%d-%lu", run.candidates, (int)run.pid, run.executions);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) return;
    size_t done = 0;
    while (done < run.size) {
        ssize_t n = write(fd, run.data + done, run.size - done);
        if (n <= 0) break;
        done += (size_t)n;
    }
    syscall(SYS_close, fd);
    /* The numbered names bound what all processes of a slice keep together. */
    for (int i = 0; done == run.size && i < KEPT_PER_KEY; i++) {
        snprintf(final, sizeof final, "%s/%s-%lx-%lx-%d", run.candidates, why, (unsigned long)pc, (unsigned long)key, i);
        if (link(temporary, final) == 0) break;
    }
    unlink(temporary);
}

/* Notes a violation at `pc` and says how often this process has seen one there. */
static unsigned note(uintptr_t pc, void **frame, const char *why) {
    pc -= (uintptr_t)&__executable_start;
    uintptr_t key = stack_key(pc, frame);
    unsigned here = times(places, pc | 1), so = times(keys, key);
    run.violated = 1;
    if (run.candidates && run.inside && !run.quiet && here <= KEPT_PER_PLACE && so <= KEPT_PER_KEY) keep(pc, key, why);
    return here;
}

/* ASan calls these where a check failed; in a recovering build the access itself comes after they return.
 * A bad write ends the iteration. So does a bad read, until it has become so common that it hides what lies behind. */
#define WRAP_REPORT(name, tolerated) \
    void __wrap___asan_report_##name##_noabort(uintptr_t a, size_t n) { \
        extern void __real___asan_report_##name##_noabort(uintptr_t, size_t); \
        if (!run.inside || run.fatal) __real___asan_report_##name##_noabort(a, n); \
        else if (note((uintptr_t)__builtin_return_address(0), __builtin_frame_address(0), "asan") <= (tolerated)) leave(); \
    }
WRAP_REPORT(load1, TOLERATED_READS) WRAP_REPORT(load2, TOLERATED_READS) WRAP_REPORT(load4, TOLERATED_READS)
WRAP_REPORT(load8, TOLERATED_READS) WRAP_REPORT(load16, TOLERATED_READS) WRAP_REPORT(load_n, TOLERATED_READS)
WRAP_REPORT(store1, UINT32_MAX) WRAP_REPORT(store2, UINT32_MAX) WRAP_REPORT(store4, UINT32_MAX)
WRAP_REPORT(store8, UINT32_MAX) WRAP_REPORT(store16, UINT32_MAX) WRAP_REPORT(store_n, UINT32_MAX)

/* Copies are checked before they happen: the runtime would report a bad one and then carry it out, and with it wreck the heap. */
extern void *__asan_region_is_poisoned(void *, size_t) WEAK;
static int harmed(const void *p, size_t n) { return __asan_region_is_poisoned && __asan_region_is_poisoned((void *)p, n) != NULL; }
#define CHECK_COPY(d, s, n) \
    if (run.inside && !run.fatal && (n)) { \
        int writes = (n) > PTRDIFF_MAX || harmed((d), (n)), reads = !writes && (s) && harmed((s), (n)); \
        if (writes || reads) { \
            unsigned here = note((uintptr_t)__builtin_return_address(0), __builtin_frame_address(0), "asan"); \
            if (writes || here <= TOLERATED_READS) leave(); \
        } \
    }
#define WRAP_COPY(name) \
    extern void *__real_##name(void *, const void *, size_t); \
    void *__wrap_##name(void *d, const void *s, size_t n) { CHECK_COPY(d, s, n) return __real_##name(d, s, n); }
#define WRAP_FILL(name) \
    extern void *__real_##name(void *, int, size_t); \
    void *__wrap_##name(void *d, int c, size_t n) { CHECK_COPY(d, (void *)0, n) return __real_##name(d, c, n); }
WRAP_COPY(memcpy) WRAP_COPY(memmove) WRAP_COPY(__asan_memcpy) WRAP_COPY(__asan_memmove)
WRAP_FILL(memset) WRAP_FILL(__asan_memset)

static long read_input(void *b, size_t asked, size_t n) {
    follow_streams();
    size_t left = run.size - run.position, got = n < left ? n : left;
    mithridate_shape_read(run.data, run.size, b, asked, got);
    if (!got && n) at_end_of_input();
    CHECK_COPY(b, (void *)0, got)
    memcpy(b, run.data + run.position, got);
    run.position += got;
    run.ahead = 1;
    return (long)got;
}

long __wrap_write(int fd, const void *b, size_t n) {
    extern long __real_write(int, const void *, size_t);
    if (!run.inside || !run.mute || (fd != 1 && fd != 2)) return __real_write(fd, b, n);
    leave_if_doomed();
    if (n && harmed(b, n) && note((uintptr_t)__builtin_return_address(0), __builtin_frame_address(0), "asan") <= TOLERATED_READS) leave();
    if (run.traced) mithridate_said(b, n);
    return (long)n;
}

/* Violations seen inside the runtime (memcpy, free, …): it holds locks now, so leave at the next safe call. */
void __asan_on_error(void) {
    if (!run.inside || run.fatal) return;
    note(__asan_get_report_pc ? __asan_get_report_pc() : 0, __builtin_frame_address(0), "asan-call");
    run.doomed = 1;
}
void __ubsan_on_report(void) {
    if (run.inside && !run.fatal) note((uintptr_t)__builtin_return_address(0), __builtin_frame_address(0), "ubsan");
}

static void on_fault(int sig, siginfo_t *info, void *context) {
    ucontext_t *c = context;
    (void)info;
#if defined(__x86_64__)
    uintptr_t pc = (uintptr_t)c->uc_mcontext.gregs[REG_RIP], fp = (uintptr_t)c->uc_mcontext.gregs[REG_RBP];
    uintptr_t sp = (uintptr_t)c->uc_mcontext.gregs[REG_RSP];
#elif defined(__i386__)
    uintptr_t pc = (uintptr_t)c->uc_mcontext.gregs[REG_EIP], fp = (uintptr_t)c->uc_mcontext.gregs[REG_EBP];
    uintptr_t sp = (uintptr_t)c->uc_mcontext.gregs[REG_ESP];
#else
    uintptr_t pc = (uintptr_t)c->uc_mcontext.pc, fp = (uintptr_t)c->uc_mcontext.regs[29], sp = (uintptr_t)c->uc_mcontext.sp;
#endif
    if (!run.inside) {
        signal(sig, SIG_DFL);
        raise(sig);
        return;
    }
    /* The frame pointer is only worth following when it lies on the stack that was in use. */
    run.fault_sp = sp;
    note(pc, fp > sp && fp < sp + (1 << 20) ? (void **)fp : NULL, sig == SIGABRT ? "abort" : "signal");
    leave();
}

void __wrap_abort(void) {
    if (run.inside && !run.fatal) {
        note((uintptr_t)__builtin_return_address(0), __builtin_frame_address(0), "abort");
        leave();
    }
    abort();
}
void __wrap___assert_fail(const char *a, const char *f, unsigned l, const char *fn) {
    (void)a; (void)f; (void)l; (void)fn;
    if (run.inside && !run.fatal) {
        note((uintptr_t)__builtin_return_address(0), __builtin_frame_address(0), "abort");
        leave();
    }
    abort();
}

/* ---- ends of an iteration ---------------------------------------------------------------------------------------- */

void __wrap_exit(int c) { if (run.inside) leave(); __real_exit(c); }
void __wrap__exit(int c) { if (run.inside) leave(); __real__exit(c); }
void __wrap__Exit(int c) { if (run.inside) leave(); __real__exit(c); }
void __wrap_err(int c) { __wrap__exit(c); } /* the message's arguments do not matter */
void __wrap_errx(int c) { __wrap__exit(c); }
void __wrap_verr(int c) { __wrap__exit(c); }
void __wrap_verrx(int c) { __wrap__exit(c); }
void __wrap_error(int status, int e, const char *f, ...) { (void)e; (void)f; if (status) __wrap_exit(status); }

/* ---- one input --------------------------------------------------------------------------------------------------- */

static void supply_input(void) {
    if (run.input_path) {
        struct stat s;
        if (stat(run.input_path, &s) != 0) { /* the target removed or renamed it */
            int fd = open(run.input_path, O_RDWR | O_CREAT | O_TRUNC, 0644);
            if (fd >= 0 && fd != run.input_fd) { dup2(fd, run.input_fd); syscall(SYS_close, fd); }
        }
    }
    size_t done = 0;
    while (done < run.size) {
        ssize_t n = pwrite(run.input_fd, run.data + done, run.size - done, (off_t)done);
        if (n <= 0) break;
        done += (size_t)n;
    }
    if (ftruncate(run.input_fd, (off_t)run.size) != 0) return;
    if (!run.input_path) {
        lseek(run.input_fd, 0, SEEK_SET);
        dup2(run.input_fd, 0);
        __fpurge(stdin);
        clearerr(stdin);
    }
}

/* Not memcpy: the sanitizer's would complain of the red zones between globals. */
static void copy_words(void *to, const void *from, size_t size) {
    uint64_t *t = to;
    const uint64_t *f = from;
    for (size_t i = 0; i < size / sizeof *t; i++) t[i] = f[i];
}

static void start_anew(void) {
    if (run.pristine) copy_words(__mithridate_state_start, run.pristine, (size_t)(__mithridate_state_end - __mithridate_state_start));
    early_restore();
}

static void restore(void) {
    run.doomed = 0;
    files_release();
    heap_release();
    if (!mithridate_snapshot_held()) start_anew();
    else {
        const char *lost = mithridate_snapshot_put_back();
        if (lost) { mithridate_snapshot_give_up(lost); start_anew(); }
    }
    if (fchdir(run.cwd_fd) != 0) errno = 0;
    mithridate_sweep(run.cwd_fd);
    optind = 0;
    opterr = 1;
#ifdef SYS_close_range
    syscall(SYS_close_range, run.first_fd, LAST_TARGET_FD, 0);
#endif
}

/* ---- comparison tracing ------------------------------------------------------------------------------------------ */

/* libFuzzer's bookkeeping of every comparison can cost more than the target itself. Where it does, only every fourth execution
 * is traced: the first executions are traced in turns to find out. Tail calls, so that the engine still sees the comparison's own address.
 * AFL++ compares in a process of its own and says at once that nothing is to be done elsewhere. */
#define WRAP_COMPARISON(name, type) \
    extern void __real___sanitizer_cov_trace_##name(type, type); \
    void __wrap___sanitizer_cov_trace_##name(type a, type b) { \
        if (run.traced) __attribute__((musttail)) return __real___sanitizer_cov_trace_##name(a, b); \
    }
WRAP_COMPARISON(cmp1, uint8_t) WRAP_COMPARISON(cmp2, uint16_t) WRAP_COMPARISON(cmp4, uint32_t) WRAP_COMPARISON(cmp8, uint64_t)
WRAP_COMPARISON(const_cmp1, uint8_t) WRAP_COMPARISON(const_cmp2, uint16_t)
WRAP_COMPARISON(const_cmp4, uint32_t) WRAP_COMPARISON(const_cmp8, uint64_t)
extern void __real___sanitizer_cov_trace_switch(uint64_t, uint64_t *);
void __wrap___sanitizer_cov_trace_switch(uint64_t value, uint64_t *cases) {
    if (run.traced) __attribute__((musttail)) return __real___sanitizer_cov_trace_switch(value, cases);
}

int mithridate_tracing(void) { return run.inside && run.traced; }

/* ---- species counts ---------------------------------------------------------------------------------------------- */

static uint16_t *incidence;
static unsigned long samples;

static void count_species(void) {
    size_t n = (size_t)(__stop___sancov_cntrs - __start___sancov_cntrs);
    if (!run.species_file || !__start___sancov_cntrs || !n) return;
    if (!incidence) incidence = __real_mmap(NULL, n * sizeof *incidence, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (incidence == MAP_FAILED) { run.species_file = NULL; return; }
    samples++;
    for (size_t i = 0; i < n; i++)
        if (__start___sancov_cntrs[i] && incidence[i] < UINT16_MAX) incidence[i]++;
    if (samples & (samples - 1) && samples % 1024) return;
    size_t f1 = 0, f2 = 0, seen = 0;
    for (size_t i = 0; i < n; i++) { f1 += incidence[i] == 1; f2 += incidence[i] == 2; seen += incidence[i] > 0; }
    int fd = open(run.species_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return;
    char line[128];
    int length = snprintf(line, sizeof line, "%lu %zu %zu %zu\n", samples, f1, f2, seen);
    if (write(fd, line, (size_t)length) != length) errno = 0;
    syscall(SYS_close, fd);
}

/* Descriptors that the engine opened before the first input are not the target's. */
static int first_free_descriptor(void) {
    int first = 3;
    for (int fd = 3; fd <= LAST_TARGET_FD; fd++)
        if (fcntl(fd, F_GETFD) != -1) first = fd + 1;
    return first;
}

static void prepare_state(void) {
    run.first_fd = first_free_descriptor();
    run.tracking = __real_main != NULL;
    run.ready = 1;
    if (run.tracking) early_save();
    if (run.tracking) mithridate_sweep_begin(run.cwd_fd, run.input_path);
    size_t size = (size_t)(__mithridate_state_end - __mithridate_state_start);
    if (__mithridate_state_start && size && __real_main) {
        run.pristine = __real_mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (run.pristine == MAP_FAILED) run.pristine = NULL;
        else copy_words(run.pristine, __mithridate_state_start, size);
    }
}

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void decide_tracing(uint64_t took) {
    run.trial_ns[run.traced] += took;
    if (run.executions < TRACE_TRIAL - 1) return;
    run.trace_every = run.trial_ns[1] > run.trial_ns[0] + run.trial_ns[0] / 2 ? TRACE_SELDOM : 1;
}

/* ---- a snapshot at the first request for input (snapshot.c) ------------------------------------------------------- */

/* The target has done nothing so far that a snapshot of its memory would not hold, nor seen the input. */
static const char *why_not(void) {
    struct stat there, now;
    siginfo_t child;
    if (mithridate_spoilt) return "not taken: a call whose effects lie elsewhere";
    if (getpid() != run.pid || run.doomed || run.violated) return "not taken: a child, or a violation";
    if (!run.from_memory || !run.mute || run.position || syscall(SYS_lseek, run.input_fd, 0L, SEEK_CUR) != 0) return "not taken: the input was touched";
    for (int i = 0; i < MAX_FILES; i++)
        if (files[i]) return "not taken: an open stream";
    for (int fd = run.first_fd; fd <= LAST_TARGET_FD; fd++)
        if (fcntl(fd, F_GETFD) != -1) return "not taken: an open descriptor";
    for (int i = 0; i < MAX_FILES; i++)
        if (maps[i].address && maps[i].flags != (MAP_PRIVATE | MAP_ANONYMOUS)) return "not taken: a mapping that is not memory";
    if (fstat(run.cwd_fd, &there) || stat(".", &now) || there.st_ino != now.st_ino || there.st_dev != now.st_dev) return "not taken: another directory";
    if (memcmp(&there.st_mtim, &run.untouched, sizeof run.untouched)) return "not taken: a file was made";
    if (waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD) return "not taken: a child process";
    if (heap.used_count >= HEAP_SLOTS / 2) return "not taken: too many blocks";
    return NULL;
}

static int is_early(const void *p) { return early_index(p) >= 0; }

static int add_memory(void) {
    if (!mithridate_snapshot_begin() || !mithridate_snapshot_blocks(heap_has, is_early)) return 0;
    size_t size = (size_t)(__mithridate_state_end - __mithridate_state_start);
    if (run.pristine && !mithridate_snapshot_memory(__mithridate_state_start, size)) return 0;
    if (!mithridate_snapshot_memory(run.argument_copies, sizeof run.argument_copies)) return 0;
    for (unsigned i = 0; i < early_count; i++)
        if (early[i].copy && !mithridate_snapshot_memory(early[i].address, early[i].size)) return 0;
    for (int i = 0; i < MAX_FILES; i++)
        if (maps[i].address && !mithridate_snapshot_mapping(maps[i].address, maps[i].size, maps[i].prot)) return 0;
    return 1;
}

/* Called in the frames of whoever asks for input: from here the target goes on each time. */
static void take_snapshot(void) {
    int error = errno, spoilt = mithridate_spoilt;
    run.refused = why_not();
    mithridate_spoilt = spoilt; /* our own calls do not count */
    errno = error;
    if (run.refused) return;
    saved.optind = optind, saved.opterr = opterr, saved.optopt = optopt, saved.optarg = optarg;
    saved.error = error, saved.base = run.base, saved.peer = mithridate_peer;
    int made = add_memory() ? mithridate_snapshot_end() : 0;
    if (made == 1) { /* none of it is released after this execution */
        heap_forget();
        for (int i = 0; i < MAX_FILES; i++) maps[i].address = NULL;
    }
    if (!made) run.refused = "not taken: too large, or not supported";
    run.waiting = !made;
    errno = saved.error;
}

void mithridate_input_wanted(void) {
    if (!run.waiting || !run.inside) return;
    if (run.course == REHEARSED) take_snapshot();
    else {
        run.asked_ns = now_ns();
        run.waiting = 0;
    }
}

/* ---- one execution ------------------------------------------------------------------------------------------------ */

extern __thread uintptr_t __sancov_lowest_stack WEAK __attribute__((tls_model("initial-exec")));
enum { LEAST_USED = 16 << 10, MOST_USED = 1 << 20, NOT_COUNTED = 8 << 10 /* by functions of libraries */ };

static uintptr_t used_stack(void) {
    uintptr_t base = (uintptr_t)run.base, used = base - __sancov_lowest_stack + NOT_COUNTED;
    return used > MOST_USED ? LEFT_BY_START_UP : used > LEAST_USED ? used : LEAST_USED;
}

__attribute__((noinline)) static void call_main(void) {
    run.base = __builtin_frame_address(0);
    if (!run.own_stack) clear_stack(run.used_stack ? run.used_stack : LEFT_BY_START_UP);
    __real_main(run.argc, run.argument_copies, environ);
    if (run.own_stack) leave();
}

/* libFuzzer takes the stack's depth for a feature: it shall not see which stack it was. */
static void as_on_this_stack(uintptr_t lowest, uintptr_t here) {
    uintptr_t would_be = here - run.depth_of_main - ((uintptr_t)run.base - lowest);
    if (would_be < __sancov_lowest_stack) __sancov_lowest_stack = would_be;
}

__attribute__((noinline)) static void run_target(void) {
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    if (run.course == RESUMED) as_on_this_stack(mithridate_stack_resume(), here);
    else if (run.own_stack) mithridate_stack_call(call_main, here - run.depth_of_main);
    else if (sigsetjmp(run.back, 0) == 0) {
        if (__real_main) call_main();
        else LLVMFuzzerTestOneInput(run.data, run.size);
    }
    if (run.own_stack || !__real_main) return;
    run.depth_of_main = here - (uintptr_t)run.base;
    run.used_stack = used_stack();
}

static void prepare_for_main(void) {
    struct stat s;
    if (run.course != RESUMED && mithridate_snapshot_held()) start_anew();
    supply_input();
    if (run.course == RESUMED) {
        optind = saved.optind, opterr = saved.opterr, optopt = saved.optopt, optarg = saved.optarg;
        run.base = saved.base;
        mithridate_peer = saved.peer;
        return;
    }
    memcpy(run.argument_copies, run.arguments, sizeof run.arguments); /* getopt permutes */
    run.waiting = run.course == MEASURED || run.course == REHEARSED;
    if (run.course == REHEARSED && fstat(run.cwd_fd, &s) == 0) run.untouched = s.st_mtim;
    mithridate_spoilt = 0;
}

/* Runs the target once, and says how long it took where somebody wants to know. */
static uint64_t execute(enum course course, int timed) {
    run.course = course;
    run.own_stack = course == RESUMED || course == REHEARSED || course == APART;
    run.reads_at_end = 0;
    run.position = 0;
    run.ahead = run.streamed = 0;
    mithridate_peer = (struct mithridate_peer){0};
    run.waiting = run.violated = 0;
    run.fault_sp = 0;
    run.asked_ns = 0;
    run.from_memory = run.mute = run.tracking && !run.fatal;
    run.from_memory &= !run.input_path;
    mithridate_shape_begin(run.data, run.size);
    if (__real_main) prepare_for_main();
    uint64_t began = timed ? now_ns() : 0;
    run.inside = 1;
    run_target();
    if (getpid() != run.pid) __real__exit(0); /* a child that the target forked */
    run.inside = 0;
    uint64_t ended = timed ? now_ns() : 0;
    if (course == MEASURED) mithridate_snapshot_measured(run.asked_ns ? run.asked_ns - began : 0, ended - began);
    if (course == RESUMED) mithridate_snapshot_counters();
    if (__real_main) restore();
    else run.doomed = 0;
    return ended - began;
}

static size_t counter_bytes(void) { return (size_t)(__stop___sancov_cntrs - __start___sancov_cntrs); }
static void clear_counters(void) {
    for (size_t i = 0; i < counter_bytes(); i++) __start___sancov_cntrs[i] = 0;
}

/* An execution of which nothing shall remain but the snapshot. */
static void rehearse(void) {
    run.refused = "not taken: no stack for it";
    if (mithridate_snapshot_record()) {
        run.refused = "not taken: it did not ask for input";
        clear_counters();
        run.quiet = 1;
        execute(REHEARSED, 0);
        run.quiet = 0;
        clear_counters();
    }
    mithridate_snapshot_rehearsed(mithridate_snapshot_held() ? NULL : run.refused);
}

struct result { uint8_t *counters; int violated; };

static void keep_result(struct result *r) {
    if (!r->counters) r->counters = __real_malloc(counter_bytes() + 1);
    for (size_t i = 0; r->counters && i < counter_bytes(); i++) r->counters[i] = __start___sancov_cntrs[i];
    r->violated = run.violated;
}
static int agree(const struct result *a, const struct result *b) {
    int same = a->counters && b->counters && a->violated == b->violated;
    for (size_t i = 0; same && i < counter_bytes(); i++) same = a->counters[i] == b->counters[i];
    return same;
}
static void execute_quietly(enum course course, struct result *r) {
    clear_counters();
    run.quiet = 1;
    execute(course, 0);
    run.quiet = 0;
    keep_result(r);
}

/* The input was run from main() on; from the snapshot the same must come out. What the engine sees is the former.
 * A program that uses variables of its stack before they are set does what others left there. Where that alone makes the difference, a
 * full execution on an empty stack comes to what the snapshot came to. */
static void check_snapshot(uint64_t full_ns) {
    static struct result full, resumed, apart;
    uintptr_t lowest = __sancov_lowest_stack;
    keep_result(&full);
    uint64_t began = now_ns();
    execute_quietly(RESUMED, &resumed);
    uint64_t resumed_ns = now_ns() - began; /* with what it takes to put everything back */
    int held = mithridate_snapshot_held(), same = agree(&full, &resumed);
    if (!same && held && resumed.violated <= full.violated) {
        execute_quietly(APART, &apart);
        held = mithridate_snapshot_held();
        same = agree(&apart, &resumed);
    }
    for (size_t i = 0; full.counters && i < counter_bytes(); i++) __start___sancov_cntrs[i] = full.counters[i];
    __sancov_lowest_stack = lowest;
    if (!mithridate_snapshot_judged(same, full_ns, resumed_ns) && held) start_anew();
}

static int one_input(const uint8_t *data, size_t size) {
    run.data = data;
    run.size = size;
    run.executions++;
    run.traced = run.trace_all || run.executions % run.trace_every == 0;
    enum course course = mithridate_snapshot_course(data, size);
    if (course == REHEARSED) {
        rehearse();
        course = mithridate_snapshot_held() ? CHECKED : FULL;
    }
    /* Once executions begin at a snapshot, only those tell what tracing costs. */
    static int resumed;
    if (course == RESUMED && !resumed++) run.trial_ns[0] = run.trial_ns[1] = 0;
    int on_trial = run.executions <= TRACE_TRIAL && (course == RESUMED || !mithridate_snapshot_held());
    if (course == CHECKED) clear_counters(); /* the mutator looks at inputs between those of the engine (mithridate_look) */
    uint64_t took = execute(course, on_trial || course == MEASURED || course == CHECKED);
    if (on_trial) decide_tracing(took);
    if (course == CHECKED && mithridate_snapshot_held() && took < TOO_SLOW_NS) check_snapshot(took);
    if (run.executions % SAMPLE_EVERY == 1) count_species();
    return 0;
}

/* ---- start ------------------------------------------------------------------------------------------------------- */

const char *__asan_default_options(void) {
    return "halt_on_error=0:detect_leaks=0:symbolize=0:handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:"
           "handle_abort=0:allocator_may_return_null=1:max_allocation_size_mb=2048:quarantine_size_mb=16:print_legend=0:"
           "print_full_thread_history=0:suppress_equal_pcs=1:malloc_context_size=0:detect_stack_use_after_return=0:"
           "alloc_dealloc_mismatch=0:detect_container_overflow=0";
}
const char *__ubsan_default_options(void) { return "print_stacktrace=0:symbolize=0:halt_on_error=0:silence_unsigned_overflow=1"; }

static void handle_faults(void) {
    static char alternative[1 << 16] __attribute__((aligned(4096)));
    stack_t s = {.ss_sp = alternative, .ss_size = sizeof alternative};
    sigaltstack(&s, NULL);
    struct sigaction a = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
    extern int __real_sigaction(int, const struct sigaction *, struct sigaction *);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) __real_sigaction(signals[i], &a, NULL);
}

/* MITHRIDATE_ARGUMENTS: argv[1..] separated by 0x1f. MITHRIDATE_INPUT: the path that the target opens, or unset for stdin.
 * MITHRIDATE_NO_SNAPSHOT: each input is run from main() on. MITHRIDATE_SNAPSHOT_LOG: a file that is told what became of the snapshot. */
static void prepare(char *self) {
    run.pid = getpid();
    run.candidates = getenv("MITHRIDATE_CANDIDATES");
    run.species_file = getenv("MITHRIDATE_SPECIES");
    run.input_path = getenv("MITHRIDATE_INPUT");
    run.trace_every = 2;
    run.trace_all = __afl_persistent_loop != NULL || getenv("MITHRIDATE_TRACE_ALL") != NULL;
    heap.slots = __real_mmap(NULL, HEAP_SLOTS * sizeof *heap.slots, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    heap.used = __real_mmap(NULL, HEAP_SLOTS * sizeof *heap.used, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (heap.slots == MAP_FAILED || heap.used == MAP_FAILED) __real__exit(70);
    run.arguments[run.argc++] = self;
    const char *arguments = getenv("MITHRIDATE_ARGUMENTS");
    if (arguments && *arguments) {
        char *copy = __real_malloc(strlen(arguments) + 1), *next = strcpy(copy, arguments);
        for (char *one; (one = strsep(&next, "\x1f")) && run.argc < MAX_ARGUMENTS;) run.arguments[run.argc++] = one;
    }
    /* High descriptors for what is ours, so that the target's own numbers stay low and can be closed from a line on. */
    run.cwd_fd = fcntl(open(".", O_RDONLY | O_DIRECTORY), F_DUPFD_CLOEXEC, CWD_FD);
    int fd = run.input_path ? open(run.input_path, O_RDWR | O_CREAT | O_TRUNC, 0644) : (int)syscall(SYS_memfd_create, "input", 0);
    if (fd < 0) __real__exit(71);
    run.input_fd = fcntl(fd, F_DUPFD, INPUT_FD);
    syscall(SYS_close, fd);
    /* What the target prints goes nowhere (the engine's -close_fd_mask), and in few system calls. */
    static char spoken[2][1 << 16];
    extern int __real_setvbuf(FILE *, char *, int, size_t);
    __real_setvbuf(stdout, spoken[0], _IOFBF, sizeof spoken[0]);
    __real_setvbuf(stderr, spoken[1], _IOFBF, sizeof spoken[1]);
    run.fatal = getenv("MITHRIDATE_FATAL") != NULL;
    if (__real_main && !run.fatal && !run.input_path && !__afl_persistent_loop && !getenv("MITHRIDATE_NO_SNAPSHOT"))
        mithridate_snapshot_enable(getenv("MITHRIDATE_SNAPSHOT_LOG"));
    if (!run.fatal) handle_faults();
}

static int first_input(const uint8_t *data, size_t size) {
    static int ready;
    if (!ready) { ready = 1; prepare_state(); }
    return one_input(data, size);
}

/* For the mutator: run an input only to see how it is read. */
int mithridate_look(const uint8_t *data, size_t size) {
    if (!__real_main || run.fatal) return 0;
    first_input(data, size);
    return 1;
}

/* For the mutator: run an input and tell the set of edges that it took, as a hash; 0 where that cannot be seen. */
uint64_t mithridate_way(const uint8_t *data, size_t size) {
    size_t n = (size_t)(__stop___sancov_cntrs - __start___sancov_cntrs);
    if (!__real_main || run.fatal || !__start___sancov_cntrs || !n) return 0;
    for (size_t i = 0; i < n; i++) __start___sancov_cntrs[i] = 0;
    first_input(data, size);
    uint64_t hash = 1;
    for (size_t i = 0; i < n; i++) {
        if (__start___sancov_cntrs[i]) hash = (hash ^ i) * 0xD6E8FEB86659FD93ull, hash ^= hash >> 32;
        __start___sancov_cntrs[i] = 0;
    }
    return hash | 1;
}

int __wrap_main(int argc, char **argv) {
    prepare(argv[0]);
    if (__afl_persistent_loop) {
        if (!__real_main && LLVMFuzzerInitialize) LLVMFuzzerInitialize(&argc, &argv);
        __afl_manual_init();
        run.pid = getpid(); /* the fork server's child */
        while (__afl_persistent_loop(10000)) {
            size_t n = *__afl_fuzz_len;
            uint8_t *copy = __real_malloc(n); /* of the exact size, so that reading past it is seen */
            first_input(memcpy(copy, __afl_fuzz_ptr, n), n);
            __real_free(copy);
        }
        return 0;
    }
    char *grown[64];
    int n = 0;
    for (; n < argc && n < 56; n++) {
        grown[n] = argv[n];
        if (!strncmp(argv[n], "-dict=", 6)) mithridate_words(argv[n] + 6);
    }
    const char *ours[] = {"-handle_segv=0", "-handle_bus=0", "-handle_abrt=0", "-handle_ill=0", "-handle_fpe=0"};
    for (size_t i = 0; !run.fatal && i < sizeof ours / sizeof *ours; i++) grown[n++] = (char *)ours[i];
    grown[n] = NULL;
    char **list = grown;
    return LLVMFuzzerRunDriver(&n, &list, first_input);
}
