/* What is kept of a snapshot on its way: only what is of it, in order, and no longer than it is
 * waited for. */
#include "tests/lib/test.h"

#include <string.h>

#include "core/journal/book_internal.h"
#include "core/journal/snapshot_kept.h"
#include "tests/lib/proof.h"
#include "tests/lib/snapkit.h"

#define SHORTER "DELETE FROM meta WHERE name LIKE 'snapshot-chunk.%'"
#define LONGER                                                                    \
    "INSERT INTO meta SELECT substr(name,1,length(name)-1)||'7', value FROM meta" \
    " WHERE name LIKE 'snapshot-chunk.%'"
#define OLDER_ROW "UPDATE meta SET value=x'00' WHERE name LIKE 'snapshot-kept.%'"

static dbk_rc keep(snapkit *k, dbk_snapshot_kept *kept, uint32_t chunk, dbk_err *err)
{
    dbk_manifest m;
    dbk_span sealed = dbk_bytes_span(&k->chunks[chunk]);
    const dbk_snapshot_chunks chunks = { &sealed, 1 };
    assert_ok(dbk_manifest_decode(&m, dbk_bytes_span(&k->manifest), NULL), NULL);
    return dbk_snapshot_keep(snapkit_book(k, SNAP_NEW), kept, &m, &chunks, err);
}

static dbk_snapshot_kept begin(snapkit *k)
{
    dbk_manifest m;
    dbk_snapshot_kept kept;
    dbk_err err = { 0 };
    assert_ok(dbk_manifest_decode(&m, dbk_bytes_span(&k->manifest), &err), &err);
    assert_ok(dbk_snapshot_kept_try(snapkit_book(k, SNAP_NEW), &kept, &m, &err), &err);
    return kept;
}

static void begun(snapkit *k)
{
    dbk_err err = { 0 };
    snapkit_spread(k);
    snapkit_snap(k);
    dbk_snapshot_kept kept = begin(k);
    assert_int_equal(kept.chunks, 0);
    assert_false(kept.is_hopeless);
    assert_ok(keep(k, &kept, 0, &err), &err);
    assert_int_equal(kept.chunks, 1);
}

static bool is_whole(snapkit *k)
{
    proof p = proof_of(snapkit_book(k, SNAP_NEW), &k->w.org.space);
    return p.rc == DBK_OK;
}

static void it_is_kept_until_it_is_taken_and_verify_knows_it(void **state)
{
    snapkit *k = *state;
    bool any = true;
    dbk_book *book = snapkit_book(k, SNAP_NEW);
    begun(k);
    assert_true(is_whole(k));
    assert_int_equal(begin(k).chunks, 1);
    snapkit_take(k, SNAP_NEW);
    assert_true(is_whole(k));
    assert_int_equal(begin(k).chunks, 0);
    assert_ok(dbk_store_begin(book->store, NULL), NULL);
    assert_ok(dbk_snapshot_kept_forget(book, &any, &k->w.org.space, NULL), NULL);
    assert_ok(dbk_store_commit(book->store, NULL), NULL);
    assert_false(any);
}

static void a_chunk_that_is_missing_or_too_many_is_damage(void **state)
{
    static const char *const changes[] = { LONGER, OLDER_ROW, SHORTER };
    snapkit *k = *state;
    dbk_book *book = snapkit_book(k, SNAP_NEW);
    begun(k);
    snapkit_sql(book, "CREATE TEMP TABLE sound AS SELECT * FROM meta");
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        snapkit_sql(book, changes[i]);
        assert_false(is_whole(k));
        snapkit_sql(book, "DELETE FROM meta; INSERT INTO meta SELECT * FROM sound");
        assert_true(is_whole(k));
    }
}

static void what_does_not_open_at_its_place_is_not_kept_P4(void **state)
{
    snapkit *k = *state;
    dbk_err err = { 0 };
    begun(k);
    dbk_snapshot_kept kept = begin(k);
    assert_rc(keep(k, &kept, 0, &err), DBK_AUTH, &err); /* the first, as the second */
    dbk_err_clear(&err);
    snapkit_snap(k); /* another one, of the same */
    assert_rc(keep(k, &kept, 0, &err), DBK_AUTH, &err);
    assert_int_equal(kept.chunks, 1);
    assert_true(is_whole(k));
    kept = begin(k); /* what is kept of the older one goes */
    assert_int_equal(kept.chunks, 0);
    assert_true(is_whole(k));
    k->chunks[0].p[k->chunks[0].len - 1] ^= 1;
    dbk_err_clear(&err);
    assert_rc(keep(k, &kept, 0, &err), DBK_AUTH, &err);
    assert_int_equal(begin(k).chunks, 0);
}

static void over_the_cap_nothing_is_kept(void **state)
{
    snapkit *k = *state;
    dbk_err err = { 0 };
    begun(k);
    dbk_snapshot_kept kept = { DBK_SNAPSHOT_KEPT_CHUNKS_MAX, false };
    assert_ok(keep(k, &kept, 0, &err), &err);
    assert_int_equal(kept.chunks, DBK_SNAPSHOT_KEPT_CHUNKS_MAX);
    assert_int_equal(begin(k).chunks, 1);
}

static void it_is_hopeless_after_so_many_tries_that_brought_nothing(void **state)
{
    snapkit *k = *state;
    dbk_err err = { 0 };
    begun(k);
    for (unsigned i = 0; i < DBK_SNAPSHOT_TRIES_MAX; i++)
        assert_false(begin(k).is_hopeless);
    assert_true(begin(k).is_hopeless);
    assert_ok(dbk_snapshot_kept_drop(snapkit_book(k, SNAP_NEW), &k->w.org.space, &err), &err);
    dbk_snapshot_kept kept = begin(k);
    assert_int_equal(kept.chunks, 0);
    assert_true(kept.is_hopeless);
    snapkit_snap(k); /* another one is another matter, and is tried once where nothing comes */
    assert_false(begin(k).is_hopeless);
    assert_true(begin(k).is_hopeless);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, snapkit_setup, snapkit_teardown)
    const struct CMUnitTest tests[] = {
        WITH(it_is_kept_until_it_is_taken_and_verify_knows_it),
        WITH(a_chunk_that_is_missing_or_too_many_is_damage),
        WITH(what_does_not_open_at_its_place_is_not_kept_P4),
        WITH(over_the_cap_nothing_is_kept),
        WITH(it_is_hopeless_after_so_many_tries_that_brought_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
