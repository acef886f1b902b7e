/* What harness.c and snapshot.c know of each other. */
#ifndef MITHRIDATE_SNAPSHOT_H
#define MITHRIDATE_SNAPSHOT_H
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__) || defined(__i386__)
#define SNAPSHOTS 1
#else
#define SNAPSHOTS 0
#endif

/* An execution is repeated up to three times within one that the engine's timeout is for. */
enum { TOO_SLOW_NS = 1000000000 };

/* How the next input is run: from main() on; so with the time taken of its start-up; so while the snapshot is made, and then as CHECKED;
 * from main() on and then from the snapshot, to see that both do the same; from the snapshot; from main() on, but on the stack
 * of the snapshot. */
enum course { FULL, MEASURED, REHEARSED, CHECKED, RESUMED, APART };

extern void mithridate_snapshot_enable(const char *log);
extern enum course mithridate_snapshot_course(const uint8_t *, size_t);
extern void mithridate_snapshot_measured(uint64_t startup_ns, uint64_t whole_ns);
extern void mithridate_snapshot_rehearsed(const char *refused);
extern int mithridate_snapshot_judged(int same, uint64_t full_ns, uint64_t resumed_ns);
extern void mithridate_snapshot_give_up(const char *why);

/* The stack that the target has to itself while a snapshot is made and when it goes on from one. */
/* `like` is an address on the engine's stack that the function's frame shall resemble in its last bits. Both return the lowest address
 * that the target's frames came to. */
extern uintptr_t mithridate_stack_call(void (*)(void), uintptr_t like);
extern uintptr_t mithridate_stack_resume(void);
extern void mithridate_stack_leave(uintptr_t lowest) __attribute__((noreturn));

/* Making a snapshot: record the blocks from main() on; then begin, add what belongs to it, and end in the frame from which it is to go
 * on. All are 0 when it cannot be done (it gets too large). end() is 1 when it was just made and 2 when the target goes on from it. */
extern int mithridate_snapshot_record(void);
extern int mithridate_snapshot_begin(void);
extern int mithridate_snapshot_memory(void *, size_t);
extern int mithridate_snapshot_mapping(void *, size_t, int prot);
extern int mithridate_snapshot_blocks(int (*of_target)(const void *), int (*to_skip)(const void *));
extern int mithridate_snapshot_end(void);

/* Using it. */
extern int mithridate_snapshot_held(void);
extern const char *mithridate_snapshot_put_back(void);
extern void mithridate_snapshot_counters(void);
extern int mithridate_block_index(const void *);
extern size_t mithridate_block_size(int);
extern int mithridate_block_release(int); /* 0: it was released before */
extern int mithridate_mapping_release(void *, size_t);
#endif
