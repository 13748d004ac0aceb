/* Full-text search: what is indexed, what is asked, and the words around a match. */
#include <string.h>

#include "core/base/cbor.h"
#include "core/base/text.h"
#include "core/journal/query_internal.h"
#include "core/model/value.h"

#define WORDS_BYTES_MAX (2u * DBK_STATE_BYTES_MAX) /* labels come on top of what a state holds */
#define SEARCH_BYTES_MAX 1024u
#define SEARCH_WORDS_MAX 32u
#define INDEX_ROWS 1024u /* in one transaction */
#define SNIPPET_BEFORE 48u
#define SNIPPET_AFTER 112u
#define ELLIPSIS "\xe2\x80\xa6"

/* ---- the words of a record ----------------------------------------------------------------- */

static dbk_rc add_words(dbk_bytes *out, const dbk_field *field, dbk_span value, dbk_err *err)
{
    dbk_err inner = { 0 };
    dbk_rc rc = dbk_value_to_words(out, field, value, &inner);
    if (rc == DBK_FORMAT) /* a stranger's odd value: nobody can search for it */
        return DBK_OK;
    return rc == DBK_OK ? DBK_OK : dbk_fail(err, rc, "%s", inner.text);
}

/* The field that a set, a log or a counter holds. */
static const dbk_field *field_of_group(const dbk_form *form, dbk_span group)
{
    const dbk_group *groups;
    const dbk_field *fields;
    if (form == NULL)
        return NULL;
    (void)dbk_form_groups(form, &groups);
    size_t count = dbk_form_fields(form, &fields);
    for (size_t i = 0; i < count; i++)
        if (dbk_span_equal(dbk_span_str(groups[fields[i].group].name), group))
            return &fields[i];
    return NULL;
}

static const dbk_field *field_of_name(const dbk_form *form, dbk_span name)
{
    char text[DBK_NAME_BYTES_MAX + 1];
    if (form == NULL || name.len == 0 || name.len > DBK_NAME_BYTES_MAX)
        return NULL;
    memcpy(text, name.p, name.len);
    text[name.len] = '\0';
    return dbk_form_field(form, text);
}

/* A register's value: field -> value. */
static dbk_rc add_register(dbk_bytes *out, const dbk_form *form, dbk_span map, dbk_err *err)
{
    dbk_cbor c = dbk_cbor_from(map);
    uint64_t pairs = dbk_cbor_peek(&c) == DBK_CBOR_MAP ? dbk_cbor_get_map(&c) : 0;
    dbk_rc rc = DBK_OK;
    for (uint64_t i = 0; i < pairs && rc == DBK_OK; i++) {
        dbk_cbor key = dbk_cbor_from(dbk_cbor_get_item(&c));
        dbk_span value = dbk_cbor_get_item(&c);
        if (c.failed)
            break;
        rc = add_words(out, field_of_name(form, dbk_cbor_get_text(&key)), value, err);
    }
    return rc;
}

static dbk_rc add_items(dbk_bytes *out, const dbk_field *field, const dbk_sibling *items,
                        size_t count, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < count && rc == DBK_OK; i++)
        rc = add_words(out, field, items[i].value, err);
    return rc;
}

/* Everything that stands in the record, also the values that aren't shown: who looks for the
 * phone number that lost finds the dispute. */
static dbk_rc words_of(dbk_bytes *out, const dbk_state *state, const dbk_form *form, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < dbk_state_groups(state) && rc == DBK_OK; i++) {
        const dbk_state_group *g = dbk_state_group_at(state, i);
        const dbk_field *field = field_of_group(form, g->name);
        for (size_t k = 0; k < g->registers_count && rc == DBK_OK; k++)
            rc = add_register(out, form, g->registers[k].value, err);
        if (rc == DBK_OK)
            rc = add_items(out, field, g->elements, g->elements_count, err);
        if (rc == DBK_OK)
            rc = add_items(out, field, g->entries, g->entries_count, err);
    }
    return rc;
}

