/* Takes the place of libsodium's Argon2id and asks it for a thousandth of the memory: passes, salt
 * and passphrase stay as they are, and other costs still give other keys. At the true cost two
 * fifths of what tests take would be passphrases. Linked into a test program, or loaded before the
 * libraries of a shipped one (LD_PRELOAD): what is shipped has no switch. The tests of the cost
 * itself, of vectors and of memory do without it. */
#include <dlfcn.h>
#include <sodium.h>
#include <stdlib.h>

enum { THOUSANDTH = 1024 };

typedef int pwhash(unsigned char *out, unsigned long long out_len, const char *passphrase,
                   unsigned long long passphrase_len, const unsigned char *salt,
                   unsigned long long ops, size_t mem, int algorithm);

int crypto_pwhash_argon2id(unsigned char *const out, unsigned long long out_len,
                           const char *const passphrase, unsigned long long passphrase_len,
                           const unsigned char *const salt, unsigned long long ops, size_t mem,
                           int algorithm)
{
    pwhash *libsodium = NULL;
    *(void **)&libsodium = dlsym(RTLD_NEXT, "crypto_pwhash_argon2id");
    if (libsodium == NULL)
        abort();
    return libsodium(out, out_len, passphrase, passphrase_len, salt, ops, mem / THOUSANDTH,
                     algorithm);
}
