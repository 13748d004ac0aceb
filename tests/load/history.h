/* tests/load/history.h - years of a space in a minute: segments put into the relay's log by its own
 * append, not over the network; and what a range of such a log costs. */
#ifndef DBK_TESTS_LOAD_HISTORY_H
#define DBK_TESTS_LOAD_HISTORY_H

#include "tests/load/client.h"

typedef struct history_plan {
    uint32_t space;
    uint64_t entries; /* that the space's log is to have */
    unsigned notes;   /* in each segment; each of about 300 sealed bytes */
} history_plan;
/* Makes the space's log that long; device 0 of the space is the author. No relay may serve. */
void history_write(const fleet *f, const history_plan *plan);

/* Single requests for ranges of so many bytes. */
typedef struct history_reading {
    uint64_t from, step; /* entries: of the first request, and from one to the next */
    unsigned requests, bytes;
} history_reading;
/* How long each took goes to the desk's meter of ranges. Returns how many entries came. */
uint64_t history_read(client *c, client_desk *d, const history_reading *reading);

#endif
