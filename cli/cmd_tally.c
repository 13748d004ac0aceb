/* Counting: tally. Each count is on the disk before the next key is read. */
#include <jansson.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/input.h"
#include "cli/typed.h"

/* One key for each counter, in the form's order. u undoes and q ends. */
#define KEYS "1234567890abcdefghijklmnoprstvwxyz"
#define COUNTERS_MAX (sizeof(KEYS) - 1u)
#define WORD_BYTES_MAX 200u
#define DONE_MAX 4096u /* that u can go back over */

typedef struct counter {
    const dbk_field *field; /* borrowed from the note's form */
    uint64_t count;
} counter;

typedef struct tally {
    cli *c;
    dbk_id record;
    const dbk_form *form;
    counter counters[COUNTERS_MAX];
    size_t counters_count;
    uint8_t done[DONE_MAX]; /* the counters that were counted here, the latest last */
    size_t done_count;
    uint64_t counted, undone, unknown;
} tally;

/* ---- what there is to count ------------------------------------------------------------------ */

static dbk_rc read_counters(tally *t, const dbk_note *note, dbk_err *err)
{
    const dbk_field *fields;
    dbk_reading reading;
    dbk_rc rc = DBK_OK;
    if (note->form == NULL)
        return dbk_fail(err, DBK_VERSION, "the record's form isn't known here");
    size_t count = dbk_form_fields(note->form, &fields);
    dbk_reading_init(&reading, note);
    for (size_t i = 0; rc == DBK_OK && i < count && t->counters_count < COUNTERS_MAX; i++) {
        if (!dbk_tally_counts(note->form, &fields[i]))
            continue;
        counter *one = &t->counters[t->counters_count++];
        one->field = &fields[i];
        rc = dbk_tally_read(&reading, &one->count, fields[i].name, err);
    }
    dbk_reading_wipe(&reading);
    if (rc == DBK_OK && t->counters_count == 0)
        rc = dbk_fail(err, DBK_INVALID, "a %s has nothing to count; a flight has",
                      dbk_form_title(note->form));
    t->form = note->form;
    return rc;
}

static dbk_rc begin(tally *t, cli *c, const char *typed, dbk_err *err)
{
    dbk_note *note = NULL;
    t->c = c;
    dbk_rc rc = cli_record_find(&t->record, c, typed, err);
    if (rc == DBK_OK)
        rc = dbk_query_note(&note, c->book, &t->record, err);
    if (rc == DBK_OK)
        rc = dbk_book_check_write(c->book, &note->space, err);
    if (rc == DBK_OK)
        rc = read_counters(t, note, err);
    dbk_note_free(note);
    return rc;
}

/* ---- counting -------------------------------------------------------------------------------- */

static dbk_rc save(tally *t, const char *field, const char *value, dbk_err *err)
{
    dbk_problems problems = { 0 };
    dbk_input input = { .op = DBK_INPUT_ADD, .field = field, .text = value };
    dbk_edit edit = { .record = t->record, .inputs = &input, .inputs_count = 1 };
    dbk_rc rc = dbk_journal_edit(t->c->book, &problems, &edit, err);
    if (rc != DBK_OK)
        rc = cli_refuse(t->c, rc, "this one was not counted", &problems, err);
    dbk_problems_wipe(&problems);
    return rc;
}

static dbk_rc count_one(tally *t, size_t i, dbk_err *err)
{
    counter *one = &t->counters[i];
    dbk_rc rc = save(t, one->field->name, "1", err);
    if (rc != DBK_OK)
        return rc;
    one->count++;
    t->counted++;
    if (t->done_count == DONE_MAX)
        memmove(t->done, t->done + 1, --t->done_count);
    t->done[t->done_count++] = (uint8_t)i;
    out_note("%s: %llu", one->field->label, (unsigned long long)one->count);
    return DBK_OK;
}

/* Says that one was too many; the count itself only grows. */
static dbk_rc take_back(tally *t, size_t i, dbk_err *err)
{
    counter *one = &t->counters[i];
    if (one->count == 0) {
        out_note("%s: there is none to take back", one->field->label);
        return DBK_OK;
    }
    if (dbk_form_field(t->form, DBK_TALLY_CORRECTIONS) == NULL)
        return dbk_fail(err, DBK_INVALID, "this form has no place to say that one was a mistake");
    dbk_rc rc = save(t, DBK_TALLY_CORRECTIONS, one->field->name, err);
    if (rc != DBK_OK)
        return rc;
    one->count--;
    t->undone++;
    out_note("%s: %llu, one taken back", one->field->label, (unsigned long long)one->count);
    return DBK_OK;
}

static dbk_rc undo(tally *t, dbk_err *err)
{
    if (t->done_count > 0)
        return take_back(t, t->done[--t->done_count], err);
    out_note("nothing was counted here that could be taken back");
    return DBK_OK;
}

/* ---- words ----------------------------------------------------------------------------------- */

