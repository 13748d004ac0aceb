/* Entries that need two administrators: the first one's device proposes, the second one's agrees.
 */
#include <stdio.h>
#include <string.h>

#include "core/journal/inbox.h"
#include "sync/driver/driver.h"
#include "sync/driver/line.h"
#include "sync/engine/msg.h"

#define TARGET_MAX 128u
#define SHORT_DIGITS 8 /* of a proposal's id, in a sentence */

/* ---- proposing --------------------------------------------------------------------------- */

/* DBK_PROPOSED: it waits. DBK_CONFLICT: the chain has moved on. */
dbk_rc dbk_line_propose(dbk_line *line, dbk_span entry, dbk_err *err)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_proposed proposed;
    dbk_call call = { .method = "POST",
                      .target = "/v1/proposals",
                      .content_type = "application/octet-stream",
                      .body = entry,
                      .has_body = true,
                      .answer_max = DBK_CONTROL_BYTES_MAX };
    dbk_rc rc = dbk_line_ask(line, &call, err);
    if (rc == DBK_OK)
        rc = dbk_proposed_put(line->book, entry, err);
    if (rc == DBK_OK)
        rc = dbk_proposed_get(line->book, &proposed, err);
    if (rc != DBK_OK)
        return rc;
    dbk_id_hex(hex, &proposed.id);
    return dbk_fail(err, DBK_PROPOSED,
                    "not done yet: a second administrator must agree, on a device of theirs: "
                    "daybook org agree %.*s",
                    SHORT_DIGITS, hex);
}

/* ---- what waits -------------------------------------------------------------------------- */

/* The relay's list; it stands in the line's answer. */
static dbk_rc fetch(dbk_line *line, dbk_err *err)
{
    bool ours;
    dbk_call call = { .method = "GET",
                      .target = "/v1/proposals",
                      .answer_max = DBK_RANGE_BYTES_MAX };
    /* What they follow must be known here before they can be judged. */
    dbk_rc rc = dbk_line_catch_up(line, (dbk_span){ NULL, 0 }, &ours, err);
    return rc == DBK_OK ? dbk_line_ask(line, &call, err) : rc;
}

static dbk_rc each(dbk_line *line, dbk_proposal_fn fn, void *ctx, dbk_err *err)
{
    dbk_err end = { 0 };
    dbk_span entry, left = dbk_bytes_span(&dbk_line_answer(line)->body);
    for (;;) {
        dbk_err why = { 0 };
        dbk_proposal p;
        dbk_rc rc = dbk_entries_next(&left, &entry, &end);
        if (rc != DBK_OK)
            return rc == DBK_NOT_FOUND ? DBK_OK : dbk_fail(err, DBK_PEER, "%s", end.text);
        rc = dbk_proposal_open(&p, line->book, entry, &why);
        if (rc == DBK_CONFLICT)
            continue; /* the chain moved on between the two answers */
        if (rc == DBK_NOMEM || rc == DBK_VERSION)
            return dbk_fail(err, rc, "%s", why.text);
        if (rc != DBK_OK)
            return dbk_fail(err, DBK_PEER, "the relay shows a proposal that can't stand: %s",
                            why.text);
        rc = fn(ctx, &p, entry, err);
        dbk_proposal_wipe(&p);
        if (rc != DBK_OK)
            return rc;
    }
}

dbk_rc dbk_driver_proposals(dbk_book *book, dbk_transport *t, dbk_proposal_fn fn, void *ctx,
                            dbk_err *err)
{
    dbk_line line;
    dbk_rc rc = dbk_line_open(&line, book, t, err);
    if (rc == DBK_OK)
        rc = fetch(&line, err);
    if (rc == DBK_OK)
        rc = each(&line, fn, ctx, err);
    dbk_line_close(&line);
    return rc;
}

/* ---- agreeing, declining ----------------------------------------------------------------- */

