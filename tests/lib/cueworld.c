#include "tests/lib/cueworld.h"

#include <stdio.h>
#include <string.h>

#include "core/base/day.h"
#include "core/base/text.h"
#include "tests/lib/test.h"

#define FIELDS_MAX 16u
#define TEXT_SIZE 160u
#define BASIS "basis=0000000000000000000000000000000000000000000000000000000000000000"

/* ---- random records -------------------------------------------------------------------------- */

/* {c} {p} {s} {r}: a case, a person, a service, any record; {d} a day about now; {o} one years ago;
 * {b} of birth. `a|b|`: one of these; nothing: the field is left out. */
static const struct {
    const char *form;
    const char *fields[FIELDS_MAX];
} shapes[] = {
    { "case",
      { "kind=fatal_rtc", "happened_at={o}T10:00:00Z|", "reported_at={d}T10:00:00Z|",
        "status=proposed|closed|", "mopi_group=mopi_1|mopi_2|mopi_3|", "legal_hold=yes|no|",
        "legal_hold_for=coroner", "suspect_in_family=yes|possible|no", "flo_deputy={s}",
        "flo_primary={s}|", "no_exit_plan_reason=None", "closure_reason=court_complete",
        "lessons=None" } },
    { "person",
      { "name=Joan", "dob={b}|", "case_id={c}|", "role_in_case:={\"role\":\"victim\"}|",
        "role_in_case:={\"role\":\"witness\",\"case\":\"{c}\"}|", "mopi_group=mopi_1|mopi_4|",
        "happened_at={o}T08:00:00Z|" } },
    { "service", { "name=Refuge", "assured_date={o}|{d}|", "status=active|paused|" } },
    { "contact",
      { "case_id={c}|{c}|{c}|", "started_at={d}T09:00:00Z|{o}T09:00:00Z", "method=visit|phone",
        "direction=police_to_family", "next_contact:={\"when\":\"{d}T15:00:00Z\"}|",
        "family_group=|||||His side", "purpose=|||update|first_visit" } },
    { "contact",
      { "case_id={c}|", "started_at={d}T09:00:00Z", "method=attempted", "attempt=not_in",
        "direction=police_to_family" } },
    { "action",
      { "text=Ring", "kind=search|locate_arrest|enquiry", "due={d}|", "state=open|done|declined|",
        "priority=urgent|normal|", "owner={s}", "case_id={c}", "result=So" } },
    { "risk_assessment",
      { "kind=dash", "case_id={c}", "judgement_band=standard|standard|high|",
        "happened_at={o}T07:00:00Z", "review_on={d}|" } },
    { "referral",
      { "type=victim_support|health", "person={p}|", "service={s}", "case_id={c}|",
        "decision=referred|referred|not_appropriate", "state=draft|sent|rejected|done|",
        "sent_at={d}T12:00:00Z|", "revisit_on={d}|", "happened_at={d}T11:00:00Z", "reason=So" } },
    { "marker",
      { "kind=fgm", "about={p}", "state=active|cancelled|", "review_on={d}|", "expires_on={d}|",
        "cancelled_reason=So" } },
    { "protective_order", { "kind=fgmpo", "expires_on={d}|", "made_on={d}|" } },
    { "key_decision",
      { "kind=charge", "case_id={c}|", "decided_at={d}T10:00:00Z|", "victims={p}|",
        "notified:={\"person\":\"{p}\",\"at\":\"{d}T10:00:00Z\"}|" } },
    { "fgm_report",
      { "mandatory=yes|no|", "known_from=girl|parent|", "subject={p}|",
        "identified_at={d}T10:00:00Z|", "reported_at={d}T11:00:00Z|" } },
    { "retention_review",
      { "about={c}|{p}", "reviewed_at={o}T10:00:00Z|{d}T10:00:00Z",
        "decision=retain|retain|dispose", "necessity=yes", "adequacy=yes", "accuracy=yes",
        "reason=So", "next_review_on={d}|", BASIS } },
    /* All that is wanted of an entry, or nearly; and what they brought up. */
    { "contact",
      { "case_id={c}", "started_at={d}T09:00:00Z", "ended_at=2036-01-01T10:00:00Z",
        "method=visit|phone", "direction=police_to_family",
        "present:=[{\"name\":\"Joan\",\"role\":\"family\"}]", "purpose=update|update|first_visit",
        "account=They ask.|They ask.|",
        "told:=[{\"topic\":\"the inquest\",\"authority\":\"DI Lee\"}]", "child_present=no",
        "s38=fact", "next_contact:={\"when\":\"{d}T15:00:00Z\",\"how\":\"phone\"}",
        "requests:=|||[{\"text\":\"See it\",\"agreed\":\"yes\"}]",
        "given:=|||[{\"description\":\"pack\",\"literature\":true}]", "family_voice=|||Why?" } },
};

