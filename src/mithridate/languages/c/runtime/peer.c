/* Standard input as somebody gives it who answers when asked: while a program only looks whether there is something, there is nothing.
 *
 * Linked by languages/c/link.py into what searches and what proves, so that an input means the same in both. An input is a file, and all
 * of it is there from the start. A program that throws away what is waiting (select() with no time-out, read(), and again) before it asks
 * the next question would throw away all of it. So a look without waiting finds nothing where a message begins: at the start, behind a
 * line's end, and at the end of the input. Whoever waits for it (a read, a longer time-out, some looks in a row) gets the message: all up
 * to the end of the line. Within a message nothing is held back. From the first look on a read gets no more than the message.
 * Programs that never look see no difference. What is decided depends on the bytes and the calls alone, never on time. Decision 012.
 *
 * After: Y. Zardus, "preeny" (desock), where an input is given to a program that expects a peer; V.-T. Pham et al., "AFLNet", ICST 2020
 * (a message is sent once the answer to the one before was awaited).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "peer.h"

#define WEAK __attribute__((weak))

enum { LOOKS = 4, A_WAIT_MS = 100 }; /* looks in a row at one place that find nothing; a time-out from which on it is no look */

struct mithridate_peer mithridate_peer;

/* harness.c, in what searches: where the input is in memory; 0 where it is a file. */
extern int mithridate_input_at(const uint8_t **data, size_t *size, size_t *at) WEAK;
/* harness.c: the answer will depend on the input. */
extern void mithridate_input_wanted(void) WEAK;

struct place { const uint8_t *data; size_t size, at; };

/* 0 where standard input is no file: then it has a peer of its own. */
static int find(struct place *here) {
    if (mithridate_input_at && mithridate_input_at(&here->data, &here->size, &here->at)) return 1;
    long at = syscall(SYS_lseek, 0, 0L, SEEK_CUR);
    here->data = NULL;
    here->at = (size_t)at;
    return at >= 0;
}

/* Bytes of the input from `from` on, and how many there were. */
static size_t peek(const struct place *here, size_t from, uint8_t *to, size_t n) {
    if (here->data) {
        size_t left = from < here->size ? here->size - from : 0, got = n < left ? n : left;
        memcpy(to, here->data + from, got);
        return got;
    }
#if defined(__i386__)
    long got = syscall(SYS_pread64, 0, to, n, (long)from, 0L);
#else
    long got = syscall(SYS_pread64, 0, to, n, (long)from);
#endif
    return got > 0 ? (size_t)got : 0;
}

static int message_begins(const struct place *here) {
    uint8_t one;
    if (!here->at || !peek(here, here->at, &one, 1)) return 1;
    return peek(here, here->at - 1, &one, 1) && one == '\n';
}

/* What is left of the message, `most` at most. */
static size_t left_of_message(const struct place *here, size_t most) {
    uint8_t piece[512];
    for (size_t done = 0, n; done < most; done += n) {
        n = peek(here, here->at + done, piece, most - done < sizeof piece ? most - done : sizeof piece);
        uint8_t *end = memchr(piece, '\n', n);
        if (end) return done + (size_t)(end - piece) + 1;
        if (!n) return done;
    }
    return most;
}

static int is_there(const struct place *here, int waits) {
    struct mithridate_peer *peer = &mithridate_peer;
    if (peer->sent == here->at + 1 || !message_begins(here)) return 1;
    if (!waits) {
        peer->looked = 1;
        if (peer->asked != here->at + 1) peer->looks = 0;
        peer->asked = here->at + 1;
        if (peer->looks++ < LOOKS) return 0;
    }
    peer->sent = here->at + 1;
    return 1;
}

static int input_is_there(int waits) {
    struct place here;
    int error = errno, is = !find(&here) || is_there(&here, waits);
    errno = error;
    return is;
}

/* How much a read of `n` bytes may get; -1 with errno set where it would have to wait and must not. */
long mithridate_peer_read(size_t n) {
    struct place here;
    int error = errno;
    if (!mithridate_peer.looked || !n || !find(&here)) { errno = error; return (long)n; }
    if (mithridate_peer.impatient && !is_there(&here, 0)) { errno = EAGAIN; return -1; }
    mithridate_peer.sent = here.at + 1;
    size_t most = n > 1 && n <= LONG_MAX ? left_of_message(&here, n) : n;
    errno = error;
    return (long)(most ? most : n);
}

/* ---- calls that look ------------------------------------------------------------------------------------------------ */

