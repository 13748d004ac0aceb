/* tests/faults/programs.h - what is held against a store after a program on it was disturbed. */
#ifndef DBK_TESTS_FAULTS_PROGRAMS_H
#define DBK_TESTS_FAULTS_PROGRAMS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/daybook.h"

#define HELD_WHY_MAX 240u

/* What a store holds, all of it verified; why: "" or what is wrong with it. */
typedef struct held {
    bool there; /* it has a key file */
    uint64_t ops, records;
    uint64_t known; /* of the records that it is asked for */
    char why[HELD_WHY_MAX];
} held;

/* The store's key, by its passphrase. NULL, and said why: it doesn't open. */
dbk_secret *held_key(const char *dir, const char *passphrase_file, const char *anchors);
/* In a process of its own. id: a record that must be among them, or NULL. */
void held_look(held *out, const char *dir, const dbk_secret *key, const char *anchors,
               const char *id);

/* Answers as the agent of a store does (cli/agent.h), but never tires of it: so no passphrase has
 * to be stretched for each point. Returns its process. */
pid_t agent_begin(const char *dir, const dbk_secret *key);
void agent_end(pid_t agent);

#endif