static dbk_rc words_of_row(dbk_book *book, dbk_bytes *out, const dbk_store_record *row,
                           dbk_err *err)
{
    dbk_state *state = NULL;
    dbk_bytes_truncate(out, 0);
    if (dbk_span_equal(row->form, dbk_span_str(DBK_FORM_AUDIT))) /* nobody finds it by a word */
        return DBK_OK;
    dbk_rc rc = dbk_query_state(&state, row, err);
    if (rc == DBK_OK)
        rc = words_of(out, state, dbk_book_view(book, state, row->form).form, err);
    dbk_state_free(state);
    return rc;
}

/* ---- indexing ------------------------------------------------------------------------------ */

typedef struct indexing {
    dbk_book *book;
    dbk_namer *namer;
    dbk_bytes words;
    uint64_t done;
} indexing;

/* Making a namer takes longer than indexing many records: only whoever has names gets one. */
static dbk_rc want_namer(indexing *x, const dbk_store_record *row, dbk_err *err)
{
    bool named = dbk_span_equal(row->form, dbk_span_str(DBK_LIKENESS_FORM)) ||
                 dbk_span_equal(row->form, dbk_span_str(DBK_OFFER_FORM));
    return named && x->namer == NULL ? dbk_namer_new(&x->namer, err) : DBK_OK;
}

static dbk_rc index_row(void *ctx, const dbk_store_record *row, dbk_err *err)
{
    indexing *x = ctx;
    dbk_rc rc = want_namer(x, row, err);
    if (rc == DBK_OK)
        rc = words_of_row(x->book, &x->words, row, err);
    if (rc == DBK_OK)
        rc = dbk_words_put(x->book->store, row->id, dbk_bytes_span(&x->words), err);
    if (rc == DBK_OK)
        rc = dbk_query_person_keys(x->book, x->namer, row, err);
    if (rc == DBK_OK)
        rc = dbk_query_offer_row(x->book, x->namer, row, err);
    if (rc == DBK_OK)
        rc = dbk_query_value_keys(x->book, row, err);
    if (rc == DBK_OK)
        rc = dbk_query_cue_rows(x->book, row, err);
    if (rc == DBK_OK)
        x->done++;
    return rc;
}

/* One transaction, or a part of the one that is open (an import that looks something up). */
static dbk_rc index_some(indexing *x, uint64_t limit, dbk_err *err)
{
    bool ours = !dbk_store_in_transaction(x->book->store);
    dbk_rc rc = ours ? dbk_book_begin(x->book, err) : DBK_OK;
    if (rc == DBK_OK)
        rc = dbk_words_waiting(x->book->store, limit, index_row, x, err);
    if (rc == DBK_OK && ours)
        rc = dbk_book_commit(x->book, err);
    if (rc != DBK_OK && ours)
        dbk_book_rollback(x->book);
    return rc;
}

dbk_rc dbk_query_index(dbk_book *book, uint64_t *left, uint64_t max, dbk_err *err)
{
    indexing x = { book, NULL, DBK_BYTES_INIT(WORDS_BYTES_MAX), 0 };
    uint64_t before;
    dbk_rc rc = DBK_OK;
    do {
        uint64_t limit = max - x.done < INDEX_ROWS ? max - x.done : INDEX_ROWS;
        before = x.done;
        rc = limit == 0 ? DBK_OK : index_some(&x, limit, err);
    } while (rc == DBK_OK && x.done > before);
    if (rc == DBK_OK)
        rc = dbk_words_waiting_count(book->store, left, err);
    dbk_namer_free(x.namer);
    dbk_bytes_wipe(&x.words);
    return rc;
}

