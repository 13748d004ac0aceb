/* Which records of persons are worth comparing, and keeping the keys that tell it. */
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/query_internal.h"
#include "core/store/persons.h"

#define ROWS_OF_KEY_MAX 256u /* of a key that more hold than this the first; others tell more */
#define TALLIES_MAX 4096u

/* ---- what two records share ------------------------------------------------------------------ */

/* Of keys by their first letter: a name with a year of birth, a day of birth, two names, a
 * postcode, and what belongs to few: a phone, an email address. */
enum { SHARE_DAY = 1u, SHARE_NAMES = 2u, SHARE_POSTCODE = 4u, SHARE_CONTACT = 8u };

typedef struct tally {
    dbk_rowid row;
    uint32_t shared;
    uint32_t years;  /* names with a year of birth */
    unsigned shares; /* of the other kinds */
} tally;

typedef struct tallies {
    tally rows[TALLIES_MAX];
    size_t count;
} tallies;

static unsigned share_of(char kind)
{
    switch (kind) {
    case 'd':
        return SHARE_DAY;
    case 'n':
        return SHARE_NAMES;
    case 'a':
        return SHARE_POSTCODE;
    case 'p':
    case 'e':
        return SHARE_CONTACT;
    default:
        return 0;
    }
}

static void add_row(tallies *t, dbk_rowid row, char kind)
{
    size_t i = 0;
    while (i < t->count && t->rows[i].row != row)
        i++;
    if (i == TALLIES_MAX)
        return;
    if (i == t->count)
        t->rows[t->count++] = (tally){ .row = row };
    t->rows[i].shared++;
    t->rows[i].years += kind == 'y';
    t->rows[i].shares |= share_of(kind);
}

static dbk_rc tally_keys(tallies *t, dbk_store *store, const dbk_likeness_keys *keys, dbk_err *err)
{
    dbk_rowid rows[ROWS_OF_KEY_MAX];
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < keys->count; i++) {
        size_t found = 0;
        rc = dbk_person_keys_find(store, rows, &found, ROWS_OF_KEY_MAX, keys->rows[i], err);
        for (size_t k = 0; rc == DBK_OK && k < found; k++)
            add_row(t, rows[k], keys->rows[i][0]);
    }
    return rc;
}

static tallies *new_tallies(dbk_err *err)
{
    tallies *t = dbk_alloc(sizeof(*t));
    if (t == NULL)
        (void)dbk_fail(err, DBK_NOMEM, "no memory to compare persons");
    else
        t->count = 0;
    return t;
}

/* May the two come to DBK_MATCH_SUGGEST points (core/practice/match.c)? A name and the day of birth
 * do, or two names and the year, or what belongs to few with whatever else; two names and a
 * postcode just so. All else that two records share, a day and a postcode, a name and a postcode,
 * stays below. unit/match holds this against all pairs. */
static bool is_worth_comparing(const tally *t)
{
    return (t->shares & SHARE_CONTACT) != 0 || t->years > 1 ||
           (t->years > 0 && (t->shares & SHARE_DAY) != 0) ||
           ((t->shares & SHARE_NAMES) != 0 && (t->shares & SHARE_POSTCODE) != 0);
}

/* ---- keeping keys and pairs ------------------------------------------------------------------ */

static dbk_rc keep_pairs(dbk_book *book, const dbk_store_record *row, const dbk_likeness_keys *keys,
                         dbk_err *err)
{
    tallies *t = new_tallies(err);
    if (t == NULL)
        return DBK_NOMEM;
    dbk_rc rc = dbk_alike_clear(book->store, row->id, err);
    if (rc == DBK_OK)
        rc = tally_keys(t, book->store, keys, err);
    for (size_t i = 0; rc == DBK_OK && i < t->count; i++)
        if (t->rows[i].row != row->id && is_worth_comparing(&t->rows[i]))
            rc = dbk_alike_add(book->store, row->id, t->rows[i].row, err);
    dbk_free(t);
    return rc;
}

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
    if (rc == DBK_OK)
        rc = keep_pairs(book, row, &keys, err);
    dbk_state_free(state);
    return rc;
}

/* ---- asking ---------------------------------------------------------------------------------- */

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
    taking take = { book, out, 0 };
    tallies *t = new_tallies(err);
    *count = 0;
    if (t == NULL)
        return DBK_NOMEM;
    dbk_rc rc = dbk_query_keep_up(book, err);
    if (rc == DBK_OK)
        rc = tally_keys(t, book->store, keys, err);
    if (t->count > 0)
        qsort(t->rows, t->count, sizeof(t->rows[0]), most_shared_first);
    for (size_t i = 0; rc == DBK_OK && i < t->count && take.count < max; i++)
        rc = dbk_records_get(book->store, t->rows[i].row, take_row, &take, err);
    *count = rc == DBK_OK ? take.count : 0;
    dbk_free(t);
    return rc;
}

/* ---- pairs ----------------------------------------------------------------------------------- */

typedef struct pairing {
    dbk_book *book;
    dbk_pair_fn fn;
    void *ctx;
} pairing;

static dbk_rc take_pair(void *ctx, const dbk_alike_pair *pair, dbk_err *err)
{
    const pairing *p = ctx;
    dbk_id ids[2];
    taking take = { p->book, ids, 0 };
    dbk_rc rc = dbk_records_get(p->book->store, pair->later, take_row, &take, err);
    if (rc == DBK_OK && take.count == 1)
        rc = dbk_records_get(p->book->store, pair->earlier, take_row, &take, err);
    return rc == DBK_OK && take.count == 2 ? p->fn(p->ctx, &ids[0], &ids[1], err) : rc;
}

static dbk_rc find_place(dbk_book *book, dbk_alike_pair *out, const dbk_id after[2], dbk_err *err)
{
    dbk_rowid rows[2] = { 0, 0 };
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < 2; i++) {
        rc = dbk_records_lookup(book->store, &rows[i], &after[i], 0, err);
        if (rc == DBK_OK && rows[i] == 0)
            rc = dbk_fail(err, DBK_NOT_FOUND, "there is no such record");
    }
    *out = rows[0] > rows[1] ? (dbk_alike_pair){ rows[0], rows[1] }
                             : (dbk_alike_pair){ rows[1], rows[0] };
    return rc;
}

dbk_rc dbk_query_pairs(dbk_book *book, const dbk_id *after, dbk_pair_fn fn, void *ctx, dbk_err *err)
{
    pairing p = { book, fn, ctx };
    dbk_alike_pair place;
    dbk_rc rc = dbk_query_keep_up(book, err);
    if (rc == DBK_OK && after != NULL)
        rc = find_place(book, &place, after, err);
    return rc == DBK_OK
               ? dbk_alike_each(book->store, after == NULL ? NULL : &place, take_pair, &p, err)
               : rc;
}
