#include "sync/relay/log_snapshot.h"

#include <string.h>

#include "core/base/wire.h"

#define PREFIX 'S'
#define ROW_BYTES_MAX (16u * 1024u)
#define MANIFEST_KEY_BYTES (1u + DBK_ID_BYTES)
#define PART_KEY_BYTES (MANIFEST_KEY_BYTES + 4u)

static dbk_span manifest_key(uint8_t key[PART_KEY_BYTES], const dbk_id *name)
{
    key[0] = PREFIX;
    memcpy(key + 1, name->b, sizeof(name->b));
    return dbk_span_of(key, MANIFEST_KEY_BYTES);
}

static dbk_span part_key(uint8_t key[PART_KEY_BYTES], const dbk_id *name, uint32_t number)
{
    (void)manifest_key(key, name);
    (void)dbk_wire_put_u32(key + MANIFEST_KEY_BYTES, number);
    return dbk_span_of(key, PART_KEY_BYTES);
}

static dbk_rc get(const dbk_log_space *s, dbk_span key, dbk_bytes *out, dbk_err *err)
{
    return s->log->ops->get(s->log->self, &s->space, key, out, err);
}

static dbk_rc put(const dbk_log_space *s, dbk_span key, dbk_span value, dbk_err *err)
{
    const dbk_log_row row = { key, value };
    return s->log->ops->put(s->log->self, &s->space, &row, err);
}

static dbk_rc del(const dbk_log_space *s, dbk_span key, dbk_err *err)
{
    return s->log->ops->del(s->log->self, &s->space, key, err);
}

/* ---- which there are ------------------------------------------------------------------------- */

/* there (u8); if so: whole (u8) || name || maker || members seq (u64) || chunks (u32) || bytes
 * (u64)
 * || words (u8) || (word)* || length (u16) || frontier */
