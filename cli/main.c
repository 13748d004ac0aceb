/* daybook: global options, find the command, open the store, run, say what happened. */
#include <locale.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "cli/agent.h"
#include "cli/args.h"
#include "cli/help.h"
#include "cli/looks.h"
#include "cli/recovery.h"
#include "core/base/alloc.h"
#include "core/base/text.h"

#define PATH_BYTES_MAX 4096u
#define DESCRIPTOR_MAX 1023u

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
    /* libcurl's TLS library would write session keys to the file that this names. */
    (void)unsetenv("SSLKEYLOGFILE");
    /* The TPM's library would write its traffic where these say. */
    (void)unsetenv("TSS2_LOGFILE");
    (void)setenv("TSS2_LOG", "all+NONE", 1);
    /* Notes pass through Jansson's memory: it shall be wiped like our own. */
    json_set_alloc_funcs(dbk_alloc, dbk_free);
    out_start();
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

/* Marks of stores lie where state belongs that isn't to be carried to another machine, so that a
 * store that comes back from a backup doesn't bring its own along. NULL: nowhere. */
static const char *anchors_folder(void)
{
    static char path[PATH_BYTES_MAX];
    const char *xdg = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    if (xdg != NULL && xdg[0] == '/')
        (void)snprintf(path, sizeof(path), "%s/daybook", xdg);
    else if (home != NULL && home[0] == '/')
        (void)snprintf(path, sizeof(path), "%s/.local/state/daybook", home);
    return path[0] == '/' ? path : NULL;
}

static const char *default_tpm(void)
{
    const char *set = getenv("DAYBOOK_TPM");
    return set != NULL && set[0] != '\0' ? set : DBK_TPM_DEFAULT;
}

typedef struct globals {
    cli c;
    bool help, version;
    char **rest; /* what isn't global: the command and its arguments */
    size_t rest_count;
} globals;

/* "--name VALUE" or "--name=VALUE"; *i moves on to the last argument taken. */
static bool takes_value(const char **value, size_t *i, const char *name, char *const *argv)
{
    size_t len = strlen(name);
    const char *arg = argv[*i];
    if (strncmp(arg, name, len) != 0 || (arg[len] != '=' && arg[len] != '\0'))
        return false;
    if (arg[len] == '=') {
        *value = arg + len + 1;
    } else {
        *value = argv[*i + 1]; /* argv ends with NULL */
        *i += *value != NULL;
    }
    return true;
}

static dbk_rc take_descriptor(cli *c, const char *text, dbk_err *err)
{
    uint64_t n = 0;
    if (dbk_u64_parse(&n, dbk_span_str(text), NULL) != DBK_OK || n > DESCRIPTOR_MAX)
        return dbk_fail(err, DBK_USAGE, "--passphrase-fd needs the number of an open descriptor");
    c->passphrase_fd = (int)n;
    return DBK_OK;
}

/* Global options may stand anywhere before "--"; all else goes on to the command. */
static dbk_rc parse_globals(globals *g, size_t argc, char *const *argv, dbk_err *err)
{
    bool only_rest = false;
    for (size_t i = 1; i < argc; i++) {
        const char *value = "", *fd = NULL, *arg = argv[i];
        dbk_rc rc = DBK_OK;
        only_rest = only_rest || strcmp(arg, "--") == 0;
        if (only_rest) {
            g->rest[g->rest_count++] = argv[i];
        } else if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0) {
            g->help = true;
        } else if (strcmp(arg, "--version") == 0) {
            g->version = true;
        } else if (strcmp(arg, "--light-kdf") == 0) {
            g->c.light_kdf = true;
        } else if (strcmp(arg, "--json") == 0) {
            g->c.format = OUT_JSON;
        } else if (takes_value(&value, &i, "--store", argv)) {
            g->c.store = value;
        } else if (takes_value(&value, &i, "--passphrase-file", argv)) {
            g->c.passphrase_file = value;
        } else if (takes_value(&fd, &i, "--passphrase-fd", argv)) {
            rc = take_descriptor(&g->c, fd == NULL ? "" : fd, err);
        } else if (g->rest_count == 0 && arg[0] == '-') {
            rc = dbk_fail(err, DBK_USAGE, "no such option: %.60s; `daybook --help` lists them",
                          out_safe_str(arg));
        } else {
            g->rest[g->rest_count++] = argv[i];
        }
        if (value == NULL)
            rc = dbk_fail(err, DBK_USAGE, "%.40s needs a value", arg);
        if (rc != DBK_OK)
            return rc;
    }
    return DBK_OK;
}

