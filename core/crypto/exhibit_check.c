/* What an exhibit shows, from its bytes and the membership chain. */
#include <string.h>

#include "core/base/wire.h"
#include "core/crypto/entry_parts.h"
#include "core/crypto/exhibit_check.h"

dbk_rc dbk_exhibit_side_hash(dbk_hash *out, dbk_exhibit_kind kind, dbk_span side, dbk_err *err)
{
    dbk_entry_parts parts;
    dbk_header h;
    memset(out, 0, sizeof(*out));
    dbk_rc rc;
    if (kind == DBK_EXHIBIT_CHAIN) {
        rc = dbk_entry_split(&parts, side, err);
        if (rc == DBK_OK)
            *out = parts.hash;
        return rc;
    }
    if (side.len < DBK_SEGMENT_HEADER_BYTES)
        return dbk_fail(err, DBK_FORMAT, "the evidence holds no header");
    rc = dbk_header_decode(&h, dbk_span_of(side.p, DBK_SEGMENT_HEADER_BYTES), err);
    if (rc == DBK_OK)
        *out = dbk_header_hash(&h);
    return rc;
}

static dbk_rc nothing(dbk_err *err)
{
    return dbk_fail(err, DBK_FORMAT, "the evidence shows nothing: its two sides can both be true");
}

/* What an exhibit is held against. */
typedef struct checking {
    const dbk_roster *roster;
    const dbk_exhibit_basis *basis;
} checking;

/* ---- authors ------------------------------------------------------------------------------- */

/* Whose feed it is, by the keys in the chain, in whatever space. */
static const dbk_member *author_of(const dbk_roster *r, const dbk_header *h)
{
    for (size_t i = 0; i < dbk_roster_devices(r); i++) {
        const dbk_member *m = dbk_roster_device_at(r, i);
        dbk_id feed = dbk_feed_id(&m->device, &h->space, &h->incarnation);
        if (dbk_id_equal(&feed, &h->feed))
            return m;
    }
    return NULL;
}

/* A run of headers: each names the one before, and the last is signed: so all are. */
static dbk_rc check_headers(dbk_header *first, const dbk_member **author, const dbk_roster *r,
                            dbk_span side, dbk_err *err)
{
    size_t count = side.len / DBK_SEGMENT_HEADER_BYTES;
    dbk_header h, before = { 0 };
    dbk_rc rc = DBK_OK;
    if (count == 0 || count > DBK_EXHIBIT_HEADERS_MAX || side.len % DBK_SEGMENT_HEADER_BYTES != 0)
        return dbk_fail(err, DBK_FORMAT, "the evidence's headers are malformed");
    for (size_t i = 0; i < count && rc == DBK_OK; i++) {
        const uint8_t *at = side.p + i * DBK_SEGMENT_HEADER_BYTES;
        rc = dbk_header_decode(&h, dbk_span_of(at, DBK_SEGMENT_HEADER_BYTES), err);
        if (rc == DBK_OK && i > 0) {
            dbk_hash hash = dbk_header_hash(&before);
            if (!dbk_hash_equal(&hash, &h.prev) || !dbk_id_equal(&before.feed, &h.feed) ||
                h.first_seq != dbk_header_last_seq(&before) + 1)
                rc = dbk_fail(err, DBK_FORMAT, "the evidence's headers don't follow each other");
        } else if (rc == DBK_OK) {
            *first = h;
        }
        before = h;
    }
    if (rc != DBK_OK)
        return rc;
    *author = author_of(r, first);
    if (*author == NULL)
        return dbk_fail(err, DBK_AUTH, "a header in the evidence is of no device of the chain");
    return dbk_header_verify(&before, &(*author)->keys.sign, err);
}

static bool overlap(const dbk_header *a, const dbk_header *b)
{
    return a->first_seq <= dbk_header_last_seq(b) && b->first_seq <= dbk_header_last_seq(a);
}

/* b comes right behind a's place, and says that another stood there. */
static bool renames(const dbk_header *a, const dbk_header *b, const dbk_hash *hash_a)
{
    return b->first_seq == dbk_header_last_seq(a) + 1 && !dbk_hash_equal(&b->prev, hash_a);
}

static dbk_rc check_feed(dbk_exhibit_shows *out, const dbk_exhibit *x, const checking *c,
                         dbk_err *err)
{
    const dbk_member *m = NULL;
    dbk_header a, b;
    dbk_rc rc = check_headers(&a, &m, c->roster, x->a, err);
    if (rc == DBK_OK)
        rc = check_headers(&b, &m, c->roster, x->b, err);
    if (rc != DBK_OK)
        return rc;
    out->a = dbk_header_hash(&a);
    out->b = dbk_header_hash(&b);
    if (!dbk_id_equal(&a.feed, &b.feed) || dbk_hash_equal(&out->a, &out->b) ||
        !(overlap(&a, &b) || renames(&a, &b, &out->a) || renames(&b, &a, &out->b)))
        return nothing(err);
    out->proof = true;
    out->space = a.space;
    out->device = m->device;
    out->feed = a.feed;
    out->at = a.first_seq > b.first_seq ? a.first_seq : b.first_seq;
    out->entries = m->enrolled_seq + 1;
    return DBK_OK;
}

