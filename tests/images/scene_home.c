/* A relay's folder: its keys, its card, the next TLS key and the switch to it, the note of the
 * last backup. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/crypto/hash.h"
#include "sync/relay/backup.h"
#include "sync/relay/files.h"
#include "tests/images/images.h"
#include "tests/lib/env.h"

#define BACKUP_BYTES_MAX (4u * 1024u * 1024u)
#define URL "https://relay.example:8443"

/* What the operator was told, in this order. */
typedef enum step { STEP_NONE, STEP_BORN, STEP_NEXT, STEP_SWITCHED, STEP_CARD, STEP_BACKUP } step;

static struct {
    dbk_test_env env;
    char dir[IMAGES_DIR_MAX + 64];
    uint8_t first_pin[DBK_TLS_PIN_BYTES], next_pin[DBK_TLS_PIN_BYTES];
    disk_record *r;
    char backups[IMAGES_DIR_MAX + 64];
    dbk_backup backup;
    dbk_bytes backup_file, book_file;
} home;

static void read_pair(const dbk_home *h, dbk_bytes *cert, dbk_bytes *key, dbk_rc *rc, dbk_err *err)
{
    *rc = dbk_home_read(h, DBK_HOME_CERT, cert, err);
    if (*rc == DBK_OK)
        *rc = dbk_home_read(h, DBK_HOME_KEY, key, err);
}

static void write_card(const dbk_home *h, uint8_t pin[DBK_TLS_PIN_BYTES])
{
    dbk_err err = { 0 };
    dbk_rc rc;
    dbk_bytes cert = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX);
    dbk_bytes key = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX);
    read_pair(h, &cert, &key, &rc, &err);
    assert_ok(rc, &err);
    const dbk_home_card card = { URL, dbk_bytes_span(&cert) };
    assert_ok(dbk_tls_pin(pin, dbk_bytes_span(&cert), &err), &err);
    assert_ok(dbk_home_card_write(h, &card, &err), &err);
    dbk_bytes_wipe(&cert);
    dbk_bytes_wipe(&key);
}

static disk_record *play(const char *top)
{
    dbk_home *h = NULL;
    dbk_err err = { 0 };
    char path[DBK_PATH_SIZE];
    const dbk_home_birth birth = { URL, NULL };
    memset(&home, 0, sizeof(home));
    assert_ok(dbk_crypto_init(&err), &err);
    dbk_test_env_init(&home.env, 5);
    (void)snprintf(home.dir, sizeof(home.dir), "%s/relay", top);
    home.r = disk_watch(top);
    assert_ok(dbk_home_init(home.dir, &birth, &home.env.env, &err), &err);
    disk_told(home.r, STEP_BORN);
    assert_ok(dbk_home_open(&h, home.dir, &err), &err);
    write_card(h, home.first_pin);
    assert_ok(dbk_home_tls_next(h, home.next_pin, &home.env.env, &err), &err);
    disk_told(home.r, STEP_NEXT);
    assert_ok(dbk_home_tls_switch(h, &err), &err);
    disk_told(home.r, STEP_SWITCHED);
    write_card(h, home.next_pin);
    disk_told(home.r, STEP_CARD);
    (void)snprintf(home.backups, sizeof(home.backups), "%s/backups", top);
    home.env.now_ms += 5000;
    const dbk_backup_target target = { home.backups, NULL };
    assert_ok(dbk_backup_make(&home.backup, h, &target, &home.env.env, &err), &err);
    disk_told(home.r, STEP_BACKUP);
    dbk_home_close(h);
    dbk_bytes_init(&home.backup_file, BACKUP_BYTES_MAX);
    assert_ok(dbk_files_path(path, home.backups, home.backup.name, &err), &err);
    assert_ok(dbk_files_read(path, &home.backup_file, &err), &err);
    dbk_bytes_init(&home.book_file, BACKUP_BYTES_MAX);
    assert_ok(dbk_files_path(path, home.backups, DBK_OPENER_BOOK_NAME, &err), &err);
    assert_ok(dbk_files_read(path, &home.book_file, &err), &err);
    return home.r;
}

/* ---- what an image holds ------------------------------------------------------------------- */

static void refused(images_case *c, dbk_rc rc, const char *what, const char *text)
{
    bool plain = rc == DBK_DAMAGED || rc == DBK_NOT_FOUND || rc == DBK_FORMAT || rc == DBK_CONFLICT;
    c->end = c->told == STEP_NONE ? IMAGE_ABSENT : IMAGE_REFUSED;
    if (!plain || (!c->lied && c->told != STEP_NONE))
        images_blame(c, "%s: %s: %s", what, dbk_rc_name(rc), text);
}

/* The key that serves, finished first where a switch was cut short. */
static bool look_at_tls(images_case *c, const dbk_home *h)
{
    dbk_err err = { 0 };
    dbk_rc rc;
    dbk_tls_identity *id = NULL;
    dbk_bytes cert = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX);
    dbk_bytes key = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX);
    read_pair(h, &cert, &key, &rc, &err);
    if (rc == DBK_OK)
        rc = dbk_tls_identity_load(&id, dbk_bytes_span(&cert), dbk_bytes_span(&key), &err);
    if (rc != DBK_OK) {
        refused(c, rc, "the TLS key", err.text);
    } else {
        bool is_first = memcmp(dbk_tls_identity_pin(id), home.first_pin, DBK_TLS_PIN_BYTES) == 0;
        bool is_next = memcmp(dbk_tls_identity_pin(id), home.next_pin, DBK_TLS_PIN_BYTES) == 0;
        if ((!is_first && !is_next) || (c->told >= STEP_SWITCHED && !is_next && !c->lied))
            images_blame(c, "it serves with a key that no device was told of");
    }
    dbk_tls_identity_free(id);
    dbk_bytes_wipe(&cert);
    dbk_bytes_wipe(&key);
    return rc == DBK_OK;
}

