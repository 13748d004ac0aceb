#include "core/practice/clock.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/room.h"
#include "core/base/text.h"
#include "core/practice/clock_builtin.h"
#include "core/practice/duty.h"
#include "core/practice/working_day.h"

#define DATE_CHARS 10u
#define REFERRALS_MAX 262144u
#define RUNS_MAX 262144u

#define STATE_NAME(name, text) text,
static const char *const state_names[] = { DBK_CLOCK_STATE_TABLE(STATE_NAME) };
#undef STATE_NAME

const char *dbk_clock_state_name(dbk_clock_state state)
{
    return state_names[state];
}

/* ---- the table ------------------------------------------------------------------------------- */

static bool read_clock(dbk_clock *clock, const json_t *row)
{
    *clock = (dbk_clock){
        .code = json_string_value(json_object_get(row, "clock")),
        .label = json_string_value(json_object_get(row, "label")),
        .source = json_string_value(json_object_get(row, "source")),
        .from = json_string_value(json_object_get(row, "from")),
        .until = json_string_value(json_object_get(row, "until")),
        .working_days = (unsigned)json_integer_value(json_object_get(row, "working_days")),
        .enhanced_days = (unsigned)json_integer_value(json_object_get(row, "enhanced_days")),
        .verified = json_is_true(json_object_get(row, "verified")),
        .types = json_object_get(row, "types"),
    };
    return clock->code != NULL && clock->label != NULL && clock->source != NULL &&
           clock->from != NULL && clock->working_days <= DBK_WORKING_DAYS_MAX &&
           clock->enhanced_days <= clock->working_days;
}

dbk_rc dbk_clocks_init(dbk_clocks *c, dbk_err *err)
{
    *c = (dbk_clocks){ .count = 0 };
    dbk_rc rc = dbk_working_days_new(&c->days, err);
    if (rc != DBK_OK)
        return rc;
    c->last_year = dbk_working_days_last_year(c->days);
    c->json = json_loadb((const char *)dbk_blob_clock, dbk_blob_clock_len, JSON_REJECT_DUPLICATES,
                         NULL);
    size_t count = json_array_size(c->json);
    bool whole = count > 0 && count <= DBK_CLOCKS_MAX;
    for (size_t i = 0; whole && i < count; i++)
        whole = read_clock(&c->rows[c->count++], json_array_get(c->json, i));
    return whole ? DBK_OK : dbk_fail(err, DBK_FORMAT, "the table of time limits can't be read");
}

void dbk_clocks_wipe(dbk_clocks *c)
{
    json_decref(c->json);
    dbk_working_days_free(c->days);
    *c = (dbk_clocks){ .count = 0 };
}

/* Dates compare as texts. NULL: no such limit on that day. */
static const dbk_clock *in_force(const dbk_clocks *c, const char *code, int64_t began_ms)
{
    char text[DBK_TIME_TEXT_SIZE];
    dbk_time_print(text, dbk_uk_day(began_ms) * DBK_DAY_MS);
    dbk_span day = dbk_span_of(text, DATE_CHARS);
    for (size_t i = 0; i < c->count; i++) {
        const dbk_clock *row = &c->rows[i];
        if (strcmp(row->code, code) == 0 && dbk_span_compare(day, dbk_span_str(row->from)) >= 0 &&
            (row->until == NULL || dbk_span_compare(day, dbk_span_str(row->until)) <= 0))
            return row;
    }
    return NULL;
}

/* ---- one clock ------------------------------------------------------------------------------- */

/* A decision on a referral to support: when it was sent, or declined; at_ms 0: not yet. */
typedef struct referral {
    dbk_id person, case_id, record;
    int64_t at_ms;
} referral;

typedef struct walk {
    const dbk_clocks *c;
    dbk_book *book;
    const dbk_clock_opts *opts;
    dbk_clock_fn fn;
    void *ctx;
    referral *referrals; /* by person */
    size_t count, room;
    const dbk_clock_run *of_case; /* an open one: what runs for each of its victims */
    dbk_clock_run *runs;          /* when only what runs is told: so far */
    size_t runs_count, runs_room;
} walk;

