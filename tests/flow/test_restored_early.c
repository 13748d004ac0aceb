/* A device that met the log of a restored relay before the chain told it of that: between two
 * requests of one sync the root may sign, or the chain's entries may not arrive. */
#include "tests/lib/test.h"

#include "tests/lib/restored.h"

typedef struct early {
    story s;
    bool armed;
} early;

/* When Anne has been greeted the relay is put back and the root signs for that; she pushes into the
 * new log, and hears no more. */
static void meddle(void *ctx, sync_device *d, const dbk_exchange *req, dbk_relay_answer *answer)
{
    early *e = ctx;
    if (!e->armed || d != &e->s.anne || answer->status != 200)
        return;
    if (strcmp(req->target, "/v1/hello") == 0) {
        e->armed = false;
        put_back(&e->s);
        recover_quietly(&e->s);
        e->armed = true;
    } else if (strstr(req->target, "/segments") != NULL) {
        e->armed = false;
        syncworld_fail(&e->s.world, WIRE_LOSES_REQUEST, 1, true);
    }
}

static void a_log_met_before_the_chain_told_of_it_is_left_like_any_other_p1(void **state)
{
    static early e;
    story *s = &e.s;
    dbk_sync_report r;
    dbk_err err = { 0 };
    (void)state;
    begin(s);
    back_up(s);
    put_back(s); /* with nothing in its log: nothing of that stands in the next one */
    recover_quietly(s);
    (void)meet(s, &s->anne);
    write_some(s, &s->ben, 1);
    (void)meet(s, &s->ben);
    back_up(s);
    write_some(s, &s->anne, 1);
    s->world.meddle = meddle;
    s->world.meddle_ctx = &e;
    e.armed = true;
    assert_true(sync_try(&s->anne, &r, &err) != DBK_OK);
    s->world.meddle = NULL;
    syncworld_mend(&s->world);
    assert_int_equal(r.pushed_ops, 1);
    assert_int_equal(dbk_tables_space(&s->anne.book->tables, &s->space)->now.frontier.size, 0);
    (void)meet(s, &s->anne); /* back to the log that the chain knows, and on */
    settle(s);
    back_up(s);
    put_back(s);
    recover_quietly(s);
    (void)meet(s, &s->anne); /* out of the log that she came to twice */
    settle(s);
    expect_held(s, 2);
    end(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_met_before_the_chain_told_of_it_is_left_like_any_other_p1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
