#include "core/journal/cosigned.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/wire.h"
#include "core/journal/cosigned_internal.h"
#include "core/journal/evidence.h"
#include "core/store/segments.h"

/* meta, one for each space: log (16) || witness (32) || size (u64) || time, s (u64) || note length
 * (u16) || note || frontier of that size */
#define ROW_PREFIX "cosigned."
#define ROW_NAME_SIZE (sizeof(ROW_PREFIX) + DBK_ID_HEX_SIZE)
#define ROW_HEAD_BYTES (16u + 32u + 8u + 8u + 2u)
#define ROW_BYTES_MAX (ROW_HEAD_BYTES + DBK_COSIGNED_NOTE_BYTES_MAX + 8u + sizeof(dbk_frontier))
#define HOUR_MS UINT64_C(3600000)
#define CLOCKS_APART_MS HOUR_MS /* that far two clocks may differ without a word about it */

/* ---- the row ------------------------------------------------------------------------------- */

typedef struct row {
    dbk_said said;
    dbk_frontier frontier;
    dbk_span note; /* borrowed */
} row;

static void row_name(char out[ROW_NAME_SIZE], const dbk_id *space)
{
    memcpy(out, ROW_PREFIX, sizeof(ROW_PREFIX));
    dbk_id_hex(out + sizeof(ROW_PREFIX) - 1, space);
}

static dbk_rc row_parse(row *out, dbk_span in, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(in);
    out->said.log = dbk_wire_get_id(&w);
    dbk_wire_get_copy(&w, out->said.witness.b, sizeof(out->said.witness.b));
    out->said.said.size = dbk_wire_get_u64(&w);
    out->said.said.time_s = dbk_wire_get_u64(&w);
    out->note = dbk_wire_get_span(&w, dbk_wire_get_u16(&w));
    if (w.failed || out->note.len > DBK_COSIGNED_NOTE_BYTES_MAX ||
        dbk_frontier_decode(&out->frontier, w.left, NULL) != DBK_OK ||
        out->frontier.size != out->said.said.size)
        return dbk_fail(err, DBK_DAMAGED, "what headquarters said of a space can't be read");
    return DBK_OK;
}

/* store holds what the row borrows. DBK_NOT_FOUND: nothing was said yet. */
static dbk_rc row_get(const dbk_book *book, row *out, dbk_bytes *store, const dbk_id *space,
                      dbk_err *err)
{
    char name[ROW_NAME_SIZE];
    memset(out, 0, sizeof(*out));
    dbk_frontier_init(&out->frontier);
    row_name(name, space);
    dbk_rc rc = dbk_store_meta_get(book->store, store, name, err);
    return rc == DBK_OK ? row_parse(out, dbk_bytes_span(store), err) : rc;
}

/* In a transaction: the row, and the stand in step with it. */
static dbk_rc row_put(dbk_book *book, dbk_book_space *space, const row *r, dbk_err *err)
{
    char name[ROW_NAME_SIZE];
    uint8_t *p;
    dbk_bytes value = DBK_BYTES_INIT(ROW_BYTES_MAX);
    DBK_ASSERT(r->frontier.size == r->said.said.size);
    row_name(name, &space->space);
    dbk_rc rc = dbk_bytes_extend(&value, &p, ROW_HEAD_BYTES + r->note.len, err);
    if (rc == DBK_OK) {
        p = dbk_wire_put_copy(p, r->said.log.b, sizeof(r->said.log.b));
        p = dbk_wire_put_copy(p, r->said.witness.b, sizeof(r->said.witness.b));
        p = dbk_wire_put_u64(p, r->said.said.size);
        p = dbk_wire_put_u64(p, r->said.said.time_s);
        p = dbk_wire_put_u16(p, (uint16_t)r->note.len);
        (void)dbk_wire_put_copy(p, r->note.p, r->note.len);
        rc = dbk_frontier_encode(&value, &r->frontier, err);
    }
    if (rc == DBK_OK)
        rc = dbk_store_meta_put(book->store, name, dbk_bytes_span(&value), err);
    if (rc == DBK_OK)
        dbk_space_touch(space)->said = r->said;
    dbk_bytes_wipe(&value);
    return rc;
}

