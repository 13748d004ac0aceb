#include "sync/driver/line.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "core/base/alloc.h"
#include "sync/engine/retry.h"

#define NONCE_NOTE "nonce"
#define CALL_TIMEOUT_MS 120000u

dbk_rc dbk_line_open(dbk_line *line, dbk_book *book, const dbk_transport *t, dbk_err *err)
{
    dbk_err none = { 0 };
    dbk_bytes nonce = DBK_BYTES_INIT(DBK_NONCE_TEXT_MAX);
    memset(line, 0, sizeof(*line));
    line->book = book;
    line->t = t;
    dbk_bytes_init(&line->answer.body, DBK_RESPONSE_BYTES_MAX);
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
    if (line->reached && line->nonce[0] != '\0')
        (void)!dbk_book_note_put(line->book, NONCE_NOTE, dbk_span_str(line->nonce), NULL);
    dbk_bytes_wipe(&line->answer.body);
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

dbk_rc dbk_line_send(dbk_line *line, const dbk_call *call, const char *nonce, dbk_err *err)
{
    dbk_http_signature sig;
    dbk_exchange req = { .method = call->method,
                         .target = call->target,
                         .body = call->body,
                         .has_body = call->has_body,
                         .timeout_ms = CALL_TIMEOUT_MS };
    if (call->has_body)
        add_field(&req, "Content-Type", call->content_type);
    if (call->setup != NULL)
        add_field(&req, "Daybook-Setup", call->setup);
    if (!call->is_unsigned) {
        dbk_rc rc = sign(line, &sig, call, nonce, err);
        if (rc != DBK_OK)
            return rc;
        if (call->has_body)
            add_field(&req, "Content-Digest", sig.digest);
        add_field(&req, "Signature-Input", sig.input);
        add_field(&req, "Signature", sig.signature);
    }
    set_cap(&line->answer.body, call->answer_max);
    dbk_rc rc = line->t->ops->exchange(line->t->self, &line->answer, &req, err);
    line->round_trips++;
    line->sent_bytes += line->answer.sent_bytes;
    line->received_bytes += line->answer.received_bytes;
    if (rc != DBK_OK)
        return rc;
    line->reached = true;
    if (line->answer.nonce[0] != '\0')
        memcpy(line->nonce, line->answer.nonce, sizeof(line->nonce));
    return DBK_OK;
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
                                      .status = line->answer.status,
                                      .fresh_nonce = strcmp(used, line->nonce) != 0,
                                      .retry_after_s = line->answer.retry_after_s,
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
            return dbk_retry_cause(line->answer.status, dbk_bytes_span(&line->answer.body), err);
        }
    }
}
