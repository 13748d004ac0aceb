#include "core/model/op_impl.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/cbor.h"

/* Why what is taken re-encodes to the same bytes: dbk_cbor_check() leaves one encoding for each
 * item; known keys are taken in their order, each refused when it is there but empty; a dot of
 * the own feed is refused in its long form; all that is behind the known keys is kept verbatim,
 * and dbk_op_rules() refuses it unless it is unknown keys. tests/fuzz/fuzz_op.c re-encodes. */

typedef struct reader {
    dbk_cbor c;
    const dbk_id *own_feed;
    dbk_dot *dots; /* the next free place in the block */
} reader;

typedef struct counts {
    size_t writes;
    size_t dots;
} counts;

/* The length of the array that the cursor stands at; the cursor moves into it. */
static size_t count_array(dbk_cbor *c, size_t max, dbk_rc *rc, dbk_err *err)
{
    uint64_t count = dbk_cbor_get_array(c);
    if (count > max && *rc == DBK_OK)
        *rc = dbk_fail(err, DBK_LIMIT, "the op holds a list of more than %zu items", max);
    return count > max ? 0 : (size_t)count;
}

static void skip_items(dbk_cbor *c, uint64_t count)
{
    for (uint64_t i = 0; i < count && !c->failed; i++)
        (void)dbk_cbor_get_item(c);
}

/* First walk: how many writes and dots there are, so that one block holds them all. It judges
 * the caps only; the second walk judges the rest. */
static dbk_rc count_all(counts *out, dbk_span in, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    dbk_cbor c = dbk_cbor_from(in);
    uint64_t pairs = dbk_cbor_get_map(&c);
    for (uint64_t i = 0; i < pairs && rc == DBK_OK && !c.failed; i++) {
        if (dbk_cbor_key(&c, OP_CONTEXT)) {
            size_t n = count_array(&c, DBK_OP_CONTEXT_MAX, &rc, err);
            skip_items(&c, n);
            out->dots += n;
        } else if (dbk_cbor_key(&c, OP_WRITES)) {
            out->writes = count_array(&c, DBK_OP_WRITES_MAX, &rc, err);
            for (size_t w = 0; w < out->writes && rc == DBK_OK && !c.failed; w++) {
                uint64_t parts = dbk_cbor_get_map(&c);
                for (uint64_t k = 0; k < parts && rc == DBK_OK && !c.failed; k++) {
                    if (!dbk_cbor_key(&c, WRITE_PRED)) {
                        skip_items(&c, 2);
                        continue;
                    }
                    size_t n = count_array(&c, DBK_WRITE_PRED_MAX, &rc, err);
                    skip_items(&c, n);
                    out->dots += n;
                }
            }
        } else {
            skip_items(&c, 2);
        }
    }
    return rc == DBK_OK ? dbk_cbor_ok(&c, "the op", err) : rc;
}

static dbk_dot get_dot(reader *r)
{
    dbk_dot dot = { .feed = *r->own_feed };
    if (dbk_cbor_peek(&r->c) == DBK_CBOR_UINT) {
        dot.seq = dbk_cbor_get_uint(&r->c);
        return dot;
    }
    if (dbk_cbor_get_array(&r->c) != 2)
        r->c.failed = true;
    dbk_cbor_get_copy(&r->c, dot.feed.b, DBK_ID_BYTES);
    dot.seq = dbk_cbor_get_uint(&r->c);
    if (dbk_id_equal(&dot.feed, r->own_feed))
        r->c.failed = true; /* the short form is the only one for the own feed */
    return dot;
}

/* A list that is there has something in it. */
static size_t get_dots(reader *r, const dbk_dot **out)
{
    size_t count = (size_t)dbk_cbor_get_array(&r->c);
    if (count == 0)
        r->c.failed = true;
    *out = r->dots;
    for (size_t i = 0; i < count && !r->c.failed; i++)
        *r->dots++ = get_dot(r);
    return count;
}

/* Whatever is left of a map after its known keys: `pairs` pairs, kept as they are. */
static dbk_span get_extra(reader *r, uint64_t pairs)
{
    const uint8_t *start = r->c.left.p;
    skip_items(&r->c, 2 * pairs);
    if (r->c.failed || pairs == 0)
        return (dbk_span){ NULL, 0 };
    return dbk_span_of(start, (size_t)(r->c.left.p - start));
}

