/* The schedules of unused material: report schedule, schedule number. */
#include <jansson.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/input.h"
#include "cli/looks.h"
#include "cli/render.h"
#include "cli/when.h"
#include "cli/words.h"
#include "core/base/text.h"

#define MARKING OUT_MARKING
#define NUMBER_SIZE 24u
#define MG6E 2u

static const struct {
    const char *code, *title;
} kinds[] = {
    [DBK_MG6C] = { "mg6c", "MG6C: schedule of relevant non-sensitive unused material" },
    [DBK_MG6D] = { "mg6d", "MG6D: schedule of relevant sensitive unused material" },
    [MG6E] = { "mg6e", "MG6E: disclosure officer's report" },
};

typedef struct printing {
    cli *c;
    unsigned kind;
    bool csv;
    dbk_id case_id, space;
    dbk_schedule schedules[2]; /* the one that is printed, or both (MG6E) */
    dbk_unlisted unlisted;
    cli_looks looks;
} printing;

static bool needs(const printing *p, dbk_schedule_kind kind)
{
    return p->kind == MG6E || p->kind == (unsigned)kind;
}

/* ---- one item -------------------------------------------------------------------------------- */

/* What stands in a line: borrowed from the reading until its next use, so copied. */
typedef struct words {
    dbk_bytes description, location, reason, decision, test;
} words;

static void words_init(words *w)
{
    *w = (words){ DBK_BYTES_INIT(DBK_STATE_BYTES_MAX), DBK_BYTES_INIT(DBK_STATE_BYTES_MAX),
                  DBK_BYTES_INIT(DBK_STATE_BYTES_MAX), DBK_BYTES_INIT(DBK_STATE_BYTES_MAX),
                  DBK_BYTES_INIT(DBK_STATE_BYTES_MAX) };
}

static void words_wipe(words *w)
{
    dbk_bytes_wipe(&w->description);
    dbk_bytes_wipe(&w->location);
    dbk_bytes_wipe(&w->reason);
    dbk_bytes_wipe(&w->decision);
    dbk_bytes_wipe(&w->test);
}

static dbk_rc read_text(cli *c, dbk_bytes *out, dbk_reading *r, const char *name, dbk_err *err)
{
    dbk_span value;
    const dbk_field *field = dbk_form_field(r->note->form, name);
    dbk_rc rc = dbk_reading_value(r, &value, name, err);
    if (rc == DBK_OK && field != NULL && value.len > 0)
        rc = cli_field_text(c, out, field, value, err);
    return rc;
}

/* Why it is sensitive is read for the MG6D only. */
static dbk_rc read_words(const printing *p, words *w, const dbk_id *record, bool *meets,
                         dbk_err *err)
{
    dbk_reading r;
    dbk_rc rc = dbk_reading_open(&r, p->c->book, record, err);
    if (rc == DBK_OK && r.note->form == NULL)
        rc = dbk_fail(err, DBK_NOT_FOUND, "the form of an item isn't known here");
    if (rc == DBK_OK)
        rc = read_text(p->c, &w->description, &r, "description", err);
    if (rc == DBK_OK)
        rc = read_text(p->c, &w->location, &r, "location", err);
    if (rc == DBK_OK && p->kind == DBK_MG6D)
        rc = read_text(p->c, &w->reason, &r, "sensitive_reason", err);
    if (rc == DBK_OK)
        rc = read_text(p->c, &w->decision, &r, "decision", err);
    if (rc == DBK_OK)
        rc = dbk_reading_says(&r, meets, "meets_test", "yes", err);
    if (rc == DBK_OK)
        rc = read_text(p->c, &w->test, &r, "meets_test_reason", err);
    dbk_reading_wipe(&r);
    return rc;
}

static const char *state_name(dbk_item_state state)
{
    static const char *const names[] = { "listed", "withdrawn", "missing" };
    return names[state];
}

static const char *number_text(char out[NUMBER_SIZE], uint64_t number)
{
    if (number == 0)
        return "-";
    (void)snprintf(out, NUMBER_SIZE, "%llu", (unsigned long long)number);
    return out;
}

