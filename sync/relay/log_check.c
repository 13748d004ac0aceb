#include "sync/relay/log_check.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/crypto/roster.h"
#include "sync/relay/log_floor.h"
#include "sync/relay/log_reach.h"
#include "sync/relay/log_snapshot.h"
#include "sync/relay/log_space.h"
#include "sync/relay/relay_calls.h"
#include "sync/relay/room.h"

#define FEEDS_MAX (DBK_ROSTER_DEVICES_MAX * 64u)
#define ROOMS_BYTES_MAX (DBK_ROSTER_DEVICES_MAX * sizeof(checked_room))

typedef struct checked_feed {
    dbk_log_feed at; /* as the segments leave it */
    dbk_sign_pk sign;
} checked_feed;

/* A device's room, as the segments say. */
typedef struct checked_room {
    dbk_id device;
    dbk_room taken;
} checked_room;

/* One space's check. */
typedef struct check {
    const dbk_log *log;
    dbk_log_space space;
    const dbk_roster *roster;
    dbk_log_report *report;
    dbk_frontier frontier;
    uint64_t floor;  /* below it bodies may be all holes */
    dbk_bytes feeds; /* checked_feed */
    dbk_room room;
    dbk_bytes *rooms; /* checked_room, of all spaces */
    dbk_bytes beside; /* a body that was brought for who lacks it */
    dbk_rc node_rc;
    dbk_err *err;
} check;

static dbk_rc damaged(dbk_err *err, const dbk_id *space, uint64_t index, const char *what)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_id_hex(hex, space);
    return dbk_fail(err, DBK_DAMAGED, "space %s, segment %llu: %s", hex, (unsigned long long)index,
                    what);
}

/* ---- the chain --------------------------------------------------------------------------- */

typedef struct chain {
    dbk_roster *roster;
    uint64_t count;
} chain;

static dbk_rc fold_entry(void *ctx, uint64_t seq, dbk_span entry, bool *stop, dbk_err *err)
{
    chain *c = ctx;
    dbk_entry_decoded d = { 0 };
    dbk_rc rc = DBK_OK;
    (void)stop;
    if (seq == 0) {
        rc = dbk_entry_decode(&d, entry, err);
        if (rc == DBK_OK)
            rc = dbk_roster_new(&c->roster, &d.entry.root, err);
        dbk_entry_decoded_wipe(&d);
    }
    if (rc == DBK_OK)
        rc = dbk_roster_add(c->roster, entry, err);
    c->count++;
    return rc == DBK_OK || rc == DBK_NOMEM ? rc : DBK_DAMAGED;
}

/* ---- segments ---------------------------------------------------------------------------- */

static checked_room *room_at(const dbk_bytes *rooms, const dbk_id *device)
{
    checked_room *all = (checked_room *)(void *)rooms->p;
    for (size_t i = 0; i < rooms->len / sizeof(*all); i++) {
        if (dbk_id_equal(&all[i].device, device))
            return &all[i];
    }
    return NULL;
}

static dbk_rc take_room(check *c, const dbk_id *device, const dbk_header *h, dbk_err *err)
{
    uint64_t bytes = DBK_SEGMENT_HEADER_BYTES + h->body_len;
    checked_room *room = room_at(c->rooms, device);
    dbk_room_add(&c->room, bytes);
    if (room != NULL) {
        dbk_room_add(&room->taken, bytes);
        return DBK_OK;
    }
    const checked_room fresh = { *device, { 1, bytes } };
    return dbk_bytes_append(c->rooms, dbk_span_of(&fresh, sizeof(fresh)), err);
}

static checked_feed *feed_at(const check *c, const dbk_id *feed)
{
    checked_feed *feeds = (checked_feed *)(void *)c->feeds.p;
    for (size_t i = 0; i < c->feeds.len / sizeof(*feeds); i++) {
        if (dbk_id_equal(&feeds[i].at.feed, feed))
            return &feeds[i];
    }
    return NULL;
}

static dbk_rc feed_of(check *c, const dbk_header *h, uint64_t index, checked_feed **out,
                      dbk_err *err)
{
    *out = feed_at(c, &h->feed);
    if (*out != NULL)
        return DBK_OK;
    const dbk_member *m = dbk_roster_feed_owner(c->roster, &h->space, &h->feed, &h->incarnation);
    if (m == NULL)
        return damaged(err, &h->space, index, "its feed is no member's");
    checked_feed fresh = { { h->feed, m->device, 0, { { 0 } } }, m->keys.sign };
    dbk_rc rc = dbk_bytes_append(&c->feeds, dbk_span_of(&fresh, sizeof(fresh)), err);
    if (rc == DBK_OK)
        *out = feed_at(c, &h->feed);
    return rc;
}

