/* cli/questions.h - the questions of an assessment's tool, one by one, in the words of the force's
 * pack (domain study 2.4). Each answer is on the disk before the next is asked. */
#ifndef DBK_CLI_QUESTIONS_H
#define DBK_CLI_QUESTIONS_H

#include "cli/cli.h"

/* Asks what nobody answered yet; adds to *asked. Nothing typed leaves a question open, which isn't
 * No. *more false: the input has ended. Without a pack that has the tool's words nothing is asked,
 * and so of every other form. */
DBK_MUST_CHECK dbk_rc cli_questions(cli *c, bool *more, uint64_t *asked, const dbk_note *note,
                                    dbk_err *err);

#endif
