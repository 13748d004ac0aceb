#include "core/practice/assessment.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/practice/assessment_builtin.h"

#define FORM "risk_assessment"
#define KEY_MAX 8u /* "q64" */

/* ---- bands ----------------------------------------------------------------------------------- */

static const char *const band_names[] = { NULL, "standard", "medium", "high" };

const char *dbk_band_name(dbk_band band)
{
    return band_names[band];
}

dbk_band dbk_band_of(dbk_span code)
{
    for (size_t i = 1; i < sizeof(band_names) / sizeof(band_names[0]); i++)
        if (dbk_span_equal(code, dbk_span_str(band_names[i])))
            return (dbk_band)i;
    return DBK_BAND_NONE;
}

/* ---- the table ------------------------------------------------------------------------------- */

typedef struct tool {
    dbk_assessment_score score; /* with nothing counted yet */
    json_int_t medium_from, high_from;
} tool;

static bool is_tool(const json_t *row, dbk_span kind, dbk_span version)
{
    const char *own_kind = json_string_value(json_object_get(row, "kind"));
    const char *own_version = json_string_value(json_object_get(row, "version"));
    if (own_kind == NULL || own_version == NULL || !dbk_span_equal(kind, dbk_span_str(own_kind)))
        return false;
    /* Without a version the row is about all of them. */
    return own_version[0] == '\0' || dbk_span_equal(version, dbk_span_str(own_version));
}

static dbk_rc read_tool(tool *out, const json_t *row, dbk_err *err)
{
    const char *title = json_string_value(json_object_get(row, "title"));
    json_int_t questions = json_integer_value(json_object_get(row, "questions"));
    out->score.known = true;
    out->score.scored = json_is_true(json_object_get(row, "scored"));
    out->score.verified = json_is_true(json_object_get(row, "verified"));
    out->medium_from = json_integer_value(json_object_get(row, "medium_from"));
    out->high_from = json_integer_value(json_object_get(row, "high_from"));
    bool bands = out->medium_from > 1 && out->high_from > out->medium_from;
    if (title == NULL || questions < 0 || questions > (json_int_t)DBK_ASSESSMENT_QUESTIONS_MAX ||
        (out->score.scored && (!bands || questions < out->high_from)))
        return dbk_fail(err, DBK_FORMAT, "the table of assessment tools is malformed");
    (void)snprintf(out->score.title, sizeof(out->score.title), "%s", title);
    out->score.questions = (size_t)questions;
    return DBK_OK;
}

static dbk_rc load_table(json_t **out, dbk_err *err)
{
    *out = json_loadb((const char *)dbk_blob_assessment_tools, dbk_blob_assessment_tools_len,
                      JSON_REJECT_DUPLICATES, NULL);
    return *out != NULL ? DBK_OK
                        : dbk_fail(err, DBK_NOMEM, "no memory for the table of assessment tools");
}

dbk_rc dbk_assessment_tool_at(dbk_assessment_tool *out, bool *there, size_t i, dbk_err *err)
{
    json_t *table = NULL;
    tool t = { .medium_from = 0 };
    *out = (dbk_assessment_tool){ .questions = 0 };
    *there = false;
    dbk_rc rc = load_table(&table, err);
    const json_t *row = json_array_get(table, i);
    if (rc == DBK_OK && row != NULL) {
        rc = read_tool(&t, row, err);
        *there = rc == DBK_OK;
    }
    if (*there) {
        const char *kind = json_string_value(json_object_get(row, "kind"));
        const char *version = json_string_value(json_object_get(row, "version"));
        (void)snprintf(out->kind, sizeof(out->kind), "%s", kind == NULL ? "" : kind);
        (void)snprintf(out->version, sizeof(out->version), "%s", version == NULL ? "" : version);
        (void)snprintf(out->title, sizeof(out->title), "%s", t.score.title);
        out->questions = t.score.questions;
        out->medium_from = (size_t)t.medium_from;
        out->high_from = (size_t)t.high_from;
        out->scored = t.score.scored;
        out->verified = t.score.verified;
    }
    json_decref(table);
    return rc;
}

static dbk_rc find_tool(tool *out, dbk_span kind, dbk_span version, dbk_err *err)
{
    json_t *table = NULL;
    *out = (tool){ .medium_from = 0 };
    dbk_rc rc = load_table(&table, err);
    for (size_t i = 0; rc == DBK_OK && !out->score.known && i < json_array_size(table); i++)
        if (is_tool(json_array_get(table, i), kind, version))
            rc = read_tool(out, json_array_get(table, i), err);
    json_decref(table);
    return rc;
}

