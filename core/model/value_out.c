/* The way out: one line of text, JSON, and the words that full-text search should find. */
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/model/value_impl.h"

static dbk_rc put(dbk_bytes *out, const char *text, dbk_err *err)
{
    return dbk_bytes_append_str(out, text, err);
}

/* ---- scalars --------------------------------------------------------------------------------- */

/* A whole number of any size that CBOR holds. */
static dbk_rc put_int(dbk_bytes *out, dbk_span item, dbk_err *err)
{
    dbk_cbor c = dbk_cbor_from(item);
    if (dbk_cbor_peek(&c) == DBK_CBOR_UINT)
        return dbk_bytes_append_fmt(out, err, "%llu", (unsigned long long)dbk_cbor_get_uint(&c));
    /* -1 - n, where n is the same head as an unsigned one: n + 1 may not fit 64 bits. */
    uint8_t head[9];
    DBK_ASSERT(item.len <= sizeof(head));
    memcpy(head, item.p, item.len);
    head[0] = (uint8_t)(head[0] & 0x1f);
    c = dbk_cbor_from(dbk_span_of(head, item.len));
    uint64_t n = dbk_cbor_get_uint(&c);
    if (n == UINT64_MAX)
        return put(out, "-18446744073709551616", err);
    return dbk_bytes_append_fmt(out, err, "-%llu", (unsigned long long)n + 1);
}

static dbk_rc put_uuid(dbk_bytes *out, dbk_cbor *c, dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE];
    dbk_id id;
    (void)dbk_cbor_get_tag(c);
    dbk_cbor_get_copy(c, id.b, sizeof(id.b));
    dbk_id_uuid(uuid, &id);
    return put(out, uuid, err);
}

