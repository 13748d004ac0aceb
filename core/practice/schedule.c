#include "core/practice/schedule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/room.h"
#include "core/base/text.h"
#include "core/practice/wording.h"

#define ITEMS_MAX 99999u /* as the form has it */
#define NUMBER_SIZE 24u

static const char *const number_fields[] = {
    [DBK_MG6C] = "mg6c_number", [DBK_MG6D] = "mg6d_number"
};
static const char *const number_names[] = { [DBK_MG6C] = "MG6C", [DBK_MG6D] = "MG6D" };

/* ---- the items of a case --------------------------------------------------------------------- */

typedef struct item {
    dbk_id record, about; /* about: the record that it lists, or zero */
    uint64_t numbers[2];
    bool withdrawn, sensitive, considered;
    int64_t when_ms;
} item;
typedef struct items {
    dbk_book *book;
    item *rows;
    size_t count, room;
} items;

static dbk_rc keep(items *all, const item *one, dbk_err *err)
{
    if (all->count == ITEMS_MAX)
        return dbk_fail(err, DBK_LIMIT, "a case has more than %u items", ITEMS_MAX);
    item *rows = dbk_room_for(all->rows, &all->room, all->count + 1, sizeof(*rows));
    if (rows == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the items");
    all->rows = rows;
    all->rows[all->count++] = *one;
    return DBK_OK;
}

static uint64_t number_in(dbk_span value)
{
    dbk_cbor c = dbk_cbor_from(value);
    return dbk_cbor_peek(&c) == DBK_CBOR_UINT ? dbk_cbor_get_uint(&c) : 0;
}

/* What an officer wrote of it is proposed, and no number. */
static dbk_rc read_number(uint64_t *number, dbk_reading *r, const char *field, dbk_err *err)
{
    dbk_span value;
    dbk_rc rc = dbk_reading_value(r, &value, field, err);
    *number = rc == DBK_OK && dbk_reading_is_hq(r->note, field) ? number_in(value) : 0;
    return rc;
}

static dbk_rc look_item(void *ctx, const dbk_row *row, dbk_err *err)
{
    items *all = ctx;
    dbk_reading r;
    item one = { .record = row->record,
                 .when_ms = row->when_ms,
                 .withdrawn = row->life == DBK_LIFE_WITHDRAWN };
    bool no = false;
    dbk_rc rc = dbk_reading_open(&r, all->book, &row->record, err);
    for (unsigned k = 0; rc == DBK_OK && k < 2; k++)
        rc = read_number(&one.numbers[k], &r, number_fields[k], err);
    if (rc == DBK_OK)
        rc = dbk_reading_says(&r, &one.sensitive, "sensitive", "yes", err);
    if (rc == DBK_OK)
        rc = dbk_reading_says(&r, &no, "sensitive", "no", err);
    if (rc == DBK_OK)
        rc = dbk_reading_ref(&r, &one.about, "item", err);
    one.considered = one.sensitive || no;
    dbk_reading_wipe(&r);
    return rc == DBK_OK ? keep(all, &one, err) : rc;
}

/* number 0: whatever theirs is. */
typedef struct wanted {
    const dbk_id *case_id, *space;
    unsigned kind;
    uint64_t number;
} wanted;

static dbk_rc read_wanted(items *all, dbk_book *book, const wanted *w, dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE], number[NUMBER_SIZE];
    const dbk_where where[] = { { "case_id", uuid }, { number_fields[w->kind], number } };
    const dbk_list_opts opts = { .form = DBK_ITEM_FORM,
                                 .space = w->space,
                                 .where = where,
                                 .where_count = w->number == 0 ? 1 : 2,
                                 .since_ms = INT64_MIN,
                                 .with_withdrawn = true };
    *all = (items){ .book = book };
    dbk_id_uuid(uuid, w->case_id);
    (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)w->number);
    return dbk_query_list(book, &opts, look_item, all, err);
}

static dbk_rc read_items(items *all, dbk_book *book, const dbk_id *case_id, const dbk_id *space,
                         dbk_err *err)
{
    const wanted w = { .case_id = case_id, .space = space };
    return read_wanted(all, book, &w, err);
}

/* ---- a schedule ------------------------------------------------------------------------------ */

