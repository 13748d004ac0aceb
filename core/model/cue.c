#include "core/model/cue.h"

#include <string.h>

#include "core/base/cbor.h"
#include "core/base/text.h"
#include "core/model/record.h"
#include "core/model/reference.h"
#include "core/model/view.h"

const dbk_cue_date dbk_cue_dates[DBK_CUE_DATES] = {
    { "action", "due", DBK_CUE_DUE_ACTION, "state", { "done", "declined" } },
    { "risk_assessment", "review_on", DBK_CUE_DUE_REVIEW, NULL, { NULL } },
    { "decision", "review_on", DBK_CUE_DUE_REVIEW, NULL, { NULL } },
    { "referral", "revisit_on", DBK_CUE_DUE_REVIEW, "state", { "done", "closed_no_contact" } },
    { "protective_order", "expires_on", DBK_CUE_DUE_EXPIRY, NULL, { NULL } },
    { "marker", "review_on", DBK_CUE_DUE_REVIEW, "state", { "cancelled" } },
    { "marker", "expires_on", DBK_CUE_DUE_EXPIRY, "state", { "cancelled" } },
};

const char *const dbk_cue_victims[4] = { "victim", "close_relative", "family_spokesperson", NULL };

static const char *const action_over[] = { "done", "declined", NULL };
static const char *const sent_out[] = { "search", "locate_arrest", NULL };
static const char *const referral_over[] = { "rejected", "done", "closed_no_contact", NULL };
static const char *const first_visit[] = { "first_visit", NULL };
static const char *const attempted[] = { "attempted", NULL };
static const char *const closed[] = { "closed", NULL };
static const char *const dispose[] = { "dispose", NULL };
static const char *const urgent[] = { "urgent", NULL };
static const char *const graded_low[] = { "standard", "not_graded", NULL };

typedef struct telling {
    const dbk_cue_of *of;
    dbk_cue_fn fn;
    void *ctx;
    dbk_rc rc;
    dbk_err *err;
} telling;

static void tell(telling *t, dbk_cue_kind kind, const dbk_id *about, int64_t at_ms)
{
    const dbk_cue cue = { kind, about == NULL ? (dbk_id){ { 0 } } : *about, at_ms };
    if (t->rc == DBK_OK)
        t->rc = t->fn(t->ctx, &cue, t->err);
}

/* ---- every value of a field that stands ------------------------------------------------------ */

/* What stands in a field, whoever it is shown of: the items of lists, sets and logs one by one. */
typedef struct standing {
    const dbk_state_group *group; /* NULL: nothing was written */
    const char *field, *part;     /* part: of an object, or NULL */
    bool is_register;
    size_t next;
    dbk_cbor list;
    uint64_t left; /* in the list */
} standing;

static standing standing_in(const dbk_cue_of *of, const char *name)
{
    const dbk_field *top = NULL;
    const dbk_group *groups;
    const dbk_field *field = dbk_form_part(of->form, name, &top);
    standing s = { .group = NULL };
    if (field == NULL)
        return s;
    (void)dbk_form_groups(of->form, &groups);
    s.group = dbk_state_group_find(of->state, dbk_span_str(groups[top->group].name));
    s.field = top->name;
    s.part = field == top ? NULL : field->name;
    s.is_register = dbk_rule_is_register(groups[top->group].rule);
    return s;
}

/* The next sibling's value; false: there are no more. */
static bool next_value(standing *s, dbk_span *out)
{
    const dbk_state_group *g = s->group;
    size_t i = s->next++;
    if (g == NULL)
        return false;
    if (s->is_register) {
        if (i >= g->registers_count)
            return false;
        *out = dbk_view_member(g->registers[i].value, s->field);
    } else if (i < g->elements_count) {
        *out = g->elements[i].value;
    } else if (i - g->elements_count < g->entries_count) {
        *out = g->entries[i - g->elements_count].value;
    } else {
        return false;
    }
    if (s->part != NULL)
        *out = dbk_view_member(*out, s->part);
    return true;
}

