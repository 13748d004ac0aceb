/* Looking somebody up among 100,000 persons. Prints; never fails. BENCH_NOTES sets the number. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/text.h"
#include "core/practice/match.h"
#include "tests/lib/opkit.h"
#include "tests/lib/org.h"

#define LOOKUPS 101u

static double now_ms(void)
{
    return (double)clock() * 1e3 / (double)CLOCKS_PER_SEC;
}

static void must(dbk_rc rc, const dbk_err *err)
{
    if (rc != DBK_OK)
        dbk_assert_failed(err->text, "bench_persons", 0);
}

/* Few given names and many that sound alike: worse than a town. */
static void name_of(char *out, size_t size, kit_random *r)
{
    static const char *const given[] = { "Mohammed", "Muhammad", "Fatima", "Joan",  "Peter",
                                         "Natalia",  "Ahmed",    "Priya",  "Maria", "Wei" };
    static const char *const parts[] = { "Mar", "sh",  "Ok",   "afor", "La",   "ne", "Hea",
                                         "th",  "Fen", "n",    "Si",   "ngh",  "Ko", "wal",
                                         "ski", "Hus", "sain", "Cho",  "dhry", "Nov" };
    (void)snprintf(out, size, "name=%s %s%s%s", given[kit_random_below(r, 10)],
                   parts[kit_random_below(r, 20)], parts[kit_random_below(r, 20)],
                   parts[kit_random_below(r, 20)]);
}

static void add_persons(dbk_test_org *org, dbk_id *some, unsigned count)
{
    dbk_err err = { 0 };
    dbk_batch *batch = NULL;
    kit_random r;
    kit_random_seed(&r, 11);
    must(dbk_batch_begin(&batch, org->books[0].book, &err), &err);
    for (unsigned n = 0; n < count; n++) {
        char name[96], dob[32];
        dbk_problems problems = { 0 };
        dbk_id id;
        name_of(name, sizeof(name), &r);
        (void)snprintf(dob, sizeof(dob), "%u-%02u-%02u", 1930 + (unsigned)kit_random_below(&r, 90),
                       1 + (unsigned)kit_random_below(&r, 12),
                       1 + (unsigned)kit_random_below(&r, 28));
        const dbk_input inputs[] = { { DBK_INPUT_SET, "name", name + strlen("name="), NULL },
                                     { DBK_INPUT_SET, "dob", dob, NULL } };
        const dbk_add add = { org->space, "person", inputs, 2, NULL };
        must(dbk_batch_add(batch, &id, &problems, &add, &err), &err);
        if (n % (count / LOOKUPS + 1) == 0)
            some[n / (count / LOOKUPS + 1)] = id;
        dbk_problems_wipe(&problems);
        if (n % 1000 == 999)
            must(dbk_batch_flush(batch, &err), &err);
    }
    must(dbk_batch_flush(batch, &err), &err);
    dbk_batch_end(batch);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(void)
{
    const char *asked = getenv("BENCH_NOTES");
    uint64_t count = 100000, left = 0;
    dbk_test_org org;
    dbk_id some[LOOKUPS + 1];
    double spent[LOOKUPS];
    size_t found_all = 0, looked = 0;
    dbk_err err = { 0 };
    if (asked != NULL && dbk_u64_parse(&count, dbk_span_str(asked), NULL) != DBK_OK)
        count = 100000;
    memset(some, 0, sizeof(some));
    dbk_test_org_make(&org, NULL, 0);
    dbk_book *book = org.books[0].book;
    add_persons(&org, some, (unsigned)count);
    double start = now_ms();
    must(dbk_query_index(book, &left, UINT64_MAX, &err), &err);
    (void)printf("%llu persons; words and keys %.1f us each\n", (unsigned long long)count,
                 (now_ms() - start) * 1e3 / (double)count);
    for (; looked < LOOKUPS && !dbk_id_is_zero(&some[looked]); looked++) {
        dbk_match found[DBK_MATCH_FOUND_MAX];
        size_t found_count = 0;
        start = now_ms();
        must(dbk_match_find(book, found, &found_count, &some[looked], &err), &err);
        spent[looked] = now_ms() - start;
        found_all += found_count;
    }
    qsort(spent, looked, sizeof(spent[0]), by_size);
    (void)printf("  %zu look-ups: median %.2f ms, worst %.2f ms, %zu suggestions\n", looked,
                 spent[looked / 2], spent[looked - 1], found_all);
    dbk_test_org_drop(&org);
    return 0;
}
