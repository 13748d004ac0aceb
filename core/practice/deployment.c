#include "core/practice/deployment.h"

#include <string.h>

#include "core/practice/held.h"

static bool is_any(dbk_span value, const char *const *codes)
{
    for (size_t i = 0; codes[i] != NULL; i++) {
        if (dbk_element_is(value, codes[i]))
            return true;
    }
    return false;
}

/* Has an element of this list that part? */
static bool some_has(dbk_span list, const char *part)
{
    dbk_elements e = dbk_elements_of(list);
    dbk_span one;
    while (dbk_elements_next(&e, &one)) {
        if (dbk_view_member(one, part).len > 0)
            return true;
    }
    return false;
}

/* ---- a deployment ---------------------------------------------------------------------------- */

static const char *const running[] = { "active", "reactivated", NULL };
static const char *const ending[] = { "exiting", "closed", NULL };
static const char *const over[] = { "closed", NULL };

/* What a status wants of the lists beside it. Entries are added to a log and never taken away: one
 * that is there stays. */
typedef struct demand {
    const char *const *status;
    const char *field, *part;
    const char *instead; /* a field that gives a reason why not, or NULL */
    bool by_hq;          /* it counts as far as headquarters wrote it */
    dbk_severity severity;
    const char *text;
} demand;
static const demand demands[] = {
    { running, "strategy", "approved_by", NULL, true, DBK_PROBLEM,
      "Strategy: a deployment is active under a strategy that the lead has approved, by "
      "headquarters' word: daybook liaison approve. An officer's word for it is a proposal." },
    { ending, "exit_plan", "support", "no_exit_plan_reason", false, DBK_PROBLEM,
      "Exit plan: say which support is in place for the family before the deployment ends." },
    { running, "exit_plan", "family_told_on", NULL, false, DBK_WARNING,
      "Exit plan: the family is told of it at the start. Say when they were." },
    { running, "exit_plan", "reactivation", NULL, false, DBK_WARNING,
      "Exit plan: say what would reactivate the deployment." },
};

/* Approved by headquarters, as far as it stands in the case. */
static dbk_rc is_approved(const dbk_intent *p, bool *yes, dbk_err *err)
{
    dbk_note *note = NULL;
    size_t count = 0;
    *yes = false;
    dbk_rc rc = p->record == NULL ? DBK_OK : dbk_reading_find_note(&note, p->book, p->record, err);
    const dbk_sibling *log = note == NULL ? NULL : dbk_reading_log(note, &count, "strategy");
    for (size_t i = 0; i < count; i++)
        *yes = *yes || dbk_held_approves(&log[i]);
    dbk_note_free(note);
    return rc;
}

static bool is_hq(const dbk_intent *p)
{
    dbk_role role = dbk_book_role(p->book, p->space);
    return role == DBK_ROLE_HQ || role == DBK_ROLE_ADMIN;
}

/* Does this status want something, and give no reason why not? */
static bool is_wanted(const demand *d, const dbk_intent *p, dbk_current_fn value)
{
    return is_any(value(p->ctx, "status"), d->status) &&
           (d->instead == NULL || value(p->ctx, d->instead).len == 0);
}

static dbk_rc judge_demand(dbk_problems *problems, const demand *d, const dbk_intent *p,
                           dbk_err *err)
{
    bool there = some_has(p->before(p->ctx, d->field), d->part);
    dbk_rc rc = d->by_hq ? is_approved(p, &there, err) : DBK_OK;
    bool added = some_has(p->added(p->ctx, d->field), d->part) && (!d->by_hq || is_hq(p));
    if (rc != DBK_OK || there || added || !is_wanted(d, p, p->value) || is_wanted(d, p, p->before))
        return rc;
    return dbk_problems_add(problems, d->severity, d->field, err, "%s", d->text);
}

static dbk_rc judge_demands(dbk_problems *problems, const dbk_intent *p, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < sizeof(demands) / sizeof(demands[0]); i++)
        rc = judge_demand(problems, &demands[i], p, err);
    return rc;
}

typedef struct counting {
    const dbk_id *officer;
    uint64_t count;
} counting;

static dbk_rc count_case(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    counting *c = ctx;
    dbk_id primary = { { 0 } };
    bool closed = false;
    (void)row;
    dbk_rc rc = dbk_reading_ref(r, &primary, "flo_primary", err);
    if (rc == DBK_OK)
        rc = dbk_reading_says(r, &closed, "status", over[0], err);
    c->count += rc == DBK_OK && !closed && dbk_id_equal(&primary, c->officer);
    return rc;
}

dbk_rc dbk_deployment_caseload(dbk_book *book, uint64_t *count, const dbk_id *officer, dbk_err *err)
{
    counting c = { .officer = officer };
    const dbk_cued of = DBK_CUED_REFERENCES(officer, "case");
    dbk_rc rc = dbk_reading_cued(book, &of, count_case, &c, err);
    *count = c.count;
    return rc;
}

