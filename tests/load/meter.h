/* tests/load/meter.h - how long things took, and what a process has used. */
#ifndef DBK_TESTS_LOAD_METER_H
#define DBK_TESTS_LOAD_METER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct meter {
    float *ms;
    size_t count, room;
} meter;
void meter_add(meter *m, double ms);
void meter_take(meter *m, meter *from); /* from is empty then */
void meter_wipe(meter *m);
/* The least value that so many of a hundred don't exceed; 0 if there is none. Sorts. */
double meter_percentile(meter *m, double percent);

/* What a process and those that it started use: seconds of CPU, MiB resident now and at most,
 * descriptors (-1: not for us to see). */
typedef struct usage {
    double cpu_s, rss_mib, peak_mib;
    int descriptors;
} usage;
usage usage_of(pid_t pid);
double usage_self_cpu_s(void);

#endif
