/* An officer's device: its store, its slot file and its mark, from the first moment. The relay and
 * headquarters are elsewhere, and lose nothing. */
#include "tests/lib/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/journal/book_internal.h"
#include "core/store/store.h"
#include "tests/images/images.h"
#include "tests/lib/org.h"
#include "tests/lib/syncworld.h"

#define FACTS_MAX 256u
#define SLOTS_MAX 64u
#define BATCH 40u
#define NAME_MAX_BYTES 64u

/* What the officer was told, in this order. */
typedef enum fact_kind {
    FACT_BORN,
    FACT_MEMBER,
    FACT_NAMED,
    FACT_BATCH,
    FACT_PASSPHRASE,
    FACT_REKEYED
} fact_kind;
typedef struct fact {
    fact_kind kind;
    dbk_id record;
    char name[NAME_MAX_BYTES];
    unsigned passphrase;
    bool has_left; /* the relay had it when the scene ended */
} fact;

/* A slot file that was met, and what opens it. */
typedef struct known_slots {
    dbk_hash hash;
    dbk_secret *key; /* NULL: nothing does */
    unsigned passphrase;
} known_slots;

static struct {
    syncworld w;
    sync_device hq, d;
    char top[IMAGES_DIR_MAX], store[IMAGES_DIR_MAX + 8], marks[IMAGES_DIR_MAX + 8];
    dbk_id space;
    disk_record *r;
    fact facts[FACTS_MAX]; /* told n: the first n */
    size_t count;
    dbk_id batch[BATCH];
    dbk_secret *passphrases[2];
    known_slots slots[SLOTS_MAX];
    size_t slots_count;
    uint64_t now_ms;
    char relay_kept[2 * DBK_TEST_PATH_SIZE];
    dbk_test_env relay_env;
} dev;

/* ---- play ---------------------------------------------------------------------------------- */

static fact *tell(fact_kind kind)
{
    assert_true(dev.count < FACTS_MAX);
    fact *f = &dev.facts[dev.count++];
    f->kind = kind;
    disk_told(dev.r, dev.count);
    return f;
}

static void tell_name(const dbk_id *record, const char *name)
{
    fact *f = tell(FACT_NAMED);
    f->record = *record;
    (void)snprintf(f->name, sizeof(f->name), "%s", name);
}

/* What will be said is known beforehand: a cut may come before it is. */
static dbk_id note(const char *name)
{
    dbk_id record = sync_write(&dev.d, &dev.space, name);
    tell_name(&record, name);
    return record;
}

static void rename_note(const dbk_id *record, const char *name)
{
    sync_edit(&dev.d, record, name);
    tell_name(record, name);
}

static void note_many(void)
{
    dbk_err err = { 0 };
    dbk_batch *batch = NULL;
    const dbk_input input = { .op = DBK_INPUT_SET, .field = "name", .text = "one of many" };
    assert_ok(dbk_batch_begin(&batch, dev.d.book, &err), &err);
    for (unsigned i = 0; i < BATCH; i++) {
        dbk_problems problems = { 0 };
        dbk_add add = { .space = dev.space, .form = "person", .inputs = &input, .inputs_count = 1 };
        assert_ok(dbk_batch_add(batch, &dev.batch[i], &problems, &add, &err), &err);
        dbk_problems_wipe(&problems);
    }
    assert_ok(dbk_batch_flush(batch, &err), &err);
    dbk_batch_end(batch);
    (void)tell(FACT_BATCH);
}

static dbk_book_opts opts_of(void)
{
    return (dbk_book_opts){ .env = &dev.d.env.env,
                            .forms = dbk_test_forms(),
                            .anchors = dev.marks,
                            .kdf = { DBK_KDF_OPS_FLOOR, DBK_KDF_MEM_FLOOR_BYTES } };
}

static void change_passphrase(unsigned to)
{
    dbk_err err = { 0 };
    const dbk_slots_change change = { .old_passphrase = dev.passphrases[1 - to],
                                      .new_passphrase = dev.passphrases[to] };
    assert_ok(dbk_book_change_passphrase(dev.d.book, &change, &err), &err);
    tell(FACT_PASSPHRASE)->passphrase = to;
}

static void reopen(unsigned with)
{
    dbk_err err = { 0 };
    dbk_book_opts opts = opts_of();
    dbk_book_close(dev.d.book);
    assert_ok(dbk_book_open(&dev.d.book, dev.store, dev.passphrases[with], &opts, &err), &err);
    assert_int_equal(dbk_book_mark_found(dev.d.book).found, DBK_MARK_FITS);
}

