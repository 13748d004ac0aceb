#include "core/crypto/exhibit.h"

#include <string.h>

#include "core/base/cbor.h"
#include "core/base/wire.h"
#include "core/crypto/entry_parts.h"
#include "core/crypto/exhibit_check.h"

#define VERSION 1u
#define FILE_HEAD_BYTES 12u
static const uint8_t magic[8] = { 'D', 'B', 'K', 'X', VERSION, 0, 0, 0 };

bool dbk_exhibit_has_root(dbk_exhibit_kind kind)
{
    return kind == DBK_EXHIBIT_VIEWS || kind == DBK_EXHIBIT_SAID;
}

/* FEED and CHAIN have no order of their own: the smaller hash comes first. */
static dbk_rc in_order(bool *yes, const dbk_exhibit *x, dbk_err *err)
{
    dbk_hash a, b;
    *yes = true;
    if (x->kind != DBK_EXHIBIT_FEED && x->kind != DBK_EXHIBIT_CHAIN)
        return DBK_OK;
    dbk_rc rc = dbk_exhibit_side_hash(&a, x->kind, x->a, err);
    if (rc == DBK_OK)
        rc = dbk_exhibit_side_hash(&b, x->kind, x->b, err);
    if (rc == DBK_OK)
        *yes = dbk_span_compare(dbk_span_of(a.b, sizeof(a.b)), dbk_span_of(b.b, sizeof(b.b))) < 0;
    return rc;
}

dbk_rc dbk_exhibit_encode(dbk_bytes *out, const dbk_exhibit *x, dbk_err *err)
{
    bool ordered;
    bool rooted = dbk_exhibit_has_root(x->kind);
    dbk_rc rc = in_order(&ordered, x, err);
    if (rc != DBK_OK)
        return rc;
    dbk_span a = ordered ? x->a : x->b;
    dbk_span b = ordered ? x->b : x->a;
    dbk_cbor_out o = dbk_cbor_to(out, err);
    dbk_cbor_put_map(&o, rooted ? 6 : 4);
    dbk_cbor_put_uint(&o, 1);
    dbk_cbor_put_uint(&o, VERSION);
    dbk_cbor_put_uint(&o, 2);
    dbk_cbor_put_uint(&o, (uint64_t)x->kind);
    dbk_cbor_put_uint(&o, 3);
    dbk_cbor_put_bytes(&o, a.p, a.len);
    dbk_cbor_put_uint(&o, 4);
    dbk_cbor_put_bytes(&o, b.p, b.len);
    if (!rooted)
        return o.rc;
    dbk_cbor_put_uint(&o, 5);
    dbk_cbor_put_bytes(&o, x->root.b, sizeof(x->root.b));
    dbk_cbor_put_uint(&o, 6);
    dbk_cbor_put_array(&o, x->proof.count);
    for (size_t i = 0; i < x->proof.count; i++)
        dbk_cbor_put_bytes(&o, x->proof.nodes[i].b, sizeof(x->proof.nodes[i].b));
    return o.rc;
}

static void get_root(dbk_exhibit *x, dbk_cbor *c)
{
    if (!dbk_cbor_key(c, 5)) {
        c->failed = true;
        return;
    }
    dbk_cbor_get_copy(c, x->root.b, sizeof(x->root.b));
    uint64_t count = dbk_cbor_key(c, 6) ? dbk_cbor_get_array(c) : DBK_TREE_PROOF_MAX + 1;
    if (count > DBK_TREE_PROOF_MAX) {
        c->failed = true;
        return;
    }
    for (; x->proof.count < count && !c->failed; x->proof.count++)
        dbk_cbor_get_copy(c, x->proof.nodes[x->proof.count].b, DBK_HASH_BYTES);
}

static dbk_rc read_map(dbk_exhibit *x, dbk_span in, dbk_err *err)
{
    dbk_cbor c = dbk_cbor_from(in);
    uint64_t pairs = dbk_cbor_get_map(&c);
    uint64_t version = dbk_cbor_key(&c, 1) ? dbk_cbor_get_uint(&c) : 0;
    if (!c.failed && version > VERSION)
        return dbk_fail(err, DBK_VERSION, "the evidence is of a newer version");
    uint64_t kind = dbk_cbor_key(&c, 2) ? dbk_cbor_get_uint(&c) : 0;
    if (!c.failed && version == VERSION && kind > DBK_EXHIBIT_BACK)
        return dbk_fail(err, DBK_VERSION, "the evidence is of a kind that this version lacks");
    x->kind = (dbk_exhibit_kind)kind;
    bool rooted = dbk_exhibit_has_root(x->kind);
    if (version != VERSION || kind == 0 || pairs != (rooted ? 6 : 4) || !dbk_cbor_key(&c, 3))
        return dbk_fail(err, DBK_FORMAT, "the evidence is malformed");
    x->a = dbk_cbor_get_bytes(&c);
    if (!dbk_cbor_key(&c, 4))
        return dbk_fail(err, DBK_FORMAT, "the evidence is malformed");
    x->b = dbk_cbor_get_bytes(&c);
    if (rooted)
        get_root(x, &c);
    return dbk_cbor_end(&c, "the evidence", err);
}

