#include "sync/relay/front.h"

#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "sync/relay/channel.h"
#include "sync/relay/passage.h"

struct dbk_front {
    pthread_mutex_t lock; /* of the idle channels */
    pthread_cond_t idle;
    int channels[DBK_FRONT_CHANNELS_MAX];
    size_t count;
    int idle_channels[DBK_FRONT_CHANNELS_MAX];
    size_t idle_count;
};

dbk_rc dbk_front_new(dbk_front **out, const int *channels, size_t count, dbk_err *err)
{
    DBK_ASSERT(count >= 1);
    DBK_ASSERT(count <= DBK_FRONT_CHANNELS_MAX);
    dbk_front *f = dbk_alloc(sizeof(*f));
    *out = f;
    if (f == NULL) {
        for (size_t i = 0; i < count; i++)
            (void)close(channels[i]);
        return dbk_fail(err, DBK_NOMEM, "no memory for the channels");
    }
    DBK_ASSERT(pthread_mutex_init(&f->lock, NULL) == 0);
    DBK_ASSERT(pthread_cond_init(&f->idle, NULL) == 0);
    memcpy(f->channels, channels, count * sizeof(channels[0]));
    memcpy(f->idle_channels, channels, count * sizeof(channels[0]));
    f->count = f->idle_count = count;
    return DBK_OK;
}

void dbk_front_free(dbk_front *f)
{
    if (f == NULL)
        return;
    DBK_ASSERT(f->idle_count == f->count);
    for (size_t i = 0; i < f->count; i++)
        (void)close(f->channels[i]);
    (void)pthread_mutex_destroy(&f->lock);
    (void)pthread_cond_destroy(&f->idle);
    dbk_free(f);
}

void dbk_front_wants(dbk_sandbox_wants *out)
{
    *out = (dbk_sandbox_wants){ .answers = true };
}

/* ---- asking ------------------------------------------------------------------------------ */

static int take_channel(dbk_front *f)
{
    DBK_ASSERT(pthread_mutex_lock(&f->lock) == 0);
    while (f->idle_count == 0)
        DBK_ASSERT(pthread_cond_wait(&f->idle, &f->lock) == 0);
    int fd = f->idle_channels[--f->idle_count];
    DBK_ASSERT(pthread_mutex_unlock(&f->lock) == 0);
    return fd;
}

/* What came of a question that failed may still be on its way: the channel is shut, lest the next
 * one takes it for its own answer. Then the keeper ends, and the relay with it. */
static void give_channel(dbk_front *f, int fd, bool is_whole)
{
    if (!is_whole)
        (void)shutdown(fd, SHUT_RDWR);
    DBK_ASSERT(pthread_mutex_lock(&f->lock) == 0);
    f->idle_channels[f->idle_count++] = fd;
    DBK_ASSERT(pthread_cond_signal(&f->idle) == 0);
    DBK_ASSERT(pthread_mutex_unlock(&f->lock) == 0);
}

dbk_rc dbk_front_meet(dbk_front *f, dbk_err *err)
{
    dbk_bytes frame = DBK_BYTES_INIT(DBK_PASSAGE_TEXT_BYTES_MAX + 3);
    dbk_rc rc = dbk_channel_receive(f->channels[0], &frame, err);
    if (rc == DBK_NOT_FOUND)
        rc = dbk_fail(err, DBK_IO, "the process that keeps the log didn't start");
    if (rc == DBK_OK)
        rc = dbk_passage_greeting_decode(DAYBOOK_VERSION, dbk_bytes_span(&frame), err);
    dbk_bytes_wipe(&frame);
    return rc;
}

/* One question and its reply, which the caller wipes. */
static dbk_rc ask(dbk_front *f, dbk_passage_kind kind, const dbk_relay_request *request,
                  dbk_bytes *reply, dbk_err *err)
{
    dbk_bytes head = DBK_BYTES_INIT(DBK_PASSAGE_HEAD_BYTES_MAX);
    const dbk_span body = kind == DBK_PASSAGE_HANDLE ? request->body : dbk_span_of(NULL, 0);
    dbk_bytes_init(reply, DBK_PASSAGE_REPLY_BYTES_MAX);
    dbk_rc rc = dbk_passage_ask(&head, kind, request, err);
    if (rc == DBK_OK) {
        int fd = take_channel(f);
        rc = dbk_channel_send(fd, dbk_bytes_span(&head), body, err);
        if (rc == DBK_OK)
            rc = dbk_channel_receive(fd, reply, err);
        give_channel(f, fd, rc == DBK_OK);
    }
    dbk_bytes_wipe(&head);
    return rc;
}

dbk_rc dbk_front_reload(dbk_front *f, const uint8_t shown[DBK_TLS_PIN_BYTES],
                        dbk_passage_reloaded *out, dbk_bytes *reply, dbk_err *err)
{
    dbk_bytes head = DBK_BYTES_INIT(DBK_PASSAGE_HEAD_BYTES_MAX);
    dbk_bytes_init(reply, DBK_PASSAGE_RELOADED_BYTES_MAX);
    dbk_rc rc = dbk_passage_ask_reload(&head, shown, err);
    if (rc == DBK_OK) {
        int fd = take_channel(f);
        rc = dbk_channel_send(fd, dbk_bytes_span(&head), dbk_span_of(NULL, 0), err);
        if (rc == DBK_OK)
            rc = dbk_channel_receive(fd, reply, err);
        give_channel(f, fd, rc == DBK_OK);
    }
    dbk_bytes_wipe(&head);
    return rc == DBK_OK ? dbk_passage_reloaded_decode(out, dbk_bytes_span(reply), err) : rc;
}

static void front_handle(void *self, dbk_relay_answer *answer, const dbk_relay_request *request)
{
    dbk_bytes reply;
    dbk_rc rc = ask(self, DBK_PASSAGE_HANDLE, request, &reply, NULL);
    if (rc == DBK_OK)
        rc = dbk_passage_answer_decode(answer, dbk_bytes_span(&reply), NULL);
    dbk_bytes_wipe(&reply);
    if (rc != DBK_OK) {
        dbk_relay_refuse(answer, 503, "unavailable");
        answer->retry_after_s = 1;
    }
}

static dbk_relay_expects front_expect(void *self, const dbk_relay_request *head)
{
    dbk_bytes reply;
    dbk_relay_expects expects = { 0, false };
    dbk_rc rc = ask(self, DBK_PASSAGE_EXPECT, head, &reply, NULL);
    if (rc == DBK_OK)
        rc = dbk_passage_expects_decode(&expects, dbk_bytes_span(&reply), NULL);
    dbk_bytes_wipe(&reply);
    /* The body is dropped, and the call itself then says what is wrong. */
    return rc == DBK_OK ? expects : (dbk_relay_expects){ DBK_RELAY_PUSH_BYTES_MAX, false };
}

static dbk_rc front_measure(void *self, dbk_bytes *out, dbk_err *err)
{
    dbk_bytes reply;
    dbk_rc rc = ask(self, DBK_PASSAGE_MEASURE, NULL, &reply, err);
    if (rc == DBK_OK)
        rc = dbk_passage_measured_decode(out, dbk_bytes_span(&reply), err);
    dbk_bytes_wipe(&reply);
    return rc == DBK_NOT_FOUND ? DBK_IO : rc;
}

dbk_service dbk_front_service(dbk_front *f)
{
    return (dbk_service){ front_handle, front_expect, front_measure, f };
}
