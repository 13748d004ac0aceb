/* cli/prompt.h - `--ask`: a record's fields one by one, in the form's order and words. Each answer
 * is on the disk before the next is asked, so a program that is killed loses at most one. */
#ifndef DBK_CLI_PROMPT_H
#define DBK_CLI_PROMPT_H

#include "cli/cli.h"

/* Asks for what is still wanted of the record until nothing is, or the input ends. *asked counts
 * the questions. What is missing in the end is added to problems, all at once; that is no failure:
 * it is a draft. An answer that is wrong in itself is told and asked for again. */
DBK_MUST_CHECK dbk_rc cli_prompt(cli *c, uint64_t *asked, dbk_problems *problems,
                                 const dbk_id *record, dbk_err *err);

#endif
