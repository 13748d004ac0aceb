#include "core/practice/match.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/practice/reading.h"

#define CANDIDATES_MAX 200u
#define LINKED_MAX 64u

/* ---- comparing ------------------------------------------------------------------------------- */

/* Points. Two full names and a day of birth suffice, as do a name and a phone; a name alone, of
 * which there are many, doesn't. Somebody with another year of birth is somebody else, mostly. */
#define NAME_POINTS 40
#define BIRTH_POINTS 30
#define BIRTH_NEAR_POINTS 15
#define BIRTH_YEAR_POINTS 10
#define BIRTH_OTHER_POINTS (-25)
#define PHONE_POINTS 20
#define EMAIL_POINTS 20
#define POSTCODE_POINTS 10
#define SPELT_PERCENT 85 /* of a name's points, when only the skeleton is the same */

static int best_percent(const dbk_name_token *token, const dbk_likeness *l)
{
    int best = 0;
    for (size_t i = 0; i < l->tokens_count; i++) {
        if (strcmp(token->text, l->tokens[i].text) == 0)
            return 100;
        if (strlen(token->skeleton) > 1 && strcmp(token->skeleton, l->tokens[i].skeleton) == 0)
            best = SPELT_PERCENT;
    }
    return best;
}

/* Of the shorter name, whose every token should be found; a single token is half as much. */
static void compare_names(dbk_match *m, const dbk_likeness *a, const dbk_likeness *b)
{
    const dbk_likeness *few = a->tokens_count <= b->tokens_count ? a : b;
    const dbk_likeness *many = few == a ? b : a;
    int sum = 0;
    if (few->tokens_count == 0)
        return;
    for (size_t i = 0; i < few->tokens_count; i++)
        sum += best_percent(&few->tokens[i], many);
    int percent = sum / (int)few->tokens_count;
    int points = NAME_POINTS * percent / 100 / (few->tokens_count == 1 ? 2 : 1);
    m->parts[DBK_MATCH_NAME].points = points;
    m->parts[DBK_MATCH_NAME].how = percent == 100 ? DBK_MATCH_SAME
                                   : percent > 0  ? DBK_MATCH_NEAR
                                                  : DBK_MATCH_DIFFERENT;
}

static bool is_exchanged(const char *a, const char *b)
{
    return strlen(a) == 10 && strlen(b) == 10 && strncmp(a, b, 4) == 0 &&
           strncmp(a + 5, b + 8, 2) == 0 && strncmp(a + 8, b + 5, 2) == 0;
}

static void compare_births(dbk_match *m, const dbk_likeness *a, const dbk_likeness *b)
{
    bool days = strlen(a->dob) == 10 && strlen(b->dob) == 10;
    bool year = strncmp(a->dob, b->dob, 4) == 0;
    if (a->dob[0] == '\0' || b->dob[0] == '\0')
        return;
    if (days && strcmp(a->dob, b->dob) == 0) {
        m->parts[DBK_MATCH_BIRTH].how = DBK_MATCH_SAME;
        m->parts[DBK_MATCH_BIRTH].points = BIRTH_POINTS;
    } else if (days && (is_exchanged(a->dob, b->dob) || strncmp(a->dob, b->dob, 7) == 0)) {
        m->parts[DBK_MATCH_BIRTH].how = DBK_MATCH_NEAR;
        m->parts[DBK_MATCH_BIRTH].points = BIRTH_NEAR_POINTS;
    } else if (year) {
        m->parts[DBK_MATCH_BIRTH].how = DBK_MATCH_NEAR;
        m->parts[DBK_MATCH_BIRTH].points = BIRTH_YEAR_POINTS;
    } else {
        m->parts[DBK_MATCH_BIRTH].how = DBK_MATCH_DIFFERENT;
        m->parts[DBK_MATCH_BIRTH].points = days ? BIRTH_OTHER_POINTS : 0;
    }
}

