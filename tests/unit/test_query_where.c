/* Conditions of lists by the keys of values; and that no list, search or look-up reads all rows. */
#include "tests/lib/test.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "core/journal/query_internal.h"
#include "core/store/sql.h"
#include "tests/lib/inboxkit.h"
#include "tests/lib/proof.h"

#define ROWS_MAX 64u

typedef struct rows {
    size_t count;
    dbk_id record[ROWS_MAX];
} rows;

static dbk_rc take(void *ctx, const dbk_row *row, dbk_err *err)
{
    rows *r = ctx;
    (void)err;
    assert_true(r->count < ROWS_MAX);
    r->record[r->count++] = row->record;
    return DBK_OK;
}

static rows list_where(dbk_book *book, const char *field, const char *value)
{
    dbk_err err = { 0 };
    rows r = { .count = 0 };
    const dbk_where where = { field, value };
    const dbk_list_opts opts = { .since_ms = INT64_MIN, .where = &where, .where_count = 1 };
    assert_ok(dbk_query_list(book, &opts, take, &r, &err), &err);
    return r;
}

static size_t count_where(dbk_book *book, const char *field, const char *value)
{
    return list_where(book, field, value).count;
}

static void run(dbk_book *book, const char *sql)
{
    dbk_err err = { 0 };
    assert_ok(dbk_sql_exec(book->store, sql, &err), &err);
}

static dbk_id add(world *w, const char *form, const char *const *fields)
{
    return dbk_test_add(world_book(w, ANNE), &w->org.space, form, fields);
}

static const char *const ruth[] = { "name=Ruth", "sex=female", "needs=hearing, sight", NULL };

static void a_value_is_found_by_its_key_and_not_by_reading_every_record(void **state)
{
    world w;
    (void)state;
    world_make(&w);
    dbk_book *anne = world_book(&w, ANNE);
    (void)add(&w, "person", ruth);
    assert_int_equal(count_where(anne, "name", "Ruth"), 1);
    assert_int_equal(count_where(anne, "needs", "Sight"), 1);
    run(anne, "DELETE FROM value_key");
    assert_int_equal(count_where(anne, "name", "Ruth"), 0);
    /* What has no key, as a set has none, is looked for one by one. */
    assert_int_equal(count_where(anne, "needs", "sight"), 1);
    assert_int_equal(count_where(anne, "needs", "Sight, Hearing"), 1);
    run(anne, "UPDATE record SET indexed=0");
    assert_int_equal(count_where(anne, "name", "Ruth"), 1);
    world_drop(&w);
}

static void keys_follow_what_is_edited(void **state)
{
    world w;
    (void)state;
    world_make(&w);
    dbk_book *anne = world_book(&w, ANNE);
    dbk_id id = add(&w, "person", ruth);
    assert_int_equal(count_where(anne, "name", "Ruth"), 1);
    dbk_test_edit(anne, &id, (const char *const[]){ "name=Naomi", NULL });
    assert_int_equal(count_where(anne, "name", "Ruth"), 0);
    assert_int_equal(count_where(anne, "name", "Naomi"), 1);
    world_drop(&w);
}

/* A key says where to look, and never what is there. */
static void a_key_that_points_elsewhere_finds_nothing(void **state)
{
    world w;
    (void)state;
    world_make(&w);
    dbk_book *anne = world_book(&w, ANNE);
    (void)add(&w, "person", ruth);
    assert_int_equal(count_where(anne, "name", "Ruth"), 1);
    run(anne, "INSERT OR IGNORE INTO value_key SELECT value_key.key,record.when_ms,record.id"
              " FROM value_key,record");
    assert_int_equal(count_where(anne, "name", "Ruth"), 1);
    assert_int_equal(count_where(anne, "name", "Nobody"), 0);
    world_drop(&w);
}

