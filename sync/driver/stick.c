#include "sync/driver/stick.h"

#include <stdio.h>

#define TARGET_MAX 256u

void dbk_stick_remember(dbk_stick *s, const char *dir, const char *name, const dbk_err *why)
{
    (void)dbk_fail(&s->first, why->rc, "%.8s/%.40s: %s", dir, name, why->text);
}

static dbk_rc call(dbk_stick *s, const dbk_exchange *req, dbk_err *err)
{
    dbk_rc rc = s->t->ops->exchange(s->t->self, &s->answer, req, err);
    s->report->sent_bytes += s->answer.sent_bytes;
    s->report->received_bytes += s->answer.received_bytes;
    return rc;
}

dbk_rc dbk_stick_list(dbk_stick *s, dbk_bytes *out, const char *dir, dbk_err *err)
{
    char target[TARGET_MAX];
    (void)snprintf(target, sizeof(target), "/names/%s", dir);
    dbk_exchange req = { .method = "GET", .target = target };
    dbk_rc rc = call(s, &req, err);
    if (rc == DBK_OK && s->answer.status != 200)
        rc = dbk_fail(err, DBK_IO, "the folder's names can't be read");
    dbk_bytes_truncate(out, 0);
    return rc == DBK_OK ? dbk_bytes_append(out, dbk_bytes_span(&s->answer.body), err) : rc;
}

dbk_rc dbk_stick_get(dbk_stick *s, bool *there, const char *dir, const char *name, dbk_err *err)
{
    char target[TARGET_MAX];
    (void)snprintf(target, sizeof(target), "/files/%s/%s", dir, name);
    dbk_exchange req = { .method = "GET", .target = target };
    dbk_rc rc = call(s, &req, err);
    *there = rc == DBK_OK && s->answer.status == 200;
    dbk_watch_tell(s->watch, "read", ++s->files_done, 0);
    return rc;
}

dbk_rc dbk_stick_put(dbk_stick *s, const char *dir, const char *name, dbk_span body, dbk_err *err)
{
    char target[TARGET_MAX];
    (void)snprintf(target, sizeof(target), "/files/%s/%s", dir, name);
    dbk_exchange req = { .method = "PUT", .target = target, .body = body, .has_body = true };
    dbk_rc rc = call(s, &req, err);
    if (rc == DBK_OK && s->answer.status != 201)
        rc = dbk_fail(err, DBK_IO, "the folder does not take a file");
    dbk_watch_tell(s->watch, "write", ++s->files_done, 0);
    return rc;
}