static bool shows(const walk *w, const dbk_id *space)
{
    return w->opts->shows == NULL || w->opts->shows(w->opts->ctx, space);
}

/* As dbk_reading_find(): what may not be told here is as if it weren't held (P3). */
static dbk_rc find(const walk *w, dbk_reading *r, const dbk_id *record, dbk_err *err)
{
    dbk_rc rc = dbk_reading_find(r, w->book, record, err);
    if (rc == DBK_OK && r->note != NULL && !shows(w, &r->note->space))
        dbk_reading_wipe(r);
    return rc;
}

static dbk_rc tell(const walk *w, dbk_clock_run *run, const char *code, dbk_err *err)
{
    int64_t began_ms = run->began_ms != 0 ? run->began_ms : w->opts->now_ms;
    run->clock = in_force(w->c, code, began_ms);
    if (run->clock == NULL)
        return DBK_OK;
    dbk_deadline due = dbk_working_days_after(
        w->c->days, began_ms, run->enhanced ? run->clock->enhanced_days : run->clock->working_days);
    run->vouched = due.vouched;
    run->due_ms = run->began_ms != 0 ? due.at_ms : 0;
    if (run->began_ms == 0)
        run->state = DBK_CLOCK_UNKNOWN;
    else if (run->stopped_ms != 0)
        run->state = run->stopped_ms <= run->due_ms ? DBK_CLOCK_IN_TIME : DBK_CLOCK_LATE;
    else
        run->state = w->opts->now_ms <= run->due_ms ? DBK_CLOCK_RUNNING : DBK_CLOCK_OVERDUE;
    return w->fn(w->ctx, run, err);
}

static dbk_rc time_of(dbk_reading *r, int64_t *ms, const char *field, dbk_err *err)
{
    bool there = false;
    dbk_rc rc = dbk_reading_time(r, &there, ms, field, err);
    *ms = there ? *ms : 0;
    return rc;
}

static dbk_rc take_case(dbk_clock_run *run, dbk_reading *c, dbk_err *err)
{
    return c->note == NULL ? DBK_OK : dbk_reading_says(c, &run->closed, "status", "closed", err);
}

/* ---- reports of FGM -------------------------------------------------------------------------- */

static dbk_rc look_report(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    const walk *w = ctx;
    dbk_clock_run run = { .record = row->record };
    bool duty = false;
    dbk_rc rc = dbk_duty_holds(&duty, r, err);
    if (rc != DBK_OK || !duty || !shows(w, &row->space))
        return rc;
    rc = dbk_reading_ref(r, &run.person, "subject", err);
    if (rc == DBK_OK)
        rc = dbk_reading_ref(r, &run.case_id, "case_id", err);
    if (rc == DBK_OK)
        rc = time_of(r, &run.began_ms, "identified_at", err);
    if (rc == DBK_OK)
        rc = time_of(r, &run.stopped_ms, "reported_at", err);
    if (rc == DBK_OK)
        rc = dbk_reading_text(r, &run.reason, "late_reason", err);
    return rc == DBK_OK ? tell(w, &run, "fgm_report", err) : rc;
}

/* ---- key decisions --------------------------------------------------------------------------- */

static dbk_rc read_enhanced(const walk *w, dbk_clock_run *run, dbk_err *err)
{
    dbk_reading r;
    bool no = false;
    dbk_rc rc = find(w, &r, &run->person, err);
    if (rc == DBK_OK && r.note != NULL)
        rc = dbk_reading_says(&r, &no, "enhanced_rights", "no", err);
    run->enhanced = !no;
    dbk_reading_wipe(&r);
    return rc;
}

