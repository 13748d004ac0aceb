#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "tests/lib/relaykit.h"

static dbk_span text(const char *s)
{
    return dbk_span_str(s);
}

static const dbk_span none = { NULL, 0 };
#define HELLO "{\"v\":1}"

/* The status, and that the body is the error word. */
static void refused(relaykit_fixture *f, relaykit_device *d, const relaykit_request *req,
                    int status, const char *word)
{
    dbk_relay_answer a;
    char want[64];
    char got[128];
    int is = relaykit_call(&f->kit, d, &a, req);
    (void)snprintf(want, sizeof(want), "{\"v\":1,\"error\":\"%s\"}", word);
    (void)snprintf(got, sizeof(got), "%.*s", (int)(a.body.len < 100 ? a.body.len : 100),
                   (const char *)a.body.p);
    if (is != status || strcmp(got, want) != 0)
        fail_msg("%s %s: got %d %s, want %d %s", req->method, req->target, is, got, status, want);
    assert_string_equal(a.content_type, "application/json");
    dbk_bytes_wipe(&a.body);
}

/* ---- which call -------------------------------------------------------------------------- */

static void health_is_told_to_anyone_in_one_word(void **state)
{
    relaykit_fixture *f = *state;
    dbk_relay_answer a;
    relaykit_request req = { "GET", "/healthz", none, NULL };
    assert_int_equal(relaykit_send(&f->kit, NULL, &a, &req), 200);
    assert_int_equal(a.body.len, 3);
    assert_memory_equal(a.body.p, "ok\n", 3);
    assert_string_equal(a.nonce, "");
    dbk_bytes_wipe(&a.body);
}

static void a_path_that_is_no_call_is_unknown_whoever_asks(void **state)
{
    static const char *const paths[] = {
        "/",
        "/v1",
        "/v1/",
        "/v1/hello/",
        "/v1/hell",
        "/v1/helloo",
        "//v1/hello",
        "/v2/hello",
        "/v1/spaces/",
        "/v1/spaces//segments",
        "/v1/spaces/00/segments",
        "/v1/spaces/0123456789abcdef0123456789abcdef",
        "/v1/spaces/0123456789abcdef0123456789abcdef/",
        "/v1/spaces/0123456789abcdef0123456789abcdef/segment",
        "/v1/spaces/0123456789abcdef0123456789abcdef/segments/",
        "/v1/spaces/0123456789ABCDEF0123456789abcdef/segments",
        "/v1/spaces/0123456789abcdef0123456789abcdeg/segments",
        "/v1/spaces/0123456789abcdef0123456789abcdef0/segments",
        "/v1/spaces/../healthz",
        "/v1/join/",
        "/v1/join/0123456789abcdef",
        "/v1/join/0123456789abcdef0123456789abcdef/",
        "/metrics",
        "/v1/members/1",
    };
    relaykit_fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        relaykit_request get = { "GET", paths[i], none, NULL };
        relaykit_request post = { "POST", paths[i], text("x"), NULL };
        refused(f, NULL, &get, 404, "unknown");
        refused(f, NULL, &post, 404, "unknown");
    }
    relaykit_request put = { "PUT", "/v1/hello", text("x"), NULL };
    refused(f, NULL, &put, 404, "unknown");
    relaykit_request odd = { "DELETE", "/v1/members", none, NULL };
    refused(f, NULL, &odd, 404, "unknown");
}

