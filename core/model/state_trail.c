#include "core/model/state_impl.h"

#include <string.h>

#include "core/base/cbor.h"

/* Who had seen what, in a bounded space.
 *
 * a and b, of feeds F and G, are concurrent iff context_b[F] < a.seq and context_a[G] < b.seq
 * (and they aren't resolves by hq that write the same). If (a1, b2) and (a2, b1) are concurrent
 * then (a2, b2) is: a2 hasn't seen b1, so not b2; b2 hasn't seen a1, so not a2. And a resolve
 * that has seen (a2, b2) has seen both others. So between two feeds the latest pairs tell all
 * (more than one only where equal resolves are left out), and only they are kept, in `reviews`.
 *
 * A coming op b of G has a seq above G's last here. It can't be in context_a unless context_a
 * has a gap at G: names a dot of G that hasn't come. So of a context only the gaps matter
 * later, and a may be forgotten when its feed has a later op that is at least as unseeing
 * (whose gaps are within a's): whatever is concurrent with a is concurrent with that one too.
 * Because equal resolves are left out, a later resolve replaces an earlier op only if it wrote
 * the same; or if there are two later ones that wrote different things: b can equal but one.
 * Gaps only ever close, so what was rightly forgotten stays so: the trail is a function of the
 * set of ops. Normally it has one row for each feed, without gaps.
 *
 * A resolve clears pairs that are here when it comes, and pairs that come later only if it had
 * seen the later op of the pair: then it has a gap, and waits in `clears` until it has none. */

static const dbk_trail_row *trail_at(const dbk_state *s, size_t i)
{
    return dbk_table_at(&s->trail, i);
}

static bool same_feed(const dbk_dot *a, const dbk_dot *b)
{
    return dbk_id_equal(&a->feed, &b->feed);
}

static bool same_choice(dbk_span a, dbk_span b)
{
    return a.len > 0 && dbk_span_equal(a, b);
}

/* Is every dot of `inner` covered by one of `outer`? Both sorted, one dot per feed. */
static bool is_within(const dbk_dot *inner, size_t inner_count, const dbk_dot *outer,
                      size_t outer_count)
{
    size_t at = 0;
    for (size_t i = 0; i < inner_count; i++) {
        while (at < outer_count && dbk_id_compare(&outer[at].feed, &inner[i].feed) < 0)
            at++;
        if (at == outer_count || !same_feed(&outer[at], &inner[i]))
            return false;
        if (outer[at].seq < inner[i].seq)
            return false;
    }
    return true;
}

bool dbk_trail_is_spent(const dbk_state *s, size_t i)
{
    const dbk_trail_row *old = trail_at(s, i);
    const dbk_trail_row *one = NULL;
    for (size_t j = i + 1; j < s->trail.count; j++) {
        const dbk_trail_row *later = trail_at(s, j);
        if (!same_feed(&later->dot, &old->dot))
            break;
        if (!is_within(later->gaps, later->gaps_count, old->gaps, old->gaps_count))
            continue;
        if (later->choice.len == 0 || same_choice(later->choice, old->choice))
            return true;
        if (one != NULL && !dbk_span_equal(one->choice, later->choice))
            return true;
        one = later;
    }
    return false;
}

bool dbk_clear_has_seen(const dbk_clear_row *r, const dbk_dot *dot)
{
    if (same_feed(&r->dot, dot))
        return dot->seq < r->dot.seq;
    return dbk_dots_seq(r->context, r->context_count, &dot->feed) >= dot->seq;
}

static bool covers(const dbk_clear_row *r, const dbk_review_pair *pair)
{
    return dbk_clear_has_seen(r, &pair->a) && dbk_clear_has_seen(r, &pair->b);
}

static dbk_rc add_review(dbk_state *s, const dbk_dot *x, const dbk_dot *y, dbk_err *err)
{
    bool in_order = dbk_dot_compare(x, y) < 0;
    const dbk_review_pair pair = { in_order ? *x : *y, in_order ? *y : *x };
    for (size_t i = 0; i < s->clears.count; i++) {
        if (covers(dbk_table_at(&s->clears, i), &pair))
            return DBK_OK;
    }
    for (size_t i = s->reviews.count; i-- > 0;) {
        const dbk_review_pair *old = dbk_table_at(&s->reviews, i);
        if (same_feed(&old->a, &pair.a) && same_feed(&old->b, &pair.b) &&
            old->a.seq <= pair.a.seq && old->b.seq <= pair.b.seq)
            dbk_table_remove(&s->reviews, i, 1);
    }
    size_t at = dbk_table_place(&s->reviews, &pair, dbk_order_review);
    return dbk_table_insert(s, &s->reviews, at, &pair, DBK_STATE_REVIEWS_MAX, err);
}

