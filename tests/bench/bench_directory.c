/* Looking services up among 10,000. Prints; never fails. BENCH_NOTES sets the number. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/practice/directory.h"
#include "tests/lib/opkit.h"
#include "tests/lib/org.h"

#define LOOKUPS 41u
#define TODAY INT64_C(20786) /* 2026-11-29 */

static double now_ms(void)
{
    return (double)clock() * 1e3 / (double)CLOCKS_PER_SEC;
}

static void must(dbk_rc rc, const dbk_err *err)
{
    if (rc != DBK_OK)
        dbk_assert_failed(err->text, "bench_directory", 0);
}

static void add_service(dbk_batch *batch, const dbk_id *space, kit_random *r, unsigned n)
{
    static const char *const areas[] = { "birmingham", "coventry", "dudley",       "sandwell",
                                         "solihull",   "walsall",  "wolverhampton" };
    static const char *const kinds[] = { "idva", "isva", "mash", "health", "education", "other" };
    static const char *const languages[] = { "Urdu", "Polish", "Arabic", "Punjabi", "Somali" };
    char name[48], day[16], from[8];
    dbk_problems problems = { 0 };
    dbk_id id;
    dbk_err err = { 0 };
    (void)snprintf(name, sizeof(name), "Service %u", n);
    (void)snprintf(day, sizeof(day), "2026-%02u-%02u", 1 + (unsigned)kit_random_below(r, 11),
                   1 + (unsigned)kit_random_below(r, 28));
    (void)snprintf(from, sizeof(from), "%u", (unsigned)kit_random_below(r, 19));
    const dbk_input inputs[] = {
        { DBK_INPUT_SET, "name", name, NULL },
        { DBK_INPUT_SET, "description", "Advice, a refuge place, and somebody to talk to.", NULL },
        { DBK_INPUT_SET, "la_areas", areas[kit_random_below(r, 7)], NULL },
        { DBK_INPUT_SET, "categories", kinds[kit_random_below(r, 6)], NULL },
        { DBK_INPUT_SET, "languages", languages[kit_random_below(r, 5)], NULL },
        { DBK_INPUT_SET, "phones", "0121 496 0000", NULL },
        { DBK_INPUT_SET, "minimum_age", from, NULL },
        { DBK_INPUT_SET, "assured_date", day, NULL }
    };
    const dbk_add add = { *space, "service", inputs, sizeof(inputs) / sizeof(inputs[0]), NULL };
    must(dbk_batch_add(batch, &id, &problems, &add, &err), &err);
    dbk_problems_wipe(&problems);
}

static void add_services(dbk_test_org *org, unsigned count)
{
    dbk_err err = { 0 };
    dbk_batch *batch = NULL;
    kit_random r;
    kit_random_seed(&r, 18);
    must(dbk_batch_begin(&batch, org->books[0].book, &err), &err);
    for (unsigned n = 0; n < count; n++) {
        add_service(batch, &org->space, &r, n);
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

static void look_up(dbk_book *book, const char *what, const dbk_directory_ask *ask)
{
    double spent[LOOKUPS];
    size_t found = 0;
    dbk_err err = { 0 };
    for (size_t i = 0; i < LOOKUPS; i++) {
        dbk_directory_hit *rows;
        double start = now_ms();
        must(dbk_directory_find(&rows, &found, book, ask, &err), &err);
        spent[i] = now_ms() - start;
        dbk_free(rows);
    }
    qsort(spent, LOOKUPS, sizeof(spent[0]), by_size);
    (void)printf("  %-34s median %6.2f ms, worst %6.2f ms, %zu found\n", what, spent[LOOKUPS / 2],
                 spent[LOOKUPS - 1], found);
}

int main(void)
{
    const char *asked = getenv("BENCH_NOTES");
    uint64_t count = 10000, left = 0;
    dbk_test_org org;
    dbk_err err = { 0 };
    if (asked != NULL && dbk_u64_parse(&count, dbk_span_str(asked), NULL) != DBK_OK)
        count = 10000;
    dbk_test_org_make(&org, NULL, 0);
    dbk_book *book = org.books[0].book;
    add_services(&org, (unsigned)count);
    double start = now_ms();
    must(dbk_query_index(book, &left, UINT64_MAX, &err), &err);
    (void)printf("%llu services; words and rows %.1f us each\n", (unsigned long long)count,
                 (now_ms() - start) * 1e3 / (double)count);
    const dbk_directory_ask all = { .age = DBK_OFFER_UNSAID, .today = TODAY };
    const dbk_directory_ask area = { .area = "dudley", .age = DBK_OFFER_UNSAID, .today = TODAY };
    const dbk_directory_ask one = {
        .category = "idva", .area = "dudley", .language = "Urdu", .age = 16, .today = TODAY
    };
    look_up(book, "all", &all);
    look_up(book, "an area", &area);
    look_up(book, "category, area, language, age", &one);
    dbk_test_org_drop(&org);
    return 0;
}
