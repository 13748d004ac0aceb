#include "core/practice/disclosure.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/value.h"
#include "core/practice/safe.h"

#define TEXT_BYTES_MAX (128u * 1024u)
#define DIGEST_BYTES 8u
#define DIGEST_CHARS (2u * DIGEST_BYTES)
#define ROUTE_DIGITS_MIN 6u /* fewer occur in dates and ages */
#define ROUTE_CHARS_MAX 300u

typedef enum source { REFERRAL, PERSON, CASE, SOURCES } source;
static const char *const source_names[SOURCES] = { "referral", "person", "case" };

/* What each code of referral.consent_scope covers; NULL: always told, as it is the referral itself.
 */
static const struct {
    const char *scope;
    source from;
    const char *field;
} table[] = {
    { NULL, REFERRAL, "type" },
    { NULL, REFERRAL, "happened_at" },
    { NULL, REFERRAL, "decision" },
    { NULL, REFERRAL, "consent" },
    { NULL, REFERRAL, "spoc" },
    { NULL, REFERRAL, "language" },
    { NULL, REFERRAL, "marking" },
    { "identity", PERSON, "name" },
    { "identity", PERSON, "dob" },
    { "identity", PERSON, "dob_precision" },
    { "identity", PERSON, "age_band" },
    { "identity", PERSON, "sex" },
    { "contact", PERSON, "phones" },
    { "contact", PERSON, "emails" },
    { "contact", PERSON, "addresses" },
    { "contact", PERSON, "social" },
    { "needs", PERSON, "languages" },
    { "needs", PERSON, "interpreter_needed" },
    { "needs", PERSON, "interpreter_gender" },
    { "needs", PERSON, "needs" },
    { "needs", PERSON, "needs_detail" },
    { "risk", REFERRAL, "risk_band" },
    { "circumstances", CASE, "kind" },
    { "circumstances", CASE, "ref" },
    { "circumstances", CASE, "happened_at" },
    { "circumstances", CASE, "summary" },
    { "circumstances", REFERRAL, "reason" },
};
#define ROWS (sizeof(table) / sizeof(table[0]))
_Static_assert(ROWS <= DBK_PACKAGE_FIELDS_MAX, "a package takes them all");

typedef struct place {
    size_t at, len;
} place;

typedef struct making {
    dbk_disclosure *d;
    dbk_book *book;
    dbk_problems *problems;
    dbk_telling telling;
    const dbk_note *notes[SOURCES]; /* NULL: not held, or not to be read here */
    dbk_reading readings[SOURCES];
    place safe, names[ROWS], labels[ROWS], values[ROWS];
} making;

static bool is(dbk_span code, const char *name)
{
    return dbk_span_equal(code, dbk_span_str(name));
}