/* The new edit against every other feed's: the latest that is concurrent makes a pair. */
static dbk_rc add_reviews(dbk_state *s, const dbk_trail_row *edit, const dbk_op *op, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    const dbk_dot *latest = NULL;
    for (size_t i = 0; i < s->trail.count && rc == DBK_OK; i++) {
        const dbk_trail_row *row = trail_at(s, i);
        if (same_feed(&row->dot, &edit->dot))
            continue;
        if (latest != NULL && !same_feed(latest, &row->dot)) {
            rc = add_review(s, latest, &edit->dot, err);
            latest = NULL;
        }
        bool seen = dbk_dots_seq(op->context, op->context_count, &row->dot.feed) >= row->dot.seq;
        bool saw = dbk_dots_seq(row->gaps, row->gaps_count, &edit->dot.feed) >= edit->dot.seq;
        if (!seen && !saw && !same_choice(row->choice, edit->choice))
            latest = &row->dot;
    }
    if (latest != NULL && rc == DBK_OK)
        rc = add_review(s, latest, &edit->dot, err);
    return rc;
}

/* Where the feed's rows begin. */
static size_t first_of(const dbk_table *t, const dbk_id *feed, dbk_row_order order)
{
    const dbk_dot least = { *feed, 0 };
    return dbk_table_place(t, &least, order);
}

static dbk_rc add_to_trail(dbk_state *s, const dbk_trail_row *edit, dbk_err *err)
{
    size_t first = first_of(&s->trail, &edit->dot.feed, dbk_order_trail);
    size_t at = dbk_table_place(&s->trail, &edit->dot, dbk_order_trail);
    dbk_rc rc = dbk_table_insert(s, &s->trail, at, edit, DBK_STATE_TRAIL_MAX, err);
    if (rc != DBK_OK)
        return rc;
    for (size_t i = at; i-- > first;) {
        const dbk_trail_row *old = trail_at(s, i);
        /* Only what the new row bears on can have become spent. */
        if (is_within(edit->gaps, edit->gaps_count, old->gaps, old->gaps_count) &&
            dbk_trail_is_spent(s, i)) {
            dbk_table_remove(&s->trail, i, 1);
            at--;
        }
    }
    if (at - first >= DBK_STATE_TRAIL_FEED_MAX)
        return dbk_fail(err, DBK_LIMIT, "an author's edits name too many ops that never came");
    return DBK_OK;
}

/* Dots of the context that haven't come, copied into the state. */
static dbk_rc take_gaps(dbk_state *s, dbk_trail_row *edit, const dbk_op *op, dbk_err *err)
{
    size_t count = 0;
    for (size_t i = 0; i < op->context_count; i++)
        count += op->context[i].seq > dbk_state_last(s, &op->context[i].feed);
    if (count == 0)
        return DBK_OK;
    void *room;
    dbk_rc rc = dbk_state_take(s, &room, count * sizeof(dbk_dot), err);
    if (rc != DBK_OK)
        return rc;
    edit->gaps = room;
    for (size_t i = 0; i < op->context_count; i++) {
        if (op->context[i].seq > dbk_state_last(s, &op->context[i].feed))
            edit->gaps[edit->gaps_count++] = op->context[i];
    }
    return DBK_OK;
}

/* What a resolve writes, as bytes that are equal iff it writes the same:
 * [ * [ kind, group, ? value ] ] in the op's order. */
static dbk_rc take_choice(dbk_state *s, dbk_trail_row *edit, const dbk_op *op, dbk_err *err)
{
    dbk_bytes buf = DBK_BYTES_INIT(DBK_OP_PLAIN_BYTES_MAX);
    dbk_cbor_out o = dbk_cbor_to(&buf, err);
    dbk_cbor_put_array(&o, op->writes_count);
    for (size_t i = 0; i < op->writes_count; i++) {
        const dbk_write *w = &op->writes[i];
        dbk_cbor_put_array(&o, 2u + (w->value.len > 0));
        dbk_cbor_put_uint(&o, w->kind);
        dbk_cbor_put_text(&o, w->group);
        dbk_cbor_put_item(&o, w->value);
    }
    dbk_rc rc = o.rc;
    if (rc == DBK_OK)
        rc = dbk_state_copy(s, &edit->choice, dbk_bytes_span(&buf), err);
    dbk_bytes_wipe(&buf);
    return rc;
}