static dbk_rc check_place(check *c, const dbk_header *h, const dbk_log_segment *segment,
                          const dbk_hash *hash, dbk_err *err)
{
    dbk_log_place place;
    dbk_dot first = { h->feed, h->first_seq };
    dbk_rc rc = dbk_log_place_get(&c->space, &first, &place, NULL);
    if (rc != DBK_OK || place.index != segment->index || place.receipt_ms != segment->receipt_ms ||
        !dbk_hash_equal(&place.header_hash, hash))
        return damaged(err, &h->space, segment->index, "it isn't where its feed says");
    return DBK_OK;
}

static void check_node(void *ctx, unsigned level, uint64_t index, const dbk_hash *node)
{
    check *c = ctx;
    dbk_hash stored;
    if (c->node_rc != DBK_OK)
        return;
    if (dbk_log_node_get(&c->space, level, index, &stored, NULL) != DBK_OK ||
        !dbk_hash_equal(&stored, node))
        c->node_rc = damaged(c->err, &c->space.space, c->frontier.size, "a tree node is wrong");
}

/* NULL: it is what was signed, but for just what the chain orders erased; or, below the log's
 * floor, for all of it. */
static const char *body_flaw(const check *c, const dbk_header *h, const dbk_sealed *segment,
                             uint64_t index)
{
    dbk_kept kept;
    const dbk_dot first = { h->feed, h->first_seq };
    uint64_t ordered = dbk_roster_erased(c->roster, &h->space, &first, h->count);
    if (dbk_kept_read(&kept, h, segment->body, segment->kept, NULL) != DBK_OK)
        return "its body isn't what was signed";
    bool let_go = index < c->floor && kept.holes == dbk_segment_ops(h);
    if ((kept.holes & ~ordered) != 0 && !let_go)
        return "ops are missing that nobody ordered erased";
    return (ordered & ~kept.holes) != 0 ? "ops stand in it that were ordered erased" : NULL;
}

/* What was brought for who lacks it is what stands there, as it was signed. */
static dbk_rc check_beside(check *c, const dbk_header *h, const dbk_log_segment *segment,
                           dbk_err *err)
{
    dbk_log_beside body;
    dbk_err absent = { 0 };
    if (segment->index >= c->floor)
        return DBK_OK;
    dbk_rc rc = dbk_log_beside_get(&c->space, &body, &c->beside, segment->index, &absent);
    if (rc == DBK_NOT_FOUND)
        return DBK_OK;
    if (rc != DBK_OK)
        return dbk_fail(err, rc, "%s", absent.text);
    const dbk_sealed sealed = { segment->header, body.body, body.kept };
    return body_flaw(c, h, &sealed, UINT64_MAX) == NULL
               ? DBK_OK
               : damaged(err, &h->space, segment->index,
                         "the body beside it is not what was signed");
}

static dbk_rc check_segment(void *ctx, const dbk_log_segment *segment, bool *stop, dbk_err *err)
{
    check *c = ctx;
    dbk_header h;
    checked_feed *feed;
    const dbk_id *space = &c->space.space;
    uint64_t at = segment->index;
    (void)stop;
    if (at != c->frontier.size)
        return damaged(err, space, at, "those before it are missing");
    if (dbk_header_decode(&h, segment->header, NULL) != DBK_OK || !dbk_id_equal(&h.space, space))
        return damaged(err, space, at, "its header is malformed");
    dbk_rc rc = feed_of(c, &h, at, &feed, err);
    if (rc != DBK_OK)
        return rc;
    if (h.first_seq != feed->at.last_seq + 1 || !dbk_hash_equal(&h.prev, &feed->at.head))
        return damaged(err, space, at, "it doesn't continue its feed");
    if (dbk_header_verify(&h, &feed->sign, NULL) != DBK_OK)
        return damaged(err, space, at, "its signature does not verify");
    const char *flaw = body_flaw(
        c, &h, &(dbk_sealed){ segment->header, segment->body, segment->kept }, at);
    if (flaw != NULL)
        return damaged(err, space, at, flaw);
    rc = check_beside(c, &h, segment, err);
    if (rc != DBK_OK)
        return rc;
    feed->at.head = dbk_header_hash(&h);
    feed->at.last_seq = dbk_header_last_seq(&h);
    rc = check_place(c, &h, segment, &feed->at.head, err);
    if (rc == DBK_OK)
        rc = take_room(c, &feed->at.owner, &h, err);
    if (rc != DBK_OK)
        return rc;
    dbk_hash leaf = dbk_log_leaf(segment->receipt_ms, &feed->at.head);
    dbk_frontier_add(&c->frontier, DBK_TREE_LOG, &leaf, check_node, c);
    c->report->segments++;
    return c->node_rc;
}

