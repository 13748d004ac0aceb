/* All that waits for headquarters, in one place. */
#include <jansson.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/render.h"
#include "cli/when.h"
#include "cli/words.h"
#include "core/base/alloc.h"
#include "core/base/day.h"

typedef struct desk {
    dbk_attention waits;
    uint64_t records, aside, undecided, retention, lost;
    uint64_t oldest_ms; /* when the record that waits longest last changed; 0: none */
    /* Services whose check is overdue, proposals about services (B18); actions to give to somebody
     * else (FL-5). */
    uint64_t services, service_proposals, reassign;
    dbk_book *book;
} desk;

static dbk_rc count_record(void *ctx, const dbk_row *row, dbk_err *err)
{
    desk *d = ctx;
    (void)err;
    d->records++;
    d->waits.asks += row->attention.asks;
    d->waits.cautious += row->attention.cautious;
    d->waits.proposals += row->attention.proposals;
    if (strcmp(row->form, DBK_OFFER_FORM) == 0)
        d->service_proposals += row->attention.proposals;
    d->waits.reviews += row->attention.reviews;
    if (d->oldest_ms == 0 || row->updated_ms < d->oldest_ms)
        d->oldest_ms = row->updated_ms;
    return DBK_OK;
}

static dbk_rc count_aside(void *ctx, const dbk_aside *a, dbk_err *err)
{
    desk *d = ctx;
    (void)err;
    d->aside++;
    d->undecided += a->decidable && a->ruling == DBK_RULING_NONE ? 1 : 0;
    return DBK_OK;
}

/* What a compartment holds isn't counted outside of it. */
static dbk_rc is_common(dbk_book *book, bool *common, const dbk_id *record, dbk_err *err)
{
    dbk_note *note = NULL;
    dbk_rc rc = dbk_reading_find_note(&note, book, record, err);
    *common = note != NULL && !dbk_book_is_restricted(book, &note->space);
    dbk_note_free(note);
    return rc;
}

static dbk_rc count_services(desk *d, dbk_err *err)
{
    dbk_directory_ask ask = { .age = DBK_OFFER_UNSAID, .stale_only = true };
    dbk_directory_hit *hits = NULL;
    size_t count = 0;
    int64_t today_ms = 0;
    dbk_rc rc = cli_when_today(&today_ms, (int64_t)dbk_env_system()->now_ms(NULL), err);
    ask.today = today_ms / DBK_DAY_MS;
    if (rc == DBK_OK)
        rc = dbk_directory_find(&hits, &count, d->book, &ask, err);
    for (size_t i = 0; rc == DBK_OK && i < count; i++) {
        bool common = false;
        rc = is_common(d->book, &common, &hits[i].record, err);
        d->services += common;
    }
    dbk_free(hits);
    return rc;
}

static dbk_rc count_clash(void *ctx, const dbk_row *action, dbk_err *err)
{
    desk *d = ctx;
    (void)err;
    d->reassign += !dbk_book_is_restricted(d->book, &action->space);
    return DBK_OK;
}

static json_t *desk_json(const desk *d)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:I, s:I, s:I}", "decide",
                     (json_int_t)d->waits.asks, "protected", (json_int_t)d->waits.cautious,
                     "proposals", (json_int_t)d->waits.proposals, "reviews",
                     (json_int_t)d->waits.reviews, "records", (json_int_t)d->records, "aside",
                     (json_int_t)d->aside, "undecided", (json_int_t)d->undecided, "retention",
                     (json_int_t)d->retention, "lost_devices", (json_int_t)d->lost, "oldest",
                     cli_time_json((int64_t)d->oldest_ms), "services_overdue",
                     (json_int_t)d->services, "service_proposals", (json_int_t)d->service_proposals,
                     "reassign", (json_int_t)d->reassign);
}

static void print_line(uint64_t count, const char *what)
{
    if (count > 0)
        out_text("  %6llu  %s\n", (unsigned long long)count, what);
}

static void print_desk(const desk *d)
{
    if (d->records == 0 && d->aside == 0 && d->retention == 0 && d->lost == 0 && d->services == 0 &&
        d->reassign == 0) {
        out_text("Nothing waits.\n");
        return;
    }
    print_line(d->waits.asks, "to decide: officers wrote different things");
    print_line(d->waits.cautious, "to confirm: the more protective value is shown meanwhile");
    print_line(d->waits.proposals, "proposals about what headquarters keeps");
    print_line(d->waits.reviews, "merged changes to look over");
    if (d->records > 0)
        out_text("          in %llu record%s, the oldest from %s: daybook conflicts\n",
                 (unsigned long long)d->records, cli_plural(d->records),
                 cli_time((int64_t)d->oldest_ms));
    print_line(d->service_proposals, "of the proposals are about services");
    print_line(d->services, "services whose check is overdue: daybook directory stale");
    print_line(d->reassign, "actions to search or arrest that a family's own officer has: daybook "
                            "today");
    print_line(d->undecided, "undecided notes that stand aside: daybook quarantine list");
    print_line(d->aside - d->undecided, "others that stand aside");
    print_line(d->retention, "to review, whether they are still kept: daybook retention due");
}

dbk_rc cmd_desk(cli *c, const cli_args *a, dbk_err *err)
{
    desk d = { .book = c->book };
    (void)a;
    dbk_rc rc = dbk_query_conflicts(c->book, count_record, &d, err);
    if (rc == DBK_OK)
        rc = dbk_quarantine_each(c->book, count_aside, &d, err);
    if (rc == DBK_OK)
        rc = cmd_retention_count(c, &d.retention, err);
    if (rc == DBK_OK)
        rc = cmd_lost_remind(c, &d.lost, err);
    if (rc == DBK_OK)
        rc = count_services(&d, err);
    if (rc == DBK_OK)
        rc = dbk_deployment_clashes(c->book, NULL, count_clash, &d, err);
    if (rc != DBK_OK)
        return rc;
    if (c->format == OUT_JSON)
        return out_json_take(desk_json(&d), err);
    print_desk(&d);
    return DBK_OK;
}