dbk_rc dbk_exhibit_decode(dbk_exhibit *out, dbk_span in, dbk_err *err)
{
    bool ordered = true;
    memset(out, 0, sizeof(*out));
    dbk_rc rc = in.len > DBK_EXHIBIT_BYTES_MAX
                    ? dbk_fail(err, DBK_FORMAT, "the evidence is too long")
                    : dbk_cbor_check(in, err);
    if (rc == DBK_OK)
        rc = read_map(out, in, err);
    if (rc == DBK_OK)
        rc = in_order(&ordered, out, err);
    if (rc == DBK_OK && !ordered)
        rc = dbk_fail(err, DBK_FORMAT, "the evidence's sides are not in order");
    if (rc != DBK_OK)
        memset(out, 0, sizeof(*out));
    return rc;
}

/* ---- files --------------------------------------------------------------------------------- */

dbk_rc dbk_exhibit_file_begin(dbk_bytes *out, uint64_t entries, dbk_err *err)
{
    uint8_t *p;
    if (entries > UINT32_MAX)
        return dbk_fail(err, DBK_LIMIT, "the membership chain is too long for a file");
    dbk_rc rc = dbk_bytes_extend(out, &p, FILE_HEAD_BYTES, err);
    if (rc == DBK_OK)
        (void)dbk_wire_put_u32(dbk_wire_put_copy(p, magic, sizeof(magic)), (uint32_t)entries);
    return rc;
}

dbk_rc dbk_exhibit_file_add(dbk_bytes *out, dbk_span part, dbk_err *err)
{
    uint8_t *p;
    DBK_ASSERT(part.len <= DBK_EXHIBIT_FILE_BYTES_MAX);
    dbk_rc rc = dbk_bytes_extend(out, &p, 4 + part.len, err);
    if (rc == DBK_OK)
        (void)dbk_wire_put_copy(dbk_wire_put_u32(p, (uint32_t)part.len), part.p, part.len);
    return rc;
}

dbk_rc dbk_exhibit_file_open(dbk_exhibit_file *out, dbk_span file, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(file);
    memset(out, 0, sizeof(*out));
    dbk_span head = dbk_wire_get_span(&w, sizeof(magic));
    if (w.failed || !dbk_span_equal(dbk_span_of(head.p, 4), dbk_span_of(magic, 4)))
        return dbk_fail(err, DBK_FORMAT, "this is no file of evidence");
    if (head.p[4] > VERSION)
        return dbk_fail(err, DBK_VERSION, "the file of evidence is of a newer version");
    if (!dbk_span_equal(head, dbk_span_of(magic, sizeof(magic))))
        return dbk_fail(err, DBK_FORMAT, "the file of evidence is malformed");
    uint64_t entries = dbk_wire_get_u32(&w);
    const uint8_t *begin = w.left.p;
    for (uint64_t i = 0; i < entries && !w.failed; i++)
        (void)dbk_wire_get_span(&w, dbk_wire_get_u32(&w));
    dbk_span chain = dbk_span_of(begin, w.failed ? 0 : (size_t)(w.left.p - begin));
    dbk_span exhibit = dbk_wire_get_span(&w, dbk_wire_get_u32(&w));
    dbk_rc rc = dbk_wire_end(&w, "the file of evidence", err);
    if (rc == DBK_OK)
        *out = (dbk_exhibit_file){ entries, chain, exhibit };
    return rc;
}

typedef struct file_fold {
    const dbk_exhibit_file *file;
    const dbk_sign_pk *root;
} file_fold;

static dbk_rc fold_file(void *ctx, dbk_roster **out, uint64_t count, dbk_err *err)
{
    const file_fold *f = ctx;
    dbk_wire w = dbk_wire_from(f->file->chain);
    dbk_rc rc = dbk_roster_new(out, f->root, err);
    for (uint64_t i = 0; rc == DBK_OK && i < count && w.left.len > 0; i++)
        rc = dbk_roster_add(*out, dbk_wire_get_span(&w, dbk_wire_get_u32(&w)), err);
    if (rc != DBK_OK) {
        dbk_roster_free(*out);
        *out = NULL;
    }
    return rc;
}

static bool find_in_file(void *ctx, uint64_t *seq, const dbk_hash *head)
{
    const file_fold *f = ctx;
    dbk_entry_parts parts;
    dbk_wire w = dbk_wire_from(f->file->chain);
    for (*seq = 0; w.left.len > 0; ++*seq) {
        dbk_span entry = dbk_wire_get_span(&w, dbk_wire_get_u32(&w));
        if (dbk_entry_split(&parts, entry, NULL) == DBK_OK && dbk_hash_equal(&parts.hash, head))
            return true;
    }
    return false;
}

dbk_rc dbk_exhibit_file_check(dbk_exhibit_shows *out, dbk_span file, const dbk_sign_pk *root,
                              dbk_err *err)
{
    dbk_exhibit_file f;
    dbk_exhibit x;
    file_fold ctx = { &f, root };
    const dbk_exhibit_basis basis = { NULL, fold_file, find_in_file, &ctx };
    memset(out, 0, sizeof(*out));
    dbk_rc rc = dbk_exhibit_file_open(&f, file, err);
    if (rc == DBK_OK)
        rc = dbk_exhibit_decode(&x, f.exhibit, err);
    if (rc == DBK_OK)
        rc = dbk_exhibit_check(out, &x, &basis, err);
    if (rc == DBK_OK && out->entries != f.entries)
        rc = dbk_fail(err, DBK_FORMAT, "the file of evidence holds more or less than it needs");
    if (rc != DBK_OK)
        memset(out, 0, sizeof(*out));
    return rc;
}