static dbk_rc add_one(dbk_bytes *out, const dbk_kept_snapshot *k, dbk_err *err)
{
    uint8_t head[2 + 2 * DBK_ID_BYTES + 8 + 4 + 8 + 1];
    uint8_t len[2];
    dbk_bytes tree = DBK_BYTES_INIT(ROW_BYTES_MAX);
    if (!k->there)
        return dbk_bytes_append_u8(out, 0, err);
    head[0] = 1;
    head[1] = k->whole ? 1 : 0;
    uint8_t *p = dbk_wire_put_copy(head + 2, k->name.b, sizeof(k->name.b));
    p = dbk_wire_put_copy(p, k->maker.b, sizeof(k->maker.b));
    p = dbk_wire_put_u32(dbk_wire_put_u64(p, k->members_seq), k->chunks);
    p = dbk_wire_put_u64(p, k->bytes);
    *p = (uint8_t)k->words_count;
    dbk_rc rc = dbk_bytes_append(out, dbk_span_of(head, sizeof(head)), err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(
            out, dbk_span_of(k->words[0], k->words_count * DBK_CONFIRMATION_BYTES), err);
    if (rc == DBK_OK)
        rc = dbk_frontier_encode(&tree, &k->tree, err);
    (void)dbk_wire_put_u16(len, (uint16_t)tree.len);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(out, dbk_span_of(len, sizeof(len)), err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(out, dbk_bytes_span(&tree), err);
    dbk_bytes_wipe(&tree);
    return rc;
}

static bool read_one(dbk_kept_snapshot *k, dbk_wire *w)
{
    uint8_t there = dbk_wire_get_u8(w);
    k->there = there == 1;
    if (!k->there)
        return !w->failed && there == 0;
    uint8_t whole = dbk_wire_get_u8(w);
    k->whole = whole == 1;
    k->name = dbk_wire_get_id(w);
    k->maker = dbk_wire_get_id(w);
    k->members_seq = dbk_wire_get_u64(w);
    k->chunks = dbk_wire_get_u32(w);
    k->bytes = dbk_wire_get_u64(w);
    k->words_count = dbk_wire_get_u8(w);
    if (w->failed || whole > 1 || k->words_count > DBK_SNAPSHOT_OFFER_WORDS_MAX)
        return false;
    dbk_wire_get_copy(w, k->words[0], k->words_count * DBK_CONFIRMATION_BYTES);
    dbk_span tree = dbk_wire_get_span(w, dbk_wire_get_u16(w));
    return !w->failed && dbk_frontier_decode(&k->tree, tree, NULL) == DBK_OK &&
           k->tree.size == k->chunks;
}

dbk_rc dbk_log_snapshots_get(const dbk_log_space *s, dbk_kept_snapshots *out, dbk_err *err)
{
    dbk_err absent = { 0 };
    dbk_bytes value = DBK_BYTES_INIT(ROW_BYTES_MAX);
    memset(out, 0, sizeof(*out));
    dbk_rc rc = get(s, dbk_span_of("S", 1), &value, &absent);
    if (rc == DBK_OK) {
        dbk_wire w = dbk_wire_from(dbk_bytes_span(&value));
        if (!read_one(&out->standing, &w) || !read_one(&out->next, &w) || w.left.len > 0)
            rc = dbk_fail(err, DBK_DAMAGED, "what is kept of snapshots is malformed");
    } else {
        rc = rc == DBK_NOT_FOUND ? DBK_OK : dbk_fail(err, rc, "%s", absent.text);
    }
    dbk_bytes_wipe(&value);
    return rc;
}

dbk_rc dbk_log_snapshots_put(const dbk_log_space *s, const dbk_kept_snapshots *k, dbk_err *err)
{
    dbk_bytes value = DBK_BYTES_INIT(ROW_BYTES_MAX);
    dbk_rc rc = add_one(&value, &k->standing, err);
    if (rc == DBK_OK)
        rc = add_one(&value, &k->next, err);
    if (rc == DBK_OK)
        rc = put(s, dbk_span_of("S", 1), dbk_bytes_span(&value), err);
    dbk_bytes_wipe(&value);
    return rc;
}

/* ---- what they hold -------------------------------------------------------------------------- */

dbk_rc dbk_log_snapshot_part_get(const dbk_log_space *s, const dbk_id *name, uint32_t number,
                                 dbk_bytes *out, dbk_err *err)
{
    uint8_t key[PART_KEY_BYTES];
    return get(s, part_key(key, name, number), out, err);
}

dbk_rc dbk_log_snapshot_part_put(const dbk_log_space *s, const dbk_part *part, dbk_span bytes,
                                 dbk_err *err)
{
    uint8_t key[PART_KEY_BYTES];
    return put(s, part_key(key, &part->name, part->number), bytes, err);
}

dbk_rc dbk_log_snapshot_manifest_get(const dbk_log_space *s, const dbk_id *name, dbk_bytes *out,
                                     dbk_err *err)
{
    uint8_t key[PART_KEY_BYTES];
    return get(s, manifest_key(key, name), out, err);
}

dbk_rc dbk_log_snapshot_manifest_put(const dbk_log_space *s, const dbk_id *name, dbk_span bytes,
                                     dbk_err *err)
{
    uint8_t key[PART_KEY_BYTES];
    return put(s, manifest_key(key, name), bytes, err);
}

dbk_rc dbk_log_snapshot_drop(const dbk_log_space *s, dbk_kept_snapshot *k, dbk_err *err)
{
    uint8_t key[PART_KEY_BYTES];
    dbk_rc rc = k->there ? del(s, manifest_key(key, &k->name), err) : DBK_OK;
    for (uint32_t i = 0; k->there && i < dbk_kept_parts(k) && rc == DBK_OK; i++)
        rc = del(s, part_key(key, &k->name, i), err);
    if (rc == DBK_OK)
        memset(k, 0, sizeof(*k));
    return rc;
}

dbk_rc dbk_log_snapshots_forget(const dbk_log_space *s, dbk_err *err)
{
    dbk_kept_snapshots k;
    dbk_rc rc = dbk_log_snapshots_get(s, &k, err);
    if (rc != DBK_OK || (!k.standing.there && !k.next.there))
        return rc;
    rc = dbk_log_snapshot_drop(s, &k.standing, err);
    if (rc == DBK_OK)
        rc = dbk_log_snapshot_drop(s, &k.next, err);
    if (rc == DBK_OK)
        rc = del(s, dbk_span_of("S", 1), err);
    s->log->ops->forget(s->log->self);
    return rc;
}

bool dbk_log_row_is_snapshot(const dbk_log_row *row)
{
    return row->key.len > 0 && row->key.p[0] == PREFIX;
}

/* ---- are they whole -------------------------------------------------------------------------- */

static dbk_rc damaged(dbk_err *err, const char *what)
{
    return dbk_fail(err, DBK_DAMAGED, "a snapshot: %s", what);
}

static dbk_rc check_parts(const dbk_log_space *s, const dbk_kept_snapshot *k, dbk_frontier *tree,
                          dbk_err *err)
{
    dbk_bytes bytes = DBK_BYTES_INIT(DBK_PART_BYTES_MAX);
    dbk_rc rc = DBK_OK;
    uint64_t sum = 0;
    dbk_frontier_init(tree);
    for (uint32_t i = 0; i < dbk_kept_parts(k) && rc == DBK_OK; i++) {
        dbk_part part;
        dbk_span chunk;
        dbk_bytes_truncate(&bytes, 0);
        if (dbk_log_snapshot_part_get(s, &k->name, i, &bytes, NULL) != DBK_OK ||
            dbk_part_decode(&part, dbk_bytes_span(&bytes), NULL) != DBK_OK || part.number != i ||
            !dbk_id_equal(&part.name, &k->name))
            rc = damaged(err, "a part is missing");
        sum += bytes.len;
        while (rc == DBK_OK && dbk_part_next(&part, &chunk)) {
            dbk_hash leaf = dbk_tree_leaf(DBK_TREE_SNAPSHOT, chunk);
            dbk_frontier_add(tree, DBK_TREE_SNAPSHOT, &leaf, NULL, NULL);
        }
    }
    if (rc == DBK_OK && (tree->size != k->chunks || sum != k->bytes))
        rc = damaged(err, "it is counted wrong");
    dbk_bytes_wipe(&bytes);
    return rc;
}

static dbk_rc check_one(const dbk_log_space *s, const dbk_kept_snapshot *k, dbk_err *err)
{
    dbk_frontier tree;
    dbk_manifest m;
    dbk_bytes manifest = DBK_BYTES_INIT(DBK_MANIFEST_BYTES_MAX);
    if (!k->there)
        return DBK_OK;
    dbk_rc rc = check_parts(s, k, &tree, err);
    if (rc == DBK_OK) {
        dbk_hash root = dbk_frontier_root(&tree, DBK_TREE_SNAPSHOT);
        dbk_hash kept = dbk_frontier_root(&k->tree, DBK_TREE_SNAPSHOT);
        if (!dbk_hash_equal(&root, &kept))
            rc = damaged(err, "its tree isn't that of its chunks");
        else if (k->whole &&
                 (dbk_log_snapshot_manifest_get(s, &k->name, &manifest, NULL) != DBK_OK ||
                  dbk_manifest_decode(&m, dbk_bytes_span(&manifest), NULL) != DBK_OK ||
                  !dbk_hash_equal(&m.chunk_root, &root) || m.chunks != k->chunks))
            rc = damaged(err, "its manifest isn't that of its chunks");
    }
    dbk_bytes_wipe(&manifest);
    return rc;
}

dbk_rc dbk_log_snapshots_check(const dbk_log_space *s, dbk_err *err)
{
    dbk_kept_snapshots k;
    dbk_rc rc = dbk_log_snapshots_get(s, &k, err);
    if (rc == DBK_OK)
        rc = check_one(s, &k.standing, err);
    return rc == DBK_OK ? check_one(s, &k.next, err) : rc;
}
