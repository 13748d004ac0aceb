#include "core/model/state_impl.h"

#include "core/base/cbor.h"
#include "core/model/form.h"

/* Each check gives the invariant that is broken, in words, or NULL. */
typedef const char *(*check_fn)(const dbk_state *s);

static bool is_here(const dbk_state *s, const dbk_dot *dot)
{
    return dot->seq > 0 && dot->seq <= dbk_state_last(s, &dot->feed);
}

static bool is_name(dbk_span name)
{
    return name.len > 0 && name.len <= DBK_NAME_BYTES_MAX;
}

static bool is_item(dbk_span value)
{
    return dbk_cbor_check(value, NULL) == DBK_OK;
}

/* Strictly ascending feeds, none of them `own`. */
static bool are_one_per_feed(const dbk_dot *dots, size_t count, const dbk_id *own)
{
    for (size_t i = 0; i < count; i++) {
        if (dots[i].seq == 0 || dbk_id_equal(&dots[i].feed, own))
            return false;
        if (i > 0 && dbk_id_compare(&dots[i - 1].feed, &dots[i].feed) >= 0)
            return false;
    }
    return true;
}

static const char *check_feeds(const dbk_state *s)
{
    if (s->feeds.count > DBK_STATE_FEEDS_MAX)
        return "too many feeds";
    for (size_t i = 0; i < s->feeds.count; i++) {
        const dbk_feed_row *row = dbk_table_at(&s->feeds, i);
        if (row->last == 0)
            return "a feed without an op";
        if (i > 0 && dbk_order_feed(dbk_table_at(&s->feeds, i - 1), &row->id) >= 0)
            return "feeds out of order";
    }
    return NULL;
}

static const char *check_ops(const dbk_state *s)
{
    for (size_t i = 0; i < s->ops.count; i++) {
        const dbk_op_row *row = dbk_table_at(&s->ops, i);
        if (!is_here(s, &row->dot))
            return "an op that hasn't come";
        if (row->uses == 0)
            return "an op that nothing refers to";
        if (i > 0 && dbk_order_op(dbk_table_at(&s->ops, i - 1), &row->dot) >= 0)
            return "ops out of order";
        if (row->time > s->updated)
            return "an op later than the last";
        if (row->time < s->created_time ||
            (row->time == s->created_time && dbk_dot_compare(&row->dot, &s->created) < 0))
            return "an op before the first";
    }
    return NULL;
}

static const char *check_head(const dbk_state *s)
{
    const dbk_op_row *created = dbk_table_find(&s->ops, &s->created, dbk_order_op);
    if (!is_name(s->form) || s->form_version == 0)
        return "no form";
    if (created == NULL || created->time != s->created_time)
        return "no beginning";
    if (dbk_table_find(&s->ops, &s->form_dot, dbk_order_op) == NULL)
        return "no op that gave the form";
    return NULL;
}

/* What holds for every value of any part; counts one use of its op. */
static const char *check_value(const dbk_state *s, const dbk_table *t, size_t i, size_t *uses)
{
    const dbk_sibling *v = dbk_table_at(t, i);
    const dbk_op_row *op = dbk_table_find(&s->ops, &v->dot, dbk_order_op);
    if (op == NULL || op->time != v->time || op->hq != v->hq)
        return "a value without its op";
    if (!is_item(v->value))
        return "a value that isn't CBOR";
    if (i > 0 && dbk_order_sibling(dbk_table_at(t, i - 1), v) >= 0)
        return "values out of order";
    (*uses)++;
    return NULL;
}

static const char *check_registers(const dbk_state *s, const dbk_table *t, size_t *uses)
{
    if (t->count > DBK_STATE_SIBLINGS_MAX)
        return "too many values of a register";
    for (size_t i = 0; i < t->count; i++) {
        const dbk_sibling *v = dbk_table_at(t, i);
        bool resolve = v->kind == DBK_WRITE_RESOLVE && v->hq;
        if (v->index != 0)
            return "a register with a place in a log";
        if (v->kind != DBK_WRITE_SET && v->kind != DBK_WRITE_LIFECYCLE && !resolve)
            return "a register of no known kind";
        const char *broken = check_value(s, t, i, uses);
        if (broken != NULL)
            return broken;
    }
    return NULL;
}

static const char *check_elements(const dbk_state *s, const dbk_table *t, size_t *uses)
{
    if (t->count > DBK_STATE_ITEMS_MAX)
        return "too many elements";
    for (size_t i = 0; i < t->count; i++) {
        const dbk_sibling *v = dbk_table_at(t, i);
        if (v->kind != DBK_WRITE_ADD || v->index != 0)
            return "an element of no known kind";
        const char *broken = check_value(s, t, i, uses);
        if (broken != NULL)
            return broken;
    }
    return NULL;
}

