/* tests/lib/msg_again.h - decode, then encode what came out: what the unit tests and the fuzz
 * targets of the message codecs share. Each gives DBK_OK and the new bytes, or the decoder's
 * refusal; an encoder that fails on decoded values stops the program. */
#ifndef DBK_TESTS_LIB_MSG_AGAIN_H
#define DBK_TESTS_LIB_MSG_AGAIN_H

#include "sync/engine/msg.h"

typedef dbk_rc (*dbk_again_fn)(dbk_bytes *out, dbk_span in);

#define MUST(call) DBK_ASSERT((call) == DBK_OK)

static inline dbk_rc again_hello(dbk_bytes *out, dbk_span in)
{
    dbk_hello h;
    dbk_rc rc = dbk_hello_decode(&h, in, NULL);
    if (rc == DBK_OK)
        MUST(dbk_hello_encode(out, &h, NULL));
    return rc;
}

static inline dbk_rc again_welcome(dbk_bytes *out, dbk_span in)
{
    dbk_welcome w;
    dbk_rc rc = dbk_welcome_decode(&w, in, NULL);
    if (rc == DBK_OK)
        MUST(dbk_welcome_encode(out, &w, NULL));
    else
        DBK_ASSERT(w.owned == NULL);
    dbk_welcome_wipe(&w);
    return rc;
}

static inline dbk_rc again_push(dbk_bytes *out, dbk_span in)
{
    static dbk_sealed items[DBK_PUSH_SEGMENTS_MAX];
    size_t count;
    dbk_rc rc = dbk_push_decode(items, &count, in, NULL);
    if (rc != DBK_OK) {
        DBK_ASSERT(count == 0);
        return rc;
    }
    MUST(dbk_push_begin(out, NULL));
    for (size_t i = 0; i < count; i++)
        MUST(dbk_push_add(out, &items[i], NULL));
    return DBK_OK;
}

static inline dbk_rc again_results(dbk_bytes *out, dbk_span in)
{
    static dbk_push_result results[DBK_PUSH_SEGMENTS_MAX];
    size_t count;
    dbk_span note;
    dbk_rc rc = dbk_results_decode(results, &count, &note, in, NULL);
    if (rc == DBK_OK)
        MUST(dbk_results_encode(out, results, count, note, NULL));
    else
        DBK_ASSERT(count == 0 && note.p == NULL);
    return rc;
}

static inline dbk_rc again_range(dbk_bytes *out, dbk_span in)
{
    dbk_range r;
    dbk_range_item item;
    dbk_rc rc = dbk_range_decode(&r, in, NULL);
    if (rc != DBK_OK) {
        DBK_ASSERT(r.count == 0 && r.items.p == NULL);
        return rc;
    }
    MUST(dbk_range_begin(out, &r, NULL));
    for (uint32_t i = 0; i < r.count; i++) {
        MUST(dbk_range_next(&r, &item, NULL));
        MUST(dbk_range_add(out, &item, NULL));
    }
    DBK_ASSERT(dbk_range_next(&r, &item, NULL) == DBK_NOT_FOUND);
    return DBK_OK;
}

static inline dbk_rc again_entries(dbk_bytes *out, dbk_span in)
{
    dbk_span entry;
    for (;;) {
        dbk_rc rc = dbk_entries_next(&in, &entry, NULL);
        if (rc != DBK_OK)
            return rc == DBK_NOT_FOUND ? DBK_OK : rc;
        MUST(dbk_entries_add(out, entry, NULL));
    }
}

static inline dbk_rc again_requests(dbk_bytes *out, dbk_span in)
{
    dbk_span request;
    dbk_id invite;
    for (;;) {
        dbk_rc rc = dbk_requests_next(&in, &invite, &request, NULL);
        if (rc != DBK_OK)
            return rc == DBK_NOT_FOUND ? DBK_OK : rc;
        MUST(dbk_requests_add(out, &invite, request, NULL));
    }
}

static inline dbk_rc again_claims(dbk_bytes *out, dbk_span in)
{
    dbk_claims c;
    dbk_rc rc = dbk_claims_decode(&c, in, NULL);
    if (rc == DBK_OK)
        MUST(dbk_claims_encode(out, &c, NULL));
    else
        DBK_ASSERT(c.heard.p == NULL && c.logs.p == NULL);
    return rc;
}

static inline dbk_rc again_posted(dbk_bytes *out, dbk_span in)
{
    uint64_t n;
    dbk_rc rc = dbk_posted_decode(&n, in, NULL);
    if (rc == DBK_OK)
        MUST(dbk_posted_encode(out, n, NULL));
    return rc;
}

static inline dbk_rc again_decline(dbk_bytes *out, dbk_span in)
{
    uint64_t n;
    dbk_rc rc = dbk_decline_decode(&n, in, NULL);
    if (rc == DBK_OK)
        MUST(dbk_decline_encode(out, n, NULL));
    return rc;
}

static inline dbk_rc again_mailbox(dbk_bytes *out, dbk_span in)
{
    uint64_t n;
    dbk_rc rc = dbk_mailbox_decode(&n, in, NULL);
    if (rc == DBK_OK)
        MUST(dbk_mailbox_encode(out, n, NULL));
    return rc;
}

static inline dbk_rc again_error(dbk_bytes *out, dbk_span in)
{
    char word[DBK_ERROR_WORD_MAX + 1];
    dbk_rc rc = dbk_error_decode(word, in, NULL);
    if (rc == DBK_OK)
        MUST(dbk_error_encode(out, word, NULL));
    return rc;
}

/* For binary messages one value has one encoding: what decodes must come out as it went in. */
static inline int again_same(dbk_again_fn again, const uint8_t *data, size_t size)
{
    dbk_bytes out = DBK_BYTES_INIT(64u * 1024u * 1024u);
    if (again(&out, dbk_span_of(data, size)) == DBK_OK)
        DBK_ASSERT(dbk_span_equal(dbk_bytes_span(&out), dbk_span_of(data, size)));
    dbk_bytes_wipe(&out);
    return 0;
}

/* For JSON, where order and spacing are free: what comes out decodes, and to the same bytes. */
static inline int again_stable(dbk_again_fn again, const uint8_t *data, size_t size)
{
    dbk_bytes out = DBK_BYTES_INIT(64u * 1024u * 1024u);
    if (again(&out, dbk_span_of(data, size)) == DBK_OK)
        (void)again_same(again, out.p, out.len);
    dbk_bytes_wipe(&out);
    return 0;
}

#endif
