/* tests/lib/proof.h - what `verify` says of a book, as a value that tests compare. */
#ifndef DBK_TESTS_LIB_PROOF_H
#define DBK_TESTS_LIB_PROOF_H

#include "core/journal/verify.h"

#define PROOF_SENTENCES_MAX 16u
#define PROOF_SENTENCE_SIZE 256u

typedef struct proof {
    dbk_rc rc;
    dbk_verified of; /* of the space that was asked for; vector is NULL */
    size_t faults;   /* of the whole book */
    char sentences[PROOF_SENTENCES_MAX][PROOF_SENTENCE_SIZE]; /* the first ones */
} proof;
proof proof_of(dbk_book *book, const dbk_id *space);
/* Stops the test, with the sentences, unless nothing is wrong. */
proof proof_clean(dbk_book *book, const dbk_id *space);
/* Does any of the sentences hold this text? */
bool proof_says(const proof *p, const char *text);
/* The same notes, merged to the same records. */
bool proof_equal(const proof *a, const proof *b);

#endif
