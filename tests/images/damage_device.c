/* A store with what isn't in its file yet (its log), its slot file, its mark and a backup; and a
 * stick that carries notes. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/journal/book_internal.h"
#include "core/store/store.h"
#include "tests/images/damage.h"
#include "tests/lib/syncworld.h"

static struct {
    syncworld w;
    sync_device hq, anne, ben, cara;
    dbk_id space;
    char top[DAMAGE_DIR_MAX], marks[DAMAGE_DIR_MAX + 16], stick[DAMAGE_DIR_MAX + 16];
    dbk_secret *key;   /* of the store that is opened */
    disk_image reader; /* of a stick */
} dev;

/* ---- what is shown ------------------------------------------------------------------------- */

typedef struct look {
    damage_try *t;
    dbk_hasher h;
    bool faulty;
} look;

static dbk_rc hear_fault(void *ctx, const char *sentence, dbk_err *err)
{
    look *l = ctx;
    (void)err;
    if (!l->faulty)
        (void)snprintf(l->t->why, sizeof(l->t->why), "verify: %s", sentence);
    l->faulty = true;
    return DBK_OK;
}

static dbk_rc hear_space(void *ctx, const dbk_verified *v, dbk_err *err)
{
    look *l = ctx;
    (void)err;
    dbk_hasher_add(&l->h, dbk_span_of(v->space.b, sizeof(v->space.b)));
    dbk_hasher_add(&l->h, dbk_span_of(v->state_hash.b, sizeof(v->state_hash.b)));
    dbk_hasher_add(&l->h, dbk_span_of(v->vector_hash.b, sizeof(v->vector_hash.b)));
    return DBK_OK;
}

static dbk_rc hear_row(void *ctx, const dbk_row *row, dbk_err *err)
{
    look *l = ctx;
    (void)err;
    dbk_hasher_add(&l->h, dbk_span_of(row->record.b, sizeof(row->record.b)));
    dbk_hasher_add(&l->h, dbk_span_str(row->summary));
    return DBK_OK;
}

static damage_end look_at(damage_try *t, dbk_book *book)
{
    dbk_err err = { 0 };
    look l = { .t = t };
    const dbk_list_opts all = { .since_ms = INT64_MIN };
    const dbk_verify_sink sink = { .space = hear_space, .fault = hear_fault, .ctx = &l };
    dbk_hasher_init(&l.h, "damage/seen");
    dbk_rc rc = dbk_verify_book(book, &sink, &err);
    if (rc == DBK_OK)
        rc = dbk_book_check_deep(book, &err);
    if (rc == DBK_OK)
        rc = dbk_query_list(book, &all, hear_row, &l, &err);
    if (rc == DBK_OK)
        rc = dbk_query_search(book, "carried", 0, hear_row, &l, &err);
    if (rc != DBK_OK && !l.faulty)
        (void)damage_told(t, rc, err.text);
    t->seen = dbk_hasher_end(&l.h);
    if (rc == DBK_NOMEM || rc == DBK_BUSY)
        return DAMAGE_SILENT;
    return rc == DBK_OK && !l.faulty ? DAMAGE_UNUSED : DAMAGE_LATER;
}

/* ---- the store ----------------------------------------------------------------------------- */

static void write_some(sync_device *d, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        dbk_id record = sync_write(d, &dev.space, "carried");
        if (i % 2 == 0)
            sync_edit(d, &record, "carried further");
    }
}

static void make_org(const char *top)
{
    memset(&dev, 0, sizeof(dev));
    assert_int_equal(setenv("TMPDIR", top, 1), 0);
    (void)snprintf(dev.top, sizeof(dev.top), "%.50s/here", top);
    (void)snprintf(dev.marks, sizeof(dev.marks), "%s/marks", dev.top);
    (void)snprintf(dev.stick, sizeof(dev.stick), "%s/stick", dev.top);
    assert_int_equal(mkdir(dev.top, 0700), 0);
    assert_int_equal(setenv("TMPDIR", dev.top, 1), 0);
    syncworld_open(&dev.w);
    sync_device_open(&dev.w, &dev.hq, "HQ");
    sync_found(&dev.hq);
    dev.space = sync_space(&dev.hq, "Op Cedar");
}

