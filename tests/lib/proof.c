#include "tests/lib/proof.h"

#include <stdio.h>
#include <string.h>

typedef struct proving {
    proof *p;
    const dbk_id *space;
} proving;

static dbk_rc on_space(void *ctx, const dbk_verified *v, dbk_err *err)
{
    proving *x = ctx;
    (void)err;
    if (dbk_id_equal(&v->space, x->space)) {
        x->p->of = *v;
        x->p->of.vector = NULL;
    }
    return DBK_OK;
}

static dbk_rc on_fault(void *ctx, const char *sentence, dbk_err *err)
{
    proving *x = ctx;
    (void)err;
    if (x->p->faults < PROOF_SENTENCES_MAX)
        (void)snprintf(x->p->sentences[x->p->faults], PROOF_SENTENCE_SIZE, "%s", sentence);
    x->p->faults++;
    return DBK_OK;
}

proof proof_of(dbk_book *book, const dbk_id *space)
{
    dbk_err err = { 0 };
    proof p;
    memset(&p, 0, sizeof(p));
    proving x = { &p, space };
    dbk_verify_sink sink = { on_space, on_fault, NULL, &x };
    p.rc = dbk_verify_book(book, &sink, &err);
    if (p.rc != DBK_OK && p.rc != DBK_DAMAGED)
        (void)fprintf(stderr, "verify: %s\n", err.text);
    return p;
}

proof proof_clean(dbk_book *book, const dbk_id *space)
{
    proof p = proof_of(book, space);
    for (size_t i = 0; i < p.faults && i < PROOF_SENTENCES_MAX; i++)
        (void)fprintf(stderr, "verify: %s\n", p.sentences[i]);
    DBK_ASSERT(p.rc == DBK_OK);
    DBK_ASSERT(p.faults == 0);
    return p;
}

bool proof_says(const proof *p, const char *text)
{
    for (size_t i = 0; i < p->faults && i < PROOF_SENTENCES_MAX; i++)
        if (strstr(p->sentences[i], text) != NULL)
            return true;
    return false;
}

bool proof_equal(const proof *a, const proof *b)
{
    return dbk_hash_equal(&a->of.state_hash, &b->of.state_hash) &&
           dbk_hash_equal(&a->of.vector_hash, &b->of.vector_hash) &&
           a->of.records == b->of.records && a->of.log_size == b->of.log_size;
}
