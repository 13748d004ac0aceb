#include "tests/lib/test.h"

#include "tests/lib/opkit.h"

/* What a test says about a state in few words. */
static const dbk_state_group *group(const dbk_state *s, const char *name)
{
    return dbk_state_group_find(s, dbk_span_str(name));
}

/* An edit of one group by an officer who has seen all that the state holds and overwrites all
 * that stands there. */
static void edit_all(dbk_state *s, dbk_dot dot, const char *name, int64_t n)
{
    kit_op k;
    kit_begin(&k, n > 0 ? (dbk_hlc)n : 0);
    kit_write(&k, DBK_WRITE_SET, name, n);
    const dbk_state_group *g = group(s, name);
    for (size_t i = 0; g != NULL && i < g->registers_count; i++)
        kit_pred(&k, g->registers[i].dot);
    kit_seen_all(&k, s, &dot.feed);
    kit_do(s, &k, dot, 'o');
}

/* HQ has seen all and looked. */
static void look(dbk_state *s, dbk_dot dot)
{
    kit_op k;
    kit_begin(&k, 1);
    kit_write(&k, DBK_WRITE_RESOLVE, DBK_GROUP_REVIEW, 0);
    kit_seen_all(&k, s, &dot.feed);
    kit_do(s, &k, dot, 'h');
}

static size_t reviews(const dbk_state *s)
{
    const dbk_review_pair *pairs;
    return dbk_state_reviews(s, &pairs);
}

static void assert_review(const dbk_state *s, size_t i, dbk_dot a, dbk_dot b)
{
    const dbk_review_pair *pairs;
    assert_true(i < dbk_state_reviews(s, &pairs));
    assert_int_equal(dbk_dot_compare(&pairs[i].a, &a), 0);
    assert_int_equal(dbk_dot_compare(&pairs[i].b, &b), 0);
}

