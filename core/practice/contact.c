#include "core/practice/contact.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/model/likeness.h"
#include "core/practice/reading.h"

#define FORM "contact"
#define FOLD_BYTES_MAX 512u /* of a text at once: the namer cuts what is longer */

typedef struct judging {
    const dbk_intent *p;
    dbk_problems *problems;
    bool suspect;     /* within the family: perhaps is enough */
    uint64_t version; /* of the strategy in force; 0: none */
    dbk_bytes held;   /* CBOR: its array of topics held back; empty: none */
    uint64_t worked;  /* the version that was in force at the contact; 0: none, or no time */
    dbk_namer *namer; /* NULL until something is held back */
    dbk_id case_id;   /* zero: none */
    bool assessed;    /* a risk assessment of the deployment is in date */
} judging;

static dbk_span said(const judging *j, const char *field)
{
    return j->p->value(j->p->ctx, field);
}

/* ---- the case -------------------------------------------------------------------------------- */

/* Was this version approved by the time of the contact? */
static bool in_force_then(const judging *j, dbk_span entry)
{
    int64_t approved_ms, started_ms;
    return dbk_moment_parse(&approved_ms, dbk_cbor_text_of(dbk_view_member(entry, "approved_at")),
                            NULL) == DBK_OK &&
           dbk_moment_parse(&started_ms, dbk_cbor_text_of(said(j, "started_at")), NULL) == DBK_OK &&
           approved_ms <= started_ms;
}

/* Keeps what is held back, if this version is approved and newer than what was kept. */
static dbk_rc take_version(judging *j, dbk_span entry, dbk_err *err)
{
    dbk_span number = dbk_view_member(entry, "version");
    dbk_cbor c = dbk_cbor_from(number);
    uint64_t version = number.len > 0 ? dbk_cbor_get_uint(&c) : 0;
    if (c.failed || dbk_view_member(entry, "approved_by").len == 0)
        return DBK_OK;
    if (version > j->worked && in_force_then(j, entry))
        j->worked = version;
    if (version <= j->version)
        return DBK_OK;
    j->version = version;
    dbk_bytes_truncate(&j->held, 0);
    return dbk_bytes_append(&j->held, dbk_view_member(entry, "held_back"), err);
}

static dbk_rc read_strategy(judging *j, dbk_reading *r, dbk_err *err)
{
    dbk_span strategy, entry;
    dbk_rc rc = dbk_reading_value(r, &strategy, "strategy", err);
    dbk_elements e = dbk_elements_of(strategy);
    while (rc == DBK_OK && dbk_elements_next(&e, &entry))
        rc = take_version(j, entry, err);
    return rc;
}

static dbk_rc take_case(judging *j, dbk_reading *r, dbk_err *err)
{
    bool possible = false;
    dbk_rc rc = dbk_reading_says(r, &j->suspect, "suspect_in_family", "yes", err);
    if (rc == DBK_OK)
        rc = dbk_reading_says(r, &possible, "suspect_in_family", "possible", err);
    j->suspect = j->suspect || possible;
    return rc == DBK_OK ? read_strategy(j, r, err) : rc;
}

static dbk_rc read_case(judging *j, dbk_err *err)
{
    dbk_reading r;
    dbk_rc rc = dbk_reading_find(&r, j->p->book, &j->case_id, err);
    if (rc == DBK_OK && r.note != NULL)
        rc = take_case(j, &r, err);
    dbk_reading_wipe(&r);
    return rc;
}

/* ---- told and held back ---------------------------------------------------------------------- */

/* A piece that ends at a space, or at a character, and its length. */
static size_t piece_of(dbk_span text)
{
    size_t len = text.len < FOLD_BYTES_MAX ? text.len : FOLD_BYTES_MAX;
    size_t end = 0;
    for (size_t i = 0; i < len; i++)
        end = text.p[i] == ' ' || text.p[i] == '\n' ? i + 1 : end;
    if (end > 0 && len < text.len)
        return end;
    while (len < text.len && len > 1 && (text.p[len] & 0xc0) == 0x80)
        len--;
    return len;
}

