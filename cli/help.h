/* cli/help.h - what `--help` prints, all of it from the command table. */
#ifndef DBK_CLI_HELP_H
#define DBK_CLI_HELP_H

#include "cli/cli.h"

void cli_help_all(void);
void cli_help_command(const cli_command *c);
/* DBK_USAGE for words that name no command: says what was probably meant. */
DBK_MUST_CHECK dbk_rc cli_help_unknown(const char *word, dbk_err *err);

#endif