/* ---- the answers ----------------------------------------------------------------------------- */

/* By the number of the question, from 0. */
typedef struct sheet {
    bool yes[DBK_ASSESSMENT_QUESTIONS_MAX], no[DBK_ASSESSMENT_QUESTIONS_MAX];
    size_t strange; /* answers whose key the tool doesn't have */
    char strange_key[24];
} sheet;

/* False: the tool has no such key. */
static bool question_of(size_t *out, dbk_span key, size_t questions)
{
    for (size_t i = 0; i < questions; i++) {
        char own[KEY_MAX];
        (void)snprintf(own, sizeof(own), "q%u", (unsigned)(i + 1) % 1000u);
        *out = i;
        if (dbk_span_equal(key, dbk_span_str(own)))
            return true;
    }
    return false;
}

static void take_answers(sheet *s, dbk_span list, size_t questions)
{
    dbk_elements e = dbk_elements_of(list);
    dbk_span one;
    while (dbk_elements_next(&e, &one)) {
        size_t at = 0;
        dbk_span key = dbk_cbor_text_of(dbk_view_member(one, "key"));
        dbk_span answer = dbk_view_member(one, "answer");
        if (!question_of(&at, key, questions)) {
            s->strange++;
            (void)snprintf(s->strange_key, sizeof(s->strange_key), "%.*s",
                           (int)(key.len < 20 ? key.len : 20), (const char *)key.p);
            continue;
        }
        s->yes[at] = s->yes[at] || dbk_element_is(answer, "yes");
        s->no[at] = s->no[at] || dbk_element_is(answer, "no");
    }
}

static dbk_band band_at(const tool *t, size_t yes)
{
    if (!t->score.scored || yes == 0)
        return DBK_BAND_NONE;
    if ((json_int_t)yes >= t->high_from)
        return DBK_BAND_HIGH;
    return (json_int_t)yes >= t->medium_from ? DBK_BAND_MEDIUM : DBK_BAND_STANDARD;
}

static void count(tool *t, const sheet *s)
{
    dbk_assessment_score *score = &t->score;
    for (size_t i = 0; i < score->questions; i++) {
        score->yes += s->yes[i] ? 1 : 0;
        score->no += !s->yes[i] && s->no[i] ? 1 : 0;
    }
    score->open = score->questions - score->yes - score->no;
    score->band = band_at(t, score->yes);
    score->could = band_at(t, score->yes + score->open);
}

dbk_rc dbk_assessment_read(dbk_assessment_score *out, dbk_reading *r, dbk_err *err)
{
    tool t;
    sheet s = { .strange = 0 };
    char kind[DBK_NAME_BYTES_MAX + 1] = "";
    dbk_span value = { NULL, 0 };
    *out = (dbk_assessment_score){ .known = false };
    if (r->note->form == NULL || strcmp(dbk_form_name(r->note->form), FORM) != 0)
        return DBK_OK;
    dbk_rc rc = dbk_reading_text(r, &value, "kind", err);
    if (rc == DBK_OK && value.len < sizeof(kind) && value.len > 0)
        memcpy(kind, value.p, value.len);
    if (rc == DBK_OK)
        rc = dbk_reading_text(r, &value, "tool_version", err);
    if (rc == DBK_OK)
        rc = find_tool(&t, dbk_span_str(kind), value, err);
    if (rc == DBK_OK)
        rc = dbk_reading_value(r, &value, "answers", err);
    if (rc != DBK_OK)
        return rc;
    take_answers(&s, value, t.score.questions);
    count(&t, &s);
    *out = t.score;
    return DBK_OK;
}

/* ---- what is still to be asked --------------------------------------------------------------- */

static bool is_answered(dbk_span answers, const char *key)
{
    dbk_elements e = dbk_elements_of(answers);
    dbk_span one;
    while (dbk_elements_next(&e, &one))
        if (dbk_span_equal(dbk_cbor_text_of(dbk_view_member(one, "key")), dbk_span_str(key)))
            return true;
    return false;
}

/* Which of the packs' tools it is. */
static dbk_rc find_words(size_t *out, bool *found, const dbk_tool_texts *texts, dbk_reading *r,
                         dbk_err *err)
{
    const char *kind, *version = NULL;
    dbk_rc rc = DBK_OK;
    *found = false;
    for (size_t i = 0; rc == DBK_OK && !*found; i++) {
        bool same = false;
        kind = dbk_tool_texts_at(texts, i, &version);
        if (kind == NULL)
            break;
        rc = dbk_reading_says(r, &same, "kind", kind, err);
        if (rc == DBK_OK && same)
            rc = dbk_reading_says(r, found, "tool_version", version, err);
        *out = i;
    }
    return rc;
}

