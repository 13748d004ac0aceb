/* What devices are in spaces, and what that lets this one do. */
#include "core/journal/book_internal.h"
#include "core/store/rows_query.h"

static const dbk_member_space *grant_of(const dbk_book *book, const dbk_id *device,
                                        const dbk_id *space)
{
    const dbk_member *m = book->roster == NULL ? NULL : dbk_roster_device(book->roster, device);
    for (size_t i = 0; m != NULL && i < m->spaces_count; i++)
        if (dbk_id_equal(&m->spaces[i].space, space))
            return &m->spaces[i];
    return NULL;
}

/* By the grant that stood at the membership which the author had seen: what comes later (another
 * role, removal) doesn't change what was. */
bool dbk_book_author_is_hq(const dbk_book *book, const dbk_id *device, const dbk_id *space,
                           const dbk_hash *members_seen)
{
    uint64_t seen = 0;
    if (book->roster == NULL || !dbk_book_chain_seq(book, &seen, members_seen))
        return false;
    dbk_role role = dbk_roster_role_at(book->roster, device, space, seen);
    return role == DBK_ROLE_HQ || role == DBK_ROLE_ADMIN;
}

/* ---- time ---------------------------------------------------------------------------------- */

/* A clock that was set back doesn't give a guest's time back: what the relay has signed for was
 * written before now. Only asked where a grant has an end. */
static uint64_t latest_ms(const dbk_book *book)
{
    uint64_t latest = book->env->now_ms(book->env->self);
    for (size_t i = 0; i < book->tables.spaces_count; i++) {
        uint64_t receipt_ms = 0;
        /* A store that can't be read proves nothing: then the time is over. */
        if (dbk_segments_newest_receipt(book->store, &receipt_ms, book->tables.spaces[i]->row,
                                        NULL) != DBK_OK)
            return UINT64_MAX;
        latest = receipt_ms > latest ? receipt_ms : latest;
    }
    return latest;
}

static bool is_over(const dbk_book *book, const dbk_member_space *grant)
{
    return grant->expires_ms != 0 && latest_ms(book) >= grant->expires_ms;
}

/* ---- this device --------------------------------------------------------------------------- */

dbk_standing dbk_book_standing_of(const dbk_book *book, const dbk_id *device, const dbk_id *space)
{
    const dbk_member_space *grant = grant_of(book, device, space);
    dbk_standing s = { .role = DBK_ROLE_NONE };
    if (grant == NULL)
        return s;
    s.role = dbk_roster_role(book->roster, device, space);
    s.until_ms = grant->expires_ms;
    s.over = is_over(book, grant);
    return s;
}

dbk_standing dbk_book_standing(const dbk_book *book, const dbk_id *space)
{
    return dbk_book_standing_of(book, &book->own.device, space);
}

dbk_role dbk_book_role(const dbk_book *book, const dbk_id *space)
{
    dbk_standing s = dbk_book_standing(book, space);
    return s.over ? DBK_ROLE_NONE : s.role;
}

bool dbk_book_is_writer(const dbk_book *book, const dbk_id *space)
{
    return dbk_roster_role(book->roster, &book->own.device, space) == DBK_ROLE_WRITER;
}

/* Who was removed keeps what it had (README, "What remains at risk"): here a time that was set from
 * the beginning ends reading, and a shared tablet shows nothing to whoever holds it. */
bool dbk_book_may_read(const dbk_book *book, const dbk_id *space)
{
    const dbk_member_space *grant = grant_of(book, &book->own.device, space);
    return grant != NULL && grant->role != DBK_ROLE_WRITER && !is_over(book, grant);
}

bool dbk_book_is_restricted(const dbk_book *book, const dbk_id *space)
{
    const dbk_space *s = book->roster == NULL ? NULL : dbk_roster_space(book->roster, space);
    return s != NULL && s->restricted;
}

dbk_rc dbk_book_check_log(const dbk_book *book, const dbk_id *space, dbk_err *err)
{
    dbk_standing s = dbk_book_standing(book, space);
    if (s.over)
        return dbk_fail(err, DBK_DENIED, "this device's time in that space is over");
    if (!dbk_role_writes(s.role))
        return dbk_fail(err, DBK_DENIED, "this device may not write in that space");
    return DBK_OK;
}

dbk_rc dbk_book_check_write(const dbk_book *book, const dbk_id *space, dbk_err *err)
{
    dbk_rc rc = dbk_book_check_log(book, space, err);
    if (rc == DBK_OK && dbk_role_only_logs(dbk_book_standing(book, space).role))
        return dbk_fail(err, DBK_DENIED,
                        "an auditor reads in that space, and writes nothing but the log of use");
    return rc;
}

const dbk_space *dbk_book_roster_space(const dbk_book *book)
{
    for (size_t i = 0; book->roster != NULL && i < dbk_roster_spaces(book->roster); i++) {
        const dbk_space *space = dbk_roster_space_at(book->roster, i);
        if (space->is_roster)
            return space;
    }
    return NULL;
}
