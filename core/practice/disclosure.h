/* core/practice/disclosure.h - what a referral tells its recipient: the fields that consent covers,
 * and always how the person may be reached. And what it told before, to find what has changed
 * since. Knows:  forms referral, person, case, service; the rules of referrals and of safe contact.
 * Never:  sealing, writing, files.
 * A value is told as it is shown here. Of phones, addresses and accounts only those are told that
 * somebody called safe, and nobody anything else. */
#ifndef DBK_PRACTICE_DISCLOSURE_H
#define DBK_PRACTICE_DISCLOSURE_H

#include "core/journal/handover.h"
#include "core/practice/referral.h"

#define DBK_TOLD_BYTES_MAX 8000u

typedef struct dbk_disclosure {
    dbk_id referral, person, service;
    dbk_recipient to;
    bool has_key;     /* headquarters has written a key of this service: `to` */
    bool person_read; /* their record is held and can be read here */
    bool routes;      /* phones, addresses or accounts are among the fields */
    bool withdrawn;   /* consent is refused now: nothing is told but that */
    dbk_span safe;
    dbk_package_field fields[DBK_PACKAGE_FIELDS_MAX];
    size_t fields_count;
    dbk_bytes text; /* what all the spans are borrowed from */
} dbk_disclosure;
/* What would be told now; each thing that forbids it is added to problems. correction: of one that
 * was sent; its way isn't judged again, and a consent that was withdrawn is told. It is large, and
 * isn't to be copied; wipe it, whatever comes back. DBK_INVALID: no referral. */
typedef enum dbk_telling { DBK_TELL_FIRST, DBK_TELL_CORRECTION } dbk_telling;
DBK_MUST_CHECK dbk_rc dbk_disclosure_make(dbk_disclosure *out, dbk_book *book,
                                          const dbk_note *referral, dbk_telling telling,
                                          dbk_problems *problems, dbk_err *err);
void dbk_disclosure_wipe(dbk_disclosure *d);

/* A line for each thing told: its name, a space, 16 hex digits of its value's hash. The record
 * keeps that, not the values: they change, and are disposed of, in their own records. */
DBK_MUST_CHECK dbk_rc dbk_disclosure_told(dbk_bytes *out, const dbk_disclosure *d, dbk_err *err);
/* Names of what was told so and isn't any more, each with a newline. Appends. */
DBK_MUST_CHECK dbk_rc dbk_disclosure_changed(dbk_bytes *names, const dbk_disclosure *now,
                                             dbk_span told, dbk_err *err);

/* The packages that a referral's record says were sent. Borrowed from the reading's scratch. */
typedef struct dbk_sent {
    bool any;
    uint64_t number;
    dbk_hash hash;
    dbk_span at, key, told;
} dbk_sent;
/* The newest; or, with hash, that one: any is false if there is none. */
DBK_MUST_CHECK dbk_rc dbk_sent_find(dbk_sent *out, dbk_reading *referral, const dbk_hash *hash,
                                    dbk_err *err);

/* Does the state go forward from one to the other? A rejected one stays so until a person decides.
 */
bool dbk_referral_moves(dbk_span from, const char *to);

#endif
