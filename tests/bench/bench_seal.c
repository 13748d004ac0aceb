/* What sealing costs: microseconds a note for seal, open, sign and verify, and the bytes kept.
 * Notes are ops of about 1.1 KiB whose prose shares little with the dictionary, and short ones of
 * stock phrases. Prints medians of ROUNDS; never fails. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/cbor.h"
#include "core/base/env.h"
#include "core/crypto/segment.h"
#include "core/seal/sealer.h"

#include <time.h>

#define ROUNDS 41u
#define NOTES DBK_SEGMENT_OPS_MAX

static const char *const prose[] = {
    "We sat in the back kitchen because the front room was full of flowers. Mr Kaur's eldest did "
    "most of the talking and kept returning to the lorry: who owned it, whether the tachograph had "
    "been read, why nobody had come to look at the junction after the letters they sent in March. "
    "I wrote the three questions down in his words and read them back. ",
    "She had kept the receipts in a biscuit tin and wanted me to have them all. I took eleven, "
    "each bagged, and listed them on the back of the property sheet, which she signed. The tin "
    "itself she kept. Her neighbour at number 14 came in twice and was asked, kindly, to wait. ",
    "Travelling party of five: two parents, an aunt, twins aged nine. The aunt answered for "
    "everybody until the health visitor took the twins to see the model aeroplane. Return booked "
    "for the ninth, paid by a grandfather in Hargeisa. Leaflet in Somali taken, folded small, put "
    "inside a shoe. ",
    "Rang at ten past six as arranged. The kettle could be heard, then a man's voice, then the "
    "line went. Texted the agreed word at half past; the answer came at 18:52 and was the right "
    "one. She will be at the library on Thursday with the little one and can talk there. ",
};

static const char *const stock[] = {
    "I telephoned the family to give an update on the investigation. They asked when they could "
    "have the mobile phone, the jewellery and the clothing back. ",
    "There was no reply at the door and a calling card was left. I will try again on Monday. ",
};

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof(*v), compare);
    return v[n / 2];
}

static void must(dbk_rc rc, const dbk_err *err)
{
    if (rc == DBK_OK)
        return;
    fprintf(stderr, "bench_seal: %s\n", err->text);
    exit(1);
}

static void put_text(dbk_cbor_out *o, const char *key, const char *text)
{
    dbk_cbor_put_str(o, key);
    dbk_cbor_put_str(o, text);
}

/* One op as model/op.h lays it out: a contact entry with five groups. */
static void make_op(dbk_bytes *out, size_t i, const char *const *texts, size_t texts_count,
                    size_t account_bytes, const dbk_env *env)
{
    dbk_err err = { 0 };
    uint8_t id[16];
    char account[2048] = "";
    for (size_t at = 0, k = i; at < account_bytes; k++) {
        int n = snprintf(account + at, sizeof(account) - at, "%s", texts[k % texts_count] + k % 7);
        at += (size_t)n;
    }
    env->random(env->self, id, sizeof(id));
    dbk_cbor_out o = dbk_cbor_to(out, &err);
    dbk_cbor_put_map(&o, 5);
    dbk_cbor_put_uint(&o, 1);
    dbk_cbor_put_bytes(&o, id, sizeof(id));
    dbk_cbor_put_uint(&o, 2);
    dbk_cbor_put_str(&o, "contact");
    dbk_cbor_put_uint(&o, 3);
    dbk_cbor_put_uint(&o, 1);
    dbk_cbor_put_uint(&o, 4);
    dbk_cbor_put_uint(&o, (uint64_t)1763949600000 << 16 | i);
    dbk_cbor_put_uint(&o, 5);
    dbk_cbor_put_array(&o, 1);
    dbk_cbor_put_map(&o, 3);
    dbk_cbor_put_uint(&o, 1);
    dbk_cbor_put_uint(&o, 1);
    dbk_cbor_put_uint(&o, 2);
    dbk_cbor_put_str(&o, "account");
    dbk_cbor_put_uint(&o, 3);
    dbk_cbor_put_map(&o, 5);
    put_text(&o, "method", i % 2 != 0 ? "visit" : "phone");
    put_text(&o, "account", account);
    put_text(&o, "purpose", "update");
    put_text(&o, "direction", "police_to_family");
    put_text(&o, "started_at", "2026-11-24T09:40:00Z");
    must(o.rc, &err);
}

