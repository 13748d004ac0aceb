#include "core/base/cbor.h"
#include "core/model/form.h"
#include "core/model/op_impl.h"

static bool group_is(const dbk_write *w, const char *name)
{
    return dbk_span_equal(w->group, dbk_span_str(name));
}

static dbk_rc check_name(dbk_span name, const char *what, dbk_err *err)
{
    if (name.len == 0)
        return dbk_fail(err, DBK_FORMAT, "the op's %s has no name", what);
    if (name.len > DBK_NAME_BYTES_MAX)
        return dbk_fail(err, DBK_LIMIT, "the op's %s has a name of more than %u bytes", what,
                        DBK_NAME_BYTES_MAX);
    return DBK_OK;
}

/* Unknown keys: unsigned, above the last known one. That they ascend is CBOR's rule, but a
 * caller's extra has not passed dbk_cbor_check() yet, so it is asked here. */
static dbk_rc check_extra(dbk_span extra, uint64_t key_last, dbk_err *err)
{
    dbk_cbor c = dbk_cbor_from(extra);
    uint64_t before = key_last;
    while (!c.failed && c.left.len > 0) {
        uint64_t key = dbk_cbor_get_uint(&c);
        (void)dbk_cbor_get_item(&c);
        if (!c.failed && key <= before)
            return dbk_fail(err, DBK_FORMAT, "the op's unknown keys are out of order");
        before = key;
    }
    return dbk_cbor_ok(&c, "an unknown key of the op", err);
}

static dbk_rc check_dots(const dbk_dot *dots, size_t count, size_t max, dbk_err *err)
{
    if (count > max)
        return dbk_fail(err, DBK_LIMIT, "the op names more than %zu other ops", max);
    for (size_t i = 0; i < count; i++) {
        if (dots[i].seq == 0)
            return dbk_fail(err, DBK_FORMAT, "the op names a write with number 0");
        if (i > 0 && dbk_dot_compare(&dots[i - 1], &dots[i]) >= 0)
            return dbk_fail(err, DBK_FORMAT, "the writes that the op names are out of order");
    }
    return DBK_OK;
}

/* One dot per other feed: the last that the author had seen. */
static dbk_rc check_context(const dbk_op *op, const dbk_id *own_feed, dbk_err *err)
{
    dbk_rc rc = check_dots(op->context, op->context_count, DBK_OP_CONTEXT_MAX, err);
    for (size_t i = 0; rc == DBK_OK && i < op->context_count; i++) {
        if (dbk_id_equal(&op->context[i].feed, own_feed))
            rc = dbk_fail(err, DBK_FORMAT, "the op's context names its own feed");
        else if (i > 0 && dbk_id_equal(&op->context[i - 1].feed, &op->context[i].feed))
            rc = dbk_fail(err, DBK_FORMAT, "the op's context names one feed twice");
    }
    return rc;
}

static dbk_rc check_map(dbk_span value, dbk_err *err)
{
    dbk_cbor c = dbk_cbor_from(value);
    uint64_t pairs = dbk_cbor_get_map(&c);
    for (uint64_t i = 0; i < pairs && !c.failed; i++) {
        (void)dbk_cbor_get_text(&c);
        (void)dbk_cbor_get_item(&c);
    }
    return dbk_cbor_end(&c, "the value of a register", err);
}

/* { "state": text, ? "reason": text }; a newer program may add keys. */
static dbk_rc check_lifecycle(dbk_span value, dbk_err *err)
{
    dbk_rc rc = check_map(value, err);
    if (rc != DBK_OK)
        return rc;
    dbk_cbor c = dbk_cbor_from(value);
    uint64_t pairs = dbk_cbor_get_map(&c);
    bool has_state = false;
    for (uint64_t i = 0; i < pairs; i++) {
        dbk_span key = dbk_cbor_get_text(&c);
        bool is_state = dbk_span_equal(key, dbk_span_str("state"));
        if (is_state || dbk_span_equal(key, dbk_span_str("reason"))) {
            dbk_span text = dbk_cbor_get_text(&c);
            if (is_state && text.len > DBK_NAME_BYTES_MAX)
                return dbk_fail(err, DBK_LIMIT, "a lifecycle state has a name that is too long");
            has_state = has_state || (is_state && text.len > 0);
        } else {
            (void)dbk_cbor_get_item(&c);
        }
    }
    rc = dbk_cbor_end(&c, "a lifecycle value", err);
    if (rc == DBK_OK && !has_state)
        rc = dbk_fail(err, DBK_FORMAT, "a lifecycle write names no state");
    return rc;
}

typedef enum items_order { ITEMS_ANY, ITEMS_SORTED } items_order;

static dbk_rc check_items(const dbk_write *w, items_order order, dbk_err *err)
{
    dbk_cbor c = dbk_cbor_from(w->value);
    uint64_t count = dbk_cbor_get_array(&c);
    dbk_span before = { NULL, 0 };
    if (!c.failed && count == 0)
        return dbk_fail(err, DBK_FORMAT, "a write to a set or a log brings nothing");
    if (count > DBK_WRITE_ITEMS_MAX)
        return dbk_fail(err, DBK_LIMIT, "a write brings more than %u items", DBK_WRITE_ITEMS_MAX);
    for (uint64_t i = 0; i < count && !c.failed; i++) {
        if (w->kind == DBK_WRITE_ATTACH && dbk_cbor_peek(&c) != DBK_CBOR_MAP)
            return dbk_fail(err, DBK_FORMAT, "an attachment is not a map");
        dbk_span item = dbk_cbor_get_item(&c);
        if (order == ITEMS_SORTED && i > 0 && dbk_span_compare(before, item) >= 0)
            return dbk_fail(err, DBK_FORMAT, "the elements of a set are out of order");
        before = item;
    }
    return dbk_cbor_end(&c, "a write to a set or a log", err);
}

