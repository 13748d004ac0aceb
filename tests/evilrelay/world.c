#include "tests/lib/test.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/book_internal.h"
#include "sync/relay/relay_calls.h"
#include "tests/evilrelay/mutate.h"

uint64_t evil_random(evil *e, uint64_t below)
{
    e->rng = e->rng * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return below == 0 ? 0 : (e->rng >> 33) % below;
}

void evil_blame(evil *e, const char *rule, const char *fmt, ...)
{
    va_list args;
    if (e->why[0] != '\0')
        return;
    int n = snprintf(e->why, sizeof(e->why), "rule %s: ", rule);
    va_start(args, fmt);
    (void)vsnprintf(e->why + n, sizeof(e->why) - (size_t)n, fmt, args);
    va_end(args);
}

/* ---- notes ------------------------------------------------------------------------------- */

dbk_id evil_write(evil *e, sync_device *d, const dbk_id *space)
{
    char name[64];
    (void)snprintf(name, sizeof(name), EVIL_CANARY " %u", (unsigned)evil_random(e, 100000));
    return sync_write(d, space, name);
}

void evil_batch(evil *e, sync_device *d, const dbk_id *space, unsigned count)
{
    dbk_err err = { 0 };
    dbk_batch *batch = NULL;
    assert_ok(dbk_batch_begin(&batch, d->book, &err), &err);
    for (unsigned i = 0; i < count; i++) {
        char name[64];
        dbk_id record;
        dbk_problems problems = { 0 };
        (void)snprintf(name, sizeof(name), EVIL_CANARY " %u", (unsigned)evil_random(e, 100000));
        const dbk_input input = { .op = DBK_INPUT_SET, .field = "name", .text = name };
        dbk_add add = { .space = *space, .form = "person", .inputs = &input, .inputs_count = 1 };
        assert_ok(dbk_batch_add(batch, &record, &problems, &add, &err), &err);
        dbk_problems_wipe(&problems);
    }
    assert_ok(dbk_batch_flush(batch, &err), &err);
    dbk_batch_end(batch);
}

/* ---- the world --------------------------------------------------------------------------- */

static void grant(evil *e, sync_device *d, const dbk_id *space, dbk_role role)
{
    dbk_err err = { 0 };
    dbk_new_grant g = { *space, dbk_book_device(d->book), role, 0 };
    assert_ok(dbk_driver_grant(e->hq.book, &e->hq.t, &g, &err), &err);
}

static void take_relay_key(evil *e)
{
    relaykit *kit = &e->world.kit;
    dbk_err err = { 0 };
    assert_ok(kit->source.open(kit->source.self, &e->log, DBK_LOG_READS, &err), &err);
    assert_ok(e->log.ops->begin(e->log.self, &err), &err);
    assert_ok(dbk_relay_load_key(&e->relay_sk, &e->log, &err), &err);
    e->log.ops->rollback(e->log.self);
}