/* ---- what stands beside them ------------------------------------------------------------- */

static dbk_rc check_fork(void *ctx, const dbk_log_fork *fork, bool *stop, dbk_err *err)
{
    check *c = ctx;
    dbk_header h;
    const checked_feed *feed = feed_at(c, &fork->feed);
    (void)stop;
    c->report->forks++;
    if (feed == NULL || dbk_header_decode(&h, fork->segment.header, NULL) != DBK_OK ||
        dbk_header_verify(&h, &feed->sign, NULL) != DBK_OK ||
        body_flaw(c, &h, &fork->segment, UINT64_MAX) != NULL)
        return damaged(err, &c->space.space, 0, "the evidence of a fork does not verify");
    return DBK_OK;
}

static dbk_rc check_feeds(check *c, dbk_err *err)
{
    const checked_feed *feeds = (const checked_feed *)(const void *)c->feeds.p;
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < c->feeds.len / sizeof(*feeds) && rc == DBK_OK; i++) {
        dbk_log_feed stored;
        const dbk_log_feed *want = &feeds[i].at;
        if (dbk_log_feed_get(&c->space, &want->feed, &stored, NULL) != DBK_OK ||
            stored.last_seq != want->last_seq || !dbk_hash_equal(&stored.head, &want->head) ||
            !dbk_id_equal(&stored.owner, &want->owner))
            return damaged(err, &c->space.space, want->last_seq, "a feed's head is wrong");
        c->report->feeds++;
        rc = dbk_log_forks_of(&c->space, &want->feed, check_fork, c, err);
    }
    return rc;
}

static dbk_rc check_checkpoint(const check *c, const dbk_sign_pk *relay, dbk_err *err)
{
    dbk_log_state state;
    dbk_checkpoint point;
    dbk_hash root = dbk_frontier_root(&c->frontier, DBK_TREE_LOG);
    dbk_id org = dbk_roster_org(c->roster);
    const dbk_id *space = &c->space.space;
    if (dbk_log_state_get(&c->space, &state, NULL) != DBK_OK)
        return damaged(err, space, 0, "it has no log");
    if (state.frontier.size != c->frontier.size || !dbk_hash_equal(&state.root, &root))
        return damaged(err, space, c->frontier.size, "the tree is not that of the segments");
    if (dbk_checkpoint_open(&point, dbk_span_of(state.note, state.note_len), relay, NULL) !=
            DBK_OK ||
        point.size != c->frontier.size || !dbk_hash_equal(&point.root, &root) ||
        !dbk_id_equal(&point.log, &state.log) || !dbk_id_equal(&point.space, space) ||
        !dbk_id_equal(&point.org, &org))
        return damaged(err, space, c->frontier.size, "the checkpoint is not that of the log");
    return DBK_OK;
}

/* What a device says that it has of this log is so, and it said it. */
static dbk_rc check_reach(void *ctx, const dbk_log_reach *row, dbk_err *err)
{
    const check *c = ctx;
    const dbk_reach *said = &row->said;
    const dbk_checkpoint point = { said->org, said->space, said->log, said->size, said->root };
    const dbk_member *m = dbk_roster_device(c->roster, &said->device);
    const dbk_id org = dbk_roster_org(c->roster);
    dbk_log_state state;
    dbk_rc decision = DBK_OK;
    if (m == NULL || !dbk_id_equal(&said->org, &org) ||
        !dbk_id_equal(&said->space, &c->space.space) || !dbk_reach_verify(said, &m->keys.sign))
        return damaged(err, &c->space.space, said->size, "a device's word is not its own");
    dbk_rc rc = dbk_log_state_get(&c->space, &state, err);
    if (rc == DBK_OK && dbk_id_equal(&said->log, &state.log))
        rc = dbk_relay_check_history(&c->space, &point, &decision, err);
    if (rc == DBK_OK && decision != DBK_OK)
        rc = damaged(err, &c->space.space, said->size, "a device's word is of another log");
    return rc;
}

static bool same_room(const dbk_room *a, const dbk_room *b)
{
    return a->segments == b->segments && a->bytes == b->bytes;
}

