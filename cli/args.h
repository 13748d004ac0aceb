/* cli/args.h - argv against the command table. */
#ifndef DBK_CLI_ARGS_H
#define DBK_CLI_ARGS_H

#include "cli/cli.h"

/* The command whose name argv begins with; *words is how many arguments the name took. NULL: none.
 */
const cli_command *cli_command_find(size_t *words, size_t argc, char *const *argv);
/* Sorts what follows the name into options and positional arguments; a->command is set. "--" ends
 * the options. DBK_USAGE says what is wrong. */
DBK_MUST_CHECK dbk_rc cli_args_parse(cli_args *a, size_t argc, char *const *argv, dbk_err *err);

#endif
