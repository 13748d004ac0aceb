#include "core/model/state_impl.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/cbor.h"

/* The layout, docs/FORMAT.md "State". All tables are sorted, so that equal states are equal
 * bytes; values are byte strings, so that their depth doesn't add to the state's.
 *
 *   state   = [ 1, form, created: op index, updated: hlc, feeds, ops, groups, removed, trail,
 *               clears, reviews ]
 *   form    = [ name, version, op index ]
 *   feeds   = [ + [ id (16 bytes), last seq ] ]            by id; last 0: only named here
 *   ops     = [ + [ feed index, seq, hlc, hq (0, 1) ] ]    by dot; each is referred to
 *   group   = { 1: name, ? 2: registers, ? 3: elements, ? 4: entries, ? 5: counts }
 *   registers = [ + [ op index, kind, value ] ]            by dot
 *   elements  = [ + [ op index, [ + element ] ] ]          by dot, element
 *   entries   = [ + [ op index, kind, [ + entry ] ] ]      by dot; each op's in its own order
 *   counts    = [ + [ feed index, total ] ]                by feed
 *   removed = [ * [ feed index, seq, group, ? element ] ]  by dot, group, element
 *   trail   = [ * [ feed index, seq, choice or null, [ * dot ] ] ]
 *   clears  = [ * [ feed index, seq, [ + dot ] ] ]
 *   reviews = [ * [ feed index, seq, feed index, seq ] ]   by first, second dot
 *   dot     = [ feed index, seq ] */

typedef struct writer {
    dbk_cbor_out o;
    const dbk_state *s;
    const dbk_feed_row *feeds;
    size_t feeds_count;
} writer;

/* Adds the feed, if it isn't there, to a sorted table that has room for it. */
static void add_feed(dbk_feed_row *rows, size_t *count, const dbk_id *id)
{
    size_t low = 0, high = *count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = dbk_id_compare(&rows[middle].id, id);
        if (order == 0)
            return;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    memmove(rows + low + 1, rows + low, (*count - low) * sizeof(*rows));
    rows[low] = (dbk_feed_row){ *id, 0 };
    (*count)++;
}

static void add_feeds(dbk_feed_row *rows, size_t *count, const dbk_dot *dots, size_t dots_count)
{
    for (size_t i = 0; i < dots_count; i++)
        add_feed(rows, count, &dots[i].feed);
}

