#include "core/practice/dispute.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/room.h"

#define PAST_BYTES_MAX (16u * 1024u * 1024u)

/* A write with what its author named and had seen; the places are of the two stores below. */
typedef struct past_row {
    dbk_past_value v;
    size_t value_at, reason_at;
    size_t pred_at, pred_count, context_at, context_count;
} past_row;

struct dbk_past {
    dbk_span group; /* while loading */
    past_row *rows; /* by (claimed time, dot) */
    size_t count, room;
    dbk_bytes texts; /* values and reasons */
    dbk_bytes dots;
};

void dbk_past_free(dbk_past *past)
{
    if (past == NULL)
        return;
    dbk_bytes_wipe(&past->texts);
    dbk_bytes_wipe(&past->dots);
    dbk_free(past->rows);
    dbk_free(past);
}

/* ---- loading --------------------------------------------------------------------------------- */

static dbk_rc keep_dots(dbk_past *p, size_t *at, const dbk_dot *dots, size_t count, dbk_err *err)
{
    *at = p->dots.len / sizeof(dbk_dot);
    if (count == 0)
        return DBK_OK;
    return dbk_bytes_append(&p->dots, dbk_span_of((const uint8_t *)dots, count * sizeof(*dots)),
                            err);
}

static dbk_rc make_room(dbk_past *p, dbk_err *err)
{
    if (p->count == DBK_PAST_VALUES_MAX)
        return dbk_fail(err, DBK_LIMIT, "more than %u values were written here",
                        DBK_PAST_VALUES_MAX);
    past_row *rows = dbk_room_for(p->rows, &p->room, p->count + 1, sizeof(*rows));
    if (rows == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a record's past");
    p->rows = rows;
    return DBK_OK;
}

static dbk_rc keep_write(dbk_past *p, const dbk_event *e, const dbk_write *w, dbk_err *err)
{
    dbk_rc rc = make_room(p, err);
    if (rc != DBK_OK)
        return rc;
    past_row row = { .v = { .dot = e->dot,
                            .device = e->device,
                            .time = e->time,
                            .receipt_ms = e->receipt_ms,
                            .kind = w->kind,
                            .value = { NULL, w->value.len },
                            .reason = { NULL, e->op->reason.len } },
                     .value_at = p->texts.len,
                     .reason_at = p->texts.len + w->value.len,
                     .pred_count = w->pred_count,
                     .context_count = e->op->context_count };
    rc = dbk_bytes_append(&p->texts, w->value, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&p->texts, e->op->reason, err);
    if (rc == DBK_OK)
        rc = keep_dots(p, &row.pred_at, w->pred, w->pred_count, err);
    if (rc == DBK_OK)
        rc = keep_dots(p, &row.context_at, e->op->context, e->op->context_count, err);
    if (rc == DBK_OK)
        p->rows[p->count++] = row;
    return rc;
}

static dbk_rc take_event(void *ctx, const dbk_event *e, dbk_err *err)
{
    dbk_past *p = ctx;
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < e->op->writes_count; i++) {
        const dbk_write *w = &e->op->writes[i];
        bool is_register = w->kind == DBK_WRITE_SET || w->kind == DBK_WRITE_LIFECYCLE ||
                           w->kind == DBK_WRITE_RESOLVE;
        if (is_register && w->value.len > 0 && dbk_span_equal(w->group, p->group))
            rc = keep_write(p, e, w, err);
    }
    return rc;
}

dbk_rc dbk_past_load(dbk_past **out, dbk_book *book, const dbk_id *record, dbk_span group,
                     dbk_err *err)
{
    dbk_past *p = dbk_alloc(sizeof(*p));
    *out = NULL;
    if (p == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a record's past");
    *p = (dbk_past){ .group = group };
    dbk_bytes_init(&p->texts, PAST_BYTES_MAX);
    dbk_bytes_init(&p->dots, PAST_BYTES_MAX);
    dbk_rc rc = dbk_query_history(book, record, take_event, p, err);
    if (rc != DBK_OK) {
        dbk_past_free(p);
        return rc;
    }
    /* Only now do the texts stay where they are. */
    for (size_t i = 0; i < p->count; i++) {
        p->rows[i].v.value.p = p->texts.p + p->rows[i].value_at;
        p->rows[i].v.reason.p = p->texts.p + p->rows[i].reason_at;
    }
    *out = p;
    return DBK_OK;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static const past_row *find(const dbk_past *p, const dbk_dot *dot)
{
    for (size_t i = 0; i < p->count; i++)
        if (dbk_dot_compare(&p->rows[i].v.dot, dot) == 0)
            return &p->rows[i];
    return NULL;
}

const dbk_past_value *dbk_past_of(const dbk_past *past, const dbk_dot *dot)
{
    const past_row *row = find(past, dot);
    return row == NULL ? NULL : &row->v;
}

static dbk_dot dot_at(const dbk_past *p, size_t i)
{
    dbk_dot dot;
    memcpy(&dot, p->dots.p + i * sizeof(dot), sizeof(dot));
    return dot;
}

/* Had the author of row seen the write at dot? Their own earlier writes count. */
static bool had_seen(const dbk_past *p, const past_row *row, const dbk_dot *dot)
{
    if (dbk_id_equal(&row->v.dot.feed, &dot->feed))
        return dot->seq < row->v.dot.seq;
    for (size_t i = 0; i < row->context_count; i++) {
        dbk_dot seen = dot_at(p, row->context_at + i);
        if (dbk_id_equal(&seen.feed, &dot->feed))
            return dot->seq <= seen.seq;
    }
    return false;
}

static bool all_had_seen(const dbk_past *p, const dbk_state_group *g, const dbk_dot *dot)
{
    for (size_t i = 0; i < g->registers_count; i++) {
        const past_row *row = find(p, &g->registers[i].dot);
        if (row == NULL || !had_seen(p, row, dot))
            return false;
    }
    return g->registers_count > 0;
}

const dbk_past_value *dbk_past_common(const dbk_past *past, const dbk_state_group *group)
{
    /* Claimed times never run against what an author had seen: the newest is the last. A standing
     * value is never one that all had seen, as its own author had not before writing it. */
    for (size_t i = past->count; i > 0; i--)
        if (all_had_seen(past, group, &past->rows[i - 1].v.dot))
            return &past->rows[i - 1].v;
    return NULL;
}

const dbk_past_value *dbk_past_decision(const dbk_past *past, const dbk_state_group *group)
{
    if (group->registers_count != 1 || group->registers[0].kind != DBK_WRITE_RESOLVE)
        return NULL;
    const past_row *row = find(past, &group->registers[0].dot);
    return row == NULL ? NULL : &row->v;
}

const dbk_past_value *dbk_past_replaced(const dbk_past *past, const dbk_past_value *decision,
                                        size_t i)
{
    const past_row *row = find(past, &decision->dot);
    for (size_t k = 0; row != NULL && k < row->pred_count; k++) {
        dbk_dot dot = dot_at(past, row->pred_at + k);
        const past_row *before = find(past, &dot);
        if (before != NULL && i-- == 0)
            return &before->v;
    }
    return NULL;
}