static void rekey(unsigned with)
{
    dbk_err err = { 0 };
    dbk_book_opts opts = opts_of();
    dbk_book_close(dev.d.book);
    assert_ok(dbk_book_rekey(dev.store, dev.passphrases[with], &opts, &err), &err);
    (void)tell(FACT_REKEYED);
    assert_ok(dbk_book_open(&dev.d.book, dev.store, dev.passphrases[with], &opts, &err), &err);
}

static void exchange_all(void)
{
    size_t before = dev.count;
    (void)sync_now(&dev.d);
    for (size_t i = 0; i < before; i++)
        dev.facts[i].has_left = true;
    (void)sync_write(&dev.hq, &dev.space, "from headquarters");
    (void)sync_now(&dev.hq);
    (void)sync_now(&dev.d);
}

static void make_device(void)
{
    dbk_err err = { 0 };
    dbk_book_opts opts = opts_of();
    dev.d.world = &dev.w;
    dev.d.name = "Anne";
    dev.d.t = dev.hq.t; /* the same wire */
    dev.d.t.self = &dev.d;
    (void)snprintf(dev.d.dir, sizeof(dev.d.dir), "%s", dev.store);
    assert_ok(dbk_book_create(&dev.d.book, dev.store, dev.passphrases[0], &opts, &err), &err);
    (void)tell(FACT_BORN);
    sync_enlist(&dev.hq, &dev.d, DBK_ROLE_OFFICER, &dev.space);
    (void)tell(FACT_MEMBER);
}

static void make_world(const char *top)
{
    dbk_err err = { 0 };
    memset(&dev, 0, sizeof(dev));
    assert_int_equal(setenv("TMPDIR", top, 1), 0);
    (void)snprintf(dev.top, sizeof(dev.top), "%.50s/device", top);
    (void)snprintf(dev.store, sizeof(dev.store), "%s/store", dev.top);
    (void)snprintf(dev.marks, sizeof(dev.marks), "%s/marks", dev.top);
    assert_int_equal(mkdir(dev.top, 0700), 0);
    syncworld_open(&dev.w);
    sync_device_open(&dev.w, &dev.hq, "HQ");
    sync_found(&dev.hq);
    dev.space = sync_space(&dev.hq, "Op Cedar");
    dbk_test_env_init(&dev.d.env, 77);
    dev.d.env.step_ms = 1;
    assert_ok(dbk_secret_from(&dev.passphrases[0], dbk_span_str("correct horse battery"), &err),
              &err);
    assert_ok(dbk_secret_from(&dev.passphrases[1], dbk_span_str("another horse battery"), &err),
              &err);
}

static void keep_relay(void);

static disk_record *play(const char *top)
{
    make_world(top);
    dev.r = disk_watch(dev.top);
    make_device();
    dbk_id ruth = note("Ruth");
    (void)note("Naomi");
    rename_note(&ruth, "Ruth Orr");
    exchange_all();
    reopen(0);
    note_many();
    change_passphrase(1);
    rename_note(&ruth, "Ruth Orr-Hale");
    reopen(1);
    (void)note("Esther");
    rekey(1);
    (void)note("Miriam");
    exchange_all();
    (void)note("Leah");
    rename_note(&ruth, "Ruth Hale");
    dbk_book_close(dev.d.book);
    dev.d.book = NULL;
    dev.now_ms = dev.d.env.now_ms + 60000;
    keep_relay();
    return dev.r;
}

/* ---- what an image holds ------------------------------------------------------------------- */

/* The key of the slot file that counts, found once for each. NULL: nothing opens it. */
static const known_slots *key_of(const disk_found *f)
{
    dbk_err err = { 0 };
    const dbk_span file = dbk_span_of(f->bytes, f->len);
    dbk_hash hash = dbk_hash_of("images/slots", file);
    for (size_t i = 0; i < dev.slots_count; i++)
        if (dbk_hash_equal(&dev.slots[i].hash, &hash))
            return &dev.slots[i];
    assert_true(dev.slots_count < SLOTS_MAX);
    known_slots *s = &dev.slots[dev.slots_count++];
    s->hash = hash;
    for (unsigned i = 0; i < 2 && s->key == NULL; i++) {
        const dbk_unlock with = { .passphrase = dev.passphrases[i] };
        s->passphrase = i;
        if (dbk_slots_open(&s->key, file, &with, &err) != DBK_OK)
            s->key = NULL;
    }
    return s;
}

/* The passphrases that may open it: that of the last change that was told, and any after. */
static bool may_open(const images_case *c, unsigned passphrase)
{
    unsigned told = 0;
    for (size_t i = 0; i < dev.count; i++) {
        if (dev.facts[i].kind != FACT_PASSPHRASE)
            continue;
        if (i < c->told)
            told = dev.facts[i].passphrase;
        else if (dev.facts[i].passphrase == passphrase)
            return true;
    }
    return c->lied || told == passphrase;
}

