#include "core/seal/package.h"

#include <sodium.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/cbor.h"
#include "core/base/text.h"
#include "core/base/wire.h"
#include "core/seal/drop.h"
#include "core/seal/pack.h"
#include "core/seal/package_internal.h"
#include "core/seal/sealer.h"

#define HEAD_BYTES 56u
#define EPHEMERAL_AT 24u
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
#define AAD_BYTES_MAX (DBK_PREFIX_BYTES_MAX + HEAD_BYTES)
#define TIME_MAX ((uint64_t)INT64_MAX)
#define CORE_PAIRS 10u
#define CORE_VERSION 1u
_Static_assert(HEAD_BYTES + TAG_BYTES + DBK_PACK_BYTES_MAX <= DBK_PACKAGE_BYTES_MAX, "the cap");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == DBK_HASH_BYTES, "a hash is a key");

static const uint8_t magic[8] = { 'D', 'B', 'K', 'F', 1, DBK_SUITE_1, 0, 0 };
static const uint8_t zero_nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];

dbk_hash dbk_package_hash(dbk_span file)
{
    return dbk_hash_of("daybook/package-file/1", file);
}

/* ---- what is signed -------------------------------------------------------------------------- */

static bool is_text(dbk_span text, size_t max)
{
    return text.len <= max && dbk_utf8_valid(text);
}

static bool is_proper(const dbk_package *p)
{
    bool good = p->fields_count <= DBK_PACKAGE_FIELDS_MAX && p->time_ms <= TIME_MAX &&
                p->safe.len > 0 && is_text(p->safe, DBK_PACKAGE_VALUE_BYTES_MAX) &&
                (p->number == 0) == dbk_hash_is_zero(&p->before);
    for (size_t i = 0; good && i < p->fields_count; i++) {
        const dbk_package_field *f = &p->fields[i];
        good = f->name.len > 0 && is_text(f->name, DBK_PACKAGE_NAME_BYTES_MAX) &&
               is_text(f->label, DBK_PACKAGE_LABEL_BYTES_MAX) &&
               is_text(f->value, DBK_PACKAGE_VALUE_BYTES_MAX);
    }
    return good;
}

static void put_id(dbk_cbor_out *o, uint64_t key, const dbk_id *id)
{
    dbk_cbor_put_uint(o, key);
    dbk_cbor_put_bytes(o, id->b, sizeof(id->b));
}

dbk_rc dbk_package_put_core(dbk_bytes *out, const dbk_package *p, dbk_err *err)
{
    dbk_cbor_out o = dbk_cbor_to(out, err);
    dbk_cbor_put_map(&o, CORE_PAIRS);
    dbk_cbor_put_uint(&o, 1);
    dbk_cbor_put_uint(&o, CORE_VERSION);
    put_id(&o, 2, &p->org);
    put_id(&o, 3, &p->device);
    put_id(&o, 4, &p->recipient);
    put_id(&o, 5, &p->referral);
    dbk_cbor_put_uint(&o, 6);
    dbk_cbor_put_uint(&o, p->number);
    dbk_cbor_put_uint(&o, 7);
    dbk_cbor_put_bytes(&o, p->before.b, sizeof(p->before.b));
    dbk_cbor_put_uint(&o, 8);
    dbk_cbor_put_uint(&o, p->time_ms);
    dbk_cbor_put_uint(&o, 9);
    dbk_cbor_put_text(&o, p->safe);
    dbk_cbor_put_uint(&o, CORE_PAIRS);
    dbk_cbor_put_array(&o, p->fields_count);
    for (size_t i = 0; i < p->fields_count; i++) {
        dbk_cbor_put_array(&o, 3);
        dbk_cbor_put_text(&o, p->fields[i].name);
        dbk_cbor_put_text(&o, p->fields[i].label);
        dbk_cbor_put_text(&o, p->fields[i].value);
    }
    return o.rc;
}

static void expect_key(dbk_cbor *c, uint64_t key)
{
    if (!dbk_cbor_key(c, key))
        c->failed = true;
}

static void get_id(dbk_cbor *c, uint64_t key, dbk_id *id)
{
    expect_key(c, key);
    dbk_cbor_get_copy(c, id->b, sizeof(id->b));
}

