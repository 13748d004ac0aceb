#include "core/practice/breach.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/room.h"
#include "core/journal/orglog.h"

#define FORM "breach"
#define HOUR_MS 3600000u
#define BREACHES_MAX 65536u

/* Of the form's answers those after which nothing waits any more. */
static const char *const ends[] = { "told", "need_not_be_told" };

typedef struct gathering {
    const dbk_breach_opts *opts;
    dbk_breach *rows;
    size_t count, room;
} gathering;

/* ---- who was reported ------------------------------------------------------------------------ */

static dbk_rc make_room(gathering *g, dbk_err *err)
{
    if (g->count == BREACHES_MAX)
        return dbk_fail(err, DBK_LIMIT, "more than %u lost devices", BREACHES_MAX);
    dbk_breach *rows = dbk_room_for(g->rows, &g->room, g->count + 1, sizeof(*rows));
    if (rows == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the lost devices");
    g->rows = rows;
    return DBK_OK;
}

static dbk_rc take_change(void *ctx, const dbk_orglog_row *change, dbk_err *err)
{
    gathering *g = ctx;
    const dbk_entry *e = change->entry;
    bool stolen = dbk_span_equal(e->reason, dbk_span_str("stolen"));
    if (e->kind != DBK_ENTRY_REVOKE ||
        (!stolen && !dbk_span_equal(e->reason, dbk_span_str("lost"))))
        return DBK_OK;
    dbk_rc rc = make_room(g, err);
    if (rc == DBK_OK)
        g->rows[g->count++] = (dbk_breach){ .device = e->device,
                                            .stolen = stolen,
                                            .reported_ms = e->time_ms,
                                            .until_ms = e->time_ms + DBK_BREACH_HOURS * HOUR_MS };
    return rc;
}

/* ---- what was decided ------------------------------------------------------------------------ */

static bool is_end(dbk_span decision)
{
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        if (dbk_span_equal(decision, dbk_span_str(ends[i])))
            return true;
    return false;
}

static dbk_rc take_record(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    gathering *g = ctx;
    dbk_id device = { { 0 } };
    dbk_span text = { NULL, 0 };
    char typed[DBK_ID_HEX_SIZE] = "";
    if (g->opts->shows != NULL && !g->opts->shows(g->opts->ctx, &row->space))
        return DBK_OK;
    dbk_rc rc = dbk_reading_text(r, &text, "device", err);
    if (rc != DBK_OK || text.len >= sizeof(typed) || text.len == 0)
        return rc;
    memcpy(typed, text.p, text.len);
    if (dbk_id_parse(&device, typed, NULL) != DBK_OK)
        return DBK_OK;
    rc = dbk_reading_text(r, &text, "decision", err);
    bool ended = rc == DBK_OK && is_end(text) && dbk_reading_is_hq(r->note, "decision");
    for (size_t i = 0; rc == DBK_OK && i < g->count; i++) {
        dbk_breach *b = &g->rows[i];
        if (!dbk_id_equal(&b->device, &device) || b->decided)
            continue;
        b->record = row->record;
        b->decided = ended;
    }
    return rc;
}

dbk_rc dbk_breaches(dbk_breach **out, size_t *count, dbk_book *book, const dbk_breach_opts *opts,
                    dbk_err *err)
{
    gathering g = { .opts = opts };
    *out = NULL;
    *count = 0;
    dbk_rc rc = dbk_orglog_each(book, 0, take_change, &g, err);
    if (rc == DBK_OK && g.count > 0)
        rc = dbk_reading_each(book, FORM, take_record, &g, err);
    if (rc != DBK_OK) {
        dbk_free(g.rows);
        return rc;
    }
    *out = g.rows;
    *count = g.count;
    return DBK_OK;
}

/* ---- what it could read ---------------------------------------------------------------------- */

typedef struct counting {
    uint64_t until_ms, records;
} counting;

static dbk_rc count_row(void *ctx, const dbk_row *row, dbk_err *err)
{
    counting *c = ctx;
    (void)err;
    c->records += row->begun_ms <= c->until_ms ? 1 : 0;
    return DBK_OK;
}

dbk_rc dbk_breach_reach_of(dbk_breach_reach *out, dbk_book *book, const dbk_breach *breach,
                           const dbk_id *space, dbk_err *err)
{
    const dbk_member *m = dbk_roster_device(dbk_book_roster(book), &breach->device);
    const dbk_list_opts opts = { .space = space, .since_ms = INT64_MIN, .with_withdrawn = true };
    counting c = { .until_ms = breach->reported_ms };
    *out = (dbk_breach_reach){ .role = DBK_ROLE_NONE };
    for (size_t i = 0; m != NULL && i < m->spaces_count; i++)
        if (dbk_id_equal(&m->spaces[i].space, space)) {
            out->role = m->spaces[i].role;
            out->left = m->spaces[i].removed;
        }
    if (out->role == DBK_ROLE_NONE)
        return DBK_OK;
    dbk_rc rc = dbk_query_heard(book, &out->heard_ms, &breach->device, space, err);
    if (rc == DBK_OK && out->role != DBK_ROLE_WRITER)
        rc = dbk_query_list(book, &opts, count_row, &c, err);
    out->records = c.records;
    return rc;
}
