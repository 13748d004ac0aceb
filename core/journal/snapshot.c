#include "core/journal/snapshot.h"

#include <string.h>

#include "core/journal/absent.h"
#include "core/journal/inbox_internal.h"
#include "core/journal/logtree.h"
#include "core/journal/snapshot_internal.h"
#include "core/seal/snapshot_seal.h"

#define KEYS_BYTES_MAX ((DBK_SNAPSHOT_KEYS_MAX + 1u) * DBK_ID_BYTES)
#define KEY_BYTES 32u

/* ---- who may --------------------------------------------------------------------------------- */

static dbk_rc may_vouch(const dbk_book *book, const dbk_id *space, dbk_err *err)
{
    if (book->frozen)
        return dbk_fail(err, DBK_DENIED,
                        "two courses of the organisation were signed: that is to be "
                        "settled first");
    if (book->roster == NULL || !dbk_snapshot_may_vouch(book->roster, &book->own.device, space))
        return dbk_fail(err, DBK_DENIED,
                        "only headquarters makes and confirms snapshots of a space");
    return DBK_OK;
}

/* Such a feed's segments stand where other devices may have others (evidence.h). */
static dbk_rc none_forked(const dbk_book *book, const dbk_book_space *space, dbk_err *err)
{
    for (size_t i = 0; i < book->tables.feeds_count; i++) {
        const dbk_book_feed *feed = book->tables.feeds[i];
        if (feed->space == space && feed->now.forked)
            return dbk_fail(err, DBK_PENDING,
                            "somebody signed two histories in that space: that is "
                            "to be settled first");
    }
    return DBK_OK;
}

/* Nothing is missing that it would speak of, and nothing is in doubt. */
static dbk_rc is_whole(const dbk_book *book, const dbk_book_space *space, dbk_err *err)
{
    dbk_rc rc = dbk_absent_none(book, &space->space, err);
    return rc == DBK_OK ? none_forked(book, space, err) : rc;
}

/* ---- making ---------------------------------------------------------------------------------- */

/* The plaintext goes into chunks as it comes. */
typedef struct sealing {
    const dbk_snapshot_out *out;
    dbk_id name;
    dbk_chunker *chunker;
    dbk_bytes plain; /* of the next chunk */
    dbk_bytes sealed;
    dbk_frontier tree;
    uint32_t chunks;
} sealing;

static dbk_rc flush(sealing *s, dbk_err *err)
{
    if (s->plain.len == 0)
        return DBK_OK;
    if (s->chunks == UINT32_MAX)
        return dbk_fail(err, DBK_LIMIT, "the space is too large for a snapshot");
    dbk_bytes_truncate(&s->sealed, 0);
    dbk_rc rc = dbk_chunk_seal(s->chunker, &s->sealed, s->chunks, dbk_bytes_span(&s->plain), err);
    if (rc != DBK_OK)
        return rc;
    dbk_hash leaf = dbk_tree_leaf(DBK_TREE_SNAPSHOT, dbk_bytes_span(&s->sealed));
    dbk_frontier_add(&s->tree, DBK_TREE_SNAPSHOT, &leaf, NULL, NULL);
    dbk_bytes_truncate(&s->plain, 0);
    return s->out->chunk(s->out->ctx, &s->name, s->chunks++, dbk_bytes_span(&s->sealed), err);
}

static dbk_rc take_item(void *ctx, dbk_span item, dbk_err *err)
{
    sealing *s = ctx;
    dbk_rc rc = DBK_OK;
    while (rc == DBK_OK && item.len > 0) {
        size_t room = DBK_CHUNK_PLAIN_BYTES - s->plain.len;
        size_t len = item.len < room ? item.len : room;
        rc = dbk_bytes_append(&s->plain, dbk_span_of(item.p, len), err);
        item = dbk_span_of(item.p + len, item.len - len);
        if (rc == DBK_OK && s->plain.len == DBK_CHUNK_PLAIN_BYTES)
            rc = flush(s, err);
    }
    return rc;
}