/* The caseload that the register allows; 0: it says nothing. */
static dbk_rc read_limit(dbk_book *book, uint64_t *limit, const dbk_id *officer, dbk_err *err)
{
    dbk_reading r;
    dbk_span value = { NULL, 0 };
    *limit = 0;
    dbk_rc rc = dbk_reading_find(&r, book, officer, err);
    if (rc == DBK_OK && r.note != NULL)
        rc = dbk_reading_value(&r, &value, "caseload_limit", err);
    dbk_cbor c = dbk_cbor_from(value);
    if (rc == DBK_OK && dbk_cbor_peek(&c) == DBK_CBOR_UINT)
        *limit = dbk_cbor_get_uint(&c);
    dbk_reading_wipe(&r);
    return rc;
}

static dbk_rc judge_caseload(dbk_problems *problems, const dbk_intent *p, dbk_err *err)
{
    uint64_t limit = 0, count = 0;
    dbk_id officer = dbk_element_id(p->value(p->ctx, "flo_primary"));
    dbk_id before = dbk_element_id(p->before(p->ctx, "flo_primary"));
    if (dbk_id_is_zero(&officer) || dbk_id_equal(&officer, &before) ||
        is_any(p->value(p->ctx, "status"), over))
        return DBK_OK;
    dbk_rc rc = read_limit(p->book, &limit, &officer, err);
    if (rc == DBK_OK && limit > 0)
        rc = dbk_deployment_caseload(p->book, &count, &officer, err);
    if (rc != DBK_OK || limit == 0 || count < limit)
        return rc;
    return dbk_problems_add(problems, DBK_WARNING, "flo_primary", err,
                            "Family liaison officer: with this one it is %llu deployments, and the "
                            "register allows %llu.",
                            (unsigned long long)count + 1, (unsigned long long)limit);
}

/* ---- an action ------------------------------------------------------------------------------- */

static const char *const sent_out[] = { "search", "locate_arrest", NULL };

static dbk_rc is_flo_of(dbk_reading *r, bool *yes, const dbk_id *officer, dbk_err *err)
{
    static const char *const roles[] = { "flo_primary", "flo_deputy" };
    dbk_rc rc = DBK_OK;
    *yes = false;
    for (size_t i = 0; rc == DBK_OK && !*yes && i < 2; i++) {
        dbk_id one = { { 0 } };
        rc = dbk_reading_ref(r, &one, roles[i], err);
        *yes = rc == DBK_OK && dbk_id_equal(&one, officer);
    }
    return rc;
}

/* Is this officer of a family, and may a suspect be in it? */
static dbk_rc is_barred(dbk_reading *of_case, bool *yes, const dbk_id *officer, dbk_err *err)
{
    bool suspect = false, possible = false;
    dbk_rc rc = dbk_reading_says(of_case, &suspect, "suspect_in_family", "yes", err);
    *yes = false;
    if (rc == DBK_OK)
        rc = dbk_reading_says(of_case, &possible, "suspect_in_family", "possible", err);
    if (rc == DBK_OK && (suspect || possible))
        rc = is_flo_of(of_case, yes, officer, err);
    return rc;
}

static dbk_rc judge_owner(dbk_problems *problems, dbk_reading *r, const dbk_id *owner, dbk_err *err)
{
    bool barred = false;
    dbk_rc rc = is_barred(r, &barred, owner, err);
    if (rc != DBK_OK || !barred)
        return rc;
    return dbk_problems_add(problems, DBK_PROBLEM, "owner", err,
                            "Owner: a suspect may be in this family, and this officer is its "
                            "liaison officer. Somebody else searches and arrests.");
}

dbk_rc dbk_deployment_judge_action(dbk_problems *problems, const dbk_intent *proposed, dbk_err *err)
{
    dbk_reading r;
    if (strcmp(dbk_form_name(proposed->form), "action") != 0 ||
        !is_any(proposed->value(proposed->ctx, "kind"), sent_out))
        return DBK_OK;
    dbk_id owner = dbk_element_id(proposed->value(proposed->ctx, "owner"));
    dbk_id case_id = dbk_element_id(proposed->value(proposed->ctx, "case_id"));
    if (dbk_id_is_zero(&owner))
        return DBK_OK;
    dbk_rc rc = dbk_reading_find(&r, proposed->book, &case_id, err);
    if (rc == DBK_OK && r.note != NULL)
        rc = judge_owner(problems, &r, &owner, err);
    dbk_reading_wipe(&r);
    return rc;
}

/* ---- actions that came before the suspicion -------------------------------------------------- */

static dbk_rc is_done(dbk_reading *r, bool *done, dbk_err *err)
{
    dbk_rc rc = dbk_reading_says(r, done, "state", "done", err);
    return rc == DBK_OK && !*done ? dbk_reading_says(r, done, "state", "declined", err) : rc;
}

