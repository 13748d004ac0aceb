/* core/practice/dispose.h - disposal, from headquarters' decision to the word of each device that
 * it is done (domain.md 2.5, decision 0031).
 * Knows:  what an order takes: the cases and persons that were decided on, and each record of their
 *         space that refers to one of them and to no other case or person; reviews stay, as the
 *         record of the decision. What is against it, by what this device holds: a hold, or
 *         anything that came since.
 * Never:  wording, the chain's rules, the network. Nothing is erased that nobody decided on.
 * Proposing, agreeing and carrying out each judge anew, by all that is held where they happen. */
#ifndef DBK_PRACTICE_DISPOSE_H
#define DBK_PRACTICE_DISPOSE_H

#include "core/journal/disposal.h"
#include "core/journal/org.h"
#include "core/journal/proposal.h"
#include "core/practice/retention.h"

#define DBK_DISPOSE_SUBJECTS_MAX 256u

/* What an order of these subjects is. Owned: wipe it. */
typedef struct dbk_disposing {
    dbk_id space;
    dbk_id *subjects, *records; /* ascending; the subjects are among the records */
    size_t subjects_count, records_count;
    size_t shared; /* records that stay: they also tell of a case or person that does */
    dbk_dot *dots;
    size_t dots_count;
    dbk_hash review; /* of the decisions, and of all that they were made on */
    dbk_id *silent;  /* devices that haven't confirmed what came up to the newest decision */
    size_t silent_count;
} dbk_disposing;
void dbk_disposing_wipe(dbk_disposing *d);

/* DBK_CONFLICT: one isn't to be disposed of, or they lie in several spaces. DBK_INVALID: neither
 * case nor person. DBK_PENDING, DBK_LIMIT: dbk_disposal_ops. That devices are silent is for the
 * caller to refuse. */
DBK_MUST_CHECK dbk_rc dbk_disposing_plan(dbk_disposing *out, dbk_book *book, const dbk_id *subjects,
                                         size_t count, int64_t now_ms, dbk_err *err);
/* Whoever is to sign an order besides plans it anew from what it names. *out: as found here.
 * DBK_CONFLICT: it isn't what stands decided here, or somebody is silent who hasn't signed it. */
DBK_MUST_CHECK dbk_rc dbk_disposing_check(dbk_disposing *out, dbk_book *book,
                                          const dbk_proposal *proposal, int64_t now_ms,
                                          dbk_err *err);

/* What came of an order on this device. As a word in its log of use. */
#define DBK_DISPOSE_OUTCOME_TABLE(X) \
    X(DONE, "disposed of")           \
    X(HELD, "kept: a hold stands")   \
    X(CHANGED, "kept: something came since it was decided")
#define DBK_DISPOSE_OUTCOME_ENUM(name, text) DBK_DISPOSE_##name,
typedef enum dbk_dispose_outcome {
    DBK_DISPOSE_OUTCOME_TABLE(DBK_DISPOSE_OUTCOME_ENUM) DBK_DISPOSE_OUTCOMES
} dbk_dispose_outcome;
#undef DBK_DISPOSE_OUTCOME_ENUM
const char *dbk_dispose_outcome_name(dbk_dispose_outcome outcome);

typedef struct dbk_disposed {
    dbk_id order, space;
    dbk_dispose_outcome outcome;
    uint64_t ops; /* that were erased just now */
} dbk_disposed;
typedef dbk_rc (*dbk_disposed_fn)(void *ctx, const dbk_disposed *done, dbk_err *err);
/* Carries out what the chain orders and nothing here is against; what is kept is looked at again
 * when its space has changed. After an exchange, when all of the log is here. Each outcome is
 * written into the log of use of its space, without a record's id, where this device writes: that
 * is its word to headquarters. fn is called for each that was judged. */
DBK_MUST_CHECK dbk_rc dbk_dispose_carry_out(dbk_book *book, int64_t now_ms, dbk_disposed_fn fn,
                                            void *ctx, dbk_err *err);

/* What each device of the order's space has said, by the log of use. */
typedef struct dbk_dispose_word {
    dbk_id device;
    bool said;
    dbk_dispose_outcome outcome;
    int64_t at_ms; /* claimed */
} dbk_dispose_word;
/* One row for each device that reads the space and isn't revoked; free with dbk_free(). */
DBK_MUST_CHECK dbk_rc dbk_dispose_words(dbk_dispose_word **out, size_t *count, dbk_book *book,
                                        const dbk_disposal *order, dbk_err *err);

#endif