/* People change phones and move: another one says nothing against them. */
static void compare_contacts(dbk_match *m, const dbk_likeness *a, const dbk_likeness *b)
{
    static const struct {
        dbk_match_about about;
        int points;
    } of[] = { [DBK_CONTACT_PHONE] = { DBK_MATCH_PHONE, PHONE_POINTS },
               [DBK_CONTACT_EMAIL] = { DBK_MATCH_EMAIL, EMAIL_POINTS },
               [DBK_CONTACT_POSTCODE] = { DBK_MATCH_POSTCODE, POSTCODE_POINTS } };
    for (size_t i = 0; i < a->contacts_count; i++)
        for (size_t k = 0; k < b->contacts_count; k++) {
            dbk_contact_kind kind = a->contacts[i].kind;
            if (kind != b->contacts[k].kind ||
                strcmp(a->contacts[i].text, b->contacts[k].text) != 0)
                continue;
            m->parts[of[kind].about].how = DBK_MATCH_SAME;
            m->parts[of[kind].about].points = of[kind].points;
        }
}

void dbk_match_compare(dbk_match *out, const dbk_likeness *a, const dbk_likeness *b)
{
    int sum = 0;
    memset(out, 0, sizeof(*out));
    compare_names(out, a, b);
    compare_births(out, a, b);
    compare_contacts(out, a, b);
    for (size_t i = 0; i < DBK_MATCH_PARTS; i++)
        sum += out->parts[i].points;
    out->score = sum < 0 ? 0 : sum > 100 ? 100 : (unsigned)sum;
}

/* ---- reading persons ------------------------------------------------------------------------- */

static dbk_rc likeness_of(dbk_book *book, dbk_likeness *out, dbk_namer *namer, const dbk_id *person,
                          dbk_err *err)
{
    dbk_note *note = NULL;
    dbk_rc rc = dbk_query_note(&note, book, person, err);
    if (rc == DBK_OK)
        rc = dbk_likeness_of(out, namer, note->state, &note->view, err);
    dbk_note_free(note);
    return rc;
}

/* ---- links ----------------------------------------------------------------------------------- */

dbk_id dbk_match_holder(const dbk_id *a, const dbk_id *b)
{
    return dbk_id_compare(a, b) > 0 ? *a : *b;
}

static dbk_link link_in(const dbk_likeness *l, const dbk_id *other)
{
    for (size_t i = 0; i < l->links_count; i++)
        if (dbk_id_equal(&l->links[i].person, other))
            return l->links[i].link;
    return DBK_LINK_NONE;
}

static dbk_rc link_between(dbk_book *book, dbk_link *out, dbk_namer *namer, const dbk_id *a,
                           const dbk_id *b, dbk_err *err)
{
    dbk_likeness l;
    dbk_id holder = dbk_match_holder(a, b);
    *out = DBK_LINK_NONE;
    dbk_rc rc = likeness_of(book, &l, namer, &holder, err);
    if (rc == DBK_OK)
        *out = link_in(&l, dbk_id_equal(&holder, a) ? b : a);
    return rc;
}

static void add_once(dbk_id *out, size_t *count, size_t max, const dbk_id *id)
{
    for (size_t i = 0; i < *count; i++)
        if (dbk_id_equal(&out[i], id))
            return;
    if (*count < max)
        out[(*count)++] = *id;
}

/* Who is linked to one person at first hand: in their own record, or in a younger one. */
static dbk_rc add_neighbours(dbk_book *book, dbk_id *out, size_t *count, size_t max,
                             dbk_namer *namer, const dbk_id *person, dbk_err *err)
{
    dbk_likeness l;
    dbk_id near[LINKED_MAX];
    size_t near_count = 0;
    dbk_likeness_keys keys;
    dbk_link link = DBK_LINK_NONE;
    dbk_rc rc = likeness_of(book, &l, namer, person, err);
    if (rc == DBK_NOT_FOUND) { /* in a compartment that isn't here */
        dbk_err_clear(err);
        return DBK_OK;
    }
    for (size_t i = 0; rc == DBK_OK && i < l.links_count; i++)
        if (l.links[i].link == DBK_LINK_CONFIRMED)
            add_once(out, count, max, &l.links[i].person);
    if (rc != DBK_OK)
        return rc;
    dbk_likeness_link_key(&keys, person);
    rc = dbk_query_alike(book, near, &near_count, LINKED_MAX, &keys, err);
    for (size_t i = 0; rc == DBK_OK && i < near_count; i++) {
        rc = link_between(book, &link, namer, &near[i], person, err);
        if (rc == DBK_OK && link == DBK_LINK_CONFIRMED)
            add_once(out, count, max, &near[i]);
    }
    return rc;
}

