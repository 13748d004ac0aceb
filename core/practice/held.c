#include "core/practice/held.h"

#define FOLD_BYTES_MAX 512u /* of a text at once: the namer cuts what is longer */

void dbk_held_init(dbk_held *h)
{
    *h = (dbk_held){ 0 };
    dbk_bytes_init(&h->topics, DBK_STATE_BYTES_MAX);
}

void dbk_held_wipe(dbk_held *h)
{
    dbk_namer_free(h->namer);
    h->namer = NULL;
    dbk_bytes_wipe(&h->topics);
}

uint64_t dbk_held_version(dbk_span entry)
{
    dbk_cbor c = dbk_cbor_from(dbk_view_member(entry, "version"));
    return dbk_cbor_peek(&c) == DBK_CBOR_UINT ? dbk_cbor_get_uint(&c) : 0;
}

static bool is_called_approved(const dbk_sibling *entry)
{
    return dbk_view_member(entry->value, "approved_by").len > 0;
}

bool dbk_held_approves(const dbk_sibling *entry)
{
    return entry->hq && is_called_approved(entry);
}

static uint64_t newest(const dbk_sibling *log, size_t count, bool (*counts)(const dbk_sibling *))
{
    uint64_t version = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t one = dbk_held_version(log[i].value);
        version = one > version && counts(&log[i]) ? one : version;
    }
    return version;
}

static bool is_any(const dbk_sibling *entry)
{
    (void)entry;
    return true;
}

/* An officer can't lift what is held back by calling a newer version approved; but may add to it.
 */
static bool holds(const dbk_held *h, const dbk_sibling *entry)
{
    uint64_t version = dbk_held_version(entry->value);
    if (dbk_held_approves(entry))
        return version == h->version;
    return is_called_approved(entry) && version > h->version;
}

dbk_rc dbk_held_read(dbk_held *h, const dbk_note *of_case, dbk_err *err)
{
    size_t count;
    uint64_t topics = 0;
    dbk_span one;
    dbk_bytes items = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    const dbk_sibling *log = dbk_reading_log(of_case, &count, "strategy");
    dbk_rc rc = DBK_OK;
    h->version = newest(log, count, dbk_held_approves);
    h->proposed = newest(log, count, is_called_approved);
    h->proposed = h->proposed > h->version ? h->proposed : 0;
    for (size_t i = 0; rc == DBK_OK && i < count; i++) {
        dbk_elements e = dbk_elements_of(dbk_view_member(log[i].value, "held_back"));
        for (; rc == DBK_OK && holds(h, &log[i]) && dbk_elements_next(&e, &one); topics++)
            rc = dbk_bytes_append(&items, one, err);
    }
    dbk_cbor_out out = dbk_cbor_to(&h->topics, err);
    dbk_bytes_truncate(&h->topics, 0);
    if (rc == DBK_OK && topics > 0) {
        dbk_cbor_put_array(&out, topics);
        rc = out.rc == DBK_OK ? dbk_bytes_append(&h->topics, dbk_bytes_span(&items), err) : out.rc;
    }
    dbk_bytes_wipe(&items);
    return rc;
}

dbk_span dbk_held_next(const dbk_note *of_case)
{
    size_t count;
    const dbk_sibling *log = dbk_reading_log(of_case, &count, "strategy");
    uint64_t in_force = newest(log, count, dbk_held_approves);
    uint64_t next = newest(log, count, is_any);
    for (size_t i = 0; next > in_force && i < count; i++)
        if (dbk_held_version(log[i].value) == next)
            return log[i].value;
    return dbk_span_of(NULL, 0);
}

/* A piece that ends at a space, or at a character, and its length. */
static size_t piece_of(dbk_span text)
{
    size_t len = text.len < FOLD_BYTES_MAX ? text.len : FOLD_BYTES_MAX;
    size_t end = 0;
    for (size_t i = 0; i < len; i++)
        end = text.p[i] == ' ' || text.p[i] == '\n' ? i + 1 : end;
    if (end > 0 && len < text.len)
        return end;
    while (len < text.len && len > 1 && (text.p[len] & 0xc0) == 0x80)
        len--;
    return len;
}

/* As it is compared: lower case, no accents, Latin letters. */
static dbk_rc fold(dbk_held *h, dbk_bytes *out, dbk_span text, dbk_err *err)
{
    dbk_rc rc = h->namer == NULL ? dbk_namer_new(&h->namer, err) : DBK_OK;
    dbk_bytes_truncate(out, 0);
    while (rc == DBK_OK && text.len > 0) {
        const char *folded;
        size_t len = piece_of(text);
        rc = dbk_namer_fold(h->namer, &folded, dbk_span_of(text.p, len), err);
        if (rc == DBK_OK)
            rc = dbk_bytes_append_str(out, folded, err);
        text = dbk_span_of(text.p + len, text.len - len);
    }
    return rc;
}

/* The words of the one within the other. */
static bool speaks_of(dbk_span text, dbk_span topic)
{
    for (size_t at = 0; topic.len > 0 && at + topic.len <= text.len; at++) {
        if (dbk_span_equal(dbk_span_of(text.p + at, topic.len), topic))
            return true;
    }
    return false;
}

dbk_rc dbk_held_find(dbk_held *h, dbk_span *out, dbk_span text, dbk_held_kind kind, dbk_err *err)
{
    dbk_bytes said_so = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_bytes topic = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_elements e = dbk_elements_of(dbk_bytes_span(&h->topics));
    dbk_span element;
    dbk_rc rc = text.len > 0 && h->topics.len > 0 ? fold(h, &said_so, text, err) : DBK_OK;
    *out = dbk_span_of(NULL, 0);
    while (rc == DBK_OK && said_so.len > 0 && out->len == 0 && dbk_elements_next(&e, &element)) {
        dbk_span a = dbk_bytes_span(&said_so);
        rc = fold(h, &topic, dbk_cbor_text_of(element), err);
        dbk_span b = dbk_bytes_span(&topic);
        if (rc == DBK_OK && (speaks_of(a, b) || (kind == DBK_HELD_TOPIC && speaks_of(b, a))))
            *out = dbk_cbor_text_of(element);
    }
    dbk_bytes_wipe(&said_so);
    dbk_bytes_wipe(&topic);
    return rc;
}
