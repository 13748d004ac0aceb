/* What a review of retention is held against before it is saved. */
#include <string.h>

#include "core/base/text.h"
#include "core/practice/retention.h"

typedef struct judging {
    const dbk_intent *p;
    dbk_problems *problems;
    dbk_retention now; /* of the record that it is about */
    int64_t now_ms;
} judging;

static dbk_span said(const judging *j, const char *field)
{
    return j->p->value(j->p->ctx, field);
}

/* A yes-or-no answer: 'y', 'n', '?' for not_known, or 0. */
static char answer(const judging *j, const char *field)
{
    dbk_span value = said(j, field);
    dbk_cbor c = dbk_cbor_from(value);
    if (value.len == 0 || dbk_cbor_peek(&c) != DBK_CBOR_SIMPLE)
        return 0;
    uint64_t simple = dbk_cbor_get_simple(&c);
    return simple == DBK_CBOR_TRUE ? 'y' : simple == DBK_CBOR_FALSE ? 'n' : '?';
}

static dbk_rc tell(const judging *j, dbk_severity severity, const char *field, const char *text,
                   dbk_err *err)
{
    return dbk_problems_add(j->problems, severity, field, err, "%s", text);
}

/* It is made whole, or not at all. */
static dbk_rc judge_whole(const judging *j, dbk_err *err)
{
    const dbk_field *fields;
    size_t count = dbk_form_fields(j->p->form, &fields);
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < count; i++)
        if (fields[i].need == DBK_NEED_SIGN && said(j, fields[i].name).len == 0)
            rc = dbk_problems_add(j->problems, DBK_PROBLEM, fields[i].name, err,
                                  "%s: every review answers this.", fields[i].label);
    return rc;
}

/* ---- the questions --------------------------------------------------------------------------- */

static dbk_rc judge_retain(const judging *j, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    if (answer(j, "necessity") == 'n')
        rc = tell(j, DBK_PROBLEM, "necessity",
                  "Necessary: what isn't needed for a policing purpose can't be retained.", err);
    if (rc == DBK_OK && (answer(j, "adequacy") == 'n' || answer(j, "accuracy") == 'n'))
        rc = tell(j, DBK_WARNING, "accuracy",
                  "It is retained, but isn't adequate or accurate: raise an action to put it "
                  "right.",
                  err);
    return rc;
}

/* What refuses it is said all at once. None of the sentences tells where a hold stands: it may be
 * in a space that others don't see. */
static dbk_rc judge_dispose(const judging *j, dbk_err *err)
{
    const dbk_retention *r = &j->now;
    bool over = r->until_ms != 0 && r->until_ms <= j->now_ms;
    const struct {
        bool refused;
        const char *field, *text;
    } rows[] = {
        { answer(j, "necessity") != 'n', "necessity",
          "Necessary: only what is no longer needed is disposed of." },
        { r->held, "decision",
          "Decision: a legal hold stands on it or on something that refers to it, or nobody knows "
          "whether one does. A hold stops all disposal." },
        { r->open, "decision", "Decision: close the deployment first." },
        { r->group[0] == '\0', "decision",
          "Decision: give it a review group first; without one nobody can say how long it is "
          "kept." },
        { !over && said(j, "before_time").len == 0, "before_time",
          "Why before its time: its clear period, or the hundredth year, isn't over. Say on which "
          "ground it may be disposed of." },
        { !dbk_span_equal(dbk_cbor_text_of(said(j, "basis")), dbk_span_str(r->basis)), "basis",
          "Made on: the record, or something that refers to it, isn't as it was when this was "
          "decided. Decide by `daybook retention review`." },
    };
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].refused)
            rc = tell(j, DBK_PROBLEM, rows[i].field, rows[i].text, err);
    return rc;
}

static dbk_rc judge_any(const judging *j, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    dbk_role role = dbk_book_role(j->p->book, j->p->space);
    if (role != DBK_ROLE_HQ && role != DBK_ROLE_ADMIN)
        rc = tell(j, DBK_PROBLEM, "decision", "Decision: headquarters reviews retention.", err);
    if (rc == DBK_OK && !dbk_id_equal(&j->now.space, j->p->space))
        rc = tell(j, DBK_PROBLEM, "about", "Record: its review belongs into its own space.", err);
    if (rc == DBK_OK && j->now.child && said(j, "child").len == 0)
        rc = tell(j, DBK_PROBLEM, "child",
                  "A child under 10: somebody was under 10, or may have been, when this began. Say "
                  "what was considered for them.",
                  err);
    return rc;
}

static dbk_rc judge_next(const judging *j, dbk_err *err)
{
    int64_t next_ms = 0;
    dbk_span next = dbk_cbor_text_of(said(j, "next_review_on"));
    if (next.len == 0 || dbk_moment_parse(&next_ms, next, NULL) != DBK_OK || next_ms > j->now_ms)
        return DBK_OK;
    return tell(j, DBK_PROBLEM, "next_review_on", "Review again on: that day is over.", err);
}

static dbk_rc judge(judging *j, dbk_err *err)
{
    dbk_span decision = dbk_cbor_text_of(said(j, "decision"));
    dbk_rc rc = judge_whole(j, err);
    if (rc == DBK_OK)
        rc = judge_any(j, err);
    if (rc == DBK_OK)
        rc = judge_next(j, err);
    if (rc == DBK_OK && dbk_span_equal(decision, dbk_span_str("retain")))
        rc = judge_retain(j, err);
    if (rc == DBK_OK && dbk_span_equal(decision, dbk_span_str("dispose")))
        rc = judge_dispose(j, err);
    return rc;
}

dbk_rc dbk_retention_judge(dbk_problems *problems, const dbk_intent *proposed, dbk_err *err)
{
    judging j = { .p = proposed, .problems = problems };
    const dbk_env *env = dbk_book_env(proposed->book);
    dbk_err inner = { 0 };
    if (strcmp(dbk_form_name(proposed->form), DBK_RETENTION_FORM) != 0)
        return DBK_OK;
    j.now_ms = (int64_t)env->now_ms(env->self);
    const dbk_retention_opts opts = { .now_ms = j.now_ms };
    dbk_id about = dbk_element_id(said(&j, "about"));
    dbk_rc rc = dbk_retention_of(&j.now, proposed->book, &about, &opts, &inner);
    if (rc == DBK_INVALID || rc == DBK_NOT_FOUND || rc == DBK_DENIED)
        return tell(&j, DBK_PROBLEM, "about",
                    "Record: name the case or person that was reviewed, and is held here.", err);
    if (rc != DBK_OK)
        return dbk_fail(err, rc, "%s", inner.text);
    return judge(&j, err);
}
