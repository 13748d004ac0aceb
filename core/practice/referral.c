#include "core/practice/referral.h"

#include <string.h>

#include "core/practice/assessment.h"

#define FORM "referral"
#define FACTS_BYTES_MAX (64u * 1024u)
#define WORDS_BYTES_MAX (16u * 1024u)

/* Types that protect somebody from harm: a refusal doesn't stop them (Care Act, Children Act). NRM
 * is one for children; an adult has to consent. */
static const char *const safeguarding[] = {
    "mash", "cru", "child_abuse_team", "children_social_care", "adult_social_care", "marac",
    "mase", "ppu",
};

static bool is(dbk_span code, const char *name)
{
    return dbk_span_equal(code, dbk_span_str(name));
}

/* ---- facts ----------------------------------------------------------------------------------- */

/* Texts are kept one behind the other; their places become spans when all are there. */
enum { KIND, CRIME, RISK, AREA, DOB, PRECISION, BAND, EVENT, ON, PLACES };
typedef struct gathering {
    dbk_book *book;
    dbk_bytes *text;
    size_t at[PLACES], len[PLACES];
} gathering;

static dbk_rc put(gathering *g, size_t place, dbk_span value, dbk_err *err)
{
    if (value.len == 0)
        return DBK_OK;
    g->at[place] = g->text->len;
    g->len[place] = value.len;
    return dbk_bytes_append(g->text, value, err);
}

static dbk_span got(const gathering *g, size_t place)
{
    return dbk_span_of(g->len[place] == 0 ? NULL : g->text->p + g->at[place], g->len[place]);
}

static dbk_rc put_field(gathering *g, size_t place, dbk_reading *r, const char *name, dbk_err *err)
{
    dbk_span value;
    dbk_rc rc = dbk_reading_text(r, &value, name, err);
    return rc == DBK_OK ? put(g, place, value, err) : rc;
}

static dbk_rc take_person(gathering *g, dbk_id *case_id, dbk_reading *r, dbk_err *err)
{
    dbk_id own_case = { { 0 } };
    dbk_rc rc = put_field(g, DOB, r, "dob", err);
    if (rc == DBK_OK)
        rc = put_field(g, PRECISION, r, "dob_precision", err);
    if (rc == DBK_OK)
        rc = put_field(g, BAND, r, "age_band", err);
    if (rc == DBK_OK)
        rc = dbk_reading_ref(r, &own_case, "case_id", err);
    if (rc == DBK_OK && dbk_id_is_zero(case_id))
        *case_id = own_case;
    return rc;
}

static dbk_rc read_person(gathering *g, dbk_id *case_id, const dbk_id *person, dbk_err *err)
{
    dbk_reading r;
    dbk_rc rc = dbk_reading_find(&r, g->book, person, err);
    if (rc == DBK_OK && r.note != NULL)
        rc = take_person(g, case_id, &r, err);
    dbk_reading_wipe(&r);
    return rc;
}

static dbk_rc take_case(gathering *g, dbk_reading *r, dbk_err *err)
{
    dbk_span crimes = { NULL, 0 };
    dbk_rc rc = put_field(g, KIND, r, "kind", err);
    if (rc == DBK_OK)
        rc = put_field(g, EVENT, r, "happened_at", err);
    if (rc == DBK_OK && g->len[AREA] == 0)
        rc = put_field(g, AREA, r, "la_area", err);
    if (rc == DBK_OK)
        rc = dbk_reading_value(r, &crimes, "hidden_crime", err);
    return rc == DBK_OK ? put(g, CRIME, crimes, err) : rc;
}

static dbk_rc read_case(gathering *g, const dbk_id *case_id, dbk_err *err)
{
    dbk_reading r;
    dbk_rc rc = dbk_reading_find(&r, g->book, case_id, err);
    if (rc == DBK_OK && r.note != NULL)
        rc = take_case(g, &r, err);
    dbk_reading_wipe(&r);
    return rc;
}

static int gravity(dbk_span band)
{
    return is(band, "high") ? 3 : is(band, "medium") ? 2 : is(band, "standard") ? 1 : 0;
}

/* The newest assessment of each kind counts; of the person, not of a deployment. */
typedef struct bands {
    gathering *g;
    const dbk_id *person;
    char seen[16][32];
    size_t seen_count;
} bands;

static bool is_newest(bands *b, dbk_span kind)
{
    for (size_t i = 0; i < b->seen_count; i++) {
        if (is(kind, b->seen[i]))
            return false;
    }
    if (b->seen_count < sizeof(b->seen) / sizeof(b->seen[0]) && kind.len < sizeof(b->seen[0])) {
        (void)memcpy(b->seen[b->seen_count], kind.p, kind.len);
        b->seen[b->seen_count++][kind.len] = '\0';
    }
    return true;
}

