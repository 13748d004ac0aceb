#include "sync/engine/httpsig.h"

#include <string.h>

#include "core/base/text.h"
#include "core/crypto/hash.h"

#define BASE_BYTES_MAX 4096u
#define CREATED_MAX UINT64_C(999999999999999) /* RFC 8941: an integer has at most 15 digits */

#define WITHOUT_BODY "(\"@method\" \"@authority\" \"@path\" \"@query\")"
#define WITH_BODY                                                          \
    "(\"@method\" \"@authority\" \"@path\" \"@query\" \"content-digest\" " \
    "\"content-type\" \"content-length\")"
#define TAIL ";alg=\"ed25519\";tag=\"daybook-relay-1\""

/* A nonce goes into a quoted string: letters that need no escape. */
static bool nonce_ok(dbk_span nonce)
{
    for (size_t i = 0; i < nonce.len; i++) {
        uint8_t c = nonce.p[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!letter && c != '-' && c != '_')
            return false;
    }
    return nonce.len <= DBK_NONCE_TEXT_MAX;
}

/* Visible ASCII: with a line break in it, one component could pose as two. */
static bool visible(dbk_span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] < 0x21 || s.p[i] > 0x7e)
            return false;
    }
    return true;
}

static dbk_rc check_request(const dbk_http_request *req, dbk_err *err)
{
    if (req->method.len == 0 || req->authority.len == 0 || req->path.len == 0)
        return dbk_fail(err, DBK_FORMAT, "a request lacks method, authority or path");
    if (!visible(req->method) || !visible(req->authority) || !visible(req->path) ||
        !visible(req->query) || (req->has_body && !visible(req->content_type)))
        return dbk_fail(err, DBK_FORMAT, "a request line holds unprintable characters");
    return DBK_OK;
}

void dbk_http_key_hash(uint8_t out[16], const dbk_sign_pk *pk)
{
    uint8_t whole[32];
    dbk_sha256(whole, dbk_span_of(pk->b, sizeof(pk->b)));
    memcpy(out, whole, 16);
}