static dbk_rc check_room(const check *c, dbk_err *err)
{
    dbk_room stored;
    dbk_rc rc = dbk_room_of_space(c->log, &c->space.space, &stored, err);
    if (rc == DBK_OK && !same_room(&stored, &c->room))
        rc = damaged(err, &c->space.space, c->frontier.size, "its room is counted wrong");
    return rc;
}

/* Each device's count is that of the segments. */
static dbk_rc check_device_room(void *ctx, const dbk_id *device, const dbk_room *stored,
                                dbk_err *err)
{
    checked_room *room = room_at(ctx, device);
    if (room == NULL || !same_room(&room->taken, stored))
        return dbk_fail(err, DBK_DAMAGED, "a device's room is counted wrong");
    room->taken = (dbk_room){ 0, 0 }; /* seen */
    return DBK_OK;
}

static dbk_rc check_rooms(const dbk_log *log, dbk_bytes *rooms, dbk_err *err)
{
    const checked_room *all = (const checked_room *)(const void *)rooms->p;
    dbk_rc rc = dbk_room_devices(log, check_device_room, rooms, err);
    for (size_t i = 0; i < rooms->len / sizeof(*all) && rc == DBK_OK; i++) {
        if (all[i].taken.segments != 0)
            rc = dbk_fail(err, DBK_DAMAGED, "a device's room isn't counted");
    }
    return rc;
}

typedef struct whole {
    const dbk_log *log;
    const dbk_roster *roster;
    dbk_log_report *report;
    dbk_bytes rooms; /* checked_room */
} whole;

static dbk_rc find_floor(check *c, dbk_err *err)
{
    dbk_log_state state;
    dbk_rc rc = dbk_log_state_get(&c->space, &state, err);
    if (rc == DBK_OK)
        c->floor = dbk_roster_floor(c->roster, &c->space.space, &state.log);
    return rc == DBK_NOT_FOUND ? damaged(err, &c->space.space, 0, "it has no log") : rc;
}

static dbk_rc check_space(whole *w, const dbk_id *space, dbk_err *err)
{
    const dbk_log *log = w->log;
    dbk_log_report *report = w->report;
    check c = { .log = log,
                .space = { log, *space },
                .roster = w->roster,
                .report = report,
                .rooms = &w->rooms,
                .node_rc = DBK_OK,
                .err = err };
    dbk_secret *sk = NULL;
    dbk_sign_pk relay;
    dbk_frontier_init(&c.frontier);
    dbk_bytes_init(&c.feeds, FEEDS_MAX * sizeof(checked_feed));
    dbk_bytes_init(&c.beside, 1u + DBK_KEPT_BYTES_MAX);
    dbk_log_read read = { 0, check_segment, &c, 0 };
    dbk_rc rc = dbk_relay_load_key(&sk, log, err);
    if (rc == DBK_OK)
        rc = find_floor(&c, err);
    if (rc == DBK_OK)
        rc = log->ops->segments_read(log->self, space, &read, err);
    if (rc == DBK_OK)
        rc = check_feeds(&c, err);
    if (rc == DBK_OK) {
        dbk_sign_pk_of(&relay, sk);
        rc = check_checkpoint(&c, &relay, err);
    }
    if (rc == DBK_OK)
        rc = check_room(&c, err);
    if (rc == DBK_OK)
        rc = dbk_log_snapshots_check(&c.space, err);
    if (rc == DBK_OK)
        rc = dbk_log_reaches(&c.space, check_reach, &c, err);
    report->spaces++;
    dbk_secret_free(sk);
    dbk_bytes_wipe(&c.feeds);
    dbk_bytes_wipe(&c.beside);
    return rc;
}

dbk_rc dbk_log_check_deep(const dbk_log *log, dbk_log_report *report, dbk_err *err)
{
    chain c = { NULL, 0 };
    memset(report, 0, sizeof(*report));
    dbk_rc rc = dbk_log_entries(log, 0, fold_entry, &c, err);
    report->entries = c.count;
    size_t count = rc == DBK_OK && c.roster != NULL ? dbk_roster_spaces(c.roster) : 0;
    whole w = { log, c.roster, report, DBK_BYTES_INIT(ROOMS_BYTES_MAX) };
    for (size_t i = 0; i < count && rc == DBK_OK; i++) {
        const dbk_space *space = dbk_roster_space_at(c.roster, i);
        if (!space->is_roster)
            rc = check_space(&w, &space->space, err);
    }
    if (rc == DBK_OK)
        rc = check_rooms(log, &w.rooms, err);
    dbk_bytes_wipe(&w.rooms);
    dbk_roster_free(c.roster);
    return rc;
}
