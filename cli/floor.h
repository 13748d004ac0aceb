/* cli/floor.h - a log's floor, as other commands meet it (cmd_floor.c). */
#ifndef DBK_CLI_FLOOR_H
#define DBK_CLI_FLOOR_H

#include "cli/cli.h"

/* For whoever is asked to sign for a floor besides: what goes, what stays, and whether it is of the
 * log as it is here. */
DBK_MUST_CHECK dbk_rc cli_floor_say(cli *c, const dbk_proposal *p, dbk_err *err);
/* Before it is signed: asks the relay anew. DBK_PENDING: somebody lacks what would go. */
DBK_MUST_CHECK dbk_rc cli_floor_check(cli *c, const dbk_transport *t, const dbk_proposal *p,
                                      dbk_err *err);
/* After a device has left one space or all (NULL): says of which spaces too few others hold what
 * relays have let go of. What can't be asked is left unsaid: who leaves may have been stolen. */
void cli_floor_warn(cli *c, const dbk_transport *t, const dbk_id *space);

#endif
