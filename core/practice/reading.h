/* core/practice/reading.h - what one record says, as the rules of the work ask it: this field's
 * text, is it that code, which record does it point to.
 * Knows:  the shown values (core/model/view.h): the protective one where officers differ.
 * Never:  wording for people, writing, more than one record.
 * A field that the form doesn't have reads as blank: a rule outlives versions of a form. not_known
 * is no text, no code but "not_known", and no time. */
#ifndef DBK_PRACTICE_READING_H
#define DBK_PRACTICE_READING_H

#include "core/base/cbor.h"
#include "core/journal/query.h"

typedef struct dbk_reading {
    const dbk_note *note; /* borrowed, or its own */
    dbk_note *own;        /* or NULL */
    dbk_bytes scratch;
} dbk_reading;
void dbk_reading_init(dbk_reading *r, const dbk_note *note);
/* Of a record by its id. The caller wipes *r, whatever comes back. open: of one that was listed;
 * find: of one that is referred to. Zero, not held or not to be read here is DBK_OK, and note is
 * NULL. */
DBK_MUST_CHECK dbk_rc dbk_reading_open(dbk_reading *r, dbk_book *book, const dbk_id *record,
                                       dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_reading_find(dbk_reading *r, dbk_book *book, const dbk_id *record,
                                       dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_reading_find_note(dbk_note **out, dbk_book *book, const dbk_id *record,
                                            dbk_err *err);
void dbk_reading_wipe(dbk_reading *r);
/* Every record of a form that may be read here, the newest first; the reading is wiped when fn
 * returns. What isn't DBK_OK stops the walk and is returned. */
typedef dbk_rc (*dbk_reading_fn)(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_reading_each(dbk_book *book, const char *form, dbk_reading_fn fn,
                                       void *ctx, dbk_err *err);

/* The same of those that a list gives. */
DBK_MUST_CHECK dbk_rc dbk_reading_list(dbk_book *book, const dbk_list_opts *opts, dbk_reading_fn fn,
                                       void *ctx, dbk_err *err);
/* The same of records that have a cue. A cue is of any value that stands: fn asks the reading. */
DBK_MUST_CHECK dbk_rc dbk_reading_cued(dbk_book *book, const dbk_cued *ask, dbk_reading_fn fn,
                                       void *ctx, dbk_err *err);

/* What is given back is borrowed until the next call on the same reading. A name is of a field, or
 * of a part of an object: "next_contact.when". */

/* The value's CBOR (core/model/value.h); empty when blank. */
DBK_MUST_CHECK dbk_rc dbk_reading_value(dbk_reading *r, dbk_span *out, const char *name,
                                        dbk_err *err);
/* Texts, codes, dates and times as they are kept; empty when blank, not_known or another kind. */
DBK_MUST_CHECK dbk_rc dbk_reading_text(dbk_reading *r, dbk_span *out, const char *name,
                                       dbk_err *err);
/* Is it this code, or does it hold it? Yes-or-no fields: "yes", "no"; all: "not_known". */
DBK_MUST_CHECK dbk_rc dbk_reading_says(dbk_reading *r, bool *yes, const char *name,
                                       const char *code, dbk_err *err);
/* Of a date the first millisecond of its day, UTC. *there false: blank, not_known, no time. */
DBK_MUST_CHECK dbk_rc dbk_reading_time(dbk_reading *r, bool *there, int64_t *unix_ms,
                                       const char *name, dbk_err *err);
/* The record that a reference points to; zero when blank. */
DBK_MUST_CHECK dbk_rc dbk_reading_ref(dbk_reading *r, dbk_id *out, const char *name, dbk_err *err);

/* Has headquarters written the shown value? What an officer writes of a field that headquarters
 * left blank is only proposed. */
bool dbk_reading_is_hq(const dbk_note *note, const char *name);
/* The entries of a log by dot, each with whether headquarters wrote it; NULL: there are none. */
const dbk_sibling *dbk_reading_log(const dbk_note *note, size_t *count, const char *name);

/* The elements of an array (codes, refs, lists, logs by time), or the value itself, one by one. */
typedef struct dbk_elements {
    dbk_cbor at;
    uint64_t left;
} dbk_elements;
dbk_elements dbk_elements_of(dbk_span value);
bool dbk_elements_next(dbk_elements *e, dbk_span *out);
/* An element, or a member of one (dbk_view_member), as a record's id; zero: it is something else.
 * Its text: dbk_cbor_text_of(). */
dbk_id dbk_element_id(dbk_span value);
bool dbk_element_is(dbk_span value, const char *code);

#endif