static bool was_ever_named(const dbk_id *record, const char *name)
{
    for (size_t i = 0; i < dev.count; i++)
        if (dbk_id_equal(&dev.facts[i].record, record) && strcmp(dev.facts[i].name, name) == 0)
            return true;
    return false;
}

/* Is the record's name one that may stand there? after: the fact that was told last of it. */
static bool may_be(const fact *told, const char *name)
{
    for (const fact *f = told; f < dev.facts + dev.count; f++)
        if (dbk_id_equal(&f->record, &told->record) && strcmp(f->name, name) == 0)
            return true;
    return false;
}

static bool has(dbk_book *book, const dbk_id *record)
{
    dbk_note *n = NULL;
    dbk_rc rc = dbk_query_note(&n, book, record, NULL);
    dbk_note_free(n);
    return rc == DBK_OK;
}

/* The last fact of this record before `until`; NULL: none. */
static const fact *last_of(const dbk_id *record, uint64_t until)
{
    const fact *last = NULL;
    for (size_t i = 0; i < dev.count && i < until; i++)
        if (dev.facts[i].kind == FACT_NAMED && dbk_id_equal(&dev.facts[i].record, record))
            last = &dev.facts[i];
    return last;
}

static void look_at_names(images_case *c, dbk_book *book, uint64_t told)
{
    for (size_t i = 0; i < dev.count; i++) {
        const fact *f = &dev.facts[i];
        if (f->kind != FACT_NAMED)
            continue;
        const fact *last = last_of(&f->record, told);
        bool there = has(book, &f->record);
        if (!there && last != NULL && !c->lied)
            images_blame(c, "%s was saved and is gone", f->name);
        if (!there) {
            c->end = last != NULL ? IMAGE_LESS : c->end;
            continue;
        }
        const char *name = dbk_test_text(book, &f->record, "name");
        if (!was_ever_named(&f->record, name))
            images_blame(c, "\"%s\" was never written", name);
        else if (last != NULL && !may_be(last, name) && !c->lied)
            images_blame(c, "\"%s\" stands where \"%s\" was saved", name, last->name);
        else if (last != NULL && !may_be(last, name))
            c->end = IMAGE_LESS;
    }
}

static void look_at_batch(images_case *c, dbk_book *book, uint64_t told)
{
    size_t there = 0;
    bool is_told = false;
    for (unsigned i = 0; i < BATCH; i++)
        there += has(book, &dev.batch[i]) ? 1 : 0;
    for (size_t i = 0; i < told && i < dev.count; i++)
        is_told = is_told || dev.facts[i].kind == FACT_BATCH;
    if (there != 0 && there != BATCH)
        images_blame(c, "%zu of %u records of one save", there, BATCH);
    if (is_told && there == 0 && !c->lied)
        images_blame(c, "a batch was saved and is gone");
    if (is_told && there == 0)
        c->end = IMAGE_LESS;
}

/* ---- opening ------------------------------------------------------------------------------- */

static void look_deep(images_case *c, dbk_book *book)
{
    dbk_err err = { 0 };
    if (dbk_book_check_deep(book, &err) != DBK_OK)
        images_blame(c, "deep check: %s", err.text);
    images_verify(c, book);
}

static void look_at_mark(images_case *c, dbk_book *book)
{
    const dbk_book_mark mark = dbk_book_mark_found(book);
    if (c->lied)
        return;
    if (mark.found == DBK_MARK_AHEAD || mark.found == DBK_MARK_STRANGE || mark.slots_older)
        images_blame(c, "the mark raises a false alarm (%d)", (int)mark.found);
    /* A mark under the old key counts as none: it is made anew when the new key is told. */
    bool is_rekeying = c->told < dev.count && dev.facts[c->told].kind == FACT_REKEYED;
    if (mark.found != DBK_MARK_FITS && c->told > 0 && !is_rekeying)
        images_blame(c, "there is no mark any more (%d: %s)", (int)mark.found, mark.why_none);
}

static void save_one_more(images_case *c, sync_device *x)
{
    dbk_id record;
    dbk_err err = { 0 };
    dbk_problems problems = { 0 };
    const dbk_input input = { .op = DBK_INPUT_SET, .field = "name", .text = "after the cut" };
    const dbk_add add = {
        .space = dev.space, .form = "person", .inputs = &input, .inputs_count = 1
    };
    dbk_rc rc = dbk_journal_add(x->book, &record, &problems, &add, &err);
    dbk_problems_wipe(&problems);
    if (rc != DBK_OK)
        images_blame(c, "the next save fails: %s", err.text);
    else if (!has(x->book, &record))
        images_blame(c, "the next save is lost");
}

