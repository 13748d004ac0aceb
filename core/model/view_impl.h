/* core/model/view_impl.h - what view.c and view_field.c share. Not for others. */
#ifndef DBK_MODEL_VIEW_IMPL_H
#define DBK_MODEL_VIEW_IMPL_H

#include "core/model/view.h"

/* Milliseconds by which values are ordered: min(claimed, receipt); claimed while there is no
 * receipt. A clock that runs ahead can't win for longer than it takes to get a receipt. */
uint64_t dbk_view_time(const dbk_sibling *v, const dbk_view_opts *opts);

#endif
