/* A folder that carries notes, on a stick that is pulled out: what a finished sync has put there is
 * there, and whoever reads it meets whole files only. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/journal/book_internal.h"
#include "tests/images/images.h"
#include "tests/lib/syncworld.h"

#define ROUNDS 6u
#define NOTES_MAX 64u

static struct {
    syncworld w;
    sync_device hq, anne, ben;
    dbk_id space;
    char stick[IMAGES_DIR_MAX + 64];
    dbk_id notes[NOTES_MAX]; /* told n: the first n */
    size_t count;
    disk_record *r;
    disk_image reader; /* Ben's store, before he meets the stick */
    dbk_secret *reader_key;
} st;

static void keep_reader(void)
{
    const disk_loss none = { DISK_ALL_LOST, 0, 0 };
    dbk_err err = { 0 };
    assert_ok(
        dbk_secret_from(&st.reader_key, dbk_secret_bytes(dbk_book_store_key(st.ben.book)), &err),
        &err);
    dbk_book_close(st.ben.book);
    st.ben.book = NULL;
    disk_record *r = disk_watch(st.ben.dir);
    disk_unwatch(r);
    disk_state *s = disk_state_new(r);
    disk_image_make(&st.reader, s, &none);
    disk_state_free(s);
    disk_record_free(r);
}

static disk_record *play(const char *top)
{
    memset(&st, 0, sizeof(st));
    assert_int_equal(setenv("TMPDIR", top, 1), 0);
    (void)snprintf(st.stick, sizeof(st.stick), "%s/stick", top);
    assert_int_equal(mkdir(st.stick, 0700), 0);
    syncworld_open(&st.w);
    sync_device_open(&st.w, &st.hq, "HQ");
    sync_found(&st.hq);
    st.space = sync_space(&st.hq, "Op Cedar");
    sync_device_open(&st.w, &st.anne, "Anne");
    sync_enlist(&st.hq, &st.anne, DBK_ROLE_OFFICER, &st.space);
    sync_device_open(&st.w, &st.ben, "Ben");
    sync_enlist(&st.hq, &st.ben, DBK_ROLE_OFFICER, &st.space);
    (void)sync_now(&st.anne);
    keep_reader();
    st.r = disk_watch(st.stick);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i <= round; i++)
            st.notes[st.count++] = sync_write(&st.anne, &st.space, "carried");
        (void)sync_folder(&st.anne, st.stick);
        disk_told(st.r, st.count);
    }
    return st.r;
}

static void look(images_case *c, dbk_book *book)
{
    size_t there = 0;
    for (size_t i = 0; i < st.count; i++) {
        dbk_note *n = NULL;
        there += dbk_query_note(&n, book, &st.notes[i], NULL) == DBK_OK ? 1 : 0;
        dbk_note_free(n);
    }
    if (there < c->told) {
        c->end = IMAGE_LESS;
        if (!c->lied)
            images_blame(c, "%zu of %u notes that were put on the stick", there, (unsigned)c->told);
    }
    images_verify(c, book);
}

static void check(images_case *c)
{
    char reader[IMAGES_DIR_MAX + 64];
    sync_device ben = st.ben;
    dbk_transport t;
    dbk_sync_report report;
    dbk_err err = { 0 };
    (void)snprintf(reader, sizeof(reader), "%.60s-reader", c->dir);
    disk_image_write(&st.reader, reader);
    dbk_test_env_init(&ben.env, 9);
    ben.env.now_ms += 3600000;
    const dbk_book_opts opts = { .env = &ben.env.env, .forms = dbk_test_forms() };
    assert_ok(dbk_book_open_with_key(&ben.book, reader, st.reader_key, &opts, &err), &err);
    assert_ok(dbk_transport_dir(&t, c->dir, &err), &err);
    dbk_rc rc = dbk_driver_sync(ben.book, &t, &report, NULL, &err);
    bool plain = rc == DBK_FORMAT || rc == DBK_AUTH || rc == DBK_PEER || rc == DBK_DAMAGED;
    if (rc != DBK_OK)
        c->end = IMAGE_REFUSED;
    if (rc != DBK_OK && !(c->lied && plain))
        images_blame(c, "the folder is refused: %s: %s", dbk_rc_name(rc), err.text);
    dbk_transport_close(&t);
    if (rc == DBK_OK)
        look(c, ben.book);
    dbk_book_close(ben.book);
}

static void close_scene(void)
{
    disk_image_wipe(&st.reader);
    dbk_secret_free(st.reader_key);
    sync_device_close(&st.ben);
    sync_device_close(&st.anne);
    sync_device_close(&st.hq);
    syncworld_close(&st.w);
}

const images_scene scene_stick = { "stick", "a folder that carries notes, on a stick",
                                   1,       play,
                                   check,   close_scene };