static const char *check_entries(const dbk_state *s, const dbk_table *t, size_t *uses)
{
    if (t->count > DBK_STATE_ITEMS_MAX)
        return "too many entries";
    for (size_t i = 0; i < t->count; i++) {
        const dbk_sibling *v = dbk_table_at(t, i);
        const dbk_sibling *before = i > 0 ? dbk_table_at(t, i - 1) : NULL;
        bool first = before == NULL || dbk_dot_compare(&before->dot, &v->dot) != 0;
        if (v->kind != DBK_WRITE_APPEND && v->kind != DBK_WRITE_ATTACH)
            return "an entry of no known kind";
        if (v->index != (first ? 0 : before->index + 1) || (!first && before->kind != v->kind))
            return "an op's entries have a hole";
        const char *broken = check_value(s, t, i, uses);
        if (broken != NULL)
            return broken;
    }
    return NULL;
}

static const char *check_counts(const dbk_state *s, const dbk_table *t)
{
    for (size_t i = 0; i < t->count; i++) {
        const dbk_count_row *row = dbk_table_at(t, i);
        if (dbk_state_last(s, &row->feed) == 0)
            return "a count of a feed without an op";
        if (i > 0 && dbk_order_count(dbk_table_at(t, i - 1), &row->feed) >= 0)
            return "counts out of order";
    }
    return NULL;
}

static const char *check_group(const dbk_state *s, const dbk_group_row *g, size_t *uses)
{
    const dbk_state_group *seen = &g->seen;
    const char *broken = NULL;
    if (!is_name(seen->name))
        return "a group without a name";
    if (dbk_group_row_is_empty(g))
        return "a group that holds nothing";
    if (seen->registers != g->registers.rows || seen->registers_count != g->registers.count ||
        seen->elements != g->elements.rows || seen->elements_count != g->elements.count ||
        seen->entries != g->entries.rows || seen->entries_count != g->entries.count ||
        seen->has_count != (g->counts.count > 0))
        return "a group out of step";
    broken = check_registers(s, &g->registers, uses);
    if (broken == NULL)
        broken = check_elements(s, &g->elements, uses);
    if (broken == NULL)
        broken = check_entries(s, &g->entries, uses);
    if (broken == NULL)
        broken = check_counts(s, &g->counts);
    return broken;
}

static const char *check_groups(const dbk_state *s)
{
    size_t uses = 2; /* form, created */
    size_t held = 0;
    if (s->groups.count > DBK_STATE_GROUPS_MAX)
        return "too many groups";
    for (size_t i = 0; i < s->groups.count; i++) {
        dbk_group_row *const *g = dbk_table_at(&s->groups, i);
        if (i > 0 && dbk_order_group(dbk_table_at(&s->groups, i - 1), &(*g)->seen.name) >= 0)
            return "groups out of order";
        const char *broken = check_group(s, *g, &uses);
        if (broken != NULL)
            return broken;
    }
    for (size_t i = 0; i < s->ops.count; i++)
        held += ((const dbk_op_row *)dbk_table_at(&s->ops, i))->uses;
    return held == uses ? NULL : "an op's uses are miscounted";
}

static const char *check_removed(const dbk_state *s)
{
    if (s->removed.count > DBK_STATE_REMOVED_MAX)
        return "too many names that wait";
    for (size_t i = 0; i < s->removed.count; i++) {
        const dbk_removed_row *row = dbk_table_at(&s->removed, i);
        if (row->dot.seq <= dbk_state_last(s, &row->dot.feed))
            return "a name that waits for what has come";
        if (!is_name(row->group))
            return "a name that waits without a group";
        if (row->element.len > 0 && !is_item(row->element))
            return "a removed element that isn't CBOR";
        if (i > 0 && dbk_order_removed(dbk_table_at(&s->removed, i - 1), row) >= 0)
            return "names that wait are out of order";
    }
    return NULL;
}

static const char *check_trail(const dbk_state *s)
{
    size_t of_feed = 0;
    if (s->trail.count > DBK_STATE_TRAIL_MAX)
        return "too long a trail";
    for (size_t i = 0; i < s->trail.count; i++) {
        const dbk_trail_row *row = dbk_table_at(&s->trail, i);
        const dbk_trail_row *before = i > 0 ? dbk_table_at(&s->trail, i - 1) : NULL;
        if (!is_here(s, &row->dot))
            return "a trail of what hasn't come";
        if (before != NULL && dbk_dot_compare(&before->dot, &row->dot) >= 0)
            return "a trail out of order";
        of_feed = before != NULL && dbk_id_equal(&before->dot.feed, &row->dot.feed) ? of_feed + 1
                                                                                    : 1;
        if (of_feed > DBK_STATE_TRAIL_FEED_MAX)
            return "too long a trail of one feed";
        if (row->choice.len > 0 && !is_item(row->choice))
            return "a choice that isn't CBOR";
        if (!are_one_per_feed(row->gaps, row->gaps_count, &row->dot.feed))
            return "gaps out of order";
        for (size_t k = 0; k < row->gaps_count; k++) {
            if (is_here(s, &row->gaps[k]))
                return "a gap that is closed";
        }
        if (dbk_trail_is_spent(s, i))
            return "a trail that is spent";
    }
    return NULL;
}

