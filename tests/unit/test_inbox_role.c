/* An auditor's segments: the log of use and nothing else of theirs is merged by anybody (decision
 * 0029; M08; domain.md 2.6). */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/cbor.h"
#include "core/base/text.h"
#include "core/base/wire.h"
#include "core/journal/audit.h"
#include "core/journal/inbox_internal.h"
#include "core/journal/quarantine.h"
#include "core/journal/record_id.h"
#include "tests/lib/forge.h"
#include "tests/lib/inboxkit.h"
#include "tests/lib/proof.h"

#define HOUR_MS 3600000u

static void look(world *w, size_t who)
{
    dbk_err err = { 0 };
    const dbk_audit_entry entry = { .op = DBK_AUDIT_CONSULTATION,
                                    .space = w->org.space,
                                    .what = "show",
                                    .records = &w->joan,
                                    .records_count = 1,
                                    .count = 1 };
    assert_ok(dbk_audit_log(world_book(w, who), &entry, &err), &err);
}

static dbk_rc count_look(void *ctx, const dbk_audit_row *row, dbk_err *err)
{
    (void)err;
    *(size_t *)ctx += row->op == DBK_AUDIT_CONSULTATION ? 1 : 0;
    return DBK_OK;
}

static size_t looks_at(world *w, size_t who)
{
    size_t count = 0;
    dbk_err err = { 0 };
    const dbk_audit_opts opts = { .record = &w->joan, .from_ms = INT64_MIN, .to_ms = INT64_MAX };
    assert_ok(dbk_audit_each(world_book(w, who), &opts, count_look, &count, &err), &err);
    return count;
}

static void pull_all(world *w, size_t who, dbk_inbox_stats *stats)
{
    memset(stats, 0, sizeof(*stats));
    minilog_pull(&w->log, world_book(w, who), 100, stats);
}

static void make(world *w)
{
    world_make(w);
    (void)minilog_push(&w->log, world_book(w, ANNE), KIT_NOON_MS);
}

static void an_auditors_look_is_merged_by_every_member_2_6(void **state)
{
    world w;
    dbk_inbox_stats stats;
    (void)state;
    make(&w);
    pull_all(&w, AUDITOR, &stats);
    look(&w, AUDITOR);
    look(&w, AUDITOR);
    assert_int_equal(looks_at(&w, AUDITOR), 2);
    assert_int_equal(minilog_push(&w.log, world_book(&w, AUDITOR), KIT_NOON_MS), 2);
    pull_all(&w, HQ, &stats);
    assert_int_equal(stats.pending, 0);
    assert_int_equal(looks_at(&w, HQ), 2);
    for (size_t i = 0; i < w.log.count; i++) { /* by a folder too */
        dbk_err err = { 0 };
        assert_ok(world_carry(&w, BEN, &w.log.items[i], &stats, &err), &err);
    }
    assert_int_equal(looks_at(&w, BEN), 2);
    proof hq = proof_clean(world_book(&w, HQ), &w.org.space);
    proof ben = proof_clean(world_book(&w, BEN), &w.org.space);
    assert_true(dbk_hash_equal(&hq.of.state_hash, &ben.of.state_hash));
    (void)proof_clean(world_book(&w, AUDITOR), &w.org.space);
    world_drop(&w);
}

/* ---- anything else ------------------------------------------------------------------------- */

/* As core/journal/audit.c makes it. */
static dbk_id log_id(const dbk_id *space, const dbk_id *device, uint64_t hour)
{
    uint8_t name[2 * DBK_ID_BYTES + 16];
    uint8_t *p = dbk_wire_put_copy(name, space->b, DBK_ID_BYTES);
    p = dbk_wire_put_copy(p, device->b, DBK_ID_BYTES);
    p = dbk_wire_put_u64(p, hour);
    (void)dbk_wire_put_u64(p, 0);
    const dbk_id hash = dbk_hash_id("daybook/audit/1", dbk_span_of(name, sizeof(name)));
    return dbk_record_id_of(space, "audit", &hash);
}

typedef struct attempt {
    const char *name, *form, *group;
    uint64_t kind;
    uint64_t entries;            /* in the array */
    bool of_joan, of_ben, later; /* which record the op names */
    bool allowed;
} attempt;