/* A next key that was told must be that one; one that wasn't may be made now. */
static void look_at_next(images_case *c, dbk_home *h)
{
    uint8_t pin[DBK_TLS_PIN_BYTES];
    dbk_err err = { 0 };
    dbk_rc rc = dbk_home_tls_next(h, pin, &home.env.env, &err);
    if (rc == DBK_CONFLICT && (c->told == STEP_NEXT || c->lied)) {
        err = (dbk_err){ 0 };
        rc = dbk_home_tls_switch(h, &err);
        if (rc != DBK_OK)
            images_blame(c, "the switch can't be finished: %s", err.text);
        return;
    }
    if (rc != DBK_OK && !c->lied)
        images_blame(c, "no next key can be made: %s", err.text);
    else if (rc == DBK_OK && c->told == STEP_NEXT && !c->lied &&
             memcmp(pin, home.next_pin, sizeof(pin)) != 0) {
        /* Unless the switch was done already, untold. */
        const disk_found *next = disk_image_file(c->image, "relay/tls-next-cert.pem");
        if (next != NULL)
            images_blame(c, "the next key is another than was told");
    }
}

static void look_at_rest(images_case *c, dbk_home *h)
{
    dbk_err err = { 0 };
    dbk_log log = { NULL, NULL };
    dbk_log_report report;
    uint64_t made_ms = 0;
    dbk_bytes card = DBK_BYTES_INIT(4096);
    dbk_rc rc = dbk_home_source(h)->open(dbk_home_source(h)->self, &log, DBK_LOG_WRITES, &err);
    if (rc == DBK_OK)
        rc = dbk_log_check_deep(&log, &report, &err);
    dbk_log_close(&log);
    if (rc == DBK_OK)
        rc = dbk_home_read(h, DBK_HOME_CARD, &card, &err);
    if (rc == DBK_OK)
        rc = dbk_home_last_backup(h, &made_ms, &err);
    if (rc != DBK_OK)
        refused(c, rc, "the relay", err.text);
    else if (c->told >= STEP_BACKUP && made_ms != home.backup.made_ms && !c->lied)
        images_blame(c, "the last backup is forgotten");
    dbk_bytes_wipe(&card);
}

static bool is_other(const disk_found *f, const dbk_bytes *want)
{
    return f->len != want->len || memcmp(f->bytes, want->p, f->len) != 0;
}

/* Under its name it is whole; and once it was told it is there. So is the book that opens it, at
 * the latest when the backup is. */
static void look_at_backup(images_case *c)
{
    char path[DISK_PATH_MAX];
    (void)snprintf(path, sizeof(path), "backups/%s", home.backup.name);
    const disk_found *f = disk_image_file(c->image, path);
    if (c->lied)
        return;
    if (f == NULL && c->told >= STEP_BACKUP)
        images_blame(c, "the backup is gone");
    if (f != NULL && is_other(f, &home.backup_file))
        images_blame(c, "half of a backup has its name");
    const disk_found *book = disk_image_file(c->image, "backups/" DBK_OPENER_BOOK_NAME);
    if (f != NULL && book == NULL)
        images_blame(c, "nothing opens the backup");
    if (book != NULL && is_other(book, &home.book_file))
        images_blame(c, "half of an opener book has its name");
}

/* A making that was cut off is done again, and then there is a relay. */
static bool make_again(images_case *c, const char *dir, dbk_home **h)
{
    const dbk_home_birth birth = { URL, NULL };
    dbk_err err = { 0 };
    dbk_rc rc = dbk_home_init(dir, &birth, &home.env.env, &err);
    if (rc == DBK_OK)
        rc = dbk_home_open(h, dir, &err);
    if (rc != DBK_OK)
        images_blame(c, "init can't be done again: %s: %s", dbk_rc_name(rc), err.text);
    return rc == DBK_OK;
}

static void check(images_case *c)
{
    char dir[IMAGES_DIR_MAX + 64];
    dbk_home *h = NULL;
    dbk_err err = { 0 };
    (void)snprintf(dir, sizeof(dir), "%s/relay", c->dir);
    dbk_rc rc = dbk_home_open(&h, dir, &err);
    if (rc != DBK_OK) {
        refused(c, rc, "the folder", err.text);
        if (c->told != STEP_NONE || c->lied || !make_again(c, dir, &h))
            return;
    }
    const disk_found *next = disk_image_file(c->image, "relay/tls-next-cert.pem");
    bool is_cut = next != NULL && disk_image_file(c->image, "relay/tls-next-key.pem") == NULL;
    if (is_cut) {
        err = (dbk_err){ 0 };
        rc = dbk_home_tls_switch(h, &err); /* as `tls-next` and `serve` say: do it again */
        if (rc != DBK_OK)
            images_blame(c, "the switch can't be finished: %s", err.text);
    }
    look_at_rest(c, h);
    look_at_backup(c);
    if (c->told > STEP_NONE && look_at_tls(c, h) && !is_cut)
        look_at_next(c, h);
    dbk_home_close(h);
}

static void close_scene(void)
{
    dbk_bytes_wipe(&home.backup_file);
    dbk_bytes_wipe(&home.book_file);
}

const images_scene scene_home = { "home", "a relay's folder: keys, card, the switch of TLS keys",
                                  1,      play,
                                  check,  close_scene };
