#include "sync/relay/keeper.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "sync/relay/channel.h"
#include "sync/relay/metrics.h"
#include "sync/relay/passage.h"

typedef struct desk {
    const dbk_keeper_opts *opts;
    int channel;
    pthread_t thread;
    dbk_rc rc;
    dbk_err err;
} desk;

/* ---- answering --------------------------------------------------------------------------- */

static dbk_rc handle(const desk *d, const dbk_passage_asked *asked, dbk_err *err)
{
    dbk_relay_answer answer = { 0 };
    dbk_bytes head = DBK_BYTES_INIT(DBK_PASSAGE_HEAD_BYTES_MAX);
    dbk_relay_handle(d->opts->relay, &answer, &asked->request);
    dbk_rc rc = dbk_passage_answer(&head, &answer, err);
    if (rc == DBK_OK)
        rc = dbk_channel_send(d->channel, dbk_bytes_span(&head), dbk_bytes_span(&answer.body), err);
    dbk_bytes_wipe(&answer.body);
    dbk_bytes_wipe(&head);
    return rc;
}

static dbk_rc expect(const desk *d, const dbk_passage_asked *asked, dbk_err *err)
{
    dbk_relay_expects expects = dbk_relay_expect(d->opts->relay, &asked->request);
    dbk_bytes head = DBK_BYTES_INIT(DBK_PASSAGE_HEAD_BYTES_MAX);
    dbk_rc rc = dbk_passage_expects(&head, &expects, err);
    if (rc == DBK_OK)
        rc = dbk_channel_send(d->channel, dbk_bytes_span(&head), dbk_span_of(NULL, 0), err);
    dbk_bytes_wipe(&head);
    return rc;
}

static dbk_rc measure(const desk *d, uint64_t now_ms, dbk_err *err)
{
    const dbk_keeper_opts *o = d->opts;
    dbk_bytes head = DBK_BYTES_INIT(DBK_PASSAGE_HEAD_BYTES_MAX);
    dbk_bytes text = DBK_BYTES_INIT(DBK_METRICS_TEXT_BYTES_MAX);
    dbk_rc done = dbk_relay_measure(o->relay, &text, now_ms, NULL);
    if (done == DBK_OK && o->more != NULL)
        done = o->more(o->ctx, &text, NULL);
    if (done != DBK_OK)
        dbk_bytes_wipe(&text);
    dbk_rc rc = dbk_passage_measured(&head, done, dbk_bytes_span(&text), err);
    if (rc == DBK_OK)
        rc = dbk_channel_send(d->channel, dbk_bytes_span(&head), dbk_bytes_span(&text), err);
    dbk_bytes_wipe(&head);
    dbk_bytes_wipe(&text);
    return rc;
}

static dbk_rc reload(const desk *d, const uint8_t shown[DBK_TLS_PIN_BYTES], dbk_err *err)
{
    const dbk_keeper_opts *o = d->opts;
    dbk_err why = { 0 };
    dbk_passage_reloaded done = { "", { NULL, 0 }, { NULL, 0 } };
    dbk_bytes cert = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX);
    dbk_bytes key = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX);
    dbk_bytes frame = DBK_BYTES_INIT(DBK_PASSAGE_RELOADED_BYTES_MAX);
    if (o->reload != NULL)
        o->reload(o->ctx, shown, &cert, &key, &why);
    else
        (void)dbk_fail(&why, DBK_NOT_FOUND, "there is nothing to read again");
    if (why.rc == DBK_OK) {
        done.cert = dbk_bytes_span(&cert);
        done.key = dbk_bytes_span(&key);
    } else {
        (void)snprintf(done.why, sizeof(done.why), "%s", why.text);
    }
    dbk_rc rc = dbk_passage_reloaded_encode(&frame, &done, err);
    if (rc == DBK_OK)
        rc = dbk_channel_send(d->channel, dbk_bytes_span(&frame), dbk_span_of(NULL, 0), err);
    dbk_bytes_wipe(&cert);
    dbk_bytes_wipe(&key);
    dbk_bytes_wipe(&frame);
    return rc;
}

