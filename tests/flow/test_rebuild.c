/* A store that is lost for ever, without a backup: what had been synced is made again from the
 * relay and those who are left (P1). A relay that is lost is in flow/relay_restored. */
#include "tests/lib/test.h"

#include <string.h>

#include "tests/lib/syncworld.h"

typedef struct rebuild {
    syncworld world;
    sync_device hq, desk, anne, fresh;
    dbk_id space, before;
} rebuild;

/* Headquarters, a second desk of it that is an administrator too, and an officer; all have synced.
 */
static void begin(rebuild *s)
{
    memset(s, 0, sizeof(*s));
    syncworld_open(&s->world);
    sync_device_open(&s->world, &s->hq, "HQ");
    sync_found(&s->hq);
    s->space = sync_space(&s->hq, "Op Cedar");
    sync_device_open(&s->world, &s->desk, "Desk");
    sync_enlist(&s->hq, &s->desk, DBK_ROLE_ADMIN, &s->space);
    sync_device_open(&s->world, &s->anne, "Anne");
    sync_enlist(&s->hq, &s->anne, DBK_ROLE_OFFICER, &s->space);
    s->before = sync_write(&s->anne, &s->space, "Ruth");
    sync_edit(&s->anne, &s->before, "Ruth Orr");
    (void)sync_write(&s->hq, &s->space, "Naomi");
    (void)sync_now(&s->hq);
    (void)sync_now(&s->anne);
    (void)sync_now(&s->hq);
    (void)sync_now(&s->desk);
    sync_device_open(&s->world, &s->fresh, "Fresh");
}

static void end(rebuild *s)
{
    sync_device_close(&s->fresh);
    sync_device_close(&s->desk);
    syncworld_close(&s->world);
}

static void a_lost_device_is_made_again_from_the_relay_P1(void **state)
{
    rebuild s;
    (void)state;
    begin(&s);
    sync_device_close(&s.anne); /* with its folder */
    sync_enlist(&s.hq, &s.fresh, DBK_ROLE_OFFICER, &s.space);
    (void)sync_now(&s.fresh);
    sync_assert_equal(&s.fresh, &s.hq, &s.space);
    /* And the work goes on in it. */
    sync_edit(&s.fresh, &s.before, "Ruth Hale");
    (void)sync_now(&s.fresh);
    (void)sync_now(&s.hq);
    sync_assert_equal(&s.fresh, &s.hq, &s.space);
    sync_device_close(&s.hq);
    end(&s);
}

static void headquarters_goes_on_at_its_second_desk_when_the_founders_is_lost_P1(void **state)
{
    rebuild s;
    (void)state;
    begin(&s);
    sync_held held = sync_verify(&s.hq, &s.space);
    sync_device_close(&s.hq); /* with the root's key */
    (void)sync_now(&s.desk);
    sync_held left = sync_verify(&s.desk, &s.space);
    assert_int_equal(left.ops, held.ops);
    assert_int_equal(left.records, held.records);
    assert_true(dbk_hash_equal(&left.state, &held.state));
    /* An officer's next note reaches it, and whoever it lets in has all. */
    (void)sync_write(&s.anne, &s.space, "Esther");
    (void)sync_now(&s.anne);
    (void)sync_now(&s.desk);
    sync_enlist(&s.desk, &s.fresh, DBK_ROLE_OFFICER, &s.space);
    (void)sync_now(&s.fresh);
    sync_assert_equal(&s.fresh, &s.desk, &s.space);
    sync_assert_equal(&s.fresh, &s.anne, &s.space);
    sync_device_close(&s.anne);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_device_is_made_again_from_the_relay_P1),
        cmocka_unit_test(headquarters_goes_on_at_its_second_desk_when_the_founders_is_lost_P1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