static cueworld *w; /* the one that is being made */

size_t cueworld_below(cueworld *of, size_t n)
{
    return (size_t)kit_random_below(&of->random, n);
}

static size_t below(size_t n)
{
    return cueworld_below(w, n);
}

/* A record of that form; a stranger's id when there is none yet, and now and then. */
static dbk_id some_of(const char *form)
{
    dbk_id id = { { 7, 7, 7 } };
    bool first = below(2) == 0; /* much happens to a few */
    for (size_t tries = 0; tries < 40 && w->count > 0; tries++) {
        size_t i = first && tries < w->count ? tries : below(w->count);
        if (form == NULL || strcmp(shapes[w->shape[i]].form, form) == 0)
            return w->records[i];
    }
    return id;
}

static void put_day(char *out, size_t size, char kind)
{
    int64_t day = w->now_ms / DBK_DAY_MS;
    char text[DBK_TIME_TEXT_SIZE];
    if (kind == 'o')
        day -= 300 + (int64_t)below(4800);
    else if (kind == 'b')
        day -= 365 * (int64_t)(5 + below(110));
    else
        day += (int64_t)below(40) - 28;
    dbk_time_print(text, day * DBK_DAY_MS);
    text[10] = '\0';
    (void)snprintf(out, size, "%s", text);
}

static void put_place(char *out, size_t size, char kind)
{
    static const struct {
        char kind;
        const char *form;
    } forms[] = { { 'c', "case" }, { 'p', "person" }, { 's', "service" }, { 'r', NULL } };
    for (size_t i = 0; i < ARRAY_LEN(forms); i++)
        if (forms[i].kind == kind) {
            dbk_id id = some_of(forms[i].form);
            char uuid[DBK_ID_UUID_SIZE];
            dbk_id_uuid(uuid, &id);
            (void)snprintf(out, size, "%s", uuid);
            return;
        }
    put_day(out, size, kind);
}

/* One of the answers of `name=a|b|`; false: none. */
static bool fill(char out[TEXT_SIZE], const char *field)
{
    const char *begin = strchr(field, '=') + 1, *from = begin, *to;
    size_t answers = 1, n;
    for (const char *p = begin; *p != '\0'; p++)
        answers += *p == '|';
    n = below(answers);
    for (; n > 0; n--)
        from = strchr(from, '|') + 1;
    to = strchr(from, '|') == NULL ? from + strlen(from) : strchr(from, '|');
    if (to == from)
        return false;
    size_t len = (size_t)(begin - field);
    memcpy(out, field, len);
    while (from < to) {
        if (from[0] == '{' && from[2] == '}') {
            put_place(out + len, TEXT_SIZE - len, from[1]);
            len += strlen(out + len);
            from += 3;
        } else {
            out[len++] = *from++;
        }
        assert_true(len + 40 < TEXT_SIZE);
    }
    out[len] = '\0';
    return true;
}

static void draw(char texts[FIELDS_MAX][TEXT_SIZE], const char *fields[FIELDS_MAX + 1],
                 size_t shape)
{
    size_t n = 0;
    for (size_t i = 0; i < FIELDS_MAX && shapes[shape].fields[i] != NULL; i++)
        if (fill(texts[n], shapes[shape].fields[i])) {
            fields[n] = texts[n];
            n++;
        }
    fields[n] = NULL;
}

static dbk_book *some_book(void)
{
    return w->org.books[below(w->org.count)].book;
}

