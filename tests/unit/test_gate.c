#include "tests/lib/test.h"

#include <string.h>

#include "sync/relay/gate.h"

#define LINES_MAX 64u

typedef struct field {
    const char *name, *value;
    size_t value_len; /* 0: the text's */
} field;
/* The head of a proper request; each case changes one thing. */
typedef struct request {
    const char *method, *target, *version;
    field fields[LINES_MAX];
} request;
static const request proper = { "POST",
                                "/v1/hello",
                                "HTTP/1.1",
                                { { "Host", "Relay.example:8443", 0 },
                                  { "Content-Type", "application/json", 0 },
                                  { "Content-Length", "12", 0 } } };

static size_t head_bytes(const request *r)
{
    size_t n = strlen(r->method) + 1 + strlen(r->target) + 1 + strlen(r->version) + 2 + 2;
    for (size_t i = 0; i < LINES_MAX && r->fields[i].name != NULL; i++)
        n += strlen(r->fields[i].name) + 2 + strlen(r->fields[i].value) + 2;
    return n;
}

static bool pass(dbk_gate *g, const request *r, size_t bytes)
{
    dbk_gate_line line = { dbk_span_str(r->method), dbk_span_str(r->target),
                           dbk_span_str(r->version) };
    dbk_gate_begin(g, &line);
    for (size_t i = 0; i < LINES_MAX && r->fields[i].name != NULL; i++) {
        const field *f = &r->fields[i];
        dbk_gate_field(g, dbk_span_str(f->name),
                       dbk_span_of(f->value, f->value_len != 0 ? f->value_len : strlen(f->value)));
    }
    return dbk_gate_end(g, bytes);
}

static void assert_span(dbk_span got, const char *want)
{
    assert_int_equal(got.len, strlen(want));
    assert_memory_equal(got.p, want, got.len);
}

static void a_proper_request_passes_and_its_parts_are_found(void **state)
{
    dbk_gate g;
    request r = { "POST",
                  "/v1/spaces/00/segments?from=1&bytes=2",
                  "HTTP/1.1",
                  { { "hOST", "Relay.example:8443", 0 },
                    { "Content-Type", "application/json", 0 },
                    { "content-length", "12", 0 },
                    { "Content-Digest", "d", 0 },
                    { "Signature-Input", "i", 0 },
                    { "Signature", "s", 0 },
                    { "Daybook-Setup", "c", 0 },
                    { "Accept", "*/*", 0 },
                    { "Accept", "again", 0 },
                    { "Expect", "100-continue", 0 } } };
    (void)state;
    assert_true(pass(&g, &r, head_bytes(&r)));
    assert_span(g.head.method, "POST");
    assert_span(g.head.authority, "relay.example:8443");
    assert_span(g.head.path, "/v1/spaces/00/segments");
    assert_span(g.head.query, "from=1&bytes=2");
    assert_span(g.head.content_type, "application/json");
    assert_span(g.head.digest, "d");
    assert_span(g.head.signature_input, "i");
    assert_span(g.head.signature, "s");
    assert_span(g.head.setup, "c");
    assert_true(g.head.has_body);
    assert_int_equal(g.length, 12);
    assert_true(pass(&g, &r, 0));
}

static void a_get_needs_no_more_than_a_host(void **state)
{
    dbk_gate g;
    request r = { "GET", "/healthz", "HTTP/1.1", { { "Host", "x", 0 } } };
    (void)state;
    assert_true(pass(&g, &r, head_bytes(&r)));
    assert_false(g.head.has_body);
    assert_int_equal(g.head.query.len, 0);
}

