/* Change the passphrase: the store key is wrapped anew, the notes stay as they are. */
#include <jansson.h>

#include "cli/cmd.h"

/* Opens the store itself: the old passphrase is asked for once, and needed twice. */
dbk_rc cmd_passphrase(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_secret *old = NULL, *fresh = NULL;
    cli asked = *c;
    asked.passphrase_file = cli_option_value(a, "--new-file");
    asked.passphrase_fd = -1;
    dbk_rc rc = cli_open_book(c, &old, err);
    if (rc == DBK_OK)
        rc = cli_ask_passphrase(&fresh, &asked, CLI_ASK_NEW_PASSPHRASE, err);
    dbk_slots_change change = { old, fresh };
    if (rc == DBK_OK)
        rc = dbk_book_change_passphrase(c->book, &change, err);
    dbk_secret_free(old);
    dbk_secret_free(fresh);
    if (rc != DBK_OK)
        return rc;
    if (c->format == OUT_JSON)
        return out_json_take(json_pack("{s:b}", "changed", 1), err);
    out_text("The passphrase is changed. If someone else may know the old one, tell your\n"
             "administrator: a copy of this store made before today still opens with it.\n");
    return DBK_OK;
}
