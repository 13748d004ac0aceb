#include "tests/lib/test.h"

#include <string.h>

#include "core/journal/book_internal.h"
#include "core/journal/inbox_internal.h"
#include "core/journal/logtree.h"
#include "core/journal/org.h"
#include "core/store/exhibits.h"
#include "core/store/nodes.h"
#include "tests/lib/evidencekit.h"

/* ---- an author's two histories ------------------------------------------------------------- */

/* Ben signs a second segment for the place of his first, when `ahead` of his are logged. What HQ
 * gets in one run holds one history: two in it would be the relay's own doing. */
static void log_fork_after(world *w, unsigned ahead, bool spoils)
{
    forge a, b;
    forge_init(&a, world_book(w, BEN), world_book(w, BEN), &w->org.space);
    evidencekit_note(w, &a);
    evidencekit_log(w, &a);
    b = a;
    dbk_bytes_init(&b.body, DBK_SEGMENT_BODY_BYTES_MAX);
    for (unsigned i = 1; i < ahead; i++) {
        evidencekit_note(w, &a);
        evidencekit_log(w, &a);
    }
    evidencekit_pull(w, HQ, 100);
    if (spoils)
        dbk_test_spoil_signature(world_book(w, HQ), DBK_SEGMENT_MERGED);
    b.next_seq = 1;
    memset(&b.head, 0, sizeof(b.head));
    forge_note(&b, &(forge_edit){ w->joan, "person", "name", "Eve", KIT_NOON, NULL, 0 });
    evidencekit_log(w, &b);
    evidencekit_note(w, &a);
    evidencekit_log(w, &a);
    forge_wipe(&a);
    dbk_bytes_wipe(&b.body);
}

