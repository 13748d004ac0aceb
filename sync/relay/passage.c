#include "sync/relay/passage.h"

#include <string.h>

#include "core/base/text.h"
#include "core/base/wire.h"
#include "sync/relay/metrics.h"
#include "sync/relay/relay_calls.h"

#define FIELDS 9u
#define WHAT "the passage"

static const char *const types[] = { NULL, DBK_TYPE_JSON, DBK_TYPE_BINARY, DBK_TYPE_TEXT };
#define TYPES (sizeof(types) / sizeof(types[0]))

static dbk_rc malformed(dbk_err *err)
{
    return dbk_fail(err, DBK_FORMAT, "a frame that the other process doesn't send");
}

/* ---- writing ----------------------------------------------------------------------------- */

static dbk_rc put_u16(dbk_bytes *out, uint64_t v, dbk_err *err)
{
    uint8_t b[2];
    DBK_ASSERT(v <= UINT16_MAX);
    (void)dbk_wire_put_u16(b, (uint16_t)v);
    return dbk_bytes_append(out, dbk_span_of(b, sizeof(b)), err);
}

static dbk_rc put_u32(dbk_bytes *out, uint64_t v, dbk_err *err)
{
    uint8_t b[4];
    DBK_ASSERT(v <= UINT32_MAX);
    (void)dbk_wire_put_u32(b, (uint32_t)v);
    return dbk_bytes_append(out, dbk_span_of(b, sizeof(b)), err);
}

static dbk_rc put_text8(dbk_bytes *out, const char *text, dbk_err *err)
{
    dbk_span s = dbk_span_str(text != NULL ? text : "");
    if (s.len > DBK_PASSAGE_TEXT_BYTES_MAX)
        return dbk_fail(err, DBK_LIMIT, "too long a text to pass on");
    dbk_rc rc = dbk_bytes_append_u8(out, (uint8_t)s.len, err);
    return rc == DBK_OK ? dbk_bytes_append(out, s, err) : rc;
}

static dbk_rc put_text16(dbk_bytes *out, dbk_span s, dbk_err *err)
{
    if (s.len > DBK_GATE_FIELD_BYTES_MAX)
        return dbk_fail(err, DBK_LIMIT, "too long a field to pass on");
    dbk_rc rc = put_u16(out, s.len, err);
    return rc == DBK_OK ? dbk_bytes_append(out, s, err) : rc;
}

static dbk_rc put_kind(dbk_bytes *out, dbk_passage_kind kind, dbk_err *err)
{
    return dbk_bytes_append_u8(out, (uint8_t)kind, err);
}