static dbk_rc take_band(bands *b, dbk_reading *r, dbk_err *err)
{
    dbk_span text;
    dbk_rc rc = dbk_reading_text(r, &text, "kind", err);
    if (rc != DBK_OK || text.len == 0 || is(text, "flo_deployment") || !is_newest(b, text))
        return rc;
    rc = dbk_reading_text(r, &text, "judgement_band", err);
    if (rc == DBK_OK && gravity(text) > gravity(got(b->g, RISK)))
        rc = put(b->g, RISK, text, err);
    /* What its answers make it counts, also where nobody has graded it yet. */
    dbk_assessment_score score;
    if (rc == DBK_OK)
        rc = dbk_assessment_read(&score, r, err);
    if (rc == DBK_OK && score.band != DBK_BAND_NONE) {
        text = dbk_span_str(dbk_band_name(score.band));
        if (gravity(text) > gravity(got(b->g, RISK)))
            rc = put(b->g, RISK, text, err);
    }
    return rc;
}

static dbk_rc look_at_assessment(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    bands *b = ctx;
    dbk_id subject = { { 0 } };
    (void)row;
    dbk_rc rc = dbk_reading_ref(r, &subject, "subject", err);
    return rc == DBK_OK && dbk_id_equal(&subject, b->person) ? take_band(b, r, err) : rc;
}

static dbk_rc read_risk(gathering *g, const dbk_id *person, dbk_err *err)
{
    bands b = { .g = g, .person = person };
    const dbk_cued of = DBK_CUED_REFERENCES(person, "risk_assessment");
    if (dbk_id_is_zero(person))
        return DBK_OK;
    return dbk_reading_cued(g->book, &of, look_at_assessment, &b, err);
}

static dbk_age age_of(const gathering *g)
{
    dbk_span day = g->len[EVENT] > 0 ? got(g, EVENT) : got(g, ON);
    dbk_age age = dbk_age_on(got(g, DOB), got(g, PRECISION), day);
    return age.known ? age : dbk_age_of_band(got(g, BAND));
}

dbk_rc dbk_referral_facts_of(dbk_referral_facts *out, dbk_book *book,
                             const dbk_referral_about *about, dbk_err *err)
{
    gathering g = { .book = book, .text = &out->text };
    dbk_id case_id = about->case_id;
    *out = (dbk_referral_facts){ 0 };
    dbk_bytes_init(&out->text, FACTS_BYTES_MAX);
    dbk_rc rc = put(&g, ON, about->on, err);
    if (rc == DBK_OK)
        rc = put(&g, RISK, about->risk_band, err);
    if (rc == DBK_OK)
        rc = put(&g, AREA, about->la_area, err);
    if (rc == DBK_OK)
        rc = read_person(&g, &case_id, &about->person, err);
    if (rc == DBK_OK)
        rc = read_case(&g, &case_id, err);
    if (rc == DBK_OK)
        rc = read_risk(&g, &about->person, err);
    out->route = (dbk_route_facts){ .case_kind = got(&g, KIND),
                                    .risk_band = got(&g, RISK),
                                    .la_area = got(&g, AREA),
                                    .hidden_crime = got(&g, CRIME),
                                    .age = age_of(&g),
                                    .on = got(&g, ON) };
    return rc;
}

void dbk_referral_facts_wipe(dbk_referral_facts *f)
{
    dbk_bytes_wipe(&f->text);
}

/* ---- consent --------------------------------------------------------------------------------- */

typedef struct judging {
    const dbk_intent *p;
    dbk_problems *problems;
    char type[49];     /* a code's length at most */
    dbk_severity stop; /* what stops one that is made only warns before it is decided (a draft) */
    dbk_route_facts facts;
    dbk_routes *routes;
} judging;

static dbk_span said(const dbk_intent *p, const char *field)
{
    return dbk_cbor_text_of(p->value(p->ctx, field));
}

static bool is_safeguarding(const judging *j)
{
    for (size_t i = 0; i < sizeof(safeguarding) / sizeof(safeguarding[0]); i++) {
        if (strcmp(j->type, safeguarding[i]) == 0)
            return true;
    }
    const dbk_age *age = &j->facts.age;
    return strcmp(j->type, "nrm") == 0 && age->known && age->high < 18;
}

static dbk_rc judge_consent(judging *j, dbk_err *err)
{
    dbk_span consent = said(j->p, "consent");
    bool decided = said(j->p, "decision").len > 0;
    if (consent.len == 0 || is(consent, "not_known"))
        return !decided ? DBK_OK
                        : dbk_problems_add(
                              j->problems, j->stop, "consent", err,
                              "Consent: say whether the person agreed; a referral that is made "
                              "always says so.");
    /* Once it was sent a refusal takes consent back: that can always be written down. */
    if (is(consent, "refused") && !is_safeguarding(j) && said(j->p, "package_hash").len > 0)
        return dbk_problems_add(j->problems, DBK_WARNING, "consent", err,
                                "Consent: it is taken back after the referral was sent. Tell the "
                                "recipient: `daybook referral send --correction`.");
    if (is(consent, "refused") && !is_safeguarding(j))
        return dbk_problems_add(j->problems, j->stop, "consent", err,
                                "Consent: the person refused, and this is no safeguarding "
                                "referral: it can't be made. Record it as declined.");
    if (is(consent, "not_needed_safeguarding") && !is_safeguarding(j))
        return dbk_problems_add(j->problems, j->stop, "consent", err,
                                "Consent: only a safeguarding referral does without it; this one "
                                "is not.");
    return DBK_OK;
}