dbk_rc dbk_cosigned_load(dbk_book *book, dbk_err *err)
{
    dbk_bytes store = DBK_BYTES_INIT(ROW_BYTES_MAX);
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < book->tables.spaces_count && rc == DBK_OK; i++) {
        dbk_book_space *space = book->tables.spaces[i];
        dbk_err why = { 0 };
        row r;
        dbk_bytes_truncate(&store, 0);
        rc = row_get(book, &r, &store, &space->space, &why);
        if (rc == DBK_OK)
            space->now.said = space->kept.said = r.said;
        else
            rc = rc == DBK_NOT_FOUND ? DBK_OK : dbk_fail(err, rc, "%s", why.text);
    }
    dbk_bytes_wipe(&store);
    return rc;
}

dbk_rc dbk_cosigned_verify(dbk_book *book, bool *good, const dbk_book_space *space, dbk_err *err)
{
    dbk_bytes store = DBK_BYTES_INIT(ROW_BYTES_MAX);
    dbk_err why = { 0 };
    dbk_checkpoint c;
    uint64_t time_s = 0;
    row r;
    const dbk_said *s = &space->now.said;
    dbk_rc rc = row_get(book, &r, &store, &space->space, &why);
    *good = rc == DBK_NOT_FOUND && s->said.size == 0;
    if (rc == DBK_OK && book->roster != NULL) {
        dbk_hash root = dbk_frontier_root(&r.frontier, DBK_TREE_LOG);
        dbk_rc signed_so = dbk_checkpoint_open(&c, r.note, dbk_roster_relay(book->roster), &why);
        if (signed_so == DBK_OK)
            signed_so = dbk_checkpoint_cosigned(&time_s, r.note, &r.said.witness, &why);
        rc = signed_so == DBK_NOMEM ? signed_so : rc; /* that isn't the note's fault */
        *good = signed_so == DBK_OK && dbk_id_equal(&c.space, &space->space) &&
                dbk_id_equal(&c.log, &r.said.log) && c.size == r.said.said.size &&
                time_s == r.said.said.time_s && dbk_hash_equal(&c.root, &root) &&
                memcmp(&r.said, s, sizeof(*s)) == 0;
    }
    dbk_bytes_wipe(&store);
    return rc == DBK_OK || rc == DBK_NOT_FOUND || rc == DBK_DAMAGED
               ? DBK_OK
               : dbk_fail(err, rc, "%s", why.text);
}

/* ---- what counts --------------------------------------------------------------------------- */

bool dbk_cosigned_names(const dbk_book *book, const dbk_sign_pk *witness)
{
    if (book->roster == NULL)
        return false;
    const dbk_policy_keys *named = &dbk_roster_policy(book->roster)->witnesses;
    for (size_t i = 0; i < named->count; i++) {
        if (memcmp(named->b[i], witness->b, sizeof(witness->b)) == 0)
            return true;
    }
    return false;
}

dbk_cosigned dbk_cosigned_now(const dbk_book *book, const dbk_book_space *space)
{
    const dbk_said *s = &space->now.said;
    if (s->said.size == 0 || !dbk_id_equal(&s->log, &space->now.log) ||
        s->said.size > space->now.frontier.size || !dbk_cosigned_names(book, &s->witness))
        return (dbk_cosigned){ 0, 0 };
    return s->said;
}

static const char *const names[] = {
#define DBK_CONFIRMATION_WORD(name, word) [DBK_CONFIRMATION_##name] = (word),
    DBK_CONFIRMATION_TABLE(DBK_CONFIRMATION_WORD)
};

const char *dbk_confirmation_name(dbk_confirmation c)
{
    DBK_ASSERT(c < DBK_CONFIRMATION_COUNT);
    return names[c];
}

/* Since when headquarters could have said something of this space: both are claimed times. */
static uint64_t could_since_ms(const dbk_book *book, const dbk_id *space)
{
    const dbk_space *s = dbk_roster_space(book->roster, space);
    uint64_t since_ms = dbk_roster_policy_ms(book->roster);
    if (s != NULL && s->epoch_ms > since_ms)
        since_ms = s->epoch_ms;
    if (s != NULL && s->recovery_ms > since_ms) /* words about the log before count no more */
        since_ms = s->recovery_ms;
    return since_ms;
}

