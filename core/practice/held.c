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

dbk_rc dbk_held_take(dbk_held *h, dbk_span entry, dbk_err *err)
{
    dbk_cbor c = dbk_cbor_from(dbk_view_member(entry, "version"));
    uint64_t version = dbk_cbor_peek(&c) == DBK_CBOR_UINT ? dbk_cbor_get_uint(&c) : 0;
    if (version <= h->version || dbk_view_member(entry, "approved_by").len == 0)
        return DBK_OK;
    h->version = version;
    dbk_bytes_truncate(&h->topics, 0);
    return dbk_bytes_append(&h->topics, dbk_view_member(entry, "held_back"), err);
}

dbk_rc dbk_held_read(dbk_held *h, dbk_reading *of_case, dbk_err *err)
{
    dbk_span strategy, entry;
    dbk_rc rc = dbk_reading_value(of_case, &strategy, "strategy", err);
    dbk_elements e = dbk_elements_of(strategy);
    while (rc == DBK_OK && dbk_elements_next(&e, &entry))
        rc = dbk_held_take(h, entry, err);
    return rc;
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
