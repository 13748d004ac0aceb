/* tests/lib/forge.h - segments that no honest device would write, sealed and signed with the real
 * keys of a member (or of somebody who isn't one). Failures stop the test. */
#ifndef DBK_TESTS_LIB_FORGE_H
#define DBK_TESTS_LIB_FORGE_H

#include "core/crypto/hole.h"
#include "core/journal/book.h"
#include "core/model/op.h"

typedef struct forge {
    dbk_book *writer;      /* whose device signs; borrowed */
    const dbk_secret *key; /* epoch key; borrowed from its holder */
    dbk_id key_id;
    dbk_id space, incarnation, feed;
    dbk_hash members_seen;
    uint64_t next_seq;
    dbk_hash head;
    dbk_header h; /* the last segment */
    uint8_t header[DBK_SEGMENT_HEADER_BYTES];
    dbk_bytes body;
    dbk_sealed sealed;
} forge;
/* A feed of its own, besides the one that the writer's book has. holder: a book that has the
 * space's key. */
void forge_init(forge *f, dbk_book *writer, dbk_book *holder, const dbk_id *space);
void forge_wipe(forge *f);
/* The next segment of the feed, with these plaintexts. */
void forge_next(forge *f, const dbk_span *plain, size_t count);
/* h and body were changed: op root, length and signature are made to fit; the chain goes on. */
void forge_resign(forge *f);
dbk_span forge_header(const forge *f);
dbk_span forge_body(const forge *f);
const dbk_sealed *forge_sealed(forge *f); /* both; borrowed */

/* The n-th id of records of a form in the forge's space. */
dbk_id forge_record(const forge *f, const char *form, uint64_t n);
/* An op that sets `field` of a register group of its name to a text; appended to out. */
typedef struct forge_edit {
    dbk_id record;
    const char *form, *field, *text;
    dbk_hlc time;
    const dbk_dot *pred;
    size_t pred_count;
} forge_edit;
void forge_op(const forge *f, dbk_bytes *out, const forge_edit *edit);
/* forge_next of one such op. */
void forge_note(forge *f, const forge_edit *edit);

#endif