void evil_open(evil *e)
{
    memset(e, 0, sizeof(*e));
    e->rng = 7;
    syncworld_open(&e->world);
    syncworld_open(&e->young);
    sync_device_open(&e->world, &e->hq, "hq");
    sync_device_open(&e->world, &e->asha, "asha");
    sync_device_open(&e->world, &e->ben, "ben");
    sync_device_open(&e->world, &e->auditor, "auditor");
    sync_device_open(&e->world, &e->mallory, "mallory");
    sync_device_open(&e->world, &e->fresh, "fresh");
    sync_device_open(&e->young, &e->founder, "founder");
    sync_found(&e->hq);
    e->space = sync_space(&e->hq, "Limelight");
    e->other = sync_space(&e->hq, "Riverside");
    sync_enlist(&e->hq, &e->asha, DBK_ROLE_OFFICER, &e->space);
    sync_enlist(&e->hq, &e->ben, DBK_ROLE_OFFICER, &e->space);
    sync_enlist(&e->hq, &e->auditor, DBK_ROLE_AUDITOR, &e->space);
    sync_enlist(&e->hq, &e->mallory, DBK_ROLE_OFFICER, &e->other);
    grant(e, &e->asha, &e->other, DBK_ROLE_OFFICER);
    take_relay_key(e);
    dbk_test_dir_make(e->folder);
    dbk_bytes_init(&e->invite, DBK_INVITE_TEXT_BYTES_MAX);
    (void)sync_now(&e->asha);
    (void)sync_now(&e->ben);
    (void)sync_now(&e->auditor);
    (void)sync_now(&e->mallory);
    sync_witness(&e->hq);
    (void)evil_write(e, &e->hq, &e->space);
    (void)evil_write(e, &e->hq, &e->other);
    (void)evil_write(e, &e->mallory, &e->other);
    e->record = evil_write(e, &e->ben, &e->space);
    evil_batch(e, &e->ben, &e->space, 5);
    evil_batch(e, &e->ben, &e->space, 3);
    (void)sync_now(&e->hq);
    (void)sync_now(&e->mallory);
    (void)sync_now(&e->ben);
    (void)sync_now(&e->hq); /* and says what it holds */
    e->victim = &e->asha;
    e->world.meddle = e->young.meddle = evil_meddle;
    e->world.meddle_ctx = e->young.meddle_ctx = e;
}

void evil_close(evil *e)
{
    sync_device *all[] = { &e->hq,      &e->asha,  &e->ben,    &e->auditor,
                           &e->mallory, &e->fresh, &e->founder };
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        sync_device_close(all[i]);
    dbk_secret_free(e->relay_sk);
    dbk_log_close(&e->log);
    dbk_bytes_wipe(&e->invite);
    dbk_test_dir_remove(e->folder);
    syncworld_close(&e->young);
    syncworld_close(&e->world);
}

/* ---- judging one call (rule d) ----------------------------------------------------------- */

/* A failure of this device itself is never what a relay's lie may lead to. */
static bool is_local(dbk_rc rc)
{
    return rc == DBK_DAMAGED || rc == DBK_IO || rc == DBK_NOMEM || rc == DBK_FULL ||
           rc == DBK_BUSY || rc == DBK_USAGE || rc == DBK_PASSPHRASE;
}

/* Is it told as what it is? */
static void judge_alarm(evil *e, dbk_rc rc, const dbk_err *err, const char *what)
{
    const evil_mutation *m = e->mutation;
    unsigned told = evil_alarm_of(rc, err->text, (m->calls & CALL_CARRY) != 0);
    e->told++;
    e->alarms |= told;
    if ((m->told & told) == 0)
        evil_blame(e, "d", "wrong alarm: %s: %s: %s", what, dbk_rc_name(rc), err->text);
}

void evil_judge(evil *e, dbk_rc rc, const dbk_err *err, unsigned fired_before, const char *what)
{
    const evil_mutation *m = e->mutation;
    if (rc != DBK_OK && is_local(rc))
        evil_blame(e, "f", "%s: %s: %s", what, dbk_rc_name(rc), err->text);
    else if (rc != DBK_OK && e->fired == 0)
        evil_blame(e, "e", "%s fails without a lie: %s: %s", what, dbk_rc_name(rc), err->text);
    else if (rc != DBK_OK)
        judge_alarm(e, rc, err, what);
    else if (e->fired > fired_before && m->end == END_ALARM)
        evil_blame(e, "d", "%s is silent", what);
}

void evil_sync(evil *e, sync_device *d)
{
    dbk_sync_report report;
    dbk_err err = { 0 };
    unsigned before = e->fired;
    dbk_rc rc = sync_try(d, &report, &err);
    evil_judge(e, rc, &err, before, "sync");
}

/* ---- what is held afterwards ------------------------------------------------------------- */

typedef struct known_segment {
    dbk_id feed;
    uint64_t last_seq;
    dbk_hash hash;
} known_segment;
typedef struct known_set {
    known_segment rows[512];
    size_t count;
    dbk_id author;
    const dbk_book *book;
} known_set;

