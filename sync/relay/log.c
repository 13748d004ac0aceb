/* Keys of organisation-wide rows, under the zero space:
 *   'K' || name                 a setting
 *   'M' || seq (u64)            an entry of the membership chain
 *   'J' || invite id (16)       a mailbox: expires (u64) || sealed request, if it has arrived
 *   'Q' || device (16)         the room that it has taken (room.h)
 *   'A' || device (16)          the entry that this admin's device proposes */
#include "sync/relay/log.h"

#include <string.h>

#include "core/base/wire.h"

#define MAILBOX_HEAD_BYTES 8u

static const dbk_id no_space;

void dbk_log_close(dbk_log *log)
{
    if (log->ops != NULL)
        log->ops->close(log->self);
    *log = (dbk_log){ NULL, NULL };
}

size_t dbk_log_above(uint8_t out[DBK_LOG_KEY_BYTES_MAX], dbk_span prefix)
{
    size_t len = prefix.len;
    DBK_ASSERT(len > 0);
    DBK_ASSERT(len <= DBK_LOG_KEY_BYTES_MAX);
    memcpy(out, prefix.p, len);
    while (out[len - 1] == 0xff) {
        len--;
        DBK_ASSERT(len > 0);
    }
    out[len - 1]++;
    return len;
}

static dbk_span setting_key(uint8_t key[DBK_LOG_KEY_BYTES_MAX], const char *name)
{
    size_t len = strlen(name);
    DBK_ASSERT(len > 0);
    DBK_ASSERT(len < DBK_LOG_KEY_BYTES_MAX);
    key[0] = 'K';
    memcpy(key + 1, name, len);
    return dbk_span_of(key, 1 + len);
}

dbk_rc dbk_log_setting_get(const dbk_log *log, const char *name, dbk_bytes *value, dbk_err *err)
{
    uint8_t key[DBK_LOG_KEY_BYTES_MAX];
    return log->ops->get(log->self, &no_space, setting_key(key, name), value, err);
}

dbk_rc dbk_log_setting_put(const dbk_log *log, const char *name, dbk_span value, dbk_err *err)
{
    uint8_t key[DBK_LOG_KEY_BYTES_MAX];
    dbk_log_row row = { setting_key(key, name), value };
    return log->ops->put(log->self, &no_space, &row, err);
}

dbk_rc dbk_log_setting_del(const dbk_log *log, const char *name, dbk_err *err)
{
    uint8_t key[DBK_LOG_KEY_BYTES_MAX];
    return log->ops->del(log->self, &no_space, setting_key(key, name), err);
}

/* ---- the membership chain ---------------------------------------------------------------- */

static dbk_span entry_key(uint8_t key[9], uint64_t seq)
{
    key[0] = 'M';
    (void)dbk_wire_put_u64(key + 1, seq);
    return dbk_span_of(key, 9);
}

dbk_rc dbk_log_entry_add(const dbk_log *log, uint64_t seq, dbk_span entry, dbk_err *err)
{
    uint8_t key[9];
    dbk_log_row row = { entry_key(key, seq), entry };
    return log->ops->add(log->self, &no_space, &row, err);
}

typedef struct entry_walk {
    dbk_log_entry_fn fn;
    void *ctx;
    uint64_t next;
} entry_walk;

static dbk_rc entry_row(void *ctx, const dbk_log_row *row, bool *stop, dbk_err *err)
{
    entry_walk *walk = ctx;
    dbk_wire w = dbk_wire_from(row->key);
    (void)dbk_wire_get_u8(&w);
    uint64_t seq = dbk_wire_get_u64(&w);
    if (w.failed || w.left.len != 0 || seq != walk->next)
        return dbk_fail(err, DBK_DAMAGED, "the membership chain has a hole");
    walk->next++;
    return walk->fn(walk->ctx, seq, row->value, stop, err);
}

dbk_rc dbk_log_entries(const dbk_log *log, uint64_t from, dbk_log_entry_fn fn, void *ctx,
                       dbk_err *err)
{
    uint8_t key[9];
    entry_walk walk = { fn, ctx, from };
    dbk_log_scan scan = { dbk_span_of("M", 1), { NULL, 0 }, entry_row, &walk };
    if (from > 0)
        scan.after = entry_key(key, from - 1);
    return log->ops->scan(log->self, &no_space, &scan, err);
}

/* ---- mailboxes --------------------------------------------------------------------------- */

static dbk_span mailbox_key(uint8_t key[17], const dbk_id *invite)
{
    key[0] = 'J';
    memcpy(key + 1, invite->b, DBK_ID_BYTES);
    return dbk_span_of(key, 17);
}

static dbk_rc mailbox_parse(dbk_mailbox *out, dbk_span value, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(value);
    out->expires_ms = dbk_wire_get_u64(&w);
    out->request = w.left;
    return w.failed ? dbk_fail(err, DBK_DAMAGED, "a mailbox is cut short") : DBK_OK;
}

