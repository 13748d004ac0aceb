#include "tests/lib/test.h"

#include <stdio.h>

#include "tests/lib/querykit.h"

dbk_rc rows_take(void *ctx, const dbk_row *row, dbk_err *err)
{
    rows *r = ctx;
    (void)err;
    assert_true(r->count < ROWS_MAX);
    r->record[r->count] = row->record;
    (void)snprintf(r->summary[r->count], sizeof(r->summary[0]), "%s", row->summary);
    (void)snprintf(r->form[r->count], sizeof(r->form[0]), "%s", row->form);
    (void)snprintf(r->snippet[r->count], sizeof(r->snippet[0]), "%s",
                   row->snippet == NULL ? "" : row->snippet);
    r->row[r->count++] = *row;
    return DBK_OK;
}

dbk_id world_add(world *w, size_t who, const char *form, const char *const *fields)
{
    return dbk_test_add(world_book(w, who), &w->org.space, form, fields);
}
