/* A stored value from its first part to its last, without recursion; and small questions to it. */
#include <string.h>

#include "core/model/value_impl.h"

typedef struct frame {
    uint64_t left;
    bool map, begun;
} frame;

typedef struct walk {
    dbk_cbor c;
    frame frames[DBK_CBOR_DEPTH_MAX];
    size_t depth;
    value_step_fn fn;
    void *ctx;
} walk;

/* The next item: passes over tags but 37, which stays on its bytes. */
static dbk_span take_scalar(dbk_cbor *c)
{
    dbk_cbor ahead = *c;
    if (dbk_cbor_peek(c) == DBK_CBOR_TAG && dbk_cbor_get_tag(&ahead) == DBK_CBOR_TAG_UUID &&
        dbk_cbor_get_bytes(&ahead).len == DBK_ID_BYTES && !ahead.failed) {
        dbk_span whole = dbk_span_of(c->left.p, c->left.len - ahead.left.len);
        *c = ahead;
        return whole;
    }
    return (dbk_span){ NULL, 0 };
}

static dbk_rc open_or_scalar(walk *w, value_step *step, dbk_err *err)
{
    step->item = take_scalar(&w->c);
    while (step->item.p == NULL && dbk_cbor_peek(&w->c) == DBK_CBOR_TAG)
        (void)dbk_cbor_get_tag(&w->c);
    dbk_cbor_type type = dbk_cbor_peek(&w->c);
    bool opens = step->item.p == NULL && (type == DBK_CBOR_ARRAY || type == DBK_CBOR_MAP);
    if (opens) {
        if (w->depth == DBK_CBOR_DEPTH_MAX)
            return dbk_fail(err, DBK_FORMAT, "a value is nested too deep");
        bool map = type == DBK_CBOR_MAP;
        uint64_t count = map ? dbk_cbor_get_map(&w->c) : dbk_cbor_get_array(&w->c);
        w->frames[w->depth++] = (frame){ count, map, false };
        step->kind = map ? STEP_OPEN_MAP : STEP_OPEN_ARRAY;
    } else {
        if (step->item.p == NULL)
            step->item = dbk_cbor_get_item(&w->c);
        step->kind = STEP_SCALAR;
    }
    dbk_rc rc = dbk_cbor_ok(&w->c, "a value", err);
    return rc == DBK_OK ? w->fn(w->ctx, step, err) : rc;
}

dbk_rc dbk_value_walk(dbk_span cbor, value_step_fn fn, void *ctx, dbk_err *err)
{
    walk w = { .c = dbk_cbor_from(cbor), .depth = 0, .fn = fn, .ctx = ctx };
    dbk_rc rc;
    do {
        value_step step = { .depth = w.depth, .first = true };
        frame *f = w.depth > 0 ? &w.frames[w.depth - 1] : NULL;
        if (f != NULL && f->left == 0) {
            step.kind = f->map ? STEP_CLOSE_MAP : STEP_CLOSE_ARRAY;
            step.depth = --w.depth;
            rc = fn(ctx, &step, err);
            continue;
        }
        if (f != NULL) {
            f->left--;
            step.first = !f->begun;
            f->begun = true;
            if (f->map && dbk_cbor_peek(&w.c) > DBK_CBOR_TEXT)
                return dbk_fail(err, DBK_FORMAT, "a key of a value is no plain item");
            if (f->map)
                step.key = dbk_cbor_get_item(&w.c);
        }
        rc = open_or_scalar(&w, &step, err);
    } while (rc == DBK_OK && w.depth > 0);
    return rc == DBK_OK ? dbk_cbor_end(&w.c, "a value", err) : rc;
}

bool dbk_value_is_blank(dbk_span cbor)
{
    return cbor.len == 0 || (cbor.len == 1 && cbor.p[0] == 0x80);
}

bool dbk_value_is_null(dbk_span cbor)
{
    return cbor.len == 1 && cbor.p[0] == (7u << 5 | DBK_CBOR_NULL);
}

dbk_span dbk_value_member(dbk_span map, const char *name)
{
    dbk_cbor c = dbk_cbor_from(map);
    uint64_t pairs = dbk_cbor_peek(&c) == DBK_CBOR_MAP ? dbk_cbor_get_map(&c) : 0;
    for (uint64_t i = 0; i < pairs && !c.failed; i++) {
        dbk_span key = dbk_cbor_get_text(&c), value = dbk_cbor_get_item(&c);
        if (!c.failed && dbk_span_equal(key, dbk_span_str(name)))
            return value;
    }
    return (dbk_span){ NULL, 0 };
}