/* An item that isn't on the schedule any more has a number and nothing else: neither its words nor
 * its record, nor whether it is on the other. */
static dbk_rc line_json(const dbk_schedule_line *line, const words *w, dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE];
    dbk_id_uuid(uuid, &line->record);
    json_t *json = json_pack("{s:s, s:o, s:s}", "part", "item", "number",
                             line->number == 0 ? json_null()
                                               : json_integer((json_int_t)line->number),
                             "state", state_name(line->state));
    if (line->state == DBK_ITEM_LISTED) {
        const dbk_bytes *texts[] = { &w->description, &w->location, &w->reason, &w->decision };
        static const char *const names[] = { "description", "location", "reason", "decision" };
        (void)json_object_set_new(json, "id", json_string(uuid));
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
            if (texts[i]->len > 0)
                (void)json_object_set_new(json, names[i],
                                          json_stringn((const char *)texts[i]->p, texts[i]->len));
    }
    return out_json_take(json, err);
}

static void cell(const dbk_bytes *text)
{
    out_csv_cell(out_safe_lines(dbk_bytes_span(text)), false);
}

static void line_csv(const printing *p, const dbk_schedule_line *line, const words *w)
{
    char number[NUMBER_SIZE];
    out_csv_cell(MARKING, true);
    out_csv_cell(number_text(number, line->number), false);
    out_csv_cell(state_name(line->state), false);
    cell(&w->description);
    cell(&w->location);
    if (p->kind == DBK_MG6D)
        cell(&w->reason);
    cell(&w->decision);
    out_text("\r\n");
}

static void part(const char *label, const dbk_bytes *text)
{
    if (text->len > 0)
        out_text("     %s: %s\n", label, out_safe_lines(dbk_bytes_span(text)));
}

static void line_text(const dbk_schedule_line *line, const words *w)
{
    char number[NUMBER_SIZE];
    out_text("\n%4s ", number_text(number, line->number));
    if (line->state == DBK_ITEM_LISTED)
        out_text("%s\n", out_safe_lines(dbk_bytes_span(&w->description)));
    else
        out_text("%s\n", line->state == DBK_ITEM_WITHDRAWN ? "Withdrawn" : "Not held here");
    part("Kept", &w->location);
    part("Why it is sensitive", &w->reason);
    part("Prosecutor's decision", &w->decision);
}

static dbk_rc say_line(const printing *p, const dbk_schedule_line *line, dbk_err *err)
{
    words w;
    bool meets = false;
    dbk_rc rc = DBK_OK;
    words_init(&w);
    if (line->state == DBK_ITEM_LISTED)
        rc = read_words(p, &w, &line->record, &meets, err);
    if (rc == DBK_OK && p->c->format == OUT_JSON)
        rc = line_json(line, &w, err);
    else if (rc == DBK_OK && p->csv)
        line_csv(p, line, &w);
    else if (rc == DBK_OK)
        line_text(line, &w);
    words_wipe(&w);
    return rc;
}

/* ---- head and foot --------------------------------------------------------------------------- */

static bool is_draft(const dbk_schedule *s)
{
    return s->unnumbered > 0 || s->missing > 0;
}

static dbk_rc case_ref(const printing *p, dbk_bytes *out, dbk_err *err)
{
    dbk_reading r;
    dbk_span ref = { NULL, 0 };
    dbk_rc rc = dbk_reading_find(&r, p->c->book, &p->case_id, err);
    if (rc == DBK_OK && r.note != NULL)
        rc = dbk_reading_text(&r, &ref, "ref", err);
    if (rc == DBK_OK)
        rc = ref.len > 0 ? dbk_bytes_append(out, ref, err)
                         : dbk_bytes_append_str(out, cli_short_id(&p->case_id), err);
    dbk_reading_wipe(&r);
    return rc;
}

