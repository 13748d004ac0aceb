/* A store in one encrypted file, and a store from such a file. */
#include <jansson.h>

#include "cli/cmd.h"
#include "cli/render.h"
#include "cli/words.h"

dbk_rc cmd_backup(cli *c, const cli_args *a, dbk_err *err)
{
    const char *file = a->positional[0];
    const dbk_backup_opts opts = { file, cli_option_given(a, "--whole") };
    dbk_backed_up made;
    dbk_err why = { 0 };
    dbk_rc rc = dbk_book_backup(c->book, &made, &opts, &why);
    if (rc == DBK_CONFLICT)
        return dbk_fail(err, rc, "there is a file %.100s already: a backup overwrites nothing",
                        out_safe_str(file));
    if (rc != DBK_OK)
        return dbk_fail(err, rc, "no backup was made: %s", why.text);
    if (c->format == OUT_JSON)
        return out_json_take(json_pack("{s:s, s:I, s:b, s:b, s:I}", "file", file, "bytes",
                                       (json_int_t)made.bytes, "proved", 1, "whole",
                                       (int)opts.whole, "left_out", (json_int_t)made.left_out),
                             err);
    out_text("Backed up, and proved by restoring it once. It opens with today's passphrase.\n");
    if (opts.whole)
        out_text("It holds every note as the store does: keep it as you keep the device, and "
                 "destroy it\n"
                 "within 30 days. What is disposed of can be read in it until then.\n");
    else if (made.left_out == 0)
        out_text(
            "Nothing could be left out, as headquarters has confirmed nothing yet: keep it as\n"
            "you keep the device.\n");
    else
        out_text("Left out: %llu change%s that headquarters holds. After a restore they come back\n"
                 "with the first sync. Keep it as you keep the device.\n",
                 (unsigned long long)made.left_out, cli_plural(made.left_out));
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
    out_text("Restored as it was on %s. What came after, and what the backup left out, fetches\n"
             "`daybook sync`; notes can be written at once.\n",
             cli_time((int64_t)made_ms));
    return DBK_OK;
}