/* Is it on the schedule now? */
static bool belongs(const item *one, dbk_schedule_kind kind)
{
    return !one->withdrawn && one->considered && one->sensitive == (kind == DBK_MG6D);
}

static int by_number(const void *pa, const void *pb)
{
    const dbk_schedule_line *a = pa, *b = pb;
    if ((a->number == 0) != (b->number == 0))
        return a->number == 0 ? 1 : -1;
    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    if (a->when_ms != b->when_ms)
        return a->when_ms < b->when_ms ? -1 : 1;
    return dbk_span_compare(dbk_span_of(a->record.b, sizeof(a->record.b)),
                            dbk_span_of(b->record.b, sizeof(b->record.b)));
}

static dbk_schedule_line line_of(const item *one, dbk_schedule_kind kind)
{
    return (dbk_schedule_line){ .record = one->record,
                                .number = one->numbers[kind],
                                .when_ms = one->when_ms,
                                .state = belongs(one, kind) ? DBK_ITEM_LISTED
                                                            : DBK_ITEM_WITHDRAWN };
}

/* Numbers are without gaps: one that isn't here has its line too. */
static dbk_rc fill_gaps(dbk_schedule *s, size_t found, dbk_err *err)
{
    uint64_t next = 1;
    s->count = found;
    for (size_t i = 0; i < found; i++) {
        if (s->lines[i].number == 0)
            break;
        if (s->lines[i].number < next)
            return dbk_fail(err, DBK_CONFLICT,
                            "two items have the number %llu: at headquarters, give the one that "
                            "was numbered last another, by `edit`",
                            (unsigned long long)s->lines[i].number);
        for (; next < s->lines[i].number; next++)
            s->lines[s->count++] = (dbk_schedule_line){ .number = next, .state = DBK_ITEM_MISSING };
        next++;
    }
    s->missing = s->count - found;
    qsort(s->lines, s->count, sizeof(s->lines[0]), by_number);
    return DBK_OK;
}

static uint64_t highest(const items *all, dbk_schedule_kind kind)
{
    uint64_t high = 0;
    for (size_t i = 0; i < all->count; i++)
        if (all->rows[i].numbers[kind] > high)
            high = all->rows[i].numbers[kind];
    return high;
}

