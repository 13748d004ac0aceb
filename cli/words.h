/* cli/words.h - values, times and standings in the words of the people who read them. */
#ifndef DBK_CLI_WORDS_H
#define DBK_CLI_WORDS_H

#include "cli/cli.h"

/* "24 Nov 2026 14:30" in this machine's zone; "" for 0. Borrowed like out_safe(). */
const char *cli_time(int64_t unix_ms);
/* The first 12 digits of an id: with a UUIDv7 the millisecond, so enough to type. Borrowed. */
#define CLI_SHORT_ID_LEN 13u
const char *cli_short_id(const dbk_id *id);
/* What a record is, by the summary fields of its form, in one line. Appends; not terminal-safe. */
DBK_MUST_CHECK dbk_rc cli_summary_text(dbk_bytes *out, const dbk_note *note, dbk_err *err);
/* The same of a record that is here; else, and of one in a restricted space that wasn't opened with
 * a reason, nothing. */
DBK_MUST_CHECK dbk_rc cli_record_text(const cli *c, dbk_bytes *out, const dbk_id *record,
                                      dbk_err *err);
/* One field's value as one text: like dbk_value_to_text, but with readable times, and with what a
 * record is in the place of its id. Appends; not terminal-safe. */
DBK_MUST_CHECK dbk_rc cli_field_text(const cli *c, dbk_bytes *out, const dbk_field *field,
                                     dbk_span value, dbk_err *err);
/* A register's value (a map of field -> value) as one line: "Label: value; Label: value". */
DBK_MUST_CHECK dbk_rc cli_group_text(const cli *c, dbk_bytes *out, const dbk_form *form,
                                     dbk_span map, dbk_err *err);
/* The same after the group's label, unless it begins with that already; name: of an unknown group.
 */
DBK_MUST_CHECK dbk_rc cli_group_line(const cli *c, dbk_bytes *out, const dbk_note *note,
                                     dbk_span name, dbk_span value, dbk_err *err);
/* In plain words; and as --json says it: "here", "relay", "hq"; "ask", "cautious", "proposal". */
const char *cli_carriage_word(dbk_carriage carriage);
const char *cli_carriage_code(dbk_carriage carriage);
const char *cli_dispute_word(dbk_dispute dispute);
const char *cli_dispute_code(dbk_dispute dispute);
/* "officer"; "guest until 24 Nov 2026 14:30"; "guest until ..., which is over". Borrowed. */
const char *cli_standing_words(const dbk_standing *standing);
/* "" or "s"; " needs" or "s need": "1 record needs", "2 records need". */
const char *cli_plural(uint64_t n);
const char *cli_needs(uint64_t n);
/* "2 to decide, 1 proposal" or "". Borrowed like out_safe(). */
const char *cli_attention_words(const dbk_attention *a);

#endif
