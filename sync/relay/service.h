/* sync/relay/service.h - who answers requests, as the network side sees it: a relay in the same
 * process, or the one in the keeper's (front.h). */
#ifndef DBK_RELAY_SERVICE_H
#define DBK_RELAY_SERVICE_H

#include "sync/relay/relay.h"

/* As dbk_relay_handle, dbk_relay_expect and dbk_relay_measure; by any thread. */
typedef struct dbk_service {
    void (*handle)(void *self, dbk_relay_answer *answer, const dbk_relay_request *request);
    dbk_relay_expects (*expect)(void *self, const dbk_relay_request *head);
    dbk_rc (*measure)(void *self, dbk_bytes *out, dbk_err *err);
    void *self;
} dbk_service;

#endif
