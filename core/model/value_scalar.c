/* One value from its text: the row of checks of each kind that is no list and no object. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/id.h"
#include "core/base/text.h"
#include "core/model/value_impl.h"

#define ANSWERS_SHOWN_MAX 15u /* a longer list is looked up with `form show` */
#define PHONE_DIGITS_MIN 5u

static void say(value_in *v, dbk_severity severity, const char *fmt, va_list args)
{
    char text[512];
    if (v->rc != DBK_OK && v->rc != DBK_INVALID)
        return;
    (void)vsnprintf(text, sizeof(text), fmt, args);
    dbk_rc rc = dbk_problems_add(v->problems, severity, v->path, v->err, "%s: %s", v->label, text);
    if (rc != DBK_OK)
        v->rc = rc;
    else if (severity == DBK_PROBLEM)
        v->rc = DBK_INVALID;
}

void dbk_value_fault(value_in *v, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say(v, DBK_PROBLEM, fmt, args);
    va_end(args);
}

void dbk_value_warn(value_in *v, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say(v, DBK_WARNING, fmt, args);
    va_end(args);
}

value_shown dbk_value_show(dbk_span typed)
{
    value_shown shown = { "" };
    size_t len = typed.len;
    if (!dbk_utf8_valid(typed))
        return shown;
    if (len > VALUE_SHOWN_MAX) {
        len = VALUE_SHOWN_MAX;
        while (len > 0 && (typed.p[len] & 0xc0) == 0x80)
            len--;
    }
    (void)snprintf(shown.text, sizeof(shown.text), "\"%.*s\"%s", (int)len, (const char *)typed.p,
                   len < typed.len ? "..." : "");
    return shown;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

dbk_span dbk_value_trim(dbk_span text)
{
    while (text.len > 0 && is_space(text.p[0])) {
        text.p++;
        text.len--;
    }
    while (text.len > 0 && is_space(text.p[text.len - 1]))
        text.len--;
    return text;
}

/* ---- texts ----------------------------------------------------------------------------------- */

/* UTF-8, not empty, no control characters (lines: but new lines and tabs), not too long. */
static bool text_is_fit(value_in *v, dbk_span text, size_t len_max, bool lines)
{
    size_t at = 0;
    if (!dbk_utf8_valid(text)) {
        dbk_value_fault(v, "this is not readable text (it must be UTF-8).");
        return false;
    }
    while (at < text.len && (text.p[at] >= 0x20 || (lines && is_space(text.p[at]))) &&
           text.p[at] != 0x7f)
        at++;
    if (at < text.len && !lines && is_space(text.p[at]))
        dbk_value_fault(v, "this must be on one line.");
    else if (at < text.len)
        dbk_value_fault(v, "there is a control character at character %zu. Take it out.",
                        dbk_utf8_count(dbk_span_of(text.p, at)) + 1);
    size_t count = dbk_utf8_count(text);
    if (count > len_max)
        dbk_value_fault(v, "this has %zu characters; the most is %zu.", count, len_max);
    return at == text.len && count <= len_max;
}

/* The same words must be the same bytes wherever they were typed: a new line is one byte. */
static void put_with_unix_lines(value_in *v, dbk_span text)
{
    dbk_bytes copy = DBK_BYTES_INIT(text.len);
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < text.len && rc == DBK_OK; i++) {
        bool pair = text.p[i] == '\r' && i + 1 < text.len && text.p[i + 1] == '\n';
        if (!pair)
            rc = dbk_bytes_append_u8(&copy, text.p[i] == '\r' ? '\n' : text.p[i], v->err);
    }
    if (rc == DBK_OK)
        dbk_cbor_put_text(&v->out, dbk_bytes_span(&copy));
    else
        v->rc = rc;
    dbk_bytes_wipe(&copy);
}

void dbk_value_put_lines(value_in *v, dbk_span text, size_t len_max)
{
    if (!text_is_fit(v, text, len_max, true))
        return;
    if (text.len > 0 && memchr(text.p, '\r', text.len) != NULL)
        put_with_unix_lines(v, text);
    else
        dbk_cbor_put_text(&v->out, text);
}

static void put_line(value_in *v, const dbk_field *field, dbk_span text)
{
    if (text_is_fit(v, text, field->len_max, false))
        dbk_cbor_put_text(&v->out, text);
}

