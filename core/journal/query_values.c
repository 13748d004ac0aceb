/* By which keys `list --where` finds a record without reading all of them. A key is a hash of a
 * field's name and a value's text, as it stands, whichever form or winner shows it: keys only say
 * where to look, and dbk_where_holds decides. So every value that stands has one, also one that
 * lost a dispute, and no key depends on receipts, roles or forms. */
#include <stdlib.h>
#include <string.h>

#include "core/base/cbor.h"
#include "core/base/wire.h"
#include "core/journal/query_internal.h"
#include "core/model/value.h"
#include "core/store/values.h"

#define KEY_LABEL "daybook/value-key/1"
#define TEXT_BYTES_MAX \
    256u /* nobody types more after `=`; longer values are looked for one by one */
#define PATH_BYTES_MAX (2u * DBK_NAME_BYTES_MAX + 1u)
#define COUNT_MAX 4096u /* of two conditions, which is rarer? */

/* ---- keys ------------------------------------------------------------------------------------ */

static int64_t key_of(dbk_span path, dbk_span text)
{
    uint8_t name[PATH_BYTES_MAX + 1 + TEXT_BYTES_MAX], *p = name;
    int64_t key;
    DBK_ASSERT(path.len <= PATH_BYTES_MAX);
    DBK_ASSERT(text.len <= TEXT_BYTES_MAX);
    p = dbk_wire_put_copy(p, path.p, path.len);
    *p++ = 0; /* in no name */
    p = dbk_wire_put_copy(p, text.p, text.len);
    const dbk_id hash = dbk_hash_id(KEY_LABEL, dbk_span_of(name, (size_t)(p - name)));
    memcpy(&key, hash.b, sizeof(key));
    return key == DBK_VALUES_KEY_ANY ? 1 : key;
}

/* The keys of one record, each once or more often. */
typedef struct keys {
    int64_t rows[DBK_VALUES_KEYS_MAX];
    size_t count;
    bool over;
    dbk_bytes text;
} keys;

static void add_key(keys *k, dbk_span path, dbk_span text)
{
    k->over = k->over || k->count == DBK_VALUES_KEYS_MAX;
    if (!k->over && text.len > 0 && text.len <= TEXT_BYTES_MAX)
        k->rows[k->count++] = key_of(path, text);
}

/* What is no single value, or no value at all, has no key: such conditions aren't looked up. */
static dbk_rc add_scalar(keys *k, dbk_span path, dbk_span item, dbk_err *err)
{
    dbk_err inner = { 0 };
    dbk_cbor c = dbk_cbor_from(item);
    dbk_cbor_type kind = dbk_cbor_peek(&c);
    if (item.len == 0 || kind == DBK_CBOR_ARRAY || kind == DBK_CBOR_MAP)
        return DBK_OK;
    dbk_bytes_truncate(&k->text, 0);
    dbk_rc rc = dbk_value_to_text(&k->text, NULL, item, &inner);
    if (rc == DBK_OK)
        add_key(k, path, dbk_bytes_span(&k->text));
    return rc == DBK_OK || rc == DBK_FORMAT ? DBK_OK : dbk_fail(err, rc, "%s", inner.text);
}

static dbk_rc add_items(keys *k, dbk_span path, dbk_span value, dbk_err *err)
{
    dbk_cbor c = dbk_cbor_from(value);
    if (dbk_cbor_peek(&c) != DBK_CBOR_ARRAY)
        return add_scalar(k, path, value, err);
    dbk_rc rc = DBK_OK;
    for (uint64_t left = dbk_cbor_get_array(&c); rc == DBK_OK && left > 0; left--) {
        dbk_span item = dbk_cbor_get_item(&c);
        if (c.failed)
            break;
        rc = add_scalar(k, path, item, err);
    }
    return rc;
}

/* "next_contact.when" */
static bool join(uint8_t out[PATH_BYTES_MAX], dbk_span *path, dbk_span top, dbk_span name)
{
    if (top.len > DBK_NAME_BYTES_MAX || name.len > DBK_NAME_BYTES_MAX || name.len == 0)
        return false;
    uint8_t *p = dbk_wire_put_copy(out, top.p, top.len);
    if (top.len > 0)
        *p++ = '.';
    p = dbk_wire_put_copy(p, name.p, name.len);
    *path = dbk_span_of(out, (size_t)(p - out));
    return true;
}