static void assert_values(const dbk_state *s, const char *name, size_t count, const int64_t *want)
{
    const dbk_state_group *g = group(s, name);
    assert_int_equal(g == NULL ? 0 : g->registers_count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(kit_number(g->registers[i].value), want[i]);
}
#define assert_group(s, name, ...)                                                     \
    assert_values(s, name, sizeof((const int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t), \
                  (const int64_t[]){ __VA_ARGS__ })

static void an_edit_that_names_what_it_saw_replaces_it(void **state)
{
    dbk_state *s = kit_state();
    (void)state;
    edit_all(s, kit_dot('a', 1), "status", 1);
    edit_all(s, kit_dot('b', 4), "status", 2);
    edit_all(s, kit_dot('a', 9), "status", 3);
    assert_group(s, "status", 3);
    assert_int_equal(reviews(s), 0);
    dbk_state_free(s);
}

static void concurrent_values_are_both_kept_P2(void **state)
{
    dbk_state *s = kit_state();
    (void)state;
    kit_blind(s, kit_dot('b', 1), "status", 2);
    kit_blind(s, kit_dot('a', 1), "status", 1);
    assert_group(s, "status", 1, 2); /* by dot, not by arrival */
    assert_int_equal(reviews(s), 1);
    assert_review(s, 0, kit_dot('a', 1), kit_dot('b', 1));
    dbk_state_free(s);
}

static void a_name_that_comes_before_its_target_waits_for_it(void **state)
{
    dbk_state *s = kit_state();
    kit_op k;
    (void)state;
    kit_begin(&k, 2);
    kit_write(&k, DBK_WRITE_SET, "status", 2);
    kit_pred(&k, kit_dot('a', 5));
    kit_seen(&k, kit_dot('a', 5));
    kit_do(s, &k, kit_dot('b', 1), 'o');
    kit_blind(s, kit_dot('a', 4), "status", 4); /* not the one that was named */
    assert_group(s, "status", 4, 2);
    kit_blind(s, kit_dot('a', 5), "status", 5);
    assert_group(s, "status", 4, 2);
    dbk_state_free(s);
}

static void edit_against_delete_keeps_both_and_asks_lesson_2_20(void **state)
{
    dbk_state *s = kit_state();
    kit_op k;
    (void)state;
    edit_all(s, kit_dot('a', 1), "status", 1);
    kit_begin(&k, 2);
    kit_life(&k, DBK_WRITE_LIFECYCLE, "withdrawn");
    kit_seen(&k, kit_dot('a', 1));
    kit_do(s, &k, kit_dot('b', 1), 'o');
    kit_blind(s, kit_dot('a', 2), "status", 2); /* 'a' hadn't seen the withdrawal */
    assert_group(s, "status", 1, 2);
    assert_int_equal(group(s, DBK_GROUP_LIFECYCLE)->registers_count, 1);
    assert_int_equal(reviews(s), 1);
    assert_review(s, 0, kit_dot('a', 2), kit_dot('b', 1));
    dbk_state_free(s);
}

static void delete_against_delete_and_resurrection_converge_lesson_2_20(void **state)
{
    kit_op ops[4];
    const dbk_dot dots[4] = { kit_dot('a', 1), kit_dot('b', 1), kit_dot('c', 1), kit_dot('a', 2) };
    static const size_t orders[][4] = {
        { 0, 1, 2, 3 }, { 1, 0, 3, 2 }, { 2, 0, 1, 3 }, { 0, 3, 2, 1 }, { 2, 1, 0, 3 }
    };
    dbk_bytes first = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_err err = { 0 };
    (void)state;
    for (size_t i = 0; i < 4; i++)
        kit_begin(&ops[i], 10 + i);
    kit_life(&ops[0], DBK_WRITE_LIFECYCLE, "live");
    kit_life(&ops[1], DBK_WRITE_LIFECYCLE, "withdrawn");
    kit_pred(&ops[1], dots[0]);
    kit_seen(&ops[1], dots[0]);
    kit_life(&ops[2], DBK_WRITE_LIFECYCLE, "withdrawn");
    kit_pred(&ops[2], dots[0]);
    kit_seen(&ops[2], dots[0]);
    kit_life(&ops[3], DBK_WRITE_LIFECYCLE, "live"); /* a brings back what b withdrew */
    kit_pred(&ops[3], dots[1]);
    kit_seen(&ops[3], dots[1]);
    for (size_t o = 0; o < ARRAY_LEN(orders); o++) {
        dbk_state *s = kit_state();
        dbk_bytes now = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
        for (size_t i = 0; i < 4; i++)
            kit_do(s, &ops[orders[o][i]], dots[orders[o][i]], 'o');
        assert_int_equal(group(s, DBK_GROUP_LIFECYCLE)->registers_count, 2);
        assert_int_equal(reviews(s), 2); /* c against a, c against b */
        assert_ok(dbk_state_encode(&now, s, &err), &err);
        if (o == 0)
            assert_ok(dbk_bytes_append(&first, dbk_bytes_span(&now), &err), &err);
        assert_true(dbk_span_equal(dbk_bytes_span(&first), dbk_bytes_span(&now)));
        dbk_bytes_wipe(&now);
        dbk_state_free(s);
    }
    dbk_bytes_wipe(&first);
}

static void an_added_element_survives_a_removal_that_had_not_seen_it(void **state)
{
    dbk_state *s = kit_state();
    kit_op k;
    (void)state;
    kit_begin(&k, 1);
    kit_write(&k, DBK_WRITE_ADD, "markers", 7);
    kit_do(s, &k, kit_dot('a', 1), 'o');
    kit_do(s, &k, kit_dot('b', 1), 'o');
    kit_begin(&k, 2);
    kit_write(&k, DBK_WRITE_REMOVE, "markers", 7);
    kit_pred(&k, kit_dot('a', 1));
    kit_do(s, &k, kit_dot('c', 1), 'o');
    const dbk_state_group *g = group(s, "markers");
    assert_int_equal(g->elements_count, 1);
    assert_int_equal(dbk_dot_compare(&g->elements[0].dot, &(dbk_dot){ kit_id('b'), 1 }), 0);
    kit_begin(&k, 3);
    kit_write(&k, DBK_WRITE_REMOVE, "markers", 8); /* names b's dot, but another element */
    kit_pred(&k, kit_dot('b', 1));
    kit_do(s, &k, kit_dot('c', 2), 'o');
    assert_int_equal(group(s, "markers")->elements_count, 1);
    dbk_state_free(s);
}

static void a_removal_that_comes_first_takes_its_element_only(void **state)
{
    dbk_state *s = kit_state();
    kit_op k;
    (void)state;
    kit_begin(&k, 1);
    kit_write(&k, DBK_WRITE_REMOVE, "markers", 7);
    kit_pred(&k, kit_dot('a', 1));
    kit_do(s, &k, kit_dot('b', 1), 'o');
    assert_null(group(s, "markers"));
    kit_begin(&k, 1);
    kit_write(&k, DBK_WRITE_ADD, "markers", 7);
    kit_write(&k, DBK_WRITE_ADD, "other", 7); /* the same element elsewhere */
    kit_do(s, &k, kit_dot('a', 1), 'o');
    assert_null(group(s, "markers"));
    assert_int_equal(group(s, "other")->elements_count, 1);
    dbk_state_free(s);
}

static void logs_and_counts_only_grow_P1(void **state)
{
    dbk_state *s = kit_state();
    kit_op k;
    (void)state;
    kit_begin(&k, 1);
    kit_write(&k, DBK_WRITE_APPEND, "contacts", 4);
    kit_write(&k, DBK_WRITE_COUNT, "calls", 4);
    kit_do(s, &k, kit_dot('b', 1), 'o');
    kit_do(s, &k, kit_dot('a', 1), 'o');
    kit_do(s, &k, kit_dot('b', 2), 'o');
    assert_int_equal(group(s, "contacts")->entries_count, 3);
    assert_true(group(s, "calls")->has_count);
    assert_int_equal(group(s, "calls")->count, 12);
    kit_begin(&k, 1);
    kit_write(&k, DBK_WRITE_COUNT, "calls", INT64_MAX);
    for (uint64_t i = 2; i < 6; i++)
        kit_do(s, &k, kit_dot('a', i), 'o');
    assert_true(group(s, "calls")->count == UINT64_MAX); /* stops, never wraps */
    assert_int_equal(reviews(s), 0);                     /* nothing here can conflict */
    dbk_state_free(s);
}

static void edits_of_different_groups_that_never_met_ask_for_review_2_16(void **state)
{
    dbk_state *s = kit_state();
    (void)state;
    edit_all(s, kit_dot('a', 1), "name", 1);
    edit_all(s, kit_dot('b', 1), "address", 1);
    assert_int_equal(reviews(s), 0);
    kit_op k;
    kit_begin(&k, 3);
    kit_write(&k, DBK_WRITE_SET, "phone", 1);
    kit_seen(&k, kit_dot('a', 1));
    kit_do(s, &k, kit_dot('c', 1), 'o'); /* hadn't seen b's address */
    assert_int_equal(reviews(s), 1);
    assert_review(s, 0, kit_dot('b', 1), kit_dot('c', 1));
    edit_all(s, kit_dot('b', 2), "address", 2); /* has seen all: only a person clears it */
    assert_int_equal(reviews(s), 1);
    look(s, kit_dot('h', 1));
    assert_int_equal(reviews(s), 0);
    dbk_state_free(s);
}

static void a_look_clears_what_it_saw_and_nothing_later(void **state)
{
    dbk_state *s = kit_state();
    kit_op k;
    (void)state;
    kit_blind(s, kit_dot('a', 1), "name", 1);
    kit_blind(s, kit_dot('b', 1), "name", 2);
    look(s, kit_dot('h', 1));
    assert_int_equal(reviews(s), 0);
    kit_blind(s, kit_dot('a', 2), "name", 3); /* a still hadn't seen b's */
    assert_int_equal(reviews(s), 1);
    assert_review(s, 0, kit_dot('a', 2), kit_dot('b', 1));
    kit_begin(&k, 1); /* an officer's look is no look */
    kit_write(&k, DBK_WRITE_RESOLVE, DBK_GROUP_REVIEW, 0);
    kit_seen_all(&k, s, &(dbk_id){ { 'c' } });
    kit_do(s, &k, kit_dot('c', 1), 'o');
    assert_int_equal(reviews(s), 1);
    dbk_state_free(s);
}

static void a_look_that_comes_before_what_it_saw_clears_it_too(void **state)
{
    dbk_state *s = kit_state();
    kit_op k;
    (void)state;
    kit_blind(s, kit_dot('a', 1), "name", 1);
    kit_begin(&k, 1);
    kit_write(&k, DBK_WRITE_RESOLVE, DBK_GROUP_REVIEW, 0);
    kit_seen(&k, kit_dot('a', 1));
    kit_seen(&k, kit_dot('b', 1));
    kit_do(s, &k, kit_dot('h', 1), 'h');
    kit_blind(s, kit_dot('b', 1), "name", 2);
    assert_int_equal(reviews(s), 0);
    kit_blind(s, kit_dot('b', 2), "name", 3);
    assert_int_equal(reviews(s), 1);
    dbk_state_free(s);
}

static void the_same_resolution_twice_never_conflicts_2_14(void **state)
{
    dbk_state *s = kit_state();
    kit_op k;
    (void)state;
    kit_blind(s, kit_dot('a', 1), "name", 1);
    kit_blind(s, kit_dot('b', 1), "name", 2);
    kit_decide(&k, 2);
    kit_do(s, &k, kit_dot('h', 1), 'h');
    assert_int_equal(reviews(s), 0);
    kit_do(s, &k, kit_dot('i', 1), 'h'); /* the other desk, at the same time */
    assert_group(s, "name", 2, 2);
    assert_int_equal(reviews(s), 0);
    kit_decide(&k, 1);
    kit_do(s, &k, kit_dot('j', 1), 'h'); /* a third desk decided otherwise */
    assert_group(s, "name", 2, 2, 1);
    assert_int_equal(reviews(s), 2);
    dbk_state_free(s);
}

static void desks_that_agree_in_the_end_still_answer_for_what_differed(void **state)
{
    dbk_state *s = kit_state();
    kit_op k;
    (void)state;
    kit_blind(s, kit_dot('a', 1), "name", 1);
    kit_blind(s, kit_dot('b', 1), "name", 2);
    kit_decide(&k, 1);
    kit_do(s, &k, kit_dot('h', 1), 'h');
    kit_decide(&k, 9);
    kit_do(s, &k, kit_dot('h', 2), 'h');
    kit_do(s, &k, kit_dot('i', 1), 'h'); /* equal to h2, not to h1, and had seen neither */
    assert_int_equal(reviews(s), 1);
    assert_review(s, 0, kit_dot('h', 1), kit_dot('i', 1));
    dbk_state_free(s);
}

static void a_decision_is_remembered_until_later_ones_tell_as_much(void **state)
{
    static const struct {
        int64_t n;
        char first_seen, last_seen; /* ops of feeds that haven't come */
    } decisions[] = { { 1, 'y', 'z' }, { 9, 'y', 'y' }, { 9, 'z', 'z' } };
    dbk_state *s = kit_state();
    kit_op k;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(decisions); i++) {
        kit_begin(&k, 5);
        kit_write(&k, DBK_WRITE_RESOLVE, "name", decisions[i].n);
        kit_seen(&k, kit_dot(decisions[i].first_seen, 5));
        kit_seen(&k, kit_dot(decisions[i].last_seen, 5));
        kit_do(s, &k, kit_dot('h', i + 1), 'h');
    }
    kit_begin(&k, 5);
    kit_write(&k, DBK_WRITE_RESOLVE, "name", 9);
    kit_do(s, &k, kit_dot('i', 1), 'h'); /* equal to the two later ones, not to the first */
    assert_int_equal(reviews(s), 1);
    assert_review(s, 0, kit_dot('h', 1), kit_dot('i', 1));
    dbk_state_free(s);
}

static void a_resolve_by_an_officer_is_an_edit(void **state)
{
    dbk_state *s = kit_state();
    kit_op k;
    (void)state;
    kit_blind(s, kit_dot('a', 1), "name", 1);
    kit_blind(s, kit_dot('b', 1), "name", 2);
    kit_decide(&k, 3);
    kit_do(s, &k, kit_dot('c', 1), 'o');
    assert_group(s, "name", 3);
    assert_int_equal(group(s, "name")->registers[0].kind, DBK_WRITE_SET);
    assert_int_equal(reviews(s), 1); /* a against b: HQ must still look */
    kit_do(s, &k, kit_dot('d', 1), 'o');
    assert_int_equal(reviews(s), 2); /* and two equal edits were made apart */
    dbk_state_free(s);
}

static void names_of_itself_and_of_its_own_future_mean_nothing(void **state)
{
    dbk_state *s = kit_state();
    kit_op k;
    (void)state;
    kit_begin(&k, 1);
    kit_write(&k, DBK_WRITE_SET, "status", 1);
    kit_pred(&k, kit_dot('a', 1));
    kit_pred(&k, kit_dot('a', 2));
    kit_do(s, &k, kit_dot('a', 1), 'o');
    assert_group(s, "status", 1);
    kit_blind(s, kit_dot('a', 2), "status", 2);
    assert_group(s, "status", 1, 2);
    dbk_state_free(s);
}

static void a_name_from_another_group_takes_nothing(void **state)
{
    dbk_state *s = kit_state();
    kit_op k;
    (void)state;
    kit_blind(s, kit_dot('a', 1), "status", 1);
    kit_begin(&k, 1);
    kit_write(&k, DBK_WRITE_SET, "name", 1);
    kit_pred(&k, kit_dot('a', 1));
    kit_pred(&k, kit_dot('a', 2));
    kit_do(s, &k, kit_dot('b', 1), 'o');
    kit_blind(s, kit_dot('a', 2), "status", 2);
    assert_group(s, "status", 1, 2);
    dbk_state_free(s);
}

static void the_trail_of_a_thousand_turns_stays_small(void **state)
{
    dbk_state *s = kit_state();
    dbk_bytes buf = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_err err = { 0 };
    size_t early = 0;
    (void)state;
    for (uint64_t i = 1; i <= 1000; i++) {
        edit_all(s, kit_dot(i % 2 == 0 ? 'a' : 'b', 1000 + i), "status", 7);
        if (i == 10) {
            assert_ok(dbk_state_encode(&buf, s, &err), &err);
            early = buf.len;
            dbk_bytes_wipe(&buf);
        }
    }
    assert_ok(dbk_state_encode(&buf, s, &err), &err);
    assert_int_equal(buf.len, early);
    assert_int_equal(reviews(s), 0);
    dbk_bytes_wipe(&buf);
    dbk_state_free(s);
}

static void form_beginning_and_latest_time_do_not_depend_on_order(void **state)
{
    static const size_t orders[][3] = { { 0, 1, 2 }, { 2, 1, 0 }, { 1, 0, 2 } };
    (void)state;
    for (size_t o = 0; o < ARRAY_LEN(orders); o++) {
        dbk_state *s = kit_state();
        for (size_t i = 0; i < 3; i++) {
            size_t n = orders[o][i];
            kit_op k;
            kit_begin(&k, n == 0 ? 50 : n == 1 ? 40 : 40);
            kit_write(&k, DBK_WRITE_APPEND, "log", 1);
            k.op.form = dbk_span_str(n == 0 ? "old" : n == 1 ? "newer" : "newest");
            k.op.form_version = n == 0 ? 1 : 3;
            kit_do(s, &k, kit_dot((char)('a' + n), 1), 'o');
        }
        dbk_dot dot;
        dbk_hlc time;
        assert_true(dbk_state_created(s, &dot, &time));
        assert_int_equal(dot.feed.b[0], 'b');
        assert_int_equal(time, 40);
        assert_int_equal(dbk_state_updated(s), 50);
        assert_int_equal(dbk_state_form_version(s), 3);
        assert_true(dbk_span_equal(dbk_state_form(s), dbk_span_str("newest")));
        dbk_state_free(s);
    }
}

static void context_names_the_last_op_of_each_other_feed(void **state)
{
    dbk_state *s = kit_state();
    dbk_dot seen[8];
    kit_op k;
    dbk_id own = kit_id('b');
    (void)state;
    kit_begin(&k, 1);
    kit_write(&k, DBK_WRITE_APPEND, "log", 1);
    kit_do(s, &k, kit_dot('a', 3), 'o');
    edit_all(s, kit_dot('b', 2), "name", 1);
    edit_all(s, kit_dot('c', 5), "name", 1);
    assert_int_equal(dbk_state_context(s, &own, seen, 8), 2);
    assert_int_equal(dbk_dot_compare(&seen[0], &(dbk_dot){ kit_id('a'), 3 }), 0);
    assert_int_equal(dbk_dot_compare(&seen[1], &(dbk_dot){ kit_id('c'), 5 }), 0);
    assert_int_equal(dbk_state_context(s, &own, seen, 1), 1); /* an edit tells more than a log */
    assert_int_equal(seen[0].feed.b[0], 'c');
    dbk_state_free(s);
}

static void unknown_kinds_of_writes_change_no_value(void **state)
{
    dbk_state *s = kit_state();
    kit_op k;
    (void)state;
    edit_all(s, kit_dot('a', 1), "name", 1);
    kit_begin(&k, 1);
    kit_write(&k, DBK_WRITE_SET, "name", 2);
    k.writes[0].kind = 99;
    kit_pred(&k, kit_dot('a', 1));
    kit_do(s, &k, kit_dot('b', 1), 'o');
    assert_group(s, "name", 1);
    assert_int_equal(reviews(s), 0);
    dbk_state_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_edit_that_names_what_it_saw_replaces_it),
        cmocka_unit_test(concurrent_values_are_both_kept_P2),
        cmocka_unit_test(a_name_that_comes_before_its_target_waits_for_it),
        cmocka_unit_test(edit_against_delete_keeps_both_and_asks_lesson_2_20),
        cmocka_unit_test(delete_against_delete_and_resurrection_converge_lesson_2_20),
        cmocka_unit_test(an_added_element_survives_a_removal_that_had_not_seen_it),
        cmocka_unit_test(a_removal_that_comes_first_takes_its_element_only),
        cmocka_unit_test(logs_and_counts_only_grow_P1),
        cmocka_unit_test(edits_of_different_groups_that_never_met_ask_for_review_2_16),
        cmocka_unit_test(a_look_clears_what_it_saw_and_nothing_later),
        cmocka_unit_test(a_look_that_comes_before_what_it_saw_clears_it_too),
        cmocka_unit_test(the_same_resolution_twice_never_conflicts_2_14),
        cmocka_unit_test(desks_that_agree_in_the_end_still_answer_for_what_differed),
        cmocka_unit_test(a_decision_is_remembered_until_later_ones_tell_as_much),
        cmocka_unit_test(a_resolve_by_an_officer_is_an_edit),
        cmocka_unit_test(names_of_itself_and_of_its_own_future_mean_nothing),
        cmocka_unit_test(a_name_from_another_group_takes_nothing),
        cmocka_unit_test(the_trail_of_a_thousand_turns_stays_small),
        cmocka_unit_test(form_beginning_and_latest_time_do_not_depend_on_order),
        cmocka_unit_test(context_names_the_last_op_of_each_other_feed),
        cmocka_unit_test(unknown_kinds_of_writes_change_no_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
