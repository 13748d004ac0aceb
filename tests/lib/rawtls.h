/* tests/lib/rawtls.h - a server that is anything but a relay: it takes connections one by one on
 * 127.0.0.1, does TLS as told or none, answers each with one text, and counts the bytes of
 * requests that it could read. */
#ifndef DBK_TESTS_RAWTLS_H
#define DBK_TESTS_RAWTLS_H

#include <stdatomic.h>
#include <stdbool.h>

#include "core/base/bytes.h"

typedef struct rawtls_opts {
    const char *priorities; /* GnuTLS's; NULL: no TLS */
    dbk_span cert_pem, key_pem;
    const char *answer; /* sent when a request has come */
} rawtls_opts;
typedef struct rawtls {
    char url[80], address[64]; /* "https://127.0.0.1:1", "127.0.0.1:1" */
    atomic_uint connections;
    atomic_ulong bytes; /* of requests, out of their TLS */
    struct rawtls_work *work;
} rawtls;

void rawtls_start(rawtls *s, const rawtls_opts *opts);
void rawtls_stop(rawtls *s); /* when it has returned, the counts are final */

#endif
