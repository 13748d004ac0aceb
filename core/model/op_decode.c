#include "core/model/op_impl.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/cbor.h"

/* Why what is taken re-encodes to the same bytes: dbk_cbor_check() leaves one encoding for each
 * item; known keys are taken in their order, each refused when it is there but empty; a dot of
 * the own feed is refused in its long form; all that is behind the known keys is kept verbatim,
 * and dbk_op_rules() refuses it unless it is unknown keys. tests/fuzz/fuzz_op.c re-encodes. */

typedef struct reader {
    dbk_span in;
    dbk_cbor c;
    const dbk_id *own_feed;
    dbk_rc rc; /* DBK_LIMIT: a list is over its cap */
    dbk_err *err;
} reader;

/* What one pass collects: lists of dots are only counted, for nothing is allocated yet. */
typedef struct parts {
    dbk_op op;
    dbk_write writes[DBK_OP_WRITES_MAX];
    uint32_t pred[DBK_OP_WRITES_MAX]; /* where in the input each write's list stands */
    uint32_t context;
} parts;

/* The length of the array that the cursor stands at; the cursor moves into it. */
static size_t get_list(reader *r, size_t max)
{
    uint64_t count = dbk_cbor_get_array(&r->c);
    if (count > max && r->rc == DBK_OK)
        r->rc = dbk_fail(r->err, DBK_LIMIT, "the op holds a list of more than %zu items", max);
    if (count > max)
        r->c.failed = true;
    return r->c.failed ? 0 : (size_t)count;
}

static void skip_items(dbk_cbor *c, uint64_t count)
{
    for (uint64_t i = 0; i < count && !c->failed; i++)
        (void)dbk_cbor_get_item(c);
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

/* A list that is there has something in it. Its place is kept, its dots are read later. */
static size_t count_dots(reader *r, uint32_t *place, size_t max)
{
    *place = (uint32_t)(r->in.len - r->c.left.len);
    size_t count = get_list(r, max);
    if (count == 0)
        r->c.failed = true;
    skip_items(&r->c, count);
    return count;
}

static const dbk_dot *get_dots(reader *r, uint32_t place, dbk_dot **room, size_t count)
{
    const dbk_dot *first = *room;
    if (count == 0 || r->c.failed)
        return NULL;
    r->c = dbk_cbor_from(dbk_span_of(r->in.p + place, r->in.len - place));
    (void)dbk_cbor_get_array(&r->c);
    for (size_t i = 0; i < count; i++)
        *(*room)++ = get_dot(r);
    return first;
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

static void get_write(reader *r, dbk_write *w, uint32_t *pred)
{
    uint64_t pairs = dbk_cbor_get_map(&r->c);
    *w = (dbk_write){ .kind = 0 };
    need(r, &pairs, WRITE_KIND);
    w->kind = dbk_cbor_get_uint(&r->c);
    need(r, &pairs, WRITE_GROUP);
    w->group = dbk_cbor_get_text(&r->c);
    if (next_is(r, &pairs, WRITE_VALUE))
        w->value = dbk_cbor_get_item(&r->c);
    if (next_is(r, &pairs, WRITE_PRED))
        w->pred_count = count_dots(r, pred, DBK_WRITE_PRED_MAX);
    w->extra = get_extra(r, pairs);
}

static void get_op(reader *r, parts *p)
{
    dbk_op *op = &p->op;
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
    op->writes_count = get_list(r, DBK_OP_WRITES_MAX);
    for (size_t i = 0; i < op->writes_count && !r->c.failed; i++)
        get_write(r, &p->writes[i], &p->pred[i]);
    if (next_is(r, &pairs, OP_CONTEXT))
        op->context_count = count_dots(r, &p->context, DBK_OP_CONTEXT_MAX);
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

/* Everything into one block: the writes, then all dots. The counts are capped: at most 128
 * writes of 256 preds, and 256 dots of context. */
static dbk_rc take_arrays(reader *r, dbk_op_decoded *d, const parts *p)
{
    size_t dots_count = p->op.context_count;
    for (size_t i = 0; i < p->op.writes_count; i++)
        dots_count += p->writes[i].pred_count;
    d->op = p->op;
    d->arrays = dbk_alloc(p->op.writes_count * sizeof(dbk_write) + dots_count * sizeof(dbk_dot));
    if (d->arrays == NULL)
        return dbk_fail(r->err, DBK_NOMEM, "no memory for an op");
    dbk_write *writes = d->arrays;
    dbk_dot *room = (dbk_dot *)(writes + p->op.writes_count);
    if (p->op.writes_count > 0)
        memcpy(writes, p->writes, p->op.writes_count * sizeof(*writes));
    for (size_t i = 0; i < p->op.writes_count; i++)
        writes[i].pred = get_dots(r, p->pred[i], &room, writes[i].pred_count);
    d->op.context = get_dots(r, p->context, &room, d->op.context_count);
    d->op.writes = writes;
    return dbk_cbor_ok(&r->c, "a list of the op", r->err);
}

dbk_rc dbk_op_decode(dbk_op_decoded *out, dbk_span in, const dbk_id *own_feed, dbk_err *err)
{
    dbk_op_decoded d = { .arrays = NULL };
    parts p; /* 12 KiB; only what is counted in it is ever read */
    dbk_rc rc;

    memset(out, 0, sizeof(*out));
    if (in.len > DBK_OP_PLAIN_BYTES_MAX)
        return dbk_fail(err, DBK_LIMIT, "the op is larger than %u bytes", DBK_OP_PLAIN_BYTES_MAX);
    rc = dbk_cbor_check(in, err);
    if (rc != DBK_OK)
        return rc;
    reader r = { in, dbk_cbor_from(in), own_feed, DBK_OK, err };
    p.op = (dbk_op){ .writes_count = 0 };
    get_op(&r, &p);
    rc = r.rc != DBK_OK ? r.rc : dbk_cbor_end(&r.c, "the op", err);
    if (rc == DBK_OK)
        rc = take_arrays(&r, &d, &p);
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