static void put_phone(value_in *v, const dbk_field *field, dbk_span text)
{
    size_t digits = 0, odd = 0;
    for (size_t i = 0; i < text.len; i++) {
        digits += text.p[i] >= '0' && text.p[i] <= '9';
        odd += text.p[i] == 0 || strchr("0123456789 +()-.", text.p[i]) == NULL;
    }
    if (odd > 0 || digits < PHONE_DIGITS_MIN)
        dbk_value_warn(v, "%s doesn't look like a phone number. It was kept as it stands.",
                       dbk_value_show(text).text);
    put_line(v, field, text);
}

static void put_email(value_in *v, const dbk_field *field, dbk_span text)
{
    const uint8_t *at = text.len > 0 ? memchr(text.p, '@', text.len) : NULL;
    size_t before = at != NULL ? (size_t)(at - text.p) : 0;
    size_t after = at != NULL ? text.len - before - 1 : 0;
    bool spaced = text.len > 0 && memchr(text.p, ' ', text.len) != NULL;
    bool twice = after > 0 && memchr(at + 1, '@', after) != NULL;
    if (before == 0 || after == 0 || spaced || twice)
        dbk_value_fault(v, "%s is not an email address. It looks like name@example.org.",
                        dbk_value_show(text).text);
    else
        put_line(v, field, text);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void say_unknown_code(value_in *v, const dbk_field *field, dbk_span text)
{
    dbk_near near = dbk_near_from(text);
    char list[400] = "";
    size_t len = 0;
    for (size_t i = 0; i < field->codes_count; i++)
        dbk_near_try(&near, field->codes[i].name, field->codes[i].label);
    value_shown shown = dbk_value_show(text);
    if (near.best != NULL) {
        dbk_value_fault(v, "%s is not one of the answers. Did you mean %s?", shown.text, near.best);
        return;
    }
    for (size_t i = 0; i < field->codes_count && field->codes_count <= ANSWERS_SHOWN_MAX; i++) {
        int n = snprintf(list + len, sizeof(list) - len, "%s%s", i > 0 ? ", " : "",
                         field->codes[i].name);
        len += n > 0 ? (size_t)n : 0;
        if (len >= sizeof(list))
            break;
    }
    if (len > 0 && len < sizeof(list))
        dbk_value_fault(v, "%s is not one of the answers: %s.", shown.text, list);
    else
        dbk_value_fault(v, "%s is not one of the answers.", shown.text);
}

static void put_code(value_in *v, const dbk_field *field, dbk_span text)
{
    for (size_t i = 0; i < field->codes_count; i++) {
        if (dbk_span_equal(dbk_span_str(field->codes[i].name), text)) {
            dbk_cbor_put_text(&v->out, text);
            return;
        }
    }
    say_unknown_code(v, field, text);
}

static void put_bool3(value_in *v, const dbk_field *field, dbk_span text)
{
    if (dbk_span_equal(text, dbk_span_str("yes")))
        dbk_cbor_put_simple(&v->out, DBK_CBOR_TRUE);
    else if (dbk_span_equal(text, dbk_span_str("no")))
        dbk_cbor_put_simple(&v->out, DBK_CBOR_FALSE);
    else
        dbk_value_fault(v, "answer yes, no or not_known.");
    (void)field;
}

/* ---- numbers, times, references -------------------------------------------------------------- */

static void put_number(value_in *v, const dbk_field *field, dbk_span text)
{
    uint64_t size = 0;
    bool minus = text.len > 0 && text.p[0] == '-';
    dbk_span digits = minus ? dbk_span_of(text.p + 1, text.len - 1) : text;
    if (dbk_u64_parse(&size, digits, NULL) != DBK_OK || size > INT64_MAX) {
        dbk_value_fault(v, "%s is not a whole number.", dbk_value_show(text).text);
        return;
    }
    int64_t n = minus ? -(int64_t)size : (int64_t)size;
    if (n < field->min || n > field->max)
        dbk_value_fault(v, "the number must be from %lld to %lld.", (long long)field->min,
                        (long long)field->max);
    else
        dbk_cbor_put_int(&v->out, n);
}

static void put_date(value_in *v, const dbk_field *field, dbk_span text)
{
    (void)field;
    if (!dbk_date_valid(text))
        dbk_value_fault(v, "%s is not a date. It looks like 2026-11-24.",
                        dbk_value_show(text).text);
    else
        dbk_cbor_put_text(&v->out, text);
}

/* One moment in one offset has one text: a 'T', seconds, a capital 'Z'. */
static void put_datetime(value_in *v, const dbk_field *field, dbk_span text)
{
    char whole[64];
    int64_t ms;
    (void)field;
    if (dbk_time_parse(&ms, text, NULL) != DBK_OK) {
        dbk_value_fault(v,
                        "%s is not a time. It looks like 2026-11-24T14:30:00+00:00, "
                        "with the offset at the end.",
                        dbk_value_show(text).text);
        return;
    }
    /* It has been parsed: "YYYY-MM-DDThh:mm", perhaps ":ss", then the rest. */
    DBK_ASSERT(text.len >= 17);
    DBK_ASSERT(text.len <= 40);
    bool seconds = text.p[16] == ':';
    (void)snprintf(whole, sizeof(whole), "%.10sT%.5s%s%.*s", (const char *)text.p,
                   (const char *)text.p + 11, seconds ? "" : ":00", (int)(text.len - 16),
                   (const char *)text.p + 16);
    size_t len = strlen(whole);
    if (whole[len - 1] == 'z')
        whole[len - 1] = 'Z';
    dbk_cbor_put_str(&v->out, whole);
}

static void put_ref(value_in *v, const dbk_field *field, dbk_span text)
{
    char id_text[DBK_ID_UUID_SIZE] = "";
    dbk_id id = { { 0 } };
    bool ok = text.len > 0 && text.len < sizeof(id_text);
    (void)field;
    if (ok) {
        memcpy(id_text, text.p, text.len);
        id_text[text.len] = '\0';
        ok = strlen(id_text) == text.len && dbk_id_parse(&id, id_text, NULL) == DBK_OK &&
             !dbk_id_is_zero(&id);
    }
    if (!ok) {
        dbk_value_fault(v, "%s is not a record's id.", dbk_value_show(text).text);
        return;
    }
    dbk_cbor_put_tag(&v->out, DBK_CBOR_TAG_UUID);
    dbk_cbor_put_bytes(&v->out, id.b, DBK_ID_BYTES);
}

static void put_lines(value_in *v, const dbk_field *field, dbk_span text)
{
    dbk_value_put_lines(v, text, field->len_max);
}

/* Arrays and objects have no row: value_in.c takes them apart first. */
static void (*const rows[DBK_FIELD_KINDS])(value_in *v, const dbk_field *field, dbk_span text) = {
    [DBK_FIELD_TEXT] = put_line,         [DBK_FIELD_LONGTEXT] = put_lines,
    [DBK_FIELD_CODE] = put_code,         [DBK_FIELD_CODES] = put_code,
    [DBK_FIELD_BOOL3] = put_bool3,       [DBK_FIELD_DATE] = put_date,
    [DBK_FIELD_DATETIME] = put_datetime, [DBK_FIELD_NUMBER] = put_number,
    [DBK_FIELD_REF] = put_ref,           [DBK_FIELD_REFS] = put_ref,
    [DBK_FIELD_PHONE] = put_phone,       [DBK_FIELD_EMAIL] = put_email,
    [DBK_FIELD_ADDRESS] = put_lines,     [DBK_FIELD_LIST] = put_lines,
};

void dbk_value_put_scalar(value_in *v, const dbk_field *field, dbk_span text)
{
    dbk_span trimmed = dbk_value_trim(text);
    if (trimmed.len == 0) {
        dbk_value_fault(v, "this is empty. Leave it out, or answer not_known.");
        return;
    }
    if (dbk_span_equal(trimmed, dbk_span_str("not_known"))) {
        dbk_cbor_put_simple(&v->out, DBK_CBOR_NULL);
        return;
    }
    DBK_ASSERT(rows[field->kind] != NULL);
    /* The family's own words stay as they were typed, with their spaces. */
    bool lines = field->kind == DBK_FIELD_LONGTEXT || field->kind == DBK_FIELD_LIST;
    rows[field->kind](v, field, lines ? text : trimmed);
}