/* The files of a store and of its mark under names that are the same for all. */
static void take(disk_image *out, const sync_device *d)
{
    disk_image all = { 0 };
    damage_look(&all, dev.top);
    const char *folder = strrchr(d->dir, '/') + 1;
    *out = (disk_image){ .files = calloc(all.count + 2, sizeof(disk_found)), .cap = all.count + 2 };
    assert_non_null(out->files);
    (void)snprintf(out->files[out->count].path, DISK_PATH_MAX, "store");
    out->files[out->count++].is_folder = true;
    (void)snprintf(out->files[out->count].path, DISK_PATH_MAX, "marks");
    out->files[out->count++].is_folder = true;
    for (size_t i = 0; i < all.count; i++) {
        disk_found *f = &all.files[i];
        disk_found *to = &out->files[out->count];
        size_t len = strlen(folder);
        if (!f->is_folder && strncmp(f->path, folder, len) == 0 && f->path[len] == '/')
            (void)snprintf(to->path, DISK_PATH_MAX, "store%.180s", f->path + len);
        else if (!f->is_folder && strncmp(f->path, "marks/", 6) == 0)
            (void)snprintf(to->path, DISK_PATH_MAX, "%.190s", f->path);
        else
            continue;
        to->bytes = f->bytes;
        to->len = f->len;
        f->bytes = NULL;
        out->count++;
    }
    disk_image_wipe(&all);
}

static void begin_device(damage_set *set, const char *top)
{
    dbk_err err = { 0 };
    make_org(top);
    sync_device_open(&dev.w, &dev.ben, "Ben");
    sync_enlist(&dev.hq, &dev.ben, DBK_ROLE_OFFICER, &dev.space);
    write_some(&dev.ben, 6);
    dev.w.anchors = dev.marks;
    sync_device_open(&dev.w, &dev.anne, "Anne");
    sync_enlist(&dev.hq, &dev.anne, DBK_ROLE_OFFICER, &dev.space);
    write_some(&dev.anne, 12);
    (void)sync_now(&dev.anne);
    sync_device_reopen(&dev.anne);
    take(&set->older, &dev.anne);
    write_some(&dev.anne, 12);
    (void)sync_now(&dev.anne);
    sync_device_reopen(&dev.anne);
    write_some(&dev.anne, 10); /* stand in the log, not in the file */
    take(&set->foreign, &dev.ben);
    take(&set->whole, &dev.anne);
    assert_ok(dbk_secret_from(&dev.key, dbk_secret_bytes(dbk_book_store_key(dev.anne.book)), &err),
              &err);
    damage_add(set, "store/store.db", 5500);
    damage_add(set, "store/store.db-wal", 2500);
    damage_add(set, "store/keys.slots", 6000);
    for (size_t i = 0; i < set->whole.count; i++)
        if (strncmp(set->whole.files[i].path, "marks/", 6) == 0)
            damage_add(set, set->whole.files[i].path, 500);
}

/* The slot file as every opening reads it but for the passphrase, which takes a tenth of a second:
 * the MAC is made with the store key, and covers all of it. */
static damage_end open_slots(damage_try *t)
{
    dbk_err err = { 0 };
    dbk_slots_look found;
    const disk_found *f = disk_image_file(t->image, "store/keys.slots");
    dbk_rc rc = dbk_slots_look_own(&found, dbk_span_of(f->bytes, f->len), dev.key, &err);
    return rc == DBK_OK ? DAMAGE_UNUSED : damage_told(t, rc, err.text);
}

static damage_end open_device(damage_try *t)
{
    dbk_err err = { 0 };
    dbk_test_env env;
    dbk_book *book = NULL;
    char store[DAMAGE_DIR_MAX + 32], marks[DAMAGE_DIR_MAX + 32];
    if (strcmp(t->file->path, "store/keys.slots") == 0 && open_slots(t) == DAMAGE_TOLD)
        return DAMAGE_TOLD;
    (void)snprintf(store, sizeof(store), "%s/store", t->dir);
    (void)snprintf(marks, sizeof(marks), "%s/marks", t->dir);
    dbk_test_env_init(&env, 3);
    env.now_ms += 7200000;
    const dbk_book_opts opts = { .env = &env.env, .forms = dbk_test_forms(), .anchors = marks };
    dbk_rc rc = dbk_book_open_with_key(&book, store, dev.key, &opts, &err);
    if (rc != DBK_OK)
        return damage_told(t, rc, err.text);
    const dbk_book_mark mark = dbk_book_mark_found(book);
    damage_end end = look_at(t, book);
    if (end == DAMAGE_UNUSED && (mark.found != DBK_MARK_FITS || mark.slots_older)) {
        (void)snprintf(t->why, sizeof(t->why), "the mark: %d", (int)mark.found);
        end = DAMAGE_TOLD;
    }
    dbk_book_close(book);
    return end;
}