static dbk_rc get_text(dbk_span *text, dbk_span item, dbk_err *err)
{
    dbk_cbor c = dbk_cbor_from(item);
    *text = dbk_cbor_get_text(&c);
    if (c.failed || !dbk_utf8_valid(*text))
        return dbk_fail(err, DBK_FORMAT, "a stored text is malformed");
    return DBK_OK;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static dbk_rc put_json_string(dbk_bytes *out, dbk_span text, dbk_err *err)
{
    dbk_rc rc = put(out, "\"", err);
    for (size_t at = 0; at < text.len && rc == DBK_OK;) {
        size_t plain = at;
        while (plain < text.len && text.p[plain] >= 0x20 && text.p[plain] != '"' &&
               text.p[plain] != '\\' && text.p[plain] != 0x7f)
            plain++;
        rc = dbk_bytes_append(out, dbk_span_of(text.p + at, plain - at), err);
        at = plain;
        if (at == text.len || rc != DBK_OK)
            continue;
        uint8_t c = text.p[at++];
        if (c == '"' || c == '\\')
            rc = dbk_bytes_append_fmt(out, err, "\\%c", c);
        else if (c == '\n' || c == '\t')
            rc = put(out, c == '\n' ? "\\n" : "\\t", err);
        else
            rc = dbk_bytes_append_fmt(out, err, "\\u%04x", (unsigned)c);
    }
    return rc == DBK_OK ? put(out, "\"", err) : rc;
}

static dbk_rc put_quoted(dbk_bytes *out, dbk_span item, dbk_err *err)
{
    dbk_cbor c = dbk_cbor_from(item);
    dbk_rc rc = put(out, "\"", err);
    if (rc == DBK_OK && dbk_cbor_peek(&c) == DBK_CBOR_TAG)
        rc = put_uuid(out, &c, err);
    else if (rc == DBK_OK && dbk_cbor_peek(&c) == DBK_CBOR_BYTES)
        rc = dbk_base64url_append(out, dbk_cbor_get_bytes(&c), err);
    else if (rc == DBK_OK)
        rc = put_int(out, item, err);
    return rc == DBK_OK ? put(out, "\"", err) : rc;
}

static dbk_rc put_json_scalar(dbk_bytes *out, dbk_span item, dbk_err *err)
{
    dbk_cbor c = dbk_cbor_from(item);
    dbk_span text;
    dbk_rc rc;
    switch (dbk_cbor_peek(&c)) {
    case DBK_CBOR_UINT:
    case DBK_CBOR_NINT:
        return put_int(out, item, err);
    case DBK_CBOR_TEXT:
        rc = get_text(&text, item, err);
        return rc == DBK_OK ? put_json_string(out, text, err) : rc;
    case DBK_CBOR_SIMPLE:
        switch (dbk_cbor_get_simple(&c)) {
        case DBK_CBOR_TRUE:
            return put(out, "true", err);
        case DBK_CBOR_FALSE:
            return put(out, "false", err);
        default:
            return put(out, "\"not_known\"", err);
        }
    default:
        return put_quoted(out, item, err);
    }
}

/* JSON has text keys only: other keys (of forms we don't know) become their text. */
static dbk_rc put_json_key(dbk_bytes *out, dbk_span key, dbk_err *err)
{
    dbk_cbor c = dbk_cbor_from(key);
    dbk_rc rc = dbk_cbor_peek(&c) == DBK_CBOR_TEXT ? put_json_scalar(out, key, err)
                                                   : put_quoted(out, key, err);
    return rc == DBK_OK ? put(out, ": ", err) : rc;
}

static dbk_rc json_step(void *ctx, const value_step *step, dbk_err *err)
{
    dbk_bytes *out = ctx;
    dbk_rc rc = DBK_OK;
    switch (step->kind) {
    case STEP_CLOSE_ARRAY:
        return put(out, "]", err);
    case STEP_CLOSE_MAP:
        return put(out, "}", err);
    default:
        break;
    }
    if (!step->first)
        rc = put(out, ", ", err);
    if (rc == DBK_OK && step->key.len > 0)
        rc = put_json_key(out, step->key, err);
    if (rc != DBK_OK)
        return rc;
    if (step->kind == STEP_SCALAR)
        return put_json_scalar(out, step->item, err);
    return put(out, step->kind == STEP_OPEN_MAP ? "{" : "[", err);
}

dbk_rc dbk_value_to_json(dbk_bytes *out, dbk_span cbor, dbk_err *err)
{
    size_t start = out->len;
    if (cbor.len == 0)
        return put(out, "null", err);
    dbk_rc rc = dbk_value_walk(cbor, json_step, out, err);
    if (rc != DBK_OK)
        dbk_bytes_truncate(out, start);
    return rc;
}

/* ---- one line -------------------------------------------------------------------------------- */

/* The field that a part belongs to, per depth: its labels are the officer's words for it. */
typedef struct reader {
    dbk_bytes *out;
    const dbk_field *fields[DBK_CBOR_DEPTH_MAX + 1];
    dbk_span role; /* of somebody present: shown last, though CBOR's order puts it second */
} reader;

static const dbk_field *part_of(const dbk_field *parent, dbk_span key)
{
    dbk_cbor c = dbk_cbor_from(key);
    dbk_span name = dbk_cbor_get_text(&c);
    for (size_t i = 0; parent != NULL && i < parent->fields_count; i++)
        if (dbk_span_equal(dbk_span_str(parent->fields[i].name), name))
            return &parent->fields[i];
    return NULL;
}

/* Elements of a list have their list's field; members of an object their sub-field's. */
static const dbk_field *field_of(reader *r, const value_step *step)
{
    const dbk_field *parent = step->depth > 0 ? r->fields[step->depth - 1] : NULL;
    if (step->depth == 0)
        return r->fields[0];
    r->fields[step->depth] = step->key.len > 0 ? part_of(parent, step->key) : parent;
    return r->fields[step->depth];
}

static const dbk_code *code_of(const dbk_field *field, dbk_span text)
{
    for (size_t i = 0; field != NULL && i < field->codes_count; i++)
        if (dbk_span_equal(dbk_span_str(field->codes[i].name), text))
            return &field->codes[i];
    return NULL;
}

/* On one line: a new line becomes a space. */
static dbk_rc put_line(dbk_bytes *out, dbk_span text, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t at = 0; at < text.len && rc == DBK_OK;) {
        size_t end = at;
        while (end < text.len && text.p[end] != '\n' && text.p[end] != '\t')
            end++;
        rc = dbk_bytes_append(out, dbk_span_of(text.p + at, end - at), err);
        if (rc == DBK_OK && end < text.len)
            rc = put(out, " ", err);
        at = end < text.len ? end + 1 : end;
    }
    return rc;
}

