/* Fields of a newer form version that this program doesn't know: they stay in a group that is
 * edited here, so that an older program takes nothing away (design.md section 5). */
#include "core/base/alloc.h"
#include "core/base/cbor.h"
#include "core/journal/journal_draft.h"

/* Does the form have a top-level field of this name? */
static bool is_known(const dbk_form *form, dbk_span name)
{
    const dbk_field *fields;
    size_t count = dbk_form_fields(form, &fields);
    for (size_t i = 0; i < count; i++)
        if (dbk_span_equal(dbk_span_str(fields[i].name), name))
            return true;
    return false;
}

/* One key and value of a map, as they are encoded. */
typedef struct pair {
    dbk_span key, value;
} pair;

/* The next pair; unknown_only: that isn't a field of the form. False: no more. */
typedef struct pairs {
    dbk_cbor at;
    uint64_t left;
    const dbk_form *unknown_to; /* NULL: all pairs */
} pairs;

static pairs pairs_of(dbk_span map, const dbk_form *unknown_to)
{
    pairs p = { dbk_cbor_from(map), 0, unknown_to };
    if (dbk_cbor_peek(&p.at) == DBK_CBOR_MAP)
        p.left = dbk_cbor_get_map(&p.at);
    return p;
}

static bool next_pair(pairs *p, pair *out)
{
    while (p->left > 0) {
        p->left--;
        out->key = dbk_cbor_get_item(&p->at);
        out->value = dbk_cbor_get_item(&p->at);
        if (p->at.failed)
            return false;
        dbk_cbor key = dbk_cbor_from(out->key);
        if (p->unknown_to == NULL || !is_known(p->unknown_to, dbk_cbor_get_text(&key)))
            return true;
    }
    return false;
}

static uint64_t count_pairs(pairs p)
{
    pair one;
    uint64_t count = 0;
    while (next_pair(&p, &one))
        count++;
    return count;
}

/* Both maps as one: their keys differ, and each is in deterministic order. */
static dbk_rc put_joined(dbk_bytes *out, pairs a, pairs b, dbk_err *err)
{
    dbk_cbor_out o = dbk_cbor_to(out, err);
    pair x, y;
    dbk_cbor_put_map(&o, count_pairs(a) + count_pairs(b));
    bool has_x = next_pair(&a, &x), has_y = next_pair(&b, &y);
    while (has_x || has_y) {
        bool take_x = has_x && (!has_y || dbk_span_compare(x.key, y.key) < 0);
        dbk_cbor_put_item(&o, take_x ? x.key : y.key);
        dbk_cbor_put_item(&o, take_x ? x.value : y.value);
        if (take_x)
            has_x = next_pair(&a, &x);
        else
            has_y = next_pair(&b, &y);
    }
    return o.rc;
}

/* What is shown of the group that a write replaces; empty: nothing, or no register. */
static dbk_span shown_value(const dbk_draft *d, const dbk_write *w)
{
    const dbk_state_group *g = dbk_state_group_find(d->state, w->group);
    if (w->kind != DBK_WRITE_SET || g == NULL || g->registers_count == 0)
        return (dbk_span){ NULL, 0 };
    return g->registers[dbk_view_group(g, &d->view).winner].value;
}

dbk_rc dbk_draft_keep_unknown(dbk_draft *d, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    if (d->state == NULL)
        return DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < d->change.writes_count; i++) {
        dbk_write *w = &d->change.writes[i];
        pairs unknown = pairs_of(shown_value(d, w), d->form);
        if (count_pairs(unknown) == 0)
            continue;
        /* The change's buffer must not move under the other writes: each joined value has its own
         * memory, in a list that the draft frees. */
        dbk_joined *joined = dbk_alloc(sizeof(*joined));
        if (joined == NULL)
            return dbk_fail(err, DBK_NOMEM, "no memory for a write");
        dbk_bytes_init(&joined->value, DBK_OP_PLAIN_BYTES_MAX);
        joined->next = d->joined;
        d->joined = joined;
        rc = put_joined(&joined->value, pairs_of(w->value, NULL), unknown, err);
        if (rc == DBK_OK)
            w->value = dbk_bytes_span(&joined->value);
    }
    return rc;
}

void dbk_draft_drop_joined(dbk_draft *d)
{
    while (d->joined != NULL) {
        dbk_joined *next = d->joined->next;
        dbk_bytes_wipe(&d->joined->value);
        dbk_free(d->joined);
        d->joined = next;
    }
}
