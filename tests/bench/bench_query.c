/* Reading a store of 100,000 records: lists, one record, search, status. Prints; never fails.
 * BENCH_NOTES sets the number. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/text.h"
#include "tests/lib/opkit.h"
#include "tests/lib/org.h"
#include "tests/lib/proof.h"

#define REPEATS 9

/* Processor time: other programs on the machine don't count. */
static double now_ms(void)
{
    return (double)clock() * 1e3 / (double)CLOCKS_PER_SEC;
}

static void must(dbk_rc rc, const dbk_err *err)
{
    if (rc != DBK_OK)
        dbk_assert_failed(err->text, "bench_query", 0);
}

static const char *pick(kit_random *r, const char *const *words, size_t count)
{
    return words[kit_random_below(r, count)];
}

static void add_contacts(dbk_test_org *org, dbk_id *some, unsigned count)
{
    static const char *const names[] = { "Marsh", "Okafor", "Lane", "Heath", "Fenn", "Singh" };
    static const char *const said[] = { "asked about the release of property",
                                        "sleeps badly since the call",
                                        "agreed to a visit on Thursday",
                                        "was told when the inquest opens",
                                        "wants no visits before noon" };
    static const char *const methods[] = { "visit", "phone", "video", "letter" };
    dbk_err err = { 0 };
    dbk_batch *batch = NULL;
    kit_random r;
    kit_random_seed(&r, 7);
    must(dbk_batch_begin(&batch, org->books[0].book, &err), &err);
    for (unsigned n = 0; n < count; n++) {
        char text[600], started[40];
        dbk_problems problems = { 0 };
        (void)snprintf(
            text, sizeof(text), "Mr %s %s; %s %u. %s %s, ref %u, and %s %s.", pick(&r, names, 6),
            pick(&r, said, 5), pick(&r, names, 6), n, pick(&r, names, 6), pick(&r, said, 5),
            (unsigned)kit_random_below(&r, 1000000), pick(&r, names, 6), pick(&r, said, 5));
        (void)snprintf(started, sizeof(started), "2026-%02u-%02uT%02u:00:00Z",
                       1 + (unsigned)kit_random_below(&r, 12),
                       1 + (unsigned)kit_random_below(&r, 28), (unsigned)kit_random_below(&r, 24));
        const dbk_input inputs[] = {
            { DBK_INPUT_SET, "started_at", started, NULL },
            { DBK_INPUT_SET, "method", pick(&r, methods, 4), NULL },
            { DBK_INPUT_SET, "account", text, NULL },
            { DBK_INPUT_SET, "place", n % 1000 == 0 ? "Izmir" : "at home", NULL },
        };
        const dbk_add add = { org->space, "contact", inputs, 4, NULL };
        must(dbk_batch_add(batch, some, &problems, &add, &err), &err);
        dbk_problems_wipe(&problems);
        if (n % 1000 == 999)
            must(dbk_batch_flush(batch, &err), &err);
    }
    must(dbk_batch_flush(batch, &err), &err);
    dbk_batch_end(batch);
}

static dbk_rc count_row(void *ctx, const dbk_row *row, dbk_err *err)
{
    (void)row;
    (void)err;
    ++*(size_t *)ctx;
    return DBK_OK;
}

static dbk_rc count_space(void *ctx, const dbk_space_status *s, dbk_err *err)
{
    (void)err;
    *(size_t *)ctx += s->records;
    return DBK_OK;
}

typedef size_t (*step_fn)(dbk_book *book, const dbk_id *record);

static size_t list_of(dbk_book *book, const dbk_list_opts *opts)
{
    dbk_err err = { 0 };
    size_t count = 0;
    must(dbk_query_list(book, opts, count_row, &count, &err), &err);
    return count;
}

static size_t list_newest(dbk_book *book, const dbk_id *record)
{
    (void)record;
    return list_of(book, &(dbk_list_opts){ .since_ms = INT64_MIN, .limit = 50 });
}

static size_t list_form(dbk_book *book, const dbk_id *record)
{
    (void)record;
    return list_of(book, &(dbk_list_opts){ .since_ms = INT64_MIN, .form = "contact", .limit = 50 });
}

