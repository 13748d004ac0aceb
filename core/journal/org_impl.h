/* core/journal/org_impl.h - what the files of org share. org.c: entries that an admin makes.
 * org_invite.c: invites and requests. org_join.c: the joining side. */
#ifndef DBK_JOURNAL_ORG_IMPL_H
#define DBK_JOURNAL_ORG_IMPL_H

#include "core/journal/book_internal.h"
#include "core/journal/org.h"

/* An entry for the head that the book knows; DBK_DENIED without an admin key. */
DBK_MUST_CHECK dbk_rc dbk_org_next_entry(dbk_entry *e, const dbk_book *book, dbk_entry_kind kind,
                                         dbk_err *err);
/* 1 to 128 bytes of proper text. */
DBK_MUST_CHECK dbk_rc dbk_org_check_name(const char *name, const char *what, dbk_err *err);
/* An admin or root key, made unless there is one, and kept in meta. In a transaction. */
DBK_MUST_CHECK dbk_rc dbk_org_need_key(dbk_book *book, dbk_secret **key, const char *meta_name,
                                       dbk_err *err);

#endif