dbk_book_opts cli_book_opts(const cli *c)
{
    static const dbk_kdf_cost light = DBK_KDF_COST_FLOOR;
    dbk_book_opts opts = { .anchors = anchors_folder(), .factor = &c->factor };
    if (c->light_kdf)
        opts.kdf = light;
    return opts;
}

/* What the mark outside the store says of it; nothing, as long as all is well. */
static void tell_mark(const cli *c)
{
    const dbk_book_mark mark = dbk_book_mark_found(c->book);
    if (mark.found == DBK_MARK_MISSING)
        out_note("This machine had no mark yet of how far this store is: that is so on a new "
                 "machine, and for a copy. There is one from now on.");
    if (mark.found == DBK_MARK_AHEAD)
        out_note("! This store is an older copy: this device had come further. Notes can be read "
                 "and written; what it lacks comes with the next `daybook sync`.");
    if (mark.found == DBK_MARK_STRANGE)
        out_note("! The mark of how far this store is doesn't fit it, so it is taken for an older "
                 "copy. Notes can be read and written; `daybook sync` fetches what it may lack.");
    if (mark.unsettled != NULL)
        out_note("! Nothing can be written until that is noted in the store: %s",
                 out_safe_str(mark.unsettled));
    if (mark.slots_older)
        out_note("! The key file is older than the one this device had last: an old passphrase "
                 "opens this store. If nobody put a backup back, tell your administrator, and "
                 "run `daybook rekey`.");
}

dbk_rc cli_open_book(cli *c, dbk_secret **kept, dbk_err *err)
{
    dbk_secret *passphrase = NULL;
    const dbk_book_opts opts = cli_book_opts(c);
    dbk_rc rc = cli_store_exists(c, err);
    if (rc == DBK_OK && kept == NULL && c->passphrase_file == NULL && c->passphrase_fd < 0) {
        dbk_err tried = { 0 };
        rc = agent_open_book(c, AGENT_KEY, &tried);
        c->by_agent = rc == DBK_OK;
        if (rc == DBK_OK)
            tell_mark(c);
        if (rc != DBK_PENDING)
            return rc == DBK_OK ? DBK_OK : dbk_fail(err, rc, "%s", tried.text);
        rc = DBK_OK; /* it is locked */
    }
    if (rc == DBK_OK)
        rc = cli_ask_passphrase(&passphrase, c, CLI_ASK_PASSPHRASE, err);
    if (rc == DBK_OK)
        rc = dbk_book_open(&c->book, c->store, passphrase, &opts, err);
    if (rc == DBK_OK)
        tell_mark(c);
    if (rc == DBK_OK && kept != NULL) {
        *kept = passphrase;
        passphrase = NULL;
    }
    dbk_secret_free(passphrase);
    return rc;
}

dbk_rc cli_store_exists(const cli *c, dbk_err *err)
{
    struct stat st;
    if (stat(c->store, &st) == 0)
        return DBK_OK;
    return dbk_fail(err, DBK_NOT_FOUND,
                    "there is no store at %.100s; begin with `daybook join` or `daybook org "
                    "create`",
                    out_safe_str(c->store));
}

static bool has_option(const cli_args *a, const char *name)
{
    const cli_option *o = a->command->options;
    while (o != NULL && o->name != NULL && strcmp(o->name, name) != 0)
        o++;
    return o != NULL && o->name != NULL;
}

/* --reason, where the command has it and it says something. */
static const char *reason_of(const cli_args *a)
{
    const char *reason = has_option(a, "--reason") ? cli_option_value(a, "--reason") : NULL;
    return reason == NULL || reason[0] == '\0' ? NULL : reason;
}

/* Words for people stand under their marking (2.8); CSV has none, as a program reads it. */
static void mark(const cli *c, const cli_args *a)
{
    bool csv = has_option(a, "--csv") && cli_option_given(a, "--csv");
    if (c->format == OUT_TEXT && !csv)
        out_mark();
}

