/* policy STORE PASSPHRASE_FILE KEY_HEX: the founder's store posts a policy that names this recovery
 * key (all zeros: none), signed by its administrator. */
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/journal/inbox.h"
#include "core/journal/org_internal.h"
#include "sync/driver/line.h"

static dbk_rc post(dbk_book *book, const uint8_t key[32], dbk_err *err)
{
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_entry e = { .kind = DBK_ENTRY_POLICY, .policy = *dbk_roster_policy(book->roster) };
    dbk_transport t = { 0 };
    dbk_line line;
    e.policy.recovery.count = dbk_key_is_zero(key) ? 0 : 1;
    memcpy(e.policy.recovery.b[0], key, 32);
    dbk_rc rc = dbk_org_sign(book, &entry, &e, err);
    if (rc == DBK_OK)
        rc = dbk_driver_connect(&t, book, err);
    if (rc == DBK_OK)
        rc = dbk_line_open(&line, book, &t, err);
    dbk_call call = { .method = "POST",
                      .target = "/v1/members",
                      .content_type = "application/octet-stream",
                      .body = dbk_bytes_span(&entry),
                      .has_body = true,
                      .answer_max = 65536 };
    if (rc == DBK_OK)
        rc = dbk_line_ask(&line, &call, err);
    if (rc == DBK_OK)
        rc = dbk_inbox_member(book, dbk_bytes_span(&entry), err);
    dbk_line_close(&line);
    dbk_transport_close(&t);
    dbk_bytes_wipe(&entry);
    return rc;
}

int main(int argc, char **argv)
{
    char text[512] = "";
    uint8_t key[32];
    dbk_secret *passphrase = NULL;
    dbk_book *book = NULL;
    dbk_err err = { 0 };
    FILE *file = argc == 4 ? fopen(argv[2], "rb") : NULL;
    if (file == NULL || fgets(text, sizeof(text), file) == NULL)
        return 2;
    fclose(file);
    text[strcspn(text, "\n")] = '\0';
    dbk_rc rc = dbk_crypto_init(&err);
    if (rc == DBK_OK)
        rc = dbk_hex_parse(key, sizeof(key), argv[3], &err);
    if (rc == DBK_OK)
        rc = dbk_secret_from(&passphrase, dbk_span_str(text), &err);
    if (rc == DBK_OK)
        rc = dbk_book_open(&book, argv[1], passphrase, NULL, &err);
    if (rc == DBK_OK)
        rc = post(book, key, &err);
    if (rc != DBK_OK)
        fprintf(stderr, "policy: %s\n", err.text);
    dbk_book_close(book);
    dbk_secret_free(passphrase);
    return rc == DBK_OK ? 0 : 1;
}
