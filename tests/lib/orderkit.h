/* tests/lib/orderkit.h - a relay with two administrators and segments of two members, of which ops
 * are ordered erased; and what is left of them, as members get it and in the store's files. Fails
 * the test itself. */
#ifndef DBK_TESTS_LIB_ORDERKIT_H
#define DBK_TESTS_LIB_ORDERKIT_H

#include "tests/lib/relaykit.h"

#define ORDERKIT_SEGMENTS 8u
#define ORDERKIT_OPS 3u /* of each segment */

typedef struct orderkit {
    relaykit kit;
    relaykit_device officer, partner, second; /* second: the other administrator */
    dbk_id space;
    relaykit_feed feed, partners;
    relaykit_segment s[ORDERKIT_SEGMENTS];
    dbk_push_result results[ORDERKIT_SEGMENTS]; /* as it was pushed */
    uint64_t ms[ORDERKIT_SEGMENTS];
    relaykit_pushed p;
    dbk_bytes entry;
    char note[DBK_CHECKPOINT_BYTES_MAX]; /* of the last push */
} orderkit;

/* For cmocka: the organisation, and the segments, none of them pushed yet. The second checks the
 * log deeply. */
int orderkit_setup(void **state);
int orderkit_teardown(void **state);

/* Ops of one segment that are to be erased: bit i for op i. */
typedef struct orderkit_part {
    size_t segment;
    uint64_t ops;
} orderkit_part;

/* Pushes s[from..to) and compares the statuses, one digit each. */
void orderkit_push(orderkit *f, size_t from, size_t to, const char *want);
/* An order, by the admin and perhaps a second one; in f->entry. */
dbk_span orderkit_order_of(orderkit *f, const orderkit_part *parts, size_t count,
                           const relaykit_device *second);
/* The same by both, and taken. */
void orderkit_dispose(orderkit *f, const orderkit_part *parts, size_t count);

/* The log as a member gets it, checked: its headers, bodies, receipt times, root. What is erased of
 * segment i is holes[i]. How many there are. */
size_t orderkit_fetch(orderkit *f, uint64_t holes[ORDERKIT_SEGMENTS]);
/* Just these are erased; and the deep check finds nothing. */
void orderkit_expect(orderkit *f, const orderkit_part *parts, size_t count);
/* Does a piece of what was sealed stand anywhere in the store: in the file's pages, used or free;
 * in a database's rows? Of a segment whose body is whole in f->s. */
bool orderkit_store_holds(const orderkit *f, size_t segment, size_t op);
/* The same of a file that is sealed under this key. */
bool orderkit_pages_hold(const char *path, const dbk_secret *raw_key, dbk_span mark);
/* Nothing of what was replaced waits to be overwritten some day. */
void orderkit_expect_nothing_left_over(const orderkit *f);

#endif