static dbk_rc forbid(making *m, const char *field, dbk_err *err, const char *why)
{
    return dbk_problems_add(m->problems, DBK_PROBLEM, field, err, "%s", why);
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool is_yes(dbk_span value)
{
    dbk_cbor c = dbk_cbor_from(value);
    return dbk_cbor_peek(&c) == DBK_CBOR_SIMPLE && dbk_cbor_get_simple(&c) == DBK_CBOR_TRUE;
}

/* An entry that any other entry of the same value doesn't call safe isn't. */
static bool is_safe(dbk_span entries, dbk_span entry)
{
    dbk_span value = dbk_view_member(entry, "value"), one;
    bool safe = value.len > 0 && is_yes(dbk_view_member(entry, "safe"));
    for (dbk_elements e = dbk_elements_of(entries); safe && dbk_elements_next(&e, &one);) {
        if (dbk_span_equal(dbk_view_member(one, "value"), value))
            safe = is_yes(dbk_view_member(one, "safe"));
    }
    return safe;
}

static dbk_rc append_safe_routes(dbk_bytes *out, dbk_span entries, dbk_err *err)
{
    dbk_span one;
    size_t start = out->len;
    dbk_rc rc = DBK_OK;
    for (dbk_elements e = dbk_elements_of(entries); rc == DBK_OK && dbk_elements_next(&e, &one);) {
        dbk_span kind = dbk_cbor_text_of(dbk_view_member(one, "kind"));
        if (!is_safe(entries, one))
            continue;
        if (out->len > start)
            rc = dbk_bytes_append_str(out, "; ", err);
        if (rc == DBK_OK)
            rc = dbk_value_to_text(out, NULL, dbk_view_member(one, "value"), err);
        if (rc == DBK_OK && kind.len > 0)
            rc = dbk_bytes_append_fmt(out, err, " (%.*s)", (int)kind.len, (const char *)kind.p);
    }
    return rc;
}

static dbk_rc append_value(making *m, size_t row, dbk_err *err)
{
    dbk_bytes *text = &m->d->text;
    const dbk_note *note = m->notes[table[row].from];
    const dbk_field *field = dbk_form_field(note->form, table[row].field);
    dbk_span value;
    dbk_rc rc = dbk_reading_value(&m->readings[table[row].from], &value, table[row].field, err);
    size_t start = text->len;
    if (rc != DBK_OK || value.len == 0 || field == NULL)
        return rc;
    if (field->route)
        rc = append_safe_routes(text, value, err);
    else
        rc = dbk_value_to_text(text, field, value, err);
    if (rc != DBK_OK || text->len == start)
        return rc;
    m->d->routes |= field->route;
    m->values[row] = (place){ start, text->len - start };
    m->names[row].at = text->len;
    rc = dbk_bytes_append_fmt(text, err, "%s.%s", source_names[table[row].from], table[row].field);
    m->names[row].len = text->len - m->names[row].at;
    m->labels[row].at = text->len;
    if (rc == DBK_OK)
        rc = dbk_bytes_append_str(text, field->label, err);
    m->labels[row].len = text->len - m->labels[row].at;
    return rc;
}

static dbk_rc covers(making *m, bool *yes, const char *scope, dbk_err *err)
{
    *yes = scope == NULL;
    if (scope == NULL || m->d->withdrawn)
        return DBK_OK;
    return dbk_reading_says(&m->readings[REFERRAL], yes, "consent_scope", scope, err);
}

static dbk_rc gather(making *m, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t row = 0; rc == DBK_OK && row < ROWS; row++) {
        bool covered = false;
        rc = covers(m, &covered, table[row].scope, err);
        if (rc == DBK_OK && covered && m->notes[table[row].from] != NULL)
            rc = append_value(m, row, err);
    }
    return rc;
}

static dbk_span span_of(const making *m, place p)
{
    return dbk_span_of(p.len == 0 ? NULL : m->d->text.p + p.at, p.len);
}

/* The text doesn't move any more. */
static void point_to_text(making *m)
{
    dbk_disclosure *d = m->d;
    d->safe = span_of(m, m->safe);
    for (size_t row = 0; row < ROWS; row++) {
        if (m->values[row].len > 0)
            d->fields[d->fields_count++] = (dbk_package_field){ span_of(m, m->names[row]),
                                                                span_of(m, m->labels[row]),
                                                                span_of(m, m->values[row]) };
    }
}

/* ---- safe contact ---------------------------------------------------------------------------- */

static dbk_rc put_safe(making *m, const dbk_safe *safe, dbk_err *err)
{
    m->safe.at = m->d->text.len;
    dbk_rc rc = dbk_bytes_append(&m->d->text, dbk_bytes_span(&safe->text), err);
    if (rc == DBK_OK && safe->text.len == 0)
        rc = dbk_bytes_append_str(&m->d->text,
                                  safe->recorded
                                      ? "No restriction is recorded.\n"
                                      : "Nothing is recorded about safe contact: ask the officer "
                                        "before you reach this person.\n",
                                  err);
    m->safe.len = m->d->text.len - m->safe.at;
    return rc;
}

static dbk_rc read_safe(making *m, dbk_err *err)
{
    dbk_safe safe;
    bool contact = false;
    m->d->person_read = m->notes[PERSON] != NULL && m->notes[PERSON]->form != NULL;
    if (m->notes[PERSON] == NULL)
        return forbid(m, "person", err,
                      "Person: their record isn't on this device, so nobody can say how they may "
                      "be reached safely.");
    if (m->notes[PERSON]->form == NULL)
        return forbid(m, "person", err,
                      "Person: the record is of a newer version, and its safe-contact rule can't "
                      "be read.");
    dbk_rc rc = dbk_safe_read(&safe, dbk_book_forms(m->book), m->notes[PERSON], err);
    if (rc == DBK_OK)
        rc = put_safe(m, &safe, err);
    if (rc == DBK_OK)
        rc = covers(m, &contact, "contact", err);
    if (rc == DBK_OK && contact && !safe.recorded)
        rc = forbid(m, "consent_scope", err,
                    "Consent covers: ways to reach the person can't be told before their record "
                    "says how that is safe.");
    dbk_safe_wipe(&safe);
    return rc;
}