static bool next_item(standing *s, dbk_span *out)
{
    dbk_span value;
    while (s->left == 0) {
        if (!next_value(s, &value))
            return false;
        s->list = dbk_cbor_from(value);
        if (value.len == 0)
            continue;
        if (dbk_cbor_peek(&s->list) != DBK_CBOR_ARRAY) {
            *out = value;
            return true;
        }
        s->left = dbk_cbor_get_array(&s->list);
    }
    s->left--;
    *out = dbk_cbor_get_item(&s->list);
    if (s->list.failed)
        s->left = 0;
    return !s->list.failed;
}

static bool is_any(dbk_span value, const char *const *codes)
{
    const dbk_span text = dbk_cbor_text_of(value);
    for (size_t i = 0; codes[i] != NULL; i++)
        if (dbk_span_equal(text, dbk_span_str(codes[i])))
            return true;
    return false;
}

static bool may_say(const dbk_cue_of *of, const char *name, const char *const *codes)
{
    standing s = standing_in(of, name);
    dbk_span item;
    while (next_item(&s, &item))
        if (is_any(item, codes))
            return true;
    return false;
}

static bool read_id(dbk_id *out, dbk_span value)
{
    dbk_cbor c = dbk_cbor_from(value);
    *out = (dbk_id){ { 0 } };
    if (dbk_cbor_peek(&c) == DBK_CBOR_TAG && dbk_cbor_get_tag(&c) == DBK_CBOR_TAG_UUID)
        dbk_cbor_get_copy(&c, out->b, sizeof(out->b));
    return !dbk_id_is_zero(out);
}

static bool read_time(int64_t *unix_ms, dbk_span value)
{
    const dbk_span text = dbk_cbor_text_of(value);
    return text.len > 0 && dbk_moment_parse(unix_ms, text, NULL) == DBK_OK;
}

/* Whichever value is shown, this is so: it is of all that stand. */
static bool surely(const dbk_cue_of *of, const char *name,
                   bool (*is_so)(dbk_span value, const void *than), const void *than)
{
    standing s = standing_in(of, name);
    dbk_span value = { NULL, 0 };
    bool so = false;
    while (s.is_register && next_value(&s, &value)) {
        so = is_so(value, than);
        if (!so)
            break;
    }
    return so;
}

static bool is_said(dbk_span value, const void *codes)
{
    return is_any(value, codes);
}

static bool surely_says(const dbk_cue_of *of, const char *name, const char *const *codes)
{
    return surely(of, name, is_said, codes);
}

static bool refers(dbk_span value, const void *to)
{
    dbk_id id;
    return read_id(&id, value) && (to == NULL || dbk_id_equal(&id, to));
}

/* to: this one and no other; NULL: whichever. */
static bool surely_refers(const dbk_cue_of *of, const char *name, const dbk_id *to)
{
    return surely(of, name, refers, to);
}

/* 1970 began nothing: the rules take that moment for none. */
static bool is_timed(dbk_span value, const void *than)
{
    int64_t at_ms = 0;
    (void)than;
    return read_time(&at_ms, value) && at_ms != 0;
}

static bool surely_timed(const dbk_cue_of *of, const char *name)
{
    return surely(of, name, is_timed, NULL);
}

/* Whoever says that a record is out of use is shown: no other value of its life ranks higher. */
static bool is_out_of_use(const dbk_cue_of *of)
{
    const dbk_state_group *life = dbk_state_group_find(of->state,
                                                       dbk_span_str(DBK_GROUP_LIFECYCLE));
    const char *const out[] = { dbk_life_name(DBK_LIFE_WITHDRAWN), dbk_life_name(DBK_LIFE_DISPOSED),
                                NULL };
    for (size_t i = 0; life != NULL && i < life->registers_count; i++)
        if (is_any(dbk_view_member(life->registers[i].value, "state"), out))
            return true;
    return false;
}

static bool earliest(const dbk_cue_of *of, int64_t *at_ms, const char *name)
{
    standing s = standing_in(of, name);
    dbk_span item;
    bool there = false;
    int64_t one_ms = 0;
    while (next_item(&s, &item)) {
        if (!read_time(&one_ms, item))
            continue;
        *at_ms = !there || one_ms < *at_ms ? one_ms : *at_ms;
        there = true;
    }
    return there;
}

