/* core/journal/record_id.h - which form a record is of, and in which space, stands in its id for
 * ever (decision 0033; docs/format/op.md "Record ids"). So no op, whoever writes it and whatever
 * version it claims, can make another form of a record: an op fits the record's id, or it counts
 * for nothing.
 *
 *   offset size
 *        0   11  v7: milliseconds (48 bits), version, 12 random bits, variant, 22 random bits
 *                v8: a hash of what the id is made of, with version and variant in their places
 *       11    5  tag: of a hash of label, space, the 11 bytes, and the form's name
 *
 * A tag has 40 bits: an id that fits a form fits one of a hundred others by chance once in ten
 * thousand million. Who makes an id can look for one that fits two forms, and who has the time can
 * look for a name that fits an id: decision 0033 says what then, and who is told. */
#ifndef DBK_JOURNAL_RECORD_ID_H
#define DBK_JOURNAL_RECORD_ID_H

#include "core/base/bytes.h"
#include "core/base/id.h"

#define DBK_RECORD_ID_TAG_BYTES 5u
#define DBK_RECORD_ID_HEAD_BYTES (DBK_ID_BYTES - DBK_RECORD_ID_TAG_BYTES)
#define DBK_RECORD_ID_RANDOM_BYTES 5u

/* UUIDv7. Later times sort later. */
dbk_id dbk_record_id_new(const dbk_id *space, const char *form, uint64_t unix_ms,
                         const uint8_t random[DBK_RECORD_ID_RANDOM_BYTES]);
/* UUIDv8: always the same for the same hash, which says what the record is about. */
dbk_id dbk_record_id_of(const dbk_id *space, const char *form, const dbk_id *hash);
/* For a record that others call by this id, which fits no such record: always the same for it. */
dbk_id dbk_record_id_given(const dbk_id *space, const char *form, const dbk_id *given);
/* Is it an id of a record of this form in this space? An id that others gave a service (a UUID of
 * another version than 7 and 8: docs/format/hsds.md) is a service's and nothing else's. Zero is
 * nobody's. */
bool dbk_record_id_fits(const dbk_id *id, const dbk_id *space, dbk_span form);

#endif
