#include "core/practice/wording.h"

/* The next character, in lower case as far as ASCII goes, with one space for many; 0: the end. */
static uint8_t next_char(dbk_span *text, bool *begun)
{
    bool space = false;
    while (text->len > 0 && (text->p[0] == ' ' || text->p[0] == '\n' || text->p[0] == '\t')) {
        *text = dbk_span_of(text->p + 1, text->len - 1);
        space = true;
    }
    if (text->len == 0)
        return 0;
    if (space && *begun)
        return ' ';
    uint8_t c = text->p[0];
    *text = dbk_span_of(text->p + 1, text->len - 1);
    *begun = true;
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

bool dbk_wording_same(dbk_span a, dbk_span b)
{
    bool a_begun = false, b_begun = false;
    for (;;) {
        uint8_t x = next_char(&a, &a_begun), y = next_char(&b, &b_begun);
        if (x != y)
            return false;
        if (x == 0)
            return true;
    }
}