/* As it is compared: lower case, no accents, Latin letters. */
static dbk_rc fold(judging *j, dbk_bytes *out, dbk_span text, dbk_err *err)
{
    dbk_rc rc = j->namer == NULL ? dbk_namer_new(&j->namer, err) : DBK_OK;
    dbk_bytes_truncate(out, 0);
    while (rc == DBK_OK && text.len > 0) {
        const char *folded;
        size_t len = piece_of(text);
        rc = dbk_namer_fold(j->namer, &folded, dbk_span_of(text.p, len), err);
        if (rc == DBK_OK)
            rc = dbk_bytes_append_str(out, folded, err);
        text = dbk_span_of(text.p + len, text.len - len);
    }
    return rc;
}

/* The words of the one within the other. */
static bool speaks_of(dbk_span text, dbk_span topic)
{
    for (size_t at = 0; topic.len > 0 && at + topic.len <= text.len; at++) {
        if (dbk_span_equal(dbk_span_of(text.p + at, topic.len), topic))
            return true;
    }
    return false;
}

/* The topic held back that this text speaks of; empty: none. both: or that speaks of it. */
static dbk_rc held_topic(judging *j, dbk_span *out, dbk_span text, bool both, dbk_err *err)
{
    dbk_bytes said_so = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_bytes topic = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_elements e = dbk_elements_of(dbk_bytes_span(&j->held));
    dbk_span element;
    dbk_rc rc = text.len > 0 && j->held.len > 0 ? fold(j, &said_so, text, err) : DBK_OK;
    *out = dbk_span_of(NULL, 0);
    while (rc == DBK_OK && said_so.len > 0 && out->len == 0 && dbk_elements_next(&e, &element)) {
        dbk_span a = dbk_bytes_span(&said_so);
        rc = fold(j, &topic, dbk_cbor_text_of(element), err);
        dbk_span b = dbk_bytes_span(&topic);
        if (rc == DBK_OK && (speaks_of(a, b) || (both && speaks_of(b, a))))
            *out = dbk_cbor_text_of(element);
    }
    dbk_bytes_wipe(&said_so);
    dbk_bytes_wipe(&topic);
    return rc;
}

static dbk_rc judge_told(judging *j, unsigned place, dbk_span told, dbk_err *err)
{
    char field[32];
    dbk_span topic = dbk_cbor_text_of(dbk_view_member(told, "topic"));
    dbk_span detail = dbk_cbor_text_of(dbk_view_member(told, "detail"));
    dbk_span held;
    if (dbk_cbor_text_of(dbk_view_member(told, "authority")).len > 0)
        return DBK_OK;
    dbk_rc rc = held_topic(j, &held, topic, true, err);
    if (rc != DBK_OK)
        return rc;
    (void)snprintf(field, sizeof(field), "told[%u].authority", place);
    if (held.len > 0)
        return dbk_problems_add(j->problems, DBK_PROBLEM, field, err,
                                "What you told them %u: \"%.*s\" is held back by strategy %llu. If "
                                "it was told, say on whose authority: the lead's decision, by its "
                                "number.",
                                place + 1, (int)held.len, (const char *)held.p,
                                (unsigned long long)j->version);
    rc = held_topic(j, &held, detail, false, err);
    if (rc != DBK_OK || held.len == 0)
        return rc;
    return dbk_problems_add(j->problems, DBK_WARNING, field, err,
                            "What you told them %u: it speaks of \"%.*s\", which is held back by "
                            "strategy %llu. If that was told, say on whose authority.",
                            place + 1, (int)held.len, (const char *)held.p,
                            (unsigned long long)j->version);
}