static void put_entries(dbk_bytes *value, const attempt *a)
{
    dbk_err err = { 0 };
    char at[DBK_TIME_TEXT_SIZE];
    dbk_cbor_out o = dbk_cbor_to(value, &err);
    dbk_time_print(at, (int64_t)KIT_NOON_MS);
    if (a->kind == DBK_WRITE_APPEND)
        dbk_cbor_put_array(&o, a->entries);
    for (uint64_t i = 0; i < a->entries; i++) {
        dbk_cbor_put_map(&o, 4);
        dbk_cbor_put_str(&o, "at");
        dbk_cbor_put_str(&o, at);
        dbk_cbor_put_str(&o, "op");
        dbk_cbor_put_str(&o, "consultation");
        dbk_cbor_put_str(&o, "what");
        dbk_cbor_put_str(&o, "show");
        dbk_cbor_put_str(&o, "count");
        dbk_cbor_put_uint(&o, 1);
    }
    assert_ok(o.rc, &err);
}

static dbk_id record_of(world *w, const forge *f, const attempt *a)
{
    const dbk_id device = dbk_book_device(world_book(w, a->of_ben ? BEN : AUDITOR));
    if (a->of_joan)
        return w->joan;
    if (strcmp(a->form, "audit") != 0)
        return forge_record(f, a->form, 1);
    return log_id(&w->org.space, &device, KIT_NOON_MS / HOUR_MS + (a->later ? 1 : 0));
}

static void put_op(world *w, const forge *f, dbk_bytes *out, const attempt *a)
{
    dbk_err err = { 0 };
    dbk_bytes value = DBK_BYTES_INIT(4096);
    put_entries(&value, a);
    const dbk_write write = { .kind = a->kind,
                              .group = dbk_span_str(a->group),
                              .value = dbk_bytes_span(&value) };
    const dbk_op op = { .record = record_of(w, f, a),
                        .form = dbk_span_str(a->form),
                        .form_version = 9, /* higher than any: a record's form is the newest's */
                        .time = KIT_NOON,
                        .writes = &write,
                        .writes_count = 1 };
    assert_ok(dbk_op_encode(out, &op, &f->feed, &err), &err);
    dbk_bytes_wipe(&value);
}

static const attempt good = { "control", "audit", "entries", DBK_WRITE_APPEND, 1, false,
                              false,     false,   true };

static void log_ops(world *w, forge *f, const attempt *const *attempts, size_t count)
{
    dbk_bytes plain[4] = { { 0 } };
    dbk_span spans[4] = { { NULL, 0 } };
    for (size_t i = 0; i < count; i++) {
        dbk_bytes_init(&plain[i], DBK_OP_PLAIN_BYTES_MAX);
        put_op(w, f, &plain[i], attempts[i]);
        spans[i] = dbk_bytes_span(&plain[i]);
    }
    forge_next(f, spans, count);
    (void)minilog_append(&w->log, forge_header(f), forge_body(f), KIT_NOON_MS);
    for (size_t i = 0; i < count; i++)
        dbk_bytes_wipe(&plain[i]);
}

/* In a feed of its own. */
static void assert_attempt(world *w, const attempt *const *attempts, size_t count)
{
    forge f;
    dbk_inbox_stats stats;
    const attempt *last = attempts[count - 1];
    uint64_t stood = world_status(w, HQ).undecided;
    forge_init(&f, world_book(w, AUDITOR), world_book(w, AUDITOR), &w->org.space);
    log_ops(w, &f, attempts, count);
    pull_all(w, HQ, &stats);
    uint64_t undecided = world_status(w, HQ).undecided - stood;
    if (stats.ops != (last->allowed ? count : 0) || undecided != (last->allowed ? 0 : 1))
        fail_msg("%s: %d merged, %d undecided", last->name, (int)stats.ops, (int)undecided);
    forge_wipe(&f);
}

static void whatever_else_an_auditor_writes_stands_aside_m08_2_6(void **state)
{
    static const attempt attempts[] = {
        { "another form", "person", "entries", DBK_WRITE_APPEND, 1, false, false, false, false },
        { "another group", "audit", "linked", DBK_WRITE_APPEND, 1, false, false, false, false },
        { "a value", "audit", "entries", DBK_WRITE_SET, 1, false, false, false, false },
        { "two at once", "audit", "entries", DBK_WRITE_APPEND, 2, false, false, false, false },
        { "a person made a log", "audit", "entries", DBK_WRITE_APPEND, 1, true, false, false,
          false },
        { "another's log", "audit", "entries", DBK_WRITE_APPEND, 1, false, true, false, false },
        { "another hour", "audit", "entries", DBK_WRITE_APPEND, 1, false, false, true, false },
    };
    world w;
    dbk_inbox_stats stats;
    const attempt *one[] = { &good };
    (void)state;
    make(&w);
    pull_all(&w, HQ, &stats);
    assert_attempt(&w, one, 1);
    for (size_t i = 0; i < ARRAY_LEN(attempts); i++) {
        const attempt *alone[] = { &attempts[i] };
        const attempt *behind[] = { &good, &attempts[i] };
        assert_attempt(&w, alone, 1);
        assert_attempt(&w, behind, 2);
    }
    assert_string_equal(dbk_test_text(world_book(&w, HQ), &w.joan, "name"), "Joan Marsh");
    (void)proof_clean(world_book(&w, HQ), &w.org.space);
    world_drop(&w);
}