/* The first time that this person was told, or that they said that they want nothing. */
static void take_notified(dbk_clock_run *run, dbk_span log)
{
    dbk_elements e = dbk_elements_of(log);
    dbk_span one;
    int64_t at_ms;
    while (dbk_elements_next(&e, &one)) {
        dbk_id person = dbk_element_id(dbk_view_member(one, "person"));
        if (!dbk_id_equal(&person, &run->person) ||
            dbk_moment_parse(&at_ms, dbk_cbor_text_of(dbk_view_member(one, "at")), NULL) !=
                DBK_OK ||
            (run->stopped_ms != 0 && at_ms >= run->stopped_ms))
            continue;
        run->stopped_ms = at_ms;
        run->reason = dbk_cbor_text_of(dbk_view_member(one, "late_reason"));
    }
}

static void take_not_told(dbk_clock_run *run, dbk_span log)
{
    dbk_elements e = dbk_elements_of(log);
    dbk_span one;
    while (dbk_elements_next(&e, &one)) {
        dbk_id person = dbk_element_id(dbk_view_member(one, "person"));
        if (dbk_id_equal(&person, &run->person))
            run->reason = dbk_cbor_text_of(dbk_view_member(one, "reason"));
    }
}

static dbk_rc tell_victim(const walk *w, const dbk_clock_run *about, dbk_reading *r,
                          const dbk_id *person, dbk_err *err)
{
    dbk_clock_run run = *about;
    dbk_bytes told = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX),
              kept = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_span log;
    run.person = *person;
    dbk_rc rc = read_enhanced(w, &run, err);
    if (rc == DBK_OK)
        rc = dbk_reading_value(r, &log, "not_told", err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&kept, log, err);
    if (rc == DBK_OK)
        rc = dbk_reading_value(r, &log, "notified", err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&told, log, err);
    if (rc == DBK_OK) {
        take_not_told(&run, dbk_bytes_span(&kept));
        dbk_span before = run.reason;
        take_notified(&run, dbk_bytes_span(&told));
        run.reason = run.reason.len > 0 ? run.reason : before;
        rc = tell(w, &run, "update", err);
    }
    dbk_bytes_wipe(&told);
    dbk_bytes_wipe(&kept);
    return rc;
}

static dbk_rc look_decision(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    const walk *w = ctx;
    dbk_clock_run run = { .record = row->record };
    dbk_reading of_case;
    dbk_bytes victims = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_span value = { NULL, 0 };
    if (!shows(w, &row->space))
        return DBK_OK;
    dbk_rc rc = dbk_reading_ref(r, &run.case_id, "case_id", err);
    if (rc == DBK_OK)
        rc = time_of(r, &run.began_ms, "decided_at", err);
    if (rc == DBK_OK)
        rc = dbk_reading_value(r, &value, "victims", err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&victims, value, err);
    if (rc != DBK_OK)
        goto out;
    rc = find(w, &of_case, &run.case_id, err);
    if (rc == DBK_OK)
        rc = take_case(&run, &of_case, err);
    dbk_reading_wipe(&of_case);
    dbk_elements e = dbk_elements_of(dbk_bytes_span(&victims));
    while (rc == DBK_OK && dbk_elements_next(&e, &value)) {
        dbk_id person = dbk_element_id(value);
        rc = tell_victim(w, &run, r, &person, err);
    }
out:
    dbk_bytes_wipe(&victims);
    return rc;
}

static dbk_rc look_limit(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    return strcmp(row->form, "key_decision") == 0 ? look_decision(ctx, r, row, err)
                                                  : look_report(ctx, r, row, err);
}

/* ---- referrals to support -------------------------------------------------------------------- */

static dbk_rc is_support(const walk *w, bool *support, dbk_reading *r, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    *support = false;
    for (size_t i = 0; i < w->c->count; i++) {
        const json_t *types = w->c->rows[i].types;
        for (size_t k = 0; rc == DBK_OK && !*support && k < json_array_size(types); k++)
            rc = dbk_reading_says(r, support, "type", json_string_value(json_array_get(types, k)),
                                  err);
    }
    return rc;
}

/* Sent, or the victim wanted none. That we thought it not appropriate stops nothing: the right is
 * the victim's. */
