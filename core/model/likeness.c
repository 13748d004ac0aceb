#include "core/model/likeness.h"

#include <stdio.h>
#include <string.h>
#include <unicode/utrans.h>

#include "core/base/alloc.h"
#include "core/base/cbor.h"

#define NAME_UNITS_MAX 1024 /* UTF-16 units of one name that are looked at */
#define PHONE_DIGITS 7u     /* enough to tell, and the same with and without country code */
#define TOKEN_LEN_MIN 2u    /* initials are no evidence */

/* ---- folding --------------------------------------------------------------------------------- */

struct dbk_namer {
    UTransliterator *latin; /* NULL until a name needs it */
    UChar wide[NAME_UNITS_MAX];
    char folded[4 * NAME_UNITS_MAX];
};

dbk_rc dbk_namer_new(dbk_namer **out, dbk_err *err)
{
    *out = dbk_alloc(sizeof(**out));
    if (*out == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory to compare names");
    memset(*out, 0, sizeof(**out));
    return DBK_OK;
}

void dbk_namer_free(dbk_namer *n)
{
    if (n == NULL)
        return;
    if (n->latin != NULL)
        utrans_close(n->latin);
    dbk_free(n);
}

static bool is_ascii(dbk_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.p[i] >= 0x80)
            return false;
    return true;
}

static dbk_rc open_latin(dbk_namer *n, dbk_err *err)
{
    /* Dots and dashes of transliteration go with Latin-ASCII; "ue" for "u" isn't tried. */
    static const char rules[] = "Any-Latin; Latin-ASCII; Lower";
    UChar id[sizeof(rules)];
    UErrorCode code = U_ZERO_ERROR;
    if (n->latin != NULL)
        return DBK_OK;
    u_uastrcpy(id, rules);
    n->latin = utrans_openU(id, -1, UTRANS_FORWARD, NULL, 0, NULL, &code);
    if (U_FAILURE(code)) {
        n->latin = NULL;
        return dbk_fail(err, DBK_NOMEM, "names can't be put into Latin letters (ICU: %s)",
                        u_errorName(code));
    }
    return DBK_OK;
}

