#include "core/seal/reply.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/base/wire.h"
#include "core/crypto/hash.h"

#define PREFIX "daybook-answer-1."
#define SIGNED_BYTES 74u
#define ANSWER_BYTES (SIGNED_BYTES + DBK_SIG_BYTES)
#define LABEL "daybook/answer/1"
_Static_assert(DBK_REPLY_TEXT_CHARS == sizeof(PREFIX) - 1 + (ANSWER_BYTES * 8 + 5) / 6,
               "base64url without padding");

typedef struct word {
    int code;
    const char *text;
} word;
#define WORD(name, code, text) { (code), (text) },
/* clang-format off */
static const word answers[] = {
    DBK_REPLY_TABLE(WORD)
    { 0, NULL },
};
static const word refusals[] = {
    DBK_REFUSAL_TABLE(WORD)
    { 0, NULL },
};
/* clang-format on */
#undef WORD

static const char *text_of(const word *words, int code)
{
    while (words->text != NULL && words->code != code)
        words++;
    return words->text;
}

static bool code_of(int *out, const word *words, const char *text)
{
    while (words->text != NULL && strcmp(words->text, text) != 0)
        words++;
    *out = words->code;
    return words->text != NULL && text[0] != '\0';
}

const char *dbk_reply_name(dbk_reply_kind kind)
{
    const char *text = text_of(answers, (int)kind);
    DBK_ASSERT(text != NULL);
    return text;
}

const char *dbk_refusal_name(dbk_refusal why)
{
    const char *text = text_of(refusals, (int)why);
    DBK_ASSERT(text != NULL);
    return text;
}

bool dbk_reply_named(dbk_reply_kind *out, const char *name)
{
    int code;
    bool found = code_of(&code, answers, name);
    *out = (dbk_reply_kind)code;
    return found;
}

bool dbk_refusal_named(dbk_refusal *out, const char *name)
{
    int code;
    bool found = code_of(&code, refusals, name);
    *out = (dbk_refusal)code;
    return found;
}

static bool is_proper(const dbk_reply *a)
{
    return text_of(answers, (int)a->kind) != NULL && text_of(refusals, (int)a->why) != NULL &&
           (a->kind == DBK_REPLY_REJECTED) == (a->why != DBK_REFUSAL_NONE) &&
           a->time_ms <= (uint64_t)INT64_MAX;
}

static void put_signed(uint8_t out[SIGNED_BYTES], const dbk_reply *a)
{
    uint8_t *p = dbk_wire_put_copy(out, a->recipient.b, sizeof(a->recipient.b));
    p = dbk_wire_put_copy(p, a->referral.b, sizeof(a->referral.b));
    p = dbk_wire_put_copy(p, a->package.b, sizeof(a->package.b));
    *p++ = (uint8_t)a->kind;
    *p++ = (uint8_t)a->why;
    (void)dbk_wire_put_u64(p, a->time_ms);
}

dbk_rc dbk_reply_print(dbk_bytes *out, const dbk_reply *a, const dbk_secret *signer, dbk_err *err)
{
    uint8_t bytes[ANSWER_BYTES];
    dbk_sig sig;
    DBK_ASSERT(is_proper(a));
    put_signed(bytes, a);
    dbk_sign(&sig, LABEL, dbk_span_of(bytes, SIGNED_BYTES), signer);
    (void)dbk_wire_put_copy(bytes + SIGNED_BYTES, sig.b, sizeof(sig.b));
    return dbk_token_append(out, PREFIX, dbk_span_of(bytes, sizeof(bytes)), err);
}

dbk_rc dbk_reply_parse(dbk_reply *out, dbk_span text, dbk_err *err)
{
    dbk_bytes bytes = DBK_BYTES_INIT(ANSWER_BYTES);
    dbk_reply a = { .why = DBK_REFUSAL_NONE };
    memset(out, 0, sizeof(*out));
    bool good = text.len == DBK_REPLY_TEXT_CHARS &&
                dbk_token_parse(&bytes, PREFIX, text, NULL) == DBK_OK;
    dbk_wire w = dbk_wire_from(dbk_bytes_span(&bytes));
    a.recipient = dbk_wire_get_id(&w);
    a.referral = dbk_wire_get_id(&w);
    dbk_wire_get_copy(&w, a.package.b, sizeof(a.package.b));
    a.kind = (dbk_reply_kind)dbk_wire_get_u8(&w);
    a.why = (dbk_refusal)dbk_wire_get_u8(&w);
    a.time_ms = dbk_wire_get_u64(&w);
    dbk_wire_get_copy(&w, a.sig.b, sizeof(a.sig.b));
    good = good && dbk_wire_end(&w, "the answer", NULL) == DBK_OK && is_proper(&a);
    dbk_bytes_wipe(&bytes);
    if (!good)
        return dbk_fail(err, DBK_FORMAT, "this is no answer to a referral, or a letter is wrong");
    *out = a;
    return DBK_OK;
}

dbk_rc dbk_reply_check(const dbk_reply *a, const dbk_recipient *from, dbk_err *err)
{
    uint8_t bytes[SIGNED_BYTES];
    dbk_id id = dbk_recipient_id(from);
    put_signed(bytes, a);
    if (!dbk_id_equal(&id, &a->recipient) ||
        !dbk_verify(&a->sig, LABEL, dbk_span_of(bytes, sizeof(bytes)), &from->sign))
        return dbk_fail(err, DBK_AUTH, "the answer isn't signed by the referral's recipient");
    return DBK_OK;
}
