#include "core/model/near.h"

#include <string.h>

#define NEAR_BYTES_MAX 64u
#define NEAR_NONE SIZE_MAX
#define PREFIX_MIN 3u /* "mort" is near mortuary_viewing, "m" is near nothing */

typedef struct near_word {
    char text[NEAR_BYTES_MAX];
    size_t len;
} near_word;

/* Lower case, with _ for what stands between words. len 0: too long to be a name. */
static near_word plain(const char *text, size_t len)
{
    near_word word = { .len = 0 };
    if (len > NEAR_BYTES_MAX)
        return word;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (c == ' ' || c == '-')
            c = '_';
        word.text[word.len++] = c;
    }
    return word;
}

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Edits that lead from a to b; two neighbours swapped are one edit: the commonest slip. */
static size_t distance(const near_word *a, const near_word *b)
{
    size_t rows[3][NEAR_BYTES_MAX + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    memset(rows, 0, sizeof(rows));
    for (size_t k = 0; k <= b->len; k++)
        last[k] = k;
    for (size_t i = 1; i <= a->len; i++) {
        now[0] = i;
        for (size_t k = 1; k <= b->len; k++) {
            size_t cost = a->text[i - 1] != b->text[k - 1];
            now[k] = min3(last[k] + 1, now[k - 1] + 1, last[k - 1] + cost);
            bool swapped = i > 1 && k > 1 && a->text[i - 1] == b->text[k - 2] &&
                           a->text[i - 2] == b->text[k - 1];
            if (swapped && before[k - 2] + 1 < now[k])
                now[k] = before[k - 2] + 1;
        }
        size_t *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[b->len];
}

dbk_near dbk_near_from(dbk_span typed)
{
    return (dbk_near){ typed, NULL, NEAR_NONE };
}

static void try_word(dbk_near *near, const near_word *typed, const char *name, const char *text)
{
    near_word word = plain(text, strlen(text));
    if (typed->len == 0 || word.len == 0)
        return;
    size_t far = distance(typed, &word);
    bool prefix = typed->len >= PREFIX_MIN && word.len >= typed->len &&
                  memcmp(word.text, typed->text, typed->len) == 0;
    if (prefix && far > 1)
        far = 1;
    /* A third of the letters may be wrong: more is another word. */
    size_t longer = typed->len > word.len ? typed->len : word.len;
    if (far * 3 <= longer && far < near->distance) {
        near->best = name;
        near->distance = far;
    }
}

void dbk_near_try(dbk_near *near, const char *name, const char *label)
{
    near_word typed = plain((const char *)near->typed.p, near->typed.len);
    try_word(near, &typed, name, name);
    if (label != NULL)
        try_word(near, &typed, name, label);
}
