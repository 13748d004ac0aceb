#define _GNU_SOURCE /* RTLD_NEXT */
#include "tests/lib/quick/quick_curve.h"

#include <dlfcn.h>
#include <sodium.h>
#include <stdint.h>
#include <string.h>

#include "core/base/err.h"

#define SLOTS 8192u /* a seed has some 3,000; a child begins with what its parent knows */
#define PRODUCTS 2048u
#define NAME_BYTES 32u

typedef struct name {
    uint8_t b[NAME_BYTES];
} name;
static name good[SLOTS]; /* an older one in the same slot goes, and is looked at again */
static bool off;

static name name_of(const uint8_t *sig, const uint8_t *pk, const uint8_t *message, size_t len)
{
    crypto_generichash_state state;
    name n;
    DBK_ASSERT(crypto_generichash_init(&state, NULL, 0, sizeof(n)) == 0);
    if (sig != NULL)
        (void)crypto_generichash_update(&state, sig, crypto_sign_BYTES);
    (void)crypto_generichash_update(&state, pk, crypto_sign_PUBLICKEYBYTES);
    (void)crypto_generichash_update(&state, message, len);
    DBK_ASSERT(crypto_generichash_final(&state, n.b, sizeof(n)) == 0);
    return n;
}

static uint32_t slot_number(const name *n)
{
    uint32_t slot;
    memcpy(&slot, n->b, sizeof(slot));
    return slot;
}

static name *slot_of(const name *n)
{
    return &good[slot_number(n) % SLOTS];
}

static bool is_good(const name *n)
{
    return !off && memcmp(slot_of(n), n, sizeof(*n)) == 0;
}

void quick_curve_forget(void)
{
    off = true;
}

typedef struct product {
    name of;
    uint8_t q[crypto_scalarmult_BYTES];
} product;
static product products[PRODUCTS];

/* p NULL: of the base point. */
static int multiply(uint8_t *q, const uint8_t *n, const uint8_t *p)
{
    name of = name_of(NULL, n, p, p == NULL ? 0 : crypto_scalarmult_BYTES);
    product *known = &products[slot_number(&of) % PRODUCTS];
    if (!off && memcmp(&known->of, &of, sizeof(of)) == 0) {
        memcpy(q, known->q, sizeof(known->q));
        return 0;
    }
    int rc = p == NULL ? crypto_scalarmult_curve25519_base(q, n)
                       : crypto_scalarmult_curve25519(q, n, p);
    if (rc == 0) {
        known->of = of;
        memcpy(known->q, q, sizeof(known->q));
    }
    return rc;
}

/* ---- in the place of libsodium's ----------------------------------------------------------- */

int crypto_sign_verify_detached(const unsigned char *sig, const unsigned char *message,
                                unsigned long long len, const unsigned char *pk)
{
    name n = name_of(sig, pk, message, len);
    if (is_good(&n))
        return 0;
    int rc = crypto_sign_ed25519_verify_detached(sig, message, len, pk);
    if (rc == 0)
        *slot_of(&n) = n;
    return rc;
}

/* What it has signed with this very key is good. */
int crypto_sign_detached(unsigned char *sig, unsigned long long *sig_len,
                         const unsigned char *message, unsigned long long len,
                         const unsigned char *sk)
{
    int rc = crypto_sign_ed25519_detached(sig, sig_len, message, len, sk);
    if (rc == 0) {
        name n = name_of(sig, sk + crypto_sign_SEEDBYTES, message, len);
        *slot_of(&n) = n;
    }
    return rc;
}

int crypto_core_ed25519_is_valid_point(const unsigned char *p)
{
    static int (*real)(const unsigned char *p);
    name n = name_of(NULL, p, NULL, 0);
    if (is_good(&n))
        return 1;
    if (real == NULL) {
        void *found = dlsym(RTLD_NEXT, "crypto_core_ed25519_is_valid_point");
        DBK_ASSERT(found != NULL);
        memcpy(&real, &found, sizeof(real));
    }
    int rc = real(p);
    if (rc == 1)
        *slot_of(&n) = n;
    return rc;
}

int crypto_scalarmult(unsigned char *q, const unsigned char *n, const unsigned char *p)
{
    return multiply(q, n, p);
}

int crypto_scalarmult_base(unsigned char *q, const unsigned char *n)
{
    return multiply(q, n, NULL);
}
