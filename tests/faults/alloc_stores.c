/* Stores as files: made, opened, locked anew, copied, put back and ended; and the log of a device.
 */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/store/store.h"
#include "tests/faults/alloc.h"

static dbk_book_opts opts_of(sync_device *d)
{
    return (dbk_book_opts){ .env = &d->env.env, .kdf = DBK_KDF_COST_FLOOR };
}

static dbk_rc create(alloc_world *w, dbk_err *err)
{
    const dbk_book_opts opts = opts_of(&w->asha);
    return dbk_book_create(&w->opened, dbk_test_path(w->folder, "new"), w->net.passphrase, &opts,
                           err);
}

static dbk_rc open_by_key(alloc_world *w, dbk_err *err)
{
    const dbk_book_opts opts = opts_of(&w->asha);
    return dbk_book_open_with_key(&w->opened, w->asha.dir, w->keys[1], &opts, err);
}

static dbk_rc open_marked(alloc_world *w, dbk_err *err)
{
    dbk_book_opts opts = opts_of(&w->asha);
    opts.anchors = w->folder;
    return dbk_book_open_with_key(&w->opened, w->asha.dir, w->keys[1], &opts, err);
}

static dbk_rc open_by_passphrase(alloc_world *w, dbk_err *err)
{
    const dbk_book_opts opts = opts_of(&w->asha);
    return dbk_book_open(&w->opened, w->asha.dir, w->net.passphrase, &opts, err);
}

static dbk_rc change_passphrase(alloc_world *w, dbk_err *err)
{
    const dbk_slots_change change = { .old_passphrase = w->net.passphrase,
                                      .new_passphrase = w->net.passphrase };
    return dbk_book_change_passphrase(w->asha.book, &change, err);
}

static dbk_rc rekey(alloc_world *w, dbk_err *err)
{
    const dbk_book_opts opts = opts_of(&w->asha);
    return dbk_book_rekey(w->asha.dir, w->net.passphrase, &opts, err);
}

static dbk_rc back_up(alloc_world *w, dbk_err *err)
{
    dbk_backed_up made;
    const dbk_backup_opts opts = { .file = dbk_test_path(w->folder, "backup"), .whole = true };
    return dbk_book_backup(w->asha.book, &made, &opts, err);
}

static void have_backup(alloc_world *w)
{
    dbk_err err = { 0 };
    assert_ok(back_up(w, &err), &err);
}

static dbk_rc restore(alloc_world *w, dbk_err *err)
{
    char file[2 * DBK_TEST_PATH_SIZE], dir[2 * DBK_TEST_PATH_SIZE];
    uint64_t made_ms = 0;
    const dbk_book_opts opts = opts_of(&w->asha);
    (void)snprintf(file, sizeof(file), "%s/backup", w->folder);
    (void)snprintf(dir, sizeof(dir), "%s/new", w->folder);
    const dbk_restore from = { file, w->net.passphrase };
    return dbk_book_restore(&w->opened, &made_ms, dir, &from, &opts, err);
}

/* Whatever is short of memory, a store that was to be ended is ended. */
static dbk_rc wipe(alloc_world *w, dbk_err *err)
{
    const dbk_book_opts opts = opts_of(&w->asha);
    dbk_rc rc = dbk_book_wipe(w->asha.dir, &opts, err);
    return rc == DBK_NOT_FOUND ? DBK_OK : rc; /* the time before went that far */
}

static dbk_rc settle_recovery(alloc_world *w, dbk_err *err)
{
    return dbk_recovery_settle(w->asha.book, err);
}

static void name_recovery_key(alloc_world *w)
{
    dbk_policy policy = *dbk_roster_policy(dbk_book_roster(w->hq.book));
    policy.recovery.count = 1;
    memset(policy.recovery.b[0], 9, sizeof(policy.recovery.b[0]));
    sync_policy(&w->hq, &policy);
    (void)sync_now(&w->asha);
}

static dbk_rc log_device(alloc_world *w, dbk_err *err)
{
    bool left = false;
    dbk_rc rc = dbk_device_log_now(w->asha.book, DBK_DEVICE_UNLOCKED, err);
    return rc == DBK_OK ? dbk_device_log_settle(w->asha.book, &left, err) : rc;
}

#define KIT_FORM                                                                              \
    "{\"form\":\"kit\",\"version\":1000,\"title\":\"Ours\",\"fields\":[{\"name\":\"colour\"," \
    "\"label\":\"Colour\",\"kind\":\"text\"}]}"

static dbk_rc make_pack(alloc_world *w, dbk_err *err)
{
    const dbk_form_pack_text text = { DBK_FORM_PACK_FORM, dbk_span_str(KIT_FORM) };
    const dbk_form_pack_new pack = { "starter", &text, 1 };
    dbk_bytes_truncate(&w->text, 0);
    return dbk_form_pack_make(w->hq.book, &w->text, &pack, err);
}

static void have_pack(alloc_world *w)
{
    dbk_err err = { 0 };
    assert_ok(make_pack(w, &err), &err);
}

static dbk_rc install_pack(alloc_world *w, dbk_err *err)
{
    dbk_form_pack_installed done;
    return dbk_form_pack_install(w->asha.book, &done, dbk_bytes_span(&w->text), err);
}

static dbk_rc hand_card(alloc_world *w, dbk_err *err)
{
    dbk_bytes_truncate(&w->text, 0);
    return dbk_handover_card(w->asha.book, &w->text, err);
}

static const alloc_scenario stores[] = {
    { "make a store", NULL, create, ALLOC_SLOW },
    { "open a store by its key", alloc_shut_asha, open_by_key, 0 },
    { "open a store that has a mark", alloc_shut_asha, open_marked, 0 },
    { "open a store by its passphrase", alloc_shut_asha, open_by_passphrase, ALLOC_SLOW },
    { "change the passphrase", NULL, change_passphrase, ALLOC_SLOW },
    { "give a store a new key", alloc_shut_asha, rekey, ALLOC_SLOW },
    { "back a store up", NULL, back_up, 0 },
    { "restore a store", have_backup, restore, ALLOC_SLOW },
    { "wipe a store", alloc_shut_asha, wipe, ALLOC_CHANGES },
    { "put headquarters' recovery slot in", name_recovery_key, settle_recovery, ALLOC_CHANGES },
    { "the log of the device", NULL, log_device, ALLOC_CHANGES },
    { "make a pack of forms", NULL, make_pack, 0 },
    { "install a pack of forms", have_pack, install_pack, 0 },
    { "make the members' card", NULL, hand_card, 0 },
};
const alloc_table alloc_stores = { stores, ARRAY_LEN(stores) };
