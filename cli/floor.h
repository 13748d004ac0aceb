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

#endif