static void tell_refs(telling *t, dbk_cue_kind kind, const char *name, int64_t at_ms)
{
    standing s = standing_in(t->of, name);
    dbk_span item;
    dbk_id id;
    while (next_item(&s, &item))
        if (read_id(&id, item))
            tell(t, kind, &id, at_ms);
}

/* ---- forms ----------------------------------------------------------------------------------- */

static bool is_at(dbk_span value, const void *than)
{
    int64_t at_ms = 0;
    return read_time(&at_ms, value) && at_ms == *(const int64_t *)than;
}

/* Is this day, whichever values are shown, what is due, and is it known how urgent that is? */
static bool is_sure_date(const telling *t, const dbk_cue_date *d, const char *const *over,
                         dbk_cue *cue)
{
    bool hurry = surely_says(t->of, "priority", urgent);
    *cue = (dbk_cue){ hurry ? DBK_CUE_DUE_URGENT : d->sure, t->of->space, cue->at_ms };
    return (d->state == NULL || !may_say(t->of, d->state, over)) &&
           surely(t->of, d->field, is_at, &cue->at_ms) &&
           (hurry ? d->sure == DBK_CUE_DUE_ACTION : !may_say(t->of, "priority", urgent));
}

/* Where one of a record's dates has to be looked up, so have the others. */
static void tell_due(telling *t, const dbk_cue *sure, size_t count, const dbk_cue *first)
{
    if (is_out_of_use(t->of))
        return;
    if (sure == NULL)
        tell(t, DBK_CUE_DUE_MAY, NULL, first->at_ms);
    for (size_t i = 0; sure != NULL && i < count; i++)
        tell(t, sure[i].kind, &sure[i].about, sure[i].at_ms);
}

static void tell_dates(telling *t, const char *form)
{
    dbk_cue dates[DBK_CUE_DATES], first = { .kind = DBK_CUE_DUE };
    size_t count = 0;
    bool sure = true;
    for (size_t i = 0; i < DBK_CUE_DATES; i++) {
        const dbk_cue_date *d = &dbk_cue_dates[i];
        const char *const codes[] = { d->closed[0], d->closed[1], d->closed[2], NULL };
        int64_t at_ms = 0;
        if (strcmp(d->form, form) != 0 || !earliest(t->of, &at_ms, d->field) ||
            (d->state != NULL && surely_says(t->of, d->state, codes)))
            continue;
        dates[count].at_ms = at_ms;
        sure = is_sure_date(t, d, codes, &dates[count]) && sure;
        first.at_ms = count == 0 || at_ms < first.at_ms ? at_ms : first.at_ms;
        count++;
    }
    if (count == 0)
        return;
    tell(t, DBK_CUE_DUE, NULL, first.at_ms);
    tell_due(t, sure ? dates : NULL, count, &first);
}

static void tell_case(telling *t)
{
    int64_t reported_ms = 0;
    if (earliest(t->of, &reported_ms, "reported_at") && !surely_says(t->of, "status", closed))
        tell(t, DBK_CUE_OPEN, NULL, t->of->when_ms);
}

static void tell_action(telling *t)
{
    if (may_say(t->of, "kind", sent_out) && !surely_says(t->of, "state", action_over))
        tell(t, DBK_CUE_SENT_OUT, NULL, t->of->when_ms);
}

static bool theirs(const telling *t, const dbk_id *family)
{
    return surely_refers(t->of, "case_id", family);
}

/* What counts for sure is counted without being read. */
static void tell_met(telling *t)
{
    bool sure = !may_say(t->of, "method", attempted);
    standing s = standing_in(t->of, "case_id");
    dbk_span item;
    dbk_id id;
    if (is_out_of_use(t->of) || surely_says(t->of, "method", attempted))
        return;
    while (next_item(&s, &item))
        if (read_id(&id, item))
            tell(t, sure && theirs(t, &id) ? DBK_CUE_MET : DBK_CUE_MAY_MEET, &id, t->of->when_ms);
}