static void end_device(void)
{
    dbk_secret_free(dev.key);
    disk_image_wipe(&dev.reader);
    if (dev.cara.dir[0] != '\0')
        sync_device_close(&dev.cara);
    sync_device_close(&dev.ben);
    sync_device_close(&dev.anne);
    sync_device_close(&dev.hq);
    syncworld_close(&dev.w);
}

const damage_kit damage_device = { "device", begin_device, open_device, NULL, end_device };

/* ---- a stick ------------------------------------------------------------------------------- */

static void begin_stick(damage_set *set, const char *top)
{
    dbk_err err = { 0 };
    make_org(top);
    sync_device_open(&dev.w, &dev.anne, "Anne");
    sync_enlist(&dev.hq, &dev.anne, DBK_ROLE_OFFICER, &dev.space);
    sync_device_open(&dev.w, &dev.ben, "Ben");
    sync_enlist(&dev.hq, &dev.ben, DBK_ROLE_OFFICER, &dev.space);
    (void)sync_now(&dev.anne);
    assert_ok(dbk_secret_from(&dev.key, dbk_secret_bytes(dbk_book_store_key(dev.ben.book)), &err),
              &err);
    dbk_book_close(dev.ben.book);
    dev.ben.book = NULL;
    damage_look(&dev.reader, dev.ben.dir);
    sync_device_open(&dev.w, &dev.cara, "Cara"); /* of whom the reader hears by the stick */
    sync_enlist(&dev.hq, &dev.cara, DBK_ROLE_OFFICER, &dev.space);
    (void)sync_now(&dev.anne);
    assert_int_equal(mkdir(dev.stick, 0700), 0);
    write_some(&dev.anne, 4);
    (void)sync_folder(&dev.anne, dev.stick);
    damage_look(&set->older, dev.stick);
    write_some(&dev.anne, 4);
    (void)sync_folder(&dev.anne, dev.stick);
    damage_look(&set->whole, dev.stick);
    size_t files = 0;
    for (size_t i = 0; i < set->whole.count; i++)
        files += set->whole.files[i].is_folder || set->whole.files[i].len == 0 ? 0 : 1;
    for (size_t i = 0; i < set->whole.count && set->files_count < DAMAGE_FILES_MAX; i++)
        if (!set->whole.files[i].is_folder && set->whole.files[i].len > 0)
            damage_add(set, set->whole.files[i].path, (uint32_t)(2000 / files) + 1);
}

static damage_end open_stick(damage_try *t)
{
    char path[DAMAGE_DIR_MAX + 32];
    sync_device ben = dev.ben;
    dbk_transport carrier;
    dbk_sync_report report;
    dbk_err err = { 0 };
    damage_end end = DAMAGE_UNUSED;
    (void)snprintf(path, sizeof(path), "%s-reader", t->dir);
    disk_image_write(&dev.reader, path);
    dbk_test_env_init(&ben.env, 9);
    ben.env.now_ms += 7200000;
    const dbk_book_opts opts = { .env = &ben.env.env, .forms = dbk_test_forms() };
    assert_ok(dbk_book_open_with_key(&ben.book, path, dev.key, &opts, &err), &err);
    assert_ok(dbk_transport_dir(&carrier, t->dir, &err), &err);
    dbk_rc rc = dbk_driver_sync(ben.book, &carrier, &report, NULL, &err);
    if (rc != DBK_OK)
        end = damage_told(t, rc, err.text);
    /* Of an author that no entry of the chain has nothing can be told but that it waits: so the
     * officer hears, and nothing of it is taken. */
    else if (report.pending > 0)
        end = DAMAGE_LATER;
    dbk_transport_close(&carrier);
    /* Whatever came in before is whole. */
    damage_end held = look_at(t, ben.book);
    if (held != DAMAGE_UNUSED)
        end = DAMAGE_SILENT;
    dbk_book_close(ben.book);
    return end;
}

/* A file too short for one segment is taken for a copy that was cut off: as if it weren't there,
 * and whoever has it puts it there again (sync/engine/carrier.c). */
static damage_end miss_stick(damage_try *t)
{
    size_t len = disk_image_file(t->image, t->file->path)->len;
    (void)snprintf(t->why, sizeof(t->why), "%zu bytes are left of it", len);
    return len < DBK_PUSH_HEAD_BYTES + DBK_SEGMENT_HEADER_BYTES ? DAMAGE_LATER : DAMAGE_SILENT;
}

const damage_kit damage_stick = { "stick", begin_stick, open_stick, miss_stick, end_device };
