/* Views that a relay split, and that meet: at the relay itself, or on a stick (R21, M39, A17). */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/journal/book_internal.h"
#include "core/journal/outbox.h"
#include "tests/lib/findings.h"
#include "tests/lib/restored.h"

/* ---- views that the relay split ------------------------------------------------------------ */

typedef struct split {
    syncworld world;
    sync_device hq, anne, ben;
    dbk_id space;
    char stick[DBK_TEST_PATH_SIZE];
    char db[2][3 * DBK_TEST_PATH_SIZE]; /* the other log, and room for a swap */
} split;

/* The relay goes on with its other log. */
static void turn(split *s)
{
    relaykit_stop(&s->world.kit);
    assert_int_equal(rename(s->world.kit.db, s->db[1]), 0);
    assert_int_equal(rename(s->db[0], s->world.kit.db), 0);
    assert_int_equal(rename(s->db[1], s->db[0]), 0);
    relaykit_start(&s->world.kit);
}

/* Nobody vouches for the log. From its second entry on Anne and Ben are shown different ones. */
static void split_begin(split *s)
{
    memset(s, 0, sizeof(*s));
    syncworld_open(&s->world);
    dbk_test_dir_make(s->stick);
    sync_device_open(&s->world, &s->hq, "HQ");
    sync_found(&s->hq);
    s->space = sync_space(&s->hq, "Op Cedar");
    sync_device_open(&s->world, &s->anne, "Anne");
    sync_device_open(&s->world, &s->ben, "Ben");
    sync_enlist(&s->hq, &s->anne, DBK_ROLE_OFFICER, &s->space);
    sync_enlist(&s->hq, &s->ben, DBK_ROLE_OFFICER, &s->space);
    (void)sync_write(&s->hq, &s->space, "Mira");
    (void)sync_now(&s->hq);
    (void)sync_now(&s->anne);
    (void)sync_now(&s->ben);
    (void)snprintf(s->db[0], sizeof(s->db[0]), "%s/other.db", s->world.kit.dir);
    (void)snprintf(s->db[1], sizeof(s->db[1]), "%s/aside.db", s->world.kit.dir);
    relaykit_stop(&s->world.kit);
    dbk_test_copy_file(s->db[0], s->world.kit.db);
    relaykit_start(&s->world.kit);
    (void)sync_write(&s->anne, &s->space, "Ada");
    (void)sync_now(&s->anne);
    turn(s);
    (void)sync_write(&s->ben, &s->space, "Tom");
    (void)sync_now(&s->ben);
    (void)sync_write(&s->ben, &s->space, "Una"); /* its header says what Ben was shown */
}

static void split_end(split *s)
{
    sync_device *devices[] = { &s->hq, &s->anne, &s->ben };
    for (size_t i = 0; i < ARRAY_LEN(devices); i++) {
        dbk_err err = { 0 };
        assert_rc(dbk_book_check_deep(devices[i]->book, &err), DBK_OK, &err);
        (void)sync_verify(devices[i], &s->space);
        sync_device_close(devices[i]);
    }
    dbk_test_dir_remove(s->stick);
    syncworld_close(&s->world);
}

static void views_that_a_relay_split_are_told_when_they_meet_on_a_stick_R21_M39(void **state)
{
    split s;
    (void)state;
    split_begin(&s);
    assert_int_equal(evidence_of(s.anne.book).count, 0);
    assert_int_equal(evidence_of(s.ben.book).count, 0);
    (void)sync_folder(&s.ben, s.stick);
    dbk_sync_report told = sync_folder(&s.anne, s.stick);
    assert_int_equal(told.evidence_new, 2);
    items anne = evidence_of(s.anne.book);
    assert_int_equal(anne.count, 2);
    const dbk_exhibit_shows *x = of_kind(&anne, DBK_EXHIBIT_SAID);
    dbk_id ben = dbk_book_device(s.ben.book);
    assert_non_null(x);
    assert_false(x->proof); /* Ben's word against the relay's signature */
    assert_true(dbk_id_equal(&x->device, &ben));
    assert_true(dbk_id_equal(&x->space, &s.space));
    assert_int_equal(x->at, 2); /* of two entries, the second differs */
    /* Ben's notes are Anne's all the same; his own log shows him nothing wrong. */
    assert_int_equal(sync_verify(&s.anne, &s.space).records, 4);
    (void)sync_folder(&s.anne, s.stick);
    (void)sync_write(&s.anne, &s.space, "Eve");
    (void)sync_folder(&s.anne, s.stick);
    (void)sync_folder(&s.ben, s.stick);
    items bens = evidence_of(s.ben.book);
    assert_int_equal(bens.count, 2);
    assert_non_null(of_kind(&bens, DBK_EXHIBIT_SAID));
    assert_non_null(of_kind(&bens, DBK_EXHIBIT_VIEWS));
    split_end(&s);
}

