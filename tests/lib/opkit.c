#include "tests/lib/test.h"

#include "tests/lib/opkit.h"

#include <string.h>

#include "tests/lib/diag.h"

dbk_id kit_id(char letter)
{
    dbk_id id = { { 0 } };
    id.b[0] = (uint8_t)letter;
    return id;
}

dbk_dot kit_dot(char feed, uint64_t seq)
{
    return (dbk_dot){ kit_id(feed), seq };
}

void kit_begin(kit_op *k, dbk_hlc time)
{
    memset(k, 0, sizeof(*k));
    k->op = (dbk_op){ .record = kit_id('R'),
                      .form = dbk_span_str("note"),
                      .form_version = 1,
                      .time = time,
                      .writes = k->writes,
                      .context = k->context };
}

static dbk_write *next_write(kit_op *k, dbk_write_kind kind, const char *group)
{
    DBK_ASSERT(k->op.writes_count < KIT_WRITES_MAX);
    dbk_write *w = &k->writes[k->op.writes_count];
    *w = (dbk_write){ .kind = kind,
                      .group = dbk_span_str(group),
                      .pred = k->preds[k->op.writes_count] };
    k->op.writes_count++;
    return w;
}

/* Moves what was built into the op's own memory. */
static void set_value(kit_op *k, dbk_write *w, dbk_cbor_out *o)
{
    uint8_t *room = k->values[w - k->writes];
    DBK_ASSERT(o->rc == DBK_OK);
    DBK_ASSERT(o->out->len <= KIT_VALUE_MAX);
    memcpy(room, o->out->p, o->out->len);
    w->value = dbk_span_of(room, o->out->len);
    dbk_bytes_wipe(o->out);
}

void kit_write(kit_op *k, dbk_write_kind kind, const char *group, int64_t n)
{
    dbk_write *w = next_write(k, kind, group);
    dbk_bytes buf = DBK_BYTES_INIT(KIT_VALUE_MAX);
    dbk_cbor_out o = dbk_cbor_to(&buf, NULL);
    if (kind == DBK_WRITE_RESOLVE && strcmp(group, DBK_GROUP_REVIEW) == 0)
        return;
    if (kind == DBK_WRITE_SET || kind == DBK_WRITE_RESOLVE) {
        dbk_cbor_put_map(&o, 1);
        dbk_cbor_put_str(&o, "v");
    } else if (kind != DBK_WRITE_COUNT) {
        dbk_cbor_put_array(&o, 1);
    }
    dbk_cbor_put_int(&o, n);
    set_value(k, w, &o);
}

void kit_items(kit_op *k, dbk_write_kind kind, const char *group, int64_t n, size_t count)
{
    dbk_write *w = next_write(k, kind, group);
    dbk_bytes buf = DBK_BYTES_INIT(KIT_VALUE_MAX);
    dbk_cbor_out o = dbk_cbor_to(&buf, NULL);
    dbk_cbor_put_array(&o, count);
    for (size_t i = 0; i < count; i++)
        dbk_cbor_put_int(&o, n + (int64_t)i);
    set_value(k, w, &o);
}

void kit_text(kit_op *k, dbk_write_kind kind, const char *group, const char *value)
{
    dbk_write *w = next_write(k, kind, group);
    dbk_bytes buf = DBK_BYTES_INIT(KIT_VALUE_MAX);
    dbk_cbor_out o = dbk_cbor_to(&buf, NULL);
    kit_cbor(&buf, value);
    set_value(k, w, &o);
}

void kit_life(kit_op *k, dbk_write_kind kind, const char *state)
{
    dbk_write *w = next_write(k, kind, DBK_GROUP_LIFECYCLE);
    dbk_bytes buf = DBK_BYTES_INIT(KIT_VALUE_MAX);
    dbk_cbor_out o = dbk_cbor_to(&buf, NULL);
    dbk_cbor_put_map(&o, 1);
    dbk_cbor_put_str(&o, "state");
    dbk_cbor_put_str(&o, state);
    set_value(k, w, &o);
}

