/* sync/relay/confine.h - a process of the relay enters its sandbox, as the operator wants it, and
 * says what stands. */
#ifndef DBK_RELAY_CONFINE_H
#define DBK_RELAY_CONFINE_H

#include "sync/relay/sandbox.h"

typedef enum dbk_confine_mode {
    DBK_CONFINE_ON,      /* what the kernel has */
    DBK_CONFINE_REQUIRE, /* all of it, or not at all */
    DBK_CONFINE_OFF
} dbk_confine_mode;
/* "on", "require", "off". */
const char *dbk_confine_word(dbk_confine_mode mode);
DBK_MUST_CHECK dbk_rc dbk_confine_parse(dbk_confine_mode *out, const char *word, dbk_err *err);

#define DBK_CONFINE_WALLS 2u /* Landlock, seccomp */

/* process: for the log's line. *walls: how many stand. DBK_DENIED: the mode asks for more than
 * there is. */
typedef struct dbk_confine_opts {
    const char *process;
    const dbk_sandbox_wants *wants;
    dbk_confine_mode mode;
} dbk_confine_opts;
DBK_MUST_CHECK dbk_rc dbk_confine(unsigned *walls, const dbk_confine_opts *opts, dbk_err *err);

#endif
