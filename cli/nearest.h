/* cli/nearest.h - "did you mean": the known word that a mistyped one is closest to. Pure. */
#ifndef DBK_CLI_NEAREST_H
#define DBK_CLI_NEAREST_H

#include <stddef.h>

/* Offer each known word; best stays NULL when none is close enough to be a slip of the finger. */
typedef struct cli_nearest {
    const char *typed;
    const char *best; /* borrowed from the offers */
    size_t distance;
} cli_nearest;

void cli_nearest_begin(cli_nearest *n, const char *typed);
void cli_nearest_offer(cli_nearest *n, const char *known);
/* "; did you mean WORD?" or "". In one buffer: valid until the next call. */
const char *cli_nearest_words(const cli_nearest *n);

#endif
