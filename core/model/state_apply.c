#include "core/model/state_impl.h"

#include "core/base/alloc.h"
#include "core/base/cbor.h"

/* One op being applied. */
typedef struct apply {
    dbk_state *s;
    const dbk_op *op;
    const dbk_origin *origin;
    dbk_err *err;
} apply;

/* Does this write put a value into a register? A RESOLVE without a value (group "review") only
 * says that a person has looked. */
static bool is_register(const dbk_write *w)
{
    return w->value.len > 0 && (w->kind == DBK_WRITE_SET || w->kind == DBK_WRITE_LIFECYCLE ||
                                w->kind == DBK_WRITE_RESOLVE);
}

/* Only role hq resolves: by anyone else it is an ordinary edit, and stored as one. */
static uint64_t kind_as_applied(const dbk_write *w, const dbk_origin *origin)
{
    if (w->kind != DBK_WRITE_RESOLVE || origin->hq)
        return w->kind;
    bool lifecycle = dbk_span_equal(w->group, dbk_span_str(DBK_GROUP_LIFECYCLE));
    return lifecycle ? DBK_WRITE_LIFECYCLE : DBK_WRITE_SET;
}

/* Was this value named before it came? */
static bool was_removed(const apply *a, dbk_span group, dbk_span element)
{
    const dbk_removed_row key = { a->origin->dot, group, element };
    return dbk_table_find(&a->s->removed, &key, dbk_order_removed) != NULL;
}

/* A pred that names something that isn't there. It waits if the target may still come, which
 * only this record's own ops decide: the target's feed has not passed it here. A name from the
 * own feed can't be waiting: its earlier ops are here, and naming itself or later ones means
 * nothing. */
static dbk_rc remember_removed(apply *a, const dbk_dot *dot, dbk_span group, dbk_span element)
{
    dbk_removed_row row = { *dot, group, element };
    dbk_table *t = &a->s->removed;
    if (dbk_id_equal(&dot->feed, &a->origin->dot.feed))
        return DBK_OK;
    if (dot->seq <= dbk_state_last(a->s, &dot->feed))
        return DBK_OK;
    if (dbk_table_find(t, &row, dbk_order_removed) != NULL)
        return DBK_OK;
    dbk_rc rc = dbk_state_copy(a->s, &row.group, group, a->err);
    if (rc == DBK_OK)
        rc = dbk_state_copy(a->s, &row.element, element, a->err);
    if (rc != DBK_OK)
        return rc;
    size_t at = dbk_table_place(t, &row, dbk_order_removed);
    return dbk_table_insert(a->s, t, at, &row, DBK_STATE_REMOVED_MAX, a->err);
}

static dbk_rc insert_value(apply *a, dbk_table *t, dbk_sibling *value, size_t max)
{
    dbk_rc rc = dbk_state_copy(a->s, &value->value, value->value, a->err);
    if (rc == DBK_OK) {
        size_t at = dbk_table_place(t, value, dbk_order_sibling);
        rc = dbk_table_insert(a->s, t, at, value, max, a->err);
    }
    if (rc == DBK_OK) {
        const dbk_op_row op = { value->dot, value->time, value->hq, 0 };
        rc = dbk_state_hold_op(a->s, &op, a->err);
    }
    return rc;
}

static dbk_sibling new_value(const apply *a, const dbk_write *w, dbk_span value)
{
    return (dbk_sibling){ .dot = a->origin->dot,
                          .time = a->op->time,
                          .hq = a->origin->hq,
                          .kind = kind_as_applied(w, a->origin),
                          .value = value };
}

static dbk_rc write_register(apply *a, const dbk_write *w, dbk_group_row *g)
{
    for (size_t i = 0; i < w->pred_count; i++) {
        const dbk_sibling key = { .dot = w->pred[i] };
        size_t at = dbk_table_place(&g->registers, &key, dbk_order_sibling);
        const dbk_sibling *there = at < g->registers.count ? dbk_table_at(&g->registers, at) : NULL;
        if (there != NULL && dbk_dot_compare(&there->dot, &key.dot) == 0) {
            dbk_table_remove(&g->registers, at, 1);
            dbk_state_drop_op(a->s, &w->pred[i]);
            continue;
        }
        dbk_rc rc = remember_removed(a, &w->pred[i], w->group, (dbk_span){ NULL, 0 });
        if (rc != DBK_OK)
            return rc;
    }
    if (was_removed(a, w->group, (dbk_span){ NULL, 0 }))
        return DBK_OK;
    dbk_sibling value = new_value(a, w, w->value);
    return insert_value(a, &g->registers, &value, DBK_STATE_SIBLINGS_MAX);
}

