#include "core/model/state_impl.h"

#include <stdalign.h>
#include <string.h>

#include "core/base/alloc.h"

/* Everything a state holds lives in a few chunks that are freed (and wiped) together: no value
 * has an allocation of its own. 6 KiB holds a new note of 1 KB with its tables. */
#define CHUNK_BYTES (6u * 1024u)
#define ROWS_FIRST 1u

typedef struct dbk_chunk {
    struct dbk_chunk *next;
    size_t used;
    size_t size;
    max_align_t room[];
} dbk_chunk;

dbk_rc dbk_state_take(dbk_state *s, void **out, size_t size, dbk_err *err)
{
    const size_t align = alignof(uint64_t); /* no row holds anything wider */
    size_t rounded = (size + align - 1) / align * align;
    dbk_chunk *c = s->chunks;
    *out = NULL;
    DBK_ASSERT(size <= 2u * DBK_STATE_BYTES_MAX); /* no table or copy can be larger, by its cap */
    if (c == NULL || rounded > c->size - c->used) {
        size_t room = rounded > CHUNK_BYTES ? rounded : CHUNK_BYTES;
        c = dbk_alloc(sizeof(*c) + room);
        if (c == NULL)
            return dbk_fail(err, DBK_NOMEM, "no memory for a record's state");
        c->size = room;
        c->next = s->chunks;
        s->chunks = c;
    }
    *out = (uint8_t *)c->room + c->used;
    c->used += rounded;
    return DBK_OK;
}

dbk_rc dbk_state_copy(dbk_state *s, dbk_span *out, dbk_span in, dbk_err *err)
{
    void *room;
    dbk_rc rc = dbk_state_take(s, &room, in.len, err);
    *out = (dbk_span){ NULL, 0 };
    if (rc != DBK_OK || in.len == 0)
        return rc;
    memcpy(room, in.p, in.len);
    *out = dbk_span_of(room, in.len);
    return DBK_OK;
}

void *dbk_table_at(const dbk_table *t, size_t i)
{
    DBK_ASSERT(i < t->count);
    return (uint8_t *)t->rows + i * t->row_size;
}

