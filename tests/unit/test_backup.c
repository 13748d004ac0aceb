/* A store in one file, and a store from it: proved, encrypted, refused when anything of it is
 * changed, and never signing where it left off (R5, M47; docs/format/crypto.md "Backup"). */
#include "tests/lib/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/seal/backup.h"
#include "tests/lib/golden.h"
#include "tests/lib/markkit.h"

/* ---- the head ------------------------------------------------------------------------------ */

static const dbk_backup_head sample = { UINT64_C(1790000000000), 8192, 196 };
#define SAMPLE_BYTES (24u + 196u + 8192u + 32u)

static void a_head_comes_back_as_it_was_to_the_byte(void **state)
{
    uint8_t bytes[DBK_BACKUP_HEAD_BYTES];
    dbk_backup_head back;
    dbk_err err = { 0 };
    golden g;
    (void)state;
    dbk_backup_head_encode(bytes, &sample);
    assert_ok(dbk_backup_head_decode(&back, dbk_span_of(bytes, sizeof(bytes)), SAMPLE_BYTES, &err),
              &err);
    assert_int_equal(back.made_ms, sample.made_ms);
    assert_int_equal(back.store_bytes, sample.store_bytes);
    assert_int_equal(back.slots_bytes, sample.slots_bytes);
    golden_begin(&g, "tests/vectors/backup.json");
    golden_hex(&g, "head: slot file of 196 bytes, store of 8192, made at 1790000000000",
               dbk_span_of(bytes, sizeof(bytes)));
    golden_end(&g);
    golden_file("tests/fuzz/corpus/backup/head", dbk_span_of(bytes, sizeof(bytes)));
}

