/* core/journal/tries.h - wrong passphrases are counted in the folder, and the next guess has to
 * wait (security.md A06). It slows a person at the keyboard; whoever has a copy of the folder is
 * slowed by Argon2id alone. Nothing is ever deleted for it, and the right passphrase clears it.
 * File `tries`, 40 bytes, big-endian:
 *   offset size
 *        0    4  magic "DBKT"
 *        4    4  wrong guesses in a row, also one that was cut off
 *        8    8  time of the last one, ms
 *       16   24  first 24 bytes of H("daybook/tries/1", bytes 0..15)
 * A file that can't be read counts as one guess too many, made now. */
#ifndef DBK_JOURNAL_TRIES_H
#define DBK_JOURNAL_TRIES_H

#include "core/base/env.h"
#include "core/store/folder.h"

#define DBK_TRIES_FREE 3u
#define DBK_TRIES_WAIT_MAX_MS (15u * 60u * 1000u)

/* How long after the count-th wrong guess the next may be made: nothing up to DBK_TRIES_FREE, then
 * 1 s, doubling, to 15 minutes. */
uint64_t dbk_tries_wait_ms(uint64_t count);

typedef struct dbk_tries {
    uint32_t count;
    uint64_t at_ms; /* of the last one */
} dbk_tries;
/* Counts a guess, durably, before it is made; *before is what stood before it.
 * DBK_PENDING: too early, and nothing was counted. A clock that was set back makes the whole wait
 * begin anew. */
DBK_MUST_CHECK dbk_rc dbk_tries_begin(const dbk_folder *folder, dbk_tries *before,
                                      const dbk_env *env, dbk_err *err);
/* So many stand: none when it was right, those before when it was no guess at all. */
DBK_MUST_CHECK dbk_rc dbk_tries_end(const dbk_folder *folder, uint32_t count, const dbk_env *env,
                                    dbk_err *err);

#endif
