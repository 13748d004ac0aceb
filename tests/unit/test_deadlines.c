/* Absolute deadlines of connections (security.md F6, A31; lesson: a timeout that counts from the
 * last byte ends no drip). Time is an argument; the connections are socket pairs. */
#include "tests/lib/test.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sync/relay/deadlines.h"

#define ROWS 3u
#define START 1000000u

typedef struct pair {
    int ours, peers;
    dbk_connection *row;
} pair;

static pair enter(dbk_deadlines *d, uint64_t now_ms)
{
    int fd[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    pair p = { fd[0], fd[1], dbk_deadlines_enter(d, fd[0], now_ms) };
    return p;
}

static void leave(dbk_deadlines *d, pair *p)
{
    dbk_deadlines_leave(d, p->row);
    (void)close(p->ours);
    (void)close(p->peers);
}

static bool is_cut(const pair *p)
{
    struct pollfd f = { .fd = p->peers, .events = POLLIN };
    return poll(&f, 1, 0) == 1 && (f.revents & (POLLIN | POLLHUP)) != 0;
}

static unsigned swept(dbk_deadlines *d, dbk_stage stage, uint64_t now_ms)
{
    dbk_overdue cut = dbk_deadlines_sweep(d, now_ms);
    unsigned all = 0;
    for (int i = 0; i < DBK_STAGES; i++)
        all += cut.in[i];
    assert_int_equal(all, cut.in[stage]); /* nothing else */
    return all;
}

static dbk_deadlines *opened(void)
{
    dbk_deadlines *d = NULL;
    assert_rc(dbk_deadlines_open(&d, ROWS, NULL), DBK_OK, NULL);
    return d;
}

static void whoever_drips_a_head_is_cut_5_s_after_accept_F6(void **state)
{
    (void)state;
    dbk_deadlines *d = opened();
    pair p = enter(d, START);
    assert_int_equal(write(p.peers, "G", 1), 1); /* a byte buys no time */
    assert_int_equal(swept(d, DBK_STAGE_OPENING, START + 4999), 0);
    assert_false(is_cut(&p));
    assert_int_equal(swept(d, DBK_STAGE_OPENING, START + 5000), 1);
    assert_true(is_cut(&p));
    assert_int_equal(swept(d, DBK_STAGE_OPENING, START + 6000), 0); /* once */
    leave(d, &p);
    dbk_deadlines_close(d);
}

static void a_body_and_an_answer_have_time_by_their_size(void **state)
{
    (void)state;
    static const dbk_stage by_bytes[] = { DBK_STAGE_BODY, DBK_STAGE_ANSWER };
    for (size_t i = 0; i < 2; i++) {
        dbk_deadlines *d = opened();
        pair p = enter(d, START);
        dbk_deadlines_stage(d, p.row, by_bytes[i], 2u * 1024u * 1024u, START + 1000);
        uint64_t end = START + 1000 + 5000 + 128u * 1000u;
        assert_int_equal(swept(d, by_bytes[i], end - 1), 0);
        assert_int_equal(swept(d, by_bytes[i], end), 1);
        leave(d, &p);
        dbk_deadlines_close(d);
    }
}

static void who_waits_for_us_is_not_cut(void **state)
{
    (void)state;
    dbk_deadlines *d = opened();
    pair p = enter(d, START);
    dbk_deadlines_stage(d, p.row, DBK_STAGE_WORK, 0, START + 10);
    assert_int_equal(swept(d, DBK_STAGE_WORK, START + 3600u * 1000u), 0);
    assert_false(is_cut(&p));
    leave(d, &p);
    dbk_deadlines_close(d);
}

static void a_connection_goes_after_ten_minutes_but_not_within_a_request(void **state)
{
    (void)state;
    dbk_deadlines *d = opened();
    pair p = enter(d, START);
    uint64_t end = START + DBK_CONNECTION_LIFE_MS;
    for (uint64_t now = START; now < end - 1000; now += 20000)
        dbk_deadlines_stage(d, p.row, DBK_STAGE_IDLE, 0, now);
    assert_false(dbk_deadlines_old(d, p.row, end - 1));
    assert_true(dbk_deadlines_old(d, p.row, end));
    dbk_deadlines_stage(d, p.row, DBK_STAGE_BODY, 0, end - 10);
    assert_int_equal(swept(d, DBK_STAGE_BODY, end + 10), 0);
    dbk_deadlines_stage(d, p.row, DBK_STAGE_IDLE, 0, end + 10);
    assert_int_equal(swept(d, DBK_STAGE_IDLE, end + 10), 1);
    leave(d, &p);
    dbk_deadlines_close(d);
}

static void what_was_left_is_never_shut_down_and_its_row_is_used_again(void **state)
{
    (void)state;
    dbk_deadlines *d = opened();
    pair held[ROWS];
    for (size_t i = 0; i < ROWS; i++)
        held[i] = enter(d, START);
    pair more = enter(d, START);
    assert_null(more.row);
    dbk_deadlines_leave(d, held[1].row);
    assert_int_equal(swept(d, DBK_STAGE_OPENING, START + 5000), 2);
    assert_true(is_cut(&held[0]) && is_cut(&held[2]));
    assert_false(is_cut(&held[1])); /* its number may be another's by now */
    more.row = dbk_deadlines_enter(d, more.ours, START + 6000);
    assert_non_null(more.row);
    assert_int_equal(swept(d, DBK_STAGE_OPENING, START + 7000), 0);
    held[1].row = NULL;
    for (size_t i = 0; i < ROWS; i++)
        leave(d, &held[i]);
    leave(d, &more);
    dbk_deadlines_close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_drips_a_head_is_cut_5_s_after_accept_F6),
        cmocka_unit_test(a_body_and_an_answer_have_time_by_their_size),
        cmocka_unit_test(who_waits_for_us_is_not_cut),
        cmocka_unit_test(a_connection_goes_after_ten_minutes_but_not_within_a_request),
        cmocka_unit_test(what_was_left_is_never_shut_down_and_its_row_is_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
