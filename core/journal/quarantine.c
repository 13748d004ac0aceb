/* Decisions about what stands aside: log entries { "reason", "segment", "verdict" } of the record
 * that the segment's header names. */
#include "core/journal/quarantine.h"

#include <stdio.h>
#include <string.h>

#include "core/base/cbor.h"
#include "core/base/text.h"
#include "core/journal/journal_draft.h"
#include "core/journal/quarantine_internal.h"
#include "core/journal/query_internal.h"
#include "core/journal/record_id.h"

#define GROUP "verdicts"
#define WHY_SIZE 128u
#define HASH_HEX_SIZE (2u * sizeof(dbk_hash) + 1u)

dbk_id dbk_quarantine_id(const dbk_id *space, const dbk_hash *header_hash)
{
    uint8_t name[sizeof(space->b) + sizeof(header_hash->b)];
    memcpy(name, space->b, sizeof(space->b));
    memcpy(name + sizeof(space->b), header_hash->b, sizeof(header_hash->b));
    const dbk_id hash = dbk_hash_id("daybook/quarantine/1", dbk_span_of(name, sizeof(name)));
    return dbk_record_id_of(space, DBK_QUARANTINE_FORM, &hash);
}

bool dbk_quarantine_decidable(dbk_span why)
{
    static const char *const reasons[] = { DBK_WAIT_LATE, DBK_WAIT_ROLE, DBK_WAIT_FORK,
                                           DBK_WAIT_FORKED };
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (dbk_span_equal(why, dbk_span_str(reasons[i])))
            return true;
    return false;
}

bool dbk_quarantine_is_decision(const dbk_op *op)
{
    for (size_t i = 0; i < op->writes_count; i++)
        if (op->writes[i].kind == DBK_WRITE_APPEND &&
            dbk_span_equal(op->writes[i].group, dbk_span_str(GROUP)))
            return true;
    return false;
}

/* ---- reading ------------------------------------------------------------------------------- */

typedef struct judging {
    dbk_book *book;
    const dbk_book_space *space;
    char segment[HASH_HEX_SIZE];
    dbk_ruling found;
} judging;

static bool may_decide(dbk_role role)
{
    return role == DBK_ROLE_SUPERVISOR || role == DBK_ROLE_HQ || role == DBK_ROLE_ADMIN;
}

/* What an entry says about this segment, whoever wrote it. */
static dbk_ruling read_entry(const judging *j, dbk_span entry)
{
    dbk_cbor c = dbk_cbor_from(entry);
    dbk_span segment = { NULL, 0 };
    dbk_span verdict = { NULL, 0 };
    uint64_t pairs = dbk_cbor_get_map(&c);
    for (uint64_t i = 0; i < pairs && !c.failed; i++) {
        dbk_span key = dbk_cbor_get_text(&c);
        if (dbk_span_equal(key, dbk_span_str("segment")))
            segment = dbk_cbor_get_text(&c);
        else if (dbk_span_equal(key, dbk_span_str("verdict")))
            verdict = dbk_cbor_get_text(&c);
        else
            (void)dbk_cbor_get_item(&c);
    }
    if (c.failed || !dbk_span_equal(segment, dbk_span_str(j->segment)))
        return DBK_RULING_NONE;
    if (dbk_span_equal(verdict, dbk_span_str("admit")))
        return DBK_RULING_ADMITTED;
    return dbk_span_equal(verdict, dbk_span_str("refuse")) ? DBK_RULING_REFUSED : DBK_RULING_NONE;
}

typedef struct writer {
    dbk_book *book;
    const dbk_book_feed *feed;
    bool may;
} writer;

/* In time, if its author was taken out since. What came too late has no power, even when it was let
 * in itself: else two who were taken out could let each other in. */
static bool is_in_time(const writer *w, const dbk_store_place *log)
{
    const dbk_member_space *out = dbk_roster_out(w->book->roster, &w->feed->device,
                                                 &w->feed->space->space);
    return dbk_inbox_in_time(out, log);
}

static dbk_rc look_writer(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    writer *w = ctx;
    dbk_header h;
    uint64_t seen;
    dbk_rc rc = dbk_inbox_stored_header(&h, row, err);
    if (rc == DBK_OK && is_in_time(w, &row->log) &&
        dbk_book_chain_seq(w->book, &seen, &h.members_seen))
        w->may = may_decide(dbk_roster_role_at(w->book->roster, &w->feed->device, &h.space, seen));
    return rc;
}

/* Did the op's author hold the right by the membership that it had seen? */
static dbk_rc check_writer(const judging *j, bool *may, const dbk_dot *dot, dbk_err *err)
{
    writer w = { j->book, dbk_tables_feed(&j->book->tables, &dot->feed), false };
    *may = false;
    if (w.feed == NULL || w.feed->space != j->space)
        return DBK_OK;
    dbk_rc rc = dbk_segments_at(j->book->store, w.feed->row, dot->seq, look_writer, &w, err);
    *may = w.may;
    return rc;
}

