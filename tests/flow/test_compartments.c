/* A26: a member of staff, administrator and headquarters both, who isn't in space X has nothing of
 * X on the replica: no key, no row, no answer that differs from that to a guess, with SQL access
 * too. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/journal/book_internal.h"
#include "core/journal/inbox.h"
#include "core/journal/outbox.h"
#include "core/journal/query.h"
#include "core/journal/verify.h"
#include "core/store/sql.h"
#include "sync/driver/line.h"
#include "tests/lib/syncworld.h"

#define NAME_OF_X "Op Blackbird"
#define TEXT_IN_X "Hidden at the harbour"

typedef struct team {
    syncworld world;
    sync_device founder, staff;
    dbk_id open, x;    /* spaces */
    dbk_id here, in_x; /* records */
} team;

static team *team_new(void)
{
    static team t;
    syncworld_open(&t.world);
    sync_device_open(&t.world, &t.founder, "founder");
    sync_device_open(&t.world, &t.staff, "staff");
    sync_found(&t.founder);
    t.open = sync_space(&t.founder, "Family Liaison");
    sync_enlist(&t.founder, &t.staff, DBK_ROLE_ADMIN, &t.open);
    (void)sync_now(&t.founder);
    t.x = sync_space(&t.founder, NAME_OF_X);
    t.here = sync_write(&t.founder, &t.open, "Maria Alvarez");
    t.in_x = sync_write(&t.founder, &t.x, TEXT_IN_X);
    (void)sync_now(&t.founder);
    (void)sync_now(&t.staff);
    return &t;
}

static void team_end(team *t)
{
    sync_device_close(&t->founder);
    sync_device_close(&t->staff);
    syncworld_close(&t->world);
}

/* ---- what the program answers -------------------------------------------------------------- */

static dbk_rc count_row(void *ctx, const dbk_row *row, dbk_err *err)
{
    (void)row;
    (void)err;
    (*(unsigned *)ctx)++;
    return DBK_OK;
}

static dbk_rc count_space(void *ctx, const dbk_space_status *s, dbk_err *err)
{
    (void)s;
    (void)err;
    (*(unsigned *)ctx)++;
    return DBK_OK;
}

static dbk_rc count_event(void *ctx, const dbk_event *event, dbk_err *err)
{
    (void)event;
    (void)err;
    (*(unsigned *)ctx)++;
    return DBK_OK;
}

/* One question about a record or space of X, and the same about one that nobody has. */
typedef dbk_rc (*question)(dbk_book *book, const dbk_id *id, dbk_err *err);

static dbk_rc ask_note(dbk_book *book, const dbk_id *id, dbk_err *err)
{
    dbk_note *note = NULL;
    return dbk_query_note(&note, book, id, err);
}

static dbk_rc ask_history(dbk_book *book, const dbk_id *id, dbk_err *err)
{
    unsigned count = 0;
    return dbk_query_history(book, id, count_event, &count, err);
}

static dbk_rc ask_whole_id(dbk_book *book, const dbk_id *id, dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE];
    dbk_id found;
    dbk_id_uuid(uuid, id);
    return dbk_query_resolve_id(&found, book, uuid, err);
}

static dbk_rc ask_space(dbk_book *book, const dbk_id *id, dbk_err *err)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_id found;
    dbk_id_hex(hex, id);
    return dbk_book_space_find(book, &found, hex, err);
}

static dbk_rc ask_list(dbk_book *book, const dbk_id *id, dbk_err *err)
{
    const dbk_list_opts opts = { .since_ms = INT64_MIN, .space = id };
    unsigned count = 0;
    dbk_rc rc = dbk_query_list(book, &opts, count_row, &count, err);
    assert_int_equal(count, 0);
    return rc;
}

static void a_record_of_x_and_one_that_nobody_has_are_told_alike_a26(void **state)
{
    static const struct {
        const char *what;
        question ask;
        bool space;
    } cases[] = {
        { "show", ask_note, false },      { "history", ask_history, false },
        { "an id", ask_whole_id, false }, { "a space", ask_space, true },
        { "a list", ask_list, true },
    };
    const dbk_id nobody = { { 0x77, 0x12, 0x9a } };
    (void)state;
    team *t = team_new();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_err real = { 0 }, guess = { 0 };
        dbk_rc a = cases[i].ask(t->staff.book, cases[i].space ? &t->x : &t->in_x, &real);
        dbk_rc b = cases[i].ask(t->staff.book, &nobody, &guess);
        if (a != b || strcmp(real.text, guess.text) != 0)
            fail_msg("%s: %s (%s), but %s (%s)", cases[i].what, dbk_rc_name(a), real.text,
                     dbk_rc_name(b), guess.text);
    }
    team_end(t);
}

