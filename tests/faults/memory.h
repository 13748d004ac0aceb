/* tests/faults/memory.h - every allocation of the statically linked program counted, and one of
 * them refused: Daybook's own, SQLite's, Jansson's (all through core/base/alloc.h) and the locked
 * pages of secrets. The linker leads calloc, free, sodium_malloc and sodium_free here (--wrap).
 * Not reached: what shared libraries take for themselves (libc, zstd, Argon2id's memory). */
#ifndef DBK_TESTS_FAULTS_MEMORY_H
#define DBK_TESTS_FAULTS_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/* From now on the at-th (from 1) is refused, and every one after it while `lasting`. 0: none. */
void memory_refuse(uint64_t at, bool lasting);
/* All are granted again; how many were asked for. */
uint64_t memory_grant(void);
/* Blocks that were taken and not given back. */
int64_t memory_live(void);

#endif
