/* core/journal/form_packs.h - packs of forms: made on a device of an administrator or of
 * headquarters, and installed into a store, whose forms they join for good
 * (core/crypto/form_pack.h says whose packs count, core/model/form.h which texts). */
#ifndef DBK_JOURNAL_FORM_PACKS_H
#define DBK_JOURNAL_FORM_PACKS_H

#include "core/crypto/form_pack.h"
#include "core/journal/book.h"

#define DBK_FORM_PACKS_MAX 256u /* installed in one store */

/* Appends a pack of these texts, signed by this device. DBK_DENIED: it is neither an
 * administrator's nor headquarters'; DBK_INVALID, DBK_LIMIT: the name, the sizes; and what
 * installing it here would say of a text. Nothing is installed. */
typedef struct dbk_form_pack_new {
    const char *name;
    const dbk_form_pack_text *texts;
    size_t texts_count;
} dbk_form_pack_new;
DBK_MUST_CHECK dbk_rc dbk_form_pack_make(dbk_book *book, dbk_bytes *out,
                                         const dbk_form_pack_new *pack, dbk_err *err);

/* All of it or nothing, durably; what was recorded with its forms before becomes readable.
 * What dbk_form_pack_open and dbk_form_pack_admit say, and of a text what dbk_forms_add_pack says:
 * DBK_CONFLICT: another text has that name and version. The same pack again: nothing is done. */
typedef struct dbk_form_pack_installed {
    bool is_new;
    size_t forms;   /* that the store didn't have */
    size_t tools;   /* whose questions it brought */
    size_t records; /* that are read by them from now on */
} dbk_form_pack_installed;
DBK_MUST_CHECK dbk_rc dbk_form_pack_install(dbk_book *book, dbk_form_pack_installed *out,
                                            dbk_span pack, dbk_err *err);

/* Each installed pack, the oldest first; all borrowed for the call. */
typedef struct dbk_form_pack_row {
    uint64_t pack; /* what dbk_forms_pack_at gives */
    const dbk_form_pack *content;
    uint64_t installed_ms;
    bool revoked; /* its signer, since */
} dbk_form_pack_row;
typedef dbk_rc (*dbk_form_pack_fn)(void *ctx, const dbk_form_pack_row *row, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_form_packs_tell(dbk_book *book, dbk_form_pack_fn fn, void *ctx,
                                          dbk_err *err);

/* At opening, after the chain: the forms of each pack into the book. DBK_DAMAGED: one doesn't
 * verify any more. */
DBK_MUST_CHECK dbk_rc dbk_form_packs_load(dbk_book *book, dbk_err *err);

#endif
