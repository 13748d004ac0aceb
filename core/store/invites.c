#include "core/store/invites.h"

#include "core/store/sql.h"

#define COLUMNS "invite,secret,name,role,spaces,expires_ms,request,until_ms,person"

dbk_rc dbk_invites_add(dbk_store *store, const dbk_store_invite *row, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_INVITE_ADD,
                             "INSERT INTO invite(" COLUMNS ") VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_id(&q, 1, &row->invite);
    dbk_sql_bind_blob(&q, 2, dbk_secret_bytes(row->secret));
    dbk_sql_bind_text(&q, 3, row->name);
    dbk_sql_bind_int(&q, 4, row->role);
    dbk_sql_bind_blob(&q, 5, row->spaces);
    dbk_sql_bind_uint(&q, 6, row->expires_ms);
    dbk_sql_bind_blob(&q, 7, row->request);
    dbk_sql_bind_uint(&q, 8, row->until_ms);
    dbk_sql_bind_id(&q, 9, &row->person);
    return dbk_sql_run(&q, err);
}

dbk_rc dbk_invites_set_request(dbk_store *store, const dbk_id *invite, dbk_span request,
                               dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_INVITE_SET_REQUEST,
                             "UPDATE invite SET request=?2 WHERE invite=?1", err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_id(&q, 1, invite);
    dbk_sql_bind_blob(&q, 2, request);
    return dbk_sql_run(&q, err);
}

dbk_rc dbk_invites_del(dbk_store *store, const dbk_id *invite, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_INVITE_DEL, "DELETE FROM invite WHERE invite=?1",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_id(&q, 1, invite);
    return dbk_sql_run(&q, err);
}

static dbk_rc give(dbk_sql *q, dbk_store_invite_fn fn, void *ctx, dbk_err *err)
{
    dbk_store_invite row = { 0 };
    dbk_secret *secret = NULL;
    dbk_sql_copy(q, 0, row.invite.b, sizeof(row.invite.b));
    dbk_span bytes = dbk_sql_blob(q, 1);
    row.name = dbk_sql_text(q, 2);
    row.role = (uint32_t)dbk_sql_uint(q, 3);
    row.spaces = dbk_sql_blob(q, 4);
    row.expires_ms = dbk_sql_uint(q, 5);
    row.request = dbk_sql_blob(q, 6);
    row.until_ms = dbk_sql_uint(q, 7);
    dbk_sql_copy(q, 8, row.person.b, sizeof(row.person.b));
    dbk_rc rc = dbk_sql_read_all(q, err);
    if (rc == DBK_OK)
        rc = dbk_secret_from(&secret, bytes, err);
    row.secret = secret;
    if (rc == DBK_OK)
        rc = fn(ctx, &row, err);
    dbk_secret_free(secret);
    return rc;
}

static dbk_rc walk(dbk_sql *q, uint64_t *count, dbk_store_invite_fn fn, void *ctx, dbk_err *err)
{
    bool more = true;
    dbk_rc rc;
    *count = 0;
    for (;;) {
        rc = dbk_sql_next(q, &more, err);
        if (rc != DBK_OK || !more)
            break;
        rc = give(q, fn, ctx, err);
        if (rc != DBK_OK)
            break;
        (*count)++;
    }
    dbk_sql_close(q);
    return rc;
}

dbk_rc dbk_invites_get(dbk_store *store, const dbk_id *invite, dbk_store_invite_fn fn, void *ctx,
                       dbk_err *err)
{
    dbk_sql q;
    uint64_t found = 0;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_INVITE_GET,
                             "SELECT " COLUMNS " FROM invite WHERE invite=?1", err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_id(&q, 1, invite);
    rc = walk(&q, &found, fn, ctx, err);
    if (rc == DBK_OK && found == 0)
        rc = dbk_fail(err, DBK_NOT_FOUND, "there is no such invite");
    return rc;
}

dbk_rc dbk_invites_each(dbk_store *store, dbk_store_invite_fn fn, void *ctx, dbk_err *err)
{
    dbk_sql q;
    uint64_t count = 0;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_INVITE_EACH,
                             "SELECT " COLUMNS " FROM invite ORDER BY id", err);
    return rc == DBK_OK ? walk(&q, &count, fn, ctx, err) : rc;
}