static dbk_rc put_head(dbk_bytes *out, const dbk_relay_request *q, dbk_err *err)
{
    const dbk_span fields[FIELDS] = { q->method,          q->authority,    q->path,
                                      q->query,           q->content_type, q->digest,
                                      q->signature_input, q->signature,    q->setup };
    dbk_rc rc = dbk_bytes_append(out, dbk_span_of(q->peer, sizeof(q->peer)), err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_u8(out, q->has_body ? 1 : 0, err);
    for (size_t i = 0; i < FIELDS && rc == DBK_OK; i++)
        rc = put_text16(out, fields[i], err);
    return rc;
}

dbk_rc dbk_passage_ask(dbk_bytes *out, dbk_passage_kind kind, const dbk_relay_request *request,
                       dbk_err *err)
{
    dbk_rc rc = put_kind(out, kind, err);
    if (rc == DBK_OK && kind != DBK_PASSAGE_MEASURE)
        rc = put_head(out, request, err);
    if (rc != DBK_OK || kind != DBK_PASSAGE_HANDLE)
        return rc;
    if (request->body.len > DBK_RELAY_PUSH_BYTES_MAX)
        return dbk_fail(err, DBK_LIMIT, "too long a body to pass on");
    return put_u32(out, request->body.len, err);
}

dbk_rc dbk_passage_ask_reload(dbk_bytes *out, const uint8_t pin[DBK_TLS_PIN_BYTES], dbk_err *err)
{
    dbk_rc rc = put_kind(out, DBK_PASSAGE_RELOAD, err);
    return rc == DBK_OK ? dbk_bytes_append(out, dbk_span_of(pin, DBK_TLS_PIN_BYTES), err) : rc;
}

dbk_rc dbk_passage_greet(dbk_bytes *out, const char *version, dbk_err *err)
{
    dbk_rc rc = put_kind(out, DBK_PASSAGE_READY, err);
    return rc == DBK_OK ? put_text8(out, version, err) : rc;
}

dbk_rc dbk_passage_fail(dbk_bytes *out, const dbk_err *why, dbk_err *err)
{
    dbk_rc rc = put_kind(out, DBK_PASSAGE_FAILED, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_u8(out, (uint8_t)why->rc, err);
    return rc == DBK_OK ? put_text8(out, why->text, err) : rc;
}

dbk_rc dbk_passage_expects(dbk_bytes *out, const dbk_relay_expects *expects, dbk_err *err)
{
    dbk_rc rc = put_kind(out, DBK_PASSAGE_EXPECTS, err);
    if (rc == DBK_OK)
        rc = put_u32(out, expects->body_max, err);
    return rc == DBK_OK ? dbk_bytes_append_u8(out, expects->keep ? 1 : 0, err) : rc;
}

static uint8_t type_number(const char *type)
{
    for (uint8_t i = 1; i < TYPES; i++) {
        if (type != NULL && strcmp(type, types[i]) == 0)
            return i;
    }
    DBK_ASSERT(type == NULL);
    return 0;
}

dbk_rc dbk_passage_answer(dbk_bytes *out, const dbk_relay_answer *a, dbk_err *err)
{
    const char *texts[] = { a->nonce, a->call, a->cause };
    dbk_rc rc = put_kind(out, DBK_PASSAGE_ANSWER, err);
    DBK_ASSERT(a->status >= 0);
    if (rc == DBK_OK)
        rc = put_u16(out, (uint64_t)a->status, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_u8(out, type_number(a->content_type), err);
    if (rc == DBK_OK)
        rc = put_u32(out, a->retry_after_s, err);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && rc == DBK_OK; i++)
        rc = put_text8(out, texts[i], err);
    return rc == DBK_OK ? put_u32(out, a->body.len, err) : rc;
}

dbk_rc dbk_passage_measured(dbk_bytes *out, dbk_rc done, dbk_span text, dbk_err *err)
{
    dbk_rc rc = put_kind(out, DBK_PASSAGE_MEASURED, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_u8(out, done == DBK_OK ? 1 : 0, err);
    return rc == DBK_OK ? put_u32(out, text.len, err) : rc;
}

dbk_rc dbk_passage_reloaded_encode(dbk_bytes *out, const dbk_passage_reloaded *r, dbk_err *err)
{
    const dbk_span texts[] = { r->cert, r->key };
    dbk_rc rc = put_kind(out, DBK_PASSAGE_RELOADED, err);
    DBK_ASSERT(r->why[0] == '\0' || (r->cert.len == 0 && r->key.len == 0));
    if (rc == DBK_OK)
        rc = put_text8(out, r->why, err);
    for (size_t i = 0; i < 2 && rc == DBK_OK; i++) {
        if (texts[i].len > DBK_TLS_PEM_BYTES_MAX)
            return dbk_fail(err, DBK_LIMIT, "too long a certificate to pass on");
        rc = put_u32(out, texts[i].len, err);
        if (rc == DBK_OK)
            rc = dbk_bytes_append(out, texts[i], err);
    }
    return rc;
}

/* ---- reading ----------------------------------------------------------------------------- */

static dbk_span get_text8(dbk_wire *w)
{
    return dbk_wire_get_span(w, dbk_wire_get_u8(w));
}

static dbk_span get_text16(dbk_wire *w)
{
    return dbk_wire_get_span(w, dbk_wire_get_u16(w));
}

static dbk_span get_text32(dbk_wire *w)
{
    return dbk_wire_get_span(w, dbk_wire_get_u32(w));
}

/* One byte that is 0 or 1; anything else fails the cursor. */
static bool get_flag(dbk_wire *w)
{
    uint8_t v = dbk_wire_get_u8(w);
    w->failed = w->failed || v > 1;
    return v == 1;
}

static dbk_wire begin(dbk_span frame, dbk_passage_kind kind)
{
    dbk_wire w = dbk_wire_from(frame);
    if (dbk_wire_get_u8(&w) != (uint8_t)kind)
        w.failed = true;
    return w;
}

/* The request goes through the same door as at the front: what was let in there is let in here, and
 * what a front that was taken over makes up is not. */
static bool pass_gate(dbk_passage_asked *out, const dbk_span f[FIELDS], bool has_body)
{
    static const char *const names[FIELDS] = { NULL,
                                               "host",
                                               NULL,
                                               NULL,
                                               "content-type",
                                               "content-digest",
                                               "signature-input",
                                               "signature",
                                               "daybook-setup" };
    const dbk_span path = f[2], query = f[3];
    if (path.len + 1 + query.len > DBK_GATE_TARGET_BYTES_MAX)
        return false;
    memcpy(out->target, path.p, path.len);
    if (query.len > 0) {
        out->target[path.len] = '?';
        memcpy(out->target + path.len + 1, query.p, query.len);
    }
    dbk_gate_line line = { f[0],
                           dbk_span_of(out->target, path.len + (query.len > 0 ? 1 : 0) + query.len),
                           dbk_span_str("HTTP/1.1") };
    dbk_gate_begin(&out->gate, &line);
    for (size_t i = 0; i < FIELDS; i++) {
        if (names[i] != NULL && f[i].len > 0)
            dbk_gate_field(&out->gate, dbk_span_str(names[i]), f[i]);
    }
    if (has_body)
        dbk_gate_field(&out->gate, dbk_span_str("content-length"), dbk_span_str("0"));
    return dbk_gate_end(&out->gate, 0) && dbk_span_equal(out->gate.head.path, path) &&
           dbk_span_equal(out->gate.head.query, query) &&
           dbk_span_equal(out->gate.head.authority, f[1]);
}

dbk_rc dbk_passage_asked_decode(dbk_passage_asked *out, dbk_span frame, dbk_err *err)
{
    dbk_span f[FIELDS];
    uint8_t peer[DBK_PACE_KEY_BYTES];
    dbk_wire w = dbk_wire_from(frame);
    uint8_t kind = dbk_wire_get_u8(&w);
    memset(out, 0, sizeof(*out));
    if (kind == DBK_PASSAGE_MEASURE) {
        out->kind = DBK_PASSAGE_MEASURE;
        return dbk_wire_end(&w, WHAT, err);
    }
    if (kind == DBK_PASSAGE_RELOAD) {
        out->kind = DBK_PASSAGE_RELOAD;
        dbk_wire_get_copy(&w, out->pin, sizeof(out->pin));
        return dbk_wire_end(&w, WHAT, err);
    }
    if (kind != DBK_PASSAGE_EXPECT && kind != DBK_PASSAGE_HANDLE)
        return malformed(err);
    dbk_wire_get_copy(&w, peer, sizeof(peer));
    bool has_body = get_flag(&w);
    for (size_t i = 0; i < FIELDS; i++)
        f[i] = get_text16(&w);
    dbk_span body = kind == DBK_PASSAGE_HANDLE ? get_text32(&w) : dbk_span_of(NULL, 0);
    dbk_rc rc = dbk_wire_end(&w, WHAT, err);
    if (rc != DBK_OK)
        return rc;
    if ((body.len > 0 && !has_body) || body.len > DBK_RELAY_PUSH_BYTES_MAX ||
        !pass_gate(out, f, has_body))
        return malformed(err);
    out->kind = (dbk_passage_kind)kind;
    out->request = out->gate.head;
    out->request.body = body;
    memcpy(out->request.peer, peer, sizeof(peer));
    return DBK_OK;
}

/* A line for an operator: nothing that drives a terminal. */
static bool is_plain(dbk_span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] < 0x20 || s.p[i] == 0x7f)
            return false;
    }
    return s.len == 0 || dbk_utf8_valid(s);
}