dbk_rc dbk_match_linked(dbk_book *book, dbk_id *out, size_t *count, size_t max,
                        const dbk_id *person, dbk_err *err)
{
    dbk_id all[LINKED_MAX + 1] = { *person };
    size_t all_count = 1, kept = 0;
    dbk_namer *namer = NULL;
    dbk_rc rc = dbk_namer_new(&namer, err);
    for (size_t i = 0; rc == DBK_OK && i < all_count; i++)
        rc = add_neighbours(book, all, &all_count, LINKED_MAX + 1, namer, &all[i], err);
    dbk_namer_free(namer);
    for (size_t i = 1; rc == DBK_OK && i < all_count && kept < max; i++)
        out[kept++] = all[i];
    *count = kept;
    return rc;
}

dbk_rc dbk_match_are_linked(dbk_book *book, bool *yes, const dbk_id *a, const dbk_id *b,
                            dbk_err *err)
{
    dbk_namer *namer = NULL;
    dbk_link link = DBK_LINK_NONE;
    dbk_rc rc = dbk_namer_new(&namer, err);
    if (rc == DBK_OK)
        rc = link_between(book, &link, namer, a, b, err);
    dbk_namer_free(namer);
    *yes = rc == DBK_OK && link == DBK_LINK_CONFIRMED;
    return rc;
}

/* ---- finding --------------------------------------------------------------------------------- */

static int best_first(const void *a, const void *b)
{
    const dbk_match *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return dbk_id_compare(&x->record, &y->record);
}

/* Whether a person has said already whether these are the same. */
static bool is_decided(const dbk_likeness *a, const dbk_id *a_id, const dbk_likeness *b,
                       const dbk_id *b_id)
{
    dbk_link one = link_in(a, b_id), other = link_in(b, a_id);
    return one == DBK_LINK_CONFIRMED || one == DBK_LINK_REJECTED || other == DBK_LINK_CONFIRMED ||
           other == DBK_LINK_REJECTED;
}

static dbk_rc compare_all(dbk_book *book, dbk_match *found, size_t *count, dbk_namer *namer,
                          const dbk_id *person, dbk_err *err)
{
    dbk_likeness mine, other;
    dbk_likeness_keys keys;
    dbk_id ids[CANDIDATES_MAX];
    size_t ids_count = 0;
    dbk_rc rc = likeness_of(book, &mine, namer, person, err);
    if (rc != DBK_OK)
        return rc;
    dbk_likeness_keys_of(&keys, &mine);
    rc = dbk_query_alike(book, ids, &ids_count, CANDIDATES_MAX, &keys, err);
    for (size_t i = 0; rc == DBK_OK && i < ids_count; i++) {
        if (dbk_id_equal(&ids[i], person))
            continue;
        rc = likeness_of(book, &other, namer, &ids[i], err);
        if (rc != DBK_OK || is_decided(&mine, person, &other, &ids[i]))
            continue;
        dbk_match_compare(&found[*count], &mine, &other);
        found[*count].record = ids[i];
        *count += found[*count].score >= DBK_MATCH_SUGGEST ? 1 : 0;
    }
    return rc;
}

dbk_rc dbk_match_find(dbk_book *book, dbk_match *out, size_t *count, const dbk_id *person,
                      dbk_err *err)
{
    dbk_match found[CANDIDATES_MAX];
    size_t found_count = 0;
    dbk_namer *namer = NULL;
    *count = 0;
    dbk_rc rc = dbk_namer_new(&namer, err);
    if (rc == DBK_OK)
        rc = compare_all(book, found, &found_count, namer, person, err);
    dbk_namer_free(namer);
    if (rc != DBK_OK)
        return rc;
    if (found_count > 0)
        qsort(found, found_count, sizeof(found[0]), best_first);
    *count = found_count < DBK_MATCH_FOUND_MAX ? found_count : DBK_MATCH_FOUND_MAX;
    memcpy(out, found, *count * sizeof(out[0]));
    return DBK_OK;
}

