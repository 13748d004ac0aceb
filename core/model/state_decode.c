#include "core/model/state_impl.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/cbor.h"

/* Why what is taken re-encodes to the same bytes: dbk_cbor_check() leaves one encoding for each
 * item; the reader takes every item of the layout and keeps its order; dbk_state_verify() refuses
 * tables that are out of order or hold what the merge would have dropped; the feed table is
 * compared with the one that an encoding would have. tests/fuzz/fuzz_state.c re-encodes. */

/* A row of the feed table: head of the row, head of the id, the id, at least one byte of seq.
 * Bounds what a count can make us take. */
#define FEED_BYTES_MIN (3u + DBK_ID_BYTES)

typedef struct reader {
    dbk_cbor c;
    dbk_state *s;
    dbk_feed_row *feeds; /* every feed that is named */
    size_t feeds_count;
    dbk_rc rc; /* the first failure that isn't one of layout: memory or a cap */
    dbk_err *err;
} reader;

static bool going(const reader *r)
{
    return r->rc == DBK_OK && !r->c.failed;
}

/* A row goes behind the last one; whether that is its place is asked afterwards. */
static void append_row(reader *r, dbk_table *t, const void *row, size_t max)
{
    if (going(r))
        r->rc = dbk_table_insert(r->s, t, t->count, row, max, r->err);
}

static void need_array(reader *r, uint64_t count)
{
    if (dbk_cbor_get_array(&r->c) != count)
        r->c.failed = true;
}

static dbk_id get_feed(reader *r)
{
    uint64_t at = dbk_cbor_get_uint(&r->c);
    if (at >= r->feeds_count) {
        r->c.failed = true;
        return (dbk_id){ { 0 } };
    }
    return r->feeds[at].id;
}

static dbk_dot get_dot_parts(reader *r)
{
    dbk_dot dot = { .feed = get_feed(r) };
    dot.seq = dbk_cbor_get_uint(&r->c);
    return dot;
}

/* A list of dots in memory of the state. */
static dbk_dot *get_dots(reader *r, size_t *count)
{
    void *room = NULL;
    uint64_t n = dbk_cbor_get_array(&r->c);
    *count = 0;
    if (n > DBK_OP_CONTEXT_MAX)
        r->c.failed = true;
    if (n > 0 && going(r))
        r->rc = dbk_state_take(r->s, &room, (size_t)n * sizeof(dbk_dot), r->err);
    dbk_dot *dots = room;
    while (going(r) && *count < n) {
        need_array(r, 2);
        dots[*count] = get_dot_parts(r);
        (*count)++;
    }
    return dots;
}

/* The length of an array that would not be here if it were empty. */
static uint64_t get_some(reader *r)
{
    uint64_t count = dbk_cbor_get_array(&r->c);
    if (count == 0)
        r->c.failed = true;
    return count;
}

/* The op that an index refers to, now used once more; NULL after a failure. */
static const dbk_op_row *get_op(reader *r)
{
    uint64_t at = dbk_cbor_get_uint(&r->c);
    if (at >= r->s->ops.count)
        r->c.failed = true;
    if (!going(r))
        return NULL;
    dbk_op_row *op = dbk_table_at(&r->s->ops, (size_t)at);
    op->uses++;
    return op;
}

static dbk_sibling get_sibling(reader *r, uint64_t kind)
{
    const dbk_op_row *op = get_op(r);
    if (op == NULL)
        return (dbk_sibling){ .kind = kind };
    return (dbk_sibling){ .dot = op->dot, .time = op->time, .hq = op->hq, .kind = kind };
}

static void get_registers(reader *r, dbk_group_row *g)
{
    uint64_t count = get_some(r);
    for (uint64_t i = 0; i < count && going(r); i++) {
        need_array(r, 3);
        dbk_sibling v = get_sibling(r, 0);
        v.kind = dbk_cbor_get_uint(&r->c);
        v.value = dbk_cbor_get_bytes(&r->c);
        append_row(r, &g->registers, &v, DBK_STATE_SIBLINGS_MAX);
    }
}

/* The items of one op: each but the first is a use of the op that wasn't counted yet. */
static void get_run(reader *r, dbk_table *t, dbk_sibling v, uint64_t max)
{
    uint64_t count = get_some(r);
    if (t->count > 0 && going(r)) {
        const dbk_sibling *before = dbk_table_at(t, t->count - 1);
        if (dbk_dot_compare(&before->dot, &v.dot) == 0)
            r->c.failed = true; /* one run would have held both */
    }
    if (count > max)
        r->c.failed = true;
    for (uint64_t i = 0; i < count && going(r); i++) {
        v.value = dbk_cbor_get_bytes(&r->c);
        if (v.kind != DBK_WRITE_ADD)
            v.index = (uint32_t)i;
        append_row(r, t, &v, DBK_STATE_ITEMS_MAX);
    }
    dbk_op_row *op = going(r) ? dbk_table_find(&r->s->ops, &v.dot, dbk_order_op) : NULL;
    if (op != NULL)
        op->uses += (size_t)count - 1;
}

