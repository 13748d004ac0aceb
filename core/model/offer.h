/* core/model/offer.h - what a service of the directory offers, as a look-up asks it: what for,
 * where, in which languages, for which ages, and until when that can be relied upon. Pure.
 * Knows:  the form "service"; of each field the shown value, so the protective status.
 * Never:  names, numbers, addresses: those are read from the record once it is found. */
#ifndef DBK_MODEL_OFFER_H
#define DBK_MODEL_OFFER_H

#include "core/model/likeness.h"

#define DBK_OFFER_FORM "service"
#define DBK_OFFER_UNSAID (-1)          /* an age that nobody gave */
#define DBK_OFFER_NEVER INT64_C(-1)    /* a day on which nobody checked */
#define DBK_OFFER_CHECK_DAYS 180       /* where the record doesn't say how often */
#define DBK_OFFER_TERM_SIZE 260u       /* a kind, a colon and a folded word */
#define DBK_OFFER_TERMS_MAX (1u << 20) /* bytes; a form's lists fit */

typedef enum dbk_offer_status {
    DBK_OFFER_ACTIVE,
    DBK_OFFER_PAUSED,
    DBK_OFFER_CLOSED
} dbk_offer_status;

typedef enum dbk_offer_kind {
    DBK_OFFER_CATEGORY = 'k', /* a code of categories or hidden_crime */
    DBK_OFFER_AREA = 'a',     /* a code of la_areas */
    DBK_OFFER_LANGUAGE = 'l'  /* folded: "Español" and "espanol" are one */
} dbk_offer_kind;

typedef struct dbk_offer {
    dbk_offer_status status;
    bool interpreters;            /* something is said of them */
    int64_t checked_day, due_day; /* since 1970-01-01: of the last check, of the next one */
    int64_t age_min, age_max;
    dbk_span terms; /* "\nk:idva\na:dudley\nl:urdu\n"; empty when there is none. Borrowed */
} dbk_offer;
/* Of a state of form "service". The terms lie in the buffer, which is emptied first. */
DBK_MUST_CHECK dbk_rc dbk_offer_of(dbk_offer *out, dbk_bytes *terms, dbk_namer *n,
                                   const dbk_state *state, const dbk_view_opts *view, dbk_err *err);

/* "\nl:urdu\n", as it stands among the terms. Empty: the word is longer than any can be. */
typedef struct dbk_offer_term {
    char text[DBK_OFFER_TERM_SIZE];
    size_t len;
} dbk_offer_term;
DBK_MUST_CHECK dbk_rc dbk_offer_term_of(dbk_offer_term *out, dbk_namer *n, dbk_offer_kind kind,
                                        dbk_span word, dbk_err *err);
bool dbk_offer_has(dbk_span terms, const dbk_offer_term *term);
/* Is any of this kind said? */
bool dbk_offer_says(dbk_span terms, dbk_offer_kind kind);

#endif
