#include "core/journal/witness.h"

#include <string.h>

#include "core/base/wire.h"
#include "core/journal/absent.h"
#include "core/journal/cosigned_internal.h"
#include "core/journal/snapshot.h"

/* meta, one for each space: log (16) || root (32) || size (u64) || time, s (u64) || posted (u8) ||
 * note */
#define ROW_PREFIX "witness."
#define ROW_NAME_SIZE (sizeof(ROW_PREFIX) + DBK_ID_HEX_SIZE)
#define ROW_HEAD_BYTES (16u + 32u + 8u + 8u + 1u)
/* Said again after this part of the time that devices wait for it: a missed exchange or two don't
 * make anyone's view old. */
#define AGAIN_PART 4u

/* What was said last of a space. */
typedef struct memory {
    dbk_id log;
    dbk_hash root;
    dbk_cosigned said; /* size 0: nothing */
    bool posted;
    size_t note_len;
    uint8_t note[DBK_COSIGNED_NOTE_BYTES_MAX];
} memory;

/* ---- the key ------------------------------------------------------------------------------- */

static dbk_rc may_witness(const dbk_book *book, dbk_err *err)
{
    const dbk_member *me = book->roster == NULL
                               ? NULL
                               : dbk_roster_device(book->roster, &book->own.device);
    if (me == NULL || me->revoked || (me->role != DBK_ROLE_HQ && me->role != DBK_ROLE_ADMIN))
        return dbk_fail(err, DBK_DENIED,
                        "only a device of headquarters or of an administrator can be a witness");
    return DBK_OK;
}

static dbk_rc make_key(dbk_book *book, dbk_err *err)
{
    dbk_sign_pk pk;
    dbk_secret *made = NULL;
    dbk_rc rc = dbk_sign_keypair(&pk, &made, book->env, err);
    if (rc == DBK_OK)
        rc = dbk_store_secret_put(book->store, DBK_OWN_WITNESS_NAME, made, err);
    if (rc == DBK_OK) {
        book->own.witness = made;
        made = NULL;
    }
    dbk_secret_free(made);
    return rc;
}

dbk_rc dbk_witness_key(dbk_book *book, dbk_sign_pk *out, dbk_err *err)
{
    memset(out, 0, sizeof(*out));
    dbk_rc rc = may_witness(book, err);
    if (rc == DBK_OK && book->own.witness == NULL)
        rc = make_key(book, err);
    if (rc == DBK_OK)
        dbk_sign_pk_of(out, book->own.witness);
    return rc;
}

/* ---- what was said ------------------------------------------------------------------------- */

static void row_name(char out[ROW_NAME_SIZE], const dbk_id *space)
{
    memcpy(out, ROW_PREFIX, sizeof(ROW_PREFIX) - 1);
    dbk_id_hex(out + sizeof(ROW_PREFIX) - 1, space);
}

static dbk_rc recall(const dbk_book *book, memory *out, const dbk_id *space, dbk_err *err)
{
    char name[ROW_NAME_SIZE];
    dbk_err absent = { 0 };
    dbk_bytes value = DBK_BYTES_INIT(ROW_HEAD_BYTES + DBK_COSIGNED_NOTE_BYTES_MAX);
    memset(out, 0, sizeof(*out));
    row_name(name, space);
    dbk_rc rc = dbk_store_meta_get(book->store, &value, name, &absent);
    if (rc == DBK_OK) {
        dbk_wire w = dbk_wire_from(dbk_bytes_span(&value));
        out->log = dbk_wire_get_id(&w);
        dbk_wire_get_copy(&w, out->root.b, sizeof(out->root.b));
        out->said.size = dbk_wire_get_u64(&w);
        out->said.time_s = dbk_wire_get_u64(&w);
        out->posted = dbk_wire_get_u8(&w) != 0;
        if (w.failed || w.left.len > sizeof(out->note))
            rc = dbk_fail(err, DBK_DAMAGED, "what this device vouched for can't be read");
        else
            memcpy(out->note, w.left.p, w.left.len);
        out->note_len = rc == DBK_OK ? w.left.len : 0;
    } else {
        rc = rc == DBK_NOT_FOUND ? DBK_OK : dbk_fail(err, rc, "%s", absent.text);
    }
    dbk_bytes_wipe(&value);
    return rc;
}

static dbk_rc remember(dbk_book *book, const memory *m, const dbk_id *space, dbk_err *err)
{
    char name[ROW_NAME_SIZE];
    uint8_t value[ROW_HEAD_BYTES + DBK_COSIGNED_NOTE_BYTES_MAX];
    row_name(name, space);
    uint8_t *p = dbk_wire_put_copy(value, m->log.b, sizeof(m->log.b));
    p = dbk_wire_put_copy(p, m->root.b, sizeof(m->root.b));
    p = dbk_wire_put_u64(p, m->said.size);
    p = dbk_wire_put_u64(p, m->said.time_s);
    *p++ = m->posted ? 1 : 0;
    p = dbk_wire_put_copy(p, m->note, m->note_len);
    return dbk_store_meta_put(book->store, name, dbk_span_of(value, (size_t)(p - value)), err);
}

/* ---- saying -------------------------------------------------------------------------------- */

/* This device holds all that the checkpoint covers. A log goes on under another incarnation only
 * where the root key has said so: of that one nothing was said yet. */
