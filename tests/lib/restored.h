/* tests/lib/restored.h - headquarters, two officers and a relay whose backup is put back. */
#ifndef DBK_TESTS_LIB_RESTORED_H
#define DBK_TESTS_LIB_RESTORED_H

#include <string.h>

#include "core/journal/book_internal.h"
#include "tests/lib/syncworld.h"

typedef struct story {
    syncworld world;
    sync_device hq, anne, ben;
    dbk_id space;
} story;

static inline void story_enlist(story *s)
{
    sync_device_open(&s->world, &s->hq, "HQ");
    sync_found(&s->hq);
    s->space = sync_space(&s->hq, "Op Cedar");
    sync_device_open(&s->world, &s->anne, "Anne");
    sync_enlist(&s->hq, &s->anne, DBK_ROLE_OFFICER, &s->space);
    sync_device_open(&s->world, &s->ben, "Ben");
    sync_enlist(&s->hq, &s->ben, DBK_ROLE_OFFICER, &s->space);
}

static inline void begin(story *s)
{
    memset(s, 0, sizeof(*s));
    syncworld_open(&s->world);
    story_enlist(s);
}

static inline void end(story *s)
{
    sync_device_close(&s->ben);
    sync_device_close(&s->anne);
    sync_device_close(&s->hq);
    syncworld_close(&s->world);
}

static inline void check(story *s, sync_device *d)
{
    dbk_err err = { 0 };
    assert_rc(dbk_book_check_deep(d->book, &err), DBK_OK, &err);
    (void)sync_verify(d, &s->space);
}

static inline dbk_sync_report meet(story *s, sync_device *d)
{
    dbk_sync_report r = sync_now(d);
    check(s, d);
    return r;
}

static inline void write_some(story *s, sync_device *d, int count)
{
    for (int i = 0; i < count; i++)
        (void)sync_write(d, &s->space, d->name);
}

/* All have exchanged all: the same ops and records everywhere, and a sound relay. */
static inline void settle(story *s)
{
    sync_device *all[] = { &s->anne, &s->ben, &s->hq, &s->anne, &s->ben };
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        (void)meet(s, all[i]);
    sync_assert_equal(&s->anne, &s->hq, &s->space);
    sync_assert_equal(&s->ben, &s->hq, &s->space);
    (void)relaykit_check(&s->world.kit);
}

static inline void back_up(story *s)
{
    relaykit_backup(&s->world.kit);
    relaykit_start(&s->world.kit);
}

static inline void put_back(story *s)
{
    relaykit_put_back(&s->world.kit);
    relaykit_start(&s->world.kit);
}

static inline void expect_pending(sync_device *d)
{
    dbk_sync_report r;
    dbk_err err = { 0 };
    assert_rc(sync_try(d, &r, &err), DBK_PENDING, &err);
    assert_false(r.relay_restored);
}

/* Headquarters looks, signs, and syncs. */
static inline dbk_recovery_plan recover(story *s)
{
    dbk_recovery_plan plan;
    dbk_err err = { 0 };
    const dbk_recovery_opts opts = { .sign = true };
    assert_ok(dbk_driver_recover(s->hq.book, &s->hq.t, &plan, &opts, &err), &err);
    assert_true(plan.done);
    assert_int_equal(plan.contradictions, 0);
    assert_string_equal(plan.why, "the disk failed");
    return plan;
}

static inline void recover_quietly(story *s)
{
    dbk_recovery_plan plan = recover(s);
    dbk_recovery_plan_wipe(&plan);
    (void)meet(s, &s->hq);
}

static inline void expect_held(story *s, uint64_t records)
{
    sync_held at_hq = sync_verify(&s->hq, &s->space);
    assert_int_equal(at_hq.records, records);
    assert_int_equal(at_hq.ops, records);
    assert_int_equal(at_hq.log_size, records);
}

#endif
