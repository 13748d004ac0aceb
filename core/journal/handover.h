/* core/journal/handover.h - what a device hands to somebody outside of its organisation: a referral
 * that is sealed to its recipient, and the members' card by which the recipient knows the sender.
 * Knows:  this device's key and membership. Never: what may be told (core/practice), files. */
#ifndef DBK_JOURNAL_HANDOVER_H
#define DBK_JOURNAL_HANDOVER_H

#include "core/crypto/members_card.h"
#include "core/journal/book.h"
#include "core/seal/reply.h"
#include "core/seal/package.h"

/* Appends the file. package's organisation, device and time are filled in. DBK_DENIED: this device
 * is in no organisation, or may not send; else as dbk_package_seal. */
DBK_MUST_CHECK dbk_rc dbk_handover_seal(dbk_book *book, dbk_bytes *out, dbk_package *package,
                                        const dbk_recipient *to, dbk_err *err);
/* The whole chain that this book holds. DBK_DENIED: none. */
DBK_MUST_CHECK dbk_rc dbk_handover_card(dbk_book *book, dbk_bytes *out, dbk_err *err);
/* Of a value that was told, to see later whether it is the same: H("daybook/told/1", value). */
dbk_hash dbk_told_hash(dbk_span value);

#endif