/* What shows records: all of it waits until it is in the log who saw it. */
static dbk_rc run_looking(cli *c, const cli_args *a, dbk_err *err)
{
    static cli_looks looks;
    c->looks = &looks;
    out_hold();
    mark(c, a);
    dbk_rc rc = a->command->run(c, a, err);
    return rc == DBK_OK ? cli_looks_end(c, a->command->name, err) : rc;
}

static dbk_rc run_command(globals *g, const cli_command *command, size_t words, dbk_err *err)
{
    static cli_args a; /* large; one command a process, or one more in a child of the console */
    a = (cli_args){ .command = command };
    dbk_rc rc = cli_args_parse(&a, g->rest_count - words, g->rest + words, err);
    if (rc == DBK_OK && (command->flags & CLI_BOOK) != 0)
        rc = cli_open_book(&g->c, NULL, err);
    if (rc == DBK_OK && g->c.book != NULL) {
        cli_recovery_settle(&g->c);
        cli_looks_device(&g->c);
        dbk_journal_heed(g->c.book, dbk_rules_judge);
    }
    g->c.reason = rc == DBK_OK ? reason_of(&a) : NULL;
    if (rc == DBK_OK && (command->flags & CLI_MARKED) != 0)
        mark(&g->c, &a);
    if (rc == DBK_OK)
        rc = (command->flags & CLI_LOOKS) != 0 ? run_looking(&g->c, &a, err)
                                               : command->run(&g->c, &a, err);
    dbk_book_close(g->c.book);
    g->c.book = NULL;
    return rc;
}

static dbk_rc dispatch(globals *g, dbk_err *err)
{
    size_t words = 0;
    if (g->version) {
        out_text("daybook %s\n", DBK_PRODUCT_VERSION);
        return DBK_OK;
    }
    if (g->rest_count > 0 && strcmp(g->rest[0], "help") == 0) {
        g->help = true;
        g->rest++;
        g->rest_count--;
    }
    if (g->rest_count == 0) {
        cli_help_all();
        return DBK_OK;
    }
    const cli_command *command = cli_command_find(&words, g->rest_count, g->rest);
    if (command == NULL)
        return cli_help_unknown(g->rest[0], err);
    if (g->help) {
        cli_help_command(command);
        return DBK_OK;
    }
    return run_command(g, command, words, err);
}

static const char *sentence_of(dbk_rc rc, const dbk_err *err)
{
    if (rc == DBK_FULL) /* whichever file it was, this is what the officer has to know and do */
        return "the disk is full: make room and try again; what was saved before is safe";
    return err->text[0] == '\0' ? dbk_rc_text(rc) : err->text;
}

static out_details failure_details(const cli *c)
{
    return (out_details){ c->wants_reason ? "reason" : NULL, c->problems };
}

int cli_program(size_t argc, char **argv)
{
    dbk_err err = { 0 }, late = { 0 };
    globals g = { .c = { .passphrase_fd = -1 } };
    g.c.store = default_store();
    g.c.tpm.where = default_tpm();
    g.c.factor = dbk_tpm_factor(&g.c.tpm);
    char **rest = dbk_alloc_array(argc + 1, sizeof(rest[0]));
    g.rest = rest;
    dbk_rc rc = rest == NULL ? dbk_fail(&err, DBK_NOMEM, "no memory for the arguments") : DBK_OK;
    if (rc == DBK_OK)
        rc = parse_globals(&g, argc, argv, &err);
    if (rc == DBK_OK)
        rc = dbk_crypto_init(&err);
    if (rc == DBK_OK)
        rc = dispatch(&g, &err);
    if (rc != DBK_OK)
        out_failure(rc, sentence_of(rc, &err), failure_details(&g.c), g.c.format);
    dbk_rc flushed = out_finish(&late);
    dbk_rc kept = out_redirect_end(rc == DBK_OK && flushed == DBK_OK, &late);
    flushed = flushed == DBK_OK ? kept : flushed;
    if (rc == DBK_OK && flushed != DBK_OK) {
        rc = flushed;
        out_failure(rc, late.text, (out_details){ 0 }, OUT_TEXT);
    }
    dbk_free(rest);
    dbk_wipe_stack();
    return dbk_rc_exit_status(rc);
}

int main(int argc, char **argv)
{
    harden();
    (void)setlocale(LC_CTYPE, "C.UTF-8"); /* for the width of characters, nothing else */
    return cli_program((size_t)argc, argv);
}
