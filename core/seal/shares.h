/* core/seal/shares.h - headquarters' recovery key, in shares that several people keep: so many of
 * them together give the key, fewer give nothing (Shamir over GF(256), by libgfshare). Pure.
 * A share's block, 42 + 16 a share + 32 + the name + 8 bytes, big-endian:
 *   offset size
 *        0    4  magic "DBKR"
 *        4    1  version = 1
 *        5    1  suite = 1
 *        6    1  how many shares are needed, 2..count
 *        7    1  how many there are, 2..8
 *        8    1  which one this is, from 1: where the polynomials are taken
 *        9    1  length of the organisation's name, 1..64
 *       10   32  the recovery key, X25519, as it stands in the policy and in slots
 *       42   16  for each share: H16("daybook/share-part/1", its number || key || part)
 *        .   32  this share's part of the secret key
 *        .    n  the name, UTF-8 without control characters
 *      end    8  first bytes of H("daybook/share/1", all before)
 * A set is named by H16("daybook/share-set/1", bytes 6, 7, key, all 16-byte rows, name): whoever
 * has changed one share to name another part or key has made a share of another set.
 * Text: lines for people, which don't count, and the block in lines that do: "N: " and 20 bytes of
 * it (the last line: the rest) and 20 bits of H("daybook/share-line/1", N (u8) || those bytes), in
 * base32 of the alphabet 0123456789ABCDEFGHJKMNPQRSTVWXYZ (Crockford's), in groups of four. */
#ifndef DBK_SEAL_SHARES_H
#define DBK_SEAL_SHARES_H

#include "core/base/id.h"
#include "core/crypto/secret.h"

#define DBK_SHARES_MAX 8u
#define DBK_SHARE_NAME_BYTES_MAX 64u
#define DBK_SHARE_TEXT_BYTES_MAX 4096u

typedef struct dbk_share {
    uint8_t need, count, number;
    uint8_t key[32]; /* public */
    dbk_id parts[DBK_SHARES_MAX];
    char organisation[DBK_SHARE_NAME_BYTES_MAX + 1];
    dbk_secret *part; /* owned */
} dbk_share;          /* { 0 } is empty */
void dbk_share_wipe(dbk_share *share);
dbk_id dbk_share_set(const dbk_share *share);
/* What people compare of a recovery key: H16("daybook/recovery-print/1", key). */
dbk_id dbk_recovery_print(const uint8_t key[32]);

/* A new recovery key in opts->count shares, and proof that they give it. Its secret half is gone
 * when this returns. DBK_INVALID: numbers or a name that can't be. On failure all are empty. */
typedef struct dbk_shares_opts {
    const char *organisation;
    size_t need, count;
} dbk_shares_opts;
DBK_MUST_CHECK dbk_rc dbk_shares_create(dbk_share *shares, const dbk_shares_opts *opts,
                                        const dbk_env *env, dbk_err *err);
/* The secret key. DBK_INVALID: too few, or one twice; DBK_CONFLICT: of two sets; DBK_AUTH: they
 * don't give the key that they name. The text says which share. */
DBK_MUST_CHECK dbk_rc dbk_shares_combine(dbk_secret **recovery_key, const dbk_share *shares,
                                         size_t count, const dbk_env *env, dbk_err *err);

/* The first two of these, without work. */
DBK_MUST_CHECK dbk_rc dbk_shares_check(const dbk_share *shares, size_t count, dbk_err *err);

DBK_MUST_CHECK dbk_rc dbk_share_print(dbk_bytes *out, const dbk_share *share, dbk_err *err);
/* Forgives case, spaces, and O for 0, I and L for 1, as paper is typed. DBK_FORMAT: the text names
 * the line that is missing or mistyped; DBK_VERSION. On failure *out is empty. */
DBK_MUST_CHECK dbk_rc dbk_share_parse(dbk_share *out, dbk_span text, dbk_err *err);

#endif
