/* cli/dispose.h - disposal, as other commands meet it (cmd_dispose.c). */
#ifndef DBK_CLI_DISPOSE_H
#define DBK_CLI_DISPOSE_H

#include "cli/cli.h"

/* For whoever is asked to sign an order besides: what it is of, by what is held here, or why it
 * can't be agreed to. */
DBK_MUST_CHECK dbk_rc cli_dispose_say(cli *c, const dbk_proposal *order, dbk_err *err);
/* Before it is signed. DBK_CONFLICT: it isn't what stands decided here. */
DBK_MUST_CHECK dbk_rc cli_dispose_check(cli *c, const dbk_proposal *order, dbk_err *err);

/* After an exchange. */
typedef struct cli_disposed {
    uint64_t orders, changes; /* carried out just now, and what went */
    uint64_t held, changed;   /* orders that were not, by what is against them */
} cli_disposed;
DBK_MUST_CHECK dbk_rc cli_dispose_carry_out(cli *c, cli_disposed *out, dbk_err *err);
void cli_dispose_tell(const cli_disposed *d);

#endif
