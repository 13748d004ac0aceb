#include "tests/lib/test.h"

#include <string.h>

#include "core/crypto/cell.h"
#include "core/crypto/hash.h"
#include "tests/lib/env.h"

#define VALUE "a value that is nobody else's business"

typedef struct fixture {
    dbk_test_env env;
    dbk_secret *master, *key;
    dbk_bytes cell, out;
} fixture;

static dbk_span place(void)
{
    return dbk_span_str("row 7");
}

static int setup(void **state)
{
    static fixture f;
    dbk_err err = { 0 };
    memset(&f, 0, sizeof(f));
    assert_ok(dbk_crypto_init(&err), &err);
    dbk_test_env_init(&f.env, 11);
    f.cell = (dbk_bytes)DBK_BYTES_INIT(1024);
    f.out = (dbk_bytes)DBK_BYTES_INIT(1024);
    assert_ok(dbk_secret_random(&f.master, 32, &f.env.env, &err), &err);
    assert_ok(dbk_cell_key(&f.key, f.master, &err), &err);
    assert_ok(dbk_cell_close(&f.cell, f.key, place(), dbk_span_str(VALUE), &f.env.env, &err), &err);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    dbk_secret_free(f->master);
    dbk_secret_free(f->key);
    dbk_bytes_wipe(&f->cell);
    dbk_bytes_wipe(&f->out);
    return 0;
}

static dbk_rc open_as(fixture *f, const dbk_secret *key, dbk_span where, dbk_span cell)
{
    return dbk_cell_open(&f->out, key, where, cell, NULL);
}

static void a_value_comes_back_as_it_was(void **state)
{
    fixture *f = *state;
    assert_int_equal(f->cell.len, strlen(VALUE) + DBK_CELL_MORE_BYTES);
    assert_rc(open_as(f, f->key, place(), dbk_bytes_span(&f->cell)), DBK_OK, NULL);
    assert_int_equal(f->out.len, strlen(VALUE));
    assert_memory_equal(f->out.p, VALUE, f->out.len);
    assert_memory_not_equal(f->cell.p + f->cell.len - 16 - f->out.len, VALUE, f->out.len);
}

static void nothing_else_opens_it_M01_M26(void **state)
{
    fixture *f = *state;
    dbk_secret *other = NULL;
    dbk_span whole = dbk_bytes_span(&f->cell);
    assert_rc(dbk_secret_random(&other, 32, &f->env.env, NULL), DBK_OK, NULL);
    assert_rc(open_as(f, other, place(), whole), DBK_AUTH, NULL);
    assert_rc(open_as(f, f->master, place(), whole), DBK_AUTH, NULL);
    assert_rc(open_as(f, f->key, dbk_span_str("row 8"), whole), DBK_AUTH, NULL);
    for (size_t len = 0; len < f->cell.len; len++)
        assert_rc(open_as(f, f->key, place(), dbk_span_of(f->cell.p, len)), DBK_AUTH, NULL);
    for (size_t bit = 0; bit < 8 * f->cell.len; bit++) {
        f->cell.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_rc(open_as(f, f->key, place(), whole), DBK_AUTH, NULL);
        f->cell.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(f->out.len, 0); /* and nothing is left of an attempt */
    dbk_secret_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_value_comes_back_as_it_was, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_else_opens_it_M01_M26, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
