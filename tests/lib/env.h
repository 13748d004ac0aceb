/* tests/lib/env.h - a clock and randomness that tests command, a temporary folder, and a hook that
 * fails the n-th allocation. */
#ifndef DBK_TESTS_LIB_ENV_H
#define DBK_TESTS_LIB_ENV_H

#include "core/base/env.h"
#include "core/base/err.h"
#include "core/model/form.h"

#define DBK_TEST_START_MS UINT64_C(1790000000000) /* 2026-09-21 */
#define DBK_TEST_GUEST_UNTIL_MS (DBK_TEST_START_MS + UINT64_C(7) * 86400000)
#define DBK_TEST_PATH_SIZE 128u

/* Two with the same seed give the same bytes. Every reading of the clock adds step_ms. */
typedef struct dbk_test_env {
    dbk_env env; /* hand out &env; its self is this struct, so don't move it */
    uint64_t now_ms, step_ms;
    uint64_t state;
} dbk_test_env;
void dbk_test_env_init(dbk_test_env *e, uint64_t seed);

/* A new empty folder (mode 0700) under $TMPDIR or /tmp; remove takes everything in it too. */
void dbk_test_dir_make(char path[DBK_TEST_PATH_SIZE]);
void dbk_test_dir_remove(const char *path);
/* "DIR/NAME"; the result is borrowed until the fourth next call. */
const char *dbk_test_path(const char *dir, const char *name);
/* In the place of what has that name. */
void dbk_test_copy_file(const char *to, const char *from);

/* The shipped forms, read once for the program: for the books that a test opens. */
const dbk_forms *dbk_test_forms(void);

/* From now on the n-th allocation (from 1) fails, and every one after it while `sticky`. */
typedef struct dbk_test_alloc {
    uint64_t fail_at, seen;
    int sticky;
} dbk_test_alloc;
void dbk_test_alloc_start(dbk_test_alloc *a);
/* Returns whether the n-th came at all. */
int dbk_test_alloc_stop(dbk_test_alloc *a);

#endif
