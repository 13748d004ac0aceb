/* core/model/reference.h - which records a record refers to, in any value that stands.
 * Never:  forms. What loses a dispute, and what a form that this program doesn't know holds, refers
 *         as well as any: whoever asks wants to keep, not to show. */
#ifndef DBK_MODEL_REFERENCE_H
#define DBK_MODEL_REFERENCE_H

#include "core/model/state.h"

typedef void (*dbk_reference_fn)(void *ctx, const dbk_id *record);
/* In no order; one that is referred to twice is told twice. */
void dbk_references_each(const dbk_state *state, dbk_reference_fn fn, void *ctx);

#endif
