/* cli/past.h - what stood before, for those who decide: the last value that all had seen, what a
 * decision decided between, and how it is undone. */
#ifndef DBK_CLI_PAST_H
#define DBK_CLI_PAST_H

#include "cli/cli.h"

/* Under a group in dispute. */
DBK_MUST_CHECK dbk_rc cli_past_common(cli *c, const dbk_note *note, const dbk_state_group *group,
                                      dbk_err *err);
/* Why one of its values was written, if its author said so. */
DBK_MUST_CHECK dbk_rc cli_past_because(cli *c, const dbk_note *note, const dbk_state_group *group,
                                       const dbk_dot *dot, dbk_err *err);
struct json_t *cli_past_because_json(cli *c, const dbk_note *note, const dbk_state_group *group,
                                     const dbk_dot *dot);
/* NULL on failure; JSON null when there is none. */
struct json_t *cli_past_common_json(cli *c, const dbk_note *note, const dbk_state_group *group);
/* Every group of the record that a decision settled, with the values that it decided between,
 * under the numbers that `resolve --undo` takes; nothing when there is none. */
DBK_MUST_CHECK dbk_rc cli_past_decided(cli *c, const dbk_note *note, dbk_err *err);
struct json_t *cli_past_decided_json(cli *c, const dbk_note *note);
/* "GROUP=NUMBER": the value that the decision about the group took the place of. Appended to
 * value, from which r->value then borrows, as r->group does from the note. */
DBK_MUST_CHECK dbk_rc cli_past_undo(cli *c, dbk_undo *r, dbk_bytes *value, const dbk_note *note,
                                    const char *arg, dbk_err *err);

#endif