dbk_rc dbk_assessment_open(dbk_assessment_question *out, size_t *count, dbk_book *book,
                           const dbk_note *note, dbk_err *err)
{
    const dbk_tool_texts *texts = dbk_book_tools(book);
    dbk_reading r;
    dbk_span answers = { NULL, 0 };
    dbk_assessment_question q;
    size_t words = 0;
    bool found = false;
    *count = 0;
    if (note->form == NULL || strcmp(dbk_form_name(note->form), FORM) != 0)
        return DBK_OK;
    dbk_reading_init(&r, note);
    dbk_rc rc = find_words(&words, &found, texts, &r, err);
    if (rc == DBK_OK && found)
        rc = dbk_reading_value(&r, &answers, "answers", err);
    for (size_t n = 0; rc == DBK_OK && found; n++) {
        q.text = dbk_tool_texts_question(texts, words, n, &q.key);
        if (q.text == NULL)
            break;
        if (!is_answered(answers, q.key))
            out[(*count)++] = q;
    }
    dbk_reading_wipe(&r);
    return rc;
}

/* ---- judging --------------------------------------------------------------------------------- */

typedef struct judging {
    dbk_problems *problems;
    const dbk_intent *p;
    dbk_id subject;
    dbk_band is, was; /* judged: as it would be, and as it is */
    tool tool;        /* counted with this change */
    dbk_band worst;   /* of an unreviewed assessment of the same person */
    dbk_err *err;
} judging;

static bool is_supervisor(const judging *j)
{
    dbk_role role = dbk_book_role(j->p->book, j->p->space);
    return role == DBK_ROLE_SUPERVISOR || role == DBK_ROLE_HQ || role == DBK_ROLE_ADMIN;
}

/* What makes a lower band stand: somebody who may, and why. */
static bool may_lower(const judging *j)
{
    return is_supervisor(j) && j->p->value(j->p->ctx, "judgement_reason").len > 0;
}

static dbk_rc refuse_band(const judging *j, const char *because)
{
    return dbk_problems_add(j->problems, DBK_PROBLEM, "judgement_band", j->err,
                            "Risk: %s. Judgement may raise that; only a supervisor lowers it, and "
                            "says why in the reason.",
                            because);
}

/* An answered sheet stays with its tool. */
static dbk_rc judge_tool(const judging *j)
{
    static const char *const fields[] = { "kind", "tool_version" };
    const dbk_intent *p = j->p;
    bool answered = p->before(p->ctx, "answers").len > 0;
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && answered && i < 2; i++) {
        dbk_span before = p->before(p->ctx, fields[i]);
        if (before.len > 0 && !dbk_span_equal(before, p->value(p->ctx, fields[i])))
            rc = dbk_problems_add(j->problems, DBK_PROBLEM, fields[i], j->err,
                                  "%s: the answers were given on another one and stay with it. "
                                  "Begin a new assessment.",
                                  i == 0 ? "Tool" : "Version of the tool");
    }
    return rc;
}

static dbk_rc judge_answers(judging *j)
{
    const dbk_intent *p = j->p;
    sheet before = { .strange = 0 }, added = { .strange = 0 };
    size_t questions = j->tool.score.questions;
    dbk_rc rc = DBK_OK;
    take_answers(&before, p->before(p->ctx, "answers"), questions);
    take_answers(&added, p->added(p->ctx, "answers"), questions);
    if (j->tool.score.known && questions > 0 && added.strange > 0)
        rc = dbk_problems_add(j->problems, DBK_WARNING, "answers", j->err,
                              "Answers: %s has the questions q1 to q%zu, and no \"%s\".",
                              j->tool.score.title, questions, added.strange_key);
    for (size_t i = 0; rc == DBK_OK && i < questions; i++) {
        if (before.yes[i] && added.no[i])
            rc = dbk_problems_add(j->problems, DBK_WARNING, "answers", j->err,
                                  "Answers: q%zu was answered Yes before, and that counts.", i + 1);
        before.yes[i] = before.yes[i] || added.yes[i];
        before.no[i] = before.no[i] || added.no[i];
    }
    count(&j->tool, &before);
    return rc;
}