static void get_fields(dbk_cbor *c, dbk_package_opened *out)
{
    uint64_t count = dbk_cbor_get_array(c);
    if (count > DBK_PACKAGE_FIELDS_MAX)
        c->failed = true;
    for (uint64_t i = 0; !c->failed && i < count; i++) {
        dbk_package_field *f = &out->fields[i];
        if (dbk_cbor_get_array(c) != 3)
            c->failed = true;
        f->name = dbk_cbor_get_text(c);
        f->label = dbk_cbor_get_text(c);
        f->value = dbk_cbor_get_text(c);
    }
    out->package.fields = out->fields;
    out->package.fields_count = c->failed ? 0 : (size_t)count;
}

static dbk_rc get_core(dbk_package_opened *out, dbk_span core, dbk_err *err)
{
    dbk_package *p = &out->package;
    dbk_rc rc = dbk_cbor_check(core, err);
    if (rc != DBK_OK)
        return rc;
    dbk_cbor c = dbk_cbor_from(core);
    uint64_t pairs = dbk_cbor_get_map(&c);
    expect_key(&c, 1);
    uint64_t version = dbk_cbor_get_uint(&c);
    if (!c.failed && version > CORE_VERSION)
        return dbk_fail(err, DBK_VERSION, "the referral was written by a newer version");
    if (pairs != CORE_PAIRS || version != CORE_VERSION)
        c.failed = true;
    get_id(&c, 2, &p->org);
    get_id(&c, 3, &p->device);
    get_id(&c, 4, &p->recipient);
    get_id(&c, 5, &p->referral);
    expect_key(&c, 6);
    p->number = dbk_cbor_get_uint(&c);
    expect_key(&c, 7);
    dbk_cbor_get_copy(&c, p->before.b, sizeof(p->before.b));
    expect_key(&c, 8);
    p->time_ms = dbk_cbor_get_uint(&c);
    expect_key(&c, 9);
    p->safe = dbk_cbor_get_text(&c);
    expect_key(&c, CORE_PAIRS);
    get_fields(&c, out);
    rc = dbk_cbor_end(&c, "the referral", err);
    if (rc == DBK_OK && !is_proper(p))
        rc = dbk_fail(err, DBK_FORMAT, "the referral holds something that it can't");
    return rc;
}

/* ---- sealing --------------------------------------------------------------------------------- */

static dbk_hash hash_of_core(dbk_span core)
{
    return dbk_hash_of("daybook/package-core/1", core);
}

static dbk_rc put_signed(dbk_bytes *out, const dbk_package *p, const dbk_secret *device_sign,
                         dbk_err *err)
{
    dbk_bytes core = DBK_BYTES_INIT(DBK_SEAL_PLAIN_BYTES_MAX);
    dbk_sig sig;
    dbk_rc rc = dbk_package_put_core(&core, p, err);
    if (rc == DBK_OK) {
        dbk_hash hash = hash_of_core(dbk_bytes_span(&core));
        dbk_sign(&sig, "daybook/package/1", dbk_span_of(hash.b, sizeof(hash.b)), device_sign);
        dbk_cbor_out o = dbk_cbor_to(out, err);
        dbk_cbor_put_array(&o, 2);
        dbk_cbor_put_bytes(&o, core.p, core.len);
        dbk_cbor_put_bytes(&o, sig.b, sizeof(sig.b));
        rc = o.rc;
    }
    dbk_bytes_wipe(&core);
    return rc;
}

static dbk_hash package_key(const dbk_secret *exchanged)
{
    return dbk_hash_of("daybook/package-key/1", dbk_secret_bytes(exchanged));
}

static size_t put_aad(uint8_t out[AAD_BYTES_MAX], const uint8_t head[HEAD_BYTES])
{
    uint8_t *p = out + dbk_label_prefix(out, "daybook/package-aad/1");
    return (size_t)(dbk_wire_put_copy(p, head, HEAD_BYTES) - out);
}

dbk_rc dbk_package_encrypt(dbk_bytes *out, dbk_span padded, const dbk_recipient *to,
                           const dbk_env *env, dbk_err *err)
{
    dbk_secret *exchanged = NULL;
    uint8_t head[HEAD_BYTES], aad[AAD_BYTES_MAX], *room;
    dbk_id id = dbk_recipient_id(to);
    (void)dbk_wire_put_copy(dbk_wire_put_copy(head, magic, sizeof(magic)), id.b, sizeof(id.b));
    dbk_rc rc = dbk_drop_seal(&exchanged, head + EPHEMERAL_AT, to->kem, env, err);
    if (rc != DBK_OK)
        return rc;
    rc = dbk_bytes_extend(out, &room, HEAD_BYTES + padded.len + TAG_BYTES, err);
    if (rc == DBK_OK) {
        dbk_hash key = package_key(exchanged);
        size_t aad_len = put_aad(aad, head);
        DBK_ASSERT(crypto_aead_xchacha20poly1305_ietf_encrypt(
                       dbk_wire_put_copy(room, head, HEAD_BYTES), NULL, padded.p, padded.len, aad,
                       aad_len, NULL, zero_nonce, key.b) == 0);
        dbk_wipe(&key, sizeof(key));
    }
    dbk_secret_free(exchanged);
    return rc;
}

