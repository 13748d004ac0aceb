/* The policy map of a membership entry. Layout: core/crypto/roster.h. */
#include "core/crypto/entry_parts.h"

#define NUMBERS 4u
#define LISTS 3u

/* By key: 1..4, then 5..7. */
static uint64_t *number_of(dbk_policy *p, size_t i)
{
    uint64_t *const all[NUMBERS] = { &p->protocol_floor, &p->freshness_h, &p->lease_h,
                                     &p->rotate_days };
    return all[i];
}

static dbk_policy_keys *list_of(dbk_policy *p, size_t i)
{
    dbk_policy_keys *const all[LISTS] = { &p->tls_pins, &p->witnesses, &p->recovery };
    return all[i];
}

static void put_list(dbk_cbor_out *o, const dbk_policy_keys *list)
{
    dbk_cbor_put_array(o, list->count);
    for (size_t i = 0; i < list->count; i++)
        dbk_cbor_put_bytes(o, list->b[i], sizeof(list->b[i]));
}

void dbk_policy_put(dbk_cbor_out *o, const dbk_policy *policy)
{
    dbk_policy p = *policy;
    size_t count = NUMBERS;
    for (size_t i = 0; i < LISTS; i++)
        count += list_of(&p, i)->count > 0 ? 1 : 0;
    dbk_cbor_put_map(o, count);
    for (size_t i = 0; i < NUMBERS; i++) {
        dbk_cbor_put_uint(o, i + 1);
        dbk_cbor_put_uint(o, *number_of(&p, i));
    }
    for (size_t i = 0; i < LISTS; i++) {
        if (list_of(&p, i)->count == 0)
            continue;
        dbk_cbor_put_uint(o, NUMBERS + i + 1);
        put_list(o, list_of(&p, i));
    }
}

static void get_list(dbk_cbor *c, dbk_policy_keys *list)
{
    uint64_t count = dbk_cbor_get_array(c);
    if (count < 1 || count > DBK_POLICY_KEYS_MAX) {
        c->failed = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        dbk_cbor_get_copy(c, list->b[i], sizeof(list->b[i]));
        if (dbk_key_is_zero(list->b[i]))
            c->failed = true;
    }
    list->count = (size_t)count;
}

void dbk_policy_get(dbk_cbor *c, dbk_policy *policy)
{
    dbk_policy p = { 0 };
    uint64_t pairs = dbk_cbor_get_map(c), taken = NUMBERS;
    for (size_t i = 0; i < NUMBERS; i++) {
        uint64_t v = 0;
        if (dbk_cbor_key(c, i + 1))
            v = dbk_cbor_get_uint(c);
        if (v < 1 || v > DBK_POLICY_NUMBER_MAX)
            c->failed = true;
        *number_of(&p, i) = v;
    }
    for (size_t i = 0; i < LISTS && taken < pairs; i++) {
        if (!dbk_cbor_key(c, NUMBERS + i + 1))
            continue;
        get_list(c, list_of(&p, i));
        taken++;
    }
    /* A rule that this version doesn't know would be one that it doesn't keep. */
    if (taken != pairs)
        c->failed = true;
    *policy = p;
}

static bool same_list(const dbk_policy_keys *a, const dbk_policy_keys *b)
{
    size_t len = a->count * sizeof(a->b[0]);
    return a->count == b->count && dbk_span_equal(dbk_span_of(a->b, len), dbk_span_of(b->b, len));
}

bool dbk_policy_equal(const dbk_policy *a, const dbk_policy *b)
{
    dbk_policy one = *a, two = *b;
    bool same = true;
    for (size_t i = 0; i < NUMBERS; i++)
        same = same && *number_of(&one, i) == *number_of(&two, i);
    for (size_t i = 0; i < LISTS; i++)
        same = same && same_list(list_of(&one, i), list_of(&two, i));
    return same;
}
