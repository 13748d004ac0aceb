/* cli/alike.h - persons who may be the same, in words: which parts agreed and how much each
 * counted. */
#ifndef DBK_CLI_ALIKE_H
#define DBK_CLI_ALIKE_H

#include "cli/cli.h"

/* May this person's record be shown, in a list? Then it counts as shown (cli/looks.h). */
bool cli_alike_shows(cli *c, const dbk_id *person);
/* One pair: a line of JSON, or in words. */
DBK_MUST_CHECK dbk_rc cli_alike_say(const cli *c, const dbk_id *person, const dbk_match *m,
                                    dbk_err *err);
/* All that are like one person: a line of JSON for each, or in words. */
DBK_MUST_CHECK dbk_rc cli_alike_of(cli *c, const dbk_id *person, dbk_err *err);
/* After a person was written: on standard error, "perhaps the same person as ...", when there is
 * one. The note is saved: no failure of this is one of the command. */
void cli_alike_hint(cli *c, const dbk_id *person);
/* The records that are linked to a person; nothing for other forms. */
DBK_MUST_CHECK dbk_rc cli_linked_print(cli *c, const dbk_note *note, dbk_err *err);
struct json_t *cli_linked_json(cli *c, const dbk_note *note);

#endif
