/* sync/engine/json.h - strict JSON for the control messages; inside the engine only.
 * Reading: one object at a time; the first failure sticks, and a key that nobody took is a
 * failure at the end. Writing: straight into bytes; the first failure sticks and leaves no trace.
 */
#ifndef DBK_ENGINE_JSON_H
#define DBK_ENGINE_JSON_H

#include <jansson.h>

#include "core/base/id.h"

typedef struct dbk_json_fields {
    json_t *object; /* borrowed */
    size_t taken;
    const char *what; /* "hello": for the error's text */
    dbk_rc rc;
    dbk_err *err;
} dbk_json_fields;
dbk_json_fields dbk_json_fields_of(json_t *object, const char *what, dbk_err *err);

typedef struct dbk_json_load_opts {
    const char *what;
    size_t bytes_max;
    size_t parts_max; /* opening brackets and commas: what jansson would make values of */
} dbk_json_load_opts;
#define DBK_JSON_CONTROL(name)            \
    &(dbk_json_load_opts)                 \
    {                                     \
        (name), DBK_CONTROL_BYTES_MAX, 64 \
    }
/* One object whose "v" is our protocol's. On success *top is the caller's (json_decref), and *f
 * stands on it. DBK_VERSION: a newer protocol. */
DBK_MUST_CHECK dbk_rc dbk_json_load(json_t **top, dbk_json_fields *f, dbk_span in,
                                    const dbk_json_load_opts *opts, dbk_err *err);

bool dbk_json_has(const dbk_json_fields *f, const char *key);
json_t *dbk_json_take(dbk_json_fields *f, const char *key, json_type type); /* NULL: failed */
uint64_t dbk_json_take_uint(dbk_json_fields *f, const char *key, uint64_t max);
dbk_id dbk_json_take_id(dbk_json_fields *f, const char *key);     /* lower-case hex */
dbk_hash dbk_json_take_hash(dbk_json_fields *f, const char *key); /* base64url */
bool dbk_json_take_true(dbk_json_fields *f, const char *key);     /* false: it isn't there */
void dbk_json_refuse(dbk_json_fields *f, const char *key, const char *why);
DBK_MUST_CHECK dbk_rc dbk_json_end(const dbk_json_fields *f);

/* Of a value that was found otherwise (an array's item); v may be NULL. key names it in errors. */
uint64_t dbk_json_uint(dbk_json_fields *f, const char *key, const json_t *v, uint64_t max);
dbk_id dbk_json_id(dbk_json_fields *f, const char *key, const json_t *v);
void dbk_json_base64(dbk_json_fields *f, const char *key, const json_t *v, uint8_t *out,
                     size_t len);
dbk_span dbk_json_text(const json_t *v);

typedef struct dbk_json_out {
    dbk_bytes *out;
    size_t start; /* what a failure cuts back to */
    dbk_rc rc;
    dbk_err *err;
} dbk_json_out;
dbk_json_out dbk_json_writer(dbk_bytes *out, dbk_err *err);
void dbk_json_put(dbk_json_out *w, const char *text); /* as it is */
/* before: what stands in front, as it is */
void dbk_json_put_uint(dbk_json_out *w, const char *before, uint64_t v);
void dbk_json_put_id(dbk_json_out *w, const char *before, const dbk_id *id);
void dbk_json_put_base64(dbk_json_out *w, const char *before, dbk_span raw);
void dbk_json_put_text(dbk_json_out *w, const char *before, const char *text);
DBK_MUST_CHECK dbk_rc dbk_json_written(dbk_json_out *w);

#endif