static dbk_rc add_elements(apply *a, const dbk_write *w, dbk_group_row *g)
{
    dbk_cbor c = dbk_cbor_from(w->value);
    uint64_t count = dbk_cbor_get_array(&c);
    dbk_rc rc = DBK_OK;
    for (uint64_t i = 0; i < count && rc == DBK_OK; i++) {
        dbk_span element = dbk_cbor_get_item(&c);
        if (was_removed(a, w->group, element))
            continue;
        dbk_sibling value = new_value(a, w, element);
        rc = insert_value(a, &g->elements, &value, DBK_STATE_ITEMS_MAX);
    }
    return rc;
}

/* Are elements of this dot here, or can they still come? Else there is nothing to look for. */
static bool may_hold(const apply *a, const dbk_group_row *g, const dbk_dot *dot)
{
    const dbk_sibling least = { .dot = *dot, .kind = DBK_WRITE_ADD };
    size_t at = dbk_table_place(&g->elements, &least, dbk_order_sibling);
    if (at < g->elements.count) {
        const dbk_sibling *there = dbk_table_at(&g->elements, at);
        if (dbk_dot_compare(&there->dot, dot) == 0)
            return true;
    }
    return dot->seq > dbk_state_last(a->s, &dot->feed);
}

/* Takes the named elements away from what one dot brought. */
static dbk_rc remove_elements(apply *a, const dbk_write *w, dbk_group_row *g, const dbk_dot *dot)
{
    dbk_cbor c = dbk_cbor_from(w->value);
    uint64_t count = dbk_cbor_get_array(&c);
    dbk_rc rc = DBK_OK;
    if (!may_hold(a, g, dot))
        return DBK_OK;
    for (uint64_t i = 0; i < count && rc == DBK_OK; i++) {
        const dbk_sibling key = { .dot = *dot,
                                  .kind = DBK_WRITE_ADD,
                                  .value = dbk_cbor_get_item(&c) };
        size_t at = dbk_table_place(&g->elements, &key, dbk_order_sibling);
        if (at < g->elements.count &&
            dbk_order_sibling(dbk_table_at(&g->elements, at), &key) == 0) {
            dbk_table_remove(&g->elements, at, 1);
            dbk_state_drop_op(a->s, dot);
            continue;
        }
        rc = remember_removed(a, dot, w->group, key.value);
    }
    return rc;
}

static dbk_rc append_entries(apply *a, const dbk_write *w, dbk_group_row *g)
{
    dbk_cbor c = dbk_cbor_from(w->value);
    uint64_t count = dbk_cbor_get_array(&c);
    dbk_rc rc = DBK_OK;
    for (uint32_t i = 0; i < count && rc == DBK_OK; i++) {
        dbk_sibling value = new_value(a, w, dbk_cbor_get_item(&c));
        value.index = i;
        rc = insert_value(a, &g->entries, &value, DBK_STATE_ITEMS_MAX);
    }
    return rc;
}

static dbk_rc add_count(apply *a, const dbk_write *w, dbk_group_row *g)
{
    dbk_cbor c = dbk_cbor_from(w->value);
    uint64_t n = dbk_cbor_get_uint(&c);
    const dbk_id *feed = &a->origin->dot.feed;
    dbk_count_row *row = dbk_table_find(&g->counts, feed, dbk_order_count);
    if (row != NULL) {
        row->total = dbk_add_capped(row->total, n);
        return DBK_OK;
    }
    const dbk_count_row fresh = { *feed, n };
    size_t at = dbk_table_place(&g->counts, feed, dbk_order_count);
    return dbk_table_insert(a->s, &g->counts, at, &fresh, DBK_STATE_FEEDS_MAX, a->err);
}

