#include "core/journal/form_packs.h"

#include "core/base/alloc.h"
#include "core/journal/fold.h"
#include "core/store/form_packs.h"

/* No row has it: the forms of a pack that is only being looked at. */
#define ONLY_LOOKING UINT64_MAX

/* ---- its forms ----------------------------------------------------------------------------- */

static dbk_rc add_texts(dbk_book *book, const dbk_form_pack_text *texts, size_t count,
                        uint64_t pack, dbk_forms_how how, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < count; i++) {
        const dbk_forms_text text = { texts[i].text, pack, how };
        if (texts[i].kind == DBK_FORM_PACK_TOOL)
            rc = dbk_tool_texts_add(book->tools, text.json, pack, err);
        else
            rc = dbk_forms_add_pack(book->forms, &text, err);
    }
    return rc;
}

static void drop_texts(dbk_book *book, uint64_t pack)
{
    dbk_forms_drop_pack(book->forms, pack);
    dbk_tool_texts_drop_pack(book->tools, pack);
}

/* ---- making -------------------------------------------------------------------------------- */

dbk_rc dbk_form_pack_make(dbk_book *book, dbk_bytes *out, const dbk_form_pack_new *pack,
                          dbk_err *err)
{
    dbk_form_pack p = { .device = book->own.device,
                        .name = dbk_span_str(pack->name),
                        .time_ms = book->env->now_ms(book->env->self),
                        .texts_count = pack->texts_count };
    const dbk_member *own = book->roster == NULL
                                ? NULL
                                : dbk_roster_device(book->roster, &book->own.device);
    if (own == NULL || own->revoked || (own->role != DBK_ROLE_ADMIN && own->role != DBK_ROLE_HQ))
        return dbk_fail(err, DBK_DENIED,
                        "packs are signed on a device of an administrator or of headquarters");
    if (pack->texts_count > DBK_FORM_PACK_TEXTS_MAX)
        return dbk_fail(err, DBK_LIMIT, "a pack holds 1 to %u texts", DBK_FORM_PACK_TEXTS_MAX);
    p.org = dbk_roster_org(book->roster);
    for (size_t i = 0; i < pack->texts_count; i++)
        p.texts[i] = pack->texts[i];
    dbk_rc rc = add_texts(book, p.texts, p.texts_count, ONLY_LOOKING, DBK_FORMS_AS_NEW, err);
    drop_texts(book, ONLY_LOOKING);
    return rc == DBK_OK ? dbk_form_pack_sign(out, &p, book->own.sign, err) : rc;
}

/* ---- installing ---------------------------------------------------------------------------- */

/* What was recorded with the pack's forms is read again, by them. */
static dbk_rc read_again(dbk_book *book, dbk_form_pack_installed *out, uint64_t pack, dbk_err *err)
{
    const char *last = NULL;
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < dbk_forms_count(book->forms); i++) {
        const char *name = dbk_form_name(dbk_forms_at(book->forms, i));
        if (dbk_forms_pack_at(book->forms, i) != pack)
            continue;
        out->forms++;
        /* Versions of one name stand beside each other. */
        if (last != NULL && dbk_span_equal(dbk_span_str(last), dbk_span_str(name)))
            continue;
        size_t records = 0;
        rc = dbk_fold_read_again(book, &records, name, err);
        out->records += records;
        last = name;
    }
    /* A name that is known now may be the form of what was under one that nobody knows. */
    size_t others = 0;
    if (rc == DBK_OK)
        rc = dbk_fold_read_again(book, &others, NULL, err);
    return rc;
}

typedef struct counting {
    size_t count;
} counting;

static dbk_rc count_row(void *ctx, const dbk_store_form_pack *row, dbk_err *err)
{
    counting *c = ctx;
    (void)row;
    (void)err;
    c->count++;
    return DBK_OK;
}

static dbk_rc check_room(dbk_book *book, dbk_err *err)
{
    counting c = { 0 };
    dbk_rc rc = dbk_form_packs_each(book->store, count_row, &c, err);
    if (rc == DBK_OK && c.count >= DBK_FORM_PACKS_MAX)
        rc = dbk_fail(err, DBK_LIMIT, "this store has %u packs of forms already",
                      DBK_FORM_PACKS_MAX);
    return rc;
}

/* One transaction. The texts join the book's forms before the commit, because records are read by
 * them, and leave them again if it fails: nobody was handed one of them yet. */
