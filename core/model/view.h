/* core/model/view.h - what a person sees of a state under a form: winners, disputes, proposals.
 * Pure. The same on every replica that holds the same ops and receipts. */
#ifndef DBK_MODEL_VIEW_H
#define DBK_MODEL_VIEW_H

#include "core/model/form.h"
#include "core/model/state.h"

/* The relay's receipt time of the segment that holds the dot; 0 when there is none yet. */
typedef uint64_t (*dbk_receipt_fn)(void *ctx, const dbk_dot *dot);

typedef struct dbk_view_opts {
    const dbk_form *form; /* NULL: unknown form, every group as `ask` */
    dbk_receipt_fn receipt;
    void *receipt_ctx;
} dbk_view_opts;

typedef enum dbk_dispute {
    DBK_DISPUTE_NONE,
    DBK_DISPUTE_ASK,      /* two or more different values stand: a person decides */
    DBK_DISPUTE_CAUTIOUS, /* the more protective is shown; HQ is asked */
    DBK_DISPUTE_PROPOSAL  /* HQ's value is shown; a field edit stands as a proposal */
} dbk_dispute;

/* The index of the shown register of a group under its rule; registers_count must be > 0.
 * ask, once, latest: max(min(claimed, receipt)), ties by dot. cautious: highest rank first.
 * hq: HQ-authored before others. Equal values never conflict. */
typedef struct dbk_shown {
    size_t winner;
    dbk_dispute dispute;
    size_t distinct; /* number of different values among the siblings */
} dbk_shown;
dbk_shown dbk_view_group(const dbk_state_group *group, const dbk_view_opts *opts);

/* The preds of an ordinary edit of a register group: the shown winner and the author's own
 * dots; for rule hq an officer's edit never names an HQ-authored value. By dot. Returns how many
 * it wrote: at most max. */
typedef struct dbk_author {
    dbk_id feed;
    bool hq;
} dbk_author;
size_t dbk_view_pred(const dbk_state_group *group, const dbk_view_opts *opts,
                     const dbk_author *author, dbk_dot *out, size_t max);

typedef enum dbk_life {
    DBK_LIFE_LIVE,
    DBK_LIFE_SIGNED,
    DBK_LIFE_WITHDRAWN,
    DBK_LIFE_DISPOSED
} dbk_life;
dbk_life dbk_view_life(const dbk_state *s, const dbk_view_opts *opts, dbk_dispute *dispute);
const char *dbk_life_name(dbk_life life);

/* The displayed value of one top-level field: CBOR, borrowed from the state or built into
 * scratch (sets: an array of elements; logs: an array of entries by time; counters: a uint).
 * Empty when blank. */
DBK_MUST_CHECK dbk_rc dbk_view_field(dbk_span *out, dbk_bytes *scratch, const dbk_state *s,
                                     const dbk_field *field, const dbk_view_opts *opts,
                                     dbk_err *err);
/* The value of a text key in a map of CBOR, or an empty span. */
dbk_span dbk_view_member(dbk_span map, const char *key);
/* Everything that needs a person: groups in dispute, lifecycle in dispute, review pairs. */
typedef struct dbk_attention {
    size_t asks, cautious, proposals, reviews;
} dbk_attention;
dbk_attention dbk_view_attention(const dbk_state *s, const dbk_view_opts *opts);

#endif