/* The stick carries what the relay signed for Ben: with what it signed for Anne that is a proof in
 * her hands, though the relay shows her nothing but her own view (A17, without a witness). */
static void views_that_meet_on_a_stick_prove_it_against_the_relay_A17_M39(void **state)
{
    split s;
    (void)state;
    split_begin(&s);
    (void)sync_folder(&s.ben, s.stick);
    (void)sync_folder(&s.anne, s.stick);
    items anne = evidence_of(s.anne.book);
    const dbk_exhibit_shows *x = of_kind(&anne, DBK_EXHIBIT_VIEWS);
    assert_non_null(x);
    assert_true(x->proof);
    assert_int_equal(x->at, 2);
    assert_true(dbk_id_equal(&x->space, &s.space));
    for (size_t i = 0; i < anne.count; i++) {
        if (anne.rows[i].shows.kind == DBK_EXHIBIT_VIEWS)
            assert_true(read_by_expert(s.anne.book, anne.rows[i].id).proof);
    }
    assert_int_equal(sync_folder(&s.anne, s.stick).evidence_new, 0); /* told once */
    split_end(&s);
}

/* His log is longer than hers: nothing can be said until hers is as long. */
static void a_note_of_a_longer_log_is_judged_when_the_log_here_has_grown_M39(void **state)
{
    split s;
    dbk_sync_report report = { 0 };
    dbk_err err = { 0 };
    (void)state;
    split_begin(&s);
    (void)sync_now(&s.ben); /* Una is in his log: three entries */
    (void)sync_folder(&s.ben, s.stick);
    (void)sync_folder(&s.anne, s.stick);
    items anne = evidence_of(s.anne.book);
    assert_null(of_kind(&anne, DBK_EXHIBIT_VIEWS));
    turn(&s); /* the relay goes on to show Anne her own */
    (void)sync_write(&s.anne, &s.space, "Eve");
    assert_rc(sync_try(&s.anne, &report, &err), DBK_OK, &err);
    anne = evidence_of(s.anne.book);
    const dbk_exhibit_shows *x = of_kind(&anne, DBK_EXHIBIT_VIEWS);
    assert_non_null(x);
    assert_true(x->proof);
    assert_int_equal(x->at, 3);
    split_end(&s);
}

