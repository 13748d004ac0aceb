/* core/journal/query.h - the read path. Rows are borrowed for the callback only. */
#ifndef DBK_JOURNAL_QUERY_H
#define DBK_JOURNAL_QUERY_H

#include "core/journal/cosigned.h"
#include "core/model/cue.h"
#include "core/model/likeness.h"
#include "core/model/offer.h"
#include "core/model/view.h"

/* Where a change stands on its way (P5). */
typedef enum dbk_carriage {
    DBK_HERE_ONLY,     /* on this device only */
    DBK_RELAY_DURABLE, /* the relay has signed for it: a receipt, or its log */
    DBK_HQ_DURABLE     /* headquarters holds it: one of its witnesses has signed for it */
} dbk_carriage;

/* Records of this form are the program's own log (core/journal/audit.h): lists, searches and counts
 * leave them out unless they are asked for by this name. */
#define DBK_FORM_AUDIT "audit"

/* One record, whole: a snapshot. */
typedef struct dbk_note {
    dbk_id record, space;
    dbk_state *state;
    const dbk_form *form;  /* NULL: a form that isn't known here */
    dbk_view_opts view;    /* ready for dbk_view_*; valid while the book is open */
    dbk_carriage carriage; /* of its newest change made here, else of its newest change */
    void *ctx;
} dbk_note;
DBK_MUST_CHECK dbk_rc dbk_query_note(dbk_note **out, dbk_book *book, const dbk_id *record,
                                     dbk_err *err);
/* The same for rules, which ask what a record says and not how far it has come: its carriage isn't
 * looked up, and is DBK_HERE_ONLY. */
DBK_MUST_CHECK dbk_rc dbk_query_said(dbk_note **out, dbk_book *book, const dbk_id *record,
                                     dbk_err *err);
void dbk_note_free(dbk_note *note);
/* The form's name, also of one that isn't known here. Borrowed from the note. */
dbk_span dbk_note_form(const dbk_note *note);
/* Stands for all that is known of the record: the same on replicas that hold the same ops. */
DBK_MUST_CHECK dbk_rc dbk_note_hash(dbk_hash *out, const dbk_note *note, dbk_err *err);
/* Finds a record by its whole id or a unique prefix of at least 6 hex digits (hyphens free).
 * Ids that only differ late: DBK_CONFLICT, "more than one record begins so". */
DBK_MUST_CHECK dbk_rc dbk_query_resolve_id(dbk_id *out, dbk_book *book, const char *text,
                                           dbk_err *err);

/* Lists: newest `when` first. */
typedef struct dbk_where {
    const char *field; /* "risk"; or a part of an object, "next_contact.when" */
    const char *value; /* what is displayed equals it, or is a list that holds it; "": blank */
} dbk_where;
typedef struct dbk_list_opts {
    const char *form;    /* NULL: all */
    const dbk_id *space; /* NULL: all held */
    const dbk_where *where;
    size_t where_count;
    int64_t since_ms;   /* on the record's `when`; INT64_MIN: no bound */
    int64_t changed_ms; /* only what was changed since, by its author's clock; 0: no bound */
    bool with_withdrawn;
    bool with_note;      /* rows bring what their record says */
    const dbk_id *after; /* the last record of the page before, or NULL; DBK_NOT_FOUND */
    uint64_t limit;      /* 0: no limit */
} dbk_list_opts;
typedef struct dbk_row {
    dbk_id record, space;
    const char *form;
    const char *summary;           /* one line from the form's summary fields; not terminal-safe */
    int64_t when_ms;               /* the form's `when` field, else the claimed creation time */
    int64_t cue_ms, cue_row;       /* of the cue by which it was found */
    uint64_t begun_ms, updated_ms; /* claimed */
    dbk_life life;
    dbk_attention attention;
    dbk_carriage carriage; /* not looked up (DBK_HERE_ONLY) with a note, or by a cue */
    const char *snippet;   /* search only: the words around the match */
    const dbk_note *note;  /* where it was asked for, as dbk_query_said(); NULL elsewhere */
} dbk_row;
typedef dbk_rc (*dbk_row_fn)(void *ctx, const dbk_row *row, dbk_err *err);
/* DBK_INVALID: a field that the form, or no form, has. DBK_DENIED: this device's time in
 * that space is over. */
DBK_MUST_CHECK dbk_rc dbk_query_list(dbk_book *book, const dbk_list_opts *opts, dbk_row_fn fn,
                                     void *ctx, dbk_err *err);
/* Words, all of which must occur; the last may be a prefix. Best match first. Finds what stands in
 * a record, also the values that lost a dispute; case and accents don't count. Never an FTS5
 * syntax error: the text is quoted. Indexes what is still unindexed first. DBK_INVALID: no words.
 */