static dbk_rc put_text_scalar(dbk_bytes *out, const dbk_field *field, dbk_span item, dbk_err *err)
{
    dbk_cbor c = dbk_cbor_from(item);
    dbk_span text;
    dbk_rc rc;
    switch (dbk_cbor_peek(&c)) {
    case DBK_CBOR_TEXT: {
        rc = get_text(&text, item, err);
        const dbk_code *code = code_of(field, text);
        if (rc == DBK_OK && code != NULL)
            return put(out, code->label, err);
        return rc == DBK_OK ? put_line(out, text, err) : rc;
    }
    case DBK_CBOR_SIMPLE:
        switch (dbk_cbor_get_simple(&c)) {
        case DBK_CBOR_TRUE:
            return put(out, field != NULL ? "Yes" : "yes", err);
        case DBK_CBOR_FALSE:
            return put(out, field != NULL ? "No" : "no", err);
        default:
            return put(out, field != NULL ? "Not known" : "not_known", err);
        }
    case DBK_CBOR_TAG:
        return put_uuid(out, &c, err);
    case DBK_CBOR_BYTES:
        return dbk_base64url_append(out, dbk_cbor_get_bytes(&c), err);
    default:
        return put_int(out, item, err);
    }
}

static bool key_is(dbk_span key, const char *name)
{
    dbk_cbor c = dbk_cbor_from(key);
    return key.len > 0 && dbk_span_equal(dbk_cbor_get_text(&c), dbk_span_str(name));
}

/* Somebody present: "Joan Marsh (Family)". */
static dbk_rc present_step(reader *r, const value_step *step, dbk_err *err)
{
    if (key_is(step->key, "role")) {
        r->role = step->item;
        return DBK_OK;
    }
    dbk_rc rc = step->first || r->role.len > 0 ? DBK_OK : put(r->out, " ", err);
    return rc == DBK_OK ? put_text_scalar(r->out, NULL, step->item, err) : rc;
}

static dbk_rc present_end(reader *r, const dbk_field *list, dbk_err *err)
{
    dbk_span role = r->role;
    r->role = (dbk_span){ NULL, 0 };
    if (role.len == 0)
        return DBK_OK;
    dbk_rc rc = put(r->out, " (", err);
    if (rc == DBK_OK)
        rc = put_text_scalar(r->out, list, role, err);
    return rc == DBK_OK ? put(r->out, ")", err) : rc;
}

static dbk_rc put_part_label(reader *r, const value_step *step, const dbk_field *part, dbk_err *err)
{
    dbk_rc rc = part != NULL ? put(r->out, part->label, err)
                             : put_text_scalar(r->out, NULL, step->key, err);
    return rc == DBK_OK ? put(r->out, ": ", err) : rc;
}

static const char *separator(const dbk_field *parent, const value_step *step)
{
    bool words = parent != NULL &&
                 (parent->kind == DBK_FIELD_CODES || parent->kind == DBK_FIELD_REFS);
    return step->key.len > 0 || words ? ", " : "; ";
}