static dbk_rc judge_score(const judging *j)
{
    const dbk_assessment_score *s = &j->tool.score;
    char because[160];
    dbk_rc rc = DBK_OK;
    bool given = j->p->value(j->p->ctx, "judgement_band").len > 0;
    if (s->scored && s->could > s->band && s->yes + s->no > 0)
        rc = dbk_problems_add(j->problems, DBK_WARNING, "answers", j->err,
                              "Answers: %zu of %zu not answered, and that isn't No: as Yes they "
                              "would make it %s.",
                              s->open, s->questions, dbk_band_name(s->could));
    if (rc != DBK_OK || s->band <= j->is || (given && may_lower(j)))
        return rc;
    (void)snprintf(because, sizeof(because), "%zu of %zu answers are Yes, which is %s by %s",
                   s->yes, s->questions, dbk_band_name(s->band), s->title);
    if (given)
        return refuse_band(j, because);
    return dbk_problems_add(j->problems, DBK_WARNING, "judgement_band", j->err, "Risk: %s.",
                            because);
}

/* ---- against others of the same person ------------------------------------------------------- */

static bool looks_at(const judging *j, const dbk_id *space)
{
    return dbk_id_equal(space, j->p->space) || !dbk_book_is_restricted(j->p->book, space);
}

static dbk_rc look_at(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    judging *j = ctx;
    dbk_id subject = { { 0 } };
    dbk_span value = { NULL, 0 };
    bool deployment = false;
    if (!looks_at(j, &row->space))
        return DBK_OK;
    dbk_rc rc = dbk_reading_ref(r, &subject, "subject", err);
    if (rc != DBK_OK || !dbk_id_equal(&subject, &j->subject))
        return rc;
    rc = dbk_reading_says(r, &deployment, "kind", "flo_deployment", err);
    if (rc == DBK_OK && !deployment)
        rc = dbk_reading_value(r, &value, "supervised", err);
    if (rc != DBK_OK || deployment || value.len > 0)
        return rc;
    rc = dbk_reading_text(r, &value, "judgement_band", err);
    dbk_band band = rc == DBK_OK ? dbk_band_of(value) : DBK_BAND_NONE;
    j->worst = band > j->worst ? band : j->worst;
    return rc;
}

static dbk_rc judge_band(judging *j)
{
    char because[160];
    bool given = j->p->value(j->p->ctx, "judgement_band").len > 0;
    if (j->is < j->was && !may_lower(j))
        return refuse_band(j, "it was graded higher");
    if (!given || j->is == j->was || dbk_id_is_zero(&j->subject))
        return DBK_OK;
    const dbk_cued of = DBK_CUED_REFERENCES(&j->subject, FORM);
    dbk_rc rc = dbk_reading_cued(j->p->book, &of, look_at, j, j->err);
    if (rc != DBK_OK || j->worst <= j->is || may_lower(j))
        return rc;
    (void)snprintf(because, sizeof(because),
                   "an earlier assessment of this person that nobody has reviewed says %s",
                   dbk_band_name(j->worst));
    return refuse_band(j, because);
}

static dbk_rc propose_marac(const judging *j)
{
    bool high = j->is == DBK_BAND_HIGH || j->tool.score.band == DBK_BAND_HIGH;
    if (!high || j->was == DBK_BAND_HIGH)
        return DBK_OK;
    return dbk_problems_add(j->problems, DBK_WARNING, "judgement_band", j->err,
                            "Risk: high is referred to MARAC. `daybook referral suggest` says by "
                            "which rule and where else.");
}

dbk_rc dbk_assessment_judge(dbk_problems *problems, const dbk_intent *proposed, dbk_err *err)
{
    judging j = { .problems = problems, .p = proposed, .err = err };
    if (strcmp(dbk_form_name(proposed->form), FORM) != 0)
        return DBK_OK;
    dbk_span kind = dbk_cbor_text_of(proposed->value(proposed->ctx, "kind"));
    dbk_span version = dbk_cbor_text_of(proposed->value(proposed->ctx, "tool_version"));
    j.subject = dbk_element_id(proposed->value(proposed->ctx, "subject"));
    j.is = dbk_band_of(dbk_cbor_text_of(proposed->value(proposed->ctx, "judgement_band")));
    j.was = dbk_band_of(dbk_cbor_text_of(proposed->before(proposed->ctx, "judgement_band")));
    dbk_rc rc = find_tool(&j.tool, kind, version, err);
    if (rc == DBK_OK)
        rc = judge_tool(&j);
    if (rc == DBK_OK)
        rc = judge_answers(&j);
    if (rc == DBK_OK)
        rc = judge_score(&j);
    if (dbk_span_equal(kind, dbk_span_str("flo_deployment")))
        return rc;
    if (rc == DBK_OK)
        rc = judge_band(&j);
    return rc == DBK_OK ? propose_marac(&j) : rc;
}