static size_t counter_of_key(const tally *t, char key)
{
    const char *at = key == '\0' ? NULL : strchr(KEYS, key);
    size_t i = at == NULL ? COUNTERS_MAX : (size_t)(at - KEYS);
    return i < t->counters_count ? i : COUNTERS_MAX;
}

/* A key, a counter's name, or the beginning of just one name. */
static size_t counter_of_word(const tally *t, dbk_span word)
{
    size_t found = COUNTERS_MAX, matches = 0;
    if (word.len == 1)
        return counter_of_key(t, (char)word.p[0]);
    for (size_t i = 0; i < t->counters_count; i++) {
        dbk_span name = dbk_span_str(t->counters[i].field->name);
        if (dbk_span_equal(word, name))
            return i;
        if (word.len < name.len && memcmp(word.p, name.p, word.len) == 0) {
            found = i;
            matches++;
        }
    }
    return matches == 1 ? found : COUNTERS_MAX;
}

static void say_unknown(tally *t, dbk_span word)
{
    t->unknown++;
    out_note("%s is none of the counters, or begins several: nothing was counted", out_safe(word));
}

static dbk_rc take(tally *t, dbk_span word, dbk_err *err)
{
    bool back = word.len > 1 && word.p[0] == '-';
    if (dbk_span_equal(word, dbk_span_str("u")) || dbk_span_equal(word, dbk_span_str("undo")))
        return undo(t, err);
    if (back)
        word = dbk_span_of(word.p + 1, word.len - 1);
    size_t i = counter_of_word(t, word);
    if (i == COUNTERS_MAX)
        say_unknown(t, word);
    else
        return back ? take_back(t, i, err) : count_one(t, i, err);
    return DBK_OK;
}

static bool ends(dbk_span word)
{
    return dbk_span_equal(word, dbk_span_str("q")) || dbk_span_equal(word, dbk_span_str("quit"));
}

/* ---- the session ----------------------------------------------------------------------------- */

static void say_keys(const tally *t)
{
    for (size_t i = 0; i < t->counters_count; i++)
        out_note("  %c  %-24s %llu", KEYS[i], t->counters[i].field->label,
                 (unsigned long long)t->counters[i].count);
    out_note("  u  take the last one back      q  end");
}

static dbk_rc by_keys(tally *t, dbk_err *err)
{
    bool more = true;
    char key = 0;
    dbk_rc rc = DBK_OK;
    while (rc == DBK_OK) {
        rc = cli_typed_key(&more, &key, err);
        dbk_span word = dbk_span_of(&key, 1);
        if (rc != DBK_OK || !more || ends(word))
            break;
        if (strchr(" \t\r\n", key) == NULL)
            rc = take(t, word, err);
    }
    return rc;
}

static dbk_rc by_words(tally *t, dbk_err *err)
{
    dbk_bytes word = DBK_BYTES_INIT(WORD_BYTES_MAX);
    bool more = true;
    dbk_rc rc = DBK_OK;
    while (rc == DBK_OK) {
        rc = cli_typed_word(&more, &word, err);
        if (rc != DBK_OK || !more || ends(dbk_bytes_span(&word)))
            break;
        rc = take(t, dbk_bytes_span(&word), err);
    }
    dbk_bytes_wipe(&word);
    return rc;
}

static dbk_rc say_totals(const tally *t, dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE];
    dbk_id_uuid(uuid, &t->record);
    if (t->c->format != OUT_JSON) {
        for (size_t i = 0; i < t->counters_count; i++)
            out_text("%-24s %llu\n", t->counters[i].field->label,
                     (unsigned long long)t->counters[i].count);
        return DBK_OK;
    }
    json_t *counters = json_object();
    for (size_t i = 0; i < t->counters_count; i++)
        (void)json_object_set_new(counters, t->counters[i].field->name,
                                  json_integer((json_int_t)t->counters[i].count));
    return out_json_take(json_pack("{s:s, s:I, s:I, s:I, s:o}", "id", uuid, "counted",
                                   (json_int_t)t->counted, "undone", (json_int_t)t->undone,
                                   "unknown", (json_int_t)t->unknown, "counters", counters),
                         err);
}

dbk_rc cmd_tally(cli *c, const cli_args *a, dbk_err *err)
{
    tally t = { 0 };
    dbk_rc rc = begin(&t, c, a->positional[0], err);
    if (rc == DBK_OK && c->format != OUT_JSON)
        say_keys(&t);
    if (rc == DBK_OK) {
        bool keys = cli_typed_keys();
        rc = keys ? by_keys(&t, err) : by_words(&t, err);
        cli_typed_end();
    }
    if (rc == DBK_OK)
        rc = say_totals(&t, err);
    if (rc == DBK_OK && t.unknown > 0)
        rc = dbk_fail(err, DBK_INVALID, "%llu word%s meant no counter; all others were counted",
                      (unsigned long long)t.unknown, t.unknown == 1 ? "" : "s");
    return rc;
}
