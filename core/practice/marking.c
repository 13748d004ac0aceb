#include "core/practice/marking.h"

#include <string.h>

#include "core/practice/reading.h"

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '*' || c == '[' || c == ']' || c == '(' ||
           c == ')';
}

static dbk_span trimmed(dbk_span line)
{
    while (line.len > 0 && is_blank(line.p[0]))
        line = dbk_span_of(line.p + 1, line.len - 1);
    while (line.len > 0 && is_blank(line.p[line.len - 1]))
        line.len--;
    return line;
}

/* The marking alone, or with what is written behind one: caveats after a slash, dash or colon. */
static bool is_marking(dbk_span line)
{
    static const char *const markings[] = { "SECRET", "TOP SECRET", "UK SECRET", "UK TOP SECRET" };
    line = trimmed(line);
    for (size_t i = 0; i < sizeof(markings) / sizeof(markings[0]); i++) {
        size_t len = strlen(markings[i]);
        if (line.len < len || !dbk_span_equal(dbk_span_of(line.p, len), dbk_span_str(markings[i])))
            continue;
        dbk_span rest = trimmed(dbk_span_of(line.p + len, line.len - len));
        if (rest.len == 0 || rest.p[0] == '/' || rest.p[0] == '-' || rest.p[0] == ':')
            return true;
    }
    return false;
}

bool dbk_marking_is_secret(dbk_span text)
{
    size_t start = 0;
    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && text.p[i] != '\n')
            continue;
        if (is_marking(dbk_span_of(text.p + start, i - start)))
            return true;
        start = i + 1;
    }
    return false;
}

/* A text, or one of a list of texts. */
static bool holds_secret(dbk_span value)
{
    dbk_elements e = dbk_elements_of(value);
    dbk_span one;
    while (dbk_elements_next(&e, &one)) {
        dbk_span text = dbk_cbor_text_of(one);
        if (text.len > 0 && dbk_marking_is_secret(text))
            return true;
    }
    return false;
}

dbk_rc dbk_marking_judge(dbk_problems *problems, const dbk_intent *proposed, dbk_err *err)
{
    const dbk_field *fields;
    size_t count = dbk_form_fields(proposed->form, &fields);
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < count; i++) {
        const dbk_field *f = &fields[i];
        bool texts = f->kind == DBK_FIELD_TEXT || f->kind == DBK_FIELD_LONGTEXT ||
                     (f->kind == DBK_FIELD_LIST && f->fields_count == 0);
        if (texts && holds_secret(proposed->value(proposed->ctx, f->name)) &&
            !holds_secret(proposed->before(proposed->ctx, f->name)))
            rc = dbk_problems_add(problems, DBK_PROBLEM, f->name, err,
                                  "%s: it is marked SECRET or above, which must not be kept here.",
                                  f->label);
    }
    return rc;
}