/* Letters and digits, small: what is left of "07700 900 123" and of "(07700) 900123". */
static size_t squeeze(char out[ROUTE_CHARS_MAX], dbk_span text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len && n < ROUTE_CHARS_MAX; i++) {
        uint8_t c = text.p[i];
        if (c >= 'A' && c <= 'Z')
            c = (uint8_t)(c - 'A' + 'a');
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c >= 0x80)
            out[n++] = (char)c;
    }
    return n;
}

/* Does the text, squeezed likewise, hold it? */
static bool holds(dbk_span text, const char *route, size_t len)
{
    char start[ROUTE_CHARS_MAX];
    for (size_t i = 0; i < text.len; i++) {
        dbk_span rest = dbk_span_of(text.p + i, text.len - i);
        if (squeeze(start, rest) >= len &&
            dbk_span_equal(dbk_span_of(start, len), dbk_span_of(route, len)))
            return true;
    }
    return false;
}

/* A number that isn't safe may stand in somebody's words: they would carry it past the rule. */
static dbk_rc check_words(making *m, dbk_span route, dbk_err *err)
{
    char squeezed[ROUTE_CHARS_MAX];
    size_t len = squeeze(squeezed, route);
    for (size_t row = 0; len >= ROUTE_DIGITS_MIN && row < ROWS; row++) {
        if (m->values[row].len > 0 && holds(span_of(m, m->values[row]), squeezed, len))
            return dbk_problems_add(
                m->problems, DBK_PROBLEM, table[row].field, err,
                "%.*s: the words hold a number, address or account of the person that isn't known "
                "to be safe. Take it out, or leave this out of what consent covers.",
                (int)m->labels[row].len, (const char *)m->d->text.p + m->labels[row].at);
    }
    return DBK_OK;
}

static dbk_rc check_routes(making *m, dbk_err *err)
{
    const dbk_field *fields = NULL;
    const dbk_note *person = m->notes[PERSON];
    size_t count = person == NULL || person->form == NULL ? 0
                                                          : dbk_form_fields(person->form, &fields);
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < count; i++) {
        dbk_span entries = { NULL, 0 }, one;
        if (!fields[i].route)
            continue;
        rc = dbk_reading_value(&m->readings[PERSON], &entries, fields[i].name, err);
        dbk_elements e = dbk_elements_of(entries);
        while (rc == DBK_OK && dbk_elements_next(&e, &one)) {
            dbk_span value = dbk_cbor_text_of(dbk_view_member(one, "value"));
            if (!is_safe(entries, one))
                rc = check_words(m, value, err);
        }
    }
    return rc;
}

/* ---- may it be sent? ------------------------------------------------------------------------- */

static dbk_rc read_service(making *m, const dbk_note *service, dbk_err *err)
{
    dbk_reading r;
    dbk_span text;
    bool closed = false;
    dbk_reading_init(&r, service);
    dbk_rc rc = dbk_reading_text(&r, &text, "recipient_key", err);
    /* Whoever could write a key here could read every referral to the service. */
    if (rc == DBK_OK && dbk_reading_is_hq(service, "recipient_key"))
        m->d->has_key = dbk_recipient_parse(&m->d->to, text, NULL) == DBK_OK;
    if (rc == DBK_OK)
        rc = dbk_reading_says(&r, &closed, "status", "closed", err);
    if (rc == DBK_OK && closed && m->telling == DBK_TELL_FIRST)
        rc = forbid(m, "service", err, "Service: it is closed.");
    dbk_reading_wipe(&r);
    return rc;
}

static dbk_rc check_service(making *m, dbk_err *err)
{
    dbk_note *note = NULL;
    dbk_rc rc = dbk_reading_find_note(&note, m->book, &m->d->service, err);
    if (rc == DBK_OK && note != NULL && note->form != NULL)
        rc = read_service(m, note, err);
    dbk_note_free(note);
    if (rc == DBK_OK && !m->d->has_key)
        rc = forbid(m, "service", err,
                    "Service: name one for which headquarters has written a recipient's key.");
    return rc;
}

static dbk_span shown(void *ctx, const char *field)
{
    dbk_span value = { NULL, 0 };
    making *m = ctx;
    if (dbk_reading_value(&m->readings[REFERRAL], &value, field, NULL) != DBK_OK)
        return dbk_span_of(NULL, 0);
    return value;
}