/* Does a later resolve of the same feed see all that this one sees? */
static bool is_outdone(const dbk_state *s, size_t i)
{
    const dbk_clear_row *row = dbk_table_at(&s->clears, i);
    for (size_t j = i + 1; j < s->clears.count; j++) {
        const dbk_clear_row *later = dbk_table_at(&s->clears, j);
        bool all = dbk_id_equal(&later->dot.feed, &row->dot.feed);
        for (size_t k = 0; k < row->context_count && all; k++)
            all = dbk_clear_has_seen(later, &row->context[k]);
        if (all)
            return true;
    }
    return false;
}

static const char *check_clears(const dbk_state *s)
{
    if (s->clears.count > DBK_STATE_CLEARS_MAX)
        return "too many resolves that wait";
    for (size_t i = 0; i < s->clears.count; i++) {
        const dbk_clear_row *row = dbk_table_at(&s->clears, i);
        bool gap = false;
        if (!is_here(s, &row->dot))
            return "a resolve that hasn't come";
        if (i > 0 && dbk_order_clear(dbk_table_at(&s->clears, i - 1), &row->dot) >= 0)
            return "resolves out of order";
        if (!are_one_per_feed(row->context, row->context_count, &row->dot.feed))
            return "a resolve's context is out of order";
        for (size_t k = 0; k < row->context_count; k++)
            gap = gap || !is_here(s, &row->context[k]);
        if (!gap || is_outdone(s, i))
            return "a resolve that waits for nothing";
    }
    return NULL;
}

/* Is there an edit of the dot's feed at the dot or later? */
static bool is_edit(const dbk_state *s, const dbk_dot *dot)
{
    size_t at = dbk_table_place(&s->trail, dot, dbk_order_trail);
    if (at == s->trail.count)
        return false;
    const dbk_trail_row *row = dbk_table_at(&s->trail, at);
    return dbk_id_equal(&row->dot.feed, &dot->feed);
}

static const char *check_reviews(const dbk_state *s)
{
    if (s->reviews.count > DBK_STATE_REVIEWS_MAX)
        return "too many reviews";
    for (size_t i = 0; i < s->reviews.count; i++) {
        const dbk_review_pair *pair = dbk_table_at(&s->reviews, i);
        if (dbk_id_compare(&pair->a.feed, &pair->b.feed) >= 0)
            return "a review of a feed with itself";
        if (!is_here(s, &pair->a) || !is_here(s, &pair->b))
            return "a review of what hasn't come";
        if (!is_edit(s, &pair->a) || !is_edit(s, &pair->b))
            return "a review of what isn't an edit";
        if (i > 0 && dbk_order_review(dbk_table_at(&s->reviews, i - 1), pair) >= 0)
            return "reviews out of order";
        for (size_t k = 0; k < s->clears.count; k++) {
            const dbk_clear_row *r = dbk_table_at(&s->clears, k);
            if (dbk_clear_has_seen(r, &pair->a) && dbk_clear_has_seen(r, &pair->b))
                return "a review that was resolved";
        }
        /* Between two feeds the first dots ascend, so the second ones must descend. */
        for (size_t k = i; k-- > 0;) {
            const dbk_review_pair *old = dbk_table_at(&s->reviews, k);
            if (!dbk_id_equal(&old->a.feed, &pair->a.feed))
                break;
            if (dbk_id_equal(&old->b.feed, &pair->b.feed) &&
                (old->a.seq == pair->a.seq || old->b.seq <= pair->b.seq))
                return "a review that a later one tells";
        }
    }
    return NULL;
}

dbk_rc dbk_state_verify(const dbk_state *s, dbk_err *err)
{
    static const check_fn checks[] = { check_feeds,   check_ops,   check_head,   check_groups,
                                       check_removed, check_trail, check_clears, check_reviews };
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        const char *broken = checks[i](s);
        if (broken != NULL)
            return dbk_fail(err, DBK_FORMAT, "a record's state has %s", broken);
    }
    return DBK_OK;
}

void dbk_state_check_deep(const dbk_state *s)
{
    if (s->created.seq == 0) {
        DBK_ASSERT(s->feeds.count == 0);
        DBK_ASSERT(s->groups.count == 0);
        return;
    }
    DBK_ASSERT(dbk_state_verify(s, NULL) == DBK_OK);
}
