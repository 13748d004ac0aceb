/* cli/score.h - assessment tools: what the answers of one add up to (core/practice/assessment.h),
 * and its questions, by their keys or in the words of a pack. */
#ifndef DBK_CLI_SCORE_H
#define DBK_CLI_SCORE_H

#include "cli/cli.h"

/* Of a risk assessment; nothing for other records. */
DBK_MUST_CHECK dbk_rc cli_score_print(const cli *c, const dbk_note *note, dbk_err *err);
/* null for other records, and for tools that aren't known or whose answers aren't counted. The
 * caller frees it. */
DBK_MUST_CHECK dbk_rc cli_score_json(struct json_t **out, const dbk_note *note, dbk_err *err);

/* The tools that are shipped, and those of packs when the store is open. */
DBK_MUST_CHECK dbk_rc cli_tools_print(const cli *c, dbk_err *err);
DBK_MUST_CHECK dbk_rc cli_tools_json(struct json_t **out, const cli *c, dbk_err *err);

#endif
