#include "core/crypto/members_card.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/wire.h"

#define HEAD_BYTES 12u
static const uint8_t magic[8] = { 'D', 'B', 'K', 'D', 1, 0, 0, 0 };

dbk_rc dbk_members_card_begin(dbk_bytes *out, uint64_t entries, dbk_err *err)
{
    uint8_t *p;
    if (entries > UINT32_MAX)
        return dbk_fail(err, DBK_LIMIT, "the membership chain is too long for a card");
    dbk_rc rc = dbk_bytes_extend(out, &p, HEAD_BYTES, err);
    if (rc == DBK_OK)
        (void)dbk_wire_put_u32(dbk_wire_put_copy(p, magic, sizeof(magic)), (uint32_t)entries);
    return rc;
}

dbk_rc dbk_members_card_add(dbk_bytes *out, dbk_span entry, dbk_err *err)
{
    uint8_t *p;
    DBK_ASSERT(entry.len <= DBK_ENTRY_BYTES_MAX);
    dbk_rc rc = dbk_bytes_extend(out, &p, 4 + entry.len, err);
    if (rc == DBK_OK)
        (void)dbk_wire_put_copy(dbk_wire_put_u32(p, (uint32_t)entry.len), entry.p, entry.len);
    return rc;
}

static dbk_rc read_head(dbk_wire *w, uint64_t *entries, dbk_err *err)
{
    dbk_span head = dbk_wire_get_span(w, sizeof(magic));
    if (w->failed || !dbk_span_equal(dbk_span_of(head.p, 4), dbk_span_of(magic, 4)))
        return dbk_fail(err, DBK_FORMAT, "this is no members' card");
    if (head.p[4] > magic[4])
        return dbk_fail(err, DBK_VERSION, "the members' card is of a newer version");
    if (!dbk_span_equal(head, dbk_span_of(magic, sizeof(magic))))
        return dbk_fail(err, DBK_FORMAT, "the members' card is malformed");
    *entries = dbk_wire_get_u32(w);
    return dbk_wire_ok(w, "the members' card", err);
}

dbk_rc dbk_members_card_open(dbk_roster **out, dbk_span file, const dbk_sign_pk *root, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(file);
    dbk_roster *roster = NULL;
    uint64_t entries = 0;
    *out = NULL;
    dbk_rc rc = read_head(&w, &entries, err);
    if (rc == DBK_OK)
        rc = dbk_roster_new(&roster, root, err);
    for (uint64_t i = 0; rc == DBK_OK && i < entries; i++) {
        dbk_span entry = dbk_wire_get_span(&w, dbk_wire_get_u32(&w));
        rc = dbk_wire_ok(&w, "the members' card", err);
        if (rc == DBK_OK)
            rc = dbk_roster_add(roster, entry, err);
    }
    if (rc == DBK_OK)
        rc = dbk_wire_end(&w, "the members' card", err);
    if (rc == DBK_OK && dbk_roster_count(roster) == 0)
        rc = dbk_fail(err, DBK_FORMAT, "the members' card is empty");
    if (rc == DBK_OK)
        *out = roster;
    else
        dbk_roster_free(roster);
    return rc;
}

bool dbk_members_card_extends(dbk_span newer, dbk_span older)
{
    dbk_wire a = dbk_wire_from(newer), b = dbk_wire_from(older);
    uint64_t more = 0, fewer = 0;
    if (read_head(&a, &more, NULL) != DBK_OK || read_head(&b, &fewer, NULL) != DBK_OK)
        return false;
    return more >= fewer && a.left.len >= b.left.len &&
           dbk_span_equal(dbk_span_of(a.left.p, b.left.len), b.left);
}
