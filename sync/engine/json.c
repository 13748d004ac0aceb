#include "sync/engine/json.h"

#include <string.h>

#include "core/base/text.h"
#include "sync/engine/msg.h"

void dbk_json_refuse(dbk_json_fields *f, const char *key, const char *why)
{
    if (f->rc == DBK_OK)
        f->rc = dbk_fail(f->err, DBK_FORMAT, "%s: \"%s\" %s", f->what, key, why);
}

bool dbk_json_has(const dbk_json_fields *f, const char *key)
{
    return f->rc == DBK_OK && json_object_get(f->object, key) != NULL;
}

json_t *dbk_json_take(dbk_json_fields *f, const char *key, json_type type)
{
    if (f->rc != DBK_OK)
        return NULL;
    json_t *v = json_object_get(f->object, key);
    if (v == NULL || json_typeof(v) != type) {
        dbk_json_refuse(f, key, "is missing or of another type");
        return NULL;
    }
    f->taken++;
    return v;
}

uint64_t dbk_json_uint(dbk_json_fields *f, const char *key, const json_t *v, uint64_t max)
{
    if (f->rc != DBK_OK)
        return 0;
    json_int_t n = json_is_integer(v) ? json_integer_value(v) : -1;
    if (n < 0 || (uint64_t)n > max) {
        dbk_json_refuse(f, key, "is no number in its range");
        return 0;
    }
    return (uint64_t)n;
}

uint64_t dbk_json_take_uint(dbk_json_fields *f, const char *key, uint64_t max)
{
    return dbk_json_uint(f, key, dbk_json_take(f, key, JSON_INTEGER), max);
}

dbk_span dbk_json_text(const json_t *v)
{
    return json_is_string(v) ? dbk_span_of(json_string_value(v), json_string_length(v))
                             : (dbk_span){ NULL, 0 };
}

/* Lower-case hex only: one value has one text. */
dbk_id dbk_json_id(dbk_json_fields *f, const char *key, const json_t *v)
{
    dbk_id id = { { 0 } };
    char again[DBK_ID_HEX_SIZE];
    if (f->rc != DBK_OK)
        return id;
    dbk_span text = dbk_json_text(v);
    if (text.len == DBK_ID_HEX_SIZE - 1 &&
        dbk_id_parse(&id, (const char *)text.p, NULL) == DBK_OK) {
        dbk_id_hex(again, &id);
        if (memcmp(again, text.p, text.len) == 0)
            return id;
    }
    dbk_json_refuse(f, key, "is no id of 32 hex digits");
    memset(&id, 0, sizeof(id));
    return id;
}

dbk_id dbk_json_take_id(dbk_json_fields *f, const char *key)
{
    return dbk_json_id(f, key, dbk_json_take(f, key, JSON_STRING));
}

/* Exactly len bytes as base64url. */
void dbk_json_base64(dbk_json_fields *f, const char *key, const json_t *v, uint8_t *out, size_t len)
{
    memset(out, 0, len);
    if (f->rc == DBK_OK && !dbk_base64url_read(out, len, dbk_json_text(v))) {
        memset(out, 0, len);
        dbk_json_refuse(f, key, "is not base64url of its length");
    }
}

dbk_hash dbk_json_take_hash(dbk_json_fields *f, const char *key)
{
    dbk_hash h;
    dbk_json_base64(f, key, dbk_json_take(f, key, JSON_STRING), h.b, sizeof(h.b));
    return h;
}

bool dbk_json_take_true(dbk_json_fields *f, const char *key)
{
    return dbk_json_has(f, key) && dbk_json_take(f, key, JSON_TRUE) != NULL;
}

dbk_rc dbk_json_end(const dbk_json_fields *f)
{
    if (f->rc != DBK_OK)
        return f->rc;
    if (json_object_size(f->object) != f->taken)
        return dbk_fail(f->err, DBK_FORMAT, "%s has an unknown key", f->what);
    return DBK_OK;
}

dbk_json_fields dbk_json_fields_of(json_t *object, const char *what, dbk_err *err)
{
    return (dbk_json_fields){ .object = object, .what = what, .rc = DBK_OK, .err = err };
}

/* What jansson would build costs some 150 bytes for each value: hostile bytes that are all
 * brackets are refused before. */