static dbk_rc take(dbk_book *book, dbk_form_pack_installed *out, const dbk_form_pack *pack,
                   dbk_span bytes, dbk_err *err)
{
    dbk_store_form_pack row = { .hash = pack->hash,
                                .installed_ms = book->env->now_ms(book->env->self),
                                .bytes = bytes };
    dbk_rc rc = check_room(book, err);
    if (rc == DBK_OK)
        rc = dbk_book_begin(book, err);
    if (rc != DBK_OK)
        return rc;
    rc = dbk_form_packs_add(book->store, &row, err);
    if (rc == DBK_OK)
        rc = add_texts(book, pack->texts, pack->texts_count, (uint64_t)row.id, DBK_FORMS_AS_NEW,
                       err);
    if (rc == DBK_OK)
        rc = read_again(book, out, (uint64_t)row.id, err);
    if (rc == DBK_OK)
        rc = dbk_book_commit(book, err);
    if (rc == DBK_OK)
        return DBK_OK;
    dbk_book_rollback(book);
    if (row.id != 0)
        drop_texts(book, (uint64_t)row.id);
    return rc;
}

dbk_rc dbk_form_pack_install(dbk_book *book, dbk_form_pack_installed *out, dbk_span pack,
                             dbk_err *err)
{
    bool held = false;
    *out = (dbk_form_pack_installed){ 0 };
    if (book->roster == NULL)
        return dbk_fail(err, DBK_DENIED, "this device belongs to no organisation yet");
    if (book->batch_open)
        return dbk_fail(err, DBK_BUSY, "an import is under way");
    dbk_form_pack *p = dbk_alloc(sizeof(*p));
    if (p == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a pack of forms");
    dbk_rc rc = dbk_form_pack_open(p, pack, err);
    if (rc == DBK_OK)
        rc = dbk_form_pack_admit(p, book->roster, err);
    if (rc == DBK_OK)
        rc = dbk_form_packs_has(book->store, &held, &p->hash, err);
    if (rc == DBK_OK && !held) {
        rc = take(book, out, p, pack, err);
        out->is_new = rc == DBK_OK;
        for (size_t i = 0; i < p->texts_count; i++)
            out->tools += p->texts[i].kind == DBK_FORM_PACK_TOOL ? 1 : 0;
    }
    if (rc != DBK_OK)
        *out = (dbk_form_pack_installed){ 0 };
    dbk_free(p);
    return rc;
}

/* ---- what is installed --------------------------------------------------------------------- */

typedef struct telling {
    dbk_book *book;
    dbk_form_pack pack;
    dbk_form_pack_fn fn; /* NULL: into the book's forms */
    void *ctx;
} telling;

static dbk_rc tell_row(void *ctx, const dbk_store_form_pack *row, dbk_err *err)
{
    telling *t = ctx;
    dbk_err inner = { 0 };
    dbk_rc rc = DBK_DAMAGED;
    if (t->book->roster != NULL)
        rc = dbk_form_pack_open(&t->pack, row->bytes, &inner);
    /* Revoked since or not: records are of its forms. */
    if (rc == DBK_OK)
        rc = dbk_form_pack_check(&t->pack, t->book->roster, &inner);
    if (rc == DBK_OK && t->fn == NULL)
        rc = add_texts(t->book, t->pack.texts, t->pack.texts_count, (uint64_t)row->id,
                       DBK_FORMS_AS_HELD, &inner);
    if (rc == DBK_NOMEM)
        return dbk_fail(err, rc, "no memory for a pack of forms");
    if (rc != DBK_OK)
        return dbk_fail(err, DBK_DAMAGED, "a pack of forms in the store doesn't verify: %.100s",
                        inner.text);
    const dbk_form_pack_row out = {
        .pack = (uint64_t)row->id,
        .content = &t->pack,
        .installed_ms = row->installed_ms,
        .revoked = dbk_roster_device(t->book->roster, &t->pack.device)->revoked
    };
    return t->fn == NULL ? DBK_OK : t->fn(t->ctx, &out, err);
}

dbk_rc dbk_form_packs_tell(dbk_book *book, dbk_form_pack_fn fn, void *ctx, dbk_err *err)
{
    telling *t = dbk_alloc(sizeof(*t));
    if (t == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a pack of forms");
    t->book = book;
    t->fn = fn;
    t->ctx = ctx;
    dbk_rc rc = dbk_form_packs_each(book->store, tell_row, t, err);
    dbk_free(t);
    return rc;
}

dbk_rc dbk_form_packs_load(dbk_book *book, dbk_err *err)
{
    return dbk_form_packs_tell(book, NULL, NULL, err);
}
