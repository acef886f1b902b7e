/* The stack below main() as a new process has it: zeros.
 *
 * The sanitizers' start-up, an engine and earlier executions leave their own variables there. A program that uses one of its own before
 * it has set it would find those instead of what it finds without us, and end before it has begun. Only what is below main() is
 * cleared, and only before it runs: what the program leaves there itself stays.
 */
#ifndef MITHRIDATE_FRESH_H
#define MITHRIDATE_FRESH_H
#include <stdint.h>

enum { LEFT_BY_START_UP = 256 << 10 };

/* In the frame that calls main(), right before it does. */
__attribute__((always_inline)) static inline void clear_stack(uintptr_t below) {
#if defined(__x86_64__)
    __asm__ volatile("movq %%rsp, %%rcx\nmovq %%rcx, %%rdi\nsubq %0, %%rdi\nsubq %%rdi, %%rcx\nxorl %%eax, %%eax\nrep stosb"
                     : : "r"(below) : "rax", "rcx", "rdi", "memory", "cc");
#elif defined(__i386__)
    __asm__ volatile("movl %%esp, %%ecx\nmovl %%ecx, %%edi\nsubl %0, %%edi\nsubl %%edi, %%ecx\nxorl %%eax, %%eax\nrep stosb"
                     : : "r"(below) : "eax", "ecx", "edi", "memory", "cc");
#else
    (void)below;
#endif
}
#endif
