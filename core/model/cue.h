/* core/model/cue.h - by what the rules of the work find a record without reading all of them: each
 * cue says of one record where it has to be looked at. Pure.
 * Knows:  which fields of which forms the rules go by (core/practice).
 * Never:  receipts, roles, the clock: a cue is of every value that stands, also of one that lost a
 *         dispute. So a record that a rule means always has its cue; one that has a cue is read,
 * and the rule decides by what it shows (decision 0045). */
#ifndef DBK_MODEL_CUE_H
#define DBK_MODEL_CUE_H

#include "core/model/form.h"
#include "core/model/state.h"

/* The numbers stand in stores. `at` is the record's own time where nothing else is said. */
typedef enum dbk_cue_kind {
    DBK_CUE_REFERENCE = 1, /* about what any of its values refers to */
    DBK_CUE_DUE,           /* one of dbk_cue_dates, and it may still wait. at: the earliest */
    DBK_CUE_CONTACT,       /* a contact, about its case */
    DBK_CUE_NEXT,          /* a contact that may be of no case. at: of what was agreed next */
    DBK_CUE_GRADED,        /* a risk assessment, about its case */
    DBK_CUE_SENT_OUT,      /* an action to search or arrest that may still wait */
    DBK_CUE_SERVICE,       /* a referral that may still run, about its service */
    DBK_CUE_REFERRED,      /* a referral, about its person */
    DBK_CUE_PART,          /* a person, about a case of which they may be a victim */
    DBK_CUE_LIMIT,         /* a report or a decision of which somebody may still have to be told */
    DBK_CUE_REVIEW,        /* a review of retention. at: when to look again; INT64_MIN: it may
                              say "dispose" */
    DBK_CUE_BORN,          /* a person. at: the earliest day of birth */
    DBK_CUE_MET,           /* a contact that counts for this case whichever values are shown */
    DBK_CUE_MAY_MEET,      /* one that may count for it, or not */
    DBK_CUE_OPEN,          /* a case that may not be closed, and may say when it was reported */
    DBK_CUE_DUE_MAY,       /* one of dbk_cue_dates that only the record itself tells */
    /* These hold whichever values are shown, and of a record in use. Of dates: at is the day, about
     * the record's space, and nothing more of it is urgent. */
    DBK_CUE_DUE_ACTION,
    DBK_CUE_DUE_URGENT, /* an action */
    DBK_CUE_DUE_REVIEW,
    DBK_CUE_DUE_EXPIRY,
    DBK_CUE_GRADED_LOW,  /* an assessment of this case alone that says standard, or not graded */
    DBK_CUE_GRADED_HIGH, /* ... that says neither */
    DBK_CUE_AGREED,      /* may hold: a contact, about its case, says what was agreed next */
    /* A contact in use is one of these, about each case that it may be of. It may say more than
     * that they were met; or it surely says no more: of no side of the family, nothing given or
     * asked, no first visit, and its case is of its own space. */
    DBK_CUE_TELLING,
    DBK_CUE_PLAIN, /* the first of DBK_CUE_PLAINS, by what dbk_cue_plain says of it */
    DBK_CUE_KINDS = DBK_CUE_PLAIN + 4
} dbk_cue_kind;

typedef enum dbk_cue_plain {
    DBK_CUE_LATE = 1,       /* dbk_form_is_late() */
    DBK_CUE_INCOMPLETE = 2, /* nobody has supervised it, and dbk_record_lacks() */
    DBK_CUE_PLAINS = 4
} dbk_cue_plain;

typedef struct dbk_cue {
    dbk_cue_kind kind;
    dbk_id about; /* zero: nothing */
    int64_t at_ms;
} dbk_cue;

/* Dates by which something waits for a person, and what says that it doesn't any more. */
typedef struct dbk_cue_date {
    const char *form, *field;
    dbk_cue_kind sure;     /* DBK_CUE_DUE_ACTION, _REVIEW or _EXPIRY */
    const char *state;     /* a field, or NULL */
    const char *closed[3]; /* its answers that say so */
} dbk_cue_date;
#define DBK_CUE_DATES 7u
extern const dbk_cue_date dbk_cue_dates[DBK_CUE_DATES];

/* Whom the Code calls a victim: also who is close to somebody who died, and who speaks for them.
 * Ended by NULL. */
extern const char *const dbk_cue_victims[4];

typedef struct dbk_cue_of {
    const dbk_state *state;
    const dbk_form *form; /* that it is read by; NULL: none is known, and only references tell */
    int64_t when_ms;      /* the record's own time */
    dbk_id space;
    /* Is it an id of a record of this form in this space? (core/journal/record_id.h) */
    bool (*fits)(const dbk_id *id, const dbk_id *space, dbk_span form);
} dbk_cue_of;
/* In no order; some may come twice. What isn't DBK_OK ends it and is returned. */
typedef dbk_rc (*dbk_cue_fn)(void *ctx, const dbk_cue *cue, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_cues_each(const dbk_cue_of *of, dbk_cue_fn fn, void *ctx, dbk_err *err);

#endif