dbk_rc dbk_driver_agree(dbk_book *book, dbk_transport *t, dbk_span entry, dbk_err *err)
{
    dbk_line line;
    dbk_bytes whole = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_err lost = { 0 };
    dbk_rc rc = dbk_line_open(&line, book, t, err);
    if (rc == DBK_OK)
        rc = dbk_proposal_agree(book, &whole, entry, err);
    if (rc == DBK_OK) {
        rc = dbk_line_post(&line, dbk_bytes_span(&whole), &lost);
        if (rc == DBK_CONFLICT)
            rc = dbk_fail(err, rc,
                          "the organisation changed meanwhile: this proposal counts no more");
        else if (rc != DBK_OK)
            rc = dbk_fail(err, rc, "%s", lost.text);
    }
    if (rc == DBK_OK)
        rc = dbk_line_rotate_due(&line, err);
    dbk_line_close(&line);
    dbk_bytes_wipe(&whole);
    return rc;
}

dbk_rc dbk_driver_decline(dbk_book *book, dbk_transport *t, const dbk_proposal *p, dbk_err *err)
{
    dbk_line line;
    char target[TARGET_MAX], hex[DBK_ID_HEX_SIZE];
    dbk_bytes body = DBK_BYTES_INIT(DBK_CONTROL_BYTES_MAX);
    dbk_id_hex(hex, &p->id);
    (void)snprintf(target, sizeof(target), "/v1/proposals/%s/decline", hex);
    dbk_rc rc = dbk_line_open(&line, book, t, err);
    if (rc == DBK_OK)
        rc = dbk_decline_encode(&body, p->decoded.entry.seq, err);
    dbk_call call = { .method = "POST",
                      .target = target,
                      .content_type = "application/json",
                      .body = dbk_bytes_span(&body),
                      .has_body = true,
                      .answer_max = DBK_CONTROL_BYTES_MAX };
    if (rc == DBK_OK)
        rc = dbk_line_ask(&line, &call, err);
    dbk_line_close(&line);
    dbk_bytes_wipe(&body);
    return rc;
}

/* ---- at each sync ------------------------------------------------------------------------ */

typedef struct heeding {
    dbk_sync_report *report;
    const dbk_id *own; /* what this device proposed, or NULL */
    bool own_waits;
} heeding;

static dbk_rc heed_one(void *ctx, const dbk_proposal *p, dbk_span entry, dbk_err *err)
{
    heeding *h = ctx;
    (void)entry;
    (void)err;
    h->own_waits = h->own_waits || (h->own != NULL && dbk_id_equal(h->own, &p->id));
    h->report->to_agree += p->mine ? 0 : 1;
    return DBK_OK;
}

/* Can this device's person be the second, or have need of one? */
static bool is_one_of_two(const dbk_book *book)
{
    const dbk_roster *roster = dbk_book_roster(book);
    const dbk_entry rules = { .kind = DBK_ENTRY_POLICY };
    dbk_id self = dbk_book_device(book);
    const dbk_member *me = roster == NULL ? NULL : dbk_roster_device(roster, &self);
    return me != NULL && !me->revoked && me->role == DBK_ROLE_ADMIN &&
           dbk_roster_signers_needed(roster, &rules) == 2;
}

dbk_rc dbk_line_heed_proposals(dbk_line *line, dbk_sync_report *report, dbk_err *err)
{
    dbk_proposed own;
    dbk_proposed_fate fate = DBK_PROPOSED_WAITS;
    dbk_err absent = { 0 };
    heeding h = { .report = report };
    if (!is_one_of_two(line->book))
        return DBK_OK;
    dbk_rc rc = fetch(line, err);
    if (rc == DBK_OK)
        rc = dbk_proposed_get(line->book, &own, &absent);
    if (rc == DBK_OK) {
        h.own = &own.id;
        rc = dbk_proposed_look(line->book, &fate, &own, err);
    } else if (rc == DBK_NOT_FOUND) {
        rc = DBK_OK;
    }
    if (rc == DBK_OK)
        rc = each(line, heed_one, &h, err);
    if (rc != DBK_OK || h.own == NULL)
        return rc;
    if (fate == DBK_PROPOSED_WAITS && h.own_waits) {
        report->proposal = DBK_OWN_WAITS;
        return DBK_OK;
    }
    report->proposal = fate == DBK_PROPOSED_WAITS    ? DBK_OWN_DECLINED
                       : fate == DBK_PROPOSED_AGREED ? DBK_OWN_AGREED
                                                     : DBK_OWN_OVERTAKEN;
    return dbk_proposed_forget(line->book, err);
}