static dbk_rc say_head(const printing *p, dbk_err *err)
{
    dbk_bytes ref = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_rc rc = case_ref(p, &ref, err);
    const dbk_schedule *s = &p->schedules[p->kind == MG6E ? DBK_MG6C : p->kind];
    const char *about = out_safe(dbk_bytes_span(&ref));
    int64_t now = (int64_t)dbk_env_system()->now_ms(NULL);
    /* The defence gets the MG6C: it doesn't tell of compartments. */
    const char *space = p->kind == DBK_MG6C ? NULL : cli_space_name(p->c, &p->space);
    bool draft = p->kind == MG6E ? is_draft(&p->schedules[0]) || is_draft(&p->schedules[1])
                                 : is_draft(s);
    if (rc == DBK_OK && p->c->format == OUT_JSON) {
        rc = out_json_take(json_pack("{s:s, s:s, s:s, s:s, s:s*, s:o, s:b, s:b, s:I}", "part",
                                     "schedule", "kind", kinds[p->kind].code, "marking", MARKING,
                                     "case", about, "space", space, "at", cli_time_json(now), "nil",
                                     p->kind != MG6E && s->listed == 0, "draft", draft, "items",
                                     p->kind == MG6E ? (json_int_t)(p->schedules[0].listed +
                                                                    p->schedules[1].listed)
                                                     : (json_int_t)s->listed),
                           err);
    } else if (rc == DBK_OK && p->csv) {
        static const char *const heads[] = { "number", "state", "description", "location" };
        out_csv_cell("marking", true);
        for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
            out_csv_cell(heads[i], false);
        if (p->kind == DBK_MG6D)
            out_csv_cell("reason", false);
        out_csv_cell("decision", false);
        out_text("\r\n");
    } else if (rc == DBK_OK) {
        out_text(MARKING "\n%s\nCase %s. %s%s%s%s\n", kinds[p->kind].title, about,
                 space == NULL ? "" : "Material held in ", space == NULL ? "" : space,
                 space == NULL ? "" : ". ", cli_time(now));
        if (draft)
            out_text("DRAFT: headquarters has not given every item its number, or not all are "
                     "held here.\n");
    }
    dbk_bytes_wipe(&ref);
    return rc;
}

static void say_foot(const printing *p)
{
    if (p->c->format == OUT_JSON || p->csv)
        return;
    out_text("\nDisclosure officer: ______________________  Signed: ________________  Date: "
             "__________\n" MARKING "\n");
}

/* ---- the disclosure officer's report --------------------------------------------------------- */

static dbk_rc say_test(const printing *p, dbk_schedule_kind kind, uint64_t *count, dbk_err *err)
{
    const dbk_schedule *s = &p->schedules[kind];
    char number[NUMBER_SIZE];
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < s->count; i++) {
        words w;
        bool meets = false;
        if (s->lines[i].state != DBK_ITEM_LISTED)
            continue;
        words_init(&w);
        rc = read_words(p, &w, &s->lines[i].record, &meets, err);
        const char *why = out_safe_lines(dbk_bytes_span(&w.test));
        *count += meets;
        if (rc == DBK_OK && meets && p->c->format == OUT_JSON)
            rc = out_json_take(json_pack("{s:s, s:s, s:o, s:s}", "part", "test", "schedule",
                                         kinds[kind].code, "number",
                                         s->lines[i].number == 0
                                             ? json_null()
                                             : json_integer((json_int_t)s->lines[i].number),
                                         "reason", why),
                               err);
        else if (rc == DBK_OK && meets)
            out_text("  %s, item %s: %s\n", kinds[kind].code,
                     number_text(number, s->lines[i].number), why);
        words_wipe(&w);
    }
    return rc;
}

