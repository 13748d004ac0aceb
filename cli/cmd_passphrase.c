/* Change the passphrase: the store key is wrapped anew, the notes stay as they are. Change the key:
 * the notes are enciphered anew, the passphrase stays. */
#include <jansson.h>

#include "cli/cmd.h"
#include "cli/looks.h"

/* What the store shall need besides, from now on. */
static dbk_rc choose_factor(const dbk_factor **out, cli *c, const cli_args *a, dbk_err *err)
{
    bool with = cli_option_given(a, "--tpm"), without = cli_option_given(a, "--no-tpm");
    bool has = false;
    dbk_rc rc = dbk_book_has_factor(c->book, &has, err);
    if (rc == DBK_OK && with && without)
        rc = dbk_fail(err, DBK_USAGE, "either --tpm or --no-tpm");
    if (rc == DBK_OK && with && !dbk_tpm_built())
        rc = dbk_fail(err, DBK_NOT_FOUND, "this program was built without TPM support");
    *out = with || (has && !without) ? &c->factor : NULL;
    return rc;
}

static dbk_rc say_changed(cli *c, bool tpm, dbk_err *err)
{
    dbk_recovery recovery;
    if (c->format == OUT_JSON)
        return out_json_take(json_pack("{s:b, s:b}", "changed", 1, "tpm", (int)tpm), err);
    out_text("The passphrase is changed. If someone else may know the old one, tell your\n"
             "administrator, and run `daybook rekey`: a copy of this store made before, or\n"
             "what a flash disk keeps of the old key file, still opens with it.\n");
    dbk_rc rc = dbk_recovery_look(c->book, &recovery, err);
    if (rc == DBK_OK && tpm)
        out_text("The store opens on this machine only.%s\n",
                 recovery.there ? ""
                                : " If the machine breaks, nothing opens it: headquarters has "
                                  "no recovery key for it.");
    return rc;
}

/* Opens the store itself: the old passphrase is asked for once, and needed twice. */
dbk_rc cmd_passphrase(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_secret *old = NULL, *fresh = NULL;
    const dbk_factor *factor = NULL;
    cli asked = *c;
    asked.passphrase_file = cli_option_value(a, "--new-file");
    asked.passphrase_fd = -1;
    dbk_rc rc = cli_open_book(c, &old, err);
    if (rc == DBK_OK)
        rc = choose_factor(&factor, c, a, err);
    if (rc == DBK_OK)
        rc = cli_ask_passphrase(&fresh, &asked, CLI_ASK_NEW_PASSPHRASE, err);
    dbk_slots_change change = { old, fresh, &c->factor, factor };
    if (rc == DBK_OK)
        rc = dbk_book_change_passphrase(c->book, &change, err);
    if (rc == DBK_OK)
        cli_looks_device(c);
    dbk_secret_free(old);
    dbk_secret_free(fresh);
    return rc == DBK_OK ? say_changed(c, factor != NULL, err) : rc;
}

dbk_rc cmd_rekey(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_secret *passphrase = NULL;
    const dbk_book_opts opts = cli_book_opts(c);
    (void)a;
    dbk_rc rc = cli_store_exists(c, err);
    if (rc == DBK_OK)
        rc = cli_ask_passphrase(&passphrase, c, CLI_ASK_PASSPHRASE, err);
    if (rc == DBK_OK)
        rc = dbk_book_rekey(c->store, passphrase, &opts, err);
    dbk_secret_free(passphrase);
    if (rc != DBK_OK)
        return rc;
    if (c->format == OUT_JSON)
        return out_json_take(json_pack("{s:b}", "rekeyed", 1), err);
    out_text("The store has a new key. Old copies of its key file open it no more; whole copies\n"
             "of the old store still open with the passphrase of their day.\n");
    return DBK_OK;
}
