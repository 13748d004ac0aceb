#include "cli/score.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* ---- one assessment -------------------------------------------------------------------------- */

/* Its score, and what the judgement says. */
static dbk_rc read_score(dbk_assessment_score *out, dbk_band *judged, dbk_reading *r, dbk_err *err)
{
    dbk_span band = { NULL, 0 };
    dbk_rc rc = dbk_assessment_read(out, r, err);
    if (rc == DBK_OK && out->known)
        rc = dbk_reading_text(r, &band, "judgement_band", err);
    *judged = dbk_band_of(band);
    return rc;
}

static void copy(char *out, size_t out_size, dbk_span text)
{
    (void)snprintf(out, out_size, "%.*s", (int)text.len, text.len == 0 ? "" : (const char *)text.p);
}

/* What was answered, in the words of the pack that has this version of the tool. */
static dbk_rc print_questions(const cli *c, dbk_reading *r, dbk_err *err)
{
    char kind[DBK_NAME_BYTES_MAX + 1] = "", version[CLI_NAME_BYTES_MAX] = "";
    dbk_span value = { NULL, 0 };
    dbk_rc rc = dbk_reading_text(r, &value, "kind", err);
    copy(kind, sizeof(kind), value);
    if (rc == DBK_OK)
        rc = dbk_reading_text(r, &value, "tool_version", err);
    copy(version, sizeof(version), value);
    if (rc == DBK_OK)
        rc = dbk_reading_value(r, &value, "answers", err);
    if (rc != DBK_OK)
        return rc;
    dbk_elements e = dbk_elements_of(value);
    dbk_span one;
    while (dbk_elements_next(&e, &one)) {
        char key[DBK_NAME_BYTES_MAX + 1];
        copy(key, sizeof(key), dbk_cbor_text_of(dbk_view_member(one, "key")));
        const char *question = dbk_tool_texts_find(dbk_book_tools(c->book), dbk_span_str(kind),
                                                   dbk_span_str(version), key);
        if (question == NULL)
            continue;
        out_text("    %s: %s\n", out_safe_str(key),
                 out_safe(dbk_cbor_text_of(dbk_view_member(one, "answer"))));
        out_wrapped("        ", dbk_span_str(question));
    }
    return DBK_OK;
}

static void print_score(const dbk_assessment_score *s, dbk_band judged)
{
    out_text("  %-36s  %zu Yes and %zu No of %zu; %zu of %zu not answered\n", s->title, s->yes,
             s->no, s->questions, s->open, s->questions);
    if (!s->verified)
        out_text("    ! how many questions it has is not verified\n");
    if (s->band != DBK_BAND_NONE)
        out_text("  %-36s  %s%s\n", "By its answers", dbk_band_name(s->band),
                 s->could > s->band ? "; not answered isn't No, and may raise it" : "");
    if (s->band > judged && judged != DBK_BAND_NONE)
        out_text("    ! the judgement is below what the answers make it\n");
}

dbk_rc cli_score_print(const cli *c, const dbk_note *note, dbk_err *err)
{
    dbk_reading r;
    dbk_assessment_score s;
    dbk_band judged;
    if (note->form == NULL || strcmp(dbk_form_name(note->form), "risk_assessment") != 0)
        return DBK_OK;
    dbk_reading_init(&r, note);
    dbk_rc rc = print_questions(c, &r, err);
    if (rc == DBK_OK)
        rc = read_score(&s, &judged, &r, err);
    if (rc == DBK_OK && s.known && s.questions > 0)
        print_score(&s, judged);
    dbk_reading_wipe(&r);
    return rc;
}

dbk_rc cli_score_json(json_t **out, const dbk_note *note, dbk_err *err)
{
    dbk_reading r;
    dbk_assessment_score s;
    dbk_band judged;
    *out = NULL;
    dbk_reading_init(&r, note);
    dbk_rc rc = read_score(&s, &judged, &r, err);
    dbk_reading_wipe(&r);
    if (rc != DBK_OK)
        return rc;
    *out = !s.known || s.questions == 0
               ? json_null()
               : json_pack("{s:s, s:b, s:I, s:I, s:I, s:I, s:s?, s:s?}", "tool", s.title,
                           "verified", (int)s.verified, "questions", (json_int_t)s.questions, "yes",
                           (json_int_t)s.yes, "no", (json_int_t)s.no, "open", (json_int_t)s.open,
                           "band", dbk_band_name(s.band), "could", dbk_band_name(s.could));
    return *out == NULL ? dbk_fail(err, DBK_NOMEM, "no memory for a score") : DBK_OK;
}