static void a_record_with_more_values_than_are_kept_answers_to_any(void **state)
{
    world w;
    (void)state;
    world_make(&w);
    dbk_book *anne = world_book(&w, ANNE);
    (void)add(&w, "person", ruth);
    assert_int_equal(count_where(anne, "name", "Ruth"), 1);
    run(anne, "DELETE FROM value_key");
    run(anne, "INSERT INTO value_key SELECT 0,when_ms,id FROM record");
    assert_int_equal(count_where(anne, "name", "Ruth"), 1);
    assert_int_equal(count_where(anne, "name", "Nobody"), 0);
    world_drop(&w);
}

static void what_is_found_is_newest_first_and_ends_at_the_limit(void **state)
{
    static const char *const flights[][4] = {
        { "number=BA1", "scheduled_at=2026-09-20T10:00:00Z", NULL },
        { "number=BA1", "scheduled_at=2026-09-22T10:00:00Z", NULL },
        { "number=BA1", "scheduled_at=2026-09-18T10:00:00Z", NULL },
    };
    dbk_err err = { 0 };
    dbk_id ids[3];
    world w;
    const dbk_where where = { "number", "BA1" };
    dbk_list_opts opts = {
        .form = "flight", .since_ms = INT64_MIN, .where = &where, .where_count = 1, .limit = 2
    };
    rows r = { .count = 0 };
    (void)state;
    world_make(&w);
    for (size_t i = 0; i < 3; i++)
        ids[i] = add(&w, "flight", flights[i]);
    assert_ok(dbk_query_list(world_book(&w, ANNE), &opts, take, &r, &err), &err);
    assert_int_equal(r.count, 2);
    assert_true(dbk_id_equal(&r.record[0], &ids[1]));
    assert_true(dbk_id_equal(&r.record[1], &ids[0]));
    /* The next page, by a key and without one. */
    opts.after = &ids[0];
    for (opts.where_count = 0; opts.where_count < 2; opts.where_count++) {
        r.count = 0;
        assert_ok(dbk_query_list(world_book(&w, ANNE), &opts, take, &r, &err), &err);
        assert_int_equal(r.count, 1);
        assert_true(dbk_id_equal(&r.record[0], &ids[2]));
    }
    opts.where_count = 1;
    opts.after = &(dbk_id){ { 7 } };
    assert_rc(dbk_query_list(world_book(&w, ANNE), &opts, take, &r, &err), DBK_NOT_FOUND, &err);
    world_drop(&w);
}

static void verify_tells_of_a_key_too_few_too_many_and_of_another_time(void **state)
{
    static const char *const damage[] = {
        "DELETE FROM value_key WHERE key=(SELECT max(key) FROM value_key)",
        "INSERT INTO value_key SELECT 5,when_ms,id FROM record LIMIT 1",
        "UPDATE value_key SET when_ms=when_ms+1 WHERE key=(SELECT max(key) FROM value_key)",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(damage); i++) {
        world w;
        world_make(&w);
        dbk_book *anne = world_book(&w, ANNE);
        (void)add(&w, "person", ruth);
        assert_int_equal(count_where(anne, "name", "Ruth"), 1);
        (void)proof_clean(anne, &w.org.space);
        run(anne, damage[i]);
        const proof p = proof_of(anne, &w.org.space);
        if (p.faults == 0)
            fail_msg("not noticed: %s", damage[i]);
        world_drop(&w);
    }
}

/* ---- plans --------------------------------------------------------------------------------- */

/* How SQLite would go about a statement; the caller wipes it. */
static dbk_bytes plan_of(dbk_book *book, const char *sql)
{
    char text[4096];
    sqlite3_stmt *s = NULL;
    dbk_bytes plan = DBK_BYTES_INIT(16384u);
    (void)snprintf(text, sizeof(text), "EXPLAIN QUERY PLAN %s", sql);
    assert_int_equal(sqlite3_prepare_v2(book->store->db, text, -1, &s, NULL), SQLITE_OK);
    while (sqlite3_step(s) == SQLITE_ROW) {
        assert_rc(
            dbk_bytes_append_fmt(&plan, NULL, "%s\n", (const char *)sqlite3_column_text(s, 3)),
            DBK_OK, NULL);
    }
    (void)sqlite3_finalize(s);
    assert_rc(dbk_bytes_append_u8(&plan, 0, NULL), DBK_OK, NULL);
    return plan;
}

