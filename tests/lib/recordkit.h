/* tests/lib/recordkit.h - one record on the bench: a shipped form, what stands, and the change that
 * arguments make of it. There is one bench; bench_end() empties it. */
#ifndef DBK_TESTS_LIB_RECORDKIT_H
#define DBK_TESTS_LIB_RECORDKIT_H

#include "core/model/record.h"

#define BENCH_ARGS_MAX 16u
#define BENCH_TEXT_MAX (256u * 1024u)

typedef struct record_bench {
    const dbk_form *form;
    struct {
        const char *field;
        dbk_bytes cbor;
    } now[BENCH_ARGS_MAX]; /* what the record shows */
    size_t now_count;
    dbk_check_opts opts;
    dbk_change change;
    dbk_problems problems;
    char text[BENCH_TEXT_MAX];
} record_bench;
extern record_bench bench;

/* cmocka's set-up and tear-down of the group: the shipped forms. */
int bench_open(void **state);
int bench_close(void **state);

void bench_begin(const char *form);
void bench_end(void);
/* The record shows this value of a field, as JSON. */
void bench_stands(const char *field, const char *json);
/* "field=text" "field:=json" "field+=x" "field+:=x" "field-=x", as the command line reads them. */
dbk_rc bench_check(const char *const *args, size_t count);
#define CHECK(...)                                    \
    bench_check((const char *const[]){ __VA_ARGS__ }, \
                sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))
/* The change, as "set status {...}; add hidden_crime [...]". */
const char *bench_writes(void);
/* Fails the test unless problem i says it. */
void bench_problem(size_t i, const char *says);
/* What the record lacks for the stage. */
dbk_rc bench_stage(dbk_stage at);
dbk_span bench_current(void *ctx, const char *field);

#endif
