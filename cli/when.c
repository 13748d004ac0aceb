#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700 /* strptime */
#endif
#include "cli/when.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/alloc.h"
#include "core/base/env.h"
#include "core/base/text.h"

#define TIME_BYTES_MAX 40u
#define DATE_LEN 10u

/* This machine's offset at a local time, as "+01:00". */
static bool local_offset(char out[8], struct tm *local)
{
    local->tm_isdst = -1;
    struct tm copy = *local;
    time_t then = mktime(&copy);
    if (then == (time_t)-1)
        return false;
    char digits[8];
    if (strftime(digits, sizeof(digits), "%z", &copy) != 5)
        return false;
    (void)snprintf(out, 8, "%.3s:%.2s", digits, digits + 3);
    return true;
}

dbk_rc cli_when_today(int64_t *midnight_ms, int64_t now_ms, dbk_err *err)
{
    char text[DBK_TIME_TEXT_SIZE];
    struct tm here;
    time_t now = (time_t)(now_ms / 1000);
    if (localtime_r(&now, &here) == NULL ||
        strftime(text, sizeof(text), "%Y-%m-%dT00:00:00Z", &here) == 0)
        return dbk_fail(err, DBK_IO, "this machine's date can't be read");
    return dbk_time_parse(midnight_ms, dbk_span_str(text), err);
}

/* "2026-11-24 14:30", "2026-11-24T14:30:05" or "14:30" with this machine's offset; anything else
 * stays as typed, for the form to judge. */
char *cli_when_typed(const char *text)
{
    struct tm local = { 0 };
    char full[TIME_BYTES_MAX], offset[8];
    size_t len = strlen(text);
    if (len == 5 && text[2] == ':') {
        time_t now = (time_t)(dbk_env_system()->now_ms(NULL) / 1000);
        struct tm today;
        if (localtime_r(&now, &today) == NULL)
            return dbk_strdup(text);
        (void)snprintf(full, sizeof(full), "%04d-%02d-%02dT%s", today.tm_year + 1900,
                       today.tm_mon + 1, today.tm_mday, text);
    } else if ((len == 16 || len == 19) && text[4] == '-' && text[13] == ':') {
        (void)snprintf(full, sizeof(full), "%s", text);
        full[10] = 'T';
    } else {
        return dbk_strdup(text);
    }
    const char *end = strptime(full, strlen(full) == 16 ? "%Y-%m-%dT%H:%M" : "%Y-%m-%dT%H:%M:%S",
                               &local);
    if (end == NULL || *end != '\0' || !local_offset(offset, &local))
        return dbk_strdup(text);
    char whole[TIME_BYTES_MAX + 16];
    (void)snprintf(whole, sizeof(whole), "%s%s%s", full, strlen(full) == 16 ? ":00" : "", offset);
    return dbk_strdup(whole);
}

dbk_rc cli_when_parse(int64_t *unix_ms, const char *text, dbk_err *err)
{
    char *full = cli_when_typed(text);
    dbk_rc rc = full == NULL ? dbk_fail(err, DBK_NOMEM, "no memory for the arguments")
                             : dbk_time_parse(unix_ms, dbk_span_str(full), err);
    dbk_free(full);
    return rc;
}

dbk_rc cli_when_until(uint64_t *unix_ms, const char *text, dbk_err *err)
{
    char evening[TIME_BYTES_MAX];
    int64_t ms = 0;
    *unix_ms = 0;
    if (text == NULL)
        return DBK_OK;
    if (dbk_date_valid(dbk_span_str(text))) {
        (void)snprintf(evening, sizeof(evening), "%s 23:59:59", text);
        text = evening;
    }
    if (cli_when_parse(&ms, text, NULL) != DBK_OK || ms <= 0)
        return dbk_fail(err, DBK_USAGE, "--until is a date, or a time like 2026-11-24 14:30");
    *unix_ms = (uint64_t)ms;
    return DBK_OK;
}

void cli_when_print(char out[CLI_WHEN_SIZE], int64_t unix_ms)
{
    struct tm local;
    time_t seconds = (time_t)(unix_ms / 1000);
    if (unix_ms == 0 || localtime_r(&seconds, &local) == NULL ||
        strftime(out, CLI_WHEN_SIZE, "%d %b %Y %H:%M", &local) == 0)
        out[0] = '\0';
}

/* How far a date-time goes: to its 'Z', or to the end of "+hh:mm". 0: it isn't one. */
static size_t stored_len(const char *text)
{
    size_t at = strspn(text, "0123456789-");
    if (at != DATE_LEN || text[at] != 'T')
        return 0;
    at += 1 + strspn(text + at + 1, "0123456789:.");
    if (text[at] == 'Z')
        return at + 1;
    if (text[at] != '+' && text[at] != '-')
        return 0;
    return strspn(text + at + 1, "0123456789:") == 5 ? at + 6 : 0;
}

size_t cli_when_read(char out[CLI_WHEN_SIZE], dbk_span text)
{
    char head[TIME_BYTES_MAX] = "", offset[8] = "";
    struct tm wall = { 0 };
    size_t len = text.len < sizeof(head) - 1 ? text.len : sizeof(head) - 1;
    memcpy(head, text.p, len);
    if (len < DATE_LEN || !dbk_date_valid(dbk_span_of(text.p, DATE_LEN)) ||
        strptime(head, "%Y-%m-%d", &wall) == NULL)
        return 0;
    size_t whole = stored_len(head);
    if (whole == 0) {
        bool ends = len == DATE_LEN || strchr("0123456789T-", head[DATE_LEN]) == NULL;
        return ends && strftime(out, CLI_WHEN_SIZE, "%d %b %Y", &wall) > 0 ? DATE_LEN : 0;
    }
    const char *zone = head + whole - (head[whole - 1] == 'Z' ? 1 : 6);
    if (strptime(head, "%Y-%m-%dT%H:%M", &wall) == NULL ||
        strftime(out, CLI_WHEN_SIZE, "%d %b %Y %H:%M", &wall) == 0)
        return 0;
    bool utc_here = local_offset(offset, &wall) && strcmp(offset, "+00:00") == 0;
    bool here = zone[0] == 'Z' ? utc_here : strncmp(zone, offset, 6) == 0;
    if (!here) {
        size_t used = strlen(out);
        (void)snprintf(out + used, CLI_WHEN_SIZE - used, " (%.6s)", zone[0] == 'Z' ? "UTC" : zone);
    }
    return whole;
}

dbk_rc cli_since_parse(int64_t *since_ms, const char *text, const char *option, dbk_err *err)
{
    size_t len = strlen(text);
    uint64_t n;
    *since_ms = INT64_MIN;
    if (len > 1 && (text[len - 1] == 'd' || text[len - 1] == 'h') &&
        dbk_u64_parse(&n, dbk_span_of(text, len - 1), NULL) == DBK_OK && n < 100000) {
        uint64_t hours = text[len - 1] == 'd' ? n * 24 : n;
        *since_ms = (int64_t)(dbk_env_system()->now_ms(NULL) - hours * 3600000u);
        return DBK_OK;
    }
    if (dbk_date_valid(dbk_span_str(text))) {
        char midnight[DBK_TIME_TEXT_SIZE];
        (void)snprintf(midnight, sizeof(midnight), "%s 00:00", text);
        return cli_when_parse(since_ms, midnight, err);
    }
    if (cli_when_parse(since_ms, text, NULL) == DBK_OK)
        return DBK_OK;
    return dbk_fail(err, DBK_USAGE, "%s is a date, a time like 2026-11-24 14:30, or like 7d or 12h",
                    option);
}