static int is_wait(const struct timespec *t) { return !t || t->tv_sec > 0 || t->tv_nsec >= A_WAIT_MS * 1000000L; }

/* True when standard input was taken out of the set, since there is nothing. */
static int held_back(int n, fd_set *reading, int waits) {
    if (n <= 0 || !reading || !FD_ISSET(0, reading) || input_is_there(waits)) return 0;
    FD_CLR(0, reading);
    return 1;
}

extern int __real_select(int, fd_set *, fd_set *, fd_set *, struct timeval *) WEAK;
int __wrap_select(int n, fd_set *r, fd_set *w, fd_set *e, struct timeval *t) {
    if (held_back(n, r, !t || t->tv_sec > 0 || t->tv_usec >= A_WAIT_MS * 1000L)) t->tv_sec = t->tv_usec = 0;
    return __real_select(n, r, w, e, t);
}

extern int __real_pselect(int, fd_set *, fd_set *, fd_set *, const struct timespec *, const sigset_t *) WEAK;
int __wrap_pselect(int n, fd_set *r, fd_set *w, fd_set *e, const struct timespec *t, const sigset_t *mask) {
    static const struct timespec none;
    return __real_pselect(n, r, w, e, held_back(n, r, is_wait(t)) ? &none : t, mask);
}

static int looks_for_input(const struct pollfd *p) { return p->fd == 0 && (p->events & (POLLIN | POLLRDNORM)); }

/* True when standard input was taken out of the list, since there is nothing. */
static int held_back_of(struct pollfd *p, nfds_t n, int waits) {
    int held = 0;
    for (nfds_t i = 0; i < n; i++)
        if (looks_for_input(&p[i])) {
            if (!held && input_is_there(waits)) return 0;
            p[i].fd = -1 - (held = 1);
        }
    return held;
}
static void given_back(struct pollfd *p, nfds_t n) {
    for (nfds_t i = 0; i < n; i++)
        if (p[i].fd == -2 && (p[i].events & (POLLIN | POLLRDNORM))) p[i].fd = 0;
}

extern int __real_poll(struct pollfd *, nfds_t, int) WEAK;
int __wrap_poll(struct pollfd *p, nfds_t n, int ms) {
    if (!held_back_of(p, n, ms < 0 || ms >= A_WAIT_MS)) return __real_poll(p, n, ms);
    int found = __real_poll(p, n, 0);
    given_back(p, n);
    return found;
}

extern int __real_ppoll(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *) WEAK;
int __wrap_ppoll(struct pollfd *p, nfds_t n, const struct timespec *t, const sigset_t *mask) {
    static const struct timespec none;
    if (!held_back_of(p, n, is_wait(t))) return __real_ppoll(p, n, t, mask);
    int found = __real_ppoll(p, n, &none, mask);
    given_back(p, n);
    return found;
}

/* ---- reads that do not wait, and how much there is -------------------------------------------------------------------- */

static void be_impatient(int yes) {
    mithridate_peer.impatient = yes;
    mithridate_peer.looked |= yes;
}

extern int __real_ioctl(int, unsigned long, void *) WEAK;
int __wrap_ioctl(int fd, unsigned long request, void *argument) {
    struct place here;
    if (fd != 0 || (request != FIONREAD && request != FIONBIO) || !find(&here)) return __real_ioctl(fd, request, argument);
    if (request == FIONBIO) {
        be_impatient(*(int *)argument != 0);
        return 0;
    }
    int is = is_there(&here, 0);
    if (is && mithridate_input_wanted) mithridate_input_wanted();
    *(int *)argument = is && find(&here) ? (int)left_of_message(&here, INT_MAX) : 0;
    return 0;
}

/* The flag is kept here: a file's own would outlive an execution, and does nothing. */
#define WRAP_FCNTL(name) \
    extern int __real_##name(int, int, void *) WEAK; \
    int __wrap_##name(int fd, int command, void *argument) { \
        struct place here; \
        if (fd != 0 || (command != F_SETFL && command != F_GETFL) || !find(&here)) return __real_##name(fd, command, argument); \
        if (command == F_GETFL) { \
            int flags = __real_##name(fd, command, argument); \
            return flags < 0 ? flags : flags | (mithridate_peer.impatient ? O_NONBLOCK : 0); \
        } \
        be_impatient(((intptr_t)argument & O_NONBLOCK) != 0); \
        return __real_##name(fd, command, (void *)((intptr_t)argument & ~(intptr_t)O_NONBLOCK)); \
    }
WRAP_FCNTL(fcntl)
WRAP_FCNTL(fcntl64)
