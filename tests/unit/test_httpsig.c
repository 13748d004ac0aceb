#include "tests/lib/test.h"

#include <string.h>

#include "core/crypto/hash.h"
#include "sync/engine/httpsig.h"

/* Made outside this program, by OpenSSL and Python: seed 00 01 .. 1f, body {"v":1}. */
#define GOLDEN_DIGEST "sha-256=:r7+dDzVgsP13legcQqCnnua2/GfgZPd4Jq7mQsrSjZE=:"
#define GOLDEN_INPUT                                                                            \
    "sig=(\"@method\" \"@authority\" \"@path\" \"@query\" \"content-digest\" \"content-type\" " \
    "\"content-length\");created=1800000000;nonce=\"AbC_-9\";keyid=\"Vkdap1RjR0wChd9dvyvKtw\";" \
    "alg=\"ed25519\";tag=\"daybook-relay-1\""
#define GOLDEN_SIGNATURE                                                                      \
    "sig=:/"                                                                                  \
    "xo9zO1Yr+WoA0AR6fgukO5fxg2DzLHgKoJeV1IDJsqm7C0mF2CDWJxNMOWlveuwz5pBoQPVkLDDqBzs0kPHAg==" \
    ":"
#define GOLDEN_GET_SIGNATURE                                                              \
    "sig=:7y16/"                                                                          \
    "7ywwQQHqEkyXmlUy6PiMP9PpvAYom3RDdB0lrPLNKV2ZJU8wENsfZfxGzx1VzD0OU5MEtoTIDgucIg+Dg==" \
    ":"

typedef struct signer {
    dbk_secret *sk;
    dbk_sign_pk pk;
} signer;

/* The golden key: libsodium's secret is seed || public key. */
static signer signer_new(void)
{
    static const uint8_t pk[32] = { 0x03, 0xa1, 0x07, 0xbf, 0xf3, 0xce, 0x10, 0xbe,
                                    0x1d, 0x70, 0xdd, 0x18, 0xe7, 0x4b, 0xc0, 0x99,
                                    0x67, 0xe4, 0xd6, 0x30, 0x9b, 0xa5, 0x0d, 0x5f,
                                    0x1d, 0xdc, 0x86, 0x64, 0x12, 0x55, 0x31, 0xb8 };
    dbk_err err = { 0 };
    signer s;
    uint8_t raw[64];
    assert_ok(dbk_crypto_init(&err), &err);
    for (uint8_t i = 0; i < 32; i++)
        raw[i] = i;
    memcpy(raw + 32, pk, 32);
    memcpy(s.pk.b, pk, 32);
    assert_ok(dbk_secret_from(&s.sk, dbk_span_of(raw, sizeof(raw)), &err), &err);
    return s;
}

static dbk_http_request post_hello(void)
{
    return (dbk_http_request){
        .method = dbk_span_str("POST"),
        .authority = dbk_span_str("relay.example:8443"),
        .path = dbk_span_str("/v1/hello"),
        .content_type = dbk_span_str("application/json"),
        .body = dbk_span_str("{\"v\":1}"),
        .has_body = true,
    };
}

static dbk_http_request get_members(void)
{
    return (dbk_http_request){
        .method = dbk_span_str("GET"),
        .authority = dbk_span_str("relay.example:8443"),
        .path = dbk_span_str("/v1/members"),
        .query = dbk_span_str("from=7"),
    };
}

static dbk_http_signature sign(const signer *s, const dbk_http_request *req, uint64_t created_s,
                               const char *nonce)
{
    dbk_err err = { 0 };
    dbk_http_signature sig;
    dbk_http_sign_opts opts = { .created_s = created_s, .nonce = nonce, .request_sk = s->sk };
    assert_ok(dbk_http_sign(&sig, req, &opts, &err), &err);
    return sig;
}

static dbk_rc verify(const signer *s, const dbk_http_request *req, const dbk_http_signature *sig)
{
    return dbk_http_verify(req, dbk_span_str(sig->digest), dbk_span_str(sig->input),
                           dbk_span_str(sig->signature), &s->pk, NULL);
}

static void a_signed_post_is_what_openssl_makes_of_rfc_9421_and_9530(void **state)
{
    (void)state;
    signer s = signer_new();
    dbk_http_request req = post_hello();
    dbk_http_signature sig = sign(&s, &req, 1800000000, "AbC_-9");
    assert_string_equal(sig.digest, GOLDEN_DIGEST);
    assert_string_equal(sig.input, GOLDEN_INPUT);
    assert_string_equal(sig.signature, GOLDEN_SIGNATURE);
    assert_int_equal(verify(&s, &req, &sig), DBK_OK);
    dbk_secret_free(s.sk);
}