/* One value stands in each register, so that is what is shown, to whomever. */
static bool is_undisputed(const dbk_state *state)
{
    for (size_t i = 0; i < dbk_state_groups(state); i++)
        if (dbk_state_group_at(state, i)->registers_count > 1)
            return false;
    return true;
}

static bool stands(const dbk_cue_of *of, const char *name)
{
    standing s = standing_in(of, name);
    dbk_span item;
    return next_item(&s, &item);
}

/* What makes an entry one that is read, whatever it says there. */
static bool says_more(const dbk_cue_of *of)
{
    static const char *const fields[] = { "family_group", "given", "requests", "complaints",
                                          "family_voice" };
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (stands(of, fields[i]))
            return true;
    return may_say(of, "method", attempted) || may_say(of, "purpose", first_visit);
}

/* A dbk_current_fn: of what is undisputed. */
typedef struct showing {
    telling *t;
    dbk_bytes scratch;
} showing;

static dbk_span shown(void *ctx, const char *name)
{
    showing *s = ctx;
    const dbk_cue_of *of = s->t->of;
    const dbk_view_opts view = { .form = of->form };
    const dbk_field *field = dbk_form_field(of->form, name);
    dbk_span value = { NULL, 0 };
    dbk_bytes_truncate(&s->scratch, 0);
    if (s->t->rc == DBK_OK && field != NULL)
        s->t->rc = dbk_view_field(&value, &s->scratch, of->state, field, &view, s->t->err);
    return value;
}

static dbk_cue_kind plain_kind(telling *t)
{
    showing s = { t, DBK_BYTES_INIT(DBK_STATE_BYTES_MAX) };
    const dbk_field *when = dbk_form_when(t->of->form);
    dbk_dot first;
    dbk_hlc began = 0;
    int64_t at_ms = 0;
    unsigned facts = 0;
    if (when != NULL && dbk_state_created(t->of->state, &first, &began) &&
        read_time(&at_ms, shown(&s, when->name)) &&
        dbk_form_is_late(t->of->form, at_ms, dbk_hlc_ms(began)))
        facts |= DBK_CUE_LATE;
    if (shown(&s, "supervised").len == 0 && dbk_record_lacks(t->of->form, shown, &s))
        facts |= DBK_CUE_INCOMPLETE;
    dbk_bytes_wipe(&s.scratch);
    return (dbk_cue_kind)(DBK_CUE_PLAIN + facts);
}

static bool is_beside(const dbk_cue_of *of, const dbk_id *family)
{
    return of->fits(family, &of->space, dbk_span_str("case"));
}

/* What surely says no more than that they were met is counted without being read as well. */
static void tell_entry(telling *t)
{
    bool plain = is_undisputed(t->of->state) && !says_more(t->of);
    dbk_cue_kind kind = plain ? plain_kind(t) : DBK_CUE_TELLING;
    standing s = standing_in(t->of, "case_id");
    dbk_span item;
    dbk_id id;
    if (is_out_of_use(t->of))
        return;
    while (next_item(&s, &item))
        if (read_id(&id, item))
            tell(t, theirs(t, &id) && is_beside(t->of, &id) ? kind : DBK_CUE_TELLING, &id,
                 t->of->when_ms);
}

static void tell_contact(telling *t)
{
    int64_t next_ms = 0;
    tell_met(t);
    tell_entry(t);
    tell_refs(t, DBK_CUE_CONTACT, "case_id", t->of->when_ms);
    if (!earliest(t->of, &next_ms, "next_contact.when"))
        return;
    tell_refs(t, DBK_CUE_AGREED, "case_id", t->of->when_ms);
    if (!surely_refers(t->of, "case_id", NULL))
        tell(t, DBK_CUE_NEXT, NULL, next_ms);
}

