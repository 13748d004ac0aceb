#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "core/journal/book_internal.h"
#include "core/practice/rules.h"
#include "tests/faults/alloc.h"
#include "tests/lib/org.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* What was written long ago: of each kind one, so that reads have something to read. */
static void first_notes(alloc_world *w)
{
    char of_case[DBK_TEST_REF_SIZE];
    w->of_case = dbk_test_add(w->hq.book, &w->space, "case",
                              TEXTS("kind=homicide", "ref=26/0417", "la_area=dudley"));
    dbk_test_ref(of_case, "case_id", &w->of_case);
    w->person = dbk_test_add(w->hq.book, &w->space, "person",
                             TEXTS(of_case, "name=Joan Mary Example", "dob=1950-01-02",
                                   "safe_voicemail=no", "needs=sight,hearing"));
    (void)dbk_test_add(w->hq.book, &w->space, "person",
                       TEXTS(of_case, "name=Joan Example", "dob=1950-01-02"));
    (void)dbk_test_add(w->hq.book, &w->space, "service", TEXTS("name=Refuge", "status=active"));
    w->draft = dbk_test_add(w->hq.book, &w->space, "lesson",
                            TEXTS("title=First draft", "text=Ask twice"));
}

/* A name that two officers have changed without knowing of each other. */
static void first_dispute(alloc_world *w)
{
    w->disputed = sync_write(&w->hq, &w->space, "Ada");
    (void)sync_now(&w->hq);
    (void)sync_now(&w->asha);
    (void)sync_now(&w->ben);
    sync_edit(&w->asha, &w->disputed, "Ada Byron");
    sync_edit(&w->ben, &w->disputed, "Ada King");
    (void)sync_now(&w->asha);
    (void)sync_now(&w->ben);
    (void)sync_now(&w->asha);
    (void)sync_now(&w->hq);
}

static void open_relay(alloc_world *w)
{
    relaykit_open(&w->kit, DBK_WRITER_INLINE);
    relaykit_org(&w->kit);
    relaykit_enrol(&w->kit, &w->officer, DBK_ROLE_OFFICER);
    const relaykit_device *members[] = { &w->officer };
    relaykit_pushed p;
    w->kit_space = relaykit_space(&w->kit, members, 1);
    w->feed = relaykit_feed_begin(&w->kit, &w->officer, &w->kit_space);
    for (size_t i = 0; i < 3; i++) {
        relaykit_segment s;
        relaykit_segment_make(&w->kit, &s, &w->feed, 2, 200);
        assert_int_equal(relaykit_push(&w->kit, &w->officer, &p, &s, 1), 200);
        relaykit_pushed_wipe(&p);
        relaykit_segment_wipe(&s);
    }
    relaykit_segment_make(&w->kit, &w->segment, &w->feed, 2, 200);
}

void alloc_world_open(alloc_world *w)
{
    dbk_err err = { 0 };
    memset(w, 0, sizeof(*w));
    syncworld_open(&w->net);
    sync_device_open(&w->net, &w->hq, "hq");
    sync_device_open(&w->net, &w->asha, "asha");
    sync_device_open(&w->net, &w->ben, "ben");
    sync_device_open(&w->net, &w->fresh, "fresh");
    dbk_test_dir_make(w->folder);
    dbk_bytes_init(&w->text, DBK_FORM_PACK_BYTES_MAX);
    sync_found(&w->hq);
    w->space = sync_space(&w->hq, "Limelight");
    sync_enlist(&w->hq, &w->asha, DBK_ROLE_OFFICER, &w->space);
    sync_enlist(&w->hq, &w->ben, DBK_ROLE_OFFICER, &w->space);
    sync_witness(&w->hq);
    first_notes(w);
    first_dispute(w);
    (void)sync_now(&w->ben);
    open_relay(w);
    sync_device *all[] = { &w->hq, &w->asha, &w->ben, &w->fresh };
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        assert_ok(
            dbk_secret_from(&w->keys[i], dbk_secret_bytes(dbk_book_store_key(all[i]->book)), &err),
            &err);
}

/* The lock of a store that a parent of this process has open, too: it has to be given back, as
 * closing it here doesn't. */
static void give_lock(const char *dir)
{
    struct stat lock, st;
    if (stat(dbk_test_path(dir, "lock"), &lock) != 0)
        return;
    for (int fd = 3; fd < 256; fd++)
        if (fstat(fd, &st) == 0 && st.st_ino == lock.st_ino && st.st_dev == lock.st_dev)
            (void)flock(fd, LOCK_UN);
}

static void open_again(alloc_world *w, size_t i)
{
    sync_device *all[] = { &w->hq, &w->asha, &w->ben, &w->fresh };
    const dbk_book_opts opts = { .env = &all[i]->env.env,
                                 .forms = dbk_test_forms(),
                                 .kdf = DBK_KDF_COST_FLOOR };
    dbk_err err = { 0 };
    give_lock(all[i]->dir);
    dbk_book_close(all[i]->book);
    assert_ok(dbk_book_open_with_key(&all[i]->book, all[i]->dir, w->keys[i], &opts, &err), &err);
    dbk_journal_heed(all[i]->book, dbk_rules_judge);
    uint64_t left = 0; /* what isn't indexed yet would be by the next one who reads */
    assert_ok(dbk_query_index(all[i]->book, &left, 10000, &err), &err);
}

void alloc_world_resume(alloc_world *w)
{
    for (size_t i = 0; i < ARRAY_LEN(w->keys); i++)
        open_again(w, i);
    relaykit_start(&w->net.kit);
    relaykit_start(&w->kit);
}

void alloc_world_mend(alloc_world *w)
{
    const sync_device *all[] = { &w->hq, &w->asha, &w->ben, &w->fresh };
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (all[i]->book != NULL && all[i]->book->broken)
            open_again(w, i);
    relaykit *kits[] = { &w->net.kit, &w->kit };
    for (size_t i = 0; i < ARRAY_LEN(kits); i++) {
        const dbk_span none = { NULL, 0 };
        if (kits[i]->relay == NULL ||
            relaykit_status(kits[i], NULL, "GET", "/healthz", none) != 503)
            continue;
        relaykit_stop(kits[i]);
        relaykit_start(kits[i]);
    }
}

static void shut(dbk_book **book)
{
    dbk_book_close(*book);
    *book = NULL;
}

void alloc_shut_asha(alloc_world *w)
{
    shut(&w->asha.book);
}

void alloc_stores_close(alloc_world *w)
{
    shut(&w->opened);
    shut(&w->hq.book);
    shut(&w->asha.book);
    shut(&w->ben.book);
    shut(&w->fresh.book);
}

void alloc_relays_stop(alloc_world *w)
{
    relaykit_stop(&w->net.kit);
    relaykit_stop(&w->kit);
}

void alloc_world_wipe(alloc_world *w)
{
    for (size_t i = 0; i < ARRAY_LEN(w->keys); i++)
        dbk_secret_free(w->keys[i]);
    relaykit_segment_wipe(&w->segment);
    relaykit_device_drop(&w->officer);
    dbk_bytes_wipe(&w->text);
}