static dbk_rc check_decision(making *m, dbk_err *err)
{
    char today[DBK_TIME_TEXT_SIZE];
    dbk_span scope;
    const dbk_env *env = dbk_book_env(m->book);
    dbk_time_print(today, (int64_t)env->now_ms(env->self));
    const dbk_intent intent = { .book = m->book,
                                .form = m->notes[REFERRAL]->form,
                                .on = dbk_span_of(today, 10),
                                .value = shown,
                                .before = shown,
                                .ctx = m };
    dbk_span decision = dbk_cbor_text_of(shown(m, "decision"));
    if (!is(decision, "referred") && !is(decision, "override"))
        return forbid(m, "decision", err, "Decision: only a referral that is made is sent.");
    dbk_rc rc = dbk_referral_judge(m->problems, &intent, err);
    if (rc == DBK_OK)
        rc = dbk_reading_value(&m->readings[REFERRAL], &scope, "consent_scope", err);
    if (rc == DBK_OK && scope.len == 0)
        rc = forbid(m, "consent_scope", err, "Consent covers: say what may be told.");
    return rc;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static dbk_rc open_sources(making *m, dbk_note *opened[SOURCES], dbk_err *err)
{
    dbk_id case_id = { { 0 } };
    dbk_reading *r = &m->readings[REFERRAL];
    dbk_rc rc = dbk_reading_ref(r, &m->d->person, "person", err);
    if (rc == DBK_OK)
        rc = dbk_reading_ref(r, &m->d->service, "service", err);
    if (rc == DBK_OK)
        rc = dbk_reading_ref(r, &case_id, "case_id", err);
    if (rc == DBK_OK)
        rc = dbk_reading_says(r, &m->d->withdrawn, "consent", "refused", err);
    m->d->withdrawn = m->d->withdrawn && m->telling == DBK_TELL_CORRECTION;
    if (rc == DBK_OK)
        rc = dbk_reading_find_note(&opened[PERSON], m->book, &m->d->person, err);
    if (rc == DBK_OK)
        rc = dbk_reading_find_note(&opened[CASE], m->book, &case_id, err);
    for (source s = PERSON; s < SOURCES; s++) {
        m->notes[s] = opened[s];
        dbk_reading_init(&m->readings[s], opened[s]);
    }
    return rc;
}

static dbk_rc make(making *m, dbk_err *err)
{
    dbk_rc rc = read_safe(m, err);
    if (rc == DBK_OK)
        rc = gather(m, err);
    if (rc == DBK_OK)
        rc = check_routes(m, err);
    if (rc == DBK_OK)
        rc = check_service(m, err);
    if (rc == DBK_OK && m->telling == DBK_TELL_FIRST)
        rc = check_decision(m, err);
    point_to_text(m);
    return rc;
}

dbk_rc dbk_disclosure_make(dbk_disclosure *out, dbk_book *book, const dbk_note *referral,
                           dbk_telling telling, dbk_problems *problems, dbk_err *err)
{
    making m = { .d = out, .book = book, .problems = problems, .telling = telling };
    dbk_note *opened[SOURCES] = { NULL };
    memset(out, 0, sizeof(*out));
    dbk_bytes_init(&out->text, TEXT_BYTES_MAX);
    if (referral->form == NULL || strcmp(dbk_form_name(referral->form), "referral") != 0)
        return dbk_fail(err, DBK_INVALID, "this record is no referral that can be read here");
    out->referral = referral->record;
    m.notes[REFERRAL] = referral;
    dbk_reading_init(&m.readings[REFERRAL], referral);
    dbk_rc rc = open_sources(&m, opened, err);
    if (rc == DBK_OK)
        rc = make(&m, err);
    for (source s = REFERRAL; s < SOURCES; s++)
        dbk_reading_wipe(&m.readings[s]);
    dbk_note_free(opened[PERSON]);
    dbk_note_free(opened[CASE]);
    return rc;
}

void dbk_disclosure_wipe(dbk_disclosure *d)
{
    dbk_bytes_wipe(&d->text);
    memset(d, 0, sizeof(*d));
}

/* ---- what was told --------------------------------------------------------------------------- */

static void digest_of(char out[DIGEST_CHARS + 1], dbk_span value)
{
    dbk_hash hash = dbk_told_hash(value);
    dbk_hex_print(out, dbk_span_of(hash.b, DIGEST_BYTES));
}

static dbk_rc append_told(dbk_bytes *out, dbk_span name, dbk_span value, dbk_err *err)
{
    char digest[DIGEST_CHARS + 1];
    digest_of(digest, value);
    return dbk_bytes_append_fmt(out, err, "%.*s %s\n", (int)name.len, (const char *)name.p, digest);
}

dbk_rc dbk_disclosure_told(dbk_bytes *out, const dbk_disclosure *d, dbk_err *err)
{
    dbk_rc rc = append_told(out, dbk_span_str("safe_contact"), d->safe, err);
    for (size_t i = 0; rc == DBK_OK && i < d->fields_count; i++)
        rc = append_told(out, d->fields[i].name, d->fields[i].value, err);
    return rc;
}

static bool is_told_still(const dbk_disclosure *now, dbk_span name, dbk_span digest)
{
    char own[DIGEST_CHARS + 1];
    dbk_span value = is(name, "safe_contact") ? now->safe : dbk_span_of(NULL, 0);
    for (size_t i = 0; i < now->fields_count; i++) {
        if (dbk_span_equal(now->fields[i].name, name))
            value = now->fields[i].value;
    }
    digest_of(own, value);
    return value.len > 0 && is(digest, own);
}

dbk_rc dbk_disclosure_changed(dbk_bytes *names, const dbk_disclosure *now, dbk_span told,
                              dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (dbk_span left = told; rc == DBK_OK && left.len > 0;) {
        const uint8_t *end = memchr(left.p, '\n', left.len);
        size_t len = end == NULL ? left.len : (size_t)(end - left.p);
        const uint8_t *gap = len == 0 ? NULL : memchr(left.p, ' ', len);
        size_t name_len = gap == NULL ? len : (size_t)(gap - left.p);
        dbk_span name = dbk_span_of(left.p, name_len);
        dbk_span digest = gap == NULL ? dbk_span_of(NULL, 0)
                                      : dbk_span_of(gap + 1, len - name_len - 1);
        if (name_len > 0 && !is_told_still(now, name, digest))
            rc = dbk_bytes_append_fmt(names, err, "%.*s\n", (int)name_len, (const char *)name.p);
        len += end == NULL ? 0 : 1;
        left = dbk_span_of(left.p + len, left.len - len);
    }
    return rc;
}

static uint64_t number_of(dbk_span value)
{
    dbk_cbor c = dbk_cbor_from(value);
    return dbk_cbor_peek(&c) == DBK_CBOR_UINT ? dbk_cbor_get_uint(&c) : 0;
}

static bool hash_of_text(dbk_hash *out, dbk_span text)
{
    char hex[2 * DBK_HASH_BYTES + 1] = "";
    if (text.len != sizeof(hex) - 1)
        return false;
    memcpy(hex, text.p, text.len);
    return dbk_hex_parse(out->b, sizeof(out->b), hex, NULL) == DBK_OK;
}

dbk_rc dbk_sent_find(dbk_sent *out, dbk_reading *referral, const dbk_hash *hash, dbk_err *err)
{
    dbk_span entries, one;
    dbk_rc rc = dbk_reading_value(referral, &entries, "packages", err);
    *out = (dbk_sent){ .any = false };
    dbk_elements e = dbk_elements_of(rc == DBK_OK ? entries : dbk_span_of(NULL, 0));
    while (dbk_elements_next(&e, &one)) {
        dbk_sent s = { .any = true,
                       .number = number_of(dbk_view_member(one, "number")),
                       .at = dbk_cbor_text_of(dbk_view_member(one, "at")),
                       .key = dbk_cbor_text_of(dbk_view_member(one, "key")),
                       .told = dbk_cbor_text_of(dbk_view_member(one, "told")) };
        if (!hash_of_text(&s.hash, dbk_cbor_text_of(dbk_view_member(one, "hash"))))
            continue;
        /* In the log's order of time: of two with one number the later counts. */
        if (hash == NULL ? !out->any || s.number >= out->number : dbk_hash_equal(hash, &s.hash))
            *out = s;
    }
    return rc;
}

bool dbk_referral_moves(dbk_span from, const char *to)
{
    static const char *const order[] = { "draft",       "sent", "received",          "accepted",
                                         "in_progress", "done", "closed_no_contact", "rejected" };
    size_t a = 0, b = 0;
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        a = is(from, order[i]) ? i : a;
        b = strcmp(to, order[i]) == 0 ? i : b;
    }
    return b > a;
}
