/* core/crypto/reach.h - a device's signed word how far it has a space's log (decision 0041): what
 * stands in the log below `size` is applied to its records, or kept sealed where it can't be opened
 * yet. Nothing may ever be let go of that a device lacks, so the word is the device's own and
 * nobody else can say it.
 * Knows:  layout, signature. Never: whose key it is, roles, what the log really is.
 * 184 bytes, big-endian:
 *   offset size
 *        0    4  magic "DBKH"
 *        4    1  version = 1
 *        5    1  suite = 1
 *        6    1  1: it holds the body of each of them, too, but for what was ordered erased; else 0
 *        7    1  zero
 *        8   16  organisation
 *       24   16  space
 *       40   16  log          incarnation
 *       56    8  size         entries of the log, 1..2^40
 *       64   32  root         of so many
 *       96   16  device
 *      112    8  when, Unix ms, by its clock
 *      120   64  Ed25519 by the device's sign key, label "daybook/reach/1", over all before */
#ifndef DBK_CRYPTO_REACH_H
#define DBK_CRYPTO_REACH_H

#include "core/crypto/hash.h"
#include "core/crypto/sign.h"

#define DBK_REACH_BYTES 184u
#define DBK_REACH_SIZE_MAX (UINT64_C(1) << 40)

typedef struct dbk_reach {
    dbk_id org, space, log;
    uint64_t size;
    dbk_hash root;
    dbk_id device;
    uint64_t time_ms;
    bool whole;  /* every body is held as well: a snapshot left none out */
    dbk_sig sig; /* filled by decoding */
} dbk_reach;

void dbk_reach_sign(uint8_t out[DBK_REACH_BYTES], const dbk_reach *r,
                    const dbk_secret *device_sign);
/* Strict; checks no signature. DBK_FORMAT, DBK_VERSION. */
DBK_MUST_CHECK dbk_rc dbk_reach_decode(dbk_reach *out, dbk_span in, dbk_err *err);
/* Did the device with this key say it? */
bool dbk_reach_verify(const dbk_reach *r, const dbk_sign_pk *device_sign);

#endif