dbk_rc dbk_log_mailbox_get(const dbk_log *log, const dbk_id *invite, dbk_mailbox *out,
                           dbk_bytes *store, dbk_err *err)
{
    uint8_t key[17];
    *out = (dbk_mailbox){ 0, { NULL, 0 } };
    DBK_ASSERT(store->len == 0);
    dbk_rc rc = log->ops->get(log->self, &no_space, mailbox_key(key, invite), store, err);
    if (rc == DBK_OK)
        rc = mailbox_parse(out, dbk_bytes_span(store), err);
    return rc;
}

dbk_rc dbk_log_mailbox_put(const dbk_log *log, const dbk_id *invite, const dbk_mailbox *mailbox,
                           dbk_err *err)
{
    uint8_t key[17];
    uint8_t *room;
    dbk_bytes value = DBK_BYTES_INIT(MAILBOX_HEAD_BYTES + mailbox->request.len);
    dbk_rc rc = dbk_bytes_extend(&value, &room, MAILBOX_HEAD_BYTES, err);
    if (rc == DBK_OK) {
        (void)dbk_wire_put_u64(room, mailbox->expires_ms);
        rc = dbk_bytes_append(&value, mailbox->request, err);
    }
    if (rc == DBK_OK) {
        dbk_log_row row = { mailbox_key(key, invite), dbk_bytes_span(&value) };
        rc = log->ops->put(log->self, &no_space, &row, err);
    }
    dbk_bytes_wipe(&value);
    return rc;
}

dbk_rc dbk_log_mailbox_del(const dbk_log *log, const dbk_id *invite, dbk_err *err)
{
    uint8_t key[17];
    return log->ops->del(log->self, &no_space, mailbox_key(key, invite), err);
}

typedef struct mailbox_walk {
    dbk_log_mailbox_fn fn;
    void *ctx;
} mailbox_walk;

static dbk_rc mailbox_row(void *ctx, const dbk_log_row *row, bool *stop, dbk_err *err)
{
    mailbox_walk *walk = ctx;
    dbk_mailbox mailbox;
    dbk_wire w = dbk_wire_from(row->key);
    (void)dbk_wire_get_u8(&w);
    dbk_id invite = dbk_wire_get_id(&w);
    if (w.failed || w.left.len != 0)
        return dbk_fail(err, DBK_DAMAGED, "a mailbox has no proper name");
    dbk_rc rc = mailbox_parse(&mailbox, row->value, err);
    return rc == DBK_OK ? walk->fn(walk->ctx, &invite, &mailbox, stop, err) : rc;
}

dbk_rc dbk_log_mailboxes(const dbk_log *log, dbk_log_mailbox_fn fn, void *ctx, dbk_err *err)
{
    mailbox_walk walk = { fn, ctx };
    dbk_log_scan scan = { dbk_span_of("J", 1), { NULL, 0 }, mailbox_row, &walk };
    return log->ops->scan(log->self, &no_space, &scan, err);
}

/* ---- proposals --------------------------------------------------------------------------- */

static dbk_span proposal_key(uint8_t key[17], const dbk_id *device)
{
    key[0] = 'A';
    memcpy(key + 1, device->b, DBK_ID_BYTES);
    return dbk_span_of(key, 17);
}

dbk_rc dbk_log_proposal_put(const dbk_log *log, const dbk_id *device, dbk_span entry, dbk_err *err)
{
    uint8_t key[17];
    dbk_log_row row = { proposal_key(key, device), entry };
    return log->ops->put(log->self, &no_space, &row, err);
}

dbk_rc dbk_log_proposal_del(const dbk_log *log, const dbk_id *device, dbk_err *err)
{
    uint8_t key[17];
    return log->ops->del(log->self, &no_space, proposal_key(key, device), err);
}

typedef struct proposal_walk {
    dbk_log_proposal_fn fn;
    void *ctx;
} proposal_walk;

static dbk_rc proposal_row(void *ctx, const dbk_log_row *row, bool *stop, dbk_err *err)
{
    proposal_walk *walk = ctx;
    dbk_wire w = dbk_wire_from(row->key);
    (void)dbk_wire_get_u8(&w);
    dbk_id device = dbk_wire_get_id(&w);
    if (w.failed || w.left.len != 0)
        return dbk_fail(err, DBK_DAMAGED, "a proposal is of no proper device");
    return walk->fn(walk->ctx, &device, row->value, stop, err);
}

dbk_rc dbk_log_proposals(const dbk_log *log, dbk_log_proposal_fn fn, void *ctx, dbk_err *err)
{
    proposal_walk walk = { fn, ctx };
    dbk_log_scan scan = { dbk_span_of("A", 1), { NULL, 0 }, proposal_row, &walk };
    return log->ops->scan(log->self, &no_space, &scan, err);
}