/* ---- what stands aside is judged again ----------------------------------------------------- */

static dbk_rc take_last(void *ctx, const dbk_aside *aside, dbk_err *err)
{
    (void)err;
    assert_string_equal(aside->why, DBK_WAIT_ROLE);
    *(dbk_id *)ctx = aside->id;
    return DBK_OK;
}

/* Else one bad note would be two false accusations, and a way to have all later looks unseen. */
static void
looks_behind_a_note_wait_with_it_for_a_supervisor_and_are_no_second_history(void **state)
{
    world w;
    forge f;
    dbk_inbox_stats stats;
    dbk_err err = { 0 };
    dbk_id last = { { 0 } };
    uint64_t merged = 0;
    static const attempt note = { "note", "person", "entries", DBK_WRITE_APPEND, 1, false,
                                  false,  false,    false };
    const attempt *first[] = { &note }, *then[] = { &good };
    (void)state;
    make(&w);
    forge_init(&f, world_book(&w, AUDITOR), world_book(&w, AUDITOR), &w.org.space);
    log_ops(&w, &f, first, 1);
    log_ops(&w, &f, then, 1);
    pull_all(&w, HQ, &stats);
    assert_int_equal(world_status(&w, HQ).undecided, 2);
    log_ops(&w, &f, then, 1); /* in a later run */
    pull_all(&w, HQ, &stats);
    assert_int_equal(world_status(&w, HQ).undecided, 3);
    for (size_t i = 0; i < w.log.count; i++)
        assert_ok(world_carry(&w, BEN, &w.log.items[i], &stats, &err), &err);
    assert_int_equal(world_status(&w, BEN).undecided, 3);
    assert_ok(dbk_quarantine_each(world_book(&w, BEN), take_last, &last, &err), &err);
    assert_ok(dbk_quarantine_each(world_book(&w, HQ), take_last, &last, &err), &err);
    const dbk_decision decision = { last, true, "looked at" };
    assert_ok(dbk_quarantine_decide(world_book(&w, HQ), &merged, &decision, &err), &err);
    assert_int_equal(merged, 3);
    assert_int_equal(world_status(&w, HQ).aside, 0);
    (void)proof_clean(world_book(&w, HQ), &w.org.space);
    forge_wipe(&f);
    world_drop(&w);
}

static void a_look_whose_key_is_not_here_yet_is_merged_when_it_comes(void **state)
{
    world w;
    forge f;
    dbk_inbox_stats stats;
    dbk_err err = { 0 };
    const attempt *one[] = { &good };
    (void)state;
    make(&w);
    pull_all(&w, HQ, &stats);
    forge_init(&f, world_book(&w, AUDITOR), world_book(&w, AUDITOR), &w.org.space);
    log_ops(&w, &f, one, 1);
    log_ops(&w, &f, one, 1);
    dbk_book *hq = world_book(&w, HQ);
    dbk_keyring *mine = hq->keyring, *none = NULL;
    assert_ok(dbk_keyring_new(&none, &err), &err);
    hq->keyring = none;
    pull_all(&w, HQ, &stats);
    dbk_space_status s = world_status(&w, HQ);
    assert_int_equal(stats.ops, 0);
    assert_int_equal(s.aside, 2);
    assert_int_equal(s.undecided, 0);
    hq->keyring = mine;
    dbk_keyring_free(none);
    assert_ok(dbk_inbox_retry(hq, &w.org.space, &stats, &err), &err);
    assert_int_equal(world_status(&w, HQ).aside, 0);
    assert_int_equal(stats.ops, 2);
    (void)proof_clean(hq, &w.org.space);
    forge_wipe(&f);
    world_drop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_auditors_look_is_merged_by_every_member_2_6),
        cmocka_unit_test(whatever_else_an_auditor_writes_stands_aside_m08_2_6),
        cmocka_unit_test(
            looks_behind_a_note_wait_with_it_for_a_supervisor_and_are_no_second_history),
        cmocka_unit_test(a_look_whose_key_is_not_here_yet_is_merged_when_it_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
