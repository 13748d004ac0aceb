/* Pulling 10,000 notes into an empty store, one note to a segment and then 64: notes a second, and
 * what each step of the receive path costs for a note. Prints; never fails. BENCH_NOTES sets the
 * number. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/text.h"
#include "core/journal/book_internal.h"
#include "core/journal/inbox_internal.h"
#include "core/journal/record_id.h"
#include "tests/lib/forge.h"
#include "tests/lib/minilog.h"
#include "tests/lib/opkit.h"
#include "tests/lib/org.h"

#define RUN_ENTRIES 1000u
#define WRITERS 8u

/* Processor time: other programs on the machine don't count, nor does waiting for the disk. */
static double now_us(void)
{
    return (double)clock() * 1e6 / (double)CLOCKS_PER_SEC;
}

/* About 1.1 KB of prose that isn't the same twice. */
static void write_prose(char *out, size_t size, kit_random *r)
{
    static const char *const words[] = {
        "the",     "family", "asked",    "about",   "a",         "release", "of",      "property",
        "and",     "were",   "told",     "that",    "inquest",   "opens",   "in",      "spring",
        "mother",  "said",   "she",      "sleeps",  "badly",     "since",   "phone",   "call",
        "officer", "left",   "leaflet",  "with",    "number",    "victim",  "support", "team",
        "visit",   "agreed", "Thursday", "morning", "solicitor", "present", "brother", "travels",
    };
    size_t len = 0;
    while (len + 16 < size) {
        const char *word = words[kit_random_below(r, sizeof(words) / sizeof(words[0]))];
        int n = kit_random_below(r, 9) == 0
                    ? snprintf(out + len, size - len, "%u ", (unsigned)kit_random_below(r, 100000))
                    : snprintf(out + len, size - len, "%s ", word);
        len += (size_t)n;
    }
}

static void write_note(const forge *f, dbk_bytes *plain, uint64_t ms, kit_random *r)
{
    char text[1000];
    uint8_t random[DBK_RECORD_ID_RANDOM_BYTES];
    for (size_t i = 0; i < sizeof(random); i++)
        random[i] = (uint8_t)kit_random_below(r, 256);
    write_prose(text, sizeof(text), r);
    forge_op(f, plain,
             &(forge_edit){ dbk_record_id_new(&f->space, "contact", ms, random), "contact", "note",
                            text, (dbk_hlc)(ms << 16), NULL, 0 });
}

/* Notes of several devices, in turn, as a relay would have them; `pack` notes to a segment. */
static void fill_log(minilog *log, dbk_test_org *org, unsigned notes, unsigned pack)
{
    static forge writers[WRITERS];
    static dbk_bytes plain[DBK_SEGMENT_OPS_MAX];
    dbk_span spans[DBK_SEGMENT_OPS_MAX];
    kit_random r;
    kit_random_seed(&r, 1);
    for (size_t i = 0; i < WRITERS; i++)
        forge_init(&writers[i], org->books[1].book, org->books[0].book, &org->space);
    for (unsigned n = 0, segment = 0; n < notes; segment++) {
        forge *f = &writers[segment % WRITERS];
        unsigned count = notes - n < pack ? notes - n : pack;
        for (unsigned i = 0; i < count; i++) {
            dbk_bytes_init(&plain[i], DBK_OP_PLAIN_BYTES_MAX);
            write_note(f, &plain[i], DBK_TEST_START_MS + n + i, &r);
            spans[i] = dbk_bytes_span(&plain[i]);
        }
        forge_next(f, spans, count);
        (void)minilog_append(log, forge_header(f), forge_body(f), DBK_TEST_START_MS + n + 500);
        for (unsigned i = 0; i < count; i++)
            dbk_bytes_wipe(&plain[i]);
        n += count;
    }
    for (size_t i = 0; i < WRITERS; i++)
        forge_wipe(&writers[i]);
}

/* The checks alone, which change nothing: against an empty store, so from entry 0. */
static double time_checks(const minilog *log, dbk_book *book, uint64_t notes)
{
    uint32_t entries = log->count < 10000 ? (uint32_t)log->count : 10000;
    dbk_inbox_run_state s;
    dbk_err err = { 0 };
    minilog_run run;
    minilog_run_init(&run, log, 0, entries, NULL);
    double start = now_us();
    if (dbk_inbox_check_run(&s, book, &run.run, &err) != DBK_OK)
        (void)fprintf(stderr, "%s\n", err.text);
    double spent = now_us() - start;
    dbk_inbox_run_wipe(&s);
    minilog_run_wipe(&run);
    return spent * (double)log->count / entries / (double)notes;
}

typedef struct opening {
    double open_us, decode_us;
    size_t plain_bytes, body_bytes;
} opening;

