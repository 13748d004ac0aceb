/* The console: pages for headquarters and officers, on this machine alone. */
#include <limits.h>
#include <stdlib.h>

#include "cli/agent.h"
#include "cli/cmd.h"
#include "cli/console.h"
#include "cli/console_assets.h"
#include "core/base/text.h"

#define PORT_MAX 65535u

static bool says_json;

/* Flushed at once: a child of the console shall not have it in its own output. */
static void say_address(const char *address)
{
    dbk_err none = { 0 };
    if (says_json)
        out_text("{\"address\":\"%s\"}\n", address);
    else
        out_text("Open this address in a browser on this machine, within five minutes and once:\n"
                 "%s\n",
                 address);
    (void)!out_finish(&none);
}

static dbk_rc read_port(unsigned *port, const cli_args *a, dbk_err *err)
{
    const char *text = cli_option_value(a, "--port");
    uint64_t n = 0;
    if (text != NULL && (dbk_u64_parse(&n, dbk_span_str(text), NULL) != DBK_OK || n > PORT_MAX))
        return dbk_fail(err, DBK_USAGE, "--port needs a number from 1 to 65535");
    *port = (unsigned)n;
    return DBK_OK;
}

dbk_rc cmd_console(cli *c, const cli_args *a, dbk_err *err)
{
    char store[PATH_MAX];
    agent_limits limits;
    console_opts opts = { .begun = { store, cli_option_value(a, "--idle"),
                                     cli_option_value(a, "--for") } };
    says_json = c->format == OUT_JSON;
    if (console_assets[0].name == NULL)
        return dbk_fail(err, DBK_NOT_FOUND,
                        "this daybook was built without its console (README: npm)");
    dbk_rc rc = cli_store_exists(c, err);
    if (rc == DBK_OK && realpath(c->store, store) == NULL)
        rc = dbk_fail(err, DBK_IO, "the store's folder can't be found");
    if (rc == DBK_OK)
        rc = read_port(&opts.port, a, err);
    if (rc == DBK_OK)
        rc = agent_limits_read(&limits, a, err);
    if (rc == DBK_OK && !agent_is_there(store))
        out_note("The store is locked: the page asks for the passphrase, or run `daybook unlock`.");
    if (rc == DBK_OK)
        out_note("Ctrl-C ends the console%s.", says_json ? "" : "; Enter prints a new address");
    return rc == DBK_OK ? console_serve(&opts, say_address, err) : rc;
}