static void a_signed_get_is_what_openssl_makes_of_rfc_9421(void **state)
{
    (void)state;
    signer s = signer_new();
    dbk_http_request req = get_members();
    dbk_http_signature sig = sign(&s, &req, 1, "n");
    assert_string_equal(sig.digest, "");
    assert_string_equal(sig.signature, GOLDEN_GET_SIGNATURE);
    assert_int_equal(verify(&s, &req, &sig), DBK_OK);
    dbk_secret_free(s.sk);
}

static void each_signed_part_is_covered_so_a_change_on_the_way_is_refused(void **state)
{
    (void)state;
    signer s = signer_new();
    const dbk_http_request good = post_hello();
    dbk_http_signature sig = sign(&s, &good, 1800000000, "AbC_-9");
    static const struct {
        const char *why;
        size_t offset;
        const char *other;
        dbk_rc want;
    } cases[] = {
        { "method", offsetof(dbk_http_request, method), "PUT", DBK_AUTH },
        { "authority", offsetof(dbk_http_request, authority), "other.example:8443", DBK_AUTH },
        { "path", offsetof(dbk_http_request, path), "/v1/org", DBK_AUTH },
        { "query", offsetof(dbk_http_request, query), "a=b", DBK_AUTH },
        { "content type", offsetof(dbk_http_request, content_type), "text/plain", DBK_AUTH },
        { "body", offsetof(dbk_http_request, body), "{\"v\":2}", DBK_AUTH },
        { "body's length", offsetof(dbk_http_request, body), "{\"v\":1} ", DBK_AUTH },
        { "path with a line break", offsetof(dbk_http_request, path), "/v1/hello\n", DBK_FORMAT },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_http_request req = good;
        dbk_span other = dbk_span_str(cases[i].other);
        memcpy((char *)&req + cases[i].offset, &other, sizeof(other));
        dbk_rc rc = verify(&s, &req, &sig);
        if (rc != cases[i].want)
            fail_msg("%s: got %s", cases[i].why, dbk_rc_name(rc));
    }
    dbk_http_request without = good;
    without.has_body = false;
    assert_int_equal(verify(&s, &without, &sig), DBK_FORMAT);
    dbk_secret_free(s.sk);
}

static void a_signature_of_another_key_is_refused_A22(void **state)
{
    (void)state;
    signer s = signer_new();
    dbk_http_request req = post_hello();
    dbk_http_signature sig = sign(&s, &req, 1800000000, "AbC_-9");
    s.pk.b[0] ^= 1;
    assert_int_equal(verify(&s, &req, &sig), DBK_AUTH);
    dbk_secret_free(s.sk);
}

/* The three fields as one text, so that every bit of each can be turned. */
static void no_flipped_bit_or_cut_of_a_field_verifies(void **state)
{
    (void)state;
    signer s = signer_new();
    dbk_http_request req = post_hello();
    const dbk_http_signature good = sign(&s, &req, 1800000000, "AbC_-9");
    static const size_t fields[] = { offsetof(dbk_http_signature, digest),
                                     offsetof(dbk_http_signature, input),
                                     offsetof(dbk_http_signature, signature) };
    for (size_t f = 0; f < ARRAY_LEN(fields); f++) {
        size_t len = strlen((const char *)&good + fields[f]);
        for (size_t bit = 0; bit < 8 * len; bit++) {
            dbk_http_signature bad = good;
            ((char *)&bad + fields[f])[bit / 8] ^= (char)(1 << bit % 8);
            dbk_rc rc = verify(&s, &req, &bad);
            if (rc != DBK_AUTH && rc != DBK_FORMAT)
                fail_msg("field %zu bit %zu: got %s", f, bit, dbk_rc_name(rc));
        }
        for (size_t cut = 0; cut < len; cut++) {
            dbk_http_signature bad = good;
            ((char *)&bad + fields[f])[cut] = '\0';
            dbk_rc rc = verify(&s, &req, &bad);
            if (rc != DBK_AUTH && rc != DBK_FORMAT)
                fail_msg("field %zu cut at %zu: got %s", f, cut, dbk_rc_name(rc));
        }
    }
    dbk_secret_free(s.sk);
}

