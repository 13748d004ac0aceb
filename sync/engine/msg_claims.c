/* What a relay that was put back from a backup claims of its logs. */
#include <string.h>

#include "core/base/wire.h"
#include "sync/engine/msg.h"

static const uint8_t head_bytes[8] = { 'D', 'B', 'K', 'C', DBK_PROTOCOL_VERSION, 0, 0, 0 };

static dbk_id id_at(dbk_span in, size_t i, size_t item_bytes)
{
    dbk_id id;
    DBK_ASSERT((i + 1) * item_bytes <= in.len);
    memcpy(id.b, in.p + i * item_bytes, sizeof(id.b));
    return id;
}

/* One id opens one item, so that equal claims are equal bytes. */
static bool ascends(dbk_span in, size_t count, size_t item_bytes)
{
    for (size_t i = 1; i < count; i++) {
        dbk_id before = id_at(in, i - 1, item_bytes), here = id_at(in, i, item_bytes);
        if (dbk_id_compare(&before, &here) >= 0)
            return false;
    }
    return true;
}

dbk_rc dbk_claims_log_add(dbk_bytes *logs, const dbk_log_move *log, dbk_err *err)
{
    uint8_t *p;
    dbk_rc rc = dbk_bytes_extend(logs, &p, DBK_CLAIM_BYTES, err);
    if (rc != DBK_OK)
        return rc;
    p = dbk_wire_put_copy(p, log->space.b, sizeof(log->space.b));
    p = dbk_wire_put_copy(p, log->new_log.b, sizeof(log->new_log.b));
    p = dbk_wire_put_copy(p, log->old_log.b, sizeof(log->old_log.b));
    p = dbk_wire_put_u64(p, log->old_size);
    (void)dbk_wire_put_copy(p, log->old_root.b, sizeof(log->old_root.b));
    return DBK_OK;
}

dbk_rc dbk_claims_encode(dbk_bytes *out, const dbk_claims *c, dbk_err *err)
{
    uint8_t *p;
    DBK_ASSERT(c->why.len <= DBK_CLAIMS_WHY_BYTES_MAX);
    DBK_ASSERT(c->heard.len == c->heard_count * DBK_ID_BYTES);
    DBK_ASSERT(c->logs.len == c->logs_count * DBK_CLAIM_BYTES);
    DBK_ASSERT(ascends(c->heard, c->heard_count, DBK_ID_BYTES));
    DBK_ASSERT(ascends(c->logs, c->logs_count, DBK_CLAIM_BYTES));
    dbk_rc rc = dbk_bytes_extend(
        out, &p, sizeof(head_bytes) + 2 + c->why.len + 4 + c->heard.len + 4 + c->logs.len, err);
    if (rc != DBK_OK)
        return rc;
    p = dbk_wire_put_copy(p, head_bytes, sizeof(head_bytes));
    p = dbk_wire_put_u16(p, (uint16_t)c->why.len);
    p = dbk_wire_put_copy(p, c->why.p, c->why.len);
    p = dbk_wire_put_u32(p, (uint32_t)c->heard_count);
    p = dbk_wire_put_copy(p, c->heard.p, c->heard.len);
    p = dbk_wire_put_u32(p, (uint32_t)c->logs_count);
    (void)dbk_wire_put_copy(p, c->logs.p, c->logs.len);
    return DBK_OK;
}

static dbk_span get_items(dbk_wire *w, size_t *count, size_t item_bytes)
{
    *count = dbk_wire_get_u32(w);
    if (*count > w->left.len / item_bytes)
        w->failed = true;
    return w->failed ? (dbk_span){ NULL, 0 } : dbk_wire_get_span(w, *count * item_bytes);
}

dbk_rc dbk_claims_decode(dbk_claims *out, dbk_span in, dbk_err *err)
{
    dbk_claims c = { 0 };
    dbk_wire w = dbk_wire_from(in);
    memset(out, 0, sizeof(*out));
    dbk_span head = dbk_wire_get_span(&w, sizeof(head_bytes));
    if (w.failed || memcmp(head.p, head_bytes, 4) != 0)
        return dbk_fail(err, DBK_FORMAT, "claims: not what was asked for");
    if (head.p[4] > DBK_PROTOCOL_VERSION)
        return dbk_fail(err, DBK_VERSION, "claims: of a newer protocol");
    c.why = dbk_wire_get_span(&w, dbk_wire_get_u16(&w));
    c.heard = get_items(&w, &c.heard_count, DBK_ID_BYTES);
    c.logs = get_items(&w, &c.logs_count, DBK_CLAIM_BYTES);
    if (w.failed || w.left.len != 0 || memcmp(head.p, head_bytes, sizeof(head_bytes)) != 0 ||
        c.why.len > DBK_CLAIMS_WHY_BYTES_MAX || !ascends(c.heard, c.heard_count, DBK_ID_BYTES) ||
        !ascends(c.logs, c.logs_count, DBK_CLAIM_BYTES))
        return dbk_fail(err, DBK_FORMAT, "claims: malformed");
    *out = c;
    return DBK_OK;
}

bool dbk_claims_heard(const dbk_claims *c, const dbk_id *device)
{
    for (size_t i = 0; i < c->heard_count; i++) {
        dbk_id heard = id_at(c->heard, i, DBK_ID_BYTES);
        if (dbk_id_equal(&heard, device))
            return true;
    }
    return false;
}

dbk_log_move dbk_claims_log(const dbk_claims *c, size_t i)
{
    dbk_log_move log;
    DBK_ASSERT(i < c->logs_count);
    dbk_wire w = dbk_wire_from(dbk_span_of(c->logs.p + i * DBK_CLAIM_BYTES, DBK_CLAIM_BYTES));
    log.space = dbk_wire_get_id(&w);
    log.new_log = dbk_wire_get_id(&w);
    log.old_log = dbk_wire_get_id(&w);
    log.old_size = dbk_wire_get_u64(&w);
    dbk_wire_get_copy(&w, log.old_root.b, sizeof(log.old_root.b));
    DBK_ASSERT(!w.failed);
    return log;
}