static void two_histories_of_an_author_are_the_same_proof_on_every_device_A15(void **state)
{
    world w;
    dbk_err err = { 0 };
    (void)state;
    world_make(&w);
    (void)minilog_push(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    log_fork_after(&w, 1, false);
    evidencekit_pull(&w, HQ, 100);
    evidencekit_pull(&w, ANNE, 1); /* entry by entry */
    dbk_id ben = dbk_book_device(world_book(&w, BEN));
    evidencekit_items hq = evidencekit_of(world_book(&w, HQ)),
                      anne = evidencekit_of(world_book(&w, ANNE));
    assert_int_equal(hq.count, 1);
    assert_int_equal(anne.count, 1);
    assert_int_equal(hq.rows[0].shows.kind, DBK_EXHIBIT_FEED);
    assert_true(hq.rows[0].shows.proof);
    assert_true(dbk_id_equal(&hq.rows[0].shows.device, &ben));
    assert_int_equal(hq.rows[0].shows.at, 1);
    assert_true(hq.rows[0].space_held);
    evidencekit_checks(world_book(&w, HQ), &hq.rows[0]);
    dbk_bytes a = evidencekit_export(world_book(&w, HQ), 1),
              b = evidencekit_export(world_book(&w, ANNE), 1);
    assert_true(dbk_span_equal(dbk_bytes_span(&a), dbk_bytes_span(&b)));
    assert_ok(dbk_book_check_deep(world_book(&w, HQ), &err), &err);
    dbk_bytes_wipe(&a);
    dbk_bytes_wipe(&b);
    world_drop(&w);
}

static void a_second_history_that_a_folder_brings_is_proved_too_A15(void **state)
{
    world w;
    dbk_inbox_stats stats;
    dbk_err err = { 0 };
    (void)state;
    world_make(&w);
    log_fork_after(&w, 1, false);
    for (size_t i = 0; i < w.log.count; i++)
        (void)world_carry(&w, HQ, &w.log.items[i], &stats, &err);
    evidencekit_items hq = evidencekit_of(world_book(&w, HQ));
    assert_int_equal(hq.count, 1);
    assert_int_equal(hq.rows[0].shows.kind, DBK_EXHIBIT_FEED);
    /* Again, and by the relay: nothing new. */
    for (size_t i = 0; i < w.log.count; i++)
        (void)world_carry(&w, HQ, &w.log.items[i], &stats, &err);
    evidencekit_pull(&w, HQ, 100);
    assert_int_equal(evidencekit_of(world_book(&w, HQ)).count, 1);
    world_drop(&w);
}

/* What was let in with a later note may be kept with a signature that the relay has changed. */
static void a_relay_cannot_spoil_the_proof_by_spoiling_a_signature_A15(void **state)
{
    world w;
    (void)state;
    world_make(&w);
    log_fork_after(&w, 3, true); /* the last of the three vouches for the first */
    evidencekit_pull(&w, HQ, 100);
    evidencekit_items hq = evidencekit_of(world_book(&w, HQ));
    assert_int_equal(hq.count, 1);
    evidencekit_checks(world_book(&w, HQ), &hq.rows[0]);
    dbk_bytes file = evidencekit_export(world_book(&w, HQ), 1);
    dbk_exhibit_file parts;
    assert_ok(dbk_exhibit_file_open(&parts, dbk_bytes_span(&file), NULL), NULL);
    assert_true(parts.exhibit.len > 3 * DBK_SEGMENT_HEADER_BYTES); /* one, and two of the other */
    dbk_bytes_wipe(&file);
    world_drop(&w);
}

/* ---- what an author says of the log -------------------------------------------------------- */

static void a_log_is_known_at_every_earlier_size_R21(void **state)
{
    world w;
    forge f;
    dbk_logtree *tree = NULL;
    dbk_err err = { 0 };
    (void)state;
    world_make(&w);
    forge_init(&f, world_book(&w, BEN), world_book(&w, BEN), &w.org.space);
    for (size_t i = 0; i < 150; i++) {
        evidencekit_note(&w, &f);
        evidencekit_log(&w, &f);
    }
    evidencekit_pull(&w, HQ, 37);
    dbk_book *book = world_book(&w, HQ);
    const dbk_book_space *space = dbk_tables_space(&book->tables, &w.org.space);
    for (unsigned stored = 2; stored-- > 0;) {
        assert_ok(dbk_logtree_new(&tree, book, space, &err), &err);
        for (uint64_t n = w.log.count + 1; n-- > 0;) {
            dbk_hash root, want = minilog_root(&w.log, n);
            dbk_proof proof;
            dbk_hash now = minilog_root(&w.log, w.log.count);
            assert_ok(dbk_logtree_root(tree, &root, n, &err), &err);
            assert_memory_equal(&root, &want, sizeof(root));
            assert_ok(dbk_logtree_proof(tree, &proof, n, &err), &err);
            if (n > 0)
                assert_true(
                    dbk_tree_check_consistency(&proof, DBK_TREE_LOG, n, &root, w.log.count, &now));
        }
        dbk_logtree_free(tree);
        tree = NULL;
        /* Once more without the rows that make it cheap: they are of another log then. */
        book->tables.spaces[0]->now.log.b[0] ^= 1;
    }
    forge_wipe(&f);
    world_drop(&w);
}

/* Ben's next segment says that the log had this root at this size. */
static void log_claim(world *w, forge *f, uint64_t size, const dbk_hash *root)
{
    evidencekit_note(w, f);
    f->h.checkpoint_size = size;
    f->h.checkpoint_root = *root;
    forge_resign(f);
    evidencekit_log(w, f);
}

static void authors_who_say_what_the_log_was_raise_no_alarm_R21(void **state)
{
    world w;
    forge f;
    (void)state;
    world_make(&w);
    (void)minilog_push(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    forge_init(&f, world_book(&w, BEN), world_book(&w, BEN), &w.org.space);
    for (uint64_t i = 0; i < 90; i++) {
        uint64_t size = 1 + i * 7 % w.log.count;
        dbk_hash root = minilog_root(&w.log, size);
        log_claim(&w, &f, size, &root);
        if (i % 11 == 0)
            evidencekit_pull(&w, ANNE, 100);
    }
    evidencekit_pull(&w, HQ, 64);
    evidencekit_pull(&w, ANNE, 100);
    evidencekit_nothing(&w);
    forge_wipe(&f);
    world_drop(&w);
}

static void an_author_who_saw_another_log_is_a_finding_of_two_views_M39_R21(void **state)
{
    world w;
    forge f;
    dbk_hash other = { { 7 } };
    (void)state;
    world_make(&w);
    forge_init(&f, world_book(&w, BEN), world_book(&w, BEN), &w.org.space);
    (void)minilog_push(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    evidencekit_note(&w, &f);
    evidencekit_log(&w, &f);
    log_claim(&w, &f, 2, &other);
    log_claim(&w, &f, 2, &other); /* told once */
    evidencekit_pull(&w, HQ, 100);
    evidencekit_items hq = evidencekit_of(world_book(&w, HQ));
    assert_int_equal(hq.count, 1);
    assert_int_equal(hq.rows[0].shows.kind, DBK_EXHIBIT_SAID);
    assert_false(hq.rows[0].shows.proof); /* his word, and the relay's */
    dbk_id ben = dbk_book_device(world_book(&w, BEN));
    assert_true(dbk_id_equal(&hq.rows[0].shows.device, &ben));
    assert_int_equal(hq.rows[0].shows.at, 2);
    assert_memory_equal(&hq.rows[0].shows.b, &other, sizeof(other));
    evidencekit_checks(world_book(&w, HQ), &hq.rows[0]);
    /* The notes are there all the same: nobody can stop a sync by lying in a header. */
    assert_int_equal(world_status(&w, HQ).log_size, w.log.count);
    forge_wipe(&f);
    world_drop(&w);
}

static void a_claim_about_a_longer_log_waits_until_it_is_so_long_R21(void **state)
{
    world w;
    forge f;
    dbk_evidence_totals all;
    dbk_inbox_stats stats;
    dbk_err err = { 0 };
    dbk_hash other = { { 7 } };
    (void)state;
    world_make(&w);
    forge_init(&f, world_book(&w, BEN), world_book(&w, BEN), &w.org.space);
    /* Carried, from a device that was further; its log isn't this one. */
    evidencekit_note(&w, &f);
    f.h.checkpoint_size = 3;
    f.h.checkpoint_root = other;
    forge_resign(&f);
    uint64_t at = minilog_append(&w.log, forge_header(&f), forge_body(&f), KIT_NOON_MS);
    assert_ok(world_carry(&w, HQ, &w.log.items[at], &stats, &err), &err);
    assert_ok(dbk_evidence_count(world_book(&w, HQ), &all, &err), &err);
    assert_int_equal(all.open, 0);
    assert_int_equal(all.waiting, 1);
    evidencekit_note(&w, &f);
    evidencekit_log(&w, &f);
    evidencekit_pull(&w, HQ, 100);
    assert_int_equal(evidencekit_of(world_book(&w, HQ)).count, 0);
    evidencekit_note(&w, &f);
    evidencekit_log(&w, &f);
    evidencekit_pull(&w, HQ, 100);
    assert_ok(dbk_evidence_count(world_book(&w, HQ), &all, &err), &err);
    assert_int_equal(all.open, 1);
    assert_int_equal(all.waiting, 0);
    assert_int_equal(evidencekit_of(world_book(&w, HQ)).rows[0].shows.kind, DBK_EXHIBIT_SAID);
    forge_wipe(&f);
    world_drop(&w);
}

/* ---- the membership ------------------------------------------------------------------------ */

static void space_entry(dbk_book *admin, dbk_bytes *out, const char *name)
{
    dbk_new_space opts = { .name = name, .creator_role = DBK_ROLE_HQ };
    dbk_id id;
    dbk_err err = { 0 };
    dbk_bytes_truncate(out, 0);
    assert_ok(dbk_org_space(admin, out, &id, &opts, &err), &err);
}

static void two_children_of_one_entry_freeze_until_a_person_settles_it_R25_M49(void **state)
{
    dbk_test_org org;
    dbk_bytes a = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX), b = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX),
              next = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    dbk_err err = { 0 };
    (void)state;
    dbk_test_org_make(&org, roles, 1);
    dbk_book *officer = org.books[1].book;
    space_entry(org.books[0].book, &a, "One");
    space_entry(org.books[0].book, &b, "Two");
    dbk_test_org_post(&org, dbk_bytes_span(&a));
    uint64_t count = dbk_roster_count(officer->roster);
    assert_ok(dbk_evidence_check_frozen(officer, &err), &err);
    assert_rc(dbk_inbox_member(officer, dbk_bytes_span(&b), &err), DBK_SPLIT, &err);
    evidencekit_items found = evidencekit_of(officer);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.rows[0].shows.kind, DBK_EXHIBIT_CHAIN);
    assert_true(found.rows[0].shows.proof);
    assert_int_equal(found.rows[0].shows.at, count - 1);
    evidencekit_checks(officer, &found.rows[0]);
    /* Frozen: no entry is taken, also after a restart. What is held already is nothing. */
    space_entry(org.books[0].book, &next, "Three");
    dbk_test_book_reopen(&org.books[1]);
    officer = org.books[1].book;
    dbk_err_clear(&err);
    assert_rc(dbk_inbox_member(officer, dbk_bytes_span(&next), &err), DBK_SPLIT, &err);
    dbk_err_clear(&err);
    assert_rc(dbk_evidence_check_frozen(officer, &err), DBK_SPLIT, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_inbox_member(officer, dbk_bytes_span(&a), &err), &err);
    assert_int_equal(dbk_roster_count(officer->roster), count);
    /* Settled: it goes on with what it holds; the same two are not told again. */
    assert_rc(dbk_evidence_settle(officer, 1, "", &err), DBK_INVALID, &err);
    dbk_err_clear(&err);
    assert_rc(dbk_evidence_settle(officer, 9, "asked both", &err), DBK_NOT_FOUND, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_evidence_settle(officer, 1, "asked both", &err), &err);
    assert_rc(dbk_evidence_settle(officer, 1, "again", &err), DBK_CONFLICT, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_inbox_member(officer, dbk_bytes_span(&next), &err), &err);
    assert_rc(dbk_inbox_member(officer, dbk_bytes_span(&b), &err), DBK_CONFLICT, &err);
    assert_ok(dbk_evidence_check_frozen(officer, NULL), NULL);
    assert_string_equal(evidencekit_of(officer).rows[0].settled ? "settled" : "", "settled");
    dbk_bytes_wipe(&a);
    dbk_bytes_wipe(&b);
    dbk_bytes_wipe(&next);
    dbk_test_org_drop(&org);
}

