#include "core/base/text.h"

#include <stdio.h>
#include <string.h>

/* Reads one code point; 0 bytes used means malformed. RFC 3629 section 4's table. */
static size_t utf8_step(uint32_t *cp, dbk_span in)
{
    static const struct {
        uint8_t lead_min, lead_max, second_min, second_max;
        size_t len;
        uint8_t mask;
    } rows[] = {
        { 0x01, 0x7f, 0x00, 0x00, 1, 0x7f }, { 0xc2, 0xdf, 0x80, 0xbf, 2, 0x1f },
        { 0xe0, 0xe0, 0xa0, 0xbf, 3, 0x0f }, { 0xe1, 0xec, 0x80, 0xbf, 3, 0x0f },
        { 0xed, 0xed, 0x80, 0x9f, 3, 0x0f }, { 0xee, 0xef, 0x80, 0xbf, 3, 0x0f },
        { 0xf0, 0xf0, 0x90, 0xbf, 4, 0x07 }, { 0xf1, 0xf3, 0x80, 0xbf, 4, 0x07 },
        { 0xf4, 0xf4, 0x80, 0x8f, 4, 0x07 },
    };
    for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        uint8_t lead = in.p[0];
        if (lead < rows[r].lead_min || lead > rows[r].lead_max)
            continue;
        if (in.len < rows[r].len)
            return 0;
        *cp = lead & rows[r].mask;
        for (size_t i = 1; i < rows[r].len; i++) {
            uint8_t min = i == 1 ? rows[r].second_min : 0x80;
            uint8_t max = i == 1 ? rows[r].second_max : 0xbf;
            if (in.p[i] < min || in.p[i] > max)
                return 0;
            *cp = *cp << 6 | (in.p[i] & 0x3f);
        }
        return rows[r].len;
    }
    return 0;
}

bool dbk_utf8_valid(dbk_span in)
{
    while (in.len > 0) {
        uint32_t cp;
        /* Most text is ASCII, and every op that comes is checked: 1 to 127 need no table. */
        if (in.p[0] - 1u < 0x7fu) {
            in.p++;
            in.len--;
            continue;
        }
        size_t used = utf8_step(&cp, in);
        if (used == 0)
            return false;
        in.p += used;
        in.len -= used;
    }
    return true;
}

size_t dbk_utf8_count(dbk_span in)
{
    size_t count = 0;
    for (size_t i = 0; i < in.len; i++)
        count += (in.p[i] & 0xc0) != 0x80;
    return count;
}

/* Controls, bidi controls and zero-width characters: what drives or deceives a terminal
 * (security.md A28). */
static bool is_unsafe(uint32_t cp)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        { 0x00, 0x1f },     { 0x7f, 0x9f },       { 0xad, 0xad },     { 0x61c, 0x61c },
        { 0x200b, 0x200f }, { 0x2028, 0x202e },   { 0x2060, 0x206f }, { 0xfeff, 0xfeff },
        { 0xfff9, 0xfffb }, { 0xe0000, 0xe007f },
    };
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (cp >= ranges[i].first && cp <= ranges[i].last)
            return true;
    return false;
}

dbk_rc dbk_text_append_safe(dbk_bytes *out, dbk_span in, dbk_safe_opts opts, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    while (in.len > 0 && rc == DBK_OK) {
        uint32_t cp = 0;
        size_t used = utf8_step(&cp, in);
        bool kept = opts.keep_lines && (in.p[0] == '\n' || in.p[0] == '\t');
        if (used == 0) {
            rc = dbk_bytes_append_fmt(out, err, "\\x%02x", in.p[0]);
            used = 1;
        } else if (is_unsafe(cp) && !kept) {
            rc = dbk_bytes_append_fmt(out, err, "\\u{%x}", (unsigned)cp);
        } else {
            rc = dbk_bytes_append(out, dbk_span_of(in.p, used), err);
        }
        in.p += used;
        in.len -= used;
    }
    return rc;
}

void dbk_hex_print(char *out, dbk_span in)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < in.len; i++) {
        *out++ = digits[in.p[i] >> 4];
        *out++ = digits[in.p[i] & 15];
    }
    *out = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

