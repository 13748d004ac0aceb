/* The mark outside the store (security.md R4, R5, decision 0018): how far this device had come, so
 * that a store which was put back is known before it signs anything twice.
 * Order: the database commits, durably, then the mark rises. So after a crash the mark may be
 * behind the store, which is no harm, and never ahead of an honest one.
 * Nothing here can stop an officer from reading; what fails with the mark is kept in words. */
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/wire.h"
#include "core/journal/book_internal.h"
#include "core/journal/feed.h"

#define RESTORED_NAME "restored"
#define NAME_SIZE (2u * DBK_STORE_SALT_BYTES + 1u)

static bool members_behind(const dbk_book *book)
{
    const dbk_anchor *a = &book->anchor.marks;
    uint64_t at;
    if (a->members_count == 0)
        return false;
    return !dbk_book_chain_seq(book, &at, &a->members_head) || at + 1 != a->members_count;
}

/* ---- raising it ---------------------------------------------------------------------------- */

/* A feed that was cut since may have left up to beyond its end. */
static uint64_t left_of(const dbk_book_feed *f)
{
    return f->now.left_seq < f->now.last_seq ? f->now.left_seq : f->now.last_seq;
}

static dbk_rc raise_feeds(dbk_book *book, bool *changed, dbk_err *err)
{
    const dbk_tables *t = &book->tables;
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < t->feeds_count && rc == DBK_OK; i++) {
        const dbk_book_feed *f = t->feeds[i];
        const dbk_feed_mark mark = { f->feed, f->now.last_seq, f->now.head, left_of(f) };
        if (f->own && mark.seq > 0)
            rc = dbk_anchor_raise_feed(&book->anchor.marks, changed, &mark, err);
    }
    return rc;
}

/* With how many entries the mark's log and this one begin both, by the chain. */
static uint64_t shared(const dbk_book *book, const dbk_log_mark *mark, const dbk_id *log)
{
    const dbk_roster *r = book->roster;
    return dbk_roster_logs_share(r, &mark->space, dbk_roster_log_turn(r, &mark->space, &mark->log),
                                 dbk_roster_log_turn(r, &mark->space, log));
}

/* A log may be replaced by another, by an entry of the chain. A store that lacks entries may hold
 * the old one: that is no rise. Nor is the new one before it has come to the mark, where both must
 * be the same. */
static bool keeps_mark(const dbk_book *book, const dbk_book_space *space)
{
    const dbk_log_mark *marked = dbk_anchor_log(&book->anchor.marks, &space->space);
    const dbk_stand *s = &space->now;
    if (marked == NULL || book->roster == NULL || dbk_id_equal(&marked->log, &s->log))
        return false;
    return members_behind(book) ||
           (s->frontier.size < marked->size && marked->size <= shared(book, marked, &s->log));
}

static dbk_rc raise_logs(dbk_book *book, bool *changed, dbk_err *err)
{
    const dbk_tables *t = &book->tables;
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < t->spaces_count && rc == DBK_OK; i++) {
        const dbk_stand *s = &t->spaces[i]->now;
        const dbk_log_mark mark = { t->spaces[i]->space, s->log, s->checkpoint_size,
                                    s->checkpoint_root };
        if (mark.size > 0 && !keeps_mark(book, t->spaces[i]))
            rc = dbk_anchor_raise_log(&book->anchor.marks, changed, &mark, err);
    }
    return rc;
}

static void raise_members(dbk_book *book, bool *changed)
{
    dbk_anchor *a = &book->anchor.marks;
    if (book->roster == NULL || book->chain_count <= a->members_count)
        return;
    a->members_count = book->chain_count;
    a->members_head = dbk_roster_head(book->roster);
    a->version_floor = dbk_roster_policy(book->roster)->protocol_floor;
    *changed = true;
}

static dbk_rc write_file(dbk_book *book, dbk_err *err)
{
    dbk_anchoring *a = &book->anchor;
    dbk_bytes out = DBK_BYTES_INIT(DBK_ANCHOR_BYTES_MAX);
    a->marks.turn++;
    dbk_rc rc = dbk_anchor_seal(&out, &a->marks, book->store_key, book->env, err);
    if (rc == DBK_OK)
        rc = dbk_twin_write(a->twin, a->writes_to, dbk_bytes_span(&out), err);
    dbk_bytes_wipe(&out);
    return rc;
}

/* From here on no mark is kept, and `status` says why. */
static void give_up(dbk_book *book, const char *why)
{
    (void)snprintf(book->anchor.why_none, sizeof(book->anchor.why_none), "%s", why);
    dbk_twin_close(book->anchor.twin);
    book->anchor.twin = NULL;
}