static size_t parts_of(dbk_span in)
{
    size_t parts = 0;
    for (size_t i = 0; i < in.len; i++)
        parts += in.p[i] == '[' || in.p[i] == '{' || in.p[i] == ',';
    return parts;
}

/* One object with "v": 1. On success *top is the caller's: json_decref. */
dbk_rc dbk_json_load(json_t **top, dbk_json_fields *f, dbk_span in, const dbk_json_load_opts *opts,
                     dbk_err *err)
{
    json_error_t why;
    *top = NULL;
    *f = dbk_json_fields_of(NULL, opts->what, err);
    if (in.len > opts->bytes_max || parts_of(in) > opts->parts_max)
        return f->rc = dbk_fail(err, DBK_LIMIT, "%s is too long", opts->what);
    json_t *v = json_loadb((const char *)in.p, in.len, JSON_REJECT_DUPLICATES, &why);
    if (v == NULL && json_error_code(&why) == json_error_out_of_memory)
        return f->rc = dbk_fail(err, DBK_NOMEM, "out of memory");
    if (!json_is_object(v)) {
        json_decref(v);
        return f->rc = dbk_fail(err, DBK_FORMAT, "%s is no JSON object", opts->what);
    }
    f->object = v;
    uint64_t version = dbk_json_take_uint(f, "v", DBK_JSON_UINT_MAX);
    if (f->rc == DBK_OK && version != DBK_PROTOCOL_VERSION)
        f->rc = version > DBK_PROTOCOL_VERSION
                    ? dbk_fail(err, DBK_VERSION, "%s is of a newer protocol", opts->what)
                    : dbk_fail(err, DBK_FORMAT, "%s is of no known protocol", opts->what);
    if (f->rc != DBK_OK) {
        json_decref(v);
        return f->rc;
    }
    *top = v;
    return DBK_OK;
}

/* ---- writing ------------------------------------------------------------------------- */

dbk_json_out dbk_json_writer(dbk_bytes *out, dbk_err *err)
{
    return (dbk_json_out){ out, out->len, DBK_OK, err };
}

void dbk_json_put(dbk_json_out *w, const char *text)
{
    if (w->rc == DBK_OK)
        w->rc = dbk_bytes_append_str(w->out, text, w->err);
}

void dbk_json_put_uint(dbk_json_out *w, const char *before, uint64_t v)
{
    if (w->rc == DBK_OK && v > DBK_JSON_UINT_MAX)
        w->rc = dbk_fail(w->err, DBK_LIMIT, "a number over 2^53");
    if (w->rc == DBK_OK)
        w->rc = dbk_bytes_append_fmt(w->out, w->err, "%s%llu", before, (unsigned long long)v);
}

void dbk_json_put_id(dbk_json_out *w, const char *before, const dbk_id *id)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_id_hex(hex, id);
    if (w->rc == DBK_OK)
        w->rc = dbk_bytes_append_fmt(w->out, w->err, "%s\"%s\"", before, hex);
}

void dbk_json_put_base64(dbk_json_out *w, const char *before, dbk_span raw)
{
    dbk_json_put(w, before);
    dbk_json_put(w, "\"");
    if (w->rc == DBK_OK)
        w->rc = dbk_base64url_append(w->out, raw, w->err);
    dbk_json_put(w, "\"");
}

void dbk_json_put_text(dbk_json_out *w, const char *before, const char *text)
{
    static const char named[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    dbk_json_put(w, before);
    dbk_json_put(w, "\"");
    for (const char *p = text; *p != '\0' && w->rc == DBK_OK; p++) {
        const char *at = strchr(named, *p);
        if (at != NULL)
            w->rc = dbk_bytes_append_fmt(w->out, w->err, "\\%c", letters[at - named]);
        else if ((unsigned char)*p < 0x20)
            w->rc = dbk_bytes_append_fmt(w->out, w->err, "\\u%04x", (unsigned)*p);
        else
            w->rc = dbk_bytes_append_u8(w->out, (uint8_t)*p, w->err);
    }
    dbk_json_put(w, "\"");
}

dbk_rc dbk_json_written(dbk_json_out *w)
{
    if (w->rc != DBK_OK)
        dbk_bytes_truncate(w->out, w->start);
    return w->rc;
}
