#include "core/crypto/form_pack.h"

#include <string.h>

#include "core/base/cbor.h"

#define VERSION 1u
#define MAGIC "daybook form pack"
#define HASH_LABEL "daybook/form-pack-hash/1"
#define SIGN_LABEL "daybook/form-pack/1"

bool dbk_form_pack_name_valid(dbk_span name)
{
    if (name.len == 0 || name.len > DBK_FORM_PACK_NAME_BYTES_MAX || name.p[0] < 'a' ||
        name.p[0] > 'z')
        return false;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
            return false;
    }
    return true;
}

/* ---- signing ------------------------------------------------------------------------------- */

static dbk_rc put_core(dbk_bytes *out, const dbk_form_pack *pack, dbk_err *err)
{
    dbk_cbor_out o = dbk_cbor_to(out, err);
    dbk_cbor_put_map(&o, 7);
    dbk_cbor_put_uint(&o, 1);
    dbk_cbor_put_uint(&o, VERSION);
    dbk_cbor_put_uint(&o, 2);
    dbk_cbor_put_uint(&o, DBK_SUITE_1);
    dbk_cbor_put_uint(&o, 3);
    dbk_cbor_put_bytes(&o, pack->org.b, sizeof(pack->org.b));
    dbk_cbor_put_uint(&o, 4);
    dbk_cbor_put_bytes(&o, pack->device.b, sizeof(pack->device.b));
    dbk_cbor_put_uint(&o, 5);
    dbk_cbor_put_text(&o, pack->name);
    dbk_cbor_put_uint(&o, 6);
    dbk_cbor_put_uint(&o, pack->time_ms);
    dbk_cbor_put_uint(&o, 7);
    dbk_cbor_put_array(&o, pack->texts_count);
    for (size_t i = 0; i < pack->texts_count; i++) {
        dbk_cbor_put_array(&o, 2);
        dbk_cbor_put_uint(&o, (uint64_t)pack->texts[i].kind);
        dbk_cbor_put_bytes(&o, pack->texts[i].text.p, pack->texts[i].text.len);
    }
    return o.rc;
}

static dbk_rc check_content(const dbk_form_pack *pack, dbk_err *err)
{
    if (!dbk_form_pack_name_valid(pack->name))
        return dbk_fail(err, DBK_INVALID,
                        "a pack's name has a-z, 0-9 and _, begins with a letter, and has at most "
                        "%u of them",
                        DBK_FORM_PACK_NAME_BYTES_MAX);
    if (pack->texts_count == 0 || pack->texts_count > DBK_FORM_PACK_TEXTS_MAX)
        return dbk_fail(err, DBK_LIMIT, "a pack holds 1 to %u texts", DBK_FORM_PACK_TEXTS_MAX);
    return DBK_OK;
}

dbk_rc dbk_form_pack_sign(dbk_bytes *out, const dbk_form_pack *pack, const dbk_secret *device_sk,
                          dbk_err *err)
{
    dbk_sig sig;
    dbk_bytes core = DBK_BYTES_INIT(DBK_FORM_PACK_BYTES_MAX - 128); /* with what stands around it */
    dbk_rc rc = check_content(pack, err);
    if (rc == DBK_OK)
        rc = put_core(&core, pack, err);
    if (rc == DBK_LIMIT)
        rc = dbk_fail(err, DBK_LIMIT, "a pack has at most %u KiB", DBK_FORM_PACK_BYTES_MAX / 1024u);
    if (rc == DBK_OK) {
        dbk_hash hash = dbk_hash_of(HASH_LABEL, dbk_bytes_span(&core));
        dbk_sign(&sig, SIGN_LABEL, dbk_span_of(hash.b, sizeof(hash.b)), device_sk);
        dbk_cbor_out o = dbk_cbor_to(out, err);
        dbk_cbor_put_array(&o, 3);
        dbk_cbor_put_str(&o, MAGIC);
        dbk_cbor_put_bytes(&o, core.p, core.len);
        dbk_cbor_put_bytes(&o, sig.b, sizeof(sig.b));
        rc = o.rc;
    }
    dbk_bytes_wipe(&core);
    return rc;
}

/* ---- reading ------------------------------------------------------------------------------- */

static dbk_rc malformed(dbk_err *err)
{
    return dbk_fail(err, DBK_FORMAT, "the pack of forms is malformed, or cut off");
}

static dbk_rc get_texts(dbk_form_pack *pack, dbk_cbor *c, dbk_err *err)
{
    uint64_t count = dbk_cbor_get_array(c);
    if (c->failed || count == 0 || count > DBK_FORM_PACK_TEXTS_MAX)
        return malformed(err);
    for (uint64_t i = 0; i < count && !c->failed; i++) {
        if (dbk_cbor_get_array(c) != 2)
            return malformed(err);
        uint64_t kind = dbk_cbor_get_uint(c);
        if (!c->failed && kind > DBK_FORM_PACK_TOOL)
            return dbk_fail(err, DBK_VERSION,
                            "the pack holds something that this version of daybook lacks");
        if (kind < DBK_FORM_PACK_FORM)
            return malformed(err);
        pack->texts[i] = (dbk_form_pack_text){ (dbk_form_pack_kind)kind, dbk_cbor_get_bytes(c) };
    }
    pack->texts_count = (size_t)count;
    return DBK_OK;
}

