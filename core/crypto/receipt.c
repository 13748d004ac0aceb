/* The relay's signed word that a segment is durable: declared in core/crypto/segment.h. */
#include "core/crypto/segment.h"

#include "core/base/wire.h"

#define LABEL "daybook/receipt/1"
/* org || space || log || index (u64) || receipt ms (u64) || header hash */
#define MESSAGE_BYTES (3u * DBK_ID_BYTES + 8u + 8u + DBK_HASH_BYTES)

static dbk_span put_message(uint8_t out[MESSAGE_BYTES], const dbk_receipt *r,
                            const dbk_receipt_scope *scope)
{
    uint8_t *p = out;
    p = dbk_wire_put_copy(p, scope->org.b, sizeof(scope->org.b));
    p = dbk_wire_put_copy(p, scope->space.b, sizeof(scope->space.b));
    p = dbk_wire_put_copy(p, r->log.b, sizeof(r->log.b));
    p = dbk_wire_put_u64(p, r->index);
    p = dbk_wire_put_u64(p, r->receipt_ms);
    p = dbk_wire_put_copy(p, scope->header_hash.b, sizeof(scope->header_hash.b));
    DBK_ASSERT(p == out + MESSAGE_BYTES);
    return dbk_span_of(out, MESSAGE_BYTES);
}

void dbk_receipt_sign(dbk_receipt *r, const dbk_receipt_scope *scope, const dbk_secret *relay_sk)
{
    uint8_t message[MESSAGE_BYTES];
    dbk_sign(&r->sig, LABEL, put_message(message, r, scope), relay_sk);
}

bool dbk_receipt_verify(const dbk_receipt *r, const dbk_receipt_scope *scope,
                        const dbk_sign_pk *relay)
{
    uint8_t message[MESSAGE_BYTES];
    return dbk_verify(&r->sig, LABEL, put_message(message, r, scope), relay);
}
