#include "core/model/offer.h"

#include <string.h>

#include "core/base/cbor.h"
#include "core/base/day.h"
#include "core/base/text.h"

#define SHOWN_BYTES_MAX (16u * 1024u * 1024u)

/* ---- terms ----------------------------------------------------------------------------------- */

dbk_rc dbk_offer_term_of(dbk_offer_term *out, dbk_namer *n, dbk_offer_kind kind, dbk_span word,
                         dbk_err *err)
{
    const char *folded = "";
    dbk_rc rc = dbk_namer_fold(n, &folded, word, err);
    size_t len = strlen(folded);
    out->len = 0;
    if (rc != DBK_OK || len == 0 || len + 4 > sizeof(out->text) || strchr(folded, '\n') != NULL)
        return rc;
    out->text[out->len++] = '\n';
    out->text[out->len++] = (char)kind;
    out->text[out->len++] = ':';
    memcpy(out->text + out->len, folded, len);
    out->len += len;
    out->text[out->len++] = '\n';
    return DBK_OK;
}

/* Terms begin with a line break, and so does what is looked for. */
static bool find(dbk_span terms, const char *what, size_t len)
{
    while (terms.len >= len) {
        if (memcmp(terms.p, what, len) == 0)
            return true;
        const uint8_t *next = memchr(terms.p + 1, '\n', terms.len - 1);
        if (next == NULL)
            return false;
        terms.len -= (size_t)(next - terms.p);
        terms.p = next;
    }
    return false;
}

bool dbk_offer_has(dbk_span terms, const dbk_offer_term *term)
{
    return term->len > 0 && find(terms, term->text, term->len);
}

bool dbk_offer_says(dbk_span terms, dbk_offer_kind kind)
{
    const char begin[] = { '\n', (char)kind, ':' };
    return find(terms, begin, sizeof(begin));
}

/* ---- reading a record ------------------------------------------------------------------------ */

typedef struct offering {
    dbk_offer *out;
    dbk_bytes *terms;
    dbk_namer *namer;
    const dbk_state *state;
    const dbk_view_opts *view;
    dbk_bytes scratch;
} offering;

/* Empty when blank, or when the form has no such field. */
static dbk_rc shown(offering *f, dbk_span *out, const char *name, dbk_err *err)
{
    const dbk_field *field = dbk_form_field(f->view->form, name);
    *out = (dbk_span){ NULL, 0 };
    dbk_bytes_truncate(&f->scratch, 0);
    return field == NULL ? DBK_OK : dbk_view_field(out, &f->scratch, f->state, field, f->view, err);
}

static dbk_rc add_term(offering *f, dbk_offer_kind kind, dbk_span word, dbk_err *err)
{
    dbk_offer_term term;
    dbk_bytes *terms = f->terms;
    dbk_rc rc = dbk_offer_term_of(&term, f->namer, kind, word, err);
    if (rc != DBK_OK || term.len == 0 || dbk_offer_has(dbk_bytes_span(terms), &term))
        return rc;
    /* A term ends with the line break that the next one begins with. */
    size_t skip = terms->len > 0 ? 1 : 0;
    return dbk_bytes_append(terms, dbk_span_of(term.text + skip, term.len - skip), err);
}

static dbk_rc add_terms(offering *f, dbk_offer_kind kind, const char *name, dbk_err *err)
{
    dbk_span value;
    dbk_rc rc = shown(f, &value, name, err);
    dbk_cbor c = dbk_cbor_from(value);
    uint64_t count = value.len > 0 && dbk_cbor_peek(&c) == DBK_CBOR_ARRAY ? dbk_cbor_get_array(&c)
                                                                          : 0;
    for (uint64_t i = 0; rc == DBK_OK && i < count; i++) {
        dbk_span item = dbk_cbor_get_item(&c);
        if (c.failed)
            return dbk_fail(err, DBK_DAMAGED, "a stored list is malformed");
        rc = add_term(f, kind, dbk_cbor_text_of(item), err);
    }
    return rc;
}