static void a_claim_gives_the_relay_key_and_nonce_before_the_costly_check(void **state)
{
    (void)state;
    signer s = signer_new();
    dbk_err err = { 0 };
    dbk_http_claim claim;
    uint8_t want[16];
    dbk_http_request req = get_members();
    dbk_http_signature sig = sign(&s, &req, 999999999999999, "");
    assert_ok(dbk_http_claim_parse(&claim, dbk_span_str(sig.input), &err), &err);
    dbk_http_key_hash(want, &s.pk);
    assert_memory_equal(claim.key_hash, want, sizeof(want));
    assert_string_equal(claim.nonce, ""); /* a device that has none yet: it will be given one */
    assert_true(claim.created_s == 999999999999999);
    dbk_secret_free(s.sk);
}

static void only_the_one_form_of_signature_input_parses(void **state)
{
    (void)state;
#define PARAMS ";created=5;nonce=\"n\";keyid=\"Vkdap1RjR0wChd9dvyvKtw\""
#define TAIL ";alg=\"ed25519\";tag=\"daybook-relay-1\""
#define FOUR "(\"@method\" \"@authority\" \"@path\" \"@query\")"
    static const struct {
        const char *why, *input;
        dbk_rc want;
    } cases[] = {
        { "right", "sig=" FOUR PARAMS TAIL, DBK_OK },
        { "nothing", "", DBK_FORMAT },
        { "another label", "sig1=" FOUR PARAMS TAIL, DBK_FORMAT },
        { "two signatures", "sig=" FOUR PARAMS TAIL ", b=" FOUR PARAMS TAIL, DBK_FORMAT },
        { "fewer components", "sig=(\"@method\")" PARAMS TAIL, DBK_FORMAT },
        { "another algorithm", "sig=" FOUR PARAMS ";alg=\"hmac-sha256\";tag=\"daybook-relay-1\"",
          DBK_FORMAT },
        { "no tag", "sig=" FOUR PARAMS ";alg=\"ed25519\"", DBK_FORMAT },
        { "another tag", "sig=" FOUR PARAMS ";alg=\"ed25519\";tag=\"daybook-relay-2\"",
          DBK_FORMAT },
        { "something behind", "sig=" FOUR PARAMS TAIL ";x=1", DBK_FORMAT },
        { "a negative time",
          "sig=" FOUR ";created=-5;nonce=\"n\";keyid=\"Vkdap1RjR0wChd9dvyvKtw\"" TAIL, DBK_FORMAT },
        { "a time of 16 digits",
          "sig=" FOUR ";created=1000000000000000;nonce=\"n\";keyid=\"Vkdap1RjR0wChd9dvyvKtw\"" TAIL,
          DBK_FORMAT },
        { "a quote in the nonce",
          "sig=" FOUR ";created=5;nonce=\"n\\\"\";keyid=\"Vkdap1RjR0wChd9dvyvKtw\"" TAIL,
          DBK_FORMAT },
        { "a short key id", "sig=" FOUR ";created=5;nonce=\"n\";keyid=\"Vkdap1RjR0wChd9d\"" TAIL,
          DBK_FORMAT },
        { "parameters in another order",
          "sig=" FOUR ";nonce=\"n\";created=5;keyid=\"Vkdap1RjR0wChd9dvyvKtw\"" TAIL, DBK_FORMAT },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_http_claim claim;
        dbk_rc rc = dbk_http_claim_parse(&claim, dbk_span_str(cases[i].input), NULL);
        if (rc != cases[i].want)
            fail_msg("%s: got %s", cases[i].why, dbk_rc_name(rc));
    }
}

static void a_nonce_that_needs_quoting_is_not_signed(void **state)
{
    (void)state;
    signer s = signer_new();
    dbk_http_request req = get_members();
    static const char *const bad[] = {
        "a\"b",
        "a b",
        "a\nb",
        "0123456789012345678901234567890123456789012345678901234567890123x",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        dbk_http_signature sig;
        dbk_http_sign_opts opts = { .nonce = bad[i], .request_sk = s.sk };
        assert_int_equal(dbk_http_sign(&sig, &req, &opts, NULL), DBK_FORMAT);
        assert_string_equal(sig.signature, "");
    }
    dbk_secret_free(s.sk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signed_post_is_what_openssl_makes_of_rfc_9421_and_9530),
        cmocka_unit_test(a_signed_get_is_what_openssl_makes_of_rfc_9421),
        cmocka_unit_test(each_signed_part_is_covered_so_a_change_on_the_way_is_refused),
        cmocka_unit_test(a_signature_of_another_key_is_refused_A22),
        cmocka_unit_test(no_flipped_bit_or_cut_of_a_field_verifies),
        cmocka_unit_test(a_claim_gives_the_relay_key_and_nonce_before_the_costly_check),
        cmocka_unit_test(only_the_one_form_of_signature_input_parses),
        cmocka_unit_test(a_nonce_that_needs_quoting_is_not_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
