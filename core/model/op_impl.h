/* core/model/op_impl.h - what op.c and its parts share. Not for others. */
#ifndef DBK_MODEL_OP_IMPL_H
#define DBK_MODEL_OP_IMPL_H

#include "core/model/op.h"

/* Map keys of an op and of a write: docs/FORMAT.md. Keys above the last are unknown ones. */
enum {
    OP_RECORD = 1,
    OP_FORM,
    OP_FORM_VERSION,
    OP_TIME,
    OP_WRITES,
    OP_CONTEXT,
    OP_REPLACES,
    OP_REASON,
    OP_KEY_LAST = OP_REASON
};
enum { WRITE_KIND = 1, WRITE_GROUP, WRITE_VALUE, WRITE_PRED, WRITE_KEY_LAST = WRITE_PRED };

/* All that the grammar of op.h doesn't say by itself: caps, the shape of each kind's value, the
 * order of dots, one write per group and kind. Values and extras are well-formed CBOR already.
 * The decoder refuses by it; the encoder asserts it. */
DBK_MUST_CHECK dbk_rc dbk_op_rules(const dbk_op *op, const dbk_id *own_feed, dbk_err *err);

#endif
