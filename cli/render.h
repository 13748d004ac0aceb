/* cli/render.h - records and names as people and programs read them. */
#ifndef DBK_CLI_RENDER_H
#define DBK_CLI_RENDER_H

#include "cli/cli.h"

struct json_t;

/* Names safe for a terminal, borrowed like out_safe(). Never fail: the hex id stands in. */
const char *cli_device_name(const cli *c, const dbk_id *device);
const char *cli_space_name(const cli *c, const dbk_id *space);
const char *cli_author_name(const cli *c, const dbk_dot *dot);
/* The same without the terminal's escapes, for JSON: appends. */
DBK_MUST_CHECK dbk_rc cli_device_text(const cli *c, dbk_bytes *out, const dbk_id *device,
                                      dbk_err *err);

/* "24 Nov 2026 14:30" local; "" for 0. Borrowed like out_safe(). */
const char *cli_time(int64_t unix_ms);
/* A CBOR value as a json_t; NULL when memory is short or it is malformed. */
struct json_t *cli_value_json(dbk_span cbor);
struct json_t *cli_time_json(int64_t unix_ms); /* RFC 3339 UTC, or null for 0 */
/* The displayed value of every field that isn't blank, as one object; the caller's. */
DBK_MUST_CHECK dbk_rc cli_fields_json(struct json_t **out, const dbk_note *note, dbk_err *err);
/* A register's value (a map of field -> value) as one line: "Label: value; Label: value". */
DBK_MUST_CHECK dbk_rc cli_group_text(dbk_bytes *out, const dbk_form *form, dbk_span map,
                                     dbk_err *err);
const char *cli_carriage_word(dbk_carriage carriage); /* plain words */
const char *cli_dispute_word(dbk_dispute dispute);
/* "2 to decide, 1 proposal" or "". Borrowed like out_safe(). */
const char *cli_attention_words(const dbk_attention *a);

#endif