static dbk_rc know(void *ctx, const dbk_sealed *segment, dbk_err *err)
{
    known_set *s = ctx;
    dbk_header h;
    (void)err;
    if (dbk_header_decode(&h, segment->header, NULL) == DBK_OK && s->count < ARRAY_LEN(s->rows)) {
        dbk_id own = dbk_feed_id(&s->author, &h.space, &h.incarnation);
        if (dbk_id_equal(&own, &h.feed))
            s->rows[s->count++] = (known_segment){ h.feed, dbk_header_last_seq(&h),
                                                   dbk_header_hash(&h) };
    }
    return DBK_OK;
}

typedef struct looking {
    evil *e;
    sync_device *d;
    known_set *set;
    sync_held held[EVIL_SPACES_MAX];
} looking;

static bool is_known(const known_set *s, const dbk_vector_row *row)
{
    for (size_t i = 0; i < s->count; i++)
        if (dbk_id_equal(&s->rows[i].feed, &row->feed) && s->rows[i].last_seq == row->last_seq &&
            dbk_hash_equal(&s->rows[i].hash, &row->head))
            return true;
    return false;
}

static const dbk_id *space_at(const evil *e, size_t i)
{
    const dbk_id *all[EVIL_SPACES_MAX] = { &e->space, &e->other, &e->later };
    return all[i];
}

/* M45: a member has really signed it, only not in its own store; what matters is that nothing of
 * it can be read, on any device. */
static bool is_forged(const evil *e, const dbk_vector_row *row)
{
    dbk_id mallory = dbk_book_device(e->mallory.book);
    return e->mutation != NULL && e->mutation->log == insert_two_key &&
           dbk_id_equal(&row->device, &mallory);
}

static dbk_rc look_space(void *ctx, const dbk_verified *v, dbk_err *err)
{
    looking *l = ctx;
    (void)err;
    for (size_t i = 0; i < EVIL_SPACES_MAX; i++)
        if (dbk_id_equal(&v->space, space_at(l->e, i)))
            l->held[i] = (sync_held){ v->ops,      v->records,    v->segments,
                                      v->log_size, v->state_hash, v->vector_hash };
    for (size_t i = 0; i < v->vector_count; i++)
        if (v->vector[i].last_seq > 0 && !is_forged(l->e, &v->vector[i]) &&
            !is_known(l->set, &v->vector[i]))
            evil_blame(l->e, "b", "%s holds what its author never signed", l->d->name);
    return DBK_OK;
}

static dbk_rc look_fault(void *ctx, const char *sentence, dbk_err *err)
{
    looking *l = ctx;
    (void)err;
    evil_blame(l->e, "b", "%s does not verify: %s", l->d->name, sentence);
    return DBK_OK;
}

/* The oracle: what every honest author's own store says that it signed. */
static void oracle(evil *e, known_set *set)
{
    sync_device *authors[] = { &e->hq, &e->asha, &e->ben, &e->mallory, &e->fresh };
    set->count = 0;
    for (size_t a = 0; a < ARRAY_LEN(authors); a++) {
        set->author = dbk_book_device(authors[a]->book);
        for (size_t i = 0; i < EVIL_SPACES_MAX; i++) {
            dbk_err err = { 0 };
            if (dbk_id_is_zero(space_at(e, i)))
                continue;
            const dbk_outbox_feed all = { .space = *space_at(e, i) };
            dbk_rc rc = dbk_outbox_carry(authors[a]->book, &all, know, set, &err);
            if (rc != DBK_OK && rc != DBK_NOT_FOUND)
                evil_blame(e, "b", "the oracle can't read: %s", err.text);
        }
    }
}

/* Rule b, of one device. */
static looking look(evil *e, sync_device *d, known_set *set)
{
    dbk_err err = { 0 };
    looking l = { .e = e, .d = d, .set = set };
    dbk_verify_sink sink = { .space = look_space, .fault = look_fault, .ctx = &l };
    dbk_rc rc = dbk_verify_book(d->book, &sink, &err);
    if (rc != DBK_OK)
        evil_blame(e, "b", "%s does not verify: %s", d->name, err.text);
    return l;
}