static void a_wrong_request_line_is_refused_A32(void **state)
{
    static const struct {
        const char *why, *method, *target, *version;
    } cases[] = {
        { "old version", "POST", "/v1/hello", "HTTP/1.0" },
        { "new version", "POST", "/v1/hello", "HTTP/1.2" },
        { "lower version", "POST", "/v1/hello", "http/1.1" },
        { "no version", "POST", "/v1/hello", "" },
        { "lower method", "post", "/v1/hello", "HTTP/1.1" },
        { "head", "HEAD", "/v1/hello", "HTTP/1.1" },
        { "delete", "DELETE", "/v1/hello", "HTTP/1.1" },
        { "no method", "", "/v1/hello", "HTTP/1.1" },
        { "no target", "POST", "", "HTTP/1.1" },
        { "star", "POST", "*", "HTTP/1.1" },
        { "absolute", "POST", "https://x/v1/hello", "HTTP/1.1" },
        { "authority", "POST", "x:443", "HTTP/1.1" },
        { "percent", "POST", "/v1/h%65llo", "HTTP/1.1" },
        { "space", "POST", "/v1/hello x", "HTTP/1.1" },
        { "tab", "POST", "/v1/hello\t", "HTTP/1.1" },
        { "high byte", "POST", "/v1/hell\xc3\xb6", "HTTP/1.1" },
        { "fragment", "POST", "/v1/hello#x", "HTTP/1.1" },
        { "backslash", "POST", "/v1\\hello", "HTTP/1.1" },
        { "empty query", "POST", "/v1/hello?", "HTTP/1.1" },
        { "two marks", "POST", "/v1/hello?a?b", "HTTP/1.1" },
        { "semicolon", "POST", "/v1/hello;a", "HTTP/1.1" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_gate g;
        request r = proper;
        r.method = cases[i].method;
        r.target = cases[i].target;
        r.version = cases[i].version;
        if (pass(&g, &r, head_bytes(&r)))
            fail_msg("%s passed", cases[i].why);
        assert_null(g.head.path.p);
    }
}

static void a_wrong_field_is_refused_A32(void **state)
{
    static const struct {
        const char *why;
        field add;
    } cases[] = {
        { "chunked", { "Transfer-Encoding", "chunked", 0 } },
        { "identity", { "transfer-encoding", "identity", 0 } },
        { "unknown coding", { "TRANSFER-ENCODING", "xchunked", 0 } },
        { "gzip", { "Content-Encoding", "gzip", 0 } },
        { "trailer", { "Trailer", "x", 0 } },
        { "upgrade", { "Upgrade", "h2c", 0 } },
        { "a bearer token", { "Authorization", "Bearer x", 0 } },
        { "second host", { "Host", "Relay.example:8443", 0 } },
        { "second length", { "content-length", "12", 0 } },
        { "second type", { "Content-Type", "application/json", 0 } },
        { "second connection", { "Connection", "close", 0 } },
        { "other expectation", { "Expect", "202-maybe", 0 } },
        { "space in name", { "Accept ", "x", 0 } },
        { "colon in name", { "Acc:ept", "x", 0 } },
        { "no name", { "", "x", 0 } },
        { "control in name", { "A\x01", "x", 0 } },
        { "high byte in name", { "A\xff", "x", 0 } },
        { "zero byte", { "A", "b\0c", 3 } },
        { "control", { "A", "b\x07", 0 } },
        { "delete byte", { "A", "b\x7f", 0 } },
        { "tab", { "A", "b\tc", 0 } },
        { "line feed", { "A", "b\nc", 0 } },
        { "carriage return", { "A", "b\rc", 0 } },
        { "space before", { "A", " b", 0 } },
        { "space behind", { "A", "b ", 0 } },
        { "empty digest", { "Content-Digest", "", 0 } },
        { "empty signature", { "Signature", "", 0 } },
        { "empty input", { "Signature-Input", "", 0 } },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_gate g;
        request r = proper;
        r.fields[3] = cases[i].add;
        if (strcmp(cases[i].why, "second connection") == 0)
            r.fields[4] = cases[i].add;
        if (pass(&g, &r, 0))
            fail_msg("%s passed", cases[i].why);
        /* Before the others, too. */
        request first = { r.method, r.target, r.version, { cases[i].add } };
        memcpy(&first.fields[1], proper.fields, 4 * sizeof(field));
        if (strcmp(cases[i].why, "second connection") != 0 && pass(&g, &first, 0))
            fail_msg("%s passed as the first", cases[i].why);
    }
}

static void a_wrong_value_of_a_field_that_counts_is_refused_A32(void **state)
{
    static const struct {
        size_t which;
        const char *value;
    } cases[] = {
        { 0, "" },
        { 0, "x/y" },
        { 0, "x y" },
        { 0, "user@x" },
        { 0, "x\xc3\xb6" },
        { 1, "" },
        { 1, "application/json; charset=x" },
        { 2, "" },
        { 2, "+12" },
        { 2, "-12" },
        { 2, "012" },
        { 2, "0x12" },
        { 2, "12, 12" },
        { 2, "1 2" },
        { 2, "99999999999999999999" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_gate g;
        request r = proper;
        r.fields[cases[i].which].value = cases[i].value;
        if (pass(&g, &r, 0))
            fail_msg("%s: '%s' passed", r.fields[cases[i].which].name, cases[i].value);
    }
}

static void a_body_is_stated_where_there_is_one_and_nowhere_else_A32(void **state)
{
    dbk_gate g;
    request r = proper;
    (void)state;
    r.fields[2] = (field){ "Accept", "x", 0 };
    assert_false(pass(&g, &r, 0)); /* POST without a length */
    r = proper;
    r.method = "GET";
    assert_false(pass(&g, &r, 0)); /* GET with one */
    r = proper;
    r.fields[0] = (field){ "Accept", "x", 0 };
    assert_false(pass(&g, &r, 0)); /* no host */
    r = proper;
    r.fields[2].value = "0";
    assert_true(pass(&g, &r, 0)); /* an empty body is one */
    assert_int_equal(g.length, 0);
}

static void the_caps_of_target_fields_and_host_hold_at_the_byte(void **state)
{
    static char target[1100], value[9000], host[300];
    dbk_gate g;
    request r = proper;
    (void)state;
    memset(target, 'a', sizeof(target));
    target[0] = '/';
    target[DBK_GATE_TARGET_BYTES_MAX] = '\0';
    r.target = target;
    assert_true(pass(&g, &r, head_bytes(&r)));
    target[DBK_GATE_TARGET_BYTES_MAX] = 'a';
    target[DBK_GATE_TARGET_BYTES_MAX + 1] = '\0';
    assert_false(pass(&g, &r, head_bytes(&r)));

    r = proper;
    for (size_t i = 3; i < DBK_GATE_FIELDS_MAX; i++)
        r.fields[i] = (field){ "A", "b", 0 };
    assert_true(pass(&g, &r, head_bytes(&r)));
    r.fields[DBK_GATE_FIELDS_MAX] = (field){ "A", "b", 0 };
    assert_false(pass(&g, &r, head_bytes(&r)));

    r = proper;
    size_t line = strlen(r.method) + strlen(r.target) + strlen(r.version) + 6;
    size_t room = DBK_GATE_FIELD_BYTES_MAX - (head_bytes(&r) - line) - 5;
    memset(value, 'v', sizeof(value));
    value[room] = '\0';
    r.fields[3] = (field){ "A", value, 0 };
    assert_int_equal(head_bytes(&r) - line, DBK_GATE_FIELD_BYTES_MAX);
    assert_true(pass(&g, &r, head_bytes(&r)));
    value[room] = 'v';
    value[room + 1] = '\0';
    assert_false(pass(&g, &r, head_bytes(&r)));

    r = proper;
    memset(host, 'h', sizeof(host));
    host[DBK_GATE_HOST_BYTES_MAX] = '\0';
    r.fields[0].value = host;
    assert_true(pass(&g, &r, head_bytes(&r)));
    host[DBK_GATE_HOST_BYTES_MAX] = 'h';
    host[DBK_GATE_HOST_BYTES_MAX + 1] = '\0';
    assert_false(pass(&g, &r, head_bytes(&r)));
}

/* A missing CR, a fold, a doubled space: the library hides them, the head's size doesn't. */
static void a_head_that_is_laid_out_otherwise_is_refused_by_its_size_A32(void **state)
{
    dbk_gate g;
    (void)state;
    for (size_t off = 1; off < 20; off++) {
        assert_false(pass(&g, &proper, head_bytes(&proper) - off));
        assert_false(pass(&g, &proper, head_bytes(&proper) + off));
    }
    assert_true(pass(&g, &proper, head_bytes(&proper)));
}

static void a_proxys_word_about_the_client_stands_once(void **state)
{
    dbk_gate g;
    request r = proper;
    (void)state;
    r.fields[3] = (field){ "X-Real-IP", "192.0.2.7", 0 };
    assert_true(pass(&g, &r, head_bytes(&r)));
    assert_span(g.client, "192.0.2.7");
    r.fields[4] = (field){ "x-real-ip", "192.0.2.8", 0 };
    assert_false(pass(&g, &r, head_bytes(&r)));
    r.fields[4] = (field){ NULL, NULL, 0 };
    r.fields[3].value = "";
    assert_false(pass(&g, &r, head_bytes(&r)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_proper_request_passes_and_its_parts_are_found),
        cmocka_unit_test(a_get_needs_no_more_than_a_host),
        cmocka_unit_test(a_wrong_request_line_is_refused_A32),
        cmocka_unit_test(a_wrong_field_is_refused_A32),
        cmocka_unit_test(a_wrong_value_of_a_field_that_counts_is_refused_A32),
        cmocka_unit_test(a_body_is_stated_where_there_is_one_and_nowhere_else_A32),
        cmocka_unit_test(the_caps_of_target_fields_and_host_hold_at_the_byte),
        cmocka_unit_test(a_head_that_is_laid_out_otherwise_is_refused_by_its_size_A32),
        cmocka_unit_test(a_proxys_word_about_the_client_stands_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