static dbk_rc say_report(const printing *p, dbk_err *err)
{
    uint64_t met = 0;
    const dbk_schedule *c = &p->schedules[DBK_MG6C], *d = &p->schedules[DBK_MG6D];
    bool text = p->c->format != OUT_JSON;
    if (text)
        out_text("\nItems on the MG6C: %llu. On the MG6D: %llu.\n"
                 "Relevant and listed nowhere: %llu. Not reviewed and listed nowhere: %llu. "
                 "Considered by nobody: %llu.\n\n"
                 "Items that may undermine the case for the prosecution or assist the defence:\n",
                 (unsigned long long)c->listed, (unsigned long long)d->listed,
                 (unsigned long long)p->unlisted.relevant,
                 (unsigned long long)p->unlisted.to_review, (unsigned long long)c->unconsidered);
    dbk_rc rc = say_test(p, DBK_MG6C, &met, err);
    if (rc == DBK_OK)
        rc = say_test(p, DBK_MG6D, &met, err);
    if (rc == DBK_OK && !text)
        rc = out_json_take(json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "part", "report",
                                     "mg6c", (json_int_t)c->listed, "mg6d", (json_int_t)d->listed,
                                     "meet_test", (json_int_t)met, "relevant_unlisted",
                                     (json_int_t)p->unlisted.relevant, "to_review_unlisted",
                                     (json_int_t)p->unlisted.to_review, "unconsidered",
                                     (json_int_t)c->unconsidered),
                           err);
    if (rc == DBK_OK && text && met == 0)
        out_text("  None.\n");
    return rc;
}

/* ---- the command ----------------------------------------------------------------------------- */

/* Nil is said of material that somebody has considered: all of it. */
static dbk_rc check_nil(const printing *p, dbk_err *err)
{
    if (p->kind == MG6E)
        return DBK_OK;
    const dbk_schedule *s = &p->schedules[p->kind];
    if (s->listed > 0 || s->unconsidered == 0)
        return DBK_OK;
    return dbk_fail(err, DBK_INVALID,
                    "it can't be nil: of %llu item%s nobody has said whether they are sensitive",
                    (unsigned long long)s->unconsidered, cli_plural(s->unconsidered));
}

static dbk_rc read_kind(printing *p, const cli_args *a, dbk_err *err)
{
    const char *kind = cli_option_value(a, "--kind");
    for (unsigned k = 0; kind != NULL && k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        if (strcmp(kind, kinds[k].code) != 0)
            continue;
        p->kind = k;
        p->csv = cli_option_given(a, "--csv");
        if (p->csv && (p->c->format == OUT_JSON || k == MG6E))
            return dbk_fail(err, DBK_USAGE, "--csv goes with mg6c and mg6d, and not with --json");
        return DBK_OK;
    }
    return dbk_fail(err, DBK_USAGE, "--kind is mg6c, mg6d or mg6e");
}

/* The case, and the space whose material is listed: its own, unless another is named. */
static dbk_rc find_material(dbk_id *case_id, dbk_id *space, cli *c, const cli_args *a, dbk_err *err)
{
    const char *name = cli_option_value(a, "--space");
    dbk_note *note = NULL;
    dbk_rc rc = cli_record_find(case_id, c, a->positional[0], err);
    if (rc == DBK_OK)
        rc = dbk_query_note(&note, c->book, case_id, err);
    if (rc == DBK_OK && !dbk_span_equal(dbk_note_form(note), dbk_span_str("case")))
        rc = dbk_fail(err, DBK_USAGE, "a schedule is of a case");
    if (rc == DBK_OK)
        rc = cli_looks_allowed(c, &note->space, err);
    if (rc == DBK_OK) {
        *space = note->space;
        if (name != NULL)
            rc = dbk_book_space_find(c->book, space, name, err);
    }
    dbk_note_free(note);
    return rc == DBK_OK ? cli_looks_allowed(c, space, err) : rc;
}

static dbk_rc log_first(printing *p, const char *to, dbk_err *err)
{
    char what[32];
    dbk_rc rc = DBK_OK;
    (void)snprintf(what, sizeof(what), "schedule %s", kinds[p->kind].code);
    const dbk_audit_entry how = { .op = to == NULL ? DBK_AUDIT_CONSULTATION : DBK_AUDIT_DISCLOSURE,
                                  .what = what,
                                  .recipient = to,
                                  .reason = p->c->reason };
    for (unsigned k = 0; k < 2; k++) {
        const dbk_schedule *s = &p->schedules[k];
        for (size_t i = 0; rc == DBK_OK && i < s->count; i++)
            if (s->lines[i].state == DBK_ITEM_LISTED)
                rc = cli_looks_add(&p->looks, &p->space, &s->lines[i].record, err);
    }
    /* A nil schedule says something too: of the case. */
    if (rc == DBK_OK && p->looks.count == 0)
        rc = cli_looks_add(&p->looks, &p->space, &p->case_id, err);
    if (rc == DBK_OK)
        rc = cli_looks_log(p->c, &p->looks, &how, err);
    cli_looks_wipe(&p->looks);
    return rc;
}

