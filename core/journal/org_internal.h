/* core/journal/org_internal.h - inside an admin's side of membership. Not for others.
 * org.c: organisation, spaces, grants. org_leave.c: who leaves, and the keys after that.
 * org_rules.c: policy, bars.
 * org_recover.c: the root's word about a restored relay.
 * org_invite.c: invites and their approval. org_join.c: the joining side. */
#ifndef DBK_JOURNAL_ORG_INTERNAL_H
#define DBK_JOURNAL_ORG_INTERNAL_H

#include "core/journal/book_internal.h"
#include "core/journal/org.h"

#define DBK_ORG_NAME_BYTES_MAX 128u
#define DBK_ORG_REQUEST_NAME "org.request" /* the joining side's sealed request, in meta */

/* DBK_INVALID: blank, too long, not UTF-8, or with control characters. */
DBK_MUST_CHECK dbk_rc dbk_org_check_name(const char *name, dbk_err *err);
/* A role that can be given: a guest's time needs an end, and no end lies in the past. */
DBK_MUST_CHECK dbk_rc dbk_org_check_role(const dbk_book *book, dbk_role role, uint64_t until_ms,
                                         dbk_err *err);
/* DBK_DENIED unless this device may sign the chain. */
DBK_MUST_CHECK dbk_rc dbk_org_check_admin(const dbk_book *book, dbk_err *err);
/* The current key of the roster space or of another one; DBK_DENIED: not held here. */
DBK_MUST_CHECK dbk_rc dbk_org_key(const dbk_book *book, const dbk_secret **key, dbk_key_entry *at,
                                  const dbk_id *space, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_org_wrap(const dbk_book *book, dbk_wrapped *out, const dbk_secret *key,
                                   const dbk_key_entry *at, const dbk_member *member, dbk_err *err);
/* Fills org, seq, prev and time for the head that is known here, and signs with the admin key; with
 * the root's too where two are needed, no second person is left to ask, and it is held here. */
DBK_MUST_CHECK dbk_rc dbk_org_sign(const dbk_book *book, dbk_bytes *out, dbk_entry *e,
                                   dbk_err *err);

#endif