static dbk_rc add_members(keys *k, dbk_span top, dbk_span value, dbk_err *err)
{
    uint8_t room[PATH_BYTES_MAX];
    dbk_span path;
    dbk_cbor c = dbk_cbor_from(value);
    dbk_rc rc = DBK_OK;
    if (dbk_cbor_peek(&c) != DBK_CBOR_MAP)
        return DBK_OK;
    for (uint64_t left = dbk_cbor_get_map(&c); rc == DBK_OK && left > 0; left--) {
        dbk_cbor key = dbk_cbor_from(dbk_cbor_get_item(&c));
        dbk_span member = dbk_cbor_get_item(&c);
        if (c.failed)
            break;
        if (join(room, &path, top, dbk_cbor_get_text(&key)))
            rc = add_items(k, path, member, err);
    }
    return rc;
}

/* A register holds fields; a field may be an object. */
static dbk_rc add_register(keys *k, dbk_span map, dbk_err *err)
{
    dbk_cbor c = dbk_cbor_from(map);
    dbk_rc rc = add_members(k, dbk_span_of(NULL, 0), map, err);
    if (dbk_cbor_peek(&c) != DBK_CBOR_MAP)
        return rc;
    for (uint64_t left = dbk_cbor_get_map(&c); rc == DBK_OK && left > 0; left--) {
        dbk_cbor key = dbk_cbor_from(dbk_cbor_get_item(&c));
        dbk_span value = dbk_cbor_get_item(&c);
        if (c.failed)
            break;
        rc = add_members(k, dbk_cbor_get_text(&key), value, err);
    }
    return rc;
}

static dbk_rc make_keys(keys *k, const dbk_store_record *row, dbk_err *err)
{
    dbk_state *state = NULL;
    /* The log of use isn't asked for by what is in it (core/journal/audit.h). */
    if (dbk_span_equal(row->form, dbk_span_str(DBK_FORM_AUDIT)))
        return DBK_OK;
    dbk_rc rc = dbk_query_state(&state, row, err);
    size_t groups = rc == DBK_OK ? dbk_state_groups(state) : 0;
    for (size_t i = 0; rc == DBK_OK && i < groups; i++) {
        const dbk_state_group *g = dbk_state_group_at(state, i);
        for (size_t n = 0; rc == DBK_OK && n < g->registers_count; n++)
            rc = add_register(k, g->registers[n].value, err);
    }
    if (k->over) {
        k->rows[0] = DBK_VALUES_KEY_ANY;
        k->count = 1;
    }
    dbk_state_free(state);
    return rc;
}

dbk_rc dbk_query_value_keys(dbk_book *book, const dbk_store_record *row, dbk_err *err)
{
    keys k = { .text = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX) };
    dbk_rc rc = dbk_values_clear(book->store, row->id, err);
    if (rc == DBK_OK)
        rc = make_keys(&k, row, err);
    for (size_t i = 0; rc == DBK_OK && i < k.count; i++)
        rc = dbk_values_add(book->store, k.rows[i], row, err);
    dbk_bytes_wipe(&k.text);
    return rc;
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static size_t each_once(int64_t *rows, size_t count)
{
    size_t kept = 0;
    if (count > 0)
        qsort(rows, count, sizeof(rows[0]), by_number);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || rows[kept - 1] != rows[i])
            rows[kept++] = rows[i];
    return kept;
}

dbk_rc dbk_query_values_in_step(dbk_book *book, bool *same, const dbk_store_record *row,
                                dbk_err *err)
{
    keys k = { .text = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX) };
    int64_t held[DBK_VALUES_KEYS_MAX + 1];
    size_t count = 0;
    bool others = false;
    *same = true;
    if (!row->indexed)
        return DBK_OK;
    dbk_rc rc = dbk_values_of(book->store, held, &count, &others, row, err);
    if (rc == DBK_OK)
        rc = make_keys(&k, row, err);
    k.count = each_once(k.rows, k.count);
    *same = !others && k.count == count && memcmp(k.rows, held, count * sizeof(held[0])) == 0;
    dbk_bytes_wipe(&k.text);
    return rc;
}