/* The first digits of both ids are the same, as of records made in the same minute. */
static void an_id_is_not_ambiguous_because_of_a_record_elsewhere_a26(void **state)
{
    char uuid[DBK_ID_UUID_SIZE];
    dbk_id found;
    dbk_err err = { 0 };
    (void)state;
    team *t = team_new();
    assert_memory_equal(t->here.b, t->in_x.b, 3);
    dbk_id_uuid(uuid, &t->here);
    uuid[6] = '\0';
    assert_rc(dbk_query_resolve_id(&found, t->founder.book, uuid, &err), DBK_CONFLICT, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_query_resolve_id(&found, t->staff.book, uuid, &err), &err);
    assert_true(dbk_id_equal(&found, &t->here));
    team_end(t);
}

static void nothing_of_x_is_listed_counted_or_found_a26(void **state)
{
    const dbk_list_opts all = { .since_ms = INT64_MIN };
    unsigned rows = 0, found = 0, spaces = 0, waiting = 0;
    dbk_err err = { 0 };
    (void)state;
    team *t = team_new();
    dbk_book *book = t->staff.book;
    assert_ok(dbk_query_list(book, &all, count_row, &rows, &err), &err);
    assert_ok(dbk_query_search(book, "harbour", 10, count_row, &found, &err), &err);
    assert_ok(dbk_query_status(book, count_space, &spaces, &err), &err);
    assert_ok(dbk_query_conflicts(book, count_row, &waiting, &err), &err);
    assert_int_equal(rows, 1);
    assert_int_equal(found, 0);
    assert_int_equal(spaces, 1);
    assert_int_equal(waiting, 0);
    assert_int_equal(dbk_book_spaces(book), 1);
    assert_null(dbk_keyring_current(book->keyring, &t->x, NULL));
    assert_null(dbk_tables_space(&book->tables, &t->x));
    /* Nor does a sync that is idle tell: an entry there is news to nobody outside. */
    assert_true(sync_now(&t->staff).idle);
    (void)sync_write(&t->founder, &t->x, TEXT_IN_X);
    (void)sync_now(&t->founder);
    assert_true(sync_now(&t->staff).idle);
    team_end(t);
}

/* ---- what the relay answers ---------------------------------------------------------------- */

static dbk_rc ask_relay(sync_device *d, const char *what, const dbk_id *space, dbk_err *err)
{
    char hex[DBK_ID_HEX_SIZE], target[160];
    dbk_line line;
    dbk_call call = { .method = "GET", .target = target, .answer_max = 65536 };
    dbk_id_hex(hex, space);
    (void)snprintf(target, sizeof(target), "/v1/spaces/%s/%s", hex, what);
    dbk_rc rc = dbk_line_open(&line, d->book, &d->t, err);
    if (rc == DBK_OK)
        rc = dbk_line_ask(&line, &call, err);
    dbk_line_close(&line);
    return rc;
}

static void the_relay_gives_x_to_its_members_only_and_hints_at_nothing_a26(void **state)
{
    static const char *const calls[] = { "segments?from=0&bytes=60000",
                                         "segments?from=9&bytes=60000", "proof?leaf=0&size=1",
                                         "proof?from=0&size=1" };
    const dbk_id nobody = { { 0x77, 0x12, 0x9a } };
    (void)state;
    team *t = team_new();
    for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
        dbk_err real = { 0 }, guess = { 0 };
        assert_rc(ask_relay(&t->staff, calls[i], &t->x, &real), DBK_NOT_FOUND, &real);
        assert_rc(ask_relay(&t->staff, calls[i], &nobody, &guess), DBK_NOT_FOUND, &guess);
        assert_string_equal(real.text, guess.text);
    }
    team_end(t);
}