dbk_rc dbk_passage_greeting_decode(const char *version, dbk_span frame, dbk_err *err)
{
    char text[DBK_PASSAGE_TEXT_BYTES_MAX + 1] = "";
    dbk_wire w = dbk_wire_from(frame);
    uint8_t kind = dbk_wire_get_u8(&w);
    uint8_t code = kind == DBK_PASSAGE_FAILED ? dbk_wire_get_u8(&w) : DBK_OK;
    dbk_span said = get_text8(&w);
    dbk_rc rc = dbk_wire_end(&w, WHAT, err);
    if (rc != DBK_OK)
        return rc;
    if (kind == DBK_PASSAGE_READY)
        return dbk_span_equal(said, dbk_span_str(version))
                   ? DBK_OK
                   : dbk_fail(err, DBK_VERSION, "the program was replaced while it started");
    if (kind != DBK_PASSAGE_FAILED || code == DBK_OK || code >= DBK_RC_COUNT || !is_plain(said))
        return malformed(err);
    memcpy(text, said.p, said.len);
    return dbk_fail(err, (dbk_rc)code, "%s", text[0] != '\0' ? text : dbk_rc_text((dbk_rc)code));
}

dbk_rc dbk_passage_expects_decode(dbk_relay_expects *out, dbk_span frame, dbk_err *err)
{
    dbk_wire w = begin(frame, DBK_PASSAGE_EXPECTS);
    uint32_t body_max = dbk_wire_get_u32(&w);
    bool keep = get_flag(&w);
    *out = (dbk_relay_expects){ 0, false };
    dbk_rc rc = dbk_wire_end(&w, WHAT, err);
    if (rc == DBK_OK && body_max > DBK_RELAY_PUSH_BYTES_MAX)
        rc = malformed(err);
    if (rc == DBK_OK)
        *out = (dbk_relay_expects){ body_max, keep };
    return rc;
}