static void a_second_child_that_no_administrator_signed_freezes_nobody_M49(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    dbk_test_org org;
    dbk_bytes a = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX), b = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_entry_decoded d;
    dbk_err err = { 0 };
    (void)state;
    dbk_test_org_make(&org, roles, 1);
    space_entry(org.books[0].book, &a, "One");
    dbk_test_org_post(&org, dbk_bytes_span(&a));
    assert_ok(dbk_entry_decode(&d, dbk_bytes_span(&a), &err), &err);
    d.entry.time_ms++;
    assert_ok(dbk_entry_sign(&b, &d.entry, org.books[1].book->own.sign, &err), &err);
    assert_rc(dbk_inbox_member(org.books[1].book, dbk_bytes_span(&b), &err), DBK_CONFLICT, &err);
    assert_int_equal(evidencekit_of(org.books[1].book).count, 0);
    assert_ok(dbk_evidence_check_frozen(org.books[1].book, NULL), NULL);
    dbk_entry_decoded_wipe(&d);
    dbk_bytes_wipe(&a);
    dbk_bytes_wipe(&b);
    dbk_test_org_drop(&org);
}

/* ---- files --------------------------------------------------------------------------------- */

/* From `begin` on every byte, before it every 13th: the chain's entries are all checked alike. */
static void spoil(dbk_bytes *file, const dbk_sign_pk *root, size_t begin)
{
    dbk_exhibit_shows shows;
    for (size_t len = 0; len < file->len; len += len < begin ? 31 : 1)
        assert_true(dbk_exhibit_file_check(&shows, dbk_span_of(file->p, len), root, NULL) !=
                    DBK_OK);
    for (size_t i = 0; i < file->len; i += i < begin && i > 12 ? 13 : 1) {
        file->p[i] ^= (uint8_t)(1u << i % 8);
        if (dbk_exhibit_file_check(&shows, dbk_bytes_span(file), root, NULL) == DBK_OK)
            fail_msg("byte %zu of %zu doesn't count", i, file->len);
        file->p[i] ^= (uint8_t)(1u << i % 8);
    }
    assert_ok(dbk_exhibit_file_check(&shows, dbk_bytes_span(file), root, NULL), NULL);
}

