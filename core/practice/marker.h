/* core/practice/marker.h - what has to be known of a person before anything is done: markers, and
 * restricted ones, which say only whom to ring (domain.md 3.9).
 * Knows:  the forms marker and restricted_marker, in the spaces that this device holds.
 * Never:  anything of a space that it doesn't hold: a restricted marker is an ordinary record of an
 *         ordinary space, written by a person, with no link to what stands behind it. */
#ifndef DBK_PRACTICE_MARKER_H
#define DBK_PRACTICE_MARKER_H

#include "core/journal/query.h"

typedef struct dbk_marker {
    dbk_id record;
    bool restricted;    /* then only whom to ring counts */
    const char *kind;   /* code; "" if restricted or blank */
    const char *label;  /* of the kind, for people */
    const char *reason; /* "" if restricted or blank */
    const char *ask;    /* the number to ring; "" unless restricted */
} dbk_marker;
typedef dbk_rc (*dbk_marker_fn)(void *ctx, const dbk_marker *m, dbk_err *err);
/* Those that stand on a record now, the restricted first: live, and not cancelled, and not past
 * their day. Borrowed for the callback only. now_ms: for the day on which one expires. */
DBK_MUST_CHECK dbk_rc dbk_markers_of(dbk_book *book, const dbk_id *subject, int64_t now_ms,
                                     dbk_marker_fn fn, void *ctx, dbk_err *err);

#endif
