/* The daily management meeting's page: report dmm. */
#include <jansson.h>
#include <stdio.h>

#include "cli/cmd.h"
#include "cli/looks.h"
#include "cli/render.h"
#include "cli/when.h"
#include "cli/words.h"
#include "core/base/text.h"

#define HOUR_MS (60 * 60 * INT64_C(1000))
#define LINES_MAX 20u /* of each part, so that it stays one page */

typedef struct page {
    cli *c;
    int64_t now_ms, since_ms;
    const char *area;                     /* or NULL */
    out_table *risks, *actions, *devices; /* NULL: as JSON */
    size_t counts[3];
} page;
enum { RISKS, ACTIONS, DEVICES };

static dbk_rc case_name(dbk_bytes *out, page *p, const dbk_dmm_item *item, dbk_err *err)
{
    dbk_reading r;
    dbk_span ref = { NULL, 0 };
    dbk_rc rc = DBK_OK;
    dbk_reading_init(&r, item->of_case);
    /* A case of a compartment has no name beside what isn't of it. */
    if (item->of_case != NULL && cli_shows(p->c, &item->of_case->space))
        rc = dbk_reading_text(&r, &ref, "ref", err);
    if (rc == DBK_OK && ref.len > 0)
        rc = dbk_bytes_append(out, ref, err);
    else if (rc == DBK_OK && !dbk_id_is_zero(&item->case_id))
        rc = dbk_bytes_append_str(out, cli_short_id(&item->case_id), err);
    dbk_reading_wipe(&r);
    return rc;
}

static dbk_rc item_json(const dbk_dmm_item *item, const char *of_case, dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE], case_uuid[DBK_ID_UUID_SIZE] = "";
    dbk_id_uuid(uuid, &item->record);
    if (!dbk_id_is_zero(&item->case_id))
        dbk_id_uuid(case_uuid, &item->case_id);
    return out_json_take(json_pack("{s:s, s:s, s:s*, s:s, s:o, s:b, s:b, s:b, s:s}", "part",
                                   item->kind == DBK_DMM_RISK ? "risk" : "action", "id", uuid,
                                   "case", case_uuid[0] == '\0' ? NULL : case_uuid, "reference",
                                   of_case, "at", cli_time_json(item->at_ms), "new",
                                   (int)item->is_new, "urgent", (int)item->urgent, "area_unsaid",
                                   (int)item->area_unsaid, "summary", out_safe_str(item->summary)),
                         err);
}

static dbk_rc item_row(page *p, const dbk_dmm_item *item, const char *of_case, dbk_err *err)
{
    bool risk = item->kind == DBK_DMM_RISK;
    char day[DBK_TIME_TEXT_SIZE];
    dbk_time_print(day, item->at_ms);
    day[10] = '\0';
    const char *cells[] = { risk ? cli_time(item->at_ms) : day,
                            risk ? (item->is_new ? "new" : "changed")
                                 : (item->urgent ? "URGENT" : ""),
                            of_case,
                            cli_short_id(&item->record),
                            item->area_unsaid && p->area != NULL ? "not recorded" : "",
                            out_safe_str(item->summary) };
    return out_table_row(risk ? p->risks : p->actions, cells, err);
}

static dbk_rc say_item(void *ctx, const dbk_dmm_item *item, dbk_err *err)
{
    page *p = ctx;
    dbk_bytes of_case = DBK_BYTES_INIT(CLI_NAME_BYTES_MAX);
    if (!cli_shows(p->c, &item->space))
        return DBK_OK;
    dbk_rc rc = case_name(&of_case, p, item, err);
    const char *name = out_safe(dbk_bytes_span(&of_case));
    size_t *count = &p->counts[item->kind == DBK_DMM_RISK ? RISKS : ACTIONS];
    (*count)++;
    if (rc == DBK_OK && p->risks == NULL)
        rc = item_json(item, name, err);
    else if (rc == DBK_OK && *count <= LINES_MAX)
        rc = item_row(p, item, name, err);
    dbk_bytes_wipe(&of_case);
    return rc;
}

