#include "core/practice/contact.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/model/near.h"
#include "core/practice/held.h"

#define FORM "contact"
#define SIDE_BYTES_MAX 64u /* longer names are compared whole, and not guessed */

/* The sides that the case names, as far as this entry's is concerned. */
typedef struct sides {
    size_t named;
    bool found;
    char name[SIDE_BYTES_MAX + 1]; /* the nearest; "": none */
    size_t distance;
} sides;

typedef struct judging {
    const dbk_intent *p;
    dbk_problems *problems;
    bool suspect; /* within the family: perhaps is enough */
    dbk_held held;
    uint64_t worked; /* the version that was in force at the contact; 0: none, or no time */
    dbk_id case_id;  /* zero: none */
    bool assessed;   /* a risk assessment of the deployment is in date */
    sides sides;
    int64_t started_ms; /* of this entry; only while others are looked at */
    bool earlier;       /* somebody of this family was met before */
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

/* The newest version that was in force at the contact. */
static void take_worked(judging *j, const dbk_sibling *entry)
{
    uint64_t version = dbk_held_version(entry->value);
    if (version > j->worked && dbk_held_approves(entry) && in_force_then(j, entry->value))
        j->worked = version;
}

static dbk_rc read_strategy(judging *j, const dbk_note *of_case, dbk_err *err)
{
    size_t count;
    const dbk_sibling *log = dbk_reading_log(of_case, &count, "strategy");
    for (size_t i = 0; i < count; i++)
        take_worked(j, &log[i]);
    return dbk_held_read(&j->held, of_case, err);
}

/* FL-12: each side has its own history, by its name. */
static void take_side(judging *j, dbk_span name)
{
    char text[SIDE_BYTES_MAX + 1] = "";
    dbk_span said_side = dbk_cbor_text_of(said(j, "family_group"));
    j->sides.named++;
    j->sides.found = j->sides.found || dbk_span_equal(name, said_side);
    if (name.len == 0 || name.len > SIDE_BYTES_MAX)
        return;
    memcpy(text, name.p, name.len);
    dbk_near near = dbk_near_from(said_side);
    dbk_near_try(&near, text, NULL);
    if (near.best == NULL || (j->sides.name[0] != '\0' && near.distance >= j->sides.distance))
        return;
    memcpy(j->sides.name, text, sizeof(text));
    j->sides.distance = near.distance;
}

static dbk_rc read_sides(judging *j, dbk_reading *r, dbk_err *err)
{
    dbk_span groups, one;
    dbk_rc rc = dbk_reading_value(r, &groups, "family_groups", err);
    dbk_elements e = dbk_elements_of(groups);
    while (rc == DBK_OK && dbk_elements_next(&e, &one)) {
        dbk_span name = dbk_cbor_text_of(dbk_view_member(one, "name"));
        if (name.len > 0)
            take_side(j, name);
    }
    return rc;
}

static dbk_rc take_case(judging *j, dbk_reading *r, dbk_err *err)
{
    bool possible = false;
    dbk_rc rc = dbk_reading_says(r, &j->suspect, "suspect_in_family", "yes", err);
    if (rc == DBK_OK)
        rc = dbk_reading_says(r, &possible, "suspect_in_family", "possible", err);
    j->suspect = j->suspect || possible;
    if (rc == DBK_OK)
        rc = read_sides(j, r, err);
    return rc == DBK_OK ? read_strategy(j, r->note, err) : rc;
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

/* The newest that holds something back: the one in force, or one that an officer has added. */
static unsigned long long strategy_of(const judging *j)
{
    return j->held.version > 0 ? j->held.version : j->held.proposed;
}

static dbk_rc judge_told(judging *j, unsigned place, dbk_span told, dbk_err *err)
{
    char field[32];
    dbk_span topic = dbk_cbor_text_of(dbk_view_member(told, "topic"));
    dbk_span detail = dbk_cbor_text_of(dbk_view_member(told, "detail"));
    dbk_span held;
    if (dbk_cbor_text_of(dbk_view_member(told, "authority")).len > 0)
        return DBK_OK;
    dbk_rc rc = dbk_held_find(&j->held, &held, topic, DBK_HELD_TOPIC, err);
    if (rc != DBK_OK)
        return rc;
    (void)snprintf(field, sizeof(field), "told[%u].authority", place);
    if (held.len > 0)
        return dbk_problems_add(j->problems, DBK_PROBLEM, field, err,
                                "What you told them %u: \"%.*s\" is held back by strategy %llu. If "
                                "it was told, say on whose authority: the lead's decision, by its "
                                "number.",
                                place + 1, (int)held.len, (const char *)held.p, strategy_of(j));
    rc = dbk_held_find(&j->held, &held, detail, DBK_HELD_WORDS, err);
    if (rc != DBK_OK || held.len == 0)
        return rc;
    return dbk_problems_add(j->problems, DBK_WARNING, field, err,
                            "What you told them %u: it speaks of \"%.*s\", which is held back by "
                            "strategy %llu. If that was told, say on whose authority.",
                            place + 1, (int)held.len, (const char *)held.p, strategy_of(j));
}

/* FL-5: with a suspect in the family the list is before everybody who writes an entry. */
static dbk_rc show_held(judging *j, dbk_err *err)
{
    dbk_bytes words = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_elements e = dbk_elements_of(dbk_bytes_span(&j->held.topics));
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

static dbk_rc look_at_assessment(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    judging *j = ctx;
    dbk_id case_id = { { 0 } };
    dbk_span review = { NULL, 0 };
    bool deployment = false;
    (void)row;
    if (j->assessed)
        return DBK_OK;
    dbk_rc rc = dbk_reading_says(r, &deployment, "kind", "flo_deployment", err);
    if (rc == DBK_OK)
        rc = dbk_reading_ref(r, &case_id, "case_id", err);
    if (rc == DBK_OK)
        rc = dbk_reading_text(r, &review, "review_on", err);
    /* Dates compare as texts. Without a day of review it stays in date. */
    j->assessed = rc == DBK_OK && deployment && dbk_id_equal(&case_id, &j->case_id) &&
                  (review.len == 0 || dbk_span_compare(review, j->p->on) >= 0);
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
    const dbk_cued graded = {
        .kind = DBK_CUE_GRADED, .about = &j->case_id, .from_ms = INT64_MIN, .until_ms = INT64_MAX
    };
    if (!is_first_visit(j) || dbk_id_is_zero(&j->case_id))
        return DBK_OK;
    dbk_rc rc = dbk_reading_cued(j->p->book, &graded, look_at_assessment, j, err);
    if (rc != DBK_OK || j->assessed)
        return rc;
    return dbk_problems_add(j->problems, DBK_WARNING, "purpose", err,
                            "First visit: this case has no risk assessment of the deployment in "
                            "date. Make one before you go.");
}

/* ---- the side of the family ------------------------------------------------------------------ */

static dbk_rc judge_side(judging *j, dbk_err *err)
{
    dbk_span side = dbk_cbor_text_of(said(j, "family_group"));
    bool near = j->sides.name[0] != '\0';
    if (side.len == 0 || j->sides.named == 0 || j->sides.found)
        return DBK_OK;
    return dbk_problems_add(j->problems, DBK_WARNING, "family_group", err,
                            "Side of the family: the case names no \"%.*s\"%s%s%s. An entry "
                            "under another name is in nobody's history.",
                            (int)side.len, (const char *)side.p, near ? "; did you mean \"" : "",
                            j->sides.name, near ? "\"?" : "");
}

/* ---- the first contact ----------------------------------------------------------------------- */

#define ENOUGH DBK_PENDING /* ends a walk: what was looked for is found */

/* Those before this entry come the newest first; one that met them is enough, and mostly the first
 * is one: a case has thousands. */
static dbk_rc look_at_contact(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    judging *j = ctx;
    dbk_span side = { NULL, 0 };
    dbk_id case_id = { { 0 } };
    bool attempt = false;
    if (row->when_ms >= j->started_ms ||
        (j->p->record != NULL && dbk_id_equal(&row->record, j->p->record)))
        return DBK_OK;
    dbk_rc rc = dbk_reading_ref(r, &case_id, "case_id", err);
    if (rc == DBK_OK)
        rc = dbk_reading_says(r, &attempt, "method", "attempted", err);
    if (rc == DBK_OK)
        rc = dbk_reading_text(r, &side, "family_group", err);
    j->earlier = rc == DBK_OK && !attempt && dbk_id_equal(&case_id, &j->case_id) &&
                 dbk_span_equal(side, dbk_cbor_text_of(said(j, "family_group")));
    return j->earlier ? ENOUGH : rc;
}

static dbk_rc is_first_contact(judging *j, bool *first, dbk_err *err)
{
    dbk_cued before = { .kind = DBK_CUE_CONTACT, .about = &j->case_id, .from_ms = INT64_MIN };
    *first = false;
    if (dbk_id_is_zero(&j->case_id) || dbk_element_is(said(j, "method"), "attempted") ||
        dbk_moment_parse(&j->started_ms, dbk_cbor_text_of(said(j, "started_at")), NULL) != DBK_OK)
        return DBK_OK;
    before.until_ms = j->started_ms;
    dbk_rc rc = dbk_reading_cued(j->p->book, &before, look_at_contact, j, err);
    *first = rc == DBK_OK;
    return j->earlier ? DBK_OK : rc;
}

/* Does the record of somebody who was there say what they need? */
static dbk_rc needs_are_known(const judging *j, bool *known, dbk_err *err)
{
    static const char *const fields[] = { "needs", "languages", "interpreter_needed" };
    dbk_elements e = dbk_elements_of(said(j, "present"));
    dbk_span one, value;
    dbk_rc rc = DBK_OK;
    *known = said(j, "practical_needs").len > 0;
    while (rc == DBK_OK && !*known && dbk_elements_next(&e, &one)) {
        dbk_id person = dbk_element_id(dbk_view_member(one, "person"));
        dbk_reading r;
        rc = dbk_reading_find(&r, j->p->book, &person, err);
        for (size_t i = 0; rc == DBK_OK && r.note != NULL && !*known && i < 3; i++) {
            rc = dbk_reading_value(&r, &value, fields[i], err);
            *known = rc == DBK_OK && value.len > 0;
        }
        dbk_reading_wipe(&r);
    }
    return rc;
}

/* FL-13. "not_known" is an answer. */
static dbk_rc judge_first_contact(judging *j, dbk_err *err)
{
    bool first = false, needs = false;
    dbk_rc rc = is_first_contact(j, &first, err);
    if (rc == DBK_OK && first)
        rc = needs_are_known(j, &needs, err);
    const struct {
        bool lacks;
        const char *field, *text;
    } wanted[] = {
        { said(j, "demeanour").len == 0, "demeanour",
          "First contact: say how they seemed to you, and what you were told of it." },
        { said(j, "reluctance_reason").len == 0, "reluctance_reason",
          "First contact: say whether they were reluctant, and why." },
        { !needs, "practical_needs",
          "First contact: say what they need, here or in the record of who was there." },
    };
    for (size_t i = 0; rc == DBK_OK && first && i < sizeof(wanted) / sizeof(wanted[0]); i++)
        if (wanted[i].lacks)
            rc = dbk_problems_add(j->problems, DBK_WARNING, wanted[i].field, err, "%s",
                                  wanted[i].text);
    return rc;
}

dbk_rc dbk_contact_judge(dbk_problems *problems, const dbk_intent *proposed, dbk_err *err)
{
    judging j = { .p = proposed, .problems = problems };
    if (strcmp(dbk_form_name(proposed->form), FORM) != 0)
        return DBK_OK;
    dbk_held_init(&j.held);
    j.case_id = dbk_element_id(said(&j, "case_id"));
    dbk_rc rc = read_case(&j, err);
    if (rc == DBK_OK)
        rc = judge_all_told(&j, err);
    if (rc == DBK_OK)
        rc = judge_first_visit(&j, err);
    if (rc == DBK_OK)
        rc = judge_side(&j, err);
    if (rc == DBK_OK)
        rc = judge_first_contact(&j, err);
    if (rc == DBK_OK && j.worked > 0 && proposed->fill != NULL &&
        said(&j, "strategy_version").len == 0)
        rc = proposed->fill(proposed->ctx, "strategy_version", j.worked, err);
    dbk_held_wipe(&j.held);
    return rc;
}
