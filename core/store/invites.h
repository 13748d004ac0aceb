/* core/store/invites.h - rows of an admin's open invites, with the requests that came for them. */
#ifndef DBK_STORE_INVITES_H
#define DBK_STORE_INVITES_H

#include "core/base/id.h"
#include "core/store/store.h"

typedef struct dbk_store_invite {
    dbk_id invite;
    const dbk_secret *secret;
    dbk_span name;   /* read: ended by a zero byte too */
    uint32_t role;   /* dbk_role */
    dbk_span spaces; /* ids, one behind the other */
    uint64_t expires_ms;
    uint64_t until_ms; /* when the grants that it leads to end; 0: never */
    dbk_id person;     /* whose device it will be; zero: a person's first */
    dbk_span request;  /* sealed, as it came; empty: not arrived */
} dbk_store_invite;
DBK_MUST_CHECK dbk_rc dbk_invites_add(dbk_store *store, const dbk_store_invite *row, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_invites_set_request(dbk_store *store, const dbk_id *invite,
                                              dbk_span request, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_invites_del(dbk_store *store, const dbk_id *invite, dbk_err *err);
typedef dbk_rc (*dbk_store_invite_fn)(void *ctx, const dbk_store_invite *row, dbk_err *err);
/* Calls fn once. DBK_NOT_FOUND. */
DBK_MUST_CHECK dbk_rc dbk_invites_get(dbk_store *store, const dbk_id *invite,
                                      dbk_store_invite_fn fn, void *ctx, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_invites_each(dbk_store *store, dbk_store_invite_fn fn, void *ctx,
                                       dbk_err *err); /* oldest first */

#endif
