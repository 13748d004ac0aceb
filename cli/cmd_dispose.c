/* Disposal: retention dispose, retention orders; what an order is of, for whoever is to sign it;
 * and carrying orders out after an exchange. */
#include <jansson.h>
#include <string.h>

#include "cli/change.h"
#include "cli/cmd.h"
#include "cli/dispose.h"
#include "cli/input.h"
#include "cli/looks.h"
#include "cli/render.h"
#include "cli/words.h"
#include "core/base/alloc.h"

static int64_t now_ms(void)
{
    return (int64_t)dbk_env_system()->now_ms(NULL);
}

/* ---- what it is of --------------------------------------------------------------------------- */

static dbk_rc say_subject(cli *c, const dbk_id *record, dbk_err *err)
{
    dbk_note *note = NULL;
    dbk_bytes about = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_rc rc = dbk_query_note(&note, c->book, record, err);
    if (rc == DBK_OK)
        rc = cli_summary_text(&about, note, err);
    if (rc == DBK_OK)
        out_text("          %s %s  %s\n", note->form == NULL ? "" : dbk_form_name(note->form),
                 cli_short_id(record), out_safe(dbk_bytes_span(&about)));
    dbk_note_free(note);
    dbk_bytes_wipe(&about);
    return rc;
}

static dbk_rc say_plan(cli *c, const dbk_disposing *d, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < d->subjects_count; i++)
        rc = say_subject(c, &d->subjects[i], err);
    if (rc != DBK_OK)
        return rc;
    out_text("          %zu record%s, %zu change%s.\n", d->records_count,
             cli_plural(d->records_count), d->dots_count, cli_plural(d->dots_count));
    if (d->shared > 0)
        out_text("          %zu record%s that also tell%s of others stay%s.\n", d->shared,
                 cli_plural(d->shared), d->shared == 1 ? "s" : "", d->shared == 1 ? "s" : "");
    return DBK_OK;
}

static dbk_rc log_looks(cli *c, const dbk_disposing *d, const char *what, dbk_err *err)
{
    cli_looks looks = { 0 };
    const dbk_audit_entry how = { .op = DBK_AUDIT_CONSULTATION, .what = what, .reason = c->reason };
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < d->subjects_count; i++)
        rc = cli_looks_add(&looks, &d->space, &d->subjects[i], err);
    if (rc == DBK_OK)
        rc = cli_looks_log(c, &looks, &how, err);
    cli_looks_wipe(&looks);
    return rc;
}

dbk_rc cli_dispose_say(cli *c, const dbk_proposal *order, dbk_err *err)
{
    dbk_disposing d;
    dbk_err why = { 0 };
    if (c->reason == NULL && dbk_book_is_restricted(c->book, &order->decoded.entry.space)) {
        out_text("          What it is of lies in a restricted space: give --reason.\n");
        return DBK_OK;
    }
    dbk_rc rc = dbk_disposing_check(&d, c->book, order, now_ms(), &why);
    if (rc != DBK_OK) {
        out_text("          It can't be agreed to here: %s.\n", out_safe_str(why.text));
        rc = DBK_OK;
    } else {
        rc = log_looks(c, &d, "org proposals", err);
        if (rc == DBK_OK)
            rc = say_plan(c, &d, err);
    }
    dbk_disposing_wipe(&d);
    return rc;
}

dbk_rc cli_dispose_check(cli *c, const dbk_proposal *order, dbk_err *err)
{
    dbk_disposing d;
    dbk_rc rc = dbk_disposing_check(&d, c->book, order, now_ms(), err);
    dbk_disposing_wipe(&d);
    return rc;
}

/* ---- retention dispose ----------------------------------------------------------------------- */

static dbk_rc refuse_silent(cli *c, const dbk_disposing *d, dbk_err *err)
{
    for (size_t i = 0; i < d->silent_count && c->format == OUT_TEXT; i++)
        out_note("%s has not confirmed what came up to the decision: it must sync, be used in this "
                 "space and sync again, or be revoked.",
                 cli_device_name(c, &d->silent[i]));
    return dbk_fail(err, DBK_PENDING,
                    "nothing was proposed: %zu device%s may still bring a hold, or something that "
                    "changes the decision",
                    d->silent_count, cli_plural(d->silent_count));
}

static dbk_rc propose(cli *c, const dbk_disposing *d, dbk_err *err)
{
    dbk_transport t = { 0 };
    const dbk_new_order order = { d->space, d->review, d->dots, d->dots_count };
    dbk_rc rc = dbk_driver_connect(&t, c->book, err);
    if (rc == DBK_OK)
        rc = dbk_driver_dispose(c->book, &t, &order, err);
    dbk_transport_close(&t);
    return rc;
}