/* The relay as the scene left it, for each image that syncs. */
static void keep_relay(void)
{
    (void)snprintf(dev.relay_kept, sizeof(dev.relay_kept), "%s/kept.db", dev.w.kit.dir);
    relaykit_stop(&dev.w.kit);
    dbk_test_copy_file(dev.relay_kept, dev.w.kit.db);
    relaykit_start(&dev.w.kit);
}

static void put_relay_back(void)
{
    relaykit_stop(&dev.w.kit);
    dbk_test_copy_file(dev.w.kit.db, dev.relay_kept);
    relaykit_start(&dev.w.kit);
}

/* What had left the device comes back from the relay, and what is shown then is true. */
static void sync_back(images_case *c, sync_device *x)
{
    dbk_err err = { 0 };
    dbk_sync_report report;
    uint64_t left = 0;
    if (dbk_book_link(x->book)->stage != DBK_ORG_MEMBER)
        return;
    put_relay_back();
    for (unsigned i = 0; i < 2; i++) {
        err = (dbk_err){ 0 };
        dbk_rc rc = sync_try(x, &report, &err);
        if (rc != DBK_OK) {
            images_blame(c, "a sync after the lie: %s: %s", dbk_rc_name(rc), err.text);
            return;
        }
    }
    for (size_t i = 0; i < dev.count; i++)
        left = dev.facts[i].has_left ? i + 1 : left;
    const images_end end = c->end;
    c->lied = false; /* now it must be there */
    look_at_names(c, x->book, left);
    look_at_batch(c, x->book, left);
    c->lied = true;
    c->end = end;
    look_deep(c, x->book);
}

static void check_open(images_case *c, sync_device *x)
{
    const dbk_org_stage stage = dbk_book_link(x->book)->stage;
    look_at_mark(c, x->book);
    look_deep(c, x->book);
    if (c->lied && c->why[0] != '\0') { /* `verify` says so, and the backup is put back */
        c->why[0] = '\0';
        c->end = IMAGE_REFUSED;
        return;
    }
    look_at_names(c, x->book, c->told);
    look_at_batch(c, x->book, c->told);
    if (c->told >= 2 && stage != DBK_ORG_MEMBER && !c->lied)
        images_blame(c, "the device is no member any more");
    if (c->lied)
        sync_back(c, x);
    else if (stage == DBK_ORG_MEMBER && c->told >= 2)
        save_one_more(c, x);
}

/* Said to be damaged, in so many words: right only after a lie. */
static void refused(images_case *c, dbk_rc rc, const char *text)
{
    bool plain = rc == DBK_DAMAGED || rc == DBK_NOT_FOUND || rc == DBK_FORMAT;
    c->end = IMAGE_REFUSED;
    if (c->told == 0 && rc == DBK_NOT_FOUND)
        c->end = IMAGE_ABSENT;
    else if (!c->lied || !plain)
        images_blame(c, "it doesn't open: %s: %s", dbk_rc_name(rc), text);
}

static void check(images_case *c)
{
    dbk_err err = { 0 };
    char store[IMAGES_DIR_MAX + 64], marks[IMAGES_DIR_MAX + 64];
    sync_device x = dev.d;
    const disk_found *slots = disk_image_file(c->image, "store/keys.next");
    if (slots == NULL)
        slots = disk_image_file(c->image, "store/keys.slots");
    if (slots == NULL) {
        refused(c, DBK_NOT_FOUND, "no slot file");
        return;
    }
    const known_slots *known = key_of(slots);
    if (known->key == NULL) {
        refused(c, DBK_DAMAGED, "the slot file opens with no passphrase");
        return;
    }
    if (!may_open(c, known->passphrase))
        images_blame(c, "another passphrase opens it than was told");
    (void)snprintf(store, sizeof(store), "%s/store", c->dir);
    (void)snprintf(marks, sizeof(marks), "%s/marks", c->dir);
    dbk_test_env_init(&x.env, 5000 + c->told);
    x.env.now_ms = dev.now_ms;
    x.env.step_ms = 1;
    x.t.self = &x;
    const dbk_book_opts opts = { .env = &x.env.env, .forms = dbk_test_forms(), .anchors = marks };
    x.book = NULL;
    dbk_rc rc = dbk_book_open_with_key(&x.book, store, known->key, &opts, &err);
    if (rc != DBK_OK) {
        refused(c, rc, err.text);
        return;
    }
    check_open(c, &x);
    dbk_book_close(x.book);
}

static void close_scene(void)
{
    for (size_t i = 0; i < dev.slots_count; i++)
        dbk_secret_free(dev.slots[i].key);
    for (size_t i = 0; i < 2; i++)
        dbk_secret_free(dev.passphrases[i]);
    sync_device_close(&dev.hq);
    syncworld_close(&dev.w);
}

const images_scene scene_device = {
    "device",   "an officer's store, slot file and mark, from the first moment", 7, play, check,
    close_scene
};
