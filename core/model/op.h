/* core/model/op.h - one change to one record, and its deterministic CBOR (docs/FORMAT.md).
 *
 *   op      = { 1: record (bytes 16), 2: form (text), 3: form version (uint), 4: hlc (uint),
 *               5: [ + write ], ? 6: context [ * dot ], ? 7: replaces dot, ? 8: reason (text),
 *               * uint => any }                       ; unknown keys are kept, never refused
 *   write   = { 1: kind (uint), 2: group (text), ? 3: value (any), ? 4: pred [ + dot ],
 *               * uint => any }
 *   dot     = seq (uint)                              ; in the op's own feed
 *           / [ feed (bytes 16), seq (uint) ]
 *
 * pred names the writes of this group that the write overwrites. context names, per other
 * feed, the last op on this record that the author had seen: it is what tells that two edits
 * of different groups were concurrent (needs_review), which no pred can.
 * An op carries at most one write per (group, kind), where SET, LIFECYCLE and RESOLVE count as
 * one kind and APPEND and ATTACH as one: so a dot names at most one value of a group. */
#ifndef DBK_MODEL_OP_H
#define DBK_MODEL_OP_H

#include "core/base/bytes.h"
#include "core/base/env.h"
#include "core/base/id.h"

#define DBK_OP_PLAIN_BYTES_MAX (60u * 1024u) /* with frame and seal fits a 64 KiB segment */
#define DBK_OP_WRITES_MAX 128u
#define DBK_WRITE_PRED_MAX 256u
#define DBK_OP_CONTEXT_MAX 256u
#define DBK_WRITE_ITEMS_MAX 1024u /* elements or entries of one ADD, REMOVE, APPEND or ATTACH */

typedef enum dbk_write_kind {
    DBK_WRITE_SET = 1,       /* a register group; value is a map of field -> value */
    DBK_WRITE_ADD = 2,       /* value: array of elements, sorted, unique */
    DBK_WRITE_REMOVE = 3,    /* value: array of elements; pred: the dots that brought them */
    DBK_WRITE_APPEND = 4,    /* value: array of entries */
    DBK_WRITE_COUNT = 5,     /* value: uint to add */
    DBK_WRITE_LIFECYCLE = 6, /* group "lifecycle"; value { "state": text, ? "reason": text } */
    DBK_WRITE_ATTACH = 7,    /* group "attachments"; value: array of attachment maps; a log */
    DBK_WRITE_RESOLVE = 8    /* a SET that may name every sibling; role hq only */
} dbk_write_kind;

#define DBK_GROUP_LIFECYCLE "lifecycle"
#define DBK_GROUP_ADDENDA "addenda" /* log of every signable form */
#define DBK_GROUP_ATTACHMENTS "attachments"
/* A RESOLVE without a value on this group says only "a person has looked": with its context it
 * clears review pairs and writes no value. */
#define DBK_GROUP_REVIEW "review"

typedef struct dbk_write {
    uint64_t kind; /* dbk_write_kind; other numbers are carried and shown as unknown */
    dbk_span group;
    dbk_span value; /* one CBOR item, or empty */
    const dbk_dot *pred;
    size_t pred_count;
    dbk_span extra; /* unknown keys: concatenated key, value items in order; or empty */
} dbk_write;

typedef struct dbk_op {
    dbk_id record;
    dbk_span form;
    uint32_t form_version;
    dbk_hlc time;
    const dbk_write *writes;
    size_t writes_count;
    const dbk_dot *context;
    size_t context_count;
    bool has_replaces;
    dbk_dot replaces;
    dbk_span reason; /* or empty */
    dbk_span extra;
} dbk_op;

/* Appends the op. own_feed shortens dots of that feed. The op is asserted to be within caps and
 * rules by the caller's construction; DBK_LIMIT if the encoding exceeds DBK_OP_PLAIN_BYTES_MAX,
 * DBK_FORMAT if a value is not deterministic CBOR; then *out is unchanged. */
DBK_MUST_CHECK dbk_rc dbk_op_encode(dbk_bytes *out, const dbk_op *op, const dbk_id *own_feed,
                                    dbk_err *err);

/* A decoded op borrows its spans from the input, and owns its arrays. */
typedef struct dbk_op_decoded {
    dbk_op op;
    void *arrays;
} dbk_op_decoded;
/* Strict: deterministic CBOR, re-encoding gives the same bytes, within every cap; else
 * DBK_FORMAT or DBK_LIMIT and *out is zeroed. */
DBK_MUST_CHECK dbk_rc dbk_op_decode(dbk_op_decoded *out, dbk_span in, const dbk_id *own_feed,
                                    dbk_err *err);
void dbk_op_decoded_wipe(dbk_op_decoded *d); /* { 0 } is allowed */

#endif
