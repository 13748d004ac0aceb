/* core/crypto/members_card.h - the members' card: an organisation's membership chain in one file,
 * for those outside who have to know whose signature counts. It holds no note and no name; who
 * reads it sees devices by number, their roles and spaces. Whose organisation it is says the root
 * key, which is told by another way.
 *
 * File, big-endian: magic "DBKD" || 1 (u8) || 0 0 0 || entries (u32) || ( length (u32) || entry )*.
 * The entries are the chain's from its beginning (core/crypto/roster.h). */
#ifndef DBK_CRYPTO_MEMBERS_CARD_H
#define DBK_CRYPTO_MEMBERS_CARD_H

#include "core/crypto/roster.h"

#define DBK_MEMBERS_CARD_BYTES_MAX (64u * 1024u * 1024u)

/* A file, in order: begin, and each entry. Append. */
DBK_MUST_CHECK dbk_rc dbk_members_card_begin(dbk_bytes *out, uint64_t entries, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_members_card_add(dbk_bytes *out, dbk_span entry, dbk_err *err);
/* Every entry is verified from the root key on. DBK_FORMAT, DBK_VERSION, and what dbk_roster_add
 * says: DBK_AUTH is also another organisation's card. */
DBK_MUST_CHECK dbk_rc dbk_members_card_open(dbk_roster **out, dbk_span file,
                                            const dbk_sign_pk *root, dbk_err *err);
/* Does the newer card hold all that the older does, in the same order? A card that lacks the last
 * entries may lack a revocation. Neither is verified. */
bool dbk_members_card_extends(dbk_span newer, dbk_span older);

#endif
