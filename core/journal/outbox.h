/* core/journal/outbox.h - what this device has to send, and where it stands in each log. */
#ifndef DBK_JOURNAL_OUTBOX_H
#define DBK_JOURNAL_OUTBOX_H

#include "core/crypto/checkpoint.h"
#include "core/crypto/hole.h"
#include "core/journal/book.h"

typedef struct dbk_position {
    dbk_id space;
    dbk_id log;            /* incarnation; zero before the first contact */
    uint64_t size;         /* log entries applied here, from 0 */
    dbk_hash root;         /* of that many */
    dbk_id own_feed;       /* zero when nothing was ever written here */
    uint64_t own_last_seq; /* of the own feed that is to be pushed: the oldest that waits */
    uint64_t strays;       /* segments of others that are to be taken there: core/journal/stray.h */
    uint64_t own_receipted_seq; /* up to which the relay has signed, without a gap */
    uint64_t absent_from;       /* what the backup left out is to be fetched from this index on, */
    uint64_t absent_to;         /* to this one; 0: nothing is absent */
    bool lacks_note; /* of a log that a restored relay goes on with: it hasn't signed for it yet */
    bool push_only;  /* nothing is to be fetched: this device may not read there */
    bool ends;       /* its time there is over, or has an end, which the relay's clock decides */
    dbk_cosigned cosigned; /* what headquarters said last of what is applied here */
} dbk_position;
/* For every space in which this device is a member, or was and wrote what has no receipt yet;
 * sorted by id. */
DBK_MUST_CHECK dbk_rc dbk_outbox_positions(dbk_book *book, dbk_position **out, size_t *count,
                                           dbk_err *err); /* free with dbk_free() */

/* Before anything is handed out to whom says to hold the own feed that is to be pushed up to
 * held_seq: what hasn't left this device is sealed again under the space's current key, and packed
 * (core/journal/repack.h). */
typedef struct dbk_outbox_sealing {
    dbk_id space;
    uint64_t held_seq;
    bool
        late; /* by one who is out, it seems: not packed, for a supervisor decides each by itself */
} dbk_outbox_sealing;
DBK_MUST_CHECK dbk_rc dbk_outbox_seal(dbk_book *book, const dbk_outbox_sealing *what, dbk_err *err);
/* Segments of the own feed that is to be pushed (the oldest that waits) that follow after_seq, as
 * many as fit: calls fn with header and body in order until count_max or bytes_max. The server's
 * position is asked of the server (sync-lessons 2.1): after_seq is what the relay says it holds.
 * What was handed out counts as gone when this returns DBK_OK: that is on the disk then, and it
 * never changes again. */
typedef struct dbk_outbox_opts {
    dbk_id space;
    uint64_t after_seq;
    uint32_t count_max;
    uint32_t bytes_max;
} dbk_outbox_opts;
typedef dbk_rc (*dbk_segment_fn)(void *ctx, const dbk_sealed *segment, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_outbox_segments(dbk_book *book, const dbk_outbox_opts *opts,
                                          dbk_segment_fn fn, void *ctx, dbk_err *err);
/* The segments that position.strays counts, from the skip-th on, each feed's in order. */
typedef struct dbk_outbox_strays_opts {
    dbk_id space;
    uint64_t skip;
    uint32_t count_max;
    uint32_t bytes_max;
} dbk_outbox_strays_opts;
DBK_MUST_CHECK dbk_rc dbk_outbox_strays(dbk_book *book, const dbk_outbox_strays_opts *opts,
                                        dbk_segment_fn fn, void *ctx, dbk_err *err);
/* For carriers: one feed of a space, whoever wrote it. Of an own one all counts as gone before the
 * first is handed out. */
typedef struct dbk_outbox_feed {
    dbk_id space;
    dbk_id feed; /* zero: all of the space */
} dbk_outbox_feed;
DBK_MUST_CHECK dbk_rc dbk_outbox_carry(dbk_book *book, const dbk_outbox_feed *which,
                                       dbk_segment_fn fn, void *ctx, dbk_err *err);
/* Of all feeds of a space what is held, to look at: fn gets no body. */
DBK_MUST_CHECK dbk_rc dbk_outbox_held(dbk_book *book, const dbk_id *space, dbk_segment_fn fn,
                                      void *ctx, dbk_err *err);
/* What the relay signed last of a space's log, for carriers; *size entries. Empty: nothing yet.
 * Borrowed until the log grows here. */
dbk_span dbk_outbox_note(const dbk_book *book, uint64_t *size, const dbk_id *space);
/* The same, and of each log that the space had before: who was shown another one than others, and
 * can't take the one that the root let go on, has nothing else to show. */
typedef dbk_rc (*dbk_note_fn)(void *ctx, dbk_span note, uint64_t size, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_outbox_notes(dbk_book *book, const dbk_id *space, dbk_note_fn fn,
                                       void *ctx, dbk_err *err);
/* The membership chain's entries from seq `from`, for carriers. */
typedef dbk_rc (*dbk_entry_fn)(void *ctx, dbk_span entry, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_outbox_members(dbk_book *book, uint64_t from, dbk_entry_fn fn, void *ctx,
                                         dbk_err *err);

#endif