static void a_body_or_query_where_none_belongs_is_malformed(void **state)
{
    relaykit_fixture *f = *state;
    const relaykit_request cases[] = {
        { "GET", "/healthz", text("x"), NULL },
        { "GET", "/healthz?a=1", none, NULL },
        { "POST", "/v1/hello", none, NULL },
        { "POST", "/v1/hello?a=1", text(HELLO), NULL },
        { "GET", "/v1/join", text("x"), NULL },
        { "POST", "/v1/org", none, NULL },
        { "GET", "/v1/members?from=0", text("x"), NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        refused(f, NULL, &cases[i], 400, "malformed");
}

static void each_call_caps_its_body_at_the_byte_before_anything_else(void **state)
{
    relaykit_fixture *f = *state;
    static uint8_t body[DBK_RELAY_PUSH_BYTES_MAX + 1];
    const struct {
        const char *method, *path;
        size_t cap;
    } cases[] = {
        { "POST", "/v1/hello", 1024 },
        { "POST", f->path, DBK_RELAY_PUSH_BYTES_MAX },
        { "POST", "/v1/members", DBK_ENTRY_BYTES_MAX },
        { "POST", "/v1/org", DBK_RELAY_GENESIS_BYTES_MAX },
        { "PUT", "/v1/join/0123456789abcdef0123456789abcdef", 1024 },
        { "POST", "/v1/join/0123456789abcdef0123456789abcdef", DBK_RELAY_JOIN_BYTES_MAX },
        { "POST", "/v1/proposals", DBK_ENTRY_BYTES_MAX },
        { "POST", "/v1/proposals/0123456789abcdef0123456789abcdef/decline", 1024 },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_relay_answer a;
        relaykit_request over = {
            cases[i].method, cases[i].path, { body, cases[i].cap + 1 }, NULL
        };
        relaykit_request at = { cases[i].method, cases[i].path, { body, cases[i].cap }, NULL };
        relaykit_made made;
        refused(f, NULL, &over, 413, "too-large");
        assert_int_not_equal(relaykit_send(&f->kit, NULL, &a, &at), 413);
        dbk_bytes_wipe(&a.body);
        relaykit_make(&f->kit, NULL, &made, &at);
        assert_int_equal(dbk_relay_expect(f->kit.relay, &made.req).body_max, cases[i].cap);
    }
}

/* ---- who is let in ----------------------------------------------------------------------- */

static void a_body_is_kept_only_for_a_known_key_with_a_fresh_nonce(void **state)
{
    relaykit_fixture *f = *state;
    relaykit_made made;
    relaykit_request req = { "POST", f->path, text("x"), NULL };
    relaykit_make(&f->kit, NULL, &made, &req);
    assert_false(dbk_relay_expect(f->kit.relay, &made.req).keep);
    relaykit_make(&f->kit, &f->officer, &made, &req);
    assert_false(dbk_relay_expect(f->kit.relay, &made.req).keep); /* no nonce yet */
    (void)relaykit_status(&f->kit, &f->officer, "POST", "/v1/hello", text(HELLO));
    (void)relaykit_status(&f->kit, &f->stranger, "POST", "/v1/hello", text(HELLO));
    relaykit_make(&f->kit, &f->officer, &made, &req);
    assert_true(dbk_relay_expect(f->kit.relay, &made.req).keep);
    relaykit_make(&f->kit, &f->stranger, &made, &req);
    assert_false(dbk_relay_expect(f->kit.relay, &made.req).keep);
}

typedef struct look {
    int status;
    size_t body_len, nonce_len;
    char body[64];
} look;

static look look_at(dbk_relay_answer *a)
{
    look l = { .status = a->status, .body_len = a->body.len, .nonce_len = strlen(a->nonce) };
    assert_true(a->body.len < sizeof(l.body));
    memcpy(l.body, a->body.p, a->body.len);
    assert_int_equal(a->retry_after_s, 0);
    dbk_bytes_wipe(&a->body);
    return l;
}

/* R6, security.md 4.2: unknown, revoked, wrong nonce and wrong signature get one answer. */
static void nobody_learns_from_an_answer_who_is_a_member(void **state)
{
    relaykit_fixture *f = *state;
    relaykit_device gone;
    dbk_bytes entry = { 0 };
    dbk_relay_answer a;
    look looks[4];
    relaykit_made made;
    relaykit_request req = { "POST", "/v1/hello", text(HELLO), NULL };
    relaykit_enrol(&f->kit, &gone, DBK_ROLE_OFFICER);
    assert_int_equal(relaykit_status(&f->kit, &gone, req.method, req.target, req.body), 200);
    assert_int_equal(relaykit_post(&f->kit, relaykit_entry_revoke(&f->kit, &entry, &gone)), 200);
    (void)relaykit_call(&f->kit, &gone, &a, &req);
    looks[0] = look_at(&a);
    (void)relaykit_call(&f->kit, &f->stranger, &a, &req); /* with a nonce that was made for it */
    looks[1] = look_at(&a);
    (void)relaykit_send(&f->kit, &f->officer, &a, &req); /* no nonce */
    looks[2] = look_at(&a);
    relaykit_make(&f->kit, &f->officer, &made, &req);
    char *letter = &made.sig.signature[10];
    *letter = *letter == 'A' ? 'B' : 'A';
    memset(&a, 0, sizeof(a));
    dbk_relay_handle(f->kit.relay, &a, &made.req);
    looks[3] = look_at(&a);
    for (size_t i = 0; i < ARRAY_LEN(looks); i++) {
        assert_int_equal(looks[i].status, 401);
        assert_int_equal(looks[i].nonce_len, DBK_NONCE_TEXT_LEN);
        assert_int_equal(looks[i].body_len, looks[0].body_len);
        assert_memory_equal(looks[i].body, "{\"v\":1,\"error\":\"auth\"}", looks[0].body_len);
    }
    dbk_bytes_wipe(&entry);
    relaykit_device_drop(&gone);
}

static void a_request_works_once_and_not_again_after_a_restart_A22(void **state)
{
    relaykit_fixture *f = *state;
    relaykit_made made;
    dbk_relay_answer a;
    relaykit_request req = { "POST", "/v1/hello", text(HELLO), NULL };
    (void)relaykit_status(&f->kit, &f->officer, req.method, req.target, req.body);
    relaykit_make(&f->kit, &f->officer, &made, &req);
    memset(&a, 0, sizeof(a));
    dbk_relay_handle(f->kit.relay, &a, &made.req);
    assert_int_equal(a.status, 200);
    dbk_bytes_wipe(&a.body);
    dbk_relay_handle(f->kit.relay, &a, &made.req);
    assert_int_equal(a.status, 401);
    dbk_bytes_wipe(&a.body);

    memcpy(f->officer.nonce, a.nonce, sizeof(a.nonce));
    relaykit_make(&f->kit, &f->officer, &made, &req); /* unused so far */
    relaykit_stop(&f->kit);
    relaykit_start(&f->kit);
    dbk_relay_handle(f->kit.relay, &a, &made.req);
    assert_int_equal(a.status, 401);
    dbk_bytes_wipe(&a.body);
    memcpy(f->officer.nonce, a.nonce, sizeof(a.nonce)); /* one answer later all is well */
    assert_int_equal(relaykit_send(&f->kit, &f->officer, &a, &req), 200);
    dbk_bytes_wipe(&a.body);
}

typedef enum change {
    METHOD,
    HOST,
    PATH,
    QUERY,
    BODY,
    BODY_LENGTH,
    TYPE,
    DIGEST,
    INPUT,
    SIGNATURE,
    NO_SIGNATURE,
    NO_DIGEST,
    CHANGES
} change;

static void change_one(relaykit_made *m, change what, const char *other_path)
{
    switch (what) {
    case METHOD:
        m->req.method = text("PUT");
        break;
    case HOST:
        m->req.authority = text("127.0.0.1:8444");
        break;
    case PATH:
        m->req.path = text(other_path);
        break;
    case QUERY:
        m->req.query = text("from=0&bytes=100000");
        break;
    case BODY:
        m->req.body = text("{\"v\":2}");
        break;
    case BODY_LENGTH:
        m->req.body = text("{\"v\":1} ");
        break;
    case TYPE:
        m->req.content_type = text("application/json");
        break;
    case DIGEST:
        m->sig.digest[12] = m->sig.digest[12] == 'A' ? 'B' : 'A';
        break;
    case INPUT:
        m->req.signature_input.len--;
        break;
    case SIGNATURE:
        m->sig.signature[20] = m->sig.signature[20] == 'A' ? 'B' : 'A';
        break;
    case NO_SIGNATURE:
        m->req.signature = none;
        break;
    case NO_DIGEST:
        m->req.digest = none;
        break;
    case CHANGES:
        break;
    }
}

static void a_signed_request_is_good_for_nothing_but_what_was_signed_A22(void **state)
{
    relaykit_fixture *f = *state;
    dbk_relay_answer a;
    const relaykit_request post = { "POST", "/v1/hello", text(HELLO), NULL };
    char target[128];
    (void)snprintf(target, sizeof(target), "%s?from=0&bytes=1000", f->path);
    const relaykit_request get = { "GET", target, none, NULL };
    /* A path that takes a body by either method; PUT wants an admin, once it knows who asks. */
    const relaykit_request either = { "POST", "/v1/join/0123456789abcdef0123456789abcdef",
                                      text("{}"), NULL };
    (void)relaykit_status(&f->kit, &f->officer, "POST", "/v1/hello", text(HELLO));
    for (change what = METHOD; what < CHANGES; what++) {
        relaykit_made made;
        bool of_get = what == QUERY;
        relaykit_make(&f->kit, &f->officer, &made,
                      what == METHOD ? &either
                      : of_get       ? &get
                                     : &post);
        change_one(&made, what, "/v1/members");
        memset(&a, 0, sizeof(a));
        dbk_relay_handle(f->kit.relay, &a, &made.req);
        int want = what == INPUT ? 400 : 401;
        /* Another call wants an admin only after it knows who asks. */
        if (a.status != want)
            fail_msg("change %d: got %d, want %d", (int)what, a.status, want);
        dbk_bytes_wipe(&a.body);
        /* None of these used the nonce up. */
        relaykit_make(&f->kit, &f->officer, &made, of_get ? &get : &post);
        dbk_relay_handle(f->kit.relay, &a, &made.req);
        assert_int_equal(a.status, 200);
        memcpy(f->officer.nonce, a.nonce, sizeof(a.nonce));
        dbk_bytes_wipe(&a.body);
    }
}

static void a_request_signed_by_another_members_key_is_refused(void **state)
{
    relaykit_fixture *f = *state;
    relaykit_device other;
    dbk_relay_answer a;
    relaykit_made mine, theirs;
    relaykit_request req = { "POST", "/v1/hello", text(HELLO), NULL };
    relaykit_enrol(&f->kit, &other, DBK_ROLE_OFFICER);
    (void)relaykit_status(&f->kit, &f->officer, req.method, req.target, req.body);
    memcpy(other.nonce, f->officer.nonce, sizeof(other.nonce));
    relaykit_make(&f->kit, &other, &theirs, &req);
    memset(&a, 0, sizeof(a));
    dbk_relay_handle(f->kit.relay, &a, &theirs.req); /* a nonce that another device got */
    assert_int_equal(a.status, 401);
    dbk_bytes_wipe(&a.body);
    relaykit_make(&f->kit, &f->officer, &mine, &req);
    mine.req.signature = theirs.req.signature;
    dbk_relay_handle(f->kit.relay, &a, &mine.req);
    assert_int_equal(a.status, 401);
    dbk_bytes_wipe(&a.body);
    relaykit_device_drop(&other);
}

static void a_clock_that_is_ten_years_off_still_syncs_A23(void **state)
{
    relaykit_fixture *f = *state;
    const uint64_t right_ms = f->kit.now_ms, ten_years_ms = UINT64_C(3653) * 24 * 3600 * 1000;
    relaykit_request req = { "POST", "/v1/hello", text(HELLO), NULL };
    (void)relaykit_status(&f->kit, &f->officer, req.method, req.target, req.body);
    for (int ahead = 0; ahead < 2; ahead++) {
        relaykit_made made;
        dbk_relay_answer a = { 0 };
        f->kit.now_ms = ahead ? right_ms + ten_years_ms : right_ms - ten_years_ms;
        relaykit_make(&f->kit, &f->officer, &made, &req);
        made.req.now_ms = right_ms; /* the relay's own */
        dbk_relay_handle(f->kit.relay, &a, &made.req);
        assert_int_equal(a.status, 200);
        memcpy(f->officer.nonce, a.nonce, sizeof(a.nonce));
        dbk_bytes_wipe(&a.body);
    }
    f->kit.now_ms = right_ms;
}

static void an_admins_calls_are_denied_to_others(void **state)
{
    relaykit_fixture *f = *state;
    const relaykit_request cases[] = {
        { "POST", "/v1/members", text("x"), NULL },
        { "PUT", "/v1/join/0123456789abcdef0123456789abcdef", text("{}"), NULL },
        { "GET", "/v1/join", none, NULL },
        { "POST", "/v1/proposals", text("x"), NULL },
        { "GET", "/v1/proposals", none, NULL },
        { "POST", "/v1/proposals/0123456789abcdef0123456789abcdef/decline", text("{}"), NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        refused(f, &f->officer, &cases[i], 403, "denied");
}

/* ---- hostile bytes ----------------------------------------------------------------------- */

static void a_malformed_query_is_refused_at_each_call_that_has_one(void **state)
{
    static const char *const queries[] = {
        "?x=1",
        "?from",
        "?from=",
        "?from=-1",
        "?from=01",
        "?from=1&",
        "?&from=1",
        "?from=1&from=1",
        "?from=18446744073709551616",
        "?from=1&size=1&x=1",
        "?FROM=1",
        "?from=1=1",
        "?own=1",
        "?bytes=1",
        "?size=1",
        "?leaf=1",
        "?leaf=0&from=0&size=0",
    };
    relaykit_fixture *f = *state;
    char proof[96], target[160];
    relaykit_space_target(proof, &f->space, "proof");
    const char *const paths[] = { f->path, proof, "/v1/members" };
    for (size_t p = 0; p < ARRAY_LEN(paths); p++) {
        relaykit_request bare = { "GET", paths[p], none, NULL };
        refused(f, &f->officer, &bare, 400, "malformed");
        for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
            (void)snprintf(target, sizeof(target), "%s%s", paths[p], queries[i]);
            relaykit_request req = { "GET", target, none, NULL };
            refused(f, &f->officer, &req, 400, "malformed");
        }
    }
}

static void a_malformed_body_is_refused_at_each_call_that_has_one(void **state)
{
    static const char *const bodies[] = {
        "", "x", "{}", "[]", "{\"v\":1", "{\"v\":1,\"x\":1}", "{\"v\":1,\"v\":1}", "\xff\xfe"
    };
    relaykit_fixture *f = *state;
    const char *const paths[] = { "/v1/hello", f->path };
    for (size_t p = 0; p < ARRAY_LEN(paths); p++) {
        for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
            relaykit_request req = { "POST", paths[p], text(bodies[i]), NULL };
            refused(f, &f->officer, &req, 400, "malformed");
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        relaykit_request entry = { "POST", "/v1/members", text(bodies[i]), NULL };
        relaykit_request open = { "PUT", "/v1/join/0123456789abcdef0123456789abcdef",
                                  text(bodies[i]), NULL };
        relaykit_request propose = { "POST", "/v1/proposals", text(bodies[i]), NULL };
        relaykit_request decline = { "POST",
                                     "/v1/proposals/0123456789abcdef0123456789abcdef/decline",
                                     text(bodies[i]), NULL };
        refused(f, &f->kit.admin, &entry, 400, "malformed");
        refused(f, &f->kit.admin, &open, 400, "malformed");
        refused(f, &f->kit.admin, &propose, 400, "malformed");
        refused(f, &f->kit.admin, &decline, 400, "malformed");
    }
    relaykit_request newer = { "POST", "/v1/hello", text("{\"v\":2}"), NULL };
    refused(f, &f->officer, &newer, 400, "version");
}

static void a_space_that_is_not_ours_and_one_that_is_not_there_look_alike_P3(void **state)
{
    relaykit_fixture *f = *state;
    relaykit_device outsider;
    char hidden[160], absent[160], roster[160];
    char path[96];
    dbk_id nowhere = { { 1, 2, 3 } };
    relaykit_enrol(&f->kit, &outsider, DBK_ROLE_OFFICER);
    (void)snprintf(hidden, sizeof(hidden), "%s?from=0&bytes=9", f->path);
    (void)snprintf(absent, sizeof(absent), "%s?from=0&bytes=9",
                   relaykit_space_target(path, &nowhere, "segments"));
    (void)snprintf(roster, sizeof(roster), "%s?from=0&bytes=9",
                   relaykit_space_target(path, &f->kit.roster_space, "segments"));
    relaykit_request one = { "GET", hidden, none, NULL };
    relaykit_request two = { "GET", absent, none, NULL };
    relaykit_request three = { "GET", roster, none, NULL };
    refused(f, &outsider, &one, 404, "unknown");
    refused(f, &outsider, &two, 404, "unknown");
    refused(f, &outsider, &three, 404, "unknown"); /* it has no log */
    relaykit_request push = { "POST", f->path, text("x"), NULL };
    refused(f, &outsider, &push, 404, "unknown");
    (void)snprintf(hidden, sizeof(hidden), "%s?leaf=0&size=1",
                   relaykit_space_target(path, &f->space, "proof"));
    refused(f, &outsider, &one, 404, "unknown");
    /* The welcome lists nothing either. */
    dbk_relay_answer a;
    dbk_welcome w;
    relaykit_request hello = { "POST", "/v1/hello", text(HELLO), NULL };
    assert_int_equal(relaykit_call(&f->kit, &outsider, &a, &hello), 200);
    assert_ok(dbk_welcome_decode(&w, dbk_bytes_span(&a.body), NULL), NULL);
    assert_int_equal(w.spaces_count, 0);
    dbk_welcome_wipe(&w);
    dbk_bytes_wipe(&a.body);
    relaykit_device_drop(&outsider);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, relaykit_setup, relaykit_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(health_is_told_to_anyone_in_one_word),
        TEST(a_path_that_is_no_call_is_unknown_whoever_asks),
        TEST(a_body_or_query_where_none_belongs_is_malformed),
        TEST(each_call_caps_its_body_at_the_byte_before_anything_else),
        TEST(a_body_is_kept_only_for_a_known_key_with_a_fresh_nonce),
        TEST(nobody_learns_from_an_answer_who_is_a_member),
        TEST(a_request_works_once_and_not_again_after_a_restart_A22),
        TEST(a_signed_request_is_good_for_nothing_but_what_was_signed_A22),
        TEST(a_request_signed_by_another_members_key_is_refused),
        TEST(a_clock_that_is_ten_years_off_still_syncs_A23),
        TEST(an_admins_calls_are_denied_to_others),
        TEST(a_malformed_query_is_refused_at_each_call_that_has_one),
        TEST(a_malformed_body_is_refused_at_each_call_that_has_one),
        TEST(a_space_that_is_not_ours_and_one_that_is_not_there_look_alike_P3),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
