/* Carrying orders out on this device, and what each device has said of them. */
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/audit.h"
#include "core/practice/dispose_internal.h"

static const char *const outcome_names[] = {
#define OUTCOME_NAME(name, text) [DBK_DISPOSE_##name] = (text),
    DBK_DISPOSE_OUTCOME_TABLE(OUTCOME_NAME)
#undef OUTCOME_NAME
};

const char *dbk_dispose_outcome_name(dbk_dispose_outcome outcome)
{
    DBK_ASSERT(outcome < DBK_DISPOSE_OUTCOMES);
    return outcome_names[outcome];
}

/* ---- carrying out -------------------------------------------------------------------------- */

typedef struct carrying {
    dbk_book *book;
    dbk_retention *rows; /* NULL: not asked for yet */
    size_t rows_count;
    int64_t now_ms;
} carrying;

/* Everything that is held decides, not only what may be shown. */
static dbk_rc load(carrying *c, dbk_err *err)
{
    const dbk_retention_opts opts = { .now_ms = c->now_ms };
    if (c->rows != NULL)
        return DBK_OK;
    return dbk_retention_all(&c->rows, &c->rows_count, c->book, &opts, err);
}

static void unload(carrying *c)
{
    dbk_free(c->rows);
    c->rows = NULL;
    c->rows_count = 0;
}

static dbk_dispose_outcome outcome_of(const carrying *c, const dbk_id *subject)
{
    for (size_t i = 0; i < c->rows_count; i++) {
        if (!dbk_id_equal(&c->rows[i].record, subject))
            continue;
        return c->rows[i].stand == DBK_RETENTION_DISPOSE ? DBK_DISPOSE_DONE
               : c->rows[i].held                         ? DBK_DISPOSE_HELD
                                                         : DBK_DISPOSE_CHANGED;
    }
    return DBK_DISPOSE_CHANGED; /* it may not be read here: nobody can say that nothing came */
}

/* Who was taken out of the space, or only writes there, can't know what came since, and has nothing
 * to say: it is the others' decision. */
static bool judges(const dbk_book *book, const dbk_id *space)
{
    return dbk_role_reads(dbk_book_standing(book, space).role);
}

static dbk_rc judge(carrying *c, dbk_dispose_outcome *out, const dbk_order *order, dbk_err *err)
{
    dbk_id *ids = NULL;
    size_t count = 0;
    *out = DBK_DISPOSE_DONE;
    if (!judges(c->book, &order->space))
        return DBK_OK;
    dbk_rc rc = dbk_disposal_records(c->book, &ids, &count, order, err);
    if (rc == DBK_OK)
        rc = dbk_dispose_subjects(c->book, ids, &count, err);
    if (rc == DBK_OK && count > 0)
        rc = load(c, err);
    for (size_t i = 0; i < count && rc == DBK_OK && *out == DBK_DISPOSE_DONE; i++)
        *out = outcome_of(c, &ids[i]);
    dbk_free(ids);
    return rc;
}

static dbk_rc attest(dbk_book *book, const dbk_disposed *done, dbk_err *err)
{
    char order[DBK_ID_HEX_SIZE];
    dbk_id_hex(order, &done->order);
    const dbk_audit_entry entry = { .op = DBK_AUDIT_ERASURE,
                                    .space = done->space,
                                    .what = dbk_dispose_outcome_name(done->outcome),
                                    .count = done->ops,
                                    .order = order };
    if (dbk_book_check_log(book, &done->space, NULL) != DBK_OK)
        return DBK_OK; /* it writes nothing there any more */
    return dbk_audit_log(book, &entry, err);
}

/* What went is gone, and has to be said: it is owed until the log of use holds it. */
static dbk_rc tell(carrying *c, const dbk_disposed *done, const dbk_order *order,
                   dbk_disposed_fn fn, void *ctx, dbk_err *err)
{
    dbk_rc rc = attest(c->book, done, err);
    if (rc == DBK_OK)
        rc = dbk_disposal_said(c->book, order, err);
    return rc == DBK_OK ? fn(ctx, done, err) : rc;
}

