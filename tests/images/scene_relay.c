/* A relay's log in its one file: what a receipt was given for stays, and so do orders to erase. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/images/images.h"
#include "tests/lib/relaykit.h"

#define ROUNDS 30u
#define PER_ROUND 2u
#define ORDER_EVERY 4u
#define AGAIN 2u
#define STEPS_MAX (ROUNDS * 4u)

/* What had been acknowledged when the step was told. */
typedef struct step {
    size_t receipts;
    uint64_t entries;
} step;

static struct {
    relaykit kit;
    relaykit_device officer, second;
    relaykit_segment all[ROUNDS * PER_ROUND + 1]; /* the last one for after the cut */
    dbk_receipt receipts[ROUNDS * PER_ROUND];
    size_t count;
    uint64_t entries;
    step steps[STEPS_MAX];
    size_t steps_count;
    disk_record *r;
    dbk_id space;
} rel;

static void tell(void)
{
    assert_true(rel.steps_count < STEPS_MAX);
    rel.steps[rel.steps_count++] = (step){ rel.count, rel.entries };
    disk_told(rel.r, rel.steps_count);
}

static void push_round(size_t round)
{
    static relaykit_pushed p;
    relaykit_segment *s = &rel.all[round * PER_ROUND];
    assert_int_equal(relaykit_push(&rel.kit, &rel.officer, &p, s, PER_ROUND), 200);
    for (size_t i = 0; i < PER_ROUND; i++) {
        assert_int_equal(p.results[i].status, DBK_PUSH_ACCEPTED);
        rel.receipts[rel.count++] = p.results[i].receipt;
    }
    relaykit_pushed_wipe(&p);
    tell();
}

static void order(size_t round)
{
    dbk_dot dots[PER_ROUND];
    dbk_bytes entry = { 0 };
    const relaykit_segment *s = &rel.all[round * PER_ROUND];
    for (size_t i = 0; i < PER_ROUND; i++)
        dots[i] = (dbk_dot){ s[i].header.feed, s[i].header.first_seq + i };
    relaykit_order o = { s[0].header.space, dots, PER_ROUND, &rel.second };
    assert_int_equal(relaykit_post(&rel.kit, relaykit_entry_dispose(&rel.kit, &entry, &o)), 200);
    rel.entries++;
    dbk_bytes_wipe(&entry);
    tell();
}

static disk_record *play(const char *top)
{
    relaykit *k = &rel.kit;
    memset(&rel, 0, sizeof(rel));
    assert_int_equal(setenv("TMPDIR", top, 1), 0);
    rel.r = disk_watch(top);
    relaykit_open(k, DBK_WRITER_INLINE);
    relaykit_org(k);
    relaykit_enrol(k, &rel.officer, DBK_ROLE_OFFICER);
    relaykit_enrol(k, &rel.second, DBK_ROLE_ADMIN);
    const relaykit_device *members[] = { &rel.officer, &k->admin, &rel.second };
    rel.space = relaykit_space(k, members, 3);
    rel.entries = dbk_roster_count(k->roster);
    relaykit_feed feed = relaykit_feed_begin(k, &rel.officer, &rel.space);
    for (size_t i = 0; i < ARRAY_LEN(rel.all); i++)
        relaykit_segment_make(k, &rel.all[i], &feed, 3, i % 9 == 0 ? 3000 : 300);
    tell();
    for (size_t round = 0; round < ROUNDS; round++) {
        push_round(round);
        if (round % ORDER_EVERY == 1)
            order(round);
        if (round % 6 == 5) { /* a restart folds the log's tail into its file */
            relaykit_stop(k);
            relaykit_start(k);
        }
    }
    relaykit_stop(k);
    return rel.r;
}

/* ---- what an image holds ------------------------------------------------------------------- */

typedef struct finding {
    images_case *c;
    size_t count, told;
} finding;

static dbk_rc find_segment(void *ctx, const dbk_log_segment *s, bool *stop, dbk_err *err)
{
    finding *f = ctx;
    (void)stop;
    (void)err;
    if (s->index >= ARRAY_LEN(rel.receipts) ||
        memcmp(rel.all[s->index].raw, s->header.p, DBK_SEGMENT_HEADER_BYTES) != 0)
        images_blame(f->c, "a segment stands in the log that nobody sent there");
    else if (s->index < f->told && rel.receipts[s->index].receipt_ms != s->receipt_ms)
        images_blame(f->c, "a segment has another time than its receipt");
    f->count++;
    return DBK_OK;
}

