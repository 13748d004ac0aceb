/* The inside of a join request, as a hostile holder of the invite could write it: sealed here, so
 * that the bytes reach the parser. What opens has proper keys and a name that is text. */
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/seal/invite.h"

#define NONCE_BYTES 24u
#define TAG_BYTES 16u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The invite of the corpus (tests/unit/test_vectors.c): all its bytes are 5. */
static dbk_invite *corpus_invite(void)
{
    static dbk_invite invite;
    uint8_t fives[32];
    if (invite.secret != NULL)
        return &invite;
    memset(fives, 5, sizeof(fives));
    memcpy(invite.root.b, fives, 32);
    memcpy(invite.id.b, fives, 16);
    if (dbk_crypto_init(NULL) != DBK_OK ||
        dbk_secret_from(&invite.secret, dbk_span_of(fives, 32), NULL) != DBK_OK)
        abort();
    return &invite;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t in[DBK_JOIN_BYTES_MAX] = { 0 }, aad[DBK_PREFIX_BYTES_MAX + 32];
    const dbk_invite *invite = corpus_invite();
    dbk_join join;
    if (size > sizeof(in) - NONCE_BYTES - TAG_BYTES)
        return 0;
    dbk_id org = dbk_org_id(&invite->root);
    dbk_hash key = dbk_hash_of("daybook/join/1", dbk_secret_bytes(invite->secret));
    size_t n = dbk_label_prefix(aad, "daybook/join-aad/1");
    memcpy(aad + n, invite->id.b, 16);
    memcpy(aad + n + 16, org.b, 16);
    if (crypto_aead_xchacha20poly1305_ietf_encrypt(in + NONCE_BYTES, NULL, data, size, aad, n + 32,
                                                   NULL, in, key.b) != 0)
        abort();
    if (dbk_join_open(&join, dbk_span_of(in, NONCE_BYTES + size + TAG_BYTES), invite, NULL) ==
        DBK_OK) {
        if (!dbk_device_keys_valid(&join.keys) || !dbk_utf8_valid(dbk_span_str(join.name)) ||
            join.name[0] == '\0')
            abort();
    }
    return 0;
}
