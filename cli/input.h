/* cli/input.h - "FIELD=VALUE", "FIELD:=JSON", "FIELD+=VALUE", "FIELD-=VALUE" into inputs. */
#ifndef DBK_CLI_INPUT_H
#define DBK_CLI_INPUT_H

#include "cli/cli.h"

typedef struct cli_inputs {
    dbk_input *rows;
    size_t count;
    char **texts;         /* owned copies: field names and adjusted values */
    struct json_t **json; /* owned, beside rows; NULL where text */
} cli_inputs;

/* Times without an offset ("2026-11-24 14:30", "14:30" is today) get this machine's offset when
 * the field is a date-time of the form; form may be NULL. DBK_USAGE names the argument at fault. */
DBK_MUST_CHECK dbk_rc cli_inputs_parse(cli_inputs *out, const char *const *args, size_t count,
                                       const dbk_form *form, dbk_err *err);
void cli_inputs_wipe(cli_inputs *in);

/* Prints each problem and warning, one a line, on standard error. */
void cli_print_problems(const dbk_problems *p);
struct json_t *cli_problems_json(const dbk_problems *p);
/* The record that a typed id, or the beginning of one, means. */
DBK_MUST_CHECK dbk_rc cli_record_find(dbk_id *out, const cli *c, const char *typed, dbk_err *err);
/* An id that a file gives to a record of this form: kept where it fits such a record of the space
 * (core/journal/record_id.h) or names one that is here; else the one that follows from it. */
DBK_MUST_CHECK dbk_rc cli_fit_id(const cli *c, dbk_id *id, const dbk_id *space, const char *form,
                                 dbk_err *err);
/* The newest version of a form. DBK_NOT_FOUND says what was probably meant. */
DBK_MUST_CHECK dbk_rc cli_form_find(const dbk_form **out, const dbk_forms *forms, const char *name,
                                    dbk_err *err);
/* After a failed write: says all problems, keeps them for the JSON answer, and passes rc on.
 * outcome begins the sentence: "nothing was saved". */
dbk_rc cli_refuse(cli *c, dbk_rc rc, const char *outcome, const dbk_problems *p, dbk_err *err);

#endif