static dbk_rc carry_out(carrying *c, const dbk_disposal *order, dbk_disposed_fn fn, void *ctx,
                        dbk_err *err)
{
    dbk_disposed done = { .order = order->id, .space = order->order->space };
    dbk_rc rc = judge(c, &done.outcome, order->order, err);
    if (rc == DBK_OK && done.outcome == DBK_DISPOSE_DONE) {
        dbk_err why = { 0 };
        rc = dbk_disposal_erase(c->book, &done.ops, order->order, &why);
        unload(c);             /* what stood with others may stand otherwise without it */
        if (rc == DBK_PENDING) /* it stays due until the notes have come that it needs */
            return DBK_OK;
        if (rc != DBK_OK)
            return dbk_fail(err, rc, "%s", why.text);
        return tell(c, &done, order->order, fn, ctx, err);
    }
    /* Said before it is noted, so that it is said once at least; that it is still kept was said. */
    if (rc == DBK_OK && order->state == DBK_DISPOSAL_DUE)
        rc = attest(c->book, &done, err);
    if (rc == DBK_OK)
        rc = dbk_disposal_keep(c->book, order->order, err);
    return rc == DBK_OK ? fn(ctx, &done, err) : rc;
}

static dbk_rc settle(carrying *c, const dbk_disposal *order, dbk_disposed_fn fn, void *ctx,
                     dbk_err *err)
{
    const dbk_disposed owed = { .order = order->id,
                                .space = order->order->space,
                                .outcome = DBK_DISPOSE_DONE,
                                .ops = order->owed };
    switch (order->state) {
    case DBK_DISPOSAL_OWED: /* the program ended between the two */
        return tell(c, &owed, order->order, fn, ctx, err);
    case DBK_DISPOSAL_KEPT:
        return order->changed ? carry_out(c, order, fn, ctx, err) : DBK_OK;
    case DBK_DISPOSAL_DUE:
        return carry_out(c, order, fn, ctx, err);
    case DBK_DISPOSAL_DONE:
        break;
    }
    return DBK_OK;
}

dbk_rc dbk_dispose_carry_out(dbk_book *book, int64_t now_ms, dbk_disposed_fn fn, void *ctx,
                             dbk_err *err)
{
    carrying c = { .book = book, .now_ms = now_ms };
    bool due = false;
    dbk_rc rc = dbk_disposal_any_due(book, &due, err);
    for (size_t i = 0; rc == DBK_OK && due && i < dbk_disposals_count(book); i++) {
        dbk_disposal order;
        rc = dbk_disposal_at(book, &order, i, err);
        if (rc == DBK_OK)
            rc = settle(&c, &order, fn, ctx, err);
    }
    unload(&c);
    return rc;
}

/* ---- what was said ------------------------------------------------------------------------- */

#define CLOCKS_APART_MS (30LL * 24 * 60 * 60 * 1000) /* how wrong a device's clock may be */

typedef struct listening {
    const dbk_disposal *order;
    char hex[DBK_ID_HEX_SIZE];
    dbk_dispose_word *words;
    size_t count;
} listening;

/* The newest word of a device stands; but what is done stays done. */
static dbk_rc hear(void *ctx, const dbk_audit_row *row, dbk_err *err)
{
    listening *l = ctx;
    (void)err;
    if (row->op != DBK_AUDIT_ERASURE || !dbk_span_equal(row->order, dbk_span_str(l->hex)) ||
        !dbk_id_equal(&row->space, &l->order->order->space))
        return DBK_OK;
    for (size_t i = 0; i < l->count; i++) {
        dbk_dispose_word *w = &l->words[i];
        if (!dbk_id_equal(&w->device, &row->device) ||
            (w->said && (w->outcome == DBK_DISPOSE_DONE || w->at_ms > row->at_ms)))
            continue;
        for (unsigned o = 0; o < DBK_DISPOSE_OUTCOMES; o++) {
            if (!dbk_span_equal(row->what, dbk_span_str(outcome_names[o])))
                continue;
            w->said = true;
            w->outcome = (dbk_dispose_outcome)o;
            w->at_ms = row->at_ms;
        }
    }
    return DBK_OK;
}

dbk_rc dbk_dispose_words(dbk_dispose_word **out, size_t *count, dbk_book *book,
                         const dbk_disposal *order, dbk_err *err)
{
    const dbk_roster *roster = dbk_book_roster(book);
    listening l = { .order = order };
    const dbk_audit_opts opts = { .from_ms = (int64_t)order->order->time_ms - CLOCKS_APART_MS,
                                  .to_ms = INT64_MAX };
    *count = 0;
    *out = l.words = dbk_alloc_array(dbk_roster_devices(roster) + 1, sizeof(*l.words));
    if (l.words == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for devices");
    dbk_id_hex(l.hex, &order->id);
    for (size_t i = 0; i < dbk_roster_devices(roster); i++) {
        const dbk_member *m = dbk_roster_device_at(roster, i);
        dbk_role role = dbk_roster_role(roster, &m->device, &order->order->space);
        if (!m->revoked && dbk_role_reads(role))
            l.words[l.count++] = (dbk_dispose_word){ .device = m->device };
    }
    *count = l.count;
    return dbk_audit_each(book, &opts, hear, &l, err);
}
