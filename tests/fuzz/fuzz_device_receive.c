/* The answer to a pull, as hostile members and a hostile relay make it, against a whole store. The
 * first byte says what is spoiled, the second which record it is about; then three bytes each
 * (offset u16, change u8):
 *   'o'  the op, before a member seals and signs it: what stands behind the seal is reached
 *   'r'  the same, but the rest is the op itself
 *   's'  the segment; hash and length of its body are set right, and the member signs it
 *   'l'  the segment, by the relay, which signs the log with it
 *   'c'  the relay's checkpoint
 *   'f'  the segment, by whoever carried it in a folder
 * What is refused changes nothing; what is taken moves the position by one; the store stays sound,
 * and whatever came a good segment is merged after it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/book_internal.h"
#include "tests/lib/forge.h"
#include "tests/lib/minilog.h"
#include "tests/lib/org.h"

#define WORLD_RUNS \
    1024u /* then it is made anew: each takes as long as a store of some hundred notes */
#define CHECK_EVERY 64u
#define RECORDS 4u
#define NOON_MS (DBK_TEST_START_MS + 3600000u)

enum { DESK, OFFICER };

static struct {
    bool made;
    dbk_test_org org;
    minilog log;
    forge forge; /* the officer's feed, beside its own */
    uint64_t runs;
} f;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(dbk_rc rc, const dbk_err *err)
{
    if (rc != DBK_OK)
        dbk_assert_failed(err->text, "fuzz_device_receive", (int)rc);
}

/* Only the files: at this time the crypto library has been torn down already. */
static void finish(void)
{
    for (size_t i = 0; f.made && i < f.org.count; i++)
        dbk_test_dir_remove(f.org.books[i].dir);
}

static void new_feed(void)
{
    forge_wipe(&f.forge);
    forge_init(&f.forge, f.org.books[OFFICER].book, f.org.books[OFFICER].book, &f.org.space);
}

static void drop(void)
{
    forge_wipe(&f.forge);
    minilog_wipe(&f.log);
    dbk_test_org_drop(&f.org);
    f.made = false;
}

static void prepare(void)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    if (f.made && f.runs < WORLD_RUNS)
        return;
    if (f.made)
        drop();
    else
        DBK_ASSERT(atexit(finish) == 0);
    dbk_test_org_make(&f.org, roles, 1);
    f.made = true;
    f.runs = 0;
    dbk_id org = dbk_roster_org(dbk_book_roster(f.org.books[DESK].book));
    minilog_init(&f.log, &org, &f.org.space, f.org.relay);
    new_feed();
}

static void spoil(uint8_t *p, size_t len, dbk_span in)
{
    for (; in.len >= 3 && len > 0; in.p += 3, in.len -= 3)
        p[((size_t)in.p[0] << 8 | in.p[1]) % len] ^= in.p[2];
}

/* Header and body as one row of bytes. */
static void spoil_segment(uint8_t *header, uint8_t *body, size_t body_len, dbk_span in)
{
    for (; in.len >= 3; in.p += 3, in.len -= 3) {
        size_t at = ((size_t)in.p[0] << 8 | in.p[1]) % (DBK_SEGMENT_HEADER_BYTES + body_len);
        uint8_t *p = at < DBK_SEGMENT_HEADER_BYTES ? header + at
                                                   : body + (at - DBK_SEGMENT_HEADER_BYTES);
        *p ^= in.p[2];
    }
}

/* The next segment of the hostile member, with an op about one of a few persons. */
static void member_writes(char mode, uint8_t which, dbk_span in)
{
    dbk_bytes plain = DBK_BYTES_INIT(DBK_OP_PLAIN_BYTES_MAX);
    const forge_edit edit = { .record = forge_record(&f.forge, "person", which % RECORDS),
                              .form = "person",
                              .field = "name",
                              .text = which % 2 == 0 ? "Joan" : "Joan Mary",
                              .time = (dbk_hlc)((NOON_MS + f.runs) << 16) };
    forge_op(&f.forge, &plain, &edit);
    if (mode == 'o')
        spoil(plain.p, plain.len, in);
    dbk_span one = mode == 'r' && in.len > 0 ? in : dbk_bytes_span(&plain);
    forge_next(&f.forge, &one, 1);
    dbk_bytes_wipe(&plain);
}

/* Returns whether a header is left that a log can hold. */
static bool member_resigns(dbk_span in)
{
    spoil_segment(f.forge.header, f.forge.body.p, f.forge.body.len, in);
    if (dbk_header_decode(&f.forge.h, forge_header(&f.forge), NULL) != DBK_OK)
        return false;
    forge_resign(&f.forge);
    return true;
}

