#include "core/journal/proposal.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/wire.h"
#include "core/journal/org_internal.h"
#include "core/journal/outbox.h"
#include "core/seal/label.h"
#include "core/seal/wrap.h"

#define NOTE "proposed"
#define NOTE_BYTES (DBK_ID_BYTES + 8u)

static dbk_id short_hash(const dbk_hash *hash)
{
    dbk_id id;
    memcpy(id.b, hash->b, sizeof(id.b));
    return id;
}

/* ---- names ------------------------------------------------------------------------------- */

/* A new space's key is in the entry, if this device is to be among its members. */
static dbk_rc own_key(dbk_keyring **out, const dbk_book *book, const dbk_entry *e)
{
    const dbk_wrap_scope scope = { e->org, e->space, book->own.device, e->epoch.epoch };
    const dbk_key_entry at = { e->space, e->epoch.epoch, e->epoch.key_id };
    dbk_secret *key = NULL;
    size_t i = 0;
    while (i < e->wraps_count && !dbk_id_equal(&e->wraps[i].device, &book->own.device))
        i++;
    dbk_rc rc = i < e->wraps_count
                    ? dbk_wrap_open(&key, e->wraps[i].wrap, &scope, &e->epoch, book->own.kem, NULL)
                    : DBK_NOT_FOUND;
    if (rc == DBK_OK)
        rc = dbk_keyring_new(out, NULL);
    if (rc == DBK_OK)
        rc = dbk_keyring_add_take(*out, &at, &key, NULL);
    dbk_secret_free(key);
    return rc;
}

/* Only for people to see: what can't be opened here stays nameless, and can be signed all the
 * same. */
static void open_name(dbk_proposal *p, const dbk_book *book)
{
    const dbk_entry *e = &p->decoded.entry;
    const dbk_id roster = dbk_book_roster_space(book)->space;
    const dbk_label_scope device = { e->org, e->device }, space = { e->org, e->space };
    dbk_bytes name = DBK_BYTES_INIT(DBK_PROPOSAL_NAME_BYTES_MAX - 1);
    dbk_keyring *brought = NULL;
    dbk_rc rc = DBK_NOT_FOUND;
    if (e->kind == DBK_ENTRY_ENROL)
        rc = dbk_label_open(&name, e->label, &device, &roster, book->keyring, NULL);
    else if (e->kind == DBK_ENTRY_SPACE && own_key(&brought, book, e) == DBK_OK)
        rc = dbk_label_open(&name, e->label, &space, &e->space, brought, NULL);
    if (rc == DBK_OK) {
        memcpy(p->name, name.p, name.len);
        p->name[name.len] = '\0';
    }
    dbk_keyring_free(brought);
    dbk_bytes_wipe(&name);
}

/* ---- looking, agreeing ------------------------------------------------------------------- */

static bool signed_by(const dbk_proposal *p, const dbk_book *book)
{
    const dbk_member *self = dbk_roster_device(book->roster, &book->own.device);
    for (size_t i = 0; self != NULL && i < p->change.signers_count; i++) {
        if (dbk_id_equal(&p->change.signers[i]->person, &self->person))
            return true;
    }
    return false;
}

dbk_rc dbk_proposal_open(dbk_proposal *out, dbk_book *book, dbk_span entry, dbk_err *err)
{
    memset(out, 0, sizeof(*out));
    if (book->roster == NULL)
        return dbk_fail(err, DBK_NOT_FOUND, "this device belongs to no organisation yet");
    dbk_rc rc = dbk_roster_weigh(book->roster, &out->lacking, entry, err);
    if (rc == DBK_OK)
        rc = dbk_entry_decode(&out->decoded, entry, err);
    if (rc == DBK_OK)
        rc = dbk_orglog_signers(book, &out->change, entry, err);
    if (rc != DBK_OK) {
        dbk_proposal_wipe(out);
        return rc;
    }
    out->id = short_hash(&out->decoded.hash);
    out->change.entry = &out->decoded.entry;
    out->change.before = dbk_roster_policy(book->roster);
    out->change.space_held = dbk_orglog_space_held(book, &out->decoded.entry.space);
    out->mine = signed_by(out, book);
    open_name(out, book);
    if (out->name[0] != '\0')
        out->change.name = out->name;
    return DBK_OK;
}

