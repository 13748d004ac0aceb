#include "core/model/reference.h"

#include "core/base/cbor.h"

typedef struct telling {
    dbk_reference_fn fn;
    void *ctx;
} telling;

/* Heads follow each other whatever is nested in what. */
static void tell_value(const telling *t, dbk_span value)
{
    dbk_cbor c = dbk_cbor_from(value);
    dbk_id id;
    while (!c.failed && c.left.len > 0) {
        switch (dbk_cbor_peek(&c)) {
        case DBK_CBOR_ARRAY:
            (void)dbk_cbor_get_array(&c);
            break;
        case DBK_CBOR_MAP:
            (void)dbk_cbor_get_map(&c);
            break;
        case DBK_CBOR_TAG:
            if (dbk_cbor_get_tag(&c) != DBK_CBOR_TAG_UUID)
                break;
            dbk_cbor_get_copy(&c, id.b, sizeof(id.b));
            if (!c.failed)
                t->fn(t->ctx, &id);
            break;
        default:
            (void)dbk_cbor_get_item(&c);
        }
    }
}

static void tell_all(const telling *t, const dbk_sibling *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        tell_value(t, rows[i].value);
}

void dbk_references_each(const dbk_state *state, dbk_reference_fn fn, void *ctx)
{
    const telling t = { fn, ctx };
    for (size_t i = 0; i < dbk_state_groups(state); i++) {
        const dbk_state_group *group = dbk_state_group_at(state, i);
        tell_all(&t, group->registers, group->registers_count);
        tell_all(&t, group->elements, group->elements_count);
        tell_all(&t, group->entries, group->entries_count);
    }
}
