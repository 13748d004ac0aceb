#include "core/model/state_impl.h"

int dbk_order_feed(const void *feed_row, const void *id)
{
    return dbk_id_compare(&((const dbk_feed_row *)feed_row)->id, id);
}

int dbk_order_op(const void *op_row, const void *dot)
{
    return dbk_dot_compare(&((const dbk_op_row *)op_row)->dot, dot);
}

int dbk_order_group(const void *group_row_pointer, const void *span)
{
    const dbk_group_row *const *row = group_row_pointer;
    return dbk_span_compare((*row)->seen.name, *(const dbk_span *)span);
}

int dbk_order_sibling(const void *sibling, const void *sibling_key)
{
    const dbk_sibling *a = sibling, *b = sibling_key;
    int order = dbk_dot_compare(&a->dot, &b->dot);
    if (order == 0 && a->kind == DBK_WRITE_ADD)
        return dbk_span_compare(a->value, b->value);
    return order != 0 ? order : (a->index > b->index) - (a->index < b->index);
}

int dbk_order_count(const void *count_row, const void *id)
{
    return dbk_id_compare(&((const dbk_count_row *)count_row)->feed, id);
}

int dbk_order_removed(const void *removed_row, const void *removed_key)
{
    const dbk_removed_row *a = removed_row, *b = removed_key;
    int order = dbk_dot_compare(&a->dot, &b->dot);
    if (order == 0)
        order = dbk_span_compare(a->group, b->group);
    return order != 0 ? order : dbk_span_compare(a->element, b->element);
}

int dbk_order_trail(const void *trail_row, const void *dot)
{
    return dbk_dot_compare(&((const dbk_trail_row *)trail_row)->dot, dot);
}

int dbk_order_clear(const void *clear_row, const void *dot)
{
    return dbk_dot_compare(&((const dbk_clear_row *)clear_row)->dot, dot);
}

int dbk_order_review(const void *pair, const void *pair_key)
{
    const dbk_review_pair *x = pair, *y = pair_key;
    int order = dbk_dot_compare(&x->a, &y->a);
    return order != 0 ? order : dbk_dot_compare(&x->b, &y->b);
}

const dbk_id *dbk_state_record(const dbk_state *s)
{
    return &s->record;
}

dbk_span dbk_state_form(const dbk_state *s)
{
    return s->form;
}

uint32_t dbk_state_form_version(const dbk_state *s)
{
    return s->form_version;
}

size_t dbk_state_groups(const dbk_state *s)
{
    return s->groups.count;
}

const dbk_state_group *dbk_state_group_at(const dbk_state *s, size_t i)
{
    dbk_group_row *const *row = dbk_table_at(&s->groups, i);
    return &(*row)->seen;
}

const dbk_state_group *dbk_state_group_find(const dbk_state *s, dbk_span name)
{
    const dbk_group_row *g = dbk_state_find_group(s, name);
    return g == NULL ? NULL : &g->seen;
}

bool dbk_state_created(const dbk_state *s, dbk_dot *dot, dbk_hlc *time)
{
    *dot = s->created;
    *time = s->created_time;
    return s->created.seq > 0;
}

dbk_hlc dbk_state_updated(const dbk_state *s)
{
    return s->updated;
}

size_t dbk_state_reviews(const dbk_state *s, const dbk_review_pair **out)
{
    if (out != NULL)
        *out = s->reviews.rows;
    return s->reviews.count;
}

static bool has_edited(const dbk_state *s, const dbk_id *feed)
{
    const dbk_dot least = { *feed, 0 };
    size_t at = dbk_table_place(&s->trail, &least, dbk_order_trail);
    if (at == s->trail.count)
        return false;
    const dbk_trail_row *row = dbk_table_at(&s->trail, at);
    return dbk_id_equal(&row->dot.feed, feed);
}

size_t dbk_state_context(const dbk_state *s, const dbk_id *own_feed, dbk_dot *out, size_t max)
{
    size_t all = s->feeds.count - (dbk_state_last(s, own_feed) > 0);
    /* When not all fit, feeds that only appended or counted give way: nothing asks for them.
     * What still doesn't fit is named in dot order. */
    size_t edited = 0, written = 0;
    for (size_t i = 0; all > max && i < s->feeds.count; i++) {
        const dbk_feed_row *row = dbk_table_at(&s->feeds, i);
        edited += !dbk_id_equal(&row->id, own_feed) && has_edited(s, &row->id);
    }
    size_t others = all <= max ? all : edited < max ? max - edited : 0;
    for (size_t i = 0; i < s->feeds.count && written < max; i++) {
        const dbk_feed_row *row = dbk_table_at(&s->feeds, i);
        if (dbk_id_equal(&row->id, own_feed))
            continue;
        if (all > max && !has_edited(s, &row->id)) {
            if (others == 0)
                continue;
            others--;
        }
        out[written++] = (dbk_dot){ row->id, row->last };
    }
    return written;
}
