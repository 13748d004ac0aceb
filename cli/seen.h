/* cli/seen.h - what `conflicts` last showed here, so that nobody decides over a value that came
 * in after they looked. A decision replaces every standing value, and its author must have seen
 * them all (design.md section 5). Kept in the store, for the latest CLI_SEEN_MAX records. */
#ifndef DBK_CLI_SEEN_H
#define DBK_CLI_SEEN_H

#include "cli/cli.h"

#define CLI_SEEN_MAX 120u

typedef struct cli_seen {
    struct {
        dbk_id record;
        dbk_id mark; /* hash over the standing values' dots */
    } rows[CLI_SEEN_MAX];
    size_t count;
} cli_seen; /* { 0 } is empty */

void cli_seen_note(cli_seen *seen, const dbk_note *note); /* beyond the maximum: left out */
/* Writes what was noted, in front of what was kept before. */
DBK_MUST_CHECK dbk_rc cli_seen_keep(const cli *c, const cli_seen *seen, dbk_err *err);
/* DBK_CONFLICT unless the record's standing values are the ones that were last shown. */
DBK_MUST_CHECK dbk_rc cli_seen_check(const cli *c, const dbk_note *note, dbk_err *err);

/* ---- what `show --json` told, for `edit --seen` ---- */

/* {GROUP: MARK}: a mark changes whenever a value joins or leaves those that stand in the group. No
 * mark: nothing stands there that an edit could replace. */
struct json_t *cli_seen_json(const dbk_note *note);
/* What an edit writes, and the marks of what its author saw: "GROUP:MARK,GROUP:MARK". */
typedef struct cli_seen_edit {
    const char *seen;
    const dbk_input *inputs;
    size_t inputs_count;
} cli_seen_edit;
/* DBK_CONFLICT, and a problem for each field, if other values stand in a group that it writes. */
DBK_MUST_CHECK dbk_rc cli_seen_match(dbk_problems *out, const dbk_note *note,
                                     const cli_seen_edit *edit, dbk_err *err);

#endif