void dbk_book_anchor_raise(dbk_book *book)
{
    dbk_err why = { 0 };
    bool changed = book->anchor.stale;
    if (book->anchor.twin == NULL || book->anchor.unsettled.rc != DBK_OK)
        return;
    raise_members(book, &changed);
    dbk_rc rc = raise_logs(book, &changed, &why);
    if (rc == DBK_OK)
        rc = raise_feeds(book, &changed, &why);
    if (rc == DBK_OK && changed)
        rc = write_file(book, &why);
    if (rc != DBK_OK)
        give_up(book, why.text);
    else
        book->anchor.stale = false;
}

static void mark_slots(dbk_book *book, uint64_t generation)
{
    if (generation == book->anchor.marks.slots_generation)
        return;
    book->anchor.marks.slots_generation = generation;
    book->anchor.stale = true;
}

void dbk_book_anchor_slots(dbk_book *book, dbk_span slots)
{
    dbk_slots_look look;
    if (dbk_slots_look_at(&look, slots, NULL) != DBK_OK)
        return;
    mark_slots(book, look.generation);
    dbk_book_anchor_raise(book);
}

/* ---- comparing ----------------------------------------------------------------------------- */

/* A log that was replaced by another is for the inbox to judge. */
static bool log_behind(const dbk_book *book, const dbk_log_mark *mark)
{
    const dbk_book_space *space = dbk_tables_space(&book->tables, &mark->space);
    if (space == NULL || dbk_id_is_zero(&space->now.log))
        return true;
    if (!dbk_id_equal(&space->now.log, &mark->log))
        return false;
    const dbk_stand *s = &space->now;
    return s->checkpoint_size < mark->size ||
           (s->checkpoint_size == mark->size && !dbk_hash_equal(&s->checkpoint_root, &mark->root));
}

static bool logs_behind(const dbk_book *book)
{
    const dbk_anchor *a = &book->anchor.marks;
    for (size_t i = 0; i < a->logs_count; i++)
        if (log_behind(book, &a->logs[i]))
            return true;
    return false;
}

/* Would this feed give a seq to a second segment, if it went on from where it stands? */
static bool feed_behind(const dbk_book *book, const dbk_book_feed *feed)
{
    const dbk_feed_mark *mark = dbk_anchor_feed(&book->anchor.marks, &feed->feed);
    if (mark == NULL)
        return false;
    /* What hasn't left may have been sealed again, and the mark may be from before that: but then
     * the store knows of all that the mark does. */
    bool is_final = mark->left_seq == mark->seq || feed->now.left_seq < mark->left_seq;
    return feed->now.last_seq < mark->seq || (feed->now.last_seq == mark->seq && is_final &&
                                              !dbk_hash_equal(&feed->now.head, &mark->head));
}

/* Only an open feed is written to; one that was closed may have been cut since (reissue.c). */
static bool open_feed_behind(const dbk_book *book)
{
    const dbk_tables *t = &book->tables;
    for (size_t i = 0; i < t->spaces_count; i++) {
        const dbk_book_feed *feed = dbk_tables_own_feed(t, t->spaces[i]);
        if (feed != NULL && feed_behind(book, feed))
            return true;
    }
    return false;
}

static bool lacks_a_feed(const dbk_book *book)
{
    const dbk_anchor *a = &book->anchor.marks;
    for (size_t i = 0; i < a->feeds_count; i++)
        if (dbk_tables_feed(&book->tables, &a->feeds[i].feed) == NULL)
            return true;
    return false;
}

/* ---- a store that was put back ------------------------------------------------------------- */

/* Closes the open feeds that may have gone on elsewhere: all, when nothing tells which. What is
 * written from now on is a new incarnation's, and the closed feeds are read as anybody's
 * (decision 0012). */
static dbk_rc renew_feeds(dbk_book *book, bool all, dbk_err *err)
{
    const dbk_tables *t = &book->tables;
    size_t spaces = t->spaces_count;
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < spaces && rc == DBK_OK; i++) {
        const dbk_id space = t->spaces[i]->space;
        dbk_book_feed *feed = dbk_tables_own_feed(t, t->spaces[i]);
        if (feed != NULL && feed->now.last_seq > 0 && (all || feed_behind(book, feed)))
            rc = dbk_feed_renew(book, &feed, &space, err);
    }
    return rc;
}

static dbk_rc put_restored(dbk_book *book, dbk_err *err)
{
    uint8_t bytes[8];
    (void)dbk_wire_put_u64(bytes, book->env->now_ms(book->env->self));
    return dbk_store_meta_put(book->store, RESTORED_NAME, dbk_span_of(bytes, sizeof(bytes)), err);
}