void dbk_proposal_wipe(dbk_proposal *p)
{
    dbk_entry_decoded_wipe(&p->decoded);
    dbk_wipe(p, sizeof(*p));
}

dbk_rc dbk_proposal_agree(dbk_book *book, dbk_bytes *out, dbk_span entry, dbk_err *err)
{
    dbk_bytes whole = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_proposal p = { .mine = false };
    size_t lacking = 0;
    dbk_rc rc = dbk_org_check_admin(book, err);
    if (rc == DBK_OK)
        rc = dbk_proposal_open(&p, book, entry, err);
    if (rc == DBK_OK && p.mine)
        rc = dbk_fail(err, DBK_DENIED, "another person must agree: yours is the signature it has");
    if (rc == DBK_OK)
        rc = dbk_entry_cosign(&whole, entry, book->own.admin, err);
    if (rc == DBK_OK)
        rc = dbk_roster_weigh(book->roster, &lacking, dbk_bytes_span(&whole), err);
    if (rc == DBK_OK && lacking > 0)
        rc = dbk_fail(err, DBK_DENIED, "a third administrator must sign it besides");
    if (rc == DBK_OK)
        rc = dbk_bytes_append(out, dbk_bytes_span(&whole), err);
    dbk_proposal_wipe(&p);
    dbk_bytes_wipe(&whole);
    return rc;
}

/* ---- what became of the own one ---------------------------------------------------------- */

dbk_rc dbk_proposed_put(dbk_book *book, dbk_span entry, dbk_err *err)
{
    uint8_t note[NOTE_BYTES];
    dbk_entry_decoded d = { 0 };
    dbk_rc rc = dbk_entry_decode(&d, entry, err);
    if (rc != DBK_OK)
        return rc;
    memcpy(note, d.hash.b, DBK_ID_BYTES);
    (void)dbk_wire_put_u64(note + DBK_ID_BYTES, d.entry.seq);
    dbk_entry_decoded_wipe(&d);
    return dbk_book_note_put(book, NOTE, dbk_span_of(note, sizeof(note)), err);
}

dbk_rc dbk_proposed_get(dbk_book *book, dbk_proposed *out, dbk_err *err)
{
    dbk_bytes note = DBK_BYTES_INIT(NOTE_BYTES);
    dbk_rc rc = dbk_book_note_get(book, NOTE, &note, err);
    if (rc == DBK_OK && note.len != NOTE_BYTES)
        rc = DBK_NOT_FOUND; /* forgotten */
    if (rc == DBK_OK) {
        dbk_wire w = dbk_wire_from(dbk_bytes_span(&note));
        out->id = dbk_wire_get_id(&w);
        out->seq = dbk_wire_get_u64(&w);
    }
    dbk_bytes_wipe(&note);
    return rc;
}

dbk_rc dbk_proposed_forget(dbk_book *book, dbk_err *err)
{
    return dbk_book_note_put(book, NOTE, (dbk_span){ NULL, 0 }, err);
}

typedef struct place {
    dbk_id id; /* of the first entry that is met */
    bool met;
} place;

static dbk_rc note_first(void *ctx, dbk_span entry, dbk_err *err)
{
    place *p = ctx;
    dbk_entry_decoded d = { 0 };
    if (p->met)
        return DBK_OK;
    dbk_rc rc = dbk_entry_decode(&d, entry, err);
    p->id = short_hash(&d.hash);
    p->met = rc == DBK_OK;
    dbk_entry_decoded_wipe(&d);
    return rc;
}

dbk_rc dbk_proposed_look(dbk_book *book, dbk_proposed_fate *fate, const dbk_proposed *proposed,
                         dbk_err *err)
{
    place p = { .met = false };
    *fate = DBK_PROPOSED_WAITS;
    dbk_rc rc = dbk_outbox_members(book, proposed->seq, note_first, &p, err);
    if (rc == DBK_OK && p.met)
        *fate = dbk_id_equal(&p.id, &proposed->id) ? DBK_PROPOSED_AGREED : DBK_PROPOSED_OVERTAKEN;
    return rc;
}
