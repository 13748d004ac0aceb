/* daybook: global options, find the command, open the store, run, say what happened. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "cli/args.h"
#include "core/base/alloc.h"
#include "core/base/text.h"

#define PATH_BYTES_MAX 4096u

static const char help_head[] =
    "Daybook keeps field notes on this device, encrypted, and syncs them to headquarters.\n\n"
    "usage: daybook [--store DIR] [--json] [--passphrase-file F | --passphrase-fd N] COMMAND "
    "...\n\n";

static const char help_tail[] =
    "\nThe store is --store, else $DAYBOOK_STORE, else $XDG_DATA_HOME/daybook, else\n"
    "~/.local/share/daybook. `daybook COMMAND --help` says more about a command.\n"
    "FIELD=VALUE is text, FIELD:=JSON is JSON, FIELD+=VALUE adds and FIELD-=VALUE removes.\n";

static void print_help(void)
{
    out_text("%s", help_head);
    for (const cli_command *c = cli_commands; c->name != NULL; c++)
        out_text("  %-14s %s\n", c->name, c->summary);
    out_text("%s\nExit status:\n", help_tail);
    for (int rc = 0; rc < DBK_RC_COUNT; rc++)
        out_text("  %3d  %s\n", dbk_rc_exit_status((dbk_rc)rc), dbk_rc_text((dbk_rc)rc));
}

static void print_command_help(const cli_command *c)
{
    out_text("usage: daybook %s %s\n\n%s.\n", c->name, c->args, c->summary);
    if (c->help != NULL)
        out_text("\n%s\n", c->help);
    if (c->options != NULL)
        out_text("\nOptions:\n");
    for (const cli_option *o = c->options; o != NULL && o->name != NULL; o++) {
        char left[64];
        (void)snprintf(left, sizeof(left), "%s%s%s", o->name, o->value == NULL ? "" : " ",
                       o->value == NULL ? "" : o->value);
        out_text("  %-22s %s\n", left, o->help);
    }
}

/* Nothing of this process may end in a core file, or be read by another process of the user. */
static void harden(void)
{
    struct rlimit none = { 0, 0 };
    (void)umask(077);
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)signal(SIGPIPE, SIG_IGN);
    /* A file size limit shall look like a full disk, not end the program in mid-save. */
    (void)signal(SIGXFSZ, SIG_IGN);
}

static const char *default_store(void)
{
    static char path[PATH_BYTES_MAX];
    const char *set = getenv("DAYBOOK_STORE");
    const char *xdg = getenv("XDG_DATA_HOME");
    const char *home = getenv("HOME");
    if (set != NULL && set[0] != '\0')
        return set;
    if (xdg != NULL && xdg[0] == '/')
        (void)snprintf(path, sizeof(path), "%s/daybook", xdg);
    else
        (void)snprintf(path, sizeof(path), "%s/.local/share/daybook", home == NULL ? "" : home);
    return path;
}

typedef struct globals {
    cli c;
    bool help, version;
    size_t used; /* arguments before the command */
} globals;

static bool takes_value(const char *arg, const char *name, const char **value, size_t *used,
                        char *const *next)
{
    size_t len = strlen(name);
    if (strncmp(arg, name, len) != 0 || (arg[len] != '=' && arg[len] != '\0'))
        return false;
    if (arg[len] == '=') {
        *value = arg + len + 1;
    } else {
        *value = next[1];
        *used += *value != NULL;
    }
    return true;
}

static dbk_rc parse_globals(globals *g, int argc, char *const *argv, dbk_err *err)
{
    size_t i = 1;
    for (; i < (size_t)argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
        const char *value = "", *fd = NULL;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            g->help = true;
        } else if (strcmp(argv[i], "--version") == 0) {
            g->version = true;
        } else if (strcmp(argv[i], "--json") == 0) {
            g->c.format = OUT_JSON;
        } else if (takes_value(argv[i], "--store", &value, &i, argv + i)) {
            g->c.store = value;
        } else if (takes_value(argv[i], "--passphrase-file", &value, &i, argv + i)) {
            g->c.passphrase_file = value;
        } else if (takes_value(argv[i], "--passphrase-fd", &fd, &i, argv + i)) {
            uint64_t n = 0;
            if (fd == NULL || dbk_u64_parse(&n, dbk_span_str(fd), NULL) != DBK_OK || n > 1023)
                return dbk_fail(err, DBK_USAGE, "--passphrase-fd needs a descriptor's number");
            g->c.passphrase_fd = (int)n;
        } else {
            return dbk_fail(err, DBK_USAGE, "no such option: %s", out_safe_str(argv[i]));
        }
        if (value == NULL)
            return dbk_fail(err, DBK_USAGE, "an option's value is missing");
    }
    g->used = i;
    return DBK_OK;
}

static dbk_rc open_book(cli *c, dbk_err *err)
{
    dbk_secret *passphrase = NULL;
    struct stat st;
    if (stat(c->store, &st) != 0)
        return dbk_fail(err, DBK_NOT_FOUND,
                        "there is no store at %.120s; begin with `daybook org create` or "
                        "`daybook join`",
                        c->store);
    dbk_rc rc = cli_ask_passphrase(&passphrase, c, CLI_ASK_PASSPHRASE, err);
    if (rc == DBK_OK)
        rc = dbk_book_open(&c->book, c->store, passphrase, NULL, err);
    dbk_secret_free(passphrase);
    return rc;
}

static dbk_rc run_command(globals *g, int argc, char *const *argv, dbk_err *err)
{
    static cli_args a; /* large; one command a process */
    size_t words = 0, left = (size_t)argc - g->used;
    char *const *rest = argv + g->used;
    const cli_command *command = cli_command_find(&words, left, rest);
    if (command == NULL)
        return dbk_fail(err, DBK_USAGE, "no such command: %s; see daybook --help",
                        out_safe_str(rest[0]));
    for (size_t i = words; i < left; i++) {
        if (strcmp(rest[i], "--") == 0)
            break;
        if (strcmp(rest[i], "--help") == 0 || strcmp(rest[i], "-h") == 0) {
            print_command_help(command);
            return DBK_OK;
        }
    }
    a.command = command;
    dbk_rc rc = cli_args_parse(&a, left - words, rest + words, err);
    if (rc == DBK_OK && (command->flags & CLI_BOOK) != 0)
        rc = open_book(&g->c, err);
    if (rc == DBK_OK)
        rc = command->run(&g->c, &a, err);
    dbk_book_close(g->c.book);
    return rc;
}

int main(int argc, char **argv)
{
    dbk_err err = { 0 };
    globals g = { .c = { .passphrase_fd = -1 } };
    harden();
    g.c.store = default_store();
    dbk_rc rc = parse_globals(&g, argc, argv, &err);
    if (rc == DBK_OK)
        rc = dbk_crypto_init(&err);
    if (rc == DBK_OK && g.version)
        out_text("daybook %s\n", DBK_PRODUCT_VERSION);
    else if (rc == DBK_OK && (g.help || g.used == (size_t)argc))
        print_help();
    else if (rc == DBK_OK)
        rc = run_command(&g, argc, argv, &err);
    dbk_err late = { 0 };
    dbk_rc flushed = out_finish(rc == DBK_OK ? &err : &late);
    if (rc == DBK_OK)
        rc = flushed;
    if (rc != DBK_OK)
        out_failure(rc, err.text[0] == '\0' ? dbk_rc_text(rc) : err.text, g.c.format);
    return dbk_rc_exit_status(rc);
}