static void no_list_or_look_up_is_a_scan(void **state)
{
    static const struct {
        const char *why;
        dbk_sql_slot slot;
        bool in_order; /* as it stands: nothing is sorted before the first row is out */
    } cases[] = {
        { "list", DBK_SQL_RECORD_LIST, false },
        { "list of a form", DBK_SQL_RECORD_LIST_FORM, false },
        { "list --where", DBK_SQL_VALUE_FIND, true },
        { "which condition", DBK_SQL_VALUE_COUNT, true },
        { "one record", DBK_SQL_RECORD_FIND_ANY, false },
        { "a row", DBK_SQL_RECORD_GET, true },
        { "a beginning of an id", DBK_SQL_RECORD_BETWEEN, true },
        { "what waits for the index", DBK_SQL_WORDS_WAITING, true },
        { "a person's keys", DBK_SQL_PERSON_KEY_FIND, true },
        { "where a change has come", DBK_SQL_RECORD_PLACE, false },
        { "keys that go", DBK_SQL_VALUE_CLEAR, true },
    };
    world w;
    dbk_err err = { 0 };
    dbk_id found;
    dbk_note *note = NULL;
    rows r = { .count = 0 };
    char hex[DBK_ID_HEX_SIZE];
    size_t count = 0;
    const dbk_list_opts all = { .since_ms = INT64_MIN };
    const dbk_list_opts one = { .since_ms = INT64_MIN, .form = "person" };
    const dbk_likeness_keys keys = { .rows = { "p123456" }, .count = 1 };
    (void)state;
    world_make(&w);
    dbk_book *anne = world_book(&w, ANNE);
    dbk_id id = add(&w, "person", ruth);
    dbk_id_hex(hex, &id);
    assert_int_equal(count_where(anne, "name", "Ruth"), 1);
    assert_ok(dbk_query_list(anne, &all, take, &r, &err), &err);
    assert_ok(dbk_query_list(anne, &one, take, &r, &err), &err);
    assert_ok(dbk_query_note(&note, anne, &id, &err), &err);
    dbk_note_free(note);
    assert_ok(dbk_query_resolve_id(&found, anne, hex, &err), &err);
    assert_ok(dbk_query_alike(anne, &found, &count, 1, &keys, &err), &err);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        sqlite3_stmt *s = anne->store->statements[cases[i].slot];
        if (s == NULL)
            fail_msg("%s: it wasn't asked", cases[i].why);
        dbk_bytes plan = plan_of(anne, sqlite3_sql(s));
        const char *text = (const char *)plan.p;
        if (strstr(text, "SCAN record") != NULL || strstr(text, "SCAN value_key") != NULL ||
            strstr(text, "SCAN op") != NULL || strstr(text, "SCAN segment") != NULL ||
            strstr(text, "SCAN person_key") != NULL ||
            (cases[i].in_order && strstr(text, "TEMP B-TREE FOR ORDER BY") != NULL))
            fail_msg("%s:\n%s", cases[i].why, text);
        dbk_bytes_wipe(&plan);
    }
    world_drop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_found_by_its_key_and_not_by_reading_every_record),
        cmocka_unit_test(keys_follow_what_is_edited),
        cmocka_unit_test(a_key_that_points_elsewhere_finds_nothing),
        cmocka_unit_test(a_record_with_more_values_than_are_kept_answers_to_any),
        cmocka_unit_test(what_is_found_is_newest_first_and_ends_at_the_limit),
        cmocka_unit_test(verify_tells_of_a_key_too_few_too_many_and_of_another_time),
        cmocka_unit_test(no_list_or_look_up_is_a_scan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