/* ---- conditions ------------------------------------------------------------------------------ */

/* The texts that may stand where a condition holds. */
typedef struct wanted {
    const char *texts[2];
    size_t count;
    bool more; /* or anything: it can't be looked up */
} wanted;

static void want(wanted *w, const char *text)
{
    for (size_t i = 0; i < w->count; i++)
        if (strcmp(w->texts[i], text) == 0)
            return;
    w->more = w->more || w->count == 2 || strlen(text) > TEXT_BYTES_MAX;
    if (!w->more)
        w->texts[w->count++] = text;
}

/* How a value of one field is shown, back to how it stands. */
static void want_shown(wanted *w, const dbk_field *field, const char *value, char uuid[])
{
    static const char *const answers[][2] = { { "Yes", "yes" },
                                              { "No", "no" },
                                              { "Not known", "not_known" } };
    dbk_id id;
    want(w, value);
    for (size_t i = 0; i < field->codes_count; i++)
        if (strcmp(field->codes[i].label, value) == 0)
            want(w, field->codes[i].name);
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
        if (strcmp(answers[i][0], value) == 0)
            want(w, answers[i][1]);
    if (dbk_id_parse(&id, value, NULL) == DBK_OK) {
        dbk_id_uuid(uuid, &id);
        want(w, uuid);
    }
}

/* Sets, lists and counts are shown as a whole; several codes too, if that is what was typed. */
static bool is_single(const dbk_form *form, const dbk_field *top, const dbk_field *field,
                      const char *value)
{
    const dbk_group *groups;
    (void)dbk_form_groups(form, &groups);
    switch (field->kind) {
    case DBK_FIELD_CODES:
    case DBK_FIELD_REFS:
        if (strchr(value, ',') != NULL)
            return false;
        break;
    case DBK_FIELD_TEXT:
    case DBK_FIELD_CODE:
    case DBK_FIELD_BOOL3:
    case DBK_FIELD_DATE:
    case DBK_FIELD_DATETIME:
    case DBK_FIELD_NUMBER:
    case DBK_FIELD_REF:
    case DBK_FIELD_PHONE:
    case DBK_FIELD_EMAIL:
        break;
    default:
        return false;
    }
    return dbk_rule_is_register(groups[top->group].rule) &&
           (top == field || top->kind == DBK_FIELD_OBJECT);
}

static wanted wanted_by(const dbk_book *book, const char *form, const dbk_where *where, char uuid[])
{
    wanted w = { .count = 0, .more = where->value[0] == '\0' };
    for (size_t i = 0; i < dbk_forms_count(book->forms) && !w.more; i++) {
        const dbk_form *f = dbk_forms_at(book->forms, i);
        const dbk_field *top = NULL;
        const dbk_field *field = dbk_form_part(f, where->field, &top);
        if (field == NULL || (form != NULL && strcmp(dbk_form_name(f), form) != 0))
            continue;
        w.more = !is_single(f, top, field, where->value);
        want_shown(&w, field, where->value, uuid);
    }
    return w;
}

dbk_rc dbk_query_where_key(dbk_book *book, bool *found, dbk_values_ask *ask,
                           const dbk_list_opts *opts, dbk_err *err)
{
    uint64_t least = UINT64_MAX;
    dbk_rc rc = DBK_OK;
    *found = false;
    for (size_t i = 0; rc == DBK_OK && i < opts->where_count; i++) {
        char uuid[DBK_ID_UUID_SIZE];
        uint64_t counts[2] = { 0 };
        int64_t rows[2];
        const wanted w = wanted_by(book, opts->form, &opts->where[i], uuid);
        if (w.more || w.count == 0)
            continue;
        for (size_t k = 0; rc == DBK_OK && k < 2; k++) {
            const char *text = w.texts[k < w.count ? k : 0];
            rows[k] = key_of(dbk_span_str(opts->where[i].field), dbk_span_str(text));
            rc = dbk_values_count(book->store, &counts[k], rows[k], COUNT_MAX, err);
        }
        if (rc == DBK_OK && counts[0] + counts[1] < least) {
            least = counts[0] + counts[1];
            *ask = (dbk_values_ask){ .keys = { rows[0], rows[1] }, .since_ms = opts->since_ms };
            *found = true;
        }
    }
    return rc;
}