/* The log's newest entry, as the relay would have it; it signs for that. */
static void relay_spoils(dbk_span in)
{
    dbk_header h;
    minilog_item *item = &f.log.items[f.log.count - 1];
    spoil_segment(item->header, item->body, item->body_len, in);
    if (dbk_header_decode(&h, dbk_span_of(item->header, item->header_len), NULL) == DBK_OK)
        item->header_hash = dbk_header_hash(&h);
    minilog_rebuild(&f.log);
}

/* What was refused isn't in the log that this device sees next. */
static void take_back(void)
{
    minilog_item *item = &f.log.items[--f.log.count];
    dbk_free(item->header);
    dbk_free(item->body);
    minilog_rebuild(&f.log);
}

static void check_code(dbk_rc rc)
{
    DBK_ASSERT(rc == DBK_OK || rc == DBK_PEER || rc == DBK_PENDING || rc == DBK_FORMAT ||
               rc == DBK_AUTH || rc == DBK_CONFLICT || rc == DBK_LIMIT || rc == DBK_VERSION ||
               rc == DBK_NOT_FOUND);
}

/* Pulls the one entry that the desk lacks. Returns whether it was merged as any other. */
static bool desk_pulls(char mode, dbk_span in)
{
    minilog_run r;
    dbk_inbox_stats stats = { 0 };
    dbk_err err = { 0 };
    dbk_book *desk = f.org.books[DESK].book;
    const dbk_position before = minilog_position(&f.log, desk);
    DBK_ASSERT(before.size + 1 == f.log.count);
    minilog_run_init(&r, &f.log, before.size, 1, NULL);
    dbk_bytes was = DBK_BYTES_INIT(DBK_CHECKPOINT_BYTES_MAX);
    must(dbk_bytes_append(&was, r.run.checkpoint, &err), &err);
    if (mode == 'c')
        spoil(r.note.p, r.note.len, in);
    bool other = !dbk_span_equal(dbk_bytes_span(&was), r.run.checkpoint);
    dbk_bytes_wipe(&was);
    dbk_rc rc = dbk_inbox_run(desk, &stats, &r.run, &err);
    minilog_run_wipe(&r);
    check_code(rc);
    DBK_ASSERT(!dbk_store_in_transaction(desk->store));
    const dbk_position after = minilog_position(&f.log, desk);
    DBK_ASSERT(after.size == before.size + (rc == DBK_OK ? 1 : 0));
    DBK_ASSERT(rc == DBK_OK || dbk_hash_equal(&after.root, &before.root));
    DBK_ASSERT(rc != DBK_OK || !other); /* the relay signed another note */
    if (rc != DBK_OK)
        take_back();
    return rc == DBK_OK && stats.pending == 0 && stats.ops == 1;
}

static void desk_reads_folder(dbk_span in)
{
    dbk_inbox_stats stats = { 0 };
    dbk_err err = { 0 };
    dbk_book *desk = f.org.books[DESK].book;
    spoil_segment(f.forge.header, f.forge.body.p, f.forge.body.len, in);
    check_code(dbk_inbox_carried(desk, &stats, forge_sealed(&f.forge), &err));
    DBK_ASSERT(!dbk_store_in_transaction(desk->store));
}

/* Returns whether it was merged as any other. */
static bool receive(char mode, uint8_t which, dbk_span in)
{
    f.runs++;
    member_writes(mode, which, in);
    if (mode == 's' && !member_resigns(in))
        return false;
    if (mode == 'f') {
        desk_reads_folder(in);
        return false;
    }
    (void)minilog_append(&f.log, forge_header(&f.forge), forge_body(&f.forge), NOON_MS + f.runs);
    if (mode == 'l')
        relay_spoils(in);
    return desk_pulls(mode, in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dbk_err err = { 0 };
    if (size < 2 || data[0] == 0 || strchr("orslcf", data[0]) == NULL ||
        size > DBK_OP_PLAIN_BYTES_MAX)
        return 0;
    prepare();
    if (!receive((char)data[0], data[1], dbk_span_of(data + 2, size - 2)))
        new_feed(); /* nothing would be merged behind it */
    if (f.runs % CHECK_EVERY != 0)
        return 0;
    must(dbk_book_check_deep(f.org.books[DESK].book, &err), &err);
    new_feed();
    DBK_ASSERT(receive('o', 0, dbk_span_of(NULL, 0))); /* whatever came, a good one still goes in */
    return 0;
}
