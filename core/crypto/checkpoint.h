/* core/crypto/checkpoint.h - C2SP tlog-checkpoint signed notes.
 *
 *   daybook/<org hex>/<space hex>/<log incarnation hex>\n     the origin
 *   <size decimal>\n
 *   <root base64>\n
 *   \n
 *   — <signer name> <base64(key id 4 || signature 64)>\n      em dash U+2014, one line each
 *
 * The signature is plain Ed25519 over the text up to and with the newline before the blank
 * line, as C2SP signed-note says; the origin is the context. Signer names: "relay", and
 * "witness-<32 hex>" for cosignatures, which are kept and passed on.
 * Key id: SHA-256(name || 0x0A || algorithm || public key), first 4 bytes; algorithm 1 is Ed25519.
 *
 * A cosignature is C2SP tlog-cosignature's cosignature/v1 (algorithm 4): a witness's word that it
 * holds the whole log of this size and root, and when it said so.
 *   — witness-<hex> <base64(key id 4 || time in seconds u64 || signature 64)>\n
 * Signed: "cosignature/v1\ntime <seconds>\n" || the note's text. */
#ifndef DBK_CRYPTO_CHECKPOINT_H
#define DBK_CRYPTO_CHECKPOINT_H

#include "core/crypto/sign.h"

#define DBK_CHECKPOINT_BYTES_MAX 2048u

typedef struct dbk_checkpoint {
    dbk_id org, space, log;
    uint64_t size;
    dbk_hash root;
} dbk_checkpoint;

DBK_MUST_CHECK dbk_rc dbk_checkpoint_sign(dbk_bytes *note, const dbk_checkpoint *c,
                                          const dbk_secret *relay_sk, dbk_err *err);
/* Strict parse and the relay's signature: DBK_FORMAT, DBK_AUTH. */
DBK_MUST_CHECK dbk_rc dbk_checkpoint_open(dbk_checkpoint *out, dbk_span note,
                                          const dbk_sign_pk *relay, dbk_err *err);

/* What a witness said of a log: up to which size it holds it, and when it said so. Of two words the
 * one of the larger size is the newer; of one size, the later. */
typedef struct dbk_cosigned {
    uint64_t size; /* 0: nothing was said */
    uint64_t time_s;
} dbk_cosigned;
bool dbk_cosigned_is_newer(const dbk_cosigned *a, const dbk_cosigned *b); /* a than b */
#define DBK_COSIGNED_NOTE_BYTES_MAX 512u /* three lines, the relay's, and one witness's */

#define DBK_WITNESS_NAME_SIZE 41u /* "witness-", 32 digits and the final zero byte */
#define DBK_WITNESSES_MAX 4u      /* in a policy; a note with so many lines fits its limit */
dbk_id dbk_witness_id(const dbk_sign_pk *witness); /* H16("daybook/signer-id/1", key) */
/* A witness's name in notes: by its key, so that nobody has to register one. */
void dbk_witness_name(char out[DBK_WITNESS_NAME_SIZE], const dbk_sign_pk *witness);
/* Appends a cosignature to a note that was opened. DBK_CONFLICT: it has a line of this witness.
 * DBK_FORMAT: it isn't a note. DBK_LIMIT: no room. */
DBK_MUST_CHECK dbk_rc dbk_checkpoint_cosign(dbk_bytes *note, uint64_t time_s,
                                            const dbk_secret *witness_sk, dbk_err *err);
/* When this witness cosigned the note. DBK_NOT_FOUND: it has no line of that name; DBK_AUTH,
 * DBK_FORMAT: one that doesn't hold. The relay's own line is dbk_checkpoint_open's to check. */
DBK_MUST_CHECK dbk_rc dbk_checkpoint_cosigned(uint64_t *time_s, dbk_span note,
                                              const dbk_sign_pk *witness, dbk_err *err);

#endif
