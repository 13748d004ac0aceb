#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "cli/nearest.h"

static const char head[] =
    "Daybook keeps field notes on this device, encrypted, and syncs them with headquarters.\n\n"
    "usage: daybook [OPTION]... COMMAND ...\n";

static const char tail[] =
    "\nOptions, before or after the command:\n"
    "  --store DIR            where the notes are: else $DAYBOOK_STORE, else\n"
    "                         $XDG_DATA_HOME/daybook, else ~/.local/share/daybook\n"
    "  --passphrase-file F    read the passphrase from a file instead of asking\n"
    "  --passphrase-fd N      read it from an open descriptor\n"
    "  --light-kdf            a passphrase set now gets the least protection allowed\n"
    "                         (64 MiB, 2 passes): for tests and trials\n"
    "  --json                 answers for programs: every line is one JSON document\n"
    "  --help, --version\n"
    "\n`daybook COMMAND --help` says more about a command.\n";

void cli_help_all(void)
{
    const char *title = NULL;
    out_text("%s", head);
    for (const cli_command *c = cli_commands; c->name != NULL; c++) {
        if (c->title != NULL && c->title != title) {
            title = c->title;
            out_text("\n%s\n", title);
        }
        out_text("  %-18s  %s\n", c->name, c->summary);
    }
    out_text("%s\nExit status:\n", tail);
    for (int rc = 0; rc < DBK_RC_COUNT; rc++)
        out_text("  %2d  %s\n", dbk_rc_exit_status((dbk_rc)rc), dbk_rc_text((dbk_rc)rc));
}

void cli_help_command(const cli_command *c)
{
    out_text("usage: daybook %s%s%s\n\n%c%s.\n", c->name, c->args[0] == '\0' ? "" : " ", c->args,
             c->summary[0] >= 'a' && c->summary[0] <= 'z' ? c->summary[0] - 32 : c->summary[0],
             c->summary + 1);
    if (c->help != NULL) {
        out_text("\n");
        out_wrapped("", dbk_span_str(c->help));
    }
    if (c->options != NULL)
        out_text("\nOptions:\n");
    for (const cli_option *o = c->options; o != NULL && o->name != NULL; o++) {
        char left[64];
        (void)snprintf(left, sizeof(left), "%s%s%s", o->name, o->value == NULL ? "" : " ",
                       o->value == NULL ? "" : o->value);
        out_text("  %-22s %s\n", left, o->help);
    }
    out_text("\n`daybook --help` lists the options of every command, and the exit statuses.\n");
}

/* "create, invite, approve" for "org"; nothing for a word that begins no command. */
static dbk_rc second_words(dbk_bytes *out, const char *first, dbk_err *err)
{
    size_t len = strlen(first);
    dbk_rc rc = DBK_OK;
    for (const cli_command *c = cli_commands; rc == DBK_OK && c->name != NULL; c++)
        if (strncmp(c->name, first, len) == 0 && c->name[len] == ' ')
            rc = dbk_bytes_append_fmt(out, err, "%s%s", out->len > 0 ? ", " : "",
                                      c->name + len + 1);
    return rc == DBK_OK ? dbk_bytes_append_u8(out, 0, err) : rc;
}

dbk_rc cli_help_unknown(const char *word, dbk_err *err)
{
    dbk_bytes seconds = DBK_BYTES_INIT(256);
    cli_nearest near;
    dbk_rc rc = second_words(&seconds, word, err);
    if (rc == DBK_OK && seconds.len > 1) {
        rc = dbk_fail(err, DBK_USAGE, "%s needs one more word: %s", word, (const char *)seconds.p);
    } else if (rc == DBK_OK) {
        cli_nearest_begin(&near, word);
        for (const cli_command *c = cli_commands; c->name != NULL; c++)
            cli_nearest_offer(&near, c->name);
        rc = dbk_fail(err, DBK_USAGE, "no such command: %.40s%s%s", out_safe_str(word),
                      cli_nearest_words(&near),
                      near.best == NULL ? "; `daybook --help` lists them" : "");
    }
    dbk_bytes_wipe(&seconds);
    return rc;
}