static dbk_rc look_record(void *ctx, const dbk_store_record *row, dbk_err *err)
{
    judging *j = ctx;
    dbk_state *s = NULL;
    dbk_rc rc = dbk_query_state(&s, row, err);
    const dbk_state_group *g = rc == DBK_OK ? dbk_state_group_find(s, dbk_span_str(GROUP)) : NULL;
    for (size_t i = 0; g != NULL && i < g->entries_count && rc == DBK_OK; i++) {
        bool may = false;
        dbk_ruling says = read_entry(j, g->entries[i].value);
        if (says <= j->found)
            continue;
        rc = check_writer(j, &may, &g->entries[i].dot, err);
        if (rc == DBK_OK && may)
            j->found = says;
    }
    dbk_state_free(s);
    return rc;
}

dbk_rc dbk_quarantine_ruling(dbk_book *book, dbk_ruling *out, const dbk_book_space *space,
                             const dbk_hash *header_hash, dbk_err *err)
{
    judging j = { .book = book, .space = space };
    dbk_err inner = { 0 };
    dbk_id record = dbk_quarantine_id(&space->space, header_hash);
    *out = DBK_RULING_NONE;
    dbk_hex_print(j.segment, dbk_span_of(header_hash->b, sizeof(header_hash->b)));
    dbk_rc rc = dbk_records_find(book->store, &record, space->row, look_record, &j, &inner);
    if (rc == DBK_NOT_FOUND)
        return DBK_OK;
    if (rc == DBK_OK)
        *out = j.found;
    return rc == DBK_OK ? DBK_OK : dbk_fail(err, rc, "%s", inner.text);
}

/* ---- deciding ------------------------------------------------------------------------------ */

typedef struct target {
    const dbk_id *id;
    bool is_found, decidable;
    dbk_id space;
    dbk_hash hash;
    char why[WHY_SIZE];
} target;

static dbk_rc look_target(void *ctx, const dbk_aside *aside, dbk_err *err)
{
    target *t = ctx;
    (void)err;
    if (dbk_id_equal(&aside->id, t->id)) {
        t->is_found = true;
        t->decidable = aside->decidable;
        t->space = aside->space;
        t->hash = aside->hash;
        (void)snprintf(t->why, sizeof(t->why), "%s", aside->why);
    }
    return DBK_OK;
}

static dbk_rc find_target(target *t, dbk_book *book, const dbk_id *id, dbk_err *err)
{
    t->id = id;
    dbk_rc rc = dbk_quarantine_each(book, look_target, t, err);
    if (rc == DBK_OK && !t->is_found)
        rc = dbk_fail(err, DBK_NOT_FOUND, "nothing stands aside under this id");
    return rc;
}

static dbk_rc check_decision(const dbk_draft *d, const target *t, const dbk_decision *decision,
                             dbk_err *err)
{
    if (!may_decide(d->role))
        return dbk_fail(err, DBK_DENIED,
                        "only a supervisor or headquarters decides about notes that stand aside");
    if (decision->admit && !t->decidable)
        return dbk_fail(err, DBK_DENIED, "that can't be let in: %s", t->why);
    return dbk_reason_check(decision->reason, err);
}

/* One log entry; the keys in the order of their encoding. */
static dbk_rc write_entry(dbk_draft *d, const dbk_hash *hash, const dbk_decision *decision,
                          dbk_err *err)
{
    char hex[HASH_HEX_SIZE];
    dbk_bytes value = DBK_BYTES_INIT(DBK_OP_PLAIN_BYTES_MAX);
    dbk_cbor_out o = dbk_cbor_to(&value, err);
    dbk_hex_print(hex, dbk_span_of(hash->b, sizeof(hash->b)));
    dbk_cbor_put_array(&o, 1);
    dbk_cbor_put_map(&o, 3);
    dbk_cbor_put_str(&o, "reason");
    dbk_cbor_put_str(&o, decision->reason);
    dbk_cbor_put_str(&o, "segment");
    dbk_cbor_put_str(&o, hex);
    dbk_cbor_put_str(&o, "verdict");
    dbk_cbor_put_str(&o, decision->admit ? "admit" : "refuse");
    dbk_rc rc = o.rc;
    if (rc == DBK_OK)
        rc = dbk_draft_write(d, DBK_WRITE_APPEND, dbk_span_str(GROUP), dbk_bytes_span(&value), err);
    dbk_bytes_wipe(&value);
    return rc;
}

dbk_rc dbk_quarantine_decide(dbk_book *book, uint64_t *merged, const dbk_decision *decision,
                             dbk_err *err)
{
    dbk_draft d = { 0 };
    target t = { 0 };
    dbk_inbox_stats stats = { 0 };
    *merged = 0;
    dbk_rc rc = find_target(&t, book, &decision->id, err);
    /* A draft without the record's state: a log entry replaces nothing. */
    if (rc == DBK_OK)
        rc = dbk_draft_new(&d, book, &t.space, DBK_QUARANTINE_FORM, err);
    if (rc == DBK_OK)
        rc = check_decision(&d, &t, decision, err);
    d.record = decision->id;
    if (rc == DBK_OK)
        rc = write_entry(&d, &t.hash, decision, err);
    if (rc == DBK_OK)
        rc = dbk_draft_save(&d, err);
    if (rc == DBK_OK)
        rc = dbk_inbox_retry(book, &t.space, &stats, err);
    *merged = stats.ops;
    dbk_draft_wipe(&d);
    return rc;
}