static dbk_rc apply_write(apply *a, const dbk_write *w)
{
    dbk_group_row *g = NULL;
    dbk_rc rc = DBK_OK;
    bool known = is_register(w) || (w->kind >= DBK_WRITE_ADD && w->kind <= DBK_WRITE_ATTACH);
    if (!known)
        return DBK_OK; /* of a newer program, or "looked at": the op itself is kept elsewhere */
    rc = dbk_state_need_group(a->s, &g, w->group, a->err);
    if (rc != DBK_OK)
        return rc;
    if (is_register(w))
        rc = write_register(a, w, g);
    else if (w->kind == DBK_WRITE_ADD)
        rc = add_elements(a, w, g);
    else if (w->kind == DBK_WRITE_COUNT)
        rc = add_count(a, w, g);
    else if (w->kind == DBK_WRITE_APPEND || w->kind == DBK_WRITE_ATTACH)
        rc = append_entries(a, w, g);
    for (size_t i = 0; w->kind == DBK_WRITE_REMOVE && i < w->pred_count && rc == DBK_OK; i++)
        rc = remove_elements(a, w, g, &w->pred[i]);
    if (rc == DBK_OK)
        dbk_state_settle_group(a->s, g);
    return rc;
}

/* The feed's last op on this record is now this one. */
static dbk_rc move_feed(apply *a)
{
    const dbk_dot *dot = &a->origin->dot;
    dbk_feed_row *row = dbk_table_find(&a->s->feeds, &dot->feed, dbk_order_feed);
    if (row != NULL) {
        DBK_ASSERT(dot->seq > row->last);
        row->last = dot->seq;
        return DBK_OK;
    }
    const dbk_feed_row fresh = { dot->feed, dot->seq };
    size_t at = dbk_table_place(&a->s->feeds, &dot->feed, dbk_order_feed);
    return dbk_table_insert(a->s, &a->s->feeds, at, &fresh, DBK_STATE_FEEDS_MAX, a->err);
}

/* Names that waited for this op or an earlier one of its feed have done their work. */
static void forget_removed(apply *a)
{
    const dbk_dot *dot = &a->origin->dot;
    dbk_table *t = &a->s->removed;
    const dbk_removed_row least = { .dot = { dot->feed, 0 } };
    size_t first = dbk_table_place(t, &least, dbk_order_removed), end = first;
    for (; end < t->count; end++) {
        const dbk_removed_row *row = dbk_table_at(t, end);
        if (!dbk_id_equal(&row->dot.feed, &dot->feed) || row->dot.seq > dot->seq)
            break;
    }
    dbk_table_remove(t, first, end - first);
}

/* The record's form, beginning and latest time: each the greatest or least of all ops. */
static dbk_rc move_bounds(apply *a)
{
    dbk_state *s = a->s;
    const dbk_op *op = a->op;
    const dbk_dot *dot = &a->origin->dot;
    const dbk_op_row row = { *dot, op->time, a->origin->hq, 0 };
    bool first = s->created.seq == 0;
    bool form = first || op->form_version > s->form_version ||
                (op->form_version == s->form_version && dbk_dot_compare(dot, &s->form_dot) > 0);
    bool created = first || op->time < s->created_time ||
                   (op->time == s->created_time && dbk_dot_compare(dot, &s->created) < 0);
    dbk_rc rc = DBK_OK;
    if (op->time > s->updated)
        s->updated = op->time;
    if (form) {
        if (!first)
            dbk_state_drop_op(s, &s->form_dot);
        if (!dbk_span_equal(s->form, op->form))
            rc = dbk_state_copy(s, &s->form, op->form, a->err);
        s->form_version = op->form_version;
        s->form_dot = *dot;
        if (rc == DBK_OK)
            rc = dbk_state_hold_op(s, &row, a->err);
    }
    if (created && rc == DBK_OK) {
        if (!first)
            dbk_state_drop_op(s, &s->created);
        s->created = *dot;
        s->created_time = op->time;
        rc = dbk_state_hold_op(s, &row, a->err);
    }
    return rc;
}

dbk_rc dbk_state_apply(dbk_state *s, const dbk_op *op, const dbk_origin *origin, dbk_err *err)
{
    apply a = { s, op, origin, err };
    DBK_ASSERT(origin->dot.seq > 0);
    DBK_ASSERT(dbk_id_equal(&op->record, &s->record));
    /* The trail compares with what was here before; all else with what is here now. */
    dbk_rc rc = dbk_trail_apply(s, op, origin, err);
    if (rc == DBK_OK)
        rc = move_feed(&a);
    for (size_t i = 0; rc == DBK_OK && i < op->writes_count; i++)
        rc = apply_write(&a, &op->writes[i]);
    if (rc == DBK_OK)
        rc = move_bounds(&a);
    if (rc == DBK_OK) {
        forget_removed(&a);
        dbk_trail_settle(s, &origin->dot);
    }
    return rc;
}
