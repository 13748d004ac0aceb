/* Membership as the book keeps it: the stored chain, its fold, and the keys that it brings. */
#include <string.h>

#include "core/base/room.h"
#include "core/journal/book_internal.h"
#include "core/journal/evidence.h"
#include "core/seal/wrap.h"
#include "core/store/chain.h"

static dbk_rc push_hash(dbk_book *book, const dbk_hash *hash, dbk_err *err)
{
    dbk_hash *grown = dbk_room_for(book->chain_hashes, &book->chain_cap, book->chain_count + 1,
                                   sizeof(*grown));
    if (grown == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the membership chain");
    book->chain_hashes = grown;
    book->chain_hashes[book->chain_count++] = *hash;
    return DBK_OK;
}

bool dbk_book_chain_seq(const dbk_book *book, uint64_t *seq, const dbk_hash *hash)
{
    /* From the newest: that is what most segments have seen. */
    for (size_t i = book->chain_count; i > 0; i--) {
        if (dbk_hash_equal(&book->chain_hashes[i - 1], hash)) {
            *seq = i - 1;
            return true;
        }
    }
    *seq = 0;
    return false;
}

/* ---- keys ---------------------------------------------------------------------------------- */

/* An admin who wraps a key wrongly can't stop the chain: the key isn't held, and what is sealed
 * under it stays pending. */
static dbk_rc open_wrap(void *ctx, const dbk_id *space, const dbk_epoch *epoch,
                        const uint8_t wrap[DBK_WRAP_BYTES], dbk_err *err)
{
    dbk_book *book = ctx;
    dbk_secret *key = NULL;
    dbk_err inner = { 0 };
    if (dbk_keyring_find(book->keyring, space, &epoch->key_id) != NULL)
        return DBK_OK;
    const dbk_wrap_scope scope = { dbk_roster_org(book->roster), *space, book->own.device,
                                   epoch->epoch };
    const dbk_key_entry entry = { *space, epoch->epoch, epoch->key_id };
    dbk_rc rc = dbk_wrap_open(&key, wrap, &scope, epoch, book->own.kem, &inner);
    if (rc == DBK_OK)
        rc = dbk_keyring_add_take(book->keyring, &entry, &key, &inner);
    if (rc == DBK_OK)
        book->unsorted = true;
    dbk_secret_free(key);
    if (rc == DBK_NOMEM || rc == DBK_IO)
        return dbk_fail(err, rc, "%s", inner.text);
    return DBK_OK;
}

/* The stage, the keys, and the spaces that can be read by them. Repeating it is cheap. */
static dbk_rc settle(dbk_book *book, dbk_err *err)
{
    dbk_book_settle_stage(book);
    dbk_rc rc = dbk_roster_each_wrap(book->roster, &book->own.device, open_wrap, book, err);
    if (rc == DBK_OK && book->unsorted)
        rc = dbk_book_sort_spaces(book, err);
    return rc;
}

/* ---- loading ------------------------------------------------------------------------------- */

static dbk_rc load_entry(void *ctx, uint64_t seq, dbk_span entry, dbk_err *err)
{
    dbk_book *book = ctx;
    dbk_rc rc = DBK_OK;
    if (seq != book->chain_count)
        return dbk_fail(err, DBK_DAMAGED, "the membership chain has a gap");
    if (book->roster == NULL)
        rc = dbk_roster_new(&book->roster, &book->link.root, err);
    if (rc == DBK_OK)
        rc = dbk_roster_add(book->roster, entry, err);
    if (rc != DBK_OK)
        return rc == DBK_NOMEM || rc == DBK_VERSION ? rc : DBK_DAMAGED;
    dbk_hash hash = dbk_roster_head(book->roster);
    return push_hash(book, &hash, err);
}

dbk_rc dbk_book_load_chain(dbk_book *book, dbk_err *err)
{
    dbk_roster_free(book->roster);
    book->roster = NULL;
    book->chain_count = 0;
    dbk_rc rc = dbk_chain_each(book->store, 0, load_entry, book, err);
    book->unsorted = true;
    if (rc == DBK_OK && book->roster != NULL)
        rc = settle(book, err);
    else if (rc == DBK_OK)
        dbk_book_settle_stage(book);
    return rc;
}

/* ---- taking -------------------------------------------------------------------------------- */

/* Rows and roster have parted: the rows are right. */
static void reload(dbk_book *book)
{
    dbk_err inner = { 0 };
    if (dbk_book_load_chain(book, &inner) != DBK_OK)
        book->broken = true;
}

/* One transaction: the fold verifies, the row is stored. */
static dbk_rc take_next(dbk_book *book, dbk_span entry, dbk_err *err)
{
    uint64_t seq = book->chain_count;
    bool added = false;
    dbk_rc rc = dbk_book_begin(book, err);
    if (rc != DBK_OK)
        return rc;
    if (book->roster == NULL)
        rc = dbk_roster_new(&book->roster, &book->link.root, err);
    if (rc == DBK_OK)
        rc = dbk_roster_add(book->roster, entry, err);
    if (rc == DBK_OK) {
        dbk_hash hash = dbk_roster_head(book->roster);
        added = true;
        rc = push_hash(book, &hash, err);
        if (rc == DBK_OK)
            rc = dbk_chain_add(book->store, seq, &hash, entry, err);
    }
    if (rc == DBK_OK)
        rc = dbk_book_commit(book, err);
    if (rc == DBK_OK)
        return DBK_OK;
    dbk_book_rollback(book);
    if (added) {
        reload(book);
    } else if (seq == 0) {
        dbk_roster_free(book->roster);
        book->roster = NULL;
    }
    return rc;
}

/* Two entries at one place are a fork of the membership: the second is never taken, and if it is
 * as well signed as the first, nobody knows any more who is a member (R25, M49). */
static dbk_rc refuse_other(dbk_book *book, uint64_t seq, dbk_span entry, dbk_err *err)
{
    bool split = false;
    dbk_rc rc = dbk_evidence_entry(book, &split, seq, entry, err);
    if (rc != DBK_OK)
        return rc;
    if (split)
        return dbk_fail(err, DBK_SPLIT,
                        "the membership chain has split at entry %llu: administrators signed two "
                        "(daybook evidence list)",
                        (unsigned long long)seq);
    return dbk_fail(err, DBK_CONFLICT,
                    "entry %llu is another one than this device holds: it is not taken",
                    (unsigned long long)seq);
}

dbk_rc dbk_book_take_entry(dbk_book *book, bool *is_new, dbk_span entry, dbk_err *err)
{
    dbk_entry_decoded d = { 0 };
    *is_new = false;
    if (dbk_key_is_zero(book->link.root.b))
        return dbk_fail(err, DBK_DENIED, "this device belongs to no organisation");
    dbk_rc rc = dbk_entry_decode(&d, entry, err);
    if (rc == DBK_OK && d.entry.seq < book->chain_count) {
        dbk_id org = dbk_roster_org(book->roster);
        if (!dbk_id_equal(&d.entry.org, &org))
            rc = dbk_fail(err, DBK_AUTH, "a membership entry of another organisation");
        else if (!dbk_hash_equal(&d.hash, &book->chain_hashes[d.entry.seq]))
            rc = refuse_other(book, d.entry.seq, entry, err);
    } else if (rc == DBK_OK) {
        rc = dbk_evidence_check_frozen(book, err);
        if (rc == DBK_OK)
            rc = take_next(book, entry, err);
        *is_new = rc == DBK_OK;
    }
    /* A writer's space comes without a key. */
    book->unsorted = book->unsorted || (*is_new && d.entry.role == DBK_ROLE_WRITER &&
                                        dbk_id_equal(&d.entry.device, &book->own.device));
    if (rc == DBK_OK)
        rc = settle(book, err);
    dbk_entry_decoded_wipe(&d);
    return rc;
}