static dbk_rc apply_edit(dbk_state *s, dbk_trail_row *edit, const dbk_op *op, dbk_err *err)
{
    dbk_rc rc = take_gaps(s, edit, op, err);
    if (rc == DBK_OK)
        rc = add_reviews(s, edit, op, err);
    if (rc == DBK_OK)
        rc = add_to_trail(s, edit, err);
    return rc;
}

static bool has_gap(const dbk_state *s, const dbk_clear_row *r)
{
    for (size_t i = 0; i < r->context_count; i++) {
        if (r->context[i].seq > dbk_state_last(s, &r->context[i].feed))
            return true;
    }
    return false;
}

static dbk_rc add_to_clears(dbk_state *s, dbk_clear_row *r, dbk_err *err)
{
    void *room;
    size_t size = r->context_count * sizeof(dbk_dot);
    dbk_rc rc = dbk_state_take(s, &room, size, err);
    if (rc != DBK_OK)
        return rc;
    memcpy(room, r->context, size);
    r->context = room;
    size_t first = first_of(&s->clears, &r->dot.feed, dbk_order_clear);
    size_t at = dbk_table_place(&s->clears, &r->dot, dbk_order_clear);
    rc = dbk_table_insert(s, &s->clears, at, r, DBK_STATE_CLEARS_MAX, err);
    for (size_t i = at; rc == DBK_OK && i-- > first;) {
        const dbk_clear_row *old = dbk_table_at(&s->clears, i);
        if (is_within(old->context, old->context_count, r->context, r->context_count))
            dbk_table_remove(&s->clears, i, 1);
    }
    return rc;
}

static dbk_rc apply_resolve(dbk_state *s, const dbk_op *op, const dbk_dot *dot, dbk_err *err)
{
    /* The row borrows the op's context until it turns out that it must stay. */
    dbk_clear_row r = { *dot, op->context, op->context_count };
    for (size_t i = s->reviews.count; i-- > 0;) {
        if (covers(&r, dbk_table_at(&s->reviews, i)))
            dbk_table_remove(&s->reviews, i, 1);
    }
    return has_gap(s, &r) ? add_to_clears(s, &r, err) : DBK_OK;
}

dbk_rc dbk_trail_apply(dbk_state *s, const dbk_op *op, const dbk_origin *origin, dbk_err *err)
{
    bool edits = false, resolves = false;
    dbk_trail_row edit = { .dot = origin->dot };
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < op->writes_count; i++) {
        const dbk_write *w = &op->writes[i];
        bool resolve = w->kind == DBK_WRITE_RESOLVE;
        resolves = resolves || (resolve && origin->hq);
        edits = edits || w->kind == DBK_WRITE_SET || w->kind == DBK_WRITE_LIFECYCLE ||
                (resolve && w->value.len > 0);
    }
    if (edits && resolves)
        rc = take_choice(s, &edit, op, err);
    if (edits && rc == DBK_OK)
        rc = apply_edit(s, &edit, op, err);
    if (resolves && rc == DBK_OK)
        rc = apply_resolve(s, op, &origin->dot, err);
    return rc;
}

/* Closes the gap that the dot fills. True: there was one. */
static bool close_gap(dbk_trail_row *row, const dbk_dot *dot)
{
    for (size_t i = 0; i < row->gaps_count; i++) {
        if (!same_feed(&row->gaps[i], dot) || row->gaps[i].seq > dot->seq)
            continue;
        row->gaps_count--;
        memmove(row->gaps + i, row->gaps + i + 1, (row->gaps_count - i) * sizeof(dbk_dot));
        return true;
    }
    return false;
}

void dbk_trail_settle(dbk_state *s, const dbk_dot *dot)
{
    bool closed = false;
    for (size_t i = 0; i < s->trail.count; i++)
        closed = close_gap(dbk_table_at(&s->trail, i), dot) || closed;
    for (size_t i = s->trail.count; closed && i-- > 0;) {
        if (dbk_trail_is_spent(s, i))
            dbk_table_remove(&s->trail, i, 1);
    }
    for (size_t i = s->clears.count; i-- > 0;) {
        if (!has_gap(s, dbk_table_at(&s->clears, i)))
            dbk_table_remove(&s->clears, i, 1);
    }
}