static void tell_assessment(telling *t)
{
    bool low = surely_says(t->of, "judgement_band", graded_low);
    standing s = standing_in(t->of, "case_id");
    dbk_span item;
    dbk_id id;
    tell_refs(t, DBK_CUE_GRADED, "case_id", t->of->when_ms);
    if (is_out_of_use(t->of) || (!low && may_say(t->of, "judgement_band", graded_low)))
        return;
    while (next_item(&s, &item))
        if (read_id(&id, item) && theirs(t, &id))
            tell(t, low ? DBK_CUE_GRADED_LOW : DBK_CUE_GRADED_HIGH, &id, t->of->when_ms);
}

static void tell_referral(telling *t)
{
    tell_refs(t, DBK_CUE_REFERRED, "person", t->of->when_ms);
    if (!surely_says(t->of, "state", referral_over))
        tell_refs(t, DBK_CUE_SERVICE, "service", t->of->when_ms);
}

/* A part that names no case is one in the person's own. */
static void tell_person(telling *t)
{
    standing s = standing_in(t->of, "role_in_case");
    dbk_span part;
    dbk_id id;
    int64_t born_ms = 0;
    bool own = false;
    while (next_item(&s, &part)) {
        if (!is_any(dbk_view_member(part, "role"), dbk_cue_victims))
            continue;
        if (read_id(&id, dbk_view_member(part, "case")))
            tell(t, DBK_CUE_PART, &id, t->of->when_ms);
        else
            own = true;
    }
    if (own)
        tell_refs(t, DBK_CUE_PART, "case_id", t->of->when_ms);
    if (earliest(t->of, &born_ms, "dob"))
        tell(t, DBK_CUE_BORN, NULL, born_ms);
}

static void tell_report(telling *t)
{
    if (!surely_timed(t->of, "reported_at"))
        tell(t, DBK_CUE_LIMIT, NULL, t->of->when_ms);
}

static bool is_told(const dbk_cue_of *of, const dbk_id *victim)
{
    standing s = standing_in(of, "notified");
    dbk_span entry;
    dbk_id person;
    int64_t at_ms = 0;
    while (next_item(&s, &entry))
        if (read_id(&person, dbk_view_member(entry, "person")) && dbk_id_equal(&person, victim) &&
            read_time(&at_ms, dbk_view_member(entry, "at")) && at_ms != 0)
            return true;
    return false;
}

static void tell_key_decision(telling *t)
{
    standing s = standing_in(t->of, "victims");
    dbk_span item;
    dbk_id victim;
    while (next_item(&s, &item)) {
        (void)read_id(&victim, item);
        if (!is_told(t->of, &victim)) {
            tell(t, DBK_CUE_LIMIT, NULL, t->of->when_ms);
            return;
        }
    }
}

static void tell_review(telling *t)
{
    int64_t next_ms = 0;
    if (may_say(t->of, "decision", dispose))
        tell(t, DBK_CUE_REVIEW, NULL, INT64_MIN);
    else if (earliest(t->of, &next_ms, "next_review_on"))
        tell(t, DBK_CUE_REVIEW, NULL, next_ms);
}

static const struct {
    const char *form;
    void (*tell)(telling *t);
} forms[] = {
    { "case", tell_case },
    { "action", tell_action },
    { "contact", tell_contact },
    { "risk_assessment", tell_assessment },
    { "referral", tell_referral },
    { "person", tell_person },
    { "fgm_report", tell_report },
    { "key_decision", tell_key_decision },
    { "retention_review", tell_review },
};

static void tell_reference(void *ctx, const dbk_id *record)
{
    telling *t = ctx;
    if (!dbk_id_is_zero(record))
        tell(t, DBK_CUE_REFERENCE, record, t->of->when_ms);
}

dbk_rc dbk_cues_each(const dbk_cue_of *of, dbk_cue_fn fn, void *ctx, dbk_err *err)
{
    telling t = { of, fn, ctx, DBK_OK, err };
    dbk_references_each(of->state, tell_reference, &t);
    if (of->form == NULL)
        return t.rc;
    tell_dates(&t, dbk_form_name(of->form));
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        if (strcmp(forms[i].form, dbk_form_name(of->form)) == 0)
            forms[i].tell(&t);
    return t.rc;
}