DBK_MUST_CHECK dbk_rc dbk_query_search(dbk_book *book, const char *text, uint64_t limit,
                                       dbk_row_fn fn, void *ctx, dbk_err *err);
/* Indexes at most max records that wait for it; *left says how many remain. */
DBK_MUST_CHECK dbk_rc dbk_query_index(dbk_book *book, uint64_t *left, uint64_t max, dbk_err *err);

/* Records of persons that share keys with one (core/model/likeness.h), those that share most
 * first; at most max. Only of spaces that may be read; without those that were withdrawn. Indexes
 * what is still unindexed first. */
DBK_MUST_CHECK dbk_rc dbk_query_alike(dbk_book *book, dbk_id *out, size_t *count, size_t max,
                                      const dbk_likeness_keys *keys, dbk_err *err);

/* Pairs of persons that may be like enough to be the same, whoever came last first, each once: the
 * caller compares them. Only of spaces that may be read; without those that were withdrawn. after:
 * the two of a pair to go on behind, or NULL; DBK_NOT_FOUND. Indexes what is still unindexed
 * first. */
typedef dbk_rc (*dbk_pair_fn)(void *ctx, const dbk_id *later, const dbk_id *earlier, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_query_pairs(dbk_book *book, const dbk_id *after, dbk_pair_fn fn,
                                      void *ctx, dbk_err *err);

/* Where a rule of the work has to look (core/model/cue.h): records, not withdrawn, that have a cue
 * of this kind about this, in [from, until], the latest first. Whether the rule means one of them
 * is what it shows: fn decides. Indexes what is still unindexed first. */
typedef struct dbk_cued {
    dbk_cue_kind kind;
    const dbk_id *about; /* NULL: nothing */
    int64_t from_ms, until_ms;
    const char *form; /* NULL: all. What is of another one isn't opened */
    bool with_withdrawn, with_note;
} dbk_cued;
/* All of a form that refers to a record; NULL: of any. */
#define DBK_CUED_REFERENCES(record, of_form)                                                       \
    {                                                                                              \
        .kind = DBK_CUE_REFERENCE, .about = (record), .from_ms = INT64_MIN, .until_ms = INT64_MAX, \
        .form = (of_form)                                                                          \
    }
DBK_MUST_CHECK dbk_rc dbk_query_cued(dbk_book *book, const dbk_cued *ask, dbk_row_fn fn, void *ctx,
                                     dbk_err *err);
/* How many have such a cue, whatever their form, withdrawn or not. None is opened while every space
 * may be read here. */
DBK_MUST_CHECK dbk_rc dbk_query_cue_count(dbk_book *book, uint64_t *count, const dbk_cued *ask,
                                          dbk_err *err);
/* When the n-th of them is, the earliest first, from 1; of all spaces. DBK_NOT_FOUND: there are
 * fewer. */
DBK_MUST_CHECK dbk_rc dbk_query_cue_nth(dbk_book *book, int64_t *at_ms, const dbk_cued *ask,
                                        uint64_t n, dbk_err *err);
/* The latest of them, withdrawn or not, without opening it: two kinds of cues may be of one record.
 * row 0: there is none, or a space that is held may not be read here. */
typedef struct dbk_cue_place {
    int64_t row, at_ms;
} dbk_cue_place;
DBK_MUST_CHECK dbk_rc dbk_query_cue_latest(dbk_book *book, dbk_cue_place *out, const dbk_cued *ask,
                                           dbk_err *err);
/* All of them, the latest first, none opened: of spaces that the caller knows to be open here. */
typedef dbk_rc (*dbk_place_fn)(void *ctx, const dbk_cue_place *place, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_query_cue_places(dbk_book *book, const dbk_cued *ask, dbk_place_fn fn,
                                           void *ctx, dbk_err *err);
/* What cues of this kind are about, each once, by bytes. */
typedef dbk_rc (*dbk_about_fn)(void *ctx, const dbk_id *about, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_query_cue_abouts(dbk_book *book, dbk_cue_kind kind, dbk_about_fn fn,
                                           void *ctx, dbk_err *err);
/* One record as lists give it, also a withdrawn one; fn isn't called for what isn't held here or
 * may not be read. */
DBK_MUST_CHECK dbk_rc dbk_query_one(dbk_book *book, const dbk_id *record, dbk_row_fn fn, void *ctx,
                                    dbk_err *err);
/* Records, also withdrawn ones, that happened or were last changed by then, whichever is earlier.
 */
DBK_MUST_CHECK dbk_rc dbk_query_until(dbk_book *book, int64_t until_ms, dbk_row_fn fn, void *ctx,
                                      dbk_err *err);

/* What each service of the directory offers, without reading its record; not those that were
 * withdrawn. Those in restricted spaces only if they are asked for: a look there takes a reason,
 * and nothing may count them without. Indexes what is still unindexed first. */
typedef dbk_rc (*dbk_offer_fn)(void *ctx, const dbk_id *record, const dbk_offer *offer,
                               dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_query_offers(dbk_book *book, bool with_restricted, dbk_offer_fn fn,
                                       void *ctx, dbk_err *err);

/* Every op on a record, in the order of (claimed time, dot). */
typedef struct dbk_event {
    dbk_dot dot;
    dbk_id device;
    dbk_hlc time;
    uint64_t receipt_ms; /* 0: no receipt yet */
    bool doubt;          /* claimed and received differ by more than a day, or claimed is later */
    bool after_end;      /* of a guest whose time was over by either of the two (LL-6) */
    dbk_carriage carriage;
    const dbk_op *op;
} dbk_event;
typedef dbk_rc (*dbk_event_fn)(void *ctx, const dbk_event *event, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_query_history(dbk_book *book, const dbk_id *record, dbk_event_fn fn,
                                        void *ctx, dbk_err *err);
/* How many of a record's ops dbk_query_history can't tell: they came with headquarters' snapshot
 * (snapshot.h). */
DBK_MUST_CHECK dbk_rc dbk_query_history_lacks(dbk_book *book, uint64_t *count, const dbk_id *record,
                                              dbk_err *err);
/* Who wrote a dot, and when the relay received it. */
typedef struct dbk_authorship {
    dbk_id device;
    uint64_t receipt_ms;
    bool hq;
} dbk_authorship;
DBK_MUST_CHECK dbk_rc dbk_query_author(dbk_book *book, dbk_authorship *out, const dbk_dot *dot,
                                       dbk_err *err);

/* Records that need a person, most severe and oldest first (asks, cautious, proposals, reviews).
 * The caller shows the siblings by dbk_query_note. */
DBK_MUST_CHECK dbk_rc dbk_query_conflicts(dbk_book *book, dbk_row_fn fn, void *ctx, dbk_err *err);

/* What has arrived where, per space. */
typedef struct dbk_space_status {
    dbk_id space;
    dbk_standing mine; /* over: what is there isn't counted, only what this device wrote */
    uint64_t records, ops, segments;
    uint64_t own_ops, own_receipted_ops; /* ops of this device; those the relay has signed for */
    uint64_t own_confirmed_ops;          /* those that headquarters holds */
    dbk_confirmed confirmed;
    uint64_t own_looks, own_unconfirmed_looks; /* of the ops without a receipt, and of those that
                                                  headquarters doesn't hold: log of use alone */
    uint64_t oldest_waiting_ms; /* claimed time of the oldest op without receipt; 0: none, or sealed
                                 for others */
    uint64_t pending;           /* segments kept but not openable yet */
    const char *pending_reason; /* or NULL */
    uint64_t undecided;         /* that stand aside until a supervisor decides */
    uint64_t aside;             /* all that stand aside: also refused and forged ones, and those of
                                   which a change counts for nothing (quarantine.h) */
    uint64_t attention;         /* records that need a person */
    uint64_t log_size;          /* of the relay's log, applied here */
    uint64_t absent_ops;        /* that a restored store's backup left out, to be fetched again */
    uint64_t lost_ops;          /* own ones that a restored relay lost and has not got again */
    bool log_refused; /* its restore does not fit what is held here: nothing goes in or out */
} dbk_space_status;
typedef dbk_rc (*dbk_space_fn)(void *ctx, const dbk_space_status *s, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_query_status(dbk_book *book, dbk_space_fn fn, void *ctx, dbk_err *err);
/* The same of what this device wrote: own_* and oldest_waiting_ms alone. What is there isn't
 * counted, which takes as long as there is much. */
DBK_MUST_CHECK dbk_rc dbk_query_status_own(dbk_book *book, dbk_space_fn fn, void *ctx,
                                           dbk_err *err);
/* When the relay received the newest that a device wrote into a space, as far as it is here; 0:
 * nothing of it is here. */
DBK_MUST_CHECK dbk_rc dbk_query_heard(dbk_book *book, uint64_t *receipt_ms, const dbk_id *device,
                                      const dbk_id *space, dbk_err *err);

/* When a device was last heard: of its newest change that the relay has signed for, in the spaces
 * that may be read here and aren't restricted. Devices that were shut out are left out, and so are
 * those that write nowhere. */
typedef struct dbk_heard {
    dbk_id device;
    uint64_t heard_ms; /* the relay's time; 0: never */
    bool silent;       /* not in the last 24 hours of this device's clock */
} dbk_heard;
typedef dbk_rc (*dbk_heard_fn)(void *ctx, const dbk_heard *heard, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_query_devices(dbk_book *book, dbk_heard_fn fn, void *ctx, dbk_err *err);

#endif
