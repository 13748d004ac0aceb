/* core/store/sql.h - inside the store: prepared statements, and the one place where SQLite's codes
 * become ours. Not for others.
 * A statement is used in four steps: dbk_sql_open, the binds, dbk_sql_run or dbk_sql_next until it
 * says that there are no more rows, dbk_sql_close. What a bind found is reported by the step; what
 * reading the columns found, by dbk_sql_read_all, before the values are used. */
#ifndef DBK_STORE_SQL_H
#define DBK_STORE_SQL_H

#include <sqlite3.h>

#include "core/base/id.h"
#include "core/store/store.h"

/* Each statement is prepared once and kept in its slot. */
typedef enum dbk_sql_slot {
    DBK_SQL_BEGIN,
    DBK_SQL_COMMIT,
    DBK_SQL_META_PUT,
    DBK_SQL_META_GET,
    DBK_SQL_META_DEL,
    DBK_SQL_META_NAMES,
    DBK_SQL_CHAIN_ADD,
    DBK_SQL_CHAIN_COUNT,
    DBK_SQL_CHAIN_HASH,
    DBK_SQL_CHAIN_EACH,
    DBK_SQL_SPACE_ADD,
    DBK_SQL_SPACE_UPDATE,
    DBK_SQL_SPACE_EACH,
    DBK_SQL_FEED_ADD,
    DBK_SQL_FEED_UPDATE,
    DBK_SQL_FEED_EACH,
    DBK_SQL_SEGMENT_ADD,
    DBK_SQL_SEGMENT_SET_LOG,
    DBK_SQL_SEGMENT_SET_STATUS,
    DBK_SQL_SEGMENT_GET,
    DBK_SQL_SEGMENT_AT,
    DBK_SQL_SEGMENT_PLACE,
    DBK_SQL_SEGMENT_OF_FEED,
    DBK_SQL_SEGMENT_OF_SPACE,
    DBK_SQL_SEGMENT_BY_LOG,
    DBK_SQL_SEGMENT_PENDING,
    DBK_SQL_SEGMENT_NOTED,
    DBK_SQL_SEGMENT_COUNT,
    DBK_SQL_RECORD_ADD,
    DBK_SQL_RECORD_UPDATE,
    DBK_SQL_RECORD_FIND,
    DBK_SQL_RECORD_FIND_ANY,
    DBK_SQL_RECORD_GET,
    DBK_SQL_RECORD_LOOKUP,
    DBK_SQL_RECORD_LOOKUP_ANY,
    DBK_SQL_RECORD_BETWEEN,
    DBK_SQL_RECORD_LIST,
    DBK_SQL_RECORD_LIST_FORM,
    DBK_SQL_RECORD_OF_SPACE,
    DBK_SQL_RECORD_ATTENTION,
    DBK_SQL_RECORD_CONTESTED,
    DBK_SQL_RECORD_COUNT,
    DBK_SQL_OP_ADD,
    DBK_SQL_OP_OF_RECORD,
    DBK_SQL_WORDS_PUT,
    DBK_SQL_WORDS_MARK,
    DBK_SQL_WORDS_WAITING,
    DBK_SQL_WORDS_WAITING_COUNT,
    DBK_SQL_WORDS_SEARCH,
    DBK_SQL_INVITE_ADD,
    DBK_SQL_INVITE_SET_REQUEST,
    DBK_SQL_INVITE_DEL,
    DBK_SQL_INVITE_GET,
    DBK_SQL_INVITE_EACH,
    DBK_SQL_OP_HAS,
    DBK_SQL_OP_COUNT,
    DBK_SQL_SEGMENT_ANY_PENDING,
    DBK_SQL_SEGMENT_ADOPT,
    DBK_SQL_SEGMENT_TALLY,
    DBK_SQL_SEGMENT_NEWEST,
    DBK_SQL_RECORD_PLACE,
    DBK_SQL_SEGMENT_DEL,
    DBK_SQL_SEGMENT_BODY,
    DBK_SQL_SEGMENT_BARE,
    DBK_SQL_DISPOSAL_PUT,
    DBK_SQL_DISPOSAL_GET,
    DBK_SQL_DISPOSAL_COUNT,
    DBK_SQL_OP_DEL,
    DBK_SQL_OP_OF_SEGMENT,
    DBK_SQL_SEGMENT_LEAVES,
    DBK_SQL_EXHIBIT_ADD,
    DBK_SQL_EXHIBIT_SETTLE,
    DBK_SQL_EXHIBIT_FORGET,
    DBK_SQL_EXHIBIT_EACH,
    DBK_SQL_EXHIBIT_WAITING,
    DBK_SQL_EXHIBIT_OF,
    DBK_SQL_EXHIBIT_COUNT,
    DBK_SQL_NODE_PUT,
    DBK_SQL_NODE_EACH,
    DBK_SQL_NODE_RENAME,
    DBK_SQL_NODE_FORGET,
    DBK_SQL_RECORD_DEL,
    DBK_SQL_WORDS_DEL,
    DBK_SQL_SEGMENT_PLACELESS,
    DBK_SQL_SEGMENT_PLACELESS_FEEDS,
    DBK_SQL_LOST_ADD,
    DBK_SQL_LOST_CLEAR,
    DBK_SQL_LOST_WAITING,
    DBK_SQL_PAST_LOG_ADD,
    DBK_SQL_PAST_LOG_EACH,
    DBK_SQL_PERSON_KEY_CLEAR,
    DBK_SQL_PERSON_KEY_ADD,
    DBK_SQL_PERSON_KEY_FIND,
    DBK_SQL_OFFER_CLEAR,
    DBK_SQL_OFFER_PUT,
    DBK_SQL_OFFER_EACH,
    DBK_SQL_OP_COUNT_OF_LOG,
    DBK_SQL_LOG_LATEST,
    DBK_SQL_DEED_ADD,
    DBK_SQL_DEED_HAS,
    DBK_SQL_DEED_LATEST,
    DBK_SQL_VALUE_CLEAR,
    DBK_SQL_VALUE_ADD,
    DBK_SQL_VALUE_COUNT,
    DBK_SQL_VALUE_FIND,
    DBK_SQL_VALUE_OF,
    DBK_SQL_FORM_PACK_ADD,
    DBK_SQL_FORM_PACK_HAS,
    DBK_SQL_FORM_PACK_EACH,
    DBK_SQL_SCRATCH_PUT,
    DBK_SQL_SCRATCH_DROP,
    DBK_SQL_SCRATCH_COUNT,
    DBK_SQL_SCRATCH_EACH,
    DBK_SQL_CUE_CLEAR,
    DBK_SQL_CUE_ADD,
    DBK_SQL_CUE_OF,
    DBK_SQL_CUE_FIND,
    DBK_SQL_CUE_COUNT,
    DBK_SQL_CUE_NEXT,
    DBK_SQL_CUE_NTH,
    DBK_SQL_CUE_LATEST,
    DBK_SQL_RECORD_UNTIL,
    DBK_SQL_RECORD_LATEST,
    DBK_SQL_ALIKE_CLEAR,
    DBK_SQL_ALIKE_CLEAR_EARLIER,
    DBK_SQL_ALIKE_ADD,
    DBK_SQL_ALIKE_EACH,
    DBK_SQL_SLOTS
} dbk_sql_slot;

