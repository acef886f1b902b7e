/* What harness.c and memory.c know of peer.c. */
#ifndef MITHRIDATE_PEER_H
#define MITHRIDATE_PEER_H
#include <stddef.h>

/* How one execution and its peer stand. Places are offsets in the input plus one; 0 is nowhere. */
struct mithridate_peer {
    size_t sent;    /* the message that begins here was sent */
    size_t asked;   /* here the program has looked for one, */
    unsigned looks; /* so many times */
    int looked, impatient; /* it was seen to look; its reads do not wait */
};

extern struct mithridate_peer mithridate_peer;
extern long mithridate_peer_read(size_t n);
#endif