/* Opens each op of a segment, and decodes it if asked to. */
static void open_segment(opening *o, dbk_book *book, const minilog_item *item, bool decode,
                         dbk_bytes *plain)
{
    dbk_err err = { 0 };
    dbk_header h;
    dbk_frame frames[DBK_SEGMENT_OPS_MAX];
    dbk_span body = dbk_span_of(item->body, item->body_len);
    bool good = dbk_header_decode(&h, dbk_span_of(item->header, item->header_len), &err) ==
                    DBK_OK &&
                dbk_body_split(frames, &h, body, &err) == DBK_OK;
    const dbk_secret *key = dbk_keyring_find(book->keyring, &h.space, &h.key_id);
    for (uint32_t at = 0; good && at < h.count; at++) {
        dbk_op_decoded op = { 0 };
        dbk_bytes_truncate(plain, 0);
        good = dbk_open_frame(book->sealer, plain, &h, &frames[at], at, key, &err) == DBK_OK;
        if (good && decode)
            good = dbk_op_decode(&op, dbk_bytes_span(plain), &h.feed, &err) == DBK_OK;
        dbk_op_decoded_wipe(&op);
        o->plain_bytes += plain->len;
    }
    if (!good)
        (void)fprintf(stderr, "%s\n", err.text);
    o->body_bytes += item->body_len;
}

static opening time_opening(const minilog *log, dbk_book *book, uint64_t notes)
{
    opening o = { 0 };
    dbk_bytes plain = DBK_BYTES_INIT(65536);
    for (int pass = 0; pass < 2; pass++) {
        double start = now_us();
        for (size_t i = 0; i < log->count; i++)
            open_segment(&o, book, &log->items[i], pass == 1, &plain);
        double each = (now_us() - start) / (double)notes;
        if (pass == 0)
            o.open_us = each;
        else
            o.decode_us = each - o.open_us;
    }
    o.plain_bytes /= 2 * notes;
    o.body_bytes /= 2 * notes;
    dbk_bytes_wipe(&plain);
    return o;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* One log, pulled by three empty stores: the median. */
static void bench(uint64_t notes, unsigned pack)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER, DBK_ROLE_OFFICER, DBK_ROLE_OFFICER };
    dbk_test_org org;
    minilog log;
    double pulls[3], walls[3];
    dbk_test_org_make(&org, roles, 3);
    dbk_id id = dbk_roster_org(dbk_book_roster(org.books[0].book));
    minilog_init(&log, &id, &org.space, org.relay);
    fill_log(&log, &org, (unsigned)notes, pack);

    double check_us = time_checks(&log, org.books[0].book, notes);
    opening o = time_opening(&log, org.books[0].book, notes);
    for (size_t i = 0; i < 3; i++) {
        dbk_inbox_stats stats = { 0 };
        double start = now_us();
        uint64_t start_ms = dbk_monotonic_ms();
        minilog_pull(&log, org.books[i == 0 ? 0 : i + 1].book, RUN_ENTRIES / pack + 1, &stats);
        pulls[i] = (now_us() - start) / (double)notes;
        walls[i] = (double)(dbk_monotonic_ms() - start_ms) * 1000.0 / (double)notes;
        if (stats.records_new != notes)
            (void)fprintf(stderr, "only %llu records\n", (unsigned long long)stats.records_new);
    }
    qsort(pulls, 3, sizeof(pulls[0]), by_size);
    qsort(walls, 3, sizeof(walls[0]), by_size);
    (void)printf("pull %llu notes (plain %zu B, sealed %zu B), %u a segment\n",
                 (unsigned long long)notes, o.plain_bytes, o.body_bytes, pack);
    (void)printf("  %-36s %8.1f us a note by the clock on the wall\n", "all", walls[1]);
    (void)printf("  %-36s %8.1f us a note, %7.0f notes/s of processor time\n", "all", pulls[1],
                 1e6 / pulls[1]);
    (void)printf("  %-36s %8.1f us\n", "verify: headers, tree, chains, seals", check_us);
    (void)printf("  %-36s %8.1f us\n", "open: decrypt, unpack", o.open_us);
    (void)printf("  %-36s %8.1f us\n", "decode the op", o.decode_us);
    (void)printf("  %-36s %8.1f us\n", "merge, rows, commit (the rest)",
                 pulls[1] - check_us - o.open_us - o.decode_us);
    minilog_wipe(&log);
    dbk_test_org_drop(&org);
}

int main(void)
{
    const char *asked = getenv("BENCH_NOTES");
    uint64_t notes = 10000;
    if (asked != NULL && dbk_u64_parse(&notes, dbk_span_str(asked), NULL) != DBK_OK)
        notes = 10000;
    bench(notes, 1);
    bench(notes, DBK_SEGMENT_OPS_MAX);
    return 0;
}