/* ---- asking -------------------------------------------------------------------------------- */

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_ascii_letter(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Without the signs around it, which no tokenizer looks at; empty if it was nothing else. */
static dbk_span trim(dbk_span word)
{
    while (word.len > 0 && word.p[0] < 0x80 && !is_ascii_letter(word.p[0]))
        word = dbk_span_of(word.p + 1, word.len - 1);
    while (word.len > 0 && word.p[word.len - 1] < 0x80 && !is_ascii_letter(word.p[word.len - 1]))
        word.len--;
    return word;
}

/* Cuts the text into words; *count of those that can be searched for. */
static dbk_rc split(dbk_span words[SEARCH_WORDS_MAX], size_t *count, dbk_span text, dbk_err *err)
{
    *count = 0;
    for (size_t at = 0; at < text.len;) {
        size_t end = at;
        while (end < text.len && !is_space(text.p[end]))
            end++;
        dbk_span word = trim(dbk_span_of(text.p + at, end - at));
        at = end + 1;
        if (word.len == 0)
            continue;
        if (*count == SEARCH_WORDS_MAX)
            return dbk_fail(err, DBK_INVALID, "a search has at most %u words", SEARCH_WORDS_MAX);
        words[(*count)++] = word;
    }
    if (*count == 0)
        return dbk_fail(err, DBK_INVALID, "there is no word to search for");
    return DBK_OK;
}

/* Each word as an FTS5 string, in which only the quote has a meaning; the last as a prefix. */
static dbk_rc quote(dbk_bytes *out, const dbk_span *words, size_t count, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < count && rc == DBK_OK; i++) {
        rc = dbk_bytes_append_str(out, i == 0 ? "\"" : " \"", err);
        for (size_t k = 0; k < words[i].len && rc == DBK_OK; k++) {
            if (words[i].p[k] == '"')
                rc = dbk_bytes_append_u8(out, '"', err);
            if (rc == DBK_OK)
                rc = dbk_bytes_append_u8(out, words[i].p[k], err);
        }
        if (rc == DBK_OK)
            rc = dbk_bytes_append_str(out, i + 1 == count ? "\"*" : "\"", err);
    }
    if (rc == DBK_OK)
        rc = dbk_bytes_append_u8(out, '\0', err);
    return rc;
}

/* ---- the words around a match -------------------------------------------------------------- */

/* The base letters of U+00C0..U+017F, as the index sees them; '.' where it has none. */
static const char latin_bases[] =
    "aaaaaa.ceeeeiiii.nooooo..uuuuy..aaaaaa.ceeeeiiii.nooooo..uuuuy.y"
    "aaaaaaccccccccdd..eeeeeeeeeegggggggghh..iiiiiiiii...jjkk.llllll."
    "...nnnnnn...oooooo..rrrrrrsssssssstttt..uuuuuuuuuuuuwwyyyzzzzzz.";

/* The next letter, without case and accents; 0 for what joins no words. */
static uint32_t next_letter(dbk_span text, size_t *at)
{
    uint32_t c = text.p[*at];
    size_t more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
    if (more == 1)
        c &= 0x1f;
    else if (more == 2)
        c &= 0x0f;
    else if (more == 3)
        c &= 0x07;
    (*at)++;
    for (; more > 0 && *at < text.len; more--)
        c = c << 6 | (text.p[(*at)++] & 0x3fu);
    if (c >= 'A' && c <= 'Z')
        return c + ('a' - 'A');
    if (c >= 0xc0 && c < 0xc0 + sizeof(latin_bases) - 1 && latin_bases[c - 0xc0] != '.')
        return (uint32_t)(uint8_t)latin_bases[c - 0xc0];
    return c < 0x80 && !is_ascii_letter((uint8_t)c) ? 0 : c;
}

static bool begins_with(dbk_span text, size_t at, dbk_span word)
{
    for (size_t k = 0; k < word.len;) {
        uint32_t want = next_letter(word, &k);
        if (at >= text.len || next_letter(text, &at) != want)
            return false;
    }
    return true;
}

/* Where the first of the words stands at the beginning of a word; 0 if the index knows better. */
static size_t find_match(dbk_span text, const dbk_span *words, size_t count)
{
    bool inside = false;
    for (size_t at = 0; at < text.len;) {
        size_t start = at;
        bool letter = next_letter(text, &at) != 0;
        for (size_t i = 0; letter && !inside && i < count; i++)
            if (begins_with(text, start, words[i]))
                return start;
        inside = letter;
    }
    return 0;
}

static bool is_boundary(dbk_span text, size_t at)
{
    return at == text.len || (text.p[at] & 0xc0u) != 0x80u;
}

/* One line around the match, zero-ended. It begins with the value that holds the match, at the
 * earliest: what stands before that is of other fields. */