dbk_confirmed dbk_cosigned_judge(const dbk_book *book, const dbk_id *space)
{
    dbk_confirmed c = { .state = DBK_CONFIRMATION_NO_WITNESS };
    const dbk_book_space *here = dbk_tables_space(&book->tables, space);
    uint64_t now_ms = book->env->now_ms(book->env->self);
    if (book->roster == NULL || dbk_roster_policy(book->roster)->witnesses.count == 0)
        return c;
    c.limit_ms = dbk_roster_policy(book->roster)->freshness_h * HOUR_MS;
    c.state = DBK_CONFIRMATION_NOTHING;
    if (here == NULL || here->now.frontier.size == 0 || dbk_book_standing(book, space).over)
        return c;
    dbk_cosigned said = dbk_cosigned_now(book, here);
    c.size = said.size;
    c.time_ms = said.time_s < UINT64_MAX / 1000 ? said.time_s * 1000 : UINT64_MAX;
    uint64_t from_ms = said.size > 0 ? c.time_ms : could_since_ms(book, space);
    c.age_ms = now_ms > from_ms ? now_ms - from_ms : 0;
    if (said.size > 0 && from_ms > now_ms && from_ms - now_ms > CLOCKS_APART_MS)
        c.state = DBK_CONFIRMATION_DOUBT;
    else if (c.age_ms > c.limit_ms)
        c.state = DBK_CONFIRMATION_STALE;
    else
        c.state = said.size > 0 ? DBK_CONFIRMATION_FRESH : DBK_CONFIRMATION_WAITS;
    return c;
}

/* ---- words about more than is here --------------------------------------------------------- */

dbk_ahead *dbk_cosigned_ahead(const dbk_book *book, const dbk_id *space)
{
    for (size_t i = 0; i < book->aheads_count; i++) {
        if (dbk_id_equal(&book->aheads[i]->space, space))
            return book->aheads[i];
    }
    return NULL;
}

void dbk_cosigned_forget(dbk_book *book)
{
    for (size_t i = 0; i < book->aheads_count; i++)
        dbk_free(book->aheads[i]);
    dbk_free(book->aheads);
    book->aheads = NULL;
    book->aheads_count = 0;
}

static dbk_rc need_ahead(dbk_book *book, dbk_ahead **out, const dbk_id *space, dbk_err *err)
{
    *out = dbk_cosigned_ahead(book, space);
    if (*out != NULL)
        return DBK_OK;
    dbk_ahead *made = dbk_alloc(sizeof(*made));
    dbk_ahead **grown = dbk_realloc(book->aheads, (book->aheads_count + 1) * sizeof(*grown));
    if (grown != NULL)
        book->aheads = grown;
    if (made == NULL || grown == NULL) {
        dbk_free(made);
        return dbk_fail(err, DBK_NOMEM, "no memory for what headquarters said");
    }
    made->space = *space;
    book->aheads[book->aheads_count++] = made;
    *out = made;
    return DBK_OK;
}

/* ---- taking -------------------------------------------------------------------------------- */

/* A word, opened. */
typedef struct word {
    dbk_said said;
    dbk_hash root;
    dbk_span note;
} word;

/* What the relay signed under the word, and what it signed for this log, is kept as evidence. */
static dbk_rc contradicted(dbk_book *book, const dbk_id *space, dbk_span theirs, dbk_err *err)
{
    dbk_rc rc = dbk_evidence_note(book, space, theirs, err);
    if (rc != DBK_OK)
        return rc;
    return dbk_fail(err, DBK_PEER,
                    "headquarters holds another history of this space than the relay shows here: "
                    "the relay shows different people different logs; tell headquarters");
}

dbk_rc dbk_cosigned_passes(dbk_ahead *ahead, dbk_book *book, const dbk_frontier *frontier,
                           dbk_err *err)
{
    if (ahead == NULL || frontier->size != ahead->said.said.size)
        return DBK_OK;
    dbk_hash root = dbk_frontier_root(frontier, DBK_TREE_LOG);
    if (!dbk_hash_equal(&root, &ahead->root))
        return contradicted(book, &ahead->space, dbk_span_of(ahead->note, ahead->note_len), err);
    ahead->reached = *frontier;
    return DBK_OK;
}