static dbk_rc make(dbk_schedule *s, const items *all, dbk_schedule_kind kind, dbk_err *err)
{
    size_t found = 0;
    s->lines = dbk_alloc_array(all->count + highest(all, kind) + 1, sizeof(s->lines[0]));
    if (s->lines == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the schedule");
    for (size_t i = 0; i < all->count; i++) {
        const item *one = &all->rows[i];
        bool on = belongs(one, kind);
        s->listed += on;
        s->unnumbered += on && one->numbers[kind] == 0;
        s->unconsidered += !one->withdrawn && !one->considered;
        if (on || one->numbers[kind] != 0)
            s->lines[found++] = line_of(one, kind);
    }
    qsort(s->lines, found, sizeof(s->lines[0]), by_number);
    return fill_gaps(s, found, err);
}

dbk_rc dbk_schedule_make(dbk_schedule *out, dbk_book *book, dbk_schedule_kind kind,
                         const dbk_id *case_id, const dbk_id *space, dbk_err *err)
{
    items all;
    *out = (dbk_schedule){ .lines = NULL };
    dbk_rc rc = read_items(&all, book, case_id, space, err);
    if (rc == DBK_OK)
        rc = make(out, &all, kind, err);
    dbk_free(all.rows);
    return rc;
}

void dbk_schedule_wipe(dbk_schedule *s)
{
    dbk_free(s->lines);
    *s = (dbk_schedule){ .lines = NULL };
}

/* ---- numbers --------------------------------------------------------------------------------- */

static dbk_rc give(dbk_book *book, const dbk_id *record, const char *field, uint64_t number,
                   dbk_err *err)
{
    char text[NUMBER_SIZE];
    dbk_problems problems = { 0 };
    const dbk_input input = { .op = DBK_INPUT_SET, .field = field, .text = text };
    const dbk_edit edit = { .record = *record, .inputs = &input, .inputs_count = 1 };
    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    dbk_rc rc = dbk_journal_edit(book, &problems, &edit, err);
    dbk_problems_wipe(&problems);
    return rc;
}

static dbk_rc number_kind(dbk_book *book, uint64_t *given, const items *all, dbk_schedule_kind kind,
                          dbk_err *err)
{
    dbk_schedule s = { .lines = NULL };
    uint64_t next = highest(all, kind) + 1;
    dbk_rc rc = make(&s, all, kind, err);
    for (size_t i = 0; rc == DBK_OK && i < s.count; i++) {
        if (s.lines[i].number != 0)
            continue;
        rc = give(book, &s.lines[i].record, number_fields[kind], next++, err);
        *given += rc == DBK_OK;
    }
    dbk_schedule_wipe(&s);
    return rc;
}

dbk_rc dbk_schedule_number(dbk_book *book, uint64_t *given, const dbk_id *case_id,
                           const dbk_id *space, dbk_err *err)
{
    items all;
    dbk_role role = dbk_book_role(book, space);
    *given = 0;
    if (role != DBK_ROLE_HQ && role != DBK_ROLE_ADMIN)
        return dbk_fail(err, DBK_DENIED, "only headquarters gives items their numbers");
    dbk_rc rc = read_items(&all, book, case_id, space, err);
    for (unsigned kind = 0; rc == DBK_OK && kind < 2; kind++)
        rc = number_kind(book, given, &all, kind, err);
    dbk_free(all.rows);
    return rc;
}

/* ---- what is on no schedule ------------------------------------------------------------------ */

typedef struct search {
    dbk_book *book;
    const items *items;
    dbk_unlisted *out;
} search;

static bool is_item(const items *all, const dbk_id *record)
{
    for (size_t i = 0; i < all->count; i++)
        if (!all->rows[i].withdrawn && dbk_id_equal(&all->rows[i].about, record))
            return true;
    return false;
}

static dbk_rc look_record(void *ctx, const dbk_row *row, dbk_err *err)
{
    const search *s = ctx;
    dbk_reading r;
    bool relevant = false, to_review = false;
    if (strcmp(row->form, DBK_ITEM_FORM) == 0 || is_item(s->items, &row->record))
        return DBK_OK;
    dbk_rc rc = dbk_reading_open(&r, s->book, &row->record, err);
    if (rc == DBK_OK)
        rc = dbk_reading_says(&r, &relevant, "cpia", "relevant", err);
    if (rc == DBK_OK)
        rc = dbk_reading_says(&r, &to_review, "cpia", "to_review", err);
    s->out->relevant += relevant;
    s->out->to_review += to_review;
    dbk_reading_wipe(&r);
    return rc;
}

dbk_rc dbk_schedule_unlisted(dbk_unlisted *out, dbk_book *book, const dbk_id *case_id,
                             const dbk_id *space, dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE];
    const dbk_where where = { "case_id", uuid };
    const dbk_list_opts opts = {
        .space = space, .where = &where, .where_count = 1, .since_ms = INT64_MIN
    };
    items all;
    search s = { book, &all, out };
    *out = (dbk_unlisted){ 0 };
    dbk_id_uuid(uuid, case_id);
    dbk_rc rc = read_items(&all, book, case_id, space, err);
    if (rc == DBK_OK)
        rc = dbk_query_list(book, &opts, look_record, &s, err);
    dbk_free(all.rows);
    return rc;
}

/* ---- before an item is saved ----------------------------------------------------------------- */

typedef struct judging {
    const dbk_intent *p;
    dbk_problems *problems;
    dbk_id case_id; /* zero: none */
} judging;

static dbk_rc holders(const judging *j, uint64_t *count, unsigned kind, uint64_t number,
                      dbk_err *err)
{
    const wanted w = { &j->case_id, j->p->space, kind, number };
    items all = { .rows = NULL };
    dbk_rc rc = DBK_OK;
    *count = 0;
    if (number != 0 && !dbk_id_is_zero(&j->case_id))
        rc = read_wanted(&all, j->p->book, &w, err);
    for (size_t i = 0; i < all.count; i++)
        *count += all.rows[i].numbers[kind] == number;
    dbk_free(all.rows);
    return rc;
}

