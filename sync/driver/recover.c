/* A restored relay's claims, held against what is here; and the root's word, if they fit. */
#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/org.h"
#include "core/journal/recovered.h"
#include "sync/driver/driver.h"
#include "sync/driver/line.h"
#include "sync/engine/msg.h"

#define TARGET_MAX 160u

typedef struct job {
    dbk_line line;
    dbk_book *book;
    dbk_recovery_plan *plan;
    dbk_bytes body; /* the claims */
    dbk_claims claims;
    dbk_log_move *logs;
} job;

void dbk_recovery_plan_wipe(dbk_recovery_plan *plan)
{
    dbk_free(plan->spaces);
    dbk_free(plan->silent);
    memset(plan, 0, sizeof(*plan));
}

/* ---- what the relay claims --------------------------------------------------------------- */

static dbk_rc fetch_claims(job *j, dbk_err *err)
{
    dbk_err inner = { 0 };
    dbk_call call = { .method = "GET",
                      .target = "/v1/recovery",
                      .answer_max = DBK_CLAIMS_BYTES_MAX };
    dbk_rc rc = dbk_line_ask(&j->line, &call, &inner);
    if (rc == DBK_NOT_FOUND)
        return dbk_fail(err, rc, "the relay was not restored: it waits for nothing");
    if (rc == DBK_DENIED)
        return dbk_fail(err, rc,
                        "only an administrator can ask, and the device that founded the "
                        "organisation sign");
    if (rc != DBK_OK)
        return dbk_fail(err, rc, "%s", inner.text);
    rc = dbk_bytes_append(&j->body, dbk_bytes_span(&dbk_line_answer(&j->line)->body), err);
    if (rc == DBK_OK && dbk_claims_decode(&j->claims, dbk_bytes_span(&j->body), &inner) != DBK_OK)
        rc = dbk_fail(err, DBK_PEER, "%s", inner.text);
    if (rc == DBK_OK && j->claims.logs_count == 0)
        rc = dbk_fail(err, DBK_PEER, "the relay waits, but does not say for what");
    return rc;
}

/* The relay has more of the log than this device: does that continue what is held here? */
static dbk_rc check_more(job *j, bool *fits, const dbk_log_move *claim,
                         const dbk_recovered_view *view, dbk_err *err)
{
    char target[TARGET_MAX], hex[DBK_ID_HEX_SIZE];
    dbk_proof proof = { .count = 0 };
    dbk_id_hex(hex, &claim->space);
    (void)snprintf(target, sizeof(target), "/v1/spaces/%s/proof?from=%llu&size=%llu", hex,
                   (unsigned long long)view->size, (unsigned long long)claim->old_size);
    dbk_call call = { .method = "GET", .target = target, .answer_max = sizeof(proof.nodes) };
    dbk_rc rc = dbk_line_ask(&j->line, &call, err);
    if (rc != DBK_OK)
        return rc;
    dbk_span got = dbk_bytes_span(&dbk_line_answer(&j->line)->body);
    *fits = got.len % DBK_HASH_BYTES == 0;
    proof.count = got.len / DBK_HASH_BYTES;
    if (got.len > 0)
        memcpy(proof.nodes, got.p, proof.count * DBK_HASH_BYTES);
    *fits = *fits && dbk_tree_check_consistency(&proof, DBK_TREE_LOG, view->size, &view->root,
                                                claim->old_size, &claim->old_root);
    return DBK_OK;
}

static dbk_rc look_at(job *j, dbk_recovery_space *out, const dbk_log_move *claim, dbk_err *err)
{
    dbk_recovered_view view;
    bool fits = true;
    dbk_rc rc = dbk_recovered_look(j->book, &view, claim, err);
    if (rc == DBK_OK && view.held && !view.contradicts && view.size > 0 &&
        view.size < claim->old_size)
        rc = check_more(j, &fits, claim, &view, err);
    *out = (dbk_recovery_space){ claim->space,      view.held,      view.contradicts || !fits,
                                 claim->old_size,   view.lost,      view.lost_devices,
                                 view.lost_from_ms, view.lost_to_ms };
    return rc;
}

