#include "core/seal/invite.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/cbor.h"
#include "core/base/text.h"

#define PREFIX "daybook-invite-1."
#define PAIRS 8u
#define SECRET_BYTES 32u
#define CBOR_BYTES_MAX DBK_INVITE_TEXT_BYTES_MAX
#define TIME_MAX ((uint64_t)INT64_MAX)

dbk_rc dbk_invite_new(dbk_invite *invite, const dbk_env *env, dbk_err *err)
{
    dbk_secret *secret = NULL;
    dbk_rc rc = dbk_secret_random(&secret, SECRET_BYTES, env, err);
    if (rc != DBK_OK)
        return rc;
    env->random(env->self, invite->id.b, sizeof(invite->id.b));
    dbk_secret_free(invite->secret);
    invite->secret = secret;
    return DBK_OK;
}

void dbk_invite_wipe(dbk_invite *invite)
{
    dbk_secret_free(invite->secret);
    memset(invite, 0, sizeof(*invite));
}

/* Printable ASCII without spaces: it is typed, scanned and read out. */
static bool url_valid(dbk_span url)
{
    if (url.len == 0 || url.len > DBK_URL_BYTES_MAX)
        return false;
    for (size_t i = 0; i < url.len; i++) {
        if (url.p[i] <= ' ' || url.p[i] > '~')
            return false;
    }
    return true;
}

dbk_rc dbk_invite_print(dbk_bytes *out, const dbk_invite *invite, dbk_err *err)
{
    dbk_bytes cbor = DBK_BYTES_INIT(CBOR_BYTES_MAX);
    dbk_cbor_out o = dbk_cbor_to(&cbor, err);
    dbk_span secret = dbk_secret_bytes(invite->secret);
    if (!url_valid(dbk_span_str(invite->relay_url)))
        return dbk_fail(err, DBK_INVALID, "the relay's address is not proper");
    dbk_cbor_put_map(&o, PAIRS + (invite->backup.count > 0 ? 1u : 0u));
    dbk_cbor_put_uint(&o, 1);
    dbk_cbor_put_str(&o, invite->relay_url);
    dbk_cbor_put_uint(&o, 2);
    dbk_cbor_put_bytes(&o, invite->tls_pin, sizeof(invite->tls_pin));
    dbk_cbor_put_uint(&o, 3);
    dbk_cbor_put_bytes(&o, invite->root.b, sizeof(invite->root.b));
    dbk_cbor_put_uint(&o, 4);
    dbk_cbor_put_bytes(&o, invite->relay.b, sizeof(invite->relay.b));
    dbk_cbor_put_uint(&o, 5);
    dbk_cbor_put_bytes(&o, invite->id.b, sizeof(invite->id.b));
    dbk_cbor_put_uint(&o, 6);
    dbk_cbor_put_bytes(&o, secret.p, secret.len);
    dbk_cbor_put_uint(&o, 7);
    dbk_cbor_put_uint(&o, (uint64_t)invite->role);
    dbk_cbor_put_uint(&o, 8);
    dbk_cbor_put_uint(&o, invite->expires_ms);
    if (invite->backup.count > 0) {
        dbk_cbor_put_uint(&o, PAIRS + 1);
        dbk_pins_put(&o, &invite->backup);
    }
    dbk_rc rc = o.rc;
    if (rc == DBK_OK)
        rc = dbk_token_append(out, PREFIX, dbk_bytes_span(&cbor), err);
    dbk_bytes_wipe(&cbor);
    return rc;
}

static void expect_key(dbk_cbor *c, uint64_t key)
{
    if (!dbk_cbor_key(c, key))
        c->failed = true;
}

static dbk_rc read_map(dbk_invite *invite, dbk_span cbor, dbk_err *err)
{
    dbk_cbor c = dbk_cbor_from(cbor);
    uint64_t pairs = dbk_cbor_get_map(&c);
    if (pairs != PAIRS && pairs != PAIRS + 1)
        c.failed = true;
    expect_key(&c, 1);
    dbk_span url = dbk_cbor_get_text(&c);
    expect_key(&c, 2);
    dbk_cbor_get_copy(&c, invite->tls_pin, sizeof(invite->tls_pin));
    expect_key(&c, 3);
    dbk_cbor_get_copy(&c, invite->root.b, sizeof(invite->root.b));
    expect_key(&c, 4);
    dbk_cbor_get_copy(&c, invite->relay.b, sizeof(invite->relay.b));
    expect_key(&c, 5);
    dbk_cbor_get_copy(&c, invite->id.b, sizeof(invite->id.b));
    expect_key(&c, 6);
    dbk_span secret = dbk_cbor_get_bytes(&c);
    expect_key(&c, 7);
    uint64_t role = dbk_cbor_get_uint(&c);
    expect_key(&c, 8);
    invite->expires_ms = dbk_cbor_get_uint(&c);
    if (pairs > PAIRS) {
        expect_key(&c, PAIRS + 1);
        dbk_pins_get(&c, &invite->backup);
    }
    dbk_rc rc = dbk_cbor_end(&c, "the invite", err);
    if (rc != DBK_OK)
        return rc;
    if (!url_valid(url) || secret.len != SECRET_BYTES || dbk_id_is_zero(&invite->id) ||
        role < DBK_ROLE_OFFICER || role > DBK_ROLE_ADMIN || invite->expires_ms > TIME_MAX ||
        !dbk_sign_pk_valid(&invite->root) || !dbk_sign_pk_valid(&invite->relay))
        return dbk_fail(err, DBK_FORMAT, "the invite holds something that it can't");
    invite->role = (dbk_role)role;
    memcpy(invite->relay_url, url.p, url.len);
    return dbk_secret_from(&invite->secret, secret, err);
}

dbk_rc dbk_invite_parse(dbk_invite *out, dbk_span text, dbk_err *err)
{
    dbk_bytes cbor = DBK_BYTES_INIT(CBOR_BYTES_MAX);
    dbk_span prefix = dbk_span_str(PREFIX);
    dbk_invite invite = { 0 };
    memset(out, 0, sizeof(*out));
    if (text.len > DBK_INVITE_TEXT_BYTES_MAX || text.len < prefix.len ||
        !dbk_span_equal(dbk_span_of(text.p, prefix.len), prefix))
        return dbk_fail(err, DBK_FORMAT, "this is no invite, or one of another version");
    dbk_rc rc = dbk_base64url_parse(&cbor, dbk_span_of(text.p + prefix.len, text.len - prefix.len),
                                    err);
    if (rc == DBK_OK)
        rc = dbk_cbor_check(dbk_bytes_span(&cbor), err);
    if (rc == DBK_OK)
        rc = read_map(&invite, dbk_bytes_span(&cbor), err);
    if (rc == DBK_OK)
        *out = invite;
    else
        dbk_invite_wipe(&invite);
    dbk_bytes_wipe(&cbor);
    return rc;
}