static dbk_rc check_stand(const dbk_stand *now, const memory *last, dbk_err *err)
{
    if (now->checkpoint_size != now->frontier.size || now->frontier.size == 0)
        return dbk_fail(err, DBK_NOT_FOUND, "not all of the log is here");
    if (last->said.size == 0 || !dbk_id_equal(&last->log, &now->log))
        return DBK_OK;
    if (now->frontier.size < last->said.size)
        return dbk_fail(err, DBK_PEER,
                        "this device has vouched for more of the log than it holds: its store is "
                        "an old copy");
    if (now->frontier.size == last->said.size &&
        !dbk_hash_equal(&now->checkpoint_root, &last->root))
        return dbk_fail(err, DBK_PEER, "the log is another one than this device vouched for");
    return DBK_OK;
}

/* A store that was put back from a copy learns from the relay what it had said: that counts, for it
 * was held against the log here when it came. */
static void learn_own(memory *last, const dbk_book *book, const dbk_stand *now)
{
    dbk_sign_pk own;
    const dbk_said *s = &now->said;
    dbk_sign_pk_of(&own, book->own.witness);
    if (memcmp(s->witness.b, own.b, sizeof(own.b)) != 0 || !dbk_id_equal(&s->log, &now->log) ||
        (dbk_id_equal(&last->log, &s->log) && !dbk_cosigned_is_newer(&s->said, &last->said)))
        return;
    last->log = s->log;
    last->said = s->said;
    last->root = now->checkpoint_root; /* looked at only where the size is this one's */
    last->posted = true;
}

/* Is the same to be said again? */
static bool is_due(const dbk_book *book, const memory *last, uint64_t now_s)
{
    uint64_t every_s = dbk_roster_policy(book->roster)->freshness_h * 3600u / AGAIN_PART;
    return now_s > last->said.time_s && now_s - last->said.time_s >= every_s;
}

static dbk_rc sign_word(memory *out, const dbk_book *book, const dbk_stand *now, uint64_t now_s,
                        dbk_err *err)
{
    dbk_bytes note = DBK_BYTES_INIT(DBK_CHECKPOINT_BYTES_MAX);
    *out = (memory){ .log = now->log,
                     .root = now->checkpoint_root,
                     .said = { now->checkpoint_size, now_s } };
    dbk_rc rc = dbk_bytes_append(&note, dbk_span_of(now->note, now->note_len), err);
    if (rc == DBK_OK)
        rc = dbk_checkpoint_cosign(&note, now_s, book->own.witness, err);
    if (rc == DBK_OK && note.len > sizeof(out->note))
        rc = dbk_fail(err, DBK_PEER, "the relay's checkpoint is longer than one can be");
    if (rc == DBK_OK) {
        memcpy(out->note, note.p, note.len);
        out->note_len = note.len;
    }
    dbk_bytes_wipe(&note);
    return rc;
}

/* From here on it counts as said, whether or not anyone hears of it. */
static dbk_rc commit_word(dbk_book *book, dbk_book_space *space, const memory *m, dbk_err *err)
{
    dbk_said said = { .log = m->log, .said = m->said };
    dbk_sign_pk_of(&said.witness, book->own.witness);
    dbk_rc rc = dbk_book_begin(book, err);
    if (rc == DBK_OK)
        rc = remember(book, m, &space->space, err);
    if (rc == DBK_OK)
        rc = dbk_cosigned_keep_own(book, space, &said, dbk_span_of(m->note, m->note_len), err);
    if (rc == DBK_OK)
        rc = dbk_book_commit(book, err);
    if (rc != DBK_OK)
        dbk_book_rollback(book);
    return rc;
}

static bool is_in_force(const dbk_book *book)
{
    dbk_sign_pk pk;
    if (book->own.witness == NULL || may_witness(book, NULL) != DBK_OK)
        return false;
    dbk_sign_pk_of(&pk, book->own.witness);
    return dbk_cosigned_names(book, &pk);
}

dbk_rc dbk_witness_word(dbk_book *book, dbk_bytes *note, const dbk_id *space, dbk_err *err)
{
    memory last, word;
    dbk_book_space *row = dbk_tables_space(&book->tables, space);
    uint64_t now_s = book->env->now_ms(book->env->self) / 1000;
    if (!is_in_force(book) || row == NULL)
        return dbk_fail(err, DBK_NOT_FOUND, "nothing is to be said");
    dbk_absent absent;
    dbk_snapshot_begun begun = { 0 };
    dbk_rc rc = dbk_absent_get(book, &absent, space, err);
    if (rc == DBK_OK)
        rc = dbk_snapshot_begun_with(book, &begun, space, err);
    if (rc == DBK_OK && (absent.any || begun.bare > 0))
        return dbk_fail(err, DBK_NOT_FOUND, "not all of the log is here");
    if (rc == DBK_OK)
        rc = recall(book, &last, space, err);
    if (rc == DBK_OK) {
        learn_own(&last, book, &row->now);
        rc = check_stand(&row->now, &last, err);
    }
    if (rc != DBK_OK)
        return rc;
    bool same = last.said.size == row->now.frontier.size && dbk_id_equal(&last.log, &row->now.log);
    if (same && !last.posted)
        return dbk_bytes_append(note, dbk_span_of(last.note, last.note_len), err);
    if (same && !is_due(book, &last, now_s))
        return dbk_fail(err, DBK_NOT_FOUND, "nothing is to be said");
    rc = sign_word(&word, book, &row->now, now_s, err);
    if (rc == DBK_OK)
        rc = commit_word(book, row, &word, err);
    return rc == DBK_OK ? dbk_bytes_append(note, dbk_span_of(word.note, word.note_len), err) : rc;
}

dbk_rc dbk_witness_posted(dbk_book *book, const dbk_id *space, dbk_err *err)
{
    memory last;
    dbk_rc rc = recall(book, &last, space, err);
    if (rc != DBK_OK || last.said.size == 0)
        return rc;
    last.posted = true;
    return remember(book, &last, space, err);
}
