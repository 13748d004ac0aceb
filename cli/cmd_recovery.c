/* Headquarters' recovery of a forgotten passphrase: the key in shares, what it may open, and the
 * opening itself. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/looks.h"
#include "cli/recovery.h"
#include "cli/render.h"
#include "core/base/alloc.h"
#include "core/base/text.h"

static void wipe_shares(dbk_share *shares, size_t count)
{
    for (size_t i = 0; i < count; i++)
        dbk_share_wipe(&shares[i]);
}

/* ---- the ceremony -------------------------------------------------------------------------- */

static dbk_rc write_all(int fd, dbk_span in, const char *path, dbk_err *err)
{
    while (in.len > 0) {
        ssize_t put = write(fd, in.p, in.len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return dbk_fail(err, errno == ENOSPC ? DBK_FULL : DBK_IO, "%.120s can't be written: %s",
                            path, strerror(errno));
        in = dbk_span_of(in.p + put, in.len - (size_t)put);
    }
    if (fsync(fd) != 0 && errno != EINVAL) /* what can't be synced is no disk */
        return dbk_fail(err, DBK_IO, "%.120s can't be written: %s", path, strerror(errno));
    return DBK_OK;
}

/* Never over a file that is there. */
static dbk_rc write_share(const dbk_share *share, const char *path, dbk_err *err)
{
    dbk_bytes text = DBK_BYTES_INIT(DBK_SHARE_TEXT_BYTES_MAX);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return dbk_fail(err, errno == EEXIST ? DBK_CONFLICT : DBK_IO, "%.120s can't be made: %s",
                        path, strerror(errno));
    dbk_rc rc = dbk_share_print(&text, share, err);
    if (rc == DBK_OK)
        rc = write_all(fd, dbk_bytes_span(&text), path, err);
    (void)close(fd);
    if (rc != DBK_OK)
        (void)unlink(path);
    dbk_bytes_wipe(&text);
    return rc;
}

/* All of them or none: a share that lies about without the others being kept helps nobody. */
static dbk_rc write_shares(const dbk_share *shares, const cli_values *files, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    size_t made = 0;
    while (made < files->count && rc == DBK_OK) {
        rc = write_share(&shares[made], files->rows[made], err);
        made += rc == DBK_OK;
    }
    while (rc != DBK_OK && made > 0)
        (void)unlink(files->rows[--made]);
    return rc;
}

static dbk_rc say_created(const cli *c, const dbk_share *s, const cli_values *files, dbk_err *err)
{
    char key[65], print[DBK_ID_HEX_SIZE], set[DBK_ID_HEX_SIZE];
    dbk_id print_id = dbk_recovery_print(s->key), set_id = dbk_share_set(s);
    dbk_hex_print(key, dbk_span_of(s->key, sizeof(s->key)));
    dbk_id_hex(print, &print_id);
    dbk_id_hex(set, &set_id);
    if (c->format == OUT_JSON)
        return out_json_take(json_pack("{s:s, s:s, s:s, s:i, s:i}", "key", key, "recovery_key",
                                       print, "set", set, "needed", (int)s->need, "shares",
                                       (int)s->count),
                             err);
    out_text("%s\n", key);
    for (size_t i = 0; i < files->count; i++)
        out_note("Share %zu of %u is in %s", i + 1, s->count, out_safe_str(files->rows[i]));
    out_note("Give each share to another keeper, on paper or a stick of its own, and destroy these "
             "files. Any %u of them open every store that this key is for.\n"
             "The line on standard output is the key for the policy, which two administrators "
             "sign: daybook org policy --recovery KEY. Devices will show it as %s.",
             s->need, print);
    return DBK_OK;
}

static dbk_rc read_need(size_t *need, const cli_args *a, dbk_err *err)
{
    const char *text = cli_option_value(a, "--need");
    uint64_t n = 2;
    if (text != NULL && dbk_u64_parse(&n, dbk_span_str(text), NULL) != DBK_OK)
        return dbk_fail(err, DBK_USAGE, "--need is how many shares it takes together: 2 or more");
    *need = n > DBK_SHARES_MAX ? DBK_SHARES_MAX + 1 : (size_t)n;
    return DBK_OK;
}

dbk_rc cmd_recovery_create(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_share shares[DBK_SHARES_MAX] = { 0 };
    const cli_values *files = cli_option_values(a, "--share");
    dbk_shares_opts opts = { .organisation = a->positional[0], .count = files->count };
    dbk_rc rc = read_need(&opts.need, a, err);
    if (rc == DBK_OK && (opts.count < 2 || opts.count > DBK_SHARES_MAX))
        rc = dbk_fail(err, DBK_USAGE,
                      "--share FILE is needed for each keeper: three are usual, at most %u",
                      DBK_SHARES_MAX);
    if (rc == DBK_OK)
        rc = dbk_shares_create(shares, &opts, dbk_env_system(), err);
    if (rc == DBK_OK)
        rc = write_shares(shares, files, err);
    if (rc == DBK_OK)
        rc = say_created(c, &shares[0], files, err);
    wipe_shares(shares, DBK_SHARES_MAX);
    return rc;
}

/* ---- what it may open ---------------------------------------------------------------------- */

dbk_rc cmd_recovery_status(cli *c, const cli_args *a, dbk_err *err)
{
    json_t *row = NULL;
    dbk_recovery r;
    (void)a;
    if (c->format == OUT_JSON) {
        dbk_rc rc = cli_recovery_json(&row, c, err);
        return rc == DBK_OK ? out_json_take(row, err) : rc;
    }
    dbk_rc rc = dbk_recovery_look(c->book, &r, err);
    if (rc == DBK_OK && !r.there)
        out_text("Only your passphrase opens this store. If it is forgotten, what has not reached "
                 "the relay is lost.\n");
    return rc == DBK_OK ? cli_recovery_print(c, err) : rc;
}

/* ---- opening ------------------------------------------------------------------------------- */

static dbk_rc read_share(dbk_share *share, const char *path, dbk_err *err)
{
    dbk_bytes text = { 0 };
    dbk_err why = { 0 };
    dbk_rc rc = cli_read_file(&text, path, err);
    if (rc != DBK_OK)
        return rc;
    rc = dbk_share_parse(share, dbk_bytes_span(&text), &why);
    dbk_bytes_wipe(&text);
    return rc == DBK_OK ? rc : dbk_fail(err, rc, "%.120s: %s", out_safe_str(path), why.text);
}

static dbk_rc say_recovered(cli *c, const dbk_recovery *r, dbk_err *err)
{
    char device[DBK_ID_HEX_SIZE];
    dbk_id id = dbk_book_device(c->book);
    dbk_id_hex(device, &id);
    if (c->format == OUT_JSON)
        return out_json_take(json_pack("{s:b, s:s, s:s}", "recovered", 1, "device", device, "name",
                                       cli_device_name(c, &id)),
                             err);
    out_text("The store of %s (device %s) opens with the new passphrase.\n"
             "That it was opened so, and when, stays in it for the officer to see (%zu so far). "
             "They should\n"
             "run `daybook passphrase` and then `daybook rekey`: then nobody here knows a key of "
             "it any more.\n",
             cli_device_name(c, &id), device, r->openings_count);
    return DBK_OK;
}

dbk_rc cmd_recover(cli *c, const cli_args *a, dbk_err *err)
{
    const cli_values *files = cli_option_values(a, "--share");
    const dbk_book_opts opts = cli_book_opts(c);
    dbk_share shares[DBK_SHARES_MAX] = { 0 };
    dbk_secret *fresh = NULL;
    dbk_recovery r;
    cli asked = *c;
    asked.passphrase_file = cli_option_value(a, "--new-file");
    dbk_rc rc = cli_store_exists(c, err);
    if (rc == DBK_OK && (files->count < 1 || files->count > DBK_SHARES_MAX))
        rc = dbk_fail(err, DBK_USAGE, "--share FILE is needed for each share, at most %u",
                      DBK_SHARES_MAX);
    for (size_t i = 0; i < files->count && rc == DBK_OK; i++)
        rc = read_share(&shares[i], files->rows[i], err);
    if (rc == DBK_OK) /* before a new passphrase is asked for in vain */
        rc = dbk_shares_check(shares, files->count, err);
    if (rc == DBK_OK)
        rc = cli_ask_passphrase(&fresh, &asked, CLI_ASK_NEW_PASSPHRASE, err);
    const dbk_recovery_with with = { shares, files->count, fresh };
    if (rc == DBK_OK)
        rc = dbk_recovery_open(&c->book, c->store, &with, &opts, err);
    wipe_shares(shares, DBK_SHARES_MAX);
    dbk_secret_free(fresh);
    if (rc == DBK_OK)
        cli_looks_device(c);
    if (rc == DBK_OK)
        rc = dbk_recovery_look(c->book, &r, err);
    return rc == DBK_OK ? say_recovered(c, &r, err) : rc;
}
