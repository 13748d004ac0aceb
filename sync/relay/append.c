#include "sync/relay/append.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/wire.h"

/* One job touches one space, so a transaction touches at most as many as jobs can wait; the array
 * grows to what really happens. */
#define SPACES_MAX 4096u

typedef struct touched {
    dbk_id space;
    dbk_log_state state;
    dbk_room room;
    bool changed, room_changed;
} touched;

struct dbk_append {
    const dbk_env *env;
    touched **spaces; /* of this transaction */
    size_t count;
    size_t room;
    dbk_id feed_space; /* the space of the feed below */
    dbk_log_feed feed; /* the feed at hand: pushes come feed by feed */
    bool has_feed, feed_changed;
    dbk_id device; /* of what is taken below: as with feeds */
    dbk_room taken;
    bool has_device, room_changed;
};

dbk_rc dbk_append_new(dbk_append **out, const dbk_env *env, dbk_err *err)
{
    *out = dbk_alloc(sizeof(**out));
    if (*out == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory to append");
    (*out)->env = env;
    return DBK_OK;
}

void dbk_append_reset(dbk_append *a)
{
    for (size_t i = 0; i < a->count; i++)
        dbk_free(a->spaces[i]);
    a->count = 0;
    a->has_feed = false;
    a->feed_changed = false;
    a->has_device = false;
    a->room_changed = false;
}

void dbk_append_free(dbk_append *a)
{
    if (a == NULL)
        return;
    dbk_append_reset(a);
    dbk_free(a->spaces);
    dbk_free(a);
}

/* ---- spaces of the transaction ----------------------------------------------------------- */

static dbk_rc room_for_one(dbk_append *a, dbk_err *err)
{
    if (a->count < a->room)
        return DBK_OK;
    size_t room = a->room == 0 ? 8 : a->room * 2;
    if (room > SPACES_MAX)
        return dbk_fail(err, DBK_LIMIT, "a transaction touches too many spaces");
    touched **grown = dbk_realloc(a->spaces, room * sizeof(*grown));
    if (grown == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a space");
    a->spaces = grown;
    a->room = room;
    return DBK_OK;
}

static touched *seen(const dbk_append *a, const dbk_id *space)
{
    for (size_t i = 0; i < a->count; i++) {
        if (dbk_id_equal(&a->spaces[i]->space, space))
            return a->spaces[i];
    }
    return NULL;
}

/* The space as this transaction leaves it so far; read from the log at its first use. */
static dbk_rc touch(dbk_append *a, const dbk_log *log, const dbk_id *space, touched **out,
                    dbk_err *err)
{
    dbk_log_space s = { log, *space };
    *out = seen(a, space);
    if (*out != NULL)
        return DBK_OK;
    dbk_rc rc = room_for_one(a, err);
    if (rc != DBK_OK)
        return rc;
    touched *t = dbk_alloc(sizeof(*t));
    if (t == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a space");
    t->space = *space;
    rc = dbk_log_state_get(&s, &t->state, err);
    if (rc == DBK_OK)
        rc = dbk_room_of_space(log, space, &t->room, err);
    if (rc != DBK_OK) {
        dbk_free(t);
        return rc;
    }
    a->spaces[a->count++] = t;
    *out = t;
    return DBK_OK;
}

dbk_rc dbk_append_open(dbk_append *a, const dbk_log *log, const dbk_id *space, dbk_err *err)
{
    dbk_log_space s = { log, *space };
    dbk_log_state state = { 0 };
    touched *t;
    a->env->random(a->env->self, state.log.b, sizeof(state.log.b));
    dbk_frontier_init(&state.frontier);
    state.root = dbk_frontier_root(&state.frontier, DBK_TREE_LOG);
    dbk_rc rc = dbk_log_state_put(&s, &state, err);
    if (rc == DBK_OK)
        rc = touch(a, log, space, &t, err);
    if (rc == DBK_OK)
        t->changed = true;
    return rc;
}

dbk_rc dbk_append_rename(dbk_append *a, const dbk_log *log, const dbk_id *space,
                         const dbk_id *incarnation, dbk_err *err)
{
    touched *t;
    dbk_rc rc = touch(a, log, space, &t, err);
    if (rc != DBK_OK)
        return rc;
    t->state.log = *incarnation;
    t->changed = true;
    return DBK_OK;
}

dbk_rc dbk_append_state(dbk_append *a, const dbk_log *log, const dbk_id *space,
                        const dbk_log_state **out, dbk_err *err)
{
    touched *t;
    dbk_rc rc = touch(a, log, space, &t, err);
    *out = rc == DBK_OK ? &t->state : NULL;
    return rc;
}

/* ---- feeds ------------------------------------------------------------------------------- */

static dbk_rc flush_feed(dbk_append *a, const dbk_log *log, dbk_err *err)
{
    dbk_log_space s = { log, a->feed_space };
    if (!a->has_feed || !a->feed_changed)
        return DBK_OK;
    a->feed_changed = false;
    return dbk_log_feed_put(&s, &a->feed, err);
}

static dbk_rc load_feed(dbk_append *a, const dbk_log *log, const dbk_append_item *item,
                        dbk_err *err)
{
    dbk_log_space s = { log, item->header.space };
    dbk_err absent = { 0 };
    if (a->has_feed && dbk_id_equal(&a->feed.feed, &item->header.feed))
        return DBK_OK;
    dbk_rc rc = flush_feed(a, log, err);
    if (rc != DBK_OK)
        return rc;
    a->has_feed = false;
    rc = dbk_log_feed_get(&s, &item->header.feed, &a->feed, &absent);
    if (rc == DBK_NOT_FOUND) {
        a->feed.owner = item->owner;
        rc = DBK_OK;
    } else if (rc != DBK_OK) {
        return dbk_fail(err, rc, "%s", absent.text);
    }
    a->feed_space = item->header.space;
    a->has_feed = true;
    return rc;
}

/* ---- room -------------------------------------------------------------------------------- */

static dbk_rc flush_room(dbk_append *a, const dbk_log *log, dbk_err *err)
{
    if (!a->has_device || !a->room_changed)
        return DBK_OK;
    a->room_changed = false;
    return dbk_room_put_device(log, &a->device, &a->taken, err);
}

static dbk_rc load_room(dbk_append *a, const dbk_log *log, const dbk_id *device, dbk_err *err)
{
    if (a->has_device && dbk_id_equal(&a->device, device))
        return DBK_OK;
    dbk_rc rc = flush_room(a, log, err);
    if (rc != DBK_OK)
        return rc;
    a->has_device = false;
    rc = dbk_room_of_device(log, device, &a->taken, err);
    a->device = *device;
    a->has_device = rc == DBK_OK;
    return rc;
}

/* As its author sent it: what is erased from it gives no room back, or fsck couldn't count. */
static uint64_t size_of(const dbk_append_item *item)
{
    return item->segment.header.len + item->header.body_len;
}

/* Is there room left? If not, the item's status says whose is used up. */
static bool has_room(const dbk_append *a, const touched *t, dbk_append_item *item)
{
    uint64_t bytes = size_of(item);
    if (item->quota == NULL)
        return true;
    if (!dbk_room_fits(&a->taken, &item->quota->device, bytes))
        item->status = DBK_PUSH_DEVICE_FULL;
    else if (!dbk_room_fits(&t->room, &item->quota->space, bytes))
        item->status = DBK_PUSH_SPACE_FULL;
    else
        return true;
    return false;
}

static void take_room(dbk_append *a, touched *t, const dbk_append_item *item)
{
    dbk_room_add(&a->taken, size_of(item));
    dbk_room_add(&t->room, size_of(item));
    a->room_changed = true;
    t->room_changed = true;
}

static dbk_rc count_feed(void *ctx, const dbk_id *feed, bool *stop, dbk_err *err)
{
    size_t *count = ctx;
    (void)feed;
    (void)err;
    *stop = ++*count >= DBK_FEEDS_PER_SPACE_MAX;
    return DBK_OK;
}

/* A device may begin another feed in the space: an incarnation is a rare event. */
static dbk_rc may_begin(bool *may, const dbk_log *log, const dbk_append_item *item, dbk_err *err)
{
    dbk_log_space s = { log, item->header.space };
    size_t count = 0;
    dbk_rc rc = dbk_log_feeds_of(&s, &item->owner, count_feed, &count, err);
    *may = count < DBK_FEEDS_PER_SPACE_MAX;
    return rc;
}

/* The setting that counts a device's late segments: a revoked one's are few. */
#define LATE_NAME_SIZE (sizeof("late-") + DBK_ID_HEX_SIZE)

static void late_name(char out[LATE_NAME_SIZE], const dbk_id *device)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_id_hex(hex, device);
    (void)snprintf(out, LATE_NAME_SIZE, "late-%s", hex);
}

static dbk_rc late_count(uint64_t *count, const dbk_log *log, const dbk_id *device, dbk_err *err)
{
    char name[LATE_NAME_SIZE];
    dbk_err absent = { 0 };
    dbk_bytes value = DBK_BYTES_INIT(8);
    *count = 0;
    late_name(name, device);
    dbk_rc rc = dbk_log_setting_get(log, name, &value, &absent);
    if (rc == DBK_OK && value.len == 8) {
        dbk_wire w = dbk_wire_from(dbk_bytes_span(&value));
        *count = dbk_wire_get_u64(&w);
    } else if (rc == DBK_OK) {
        rc = dbk_fail(err, DBK_DAMAGED, "a count of late segments is malformed");
    } else if (rc == DBK_NOT_FOUND) {
        rc = DBK_OK;
    } else {
        rc = dbk_fail(err, rc, "%s", absent.text);
    }
    dbk_bytes_wipe(&value);
    return rc;
}

static dbk_rc count_late(const dbk_log *log, const dbk_id *device, dbk_err *err)
{
    char name[LATE_NAME_SIZE];
    uint8_t value[8];
    uint64_t count;
    dbk_rc rc = late_count(&count, log, device, err);
    if (rc != DBK_OK)
        return rc;
    late_name(name, device);
    (void)dbk_wire_put_u64(value, count + 1);
    return dbk_log_setting_put(log, name, dbk_span_of(value, sizeof(value)), err);
}

/* May this segment, the next of its feed, be taken? */
static dbk_rc may_take(bool *may, const dbk_append *a, const dbk_log *log,
                       const dbk_append_item *item, dbk_err *err)
{
    uint64_t count = 0;
    dbk_rc rc = DBK_OK;
    *may = true;
    if (a->feed.last_seq == 0)
        rc = may_begin(may, log, item, err);
    if (rc == DBK_OK && item->late)
        rc = late_count(&count, log, &item->owner, err);
    *may = *may && count < DBK_LATE_SEGMENTS_MAX;
    return rc;
}

/* ---- one segment ------------------------------------------------------------------------- */

typedef struct node_list {
    dbk_log_node nodes[DBK_TREE_LEVELS_MAX + 1];
    size_t count;
} node_list;

static void collect_node(void *ctx, unsigned level, uint64_t index, const dbk_hash *node)
{
    node_list *list = ctx;
    DBK_ASSERT(list->count < sizeof(list->nodes) / sizeof(list->nodes[0]));
    list->nodes[list->count++] = (dbk_log_node){ level, index, *node };
}

static dbk_rc append(touched *t, const dbk_log *log, dbk_append_item *item, dbk_err *err)
{
    dbk_log_space s = { log, t->space };
    dbk_dot first = { item->header.feed, item->header.first_seq };
    node_list list = { .count = 0 };
    uint64_t index = t->state.frontier.size;
    const dbk_sealed *sealed = &item->segment;
    dbk_log_segment segment = { index, item->now_ms, sealed->header, sealed->body, sealed->kept };
    dbk_log_place place = { index, item->now_ms, item->header_hash };

    dbk_rc rc = log->ops->segment_append(log->self, &t->space, &segment, err);
    if (rc == DBK_OK)
        rc = dbk_log_place_put(&s, &first, &place, err);
    if (rc != DBK_OK)
        return rc;
    dbk_hash leaf = dbk_log_leaf(item->now_ms, &item->header_hash);
    dbk_frontier_add(&t->state.frontier, DBK_TREE_LOG, &leaf, collect_node, &list);
    for (size_t i = 0; i < list.count && rc == DBK_OK; i++)
        rc = dbk_log_node_put(&s, &list.nodes[i], err);
    t->changed = true;
    item->status = item->late ? DBK_PUSH_QUARANTINED : DBK_PUSH_ACCEPTED;
    item->place = place;
    if (rc == DBK_OK && item->late)
        rc = count_late(log, &item->owner, err);
    return rc;
}

static dbk_rc keep_fork(const dbk_log *log, dbk_append_item *item, dbk_err *err)
{
    dbk_log_space s = { log, item->header.space };
    dbk_log_fork fork = { item->header.feed, item->header_hash, item->now_ms, item->segment };
    item->status = DBK_PUSH_FORK;
    return dbk_log_fork_keep(&s, &fork, err);
}

/* Its first seq is at or below the feed's last: the same segment stands there, or a fork. */
static dbk_rc held_already(const dbk_log *log, dbk_append_item *item, dbk_err *err)
{
    dbk_log_space s = { log, item->header.space };
    dbk_dot first = { item->header.feed, item->header.first_seq };
    dbk_err absent = { 0 };
    dbk_rc rc = dbk_log_place_get(&s, &first, &item->place, &absent);
    if (rc != DBK_OK && rc != DBK_NOT_FOUND)
        return dbk_fail(err, rc, "%s", absent.text);
    if (rc == DBK_OK && dbk_hash_equal(&item->place.header_hash, &item->header_hash)) {
        item->status = DBK_PUSH_DUPLICATE;
        return DBK_OK;
    }
    return keep_fork(log, item, err);
}

dbk_rc dbk_append_take(dbk_append *a, const dbk_log *log, dbk_append_item *item, dbk_err *err)
{
    touched *t;
    bool may = true;
    dbk_rc rc = touch(a, log, &item->header.space, &t, err);
    if (rc == DBK_OK)
        rc = load_feed(a, log, item, err);
    if (rc != DBK_OK)
        return rc;
    DBK_ASSERT(dbk_id_equal(&a->feed.owner, &item->owner)); /* the feed's id is a hash of it */
    item->log = t->state.log;
    if (item->header.first_seq <= a->feed.last_seq)
        return held_already(log, item, err);
    if (item->header.first_seq != a->feed.last_seq + 1) {
        item->status = DBK_PUSH_GAP;
        return DBK_OK;
    }
    if (!dbk_hash_equal(&item->header.prev, &a->feed.head))
        return keep_fork(log, item, err); /* its author's history is not the one that stands */
    rc = may_take(&may, a, log, item, err);
    if (rc != DBK_OK || !may) {
        item->status = DBK_PUSH_REFUSED;
        return rc;
    }
    rc = load_room(a, log, &item->owner, err);
    if (rc != DBK_OK || !has_room(a, t, item))
        return rc;
    rc = append(t, log, item, err);
    if (rc == DBK_OK) {
        take_room(a, t, item);
        a->feed.last_seq = dbk_header_last_seq(&item->header);
        a->feed.head = item->header_hash;
        a->feed_changed = true;
    }
    return rc;
}

/* ---- the end of a transaction ------------------------------------------------------------ */

static dbk_rc finish_space(const dbk_log *log, touched *t, const dbk_append_signer *signer,
                           dbk_err *err)
{
    dbk_log_space s = { log, t->space };
    dbk_bytes note = DBK_BYTES_INIT(DBK_CHECKPOINT_BYTES_MAX);
    t->state.root = dbk_frontier_root(&t->state.frontier, DBK_TREE_LOG);
    dbk_checkpoint c = { signer->org, t->space, t->state.log, t->state.frontier.size,
                         t->state.root };
    dbk_rc rc = dbk_checkpoint_sign(&note, &c, signer->relay_sk, err);
    if (rc == DBK_OK) {
        memcpy(t->state.note, note.p, note.len);
        t->state.note_len = note.len;
        rc = dbk_log_state_put(&s, &t->state, err);
    }
    dbk_bytes_wipe(&note);
    return rc;
}

dbk_rc dbk_append_finish(dbk_append *a, const dbk_log *log, const dbk_append_signer *signer,
                         dbk_err *err)
{
    dbk_rc rc = flush_feed(a, log, err);
    if (rc == DBK_OK)
        rc = flush_room(a, log, err);
    for (size_t i = 0; i < a->count && rc == DBK_OK; i++) {
        touched *t = a->spaces[i];
        if (t->changed)
            rc = finish_space(log, t, signer, err);
        if (rc == DBK_OK && t->room_changed)
            rc = dbk_room_put_space(log, &t->space, &t->room, err);
    }
    return rc;
}
