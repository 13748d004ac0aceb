#include "cli/nearest.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define WORD_BYTES_MAX 48u

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits that turn a into b: a byte more, a byte less, another byte, or two neighbours swapped.
 * Three rows of the table are enough. SIZE_MAX for words too long to be ours. */
static size_t edits(const char *a, const char *b)
{
    size_t rows[3][WORD_BYTES_MAX + 1];
    size_t a_len = strlen(a), b_len = strlen(b);
    if (a_len > WORD_BYTES_MAX || b_len > WORD_BYTES_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *now = rows[i % 3];
        const size_t *before = rows[(i - 1) % 3], *earlier = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t change = before[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            now[j] = least(change, least(before[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], earlier[j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

void cli_nearest_begin(cli_nearest *n, const char *typed)
{
    *n = (cli_nearest){ .typed = typed, .distance = 2 + strlen(typed) / 5 };
}

void cli_nearest_offer(cli_nearest *n, const char *known)
{
    size_t distance = edits(n->typed, known);
    /* A word of which every letter changed is another word. */
    if (distance < n->distance && distance < strlen(known)) {
        n->best = known;
        n->distance = distance;
    }
}

const char *cli_nearest_words(const cli_nearest *n)
{
    static char text[WORD_BYTES_MAX + 32];
    if (n->best == NULL)
        return "";
    (void)snprintf(text, sizeof(text), "; did you mean \"%s\"?", n->best);
    return text;
}
