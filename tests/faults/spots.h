/* tests/faults/spots.h - a call told by who makes it, what it is, what it is on, and how many there
 * were of it before: "keeper/pwrite64:relay.db-wal:3". Where several threads make calls their order
 * is another in each run; that of one kind on one file hardly is. */
#ifndef DBK_TESTS_FAULTS_SPOTS_H
#define DBK_TESTS_FAULTS_SPOTS_H

#include <stddef.h>
#include <sys/types.h>

#define SPOT_SIZE 96u
#define SPOTS_MAX 512u /* different but for their numbers */

typedef struct spots {
    struct {
        char name[SPOT_SIZE];
        unsigned count;
    } rows[SPOTS_MAX];
    size_t count;
} spots;

/* The next spot of a call. main: the process that was begun first; the others are "keeper". fd: on
 * which it is, or -1. */
void spot_next(char out[SPOT_SIZE], spots *seen, pid_t thread, pid_t main, const char *call,
               int fd);

#endif
