/* core/practice/family.h - the contacts with one family, or with one side of a family that is
 * split (FL-12): entries, and what the family asked, complained of and wanted to know, until that
 * has an answer (FL-6).
 * Knows:  forms contact, action. An answer stands in the contact's field `answers`; what it is an
 *         answer to never changes once the entry is signed.
 * Never:  wording for people, writing, the clock. */
#ifndef DBK_PRACTICE_FAMILY_H
#define DBK_PRACTICE_FAMILY_H

#include "core/practice/reading.h"

/* An entry. Borrowed for the callback. */
typedef struct dbk_family_entry {
    dbk_id record, case_id, space;
    int64_t when_ms;
    bool attempt;        /* nobody was reached: no contact (FL-2) */
    bool late;           /* FL-11 */
    bool supervised;     /* somebody has looked at it */
    bool incomplete;     /* not supervised, and something that is wanted is blank (FL-1) */
    bool literature;     /* was given to the family (FL-10) */
    dbk_span group;      /* the side of the family; empty: not said */
    dbk_cue_place place; /* among the case's, where a case was asked for */
    const dbk_note *note;
    dbk_reading *reading; /* what it gives ends what `group` points to */
} dbk_family_entry;
typedef dbk_rc (*dbk_family_entry_fn)(void *ctx, const dbk_family_entry *e, dbk_err *err);
typedef struct dbk_family_opts {
    const dbk_id *case_id; /* NULL: all */
    const char *group;     /* NULL: all sides */
    bool telling;          /* of a case: without those that DBK_CUE_PLAIN tells all of */
} dbk_family_opts;
/* The newest first. */
DBK_MUST_CHECK dbk_rc dbk_family_entries(dbk_book *book, const dbk_family_opts *opts,
                                         dbk_family_entry_fn fn, void *ctx, dbk_err *err);

#define DBK_FAMILY_ITEM_TABLE(X) \
    X(REQUEST, "request")        \
    X(COMPLAINT, "complaint")    \
    X(VOICE, "voice") /* a question or a wish of the family for the investigation */
#define DBK_FAMILY_ITEM_ENUM(name, text) DBK_FAMILY_##name,
typedef enum dbk_family_kind {
    DBK_FAMILY_ITEM_TABLE(DBK_FAMILY_ITEM_ENUM) DBK_FAMILY_KINDS
} dbk_family_kind;
#undef DBK_FAMILY_ITEM_ENUM
const char *dbk_family_kind_name(dbk_family_kind kind);

/* Something that the family brought up. */
typedef struct dbk_family_item {
    dbk_id record;
    int64_t when_ms; /* of the contact */
    dbk_family_kind kind;
    unsigned number; /* 1: the first of its kind in that entry */
    bool open;       /* neither refused with a reason nor closed by an answer */
    dbk_span text;   /* in the family's words */
    dbk_span agreed; /* of a request: "yes", "no", "pending" */
    dbk_span reason; /* of one that wasn't agreed */
    dbk_span answer; /* the latest; empty: none */
    dbk_span on;     /* its day, or empty */
} dbk_family_item;
typedef dbk_rc (*dbk_family_item_fn)(void *ctx, const dbk_family_item *item, dbk_err *err);
/* In the order of the entry. */
DBK_MUST_CHECK dbk_rc dbk_family_items(const dbk_family_entry *e, dbk_family_item_fn fn, void *ctx,
                                       dbk_err *err);

/* A request of the family that became an action, and that is still to be done (FL-6): its case is
 * this one, or that of the contact it was raised from. Borrowed for the callback. */
typedef struct dbk_family_action {
    dbk_id record, space;
    dbk_id raised_from; /* zero: not said */
    int64_t when_ms;
    char due[16]; /* its day, or "" */
    dbk_span text;
} dbk_family_action;
typedef dbk_rc (*dbk_family_action_fn)(void *ctx, const dbk_family_action *action, dbk_err *err);
/* The newest first. opts: a case; of one side of it those that a contact of another side raised are
 * left out. */
DBK_MUST_CHECK dbk_rc dbk_family_actions(dbk_book *book, const dbk_family_opts *opts,
                                         dbk_family_action_fn fn, void *ctx, dbk_err *err);

#endif
