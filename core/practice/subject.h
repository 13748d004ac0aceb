/* core/practice/subject.h - everything that is held on one person, and what of it may be said to
 * them (DPA 2018 ss45, 47; domain.md 2.6): their records, those of everybody who is linked to them,
 * their cases, and each record of whatever form that refers to one of these persons.
 * Knows:  links, shown values, a table of what is withheld and why (subject.json): by form, field
 *         and kind, the first row that fits counts.
 * Never:  wording, writing, files.
 * Withheld is the rule where nobody has said otherwise: a field of words or of ways to reach
 * somebody that no row calls "shown", and one that refers to anybody else. What speaks of a person
 * in words alone isn't found, nor a record of a form that this program doesn't know.
 */
#ifndef DBK_PRACTICE_SUBJECT_H
#define DBK_PRACTICE_SUBJECT_H

#include "core/journal/query.h"

#define DBK_SUBJECT_PERSONS_MAX 64u

#define DBK_SUBJECT_MARK_TABLE(X)                                         \
    X(SHOWN, "shown", "")                                                 \
    X(THIRD_PARTY, "third_party", "about somebody else")                  \
    X(SAFE_CONTACT, "safe_contact", "safe contact")                       \
    X(RESTRICTED, "restricted", "restricted")                             \
    X(INTELLIGENCE, "intelligence", "intelligence")                       \
    X(LEGAL, "legal", "disclosure and legal privilege")                   \
    X(INVESTIGATION, "investigation", "would prejudice an investigation") \
    X(OFFICER, "officer", "about an officer")                             \
    X(FREE_TEXT, "free_text", "words that may name others: read them first")
#define DBK_SUBJECT_MARK_ENUM(name, code, text) DBK_SUBJECT_##name,
typedef enum dbk_subject_mark {
    DBK_SUBJECT_MARK_TABLE(DBK_SUBJECT_MARK_ENUM) DBK_SUBJECT_MARKS
} dbk_subject_mark;
#undef DBK_SUBJECT_MARK_ENUM
const char *dbk_subject_mark_code(dbk_subject_mark mark);
const char *dbk_subject_mark_text(dbk_subject_mark mark);

typedef enum dbk_subject_why {
    DBK_SUBJECT_SELF,
    DBK_SUBJECT_LINKED, /* a record of the same person, by a confirmed link */
    DBK_SUBJECT_CASE,   /* one that they have a part in */
    DBK_SUBJECT_REFERS
} dbk_subject_why;
const char *dbk_subject_why_code(dbk_subject_why why);

typedef struct dbk_subject {
    dbk_book *book; /* borrowed */
    dbk_id persons[DBK_SUBJECT_PERSONS_MAX];
    size_t persons_count; /* [0] is the one that was asked for */
    dbk_id space;         /* the only one that is looked through; zero: every ordinary one */
    struct json_t *table;
} dbk_subject;
/* space NULL: all but restricted spaces, of which nothing counts or shows. DBK_INVALID: no person.
 */
DBK_MUST_CHECK dbk_rc dbk_subject_init(dbk_subject *s, dbk_book *book, const dbk_id *person,
                                       const dbk_id *space, dbk_err *err);
void dbk_subject_wipe(dbk_subject *s);

/* Form by form in the order of their names, those of one form the newest first; also what was taken
 * out of use. The note is freed when fn returns. */
typedef dbk_rc (*dbk_subject_fn)(void *ctx, const dbk_note *note, dbk_subject_why why,
                                 dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_subject_each(dbk_subject *s, dbk_subject_fn fn, void *ctx, dbk_err *err);

/* What of a field of such a record may be said, with its shown value (empty: blank, "shown"). */
DBK_MUST_CHECK dbk_rc dbk_subject_judge(dbk_subject *s, dbk_subject_mark *out, const dbk_note *note,
                                        const dbk_field *field, dbk_span value, dbk_err *err);

#endif