static void a_file_of_evidence_counts_whole_or_not_at_all(void **state)
{
    world w;
    forge f;
    dbk_hash other = { { 7 } };
    (void)state;
    world_make(&w);
    log_fork_after(&w, 1, false);
    forge_init(&f, world_book(&w, ANNE), world_book(&w, ANNE), &w.org.space);
    log_claim(&w, &f, 2, &other);
    evidencekit_fill(&w, 2);
    evidencekit_pull(&w, HQ, 100);
    evidencekit_other_view(&w, 3);
    evidencekit_show_note(&w, HQ, 4);
    dbk_book *book = world_book(&w, HQ);
    evidencekit_items hq = evidencekit_of(book);
    assert_int_equal(hq.count, 4); /* FEED, SAID, VIEWS, BACK */
    for (size_t i = 0; i < hq.count; i++) {
        dbk_exhibit_file parts;
        dbk_bytes file = evidencekit_export(book, hq.rows[i].id);
        assert_ok(dbk_exhibit_file_open(&parts, dbk_bytes_span(&file), NULL), NULL);
        spoil(&file, &dbk_book_link(book)->root, file.len - parts.exhibit.len - 4);
        dbk_bytes_wipe(&file);
    }
    forge_wipe(&f);
    world_drop(&w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_histories_of_an_author_are_the_same_proof_on_every_device_A15),
        cmocka_unit_test(a_second_history_that_a_folder_brings_is_proved_too_A15),
        cmocka_unit_test(a_relay_cannot_spoil_the_proof_by_spoiling_a_signature_A15),
        cmocka_unit_test(a_log_is_known_at_every_earlier_size_R21),
        cmocka_unit_test(authors_who_say_what_the_log_was_raise_no_alarm_R21),
        cmocka_unit_test(an_author_who_saw_another_log_is_a_finding_of_two_views_M39_R21),
        cmocka_unit_test(a_claim_about_a_longer_log_waits_until_it_is_so_long_R21),
        cmocka_unit_test(two_children_of_one_entry_freeze_until_a_person_settles_it_R25_M49),
        cmocka_unit_test(a_second_child_that_no_administrator_signed_freezes_nobody_M49),
        cmocka_unit_test(a_file_of_evidence_counts_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
