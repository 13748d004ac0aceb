#include "core/journal/audit.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/room.h"
#include "core/base/text.h"
#include "core/base/wire.h"
#include "core/journal/book_internal.h"
#include "core/journal/journal_draft.h"
#include "core/journal/query_internal.h"
#include "core/journal/record_id.h"
#include "core/model/deed.h"
#include "core/store/deeds.h"
#include "core/store/rows_query.h"

#define GROUP "entries"
#define ID_LABEL "daybook/audit/1"
#define HOUR_MS 3600000u
/* Each entry writes its record's state anew: what is longer goes on in the next record. An entry
 * that names as many as it may takes 20 KiB, so a day of exports stays far from any limit. */
#define STATE_BYTES_ENOUGH (16u * 1024u)
#define PARTS_MAX \
    1024u /* of one hour: a million records that are named, or more than 100,000 looks */

static const char *const op_names[] = {
#define OP_NAME(name, text) [DBK_AUDIT_##name] = (text),
    DBK_AUDIT_OP_TABLE(OP_NAME)
#undef OP_NAME
};

const char *dbk_audit_op_name(dbk_audit_op op)
{
    DBK_ASSERT(op < DBK_AUDIT_OPS);
    return op_names[op];
}

/* ---- writing ------------------------------------------------------------------------------- */

/* The part-th record of a space, device and hour. */
static dbk_id record_of(const dbk_id *space, const dbk_id *device, uint64_t hour, uint64_t part)
{
    uint8_t name[2 * DBK_ID_BYTES + 16];
    uint8_t *p = dbk_wire_put_copy(name, space->b, DBK_ID_BYTES);
    p = dbk_wire_put_copy(p, device->b, DBK_ID_BYTES);
    p = dbk_wire_put_u64(p, hour);
    (void)dbk_wire_put_u64(p, part);
    const dbk_id hash = dbk_hash_id(ID_LABEL, dbk_span_of(name, sizeof(name)));
    return dbk_record_id_of(space, DBK_FORM_AUDIT, &hash);
}

static dbk_rc measure(void *ctx, const dbk_store_record *row, dbk_err *err)
{
    (void)err;
    *(size_t *)ctx = row->state.len;
    return DBK_OK;
}

/* The first record of this hour that has room. */
static dbk_rc find_room(dbk_book *book, dbk_id *out, const dbk_id *space, uint64_t now_ms,
                        dbk_err *err)
{
    dbk_id device = dbk_book_device(book);
    for (uint64_t part = 0; part < PARTS_MAX; part++) {
        dbk_err inner = { 0 };
        size_t held = 0;
        *out = record_of(space, &device, now_ms / HOUR_MS, part);
        dbk_rc rc = dbk_records_find(book->store, out, 0, measure, &held, &inner);
        if (rc == DBK_NOT_FOUND || (rc == DBK_OK && held < STATE_BYTES_ENOUGH))
            return DBK_OK;
        if (rc != DBK_OK)
            return dbk_fail(err, rc, "%s", inner.text);
    }
    return dbk_fail(err, DBK_LIMIT, "the log of use of this hour is full: try again later");
}

static int by_id(const void *a, const void *b)
{
    return dbk_id_compare(a, b);
}

/* Arrays of ids are kept in their order. */
static void put_records(dbk_cbor_out *o, dbk_id *ids, size_t count)
{
    qsort(ids, count, sizeof(ids[0]), by_id);
    dbk_cbor_put_str(o, "records");
    dbk_cbor_put_array(o, count);
    for (size_t i = 0; i < count; i++) {
        dbk_cbor_put_tag(o, DBK_CBOR_TAG_UUID);
        dbk_cbor_put_bytes(o, ids[i].b, sizeof(ids[i].b));
    }
}

static void put_text(dbk_cbor_out *o, const char *key, const char *text)
{
    if (text == NULL)
        return;
    dbk_cbor_put_str(o, key);
    dbk_cbor_put_str(o, text);
}

