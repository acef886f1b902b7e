/* One violation of each kind, chosen by argv[1]. Every case runs through three functions of its own, so that stacks have depth. */
#define _GNU_SOURCE
#include <assert.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
extern void __asan_report_load1(const volatile void *);
#else
#define __asan_report_load1(address) ((void)(address))
#define __asan_poison_memory_region(start, size) ((void)(start))
#endif

#define KEEP __attribute__((noinline))

static volatile int zero;
static volatile int one = 1;
static volatile size_t sink;
int numbers[10] = {1};
static char name_table[16] = "global";

static inline __attribute__((always_inline)) int inlined_inner(volatile int *p, int i) { return p[i]; }
static inline __attribute__((always_inline)) int inlined_outer(volatile int *p, int i) { return inlined_inner(p, i) + 1; }

KEEP static char *allocate(size_t n) { return malloc(n + (size_t)zero); }
KEEP static void release(void *p) { free(p); }

KEEP static void heap_read(void) { volatile char *p = allocate(13); sink += p[13 + zero]; release((void *)p); }
KEEP static void heap_write(void) { volatile int32_t *p = (void *)allocate(40); p[10 + zero] = 7; release((void *)p); }
KEEP static void heap_before(void) { volatile char *p = allocate(13); sink += p[-3 + zero]; }
KEEP static void heap_inlined(void) { volatile int *p = (void *)allocate(40); sink += inlined_outer(p, 11 + zero); }
KEEP static void heap_memcpy(void) { char *p = allocate(8); memcpy(p, "0123456789abcdef", 16 + zero); sink += p[0]; }
KEEP static void heap_strlen(void) { char *p = allocate(4); memset(p, 'a', 4); sink += strlen(p); }
KEEP static void heap_eight(void) { volatile uint64_t *p = (void *)allocate(12); sink += (size_t)p[1 + zero]; }
KEEP static void use_after_free(void) { volatile char *p = allocate(32); release((void *)p); p[5] = 1; }
KEEP static void double_free(void) { char *p = allocate(24); release(p); release(p); }
KEEP static void bad_free(void) { char *p = allocate(24); release(p + 8); }
KEEP static void bad_free_stack(void) { char local[24]; local[0] = 1; release(local + zero); }
KEEP static void bad_realloc(void) { char *p = allocate(24); sink += (size_t)realloc(p + 4, 10); }
KEEP static void usable_size(void) { extern size_t malloc_usable_size(void *); sink += malloc_usable_size(&numbers[zero]); }

KEEP static void stack_write(void) { volatile char local_buffer[16]; local_buffer[0] = 0; for (int i = 0; i <= 16 + zero; i++) local_buffer[i] = 1; }
KEEP static void stack_read(void) { volatile int one_array[4] = {0}, two_array[8] = {0}; sink += one_array[0] + two_array[8 + zero]; }
KEEP static void stack_underflow(void) { volatile char local_buffer[16]; local_buffer[0] = 0; sink += local_buffer[-1 - zero]; }
KEEP static volatile char *leak_local(void) { volatile char gone[32]; gone[0] = 1; volatile char *volatile p = gone; return p; }
KEEP static void use_after_return(void) { volatile char *p = leak_local(); sink += p[3]; }
KEEP static void use_after_scope(void) {
    volatile int *volatile p;
    { volatile int scoped[4]; scoped[0] = 1; p = scoped; }
    *p = 5;
}
KEEP static void dynamic_stack(void) { volatile char vla[one * 10]; vla[0] = 0; sink += vla[10 + zero]; }
KEEP static void global_read(void) { sink += numbers[10 + zero]; }
KEEP static void global_write(void) { ((volatile char *)name_table)[17 + zero] = 1; }
KEEP static void poisoned(void) { static char arena[64]; __asan_poison_memory_region(arena, 32); sink += ((volatile char *)arena)[zero]; }
KEEP static void strcpy_overlap(void) { char b[64] = "hello world"; strcpy(b + one, b); sink += b[5]; }
KEEP static void negative_size(void) { char *p = allocate(16); memmove(p, p + 1, (size_t)(long)(-one)); sink += p[0]; }
KEEP static void calloc_overflow(void) { sink += (size_t)calloc(SIZE_MAX / 2, 4 + zero); }
KEEP static void reallocarray_overflow(void) { sink += (size_t)reallocarray(0, SIZE_MAX / 2, 4 + zero); }
KEEP static void too_big(void) { sink += (size_t)malloc(SIZE_MAX - 4096 - zero); }
KEEP static void bad_alignment(void) { sink += (size_t)aligned_alloc(3 + zero, 30); }
KEEP static void memalign_bad(void) { void *p; sink += posix_memalign(&p, 3 + zero, 30); }
KEEP static void pvalloc_overflow(void) { extern void *pvalloc(size_t); sink += (size_t)pvalloc(SIZE_MAX - zero); }
KEEP static void grow(void) { for (int i = 0; i < 4096; i++) { char *p = allocate(1 << 20); memset(p, 1, 1 << 20); sink += (size_t)p; } }
KEEP static void grow_slowly(void) { for (int i = 0; i < 4096; i++) { char *p = allocate(1 << 20); memset(p, 1, 1 << 20); sink += (size_t)p; usleep(2000); } }
KEEP static void leak(void) { sink += (size_t)(allocate(77) != 0); }