/* ---- entries ------------------------------------------------------------------------------- */

/* The chain up to this place would have taken it. */
static dbk_rc check_child(const dbk_entry_parts *parts, dbk_span entry,
                          const dbk_exhibit_basis *basis, dbk_err *err)
{
    dbk_roster *r = NULL;
    dbk_rc rc = basis->fold(basis->ctx, &r, parts->seq, err);
    if (rc == DBK_OK && dbk_roster_count(r) != parts->seq)
        rc = dbk_fail(err, DBK_FORMAT, "the evidence lacks the chain before its entries");
    if (rc == DBK_OK)
        rc = dbk_roster_add(r, entry, err);
    dbk_roster_free(r);
    return rc;
}

static dbk_rc check_chain(dbk_exhibit_shows *out, const dbk_exhibit *x,
                          const dbk_exhibit_basis *basis, dbk_err *err)
{
    dbk_entry_parts a, b;
    dbk_rc rc = dbk_entry_split(&a, x->a, err);
    if (rc == DBK_OK)
        rc = dbk_entry_split(&b, x->b, err);
    if (rc != DBK_OK)
        return rc;
    if (a.seq != b.seq || dbk_hash_equal(&a.hash, &b.hash))
        return nothing(err);
    rc = check_child(&a, x->a, basis, err);
    if (rc == DBK_OK)
        rc = check_child(&b, x->b, basis, err);
    if (rc != DBK_OK)
        return rc;
    out->proof = true;
    out->at = a.seq;
    out->a = a.hash;
    out->b = b.hash;
    out->entries = a.seq;
    return DBK_OK;
}

/* ---- checkpoints --------------------------------------------------------------------------- */

static dbk_rc open_note(dbk_checkpoint *c, const dbk_roster *r, dbk_span note, dbk_err *err)
{
    const dbk_sign_pk *relay = dbk_roster_relay(r);
    dbk_id org = dbk_roster_org(r);
    if (relay == NULL)
        return dbk_fail(err, DBK_FORMAT, "the evidence lacks the founding of the organisation");
    dbk_rc rc = dbk_checkpoint_open(c, note, relay, err);
    if (rc == DBK_OK && !dbk_id_equal(&c->org, &org))
        rc = dbk_fail(err, DBK_AUTH, "a checkpoint in the evidence is of another organisation");
    return rc;
}

