/* cli/render.h - names as people read them, records as programs do. */
#ifndef DBK_CLI_RENDER_H
#define DBK_CLI_RENDER_H

#include "cli/cli.h"

struct json_t;

/* Names safe for a terminal, borrowed like out_safe(). Never fail: the hex id stands in. */
const char *cli_device_name(const cli *c, const dbk_id *device);
const char *cli_space_name(const cli *c, const dbk_id *space);
const char *cli_author_name(const cli *c, const dbk_dot *dot);
/* A CBOR value as a json_t; NULL when memory is short or it is malformed. */
struct json_t *cli_value_json(dbk_span cbor);
struct json_t *cli_time_json(int64_t unix_ms); /* RFC 3339 UTC, or null for 0 */
/* The displayed value of every field that isn't blank, as one object; the caller's. Without what
 * cli_safe_hides(); c NULL: with it, to compare and not to print. */
DBK_MUST_CHECK dbk_rc cli_fields_json(struct json_t **out, const cli *c, const dbk_note *note,
                                      dbk_err *err);

#endif