dbk_rc dbk_book_anchor_restore(dbk_book *book, bool all, dbk_err *err)
{
    dbk_rc rc = dbk_book_begin(book, err);
    if (rc == DBK_OK)
        rc = renew_feeds(book, all, err);
    if (rc == DBK_OK)
        dbk_feed_left_all(book, NULL);
    if (rc == DBK_OK)
        rc = put_restored(book, err);
    if (rc == DBK_OK)
        rc = dbk_book_commit(book, err);
    if (rc != DBK_OK)
        dbk_book_rollback(book);
    return rc;
}

uint64_t dbk_book_restored_ms(dbk_book *book)
{
    dbk_bytes value = DBK_BYTES_INIT(8);
    dbk_wire w = { 0 };
    if (dbk_store_meta_get(book->store, &value, RESTORED_NAME, NULL) == DBK_OK)
        w = dbk_wire_from(dbk_bytes_span(&value));
    uint64_t ms = dbk_wire_get_u64(&w);
    dbk_bytes_wipe(&value);
    return ms;
}

/* Feeds that this store will never know: of a copy of it, or lost with what was never sent. */
static void forget_unknown_feeds(dbk_book *book)
{
    dbk_anchor *a = &book->anchor.marks;
    size_t kept = 0;
    for (size_t i = 0; i < a->feeds_count; i++)
        if (dbk_tables_feed(&book->tables, &a->feeds[i].feed) != NULL)
            a->feeds[kept++] = a->feeds[i];
    book->anchor.stale = book->anchor.stale || kept != a->feeds_count;
    a->feeds_count = kept;
}

static dbk_rc refuse_log(dbk_err *err)
{
    return dbk_fail(err, DBK_PEER,
                    "the relay's log is another than this device had seen before its store was "
                    "put back");
}

/* Of this log as it was at the mark's size: it is the one that was marked, or the root has let that
 * go on here, with more than the mark says. */
static bool says(const dbk_book *book, const dbk_log_mark *mark, const dbk_checkpoint *c)
{
    if (mark == NULL || dbk_id_equal(&mark->log, &c->log))
        return mark != NULL;
    return mark->size <= shared(book, mark, &c->log);
}

dbk_rc dbk_book_anchor_check(const dbk_book *book, const dbk_checkpoint *c, dbk_err *err)
{
    const dbk_log_mark *mark = dbk_anchor_log(&book->anchor.marks, &c->space);
    if (!says(book, mark, c) || c->size > mark->size)
        return DBK_OK;
    if (c->size < mark->size)
        return dbk_fail(err, DBK_PEER,
                        "the relay's log is shorter than what this device had seen of it before "
                        "its store was put back");
    return dbk_hash_equal(&c->root, &mark->root) ? DBK_OK : refuse_log(err);
}

dbk_rc dbk_book_anchor_check_leaf(const dbk_book *book, const dbk_checkpoint *c,
                                  const dbk_frontier *f, dbk_err *err)
{
    const dbk_log_mark *mark = dbk_anchor_log(&book->anchor.marks, &c->space);
    if (mark == NULL || f->size != mark->size || !says(book, mark, c))
        return DBK_OK;
    dbk_hash root = dbk_frontier_root(f, DBK_TREE_LOG);
    return dbk_hash_equal(&root, &mark->root) ? DBK_OK : refuse_log(err);
}

dbk_rc dbk_book_restored_end(dbk_book *book, dbk_err *err)
{
    if (dbk_book_restored_ms(book) == 0)
        return DBK_OK;
    if (members_behind(book) || logs_behind(book))
        return dbk_fail(err, DBK_PEER,
                        "the relay shows less than this device had seen before its store was put "
                        "back: tell headquarters");
    dbk_rc rc = dbk_store_meta_del(book->store, RESTORED_NAME, err);
    if (rc == DBK_OK) {
        forget_unknown_feeds(book);
        dbk_book_anchor_raise(book);
    }
    return rc;
}

/* ---- opening ------------------------------------------------------------------------------- */

/* The same for every copy of a store, and told by no name: the salt that SQLCipher's file begins
 * with. */
static dbk_rc open_twin(dbk_twin **out, const dbk_folder *store, const char *anchors, dbk_err *err)
{
    char path[DBK_FOLDER_PATH_SIZE], name[NAME_SIZE];
    uint8_t salt[DBK_STORE_SALT_BYTES];
    dbk_rc rc = dbk_folder_path(store, path, DBK_BOOK_STORE_NAME, err);
    if (rc == DBK_OK)
        rc = dbk_store_salt(salt, path, err);
    if (rc != DBK_OK)
        return rc;
    dbk_hex_print(name, dbk_span_of(salt, sizeof(salt)));
    name[NAME_SIZE - 1] = '\0';
    return dbk_twin_open(out, anchors, name, err);
}

