/* core/journal/anew.h - a record made anew from its ops, after some of them were taken away. */
#ifndef DBK_JOURNAL_ANEW_H
#define DBK_JOURNAL_ANEW_H

#include "core/journal/book_internal.h"

/* In a transaction. plain: scratch for one op. A record without ops is taken away whole. */
DBK_MUST_CHECK dbk_rc dbk_record_anew(dbk_book *book, dbk_rowid record, dbk_bytes *plain,
                                      dbk_err *err);

#endif