static bool take_nonce(dbk_relay_answer *out, dbk_span s)
{
    if (s.len != 0 && s.len != DBK_NONCE_TEXT_LEN)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] == '\0' ||
            strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", s.p[i]) ==
                NULL)
            return false;
        out->nonce[i] = (char)s.p[i];
    }
    return true;
}

static bool take_words(dbk_relay_answer *out, dbk_span call, dbk_span cause)
{
    out->call = dbk_relay_call_name(call);
    out->cause = cause.len > 0 ? dbk_metrics_cause(cause) : NULL;
    return (out->call != NULL || call.len == 0) && (out->cause != NULL || cause.len == 0);
}

dbk_rc dbk_passage_answer_decode(dbk_relay_answer *out, dbk_span frame, dbk_err *err)
{
    dbk_wire w = begin(frame, DBK_PASSAGE_ANSWER);
    uint16_t status = dbk_wire_get_u16(&w);
    uint8_t type = dbk_wire_get_u8(&w);
    uint32_t retry_after_s = dbk_wire_get_u32(&w);
    dbk_span nonce = get_text8(&w), call = get_text8(&w), cause = get_text8(&w);
    dbk_span body = get_text32(&w);
    memset(out, 0, sizeof(*out));
    dbk_rc rc = dbk_wire_end(&w, WHAT, err);
    if (rc != DBK_OK)
        return rc;
    if (status < 200 || status > 599 || type >= TYPES || (type == 0 && body.len > 0) ||
        !take_nonce(out, nonce) || !take_words(out, call, cause)) {
        memset(out, 0, sizeof(*out));
        return malformed(err);
    }
    out->status = status;
    out->content_type = types[type];
    out->retry_after_s = retry_after_s;
    dbk_bytes_init(&out->body, body.len);
    rc = dbk_bytes_append(&out->body, body, err);
    if (rc != DBK_OK)
        memset(out, 0, sizeof(*out));
    return rc;
}

dbk_rc dbk_passage_measured_decode(dbk_bytes *out, dbk_span frame, dbk_err *err)
{
    dbk_wire w = begin(frame, DBK_PASSAGE_MEASURED);
    bool done = get_flag(&w);
    dbk_span text = get_text32(&w);
    dbk_rc rc = dbk_wire_end(&w, WHAT, err);
    if (rc == DBK_OK && !done)
        rc = text.len == 0 ? dbk_fail(err, DBK_IO, "the log can't be measured") : malformed(err);
    return rc == DBK_OK ? dbk_bytes_append(out, text, err) : rc;
}

dbk_rc dbk_passage_reloaded_decode(dbk_passage_reloaded *out, dbk_span frame, dbk_err *err)
{
    dbk_wire w = begin(frame, DBK_PASSAGE_RELOADED);
    dbk_span why = get_text8(&w), cert = get_text32(&w), key = get_text32(&w);
    memset(out, 0, sizeof(*out));
    dbk_rc rc = dbk_wire_end(&w, WHAT, err);
    if (rc != DBK_OK)
        return rc;
    if (!is_plain(why) || (why.len > 0 && (cert.len > 0 || key.len > 0)) ||
        cert.len > DBK_TLS_PEM_BYTES_MAX || key.len > DBK_TLS_PEM_BYTES_MAX)
        return malformed(err);
    memcpy(out->why, why.p, why.len);
    out->cert = cert;
    out->key = key;
    return DBK_OK;
}
