#include "sync/relay/log_copy.h"

#include <string.h>

#include "sync/relay/log_floor.h"
#include "sync/relay/log_snapshot.h"
#include "sync/relay/roll.h"

#define SPACES_BYTES_MAX (4u * 1024u * 1024u)
#define PREFIX_MAX 0xfeu /* no key begins with 0xff (log.h) */

typedef struct copy {
    const dbk_log *to;
    dbk_id space;
    const dbk_log_filter *filter; /* NULL: none */
} copy;

static dbk_rc copy_fork(const copy *c, const dbk_log_row *row, dbk_err *err)
{
    dbk_log_fork fork;
    const dbk_log_space s = { c->to, c->space };
    dbk_rc rc = dbk_log_fork_of_row(&fork, row, err);
    if (rc == DBK_OK)
        rc = c->filter->fork(c->filter->ctx, &c->space, &fork, err);
    return rc == DBK_OK ? dbk_log_fork_put(&s, &fork, err) : rc;
}

static dbk_rc copy_row(void *ctx, const dbk_log_row *row, bool *stop, dbk_err *err)
{
    const copy *c = ctx;
    (void)stop;
    /* What can be made or brought again; and a backup would keep what is disposed of later. */
    if (c->filter != NULL && !dbk_id_is_zero(&c->space) &&
        (dbk_log_row_is_snapshot(row) || dbk_log_row_is_beside(row)))
        return DBK_OK;
    if (c->filter != NULL && !dbk_id_is_zero(&c->space) && dbk_log_row_is_fork(row))
        return copy_fork(c, row, err);
    return c->to->ops->put(c->to->self, &c->space, row, err);
}

static dbk_rc copy_segment(void *ctx, const dbk_log_segment *segment, bool *stop, dbk_err *err)
{
    const copy *c = ctx;
    dbk_log_segment s = *segment;
    dbk_rc rc = DBK_OK;
    (void)stop;
    if (c->filter != NULL)
        rc = c->filter->segment(c->filter->ctx, &c->space, &s, err);
    return rc == DBK_OK ? c->to->ops->segment_append(c->to->self, &c->space, &s, err) : rc;
}

static dbk_rc copy_space(copy *c, const dbk_log *from, dbk_err *err)
{
    dbk_log_read read = { 0, copy_segment, c, 0 };
    dbk_rc rc = DBK_OK;
    for (unsigned byte = 0; byte <= PREFIX_MAX && rc == DBK_OK; byte++) {
        uint8_t prefix = (uint8_t)byte;
        dbk_log_scan scan = { dbk_span_of(&prefix, 1), { NULL, 0 }, copy_row, c };
        rc = from->ops->scan(from->self, &c->space, &scan, err);
    }
    return rc == DBK_OK ? from->ops->segments_read(from->self, &c->space, &read, err) : rc;
}

static dbk_rc copy_all(const dbk_log *to, const dbk_log *from, dbk_span spaces,
                       const dbk_log_filter *filter, dbk_err *err)
{
    copy c = { to, { { 0 } }, filter }; /* the zero space: rows of the whole organisation */
    dbk_rc rc = copy_space(&c, from, err);
    for (size_t at = 0; at + sizeof(dbk_log_move) <= spaces.len && rc == DBK_OK;
         at += sizeof(dbk_log_move)) {
        dbk_log_move move;
        memcpy(&move, spaces.p + at, sizeof(move));
        c.space = move.space;
        rc = copy_space(&c, from, err);
    }
    return rc;
}

static dbk_rc spaces_of(const dbk_log *log, dbk_bytes *out, const dbk_env *env, dbk_err *err)
{
    dbk_roll *roll = NULL;
    dbk_rc rc = dbk_roll_new(&roll, log, env, err);
    if (rc == DBK_OK)
        rc = dbk_roll_logs(roll, out, err);
    dbk_roll_free(roll);
    return rc;
}

static dbk_rc check_empty(const dbk_log *log, dbk_err *err)
{
    dbk_log_report report;
    dbk_rc rc = dbk_log_check_deep(log, &report, err);
    if (rc == DBK_OK && report.entries != 0)
        rc = dbk_fail(err, DBK_CONFLICT, "there is an organisation in that log already");
    return rc;
}

dbk_rc dbk_log_copy_through(const dbk_log *to, const dbk_log *from, const dbk_log_filter *filter,
                            const dbk_env *env, dbk_err *err)
{
    dbk_bytes spaces = DBK_BYTES_INIT(SPACES_BYTES_MAX);
    dbk_rc rc = spaces_of(from, &spaces, env, err);
    if (rc == DBK_OK)
        rc = copy_all(to, from, dbk_bytes_span(&spaces), filter, err);
    dbk_bytes_wipe(&spaces);
    return rc;
}

dbk_rc dbk_log_copy(const dbk_log *to, const dbk_log *from, const dbk_env *env,
                    dbk_log_report *report, dbk_err *err)
{
    dbk_bytes spaces = DBK_BYTES_INIT(SPACES_BYTES_MAX);
    dbk_log_report before;
    dbk_rc rc = check_empty(to, err);
    if (rc == DBK_OK)
        rc = dbk_log_check_deep(from, &before, err);
    if (rc == DBK_OK)
        rc = spaces_of(from, &spaces, env, err);
    if (rc == DBK_OK)
        rc = to->ops->begin(to->self, err);
    if (rc == DBK_OK) {
        rc = copy_all(to, from, dbk_bytes_span(&spaces), NULL, err);
        if (rc == DBK_OK)
            rc = to->ops->commit(to->self, err);
        else
            to->ops->rollback(to->self);
    }
    if (rc == DBK_OK)
        rc = dbk_log_check_deep(to, report, err);
    if (rc == DBK_OK && memcmp(&before, report, sizeof(before)) != 0)
        rc = dbk_fail(err, DBK_DAMAGED, "the copy doesn't hold what the log does");
    dbk_bytes_wipe(&spaces);
    return rc;
}