static dbk_rc cut_snippet(dbk_bytes *out, dbk_span text, size_t match, dbk_err *err)
{
    size_t line = match;
    size_t to = text.len - match > SNIPPET_AFTER ? match + SNIPPET_AFTER : text.len;
    dbk_rc rc = DBK_OK;
    while (line > 0 && text.p[line - 1] != '\n')
        line--;
    size_t from = match - line > SNIPPET_BEFORE ? match - SNIPPET_BEFORE : line;
    while (from > line && from < match && !is_space(text.p[from - 1]))
        from++;
    while (!is_boundary(text, from))
        from++;
    while (!is_boundary(text, to))
        to--;
    bool cut = to + 1 < text.len;
    while (to > from && is_space(text.p[to - 1]))
        to--;
    dbk_bytes_truncate(out, 0);
    if (from > line)
        rc = dbk_bytes_append_str(out, ELLIPSIS, err);
    for (size_t at = from; at < to && rc == DBK_OK; at++)
        rc = dbk_bytes_append_u8(out, is_space(text.p[at]) ? ' ' : text.p[at], err);
    if (rc == DBK_OK && cut)
        rc = dbk_bytes_append_str(out, ELLIPSIS, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_u8(out, '\0', err);
    return rc;
}

/* ---- searching ----------------------------------------------------------------------------- */

typedef struct search_walk {
    dbk_book *book;
    const dbk_span *words;
    size_t count;
    dbk_bytes text, snippet;
    uint64_t limit, given;
    bool full;
    dbk_row_fn fn;
    void *ctx;
} search_walk;

static dbk_rc search_row(void *ctx, const dbk_store_record *row, dbk_err *err)
{
    search_walk *w = ctx;
    dbk_row out;
    if (!dbk_query_is_open(w->book, row))
        return DBK_OK;
    if (w->limit != 0 && w->given == w->limit) {
        w->full = true;
        return DBK_LIMIT; /* ends the walk */
    }
    w->given++;
    dbk_rc rc = words_of_row(w->book, &w->text, row, err);
    if (rc != DBK_OK)
        return rc;
    dbk_span text = dbk_bytes_span(&w->text);
    rc = cut_snippet(&w->snippet, text, find_match(text, w->words, w->count), err);
    if (rc == DBK_OK)
        rc = dbk_query_row(w->book, &out, row, err);
    if (rc != DBK_OK)
        return rc;
    out.snippet = (const char *)w->snippet.p;
    return w->fn(w->ctx, &out, err);
}

dbk_rc dbk_query_search(dbk_book *book, const char *text, uint64_t limit, dbk_row_fn fn, void *ctx,
                        dbk_err *err)
{
    dbk_span words[SEARCH_WORDS_MAX];
    dbk_bytes match = DBK_BYTES_INIT(4u * SEARCH_BYTES_MAX);
    search_walk w = { .book = book,
                      .words = words,
                      .text = DBK_BYTES_INIT(WORDS_BYTES_MAX),
                      .snippet = DBK_BYTES_INIT(1024u),
                      .limit = limit,
                      .fn = fn,
                      .ctx = ctx };
    dbk_err ended = { 0 };
    uint64_t left = 0;
    dbk_span in = dbk_span_str(text);
    if (in.len > SEARCH_BYTES_MAX || !dbk_utf8_valid(in))
        return dbk_fail(err, DBK_INVALID, "a search is at most %u bytes of text", SEARCH_BYTES_MAX);
    dbk_rc rc = split(words, &w.count, in, err);
    if (rc == DBK_OK)
        rc = quote(&match, words, w.count, err);
    if (rc == DBK_OK)
        rc = dbk_query_index(book, &left, UINT64_MAX, err);
    if (rc == DBK_OK)
        rc = dbk_words_search(book->store, (const char *)match.p, dbk_query_limit(book, limit),
                              search_row, &w, &ended);
    if (w.full)
        rc = DBK_OK;
    else if (ended.rc != DBK_OK)
        rc = dbk_fail(err, rc, "%s", ended.text);
    dbk_bytes_wipe(&match);
    dbk_bytes_wipe(&w.text);
    dbk_bytes_wipe(&w.snippet);
    return rc;
}