struct dbk_store {
    sqlite3 *db;
    sqlite3_stmt *statements[DBK_SQL_SLOTS]; /* NULL: not prepared, or in use */
    bool failed; /* a commit failed on the disk: what stands there isn't known any more */
};

typedef struct dbk_sql {
    dbk_store *store;
    sqlite3_stmt *s;
    dbk_sql_slot slot;
    int code; /* the first failure of a bind or of reading a column */
} dbk_sql;    /* { 0 } may be closed */

/* Takes the slot's statement; text belongs to the slot. While it is in use (a callback asks the
 * same) another one is prepared. */
DBK_MUST_CHECK dbk_rc dbk_sql_open(dbk_sql *q, dbk_store *store, dbk_sql_slot slot,
                                   const char *text, dbk_err *err);
void dbk_sql_close(dbk_sql *q);

/* Places count from 1. Bytes are borrowed until close. */
void dbk_sql_bind_int(dbk_sql *q, int at, int64_t v);
void dbk_sql_bind_uint(dbk_sql *q, int at, uint64_t v); /* as the signed number of the same bits */
void dbk_sql_bind_blob(dbk_sql *q, int at, dbk_span v);
void dbk_sql_bind_blob_or_null(dbk_sql *q, int at, dbk_span v); /* empty: NULL */
void dbk_sql_bind_text(dbk_sql *q, int at, dbk_span v);
void dbk_sql_bind_id(dbk_sql *q, int at, const dbk_id *v); /* borrowed too */
void dbk_sql_bind_null(dbk_sql *q, int at);

/* A statement without rows, to its end; closes it. */
DBK_MUST_CHECK dbk_rc dbk_sql_run(dbk_sql *q, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_sql_next(dbk_sql *q, bool *row, dbk_err *err);
/* The number that is a statement's only row; closes it. */
DBK_MUST_CHECK dbk_rc dbk_sql_count(dbk_sql *q, uint64_t *count, dbk_err *err);

/* Columns count from 0; bytes are borrowed until the next step. */
int64_t dbk_sql_int(const dbk_sql *q, int at);
uint64_t dbk_sql_uint(const dbk_sql *q, int at);
dbk_span dbk_sql_blob(dbk_sql *q, int at); /* NULL: empty */
dbk_span dbk_sql_text(dbk_sql *q, int at); /* a zero byte follows; NULL: "" */
bool dbk_sql_is_null(const dbk_sql *q, int at);
/* Zeros, and a failure for dbk_sql_read_all, unless the column has just that many bytes. */
void dbk_sql_copy(dbk_sql *q, int at, uint8_t *out, size_t len);
/* DBK_NOMEM, DBK_DAMAGED: a column that was read since the step isn't what it should be. */
DBK_MUST_CHECK dbk_rc dbk_sql_read_all(const dbk_sql *q, dbk_err *err);

/* Was any memory refused to SQLite, ever in this process? heap.c */
bool dbk_heap_was_short(void);
/* DBK_OK, or the failure that SQLite's code means; the text never quotes what SQLite was given. */
DBK_MUST_CHECK dbk_rc dbk_sql_rc(dbk_store *store, int code, dbk_err *err);
/* Statements of the program's own text that need no values. */
DBK_MUST_CHECK dbk_rc dbk_sql_exec(dbk_store *store, const char *text, dbk_err *err);
/* The first column of the first row as text, cut to fit; "" if there is no row. */
DBK_MUST_CHECK dbk_rc dbk_sql_ask(dbk_store *store, char *out, size_t out_size, const char *text,
                                  dbk_err *err);
/* The statements of all slots go: the connection can be closed. */
void dbk_sql_forget(dbk_store *store);

#endif
