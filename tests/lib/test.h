/* tests/lib/test.h - include this first in every test: cmocka wants its includes in this order. */
#ifndef DBK_TESTS_LIB_TEST_H
#define DBK_TESTS_LIB_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/err.h"

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* assert_ok(call(..., &err), &err): on failure the test says what the code said. */
#define assert_ok(rc, err) dbk_test_rc((rc), DBK_OK, (err), __FILE__, __LINE__)
/* The same for a call that must fail with exactly this code. */
#define assert_rc(rc, want, err) dbk_test_rc((rc), (want), (err), __FILE__, __LINE__)

static inline void dbk_test_rc(dbk_rc rc, dbk_rc want, const dbk_err *err, const char *file,
                               int line)
{
    if (rc == want)
        return;
    print_error("got code %d, want %d: %s\n", (int)rc, (int)want,
                err != NULL ? err->text : "no text");
    _fail(file, line);
}

#endif