/* A number that two items have, by two desks at once, is the one that may be changed. */
static dbk_rc judge_number(const judging *j, unsigned kind, dbk_err *err)
{
    const char *field = number_fields[kind], *name = number_names[kind];
    uint64_t now = number_in(j->p->value(j->p->ctx, field)), having_now = 0;
    uint64_t before = number_in(j->p->before(j->p->ctx, field)), having_before = 0;
    if (now == before)
        return DBK_OK;
    dbk_rc rc = holders(j, &having_now, kind, now, err);
    if (rc == DBK_OK)
        rc = holders(j, &having_before, kind, before, err);
    if (rc == DBK_OK && having_now > 0)
        rc = dbk_problems_add(j->problems, DBK_PROBLEM, field, err,
                              "Number on the %s: %llu is another item's. Numbers are never used "
                              "twice.",
                              name, (unsigned long long)now);
    if (rc == DBK_OK && having_before == 1)
        rc = dbk_problems_add(j->problems, DBK_PROBLEM, field, err,
                              "Number on the %s: this item has number %llu for good.", name,
                              (unsigned long long)before);
    return rc;
}

static dbk_rc judge_case(const judging *j, const dbk_id *before, dbk_err *err)
{
    dbk_id now = dbk_element_id(j->p->value(j->p->ctx, "case_id"));
    bool numbered = number_in(j->p->before(j->p->ctx, number_fields[DBK_MG6C])) != 0 ||
                    number_in(j->p->before(j->p->ctx, number_fields[DBK_MG6D])) != 0;
    if (dbk_id_is_zero(before) || dbk_id_equal(before, &now) || !numbered)
        return DBK_OK;
    return dbk_problems_add(j->problems, DBK_PROBLEM, "case_id", err,
                            "Case: the item has its number on a schedule of that case. Withdraw "
                            "it, and list it in the other.");
}

static dbk_rc says_same(const judging *j, bool *same, const dbk_id *record, dbk_span reason,
                        dbk_err *err)
{
    dbk_reading r;
    dbk_span other = { NULL, 0 };
    dbk_rc rc = dbk_reading_open(&r, j->p->book, record, err);
    if (rc == DBK_OK)
        rc = dbk_reading_text(&r, &other, "sensitive_reason", err);
    *same = rc == DBK_OK && other.len > 0 && dbk_wording_same(other, reason);
    dbk_reading_wipe(&r);
    return rc;
}

static dbk_rc find_same(const judging *j, bool *same, dbk_span reason, dbk_err *err)
{
    items all = { .rows = NULL };
    dbk_rc rc = DBK_OK;
    *same = false;
    if (!dbk_id_is_zero(&j->case_id))
        rc = read_items(&all, j->p->book, &j->case_id, j->p->space, err);
    for (size_t i = 0; rc == DBK_OK && !*same && i < all.count; i++)
        if (!all.rows[i].withdrawn && all.rows[i].sensitive)
            rc = says_same(j, same, &all.rows[i].record, reason, err);
    dbk_free(all.rows);
    return rc;
}

static dbk_rc judge_reason(const judging *j, dbk_err *err)
{
    dbk_span now = dbk_cbor_text_of(j->p->value(j->p->ctx, "sensitive_reason"));
    dbk_span before = dbk_cbor_text_of(j->p->before(j->p->ctx, "sensitive_reason"));
    bool same = false;
    if (now.len == 0 || dbk_span_equal(now, before))
        return DBK_OK;
    dbk_rc rc = find_same(j, &same, now, err);
    if (rc != DBK_OK || !same)
        return rc;
    return dbk_problems_add(
        j->problems, DBK_WARNING, "sensitive_reason", err,
        "Why it is sensitive: another item has the same words. Each item is "
        "considered by itself, never by its class: say what it is in this one.");
}

dbk_rc dbk_schedule_judge(dbk_problems *problems, const dbk_intent *proposed, dbk_err *err)
{
    judging j = { .p = proposed, .problems = problems };
    if (strcmp(dbk_form_name(proposed->form), DBK_ITEM_FORM) != 0)
        return DBK_OK;
    dbk_id before = dbk_element_id(proposed->before(proposed->ctx, "case_id"));
    j.case_id = dbk_element_id(proposed->value(proposed->ctx, "case_id"));
    dbk_rc rc = judge_case(&j, &before, err);
    for (unsigned kind = 0; rc == DBK_OK && kind < 2; kind++)
        rc = judge_number(&j, kind, err);
    return rc == DBK_OK ? judge_reason(&j, err) : rc;
}