size_t dbk_table_place(const dbk_table *t, const void *key, dbk_row_order order)
{
    size_t low = 0, high = t->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (order((const uint8_t *)t->rows + middle * t->row_size, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void *dbk_table_find(const dbk_table *t, const void *key, dbk_row_order order)
{
    size_t at = dbk_table_place(t, key, order);
    if (at == t->count || order(dbk_table_at(t, at), key) != 0)
        return NULL;
    return dbk_table_at(t, at);
}

dbk_rc dbk_table_insert(dbk_state *s, dbk_table *t, size_t at, const void *row, size_t max,
                        dbk_err *err)
{
    DBK_ASSERT(at <= t->count);
    if (t->count >= max)
        return dbk_fail(err, DBK_LIMIT, "a record's state is over %zu rows", max);
    if (t->count == t->cap) {
        void *grown;
        size_t cap = t->cap == 0 ? ROWS_FIRST : 2 * t->cap;
        dbk_rc rc = dbk_state_take(s, &grown, cap * t->row_size, err);
        if (rc != DBK_OK)
            return rc;
        if (t->count > 0)
            memcpy(grown, t->rows, t->count * t->row_size);
        t->rows = grown;
        t->cap = cap;
    }
    uint8_t *place = (uint8_t *)t->rows + at * t->row_size;
    memmove(place + t->row_size, place, (t->count - at) * t->row_size);
    memcpy(place, row, t->row_size);
    t->count++;
    return DBK_OK;
}

void dbk_table_remove(dbk_table *t, size_t at, size_t count)
{
    DBK_ASSERT(at <= t->count);
    DBK_ASSERT(count <= t->count - at);
    if (count == 0)
        return;
    uint8_t *place = (uint8_t *)t->rows + at * t->row_size;
    memmove(place, place + count * t->row_size, (t->count - at - count) * t->row_size);
    t->count -= count;
}

uint64_t dbk_state_last(const dbk_state *s, const dbk_id *feed)
{
    const dbk_feed_row *row = dbk_table_find(&s->feeds, feed, dbk_order_feed);
    return row == NULL ? 0 : row->last;
}

uint64_t dbk_dots_seq(const dbk_dot *dots, size_t count, const dbk_id *feed)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = dbk_id_compare(&dots[middle].feed, feed);
        if (order == 0)
            return dots[middle].seq;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

dbk_rc dbk_state_hold_op(dbk_state *s, const dbk_op_row *op, dbk_err *err)
{
    size_t at = dbk_table_place(&s->ops, &op->dot, dbk_order_op);
    if (at < s->ops.count) {
        dbk_op_row *row = dbk_table_at(&s->ops, at);
        if (dbk_dot_compare(&row->dot, &op->dot) == 0) {
            row->uses++;
            return DBK_OK;
        }
    }
    dbk_op_row row = *op;
    row.uses = 1;
    return dbk_table_insert(s, &s->ops, at, &row, DBK_STATE_OPS_MAX, err);
}

void dbk_state_drop_op(dbk_state *s, const dbk_dot *dot)
{
    size_t at = dbk_table_place(&s->ops, dot, dbk_order_op);
    dbk_op_row *row = dbk_table_at(&s->ops, at);
    DBK_ASSERT(dbk_dot_compare(&row->dot, dot) == 0);
    row->uses--;
    if (row->uses == 0)
        dbk_table_remove(&s->ops, at, 1);
}

dbk_group_row *dbk_state_find_group(const dbk_state *s, dbk_span name)
{
    dbk_group_row **row = dbk_table_find(&s->groups, &name, dbk_order_group);
    return row == NULL ? NULL : *row;
}

dbk_rc dbk_state_need_group(dbk_state *s, dbk_group_row **out, dbk_span name, dbk_err *err)
{
    void *room;
    *out = dbk_state_find_group(s, name);
    if (*out != NULL)
        return DBK_OK;
    dbk_rc rc = dbk_state_take(s, &room, sizeof(dbk_group_row), err);
    if (rc != DBK_OK)
        return rc;
    dbk_group_row *g = room;
    g->registers.row_size = sizeof(dbk_sibling);
    g->elements.row_size = sizeof(dbk_sibling);
    g->entries.row_size = sizeof(dbk_sibling);
    g->counts.row_size = sizeof(dbk_count_row);
    rc = dbk_state_copy(s, &g->seen.name, name, err);
    if (rc == DBK_OK) {
        size_t at = dbk_table_place(&s->groups, &name, dbk_order_group);
        rc = dbk_table_insert(s, &s->groups, at, &g, DBK_STATE_GROUPS_MAX, err);
    }
    if (rc == DBK_OK)
        *out = g;
    return rc;
}

bool dbk_group_row_is_empty(const dbk_group_row *g)
{
    return g->registers.count == 0 && g->elements.count == 0 && g->entries.count == 0 &&
           g->counts.count == 0;
}

uint64_t dbk_add_capped(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

void dbk_state_settle_group(dbk_state *s, dbk_group_row *g)
{
    if (dbk_group_row_is_empty(g)) {
        size_t at = dbk_table_place(&s->groups, &g->seen.name, dbk_order_group);
        dbk_table_remove(&s->groups, at, 1);
        return;
    }
    g->seen.registers = g->registers.rows;
    g->seen.registers_count = g->registers.count;
    g->seen.elements = g->elements.rows;
    g->seen.elements_count = g->elements.count;
    g->seen.entries = g->entries.rows;
    g->seen.entries_count = g->entries.count;
    g->seen.has_count = g->counts.count > 0;
    g->seen.count = 0;
    for (size_t i = 0; i < g->counts.count; i++) {
        const dbk_count_row *row = dbk_table_at(&g->counts, i);
        g->seen.count = dbk_add_capped(g->seen.count, row->total);
    }
}

dbk_rc dbk_state_new(dbk_state **out, const dbk_id *record, dbk_err *err)
{
    dbk_state *s = dbk_alloc(sizeof(*s));
    *out = NULL;
    if (s == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a record's state");
    s->record = *record;
    s->feeds.row_size = sizeof(dbk_feed_row);
    s->ops.row_size = sizeof(dbk_op_row);
    s->groups.row_size = sizeof(dbk_group_row *);
    s->removed.row_size = sizeof(dbk_removed_row);
    s->trail.row_size = sizeof(dbk_trail_row);
    s->clears.row_size = sizeof(dbk_clear_row);
    s->reviews.row_size = sizeof(dbk_review_pair);
    *out = s;
    return DBK_OK;
}

void dbk_state_free(dbk_state *s)
{
    if (s == NULL)
        return;
    for (dbk_chunk *c = s->chunks; c != NULL;) {
        dbk_chunk *next = c->next;
        dbk_free(c);
        c = next;
    }
    dbk_free(s);
}