static dbk_rc look_at_all(job *j, dbk_err *err)
{
    dbk_recovery_plan *plan = j->plan;
    size_t count = j->claims.logs_count;
    dbk_rc rc = DBK_OK;
    plan->spaces = dbk_alloc_array(count, sizeof(*plan->spaces));
    j->logs = dbk_alloc_array(count, sizeof(*j->logs));
    if (plan->spaces == NULL || j->logs == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for %zu logs", count);
    plan->spaces_count = count;
    memcpy(plan->why, j->claims.why.p, j->claims.why.len);
    for (size_t i = 0; i < count && rc == DBK_OK; i++) {
        j->logs[i] = dbk_claims_log(&j->claims, i);
        rc = look_at(j, &plan->spaces[i], &j->logs[i], err);
        plan->contradictions += plan->spaces[i].contradicts ? 1 : 0;
    }
    return rc;
}

/* Every entry of the chain is held by the administrator's device that posted it. */
static dbk_rc find_silent(job *j, dbk_err *err)
{
    const dbk_roster *roster = dbk_book_roster(j->book);
    dbk_recovery_plan *plan = j->plan;
    size_t devices = dbk_roster_devices(roster);
    plan->silent = dbk_alloc_array(devices, sizeof(*plan->silent));
    if (plan->silent == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for %zu devices", devices);
    for (size_t i = 0; i < devices; i++) {
        const dbk_member *m = dbk_roster_device_at(roster, i);
        bool heard = dbk_claims_heard(&j->claims, &m->device);
        if (m->revoked)
            continue;
        plan->members++;
        plan->heard += heard ? 1 : 0;
        if (m->role == DBK_ROLE_ADMIN && !heard)
            plan->silent[plan->silent_count++] = m->device;
    }
    return DBK_OK;
}

/* ---- the root's word --------------------------------------------------------------------- */

static dbk_rc build(dbk_book *book, dbk_bytes *entry, void *ctx, dbk_err *err)
{
    return dbk_org_recover(book, entry, ctx, err);
}

static dbk_rc may_sign(const dbk_recovery_plan *plan, const dbk_recovery_opts *opts, dbk_err *err)
{
    if (plan->contradictions > 0)
        return dbk_fail(err, DBK_PEER,
                        "the relay claims what never was: that is no restore, and nothing was "
                        "signed");
    if (plan->silent_count > 0 && !opts->anyway)
        return dbk_fail(err, DBK_PENDING,
                        "%zu administrators' devices have not synced since: what only they hold of "
                        "the membership would be lost",
                        plan->silent_count);
    return DBK_OK;
}

static dbk_rc sign_all(job *j, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < j->claims.logs_count && rc == DBK_OK; i += DBK_RECOVERY_LOGS_MAX) {
        size_t count = j->claims.logs_count - i;
        dbk_log_recovery r = { j->logs + i,
                               count < DBK_RECOVERY_LOGS_MAX ? count : DBK_RECOVERY_LOGS_MAX,
                               j->claims.why };
        rc = dbk_line_change(&j->line, build, &r, err);
    }
    j->plan->done = rc == DBK_OK;
    return rc;
}

/* Gives the relay what is held here; it answers that it waits. */
static dbk_rc give_back(dbk_book *book, dbk_transport *t, dbk_recovery_plan *plan, dbk_err *err)
{
    dbk_sync_report report;
    dbk_err why = { 0 };
    dbk_rc rc = dbk_driver_sync(book, t, &report, NULL, &why);
    plan->given_back = report.given_back;
    if (rc == DBK_OK || rc == DBK_PENDING)
        return DBK_OK;
    return dbk_fail(err, rc, "%s", why.text);
}

dbk_rc dbk_driver_recover(dbk_book *book, dbk_transport *t, dbk_recovery_plan *plan,
                          const dbk_recovery_opts *opts, dbk_err *err)
{
    job j = { .book = book, .plan = plan, .body = DBK_BYTES_INIT(DBK_CLAIMS_BYTES_MAX) };
    memset(plan, 0, sizeof(*plan));
    dbk_rc rc = give_back(book, t, plan, err);
    if (rc != DBK_OK)
        return rc;
    rc = dbk_line_open(&j.line, book, t, err);
    if (rc == DBK_OK)
        rc = fetch_claims(&j, err);
    if (rc == DBK_OK)
        rc = look_at_all(&j, err);
    if (rc == DBK_OK)
        rc = find_silent(&j, err);
    if (rc == DBK_OK && opts->sign)
        rc = may_sign(plan, opts, err);
    if (rc == DBK_OK && opts->sign)
        rc = sign_all(&j, err);
    dbk_line_close(&j.line);
    dbk_bytes_wipe(&j.body);
    dbk_free(j.logs);
    return rc;
}
