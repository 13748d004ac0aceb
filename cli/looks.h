/* cli/looks.h - what a command looked at, or gave out, for the log of DPA 2018 section 62: gathered
 * while it runs, written with one entry for each space (core/journal/audit.h). */
#ifndef DBK_CLI_LOOKS_H
#define DBK_CLI_LOOKS_H

#include "cli/cli.h"

#define CLI_LOOKS_SPACES_MAX 64u

typedef struct cli_looks_space {
    dbk_id space;
    uint64_t count;     /* records */
    dbk_id *ids;        /* those that are named */
    size_t named, room; /* how many, and how many there is room for */
} cli_looks_space;
typedef struct cli_looks {
    cli_looks_space spaces[CLI_LOOKS_SPACES_MAX];
    size_t count;
} cli_looks;

/* One record more, by its name. */
DBK_MUST_CHECK dbk_rc cli_looks_add(cli_looks *looks, const dbk_id *space, const dbk_id *record,
                                    dbk_err *err);
/* Writes them, before the answer is out where that is possible; recipient and reason may be NULL.
 * A device that may not write in a space leaves no trace there: see docs/SECURITY.md. */
DBK_MUST_CHECK dbk_rc cli_looks_log(cli *c, const cli_looks *looks, const dbk_audit_entry *how,
                                    dbk_err *err);
void cli_looks_wipe(cli_looks *looks);
/* The same for one record. */
DBK_MUST_CHECK dbk_rc cli_look(cli *c, const dbk_note *note, const char *what, dbk_err *err);

#endif
