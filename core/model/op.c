#include "core/model/op_impl.h"

#include "core/base/cbor.h"

/* op    key  value                     present
 *        1   record, 16 bytes          always
 *        2   form, text                always
 *        3   form version, uint        always
 *        4   claimed time, uint        always
 *        5   writes, array of maps     always, at least one
 *        6   context, array of dots    when not empty
 *        7   replaces, dot             when it replaces
 *        8   reason, text              when not empty
 *        9.. unknown                   as they came
 * write  1   kind, uint                always
 *        2   group, text               always
 *        3   value                     when there is one
 *        4   pred, array of dots       when not empty
 *        5.. unknown                   as they came
 * What is empty is absent, so that there is one encoding only. */

static void put_dot(dbk_cbor_out *o, const dbk_dot *dot, const dbk_id *own_feed)
{
    if (!dbk_id_equal(&dot->feed, own_feed)) {
        dbk_cbor_put_array(o, 2);
        dbk_cbor_put_bytes(o, dot->feed.b, DBK_ID_BYTES);
    }
    dbk_cbor_put_uint(o, dot->seq);
}

static void put_dots(dbk_cbor_out *o, uint64_t key, const dbk_dot *dots, size_t count,
                     const dbk_id *own_feed)
{
    if (count == 0)
        return;
    dbk_cbor_put_uint(o, key);
    dbk_cbor_put_array(o, count);
    for (size_t i = 0; i < count; i++)
        put_dot(o, &dots[i], own_feed);
}

static uint64_t pairs_of(dbk_span extra)
{
    dbk_cbor c = dbk_cbor_from(extra);
    uint64_t items = 0;
    for (; c.left.len > 0; items++) {
        (void)dbk_cbor_get_item(&c);
        DBK_ASSERT(!c.failed);
    }
    DBK_ASSERT(items % 2 == 0);
    return items / 2;
}

static void put_write(dbk_cbor_out *o, const dbk_write *w, const dbk_id *own_feed)
{
    dbk_cbor_put_map(o, 2u + (w->value.len > 0) + (w->pred_count > 0) + pairs_of(w->extra));
    dbk_cbor_put_uint(o, WRITE_KIND);
    dbk_cbor_put_uint(o, w->kind);
    dbk_cbor_put_uint(o, WRITE_GROUP);
    dbk_cbor_put_text(o, w->group);
    if (w->value.len > 0) {
        dbk_cbor_put_uint(o, WRITE_VALUE);
        dbk_cbor_put_item(o, w->value);
    }
    put_dots(o, WRITE_PRED, w->pred, w->pred_count, own_feed);
    dbk_cbor_put_item(o, w->extra);
}

static void put_op(dbk_cbor_out *o, const dbk_op *op, const dbk_id *own_feed)
{
    dbk_cbor_put_map(o, 5u + (op->context_count > 0) + op->has_replaces + (op->reason.len > 0) +
                            pairs_of(op->extra));
    dbk_cbor_put_uint(o, OP_RECORD);
    dbk_cbor_put_bytes(o, op->record.b, DBK_ID_BYTES);
    dbk_cbor_put_uint(o, OP_FORM);
    dbk_cbor_put_text(o, op->form);
    dbk_cbor_put_uint(o, OP_FORM_VERSION);
    dbk_cbor_put_uint(o, op->form_version);
    dbk_cbor_put_uint(o, OP_TIME);
    dbk_cbor_put_uint(o, op->time);
    dbk_cbor_put_uint(o, OP_WRITES);
    dbk_cbor_put_array(o, op->writes_count);
    for (size_t i = 0; i < op->writes_count; i++)
        put_write(o, &op->writes[i], own_feed);
    put_dots(o, OP_CONTEXT, op->context, op->context_count, own_feed);
    if (op->has_replaces) {
        dbk_cbor_put_uint(o, OP_REPLACES);
        put_dot(o, &op->replaces, own_feed);
    }
    if (op->reason.len > 0) {
        dbk_cbor_put_uint(o, OP_REASON);
        dbk_cbor_put_text(o, op->reason);
    }
    dbk_cbor_put_item(o, op->extra);
}

dbk_rc dbk_op_encode(dbk_bytes *out, const dbk_op *op, const dbk_id *own_feed, dbk_err *err)
{
    size_t start = out->len;
    dbk_rc rules = dbk_op_rules(op, own_feed, err);
    DBK_ASSERT(rules == DBK_OK);
    dbk_cbor_out o = dbk_cbor_to(out, err);
    put_op(&o, op, own_feed);
    dbk_rc rc = o.rc;
    if (rc == DBK_OK && out->len - start > DBK_OP_PLAIN_BYTES_MAX)
        rc = dbk_fail(err, DBK_LIMIT, "the op is larger than %u bytes", DBK_OP_PLAIN_BYTES_MAX);
    /* An op that nobody can decode would be a lost note: better not to save than to seal it. */
    if (rc == DBK_OK)
        rc = dbk_cbor_check(dbk_span_of(out->p + start, out->len - start), err);
    if (rc != DBK_OK)
        dbk_bytes_truncate(out, start);
    return rc;
}