dbk_rc dbk_hex_parse(uint8_t *out, size_t out_len, const char *hex, dbk_err *err)
{
    memset(out, 0, out_len);
    if (strlen(hex) != 2 * out_len)
        return dbk_fail(err, DBK_FORMAT, "expected %zu hex digits", 2 * out_len);
    for (size_t i = 0; i < out_len; i++) {
        int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);
        if (high < 0 || low < 0) {
            memset(out, 0, out_len);
            return dbk_fail(err, DBK_FORMAT, "expected hex digits");
        }
        out[i] = (uint8_t)(high << 4 | low);
    }
    return DBK_OK;
}

typedef struct base64_kind {
    const char *alphabet;
    bool padded;
} base64_kind;

static const base64_kind base64_url = {
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", false
};
static const base64_kind base64_std = {
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", true
};

static dbk_rc base64_append(const base64_kind *kind, dbk_bytes *out, dbk_span in, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t at = 0; at < in.len && rc == DBK_OK; at += 3) {
        size_t n = in.len - at < 3 ? in.len - at : 3;
        uint32_t word = (uint32_t)in.p[at] << 16;
        word |= n > 1 ? (uint32_t)in.p[at + 1] << 8 : 0;
        word |= n > 2 ? (uint32_t)in.p[at + 2] : 0;
        uint8_t text[4] = { '=', '=', '=', '=' };
        for (size_t i = 0; i <= n; i++)
            text[i] = (uint8_t)kind->alphabet[word >> (18 - 6 * i) & 63];
        rc = dbk_bytes_append(out, dbk_span_of(text, kind->padded ? 4 : n + 1), err);
    }
    return rc;
}

/* Without its padding, of a length that can be. */
static dbk_rc base64_trim(const base64_kind *kind, dbk_span *text, dbk_err *err)
{
    if (kind->padded) {
        if (text->len % 4 != 0)
            return dbk_fail(err, DBK_FORMAT, "base64 is cut short");
        for (int i = 0; i < 2 && text->len > 0 && text->p[text->len - 1] == '='; i++)
            text->len--;
    }
    return text->len % 4 == 1 ? dbk_fail(err, DBK_FORMAT, "base64 is cut short") : DBK_OK;
}

/* n letters, 2 to 4, into n - 1 bytes. */
static dbk_rc base64_letters(const base64_kind *kind, uint8_t out[3], const uint8_t *text, size_t n,
                             dbk_err *err)
{
    uint32_t word = 0;
    for (size_t i = 0; i < n; i++) {
        const char *found = text[i] == 0 ? NULL : strchr(kind->alphabet, text[i]);
        if (found == NULL)
            return dbk_fail(err, DBK_FORMAT, "not base64");
        word |= (uint32_t)(found - kind->alphabet) << (18 - 6 * i);
    }
    /* Spare bits must be zero, or one value would have several texts. */
    if (word & (0xffffffu >> (8 * (n - 1))))
        return dbk_fail(err, DBK_FORMAT, "base64 has spare bits");
    out[0] = (uint8_t)(word >> 16);
    out[1] = (uint8_t)(word >> 8);
    out[2] = (uint8_t)word;
    return DBK_OK;
}

static dbk_rc base64_parse(const base64_kind *kind, dbk_bytes *out, dbk_span text, dbk_err *err)
{
    size_t start = out->len;
    dbk_rc rc = base64_trim(kind, &text, err);
    for (size_t at = 0; at < text.len && rc == DBK_OK; at += 4) {
        uint8_t bytes[3];
        size_t n = text.len - at < 4 ? text.len - at : 4;
        rc = base64_letters(kind, bytes, text.p + at, n, err);
        if (rc == DBK_OK)
            rc = dbk_bytes_append(out, dbk_span_of(bytes, n - 1), err);
    }
    if (rc != DBK_OK)
        dbk_bytes_truncate(out, start);
    return rc;
}