static dbk_rc check_no_pred(const dbk_write *w, dbk_err *err)
{
    if (w->pred_count > 0)
        return dbk_fail(err, DBK_FORMAT, "a write that replaces nothing names others");
    return DBK_OK;
}

/* SET, RESOLVE, LIFECYCLE: the three kinds that write registers, and who may write which. */
static dbk_rc check_register(const dbk_write *w, dbk_err *err)
{
    bool lifecycle = group_is(w, DBK_GROUP_LIFECYCLE);
    bool review = group_is(w, DBK_GROUP_REVIEW);
    if (review && w->kind == DBK_WRITE_RESOLVE) {
        if (w->value.len > 0)
            return dbk_fail(err, DBK_FORMAT, "a review that was looked at has a value");
        return check_no_pred(w, err);
    }
    if (review || (w->kind == DBK_WRITE_SET && lifecycle) ||
        (w->kind == DBK_WRITE_LIFECYCLE && !lifecycle))
        return dbk_fail(err, DBK_FORMAT, "a write of this kind has no place in its group");
    return lifecycle ? check_lifecycle(w->value, err) : check_map(w->value, err);
}

static dbk_rc check_shape(const dbk_write *w, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    bool reserved = group_is(w, DBK_GROUP_LIFECYCLE) || group_is(w, DBK_GROUP_REVIEW);
    switch (w->kind) {
    case DBK_WRITE_SET:
    case DBK_WRITE_LIFECYCLE:
    case DBK_WRITE_RESOLVE:
        return check_register(w, err);
    case DBK_WRITE_ADD:
    case DBK_WRITE_REMOVE:
        rc = check_items(w, ITEMS_SORTED, err);
        break;
    case DBK_WRITE_APPEND:
    case DBK_WRITE_ATTACH:
        rc = check_items(w, ITEMS_ANY, err);
        reserved = reserved || (w->kind == DBK_WRITE_ATTACH) != group_is(w, DBK_GROUP_ATTACHMENTS);
        break;
    case DBK_WRITE_COUNT: {
        dbk_cbor c = dbk_cbor_from(w->value);
        (void)dbk_cbor_get_uint(&c);
        rc = dbk_cbor_end(&c, "a count", err);
        break;
    }
    default:
        return DBK_OK; /* a newer program's kind: carried as it is */
    }
    if (rc == DBK_OK && reserved)
        rc = dbk_fail(err, DBK_FORMAT, "a write of this kind has no place in its group");
    if (rc == DBK_OK && w->kind != DBK_WRITE_REMOVE)
        rc = check_no_pred(w, err);
    return rc;
}

/* Kinds that write the same part of a group share a number. */
static uint64_t part_of(uint64_t kind)
{
    if (kind == DBK_WRITE_LIFECYCLE || kind == DBK_WRITE_RESOLVE)
        return DBK_WRITE_SET;
    return kind == DBK_WRITE_ATTACH ? DBK_WRITE_APPEND : kind;
}

static dbk_rc check_write(const dbk_op *op, size_t i, dbk_err *err)
{
    const dbk_write *w = &op->writes[i];
    dbk_rc rc = check_name(w->group, "group", err);
    if (rc == DBK_OK)
        rc = check_dots(w->pred, w->pred_count, DBK_WRITE_PRED_MAX, err);
    if (rc == DBK_OK)
        rc = check_shape(w, err);
    if (rc == DBK_OK)
        rc = check_extra(w->extra, WRITE_KEY_LAST, err);
    for (size_t j = 0; rc == DBK_OK && j < i; j++) {
        const dbk_write *other = &op->writes[j];
        if (part_of(other->kind) == part_of(w->kind) && dbk_span_equal(other->group, w->group))
            rc = dbk_fail(err, DBK_FORMAT, "the op writes one group twice");
    }
    return rc;
}

dbk_rc dbk_op_rules(const dbk_op *op, const dbk_id *own_feed, dbk_err *err)
{
    if (op->form_version == 0)
        return dbk_fail(err, DBK_FORMAT, "the op's form has no version");
    if (op->writes_count == 0)
        return dbk_fail(err, DBK_FORMAT, "the op writes nothing");
    if (op->writes_count > DBK_OP_WRITES_MAX)
        return dbk_fail(err, DBK_LIMIT, "the op has more than %u writes", DBK_OP_WRITES_MAX);
    if (op->has_replaces && op->replaces.seq == 0)
        return dbk_fail(err, DBK_FORMAT, "the op replaces a write with number 0");
    dbk_rc rc = check_name(op->form, "form", err);
    for (size_t i = 0; rc == DBK_OK && i < op->writes_count; i++)
        rc = check_write(op, i, err);
    if (rc == DBK_OK)
        rc = check_context(op, own_feed, err);
    if (rc == DBK_OK)
        rc = check_extra(op->extra, OP_KEY_LAST, err);
    return rc;
}
