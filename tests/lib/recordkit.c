#include "tests/lib/test.h"

#include "tests/lib/recordkit.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cbor.h"
#include "core/model/value.h"

record_bench bench;
static dbk_forms *shipped;

int bench_open(void **state)
{
    (void)state;
    return dbk_forms_new(&shipped, NULL) == DBK_OK ? 0 : -1;
}

int bench_close(void **state)
{
    (void)state;
    dbk_forms_free(shipped);
    return 0;
}

dbk_span bench_current(void *ctx, const char *field)
{
    (void)ctx;
    for (size_t i = 0; i < bench.now_count; i++)
        if (strcmp(bench.now[i].field, field) == 0)
            return dbk_bytes_span(&bench.now[i].cbor);
    return dbk_span_of(NULL, 0);
}

void bench_begin(const char *form)
{
    bench.form = dbk_forms_find(shipped, dbk_span_str(form), 0);
    assert_non_null(bench.form);
    bench.now_count = 0;
    bench.opts = (dbk_check_opts){ .form = bench.form, .current = bench_current };
    dbk_change_init(&bench.change);
    bench.problems = (dbk_problems){ 0 };
}

void bench_end(void)
{
    for (size_t i = 0; i < bench.now_count; i++)
        dbk_bytes_wipe(&bench.now[i].cbor);
    bench.now_count = 0;
    dbk_change_wipe(&bench.change);
    dbk_problems_wipe(&bench.problems);
}

void bench_stands(const char *field, const char *json_text)
{
    json_t *json = NULL;
    dbk_bytes *cbor = &bench.now[bench.now_count].cbor;
    assert_true(bench.now_count < BENCH_ARGS_MAX);
    bench.now[bench.now_count++].field = field;
    dbk_bytes_init(cbor, BENCH_TEXT_MAX);
    assert_rc(dbk_json_parse(&json, dbk_span_str(json_text), NULL), DBK_OK, NULL);
    dbk_rc rc = dbk_value_from_json(cbor, dbk_form_field(bench.form, field), json, &bench.problems,
                                    NULL);
    if (rc != DBK_OK)
        fail_msg("%s: %s", field, bench.problems.rows[0].text);
    json_decref(json);
}

/* "field=text" "field:=json" "field+=x" "field+:=x" "field-=x", as the command line reads them. */
dbk_rc bench_check(const char *const *args, size_t count)
{
    static char names[BENCH_ARGS_MAX][100];
    dbk_input inputs[BENCH_ARGS_MAX];
    json_t *json[BENCH_ARGS_MAX] = { NULL };
    dbk_err err = { 0 };
    assert_true(count <= BENCH_ARGS_MAX);
    dbk_change_wipe(&bench.change);
    dbk_problems_wipe(&bench.problems);
    for (size_t i = 0; i < count; i++) {
        size_t len = strcspn(args[i], "=");
        const char *value = args[i] + len + 1;
        inputs[i] = (dbk_input){ .op = DBK_INPUT_SET, .field = names[i] };
        bool is_json = args[i][len - 1] == ':';
        len -= is_json;
        if (args[i][len - 1] == '+' || args[i][len - 1] == '-')
            inputs[i].op = args[i][--len] == '+' ? DBK_INPUT_ADD : DBK_INPUT_REMOVE;
        (void)snprintf(names[i], sizeof(names[i]), "%.*s", (int)len, args[i]);
        if (is_json)
            assert_rc(dbk_json_parse(&json[i], dbk_span_str(value), NULL), DBK_OK, NULL);
        inputs[i].json = json[i];
        inputs[i].text = is_json ? NULL : value;
    }
    dbk_rc rc = dbk_record_check(&bench.change, &bench.problems, &bench.opts, inputs, count, &err);
    for (size_t i = 0; i < count; i++)
        json_decref(json[i]);
    assert_int_equal(rc == DBK_OK, bench.problems.faults == 0 && bench.change.writes_count > 0);
    assert_true(rc == DBK_OK || bench.change.buf.len == 0);
    return rc;
}
/* "set status {...}; add hidden_crime [...]" */
const char *bench_writes(void)
{
    static const char *const names[] = { "?", "set", "add", "remove", "append", "count" };
    size_t len = 0;
    bench.text[0] = '\0';
    for (size_t i = 0; i < bench.change.writes_count; i++) {
        const dbk_write *w = &bench.change.writes[i];
        dbk_bytes json = DBK_BYTES_INIT(BENCH_TEXT_MAX);
        assert_true(w->kind < ARRAY_LEN(names));
        assert_rc(dbk_cbor_check(w->value, NULL), DBK_OK, NULL);
        assert_rc(dbk_value_to_json(&json, w->value, NULL), DBK_OK, NULL);
        assert_null(w->pred);
        len += (size_t)snprintf(bench.text + len, BENCH_TEXT_MAX - len, "%s%s %.*s %.*s",
                                i > 0 ? "; " : "", names[w->kind], (int)w->group.len,
                                (const char *)w->group.p, (int)json.len, (const char *)json.p);
        dbk_bytes_wipe(&json);
    }
    return bench.text;
}

void bench_problem(size_t i, const char *says)
{
    if (i >= bench.problems.count)
        fail_msg("only %zu problems, none says \"%s\"", bench.problems.count, says);
    if (strstr(bench.problems.rows[i].text, says) == NULL)
        fail_msg("problem %zu is \"%s\", not \"%s\"", i, bench.problems.rows[i].text, says);
}

dbk_rc bench_stage(dbk_stage at)
{
    dbk_problems_wipe(&bench.problems);
    dbk_rc rc = dbk_record_check_stage(&bench.problems, bench.form, at, bench_current, NULL, NULL);
    if (at == DBK_STAGE_SIGN)
        assert_int_equal(dbk_record_lacks(bench.form, bench_current, NULL),
                         bench.problems.count > 0);
    return rc;
}
