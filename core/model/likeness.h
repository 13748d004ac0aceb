/* core/model/likeness.h - by what one person's record can be recognised as another's: names, date
 * of birth, phones, email addresses, postcodes; and the keys under which records that may be the
 * same are found without comparing each with each. Pure.
 * Never:  nationality, ethnicity, religion, language or sex: they are no evidence of who one is.
 * Names are of many cultures: in any order, in any script, with or without accents, and spelt by
 * ear. So every token is put into Latin letters without accents by ICU, and beside it stands its
 * skeleton: the consonants, with those in one class that transliterations exchange. Soundex and
 * Double Metaphone follow English spelling, and take apart what other languages hold together. */
#ifndef DBK_MODEL_LIKENESS_H
#define DBK_MODEL_LIKENESS_H

#include "core/model/view.h"

#define DBK_LIKENESS_TOKENS_MAX 16u /* of all names; the rest isn't looked at */
#define DBK_LIKENESS_CONTACTS_MAX 16u
#define DBK_LIKENESS_LINKS_MAX 64u
#define DBK_LIKENESS_TEXT_SIZE 40u
#define DBK_LIKENESS_KEYS_MAX 256u
#define DBK_LIKENESS_KEY_SIZE 64u
#define DBK_LIKENESS_FORM "person"

/* Folds names; one for many records. */
typedef struct dbk_namer dbk_namer;
DBK_MUST_CHECK dbk_rc dbk_namer_new(dbk_namer **out, dbk_err *err);
void dbk_namer_free(dbk_namer *n);
/* A word in Latin letters, lower case, without accents; cut when it is very long. Borrowed until
 * the namer's next call. */
DBK_MUST_CHECK dbk_rc dbk_namer_fold(dbk_namer *n, const char **out, dbk_span word, dbk_err *err);

typedef struct dbk_name_token {
    char text[DBK_LIKENESS_TEXT_SIZE]; /* Latin, lower case, no accents; cut when longer */
    char skeleton[DBK_LIKENESS_TEXT_SIZE];
} dbk_name_token;

typedef enum dbk_contact_kind {
    DBK_CONTACT_PHONE, /* the last digits */
    DBK_CONTACT_EMAIL,
    DBK_CONTACT_POSTCODE
} dbk_contact_kind;

/* What a person said of two records, the last entry of linked_persons about the other. */
typedef enum dbk_link {
    DBK_LINK_NONE,
    DBK_LINK_PROPOSED,
    DBK_LINK_CONFIRMED,
    DBK_LINK_REJECTED
} dbk_link;

typedef struct dbk_likeness {
    dbk_name_token tokens[DBK_LIKENESS_TOKENS_MAX]; /* each once */
    size_t tokens_count;
    char dob[16]; /* "1984-03-02"; of what is only known to the year, "1984"; "" */
    struct {
        dbk_contact_kind kind;
        char text[DBK_LIKENESS_TEXT_SIZE];
    } contacts[DBK_LIKENESS_CONTACTS_MAX];
    size_t contacts_count;
    struct {
        dbk_id person;
        dbk_link link;
    } links[DBK_LIKENESS_LINKS_MAX];
    size_t links_count;
} dbk_likeness;
/* Of a state of form "person"; a state of another form is like nothing. */
DBK_MUST_CHECK dbk_rc dbk_likeness_of(dbk_likeness *out, dbk_namer *n, const dbk_state *state,
                                      const dbk_view_opts *view, dbk_err *err);

typedef struct dbk_likeness_keys {
    char rows[DBK_LIKENESS_KEYS_MAX][DBK_LIKENESS_KEY_SIZE];
    size_t count;
} dbk_likeness_keys;
/* Two names together, a name with a year of birth, a day of birth, and each contact: any of them
 * that two records share makes them worth comparing. A single name alone is too common. */
void dbk_likeness_keys_of(dbk_likeness_keys *out, const dbk_likeness *l);
/* The one key of the records that say something of a link to this person. */
void dbk_likeness_link_key(dbk_likeness_keys *out, const dbk_id *person);

#endif