static bool is_news(const dbk_book *book, const dbk_book_space *space, const dbk_said *said)
{
    const dbk_said *held = &space->now.said;
    bool stands = held->said.size > 0 && dbk_id_equal(&held->log, &said->log) &&
                  dbk_cosigned_names(book, &held->witness);
    return !stands || dbk_cosigned_is_newer(&said->said, &held->said);
}

dbk_rc dbk_cosigned_reached(dbk_book *book, dbk_book_space *space, dbk_err *err)
{
    dbk_ahead *ahead = dbk_cosigned_ahead(book, &space->space);
    if (ahead == NULL || ahead->reached.size != ahead->said.said.size ||
        space->now.frontier.size < ahead->said.said.size ||
        !dbk_id_equal(&ahead->said.log, &space->now.log) || !is_news(book, space, &ahead->said))
        return DBK_OK;
    row r = { ahead->said, ahead->reached, dbk_span_of(ahead->note, ahead->note_len) };
    return row_put(book, space, &r, err);
}

static dbk_rc add_leaf(void *ctx, const dbk_store_segment *segment, dbk_err *err)
{
    row *r = ctx;
    dbk_header h;
    if (segment->log.index != r->frontier.size || r->frontier.size == r->said.said.size)
        return DBK_NOT_FOUND; /* the end, or a hole that is told by what is missing */
    if (dbk_header_decode(&h, segment->header, NULL) != DBK_OK)
        return dbk_fail(err, DBK_DAMAGED, "a stored segment header is malformed");
    dbk_hash hash = dbk_header_hash(&h);
    dbk_hash leaf = dbk_log_leaf(segment->log.receipt_ms, &hash);
    dbk_frontier_add(&r->frontier, DBK_TREE_LOG, &leaf, NULL, NULL);
    return DBK_OK;
}

/* The log here as it was at the word's size: from where it was asked for last, each leaf once. */
static dbk_rc log_at(dbk_book *book, row *out, const dbk_book_space *space, const word *w,
                     dbk_err *err)
{
    dbk_err why = { 0 };
    dbk_bytes store = DBK_BYTES_INIT(ROW_BYTES_MAX);
    dbk_rc rc = row_get(book, out, &store, &space->space, &why);
    if (rc == DBK_OK &&
        (!dbk_id_equal(&out->said.log, &space->now.log) || out->frontier.size > w->said.said.size))
        dbk_frontier_init(&out->frontier);
    if (rc == DBK_OK || rc == DBK_NOT_FOUND) {
        dbk_err_clear(&why);
        out->said = w->said;
        out->note = w->note;
        rc = dbk_segments_by_log(book->store, space->row, out->frontier.size, add_leaf, out, &why);
    }
    dbk_bytes_wipe(&store);
    if (rc != DBK_OK && !(rc == DBK_NOT_FOUND && why.rc == DBK_OK))
        return dbk_fail(err, rc, "%s", why.text);
    if (out->frontier.size != w->said.said.size)
        return dbk_fail(err, DBK_DAMAGED, "an entry of the log is missing here");
    return DBK_OK;
}

static dbk_rc take_known(dbk_book *book, dbk_book_space *space, const word *w, dbk_err *err)
{
    row r = { w->said, space->now.frontier, w->note };
    dbk_rc rc = DBK_OK;
    if (w->said.said.size < space->now.frontier.size)
        rc = log_at(book, &r, space, w, err);
    if (rc != DBK_OK)
        return rc;
    dbk_hash root = dbk_frontier_root(&r.frontier, DBK_TREE_LOG);
    if (!dbk_hash_equal(&root, &w->root))
        return contradicted(book, &space->space, w->note, err);
    rc = dbk_book_begin(book, err);
    if (rc == DBK_OK)
        rc = row_put(book, space, &r, err);
    if (rc == DBK_OK)
        rc = dbk_book_commit(book, err);
    if (rc != DBK_OK)
        dbk_book_rollback(book);
    return rc;
}

