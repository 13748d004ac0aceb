/* cli/safe.h - the safe-contact interlock (core/practice/safe.h): how a person can be reached is
 * read before any number, address or account is printed. Hidden is the rule: what prints a value
 * asks cli_safe_hides(), and only cli_safe_meet() makes it say no, for one record at a time.
 * And where a confidential service is (core/practice/place.h): headquarters sees it, in what isn't
 * given out; nobody else. */
#ifndef DBK_CLI_SAFE_H
#define DBK_CLI_SAFE_H

#include "cli/cli.h"

struct json_t;

#define CLI_SAFE_OPTION "--safe-contact-read"

/* Says what must be read before this record's routes are: printed, or as *json (the caller's; left
 * alone when the form has no routes); json NULL and --json: not at all. Read it is when the option
 * was given, or when the question on a terminal was answered with yes. */
DBK_MUST_CHECK dbk_rc cli_safe_meet(struct json_t **json, cli *c, const cli_args *a,
                                    const dbk_note *note, dbk_err *err);
/* Was there a rule that had to be read, and was it? For the log. */
bool cli_safe_was_met(const cli *c, const dbk_note *note);
/* May the values of this group, of this field, not be printed? */
bool cli_safe_hides(const cli *c, const dbk_note *note, dbk_span group);
bool cli_safe_hides_field(const cli *c, const dbk_note *note, const dbk_field *field);
/* What stands in its place. */
const char *cli_safe_hidden(const dbk_note *note);
/* May words of this row's record other than its summary not be printed? Yes when in doubt. */
bool cli_safe_row_hides(cli *c, const dbk_row *row);

#endif