dbk_rc cmd_retention_dispose(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_id subjects[CLI_POSITIONAL_MAX];
    dbk_disposing d = { 0 };
    dbk_rc rc = cli_change_check_admin(c, "order what is disposed of", err);
    for (size_t i = 0; rc == DBK_OK && i < a->count; i++)
        rc = cli_record_find(&subjects[i], c, a->positional[i], err);
    if (rc == DBK_OK)
        rc = dbk_disposing_plan(&d, c->book, subjects, a->count, now_ms(), err);
    if (rc == DBK_OK)
        rc = cli_looks_allowed(c, &d.space, err);
    if (rc == DBK_OK && d.silent_count > 0)
        rc = refuse_silent(c, &d, err);
    if (rc == DBK_OK)
        rc = log_looks(c, &d, "retention dispose", err);
    if (rc == DBK_OK && c->format == OUT_TEXT) {
        out_text("To be erased everywhere, when another administrator agrees:\n");
        rc = say_plan(c, &d, err);
    }
    if (rc == DBK_OK)
        rc = propose(c, &d, err);
    dbk_disposing_wipe(&d);
    return rc;
}

/* ---- retention orders ------------------------------------------------------------------------ */

static json_t *word_json(const cli *c, const dbk_dispose_word *w)
{
    return json_pack("{s:s, s:o, s:o}", "device", cli_device_name(c, &w->device), "outcome",
                     w->said ? json_string(dbk_dispose_outcome_name(w->outcome)) : json_null(),
                     "at", w->said ? cli_time_json(w->at_ms) : json_null());
}

static void say_word(const cli *c, const dbk_dispose_word *w)
{
    if (w->said)
        out_text("          %s: %s, %s\n", cli_device_name(c, &w->device),
                 dbk_dispose_outcome_name(w->outcome), cli_time(w->at_ms));
    else
        out_text("          %s: not heard of yet\n", cli_device_name(c, &w->device));
}

static dbk_rc say_order(cli *c, const dbk_disposal *d, dbk_err *err)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_dispose_word *words = NULL;
    size_t count = 0;
    dbk_rc rc = dbk_dispose_words(&words, &count, c->book, d, err);
    dbk_id_hex(hex, &d->id);
    if (rc == DBK_OK && c->format == OUT_JSON) {
        json_t *devices = json_array();
        for (size_t i = 0; i < count; i++)
            (void)json_array_append_new(devices, word_json(c, &words[i]));
        rc = out_json_take(json_pack("{s:s, s:s, s:o, s:I, s:o}", "order", hex, "space",
                                     cli_space_name(c, &d->order->space), "ordered",
                                     cli_time_json((int64_t)d->order->time_ms), "changes",
                                     (json_int_t)d->order->dots_count, "devices", devices),
                           err);
    } else if (rc == DBK_OK) {
        out_text("%.8s  %zu change%s in %s, ordered %s\n", hex, d->order->dots_count,
                 cli_plural(d->order->dots_count), cli_space_name(c, &d->order->space),
                 cli_time((int64_t)d->order->time_ms));
        for (size_t i = 0; i < count; i++)
            say_word(c, &words[i]);
    }
    dbk_free(words);
    return rc;
}

dbk_rc cmd_retention_orders(cli *c, const cli_args *a, dbk_err *err)
{
    size_t said = 0;
    dbk_rc rc = DBK_OK;
    (void)a;
    for (size_t i = 0; rc == DBK_OK && i < dbk_disposals_count(c->book); i++) {
        dbk_disposal d;
        rc = dbk_disposal_at(c->book, &d, i, err);
        if (rc != DBK_OK || !dbk_book_may_read(c->book, &d.order->space))
            continue;
        said++;
        rc = say_order(c, &d, err);
    }
    if (rc == DBK_OK && said == 0 && c->format == OUT_TEXT)
        out_text("Nothing was ordered to be disposed of.\n");
    return rc;
}

/* ---- after an exchange ----------------------------------------------------------------------- */

static dbk_rc count_disposed(void *ctx, const dbk_disposed *d, dbk_err *err)
{
    cli_disposed *sum = ctx;
    (void)err;
    sum->changes += d->ops;
    sum->orders += d->outcome == DBK_DISPOSE_DONE ? 1 : 0;
    sum->held += d->outcome == DBK_DISPOSE_HELD ? 1 : 0;
    sum->changed += d->outcome == DBK_DISPOSE_CHANGED ? 1 : 0;
    return DBK_OK;
}

dbk_rc cli_dispose_carry_out(cli *c, cli_disposed *out, dbk_err *err)
{
    *out = (cli_disposed){ 0 };
    return dbk_dispose_carry_out(c->book, now_ms(), count_disposed, out, err);
}

void cli_dispose_tell(const cli_disposed *d)
{
    if (d->changes > 0)
        out_text("Disposed of %llu change%s here, as two administrators ordered: daybook retention "
                 "orders\n",
                 (unsigned long long)d->changes, cli_plural(d->changes));
    if (d->held > 0)
        out_text("! %llu order%s to dispose not carried out here: a legal hold stands.\n",
                 (unsigned long long)d->held, d->held == 1 ? " was" : "s were");
    if (d->changed > 0)
        out_text("! %llu order%s to dispose not carried out here: something came since it was "
                 "decided. Headquarters sees it.\n",
                 (unsigned long long)d->changed, d->changed == 1 ? " was" : "s were");
}
