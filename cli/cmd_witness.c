/* The key with which a device of headquarters vouches for what it holds. */
#include <jansson.h>
#include <string.h>

#include "cli/cmd.h"
#include "core/base/text.h"

static bool is_named(const cli *c, const dbk_sign_pk *pk)
{
    const dbk_policy_keys *named = &dbk_roster_policy(dbk_book_roster(c->book))->witnesses;
    for (size_t i = 0; i < named->count; i++) {
        if (memcmp(named->b[i], pk->b, sizeof(pk->b)) == 0)
            return true;
    }
    return false;
}

dbk_rc cmd_org_witness(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_sign_pk pk;
    char hex[2 * DBK_SIGN_PK_BYTES + 1];
    (void)a;
    dbk_rc rc = dbk_witness_key(c->book, &pk, err);
    if (rc != DBK_OK)
        return rc;
    dbk_hex_print(hex, dbk_span_of(pk.b, sizeof(pk.b)));
    bool named = is_named(c, &pk);
    if (c->format == OUT_JSON)
        return out_json_take(json_pack("{s:s, s:b}", "witness", hex, "named", (int)named), err);
    out_note(named ? "The policy names this key: each sync of this device confirms what it holds."
                   : "Two administrators name it: daybook org policy --witness KEY\n"
                     "From then on each sync of this device confirms what it holds; let "
                     "`daybook sync\n--watch` run here.");
    out_text("%s\n", hex);
    return DBK_OK;
}
