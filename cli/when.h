/* cli/when.h - times as people type and read them: in this machine's zone. */
#ifndef DBK_CLI_WHEN_H
#define DBK_CLI_WHEN_H

#include "core/base/bytes.h"

#define CLI_WHEN_SIZE 40u

/* "2026-11-24 14:30" and "14:30" (today) get seconds and this machine's offset; anything else
 * stays as typed, for the form to judge. The caller frees it with dbk_free(); NULL: no memory. */
char *cli_when_typed(const char *text);

/* "24 Nov 2026 14:30" in this machine's zone; "" for 0. */
void cli_when_print(char out[CLI_WHEN_SIZE], int64_t unix_ms);
/* A stored date or date-time at the beginning of text, as people read it: the wall clock that the
 * officer wrote, with the offset where it isn't this machine's. Returns how many bytes of text it
 * stands for; 0: there is none. */
size_t cli_when_read(char out[CLI_WHEN_SIZE], dbk_span text);

/* The date that it is here now, as the midnight of that date in UTC: so are dates of records read.
 */
DBK_MUST_CHECK dbk_rc cli_when_today(int64_t *midnight_ms, int64_t now_ms, dbk_err *err);

/* As typed, into a time. */
DBK_MUST_CHECK dbk_rc cli_when_parse(int64_t *unix_ms, const char *text, dbk_err *err);
/* The value of --until; a date is to its evening. NULL: 0, which stands for no end. */
DBK_MUST_CHECK dbk_rc cli_when_until(uint64_t *unix_ms, const char *text, dbk_err *err);

/* "7d" or "12h" ago, a date, or a full time; option: what it was given for. */
DBK_MUST_CHECK dbk_rc cli_since_parse(int64_t *since_ms, const char *text, const char *option,
                                      dbk_err *err);

#endif
