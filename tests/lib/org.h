/* tests/lib/org.h - books in temporary folders, and a whole organisation of them without a relay:
 * membership entries are handed from book to book as a relay would. Failures stop the test. */
#ifndef DBK_TESTS_LIB_ORG_H
#define DBK_TESTS_LIB_ORG_H

#include "core/daybook.h"
#include "core/store/segments.h"
#include "tests/lib/env.h"

#define DBK_TEST_BOOKS_MAX 8u
#define DBK_TEST_PASSPHRASE "correct horse battery staple nine"

typedef struct dbk_test_book {
    dbk_test_env env;
    char dir[DBK_TEST_PATH_SIZE];
    const char *anchors; /* folder of marks for the next opening; NULL: none are kept */
    dbk_book *book;
} dbk_test_book;
/* A new book that belongs to no organisation. */
void dbk_test_book_make(dbk_test_book *b, uint64_t seed);
/* Closes and opens it again, as the next start of the program does. */
void dbk_test_book_reopen(dbk_test_book *b);
void dbk_test_book_drop(dbk_test_book *b); /* closes, and removes the folder */

/* books[0] is the admin's, with role hq in `space`; the others hold the roles that were asked
 * for. Every book holds the whole chain and the key of `space` ("Op Cedar"). */
typedef struct dbk_test_org {
    dbk_test_book books[DBK_TEST_BOOKS_MAX];
    size_t count;
    dbk_secret *relay; /* signs receipts and checkpoints */
    dbk_relay_card card;
    dbk_id space;
} dbk_test_org;
void dbk_test_org_make(dbk_test_org *org, const dbk_role *roles, size_t roles_count);
void dbk_test_org_drop(dbk_test_org *org);
/* Gives the entry to every book that belongs to the organisation. */
void dbk_test_org_post(dbk_test_org *org, dbk_span entry);
/* A further space with every book in it, in its role. */
dbk_id dbk_test_org_space(dbk_test_org *org, const char *name);

/* The simplest note: form `intervention` (or another), fields as "name=value" or "name:=JSON", NULL
 * ends. */
dbk_id dbk_test_add(dbk_book *book, const dbk_id *space, const char *form,
                    const char *const *fields);
/* The same, with what comes of it. */
dbk_rc dbk_test_try_add(dbk_book *book, dbk_id *record, dbk_problems *problems, const dbk_id *space,
                        const char *form, const char *const *fields);
/* "field=ID", for a field that refers to a record. */
#define DBK_TEST_REF_SIZE 64u
void dbk_test_ref(char out[DBK_TEST_REF_SIZE], const char *field, const dbk_id *id);
/* Is one of the rows of this field, with these words in it? */
bool dbk_test_told(const dbk_problems *problems, const char *field, const char *words);
/* Edits by texts "name=value", "name:=JSON", "name+=value", "name-=value"; NULL ends. */
dbk_rc dbk_test_try_edit(dbk_book *book, dbk_problems *problems, const dbk_id *record,
                         const char *const *fields, dbk_err *err);
void dbk_test_edit(dbk_book *book, const dbk_id *record, const char *const *fields);
/* Hands every segment to every book, as a carried folder does, until nothing is new. */
void dbk_test_org_exchange(dbk_test_org *org);
/* The shown value of a field as text; "" when blank. Borrowed until the fourth next call. */
const char *dbk_test_text(dbk_book *book, const dbk_id *record, const char *field);
dbk_attention dbk_test_attention(dbk_book *book, const dbk_id *record);
dbk_life dbk_test_life(dbk_book *book, const dbk_id *record);
/* Ops of this device in the space, by its feed. */
uint64_t dbk_test_own_ops(dbk_book *book, const dbk_id *space);
/* Spoils the signature of the segment of that status that was stored first: no hash covers it. */
void dbk_test_spoil_signature(dbk_book *book, dbk_segment_status status);
/* dbk_book_check_deep on every book. */
void dbk_test_org_check(dbk_test_org *org);

#endif