/* The current key is among those that open it: who is removed opens nothing newer. */
static dbk_rc add_current_key(const dbk_book *book, dbk_bytes *keys, const dbk_id *space,
                              dbk_err *err)
{
    dbk_key_entry current;
    dbk_id *ids = (dbk_id *)(void *)keys->p;
    size_t count = keys->len / sizeof(*ids), at = 0;
    if (dbk_keyring_current(book->keyring, space, &current) == NULL)
        return dbk_fail(err, DBK_PENDING, "the key of that space is not here");
    while (at < count && dbk_id_compare(&ids[at], &current.key_id) < 0)
        at++;
    if (at < count && dbk_id_equal(&ids[at], &current.key_id))
        return DBK_OK;
    dbk_rc rc = dbk_bytes_append(keys, dbk_span_of(&current.key_id, sizeof(current.key_id)), err);
    if (rc != DBK_OK)
        return rc;
    ids = (dbk_id *)(void *)keys->p;
    memmove(&ids[at + 1], &ids[at], (count - at) * sizeof(*ids));
    ids[at] = current.key_id;
    return DBK_OK;
}

static dbk_rc write_manifest(dbk_book *book, dbk_bytes *out, dbk_manifest *m, dbk_bytes *keys,
                             const dbk_secret *key, dbk_err *err)
{
    dbk_rc rc = add_current_key(book, keys, &m->claim.space, err);
    if (rc != DBK_OK)
        return rc;
    m->keys = (const dbk_id *)(const void *)keys->p;
    m->keys_count = keys->len / DBK_ID_BYTES;
    if (m->keys_count > DBK_SNAPSHOT_KEYS_MAX)
        return dbk_fail(err, DBK_LIMIT, "a snapshot has at most %u keys", DBK_SNAPSHOT_KEYS_MAX);
    rc = dbk_snapshot_wrap(m, key, book->keyring, book->env, err);
    return rc == DBK_OK ? dbk_manifest_sign(out, m, book->own.sign, err) : rc;
}

static dbk_rc make(dbk_book *book, dbk_bytes *manifest, const dbk_book_space *home,
                   const dbk_snapshot_out *out, dbk_err *err)
{
    const dbk_stand *now = &home->now;
    dbk_secret *key = NULL;
    sealing s = { .out = out,
                  .plain = DBK_BYTES_INIT(DBK_CHUNK_PLAIN_BYTES),
                  .sealed = DBK_BYTES_INIT(DBK_CHUNK_BYTES_MAX) };
    dbk_bytes keys = DBK_BYTES_INIT(KEYS_BYTES_MAX);
    dbk_manifest m = { .claim = { .org = dbk_roster_org(book->roster),
                                  .space = home->space,
                                  .log = now->log,
                                  .size = now->checkpoint_size,
                                  .root = now->checkpoint_root,
                                  .members = dbk_roster_head(book->roster) },
                       .device = book->own.device,
                       .made_ms = book->env->now_ms(book->env->self),
                       .note = dbk_span_of(now->note, now->note_len) };
    const dbk_snap_survey survey = {
        .space = home, .size = now->checkpoint_size, .item = take_item, .ctx = &s
    };
    book->env->random(book->env->self, m.salt, sizeof(m.salt));
    memcpy(s.name.b, m.salt, sizeof(s.name.b));
    dbk_frontier_init(&s.tree);
    dbk_rc rc = dbk_secret_random(&key, KEY_BYTES, book->env, err);
    if (rc == DBK_OK)
        rc = dbk_chunker_new(&s.chunker, m.salt, key, err);
    if (rc == DBK_OK)
        rc = dbk_snap_survey_run(book, &m.claim, &keys, &survey, err);
    if (rc == DBK_OK)
        rc = flush(&s, err);
    m.chunks = s.chunks;
    m.chunk_root = dbk_frontier_root(&s.tree, DBK_TREE_SNAPSHOT);
    if (rc == DBK_OK)
        rc = write_manifest(book, manifest, &m, &keys, key, err);
    dbk_chunker_free(s.chunker);
    dbk_secret_free(key);
    dbk_bytes_wipe(&s.plain);
    dbk_bytes_wipe(&s.sealed);
    dbk_bytes_wipe(&keys);
    return rc;
}

