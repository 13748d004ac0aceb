/* epochkeys DIR KEYFILE: the keys of every space's newest epoch, which a device holds in memory
 * only, as "epoch_key_N HEX". With it 82-memory.sh knows what to search for. */
#include <stdio.h>

#include "core/base/text.h"
#include "core/crypto/hash.h"
#include "core/journal/book_internal.h"

#define EPOCH_KEY_BYTES 32u

static int complain(const char *what)
{
    (void)fprintf(stderr, "epochkeys: %s\n", what);
    return 1;
}

static int print_keys(dbk_book *book)
{
    for (size_t i = 0; i < book->tables.spaces_count; i++) {
        char hex[2 * EPOCH_KEY_BYTES + 1];
        const dbk_secret *key = dbk_keyring_current(book->keyring, &book->tables.spaces[i]->space,
                                                    NULL);
        if (key == NULL)
            return complain("a space's key isn't held");
        if (dbk_secret_len(key) != EPOCH_KEY_BYTES)
            return complain("a key of another size");
        dbk_hex_print(hex, dbk_secret_bytes(key));
        (void)printf("epoch_key_%zu %s\n", i, hex);
    }
    return 0;
}

int main(int argc, char **argv)
{
    uint8_t bytes[DBK_STORE_KEY_BYTES];
    dbk_secret *key = NULL;
    dbk_book *book = NULL;
    dbk_err err = { 0 };
    FILE *file = argc == 3 ? fopen(argv[2], "rb") : NULL;
    if (file == NULL || fread(bytes, 1, sizeof(bytes), file) != sizeof(bytes))
        return complain("usage: epochkeys DIR KEYFILE");
    (void)fclose(file);
    dbk_rc rc = dbk_crypto_init(&err);
    if (rc == DBK_OK)
        rc = dbk_secret_from(&key, dbk_span_of(bytes, sizeof(bytes)), &err);
    if (rc == DBK_OK)
        rc = dbk_book_open_with_key(&book, argv[1], key, &(dbk_book_opts){ 0 }, &err);
    int status = rc == DBK_OK ? print_keys(book) : complain(err.text);
    dbk_book_close(book);
    dbk_secret_free(key);
    return status;
}
