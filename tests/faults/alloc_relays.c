/* The relay by itself: its calls, its start, its check, its copies. An answer other than 200 is a
 * refusal, and nothing was taken. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <unistd.h>

#include "sync/relay/backup.h"
#include "tests/faults/alloc.h"

static char target[160];

/* Made ahead: the request's own memory isn't the relay's. */
static void make(alloc_world *w, const char *method, const char *path, dbk_span body)
{
    const relaykit_request req = { method, path, body, NULL };
    (void)relaykit_status(&w->kit, &w->officer, "POST", "/v1/hello", dbk_span_str("{\"v\":1}"));
    relaykit_make(&w->kit, &w->officer, &w->made, &req);
}

static dbk_rc call(alloc_world *w, dbk_err *err)
{
    dbk_relay_answer a = { 0 };
    dbk_relay_handle(w->kit.relay, &a, &w->made.req);
    dbk_bytes_wipe(&a.body);
    if (a.status == 200)
        return DBK_OK;
    return dbk_fail(err, a.status == 503 ? DBK_NOMEM : DBK_PEER, "it answers %d", a.status);
}

/* Again by a request of its own: the nonce of the one before may be used up. */
static dbk_rc call_again(alloc_world *w, dbk_err *err)
{
    static bool was_called;
    static relaykit_request req;
    if (!was_called) {
        was_called = true;
        req = (relaykit_request){ (const char *)w->made.req.method.p, target, w->made.req.body,
                                  NULL };
        return call(w, err);
    }
    int status = relaykit_status(&w->kit, &w->officer, req.method, req.target, req.body);
    return status == 200 ? DBK_OK : dbk_fail(err, DBK_PEER, "it answers %d", status);
}

static void aim(alloc_world *w, const char *method, const char *path, dbk_span body)
{
    (void)snprintf(target, sizeof(target), "%s", path);
    make(w, method, target, body);
}

static void hello(alloc_world *w)
{
    aim(w, "POST", "/v1/hello", dbk_span_str("{\"v\":1}"));
}

static void push(alloc_world *w)
{
    char path[96];
    const relaykit_segment *s = &w->segment;
    const dbk_sealed item = { dbk_span_of(s->raw, sizeof(s->raw)), dbk_bytes_span(&s->body),
                              false };
    dbk_bytes_truncate(&w->text, 0);
    assert_ok(dbk_push_begin(&w->text, NULL), NULL);
    assert_ok(dbk_push_add(&w->text, &item, NULL), NULL);
    aim(w, "POST", relaykit_space_target(path, &w->kit_space, "segments"),
        dbk_bytes_span(&w->text));
}

static void get(alloc_world *w, const char *tail)
{
    char path[96];
    aim(w, "GET", relaykit_space_target(path, &w->kit_space, tail), (dbk_span){ NULL, 0 });
}

static void range(alloc_world *w)
{
    get(w, "segments?from=0&bytes=9&own=1");
}

static void proof(alloc_world *w)
{
    get(w, "proof?leaf=0&size=1");
}

static void members(alloc_world *w)
{
    aim(w, "GET", "/v1/members?from=0", (dbk_span){ NULL, 0 });
}

static void stopped(alloc_world *w)
{
    relaykit_stop(&w->kit);
}

static dbk_rc begin(alloc_world *w, dbk_err *err)
{
    const dbk_relay_opts opts = { &w->kit.outer, &w->kit.env.env, DBK_WRITER_INLINE,
                                  RELAYKIT_READERS };
    return dbk_relay_open(&w->kit.relay, &opts, err);
}

static dbk_rc check(alloc_world *w, dbk_err *err)
{
    dbk_log log = { 0 };
    dbk_log_report report;
    dbk_rc rc = w->kit.source.open(w->kit.source.self, &log, DBK_LOG_READS, err);
    if (rc == DBK_OK)
        rc = dbk_log_check_deep(&log, &report, err);
    dbk_log_close(&log);
    return rc;
}

static dbk_rc recover(alloc_world *w, dbk_err *err)
{
    dbk_log log = { 0 };
    dbk_rc rc = w->kit.source.open(w->kit.source.self, &log, DBK_LOG_WRITES, err);
    if (rc == DBK_OK)
        rc = dbk_relay_recover(&log, "the disk failed", &w->kit.env.env, err);
    dbk_log_close(&log);
    return rc;
}

static dbk_rc make_log(alloc_world *w, dbk_err *err)
{
    char path[2 * DBK_TEST_PATH_SIZE];
    dbk_log log = { 0 };
    dbk_relay_birth birth;
    (void)snprintf(path, sizeof(path), "%s/new.db", w->folder);
    dbk_log_embedded file = { path, w->kit.db_key };
    const dbk_log_source source = dbk_log_embedded_source(&file);
    (void)unlink(path); /* what the time before left: dbk_home_init begins in a new folder, too */
    dbk_rc rc = dbk_log_embedded_create(&file, err);
    if (rc == DBK_OK)
        rc = source.open(source.self, &log, DBK_LOG_WRITES, err);
    if (rc == DBK_OK)
        rc = dbk_relay_prepare(&birth, &log, &w->kit.env.env, err);
    dbk_log_close(&log);
    return rc;
}

static const alloc_scenario relays[] = {
    { "relay: hello", hello, call_again, ALLOC_RELAY },
    { "relay: a push", push, call_again, ALLOC_CHANGES | ALLOC_RELAY },
    { "relay: a range", range, call_again, ALLOC_RELAY },
    { "relay: a proof", proof, call_again, ALLOC_RELAY },
    { "relay: the chain", members, call_again, ALLOC_RELAY },
    { "relay: start", stopped, begin, ALLOC_RELAY },
    { "relay: a deep check", NULL, check, ALLOC_RELAY },
    { "relay: recover after a restore", stopped, recover, ALLOC_RELAY },
    { "relay: make a log", NULL, make_log, ALLOC_CHANGES | ALLOC_RELAY },
};
const alloc_table alloc_relays = { relays, ARRAY_LEN(relays) };
