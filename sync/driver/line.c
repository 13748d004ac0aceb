#include "sync/driver/line.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/alloc.h"
#include "sync/engine/retry.h"

#define NONCE_NOTE "nonce"
#define CALL_TIMEOUT_MS 120000u
#define TARGET_MAX 256u

/* A request as it goes over the wire, with all that it points to but its body. */
typedef struct packed_request {
    dbk_exchange req;
    dbk_http_signature sig;
    char target[TARGET_MAX], nonce[DBK_NONCE_TEXT_MAX + 1];
} packed_request;

struct dbk_ahead {
    pthread_t thread;
    packed_request packed;
    const dbk_transport *t;
    dbk_answer *answer;
    dbk_rc rc;
    dbk_err err;
};

dbk_rc dbk_line_open(dbk_line *line, dbk_book *book, const dbk_transport *t, dbk_err *err)
{
    dbk_err none = { 0 };
    dbk_bytes nonce = DBK_BYTES_INIT(DBK_NONCE_TEXT_MAX);
    memset(line, 0, sizeof(*line));
    line->book = book;
    line->t = t;
    for (size_t i = 0; i < 2; i++)
        dbk_bytes_init(&line->answers[i].body, DBK_RESPONSE_BYTES_MAX);
    dbk_rc rc = dbk_book_note_get(book, NONCE_NOTE, &nonce, &none);
    if (rc == DBK_OK)
        memcpy(line->nonce, nonce.p, nonce.len);
    else if (rc != DBK_NOT_FOUND && rc != DBK_LIMIT)
        rc = dbk_fail(err, rc, "%s", none.text);
    else
        rc = DBK_OK;
    dbk_bytes_wipe(&nonce);
    return rc;
}

void dbk_line_close(dbk_line *line)
{
    dbk_line_settle(line);
    if (line->reached && line->nonce[0] != '\0')
        (void)!dbk_book_note_put(line->book, NONCE_NOTE, dbk_span_str(line->nonce), NULL);
    for (size_t i = 0; i < 2; i++)
        dbk_bytes_wipe(&line->answers[i].body);
}

void dbk_line_target(char out[DBK_LINE_TARGET_SIZE], const dbk_id *space, const char *tail)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_id_hex(hex, space);
    int len = snprintf(out, DBK_LINE_TARGET_SIZE, "/v1/spaces/%s%s", hex, tail);
    DBK_ASSERT(len > 0);
    DBK_ASSERT((size_t)len < DBK_LINE_TARGET_SIZE);
}

dbk_answer *dbk_line_answer(dbk_line *line)
{
    return &line->answers[line->current];
}

void dbk_line_wait(uint32_t ms)
{
    struct timespec left = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000L };
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

/* ---- one request
 * --------------------------------------------------------------------------------- */

static void add_field(dbk_exchange *req, const char *name, const char *value)
{
    DBK_ASSERT(req->fields_count < DBK_HTTP_HEADERS_MAX);
    req->fields[req->fields_count++] = (dbk_http_field){ name, value };
}

static dbk_rc sign(const dbk_line *line, dbk_http_signature *sig, const dbk_call *call,
                   const char *nonce, dbk_err *err)
{
    const dbk_env *env = dbk_book_env(line->book);
    const char *query = strchr(call->target, '?');
    size_t path_len = query != NULL ? (size_t)(query - call->target) : strlen(call->target);
    dbk_http_request req = {
        .method = dbk_span_str(call->method),
        .authority = dbk_span_str(line->t->authority),
        .path = dbk_span_of(call->target, path_len),
        .query = query != NULL ? dbk_span_str(query + 1) : (dbk_span){ NULL, 0 },
        .body = call->body,
        .has_body = call->has_body,
    };
    if (call->has_body)
        req.content_type = dbk_span_str(call->content_type);
    dbk_http_sign_opts opts = { .created_s = env->now_ms(env->self) / 1000,
                                .nonce = nonce,
                                .request_sk = dbk_book_request_key(line->book) };
    return dbk_http_sign(sig, &req, &opts, err);
}

/* The buffer is kept from answer to answer; its cap is each call's own. */
static void set_cap(dbk_bytes *body, size_t max)
{
    if (body->cap > max)
        dbk_bytes_wipe(body);
    body->max = max < DBK_RESPONSE_BYTES_MAX ? max : DBK_RESPONSE_BYTES_MAX;
}

static dbk_rc pack(const dbk_line *line, packed_request *out, const dbk_call *call,
                   const char *nonce, dbk_err *err)
{
    size_t target_len = strlen(call->target), nonce_len = strlen(nonce);
    memset(out, 0, sizeof(*out));
    if (target_len >= sizeof(out->target) || nonce_len >= sizeof(out->nonce))
        return dbk_fail(err, DBK_LIMIT, "a request is too long");
    memcpy(out->target, call->target, target_len + 1);
    memcpy(out->nonce, nonce, nonce_len + 1);
    out->req = (dbk_exchange){ .method = call->method,
                               .target = out->target,
                               .body = call->body,
                               .has_body = call->has_body,
                               .timeout_ms = CALL_TIMEOUT_MS };
    if (call->has_body)
        add_field(&out->req, "Content-Type", call->content_type);
    if (call->setup != NULL)
        add_field(&out->req, "Daybook-Setup", call->setup);
    if (call->is_unsigned)
        return DBK_OK;
    dbk_rc rc = sign(line, &out->sig, call, nonce, err);
    if (rc != DBK_OK)
        return rc;
    if (call->has_body)
        add_field(&out->req, "Content-Digest", out->sig.digest);
    add_field(&out->req, "Signature-Input", out->sig.input);
    add_field(&out->req, "Signature", out->sig.signature);
    return DBK_OK;
}