static dbk_rc is_sent_out(dbk_reading *r, bool *yes, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    *yes = false;
    for (size_t i = 0; rc == DBK_OK && !*yes && sent_out[i] != NULL; i++)
        rc = dbk_reading_says(r, yes, "kind", sent_out[i], err);
    return rc;
}

/* The case and owner of an action to search or arrest that is still to be done; zero: it is over,
 * or another. */
static dbk_rc read_action(dbk_reading *r, dbk_id *case_id, dbk_id *owner, dbk_err *err)
{
    bool done = false, wanted = false;
    *case_id = *owner = (dbk_id){ { 0 } };
    dbk_rc rc = is_sent_out(r, &wanted, err);
    if (rc == DBK_OK)
        rc = is_done(r, &done, err);
    if (rc == DBK_OK && wanted && !done)
        rc = dbk_reading_ref(r, owner, "owner", err);
    if (rc == DBK_OK && wanted && !done)
        rc = dbk_reading_ref(r, case_id, "case_id", err);
    return rc;
}

typedef struct clashing {
    dbk_book *book;
    const dbk_id *case_id;
    dbk_deployment_clash_fn fn;
    void *ctx;
} clashing;

static dbk_rc look_at_action(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    const clashing *c = ctx;
    dbk_id case_id, owner;
    dbk_reading of_case;
    bool barred = false;
    dbk_rc rc = read_action(r, &case_id, &owner, err);
    if (rc != DBK_OK || dbk_id_is_zero(&owner) || dbk_id_is_zero(&case_id) ||
        (c->case_id != NULL && !dbk_id_equal(&case_id, c->case_id)))
        return rc;
    rc = dbk_reading_find(&of_case, c->book, &case_id, err);
    if (rc == DBK_OK && of_case.note != NULL)
        rc = is_barred(&of_case, &barred, &owner, err);
    dbk_reading_wipe(&of_case);
    return rc == DBK_OK && barred ? c->fn(c->ctx, row, err) : rc;
}

/* Those that may still be to be done. */
static dbk_rc each_sent_out(dbk_book *book, dbk_reading_fn fn, void *ctx, dbk_err *err)
{
    const dbk_cued ask = { .kind = DBK_CUE_SENT_OUT, .from_ms = INT64_MIN, .until_ms = INT64_MAX };
    return dbk_reading_cued(book, &ask, fn, ctx, err);
}

dbk_rc dbk_deployment_clashes(dbk_book *book, const dbk_id *case_id, dbk_deployment_clash_fn fn,
                              void *ctx, dbk_err *err)
{
    clashing c = { book, case_id, fn, ctx };
    return each_sent_out(book, look_at_action, &c, err);
}

/* The same of a case that is about to be saved: its officers and its suspect as they will be. */
typedef struct proposing {
    const dbk_intent *p;
    size_t count;
} proposing;

static dbk_rc look_at_proposed(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    proposing *j = ctx;
    dbk_id case_id, owner;
    dbk_id primary = dbk_element_id(j->p->value(j->p->ctx, "flo_primary"));
    dbk_id deputy = dbk_element_id(j->p->value(j->p->ctx, "flo_deputy"));
    /* What a compartment holds isn't counted outside of it. */
    if (dbk_book_is_restricted(j->p->book, &row->space) && !dbk_id_equal(&row->space, j->p->space))
        return DBK_OK;
    dbk_rc rc = read_action(r, &case_id, &owner, err);
    j->count += rc == DBK_OK && !dbk_id_is_zero(&owner) && dbk_id_equal(&case_id, j->p->record) &&
                (dbk_id_equal(&owner, &primary) || dbk_id_equal(&owner, &deputy));
    return rc;
}

static dbk_rc judge_sent_out(dbk_problems *problems, const dbk_intent *p, dbk_err *err)
{
    static const char *const doubted[] = { "yes", "possible", NULL };
    proposing j = { p, 0 };
    if (p->record == NULL || !is_any(p->value(p->ctx, "suspect_in_family"), doubted))
        return DBK_OK;
    dbk_rc rc = each_sent_out(p->book, look_at_proposed, &j, err);
    if (rc != DBK_OK || j.count == 0)
        return rc;
    return dbk_problems_add(problems, DBK_WARNING, "suspect_in_family", err,
                            "Suspect within the family: this family's liaison officers have %zu "
                            "action%s to search or arrest. Give %s to somebody else.",
                            j.count, j.count == 1 ? "" : "s", j.count == 1 ? "it" : "them");
}

dbk_rc dbk_deployment_judge(dbk_problems *problems, const dbk_intent *proposed, dbk_err *err)
{
    if (strcmp(dbk_form_name(proposed->form), "case") != 0)
        return DBK_OK;
    dbk_rc rc = judge_demands(problems, proposed, err);
    if (rc == DBK_OK)
        rc = judge_caseload(problems, proposed, err);
    return rc == DBK_OK ? judge_sent_out(problems, proposed, err) : rc;
}
