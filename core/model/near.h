/* core/model/near.h - near names: "Did you mean visit?". Pure.
 * A third of the letters may be wrong, or the rest missing: more is another word. */
#ifndef DBK_MODEL_NEAR_H
#define DBK_MODEL_NEAR_H

#include "core/base/bytes.h"

typedef struct dbk_near {
    dbk_span typed;
    const char *best; /* borrowed; NULL: nothing is near */
    size_t distance;
} dbk_near;
dbk_near dbk_near_from(dbk_span typed);
/* Considers a name by its own letters, and by those of its label (or NULL). */
void dbk_near_try(dbk_near *near, const char *name, const char *label);

#endif
