/* cli/outcome.h - how the last exchanges with the relay ended, kept in the store for `status`. */
#ifndef DBK_CLI_OUTCOME_H
#define DBK_CLI_OUTCOME_H

#include "cli/cli.h"

typedef enum cli_outcome_kind { CLI_OUTCOME_DONE, CLI_OUTCOME_FAILED } cli_outcome_kind;
typedef struct cli_outcome {
    int64_t ms;                      /* when; 0: never */
    char sentence[DBK_ERR_TEXT_MAX]; /* why it failed */
} cli_outcome;

/* With the time of now. */
DBK_MUST_CHECK dbk_rc cli_outcome_keep(cli *c, cli_outcome_kind kind, const char *sentence,
                                       dbk_err *err);
cli_outcome cli_outcome_read(const cli *c, cli_outcome_kind kind);

#endif