static size_t list_rare_form(dbk_book *book, const dbk_id *record)
{
    (void)record;
    return list_of(book, &(dbk_list_opts){ .since_ms = INT64_MIN, .form = "case", .limit = 50 });
}

static size_t list_where(dbk_book *book, const dbk_id *record)
{
    const dbk_where where = { "place", "Izmir" };
    (void)record;
    return list_of(book,
                   &(dbk_list_opts){ .since_ms = INT64_MIN, .where = &where, .where_count = 1 });
}

static size_t list_all(dbk_book *book, const dbk_id *record)
{
    (void)record;
    return list_of(book, &(dbk_list_opts){ .since_ms = INT64_MIN });
}

static size_t show(dbk_book *book, const dbk_id *record)
{
    dbk_err err = { 0 };
    dbk_note *note = NULL;
    must(dbk_query_note(&note, book, record, &err), &err);
    dbk_note_free(note);
    return 1;
}

static size_t search_for(dbk_book *book, const char *text)
{
    dbk_err err = { 0 };
    size_t count = 0;
    must(dbk_query_search(book, text, 20, count_row, &count, &err), &err);
    return count;
}

static size_t search_rare(dbk_book *book, const dbk_id *record)
{
    (void)record;
    return search_for(book, "izmir heath");
}

static size_t search_common(dbk_book *book, const dbk_id *record)
{
    (void)record;
    return search_for(book, "inquest marsh");
}

static size_t search_prefix(dbk_book *book, const dbk_id *record)
{
    (void)record;
    return search_for(book, "ok");
}

static size_t conflicts(dbk_book *book, const dbk_id *record)
{
    dbk_err err = { 0 };
    size_t count = 0;
    (void)record;
    must(dbk_query_conflicts(book, count_row, &count, &err), &err);
    return count;
}

static size_t status(dbk_book *book, const dbk_id *record)
{
    dbk_err err = { 0 };
    size_t count = 0;
    (void)record;
    must(dbk_query_status(book, count_space, &count, &err), &err);
    return count;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(void)
{
    static const struct {
        const char *name;
        step_fn fn;
    } steps[] = {
        { "list --limit 50", list_newest },
        { "list contact --limit 50", list_form },
        { "list of a form without records", list_rare_form },
        { "show", show },
        { "list --where place=Izmir", list_where },
        { "list, all", list_all },
        { "search, rare word", search_rare },
        { "search, common words", search_common },
        { "search, prefix of two", search_prefix },
        { "conflicts", conflicts },
        { "status", status },
    };
    const char *asked = getenv("BENCH_NOTES");
    uint64_t count = 100000, left = 0;
    dbk_test_org org;
    dbk_id record = { { 0 } };
    dbk_err err = { 0 };
    if (asked != NULL && dbk_u64_parse(&count, dbk_span_str(asked), NULL) != DBK_OK)
        count = 100000;
    dbk_test_org_make(&org, NULL, 0);
    dbk_book *book = org.books[0].book;
    double start = now_ms();
    add_contacts(&org, &record, (unsigned)count);
    (void)printf("%llu records, written at %.1f us each\n", (unsigned long long)count,
                 (now_ms() - start) * 1e3 / (double)count);
    start = now_ms();
    must(dbk_query_index(book, &left, UINT64_MAX, &err), &err);
    (void)printf("  %-32s %9.2f us a record\n", "index the words",
                 (now_ms() - start) * 1e3 / (double)count);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        double spent[REPEATS];
        size_t rows = 0;
        for (size_t k = 0; k < REPEATS; k++) {
            start = now_ms();
            rows = steps[i].fn(book, &record);
            spent[k] = now_ms() - start;
        }
        qsort(spent, REPEATS, sizeof(spent[0]), by_size);
        (void)printf("  %-32s %9.2f ms, %zu rows\n", steps[i].name, spent[REPEATS / 2], rows);
    }
    start = now_ms();
    proof p = proof_clean(book, &org.space);
    (void)printf("  %-32s %9.2f us a record\n", "verify",
                 (now_ms() - start) * 1e3 / (double)p.of.records);
    dbk_test_org_drop(&org);
    return 0;
}
