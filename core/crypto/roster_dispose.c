/* Orders to dispose: which ops of which feeds are erased everywhere (decision 0031). */
#include "core/crypto/roster_state.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/room.h"

static const dbk_dot *dot_of(const dbk_roster *r, const roster_erased *erased)
{
    return &r->orders[erased->order].dots[erased->dot];
}

/* The first of the space's that isn't before the dot. */
static size_t find(const dbk_roster *r, const roster_space *s, const dbk_dot *dot)
{
    size_t lo = 0, hi = s->erased_count;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (dbk_dot_compare(dot_of(r, &s->erased[middle]), dot) < 0)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

uint64_t dbk_roster_erased(const dbk_roster *r, const dbk_id *space, const dbk_dot *first,
                           size_t count)
{
    uint32_t place = dbk_roster_place_of_space(r, space);
    uint64_t mask = 0;
    DBK_ASSERT(count <= 64);
    if (place == DBK_INDEX_NONE)
        return 0;
    const roster_space *s = &r->spaces[place];
    for (size_t i = find(r, s, first); i < s->erased_count; i++) {
        const dbk_dot *dot = dot_of(r, &s->erased[i]);
        if (!dbk_id_equal(&dot->feed, &first->feed) || dot->seq - first->seq >= count)
            break;
        mask |= (uint64_t)1 << (dot->seq - first->seq);
    }
    return mask;
}

size_t dbk_roster_order_of(const dbk_roster *r, const dbk_id *space, const dbk_dot *dot)
{
    uint32_t place = dbk_roster_place_of_space(r, space);
    if (place == DBK_INDEX_NONE)
        return SIZE_MAX;
    const roster_space *s = &r->spaces[place];
    size_t at = find(r, s, dot);
    if (at == s->erased_count || dbk_dot_compare(dot_of(r, &s->erased[at]), dot) != 0)
        return SIZE_MAX;
    return s->erased[at].order;
}

size_t dbk_roster_orders(const dbk_roster *r)
{
    return r->orders_count;
}

const dbk_order *dbk_roster_order_at(const dbk_roster *r, size_t i)
{
    DBK_ASSERT(i < r->orders_count);
    return &r->orders[i];
}

dbk_rc dbk_roster_check_dispose(const dbk_roster *r, const dbk_entry *e, dbk_err *err)
{
    const dbk_space *space = dbk_roster_space(r, &e->space);
    if (space == NULL || space->is_roster)
        return dbk_fail(err, DBK_DENIED, "an order to dispose is for a space of records");
    if (r->orders_count == DBK_ROSTER_ORDERS_MAX)
        return dbk_fail(err, DBK_LIMIT, "an organisation has at most %u orders to dispose",
                        DBK_ROSTER_ORDERS_MAX);
    for (size_t i = 0; i < e->dots_count; i++) {
        if (dbk_roster_erased(r, &e->space, &e->dots[i], 1) != 0)
            return dbk_fail(err, DBK_DENIED, "an op is disposed of once");
    }
    return DBK_OK;
}

bool dbk_roster_room_for_order(dbk_roster *r, dbk_dot **dots, const dbk_entry *e)
{
    roster_space *s = &r->spaces[dbk_roster_place_of_space(r, &e->space)];
    dbk_order *orders = dbk_room_for(r->orders, &r->orders_cap, r->orders_count + 1,
                                     sizeof(*orders));
    if (orders == NULL)
        return false;
    r->orders = orders;
    roster_erased *erased = dbk_room_for(s->erased, &s->erased_cap, s->erased_count + e->dots_count,
                                         sizeof(*erased));
    if (erased == NULL)
        return false;
    s->erased = erased;
    *dots = dbk_alloc_array(e->dots_count, sizeof(**dots));
    if (*dots != NULL)
        memcpy(*dots, e->dots, e->dots_count * sizeof(**dots));
    return *dots != NULL;
}

void dbk_roster_put_order(dbk_roster *r, dbk_dot *dots, const dbk_entry *e)
{
    roster_space *s = &r->spaces[dbk_roster_place_of_space(r, &e->space)];
    uint32_t order = (uint32_t)r->orders_count++;
    r->orders[order] = (dbk_order){ .seq = e->seq,
                                    .time_ms = e->time_ms,
                                    .space = e->space,
                                    .review = e->review,
                                    .dots = dots,
                                    .dots_count = e->dots_count };
    /* Both are ascending, so they are merged from the end. */
    size_t old = s->erased_count, more = e->dots_count;
    s->erased_count += more;
    for (size_t to = s->erased_count; more > 0; to--) {
        if (old > 0 && dbk_dot_compare(dot_of(r, &s->erased[old - 1]), &dots[more - 1]) > 0)
            s->erased[to - 1] = s->erased[--old];
        else
            s->erased[to - 1] = (roster_erased){ order, (uint32_t)--more };
    }
}

void dbk_roster_free_order(dbk_order *order)
{
    dbk_free(order->dots);
}

void dbk_roster_check_orders(const dbk_roster *r)
{
    size_t ordered = 0, erased = 0;
    for (size_t i = 0; i < r->orders_count; i++) {
        DBK_ASSERT(r->orders[i].seq < r->count);
        DBK_ASSERT(i == 0 || r->orders[i - 1].seq < r->orders[i].seq);
        ordered += r->orders[i].dots_count;
    }
    for (size_t i = 0; i < r->spaces_count; i++) {
        const roster_space *s = &r->spaces[i];
        erased += s->erased_count;
        for (size_t k = 0; k < s->erased_count; k++) {
            const roster_erased *at = &s->erased[k];
            DBK_ASSERT(dbk_id_equal(&r->orders[at->order].space, &s->space.space));
            DBK_ASSERT(at->dot < r->orders[at->order].dots_count);
            DBK_ASSERT(k == 0 || dbk_dot_compare(dot_of(r, at - 1), dot_of(r, at)) < 0);
        }
    }
    DBK_ASSERT(ordered == erased);
}