/* Handed over by somebody else, a segment of X is refused like one of no space at all. */
static dbk_rc carry(void *ctx, const dbk_sealed *segment, dbk_err *err)
{
    team *t = ctx;
    dbk_inbox_stats stats;
    dbk_err why = { 0 };
    (void)err;
    assert_rc(dbk_inbox_carried(t->staff.book, &stats, segment, &why), DBK_NOT_FOUND, &why);
    return DBK_OK;
}

static void a_folder_brings_nothing_of_x_in_a26(void **state)
{
    dbk_err err = { 0 };
    (void)state;
    team *t = team_new();
    assert_ok(
        dbk_outbox_carry(t->founder.book, &(dbk_outbox_feed){ .space = t->x }, carry, t, &err),
        &err);
    assert_null(dbk_tables_space(&t->staff.book->tables, &t->x));
    team_end(t);
}

/* ---- what the file holds ------------------------------------------------------------------- */

static size_t count_in(const uint8_t *cell, size_t len, dbk_span what)
{
    size_t count = 0;
    for (size_t at = 0; at + what.len <= len; at++)
        count += memcmp(cell + at, what.p, what.len) == 0 ? 1 : 0;
    return count;
}

/* In every cell of every table, whose name is not `but`. */
static size_t count_in_file(dbk_book *book, dbk_span what, const char *but)
{
    char sql[256];
    size_t count = 0;
    sqlite3_stmt *tables = NULL;
    assert_int_equal(sqlite3_prepare_v2(book->store->db,
                                        "SELECT name FROM sqlite_master WHERE type='table'"
                                        " AND name NOT IN ('words')",
                                        -1, &tables, NULL),
                     SQLITE_OK);
    while (sqlite3_step(tables) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(tables, 0);
        sqlite3_stmt *s = NULL;
        if (strcmp(name, but) == 0)
            continue;
        (void)snprintf(sql, sizeof(sql), "SELECT * FROM %s", name);
        assert_int_equal(sqlite3_prepare_v2(book->store->db, sql, -1, &s, NULL), SQLITE_OK);
        while (sqlite3_step(s) == SQLITE_ROW)
            for (int k = 0; k < sqlite3_column_count(s); k++) {
                const uint8_t *cell = sqlite3_column_blob(s, k);
                if (cell != NULL)
                    count += count_in(cell, (size_t)sqlite3_column_bytes(s, k), what);
            }
        assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
    }
    assert_int_equal(sqlite3_finalize(tables), SQLITE_OK);
    return count;
}

/* What the membership chain says, every member has: that there is a space of some id, who is in it,
 * and its name, sealed. Beyond that the file holds nothing of it. */
static void with_sql_the_file_shows_what_the_chain_says_and_no_more_a26(void **state)
{
    (void)state;
    team *t = team_new();
    dbk_key_entry at;
    const dbk_secret *key = dbk_keyring_current(t->founder.book->keyring, &t->x, &at);
    const dbk_span id_of_x = dbk_span_of(t->x.b, sizeof(t->x.b));
    const dbk_span nowhere[] = { dbk_span_str(NAME_OF_X), dbk_span_str(TEXT_IN_X),
                                 dbk_secret_bytes(key), dbk_span_of(t->in_x.b, sizeof(t->in_x.b)) };
    for (size_t i = 0; i < ARRAY_LEN(nowhere); i++)
        assert_int_equal(count_in_file(t->staff.book, nowhere[i], ""), 0);
    assert_int_equal(count_in_file(t->staff.book, id_of_x, "member"), 0);
    assert_true(count_in_file(t->staff.book, id_of_x, "") > 0); /* this test can see */
    assert_true(count_in_file(t->founder.book, nowhere[1], "") > 0);
    team_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_of_x_and_one_that_nobody_has_are_told_alike_a26),
        cmocka_unit_test(an_id_is_not_ambiguous_because_of_a_record_elsewhere_a26),
        cmocka_unit_test(nothing_of_x_is_listed_counted_or_found_a26),
        cmocka_unit_test(the_relay_gives_x_to_its_members_only_and_hints_at_nothing_a26),
        cmocka_unit_test(a_folder_brings_nothing_of_x_in_a26),
        cmocka_unit_test(with_sql_the_file_shows_what_the_chain_says_and_no_more_a26),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
