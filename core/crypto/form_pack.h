/* core/crypto/form_pack.h - a pack: texts of forms, signed by an administrator's or headquarters'
 * device, so that a force can record what the program doesn't ship. Knows: bytes, signatures, who
 * may sign. Never: what a text says (core/model/form.h), where packs are kept.
 *
 * pack = [ "daybook form pack" (text), core (bytes), sig (bytes 64) ]     ; deterministic CBOR
 * core = { 1: version 1, 2: suite 1, 3: org (bytes 16), 4: device (bytes 16), 5: name (text),
 *          6: time (uint, claimed ms), 7: [ + [ kind (uint), text (bytes) ] ] }
 *   name   a-z, 0-9 and _, beginning with a letter
 *   kind   1: a form (docs/FORMS.md), 2: the questions of an assessment tool
 * Hash: "daybook/form-pack-hash/1" over core: the pack's identity. Signed: label
 * "daybook/form-pack/1" over that hash, by the device's signing key. Another key of core, and a
 * kind above 2, is of a newer version. */
#ifndef DBK_CRYPTO_FORM_PACK_H
#define DBK_CRYPTO_FORM_PACK_H

#include "core/crypto/roster.h"

#define DBK_FORM_PACK_BYTES_MAX (512u * 1024u)
#define DBK_FORM_PACK_TEXTS_MAX 64u
#define DBK_FORM_PACK_NAME_BYTES_MAX 48u

typedef enum dbk_form_pack_kind {
    DBK_FORM_PACK_FORM = 1,
    DBK_FORM_PACK_TOOL = 2
} dbk_form_pack_kind;

typedef struct dbk_form_pack_text {
    dbk_form_pack_kind kind;
    dbk_span text;
} dbk_form_pack_text;

/* Spans are borrowed. */
typedef struct dbk_form_pack {
    dbk_id org, device;
    dbk_span name;
    uint64_t time_ms;
    dbk_form_pack_text texts[DBK_FORM_PACK_TEXTS_MAX];
    size_t texts_count;
    dbk_hash hash; /* filled by open */
    dbk_sig sig;
} dbk_form_pack;

/* May a pack have this name? */
bool dbk_form_pack_name_valid(dbk_span name);

/* Appends. DBK_INVALID: the name; DBK_LIMIT: too many texts, or too large. */
DBK_MUST_CHECK dbk_rc dbk_form_pack_sign(dbk_bytes *out, const dbk_form_pack *pack,
                                         const dbk_secret *device_sk, dbk_err *err);
/* Strict; checks no signature. The result borrows from in. DBK_FORMAT, DBK_VERSION, DBK_LIMIT. */
DBK_MUST_CHECK dbk_rc dbk_form_pack_open(dbk_form_pack *out, dbk_span in, dbk_err *err);
/* Whose it is: DBK_AUTH: another organisation's, of a device that the chain doesn't know, or
 * changed since it was signed; DBK_DENIED: the device is neither an administrator's nor
 * headquarters'. */
DBK_MUST_CHECK dbk_rc dbk_form_pack_check(const dbk_form_pack *pack, const dbk_roster *roster,
                                          dbk_err *err);
/* May it be taken now? As check, and DBK_DENIED when the device has been revoked since. */
DBK_MUST_CHECK dbk_rc dbk_form_pack_admit(const dbk_form_pack *pack, const dbk_roster *roster,
                                          dbk_err *err);

#endif
