/* core/practice/journey.h - what a family may take away on paper (B14): what happened and when,
 * what was asked and came of it, whom to ring, the next dates.
 * Knows:  forms case, contact, officer, person.
 * Never:  writing, printing; anything but what is named below. It is a list of what goes in, not of
 *         what is left out: the officer's assessment, intelligence, complaints of others, names of
 *         who was there, what stands in compartments and whatever a later form adds stay inside.
 * Of what was told only the topics go in, without those that are held back now; what speaks of one
 * that is held back is left out as well, whoever wrote it, and counted. */
#ifndef DBK_PRACTICE_JOURNEY_H
#define DBK_PRACTICE_JOURNEY_H

#include "core/practice/family.h"
#include "core/practice/safe.h"

#define DBK_JOURNEY_TABLE(X)                                                  \
    X(CONTACT, "contact") /* a line of what happened */                       \
    X(TOLD, "told")       /* a topic */                                       \
    X(REQUEST, "request") /* in their words, and what came of it */           \
    X(QUESTION, "question")                                                   \
    X(DATE, "date")     /* still to come: court, inquest, the next contact */ \
    X(PERSON, "person") /* whom to ring */
#define DBK_JOURNEY_ENUM(name, text) DBK_JOURNEY_##name,
typedef enum dbk_journey_kind {
    DBK_JOURNEY_TABLE(DBK_JOURNEY_ENUM) DBK_JOURNEY_KINDS
} dbk_journey_kind;
#undef DBK_JOURNEY_ENUM
const char *dbk_journey_kind_name(dbk_journey_kind kind);

/* Borrowed for the callback; texts may be empty, and aren't terminal-safe. */
typedef struct dbk_journey_line {
    dbk_journey_kind kind;
    dbk_id record; /* that it comes from */
    dbk_id space;
    dbk_span at;     /* a date or time as it is kept */
    dbk_span code;   /* of a contact its method, of a date "court", "inquest", "trial", "contact";
                        of a person "flo_primary", "flo_deputy", "coroner" */
    dbk_span text;   /* a topic, a request, a question, a name */
    dbk_span answer; /* or a place, or a phone */
} dbk_journey_line;
typedef dbk_rc (*dbk_journey_fn)(void *ctx, const dbk_journey_line *line, dbk_err *err);

typedef struct dbk_journey_opts {
    dbk_id case_id;
    const char *group; /* one side of the family; NULL: all of it */
    dbk_span now;      /* RFC 3339, UTC: dates before it aren't to come any more */
} dbk_journey_opts;
/* By kind; contacts the oldest first. *held: how many lines were left out as held back. A contact
 * of a restricted space, or one that has a compartment, is left out whole and uncounted. */
DBK_MUST_CHECK dbk_rc dbk_journey(dbk_book *book, uint64_t *held, const dbk_journey_opts *opts,
                                  dbk_journey_fn fn, void *ctx, dbk_err *err);

#endif
