/* What decodes must encode to the same bytes, and must merge into a sound state, twice over. */
#include "core/model/op.h"
#include "core/model/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    DBK_ASSERT(holds);
}

/* Applies the op as this author's; a state over a cap is a fair answer to a flood. */
static dbk_rc apply(dbk_state *s, dbk_span in, const dbk_origin *origin)
{
    dbk_op_decoded d;
    if (dbk_op_decode(&d, in, &origin->dot.feed, NULL) != DBK_OK)
        return DBK_OK; /* under another author a name may be in the wrong form */
    dbk_rc rc = dbk_state_apply(s, &d.op, origin, NULL);
    must(rc == DBK_OK || rc == DBK_LIMIT);
    dbk_op_decoded_wipe(&d);
    if (rc == DBK_OK)
        dbk_state_check_deep(s);
    return rc;
}

static void merge(dbk_span in, const dbk_id *record, const dbk_id *own)
{
    dbk_state *s = NULL, *back = NULL;
    dbk_bytes one = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX), two = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    const dbk_origin hq = { { *own, 7 }, true };
    const dbk_origin officer = { { { { 'a' } }, 5 }, false };
    must(dbk_state_new(&s, record, NULL) == DBK_OK);
    dbk_rc rc = apply(s, in, &hq);
    if (rc == DBK_OK)
        rc = apply(s, in, &officer);
    if (rc == DBK_OK) {
        must(dbk_state_encode(&one, s, NULL) == DBK_OK);
        must(dbk_state_decode(&back, record, dbk_bytes_span(&one), NULL) == DBK_OK);
        must(dbk_state_encode(&two, back, NULL) == DBK_OK);
        must(dbk_span_equal(dbk_bytes_span(&one), dbk_bytes_span(&two)));
    }
    dbk_bytes_wipe(&one);
    dbk_bytes_wipe(&two);
    dbk_state_free(s);
    dbk_state_free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const dbk_id own = { { 'b' } };
    dbk_span in = dbk_span_of(data, size);
    dbk_bytes again = DBK_BYTES_INIT(DBK_OP_PLAIN_BYTES_MAX);
    dbk_op_decoded d;
    if (dbk_op_decode(&d, in, &own, NULL) != DBK_OK)
        return 0;
    must(dbk_op_encode(&again, &d.op, &own, NULL) == DBK_OK);
    must(dbk_span_equal(dbk_bytes_span(&again), in));
    merge(in, &d.op.record, &own);
    dbk_bytes_wipe(&again);
    dbk_op_decoded_wipe(&d);
    return 0;
}
