/* core/store/records.h - rows of records (one for each, with its merged state and what lists
 * show of it), of the ops that made them, and the words that search finds.
 * Only core/journal/fold.c writes records and ops: it keeps the columns in step with the state. */
#ifndef DBK_STORE_RECORDS_H
#define DBK_STORE_RECORDS_H

#include "core/base/id.h"
#include "core/store/store.h"

/* Texts that are read are also ended by a zero byte. */
typedef struct dbk_store_record {
    dbk_rowid id; /* filled by add */
    dbk_id record;
    dbk_rowid space;
    dbk_span form;
    int64_t when_ms;
    uint64_t created_ms, updated_ms; /* claimed */
    uint32_t life;                   /* dbk_life */
    uint32_t asks, cautious, proposals, reviews;
    uint32_t contested; /* register groups in which more than one value stands */
    dbk_span summary;
    bool indexed; /* its words are in the index */
    dbk_span state;
} dbk_store_record;

/* DBK_CONFLICT: the space has this record. */
DBK_MUST_CHECK dbk_rc dbk_records_add(dbk_store *store, dbk_store_record *row, dbk_err *err);
/* By id; everything but record and space. */
DBK_MUST_CHECK dbk_rc dbk_records_update(dbk_store *store, const dbk_store_record *row,
                                         dbk_err *err);
/* With its words. Its ops' rows must be gone. */
DBK_MUST_CHECK dbk_rc dbk_records_del(dbk_store *store, dbk_rowid id, dbk_err *err);

typedef dbk_rc (*dbk_store_record_fn)(void *ctx, const dbk_store_record *row, dbk_err *err);
/* Calls fn once, with the state. space 0: any, the lowest row if several spaces claim the id.
 * DBK_NOT_FOUND. */
DBK_MUST_CHECK dbk_rc dbk_records_find(dbk_store *store, const dbk_id *record, dbk_rowid space,
                                       dbk_store_record_fn fn, void *ctx, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_records_get(dbk_store *store, dbk_rowid id, dbk_store_record_fn fn,
                                      void *ctx, dbk_err *err);
/* Only which row it is; *id 0: none. Cheap. */
DBK_MUST_CHECK dbk_rc dbk_records_lookup(dbk_store *store, dbk_rowid *id, const dbk_id *record,
                                         dbk_rowid space, dbk_err *err);
/* Up to max ids of a space in [from, to], ascending: for ids that are given by their beginning. */
typedef struct dbk_records_range {
    dbk_rowid space;
    const dbk_id *from, *to;
} dbk_records_range;
DBK_MUST_CHECK dbk_rc dbk_records_between(dbk_store *store, dbk_id *out, size_t *count, size_t max,
                                          const dbk_records_range *range, dbk_err *err);

/* A place in the order of lists: after this row. */
typedef struct dbk_list_place {
    int64_t when_ms;
    dbk_rowid id;
} dbk_list_place;
/* Newest `when` first, then the newest row first; rows without their states unless asked for. */
typedef struct dbk_records_list_opts {
    const char *form;     /* NULL: all but those of but_form */
    const char *but_form; /* or NULL */
    dbk_rowid space;      /* 0: all */
    int64_t since_ms;     /* INT64_MIN: no bound */
    uint32_t life_max;    /* those above are left out */
    bool with_state;
    const dbk_list_place *after; /* NULL: from the first on */
    uint64_t limit;              /* 0: no limit */
} dbk_records_list_opts;
DBK_MUST_CHECK dbk_rc dbk_records_list(dbk_store *store, const dbk_records_list_opts *opts,
                                       dbk_store_record_fn fn, void *ctx, dbk_err *err);
/* All of a space with their states, by record id. */
DBK_MUST_CHECK dbk_rc dbk_records_of_space(dbk_store *store, dbk_rowid space,
                                           dbk_store_record_fn fn, void *ctx, dbk_err *err);
/* Records that need a person, without states: asks first, then cautious, proposals, reviews; the
 * oldest change first. */
DBK_MUST_CHECK dbk_rc dbk_records_attention(dbk_store *store, dbk_store_record_fn fn, void *ctx,
                                            dbk_err *err);
/* Contested records that ops of this segment wrote to, with states. */
DBK_MUST_CHECK dbk_rc dbk_records_contested(dbk_store *store, dbk_rowid segment,
                                            dbk_store_record_fn fn, void *ctx, dbk_err *err);

typedef struct dbk_record_totals {
    uint64_t records, attention;
} dbk_record_totals;
/* Of the records those of but_form aren't counted. */
DBK_MUST_CHECK dbk_rc dbk_records_count(dbk_store *store, dbk_record_totals *out, dbk_rowid space,
                                        const char *but_form, dbk_err *err);

/* Ops: where each op of a record lies. */
typedef struct dbk_store_op {
    dbk_rowid record, segment;
    uint32_t place; /* of the op in its segment, from 0 */
} dbk_store_op;
DBK_MUST_CHECK dbk_rc dbk_ops_add(dbk_store *store, const dbk_store_op *row, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_ops_del(dbk_store *store, const dbk_store_op *row, dbk_err *err);
typedef dbk_rc (*dbk_store_op_fn)(void *ctx, const dbk_store_op *row, dbk_err *err);
/* Feed by feed, each feed's ops in order, whatever rows their segments have. */
DBK_MUST_CHECK dbk_rc dbk_ops_of_record(dbk_store *store, dbk_rowid record, dbk_store_op_fn fn,
                                        void *ctx, dbk_err *err);
/* By place. */
DBK_MUST_CHECK dbk_rc dbk_ops_of_segment(dbk_store *store, dbk_rowid segment, dbk_store_op_fn fn,
                                         void *ctx, dbk_err *err);

/* Words. put replaces what the record had and marks it as indexed. */
DBK_MUST_CHECK dbk_rc dbk_words_put(dbk_store *store, dbk_rowid record, dbk_span words,
                                    dbk_err *err);
/* The index written anew, without what it remembers of rows that are gone. Takes as long as the
 * index is large. */
DBK_MUST_CHECK dbk_rc dbk_words_forget(dbk_store *store, dbk_err *err);
/* Records that wait to be indexed, with states, by row; and how many there are. */
DBK_MUST_CHECK dbk_rc dbk_words_waiting(dbk_store *store, uint64_t limit, dbk_store_record_fn fn,
                                        void *ctx, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_words_waiting_count(dbk_store *store, uint64_t *count, dbk_err *err);
/* Best match first, with states. match is an FTS5 expression that the caller has quoted;
 * DBK_INVALID when FTS5 can't read it. */
DBK_MUST_CHECK dbk_rc dbk_words_search(dbk_store *store, const char *match, uint64_t limit,
                                       dbk_store_record_fn fn, void *ctx, dbk_err *err);

#endif