static dbk_rc read_number(offering *f, int64_t *out, const char *name, int64_t otherwise,
                          dbk_err *err)
{
    dbk_span value;
    dbk_rc rc = shown(f, &value, name, err);
    dbk_cbor c = dbk_cbor_from(value);
    *out = otherwise;
    if (rc != DBK_OK || value.len == 0 || dbk_cbor_peek(&c) != DBK_CBOR_UINT)
        return rc;
    uint64_t number = dbk_cbor_get_uint(&c);
    if (!c.failed && number <= INT32_MAX)
        *out = (int64_t)number;
    return DBK_OK;
}

static dbk_rc read_days(offering *f, dbk_err *err)
{
    dbk_span value;
    int64_t ms = 0, every = 0;
    dbk_rc rc = shown(f, &value, "assured_date", err);
    dbk_span day = dbk_cbor_text_of(value);
    bool there = rc == DBK_OK && dbk_date_valid(day) && dbk_moment_parse(&ms, day, NULL) == DBK_OK;
    if (rc == DBK_OK)
        rc = read_number(f, &every, "verify_every_days", DBK_OFFER_CHECK_DAYS, err);
    if (rc != DBK_OK || !there || ms < 0)
        return rc;
    f->out->checked_day = ms / DBK_DAY_MS;
    f->out->due_day = f->out->checked_day + every;
    return DBK_OK;
}

static dbk_rc read_status(offering *f, dbk_err *err)
{
    dbk_span value;
    dbk_rc rc = shown(f, &value, "status", err);
    dbk_span code = dbk_cbor_text_of(value);
    if (rc != DBK_OK || value.len == 0 || dbk_span_equal(code, dbk_span_str("active")))
        return rc;
    /* Not known, or a code of a newer form: nobody is sent there unasked. */
    f->out->status = dbk_span_equal(code, dbk_span_str("closed")) ? DBK_OFFER_CLOSED
                                                                  : DBK_OFFER_PAUSED;
    return DBK_OK;
}

dbk_rc dbk_offer_of(dbk_offer *out, dbk_bytes *terms, dbk_namer *n, const dbk_state *state,
                    const dbk_view_opts *view, dbk_err *err)
{
    offering f = { out, terms, n, state, view, DBK_BYTES_INIT(SHOWN_BYTES_MAX) };
    dbk_span value = { NULL, 0 };
    *out = (dbk_offer){ .checked_day = DBK_OFFER_NEVER,
                        .due_day = DBK_OFFER_NEVER,
                        .age_min = DBK_OFFER_UNSAID,
                        .age_max = DBK_OFFER_UNSAID };
    dbk_bytes_truncate(terms, 0);
    if (view->form == NULL)
        return DBK_OK;
    dbk_rc rc = read_status(&f, err);
    if (rc == DBK_OK)
        rc = read_days(&f, err);
    if (rc == DBK_OK)
        rc = read_number(&f, &out->age_min, "minimum_age", DBK_OFFER_UNSAID, err);
    if (rc == DBK_OK)
        rc = read_number(&f, &out->age_max, "maximum_age", DBK_OFFER_UNSAID, err);
    if (rc == DBK_OK)
        rc = shown(&f, &value, "interpretation_services", err);
    out->interpreters = rc == DBK_OK && dbk_cbor_text_of(value).len > 0;
    if (rc == DBK_OK)
        rc = add_terms(&f, DBK_OFFER_CATEGORY, "categories", err);
    if (rc == DBK_OK)
        rc = add_terms(&f, DBK_OFFER_CATEGORY, "hidden_crime", err);
    if (rc == DBK_OK)
        rc = add_terms(&f, DBK_OFFER_AREA, "la_areas", err);
    if (rc == DBK_OK)
        rc = add_terms(&f, DBK_OFFER_LANGUAGE, "languages", err);
    out->terms = dbk_bytes_span(terms);
    dbk_bytes_wipe(&f.scratch);
    return rc;
}