/* What the two files say together. */
typedef struct twin_look {
    bool any;                  /* something was written once */
    bool sound;                /* and one of them is this store's */
    unsigned newest;           /* which */
    uint64_t turn, generation; /* the greatest of both, not verified */
} twin_look;

static dbk_rc look_at(twin_look *look, dbk_anchor *marks, dbk_twin *twin,
                      const dbk_secret *store_key, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (unsigned i = 0; i < 2 && rc == DBK_OK; i++) {
        dbk_bytes file = DBK_BYTES_INIT(DBK_ANCHOR_BYTES_MAX);
        dbk_anchor_look said = { 0 };
        dbk_anchor found = { 0 };
        dbk_err inner = { 0 };
        rc = dbk_twin_read(twin, &file, i, &inner);
        look->any = look->any || file.len > 0;
        if (rc == DBK_OK && file.len > 0)
            rc = dbk_anchor_look_at(&said, dbk_bytes_span(&file), &inner);
        if (rc == DBK_OK && file.len > 0 && store_key != NULL)
            rc = dbk_anchor_open(&found, dbk_bytes_span(&file), store_key, &inner);
        look->turn = said.turn > look->turn ? said.turn : look->turn;
        look->generation = said.slots_generation > look->generation ? said.slots_generation
                                                                    : look->generation;
        if (rc == DBK_OK && found.turn > marks->turn) {
            dbk_anchor older = *marks;
            *marks = found;
            found = older;
            look->sound = true;
            look->newest = i;
        }
        if (rc == DBK_AUTH || rc == DBK_FORMAT || rc == DBK_LIMIT)
            rc = DBK_OK; /* torn, or not this store's: the other one may do */
        if (rc != DBK_OK)
            (void)dbk_fail(err, rc, "%s", inner.text);
        dbk_anchor_wipe(&found);
        dbk_bytes_wipe(&file);
    }
    return rc;
}

static dbk_mark_found judge(const dbk_book *book, const twin_look *look, uint64_t generation)
{
    if (!look->any)
        return DBK_MARK_MISSING;
    /* Made before the store got a new key: it says nothing about what came after. */
    if (!look->sound)
        return look->generation < generation ? DBK_MARK_MISSING : DBK_MARK_STRANGE;
    if (!dbk_id_equal(&book->anchor.marks.device, &book->own.device))
        return DBK_MARK_STRANGE;
    bool ahead = members_behind(book) || logs_behind(book) || open_feed_behind(book) ||
                 lacks_a_feed(book);
    return ahead ? DBK_MARK_AHEAD : DBK_MARK_FITS;
}

static dbk_rc slots_generation(const dbk_book *book, uint64_t *out, dbk_err *err)
{
    dbk_bytes slots = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX);
    dbk_slots_look look = { 0 };
    dbk_rc rc = dbk_book_read_slots(book, &slots, err);
    if (rc == DBK_OK)
        rc = dbk_slots_look_at(&look, dbk_bytes_span(&slots), err);
    *out = look.generation;
    dbk_bytes_wipe(&slots);
    return rc;
}

/* That the store is older was found before, and no open feed is in danger: nothing is new. */
static bool is_settled(dbk_book *book)
{
    return !open_feed_behind(book) && dbk_book_restored_ms(book) != 0;
}

/* Nothing tells what another copy of this store has given out: all that stands may have left. No
 * mark is made before that is on the disk. */
static void take_unmarked(dbk_book *book)
{
    dbk_err why = { 0 };
    book->anchor.known = dbk_feed_keep_left(book, NULL, &why) == DBK_OK;
    if (!book->anchor.known)
        give_up(book, why.text);
}

/* A copy of this store may have given out more than it knows of itself. */
static bool take_left(dbk_book *book)
{
    const dbk_anchor *a = &book->anchor.marks;
    if (dbk_book_begin(book, NULL) != DBK_OK)
        return false;
    for (size_t i = 0; i < a->feeds_count; i++) {
        dbk_book_feed *feed = dbk_tables_feed(&book->tables, &a->feeds[i].feed);
        if (feed != NULL && feed->own)
            dbk_feed_left(book, feed, a->feeds[i].left_seq);
    }
    if (book->tables.touched_count > 0)
        return dbk_book_commit(book, NULL) == DBK_OK;
    dbk_book_rollback(book);
    return true;
}