/* As core/seal/pack.h has what it stores; nothing is compressed, so a reader needs no dictionary.
 */
static dbk_rc pad(dbk_bytes *out, dbk_span plain, dbk_err *err)
{
    uint8_t *room;
    size_t size = dbk_pack_size(plain.len);
    dbk_rc rc = dbk_bytes_extend(out, &room, size, err);
    if (rc != DBK_OK)
        return rc;
    memset(room, 0, size);
    (void)dbk_wire_put_copy(dbk_wire_put_u32(room + 1, (uint32_t)plain.len), plain.p, plain.len);
    return DBK_OK;
}

dbk_rc dbk_package_seal(dbk_bytes *out, const dbk_package *p, const dbk_recipient *to,
                        const dbk_secret *device_sign, const dbk_env *env, dbk_err *err)
{
    dbk_bytes plain = DBK_BYTES_INIT(DBK_SEAL_PLAIN_BYTES_MAX);
    dbk_bytes padded = DBK_BYTES_INIT(DBK_PACK_BYTES_MAX);
    dbk_package addressed = *p;
    if (!is_proper(p))
        return dbk_fail(err, DBK_INVALID,
                        "a referral says how its person may be reached, in text "
                        "that isn't too long");
    addressed.recipient = dbk_recipient_id(to);
    dbk_rc rc = put_signed(&plain, &addressed, device_sign, err);
    if (rc == DBK_OK)
        rc = pad(&padded, dbk_bytes_span(&plain), err);
    if (rc == DBK_OK)
        rc = dbk_package_encrypt(out, dbk_bytes_span(&padded), to, env, err);
    dbk_bytes_wipe(&plain);
    dbk_bytes_wipe(&padded);
    return rc;
}

/* ---- opening --------------------------------------------------------------------------------- */

dbk_rc dbk_package_for(dbk_id *recipient, dbk_span file, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(file);
    dbk_span head = dbk_wire_get_span(&w, sizeof(magic));
    memset(recipient, 0, sizeof(*recipient));
    if (w.failed || !dbk_span_equal(dbk_span_of(head.p, 4), dbk_span_of(magic, 4)))
        return dbk_fail(err, DBK_FORMAT, "this is no sealed referral");
    if (head.p[4] > magic[4] || head.p[5] > magic[5])
        return dbk_fail(err, DBK_VERSION, "the referral was sealed by a newer version");
    if (!dbk_span_equal(head, dbk_span_of(magic, sizeof(magic))) ||
        file.len > DBK_PACKAGE_BYTES_MAX || file.len < HEAD_BYTES + TAG_BYTES)
        return dbk_fail(err, DBK_FORMAT, "the sealed referral is malformed or cut off");
    *recipient = dbk_wire_get_id(&w);
    return DBK_OK;
}

static dbk_rc decrypt(dbk_bytes *padded, dbk_span file, const dbk_secret *recipient, dbk_err *err)
{
    dbk_secret *exchanged = NULL;
    uint8_t aad[AAD_BYTES_MAX], *room;
    dbk_rc rc = dbk_drop_open(&exchanged, file.p + EPHEMERAL_AT, recipient, err);
    if (rc != DBK_OK)
        return rc;
    rc = dbk_bytes_extend(padded, &room, file.len - HEAD_BYTES - TAG_BYTES, err);
    if (rc == DBK_OK) {
        dbk_hash key = package_key(exchanged);
        size_t aad_len = put_aad(aad, file.p);
        if (crypto_aead_xchacha20poly1305_ietf_decrypt(room, NULL, NULL, file.p + HEAD_BYTES,
                                                       file.len - HEAD_BYTES, aad, aad_len,
                                                       zero_nonce, key.b) != 0)
            rc = dbk_fail(err, DBK_AUTH, "the sealed referral was changed on its way");
        dbk_wipe(&key, sizeof(key));
    }
    dbk_secret_free(exchanged);
    return rc;
}

