#include "core/journal/floor.h"

#include "core/journal/absent.h"
#include "core/journal/logtree.h"
#include "core/journal/snapshot_internal.h"

uint64_t dbk_floor_now(const dbk_book *book, const dbk_id *space)
{
    const dbk_book_space *here = dbk_tables_space(&book->tables, space);
    return here == NULL || book->roster == NULL
               ? 0
               : dbk_roster_floor(book->roster, space, &here->now.log);
}

bool dbk_floor_let_go(const dbk_book *book, const dbk_id *log, uint64_t index, const dbk_header *h,
                      const dbk_sealed *segment)
{
    dbk_kept kept;
    return segment->kept && index < dbk_roster_floor(book->roster, &h->space, log) &&
           dbk_kept_read(&kept, h, segment->body, true, NULL) == DBK_OK &&
           kept.holes == dbk_segment_ops(h) && dbk_absent_ops(book, h, &kept) != 0;
}

typedef struct finding {
    const dbk_book *book;
    const dbk_floor_in *in;
    dbk_floor_place *out;
    bool any;
    dbk_floor vouched; /* of the snapshot, held against the log here; size 0: of none */
} finding;

static dbk_rc weigh_reader(void *ctx, const dbk_reached *r, dbk_err *err)
{
    finding *f = ctx;
    dbk_floor_place *p = f->out;
    uint64_t has = r->ahead ? r->here : r->size;
    if (!f->any || has < p->least)
        p->least = has;
    f->any = true;
    if (r->whole && dbk_snapshot_may_vouch(f->book->roster, &r->device, &f->in->space))
        p->whole++;
    return f->in->fn != NULL ? f->in->fn(f->in->ctx, r, err) : DBK_OK;
}

/* Whatever is wrong with it, a device that begins would not take it either. */
static dbk_rc weigh_snapshot(finding *f, dbk_book *book, const dbk_book_space *here, dbk_err *err)
{
    dbk_manifest m;
    dbk_id confirmer;
    dbk_err why = { 0 };
    dbk_rc rc = dbk_snapshot_vouched(book, &m, &confirmer, f->in->snapshot, &why);
    if (rc == DBK_NOMEM || rc == DBK_IO || rc == DBK_DAMAGED)
        return dbk_fail(err, rc, "%s", why.text);
    if (rc != DBK_OK || !dbk_id_equal(&m.claim.space, &f->in->space))
        return DBK_OK;
    const dbk_floor of = { m.claim.log, m.claim.size, m.claim.root };
    if (m.claim.size <= here->now.frontier.size) {
        rc = dbk_floor_check(book, &f->in->space, &of, err);
        f->vouched = of;
    }
    if (rc == DBK_OK && dbk_id_equal(&m.claim.log, &here->now.log))
        f->out->snapshot = m.claim.size;
    return rc;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

dbk_rc dbk_floor_find(dbk_book *book, dbk_floor_place *out, const dbk_floor_in *in, dbk_err *err)
{
    finding f = { .book = book, .in = in, .out = out };
    const dbk_book_space *here = dbk_tables_space(&book->tables, &in->space);
    *out = (dbk_floor_place){ .whole = 0 };
    dbk_rc rc = dbk_reach_read(book, &in->space, in->words, weigh_reader, &f, err);
    if (rc != DBK_OK)
        return rc;
    out->here = here->now.frontier.size;
    out->now = dbk_roster_floor(book->roster, &in->space, &here->now.log);
    if (in->snapshot != NULL)
        rc = weigh_snapshot(&f, book, here, err);
    uint64_t size = least(least(out->snapshot, out->least), out->here);
    if (rc != DBK_OK || size <= out->now || out->whole < DBK_FLOOR_WHOLE_LEAST)
        return rc;
    out->floor = (dbk_floor){ .log = here->now.log, .size = size };
    if (f.vouched.size == size)
        out->floor.root = f.vouched.root;
    else
        rc = dbk_logtree_root_at(book, &out->floor.root, here, size, err);
    if (rc != DBK_OK)
        out->floor.size = 0;
    return rc;
}

dbk_rc dbk_floor_check(dbk_book *book, const dbk_id *space, const dbk_floor *floor, dbk_err *err)
{
    dbk_hash root;
    const dbk_book_space *here = dbk_tables_space(&book->tables, space);
    if (here == NULL || floor->size > here->now.frontier.size)
        return dbk_fail(err, DBK_PENDING, "not so much of that space's log is here: sync first");
    if (!dbk_id_equal(&floor->log, &here->now.log))
        return dbk_fail(err, DBK_CONFLICT, "it is of another log of that space than the one here");
    dbk_rc rc = dbk_logtree_root_at(book, &root, here, floor->size, err);
    if (rc == DBK_OK && !dbk_hash_equal(&root, &floor->root))
        rc = dbk_fail(err, DBK_CONFLICT, "it is of another history of that space than is here");
    return rc;
}