static void settle(dbk_book *book, const twin_look *look, uint64_t generation)
{
    dbk_anchoring *a = &book->anchor;
    a->found = judge(book, look, generation);
    a->slots_older = (look->sound ? a->marks.slots_generation : look->generation) > generation;
    a->writes_to = look->sound ? 1 - look->newest : 0;
    if (a->found == DBK_MARK_STRANGE)
        dbk_anchor_wipe(&a->marks);
    else if (a->found == DBK_MARK_AHEAD && is_settled(book))
        a->found = DBK_MARK_FITS;
    a->stale = a->found != DBK_MARK_FITS;
    a->marks.device = book->own.device;
    a->marks.turn = look->turn; /* a greater one in a torn copy must not look newer later */
    mark_slots(book, generation);
    if (a->found == DBK_MARK_AHEAD || a->found == DBK_MARK_STRANGE)
        (void)!dbk_book_anchor_restore(book, a->found == DBK_MARK_STRANGE, &a->unsettled);
    a->known = a->unsettled.rc == DBK_OK && take_left(book);
    if (a->found == DBK_MARK_MISSING)
        take_unmarked(book);
}

/* There was no whole file: the one that was written just now is it, for as long as this run writes
 * the other. What that one holds goes: it may be whole for an old key, and fit an old store. */
static void keep_first(dbk_book *book)
{
    dbk_err why = { 0 };
    dbk_anchoring *a = &book->anchor;
    if (a->twin == NULL || a->unsettled.rc != DBK_OK)
        return;
    dbk_rc rc = dbk_twin_flush(a->twin, a->writes_to, &why);
    a->writes_to = 1 - a->writes_to;
    if (rc == DBK_OK)
        rc = dbk_twin_write(a->twin, a->writes_to, dbk_span_of(NULL, 0), &why);
    if (rc != DBK_OK)
        give_up(book, why.text);
}

void dbk_book_anchor_find(dbk_book *book, const char *anchors)
{
    dbk_err why = { 0 };
    if (anchors != NULL && open_twin(&book->anchor.twin, book->folder, anchors, &why) != DBK_OK)
        give_up(book, why.text);
}

void dbk_book_anchor_open(dbk_book *book)
{
    dbk_err why = { 0 };
    twin_look look = { 0 };
    uint64_t generation = 0;
    dbk_anchoring *a = &book->anchor;
    if (a->twin == NULL) {
        take_unmarked(book);
        return;
    }
    dbk_rc rc = slots_generation(book, &generation, &why);
    if (rc == DBK_OK)
        rc = look_at(&look, &a->marks, a->twin, book->store_key, &why);
    if (rc != DBK_OK) {
        give_up(book, why.text);
        take_unmarked(book);
        return;
    }
    settle(book, &look, generation);
    dbk_book_anchor_raise(book);
    if (!look.sound)
        keep_first(book);
}

void dbk_book_anchor_new(dbk_book *book, const char *anchors)
{
    dbk_book_anchor_find(book, anchors);
    dbk_book_anchor_open(book);
    if (book->anchor.found == DBK_MARK_MISSING)
        book->anchor.found = DBK_MARK_FITS; /* there was nothing to mark */
}

void dbk_book_anchor_close(dbk_book *book)
{
    dbk_twin_close(book->anchor.twin);
    book->anchor.twin = NULL;
    dbk_anchor_wipe(&book->anchor.marks);
}

void dbk_book_anchor_forget(const dbk_folder *store, const char *anchors)
{
    dbk_twin *twin = NULL;
    if (anchors != NULL && open_twin(&twin, store, anchors, NULL) == DBK_OK)
        dbk_twin_remove(twin);
}

bool dbk_book_anchor_newer(const dbk_book *book)
{
    twin_look look = { 0 };
    dbk_anchor none = { 0 };
    uint64_t generation = 0;
    return book->anchor.twin != NULL && slots_generation(book, &generation, NULL) == DBK_OK &&
           look_at(&look, &none, book->anchor.twin, NULL, NULL) == DBK_OK &&
           look.generation > generation;
}

dbk_book_mark dbk_book_mark_found(const dbk_book *book)
{
    const dbk_anchoring *a = &book->anchor;
    bool is_kept = a->twin != NULL;
    bool is_told = a->found == DBK_MARK_AHEAD || a->found == DBK_MARK_STRANGE;
    return (dbk_book_mark){ is_kept || is_told ? a->found : DBK_MARK_NONE, a->slots_older,
                            a->why_none, a->unsettled.rc == DBK_OK ? NULL : a->unsettled.text };
}
