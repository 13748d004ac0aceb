/* cli/looks.h - what a command showed, or gave out, for the log of DPA 2018 section 62
 * (core/journal/audit.h): an entry for each space, on the disk before any of it is out. No look
 * without its entry: if that can't be written, nothing is shown.
 * What lies in a restricted space takes a reason (--reason), which is written there and nowhere
 * else: lists leave such records out without one, and what names a record asks for it. */
#ifndef DBK_CLI_LOOKS_H
#define DBK_CLI_LOOKS_H

#include "cli/cli.h"

#define CLI_LOOKS_SPACES_MAX 64u
#define CLI_LOOKS_WHAT_SIZE 64u

typedef struct cli_looks_space {
    dbk_id space;
    uint64_t count;     /* records */
    dbk_id *ids;        /* those that are named */
    size_t named, room; /* how many, and how many there is room for */
} cli_looks_space;
typedef struct cli_looks {
    cli_looks_space spaces[CLI_LOOKS_SPACES_MAX];
    size_t count;
    bool over;                      /* more spaces than that */
    char what[CLI_LOOKS_WHAT_SIZE]; /* "list contact"; empty: the command's name */
} cli_looks;

/* ---- what was named ---- */

/* DBK_USAGE: a restricted space, and no reason; err NULL only asks. */
DBK_MUST_CHECK dbk_rc cli_looks_allowed(cli *c, const dbk_id *space, dbk_err *err);
/* The same; and writes that this record is looked at. */
DBK_MUST_CHECK dbk_rc cli_look(cli *c, const dbk_note *note, const char *what, dbk_err *err);

/* ---- lists: commands with the flag CLI_LOOKS ---- */

/* May a record of that space be shown? If so it counts as shown. */
bool cli_shows(cli *c, const dbk_id *space);
/* "list contact": kinds of records, never what was asked for about them. */
void cli_looks_call(cli *c, const char *name, const char *form);
/* From here on the log says of what a command shows that it went into a file. */
void cli_looks_save(void);
/* The end of such a command: writes what it showed, then lets it out. */
DBK_MUST_CHECK dbk_rc cli_looks_end(cli *c, const char *name, dbk_err *err);
/* Is something of this kind held that was left out for want of a reason? */
bool cli_leaves_out(const cli *c);

/* ---- what happened to the device ---- */

/* Writes what waits of it (core/journal/device_log.h). It keeps nobody out: a failure is told. */
void cli_looks_device(const cli *c);

/* ---- many records by name, that are given out ---- */

DBK_MUST_CHECK dbk_rc cli_looks_add(cli_looks *looks, const dbk_id *space, const dbk_id *record,
                                    dbk_err *err);
DBK_MUST_CHECK dbk_rc cli_looks_log(cli *c, const cli_looks *looks, const dbk_audit_entry *how,
                                    dbk_err *err);
void cli_looks_wipe(cli_looks *looks);

#endif