static void a_head_that_is_cut_or_changed_is_refused_or_another_head(void **state)
{
    uint8_t bytes[DBK_BACKUP_HEAD_BYTES], again[DBK_BACKUP_HEAD_BYTES];
    dbk_backup_head back;
    (void)state;
    dbk_backup_head_encode(bytes, &sample);
    for (size_t len = 0; len < sizeof(bytes); len++)
        assert_int_equal(dbk_backup_head_decode(&back, dbk_span_of(bytes, len), SAMPLE_BYTES, NULL),
                         DBK_FORMAT);
    for (size_t bit = 0; bit < sizeof(bytes) * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        dbk_rc rc = dbk_backup_head_decode(&back, dbk_span_of(bytes, sizeof(bytes)), SAMPLE_BYTES,
                                           NULL);
        if (bit / 8 < 16 && rc == DBK_OK) /* behind it stands the time, which the MAC covers */
            fail_msg("bit %zu turned: taken", bit);
        if (rc == DBK_OK) {
            dbk_backup_head_encode(again, &back);
            assert_memory_equal(again, bytes, sizeof(bytes));
        }
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void a_mac_covers_every_bit_and_belongs_to_one_key(void **state)
{
    uint8_t data[40];
    dbk_secret *key = NULL, *other = NULL;
    dbk_hasher h;
    (void)state;
    memset(data, 5, sizeof(data));
    assert_int_equal(dbk_crypto_init(NULL), DBK_OK);
    assert_int_equal(dbk_secret_from(&key, dbk_span_of(data, 32), NULL), DBK_OK);
    assert_int_equal(dbk_secret_from(&other, dbk_span_of(data + 1, 31), NULL), DBK_OK);
    dbk_backup_mac_init(&h, key);
    dbk_hasher_add(&h, dbk_span_of(data, sizeof(data)));
    dbk_hash mac = dbk_hasher_end(&h);
    for (size_t bit = 0; bit <= sizeof(data) * 8; bit++) {
        bool changed = bit < sizeof(data) * 8;
        if (changed)
            data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        dbk_backup_mac_init(&h, key);
        dbk_hasher_add(&h, dbk_span_of(data, sizeof(data)));
        assert_int_equal(dbk_backup_mac_fits(&h, dbk_span_of(&mac, sizeof(mac))), !changed);
        if (changed)
            data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    dbk_backup_mac_init(&h, other);
    dbk_hasher_add(&h, dbk_span_of(data, sizeof(data)));
    assert_false(dbk_backup_mac_fits(&h, dbk_span_of(&mac, sizeof(mac))));
    dbk_secret_free(key);
    dbk_secret_free(other);
}

/* ---- whole files --------------------------------------------------------------------------- */

static const char *file_of(markkit *s)
{
    return dbk_test_path(s->kept, "backup");
}

static dbk_rc try_back_up(markkit *s, dbk_backed_up *made, dbk_err *err)
{
    const dbk_backup_opts opts = { .file = file_of(s) };
    return dbk_book_backup(s->anne->book, made, &opts, err);
}

static uint64_t back_up(markkit *s)
{
    dbk_backed_up made;
    dbk_err err = { 0 };
    assert_ok(try_back_up(s, &made, &err), &err);
    return made.bytes;
}

/* Into the folder "new" of the kit; on success the book is open. */
static dbk_rc restore(markkit *s, dbk_book **out, const char *passphrase, dbk_err *err)
{
    dbk_secret *secret = NULL;
    uint64_t made_ms = 0;
    char file[2 * DBK_TEST_PATH_SIZE];
    (void)snprintf(file, sizeof(file), "%s", file_of(s));
    const dbk_book_opts opts = { .env = &s->anne->env.env };
    assert_int_equal(dbk_secret_from(&secret, dbk_span_str(passphrase), NULL), DBK_OK);
    const dbk_restore from = { file, secret };
    dbk_rc rc = dbk_book_restore(out, &made_ms, dbk_test_path(s->kept, "new"), &from, &opts, err);
    dbk_secret_free(secret);
    return rc;
}

static bool has_store(markkit *s)
{
    return access(dbk_test_path(s->kept, "new/keys.slots"), F_OK) == 0;
}

static void a_backup_becomes_the_same_store_that_signs_in_new_feeds_r5_m47(void **state)
{
    markkit s;
    dbk_book *book = NULL;
    struct stat st;
    dbk_err err = { 0 };
    static const char *const fields[] = { "name=Ben", NULL };
    (void)state;
    mark_begin(&s);
    mark_note(&s);
    uint64_t bytes = back_up(&s);
    assert_int_equal(stat(file_of(&s), &st), 0);
    assert_int_equal(st.st_size, bytes);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_not_equal(access(dbk_test_path(s.anne->dir, "backup.check"), F_OK), 0);
    dbk_id old = mark_open_feed(&s)->feed;
    assert_ok(restore(&s, &book, DBK_TEST_PASSPHRASE, &err), &err);
    assert_ok(dbk_book_check_deep(book, &err), &err);
    assert_int_not_equal(dbk_book_restored_ms(book), 0);
    dbk_id device = dbk_book_device(book), here = dbk_book_device(s.anne->book);
    assert_true(dbk_id_equal(&device, &here));
    (void)dbk_test_add(book, &s.org.space, "person", fields);
    const dbk_tables *t = &book->tables;
    const dbk_book_feed *feed = dbk_tables_own_feed(t, dbk_tables_space(t, &s.org.space));
    assert_false(dbk_id_equal(&feed->feed, &old));
    assert_int_equal(feed->now.last_seq, 1);
    dbk_book_close(book);
    mark_end(&s);
}

static void nothing_is_overwritten_by_a_backup_or_a_restore(void **state)
{
    markkit s;
    dbk_book *book = NULL;
    dbk_backed_up made;
    dbk_err err = { 0 };
    (void)state;
    mark_begin(&s);
    mark_write_file(file_of(&s), dbk_span_str("a letter"));
    assert_int_equal(try_back_up(&s, &made, &err), DBK_CONFLICT);
    dbk_bytes letter = mark_read_file(file_of(&s));
    assert_true(dbk_span_equal(dbk_bytes_span(&letter), dbk_span_str("a letter")));
    dbk_bytes_wipe(&letter);
    (void)unlink(file_of(&s));
    (void)back_up(&s);
    assert_int_equal(mkdir(dbk_test_path(s.kept, "new"), 0700), 0);
    mark_write_file(dbk_test_path(s.kept, "new/letter"), dbk_span_str("a letter"));
    dbk_err_clear(&err);
    assert_int_equal(restore(&s, &book, DBK_TEST_PASSPHRASE, &err), DBK_CONFLICT);
    assert_int_equal(access(dbk_test_path(s.kept, "new/letter"), F_OK), 0);
    assert_false(has_store(&s));
    mark_end(&s);
}

/* Refused by the length alone, before the passphrase is tried: so all lengths take no time. */
static void a_backup_cut_at_any_byte_is_refused(void **state)
{
    markkit s;
    dbk_book *book = NULL;
    (void)state;
    mark_begin(&s);
    uint64_t size = back_up(&s);
    dbk_bytes whole = mark_read_file(file_of(&s));
    for (uint64_t len = size + 1; len > 0;) {
        /* Every length around the parts' ends, and one in each page. */
        len -= len > size - 64 || len < 512 ? 1 : len < 1024 + 512 ? 64 : 1021;
        assert_int_equal(truncate(file_of(&s), (off_t)(len == size ? size + 1 : len)), 0);
        assert_int_equal(restore(&s, &book, DBK_TEST_PASSPHRASE, NULL), DBK_FORMAT);
        assert_int_not_equal(access(dbk_test_path(s.kept, "new"), F_OK), 0);
        if (len == size)
            assert_int_equal(truncate(file_of(&s), (off_t)size), 0);
    }
    dbk_bytes_wipe(&whole);
    mark_end(&s);
}

static void a_backup_with_a_changed_byte_makes_no_store(void **state)
{
    markkit s;
    dbk_book *book = NULL;
    (void)state;
    mark_begin(&s);
    mark_note(&s);
    uint64_t size = back_up(&s);
    dbk_bytes whole = mark_read_file(file_of(&s));
    const uint64_t places[] = { 16,   23,       24,        90,        200,     220,
                                5000, size / 2, size - 33, size - 32, size - 1 };
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        whole.p[places[i]] ^= 1;
        mark_write_file(file_of(&s), dbk_bytes_span(&whole));
        if (restore(&s, &book, DBK_TEST_PASSPHRASE, NULL) == DBK_OK || has_store(&s))
            fail_msg("byte %llu changed: restored", (unsigned long long)places[i]);
        whole.p[places[i]] ^= 1;
    }
    /* What a refused one left is no store, and in nobody's way. */
    mark_write_file(file_of(&s), dbk_bytes_span(&whole));
    dbk_err err = { 0 };
    assert_int_equal(restore(&s, &book, "not it", &err), DBK_PASSPHRASE);
    dbk_err_clear(&err);
    assert_ok(restore(&s, &book, DBK_TEST_PASSPHRASE, &err), &err);
    dbk_book_close(book);
    dbk_bytes_wipe(&whole);
    mark_end(&s);
}

/* A page that doesn't hold what its MAC says is found when the backup is made, not years later. */
static void a_damaged_store_gives_no_backup(void **state)
{
    markkit s;
    dbk_backed_up made;
    dbk_err err = { 0 };
    (void)state;
    mark_begin(&s);
    mark_note(&s);
    assert_ok(dbk_store_checkpoint(s.anne->book->store, &err), &err);
    int fd = open(dbk_test_path(s.anne->dir, "store.db"), O_RDWR | O_CLOEXEC);
    uint8_t byte;
    assert_int_equal(pread(fd, &byte, 1, 3 * 4096 + 100), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, 3 * 4096 + 100), 1);
    assert_int_equal(try_back_up(&s, &made, &err), DBK_DAMAGED);
    assert_int_not_equal(access(file_of(&s), F_OK), 0);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, 3 * 4096 + 100), 1);
    (void)close(fd);
    mark_end(&s);
}

