/* cli/change.h - one change of the membership in plain words: one that stands in the chain, or one
 * that whoever reads it is asked to sign. */
#ifndef DBK_CLI_CHANGE_H
#define DBK_CLI_CHANGE_H

#include "cli/cli.h"

#define CLI_CHANGE_BYTES_MAX (32u * 1024u)

typedef enum cli_change_kind {
    CLI_CHANGE_DONE, /* "barred ..."; of a space that isn't held here, nothing (A26) */
    CLI_CHANGE_ASKED /* "bar ...": all that is signed, with the numbers of devices and spaces */
} cli_change_kind;
/* Appends; safe for a terminal. */
DBK_MUST_CHECK dbk_rc cli_change_words(dbk_bytes *out, const cli *c, const dbk_orglog_row *change,
                                       cli_change_kind kind, dbk_err *err);
DBK_MUST_CHECK dbk_rc cli_change_signers(dbk_bytes *out, const cli *c, const dbk_orglog_row *change,
                                         dbk_err *err);
/* DBK_DENIED: "two administrators ..." it, and this device is none of them. */
DBK_MUST_CHECK dbk_rc cli_change_check_admin(const cli *c, const char *what, dbk_err *err);
const char *cli_change_code(dbk_entry_kind kind); /* in --json: "enrol" */

#endif
