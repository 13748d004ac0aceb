/* sync/engine/carrier.h - what a folder that carries notes holds, and what it lacks (pure).
 *   members/SEQ.entry           one entry of the membership chain
 *   SPACE/FEED-FIRST-LAST.seg   a push message (msg.h): consecutive segments of one feed
 *   SPACE/SIZE-ID.note          what the relay signed of the space's log (checkpoint.h), as it was
 *                               shown to whoever wrote the file: where views of two logs meet,
 *                               the two notes are the proof (M39)
 *   SPACE/SIZE-NAME.snap         a snapshot's manifest (core/crypto/snapshot.h), written last
 *   SPACE/SIZE-NAME-PART.part    DBK_CARRIER_CHUNKS of its sealed chunks: (length (u32) || chunk)*
 *   SPACE/SIZE-NAME-DEVICE.word  what a device confirmed of it
 * SPACE, FEED, NAME, DEVICE and ID are 32 lower-case hex digits, SEQ, FIRST, LAST and SIZE 16
 * decimal digits, PART 8, so names sort by number. A file never changes; packs may overlap, since a
 * segment that is held already is nothing. A folder signs nothing: its names only say what to read,
 * the seals decide. */
#ifndef DBK_ENGINE_CARRIER_H
#define DBK_ENGINE_CARRIER_H

#include "sync/engine/msg.h"

#define DBK_CARRIER_NAME_SIZE 96u
#define DBK_CARRIER_MEMBERS "members"
#define DBK_CARRIER_PACK_BYTES (1024u * 1024u) /* about; one file of a stick */

typedef struct dbk_pack {
    dbk_id feed;
    uint64_t first, last; /* seqs of ops, 1 <= first <= last */
} dbk_pack;
void dbk_pack_name(char out[DBK_CARRIER_NAME_SIZE], const dbk_pack *pack);
bool dbk_pack_parse(dbk_pack *out, dbk_span name); /* false: some other file */
void dbk_entry_name(char out[DBK_CARRIER_NAME_SIZE], uint64_t seq);
bool dbk_entry_parse(uint64_t *seq, dbk_span name);
/* By the log's size and the note's bytes. DBK_LIMIT: no log is so long. */
DBK_MUST_CHECK dbk_rc dbk_note_name(char out[DBK_CARRIER_NAME_SIZE], uint64_t size, dbk_span note,
                                    dbk_err *err);
bool dbk_note_name_is(dbk_span name); /* of this form, whatever the file holds */

/* The files of a snapshot: of a log of so many entries. */
#define DBK_CARRIER_CHUNKS 16u
typedef struct dbk_snap_files {
    uint64_t size;
    dbk_id name;
} dbk_snap_files;
void dbk_snap_name(char out[DBK_CARRIER_NAME_SIZE], const dbk_snap_files *f);
void dbk_snap_part_name(char out[DBK_CARRIER_NAME_SIZE], const dbk_snap_files *f, uint32_t part);
void dbk_snap_word_name(char out[DBK_CARRIER_NAME_SIZE], const dbk_snap_files *f,
                        const dbk_id *device);
bool dbk_snap_parse(dbk_snap_files *out, dbk_span name); /* a manifest's; false: another file */
bool dbk_snap_word_is(const dbk_snap_files *f, dbk_span name); /* anybody's word about it */

/* The next line of a listing: name ' ' size '\n'. DBK_NOT_FOUND: no more. DBK_FORMAT. */
DBK_MUST_CHECK dbk_rc dbk_listing_next(dbk_span *left, dbk_span *name, uint64_t *size,
                                       dbk_err *err);

/* One space of a folder: its packs by (feed, first, last). */
typedef struct dbk_shelf dbk_shelf;
DBK_MUST_CHECK dbk_rc dbk_shelf_new(dbk_shelf **out, dbk_span listing, dbk_err *err);
void dbk_shelf_free(dbk_shelf *s); /* NULL is nothing */
/* The seq up to which the folder holds this feed from its beginning without a gap. */
uint64_t dbk_shelf_reach(const dbk_shelf *s, const dbk_id *feed);
size_t dbk_shelf_packs(const dbk_shelf *s);
const dbk_pack *dbk_shelf_pack_at(const dbk_shelf *s, size_t i); /* borrowed */

/* How far the feeds of a space are held here: each by its last seq, from 1 without a gap. */
typedef struct dbk_vector dbk_vector;
DBK_MUST_CHECK dbk_rc dbk_vector_new(dbk_vector **out, dbk_err *err);
void dbk_vector_free(dbk_vector *v);
/* DBK_LIMIT: more than DBK_VECTOR_FEEDS_MAX feeds. */
#define DBK_VECTOR_FEEDS_MAX 65536u
DBK_MUST_CHECK dbk_rc dbk_vector_raise(dbk_vector *v, const dbk_id *feed, uint64_t last_seq,
                                       dbk_err *err);
uint64_t dbk_vector_last(const dbk_vector *v, const dbk_id *feed); /* 0: nothing of it */
size_t dbk_vector_feeds(const dbk_vector *v);
dbk_id dbk_vector_feed_at(const dbk_vector *v, size_t i); /* sorted */

#endif