static void get_elements(reader *r, dbk_group_row *g)
{
    uint64_t runs = get_some(r);
    for (uint64_t i = 0; i < runs && going(r); i++) {
        need_array(r, 2);
        dbk_sibling v = get_sibling(r, DBK_WRITE_ADD);
        get_run(r, &g->elements, v, DBK_WRITE_ITEMS_MAX);
    }
}

static void get_entries(reader *r, dbk_group_row *g)
{
    uint64_t runs = get_some(r);
    for (uint64_t i = 0; i < runs && going(r); i++) {
        need_array(r, 3);
        dbk_sibling v = get_sibling(r, 0);
        v.kind = dbk_cbor_get_uint(&r->c);
        if (v.kind != DBK_WRITE_APPEND && v.kind != DBK_WRITE_ATTACH)
            r->c.failed = true;
        get_run(r, &g->entries, v, DBK_WRITE_ITEMS_MAX);
    }
}

static void get_counts(reader *r, dbk_group_row *g)
{
    uint64_t count = get_some(r);
    for (uint64_t i = 0; i < count && going(r); i++) {
        need_array(r, 2);
        dbk_count_row row = { .feed = get_feed(r) };
        row.total = dbk_cbor_get_uint(&r->c);
        append_row(r, &g->counts, &row, DBK_STATE_FEEDS_MAX);
    }
}

typedef struct part {
    uint64_t key;
    void (*get)(reader *r, dbk_group_row *g);
} part;
static const part parts[] = {
    { STATE_GROUP_REGISTERS, get_registers },
    { STATE_GROUP_ELEMENTS, get_elements },
    { STATE_GROUP_ENTRIES, get_entries },
    { STATE_GROUP_COUNTS, get_counts },
};

static void get_group(reader *r)
{
    dbk_group_row *g = NULL;
    uint64_t pairs = dbk_cbor_get_map(&r->c);
    if (pairs < 2 || !dbk_cbor_key(&r->c, STATE_GROUP_NAME))
        r->c.failed = true;
    dbk_span name = dbk_cbor_get_text(&r->c);
    dbk_table *t = &r->s->groups;
    size_t before = t->count;
    if (going(r))
        r->rc = dbk_state_need_group(r->s, &g, name, r->err);
    if (!going(r))
        return;
    if (t->count == before || *(dbk_group_row **)dbk_table_at(t, before) != g)
        r->c.failed = true; /* twice, or out of order */
    uint64_t taken = 1;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && going(r); i++) {
        if (taken == pairs || !dbk_cbor_key(&r->c, parts[i].key))
            continue;
        parts[i].get(r, g);
        taken++;
    }
    if (taken != pairs)
        r->c.failed = true;
    if (going(r))
        dbk_state_settle_group(r->s, g);
}

static void get_feeds(reader *r)
{
    void *room = NULL;
    uint64_t count = dbk_cbor_get_array(&r->c);
    if (count > r->c.left.len / FEED_BYTES_MIN)
        r->c.failed = true;
    if (going(r))
        r->rc = dbk_state_take(r->s, &room, (size_t)count * sizeof(dbk_feed_row), r->err);
    r->feeds = room;
    while (going(r) && r->feeds_count < count) {
        dbk_feed_row *row = &r->feeds[r->feeds_count];
        need_array(r, 2);
        dbk_cbor_get_copy(&r->c, row->id.b, DBK_ID_BYTES);
        row->last = dbk_cbor_get_uint(&r->c);
        r->feeds_count++;
        if (row->last > 0)
            append_row(r, &r->s->feeds, row, DBK_STATE_FEEDS_MAX);
    }
}

static void get_ops(reader *r)
{
    uint64_t count = dbk_cbor_get_array(&r->c);
    for (uint64_t i = 0; i < count && going(r); i++) {
        need_array(r, 4);
        dbk_op_row row = { .dot = get_dot_parts(r) };
        row.time = dbk_cbor_get_uint(&r->c);
        uint64_t hq = dbk_cbor_get_uint(&r->c);
        if (hq > 1)
            r->c.failed = true;
        row.hq = hq == 1;
        append_row(r, &r->s->ops, &row, DBK_STATE_OPS_MAX);
    }
}

/* form and created refer to the table of ops, which comes behind them. */
static void get_head(reader *r)
{
    dbk_state *s = r->s;
    need_array(r, 3);
    s->form = dbk_cbor_get_text(&r->c);
    uint64_t version = dbk_cbor_get_uint(&r->c);
    if (version > UINT32_MAX)
        r->c.failed = true;
    s->form_version = (uint32_t)version;
    reader later = *r;
    (void)dbk_cbor_get_uint(&r->c);
    (void)dbk_cbor_get_uint(&r->c);
    s->updated = dbk_cbor_get_uint(&r->c);
    get_feeds(r);
    get_ops(r);
    if (!going(r))
        return;
    const dbk_op_row *form = get_op(&later), *created = get_op(&later);
    if (form == NULL || created == NULL) {
        r->c.failed = true;
        return;
    }
    s->form_dot = form->dot;
    s->created = created->dot;
    s->created_time = created->time;
}