KEEP static void null_read(void) { sink += *(volatile int *)(uintptr_t)zero; }
KEEP static void null_write(void) { *(volatile int *)(uintptr_t)(zero + 0x28) = 1; }
KEEP static void null_page(void) { sink += *(volatile char *)(uintptr_t)(zero + 0x8123); }
KEEP static void wild_read(void) { sink += *(volatile char *)(uintptr_t)(0x1badbeef + zero); }
KEEP static void wild_write(void) { *(volatile char *)(uintptr_t)(0x1badbeef + zero) = 1; }
KEEP static void unmapped(void) {
    char *p = mmap(0, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ((volatile char *)p)[zero] = 1;
}
KEEP static void noncanonical(void) { uintptr_t a = (uintptr_t)0x4141414141414141ull + zero; sink += *(volatile char *)a; }
KEEP static void jump_null(void) { void (*f)(void) = (void (*)(void))(uintptr_t)zero; f(); sink++; }
KEEP static void jump_wild(void) { void (*f)(void) = (void (*)(void))(uintptr_t)(0x1badbeef + zero); f(); sink++; }
KEEP static void jump_heap(void) { char *p = allocate(64); memset(p, 0xc3, 64); void (*f)(void) = (void (*)(void))p; f(); sink++; }
KEEP static void jump_noncanonical(void) { void (*f)(void) = (void (*)(void))(uintptr_t)(0x4141414141414141ull + zero); f(); sink++; }
KEEP static int recurse(int n) { volatile char pad[512]; pad[0] = (char)n; return recurse(n + 1) + pad[0]; }
KEEP static void deep(void) { sink += recurse(0); }
KEEP static int even(int n);
KEEP static int odd(int n) { volatile char pad[200]; pad[0] = (char)n; return even(n + 1) + pad[0]; }
KEEP static int even(int n) { volatile char pad[300]; pad[0] = (char)n; return odd(n + 1) + pad[0]; }
KEEP static void mutual(void) { sink += even(0); }
KEEP static int compare(const void *a, const void *b) { return *(const volatile int *)a - ((const volatile int *)b)[100]; }
KEEP static void sorts(void) { int *p = (void *)allocate(16); memset(p, 0, 16); qsort(p, 4, 4, compare); }
KEEP static void unknown_crash(void) { volatile char local[8]; local[0] = 1; __asan_report_load1(local); }
KEEP static void bus(void) {
    FILE *f = tmpfile();
    char *p = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(f), 0);
    sink += ((volatile char *)p)[4096 + zero];
}
KEEP static void divide(void) { sink += 100 / zero; }
KEEP static void divide_trap(void) { volatile int a = 3, b = 0; __asm__ volatile("cltd; idivl %1" : "+a"(a) : "m"(b) : "edx", "cc"); }
KEEP static void illegal(void) { __asm__ volatile("ud2"); }
KEEP static void trap(void) { raise(SIGTRAP); }
KEEP static void terminated(void) { raise(SIGTERM); }
KEEP static void asserts(int argument) { assert(argument == 12345 && "the argument fits"); }
KEEP static void assertion(void) { asserts(one); }
KEEP static void aborts(void) { abort(); }
KEEP static void smash(void) { extern void __stack_chk_fail(void); __stack_chk_fail(); }
KEEP static void fortified(void) { extern void __chk_fail(void); __chk_fail(); }
KEEP static void tcache_double(void) { free(allocate(24)); char *volatile p = allocate(24); free(p); free(p); }
KEEP static void top_corrupted(void) { char *volatile p = allocate(24); memset(p, 0xff, 64); sink += (size_t)allocate(5000); }
KEEP static void fast_double(void) {
    char *volatile p[9];
    for (int i = 0; i < 9; i++) p[i] = allocate(24);
    for (int i = 0; i < 7; i++) free(p[i]);
    free(p[7]);
    free(p[7]);
}

