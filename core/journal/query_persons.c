/* Which records of persons are worth comparing, and keeping the keys that tell it. */
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/query_internal.h"
#include "core/store/persons.h"

#define ROWS_OF_KEY_MAX 256u /* of a key that more hold than this the first; others tell more */
#define TALLIES_MAX 4096u

/* ---- keeping keys ---------------------------------------------------------------------------- */

dbk_rc dbk_query_person_keys(dbk_book *book, dbk_namer *namer, const dbk_store_record *row,
                             dbk_err *err)
{
    dbk_state *state = NULL;
    dbk_likeness likeness;
    dbk_likeness_keys keys = { .count = 0 };
    if (!dbk_span_equal(row->form, dbk_span_str(DBK_LIKENESS_FORM)))
        return DBK_OK;
    dbk_rc rc = dbk_query_state(&state, row, err);
    if (rc == DBK_OK) {
        const dbk_view_opts view = dbk_book_view(book, state, row->form);
        rc = dbk_likeness_of(&likeness, namer, state, &view, err);
    }
    if (rc == DBK_OK) {
        dbk_likeness_keys_of(&keys, &likeness);
        rc = dbk_person_keys_clear(book->store, row->id, err);
    }
    for (size_t i = 0; rc == DBK_OK && i < keys.count; i++)
        rc = dbk_person_keys_add(book->store, row->id, keys.rows[i], err);
    dbk_state_free(state);
    return rc;
}

/* ---- asking ---------------------------------------------------------------------------------- */

typedef struct tally {
    dbk_rowid row;
    uint32_t shared;
} tally;

typedef struct tallies {
    tally rows[TALLIES_MAX];
    size_t count;
} tallies;

static void add_row(tallies *t, dbk_rowid row)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->rows[i].row == row) {
            t->rows[i].shared++;
            return;
        }
    if (t->count < TALLIES_MAX)
        t->rows[t->count++] = (tally){ row, 1 };
}

static int most_shared_first(const void *a, const void *b)
{
    const tally *x = a, *y = b;
    if (x->shared != y->shared)
        return x->shared < y->shared ? 1 : -1;
    return (x->row > y->row) - (x->row < y->row);
}

typedef struct taking {
    dbk_book *book;
    dbk_id *out;
    size_t count;
} taking;

static dbk_rc take_row(void *ctx, const dbk_store_record *row, dbk_err *err)
{
    taking *t = ctx;
    (void)err;
    if (dbk_query_is_open(t->book, row) && row->life <= DBK_LIFE_SIGNED)
        t->out[t->count++] = row->record;
    return DBK_OK;
}

dbk_rc dbk_query_alike(dbk_book *book, dbk_id *out, size_t *count, size_t max,
                       const dbk_likeness_keys *keys, dbk_err *err)
{
    dbk_rowid rows[ROWS_OF_KEY_MAX];
    taking take = { book, out, 0 };
    uint64_t left = 0;
    tallies *t = dbk_alloc(sizeof(*t));
    *count = 0;
    if (t == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory to compare persons");
    t->count = 0;
    dbk_rc rc = dbk_query_index(book, &left, UINT64_MAX, err);
    for (size_t i = 0; rc == DBK_OK && i < keys->count; i++) {
        size_t found = 0;
        rc = dbk_person_keys_find(book->store, rows, &found, ROWS_OF_KEY_MAX, keys->rows[i], err);
        for (size_t k = 0; rc == DBK_OK && k < found; k++)
            add_row(t, rows[k]);
    }
    if (t->count > 0)
        qsort(t->rows, t->count, sizeof(t->rows[0]), most_shared_first);
    for (size_t i = 0; rc == DBK_OK && i < t->count && take.count < max; i++)
        rc = dbk_records_get(book->store, t->rows[i].row, take_row, &take, err);
    *count = rc == DBK_OK ? take.count : 0;
    dbk_free(t);
    return rc;
}
