/* core/base/id.h - 128-bit names and 256-bit hashes as plain values.
 * Record ids are UUIDv7 (RFC 9562 section 5.7) with a tag (core/journal/record_id.h); space and
 * incarnation ids are random; device, feed and key ids are hashes with a label of their own
 * (core/crypto), so an id of one kind can't be passed off as one of another. Text form: records as
 * a UUID, the others as 32 hex. */
#ifndef DBK_BASE_ID_H
#define DBK_BASE_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/err.h"

#define DBK_ID_BYTES 16u
#define DBK_ID_HEX_SIZE 33u  /* 32 digits and the final zero byte */
#define DBK_ID_UUID_SIZE 37u /* 36 characters and the final zero byte */
#define DBK_HASH_BYTES 32u

typedef struct dbk_id {
    uint8_t b[DBK_ID_BYTES];
} dbk_id;

typedef struct dbk_hash {
    uint8_t b[DBK_HASH_BYTES];
} dbk_hash;

bool dbk_id_equal(const dbk_id *a, const dbk_id *b);
bool dbk_id_is_zero(const dbk_id *id);
int dbk_id_compare(const dbk_id *a, const dbk_id *b); /* bytewise */
bool dbk_hash_equal(const dbk_hash *a, const dbk_hash *b);
bool dbk_hash_is_zero(const dbk_hash *h);

/* UUIDv7 from a time and 10 random bytes. Later times sort later. */
dbk_id dbk_id_v7(uint64_t unix_ms, const uint8_t random[10]);

void dbk_id_hex(char out[DBK_ID_HEX_SIZE], const dbk_id *id);
void dbk_id_uuid(char out[DBK_ID_UUID_SIZE], const dbk_id *id);
/* Accepts 32 hex digits, or a UUID with its hyphens. DBK_FORMAT otherwise; *out zeroed. */
DBK_MUST_CHECK dbk_rc dbk_id_parse(dbk_id *out, const char *text, dbk_err *err);

/* A write's name: seq >= 1 in one feed. */
typedef struct dbk_dot {
    dbk_id feed;
    uint64_t seq;
} dbk_dot;
int dbk_dot_compare(const dbk_dot *a, const dbk_dot *b); /* feed bytewise, then seq */

#endif
