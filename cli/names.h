/* cli/names.h - beside the ids that an answer has, what the records are, in one line each. */
#ifndef DBK_CLI_NAMES_H
#define DBK_CLI_NAMES_H

#include "cli/cli.h"

struct json_t;

/* The answer, with a member `names`: {id: summary} of the records that it names. One that isn't
 * here, or is in a restricted space that wasn't opened with a reason, has none. NULL stays NULL. */
struct json_t *cli_names_add(const cli *c, struct json_t *answer);

#endif