/* A disk that fills up at any point of it leaves no file that looks like a backup. */
static void a_full_disk_leaves_no_backup_a38(void **state)
{
    markkit s;
    dbk_backed_up made;
    (void)state;
    mark_begin(&s);
    uint64_t size = back_up(&s);
    (void)unlink(file_of(&s));
    for (uint64_t room = 100; room < size; room += size / 7) {
        dbk_err err = { 0 };
        mark_limit_files(room);
        dbk_rc rc = try_back_up(&s, &made, &err);
        mark_limit_files(0);
        assert_int_equal(rc, DBK_FULL);
        assert_int_not_equal(access(file_of(&s), F_OK), 0);
    }
    mark_note(&s);
    (void)back_up(&s);
    mark_end(&s);
}

/* Each allocation of a restore fails in turn: a store that can be opened was marked before. */
static void no_failing_allocation_leaves_a_store_that_signs_again_r5_a37(void **state)
{
    markkit s;
    dbk_book *book = NULL;
    dbk_err err = { 0 };
    bool reached = true;
    (void)state;
    mark_begin(&s);
    mark_note(&s);
    (void)back_up(&s);
    for (uint64_t n = 20; reached; n = n * 3 / 2) { /* each costs an Argon2id */
        dbk_test_alloc a = { .fail_at = n };
        dbk_test_alloc_start(&a);
        dbk_rc rc = restore(&s, &book, DBK_TEST_PASSPHRASE, NULL);
        reached = dbk_test_alloc_stop(&a);
        if (reached && rc != DBK_OK)
            assert_false(has_store(&s));
        if (rc == DBK_OK) {
            assert_int_not_equal(dbk_book_restored_ms(book), 0);
            dbk_book_close(book);
            assert_ok(dbk_book_wipe(dbk_test_path(s.kept, "new"), NULL, &err), &err);
        }
    }
    mark_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_comes_back_as_it_was_to_the_byte),
        cmocka_unit_test(a_head_that_is_cut_or_changed_is_refused_or_another_head),
        cmocka_unit_test(a_mac_covers_every_bit_and_belongs_to_one_key),
        cmocka_unit_test(a_backup_becomes_the_same_store_that_signs_in_new_feeds_r5_m47),
        cmocka_unit_test(nothing_is_overwritten_by_a_backup_or_a_restore),
        cmocka_unit_test(a_backup_cut_at_any_byte_is_refused),
        cmocka_unit_test(a_backup_with_a_changed_byte_makes_no_store),
        cmocka_unit_test(a_damaged_store_gives_no_backup),
        cmocka_unit_test(a_full_disk_leaves_no_backup_a38),
        cmocka_unit_test(no_failing_allocation_leaves_a_store_that_signs_again_r5_a37),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