/* The log of a had x->root at this size, and somebody says that it had another. */
static dbk_rc check_part(dbk_exhibit_shows *out, const dbk_exhibit *x, const dbk_checkpoint *a,
                         const dbk_hash *root, dbk_err *err)
{
    if (out->at == 0 || out->at > a->size || dbk_hash_equal(root, &x->root))
        return nothing(err);
    if (!dbk_tree_check_consistency(&x->proof, DBK_TREE_LOG, out->at, &x->root, a->size, &a->root))
        return dbk_fail(err, DBK_FORMAT, "the evidence doesn't prove what the log held");
    out->space = a->space;
    out->size = a->size;
    out->a = x->root;
    out->b = *root;
    return DBK_OK;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* The entry that let the checkpoint's log begin. */
static uint64_t log_seq(const dbk_roster *r, const dbk_checkpoint *c)
{
    return dbk_roster_log_seq(r, &c->space, dbk_roster_log_turn(r, &c->space, &c->log));
}

static dbk_rc check_views(dbk_exhibit_shows *out, const dbk_exhibit *x, const checking *c,
                          dbk_err *err)
{
    dbk_checkpoint a, b;
    dbk_rc rc = open_note(&a, c->roster, x->a, err);
    if (rc == DBK_OK)
        rc = open_note(&b, c->roster, x->b, err);
    if (rc != DBK_OK)
        return rc;
    if (!dbk_id_equal(&a.space, &b.space) ||
        b.size > dbk_roster_logs_common(c->roster, &a.space, &a.log, &b.log))
        return nothing(err);
    out->proof = true;
    out->at = b.size;
    out->entries = dbk_id_equal(&a.log, &b.log)
                       ? 1
                       : later(log_seq(c->roster, &a), log_seq(c->roster, &b)) + 1;
    return check_part(out, x, &a, &b.root, err);
}

/* A header doesn't name the log that it speaks of: it is the one that the author's chain had in
 * force. Where the root has let that go on elsewhere, the two are one only as far as it said. *seq:
 * the last entry that this depends on. */
static bool may_mean(uint64_t *seq, const checking *c, const dbk_checkpoint *a, const dbk_header *h)
{
    uint64_t seen;
    const dbk_roster *r = c->roster;
    size_t turn = dbk_roster_log_turn(r, &a->space, &a->log);
    *seq = dbk_roster_log_seq(r, &a->space, turn);
    if (!c->basis->find(c->basis->ctx, &seen, &h->members_seen))
        return dbk_roster_log_turn_at(r, &a->space, UINT64_MAX) == 0;
    *seq = later(*seq, seen);
    size_t meant = dbk_roster_log_turn_at(r, &a->space, seen);
    return h->checkpoint_size <= dbk_roster_logs_share(r, &a->space, turn, meant);
}

static dbk_rc check_said(dbk_exhibit_shows *out, const dbk_exhibit *x, const checking *c,
                         dbk_err *err)
{
    const dbk_member *m = NULL;
    dbk_checkpoint a;
    dbk_header h;
    dbk_rc rc = open_note(&a, c->roster, x->a, err);
    if (rc == DBK_OK && x->b.len != DBK_SEGMENT_HEADER_BYTES)
        rc = dbk_fail(err, DBK_FORMAT, "the evidence's headers are malformed");
    if (rc == DBK_OK)
        rc = check_headers(&h, &m, c->roster, x->b, err);
    if (rc != DBK_OK)
        return rc;
    if (!dbk_id_equal(&a.space, &h.space) || !may_mean(&out->entries, c, &a, &h))
        return nothing(err);
    out->device = m->device;
    out->feed = h.feed;
    out->at = h.checkpoint_size;
    out->entries = later(out->entries, m->enrolled_seq) + 1;
    return check_part(out, x, &a, &h.checkpoint_root, err);
}

static dbk_rc check_back(dbk_exhibit_shows *out, const dbk_exhibit *x, const checking *c,
                         dbk_err *err)
{
    dbk_checkpoint a, b;
    dbk_rc rc = open_note(&a, c->roster, x->a, err);
    if (rc == DBK_OK)
        rc = open_note(&b, c->roster, x->b, err);
    if (rc != DBK_OK)
        return rc;
    out->other_log = !dbk_id_equal(&a.log, &b.log);
    if (!dbk_id_equal(&a.space, &b.space) || (!out->other_log && b.size >= a.size))
        return nothing(err);
    out->space = a.space;
    out->at = b.size;
    out->size = a.size;
    out->a = a.root;
    out->b = b.root;
    out->entries = 1;
    return DBK_OK;
}

/* One fault of one signer: what differs between two exhibits of it is left out. */
static dbk_id subject_of(const dbk_exhibit_shows *s)
{
    uint8_t bytes[1 + 2 * DBK_ID_BYTES + 8];
    uint8_t *p = bytes;
    *p++ = (uint8_t)s->kind;
    p = dbk_wire_put_copy(p, s->space.b, sizeof(s->space.b));
    p = dbk_wire_put_copy(p, s->feed.b, sizeof(s->feed.b));
    (void)dbk_wire_put_u64(p, s->kind == DBK_EXHIBIT_CHAIN ? s->at : 0);
    return dbk_hash_id("daybook/exhibit-subject/1", dbk_span_of(bytes, sizeof(bytes)));
}

dbk_rc dbk_exhibit_check(dbk_exhibit_shows *out, const dbk_exhibit *x,
                         const dbk_exhibit_basis *basis, dbk_err *err)
{
    static dbk_rc (*const by_kind[])(dbk_exhibit_shows *, const dbk_exhibit *, const checking *,
                                     dbk_err *) = {
        [DBK_EXHIBIT_FEED] = check_feed,
        [DBK_EXHIBIT_VIEWS] = check_views,
        [DBK_EXHIBIT_SAID] = check_said,
        [DBK_EXHIBIT_BACK] = check_back,
    };
    dbk_roster *r = NULL;
    dbk_rc rc;
    memset(out, 0, sizeof(*out));
    out->kind = x->kind;
    if (x->kind == DBK_EXHIBIT_CHAIN) {
        rc = check_chain(out, x, basis, err);
    } else if (basis->roster != NULL) {
        rc = by_kind[x->kind](out, x, &(checking){ basis->roster, basis }, err);
    } else {
        rc = basis->fold(basis->ctx, &r, UINT64_MAX, err);
        if (rc == DBK_OK)
            rc = by_kind[x->kind](out, x, &(checking){ r, basis }, err);
        dbk_roster_free(r);
    }
    if (rc == DBK_OK)
        out->subject = subject_of(out);
    else
        memset(out, 0, sizeof(*out));
    return rc;
}