void kit_pred(kit_op *k, dbk_dot dot)
{
    DBK_ASSERT(k->op.writes_count > 0);
    dbk_write *w = &k->writes[k->op.writes_count - 1];
    dbk_dot *preds = k->preds[k->op.writes_count - 1];
    size_t at = 0;
    while (at < w->pred_count && dbk_dot_compare(&preds[at], &dot) < 0)
        at++;
    if (at < w->pred_count && dbk_dot_compare(&preds[at], &dot) == 0)
        return;
    DBK_ASSERT(w->pred_count < KIT_PREDS_MAX);
    memmove(preds + at + 1, preds + at, (w->pred_count - at) * sizeof(*preds));
    preds[at] = dot;
    w->pred_count++;
}

void kit_seen(kit_op *k, dbk_dot dot)
{
    dbk_dot *seen = k->context;
    size_t at = 0, count = k->op.context_count;
    while (at < count && dbk_id_compare(&seen[at].feed, &dot.feed) < 0)
        at++;
    if (at < count && dbk_id_equal(&seen[at].feed, &dot.feed)) {
        if (dot.seq > seen[at].seq)
            seen[at].seq = dot.seq;
        return;
    }
    DBK_ASSERT(count < KIT_CONTEXT_MAX);
    memmove(seen + at + 1, seen + at, (count - at) * sizeof(*seen));
    seen[at] = dot;
    k->op.context_count++;
}

void kit_seen_all(kit_op *k, const dbk_state *s, const dbk_id *own_feed)
{
    k->op.context_count = dbk_state_context(s, own_feed, k->context, KIT_CONTEXT_MAX);
}

dbk_rc kit_apply(dbk_state *s, const kit_op *k, dbk_dot dot, char role, dbk_err *err)
{
    dbk_bytes buf = DBK_BYTES_INIT(DBK_OP_PLAIN_BYTES_MAX);
    dbk_op_decoded decoded = { .arrays = NULL };
    const dbk_origin origin = { dot, role == 'h' };
    DBK_ASSERT(role == 'h' || role == 'o');
    dbk_rc rc = dbk_op_encode(&buf, &k->op, &dot.feed, err);
    if (rc == DBK_OK)
        rc = dbk_op_decode(&decoded, dbk_bytes_span(&buf), &dot.feed, err);
    if (rc == DBK_OK)
        rc = dbk_state_apply(s, &decoded.op, &origin, err);
    /* The state must have its own copy of all that it keeps. */
    dbk_op_decoded_wipe(&decoded);
    dbk_bytes_wipe(&buf);
    if (rc == DBK_OK)
        dbk_state_check_deep(s);
    return rc;
}

dbk_state *kit_state(void)
{
    dbk_err err = { 0 };
    dbk_id record = kit_id('R');
    dbk_state *s;
    assert_ok(dbk_state_new(&s, &record, &err), &err);
    return s;
}

void kit_do(dbk_state *s, const kit_op *k, dbk_dot dot, char role)
{
    dbk_err err = { 0 };
    assert_ok(kit_apply(s, k, dot, role, &err), &err);
}

void kit_blind(dbk_state *s, dbk_dot dot, const char *group, int64_t n)
{
    kit_op k;
    kit_begin(&k, 1);
    kit_write(&k, DBK_WRITE_SET, group, n);
    kit_do(s, &k, dot, 'o');
}

void kit_decide(kit_op *k, int64_t n)
{
    kit_begin(k, 5);
    kit_write(k, DBK_WRITE_RESOLVE, "name", n);
    kit_pred(k, kit_dot('a', 1));
    kit_pred(k, kit_dot('b', 1));
    kit_seen(k, kit_dot('a', 1));
    kit_seen(k, kit_dot('b', 1));
}

int64_t kit_number(dbk_span value)
{
    dbk_cbor c = dbk_cbor_from(value);
    if (dbk_cbor_peek(&c) == DBK_CBOR_MAP) {
        (void)dbk_cbor_get_map(&c);
        (void)dbk_cbor_get_text(&c);
    }
    int64_t n = dbk_cbor_get_int(&c);
    return c.failed ? -1 : n;
}

void kit_random_seed(kit_random *r, uint64_t seed)
{
    r->at = seed;
}

/* SplitMix64 (Steele, Lea and Flood 2014): a counter, mixed. */
uint64_t kit_random_below(kit_random *r, uint64_t n)
{
    DBK_ASSERT(n > 0);
    r->at += 0x9e3779b97f4a7c15u;
    uint64_t z = r->at;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (z ^ z >> 31) % n;
}
