/* cli/recovery.h - what an officer is told of headquarters' way into their store. */
#ifndef DBK_CLI_RECOVERY_H
#define DBK_CLI_RECOVERY_H

#include "cli/cli.h"

struct json_t;

/* Brings the key slot to what the policy says, and says on standard error, once, what has changed
 * since the officer was told last. Never a reason to stop: what failed is tried again. */
void cli_recovery_settle(cli *c);
/* For `status` and `recovery status`. */
DBK_MUST_CHECK dbk_rc cli_recovery_print(cli *c, dbk_err *err); /* nothing when there is none */
DBK_MUST_CHECK dbk_rc cli_recovery_json(struct json_t **out, cli *c, dbk_err *err);

#endif