/* A stick that anybody may have written to. */
static void put_note(const split *s, const char *name, const char *text)
{
    char path[4 * DBK_TEST_PATH_SIZE], hex[DBK_ID_HEX_SIZE];
    dbk_id_hex(hex, &s->space);
    (void)snprintf(path, sizeof(path), "%s/%s/%s", s->stick, hex, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void a_note_that_the_relay_did_not_sign_shows_nothing_A15(void **state)
{
    split s;
    char note[2 * DBK_CHECKPOINT_BYTES_MAX] = "", name[64];
    uint64_t size;
    (void)state;
    split_begin(&s);
    turn(&s);
    (void)sync_folder(&s.anne, s.stick); /* makes the folder's folder */
    dbk_span own = dbk_outbox_note(s.anne.book, &size, &s.space);
    assert_in_range(own.len, 100, DBK_CHECKPOINT_BYTES_MAX);
    for (size_t i = 0; i < own.len; i++) { /* each byte of it changed */
        memcpy(note, own.p, own.len);
        note[own.len] = '\0';
        note[i] = note[i] == 'A' ? 'B' : 'A';
        (void)snprintf(name, sizeof(name), "%016u-%032x.note", 2u, (unsigned)(i % 48) + 1);
        put_note(&s, name, note);
        if (i % 48 == 47 || i + 1 == own.len)
            assert_int_equal(sync_folder(&s.anne, s.stick).evidence_new, 0);
    }
    assert_int_equal(evidence_of(s.anne.book).count, 0);
    split_end(&s);
}

/* What Anne was shown and what Ben was shown, each signed by the relay: side by side a proof. */
static void the_note_of_the_other_view_makes_a_proof_against_the_relay_M39(void **state)
{
    split s;
    dbk_err err = { 0 };
    dbk_sync_report report;
    (void)state;
    split_begin(&s);
    /* The relay shows Anne the log that it keeps for Ben. */
    assert_rc(sync_try(&s.anne, &report, &err), DBK_PEER, &err);
    assert_int_equal(report.evidence_new, 1);
    items anne = evidence_of(s.anne.book);
    assert_int_equal(anne.count, 1);
    assert_int_equal(anne.rows[0].shows.kind, DBK_EXHIBIT_VIEWS);
    assert_true(anne.rows[0].shows.proof);
    /* It survives a restart, and stays when somebody has settled it. */
    sync_device_reopen(&s.anne);
    anne = evidence_of(s.anne.book);
    assert_int_equal(anne.count, 1);
    dbk_exhibit_shows read = read_by_expert(s.anne.book, anne.rows[0].id);
    assert_true(read.proof);
    assert_int_equal(read.at, 2);
    assert_ok(dbk_evidence_settle(s.anne.book, anne.rows[0].id, "the relay is replaced", &err),
              &err);
    sync_device_reopen(&s.anne);
    assert_true(evidence_of(s.anne.book).rows[0].settled);
    assert_true(read_by_expert(s.anne.book, anne.rows[0].id).proof);
    /* And goes on to be told while the relay goes on. */
    dbk_err_clear(&err);
    turn(&s);
    (void)sync_now(&s.anne);
    (void)sync_write(&s.anne, &s.space, "Zoe");
    (void)sync_now(&s.anne);
    turn(&s);
    assert_rc(sync_try(&s.anne, &report, &err), DBK_PEER, &err);
    assert_true(report.evidence_new > 0);
    split_end(&s);
}

/* ---- and a relay that was restored since ---------------------------------------------------- */

/* Anne is shown another log from its second entry on, of `views` entries. Then the relay is put
 * back to four entries of the one that the others have, and the root lets it go on. */
typedef struct parted {
    story story;
    char stick[DBK_TEST_PATH_SIZE];
} parted;

static void part(parted *p, int views)
{
    story *s = &p->story;
    relaykit *kit = &s->world.kit;
    char other[3 * DBK_TEST_PATH_SIZE], aside[3 * DBK_TEST_PATH_SIZE];
    begin(s);
    dbk_test_dir_make(p->stick);
    write_some(s, &s->hq, 1);
    settle(s);
    (void)snprintf(other, sizeof(other), "%s/other.db", kit->dir);
    (void)snprintf(aside, sizeof(aside), "%s/aside.db", kit->dir);
    relaykit_stop(kit);
    dbk_test_copy_file(aside, kit->db);
    relaykit_start(kit);
    for (int i = 1; i < views; i++) {
        write_some(s, &s->anne, 1);
        (void)meet(s, &s->anne);
    }
    relaykit_stop(kit);
    assert_int_equal(rename(kit->db, other), 0);
    assert_int_equal(rename(aside, kit->db), 0);
    relaykit_start(kit);
    for (int i = 1; i < 4; i++) {
        write_some(s, &s->ben, 1);
        (void)meet(s, &s->ben);
    }
    (void)meet(s, &s->hq);
    back_up(s);
    write_some(s, &s->ben, 1);
    (void)meet(s, &s->ben);
    put_back(s);
    recover_quietly(s);
}

static void part_end(parted *p)
{
    dbk_test_dir_remove(p->stick);
    end(&p->story);
}

/* What was shown to her is of a log that has ended, and she has taken the root's word for how it
 * goes on, for it says more than she holds: the new log doesn't fit, and she has nothing but what
 * the relay signed for her before. */
static void a_view_of_a_log_that_was_restored_since_is_proved_when_it_meets_A17_M39(void **state)
{
    parted p = { 0 };
    dbk_sync_report r;
    dbk_err err = { 0 };
    (void)state;
    part(&p, 2);
    assert_rc(sync_try(&p.story.anne, &r, &err), DBK_PEER, &err);
    (void)sync_folder(&p.story.anne, p.stick);
    assert_int_equal(sync_folder(&p.story.hq, p.stick).evidence_new, 1);
    items hq = evidence_of(p.story.hq.book);
    const dbk_exhibit_shows *x = of_kind(&hq, DBK_EXHIBIT_VIEWS);
    assert_non_null(x);
    assert_true(x->proof);
    assert_int_equal(x->at, 2);
    assert_true(read_by_expert(p.story.hq.book, hq.rows[0].id).proof);
    /* Who was shown what headquarters was is not accused by it, nor is the relay for them. */
    assert_int_equal(sync_folder(&p.story.ben, p.stick).evidence_new, 0);
    part_end(&p);
}

static void expect_nothing(dbk_book *book)
{
    dbk_evidence_totals totals;
    dbk_err err = { 0 };
    assert_ok(dbk_evidence_count(book, &totals, &err), &err);
    assert_int_equal(totals.open + totals.settled + totals.waiting, 0);
}

/* Anne saw two entries that the restored relay lost, and others stand in their place now. */
static void what_a_relay_signed_before_it_was_restored_is_no_second_view_A15(void **state)
{
    story s;
    char stick[DBK_TEST_PATH_SIZE];
    uint64_t size;
    dbk_err err = { 0 };
    (void)state;
    begin(&s);
    dbk_test_dir_make(stick);
    write_some(&s, &s.hq, 3);
    settle(&s);
    back_up(&s);
    write_some(&s, &s.anne, 1);
    (void)meet(&s, &s.anne);
    write_some(&s, &s.anne, 1);
    (void)meet(&s, &s.anne);
    put_back(&s);
    recover_quietly(&s);
    write_some(&s, &s.ben, 1);
    (void)meet(&s, &s.ben);
    (void)meet(&s, &s.hq);
    /* She hasn't heard of the log that this is of: it isn't hers, and has nothing to do with it. */
    dbk_span note = dbk_outbox_note(s.hq.book, &size, &s.space);
    assert_int_equal(size, 4);
    assert_ok(dbk_evidence_carried(s.anne.book, &s.space, note, &err), &err);
    expect_nothing(s.anne.book);
    (void)sync_folder(&s.anne, stick);
    (void)sync_folder(&s.hq, stick);
    expect_nothing(s.hq.book);
    (void)sync_folder(&s.anne, stick);
    (void)sync_folder(&s.ben, stick);
    settle(&s);
    (void)sync_folder(&s.anne, stick);
    (void)sync_folder(&s.hq, stick);
    expect_nothing(s.anne.book);
    expect_nothing(s.ben.book);
    expect_nothing(s.hq.book);
    dbk_test_dir_remove(stick);
    end(&s);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_that_a_relay_split_are_told_when_they_meet_on_a_stick_R21_M39),
        cmocka_unit_test(views_that_meet_on_a_stick_prove_it_against_the_relay_A17_M39),
        cmocka_unit_test(a_note_of_a_longer_log_is_judged_when_the_log_here_has_grown_M39),
        cmocka_unit_test(a_note_that_the_relay_did_not_sign_shows_nothing_A15),
        cmocka_unit_test(the_note_of_the_other_view_makes_a_proof_against_the_relay_M39),
        cmocka_unit_test(a_view_of_a_log_that_was_restored_since_is_proved_when_it_meets_A17_M39),
        cmocka_unit_test(what_a_relay_signed_before_it_was_restored_is_no_second_view_A15),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
