#include "core/model/view_impl.h"

#include "core/base/alloc.h"
#include "core/base/cbor.h"

/* One item of a set or a log with what it is ordered by. */
typedef struct ordered {
    uint64_t time; /* logs only */
    const dbk_sibling *item;
} ordered;
typedef int (*order_fn)(const ordered *a, const ordered *b);

static int by_value(const ordered *a, const ordered *b)
{
    return dbk_span_compare(a->item->value, b->item->value);
}

static int by_number(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* Time as for winners; then the whole clock, which orders ops of one millisecond. */
static int by_time(const ordered *a, const ordered *b)
{
    int order = by_number(a->time, b->time);
    if (order == 0)
        order = by_number(a->item->time, b->item->time);
    if (order == 0)
        order = dbk_dot_compare(&a->item->dot, &b->item->dot);
    return order != 0 ? order : by_number(a->item->index, b->item->index);
}

static void sift(ordered *heap, size_t root, size_t count, order_fn order)
{
    for (size_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
        if (child + 1 < count && order(&heap[child], &heap[child + 1]) < 0)
            child++;
        if (order(&heap[root], &heap[child]) >= 0)
            return;
        ordered kept = heap[root];
        heap[root] = heap[child];
        heap[child] = kept;
        root = child;
    }
}

/* Heap sort: no memory, no recursion, no bad input. */
static void sort(ordered *rows, size_t count, order_fn order)
{
    for (size_t i = count / 2; i-- > 0;)
        sift(rows, i, count, order);
    for (size_t end = count; end-- > 1;) {
        ordered last = rows[end];
        rows[end] = rows[0];
        rows[0] = last;
        sift(rows, 0, end, order);
    }
}

/* Appends an array of the items in order, each value once if `once`. */
typedef struct list_opts {
    order_fn order;
    bool once;
} list_opts;

static dbk_rc put_list(dbk_bytes *out, const dbk_sibling *items, size_t count,
                       const dbk_view_opts *opts, list_opts how, dbk_err *err)
{
    size_t kept = 0;
    ordered *rows = dbk_alloc_array(count, sizeof(*rows));
    if (rows == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a list of %zu", count);
    for (size_t i = 0; i < count; i++)
        rows[i] = (ordered){ how.once ? 0 : dbk_view_time(&items[i], opts), &items[i] };
    sort(rows, count, how.order);
    for (size_t i = 0; i < count; i++) {
        if (!how.once || kept == 0 || by_value(&rows[kept - 1], &rows[i]) != 0)
            rows[kept++] = rows[i];
    }
    dbk_cbor_out o = dbk_cbor_to(out, err);
    dbk_cbor_put_array(&o, kept);
    for (size_t i = 0; i < kept; i++)
        dbk_cbor_put_item(&o, rows[i].item->value);
    dbk_free(rows);
    return o.rc;
}

dbk_rc dbk_view_field(dbk_span *out, dbk_bytes *scratch, const dbk_state *s, const dbk_field *field,
                      const dbk_view_opts *opts, dbk_err *err)
{
    static const list_opts elements = { by_value, true }, entries = { by_time, false };
    const dbk_group *groups;
    size_t start = scratch->len;
    dbk_rc rc = DBK_OK;

    *out = (dbk_span){ NULL, 0 };
    DBK_ASSERT(opts->form != NULL);
    size_t count = dbk_form_groups(opts->form, &groups);
    DBK_ASSERT(field->group < count);
    const dbk_group *form_group = &groups[field->group];
    const dbk_state_group *g = dbk_state_group_find(s, dbk_span_str(form_group->name));
    if (g == NULL)
        return DBK_OK;
    if (dbk_rule_is_register(form_group->rule)) {
        if (g->registers_count > 0)
            *out = dbk_view_member(g->registers[dbk_view_group(g, opts).winner].value, field->name);
        return DBK_OK;
    }
    if (form_group->rule == DBK_RULE_SET && g->elements_count > 0) {
        rc = put_list(scratch, g->elements, g->elements_count, opts, elements, err);
    } else if (form_group->rule == DBK_RULE_LOG && g->entries_count > 0) {
        rc = put_list(scratch, g->entries, g->entries_count, opts, entries, err);
    } else if (form_group->rule == DBK_RULE_COUNT && g->has_count) {
        dbk_cbor_out o = dbk_cbor_to(scratch, err);
        dbk_cbor_put_uint(&o, g->count);
        rc = o.rc;
    }
    if (rc == DBK_OK && scratch->len > start)
        *out = dbk_span_of(scratch->p + start, scratch->len - start);
    return rc;
}