static dbk_rc take_ahead(dbk_book *book, const dbk_id *space, const word *w, dbk_err *err)
{
    dbk_ahead *ahead;
    dbk_rc rc = need_ahead(book, &ahead, space, err);
    if (rc != DBK_OK)
        return rc;
    bool stands = dbk_id_equal(&ahead->said.log, &w->said.log) &&
                  dbk_cosigned_names(book, &ahead->said.witness);
    if (stands && !dbk_cosigned_is_newer(&w->said.said, &ahead->said.said))
        return DBK_OK;
    ahead->said = w->said;
    ahead->root = w->root;
    dbk_frontier_init(&ahead->reached);
    memcpy(ahead->note, w->note.p, w->note.len);
    ahead->note_len = w->note.len;
    return DBK_OK;
}

static dbk_rc refuse(dbk_err *err, const char *why)
{
    return dbk_fail(err, DBK_PEER, "what the relay shows as headquarters' word: %s", why);
}

/* Which witness in force said it; *found false: none of them. */
static dbk_rc find_witness(const dbk_book *book, word *w, bool *found, dbk_err *err)
{
    const dbk_policy_keys *named = &dbk_roster_policy(book->roster)->witnesses;
    *found = false;
    for (size_t i = 0; i < named->count && !*found; i++) {
        dbk_err why = { 0 };
        memcpy(w->said.witness.b, named->b[i], sizeof(w->said.witness.b));
        dbk_rc rc = dbk_checkpoint_cosigned(&w->said.said.time_s, w->note, &w->said.witness, &why);
        if (rc == DBK_NOMEM)
            return dbk_fail(err, rc, "%s", why.text);
        if (rc != DBK_OK && rc != DBK_NOT_FOUND)
            return refuse(err, why.text);
        *found = rc == DBK_OK;
    }
    return DBK_OK;
}

static dbk_rc open_word(const dbk_book *book, word *w, bool *counts, const dbk_id *space,
                        dbk_err *err)
{
    dbk_checkpoint c;
    dbk_err why = { 0 };
    dbk_id org = dbk_roster_org(book->roster);
    const dbk_book_space *here = dbk_tables_space(&book->tables, space);
    dbk_rc rc = dbk_checkpoint_open(&c, w->note, dbk_roster_relay(book->roster), &why);
    *counts = false;
    if (rc != DBK_OK)
        return rc == DBK_NOMEM ? dbk_fail(err, rc, "%s", why.text) : refuse(err, why.text);
    if (!dbk_id_equal(&c.org, &org) || !dbk_id_equal(&c.space, space) ||
        (here != NULL && !dbk_id_is_zero(&here->now.log) && !dbk_id_equal(&c.log, &here->now.log)))
        return refuse(err, "it is about another log");
    w->said.log = c.log;
    w->said.said.size = c.size;
    w->root = c.root;
    rc = find_witness(book, w, counts, err);
    *counts = *counts && c.size > 0 && (here == NULL || is_news(book, here, &w->said));
    return rc;
}

dbk_rc dbk_cosigned_take(dbk_book *book, const dbk_id *space, dbk_span note, dbk_err *err)
{
    word w = { .note = note };
    bool counts;
    dbk_book_space *here = dbk_tables_space(&book->tables, space);
    const dbk_space *known = book->roster == NULL ? NULL : dbk_roster_space(book->roster, space);
    if (known == NULL || known->is_roster)
        return dbk_fail(err, DBK_NOT_FOUND, "there is no such space");
    if (note.len > DBK_COSIGNED_NOTE_BYTES_MAX)
        return refuse(err, "it is too long");
    dbk_rc rc = open_word(book, &w, &counts, space, err);
    if (rc != DBK_OK || !counts)
        return rc;
    if (here != NULL && w.said.said.size <= here->now.frontier.size)
        return take_known(book, here, &w, err);
    return take_ahead(book, space, &w, err);
}

dbk_rc dbk_cosigned_keep_own(dbk_book *book, dbk_book_space *space, const dbk_said *said,
                             dbk_span note, dbk_err *err)
{
    row r = { *said, space->now.frontier, note };
    DBK_ASSERT(said->said.size == space->now.frontier.size);
    return is_news(book, space, said) ? row_put(book, space, &r, err) : DBK_OK;
}