/* FL-5: with a suspect in the family the list is before everybody who writes an entry. */
static dbk_rc show_held(judging *j, dbk_err *err)
{
    dbk_bytes words = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_elements e = dbk_elements_of(dbk_bytes_span(&j->held));
    dbk_span element;
    dbk_rc rc = DBK_OK;
    while (rc == DBK_OK && dbk_elements_next(&e, &element)) {
        if (words.len > 0)
            rc = dbk_bytes_append_str(&words, "; ", err);
        if (rc == DBK_OK)
            rc = dbk_bytes_append(&words, dbk_cbor_text_of(element), err);
    }
    if (rc == DBK_OK && words.len > 0)
        rc = dbk_problems_add(j->problems, DBK_WARNING, "told", err,
                              "A suspect may be in this family. Held back: %.*s.", (int)words.len,
                              (const char *)words.p);
    dbk_bytes_wipe(&words);
    return rc;
}

static dbk_rc judge_all_told(judging *j, dbk_err *err)
{
    dbk_elements e = dbk_elements_of(said(j, "told"));
    dbk_span told;
    dbk_rc rc = DBK_OK;
    for (unsigned place = 0; rc == DBK_OK && dbk_elements_next(&e, &told); place++)
        rc = judge_told(j, place, told, err);
    if (rc == DBK_OK && j->suspect)
        rc = show_held(j, err);
    return rc;
}

/* ---- the first visit ------------------------------------------------------------------------- */

static dbk_rc look_at_assessment(void *ctx, const dbk_row *row, dbk_err *err)
{
    judging *j = ctx;
    dbk_reading r;
    dbk_id case_id = { { 0 } };
    dbk_span review = { NULL, 0 };
    bool deployment = false;
    if (j->assessed)
        return DBK_OK;
    dbk_rc rc = dbk_reading_open(&r, j->p->book, &row->record, err);
    if (rc == DBK_OK)
        rc = dbk_reading_says(&r, &deployment, "kind", "flo_deployment", err);
    if (rc == DBK_OK)
        rc = dbk_reading_ref(&r, &case_id, "case_id", err);
    if (rc == DBK_OK)
        rc = dbk_reading_text(&r, &review, "review_on", err);
    /* Dates compare as texts. Without a day of review it stays in date. */
    j->assessed = rc == DBK_OK && deployment && dbk_id_equal(&case_id, &j->case_id) &&
                  (review.len == 0 || dbk_span_compare(review, j->p->on) >= 0);
    dbk_reading_wipe(&r);
    return rc;
}

static bool is_first_visit(const judging *j)
{
    dbk_elements e = dbk_elements_of(said(j, "purpose"));
    dbk_span purpose;
    while (dbk_elements_next(&e, &purpose)) {
        if (dbk_span_equal(dbk_cbor_text_of(purpose), dbk_span_str("first_visit")))
            return true;
    }
    return false;
}

static dbk_rc judge_first_visit(judging *j, dbk_err *err)
{
    const dbk_list_opts opts = { .form = "risk_assessment", .since_ms = INT64_MIN };
    if (!is_first_visit(j) || dbk_id_is_zero(&j->case_id))
        return DBK_OK;
    dbk_rc rc = dbk_query_list(j->p->book, &opts, look_at_assessment, j, err);
    if (rc != DBK_OK || j->assessed)
        return rc;
    return dbk_problems_add(j->problems, DBK_WARNING, "purpose", err,
                            "First visit: this case has no risk assessment of the deployment in "
                            "date. Make one before you go.");
}

dbk_rc dbk_contact_judge(dbk_problems *problems, const dbk_intent *proposed, dbk_err *err)
{
    judging j = { .p = proposed, .problems = problems };
    if (strcmp(dbk_form_name(proposed->form), FORM) != 0)
        return DBK_OK;
    dbk_bytes_init(&j.held, DBK_STATE_BYTES_MAX);
    j.case_id = dbk_element_id(said(&j, "case_id"));
    dbk_rc rc = read_case(&j, err);
    if (rc == DBK_OK)
        rc = judge_all_told(&j, err);
    if (rc == DBK_OK)
        rc = judge_first_visit(&j, err);
    if (rc == DBK_OK && j.worked > 0 && proposed->fill != NULL &&
        said(&j, "strategy_version").len == 0)
        rc = proposed->fill(proposed->ctx, "strategy_version", j.worked, err);
    dbk_namer_free(j.namer);
    dbk_bytes_wipe(&j.held);
    return rc;
}
