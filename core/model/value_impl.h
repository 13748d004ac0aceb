/* core/model/value_impl.h - what the parts of value share with form and record. Not for others. */
#ifndef DBK_MODEL_VALUE_IMPL_H
#define DBK_MODEL_VALUE_IMPL_H

#include "core/base/cbor.h"
#include "core/base/id.h"
#include "core/model/near.h"
#include "core/model/value.h"

#define VALUE_ITEMS_MAX 1000u /* elements of one list; below DBK_WRITE_ITEMS_MAX */
#define VALUE_SHOWN_MAX 60u   /* bytes of what was typed that a message repeats */

/* ---- encoded items, collected to be sorted, compared and written as one array ---- */
typedef struct value_items {
    dbk_bytes buf;
    struct value_item {
        size_t at, len;
    } * rows;
    size_t count, cap;
} value_items;
#define VALUE_ITEMS_INIT                                    \
    {                                                       \
        DBK_BYTES_INIT(DBK_FORM_JSON_BYTES_MAX), NULL, 0, 0 \
    }
DBK_MUST_CHECK dbk_rc dbk_items_add(value_items *items, dbk_span item, dbk_err *err);
/* The elements of an encoded array, or the one item that isn't an array. Empty span: none. */
DBK_MUST_CHECK dbk_rc dbk_items_add_all(value_items *items, dbk_span value, dbk_err *err);
dbk_span dbk_items_at(const value_items *items, size_t i);
bool dbk_items_hold(const value_items *items, dbk_span item);
void dbk_items_drop(value_items *items, dbk_span item); /* every equal one */
void dbk_items_sort(value_items *items);                /* bytewise; each once */
void dbk_items_put(dbk_cbor_out *out, const value_items *items);
void dbk_items_wipe(value_items *items);

/* ---- the way in ---- */
/* Where a value is going, and what is said of it. Faults make rc DBK_INVALID but don't stop the
 * work: all of them are wanted. Any other rc stops it. */
typedef struct value_in {
    dbk_cbor_out out;
    dbk_problems *problems;
    dbk_rc rc;
    dbk_err *err;
    char path[160];  /* "told[2].topic" */
    char label[320]; /* "What you told them 2, Topic" */
} value_in;
void dbk_value_fault(value_in *v, const char *fmt, ...) DBK_PRINTF(2, 3);
void dbk_value_warn(value_in *v, const char *fmt, ...) DBK_PRINTF(2, 3);
/* One value of a kind that is no array and no object, from its text. */
void dbk_value_put_scalar(value_in *v, const dbk_field *field, dbk_span text);
/* A text of a list, a name of somebody present. */
void dbk_value_put_lines(value_in *v, dbk_span text, size_t len_max);
dbk_span dbk_value_trim(dbk_span text);

/* What was typed, cut and quoted for a message; "" when it isn't text. */
typedef struct value_shown {
    char text[VALUE_SHOWN_MAX + 8];
} value_shown;
value_shown dbk_value_show(dbk_span typed);

/* ---- the way out ---- */
typedef enum value_step_kind {
    STEP_SCALAR,
    STEP_OPEN_ARRAY,
    STEP_OPEN_MAP,
    STEP_CLOSE_ARRAY,
    STEP_CLOSE_MAP
} value_step_kind;
typedef struct value_step {
    value_step_kind kind;
    size_t depth;  /* of the item; 0 for the whole */
    bool first;    /* in its array or map */
    dbk_span key;  /* encoded; empty outside a map */
    dbk_span item; /* the scalar, encoded; a UUID with its tag */
} value_step;
typedef dbk_rc (*value_step_fn)(void *ctx, const value_step *step, dbk_err *err);
/* Calls fn for each part in order. Tags other than 37 are passed over. DBK_FORMAT: malformed. */
DBK_MUST_CHECK dbk_rc dbk_value_walk(dbk_span cbor, value_step_fn fn, void *ctx, dbk_err *err);

/* Nothing, or an array of nothing. not_known is an answer. */
bool dbk_value_is_blank(dbk_span cbor);
bool dbk_value_is_null(dbk_span cbor);
/* The member of an encoded map; empty when it isn't there. */
dbk_span dbk_value_member(dbk_span map, const char *name);
int dbk_value_key_compare(const char *a, const char *b); /* order of text keys in a CBOR map */

#endif