static void get_removed(reader *r)
{
    uint64_t count = dbk_cbor_get_array(&r->c);
    for (uint64_t i = 0; i < count && going(r); i++) {
        uint64_t items = dbk_cbor_get_array(&r->c);
        dbk_removed_row row = { .dot = get_dot_parts(r) };
        row.group = dbk_cbor_get_text(&r->c);
        if (items == 4)
            row.element = dbk_cbor_get_bytes(&r->c);
        if (items != 3u + (row.element.len > 0))
            r->c.failed = true;
        append_row(r, &r->s->removed, &row, DBK_STATE_REMOVED_MAX);
    }
}

static void get_trail(reader *r)
{
    uint64_t count = dbk_cbor_get_array(&r->c);
    for (uint64_t i = 0; i < count && going(r); i++) {
        need_array(r, 4);
        dbk_trail_row row = { .dot = get_dot_parts(r) };
        if (dbk_cbor_peek(&r->c) == DBK_CBOR_SIMPLE) {
            if (dbk_cbor_get_simple(&r->c) != DBK_CBOR_NULL)
                r->c.failed = true;
        } else {
            row.choice = dbk_cbor_get_bytes(&r->c);
            if (row.choice.len == 0)
                r->c.failed = true;
        }
        row.gaps = get_dots(r, &row.gaps_count);
        append_row(r, &r->s->trail, &row, DBK_STATE_TRAIL_MAX);
    }
}

static void get_clears(reader *r)
{
    uint64_t count = dbk_cbor_get_array(&r->c);
    for (uint64_t i = 0; i < count && going(r); i++) {
        need_array(r, 3);
        dbk_clear_row row = { .dot = get_dot_parts(r) };
        row.context = get_dots(r, &row.context_count);
        append_row(r, &r->s->clears, &row, DBK_STATE_CLEARS_MAX);
    }
}

static void get_reviews(reader *r)
{
    uint64_t count = dbk_cbor_get_array(&r->c);
    for (uint64_t i = 0; i < count && going(r); i++) {
        need_array(r, 4);
        dbk_review_pair pair = { .a = get_dot_parts(r) };
        pair.b = get_dot_parts(r);
        append_row(r, &r->s->reviews, &pair, DBK_STATE_REVIEWS_MAX);
    }
}

static dbk_rc get_state(reader *r)
{
    dbk_feed_row *feeds = NULL;
    size_t feeds_count = 0;

    uint64_t parts_count = dbk_cbor_get_array(&r->c);
    uint64_t layout = dbk_cbor_get_uint(&r->c);
    if (!r->c.failed && layout > DBK_STATE_LAYOUT)
        return dbk_fail(r->err, DBK_VERSION, "a record's state has a newer layout");
    if (parts_count != STATE_PARTS || layout != DBK_STATE_LAYOUT)
        r->c.failed = true;
    get_head(r);
    uint64_t groups = dbk_cbor_get_array(&r->c);
    for (uint64_t i = 0; i < groups && going(r); i++)
        get_group(r);
    get_removed(r);
    get_trail(r);
    get_clears(r);
    get_reviews(r);
    dbk_rc rc = r->rc;
    if (rc == DBK_OK)
        rc = dbk_cbor_end(&r->c, "a record's state", r->err);
    if (rc == DBK_OK)
        rc = dbk_state_verify(r->s, r->err);
    if (rc == DBK_OK)
        rc = dbk_state_feed_table(r->s, &feeds, &feeds_count, r->err);
    if (rc == DBK_OK && (feeds_count != r->feeds_count ||
                         memcmp(feeds, r->feeds, feeds_count * sizeof(*feeds)) != 0))
        rc = dbk_fail(r->err, DBK_FORMAT, "a record's state names feeds that it doesn't use");
    dbk_free(feeds);
    return rc;
}

dbk_rc dbk_state_decode(dbk_state **out, const dbk_id *record, dbk_span in, dbk_err *err)
{
    dbk_state *s = NULL;
    dbk_span copy = { NULL, 0 };
    dbk_rc rc;

    *out = NULL;
    if (in.len > DBK_STATE_BYTES_MAX)
        return dbk_fail(err, DBK_LIMIT, "a record's state is larger than %u bytes",
                        DBK_STATE_BYTES_MAX);
    rc = dbk_cbor_check(in, err);
    if (rc == DBK_OK)
        rc = dbk_state_new(&s, record, err);
    if (rc == DBK_OK)
        rc = dbk_state_copy(s, &copy, in, err);
    if (rc == DBK_OK) {
        reader r = { dbk_cbor_from(copy), s, NULL, 0, DBK_OK, err };
        rc = get_state(&r);
    }
    if (rc == DBK_OK) {
        *out = s;
        s = NULL;
    }
    dbk_state_free(s);
    return rc;
}