/* ---- routing --------------------------------------------------------------------------------- */

static bool is_blank(dbk_span text)
{
    size_t i = 0;
    while (i < text.len && (text.p[i] == ' ' || text.p[i] == '\t' || text.p[i] == '\n'))
        i++;
    return i == text.len;
}

/* "Brake (Kind of case: Fatal road collision)" */
static dbk_rc word_rule(dbk_bytes *out, const judging *j, const dbk_route_rule *rule, dbk_err *err)
{
    dbk_rc rc = dbk_route_append_to(out, j->routes, rule, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_str(out, " (", err);
    if (rc == DBK_OK)
        rc = dbk_route_append_why(out, j->routes, rule, err);
    return rc == DBK_OK ? dbk_bytes_append_str(out, ")", err) : rc;
}

typedef struct finding {
    dbk_severity severity;
    const char *field, *before, *after;
} finding;

static dbk_rc tell(judging *j, const dbk_route_rule *rule, const finding *f, dbk_err *err)
{
    dbk_bytes words = DBK_BYTES_INIT(WORDS_BYTES_MAX);
    dbk_rc rc = word_rule(&words, j, rule, err);
    if (rc == DBK_OK)
        rc = dbk_problems_add(j->problems, f->severity, f->field, err, "%s%.*s%s", f->before,
                              (int)words.len, (const char *)words.p, f->after);
    dbk_bytes_wipe(&words);
    return rc;
}

static dbk_rc judge_route(judging *j, dbk_err *err)
{
    const finding stop = { j->stop, "override_reason", "Referral to: the rule says ",
                           ". To refer elsewhere, give override_reason." };
    static const finding advice = { DBK_WARNING, "type", "Referral to: usually ", "." };
    static const finding perhaps = { DBK_WARNING, "type", "Referral to: it would have to be ",
                                     " if what is not recorded yet is so. Find out first." };
    const dbk_route_answer a = dbk_routes_ask(j->routes, j->type, &j->facts);
    bool follows = a.rule == NULL || dbk_route_leads_to(a.rule, j->type);
    bool explained = !is_blank(said(j->p, "override_reason"));
    dbk_rc rc = DBK_OK;
    if (!follows && dbk_route_hard(a.rule) && !explained)
        rc = tell(j, a.rule, &stop, err);
    else if (!follows && !explained && dbk_route_to(a.rule).len == 0)
        rc = dbk_problems_add(j->problems, DBK_WARNING, "type", err, "Referral to: %.*s",
                              (int)dbk_route_note(a.rule).len,
                              (const char *)dbk_route_note(a.rule).p);
    else if (!follows && !explained)
        rc = tell(j, a.rule, &advice, err);
    if (rc == DBK_OK && a.perhaps != NULL && !dbk_route_leads_to(a.perhaps, j->type))
        rc = tell(j, a.perhaps, &perhaps, err);
    return rc;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static dbk_rc judge_made(judging *j, dbk_err *err)
{
    const dbk_intent *p = j->p;
    const dbk_referral_about about = { .person = dbk_element_id(p->value(p->ctx, "person")),
                                       .case_id = dbk_element_id(p->value(p->ctx, "case_id")),
                                       .risk_band = said(p, "risk_band"),
                                       .la_area = said(p, "la_area"),
                                       .on = p->on };
    dbk_span day = said(p, "happened_at");
    dbk_referral_about dated = about;
    dbk_referral_facts facts;
    if (day.len > 0)
        dated.on = day;
    dbk_rc rc = dbk_referral_facts_of(&facts, p->book, &dated, err);
    if (rc == DBK_OK)
        rc = dbk_routes_new(&j->routes, dbk_book_forms(p->book), err);
    if (rc == DBK_OK)
        rc = dbk_routes_add_book(j->routes, p->book, err);
    j->facts = facts.route;
    if (rc == DBK_OK)
        rc = judge_consent(j, err);
    if (rc == DBK_OK)
        rc = judge_route(j, err);
    dbk_routes_free(j->routes);
    dbk_referral_facts_wipe(&facts);
    return rc;
}

dbk_rc dbk_referral_judge(dbk_problems *problems, const dbk_intent *proposed, dbk_err *err)
{
    judging j = { .p = proposed, .problems = problems };
    if (strcmp(dbk_form_name(proposed->form), FORM) != 0)
        return DBK_OK;
    dbk_span decision = said(proposed, "decision"), type = said(proposed, "type");
    /* Nothing is sent to anybody by these. */
    if (is(decision, "declined") || is(decision, "info_left") || is(decision, "not_appropriate"))
        return DBK_OK;
    if (type.len == 0 || type.len >= sizeof(j.type))
        return DBK_OK;
    j.stop = decision.len == 0 ? DBK_WARNING : DBK_PROBLEM;
    (void)memcpy(j.type, type.p, type.len);
    return judge_made(&j, err);
}
