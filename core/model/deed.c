#include "core/model/deed.h"

#include "core/base/cbor.h"
#include "core/model/view.h"

static dbk_span text_of(dbk_span map, const char *key)
{
    return dbk_cbor_text_of(dbk_view_member(map, key));
}

static bool ends(const dbk_write *w)
{
    dbk_span state = text_of(w->value, "state");
    return w->kind == DBK_WRITE_LIFECYCLE &&
           (dbk_span_equal(state, dbk_span_str(dbk_life_name(DBK_LIFE_WITHDRAWN))) ||
            dbk_span_equal(state, dbk_span_str(dbk_life_name(DBK_LIFE_DISPOSED))));
}

/* An entry of linked_persons that says that two are one. */
static bool combines(const dbk_write *w)
{
    dbk_cbor c = dbk_cbor_from(w->value);
    if (w->kind != DBK_WRITE_APPEND || !dbk_span_equal(w->group, dbk_span_str("linked_persons")))
        return false;
    for (uint64_t left = dbk_cbor_get_array(&c); left > 0 && !c.failed; left--) {
        dbk_span entry = dbk_cbor_get_item(&c);
        if (!c.failed && dbk_span_equal(text_of(entry, "link"), dbk_span_str("confirmed")))
            return true;
    }
    return false;
}

bool dbk_op_ends(const dbk_op *op)
{
    for (size_t i = 0; i < op->writes_count; i++)
        if (ends(&op->writes[i]))
            return true;
    return false;
}

bool dbk_op_combines(const dbk_op *op)
{
    for (size_t i = 0; i < op->writes_count; i++)
        if (combines(&op->writes[i]))
            return true;
    return false;
}