typedef struct bench {
    const dbk_env *env;
    dbk_sealer *sealer;
    dbk_sign_pk pk;
    dbk_secret *sk, *key;
    dbk_bytes ops[NOTES], body, plain;
    dbk_span spans[NOTES];
    dbk_header header;
} bench;

static void seal_all(bench *b, size_t count, double *us)
{
    dbk_err err = { 0 };
    dbk_seal_keys keys = { b->key, dbk_key_id(b->key), b->sk, NULL, b->env };
    double start = now_us();
    b->header.count = (uint16_t)count;
    b->env->random(b->env->self, b->header.salt, sizeof(b->header.salt));
    dbk_bytes_truncate(&b->body, 0);
    must(dbk_seal_segment(b->sealer, &b->header, &b->body, b->spans, &keys, &err), &err);
    *us = now_us() - start;
}

static void open_all(bench *b, double *us)
{
    dbk_err err = { 0 };
    dbk_frame frames[DBK_SEGMENT_OPS_MAX];
    dbk_span body = dbk_bytes_span(&b->body);
    double start = now_us();
    must(dbk_body_check(&b->header, body, &err), &err);
    must(dbk_body_split(frames, &b->header, body, &err), &err);
    for (uint32_t i = 0; i < b->header.count; i++) {
        dbk_bytes_truncate(&b->plain, 0);
        must(dbk_open_frame(b->sealer, &b->plain, &b->header, &frames[i], i, b->key, &err), &err);
    }
    *us = now_us() - start;
}

static void run(bench *b, const char *what, size_t count, const char *const *texts,
                size_t texts_count, size_t account_bytes)
{
    double seal[ROUNDS], open[ROUNDS];
    size_t plain_bytes = 0;
    for (size_t i = 0; i < count; i++) {
        dbk_bytes_truncate(&b->ops[i], 0);
        make_op(&b->ops[i], i, texts, texts_count, account_bytes, b->env);
        b->spans[i] = dbk_bytes_span(&b->ops[i]);
        plain_bytes += b->ops[i].len;
    }
    for (size_t i = 0; i < ROUNDS; i++) {
        seal_all(b, count, &seal[i]);
        open_all(b, &open[i]);
    }
    printf("%-34s %5zu B  seal %5.1f us  open %5.1f us a note  kept %4zu B, 1/%.2f\n", what,
           plain_bytes / count, median(seal, ROUNDS) / (double)count,
           median(open, ROUNDS) / (double)count, b->body.len / count,
           (double)plain_bytes / (double)b->body.len);
}

static void run_signatures(bench *b)
{
    double sign[ROUNDS], verify[ROUNDS];
    dbk_err err = { 0 };
    for (size_t i = 0; i < ROUNDS; i++) {
        double start = now_us();
        dbk_header_sign(&b->header, b->sk);
        double middle = now_us();
        must(dbk_header_verify(&b->header, &b->pk, &err), &err);
        verify[i] = now_us() - middle;
        sign[i] = middle - start;
    }
    printf("%-34s          sign %5.1f us  verify %5.1f us\n", "a header", median(sign, ROUNDS),
           median(verify, ROUNDS));
}

int main(void)
{
    static bench b;
    dbk_err err = { 0 };
    b.env = dbk_env_system();
    must(dbk_crypto_init(&err), &err);
    must(dbk_sealer_new(&b.sealer, &err), &err);
    must(dbk_sign_keypair(&b.pk, &b.sk, b.env, &err), &err);
    must(dbk_secret_random(&b.key, 32, b.env, &err), &err);
    dbk_bytes_init(&b.body, DBK_SEGMENT_BODY_BYTES_MAX);
    dbk_bytes_init(&b.plain, DBK_SEAL_PLAIN_BYTES_MAX);
    for (size_t i = 0; i < NOTES; i++)
        dbk_bytes_init(&b.ops[i], DBK_SEAL_PLAIN_BYTES_MAX);
    run(&b, "free prose, 64 to a segment", NOTES, prose, 4, 900);
    run(&b, "free prose, 1 to a segment", 1, prose, 4, 900);
    run(&b, "stock phrases, 64 to a segment", NOTES, stock, 2, 100);
    run_signatures(&b);
    for (size_t i = 0; i < NOTES; i++)
        dbk_bytes_wipe(&b.ops[i]);
    dbk_bytes_wipe(&b.body);
    dbk_bytes_wipe(&b.plain);
    dbk_secret_free(b.sk);
    dbk_secret_free(b.key);
    dbk_sealer_free(b.sealer);
    return 0;
}
