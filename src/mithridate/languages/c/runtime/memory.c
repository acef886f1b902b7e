/* Memory that a program hands out by itself, made so that the sanitizer sees when it is misused.
 *
 * Linked by languages/c/link.py, which lets the names of a project's own malloc() family (languages/c/allocators.py) mean the
 * functions below, and mmap() and munmap() the guarded ones. Compiled without sanitizers.
 * A program's own heap is one large mapping to AddressSanitizer: an overflow from one block into the next is not noticed. Here each
 * block is the sanitizer's. It is zeroed, as fresh pages of a mapping are: what an own allocator happens to leave in
 * a block is not known, and a violation must not come from what we put there.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "peer.h"

enum { PAGE = 4096 };
/* More than this no own allocator is asked for in earnest, and it would refuse. */
#define TOO_MUCH ((size_t)(sizeof(void *) == 4 ? 256u << 20 : 1u << 30))

void *__mithridate_malloc(size_t n) { return n > TOO_MUCH ? NULL : calloc(1, n); }

void *__mithridate_calloc(size_t n, size_t size) {
    size_t whole;
    return __builtin_mul_overflow(n, size, &whole) ? NULL : __mithridate_malloc(whole);
}

/* Where the compiler has put an own malloc() into a function of its file, blocks of the own heap come here too. */
extern const char *__asan_locate_address(void *, char *, size_t, void **, size_t *) __attribute__((weak));
static int from_own_heap(void *p) {
    char name[64];
    void *start;
    size_t size;
    return __asan_locate_address && strncmp(__asan_locate_address(p, name, sizeof name, &start, &size), "heap", 4) != 0;
}

void *__mithridate_realloc(void *p, size_t n) {
    if (!p) return __mithridate_malloc(n);
    return n > TOO_MUCH || from_own_heap(p) ? NULL : realloc(p, n);
}

long __mithridate_free(void *p) {
    if (p && !from_own_heap(p)) free(p);
    return 0;
}

extern size_t __sanitizer_get_allocated_size(const volatile void *) __attribute__((weak));
size_t __mithridate_size(void *p) { return p && __sanitizer_get_allocated_size ? __sanitizer_get_allocated_size(p) : 0; }

static void *map(void *a, size_t n, int prot, int flags, int fd, long offset) {
#ifdef SYS_mmap2
    return (void *)syscall(SYS_mmap2, a, n, prot, flags, fd, (unsigned long)offset / PAGE);
#else
    return (void *)syscall(SYS_mmap, a, n, prot, flags, fd, offset);
#endif
}

/* Memory of its own that a program asks for lies between two pages that nobody may touch: what runs out of it does not run into
 * a neighbour unseen. Other mappings are made as they were asked for, and so is what does not fit into the table of guarded ones. */
enum { GUARDED_BITS = 12, GUARDED = 1 << GUARDED_BITS };
static struct { char *address; size_t size; } guarded[GUARDED];

static unsigned place_of(const void *p) { return (unsigned)((uint32_t)((uintptr_t)p / PAGE) * 0x9E3779B1u >> (32 - GUARDED_BITS)); }

static int entry_of(const void *p) {
    for (unsigned i = place_of(p), n = 0; n < 8; n++, i = (i + 1) % GUARDED)
        if (guarded[i].address == p) return (int)i;
    return -1;
}

void *__mithridate_mmap(void *a, size_t n, int prot, int flags, int fd, long offset) {
    size_t whole = (n + PAGE - 1) & ~(size_t)(PAGE - 1);
    int own = !a && flags == (MAP_ANONYMOUS | MAP_PRIVATE) && n && n <= TOO_MUCH;
    if (!own) return map(a, n, prot, flags, fd, offset);
    char *outer = map(NULL, whole + 2 * PAGE, prot, flags, -1, 0), *p = outer + PAGE;
    if (outer == MAP_FAILED) return MAP_FAILED;
    syscall(SYS_mprotect, outer, PAGE, PROT_NONE);
    syscall(SYS_mprotect, p + whole, PAGE, PROT_NONE);
    for (unsigned i = place_of(p), tries = 0; tries < 8; tries++, i = (i + 1) % GUARDED)
        if (!guarded[i].address) {
            guarded[i].address = p;
            guarded[i].size = whole;
            return p;
        }
    syscall(SYS_munmap, outer, PAGE);
    syscall(SYS_munmap, p + whole, PAGE);
    return p;
}

/* The guards go with what they guarded; of a mapping that is released in parts they stay. */
int __mithridate_munmap(void *p, size_t n) {
    int i = p ? entry_of(p) : -1;
    if (i < 0 || ((n + PAGE - 1) & ~(size_t)(PAGE - 1)) != guarded[i].size) return (int)syscall(SYS_munmap, p, n);
    guarded[i].address = NULL;
    return (int)syscall(SYS_munmap, (char *)p - PAGE, guarded[i].size + 2 * PAGE);
}

/* Whoever goes on asking for input long after its end would do so until a limit ends it, in each replay; here it ends by itself. */
enum { PATIENCE = 2000 };
extern long __real_read(int, void *, size_t) __attribute__((weak));
long __mithridate_read(int fd, void *to, size_t n) {
    static unsigned at_end;
    long most = fd == 0 ? mithridate_peer_read(n) : (long)n;
    if (most < 0) return -1;
    long got = __real_read(fd, to, (size_t)most);
    if (fd != 0 || got || !n) at_end = 0;
    else if (++at_end > PATIENCE) syscall(SYS_exit_group, 0);
    return got;
}