static dbk_rc get_core(dbk_form_pack *pack, dbk_span core, dbk_err *err)
{
    dbk_rc rc = dbk_cbor_check(core, NULL);
    if (rc != DBK_OK)
        return rc == DBK_FORMAT ? malformed(err) : dbk_fail(err, rc, "the pack can't be read");
    dbk_cbor c = dbk_cbor_from(core);
    uint64_t pairs = dbk_cbor_get_map(&c);
    uint64_t version = dbk_cbor_key(&c, 1) ? dbk_cbor_get_uint(&c) : 0;
    uint64_t suite = dbk_cbor_key(&c, 2) ? dbk_cbor_get_uint(&c) : 0;
    if (!c.failed && version > 0 && (version > VERSION || suite > DBK_SUITE_1))
        return dbk_fail(err, DBK_VERSION, "the pack was made by a newer version of daybook");
    if (c.failed || version != VERSION || suite != DBK_SUITE_1 || pairs != 7 ||
        !dbk_cbor_key(&c, 3))
        return malformed(err);
    dbk_cbor_get_copy(&c, pack->org.b, sizeof(pack->org.b));
    if (!dbk_cbor_key(&c, 4))
        return malformed(err);
    dbk_cbor_get_copy(&c, pack->device.b, sizeof(pack->device.b));
    if (!dbk_cbor_key(&c, 5))
        return malformed(err);
    pack->name = dbk_cbor_get_text(&c);
    pack->time_ms = dbk_cbor_key(&c, 6) ? dbk_cbor_get_uint(&c) : 0;
    if (!dbk_form_pack_name_valid(pack->name) || !dbk_cbor_key(&c, 7))
        return malformed(err);
    rc = get_texts(pack, &c, err);
    if (rc == DBK_OK && dbk_cbor_end(&c, "the pack", NULL) != DBK_OK)
        rc = malformed(err);
    return rc;
}

dbk_rc dbk_form_pack_open(dbk_form_pack *out, dbk_span in, dbk_err *err)
{
    dbk_cbor c = dbk_cbor_from(in);
    memset(out, 0, sizeof(*out));
    if (in.len > DBK_FORM_PACK_BYTES_MAX)
        return dbk_fail(err, DBK_LIMIT, "a pack has at most %u KiB",
                        DBK_FORM_PACK_BYTES_MAX / 1024u);
    bool begins = dbk_cbor_get_array(&c) == 3;
    if (!begins || !dbk_span_equal(dbk_cbor_get_text(&c), dbk_span_str(MAGIC)))
        return dbk_fail(err, DBK_FORMAT, "this is no pack of forms");
    dbk_rc rc = dbk_cbor_check(in, NULL) == DBK_OK ? DBK_OK : malformed(err);
    dbk_span core = dbk_cbor_get_bytes(&c);
    dbk_cbor_get_copy(&c, out->sig.b, sizeof(out->sig.b));
    if (rc == DBK_OK && dbk_cbor_end(&c, "the pack", NULL) != DBK_OK)
        rc = malformed(err);
    if (rc == DBK_OK)
        rc = get_core(out, core, err);
    if (rc == DBK_OK)
        out->hash = dbk_hash_of(HASH_LABEL, core);
    else
        memset(out, 0, sizeof(*out));
    return rc;
}

/* ---- whose it is --------------------------------------------------------------------------- */

dbk_rc dbk_form_pack_check(const dbk_form_pack *pack, const dbk_roster *roster, dbk_err *err)
{
    dbk_id org = dbk_roster_org(roster);
    if (!dbk_id_equal(&org, &pack->org))
        return dbk_fail(err, DBK_AUTH, "the pack is of another organisation");
    const dbk_member *m = dbk_roster_device(roster, &pack->device);
    if (m == NULL)
        return dbk_fail(err, DBK_AUTH,
                        "the pack was signed by a device that isn't known here; if it is new, "
                        "`daybook sync` first");
    if (!dbk_verify(&pack->sig, SIGN_LABEL, dbk_span_of(pack->hash.b, sizeof(pack->hash.b)),
                    &m->keys.sign))
        return dbk_fail(err, DBK_AUTH, "the pack was changed after it was signed");
    if (m->role != DBK_ROLE_ADMIN && m->role != DBK_ROLE_HQ)
        return dbk_fail(err, DBK_DENIED,
                        "the device that signed the pack is neither an administrator's nor "
                        "headquarters'");
    return DBK_OK;
}

dbk_rc dbk_form_pack_admit(const dbk_form_pack *pack, const dbk_roster *roster, dbk_err *err)
{
    dbk_rc rc = dbk_form_pack_check(pack, roster, err);
    if (rc == DBK_OK && dbk_roster_device(roster, &pack->device)->revoked)
        rc = dbk_fail(err, DBK_DENIED,
                      "the device that signed the pack has been revoked: make the pack again on "
                      "another administrator's");
    return rc;
}
