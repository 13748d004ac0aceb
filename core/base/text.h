/* core/base/text.h - text that came from outside: UTF-8 checks, hex, base64url, RFC 3339 times.
 * Locale-free. Nothing here allocates except where a dbk_bytes is filled. */
#ifndef DBK_BASE_TEXT_H
#define DBK_BASE_TEXT_H

#include "core/base/bytes.h"

/* Strict UTF-8: no over-long forms, no surrogates, nothing over U+10FFFF, no zero byte. */
bool dbk_utf8_valid(dbk_span in);
size_t dbk_utf8_count(dbk_span in); /* code points of valid text */

/* Appends in so that a terminal can't be driven by it: C0/C1 controls, ESC, bidi controls and
 * zero-width characters become visible \u{..} escapes; '\n' and '\t' stay when keep_lines. */
typedef struct dbk_safe_opts {
    bool keep_lines;
} dbk_safe_opts;
DBK_MUST_CHECK dbk_rc dbk_text_append_safe(dbk_bytes *out, dbk_span in, dbk_safe_opts opts,
                                           dbk_err *err);

/* out has room for 2 * in.len + 1; lower case. */
void dbk_hex_print(char *out, dbk_span in);
/* Exactly out_len bytes, either case. DBK_FORMAT otherwise. */
DBK_MUST_CHECK dbk_rc dbk_hex_parse(uint8_t *out, size_t out_len, const char *hex, dbk_err *err);

/* RFC 4648 section 5, no padding. Parsing refuses padding and non-zero spare bits. */
DBK_MUST_CHECK dbk_rc dbk_base64url_append(dbk_bytes *out, dbk_span in, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_base64url_parse(dbk_bytes *out, dbk_span text, dbk_err *err);
/* What people pass on as one word: a prefix that says what it is, then base64url. append: all of it
 * or nothing. parse: DBK_FORMAT also when the prefix is another. */
DBK_MUST_CHECK dbk_rc dbk_token_append(dbk_bytes *out, const char *prefix, dbk_span in,
                                       dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_token_parse(dbk_bytes *out, const char *prefix, dbk_span text,
                                      dbk_err *err);
/* RFC 4648 section 4, with padding (RFC 9530 digests, C2SP notes). */
DBK_MUST_CHECK dbk_rc dbk_base64_append(dbk_bytes *out, dbk_span in, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_base64_parse(dbk_bytes *out, dbk_span text, dbk_err *err);
/* Exactly len bytes, into a place that is there already. No memory is needed, so false says that
 * the text is wrong, and nothing else. */
DBK_MUST_CHECK bool dbk_base64_read(uint8_t *out, size_t len, dbk_span text);
DBK_MUST_CHECK bool dbk_base64url_read(uint8_t *out, size_t len, dbk_span text);

/* Unsigned decimal, the whole text, no sign, no leading zero. DBK_FORMAT otherwise. */
DBK_MUST_CHECK dbk_rc dbk_u64_parse(uint64_t *out, dbk_span text, dbk_err *err);

/* Times, proleptic Gregorian, years 0001-9999.
 * A date is YYYY-MM-DD; a date-time is RFC 3339 with a 'T' or one space, seconds optional, then
 * at most 9 decimals (cut to milliseconds), and an offset or 'Z' (required). No leap seconds. */
#define DBK_TIME_TEXT_SIZE 32u
bool dbk_date_valid(dbk_span text);
DBK_MUST_CHECK dbk_rc dbk_time_parse(int64_t *unix_ms, dbk_span text, dbk_err *err);
/* A date-time, or a date: that stands for its first moment in UTC. */
DBK_MUST_CHECK dbk_rc dbk_moment_parse(int64_t *unix_ms, dbk_span text, dbk_err *err);
/* "2026-11-24T02:01:24Z"; times before the year 1 or after 9999 are shown as the first or last. */
void dbk_time_print(char out[DBK_TIME_TEXT_SIZE], int64_t unix_ms);

#endif
