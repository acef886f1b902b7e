/* Put in front of an instrumented file, before anything of the project's: therefore without headers, and with names that
 * nobody else has. A probe writes the values in sight into a mapped file, which outlives the process; it opens nothing else,
 * reads only what it has made sure of, and leaves errno and every descriptor as they were. */
#pragma clang diagnostic ignored "-Weverything"
#define register
#ifdef __cplusplus
extern "C" {
#define MITHRIDATE_BOOL bool
#else
#define MITHRIDATE_BOOL _Bool
#endif
extern long mithridate_syscall(long, ...) __asm__("syscall");
extern int mithridate_open(const char *, int, ...) __asm__("open");
extern int mithridate_close(int) __asm__("close");
extern int mithridate_truncate(int, long) __asm__("ftruncate");
extern void *mithridate_map(void *, unsigned long, int, int, int, long) __asm__("mmap");
extern int *mithridate_errno(void) __asm__("__errno_location");
extern void *mithridate_poisoned(void *, unsigned long) __asm__("__asan_region_is_poisoned") __attribute__((weak));
extern const char *mithridate_locate(void *, char *, unsigned long, void **, unsigned long *)
    __asm__("__asan_locate_address") __attribute__((weak));
#define MITHRIDATE_OWN \
    static __attribute__((no_sanitize("address", "undefined"), no_instrument_function, noinline, unused))

#if defined(__x86_64__)
#define MITHRIDATE_LOOK 14
#elif defined(__i386__)
#define MITHRIDATE_LOOK 175
#elif defined(__aarch64__)
#define MITHRIDATE_LOOK 135
#endif

/* The kernel reads the eight bytes of a signal set before it refuses the rest of the call: EFAULT where it cannot. */
MITHRIDATE_OWN int mithridate_mapped(unsigned long at)
{
#ifdef MITHRIDATE_LOOK
    int *number = mithridate_errno(), saved = *number, fault;
    fault = mithridate_syscall(MITHRIDATE_LOOK, -1L, at & ~7UL, 0L, 8L) == -1 && *number == 14;
    *number = saved;
    return !fault;
#else
    return at > 65535;
#endif
}

MITHRIDATE_OWN int mithridate_readable(const char *at, unsigned long size)
{
    if ((unsigned long)at < 4096 || (unsigned long)at + size < (unsigned long)at)
        return 0;
    if (!mithridate_mapped((unsigned long)at) || !mithridate_mapped((unsigned long)at + size - 1))
        return 0;
    return !mithridate_poisoned || !mithridate_poisoned((void *)at, size);
}

MITHRIDATE_OWN void mithridate_copy(void *to, const void *from, unsigned long size)
{
    volatile char *target = (volatile char *)to;
    const volatile char *source = (const volatile char *)from;
    while (size--)
        *target++ = *source++;
}

static unsigned char *mithridate_file;

MITHRIDATE_OWN unsigned char *mithridate_slot(unsigned place)
{
    unsigned long long number;
    unsigned char *slot;
    if (!mithridate_file) {
        int *error = mithridate_errno(), saved = *error;
        int file = mithridate_open(MITHRIDATE_FILE, 2);
        mithridate_file = (unsigned char *)1;
        if (file >= 0) {
            if (!mithridate_truncate(file, MITHRIDATE_BYTES)) {
                void *found = mithridate_map(0, MITHRIDATE_BYTES, 3, 1, file, 0);
                if (found != (void *)-1)
                    mithridate_file = (unsigned char *)found;
            }
            mithridate_close(file);
        }
        *error = saved;
    }
    if (mithridate_file == (unsigned char *)1)
        return 0;
    number = __atomic_fetch_add((unsigned long long *)(mithridate_file + 8 * place), 1, __ATOMIC_SEQ_CST);
    slot = mithridate_file + 8 * MITHRIDATE_PLACES;
    slot += ((unsigned long)place * (MITHRIDATE_FIRST + MITHRIDATE_LAST)) * MITHRIDATE_SLOT;
    if (number < MITHRIDATE_FIRST)
        slot += (unsigned long)number * MITHRIDATE_SLOT;
    else
        slot += (MITHRIDATE_FIRST + (unsigned long)((number - MITHRIDATE_FIRST) % MITHRIDATE_LAST)) * MITHRIDATE_SLOT;
    *(unsigned long long *)slot = number + 1;
    *(unsigned *)(slot + 8) = 0;
    *(unsigned *)(slot + 12) = sizeof(void *);
    return slot;
}

MITHRIDATE_OWN unsigned char *mithridate_field(unsigned char *slot, unsigned index, int kind, unsigned long size)
{
    unsigned char *field = slot + 16 + 32UL * index;
    unsigned i;
    for (i = 0; i < 32; i++)
        field[i] = 0;
    field[0] = (unsigned char)kind;
    field[1] = (unsigned char)(size > 255 ? 255 : size);
    return field;
}

/* kind 3: a pointer with what AddressSanitizer knows of the object around it. */
MITHRIDATE_OWN void mithridate_object(unsigned char *slot, unsigned index, unsigned long value, unsigned long element)
{
    unsigned char *field = mithridate_field(slot, index, 3, sizeof(void *));
    char name[8];
    void *start = 0;
    unsigned long size = 0;
    *(unsigned *)(field + 4) = (unsigned)element;
    *(long long *)(field + 8) = (long long)value;
    if (value < 4096 || !mithridate_locate || *(unsigned long long *)slot > MITHRIDATE_LOCATED)
        return;
    mithridate_locate((void *)value, name, sizeof name, &start, &size);
    if (!start)
        return;
    field[2] = 1;
    *(long long *)(field + 16) = (long long)((unsigned long)start + size - value);
    *(long long *)(field + 24) = (long long)(value - (unsigned long)start);
}

MITHRIDATE_OWN void mithridate_put(
    unsigned char *slot, unsigned index, int kind, const char *at, unsigned long size, unsigned long element)
{
    unsigned char *field;
    unsigned long value = 0;
    if (!at || size > 8 || size == 0 || !mithridate_readable(at, size)) {
        mithridate_field(slot, index, 0, 0);
    } else if (kind == 3) {
        mithridate_copy(&value, at, sizeof value < size ? sizeof value : size);
        mithridate_object(slot, index, value, element);
    } else if (kind == 1 || kind == 2) {
        long long number = 0;
        mithridate_copy(&number, at, size);
        field = mithridate_field(slot, index, kind, size);
        if (kind == 1 && size < 8 && (number >> (8 * size - 1)) & 1)
            number -= 1LL << (8 * size);
        *(long long *)(field + 8) = number;
    } else {
        mithridate_field(slot, index, 0, 0);
    }
}

MITHRIDATE_OWN void mithridate_number(unsigned char *slot, unsigned index, int kind, unsigned long size, long long value)
{
    *(long long *)(mithridate_field(slot, index, kind, size) + 8) = value;
}

/* Bytes up to a NUL, for strings that have one within memory that may be read. */
MITHRIDATE_OWN void mithridate_length(unsigned char *slot, unsigned index, const char *at)
{
    unsigned long length = 0;
    for (; at && length < MITHRIDATE_LONGEST; length++) {
        if (((unsigned long)(at + length) & 7) == 0 || length == 0) {
            if ((unsigned long)at < 4096 || !mithridate_mapped((unsigned long)(at + length)))
                break;
        }
        if (mithridate_poisoned && mithridate_poisoned((void *)(at + length), 1))
            break;
        if (!at[length]) {
            mithridate_number(slot, index, 2, sizeof(void *), (long long)length);
            return;
        }
    }
    mithridate_field(slot, index, 0, 0);
}

MITHRIDATE_OWN const char *mithridate_pointed(const char *at)
{
    unsigned long value = 0;
    if (!at || !mithridate_readable(at, sizeof(void *)))
        return 0;
    mithridate_copy(&value, at, sizeof(void *));
    return (const char *)value;
}

MITHRIDATE_OWN const char *mithridate_added(const char *at, unsigned long offset) { return at ? at + offset : 0; }

MITHRIDATE_OWN void mithridate_done(unsigned char *slot) { *(unsigned *)(slot + 8) = 1; }

#define MITHRIDATE_KIND(e) \
    _Generic((e), char: (char)-1 < 0 ? 1 : 2, signed char: 1, short: 1, int: 1, long: 1, long long: 1, \
        unsigned char: 2, unsigned short: 2, unsigned: 2, unsigned long: 2, unsigned long long: 2, MITHRIDATE_BOOL: 2, \
        float: 0, double: 0, long double: 0, \
        default: __builtin_classify_type(e) == 5 ? 3 : __builtin_classify_type(e) <= 4 ? 1 : 0)
#ifdef __cplusplus
}
#endif
