/* core/practice/retention_seek.h - which cases and persons may have to be reviewed by some day,
 * without reading all that is held. Nothing is due while all that happened to it is younger than
 * the shortest time of any review group; what else brings a day forward is said by a review or
 * follows from a day of birth. So the few that are left are a superset: what is due of them is for
 * retention.c to say. */
#ifndef DBK_PRACTICE_RETENTION_SEEK_H
#define DBK_PRACTICE_RETENTION_SEEK_H

#include "core/journal/query.h"
#include "core/practice/retention_rules.h"

/* Ids of records, by bytes, each once after dbk_ids_settle(). Freed by dbk_free(rows). */
typedef struct dbk_ids {
    dbk_id *rows;
    size_t count, room;
    dbk_rc rc; /* of adding: what came after it failed is left out */
} dbk_ids;
void dbk_ids_add(dbk_ids *ids, const dbk_id *id);
DBK_MUST_CHECK dbk_rc dbk_ids_settle(dbk_ids *ids, dbk_err *err);
bool dbk_ids_have(const dbk_ids *settled, const dbk_id *id);

/* Adds also records that are neither case nor person. */
DBK_MUST_CHECK dbk_rc dbk_retention_seek(dbk_ids *out, dbk_book *book,
                                         const dbk_retention_rules *rules, int64_t until_ms,
                                         dbk_err *err);
/* Those that are wanted, and those beside them that they are judged by: a person's cases, a case's
 * persons. Settled. */
DBK_MUST_CHECK dbk_rc dbk_retention_seek_beside(dbk_ids *out, dbk_book *book, const dbk_ids *wanted,
                                                dbk_err *err);
/* Adds the records that refer to this one, and it itself. */
DBK_MUST_CHECK dbk_rc dbk_retention_seek_about(dbk_ids *out, dbk_book *book, const dbk_id *record,
                                               dbk_err *err);

#endif