/* ---- tools ----------------------------------------------------------------------------------- */

static const dbk_tool_texts *texts_of(const cli *c)
{
    return c->book == NULL ? NULL : dbk_book_tools(c->book);
}

/* The name of the i-th that a pack brought; NULL: no further. */
static const char *worded_at(const cli *c, size_t i, const char **version)
{
    return texts_of(c) == NULL ? NULL : dbk_tool_texts_at(texts_of(c), i, version);
}

static void print_shipped(const cli *c, const dbk_assessment_tool *t)
{
    bool worded = texts_of(c) != NULL &&
                  dbk_tool_texts_find(texts_of(c), dbk_span_str(t->kind), dbk_span_str(t->version),
                                      "q1") != NULL;
    out_text("  %s %s: %s%s\n", t->kind, t->version, t->title,
             t->verified ? "" : " (not verified)");
    if (t->questions > 0)
        out_text("        questions q1 to q%zu%s\n", t->questions,
                 worded ? "" : "; their text comes in your force's pack");
    if (t->scored)
        out_text("        Yes is counted: medium from %zu, high from %zu\n", t->medium_from,
                 t->high_from);
    else
        out_text("        never scored\n");
}

static void print_worded(const dbk_tool_texts *texts, size_t i)
{
    const char *version = NULL, *key = NULL, *question;
    const char *tool = dbk_tool_texts_at(texts, i, &version);
    out_text("  %s %s, in the words of your force's pack:\n", tool, out_safe_str(version));
    for (size_t n = 0; (question = dbk_tool_texts_question(texts, i, n, &key)) != NULL; n++) {
        out_text("    %s\n", key);
        out_wrapped("        ", dbk_span_str(question));
    }
}

dbk_rc cli_tools_print(const cli *c, dbk_err *err)
{
    dbk_assessment_tool t;
    bool there = true;
    const char *version = NULL;
    dbk_rc rc = DBK_OK;
    out_text("\n  TOOLS, by kind and tool_version\n");
    for (size_t i = 0; rc == DBK_OK && there; i++) {
        rc = dbk_assessment_tool_at(&t, &there, i, err);
        if (rc == DBK_OK && there)
            print_shipped(c, &t);
    }
    for (size_t i = 0; rc == DBK_OK && worded_at(c, i, &version) != NULL; i++)
        print_worded(texts_of(c), i);
    return rc;
}

static json_t *questions_json(const dbk_tool_texts *texts, size_t i)
{
    json_t *out = json_object();
    const char *key = NULL, *question;
    for (size_t n = 0; (question = dbk_tool_texts_question(texts, i, n, &key)) != NULL; n++)
        (void)json_object_set_new(out, key, json_string(question));
    return out;
}

static json_t *shipped_json(const dbk_assessment_tool *t)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:b, s:b, s:I, s:I}", "kind", t->kind, "version",
                     t->version, "title", t->title, "questions", (json_int_t)t->questions, "scored",
                     (int)t->scored, "verified", (int)t->verified, "medium_from",
                     (json_int_t)t->medium_from, "high_from", (json_int_t)t->high_from);
}

dbk_rc cli_tools_json(json_t **out, const cli *c, dbk_err *err)
{
    dbk_assessment_tool t;
    bool there = true;
    const char *version = NULL, *tool;
    json_t *shipped = json_array(), *worded = json_array();
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && there; i++) {
        rc = dbk_assessment_tool_at(&t, &there, i, err);
        if (rc == DBK_OK && there)
            (void)json_array_append_new(shipped, shipped_json(&t));
    }
    for (size_t i = 0; (tool = worded_at(c, i, &version)) != NULL; i++)
        (void)json_array_append_new(worded,
                                    json_pack("{s:s, s:s, s:o}", "kind", tool, "version", version,
                                              "questions", questions_json(texts_of(c), i)));
    *out = json_pack("{s:o, s:o}", "shipped", shipped, "packs", worded);
    return rc;
}