/* The only padding that is taken is the one that pad() makes: borrowed from padded. */
static dbk_rc unpad(dbk_span *plain, dbk_span padded, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(padded);
    bool good = dbk_wire_get_u8(&w) == 0;
    *plain = dbk_wire_get_span(&w, dbk_wire_get_u32(&w));
    good = good && !w.failed && padded.len == dbk_pack_size(plain->len);
    for (size_t i = 0; good && i < w.left.len; i++)
        good = w.left.p[i] == 0;
    return good ? DBK_OK : dbk_fail(err, DBK_FORMAT, "the referral's padding is malformed");
}

bool dbk_package_sender(const dbk_member *m)
{
    return !m->revoked && (m->role == DBK_ROLE_OFFICER || m->role == DBK_ROLE_SUPERVISOR ||
                           m->role == DBK_ROLE_HQ || m->role == DBK_ROLE_ADMIN);
}

static dbk_rc check_sender(const dbk_package *p, dbk_span core, const dbk_sig *sig,
                           const dbk_roster *roster, dbk_err *err)
{
    dbk_id org = dbk_roster_org(roster);
    const dbk_member *m = dbk_roster_device(roster, &p->device);
    dbk_hash hash = hash_of_core(core);
    if (!dbk_id_equal(&org, &p->org))
        return dbk_fail(err, DBK_AUTH,
                        "the referral is of an organisation that isn't the one of "
                        "the members' card");
    if (m == NULL)
        return dbk_fail(err, DBK_AUTH,
                        "the device that sent it isn't on the members' card: ask "
                        "headquarters for a newer one");
    if (!dbk_verify(sig, "daybook/package/1", dbk_span_of(hash.b, sizeof(hash.b)), &m->keys.sign))
        return dbk_fail(err, DBK_AUTH, "the referral isn't signed by the device that it names");
    if (!dbk_package_sender(m))
        return dbk_fail(err, DBK_AUTH, "the device that sent it may not: ask headquarters");
    return DBK_OK;
}

dbk_rc dbk_package_decode(dbk_package_opened *out, dbk_span *core, dbk_sig *sig, dbk_span padded,
                          dbk_err *err)
{
    dbk_span plain = { NULL, 0 };
    dbk_rc rc = unpad(&plain, padded, err);
    if (rc == DBK_OK)
        rc = dbk_cbor_check(plain, err);
    if (rc != DBK_OK)
        return rc;
    dbk_cbor c = dbk_cbor_from(plain);
    if (dbk_cbor_get_array(&c) != 2)
        c.failed = true;
    *core = dbk_cbor_get_bytes(&c);
    dbk_cbor_get_copy(&c, sig->b, sizeof(sig->b));
    rc = dbk_cbor_end(&c, "the referral", err);
    return rc == DBK_OK ? get_core(out, *core, err) : rc;
}

static dbk_rc decrypt_own(dbk_bytes *padded, dbk_id *own_id, dbk_span file,
                          const dbk_secret *recipient, dbk_err *err)
{
    dbk_recipient own;
    dbk_id to;
    dbk_rc rc = dbk_package_for(&to, file, err);
    if (rc == DBK_OK)
        rc = dbk_recipient_of(&own, NULL, recipient, err);
    if (rc != DBK_OK)
        return rc;
    *own_id = dbk_recipient_id(&own);
    if (!dbk_id_equal(&to, own_id))
        return dbk_fail(err, DBK_DENIED, "the referral is sealed to another key than this one");
    return decrypt(padded, file, recipient, err);
}

dbk_rc dbk_package_open(dbk_package_opened *out, dbk_span file, const dbk_secret *recipient,
                        const dbk_roster *roster, dbk_err *err)
{
    dbk_span core = { NULL, 0 };
    dbk_id own;
    dbk_sig sig;
    memset(out, 0, sizeof(*out));
    dbk_bytes_init(&out->text, DBK_PACKAGE_BYTES_MAX);
    dbk_rc rc = decrypt_own(&out->text, &own, file, recipient, err);
    if (rc == DBK_OK)
        rc = dbk_package_decode(out, &core, &sig, dbk_bytes_span(&out->text), err);
    if (rc == DBK_OK && !dbk_id_equal(&out->package.recipient, &own))
        rc = dbk_fail(err, DBK_AUTH, "the referral was sent to somebody else, who sealed it anew");
    if (rc == DBK_OK)
        rc = check_sender(&out->package, core, &sig, roster, err);
    if (rc != DBK_OK)
        dbk_package_opened_wipe(out);
    return rc;
}

void dbk_package_opened_wipe(dbk_package_opened *o)
{
    dbk_bytes_wipe(&o->text);
    memset(&o->package, 0, sizeof(o->package));
    memset(o->fields, 0, sizeof(o->fields));
}