static dbk_rc answer_one(const desk *d, dbk_span frame, dbk_err *err)
{
    dbk_passage_asked asked;
    dbk_rc rc = dbk_passage_asked_decode(&asked, frame, err);
    if (rc != DBK_OK)
        return rc;
    asked.request.now_ms = d->opts->env->now_ms(d->opts->env->self);
    switch (asked.kind) {
    case DBK_PASSAGE_HANDLE:
        return handle(d, &asked, err);
    case DBK_PASSAGE_EXPECT:
        return expect(d, &asked, err);
    case DBK_PASSAGE_RELOAD:
        return reload(d, asked.pin, err);
    default:
        return measure(d, asked.request.now_ms, err);
    }
}

/* ---- the threads ------------------------------------------------------------------------- */

/* When one channel fails all are shut: there is no half of a front. */
static void shut_all(const dbk_keeper_opts *opts)
{
    for (size_t i = 0; i < opts->channels_count; i++)
        (void)shutdown(opts->channels[i], SHUT_RDWR);
}

static void *desk_main(void *ctx)
{
    desk *d = ctx;
    dbk_bytes frame = DBK_BYTES_INIT(DBK_PASSAGE_ASK_BYTES_MAX);
    while (d->rc == DBK_OK) {
        d->rc = dbk_channel_receive(d->channel, &frame, &d->err);
        if (d->rc == DBK_OK)
            d->rc = answer_one(d, dbk_bytes_span(&frame), &d->err);
        dbk_bytes_wipe(&frame); /* an idle thread holds no body */
    }
    shut_all(d->opts);
    return NULL;
}

static dbk_rc greet(int channel, dbk_err *err)
{
    dbk_bytes frame = DBK_BYTES_INIT(DBK_PASSAGE_HEAD_BYTES_MAX);
    dbk_rc rc = dbk_passage_greet(&frame, DAYBOOK_VERSION, err);
    if (rc == DBK_OK)
        rc = dbk_channel_send(channel, dbk_bytes_span(&frame), dbk_span_of(NULL, 0), err);
    dbk_bytes_wipe(&frame);
    return rc;
}

void dbk_keeper_excuse(int channel, const dbk_err *why)
{
    dbk_bytes frame = DBK_BYTES_INIT(DBK_PASSAGE_HEAD_BYTES_MAX);
    dbk_rc rc = dbk_passage_fail(&frame, why, NULL);
    if (rc == DBK_OK)
        rc = dbk_channel_send(channel, dbk_bytes_span(&frame), dbk_span_of(NULL, 0), NULL);
    (void)rc; /* who isn't there any more needs no excuse */
    dbk_bytes_wipe(&frame);
}

/* A front that ends, whatever it was at, is no failure of ours: nobody waits for the answer. */
static bool is_breach(dbk_rc rc)
{
    return rc != DBK_OK && rc != DBK_NOT_FOUND && rc != DBK_IO;
}

dbk_rc dbk_keeper_serve(const dbk_keeper_opts *opts, dbk_err *err)
{
    size_t started = 0;
    desk *desks = dbk_alloc_array(opts->channels_count, sizeof(*desks));
    dbk_rc rc = desks != NULL ? DBK_OK : dbk_fail(err, DBK_NOMEM, "no memory for the channels");
    while (rc == DBK_OK && started < opts->channels_count) {
        desk *d = &desks[started];
        d->opts = opts;
        d->channel = opts->channels[started];
        if (pthread_create(&d->thread, NULL, desk_main, d) != 0)
            rc = dbk_fail(err, DBK_NOMEM, "no threads for the channels");
        else
            started++;
    }
    if (rc == DBK_OK)
        rc = greet(opts->channels[0], err);
    if (rc != DBK_OK)
        shut_all(opts);
    for (size_t i = 0; i < started; i++) {
        DBK_ASSERT(pthread_join(desks[i].thread, NULL) == 0);
        if (rc == DBK_OK && is_breach(desks[i].rc))
            rc = dbk_fail(err, desks[i].rc, "%s", desks[i].err.text);
    }
    for (size_t i = 0; i < opts->channels_count; i++)
        (void)close(opts->channels[i]);
    dbk_free(desks);
    return rc;
}