static dbk_rc read_stop(int64_t *at_ms, dbk_reading *r, dbk_err *err)
{
    static const char *const wanted_none[] = { "declined", "info_left" };
    bool none = false;
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && !none && i < 2; i++)
        rc = dbk_reading_says(r, &none, "decision", wanted_none[i], err);
    return rc == DBK_OK ? time_of(r, at_ms, none ? "happened_at" : "sent_at", err) : rc;
}

static dbk_rc keep(walk *w, const referral *one, dbk_err *err)
{
    if (w->count == REFERRALS_MAX)
        return dbk_fail(err, DBK_LIMIT, "more than %u referrals", REFERRALS_MAX);
    referral *rows = dbk_room_for(w->referrals, &w->room, w->count + 1, sizeof(*rows));
    if (rows == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the referrals");
    w->referrals = rows;
    w->referrals[w->count++] = *one;
    return DBK_OK;
}

static dbk_rc look_referral(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    walk *w = ctx;
    referral one = { .record = row->record };
    bool support = false;
    dbk_rc rc = is_support(w, &support, r, err);
    if (rc != DBK_OK || !support || !shows(w, &row->space))
        return rc;
    rc = dbk_reading_ref(r, &one.person, "person", err);
    if (rc == DBK_OK)
        rc = dbk_reading_ref(r, &one.case_id, "case_id", err);
    if (rc == DBK_OK)
        rc = read_stop(&one.at_ms, r, err);
    return rc == DBK_OK ? keep(w, &one, err) : rc;
}

static int by_person(const void *pa, const void *pb)
{
    const referral *a = pa, *b = pb;
    return dbk_span_compare(dbk_span_of(a->person.b, sizeof(a->person.b)),
                            dbk_span_of(b->person.b, sizeof(b->person.b)));
}

/* Where the rows of this person begin. */
static size_t first_of(const walk *w, const dbk_id *person)
{
    const referral key = { .person = *person };
    size_t low = 0, high = w->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (by_person(&w->referrals[middle], &key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The first that was sent, or else one that wasn't: its reason is why. One that names no case
 * counts for all of the person's. */
static const referral *referral_of(const walk *w, const dbk_clock_run *run)
{
    const referral *best = NULL;
    for (size_t i = first_of(w, &run->person);
         i < w->count && dbk_id_equal(&w->referrals[i].person, &run->person); i++) {
        const referral *one = &w->referrals[i];
        if (!dbk_id_is_zero(&one->case_id) && !dbk_id_equal(&one->case_id, &run->case_id))
            continue;
        if (best == NULL || best->at_ms == 0 || (one->at_ms != 0 && one->at_ms < best->at_ms))
            best = one;
    }
    return best;
}

static dbk_rc tell_person(const walk *w, dbk_clock_run *run, dbk_reading *referral_read,
                          dbk_err *err)
{
    dbk_rc rc = dbk_reading_text(referral_read, &run->reason, "late_reason", err);
    if (rc == DBK_OK && run->reason.len == 0)
        rc = dbk_reading_text(referral_read, &run->reason, "reason", err);
    return rc == DBK_OK ? tell(w, run, "referral", err) : rc;
}

static dbk_rc look_victim(const walk *w, const dbk_id *person, const dbk_id *case_id, dbk_err *err)
{
    dbk_clock_run run = { .record = *person, .person = *person, .case_id = *case_id };
    dbk_reading of_case, of_referral;
    dbk_rc rc = find(w, &of_case, case_id, err);
    bool held = rc == DBK_OK && of_case.note != NULL;
    if (held)
        rc = take_case(&run, &of_case, err);
    if (held && rc == DBK_OK)
        rc = time_of(&of_case, &run.began_ms, "reported_at", err);
    dbk_reading_wipe(&of_case);
    if (rc != DBK_OK || !held)
        return rc;
    rc = read_enhanced(w, &run, err);
    if (rc != DBK_OK)
        return rc;
    const referral *sent = referral_of(w, &run);
    if (sent == NULL)
        return tell(w, &run, "referral", err);
    run.stopped_ms = sent->at_ms;
    rc = dbk_reading_find(&of_referral, w->book, &sent->record, err);
    if (rc == DBK_OK)
        rc = of_referral.note == NULL ? tell(w, &run, "referral", err)
                                      : tell_person(w, &run, &of_referral, err);
    dbk_reading_wipe(&of_referral);
    return rc;
}

static bool is_victim(dbk_span role)
{
    for (size_t i = 0; dbk_cue_victims[i] != NULL; i++)
        if (dbk_element_is(dbk_view_member(role, "role"), dbk_cue_victims[i]))
            return true;
    return false;
}

/* The case of a part as a victim, or zero. */
static dbk_id case_of_part(dbk_span role, const dbk_id *own)
{
    dbk_id case_id = dbk_element_id(dbk_view_member(role, "case"));
    if (!is_victim(role))
        return (dbk_id){ { 0 } };
    return dbk_id_is_zero(&case_id) ? *own : case_id;
}

/* Is one of the first `count` parts in that case? */
static bool is_before(dbk_span roles, size_t count, const dbk_id *own, const dbk_id *case_id)
{
    dbk_elements e = dbk_elements_of(roles);
    dbk_span role;
    for (size_t i = 0; i < count && dbk_elements_next(&e, &role); i++) {
        dbk_id of = case_of_part(role, own);
        if (dbk_id_equal(&of, case_id))
            return true;
    }
    return false;
}

/* Once for each case, in whatever parts. */
static dbk_rc look_person(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    const walk *w = ctx;
    dbk_id own = { { 0 } };
    size_t count = 0;
    dbk_span roles = { NULL, 0 }, role;
    dbk_bytes kept = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    if (!shows(w, &row->space))
        return DBK_OK;
    dbk_rc rc = dbk_reading_ref(r, &own, "case_id", err);
    if (rc == DBK_OK)
        rc = dbk_reading_value(r, &roles, "role_in_case", err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&kept, roles, err);
    dbk_elements e = dbk_elements_of(dbk_bytes_span(&kept));
    for (; rc == DBK_OK && dbk_elements_next(&e, &role); count++) {
        dbk_id case_id = case_of_part(role, &own);
        if (!dbk_id_is_zero(&case_id) && !is_before(dbk_bytes_span(&kept), count, &own, &case_id))
            rc = look_victim(w, &row->record, &case_id, err);
    }
    dbk_bytes_wipe(&kept);
    return rc;
}

/* ---- all, or what may still run ----------------------------------------------------------------
 */

static dbk_cued cued(dbk_cue_kind kind, const dbk_id *about)
{
    return (dbk_cued){ .kind = kind, .about = about, .from_ms = INT64_MIN, .until_ms = INT64_MAX };
}

static dbk_rc keep_run(walk *w, const dbk_clock_run *run, dbk_err *err)
{
    if (w->runs_count == RUNS_MAX)
        return dbk_fail(err, DBK_LIMIT, "more than %u time limits run", RUNS_MAX);
    dbk_clock_run *rows = dbk_room_for(w->runs, &w->runs_room, w->runs_count + 1, sizeof(*rows));
    if (rows == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the time limits");
    w->runs = rows;
    w->runs[w->runs_count++] = *run;
    return DBK_OK;
}

static dbk_rc is_victim_of(dbk_reading *r, bool *yes, const dbk_id *case_id, dbk_err *err)
{
    dbk_id own = { { 0 } };
    dbk_span roles = { NULL, 0 }, role;
    *yes = false;
    dbk_rc rc = dbk_reading_ref(r, &own, "case_id", err);
    if (rc == DBK_OK)
        rc = dbk_reading_value(r, &roles, "role_in_case", err);
    dbk_elements e = dbk_elements_of(roles);
    while (rc == DBK_OK && !*yes && dbk_elements_next(&e, &role)) {
        dbk_id of = dbk_element_id(dbk_view_member(role, "case"));
        *yes = is_victim(role) && dbk_id_equal(dbk_id_is_zero(&of) ? &own : &of, case_id);
    }
    return rc;
}

/* One person, by their own record and their own referrals alone. */
static dbk_rc look_running(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    walk *w = ctx;
    const dbk_cued referred = cued(DBK_CUE_REFERRED, &row->record);
    dbk_clock_run run = *w->of_case;
    bool victim = false, no = false;
    if (!shows(w, &row->space))
        return DBK_OK;
    dbk_rc rc = is_victim_of(r, &victim, &run.case_id, err);
    if (rc == DBK_OK && victim)
        rc = dbk_reading_says(r, &no, "enhanced_rights", "no", err);
    if (rc != DBK_OK || !victim)
        return rc;
    run.record = run.person = row->record;
    run.enhanced = !no;
    w->count = 0;
    rc = dbk_reading_cued(w->book, &referred, look_referral, w, err);
    if (rc == DBK_OK && w->count > 0)
        qsort(w->referrals, w->count, sizeof(w->referrals[0]), by_person);
    const referral *sent = rc == DBK_OK ? referral_of(w, &run) : NULL;
    return rc == DBK_OK && (sent == NULL || sent->at_ms == 0) ? keep_run(w, &run, err) : rc;
}

/* The victims of a case that may be told, isn't closed and was reported. */
static dbk_rc look_victims(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    walk *w = ctx;
    const dbk_cued parts = cued(DBK_CUE_PART, &row->record);
    dbk_clock_run run = { .case_id = row->record };
    if (!shows(w, &row->space))
        return DBK_OK;
    dbk_rc rc = take_case(&run, r, err);
    if (rc == DBK_OK && !run.closed)
        rc = time_of(r, &run.began_ms, "reported_at", err);
    if (rc != DBK_OK || run.began_ms == 0)
        return rc;
    w->of_case = &run;
    rc = dbk_reading_cued(w->book, &parts, look_running, w, err);
    w->of_case = NULL;
    return rc;
}

/* All of one person together, as they are told where everything is. */
static int by_record(const void *pa, const void *pb)
{
    const dbk_clock_run *a = pa, *b = pb;
    int order = dbk_id_compare(&a->record, &b->record);
    return order != 0 ? order : dbk_id_compare(&a->case_id, &b->case_id);
}

static dbk_rc each_running(walk *w, dbk_err *err)
{
    const dbk_cued limits = cued(DBK_CUE_LIMIT, NULL);
    dbk_cued open = cued(DBK_CUE_OPEN, NULL);
    open.with_withdrawn = true; /* who is still in it has rights all the same */
    dbk_rc rc = dbk_reading_cued(w->book, &limits, look_limit, w, err);
    if (rc == DBK_OK)
        rc = dbk_reading_cued(w->book, &open, look_victims, w, err);
    if (w->runs_count > 0)
        qsort(w->runs, w->runs_count, sizeof(w->runs[0]), by_record);
    for (size_t i = 0; rc == DBK_OK && i < w->runs_count; i++)
        rc = tell(w, &w->runs[i], "referral", err);
    return rc;
}

static dbk_rc each(walk *w, dbk_err *err)
{
    dbk_rc rc = dbk_reading_each(w->book, "fgm_report", look_report, w, err);
    if (rc == DBK_OK)
        rc = dbk_reading_each(w->book, "key_decision", look_decision, w, err);
    if (rc == DBK_OK)
        rc = dbk_reading_each(w->book, "referral", look_referral, w, err);
    if (rc == DBK_OK && w->count > 0)
        qsort(w->referrals, w->count, sizeof(w->referrals[0]), by_person);
    return rc == DBK_OK ? dbk_reading_each(w->book, "person", look_person, w, err) : rc;
}

dbk_rc dbk_clocks_each(const dbk_clocks *c, dbk_book *book, const dbk_clock_opts *opts,
                       dbk_clock_fn fn, void *ctx, dbk_err *err)
{
    walk w = { .c = c, .book = book, .opts = opts, .fn = fn, .ctx = ctx };
    dbk_rc rc = opts->running_only ? each_running(&w, err) : each(&w, err);
    dbk_free(w.referrals);
    dbk_free(w.runs);
    return rc;
}