dbk_rc dbk_snapshot_make(dbk_book *book, dbk_bytes *manifest, const dbk_id *space,
                         const dbk_snapshot_out *out, dbk_err *err)
{
    dbk_snap_orders_left orders = { false, false };
    bool decided = false;
    dbk_rc rc = may_vouch(book, space, err);
    const dbk_book_space *home = dbk_tables_space(&book->tables, space);
    if (rc == DBK_OK && (home == NULL || home->now.checkpoint_size == 0 ||
                         home->now.checkpoint_size > home->now.frontier.size))
        rc = dbk_fail(err, DBK_PENDING,
                      "the relay has signed for nothing of that space that is all "
                      "here: sync first");
    if (rc == DBK_OK && home->now.checkpoint_size > DBK_SNAPSHOT_SIZE_MAX)
        rc = dbk_fail(err, DBK_LIMIT, "the space is too large for a snapshot");
    if (rc == DBK_OK)
        rc = is_whole(book, home, err);
    if (rc == DBK_OK)
        rc = dbk_snap_orders(book, &orders, space, err);
    if (rc == DBK_OK && orders.due)
        rc = dbk_fail(err, DBK_PENDING,
                      "an order to dispose of something in that space is not carried out here yet: "
                      "sync first");
    if (rc == DBK_OK)
        rc = dbk_snap_decided(book, home, home->now.checkpoint_size, &decided, err);
    if (rc == DBK_OK && decided)
        rc = dbk_fail(err, DBK_PENDING,
                      "what was decided here on notes that stood aside isn't in the relay's log "
                      "yet: sync first");
    return rc == DBK_OK ? make(book, manifest, home, out, err) : rc;
}

/* ---- confirming ------------------------------------------------------------------------------ */

/* Is it of the log as it is here? */
static dbk_rc check_log(dbk_book *book, const dbk_book_space *home, const dbk_claim *claim,
                        dbk_err *err)
{
    dbk_hash root;
    if (home == NULL || home->now.frontier.size < claim->size)
        return dbk_fail(err, DBK_PENDING, "not so much of the space's log is here yet: sync first");
    if (!dbk_id_equal(&home->now.log, &claim->log))
        return dbk_fail(err, DBK_CONFLICT, "the snapshot is of another log than the one here");
    dbk_rc rc = dbk_logtree_root_at(book, &root, home, claim->size, err);
    if (rc == DBK_OK && !dbk_hash_equal(&root, &claim->root))
        rc = dbk_fail(err, DBK_CONFLICT, "the snapshot is of another log than the one here");
    return rc;
}

static dbk_rc compare(dbk_book *book, const dbk_book_space *home, const dbk_claim *claim,
                      dbk_err *err)
{
    dbk_claim mine = *claim;
    dbk_bytes keys = DBK_BYTES_INIT(KEYS_BYTES_MAX);
    const dbk_snap_survey survey = { .space = home, .size = claim->size, .anew = true };
    dbk_rc rc = dbk_snap_survey_run(book, &mine, &keys, &survey, err);
    bool same = rc == DBK_OK && dbk_claim_equal(&mine, claim);
    if (rc == DBK_OK && !same)
        rc = dbk_snap_overtaken(book, home, claim, err);
    if (rc == DBK_OK && !same)
        rc = dbk_fail(err, DBK_CONFLICT,
                      "this device makes something else of the same notes than the "
                      "snapshot says: it is not confirmed");
    dbk_bytes_wipe(&keys);
    return rc;
}

dbk_rc dbk_snapshot_confirm(dbk_book *book, uint8_t out[DBK_CONFIRMATION_BYTES], dbk_span manifest,
                            dbk_err *err)
{
    dbk_manifest m;
    uint64_t seq = 0;
    memset(out, 0, DBK_CONFIRMATION_BYTES);
    dbk_rc rc = dbk_manifest_decode(&m, manifest, err);
    if (rc == DBK_OK)
        rc = may_vouch(book, &m.claim.space, err);
    if (rc == DBK_OK && dbk_id_equal(&m.device, &book->own.device))
        rc = dbk_fail(err, DBK_DENIED, "this device made the snapshot: another one confirms it");
    if (rc == DBK_OK && !dbk_book_chain_seq(book, &seq, &m.claim.members))
        rc = dbk_fail(err, DBK_PENDING,
                      "what the snapshot knows of the members is not here yet: sync "
                      "first");
    if (rc == DBK_OK)
        rc = dbk_manifest_check(&m, book->roster, seq, err);
    if (rc == DBK_OK)
        rc = dbk_snapshot_may_confirm(book->roster, &book->own.device, &m.device, &m.claim.space,
                                      err);
    const dbk_book_space *home = rc == DBK_OK ? dbk_tables_space(&book->tables, &m.claim.space)
                                              : NULL;
    if (rc == DBK_OK)
        rc = check_log(book, home, &m.claim, err);
    if (rc == DBK_OK)
        rc = is_whole(book, home, err);
    if (rc == DBK_OK)
        rc = compare(book, home, &m.claim, err);
    if (rc == DBK_OK)
        dbk_confirmation_sign(out, &m.claim, &book->own.device, book->env->now_ms(book->env->self),
                              book->own.sign);
    return rc;
}