/* Into n->folded, zero-ended. What is too long or no text folds to nothing. */
static dbk_rc fold(dbk_namer *n, dbk_span name, dbk_err *err)
{
    UErrorCode code = U_ZERO_ERROR;
    int32_t units = 0, limit;
    n->folded[0] = '\0';
    if (name.len >= NAME_UNITS_MAX)
        name.len = NAME_UNITS_MAX - 1;
    if (is_ascii(name)) {
        memcpy(n->folded, name.p, name.len);
        n->folded[name.len] = '\0';
        return DBK_OK;
    }
    dbk_rc rc = open_latin(n, err);
    if (rc != DBK_OK)
        return rc;
    u_strFromUTF8WithSub(n->wide, NAME_UNITS_MAX, &units, (const char *)name.p, (int32_t)name.len,
                         0xfffd, NULL, &code);
    limit = units;
    utrans_transUChars(n->latin, n->wide, &units, NAME_UNITS_MAX, 0, &limit, &code);
    u_strToUTF8(n->folded, (int32_t)sizeof(n->folded) - 1, &units, n->wide, units, &code);
    n->folded[U_FAILURE(code) ? 0 : units] = '\0';
    return DBK_OK;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

dbk_rc dbk_namer_fold(dbk_namer *n, const char **out, dbk_span word, dbk_err *err)
{
    dbk_rc rc = fold(n, word, err);
    for (char *p = n->folded; *p != '\0'; p++)
        *p = lower(*p);
    *out = n->folded;
    return rc;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* ---- the skeleton ---------------------------------------------------------------------------- */

static bool is_vowel(char c)
{
    return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u';
}

/* One letter for those that transliterations exchange; 0: it isn't heard everywhere. */
static char class_of(const char *token, size_t at)
{
    char c = token[at], next = token[at + 1];
    if (at > 0 && (is_vowel(c) || c == 'h' || c == 'y' || c == 'w'))
        return 0; /* Fatima, Fatma, Fatimah; Yusuf, Youssef */
    if (is_vowel(c))
        return 'a'; /* Omar, Umar */
    switch (c) {
    case 'c':
        return next == 'e' || next == 'i' ? 's' : next == 'h' ? 'c' : 'k';
    case 'q':
    case 'x':
        return 'k';
    case 'z':
        return 's';
    case 'p':
        return next == 'h' ? 'f' : 'p';
    case 'd':
        return 't'; /* Ahmed, Ahmet */
    case 'j':
        return 'y'; /* Jusuf, Yusuf */
    case 'w':
        return 'v';
    default:
        return c;
    }
}

static void skeleton_of(char *out, const char *token)
{
    size_t len = 0;
    for (size_t i = 0; token[i] != '\0'; i++) {
        char c = class_of(token, i);
        bool doubled = i > 0 && token[i] == token[i - 1];
        if (c != 0 && !doubled)
            out[len++] = c;
    }
    out[len] = '\0';
}

/* ---- features -------------------------------------------------------------------------------- */

static void add_token(dbk_likeness *l, const char *text, size_t len)
{
    dbk_name_token *t = &l->tokens[l->tokens_count];
    if (len < TOKEN_LEN_MIN || l->tokens_count == DBK_LIKENESS_TOKENS_MAX)
        return;
    if (len >= sizeof(t->text))
        len = sizeof(t->text) - 1;
    memcpy(t->text, text, len);
    t->text[len] = '\0';
    for (size_t i = 0; i < l->tokens_count; i++)
        if (strcmp(l->tokens[i].text, t->text) == 0)
            return;
    skeleton_of(t->skeleton, t->text);
    l->tokens_count++;
}

/* Tokens are letters and digits; an apostrophe joins (O'Brien), all else parts. */
static dbk_rc add_name(dbk_likeness *l, dbk_namer *n, dbk_span name, dbk_err *err)
{
    size_t to = 0;
    dbk_rc rc = fold(n, name, err);
    if (rc != DBK_OK)
        return rc;
    for (const char *p = n->folded;; p++) {
        char c = lower(*p);
        if (is_letter(c)) {
            n->folded[to++] = c; /* never ahead of p */
        } else if (c != '\'') {
            add_token(l, n->folded, to);
            to = 0;
        }
        if (*p == '\0')
            return DBK_OK;
    }
}

static void add_contact(dbk_likeness *l, dbk_contact_kind kind, const char *text, size_t len)
{
    if (len == 0 || len >= DBK_LIKENESS_TEXT_SIZE || l->contacts_count == DBK_LIKENESS_CONTACTS_MAX)
        return;
    l->contacts[l->contacts_count].kind = kind;
    memcpy(l->contacts[l->contacts_count].text, text, len);
    l->contacts[l->contacts_count++].text[len] = '\0';
}

/* Of a phone its last digits, of an email address all, in lower case. */
static void add_squeezed(dbk_likeness *l, dbk_contact_kind kind, dbk_span value)
{
    char text[DBK_LIKENESS_TEXT_SIZE];
    size_t len = 0;
    for (size_t i = value.len; i > 0 && len < sizeof(text) - 1; i--) {
        char c = lower((char)value.p[i - 1]);
        bool fits = kind == DBK_CONTACT_PHONE ? c >= '0' && c <= '9' : c > ' ';
        if (fits)
            text[len++] = c;
        if (kind == DBK_CONTACT_PHONE && len == PHONE_DIGITS)
            break;
    }
    for (size_t i = 0; i < len / 2; i++) {
        char c = text[i];
        text[i] = text[len - 1 - i];
        text[len - 1 - i] = c;
    }
    if (kind != DBK_CONTACT_PHONE || len == PHONE_DIGITS)
        add_contact(l, kind, text, len);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* How many bytes at p are a British postcode ("B15 2TT", "b152tt"), which goes to out without its
 * space; 0: none. */
static size_t read_postcode(char out[8], const char *p, size_t left)
{
    size_t outward = 0, at, len;
    while (outward < 4 && outward < left && is_letter(lower(p[outward])))
        outward++;
    /* The outward half has 2 to 4 signs: in "b152tt" it ends where the inward half fits. */
    for (; outward >= 2; outward--) {
        at = outward < left && p[outward] == ' ' ? outward + 1 : outward;
        if (left - at < 3 || is_digit(lower(p[0])) || !is_digit(p[at]) ||
            is_digit(lower(p[at + 1])) || is_digit(lower(p[at + 2])) ||
            !is_letter(lower(p[at + 1])) || !is_letter(lower(p[at + 2])))
            continue;
        if (!is_digit(p[1]) && (outward < 3 || !is_digit(p[2])))
            continue; /* one or two letters, then a digit */
        len = 0;
        for (size_t i = 0; i < outward; i++)
            out[len++] = lower(p[i]);
        for (size_t i = at; i < at + 3; i++)
            out[len++] = lower(p[i]);
        out[len] = '\0';
        return at + 3;
    }
    return 0;
}

static void add_postcodes(dbk_likeness *l, dbk_span address)
{
    const char *text = (const char *)address.p;
    char code[8];
    bool inside = false; /* a word */
    for (size_t i = 0; i < address.len;) {
        size_t len = inside ? 0 : read_postcode(code, text + i, address.len - i);
        if (len > 0 && (i + len == address.len || !is_letter(lower(text[i + len])))) {
            add_contact(l, DBK_CONTACT_POSTCODE, code, strlen(code));
            i += len;
            continue;
        }
        inside = is_letter(lower(text[i]));
        i++;
    }
}

static dbk_rc take_names(dbk_likeness *l, dbk_namer *n, dbk_span entry, dbk_err *err)
{
    static const char *const parts[] = { "given", "family", "transliteration" };
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < sizeof(parts) / sizeof(parts[0]); i++)
        rc = add_name(l, n, dbk_cbor_text_of(dbk_view_member(entry, parts[i])), err);
    return rc;
}

static void take_link(dbk_likeness *l, dbk_span entry)
{
    static const char *const codes[] = { [DBK_LINK_PROPOSED] = "proposed",
                                         [DBK_LINK_CONFIRMED] = "confirmed",
                                         [DBK_LINK_REJECTED] = "rejected" };
    dbk_cbor c = dbk_cbor_from(dbk_view_member(entry, "person"));
    dbk_span said = dbk_cbor_text_of(dbk_view_member(entry, "link"));
    dbk_id id;
    size_t at = 0;
    if (dbk_cbor_peek(&c) != DBK_CBOR_TAG || dbk_cbor_get_tag(&c) != DBK_CBOR_TAG_UUID)
        return;
    dbk_cbor_get_copy(&c, id.b, sizeof(id.b));
    while (at < l->links_count && !dbk_id_equal(&l->links[at].person, &id))
        at++;
    if (c.failed || at == DBK_LIKENESS_LINKS_MAX)
        return;
    l->links[at].person = id; /* entries come by time: the last one counts */
    for (dbk_link k = DBK_LINK_PROPOSED; k <= DBK_LINK_REJECTED; k++)
        if (dbk_span_equal(said, dbk_span_str(codes[k])))
            l->links[at].link = k;
    if (at == l->links_count)
        l->links_count++;
}

static dbk_rc take_entry(dbk_likeness *l, dbk_namer *n, const char *field, dbk_span entry,
                         dbk_err *err)
{
    dbk_span value = dbk_view_member(entry, "value");
    if (strcmp(field, "names") == 0)
        return take_names(l, n, entry, err);
    if (strcmp(field, "linked_persons") == 0)
        take_link(l, entry);
    else if (strcmp(field, "phones") == 0)
        add_squeezed(l, DBK_CONTACT_PHONE, dbk_cbor_text_of(value));
    else if (strcmp(field, "emails") == 0)
        add_squeezed(l, DBK_CONTACT_EMAIL, dbk_cbor_text_of(value));
    else
        add_postcodes(l, dbk_cbor_text_of(value));
    return DBK_OK;
}

typedef struct looking {
    dbk_namer *namer;
    const dbk_state *state;
    const dbk_view_opts *view;
    dbk_bytes scratch;
} looking;

static dbk_rc value_of(looking *k, dbk_span *out, const char *name, dbk_err *err)
{
    const dbk_field *field = dbk_form_field(k->view->form, name);
    *out = dbk_span_of(NULL, 0);
    dbk_bytes_truncate(&k->scratch, 0);
    return field == NULL ? DBK_OK : dbk_view_field(out, &k->scratch, k->state, field, k->view, err);
}

static dbk_rc take_log(looking *k, dbk_likeness *l, const char *name, dbk_err *err)
{
    dbk_span value;
    dbk_rc rc = value_of(k, &value, name, err);
    dbk_cbor c = dbk_cbor_from(value);
    uint64_t count = dbk_cbor_peek(&c) == DBK_CBOR_ARRAY ? dbk_cbor_get_array(&c) : 0;
    for (uint64_t i = 0; rc == DBK_OK && i < count; i++) {
        dbk_span entry = dbk_cbor_get_item(&c);
        if (c.failed)
            break;
        rc = take_entry(l, k->namer, name, entry, err);
    }
    return rc;
}

static dbk_rc take_birth(looking *k, dbk_likeness *l, dbk_err *err)
{
    dbk_span value;
    dbk_rc rc = value_of(k, &value, "dob", err);
    value = dbk_cbor_text_of(value);
    if (rc != DBK_OK || value.len != 10)
        return rc;
    memcpy(l->dob, value.p, value.len);
    l->dob[value.len] = '\0';
    rc = value_of(k, &value, "dob_precision", err);
    value = dbk_cbor_text_of(value);
    if (rc == DBK_OK && value.len > 0 && !dbk_span_equal(value, dbk_span_str("day")))
        l->dob[4] = '\0';
    return rc;
}

dbk_rc dbk_likeness_of(dbk_likeness *out, dbk_namer *n, const dbk_state *state,
                       const dbk_view_opts *view, dbk_err *err)
{
    static const char *const logs[] = { "names", "phones", "emails", "addresses",
                                        "linked_persons" };
    looking k = { n, state, view, DBK_BYTES_INIT(DBK_STATE_BYTES_MAX) };
    dbk_span name;
    memset(out, 0, sizeof(*out));
    if (view->form == NULL || strcmp(dbk_form_name(view->form), DBK_LIKENESS_FORM) != 0)
        return DBK_OK;
    dbk_rc rc = value_of(&k, &name, "name", err);
    if (rc == DBK_OK)
        rc = add_name(out, n, dbk_cbor_text_of(name), err);
    if (rc == DBK_OK)
        rc = take_birth(&k, out, err);
    for (size_t i = 0; rc == DBK_OK && i < sizeof(logs) / sizeof(logs[0]); i++)
        rc = take_log(&k, out, logs[i], err);
    dbk_bytes_wipe(&k.scratch);
    return rc;
}

/* ---- keys ------------------------------------------------------------------------------------ */

static void add_key(dbk_likeness_keys *k, char kind, const char *a, const char *b)
{
    char key[DBK_LIKENESS_KEY_SIZE];
    if (k->count == DBK_LIKENESS_KEYS_MAX)
        return;
    int n = snprintf(key, sizeof(key), "%c%.40s %.20s", kind, a, b);
    DBK_ASSERT(n > 0 && (size_t)n < sizeof(key));
    for (size_t i = 0; i < k->count; i++)
        if (strcmp(k->rows[i], key) == 0)
            return;
    memcpy(k->rows[k->count++], key, sizeof(key));
}

static void add_link_key(dbk_likeness_keys *k, const dbk_id *person)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_id_hex(hex, person);
    add_key(k, 'l', hex, "");
}

static void add_name_keys(dbk_likeness_keys *out, const dbk_likeness *l)
{
    char year[5] = "";
    memcpy(year, l->dob, 4);
    for (size_t i = 0; i < l->tokens_count; i++) {
        const char *a = l->tokens[i].skeleton;
        if (year[0] != '\0')
            add_key(out, 'y', a, year);
        for (size_t j = i + 1; j < l->tokens_count; j++) {
            const char *b = l->tokens[j].skeleton;
            bool in_order = strcmp(a, b) <= 0; /* family name first or last: the same key */
            add_key(out, 'n', in_order ? a : b, in_order ? b : a);
        }
    }
}

void dbk_likeness_keys_of(dbk_likeness_keys *out, const dbk_likeness *l)
{
    static const char kinds[] = {
        [DBK_CONTACT_PHONE] = 'p', [DBK_CONTACT_EMAIL] = 'e', [DBK_CONTACT_POSTCODE] = 'a'
    };
    out->count = 0;
    if (strlen(l->dob) == 10)
        add_key(out, 'd', l->dob, "");
    for (size_t i = 0; i < l->contacts_count; i++)
        add_key(out, kinds[l->contacts[i].kind], l->contacts[i].text, "");
    for (size_t i = 0; i < l->links_count; i++)
        add_link_key(out, &l->links[i].person);
    add_name_keys(out, l);
}

void dbk_likeness_link_key(dbk_likeness_keys *out, const dbk_id *person)
{
    out->count = 0;
    add_link_key(out, person);
}