/* True if the next pair's key is `key`; then one pair less is to come. */
static bool next_is(reader *r, uint64_t *pairs, uint64_t key)
{
    if (*pairs == 0 || !dbk_cbor_key(&r->c, key))
        return false;
    (*pairs)--;
    return true;
}

static void need(reader *r, uint64_t *pairs, uint64_t key)
{
    if (!next_is(r, pairs, key))
        r->c.failed = true;
}

static void get_write(reader *r, dbk_write *w)
{
    uint64_t pairs = dbk_cbor_get_map(&r->c);
    need(r, &pairs, WRITE_KIND);
    w->kind = dbk_cbor_get_uint(&r->c);
    need(r, &pairs, WRITE_GROUP);
    w->group = dbk_cbor_get_text(&r->c);
    if (next_is(r, &pairs, WRITE_VALUE))
        w->value = dbk_cbor_get_item(&r->c);
    if (next_is(r, &pairs, WRITE_PRED))
        w->pred_count = get_dots(r, &w->pred);
    w->extra = get_extra(r, pairs);
}

static void get_op(reader *r, dbk_op *op, dbk_write *writes)
{
    uint64_t pairs = dbk_cbor_get_map(&r->c);
    need(r, &pairs, OP_RECORD);
    dbk_cbor_get_copy(&r->c, op->record.b, DBK_ID_BYTES);
    need(r, &pairs, OP_FORM);
    op->form = dbk_cbor_get_text(&r->c);
    need(r, &pairs, OP_FORM_VERSION);
    uint64_t version = dbk_cbor_get_uint(&r->c);
    if (version > UINT32_MAX)
        r->c.failed = true;
    op->form_version = (uint32_t)version;
    need(r, &pairs, OP_TIME);
    op->time = dbk_cbor_get_uint(&r->c);
    need(r, &pairs, OP_WRITES);
    op->writes = writes;
    op->writes_count = (size_t)dbk_cbor_get_array(&r->c);
    for (size_t i = 0; i < op->writes_count && !r->c.failed; i++)
        get_write(r, &writes[i]);
    if (next_is(r, &pairs, OP_CONTEXT))
        op->context_count = get_dots(r, &op->context);
    op->has_replaces = next_is(r, &pairs, OP_REPLACES);
    if (op->has_replaces)
        op->replaces = get_dot(r);
    if (next_is(r, &pairs, OP_REASON)) {
        op->reason = dbk_cbor_get_text(&r->c);
        if (op->reason.len == 0)
            r->c.failed = true;
    }
    op->extra = get_extra(r, pairs);
}

dbk_rc dbk_op_decode(dbk_op_decoded *out, dbk_span in, const dbk_id *own_feed, dbk_err *err)
{
    counts n = { 0, 0 };
    dbk_op_decoded d = { .arrays = NULL };
    dbk_rc rc;

    memset(out, 0, sizeof(*out));
    if (in.len > DBK_OP_PLAIN_BYTES_MAX)
        return dbk_fail(err, DBK_LIMIT, "the op is larger than %u bytes", DBK_OP_PLAIN_BYTES_MAX);
    rc = dbk_cbor_check(in, err);
    if (rc == DBK_OK)
        rc = count_all(&n, in, err);
    if (rc != DBK_OK)
        return rc;
    /* Both factors are capped: at most 128 writes of 256 preds, and 256 dots of context. */
    d.arrays = dbk_alloc(n.writes * sizeof(dbk_write) + n.dots * sizeof(dbk_dot));
    if (d.arrays == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for an op");
    dbk_write *writes = d.arrays;
    reader r = { dbk_cbor_from(in), own_feed, (dbk_dot *)(writes + n.writes) };
    get_op(&r, &d.op, writes);
    rc = dbk_cbor_end(&r.c, "the op", err);
    if (rc == DBK_OK)
        rc = dbk_op_rules(&d.op, own_feed, err);
    if (rc == DBK_OK) {
        *out = d;
        d.arrays = NULL;
    }
    dbk_op_decoded_wipe(&d);
    return rc;
}

void dbk_op_decoded_wipe(dbk_op_decoded *d)
{
    dbk_free(d->arrays);
    *d = (dbk_op_decoded){ .arrays = NULL };
}