/* RFC 9530: "sha-256=:" base64 ":". */
static dbk_rc append_digest(dbk_bytes *out, dbk_span body, dbk_err *err)
{
    uint8_t hash[32];
    dbk_sha256(hash, body);
    dbk_rc rc = dbk_bytes_append_str(out, "sha-256=:", err);
    if (rc == DBK_OK)
        rc = dbk_base64_append(out, dbk_span_of(hash, sizeof(hash)), err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_str(out, ":", err);
    return rc;
}

/* RFC 9421 section 2.3: the value of "@signature-params", also what follows "sig=". */
static dbk_rc append_params(dbk_bytes *out, const dbk_http_claim *claim, bool has_body,
                            dbk_err *err)
{
    dbk_rc rc = dbk_bytes_append_fmt(out, err, "%s;created=%llu;nonce=\"%s\";keyid=\"",
                                     has_body ? WITH_BODY : WITHOUT_BODY,
                                     (unsigned long long)claim->created_s, claim->nonce);
    if (rc == DBK_OK)
        rc = dbk_base64url_append(out, dbk_span_of(claim->key_hash, sizeof(claim->key_hash)), err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_str(out, "\"" TAIL, err);
    return rc;
}

static dbk_rc append_line(dbk_bytes *base, const char *name, dbk_span value, dbk_err *err)
{
    dbk_rc rc = dbk_bytes_append_fmt(base, err, "\"%s\": ", name);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(base, value, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_u8(base, '\n', err);
    return rc;
}

/* RFC 9421 section 2.5. An absent query is "?" alone (section 2.2.7). */
static dbk_rc append_base(dbk_bytes *base, const dbk_http_request *req, dbk_span digest,
                          dbk_span params, dbk_err *err)
{
    dbk_rc rc = append_line(base, "@method", req->method, err);
    if (rc == DBK_OK)
        rc = append_line(base, "@authority", req->authority, err);
    if (rc == DBK_OK)
        rc = append_line(base, "@path", req->path, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_str(base, "\"@query\": ?", err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(base, req->query, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_u8(base, '\n', err);
    if (rc == DBK_OK && req->has_body) {
        rc = append_line(base, "content-digest", digest, err);
        if (rc == DBK_OK)
            rc = append_line(base, "content-type", req->content_type, err);
        if (rc == DBK_OK)
            rc = dbk_bytes_append_fmt(base, err, "\"content-length\": %zu\n", req->body.len);
    }
    if (rc == DBK_OK)
        rc = dbk_bytes_append_str(base, "\"@signature-params\": ", err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(base, params, err);
    return rc;
}

static dbk_rc copy_field(char *out, size_t size, const dbk_bytes *from, dbk_err *err)
{
    if (from->len >= size)
        return dbk_fail(err, DBK_LIMIT, "a signature field is too long");
    memcpy(out, from->p, from->len);
    out[from->len] = '\0';
    return DBK_OK;
}

static dbk_rc fill_claim(dbk_http_claim *claim, const dbk_http_sign_opts *opts, dbk_err *err)
{
    dbk_sign_pk pk;
    dbk_span nonce = dbk_span_str(opts->nonce);
    memset(claim, 0, sizeof(*claim));
    if (!nonce_ok(nonce) || opts->created_s > CREATED_MAX)
        return dbk_fail(err, DBK_FORMAT, "a nonce or time doesn't fit a signature");
    memcpy(claim->nonce, nonce.p, nonce.len);
    claim->created_s = opts->created_s;
    dbk_sign_pk_of(&pk, opts->request_sk);
    dbk_http_key_hash(claim->key_hash, &pk);
    return DBK_OK;
}

/* "sig=" params and "sig=:" base64 ":" into their fields. */
static dbk_rc sign_base(dbk_http_signature *out, dbk_span base, dbk_span params,
                        const dbk_secret *sk, dbk_err *err)
{
    dbk_sig sig;
    dbk_bytes text = DBK_BYTES_INIT(DBK_HTTP_FIELD_BYTES_MAX + 8);
    dbk_rc rc = dbk_bytes_append_str(&text, "sig=", err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&text, params, err);
    if (rc == DBK_OK)
        rc = copy_field(out->input, sizeof(out->input), &text, err);
    if (rc != DBK_OK)
        goto out;
    dbk_sign_raw(&sig, base, sk);
    dbk_bytes_truncate(&text, 0);
    rc = dbk_bytes_append_str(&text, "sig=:", err);
    if (rc == DBK_OK)
        rc = dbk_base64_append(&text, dbk_span_of(sig.b, sizeof(sig.b)), err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_str(&text, ":", err);
    if (rc == DBK_OK)
        rc = copy_field(out->signature, sizeof(out->signature), &text, err);
out:
    dbk_bytes_wipe(&text);
    return rc;
}

dbk_rc dbk_http_sign(dbk_http_signature *out, const dbk_http_request *req,
                     const dbk_http_sign_opts *opts, dbk_err *err)
{
    dbk_http_claim claim;
    dbk_http_signature made = { 0 };
    dbk_bytes digest = DBK_BYTES_INIT(sizeof(made.digest));
    dbk_bytes params = DBK_BYTES_INIT(DBK_HTTP_FIELD_BYTES_MAX);
    dbk_bytes base = DBK_BYTES_INIT(BASE_BYTES_MAX);

    memset(out, 0, sizeof(*out));
    dbk_rc rc = check_request(req, err);
    if (rc == DBK_OK)
        rc = fill_claim(&claim, opts, err);
    if (rc == DBK_OK && req->has_body)
        rc = append_digest(&digest, req->body, err);
    if (rc == DBK_OK && req->has_body)
        rc = copy_field(made.digest, sizeof(made.digest), &digest, err);
    if (rc == DBK_OK)
        rc = append_params(&params, &claim, req->has_body, err);
    if (rc == DBK_OK)
        rc = append_base(&base, req, dbk_bytes_span(&digest), dbk_bytes_span(&params), err);
    if (rc == DBK_OK)
        rc = sign_base(&made, dbk_bytes_span(&base), dbk_bytes_span(&params), opts->request_sk,
                       err);
    if (rc == DBK_OK)
        *out = made;
    dbk_bytes_wipe(&digest);
    dbk_bytes_wipe(&params);
    dbk_bytes_wipe(&base);
    return rc;
}

/* ---- the relay's side ---------------------------------------------------------------- */

/* Takes the given text off the front. */
static bool take(dbk_span *in, const char *text)
{
    size_t len = strlen(text);
    if (in->len < len || memcmp(in->p, text, len) != 0)
        return false;
    in->p += len;
    in->len -= len;
    return true;
}

/* What stands before the next `stop`, which stays. */
static dbk_span take_until(dbk_span *in, char stop)
{
    const uint8_t *at = in->len > 0 ? memchr(in->p, stop, in->len) : NULL;
    size_t len = at != NULL ? (size_t)(at - in->p) : in->len;
    dbk_span got = { in->p, len };
    in->p += len;
    in->len -= len;
    return got;
}

/* Exactly one form is right, so the list of components tells whether there is a body. */
static bool parse_input(dbk_http_claim *claim, bool *has_body, dbk_span in)
{
    if (in.len >= DBK_HTTP_FIELD_BYTES_MAX || !take(&in, "sig="))
        return false;
    *has_body = take(&in, WITH_BODY);
    if (!*has_body && !take(&in, WITHOUT_BODY))
        return false;
    if (!take(&in, ";created="))
        return false;
    dbk_span created = take_until(&in, ';');
    if (dbk_u64_parse(&claim->created_s, created, NULL) != DBK_OK || claim->created_s > CREATED_MAX)
        return false;
    if (!take(&in, ";nonce=\""))
        return false;
    dbk_span nonce = take_until(&in, '"');
    if (!nonce_ok(nonce))
        return false;
    if (nonce.len > 0)
        memcpy(claim->nonce, nonce.p, nonce.len);
    if (!take(&in, "\";keyid=\""))
        return false;
    return dbk_base64url_read(claim->key_hash, sizeof(claim->key_hash), take_until(&in, '"')) &&
           take(&in, "\"" TAIL) && in.len == 0;
}

dbk_rc dbk_http_claim_parse(dbk_http_claim *out, dbk_span input, dbk_err *err)
{
    dbk_http_claim claim = { 0 };
    bool has_body;
    memset(out, 0, sizeof(*out));
    if (!parse_input(&claim, &has_body, input))
        return dbk_fail(err, DBK_FORMAT, "the request's signature input is malformed");
    *out = claim;
    return DBK_OK;
}

static dbk_rc parse_signature(dbk_sig *out, dbk_span in, dbk_err *err)
{
    bool ok = take(&in, "sig=:");
    dbk_span text = take_until(&in, ':');
    ok = ok && in.len == 1 && dbk_base64_read(out->b, sizeof(out->b), text);
    return ok ? DBK_OK : dbk_fail(err, DBK_FORMAT, "the request's signature is malformed");
}

static dbk_rc check_digest(const dbk_http_request *req, dbk_span digest, dbk_err *err)
{
    dbk_bytes want = DBK_BYTES_INIT(80);
    dbk_rc rc = DBK_OK;
    if (!req->has_body)
        return digest.len == 0 ? DBK_OK
                               : dbk_fail(err, DBK_FORMAT, "a request without body has a digest");
    rc = append_digest(&want, req->body, err);
    if (rc == DBK_OK && digest.len != want.len)
        rc = dbk_fail(err, DBK_FORMAT, "the request's digest is malformed");
    if (rc == DBK_OK && !dbk_span_equal(digest, dbk_bytes_span(&want)))
        rc = dbk_fail(err, DBK_AUTH, "the request's digest isn't that of its body");
    dbk_bytes_wipe(&want);
    return rc;
}

dbk_rc dbk_http_verify(const dbk_http_request *req, dbk_span digest, dbk_span input,
                       dbk_span signature, const dbk_sign_pk *pk, dbk_err *err)
{
    dbk_http_claim claim = { 0 };
    dbk_sig sig;
    uint8_t key_hash[16];
    bool has_body;
    dbk_bytes base = DBK_BYTES_INIT(BASE_BYTES_MAX);

    dbk_rc rc = check_request(req, err);
    if (rc == DBK_OK && (!parse_input(&claim, &has_body, input) || has_body != req->has_body))
        rc = dbk_fail(err, DBK_FORMAT, "the request's signature input is malformed");
    if (rc == DBK_OK)
        rc = parse_signature(&sig, signature, err);
    if (rc != DBK_OK)
        goto out;
    dbk_http_key_hash(key_hash, pk);
    if (memcmp(key_hash, claim.key_hash, sizeof(key_hash)) != 0) {
        rc = dbk_fail(err, DBK_AUTH, "the request is signed by another key");
        goto out;
    }
    rc = check_digest(req, digest, err);
    if (rc == DBK_OK)
        rc = append_base(&base, req, digest, dbk_span_of(input.p + 4, input.len - 4), err);
    if (rc == DBK_OK && !dbk_verify_raw(&sig, dbk_bytes_span(&base), pk))
        rc = dbk_fail(err, DBK_AUTH, "the request's signature does not verify");
out:
    dbk_bytes_wipe(&base);
    return rc;
}