/* What every answer changes, whoever asked for it. */
static dbk_rc heard(dbk_line *line, const dbk_answer *answer, dbk_rc rc)
{
    line->round_trips++;
    line->sent_bytes += answer->sent_bytes;
    line->received_bytes += answer->received_bytes;
    if (rc != DBK_OK)
        return rc;
    line->reached = true;
    if (answer->nonce[0] != '\0')
        memcpy(line->nonce, answer->nonce, sizeof(line->nonce));
    return DBK_OK;
}

/* ---- ahead ----------------------------------------------------------------------------- */

static void *travel(void *ctx)
{
    struct dbk_ahead *a = ctx;
    a->rc = a->t->ops->exchange(a->t->self, a->answer, &a->packed.req, &a->err);
    return NULL;
}

void dbk_line_ahead(dbk_line *line, const dbk_call *call, const char *nonce)
{
    if (!line->t->is_slow || line->ahead != NULL)
        return;
    struct dbk_ahead *a = dbk_alloc(sizeof(*a));
    if (a == NULL)
        return;
    a->t = line->t;
    a->answer = &line->answers[1 - line->current];
    set_cap(&a->answer->body, call->answer_max);
    if (pack(line, &a->packed, call, nonce, NULL) != DBK_OK ||
        pthread_create(&a->thread, NULL, travel, a) != 0) {
        dbk_free(a);
        return;
    }
    line->ahead = a;
}

static bool is_same(const struct dbk_ahead *a, const dbk_call *call, const char *nonce)
{
    const dbk_exchange *req = &a->packed.req;
    return strcmp(req->method, call->method) == 0 && strcmp(req->target, call->target) == 0 &&
           strcmp(a->packed.nonce, nonce) == 0 && req->has_body == call->has_body &&
           req->body.p == call->body.p && req->body.len == call->body.len;
}

/* Waits for the thread. The answer stands in its place; *rc and *err say how it went. */
static void join(dbk_line *line, dbk_rc *rc, dbk_err *err)
{
    struct dbk_ahead *a = line->ahead;
    DBK_ASSERT(pthread_join(a->thread, NULL) == 0);
    *rc = heard(line, a->answer, a->rc);
    *err = a->err;
    line->ahead = NULL;
    dbk_free(a);
}

void dbk_line_settle(dbk_line *line)
{
    dbk_rc rc;
    dbk_err err;
    if (line->ahead != NULL)
        join(line, &rc, &err);
}

dbk_rc dbk_line_send(dbk_line *line, const dbk_call *call, const char *nonce, dbk_err *err)
{
    packed_request packed;
    if (line->ahead != NULL && is_same(line->ahead, call, nonce)) {
        dbk_rc rc;
        dbk_err why;
        join(line, &rc, &why);
        line->current = 1 - line->current;
        return rc == DBK_OK ? DBK_OK : dbk_fail(err, rc, "%s", why.text);
    }
    dbk_line_settle(line);
    dbk_rc rc = pack(line, &packed, call, nonce, err);
    if (rc != DBK_OK)
        return rc;
    dbk_answer *answer = dbk_line_answer(line);
    set_cap(&answer->body, call->answer_max);
    rc = line->t->ops->exchange(line->t->self, answer, &packed.req, err);
    return heard(line, answer, rc);
}

/* ---- until it counts
 * ----------------------------------------------------------------------------- */

static uint32_t random_word(const dbk_line *line)
{
    uint32_t word;
    const dbk_env *env = dbk_book_env(line->book);
    env->random(env->self, (uint8_t *)&word, sizeof(word));
    return word;
}

dbk_rc dbk_line_ask(dbk_line *line, const dbk_call *call, dbk_err *err)
{
    dbk_tries tries = { 0 };
    for (;;) {
        dbk_err lost = { 0 };
        uint32_t wait_ms;
        char used[DBK_NONCE_TEXT_MAX + 1];
        memcpy(used, line->nonce, sizeof(used));
        bool reached = line->reached;
        dbk_rc rc = dbk_line_send(line, call, used, &lost);
        dbk_retry_outcome outcome = { .answered = rc == DBK_OK,
                                      .reached = reached,
                                      .rc = rc,
                                      .status = dbk_line_answer(line)->status,
                                      .fresh_nonce = strcmp(used, line->nonce) != 0,
                                      .retry_after_s = dbk_line_answer(line)->retry_after_s,
                                      .random = random_word(line) };
        switch (dbk_retry_judge(&tries, &wait_ms, &outcome)) {
        case DBK_VERDICT_TAKE:
            return DBK_OK;
        case DBK_VERDICT_AGAIN:
            break;
        case DBK_VERDICT_WAIT:
            dbk_line_wait(wait_ms);
            break;
        case DBK_VERDICT_REFUSED:
            if (rc != DBK_OK)
                return dbk_fail(err, rc, "%s", lost.text);
            return dbk_retry_cause(dbk_line_answer(line)->status,
                                   dbk_bytes_span(&dbk_line_answer(line)->body), err);
        }
    }
}
