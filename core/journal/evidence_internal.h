/* core/journal/evidence_internal.h - inside evidence: evidence.c keeps and shows it,
 * evidence_find.c finds it. */
#ifndef DBK_JOURNAL_EVIDENCE_INTERNAL_H
#define DBK_JOURNAL_EVIDENCE_INTERNAL_H

#include "core/journal/evidence.h"
#include "core/store/exhibits.h"

/* In the transaction that is open, or in one of its own. */
typedef dbk_rc (*evidence_step)(dbk_book *book, void *ctx, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_evidence_own(dbk_book *book, evidence_step step, void *ctx, dbk_err *err);
/* Found now. */
DBK_MUST_CHECK dbk_rc dbk_evidence_add(dbk_book *book, dbk_store_exhibit *row, dbk_err *err);

#endif