dbk_rc dbk_state_feed_table(const dbk_state *s, dbk_feed_row **out, size_t *count, dbk_err *err)
{
    size_t named = s->feeds.count + s->removed.count;
    for (size_t i = 0; i < s->trail.count; i++)
        named += ((const dbk_trail_row *)dbk_table_at(&s->trail, i))->gaps_count;
    for (size_t i = 0; i < s->clears.count; i++)
        named += ((const dbk_clear_row *)dbk_table_at(&s->clears, i))->context_count;
    *count = s->feeds.count;
    *out = dbk_alloc_array(named, sizeof(dbk_feed_row));
    if (*out == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for %zu feeds", named);
    if (s->feeds.count > 0)
        memcpy(*out, s->feeds.rows, s->feeds.count * sizeof(dbk_feed_row));
    /* Usually nothing is waiting, and the state's own table is all. */
    for (size_t i = 0; i < s->removed.count; i++)
        add_feed(*out, count, &((const dbk_removed_row *)dbk_table_at(&s->removed, i))->dot.feed);
    for (size_t i = 0; i < s->trail.count; i++) {
        const dbk_trail_row *row = dbk_table_at(&s->trail, i);
        add_feeds(*out, count, row->gaps, row->gaps_count);
    }
    for (size_t i = 0; i < s->clears.count; i++) {
        const dbk_clear_row *row = dbk_table_at(&s->clears, i);
        add_feeds(*out, count, row->context, row->context_count);
    }
    return DBK_OK;
}

static void put_feed(writer *w, const dbk_id *id)
{
    size_t low = 0, high = w->feeds_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (dbk_id_compare(&w->feeds[middle].id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    DBK_ASSERT(low < w->feeds_count);
    DBK_ASSERT(dbk_id_equal(&w->feeds[low].id, id));
    dbk_cbor_put_uint(&w->o, low);
}

static void put_dot_parts(writer *w, const dbk_dot *dot)
{
    put_feed(w, &dot->feed);
    dbk_cbor_put_uint(&w->o, dot->seq);
}

static void put_dots(writer *w, const dbk_dot *dots, size_t count)
{
    dbk_cbor_put_array(&w->o, count);
    for (size_t i = 0; i < count; i++) {
        dbk_cbor_put_array(&w->o, 2);
        put_dot_parts(w, &dots[i]);
    }
}

static void put_op_index(writer *w, const dbk_dot *dot)
{
    size_t at = dbk_table_place(&w->s->ops, dot, dbk_order_op);
    const dbk_op_row *row = dbk_table_at(&w->s->ops, at);
    DBK_ASSERT(dbk_dot_compare(&row->dot, dot) == 0);
    dbk_cbor_put_uint(&w->o, at);
}

/* How many of the siblings from `first` on come from the same op. */
static size_t run_from(const dbk_table *t, size_t first)
{
    const dbk_sibling *a = dbk_table_at(t, first);
    size_t end = first + 1;
    for (; end < t->count; end++) {
        const dbk_sibling *b = dbk_table_at(t, end);
        if (dbk_dot_compare(&a->dot, &b->dot) != 0)
            break;
    }
    return end - first;
}

static size_t count_runs(const dbk_table *t)
{
    size_t runs = 0;
    for (size_t i = 0; i < t->count; i += run_from(t, i))
        runs++;
    return runs;
}

static void put_registers(writer *w, const dbk_table *t)
{
    dbk_cbor_put_array(&w->o, t->count);
    for (size_t i = 0; i < t->count; i++) {
        const dbk_sibling *v = dbk_table_at(t, i);
        dbk_cbor_put_array(&w->o, 3);
        put_op_index(w, &v->dot);
        dbk_cbor_put_uint(&w->o, v->kind);
        dbk_cbor_put_bytes(&w->o, v->value.p, v->value.len);
    }
}

typedef enum runs { RUNS_OF_ELEMENTS, RUNS_OF_ENTRIES } runs;

static void put_runs(writer *w, const dbk_table *t, runs what)
{
    dbk_cbor_put_array(&w->o, count_runs(t));
    for (size_t i = 0; i < t->count;) {
        const dbk_sibling *v = dbk_table_at(t, i);
        size_t run = run_from(t, i);
        dbk_cbor_put_array(&w->o, what == RUNS_OF_ENTRIES ? 3 : 2);
        put_op_index(w, &v->dot);
        if (what == RUNS_OF_ENTRIES)
            dbk_cbor_put_uint(&w->o, v->kind);
        dbk_cbor_put_array(&w->o, run);
        for (size_t end = i + run; i < end; i++) {
            v = dbk_table_at(t, i);
            dbk_cbor_put_bytes(&w->o, v->value.p, v->value.len);
        }
    }
}

static void put_group(writer *w, const dbk_group_row *g)
{
    dbk_cbor_put_map(&w->o, 1u + (g->registers.count > 0) + (g->elements.count > 0) +
                                (g->entries.count > 0) + (g->counts.count > 0));
    dbk_cbor_put_uint(&w->o, STATE_GROUP_NAME);
    dbk_cbor_put_text(&w->o, g->seen.name);
    if (g->registers.count > 0) {
        dbk_cbor_put_uint(&w->o, STATE_GROUP_REGISTERS);
        put_registers(w, &g->registers);
    }
    if (g->elements.count > 0) {
        dbk_cbor_put_uint(&w->o, STATE_GROUP_ELEMENTS);
        put_runs(w, &g->elements, RUNS_OF_ELEMENTS);
    }
    if (g->entries.count > 0) {
        dbk_cbor_put_uint(&w->o, STATE_GROUP_ENTRIES);
        put_runs(w, &g->entries, RUNS_OF_ENTRIES);
    }
    if (g->counts.count > 0) {
        dbk_cbor_put_uint(&w->o, STATE_GROUP_COUNTS);
        dbk_cbor_put_array(&w->o, g->counts.count);
        for (size_t i = 0; i < g->counts.count; i++) {
            const dbk_count_row *row = dbk_table_at(&g->counts, i);
            dbk_cbor_put_array(&w->o, 2);
            put_feed(w, &row->feed);
            dbk_cbor_put_uint(&w->o, row->total);
        }
    }
}

static void put_head(writer *w)
{
    const dbk_state *s = w->s;
    dbk_cbor_put_uint(&w->o, DBK_STATE_LAYOUT);
    dbk_cbor_put_array(&w->o, 3);
    dbk_cbor_put_text(&w->o, s->form);
    dbk_cbor_put_uint(&w->o, s->form_version);
    put_op_index(w, &s->form_dot);
    put_op_index(w, &s->created);
    dbk_cbor_put_uint(&w->o, s->updated);
    dbk_cbor_put_array(&w->o, w->feeds_count);
    for (size_t i = 0; i < w->feeds_count; i++) {
        dbk_cbor_put_array(&w->o, 2);
        dbk_cbor_put_bytes(&w->o, w->feeds[i].id.b, DBK_ID_BYTES);
        dbk_cbor_put_uint(&w->o, w->feeds[i].last);
    }
    dbk_cbor_put_array(&w->o, s->ops.count);
    for (size_t i = 0; i < s->ops.count; i++) {
        const dbk_op_row *row = dbk_table_at(&s->ops, i);
        dbk_cbor_put_array(&w->o, 4);
        put_dot_parts(w, &row->dot);
        dbk_cbor_put_uint(&w->o, row->time);
        dbk_cbor_put_uint(&w->o, row->hq);
    }
}

static void put_waiting(writer *w)
{
    const dbk_state *s = w->s;
    dbk_cbor_put_array(&w->o, s->removed.count);
    for (size_t i = 0; i < s->removed.count; i++) {
        const dbk_removed_row *row = dbk_table_at(&s->removed, i);
        dbk_cbor_put_array(&w->o, 3u + (row->element.len > 0));
        put_dot_parts(w, &row->dot);
        dbk_cbor_put_text(&w->o, row->group);
        if (row->element.len > 0)
            dbk_cbor_put_bytes(&w->o, row->element.p, row->element.len);
    }
    dbk_cbor_put_array(&w->o, s->trail.count);
    for (size_t i = 0; i < s->trail.count; i++) {
        const dbk_trail_row *row = dbk_table_at(&s->trail, i);
        dbk_cbor_put_array(&w->o, 4);
        put_dot_parts(w, &row->dot);
        if (row->choice.len > 0)
            dbk_cbor_put_bytes(&w->o, row->choice.p, row->choice.len);
        else
            dbk_cbor_put_simple(&w->o, DBK_CBOR_NULL);
        put_dots(w, row->gaps, row->gaps_count);
    }
    dbk_cbor_put_array(&w->o, s->clears.count);
    for (size_t i = 0; i < s->clears.count; i++) {
        const dbk_clear_row *row = dbk_table_at(&s->clears, i);
        dbk_cbor_put_array(&w->o, 3);
        put_dot_parts(w, &row->dot);
        put_dots(w, row->context, row->context_count);
    }
    dbk_cbor_put_array(&w->o, s->reviews.count);
    for (size_t i = 0; i < s->reviews.count; i++) {
        const dbk_review_pair *row = dbk_table_at(&s->reviews, i);
        dbk_cbor_put_array(&w->o, 4);
        put_dot_parts(w, &row->a);
        put_dot_parts(w, &row->b);
    }
}

dbk_rc dbk_state_encode(dbk_bytes *out, const dbk_state *s, dbk_err *err)
{
    size_t start = out->len;
    dbk_feed_row *feeds = NULL;
    writer w = { dbk_cbor_to(out, err), s, NULL, 0 };

    DBK_ASSERT(s->created.seq > 0);
    dbk_rc rc = dbk_state_feed_table(s, &feeds, &w.feeds_count, err);
    if (rc != DBK_OK)
        return rc;
    w.feeds = feeds;
    dbk_cbor_put_array(&w.o, STATE_PARTS);
    put_head(&w);
    dbk_cbor_put_array(&w.o, s->groups.count);
    for (size_t i = 0; i < s->groups.count; i++) {
        dbk_group_row *const *g = dbk_table_at(&s->groups, i);
        put_group(&w, *g);
    }
    put_waiting(&w);
    rc = w.o.rc;
    if (rc == DBK_OK && out->len - start > DBK_STATE_BYTES_MAX)
        rc = dbk_fail(err, DBK_LIMIT, "a record's state is larger than %u bytes",
                      DBK_STATE_BYTES_MAX);
    if (rc != DBK_OK)
        dbk_bytes_truncate(out, start);
    dbk_free(feeds);
    return rc;
}
