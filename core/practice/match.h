/* core/practice/match.h - persons who may be the same: how like two records are and why, which
 * records are like one, and links between them. B39, B77: repeat victims are found across cases.
 * Never:  merging. A link is an entry in the younger record's linked_persons, by a person; both
 * records stay, and each tells of the other for ever.
 * Only what this device holds and may read is compared: of other compartments nothing shows, not
 * even that there is something. */
#ifndef DBK_PRACTICE_MATCH_H
#define DBK_PRACTICE_MATCH_H

#include "core/journal/query.h"
#include "core/model/likeness.h"

#define DBK_MATCH_SUGGEST 50u /* points from which two are shown to a person */
#define DBK_MATCH_FOUND_MAX 20u
#define DBK_MATCH_PARTS 5u

typedef enum dbk_match_about {
    DBK_MATCH_NAME,
    DBK_MATCH_BIRTH,
    DBK_MATCH_PHONE,
    DBK_MATCH_EMAIL,
    DBK_MATCH_POSTCODE
} dbk_match_about;

typedef enum dbk_match_how {
    DBK_MATCH_BLANK, /* one of them says nothing */
    DBK_MATCH_SAME,
    DBK_MATCH_NEAR, /* spelt differently; the year; day and month exchanged */
    DBK_MATCH_DIFFERENT
} dbk_match_how;

/* Each part with the points that it gave; score is their sum, from 0 to 100. */
typedef struct dbk_match {
    dbk_id record;
    unsigned score;
    struct {
        dbk_match_how how;
        int points;
    } parts[DBK_MATCH_PARTS]; /* by dbk_match_about */
} dbk_match;
void dbk_match_compare(dbk_match *out, const dbk_likeness *a, const dbk_likeness *b);

/* The most like first; at most DBK_MATCH_FOUND_MAX; without those about which a person has decided.
 * Nothing for a record of another form. */
DBK_MUST_CHECK dbk_rc dbk_match_find(dbk_book *book, dbk_match *out, size_t *count,
                                     const dbk_id *person, dbk_err *err);

/* All pairs of that kind, whoever was recorded last first, each once, at the younger record: its
 * match is with the older one. after: the two of a pair to go on behind, or NULL; DBK_NOT_FOUND.
 * What isn't DBK_OK ends it and is returned. */
typedef dbk_rc (*dbk_match_pair_fn)(void *ctx, const dbk_id *person, const dbk_match *match,
                                    dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_match_pairs(dbk_book *book, const dbk_id *after, dbk_match_pair_fn fn,
                                      void *ctx, dbk_err *err);

/* Links. The newest entry counts; which of two records holds it follows from their ids. */
dbk_id dbk_match_holder(const dbk_id *a, const dbk_id *b);
/* Everyone who is linked to the person, also over others, without the person. */
DBK_MUST_CHECK dbk_rc dbk_match_linked(dbk_book *book, dbk_id *out, size_t *count, size_t max,
                                       const dbk_id *person, dbk_err *err);

/* Is there a confirmed link between just these two? */
DBK_MUST_CHECK dbk_rc dbk_match_are_linked(dbk_book *book, bool *yes, const dbk_id *a,
                                           const dbk_id *b, dbk_err *err);

/* The cases that the person and those linked to them had a part in by the end of that day:
 * "2026-11-29"; a part without a date counts. */
DBK_MUST_CHECK dbk_rc dbk_match_cases(dbk_book *book, dbk_id *out, size_t *count, size_t max,
                                      const dbk_id *person, const char *day, dbk_err *err);

#endif