KEEP static void ub_index(void) { sink += numbers[11 + zero]; }
KEEP static void ub_signed(void) { volatile int big = INT32_MAX; big = big + one; sink += big; }
KEEP static void ub_negate(void) { volatile int small = INT32_MIN; small = -small; sink += small; }
KEEP static void ub_shift(void) { sink += 1 << (32 + zero); }
KEEP static void ub_vla(void) { volatile int n = -1; char vla[n]; vla[0] = 1; sink += vla[0]; }
KEEP static void ub_unreachable(void) { if (one) __builtin_unreachable(); }
KEEP static void ub_builtin(void) { sink += __builtin_ctz((unsigned)zero); }
KEEP static void ub_null(void) { struct pair { int a, b; } *p = (void *)(uintptr_t)zero; sink += p->b; }
KEEP static void ub_null_load(void) { int *volatile p = (int *)(uintptr_t)zero; sink += *p; }
KEEP static void ub_align(void) { char b[16] = {0}; sink += *(int *)(b + one); }
KEEP static void ub_pointer(void) { char *volatile p = (char *)(uintptr_t)-4; p = p + (8 + zero); sink += (size_t)p; }
KEEP static void ub_nonnull_helper(char *p) __attribute__((nonnull));
KEEP static void ub_nonnull_helper(char *p) { sink += (size_t)p; }
KEEP static void ub_nonnull(void) { ub_nonnull_helper((char *)(uintptr_t)zero); }
KEEP static void ub_float(void) { volatile double d = 1e30; sink += (int)d; }
KEEP static void ub_bool(void) { volatile char c = 7; sink += *(volatile _Bool *)&c; }
KEEP static void ub_object_size(void) { volatile char b[4] = {0}; sink += *(volatile int *)(b + 2); }
KEEP static void ub_two(void) { ub_shift(); ub_signed(); }
KEEP static void ub_then_heap(void) { ub_shift(); heap_write(); }

KEEP static void *thread_body(void *p) { ((volatile char *)p)[3] = 1; return 0; }
KEEP static void thread_free(void) {
    pthread_t t;
    char *p = allocate(10);
    release(p);
    pthread_create(&t, 0, thread_body, p);
    pthread_join(t, 0);
}
KEEP static void spin(void) { while (one) sink++; }
KEEP static void hang(void) { pause(); }
KEEP static void clean(void) { puts("fine"); }
KEEP static void speaks_like_asan(void) { fprintf(stderr, "ERROR: heap-buffer-overflow is what I test for\n"); }

KEEP static void says_assertion(void) { fputs("prog: a.c:3: main: Assertion `x' failed.\n", stderr); }
KEEP static void chatters(void) { for (int i = 0; i < 20000; i++) fprintf(stderr, "line %d == nothing to see: here\n", i); heap_read(); }
KEEP static void no_newline(void) { fputs("parsing... 10%", stderr); ub_shift(); fputs("parsing... 20%", stderr); heap_read(); }
KEEP static void several(void) { heap_read(); global_read(); use_after_free(); }
KEEP static void exits_127(void) { exit(127); }

#define CASE(f) {#f, f}
static const struct { const char *name; void (*run)(void); } cases[] = {
    CASE(heap_read), CASE(heap_write), CASE(heap_before), CASE(heap_inlined), CASE(heap_memcpy), CASE(heap_strlen), CASE(heap_eight),
    CASE(use_after_free), CASE(double_free), CASE(bad_free), CASE(bad_free_stack), CASE(bad_realloc),
    CASE(usable_size), CASE(stack_write), CASE(stack_read), CASE(stack_underflow), CASE(use_after_return), CASE(use_after_scope),
    CASE(dynamic_stack), CASE(global_read), CASE(global_write), CASE(poisoned), 
    CASE(strcpy_overlap), CASE(negative_size), CASE(calloc_overflow), CASE(reallocarray_overflow), CASE(too_big), CASE(bad_alignment),
    CASE(memalign_bad), CASE(pvalloc_overflow), CASE(grow), CASE(grow_slowly), CASE(leak), CASE(null_read), CASE(null_write),
    CASE(null_page), CASE(wild_read), CASE(wild_write), CASE(unmapped), CASE(noncanonical), CASE(jump_null), CASE(jump_wild),
    CASE(jump_heap), CASE(jump_noncanonical), CASE(deep), CASE(mutual), CASE(sorts), CASE(unknown_crash), CASE(bus), CASE(divide), CASE(divide_trap), CASE(illegal), CASE(trap),
    CASE(terminated), CASE(assertion), CASE(aborts), CASE(smash), CASE(fortified), CASE(tcache_double), CASE(top_corrupted), CASE(fast_double), CASE(ub_index), CASE(ub_signed), CASE(ub_negate),
    CASE(ub_shift), CASE(ub_vla), CASE(ub_unreachable), CASE(ub_builtin), CASE(ub_null), CASE(ub_null_load), CASE(ub_align), CASE(ub_pointer),
    CASE(ub_nonnull), CASE(ub_float), CASE(ub_bool), CASE(ub_object_size), CASE(ub_two), CASE(ub_then_heap), CASE(thread_free),
    CASE(spin), CASE(hang), CASE(clean), CASE(speaks_like_asan), CASE(says_assertion), CASE(chatters), CASE(no_newline),
    CASE(exits_127), CASE(several),
};

int main(int argc, char **argv) {
    for (size_t i = 0; argc > 1 && i < sizeof cases / sizeof *cases; i++)
        if (!strcmp(argv[1], cases[i].name)) { cases[i].run(); return 0; }
    for (size_t i = 0; argc == 1 && i < sizeof cases / sizeof *cases; i++) puts(cases[i].name);
    return argc == 1 ? 0 : 3;
}
