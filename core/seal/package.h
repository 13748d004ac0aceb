/* core/seal/package.h - a referral on its way to its recipient: sealed to the recipient's key,
 * signed inside by the device that sends it (docs/format/referral.md).
 * Knows:  keys, signatures, who is a member. Never: which fields may be told, forms, records.
 * File, 56 + n bytes, big-endian:
 *   offset size
 *        0    4  magic "DBKF"
 *        4    1  version = 1
 *        5    1  suite = 1
 *        6    2  zero
 *        8   16  recipient's id
 *       24   32  ephemeral X25519 public key
 *       56    n  XChaCha20-Poly1305, nonce zero (the key is used once), AAD = prefix
 *                "daybook/package-aad/1" || bytes 0..55, of 0 (u8) || length (u32) || signed ||
 *                zeros up to Padme(max(5 + length, 256)), which is checked on opening
 * key = H("daybook/package-key/1", the key that drop.h derives of both publics and the secret).
 * signed = [ core (bytes), sig (bytes 64) ], deterministic CBOR; sig by the device's key, label
 * "daybook/package/1", over H("daybook/package-core/1", core).
 * core = { 1: version 1, 2: org, 3: device, 4: recipient, 5: referral (bytes 16 each), 6: number
 *          (uint), 7: before (bytes 32), 8: time (uint ms), 9: safe (text), 10: [ * field ] }
 * field = [ name (text), label (text), value (text) ]
 * The recipient's id stands in what is signed: a package can't be sealed anew to somebody else, and
 * passed off as sent to them. before: hash of the package before this one; zero with number 0.
 * A package's hash = H("daybook/package-file/1", file). */
#ifndef DBK_SEAL_PACKAGE_H
#define DBK_SEAL_PACKAGE_H

#include "core/base/env.h"
#include "core/crypto/roster.h"
#include "core/seal/recipient.h"

#define DBK_PACKAGE_FIELDS_MAX 64u
#define DBK_PACKAGE_NAME_BYTES_MAX 80u
#define DBK_PACKAGE_LABEL_BYTES_MAX 160u
#define DBK_PACKAGE_VALUE_BYTES_MAX (32u * 1024u)
#define DBK_PACKAGE_BYTES_MAX (64u * 1024u)

typedef struct dbk_package_field {
    dbk_span name; /* "person.name" */
    dbk_span label, value;
} dbk_package_field;
typedef struct dbk_package {
    dbk_id org, device, recipient, referral;
    uint64_t number; /* 0: the referral; later ones correct it, and are whole in themselves */
    dbk_hash before;
    uint64_t time_ms; /* claimed */
    dbk_span safe;    /* how the person may be reached, for people; never empty */
    const dbk_package_field *fields;
    size_t fields_count;
} dbk_package;

dbk_hash dbk_package_hash(dbk_span file);
/* Appends. Of p the recipient doesn't count. DBK_LIMIT, DBK_INVALID: too long, not UTF-8, no name,
 * nothing said of safe contact, or `to` is no proper key. */
DBK_MUST_CHECK dbk_rc dbk_package_seal(dbk_bytes *out, const dbk_package *p,
                                       const dbk_recipient *to, const dbk_secret *device_sign,
                                       const dbk_env *env, dbk_err *err);

/* May a device of this role, not revoked, send one? Auditors only read; writers and guests hand
 * nothing out. */
bool dbk_package_sender(const dbk_member *m);

/* Whose it is, before it is opened. DBK_FORMAT, DBK_VERSION. */
DBK_MUST_CHECK dbk_rc dbk_package_for(dbk_id *recipient, dbk_span file, dbk_err *err);
typedef struct dbk_package_opened {
    dbk_package package; /* borrows from text and fields */
    dbk_package_field fields[DBK_PACKAGE_FIELDS_MAX];
    dbk_bytes text;
} dbk_package_opened;
/* roster: of the sender's organisation. DBK_FORMAT, DBK_VERSION. DBK_DENIED: it is for somebody
 * else. DBK_AUTH: it doesn't open, or whoever sent it is no device of that organisation that may
 * write, or has been revoked; what is inside isn't given then. Wipe it, whatever comes back; it
 * isn't to be copied. */
DBK_MUST_CHECK dbk_rc dbk_package_open(dbk_package_opened *out, dbk_span file,
                                       const dbk_secret *recipient, const dbk_roster *roster,
                                       dbk_err *err);
void dbk_package_opened_wipe(dbk_package_opened *o);

#endif
