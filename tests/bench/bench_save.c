/* One officer's durable save against the bare cost of a durable commit, in the same run; and an
 * import. Medians; a ratio is what counts, the machine's disk is not ours. */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/daybook.h"
#include "tests/lib/org.h"

#define SAVES 400u
#define IMPORTED 20000u
#define IMPORT_FLUSH 1000u

static double now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), by_value);
    return values[count / 2];
}

static void must_sql(int code)
{
    if (code != SQLITE_OK && code != SQLITE_DONE && code != SQLITE_ROW) {
        (void)fprintf(stderr, "sqlite: %d\n", code);
        abort();
    }
}

/* What no store can be faster than: one row of a note's size, one durable transaction. */
typedef struct bare {
    sqlite3 *db;
    sqlite3_stmt *insert;
    uint8_t row[1100];
} bare;

static void bare_open(bare *b, const char *path)
{
    static const char key[] = "x'00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'";
    must_sql(sqlite3_open(path, &b->db));
    must_sql(sqlite3_key(b->db, key, sizeof(key) - 1));
    must_sql(sqlite3_exec(b->db,
                          "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL;"
                          "PRAGMA synchronous=FULL;"
                          "CREATE TABLE note(id INTEGER PRIMARY KEY, body BLOB)",
                          NULL, NULL, NULL));
    must_sql(sqlite3_prepare_v2(b->db, "INSERT INTO note(body) VALUES(?1)", -1, &b->insert, NULL));
}

static void bare_commit(bare *b)
{
    must_sql(sqlite3_bind_blob(b->insert, 1, b->row, sizeof(b->row), SQLITE_STATIC));
    must_sql(sqlite3_step(b->insert));
    must_sql(sqlite3_reset(b->insert));
}

static void bare_close(bare *b)
{
    must_sql(sqlite3_finalize(b->insert));
    must_sql(sqlite3_close(b->db));
}

/* A contact as officers write them: about 1.1 KB of JSON. */
static const char note_json[] =
    "{\"started_at\":\"2026-09-21T10:00:00Z\",\"ended_at\":\"2026-09-21T10:45:00Z\","
    "\"method\":\"visit\",\"direction\":\"police_to_family\",\"s38\":\"fact\","
    "\"place\":\"14 Mill Lane, front room\",\"purpose\":[\"update\",\"evidence\"],"
    "\"account\":\"Mrs Hall said that her brother had telephoned on the Sunday before and had "
    "sounded as he always did. He spoke of the car, which had been in the garage since Easter, and "
    "of his plan to collect it on the Thursday. She had not known of any quarrel. She asked twice "
    "whether he had been alone in the car, and I told her that the collision investigators had not "
    "finished.\",\"assessment\":\"Tired but composed. Her sister will stay until Friday.\","
    "\"present\":[{\"name\":\"Mrs Hall\",\"role\":\"family\"},{\"name\":\"her sister\","
    "\"role\":\"family\"}],\"told\":[{\"topic\":\"Inquest\",\"detail\":\"The coroner has opened "
    "and "
    "adjourned it; the date will be sent by letter.\"}],\"requests\":[{\"text\":\"Return of the "
    "watch\",\"agreed\":\"pending\"}],\"practical_needs\":[\"transport\"],"
    "\"child_present\":\"no\",\"next_contact\":{\"when\":\"2026-09-24T10:00:00Z\",\"how\":"
    "\"phone\"}}";

static void must(dbk_rc rc, const dbk_err *err, const dbk_problems *problems)
{
    if (rc == DBK_OK)
        return;
    (void)fprintf(stderr, "%s: %s\n", dbk_rc_name(rc), err->text);
    for (size_t i = 0; problems != NULL && i < problems->count; i++)
        (void)fprintf(stderr, "  %s: %s\n", problems->rows[i].field, problems->rows[i].text);
    abort();
}

typedef struct parsed {
    struct json_t *json;
    dbk_input *inputs;
    size_t count;
} parsed;

static parsed parse_note(void)
{
    parsed p = { NULL, NULL, 0 };
    dbk_err err = { 0 };
    must(dbk_json_parse(&p.json, dbk_span_str(note_json), &err), &err, NULL);
    must(dbk_inputs_from_json(&p.inputs, &p.count, p.json, &err), &err, NULL);
    return p;
}

static void parsed_wipe(parsed *p)
{
    dbk_free(p->inputs);
    dbk_json_free(p->json);
}

static void save_one(dbk_test_org *org)
{
    dbk_problems problems = { 0 };
    dbk_err err = { 0 };
    dbk_id id;
    parsed p = parse_note();
    const dbk_add add = { org->space, "contact", p.inputs, p.count, NULL };
    must(dbk_journal_add(org->books[0].book, &id, &problems, &add, &err), &err, &problems);
    dbk_problems_wipe(&problems);
    parsed_wipe(&p);
}

static double import_many(dbk_test_org *org)
{
    dbk_batch *batch = NULL;
    dbk_err err = { 0 };
    double begin = now_us();
    must(dbk_batch_begin(&batch, org->books[0].book, &err), &err, NULL);
    for (size_t i = 1; i <= IMPORTED; i++) {
        dbk_problems problems = { 0 };
        dbk_id id;
        parsed p = parse_note();
        const dbk_add add = { org->space, "contact", p.inputs, p.count, NULL };
        must(dbk_batch_add(batch, &id, &problems, &add, &err), &err, &problems);
        dbk_problems_wipe(&problems);
        parsed_wipe(&p);
        if (i % IMPORT_FLUSH == 0)
            must(dbk_batch_flush(batch, &err), &err, NULL);
    }
    must(dbk_batch_flush(batch, &err), &err, NULL);
    dbk_batch_end(batch);
    return (now_us() - begin) / IMPORTED;
}

int main(void)
{
    static double bare_us[SAVES], save_us[SAVES];
    dbk_test_org org;
    bare b = { .row = { 1 } };
    char marks[DBK_TEST_PATH_SIZE];
    dbk_test_org_make(&org, NULL, 0);
    dbk_test_dir_make(marks);
    org.books[0].anchors = marks; /* with the mark outside the store, as an officer has it */
    dbk_test_book_reopen(&org.books[0]);
    bare_open(&b, dbk_test_path(org.books[0].dir, "bare.db"));
    for (size_t i = 0; i < SAVES; i++) { /* in turn, so that both meet the same disk */
        double begin = now_us();
        bare_commit(&b);
        bare_us[i] = now_us() - begin;
        begin = now_us();
        save_one(&org);
        save_us[i] = now_us() - begin;
    }
    double bare_median = median(bare_us, SAVES);
    double save_median = median(save_us, SAVES);
    double import_us = import_many(&org);
    (void)printf("a note is %zu bytes of JSON\n", sizeof(note_json) - 1);
    (void)printf("bare durable commit   %8.0f us\n", bare_median);
    (void)printf("officer's save        %8.0f us   %.2fx of a bare commit (aim 1.5, limit 2)\n",
                 save_median, save_median / bare_median);
    (void)printf("import, JSON to disk  %8.1f us a note   %.0f notes/s (aim 10000)\n", import_us,
                 1e6 / import_us);
    bare_close(&b);
    dbk_test_org_drop(&org);
    dbk_test_dir_remove(marks);
    return 0;
}
