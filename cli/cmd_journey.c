/* The sheet that a family takes away: journey. */
#include <jansson.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/input.h"
#include "cli/looks.h"
#include "cli/render.h"
#include "cli/safe.h"
#include "cli/when.h"
#include "cli/words.h"
#include "core/base/text.h"

/* How the sheet gets there, and which safe-contact rule forbids it. */
static const struct {
    const char *name;
    unsigned blocked;
} ways[] = {
    { "hand", 0 },
    { "post", 1u << DBK_SAFE_POST | 1u << DBK_SAFE_DIRECT | 1u << DBK_SAFE_RULE },
    { "message", 1u << DBK_SAFE_MESSAGE | 1u << DBK_SAFE_DIRECT | 1u << DBK_SAFE_RULE },
};

static const char *const headings[] = {
    [DBK_JOURNEY_CONTACT] = "What happened",
    [DBK_JOURNEY_TOLD] = "What you were told about",
    [DBK_JOURNEY_REQUEST] = "What you asked for",
    [DBK_JOURNEY_QUESTION] = "Your questions and wishes",
    [DBK_JOURNEY_DATE] = "Next dates",
    [DBK_JOURNEY_PERSON] = "Whom to ring",
};
static const struct {
    const char *code, *words;
} codes[] = {
    { "contact", "we speak again" },
    { "inquest", "inquest" },
    { "court", "court" },
    { "trial", "trial" },
    { "flo_primary", "your liaison officer" },
    { "flo_deputy", "on their rest days" },
    { "coroner", "the coroner's officer" },
};

typedef struct sheet {
    cli *c;
    json_t *lines; /* or NULL: as text */
    cli_looks looks;
    dbk_journey_kind heading;
    bool begun;
} sheet;

/* ---- who gets it ----------------------------------------------------------------------------- */

/* The rule goes to standard error: standard output is what the family gets. */
static dbk_rc refuse_unread(const dbk_safe *safe, dbk_err *err)
{
    out_note("%s", out_safe_lines(dbk_bytes_span(&safe->text)));
    return dbk_fail(err, DBK_DENIED,
                    "read first how this person is reached safely, then say " CLI_SAFE_OPTION);
}

static dbk_rc check_way(const dbk_safe *safe, const char *by, dbk_err *err)
{
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        if (strcmp(by, ways[i].name) != 0)
            continue;
        if ((safe->blocked & ways[i].blocked) == 0)
            return DBK_OK;
        return dbk_fail(err, DBK_DENIED,
                        "this person's safe-contact rule forbids it by %s: give it by hand", by);
    }
    return dbk_fail(err, DBK_USAGE, "--by is hand, post or message");
}

static dbk_rc meet_person(cli *c, const cli_args *a, dbk_id *person, dbk_err *err)
{
    const char *whom = cli_option_value(a, "--for"), *by = cli_option_value(a, "--by");
    dbk_note *note = NULL;
    dbk_safe safe = { 0 };
    if (whom == NULL)
        return dbk_fail(err, DBK_USAGE, "--for is needed: the record of the person who gets it");
    dbk_rc rc = cli_record_find(person, c, whom, err);
    if (rc == DBK_OK)
        rc = dbk_query_note(&note, c->book, person, err);
    if (rc == DBK_OK)
        rc = cli_looks_allowed(c, &note->space, err);
    if (rc == DBK_OK)
        rc = dbk_safe_read(&safe, dbk_book_forms(c->book), note, err);
    if (rc == DBK_OK && !safe.has_routes)
        rc = dbk_fail(err, DBK_USAGE, "--for is the record of a person");
    if (rc == DBK_OK && safe.must_read && !cli_option_given(a, CLI_SAFE_OPTION))
        rc = refuse_unread(&safe, err);
    if (rc == DBK_OK)
        rc = check_way(&safe, by == NULL ? ways[0].name : by, err);
    if (rc == DBK_OK && safe.must_read)
        rc = cli_look(c, note, "safe contact read", err);
    dbk_safe_wipe(&safe);
    dbk_note_free(note);
    return rc;
}

/* ---- the side of the family ------------------------------------------------------------------ */

