#include "core/practice/tally.h"

bool dbk_tally_counts(const dbk_form *form, const dbk_field *field)
{
    const dbk_group *groups;
    size_t count = dbk_form_groups(form, &groups);
    DBK_ASSERT(field->group < count);
    return groups[field->group].rule == DBK_RULE_COUNT;
}

dbk_rc dbk_tally_read(dbk_reading *r, uint64_t *out, const char *counter, dbk_err *err)
{
    dbk_span value, entry;
    uint64_t counted = 0, mistaken = 0;
    dbk_rc rc = dbk_reading_value(r, &value, counter, err);
    dbk_cbor c = dbk_cbor_from(value);
    if (rc == DBK_OK && dbk_cbor_peek(&c) == DBK_CBOR_UINT)
        counted = dbk_cbor_get_uint(&c);
    if (rc == DBK_OK)
        rc = dbk_reading_value(r, &value, DBK_TALLY_CORRECTIONS, err);
    dbk_elements e = dbk_elements_of(value);
    while (rc == DBK_OK && dbk_elements_next(&e, &entry))
        mistaken += dbk_span_equal(dbk_cbor_text_of(dbk_view_member(entry, "counter")),
                                   dbk_span_str(counter));
    *out = counted > mistaken ? counted - mistaken : 0;
    return rc;
}
