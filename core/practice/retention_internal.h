/* core/practice/retention_internal.h - what retention.c, which reads records, and
 * retention_stand.c, which judges what was read, share. */
#ifndef DBK_PRACTICE_RETENTION_INTERNAL_H
#define DBK_PRACTICE_RETENTION_INTERNAL_H

#include "core/practice/retention.h"
#include "core/practice/retention_rules.h"
#include "core/practice/retention_seek.h"

#define DBK_RETENTION_DATE_CHARS 10u

/* A sum of hashes: it doesn't matter in which order records come, and one that counts twice isn't
 * lost. */
typedef struct dbk_retention_sum {
    uint8_t b[sizeof(dbk_hash)];
} dbk_retention_sum;

/* A decision that headquarters signed. */
typedef struct dbk_retention_decided {
    size_t subject;
    bool dispose;
    int64_t at_ms, next_ms; /* next_ms 0: as the group says */
    dbk_id record;
    dbk_hash hash;
    char basis[DBK_RETENTION_BASIS_CHARS + 1];
} dbk_retention_decided;

typedef struct dbk_retention_subject {
    dbk_retention r;
    bool beside; /* it is only read because a wanted one is judged by it */
    size_t rank;
    bool strange_group; /* a code that this program doesn't know */
    char dob[DBK_RETENTION_DATE_CHARS + 1], precision[16], band[16];
    size_t persons, persons_unborn; /* case: those whose day of birth nobody knows */
    int64_t full_ms;                /* person: to_age; case: of the youngest; 0: not known */
    dbk_retention_sum all, records; /* what refers to it, with reviews and without */
} dbk_retention_subject;

/* A person belongs to that case. */
typedef struct dbk_retention_belonging {
    size_t person, of_case;
} dbk_retention_belonging;

typedef struct dbk_retention_rows {
    void *p;
    size_t count, room;
} dbk_retention_rows;

typedef struct dbk_retention_gathering {
    dbk_book *book;
    const dbk_retention_opts *opts;
    dbk_retention_rules rules;
    char day[DBK_TIME_TEXT_SIZE];
    bool hashes; /* a decision hangs on them; else they aren't worth their time */
    bool chosen; /* only of subjects that were sought, and of those beside them */
    dbk_ids wanted;
    dbk_retention_rows subjects, reviews, belongings;
} dbk_retention_gathering;

dbk_retention_subject *dbk_retention_at(const dbk_retention_gathering *g, size_t place);
void dbk_retention_add_hash(dbk_retention_sum *to, const uint8_t what[sizeof(dbk_hash)]);
/* Persons hear of their cases and cases of their persons; then each gets its times and its stand.
 */
void dbk_retention_stand_all(dbk_retention_gathering *g);

#endif
