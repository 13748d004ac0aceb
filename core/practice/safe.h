/* core/practice/safe.h - how a person may be reached, and what must be read before (B107).
 * Knows:  the fields safe_* and the routes of a record: the fields that its form calls "route".
 * Never:  printing, asking, logging; free text elsewhere that may hold a number as well.
 * Of the rule every value that stands counts, not the shown one alone: "never at work" and "never
 * at home", written without each other, are two things to keep to. Of each yes or no the
 * protective answer counts, as the merge shows it. What nobody knows is taken for unsafe. */
#ifndef DBK_PRACTICE_SAFE_H
#define DBK_PRACTICE_SAFE_H

#include "core/journal/query.h"

/* What is not to be done. As a word: dbk_safe_block_name(). */
#define DBK_SAFE_BLOCK_TABLE(X)                                                                \
    X(MESSAGE, "message")            /* no message with anybody else */                        \
    X(POST, "post")                  /* no letters */                                          \
    X(VOICEMAIL, "voicemail")        /* no recorded message */                                 \
    X(NUMBER, "number_not_withheld") /* no call that shows where it comes from */              \
    X(DIRECT, "direct")              /* only through somebody or something */                  \
    X(PLACE, "place")                /* never at */                                            \
    X(HEARING, "hearing")            /* never in the hearing of */                             \
    X(TIME, "time")                  /* only at certain times */                               \
    X(RULE, "rule")                  /* a rule that this version doesn't know, or not known */ \
    X(ROUTE, "route")                /* a number, address or account that isn't known to be safe */
#define DBK_SAFE_BLOCK_ENUM(name, text) DBK_SAFE_##name,
typedef enum dbk_safe_block {
    DBK_SAFE_BLOCK_TABLE(DBK_SAFE_BLOCK_ENUM) DBK_SAFE_BLOCKS
} dbk_safe_block;
#undef DBK_SAFE_BLOCK_ENUM
const char *dbk_safe_block_name(dbk_safe_block block);

typedef struct dbk_safe {
    bool has_routes;  /* records of this form hold ways to reach a person; else nothing is set */
    bool recorded;    /* something about safe contact is answered */
    bool must_read;   /* before a route is shown */
    unsigned blocked; /* bit 1 << dbk_safe_block */
    dbk_bytes text;   /* what must be read: sentences, each with a newline; not terminal-safe */
} dbk_safe;
/* The caller wipes *out, whatever comes back. */
DBK_MUST_CHECK dbk_rc dbk_safe_read(dbk_safe *out, const dbk_forms *forms, const dbk_note *note,
                                    dbk_err *err);
void dbk_safe_wipe(dbk_safe *safe);

/* Does this group of the note's record hold a route? In a form that has routes, a group that isn't
 * known here may be one. Of the note only the form, and without one the state, is looked at. */
bool dbk_safe_is_route(const dbk_forms *forms, const dbk_note *note, dbk_span group);

#endif