/* One entry in an array; the keys in the order of their encoding. */
static void put_entry(dbk_cbor_out *o, const dbk_audit_entry *e, uint64_t now_ms, dbk_id *ids)
{
    char at[DBK_TIME_TEXT_SIZE];
    dbk_time_print(at, (int64_t)now_ms);
    dbk_cbor_put_array(o, 1);
    dbk_cbor_put_map(o, 4u + (e->order != NULL) + (e->reason != NULL) + (e->records_count > 0) +
                            (e->recipient != NULL));
    put_text(o, "at", at);
    put_text(o, "op", dbk_audit_op_name(e->op));
    put_text(o, "what", e->what);
    dbk_cbor_put_str(o, "count");
    dbk_cbor_put_uint(o, e->count);
    put_text(o, "order", e->order);
    put_text(o, "reason", e->reason);
    if (e->records_count > 0)
        put_records(o, ids, e->records_count);
    put_text(o, "recipient", e->recipient);
}

static dbk_rc write_entry(dbk_draft *d, const dbk_audit_entry *e, uint64_t now_ms, dbk_err *err)
{
    dbk_bytes value = DBK_BYTES_INIT(DBK_OP_PLAIN_BYTES_MAX);
    dbk_id *ids = dbk_alloc_array(e->records_count + 1, sizeof(ids[0]));
    if (ids == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for an entry of the log");
    if (e->records_count > 0)
        memcpy(ids, e->records, e->records_count * sizeof(ids[0]));
    dbk_cbor_out o = dbk_cbor_to(&value, err);
    put_entry(&o, e, now_ms, ids);
    dbk_rc rc = o.rc;
    if (rc == DBK_OK)
        rc = dbk_draft_write(d, DBK_WRITE_APPEND, dbk_span_str(GROUP), dbk_bytes_span(&value), err);
    dbk_bytes_wipe(&value);
    dbk_free(ids);
    return rc;
}

/* A draft without the record's state: a log entry replaces nothing. */
static dbk_rc draft_entry(dbk_draft *d, dbk_book *book, const dbk_audit_entry *entry, dbk_err *err)
{
    bool look = entry->op == DBK_AUDIT_CONSULTATION || entry->op == DBK_AUDIT_DISCLOSURE;
    DBK_ASSERT(look || entry->op > DBK_AUDIT_CONFLICT_RESOLVED ||
               (entry->op == DBK_AUDIT_ERASURE && entry->order != NULL));
    DBK_ASSERT(entry->records_count <= DBK_AUDIT_RECORDS_MAX);
    uint64_t now_ms = book->env->now_ms(book->env->self);
    bool wanted = entry->reason != NULL || (look && dbk_book_is_restricted(book, &entry->space));
    dbk_rc rc = wanted ? dbk_reason_check(entry->reason, err) : DBK_OK;
    if (rc == DBK_OK)
        rc = dbk_draft_new(d, book, &entry->space, DBK_FORM_AUDIT, err);
    if (rc == DBK_OK)
        rc = find_room(book, &d->record, &entry->space, now_ms, err);
    return rc == DBK_OK ? write_entry(d, entry, now_ms, err) : rc;
}

dbk_rc dbk_audit_log(dbk_book *book, const dbk_audit_entry *entry, dbk_err *err)
{
    dbk_draft d = { 0 };
    dbk_rc rc = draft_entry(&d, book, entry, err);
    if (rc == DBK_OK)
        rc = dbk_draft_save(&d, err);
    dbk_draft_wipe(&d);
    return rc;
}

dbk_rc dbk_audit_log_batch(dbk_batch *batch, const dbk_audit_entry *entry, dbk_err *err)
{
    dbk_draft d = { 0 };
    dbk_rc rc = draft_entry(&d, dbk_batch_book(batch), entry, err);
    if (rc == DBK_OK)
        rc = dbk_batch_take(batch, &d, err);
    dbk_draft_wipe(&d);
    return rc;
}

/* ---- whether an op is one of them ----------------------------------------------------------- */

/* The hour in which an entry says that it was written, by the clock of its device. */
static bool hour_of(uint64_t *hour, dbk_span entry)
{
    int64_t at_ms = 0;
    bool known = dbk_time_parse(&at_ms, dbk_cbor_text_of(dbk_view_member(entry, "at")), NULL) ==
                     DBK_OK &&
                 at_ms >= 0;
    *hour = known ? (uint64_t)at_ms / HOUR_MS : 0;
    return known;
}

static bool is_append(const dbk_write *w)
{
    return w->kind == DBK_WRITE_APPEND && dbk_span_equal(w->group, dbk_span_str(GROUP));
}

bool dbk_audit_is_entry(const dbk_op *op, const dbk_id *space, const dbk_id *device)
{
    uint64_t hour;
    if (!dbk_span_equal(op->form, dbk_span_str(DBK_FORM_AUDIT)) || op->writes_count != 1 ||
        !is_append(&op->writes[0]))
        return false;
    dbk_cbor c = dbk_cbor_from(op->writes[0].value);
    uint64_t count = dbk_cbor_get_array(&c);
    dbk_span entry = dbk_cbor_get_item(&c);
    if (count != 1 || c.failed || !hour_of(&hour, entry))
        return false;
    for (uint64_t part = 0; part < PARTS_MAX; part++) {
        dbk_id id = record_of(space, device, hour, part);
        if (dbk_id_equal(&id, &op->record))
            return true;
    }
    return false;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* What records tell by their own ops; the rest stands in the log's records, and erasures in both.
 */
#define OPS_OF_RECORDS                                                                       \
    (1u << DBK_AUDIT_COLLECTION | 1u << DBK_AUDIT_ALTERATION | 1u << DBK_AUDIT_COMBINATION | \
     1u << DBK_AUDIT_ERASURE | 1u << DBK_AUDIT_CONFLICT_RESOLVED)
#define OPS_OF_LOGS (~OPS_OF_RECORDS | 1u << DBK_AUDIT_ERASURE)

typedef struct kept {
    dbk_audit_row row;
    uint8_t *bytes; /* what its spans show */
} kept;

typedef struct reading reading;
struct reading {
    dbk_book *book;
    const dbk_audit_opts *opts;
    dbk_rc (*give)(reading *r, const dbk_audit_row *row, dbk_err *err);
    dbk_audit_fn fn;
    void *ctx;
    kept *rows; /* with a limit: the newest so far, the newest first */
    size_t count, room;
    bool done;            /* what is still to come is older than those */
    dbk_id space, record; /* of the record that is read */
    bool begun;           /* its first op was told */
};

static bool is_asked(const dbk_audit_opts *opts, uint32_t ops)
{
    return opts->ops == 0 || (opts->ops & ops) != 0;
}

static dbk_rc give(reading *r, const dbk_audit_row *row, dbk_err *err)
{
    bool in_time = row->at_ms >= r->opts->from_ms && row->at_ms < r->opts->to_ms;
    bool asked = in_time && is_asked(r->opts, 1u << row->op) &&
                 (r->opts->wants == NULL || r->opts->wants(r->ctx, row));
    return asked ? r->give(r, row, err) : DBK_OK;
}

static dbk_rc give_at_once(reading *r, const dbk_audit_row *row, dbk_err *err)
{
    return r->fn(r->ctx, row, err);
}

static dbk_span text_of(dbk_span map, const char *key)
{
    return dbk_cbor_text_of(dbk_view_member(map, key));
}

static bool names(dbk_span records, const dbk_id *record)
{
    dbk_cbor c = dbk_cbor_from(records);
    uint64_t count = records.len > 0 ? dbk_cbor_get_array(&c) : 0;
    for (uint64_t i = 0; i < count && !c.failed; i++) {
        dbk_id id = { { 0 } };
        (void)dbk_cbor_get_tag(&c);
        dbk_cbor_get_copy(&c, id.b, sizeof(id.b));
        if (!c.failed && dbk_id_equal(&id, record))
            return true;
    }
    return false;
}

/* Entries come from other devices, perhaps from newer ones: what can't be read isn't told. */
static dbk_rc read_entry(reading *r, const dbk_sibling *entry, dbk_err *err)
{
    dbk_authorship author;
    dbk_span op = text_of(entry->value, "op"), count = dbk_view_member(entry->value, "count");
    dbk_cbor c = dbk_cbor_from(count);
    dbk_audit_row row = { .op = DBK_AUDIT_OPS,
                          .space = r->space,
                          .place = { entry->time, entry->dot, DBK_AUDIT_OPS },
                          .at_ms = (int64_t)dbk_hlc_ms(entry->time),
                          .what = text_of(entry->value, "what"),
                          .recipient = text_of(entry->value, "recipient"),
                          .reason = text_of(entry->value, "reason"),
                          .order = text_of(entry->value, "order"),
                          .records = dbk_view_member(entry->value, "records"),
                          .count = count.len > 0 ? dbk_cbor_get_uint(&c) : 0 };
    for (unsigned i = 0; i < DBK_AUDIT_OPS; i++)
        if (dbk_span_equal(op, dbk_span_str(op_names[i])))
            row.op = i;
    row.place.op = row.op;
    if (row.op == DBK_AUDIT_OPS ||
        (r->opts->record != NULL && !names(row.records, r->opts->record)))
        return DBK_OK;
    dbk_rc rc = dbk_query_author(r->book, &author, &entry->dot, err);
    row.device = author.device;
    row.receipt_ms = author.receipt_ms;
    return rc == DBK_OK ? give(r, &row, err) : rc;
}

/* Nothing of a record is later than its last change: what ended before the time that is asked for
 * isn't opened. */
static bool is_before(const reading *r, const dbk_row *listed)
{
    return listed->updated_ms <= INT64_MAX && (int64_t)listed->updated_ms < r->opts->from_ms;
}

static dbk_rc read_log(void *ctx, const dbk_row *listed, dbk_err *err)
{
    reading *r = ctx;
    dbk_note *note = NULL;
    if (is_before(r, listed))
        return DBK_OK;
    dbk_rc rc = dbk_query_note(&note, r->book, &listed->record, err);
    const dbk_state_group *g = rc == DBK_OK ? dbk_state_group_find(note->state, dbk_span_str(GROUP))
                                            : NULL;
    r->space = listed->space;
    for (size_t i = 0; rc == DBK_OK && g != NULL && i < g->entries_count; i++)
        rc = read_entry(r, &g->entries[i], err);
    dbk_note_free(note);
    return rc;
}

static dbk_rc give_as(reading *r, dbk_audit_row *row, dbk_audit_op op, dbk_err *err)
{
    row->op = row->place.op = op;
    return give(r, row, err);
}

/* What a record's own op did to it: the first began it, and each may link or end it too. */
static dbk_rc read_event(void *ctx, const dbk_event *event, dbk_err *err)
{
    reading *r = ctx;
    uint8_t array[1 + 2 + 1 + DBK_ID_BYTES] = { 0x81, 0xd8, DBK_CBOR_TAG_UUID, 0x50 };
    memcpy(array + 4, r->record.b, DBK_ID_BYTES);
    dbk_audit_row row = { .op = r->begun ? DBK_AUDIT_ALTERATION : DBK_AUDIT_COLLECTION,
                          .space = r->space,
                          .place = { event->time, event->dot, DBK_AUDIT_OPS },
                          .device = event->device,
                          .at_ms = (int64_t)dbk_hlc_ms(event->time),
                          .receipt_ms = event->receipt_ms,
                          .records = dbk_span_of(array, sizeof(array)),
                          .count = 1 };
    bool linked = dbk_op_combines(event->op), ended = dbk_op_ends(event->op), resolved = false;
    for (size_t i = 0; i < event->op->writes_count; i++)
        resolved = resolved || event->op->writes[i].kind == DBK_WRITE_RESOLVE;
    if (r->begun && resolved)
        row.op = DBK_AUDIT_CONFLICT_RESOLVED;
    dbk_rc rc = r->begun && (linked || ended) && !resolved ? DBK_OK : give_as(r, &row, row.op, err);
    r->begun = true;
    if (rc == DBK_OK && linked)
        rc = give_as(r, &row, DBK_AUDIT_COMBINATION, err);
    return rc == DBK_OK && ended ? give_as(r, &row, DBK_AUDIT_ERASURE, err) : rc;
}

static dbk_rc read_record(void *ctx, const dbk_row *listed, dbk_err *err)
{
    reading *r = ctx;
    if (is_before(r, listed))
        return DBK_OK;
    r->space = listed->space;
    r->record = listed->record;
    r->begun = false;
    return dbk_query_history(r->book, &listed->record, read_event, r, err);
}

static dbk_rc read_one(reading *r, dbk_err *err)
{
    dbk_note *note = NULL;
    dbk_rc rc = dbk_query_note(&note, r->book, r->opts->record, err);
    if (rc != DBK_OK)
        return rc;
    const dbk_row row = { .record = note->record,
                          .space = note->space,
                          .updated_ms = dbk_hlc_ms(dbk_state_updated(note->state)) };
    rc = read_record(r, &row, err);
    dbk_note_free(note);
    return rc;
}

static dbk_rc read_all(reading *r, dbk_err *err)
{
    const dbk_list_opts logs = { .form = DBK_FORM_AUDIT,
                                 .since_ms = INT64_MIN,
                                 .with_withdrawn = true };
    const dbk_list_opts all = { .since_ms = INT64_MIN, .with_withdrawn = true };
    dbk_rc rc = DBK_OK;
    if (is_asked(r->opts, OPS_OF_RECORDS))
        rc = r->opts->record != NULL ? read_one(r, err)
                                     : dbk_query_list(r->book, &all, read_record, r, err);
    if (rc == DBK_OK && is_asked(r->opts, OPS_OF_LOGS))
        rc = dbk_query_list(r->book, &logs, read_log, r, err);
    return rc;
}

/* ---- the newest ---------------------------------------------------------------------------- */

static int compare_places(const dbk_audit_place *a, const dbk_audit_place *b)
{
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    int order = dbk_dot_compare(&a->dot, &b->dot);
    return order != 0 ? order : (a->op > b->op) - (a->op < b->op);
}

static dbk_rc copy_row(kept *out, const dbk_audit_row *row, dbk_err *err)
{
    *out = (kept){ .row = *row };
    dbk_span *spans[] = { &out->row.what, &out->row.recipient, &out->row.reason, &out->row.order,
                          &out->row.records };
    size_t len = 1, at = 0;
    for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
        len += spans[i]->len;
    out->bytes = dbk_alloc(len);
    if (out->bytes == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the log");
    for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
        if (spans[i]->len > 0)
            memcpy(out->bytes + at, spans[i]->p, spans[i]->len);
        spans[i]->p = out->bytes + at;
        at += spans[i]->len;
    }
    return DBK_OK;
}

static bool is_full(const reading *r)
{
    return r->count == r->opts->limit;
}

static dbk_rc keep_newest(reading *r, const dbk_audit_row *row, dbk_err *err)
{
    size_t at = r->count;
    kept one;
    while (at > 0 && compare_places(&row->place, &r->rows[at - 1].row.place) > 0)
        at--;
    if ((r->opts->before != NULL && compare_places(&row->place, r->opts->before) >= 0) ||
        at == r->opts->limit)
        return DBK_OK;
    dbk_rc rc = copy_row(&one, row, err);
    if (rc != DBK_OK)
        return rc;
    kept *rows = is_full(r) ? r->rows
                            : dbk_room_for(r->rows, &r->room, r->count + 1, sizeof(*rows));
    if (rows == NULL) {
        dbk_free(one.bytes);
        return dbk_fail(err, DBK_NOMEM, "no memory for the log");
    }
    if (is_full(r))
        dbk_free(rows[--r->count].bytes);
    r->rows = rows;
    memmove(rows + at + 1, rows + at, (r->count - at) * sizeof(*rows));
    rows[at] = one;
    r->count++;
    return DBK_OK;
}

/* Rows come by their last change, the newest first, and nothing of one is later than that. */
static dbk_rc read_latest(void *ctx, const dbk_store_record *row, dbk_err *err)
{
    reading *r = ctx;
    bool is_log = dbk_span_equal(row->form, dbk_span_str(DBK_FORM_AUDIT));
    const dbk_book_space *space = dbk_tables_space_of_row(&r->book->tables, row->space);
    const dbk_row listed = { .record = row->record,
                             .space = space == NULL ? (dbk_id){ { 0 } } : space->space,
                             .updated_ms = row->updated_ms };
    r->done = is_before(r, &listed) ||
              (is_full(r) && row->updated_ms < dbk_hlc_ms(r->rows[r->count - 1].row.place.time));
    if (r->done)
        return DBK_LIMIT; /* ends the walk */
    if (!dbk_query_is_open(r->book, row) ||
        !is_asked(r->opts, is_log ? OPS_OF_LOGS : OPS_OF_RECORDS))
        return DBK_OK;
    return is_log ? read_log(r, &listed, err) : read_record(r, &listed, err);
}

/* What only an op on a record that is there already does: one op alone has none of it. */
#define OPS_OF_CHANGES (1u << DBK_AUDIT_ALTERATION | 1u << DBK_AUDIT_CONFLICT_RESOLVED)

static dbk_records_changed changed_for(const dbk_audit_opts *opts)
{
    bool changes = opts->ops != 0 && (opts->ops & ~OPS_OF_CHANGES) == 0;
    return (dbk_records_changed){ .since_ms = opts->from_ms > 0 ? (uint64_t)opts->from_ms : 0,
                                  .ops_min = changes ? 2 : 0,
                                  .logs_only = !is_asked(opts, OPS_OF_RECORDS) };
}

/* What marks a record where it is done (core/store/deeds.h). */
#define OPS_OF_DEEDS (1u << DBK_AUDIT_COMBINATION | 1u << DBK_AUDIT_ERASURE)

/* The walk's end, by whoever ended it. */
static dbk_rc ended(reading *r, dbk_rc rc)
{
    bool done = r->done;
    r->done = false;
    return done ? DBK_OK : rc;
}

static dbk_rc walk_latest(reading *r, dbk_err *err)
{
    dbk_records_changed ask = changed_for(r->opts);
    bool deeds = r->opts->ops != 0 && is_asked(r->opts, OPS_OF_DEEDS) &&
                 (r->opts->ops & OPS_OF_RECORDS & ~OPS_OF_DEEDS) == 0;
    if (!deeds)
        return ended(r, dbk_records_latest(r->book->store, &ask, read_latest, r, err));
    dbk_rc rc = ended(r, dbk_deeds_latest(r->book->store, ask.since_ms, read_latest, r, err));
    ask.logs_only = true;
    return rc == DBK_OK && is_asked(r->opts, OPS_OF_LOGS)
               ? ended(r, dbk_records_latest(r->book->store, &ask, read_latest, r, err))
               : rc;
}

static dbk_rc read_newest(reading *r, dbk_err *err)
{
    if (r->opts->limit > DBK_AUDIT_LIMIT_MAX)
        return dbk_fail(err, DBK_LIMIT, "at most %u entries at once", DBK_AUDIT_LIMIT_MAX);
    dbk_rc rc = r->opts->record != NULL ? read_all(r, err) : walk_latest(r, err);
    for (size_t i = 0; rc == DBK_OK && i < r->count; i++)
        rc = r->fn(r->ctx, &r->rows[i].row, err);
    for (size_t i = 0; i < r->count; i++)
        dbk_free(r->rows[i].bytes);
    dbk_free(r->rows);
    return rc;
}

dbk_rc dbk_audit_each(dbk_book *book, const dbk_audit_opts *opts, dbk_audit_fn fn, void *ctx,
                      dbk_err *err)
{
    bool all = opts->limit == 0;
    reading r = {
        .book = book, .opts = opts, .give = all ? give_at_once : keep_newest, .fn = fn, .ctx = ctx
    };
    return all ? read_all(&r, err) : read_newest(&r, err);
}