static dbk_rc text_step(void *ctx, const value_step *step, dbk_err *err)
{
    reader *r = ctx;
    dbk_rc rc = DBK_OK;
    if (step->kind == STEP_CLOSE_ARRAY)
        return DBK_OK;
    if (step->kind == STEP_CLOSE_MAP)
        return present_end(r, r->fields[step->depth], err);
    const dbk_field *parent = step->depth > 0 ? r->fields[step->depth - 1] : NULL;
    const dbk_field *field = field_of(r, step);
    if (parent != NULL && parent->kind == DBK_FIELD_PRESENT && step->key.len > 0 &&
        step->kind == STEP_SCALAR)
        return present_step(r, step, err);
    if (!step->first)
        rc = put(r->out, separator(parent, step), err);
    if (rc == DBK_OK && step->key.len > 0)
        rc = put_part_label(r, step, field, err);
    if (rc == DBK_OK && step->kind == STEP_SCALAR)
        rc = put_text_scalar(r->out, field, step->item, err);
    return rc;
}

dbk_rc dbk_value_to_text(dbk_bytes *out, const dbk_field *field, dbk_span cbor, dbk_err *err)
{
    reader r = { .out = out, .fields = { field } };
    size_t start = out->len;
    if (cbor.len == 0)
        return DBK_OK;
    dbk_rc rc = dbk_value_walk(cbor, text_step, &r, err);
    if (rc != DBK_OK)
        dbk_bytes_truncate(out, start);
    return rc;
}

/* ---- words ----------------------------------------------------------------------------------- */

/* What nobody searches for by its words. */
static bool is_wordless(const dbk_field *field)
{
    return field != NULL && (field->kind == DBK_FIELD_DATE || field->kind == DBK_FIELD_DATETIME);
}

/* 0121 496 0123 is found by 01214960123 too. */
static dbk_rc put_digits(dbk_bytes *out, dbk_span text, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < text.len && rc == DBK_OK; i++)
        if (text.p[i] >= '0' && text.p[i] <= '9')
            rc = dbk_bytes_append_u8(out, text.p[i], err);
    return rc == DBK_OK ? put(out, "\n", err) : rc;
}

static dbk_rc words_step(void *ctx, const value_step *step, dbk_err *err)
{
    reader *r = ctx;
    dbk_span text;
    if (step->kind == STEP_CLOSE_ARRAY || step->kind == STEP_CLOSE_MAP)
        return DBK_OK;
    const dbk_field *parent = step->depth > 0 ? r->fields[step->depth - 1] : NULL;
    const dbk_field *field = field_of(r, step);
    dbk_cbor c = dbk_cbor_from(step->item);
    if (step->kind != STEP_SCALAR || dbk_cbor_peek(&c) != DBK_CBOR_TEXT || is_wordless(field))
        return DBK_OK;
    dbk_rc rc = get_text(&text, step->item, err);
    bool role = parent != NULL && parent->kind == DBK_FIELD_PRESENT && key_is(step->key, "role");
    const dbk_code *code = rc == DBK_OK ? code_of(role ? parent : field, text) : NULL;
    if (rc == DBK_OK && code != NULL)
        rc = dbk_bytes_append_fmt(r->out, err, "%s\n", code->label);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(r->out, text, err);
    if (rc == DBK_OK)
        rc = put(r->out, "\n", err);
    if (rc == DBK_OK && field != NULL && field->kind == DBK_FIELD_PHONE)
        rc = put_digits(r->out, text, err);
    return rc;
}

dbk_rc dbk_value_to_words(dbk_bytes *out, const dbk_field *field, dbk_span cbor, dbk_err *err)
{
    reader r = { .out = out, .fields = { field } };
    size_t start = out->len;
    if (cbor.len == 0)
        return DBK_OK;
    dbk_rc rc = dbk_value_walk(cbor, words_step, &r, err);
    if (rc != DBK_OK)
        dbk_bytes_truncate(out, start);
    return rc;
}