static bool is_same(const sync_held *a, const sync_held *b)
{
    return a->ops == b->ops && a->records == b->records && dbk_hash_equal(&a->state, &b->state) &&
           dbk_hash_equal(&a->vector, &b->vector);
}

/* Each space with those who are in it. */
static void compare(evil *e, known_set *set, bool victim_too)
{
    sync_device *all[] = { &e->hq, &e->asha, &e->ben };
    looking l[3];
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        l[i] = look(e, all[i], set);
    for (size_t i = 0; i < EVIL_SPACES_MAX; i++) {
        for (size_t k = 1; k < ARRAY_LEN(all); k++) {
            if (!victim_too && (all[k] == e->victim || all[0] == e->victim))
                continue;
            if (all[k] == &e->ben && i > 0)
                continue;
            if (!is_same(&l[0].held[i], &l[k].held[i]))
                evil_blame(e, "e", "hq holds %u ops of space %u, %s %u", (unsigned)l[0].held[i].ops,
                           (unsigned)i, all[k]->name, (unsigned)l[k].held[i].ops);
        }
    }
}

/* Rule c: every segment that a receipt was taken for is in the honest relay's log. */
typedef struct finding {
    dbk_hash hash;
    bool found;
} finding;

static dbk_rc find_segment(void *ctx, const dbk_log_segment *s, bool *stop, dbk_err *err)
{
    finding *f = ctx;
    dbk_header h;
    (void)err;
    if (dbk_header_decode(&h, s->header, NULL) == DBK_OK) {
        dbk_hash hash = dbk_header_hash(&h);
        f->found = *stop = dbk_hash_equal(&hash, &f->hash);
    }
    return DBK_OK;
}

static void acked_is_there(evil *e, const known_set *set, sync_device *d)
{
    dbk_position *at = NULL;
    size_t count = 0;
    dbk_err err = { 0 };
    const dbk_log *log = &e->log;
    assert_ok(dbk_outbox_positions(d->book, &at, &count, &err), &err);
    assert_ok(log->ops->begin(log->self, &err), &err);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < set->count; k++) {
            if (!dbk_id_equal(&set->rows[k].feed, &at[i].own_feed) ||
                set->rows[k].last_seq > at[i].own_receipted_seq)
                continue;
            finding f = { set->rows[k].hash, false };
            dbk_log_read read = { 0, find_segment, &f, 0 };
            assert_ok(log->ops->segments_read(log->self, &at[i].space, &read, &err), &err);
            if (!f.found)
                evil_blame(e, "c", "%s counts a note as delivered that nobody has", d->name);
        }
    }
    log->ops->rollback(log->self);
    dbk_free(at);
}

static bool honest_sync(evil *e, sync_device *d)
{
    dbk_sync_report report;
    dbk_err err = { 0 };
    dbk_rc rc = sync_try(d, &report, &err);
    if (rc == DBK_OK)
        return true;
    if (e->mutation != NULL && e->mutation->end == END_VIEWS && d == e->victim)
        judge_alarm(e, rc, &err, "when views met");
    else
        evil_blame(e, "e", "%s can't go on: %s: %s", d->name, dbk_rc_name(rc), err.text);
    return false;
}

void evil_settle(evil *e)
{
    static known_set set;
    sync_device *all[] = { &e->hq, &e->asha, &e->ben, &e->hq, &e->asha, &e->ben, &e->hq };
    bool whole = true;
    e->armed = false;
    if (e->founded)
        return;
    oracle(e, &set);
    (void)look(e, e->victim, &set);
    acked_is_there(e, &set, e->victim);
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        whole = honest_sync(e, all[i]) && whole;
    if (e->joined)
        whole = honest_sync(e, &e->fresh) && whole;
    oracle(e, &set);
    compare(e, &set, whole);
    for (size_t i = 0; i < 3; i++)
        acked_is_there(e, &set, all[i]);
    if (whole && e->joined)
        (void)look(e, &e->fresh, &set);
}