static dbk_rc say_device(void *ctx, const dbk_heard *heard, dbk_err *err)
{
    page *p = ctx;
    char hex[DBK_ID_HEX_SIZE];
    if (!heard->silent)
        return DBK_OK;
    p->counts[DEVICES]++;
    dbk_id_hex(hex, &heard->device);
    const char *name = cli_device_name(p->c, &heard->device);
    const char *when = heard->heard_ms == 0 ? "never" : cli_time((int64_t)heard->heard_ms);
    if (p->devices == NULL)
        return out_json_take(json_pack("{s:s, s:s, s:s, s:o}", "part", "device", "device", hex,
                                       "name", name, "heard",
                                       cli_time_json((int64_t)heard->heard_ms)),
                             err);
    return p->counts[DEVICES] > LINES_MAX
               ? DBK_OK
               : out_table_row(p->devices, (const char *[]){ when, name }, err);
}

static void print_part(const page *p, size_t part, const char *words, const out_table *table)
{
    size_t count = p->counts[part];
    out_text("\n%s: %zu\n", words, count);
    if (count > 0)
        out_table_print(table);
    if (count > LINES_MAX)
        out_text("and %zu more: --json tells all\n", count - LINES_MAX);
}

static void print_page(const page *p)
{
    out_text("Daily management meeting, %s%s%s\n", cli_time(p->now_ms), p->area == NULL ? "" : ", ",
             p->area == NULL ? "" : p->area);
    print_part(p, RISKS, "High risk, new or changed in the last 24 hours", p->risks);
    print_part(p, ACTIONS, "Overdue actions", p->actions);
    print_part(p, DEVICES, "Devices that the relay has not heard from in the last 24 hours",
               p->devices);
}

/* A code of an area, by its name. */
static dbk_rc check_area(page *p, const char *area, dbk_err *err)
{
    const dbk_form *form = dbk_forms_find(dbk_book_forms(p->c->book), dbk_span_str("case"), 0);
    const dbk_field *field = form == NULL ? NULL : dbk_form_field(form, "la_area");
    for (size_t i = 0; area != NULL && field != NULL && i < field->codes_count; i++)
        if (dbk_span_equal(dbk_span_str(area), dbk_span_str(field->codes[i].name)))
            p->area = field->codes[i].label;
    if (area != NULL && p->area == NULL)
        return dbk_fail(err, DBK_USAGE, "there is no area \"%s\"", out_safe_str(area));
    return DBK_OK;
}

static dbk_rc begin(page *p, dbk_err *err)
{
    static const char *const risks[] = { "CHANGED", "", "CASE", "ID", "AREA", "WHAT" };
    static const char *const actions[] = { "DUE", "", "CASE", "ID", "AREA", "WHAT" };
    static const char *const devices[] = { "LAST HEARD", "DEVICE" };
    if (p->c->format == OUT_JSON)
        return DBK_OK;
    dbk_rc rc = out_table_new(&p->risks, risks, 6, err);
    if (rc == DBK_OK)
        rc = out_table_new(&p->actions, actions, 6, err);
    return rc == DBK_OK ? out_table_new(&p->devices, devices, 2, err) : rc;
}

dbk_rc cmd_report_dmm(cli *c, const cli_args *a, dbk_err *err)
{
    page p = { .c = c, .now_ms = (int64_t)dbk_env_system()->now_ms(NULL) };
    const char *area = cli_option_value(a, "--la");
    p.since_ms = p.now_ms - 24 * HOUR_MS;
    dbk_dmm_opts opts = { .since_ms = p.since_ms, .la_area = area };
    dbk_rc rc = check_area(&p, area, err);
    if (rc == DBK_OK)
        rc = cli_when_today(&opts.today_ms, p.now_ms, err);
    if (rc == DBK_OK)
        rc = begin(&p, err);
    if (rc == DBK_OK)
        rc = dbk_dmm(c->book, &opts, say_item, &p, err);
    if (rc == DBK_OK)
        rc = dbk_query_devices(c->book, say_device, &p, err);
    if (rc == DBK_OK && p.risks != NULL)
        print_page(&p);
    out_table_free(p.risks);
    out_table_free(p.actions);
    out_table_free(p.devices);
    return rc;
}
