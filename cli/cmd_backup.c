/* A store in one encrypted file, and a store from such a file. */
#include <jansson.h>

#include "cli/cmd.h"
#include "cli/render.h"
#include "cli/words.h"

dbk_rc cmd_backup(cli *c, const cli_args *a, dbk_err *err)
{
    const char *file = a->positional[0];
    uint64_t bytes = 0;
    dbk_err why = { 0 };
    dbk_rc rc = dbk_book_backup(c->book, &bytes, file, &why);
    if (rc == DBK_CONFLICT)
        return dbk_fail(err, rc, "there is a file %.100s already: a backup overwrites nothing",
                        out_safe_str(file));
    if (rc != DBK_OK)
        return dbk_fail(err, rc, "no backup was made: %s", why.text);
    if (c->format == OUT_JSON)
        return out_json_take(
            json_pack("{s:s, s:I, s:b}", "file", file, "bytes", (json_int_t)bytes, "proved", 1),
            err);
    out_text("Backed up, and proved by restoring it once. It opens with today's passphrase, and\n"
             "holds every note as the store does: keep it as you keep the device.\n");
    return DBK_OK;
}

dbk_rc cmd_restore(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_secret *passphrase = NULL;
    uint64_t made_ms = 0;
    dbk_err why = { 0 };
    const dbk_book_opts opts = cli_book_opts(c);
    dbk_rc rc = cli_ask_passphrase(&passphrase, c, CLI_ASK_PASSPHRASE, err);
    if (rc != DBK_OK)
        return rc;
    const dbk_restore from = { a->positional[0], passphrase };
    rc = dbk_book_restore(&c->book, &made_ms, c->store, &from, &opts, &why);
    dbk_secret_free(passphrase);
    if (rc == DBK_CONFLICT)
        return dbk_fail(err, rc,
                        "there is something at %.100s already: restore into an empty "
                        "folder (--store DIR)",
                        out_safe_str(c->store));
    if (rc == DBK_PASSPHRASE)
        return dbk_fail(err, rc, "wrong passphrase: a backup opens with the one of its day");
    if (rc != DBK_OK)
        return dbk_fail(err, rc, "nothing was restored: %s", why.text);
    if (c->format == OUT_JSON)
        return out_json_take(
            json_pack("{s:b, s:o}", "restored", 1, "made", cli_time_json((int64_t)made_ms)), err);
    out_text("Restored as it was on %s. What came after fetches `daybook sync`; notes can be\n"
             "written at once.\n",
             cli_time((int64_t)made_ms));
    return DBK_OK;
}
