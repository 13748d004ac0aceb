#include "tests/lib/test.h"

#include "tests/lib/snapkit.h"

#include <sqlite3.h>
#include <string.h>

#include "core/journal/book_internal.h"
#include "core/store/sql.h"
#include "tests/lib/proof.h"

void snapkit_make(snapkit *k)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER, DBK_ROLE_OFFICER, DBK_ROLE_HQ,
                                      DBK_ROLE_OFFICER, DBK_ROLE_ADMIN };
    static const char *const fields[] = { "name=Joan Marsh", "sex=female", NULL };
    memset(k, 0, sizeof(*k));
    dbk_test_org_make(&k->w.org, roles, ARRAY_LEN(roles));
    dbk_id org = dbk_roster_org(dbk_book_roster(snapkit_book(k, HQ)));
    minilog_init(&k->w.log, &org, &k->w.org.space, k->w.org.relay);
    k->w.joan = dbk_test_add(snapkit_book(k, ANNE), &k->w.org.space, "person", fields);
    dbk_bytes_init(&k->manifest, DBK_MANIFEST_BYTES_MAX);
    for (size_t i = 0; i < ARRAY_LEN(k->chunks); i++)
        dbk_bytes_init(&k->chunks[i], 64 * 1024);
}

void snapkit_drop(snapkit *k)
{
    for (size_t i = 0; i < ARRAY_LEN(k->chunks); i++)
        dbk_bytes_wipe(&k->chunks[i]);
    dbk_bytes_wipe(&k->manifest);
    world_drop(&k->w);
}

int snapkit_setup(void **state)
{
    static snapkit k;
    snapkit_make(&k);
    *state = &k;
    return 0;
}

int snapkit_teardown(void **state)
{
    snapkit *k = *state;
    dbk_test_org_check(&k->w.org);
    snapkit_drop(k);
    return 0;
}

dbk_book *snapkit_book(snapkit *k, size_t who)
{
    return world_book(&k->w, who);
}

void snapkit_push(snapkit *k, size_t who)
{
    (void)minilog_push(&k->w.log, snapkit_book(k, who), KIT_NOON_MS + k->w.log.count);
}

void snapkit_pull(snapkit *k, size_t who)
{
    minilog_pull(&k->w.log, snapkit_book(k, who), 7, NULL);
}

static dbk_rc keep_chunk(void *ctx, const dbk_id *name, uint32_t index, dbk_span sealed,
                         dbk_err *err)
{
    snapkit *k = ctx;
    assert_false(dbk_id_is_zero(name));
    assert_int_equal(index, k->chunks_count);
    assert_true(index < ARRAY_LEN(k->chunks));
    dbk_bytes_truncate(&k->chunks[index], 0);
    k->chunks_count++;
    return dbk_bytes_append(&k->chunks[index], sealed, err);
}

dbk_rc snapkit_try_make(snapkit *k, size_t who, dbk_err *err)
{
    const dbk_snapshot_out out = { keep_chunk, k };
    dbk_bytes_truncate(&k->manifest, 0);
    k->chunks_count = 0;
    return dbk_snapshot_make(snapkit_book(k, who), &k->manifest, &k->w.org.space, &out, err);
}

dbk_rc snapkit_try_confirm(snapkit *k, size_t who, dbk_err *err)
{
    return dbk_snapshot_confirm(snapkit_book(k, who), k->word, dbk_bytes_span(&k->manifest), err);
}

void snapkit_snap(snapkit *k)
{
    dbk_err err = { 0 };
    assert_ok(snapkit_try_make(k, HQ, &err), &err);
    assert_ok(snapkit_try_confirm(k, SNAP_SECOND, &err), &err);
}

static dbk_rc give_chunk(void *ctx, dbk_span *sealed, uint32_t index, dbk_err *err)
{
    snapkit *k = ctx;
    k->given++;
    if (index >= k->chunks_count)
        return dbk_fail(err, DBK_NOT_FOUND, "there is no such part");
    *sealed = dbk_bytes_span(&k->chunks[index]);
    return DBK_OK;
}

dbk_snapshot_in snapkit_in(snapkit *k)
{
    return (dbk_snapshot_in){ .manifest = dbk_bytes_span(&k->manifest),
                              .confirmations = { dbk_span_of(k->word, sizeof(k->word)) },
                              .confirmations_count = 1,
                              .chunk = give_chunk,
                              .ctx = k };
}

dbk_rc snapkit_try_take(snapkit *k, size_t who, dbk_err *err)
{
    const dbk_snapshot_in in = snapkit_in(k);
    dbk_snapshot_taken taken;
    return dbk_snapshot_take(snapkit_book(k, who), &taken, &in, err);
}

void snapkit_take(snapkit *k, size_t who)
{
    dbk_err err = { 0 };
    assert_ok(snapkit_try_take(k, who, &err), &err);
}

void snapkit_sql(dbk_book *book, const char *text)
{
    char *why = NULL;
    if (sqlite3_exec(book->store->db, text, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", text, why);
}

void snapkit_spread(snapkit *k)
{
    snapkit_push(k, ANNE);
    snapkit_pull(k, BEN);
    world_edit(&k->w, BEN, "name=Joanna Marsh");
    world_edit(&k->w, ANNE, "name=Joanne Marsh");
    snapkit_push(k, BEN);
    snapkit_push(k, ANNE);
    snapkit_pull(k, HQ);
    snapkit_pull(k, SNAP_SECOND);
}

void snapkit_carry_all(snapkit *k, size_t who)
{
    for (size_t i = 0; i < k->w.log.count; i++) {
        dbk_inbox_stats stats;
        dbk_err err = { 0 };
        assert_ok(world_carry(&k->w, who, &k->w.log.items[i], &stats, &err), &err);
        assert_int_equal(stats.segments, 0);
    }
}

void snapkit_same(snapkit *k, size_t a, size_t b)
{
    proof x = proof_clean(snapkit_book(k, a), &k->w.org.space);
    proof y = proof_clean(snapkit_book(k, b), &k->w.org.space);
    assert_true(proof_equal(&x, &y));
}