/* Returns how many segments there are. */
static size_t look(images_case *c, const dbk_log *log)
{
    const step told = c->told == 0 ? (step){ 0, 0 } : rel.steps[c->told - 1];
    dbk_log_report report = { 0 };
    dbk_err err = { 0 };
    finding f = { c, 0, told.receipts };
    dbk_log_read read = { 0, find_segment, &f, 0 };
    dbk_rc rc = dbk_log_check_deep(log, &report, &err);
    if (rc == DBK_DAMAGED && c->lied) { /* `fsck` says so, and the copy beside it is put back */
        c->end = IMAGE_REFUSED;
        return 0;
    }
    if (rc != DBK_OK)
        images_blame(c, "deep check: %s", err.text);
    err = (dbk_err){ 0 };
    rc = log->ops->segments_read(log->self, &rel.space, &read, &err);
    if (rc != DBK_OK && rc != DBK_NOT_FOUND)
        images_blame(c, "the log can't be read: %s", err.text);
    if (f.count >= told.receipts && report.entries >= told.entries)
        return f.count;
    c->end = IMAGE_LESS;
    if (!c->lied)
        images_blame(c, "%zu of %zu segments with a receipt, %u of %u entries", f.count,
                     told.receipts, (unsigned)report.entries, (unsigned)told.entries);
    return f.count;
}

/* The relay as it starts next, on the image: it takes what it hasn't got, and one more. */
static void push_again(images_case *c, size_t held, char *path)
{
    static relaykit_pushed p;
    relaykit k = rel.kit;
    relaykit_device officer = rel.officer;
    (void)snprintf(k.db, sizeof(k.db), "%s", path);
    k.file.path = k.db;
    k.source.self = &k.file;
    k.outer.self = &k;
    relaykit_start(&k);
    /* From the first that isn't there: the rest of what was on its way, as far as it costs little.
     */
    for (size_t at = held; at < ARRAY_LEN(rel.all) && at < held + AGAIN; at++) {
        int status = relaykit_push(&k, &officer, &p, &rel.all[at], 1);
        for (size_t i = 0; status == 200 && i < p.count; i++)
            if (p.results[i].status != DBK_PUSH_ACCEPTED &&
                p.results[i].status != DBK_PUSH_DUPLICATE)
                images_blame(c, "the next push of segment %zu is refused: %d", at + i,
                             (int)p.results[i].status);
        if (status != 200)
            images_blame(c, "the next push: status %d", status);
        relaykit_pushed_wipe(&p);
    }
    relaykit_stop(&k);
}

static void check(images_case *c)
{
    char path[2 * DBK_TEST_PATH_SIZE];
    dbk_log log;
    dbk_err err = { 0 };
    const char *folder = strrchr(rel.kit.dir, '/');
    (void)snprintf(path, sizeof(path), "%s%s/relay.db", c->dir, folder);
    const dbk_log_embedded file = { path, rel.kit.db_key };
    dbk_rc rc = dbk_log_embedded_open(&file, &log, DBK_LOG_WRITES, &err);
    if (rc != DBK_OK) {
        bool plain = rc == DBK_DAMAGED || rc == DBK_NOT_FOUND;
        c->end = c->told == 0 && plain ? IMAGE_ABSENT : IMAGE_REFUSED;
        if (!plain || (c->told > 0 && !c->lied))
            images_blame(c, "it doesn't open: %s: %s", dbk_rc_name(rc), err.text);
        return;
    }
    size_t held = look(c, &log);
    dbk_log_close(&log);
    if (c->told > 0 && c->end == IMAGE_WHOLE && c->why[0] == '\0')
        push_again(c, held, path);
}

static void close_scene(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rel.all); i++)
        relaykit_segment_wipe(&rel.all[i]);
    relaykit_device_drop(&rel.officer);
    relaykit_device_drop(&rel.second);
    relaykit_close(&rel.kit);
}

const images_scene scene_relay = { "relay", "a relay's log: pushes, restarts, orders to erase",
                                   5,       play,
                                   check,   close_scene };