static bool base64_read(const base64_kind *kind, uint8_t *out, size_t len, dbk_span text)
{
    size_t done = 0;
    if (base64_trim(kind, &text, NULL) != DBK_OK)
        return false;
    for (size_t at = 0; at < text.len; at += 4) {
        uint8_t bytes[3];
        size_t n = text.len - at < 4 ? text.len - at : 4;
        if (base64_letters(kind, bytes, text.p + at, n, NULL) != DBK_OK || n - 1 > len - done)
            return false;
        memcpy(out + done, bytes, n - 1);
        done += n - 1;
    }
    return done == len;
}

bool dbk_base64_read(uint8_t *out, size_t len, dbk_span text)
{
    return base64_read(&base64_std, out, len, text);
}

bool dbk_base64url_read(uint8_t *out, size_t len, dbk_span text)
{
    return base64_read(&base64_url, out, len, text);
}

dbk_rc dbk_base64url_append(dbk_bytes *out, dbk_span in, dbk_err *err)
{
    return base64_append(&base64_url, out, in, err);
}

dbk_rc dbk_base64url_parse(dbk_bytes *out, dbk_span text, dbk_err *err)
{
    return base64_parse(&base64_url, out, text, err);
}

dbk_rc dbk_token_append(dbk_bytes *out, const char *prefix, dbk_span in, dbk_err *err)
{
    size_t start = out->len;
    dbk_rc rc = dbk_bytes_append_str(out, prefix, err);
    if (rc == DBK_OK)
        rc = dbk_base64url_append(out, in, err);
    if (rc != DBK_OK)
        dbk_bytes_truncate(out, start);
    return rc;
}

dbk_rc dbk_token_parse(dbk_bytes *out, const char *prefix, dbk_span text, dbk_err *err)
{
    const dbk_span p = dbk_span_str(prefix);
    if (text.len < p.len || !dbk_span_equal(dbk_span_of(text.p, p.len), p))
        return dbk_fail(err, DBK_FORMAT, "the text doesn't begin with %s", prefix);
    return dbk_base64url_parse(out, dbk_span_of(text.p + p.len, text.len - p.len), err);
}

dbk_rc dbk_base64_append(dbk_bytes *out, dbk_span in, dbk_err *err)
{
    return base64_append(&base64_std, out, in, err);
}

dbk_rc dbk_base64_parse(dbk_bytes *out, dbk_span text, dbk_err *err)
{
    return base64_parse(&base64_std, out, text, err);
}

dbk_rc dbk_u64_parse(uint64_t *out, dbk_span text, dbk_err *err)
{
    uint64_t v = 0;
    *out = 0;
    if (text.len == 0 || (text.len > 1 && text.p[0] == '0'))
        return dbk_fail(err, DBK_FORMAT, "not a whole number");
    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return dbk_fail(err, DBK_FORMAT, "not a whole number");
        if (__builtin_mul_overflow(v, 10u, &v) ||
            __builtin_add_overflow(v, (uint64_t)(text.p[i] - '0'), &v))
            return dbk_fail(err, DBK_FORMAT, "the number is too large");
    }
    *out = v;
    return DBK_OK;
}

#define FRACTION_DIGITS_MAX 9u        /* nanoseconds: finer is a mistake */
#define TIME_MS_MIN (-62135596800000) /* 0001-01-01T00:00:00Z */
#define TIME_MS_MAX 253402300799999   /* 9999-12-31T23:59:59.999Z */

/* Takes n digits; -1 when they aren't there. */
static int take_digits(dbk_span *in, size_t n)
{
    int v = 0;
    if (in->len < n)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (in->p[i] < '0' || in->p[i] > '9')
            return -1;
        v = v * 10 + (in->p[i] - '0');
    }
    in->p += n;
    in->len -= n;
    return v;
}