static dbk_rc say_all(const printing *p, dbk_err *err)
{
    const dbk_schedule *s = &p->schedules[p->kind == MG6E ? DBK_MG6C : p->kind];
    dbk_rc rc = say_head(p, err);
    if (rc == DBK_OK && p->kind == MG6E)
        rc = say_report(p, err);
    for (size_t i = 0; rc == DBK_OK && p->kind != MG6E && i < s->count; i++)
        rc = say_line(p, &s->lines[i], err);
    if (rc == DBK_OK && p->kind != MG6E && s->listed == 0 && !p->csv && p->c->format != OUT_JSON)
        out_text("\nNIL. Every item has been considered, each by itself, and none belongs here.\n");
    if (rc == DBK_OK)
        say_foot(p);
    return rc;
}

/* For who prints it, and not in what is printed. */
static void say_notes(const printing *p)
{
    const dbk_schedule *s = &p->schedules[p->kind == MG6E ? DBK_MG6C : p->kind];
    if (s->unconsidered > 0)
        out_note("Of %llu item%s nobody has said whether they are sensitive: they are on no "
                 "schedule.",
                 (unsigned long long)s->unconsidered, cli_plural(s->unconsidered));
    if (s->unnumbered > 0)
        out_note("%llu item%s without a number: `daybook schedule number` at headquarters.",
                 (unsigned long long)s->unnumbered, cli_plural(s->unnumbered));
    if (p->unlisted.relevant + p->unlisted.to_review > 0)
        out_note("Listed nowhere: %llu relevant record%s of this case, and %llu that nobody has "
                 "reviewed.",
                 (unsigned long long)p->unlisted.relevant, cli_plural(p->unlisted.relevant),
                 (unsigned long long)p->unlisted.to_review);
}

dbk_rc cmd_report_schedule(cli *c, const cli_args *a, dbk_err *err)
{
    printing p = { .c = c };
    const char *file = cli_option_value(a, "--output");
    dbk_rc rc = read_kind(&p, a, err);
    if (rc == DBK_OK)
        rc = find_material(&p.case_id, &p.space, c, a, err);
    for (unsigned k = 0; rc == DBK_OK && k < 2; k++)
        if (needs(&p, k))
            rc = dbk_schedule_make(&p.schedules[k], c->book, k, &p.case_id, &p.space, err);
    if (rc == DBK_OK)
        rc = dbk_schedule_unlisted(&p.unlisted, c->book, &p.case_id, &p.space, err);
    if (rc == DBK_OK)
        rc = check_nil(&p, err);
    if (rc == DBK_OK)
        rc = log_first(&p, cli_option_value(a, "--to"), err);
    if (rc == DBK_OK && file != NULL)
        rc = out_redirect(file, err);
    if (rc == DBK_OK)
        rc = say_all(&p, err);
    if (rc == DBK_OK)
        say_notes(&p);
    for (unsigned k = 0; k < 2; k++)
        dbk_schedule_wipe(&p.schedules[k]);
    return rc;
}

dbk_rc cmd_schedule_number(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_id case_id, space;
    uint64_t given = 0;
    dbk_rc rc = find_material(&case_id, &space, c, a, err);
    if (rc == DBK_OK)
        rc = dbk_schedule_number(c->book, &given, &case_id, &space, err);
    if (rc == DBK_OK && c->format == OUT_JSON)
        rc = out_json_take(json_pack("{s:I}", "given", (json_int_t)given), err);
    else if (rc == DBK_OK)
        out_text("%llu item%s numbered.\n", (unsigned long long)given, cli_plural(given));
    return rc;
}