/* ---- all pairs ------------------------------------------------------------------------------- */

typedef struct pairs {
    dbk_book *book;
    dbk_namer *namer;
    dbk_id id; /* whose likeness is at hand: one is compared with several */
    dbk_likeness of, other;
    dbk_match_pair_fn fn;
    void *ctx;
} pairs;

static dbk_rc compare_pair(void *ctx, const dbk_id *later, const dbk_id *earlier, dbk_err *err)
{
    pairs *p = ctx;
    dbk_match match;
    dbk_rc rc = DBK_OK;
    if (!dbk_id_equal(&p->id, later)) {
        p->id = (dbk_id){ { 0 } };
        rc = likeness_of(p->book, &p->of, p->namer, later, err);
    }
    if (rc == DBK_OK) {
        p->id = *later;
        rc = likeness_of(p->book, &p->other, p->namer, earlier, err);
    }
    if (rc != DBK_OK || is_decided(&p->of, later, &p->other, earlier))
        return rc;
    dbk_match_compare(&match, &p->of, &p->other);
    if (match.score < DBK_MATCH_SUGGEST)
        return DBK_OK;
    dbk_id holder = dbk_match_holder(later, earlier);
    match.record = dbk_id_equal(&holder, later) ? *earlier : *later;
    return p->fn(p->ctx, &holder, &match, err);
}

dbk_rc dbk_match_pairs(dbk_book *book, const dbk_id *after, dbk_match_pair_fn fn, void *ctx,
                       dbk_err *err)
{
    pairs *p = dbk_alloc(sizeof(*p));
    if (p == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory to compare persons");
    *p = (pairs){ .book = book, .fn = fn, .ctx = ctx };
    dbk_rc rc = dbk_namer_new(&p->namer, err);
    if (rc == DBK_OK)
        rc = dbk_query_pairs(book, after, compare_pair, p, err);
    dbk_namer_free(p->namer);
    dbk_free(p);
    return rc;
}

/* ---- cases ----------------------------------------------------------------------------------- */

static dbk_rc add_cases(dbk_book *book, dbk_id *out, size_t *count, size_t max,
                        const dbk_id *person, const char *day, dbk_err *err)
{
    dbk_note *note = NULL;
    dbk_reading r;
    dbk_span value, one;
    dbk_rc rc = dbk_query_note(&note, book, person, err);
    if (rc == DBK_NOT_FOUND) {
        dbk_err_clear(err);
        return DBK_OK;
    }
    if (rc != DBK_OK)
        return rc;
    dbk_reading_init(&r, note);
    rc = dbk_reading_value(&r, &value, "role_in_case", err);
    dbk_elements e = dbk_elements_of(value);
    while (rc == DBK_OK && dbk_elements_next(&e, &one)) {
        dbk_span from = dbk_cbor_text_of(dbk_view_member(one, "from"));
        dbk_id id = dbk_element_id(dbk_view_member(one, "case"));
        if (!dbk_id_is_zero(&id) && dbk_span_compare(from, dbk_span_str(day)) <= 0)
            add_once(out, count, max, &id);
    }
    dbk_reading_wipe(&r);
    dbk_note_free(note);
    return rc;
}

dbk_rc dbk_match_cases(dbk_book *book, dbk_id *out, size_t *count, size_t max, const dbk_id *person,
                       const char *day, dbk_err *err)
{
    dbk_id linked[LINKED_MAX];
    size_t linked_count = 0;
    *count = 0;
    dbk_rc rc = dbk_match_linked(book, linked, &linked_count, LINKED_MAX, person, err);
    if (rc == DBK_OK)
        rc = add_cases(book, out, count, max, person, day, err);
    for (size_t i = 0; rc == DBK_OK && i < linked_count; i++)
        rc = add_cases(book, out, count, max, &linked[i], day, err);
    return rc;
}