static bool take_char(dbk_span *in, const char *any_of)
{
    if (in->len == 0 || in->p[0] == 0 || strchr(any_of, in->p[0]) == NULL)
        return false;
    in->p++;
    in->len--;
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

/* Days since 1970-01-01: the era arithmetic of the proleptic Gregorian calendar, counting
 * years from March so that the leap day comes last. */
static int64_t days_from_civil(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468; /* 719468 days from 0000-03-01 to 1970-01-01 */
}

static bool take_date(dbk_span *in, int64_t *days)
{
    int year = take_digits(in, 4);
    bool ok = take_char(in, "-");
    int month = take_digits(in, 2);
    ok = take_char(in, "-") && ok;
    int day = take_digits(in, 2);
    if (!ok || year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return false;
    *days = days_from_civil(year, month, day);
    return true;
}

bool dbk_date_valid(dbk_span text)
{
    int64_t days;
    return take_date(&text, &days) && text.len == 0;
}

/* "+hh:mm" or "Z", as minutes. */
static bool take_offset(dbk_span *in, int *minutes)
{
    *minutes = 0;
    if (take_char(in, "Zz"))
        return true;
    bool minus = in->len > 0 && in->p[0] == '-';
    if (!take_char(in, "+-"))
        return false;
    int h = take_digits(in, 2);
    bool ok = take_char(in, ":");
    int m = take_digits(in, 2);
    *minutes = minus ? -(h * 60 + m) : h * 60 + m;
    return ok && h >= 0 && h <= 23 && m >= 0 && m <= 59;
}

/* RFC 3339 allows any number of digits; what is finer than a millisecond is cut off. */
static int take_fraction(dbk_span *in)
{
    int milli = 0;
    size_t n = 0;
    for (; in->len > 0 && in->p[0] >= '0' && in->p[0] <= '9'; n++) {
        if (n < 3)
            milli = milli * 10 + (in->p[0] - '0');
        in->p++;
        in->len--;
    }
    for (size_t i = n; i < 3; i++)
        milli *= 10;
    return n >= 1 && n <= FRACTION_DIGITS_MAX ? milli : -1;
}

dbk_rc dbk_time_parse(int64_t *unix_ms, dbk_span text, dbk_err *err)
{
    int64_t days = 0;
    int offset = 0, second = 0, milli = 0;
    *unix_ms = 0;
    bool ok = take_date(&text, &days) && take_char(&text, "Tt ");
    int hour = take_digits(&text, 2);
    ok = take_char(&text, ":") && ok;
    int minute = take_digits(&text, 2);
    if (take_char(&text, ":")) {
        second = take_digits(&text, 2);
        if (take_char(&text, "."))
            milli = take_fraction(&text);
    }
    ok = take_offset(&text, &offset) && ok && text.len == 0;
    if (!ok || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 ||
        milli < 0)
        return dbk_fail(err, DBK_FORMAT, "a time looks like 2026-11-24T14:30:00Z");
    *unix_ms = (((days * 24 + hour) * 60 + minute - offset) * 60 + second) * 1000 + milli;
    return DBK_OK;
}

dbk_rc dbk_moment_parse(int64_t *unix_ms, dbk_span text, dbk_err *err)
{
    int64_t days = 0;
    dbk_span left = text;
    if (!take_date(&left, &days) || left.len > 0)
        return dbk_time_parse(unix_ms, text, err);
    *unix_ms = days * 24 * 3600 * 1000;
    return DBK_OK;
}

void dbk_time_print(char out[DBK_TIME_TEXT_SIZE], int64_t unix_ms)
{
    /* A claimed time of 48 bits can lie beyond the year 9999: shown as the end of time, never as
     * another year. */
    if (unix_ms > TIME_MS_MAX)
        unix_ms = TIME_MS_MAX;
    if (unix_ms < TIME_MS_MIN)
        unix_ms = TIME_MS_MIN;
    int64_t seconds = unix_ms / 1000 - (unix_ms % 1000 < 0);
    int64_t days = seconds / 86400 - (seconds % 86400 < 0);
    int64_t in_day = seconds - days * 86400;
    /* The inverse of days_from_civil. */
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int64_t day = doy - (153 * mp + 2) / 5 + 1;
    int64_t month = mp < 10 ? mp + 3 : mp - 9;
    int64_t year = yoe + era * 400 + (month <= 2);
    /* The remainders change nothing: they tell the compiler how wide each number is. */
    (void)snprintf(out, DBK_TIME_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02uZ",
                   (unsigned)year % 10000u, (unsigned)month % 100u, (unsigned)day % 100u,
                   (unsigned)(in_day / 3600) % 24u, (unsigned)(in_day / 60) % 60u,
                   (unsigned)in_day % 60u);
}