static void add_some(void)
{
    char texts[FIELDS_MAX][TEXT_SIZE];
    const char *fields[FIELDS_MAX + 1];
    dbk_problems problems = { 0 };
    dbk_id id;
    size_t shape = below(4) == 0 ? below(2) : below(5) == 0 ? 3 : below(ARRAY_LEN(shapes));
    dbk_book *book = some_book();
    draw(texts, fields, shape);
    dbk_rc rc = dbk_test_try_add(book, &id, &problems, &w->spaces[below(8) == 0],
                                 shapes[shape].form, fields);
    dbk_problems_wipe(&problems);
    if (rc != DBK_OK)
        return;
    if (strcmp(shapes[shape].form, "retention_review") == 0 && below(4) > 0)
        rc = dbk_journal_sign(book, &problems, &id, NULL); /* or it stays a draft */
    dbk_problems_wipe(&problems);
    w->records[w->count] = id;
    w->shape[w->count++] = shape;
}

/* What a form refuses is not written, and nobody minds. */
static bool tried(dbk_rc rc)
{
    if (rc != DBK_OK && rc != DBK_INVALID && rc != DBK_CONFLICT && rc != DBK_DENIED)
        fail_msg("an edit gave %d", (int)rc);
    return rc == DBK_OK;
}

/* A field of the record's shape that one text changes, or NULL. */
static const char *some_field(size_t record)
{
    size_t n = 0;
    while (n < FIELDS_MAX && shapes[w->shape[record]].fields[n] != NULL)
        n++;
    const char *field = shapes[w->shape[record]].fields[below(n)];
    return strstr(field, ":=") != NULL || strncmp(field, "victims", 7) == 0 ? NULL : field;
}

static bool is_live(dbk_book *book, const dbk_id *record)
{
    dbk_note *note = NULL;
    if (dbk_query_note(&note, book, record, NULL) != DBK_OK)
        return false;
    dbk_note_free(note);
    return dbk_test_life(book, record) == DBK_LIFE_LIVE;
}

/* Whether it was written. */
static bool edit(dbk_book *book, const dbk_id *record, const char *text)
{
    const char *fields[] = { text, NULL };
    dbk_problems problems = { 0 };
    bool done = tried(dbk_test_try_edit(book, &problems, record, fields, NULL));
    dbk_problems_wipe(&problems);
    return done;
}

/* One field anew, on whichever device: both may do so before they hear of each other. */
static void change_some(void)
{
    char text[TEXT_SIZE];
    size_t i = below(w->count);
    dbk_book *book = some_book();
    const char *field = some_field(i);
    if (field == NULL || !fill(text, field) || !is_live(book, &w->records[i]))
        return;
    if (below(10) == 0)
        assert_int_equal(dbk_journal_withdraw(book, &w->records[i], "a mistake", NULL), DBK_OK);
    else
        (void)edit(book, &w->records[i], text);
}

/* Both devices change one field before they hear of each other, where both may. */
static void dispute_some(void)
{
    char texts[2][TEXT_SIZE];
    size_t i = below(w->count), first = below(2);
    const char *field = some_field(i);
    if (field == NULL || !fill(texts[0], field) || !fill(texts[1], field))
        return;
    for (size_t k = 0; k < 2; k++) {
        dbk_book *book = w->org.books[(first + k) % 2].book;
        if (!is_live(book, &w->records[i]) || !edit(book, &w->records[i], texts[k]))
            return;
    }
}

void cueworld_make(cueworld *made, uint64_t seed)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER, DBK_ROLE_HQ };
    memset(made, 0, sizeof(*made));
    w = made;
    kit_random_seed(&w->random, seed);
    dbk_test_org_make(&w->org, roles, 2);
    w->spaces[0] = w->org.space;
    w->spaces[1] = dbk_test_org_space(&w->org, "Op Alder");
    w->now_ms = (int64_t)w->org.books[0].env.now_ms;
    while (w->count < CUEWORLD_RECORDS) {
        add_some();
        if (w->count > 0)
            change_some();
        if (w->count > 0)
            dispute_some();
        if (below(24) == 0)
            dbk_test_org_exchange(&w->org);
        /* Also rows that were indexed before they changed. */
        if (below(40) == 0)
            assert_ok(dbk_query_index(some_book(), &(uint64_t){ 0 }, UINT64_MAX, &(dbk_err){ 0 }),
                      &(dbk_err){ 0 });
    }
    dbk_test_org_exchange(&w->org);
}
