/* Whether what came may stand in its author's feed: by the author's role, by when it came, and of
 * an auditor by what it holds (decision 0029). */
#include "core/journal/audit.h"
#include "core/journal/inbox_internal.h"
#include "core/journal/query_internal.h"

bool dbk_inbox_in_time(const dbk_member_space *out, const dbk_store_place *log)
{
    return out == NULL || (out->cut_known && log->known && log->index < out->cut_size);
}

static dbk_role role_of(const dbk_book *book, const dbk_member *author, const dbk_id *space)
{
    const dbk_member_space *out = dbk_roster_out(book->roster, &author->device, space);
    return out == NULL ? dbk_roster_role(book->roster, &author->device, space) : out->role;
}

/* Why this op may not be an auditor's. What can't be understood isn't one either. */
static dbk_rc check_op(dbk_book *book, const char **why, const dbk_member *author,
                       const dbk_segment_in *in, uint32_t place, dbk_bytes *plain, dbk_err *err)
{
    const dbk_store_segment row = { .header = in->header_bytes,
                                    .body = in->body,
                                    .kept = in->kept };
    dbk_opened o = { 0 };
    dbk_err cause = { 0 };
    dbk_rc rc = dbk_query_open_op(book, &o, plain, &row, place, &cause);
    if (rc == DBK_OK && !dbk_audit_is_entry(&o.op.op, &in->header.space, &author->device))
        *why = DBK_WAIT_ROLE;
    dbk_op_decoded_wipe(&o.op);
    if (rc == DBK_NOMEM || rc == DBK_IO)
        return dbk_fail(err, rc, "%s", cause.text);
    if (rc == DBK_NOT_FOUND) /* disposed of: it says nothing any more */
        return DBK_OK;
    if (rc != DBK_OK)
        *why = rc == DBK_PENDING   ? DBK_WAIT_KEY
               : rc == DBK_VERSION ? DBK_WAIT_NEWER
                                   : DBK_WAIT_ROLE;
    return DBK_OK;
}

/* An auditor's segment takes its place once it was opened, and every op in it is an entry of that
 * device's own log of use. Until then it stands aside: the relay can't tell what is in it. */
static dbk_rc check_log(dbk_book *book, const char **why, const dbk_member *author,
                        const dbk_segment_in *in, dbk_err *err)
{
    dbk_bytes plain = DBK_BYTES_INIT(DBK_QUERY_PLAIN_BYTES_MAX);
    dbk_rc rc = DBK_OK;
    for (uint32_t i = 0; rc == DBK_OK && *why == NULL && i < in->header.count; i++)
        rc = check_op(book, why, author, in, i, &plain, err);
    dbk_bytes_wipe(&plain);
    return rc;
}

dbk_rc dbk_inbox_may_write(dbk_book *book, const char **why, const dbk_member *author,
                           const dbk_segment_in *in, dbk_err *err)
{
    const dbk_id *space = &in->header.space;
    dbk_role role = role_of(book, author, space);
    *why = NULL;
    if (!dbk_role_writes(role))
        *why = DBK_WAIT_ROLE;
    else if (!dbk_inbox_in_time(dbk_roster_out(book->roster, &author->device, space), &in->log))
        *why = DBK_WAIT_LATE;
    return *why == NULL && dbk_role_only_logs(role) ? check_log(book, why, author, in, err)
                                                    : DBK_OK;
}

bool dbk_inbox_waits_behind(const dbk_book *book, const dbk_member *author, const dbk_header *h,
                            uint64_t last_seq)
{
    return h->first_seq > last_seq + 1 && dbk_role_only_logs(role_of(book, author, &h->space));
}