/* What one side was told isn't for the other: where there are two, one is named. */
static dbk_rc check_group(const dbk_note *note, const char *group, dbk_err *err)
{
    dbk_reading r;
    dbk_span groups, one;
    size_t count = 0;
    bool known = false;
    dbk_reading_init(&r, note);
    dbk_rc rc = dbk_reading_value(&r, &groups, "family_groups", err);
    dbk_elements e = dbk_elements_of(groups);
    while (rc == DBK_OK && dbk_elements_next(&e, &one)) {
        dbk_span name = dbk_cbor_text_of(dbk_view_member(one, "name"));
        known = known || (group != NULL && dbk_span_equal(name, dbk_span_str(group)));
        count++;
    }
    dbk_reading_wipe(&r);
    if (rc == DBK_OK && group == NULL && count > 1)
        rc = dbk_fail(err, DBK_USAGE, "this family has more than one side: name one, by --group");
    if (rc == DBK_OK && group != NULL && !known)
        rc = dbk_fail(err, DBK_USAGE, "the case has no family group of that name");
    return rc;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static dbk_rc name_line(void *ctx, const dbk_journey_line *line, dbk_err *err)
{
    sheet *s = ctx;
    const cli_looks_space *last = s->looks.count > 0 ? &s->looks.spaces[s->looks.count - 1] : NULL;
    if (last != NULL && last->named > 0 && dbk_id_equal(&last->ids[last->named - 1], &line->record))
        return DBK_OK;
    return cli_looks_add(&s->looks, &line->space, &line->record, err);
}

static const char *words_of(dbk_span code)
{
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (dbk_span_equal(code, dbk_span_str(codes[i].code)))
            return codes[i].words;
    return "";
}

static const char *when_of(dbk_span at)
{
    char text[CLI_WHEN_SIZE] = "";
    if (at.len > 0 && cli_when_read(text, at) == 0)
        return out_safe(at);
    return out_safe_str(text);
}

static json_t *text_json(dbk_span text)
{
    return text.len == 0 ? json_null() : json_string(out_safe_lines(text));
}

static dbk_rc print_line(void *ctx, const dbk_journey_line *line, dbk_err *err)
{
    sheet *s = ctx;
    (void)err;
    if (s->lines != NULL) {
        (void)json_array_append_new(
            s->lines,
            json_pack("{s:s, s:o, s:o, s:o, s:o}", "kind", dbk_journey_kind_name(line->kind), "at",
                      text_json(line->at), "code", text_json(line->code), "text",
                      text_json(line->text), "answer", text_json(line->answer)));
        return DBK_OK;
    }
    if (!s->begun || s->heading != line->kind)
        out_text("\n%s\n", headings[line->kind]);
    s->begun = true;
    s->heading = line->kind;
    const char *words = line->kind == DBK_JOURNEY_REQUEST ? "" : words_of(line->code);
    out_text("  -%s%s%s%s%s%s%s%s\n", line->at.len > 0 ? " " : "", when_of(line->at),
             words[0] != '\0' ? " " : "", words, line->text.len > 0 ? " " : "",
             out_safe(line->text), line->answer.len > 0 ? ": " : "", out_safe(line->answer));
    return DBK_OK;
}

/* ---- the sheet ------------------------------------------------------------------------------- */

/* What goes out is in the log before it does, with who gets it. */
static dbk_rc log_first(sheet *s, const dbk_journey_opts *opts, const dbk_id *person, dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE];
    uint64_t held;
    dbk_id_uuid(uuid, person);
    const dbk_audit_entry how = {
        .op = DBK_AUDIT_DISCLOSURE, .what = "journey", .recipient = uuid, .reason = s->c->reason
    };
    dbk_rc rc = dbk_journey(s->c->book, &held, opts, name_line, s, err);
    if (rc == DBK_OK)
        rc = cli_looks_log(s->c, &s->looks, &how, err);
    cli_looks_wipe(&s->looks);
    return rc;
}

static dbk_rc print_sheet(sheet *s, const dbk_note *note, const dbk_journey_opts *opts,
                          dbk_err *err)
{
    uint64_t held = 0;
    dbk_span reference = { NULL, 0 };
    dbk_reading r;
    dbk_reading_init(&r, note);
    dbk_rc rc = dbk_reading_text(&r, &reference, "ref", err);
    if (s->c->format == OUT_JSON)
        s->lines = json_array();
    else if (rc == DBK_OK)
        out_text("For the family. Reference: %s. %s\n", out_safe(reference), when_of(opts->now));
    json_t *ref = text_json(reference);
    if (rc == DBK_OK)
        rc = dbk_journey(s->c->book, &held, opts, print_line, s, err);
    if (rc == DBK_OK && s->lines != NULL)
        rc = out_json_take(json_pack("{s:O, s:s*, s:O, s:I}", "reference", ref, "group",
                                     opts->group, "lines", s->lines, "left_out", (json_int_t)held),
                           err);
    if (rc == DBK_OK && held > 0)
        out_note("%llu line%s left out: of something that the strategy holds back.",
                 (unsigned long long)held, cli_plural(held));
    json_decref(ref);
    json_decref(s->lines);
    dbk_reading_wipe(&r);
    return rc;
}

dbk_rc cmd_journey(cli *c, const cli_args *a, dbk_err *err)
{
    char now[DBK_TIME_TEXT_SIZE];
    dbk_journey_opts opts = { .group = cli_option_value(a, "--group") };
    const char *file = cli_option_value(a, "--output");
    dbk_note *note = NULL;
    dbk_id person;
    sheet s = { .c = c };
    dbk_time_print(now, (int64_t)dbk_env_system()->now_ms(NULL));
    opts.now = dbk_span_str(now);
    dbk_rc rc = cli_record_find(&opts.case_id, c, a->positional[0], err);
    if (rc == DBK_OK)
        rc = dbk_query_note(&note, c->book, &opts.case_id, err);
    if (rc == DBK_OK && !dbk_span_equal(dbk_note_form(note), dbk_span_str("case")))
        rc = dbk_fail(err, DBK_USAGE, "the sheet is of a case");
    if (rc == DBK_OK)
        rc = cli_looks_allowed(c, &note->space, err);
    if (rc == DBK_OK)
        rc = check_group(note, opts.group, err);
    if (rc == DBK_OK)
        rc = meet_person(c, a, &person, err);
    if (rc == DBK_OK)
        rc = log_first(&s, &opts, &person, err);
    if (rc == DBK_OK && file != NULL)
        rc = out_redirect(file, err);
    if (rc == DBK_OK)
        rc = print_sheet(&s, note, &opts, err);
    dbk_note_free(note);
    return rc;
}
