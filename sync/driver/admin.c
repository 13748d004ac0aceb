/* What changes membership: an entry is built for the head that this book knows, posted, and only
 * then taken, like anyone else's. The relay takes one child of each head; who comes second takes
 * the first one's entry and builds anew. */
#include <stdio.h>
#include <string.h>

#include "core/journal/inbox.h"
#include "sync/driver/driver.h"
#include "sync/driver/line.h"
#include "sync/driver/sync.h"
#include "sync/engine/msg.h"

#define CAS_TRIES_MAX 5u
#define TARGET_MAX 128u

static uint64_t members_held(const dbk_book *book)
{
    const dbk_roster *roster = dbk_book_roster(book);
    return roster != NULL ? dbk_roster_count(roster) : 0;
}

/* The same content, also when others have signed it besides. */
static bool same_entry(dbk_span a, dbk_span b)
{
    dbk_entry_decoded one = { 0 }, two = { 0 };
    bool same = dbk_entry_decode(&one, a, NULL) == DBK_OK &&
                dbk_entry_decode(&two, b, NULL) == DBK_OK && dbk_hash_equal(&one.hash, &two.hash);
    dbk_entry_decoded_wipe(&one);
    dbk_entry_decoded_wipe(&two);
    return same;
}

/* The entries of one answer. *ours: this entry was among them. */
static dbk_rc take_entries(dbk_line *line, dbk_span entry, bool *ours, dbk_err *err)
{
    dbk_err end = { 0 };
    dbk_span got, left = dbk_bytes_span(&dbk_line_answer(line)->body);
    for (;;) {
        dbk_rc rc = dbk_entries_next(&left, &got, &end);
        if (rc != DBK_OK)
            return rc == DBK_NOT_FOUND ? DBK_OK : dbk_fail(err, DBK_PEER, "%s", end.text);
        rc = dbk_inbox_member(line->book, got, err);
        if (rc != DBK_OK)
            return rc;
        *ours = *ours || (entry.len > 0 && same_entry(got, entry));
    }
}

dbk_rc dbk_line_catch_up(dbk_line *line, dbk_span entry, bool *ours, dbk_err *err)
{
    uint64_t before;
    dbk_rc rc;
    *ours = false;
    do {
        char target[TARGET_MAX];
        before = members_held(line->book);
        (void)snprintf(target, sizeof(target), "/v1/members?from=%llu", (unsigned long long)before);
        dbk_call call = { .method = "GET", .target = target, .answer_max = DBK_RANGE_BYTES_MAX };
        rc = dbk_line_ask(line, &call, err);
        if (rc == DBK_OK)
            rc = take_entries(line, entry, ours, err);
    } while (rc == DBK_OK && members_held(line->book) > before);
    return rc;
}

dbk_rc dbk_line_post(dbk_line *line, dbk_span entry, dbk_err *err)
{
    dbk_err refused = { 0 };
    bool ours = false;
    dbk_call call = { .method = "POST",
                      .target = "/v1/members",
                      .content_type = "application/octet-stream",
                      .body = entry,
                      .has_body = true,
                      .answer_max = DBK_CONTROL_BYTES_MAX };
    dbk_rc rc = dbk_line_ask(line, &call, &refused);
    if (rc == DBK_OK)
        return dbk_inbox_member(line->book, entry, err);
    if (rc != DBK_CONFLICT)
        return dbk_fail(err, rc, "%s", refused.text);
    /* It may be our own, of a time when the answer was lost. */
    rc = dbk_line_catch_up(line, entry, &ours, err);
    return rc == DBK_OK && !ours ? DBK_CONFLICT : rc;
}

/* To the chain, or where it lacks a signer to the other administrators. */
static dbk_rc send(dbk_line *line, dbk_span entry, size_t lacking, dbk_err *err)
{
    dbk_err refused = { 0 };
    bool ours = false;
    if (lacking == 0)
        return dbk_line_post(line, entry, err);
    dbk_rc rc = dbk_line_propose(line, entry, &refused);
    if (rc != DBK_CONFLICT)
        return dbk_fail(err, rc, "%s", refused.text);
    /* They may have agreed already, at a time when the first answer was lost. */
    rc = dbk_line_catch_up(line, entry, &ours, err);
    return rc == DBK_OK && !ours ? DBK_CONFLICT : rc;
}

dbk_rc dbk_line_change(dbk_line *line, dbk_build_fn build, void *ctx, dbk_err *err)
{
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_rc rc = DBK_CONFLICT;
    for (unsigned i = 0; i < CAS_TRIES_MAX && rc == DBK_CONFLICT; i++) {
        dbk_err built = { 0 };
        size_t lacking = 0;
        dbk_bytes_truncate(&entry, 0);
        rc = build(line->book, &entry, ctx, &built);
        /* What the chain would refuse isn't sent: the reason is said here, in words. */
        if (rc == DBK_OK)
            rc = dbk_roster_weigh(dbk_book_roster(line->book), &lacking, dbk_bytes_span(&entry),
                                  &built);
        if (rc != DBK_OK) {
            rc = dbk_fail(err, rc, "%s", built.text);
            goto out; /* a conflict that building finds is no race */
        }
        rc = send(line, dbk_bytes_span(&entry), lacking, err);
    }
    if (rc == DBK_CONFLICT)
        rc = dbk_fail(err, rc, "the membership keeps changing: try again");
out:
    dbk_bytes_wipe(&entry);
    return rc;
}

/* One change on a line of its own. */
static dbk_rc change_once(dbk_book *book, const dbk_transport *t, dbk_build_fn build, void *ctx,
                          dbk_err *err)
{
    dbk_line line;
    dbk_rc rc = dbk_line_open(&line, book, t, err);
    if (rc == DBK_OK)
        rc = dbk_line_change(&line, build, ctx, err);
    dbk_line_close(&line);
    return rc;
}

/* ---- organisation, spaces, grants
 * --------------------------------------------------------------------- */

static dbk_rc post_genesis(dbk_line *line, const dbk_relay_card *card, dbk_span genesis,
                           dbk_err *err)
{
    dbk_err refused = { 0 };
    dbk_call call = { .method = "POST",
                      .target = "/v1/org",
                      .content_type = "application/octet-stream",
                      .body = genesis,
                      .has_body = true,
                      .is_unsigned = true, /* the relay knows nobody yet: the code stands for us */
                      .setup = card->setup_code,
                      .answer_max = DBK_CONTROL_BYTES_MAX };
    dbk_rc rc = dbk_line_ask(line, &call, &refused);
    if (rc == DBK_CONFLICT)
        return dbk_fail(err, rc, "this relay serves another organisation already");
    if (rc == DBK_DENIED)
        return dbk_fail(err, rc, "the relay does not accept this card's setup code");
    if (rc != DBK_OK)
        return dbk_fail(err, rc, "%s", refused.text);
    return dbk_inbox_member(line->book, genesis, err);
}

dbk_rc dbk_driver_org_create_over(dbk_book *book, dbk_transport *t, const dbk_relay_card *card,
                                  const char *device_name, dbk_err *err)
{
    dbk_line line;
    dbk_bytes genesis = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_rc rc = dbk_line_open(&line, book, t, err);
    if (rc == DBK_OK)
        rc = dbk_org_create(book, &genesis, device_name, card, err);
    if (rc == DBK_OK)
        rc = post_genesis(&line, card, dbk_bytes_span(&genesis), err);
    dbk_line_close(&line);
    dbk_bytes_wipe(&genesis);
    return rc;
}

dbk_rc dbk_driver_org_create(dbk_book *book, const dbk_relay_card *card, const char *device_name,
                             dbk_err *err)
{
    dbk_transport t;
    dbk_https_opts opts = { .url = card->url };
    dbk_driver_pins(&opts, card->tls_pin, &card->backup);
    dbk_rc rc = dbk_transport_https(&t, &opts, err);
    if (rc == DBK_OK)
        rc = dbk_driver_org_create_over(book, &t, card, device_name, err);
    dbk_transport_close(&t);
    return rc;
}

typedef struct new_space {
    const dbk_new_space *opts;
    dbk_id *space;
} new_space;

static dbk_rc build_space(dbk_book *book, dbk_bytes *entry, void *ctx, dbk_err *err)
{
    const new_space *n = ctx;
    return dbk_org_space(book, entry, n->space, n->opts, err);
}

dbk_rc dbk_driver_space_create(dbk_book *book, dbk_transport *t, dbk_id *space,
                               const dbk_new_space *opts, dbk_err *err)
{
    new_space n = { opts, space };
    return change_once(book, t, build_space, &n, err);
}

static dbk_rc build_grant(dbk_book *book, dbk_bytes *entry, void *ctx, dbk_err *err)
{
    const dbk_new_grant *const *grant = ctx;
    return dbk_org_grant(book, entry, *grant, err);
}

dbk_rc dbk_driver_grant(dbk_book *book, dbk_transport *t, const dbk_new_grant *grant, dbk_err *err)
{
    return change_once(book, t, build_grant, &grant, err);
}

/* ---- leaving, new keys
 * ------------------------------------------------------------------------------------------ */

static dbk_rc build_leave(dbk_book *book, dbk_bytes *entry, void *ctx, dbk_err *err)
{
    const dbk_leaving *const *leaving = ctx;
    return dbk_org_leave(book, entry, *leaving, err);
}

static dbk_rc build_rotate(dbk_book *book, dbk_bytes *entry, void *ctx, dbk_err *err)
{
    const dbk_id *const *space = ctx;
    return dbk_org_rotate(book, entry, *space, err);
}

static dbk_rc build_due(dbk_book *book, dbk_bytes *entry, void *ctx, dbk_err *err)
{
    (void)ctx;
    return dbk_org_rotate_due(book, entry, err);
}

dbk_rc dbk_line_rotate_due(dbk_line *line, dbk_err *err)
{
    const dbk_roster *roster = dbk_book_roster(line->book);
    dbk_id self = dbk_book_device(line->book);
    const dbk_member *me = roster == NULL ? NULL : dbk_roster_device(roster, &self);
    dbk_err end = { 0 };
    dbk_rc rc = DBK_OK;
    if (me == NULL || me->revoked || me->role != DBK_ROLE_ADMIN)
        return DBK_OK;
    while (rc == DBK_OK)
        rc = dbk_line_change(line, build_due, NULL, &end);
    return rc == DBK_NOT_FOUND ? DBK_OK : dbk_fail(err, rc, "%s", end.text);
}

dbk_rc dbk_driver_leave(dbk_book *book, dbk_transport *t, const dbk_leaving *leaving, dbk_err *err)
{
    dbk_line line;
    dbk_rc rc = dbk_line_open(&line, book, t, err);
    if (rc == DBK_OK)
        rc = dbk_line_change(&line, build_leave, &leaving, err);
    if (rc == DBK_OK)
        rc = dbk_line_rotate_due(&line, err);
    dbk_line_close(&line);
    return rc;
}

typedef struct new_policy {
    const dbk_policy *policy;
    dbk_policy before; /* what the caller has changed */
} new_policy;

/* A policy is whole: over what someone else has changed meanwhile it would go in silence. */
static dbk_rc build_policy(dbk_book *book, dbk_bytes *entry, void *ctx, dbk_err *err)
{
    const new_policy *n = ctx;
    if (!dbk_policy_equal(&n->before, dbk_roster_policy(dbk_book_roster(book))))
        return dbk_fail(err, DBK_CONFLICT, "the rules were changed meanwhile: look again");
    return dbk_org_policy(book, entry, n->policy, err);
}

dbk_rc dbk_driver_policy(dbk_book *book, dbk_transport *t, const dbk_policy *policy, dbk_err *err)
{
    const dbk_roster *roster = dbk_book_roster(book);
    if (roster == NULL)
        return dbk_fail(err, DBK_DENIED, "this store belongs to no organisation yet");
    new_policy n = { policy, *dbk_roster_policy(roster) };
    return change_once(book, t, build_policy, &n, err);
}

static dbk_rc build_bar(dbk_book *book, dbk_bytes *entry, void *ctx, dbk_err *err)
{
    const dbk_new_bar *const *bar = ctx;
    return dbk_org_bar(book, entry, *bar, err);
}

dbk_rc dbk_driver_bar(dbk_book *book, dbk_transport *t, const dbk_new_bar *bar, dbk_err *err)
{
    return change_once(book, t, build_bar, &bar, err);
}

static dbk_rc build_dispose(dbk_book *book, dbk_bytes *entry, void *ctx, dbk_err *err)
{
    const dbk_new_order *const *order = ctx;
    return dbk_org_dispose(book, entry, *order, err);
}

dbk_rc dbk_driver_dispose(dbk_book *book, dbk_transport *t, const dbk_new_order *order,
                          dbk_err *err)
{
    return change_once(book, t, build_dispose, &order, err);
}

static dbk_rc build_floor(dbk_book *book, dbk_bytes *entry, void *ctx, dbk_err *err)
{
    const dbk_new_floor *const *floor = ctx;
    return dbk_org_floor(book, entry, *floor, err);
}

dbk_rc dbk_driver_floor(dbk_book *book, dbk_transport *t, const dbk_new_floor *floor, dbk_err *err)
{
    return change_once(book, t, build_floor, &floor, err);
}

dbk_rc dbk_driver_rotate(dbk_book *book, dbk_transport *t, const dbk_id *space, dbk_err *err)
{
    return change_once(book, t, build_rotate, &space, err);
}

/* ---- invites
 * ------------------------------------------------------------------------------------------ */

static void join_target(char out[TARGET_MAX], const dbk_id *invite)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_id_hex(hex, invite);
    (void)snprintf(out, TARGET_MAX, "/v1/join/%s", hex);
}

static dbk_rc open_mailbox(dbk_line *line, const dbk_id *invite, uint64_t expires_ms, dbk_err *err)
{
    char target[TARGET_MAX];
    dbk_bytes body = DBK_BYTES_INIT(DBK_CONTROL_BYTES_MAX);
    join_target(target, invite);
    dbk_rc rc = dbk_mailbox_encode(&body, expires_ms, err);
    dbk_call call = { .method = "PUT",
                      .target = target,
                      .content_type = "application/json",
                      .body = dbk_bytes_span(&body),
                      .has_body = true,
                      .answer_max = DBK_CONTROL_BYTES_MAX };
    if (rc == DBK_OK)
        rc = dbk_line_ask(line, &call, err);
    dbk_bytes_wipe(&body);
    return rc;
}

dbk_rc dbk_driver_invite(dbk_book *book, dbk_transport *t, dbk_bytes *text,
                         const dbk_new_invite *opts, dbk_err *err)
{
    dbk_line line;
    dbk_id invite;
    size_t before = text->len;
    const dbk_env *env = dbk_book_env(book);
    dbk_rc rc = dbk_line_open(&line, book, t, err);
    if (rc == DBK_OK)
        rc = dbk_org_invite(book, text, &invite, opts, err);
    if (rc == DBK_OK)
        rc = open_mailbox(&line, &invite, env->now_ms(env->self) + opts->ttl_ms, err);
    if (rc != DBK_OK)
        dbk_bytes_truncate(text, before); /* an invite without a mailbox leads nowhere */
    dbk_line_close(&line);
    return rc;
}

static dbk_rc take_requests(dbk_line *line, dbk_err *err)
{
    dbk_id invite;
    dbk_err end = { 0 };
    dbk_span request, left = dbk_bytes_span(&dbk_line_answer(line)->body);
    dbk_rc rc;
    while ((rc = dbk_requests_next(&left, &invite, &request, &end)) == DBK_OK) {
        dbk_err why = { 0 };
        rc = dbk_org_request_arrived(line->book, &invite, request, &why);
        /* Another admin's invite, or a forged request: nothing of ours. */
        if (rc != DBK_OK && rc != DBK_AUTH && rc != DBK_NOT_FOUND && rc != DBK_FORMAT)
            return dbk_fail(err, rc, "%s", why.text);
    }
    return rc == DBK_NOT_FOUND ? DBK_OK : dbk_fail(err, DBK_PEER, "%s", end.text);
}

dbk_rc dbk_driver_requests(dbk_book *book, dbk_transport *t, dbk_err *err)
{
    dbk_line line;
    dbk_call call = { .method = "GET", .target = "/v1/join", .answer_max = DBK_RANGE_BYTES_MAX };
    dbk_rc rc = dbk_line_open(&line, book, t, err);
    if (rc == DBK_OK)
        rc = dbk_line_ask(&line, &call, err);
    if (rc == DBK_OK)
        rc = take_requests(&line, err);
    dbk_line_close(&line);
    return rc;
}

static dbk_rc build_approval(dbk_book *book, dbk_bytes *entry, void *ctx, dbk_err *err)
{
    const dbk_id *const *invite = ctx;
    return dbk_org_approve_next(book, entry, *invite, err);
}

dbk_rc dbk_driver_approve(dbk_book *book, dbk_transport *t, const dbk_id *invite, dbk_err *err)
{
    dbk_line line;
    unsigned entries = 0;
    dbk_err end = { 0 };
    dbk_rc rc = dbk_line_open(&line, book, t, err);
    /* The device first, then each space of the invite; each is final once it is posted, so that
     * a failure in between is mended by approving again. */
    while (rc == DBK_OK) {
        rc = dbk_line_change(&line, build_approval, &invite, &end);
        entries += rc == DBK_OK;
    }
    dbk_line_close(&line);
    if (rc == DBK_NOT_FOUND && entries > 0)
        return DBK_OK;
    return dbk_fail(err, rc, "%s", end.text);
}

/* ---- joining
 * ------------------------------------------------------------------------------------------ */

dbk_rc dbk_line_join(dbk_line *line, dbk_err *err)
{
    char target[TARGET_MAX];
    dbk_err refused = { 0 };
    dbk_bytes request = DBK_BYTES_INIT(DBK_REQUEST_BYTES_MAX);
    join_target(target, &dbk_book_link(line->book)->invite);
    dbk_rc rc = dbk_org_join_again(line->book, &request, err);
    if (rc != DBK_OK)
        goto out;
    dbk_call call = { .method = "POST",
                      .target = target,
                      .content_type = "application/octet-stream",
                      .body = dbk_bytes_span(&request),
                      .has_body = true,
                      .is_unsigned = true,
                      .answer_max = DBK_CONTROL_BYTES_MAX };
    rc = dbk_line_ask(line, &call, &refused);
    if (rc == DBK_CONFLICT)
        rc = dbk_fail(err, DBK_DENIED, "someone else has used this invite: ask for another");
    else if (rc == DBK_NOT_FOUND)
        rc = dbk_fail(err, DBK_DENIED, "this invite has run out: ask for another");
    else if (rc != DBK_OK)
        rc = dbk_fail(err, rc, "%s", refused.text);
out:
    dbk_bytes_wipe(&request);
    return rc;
}

dbk_rc dbk_driver_join_over(dbk_book *book, dbk_transport *t, dbk_err *err)
{
    dbk_line line;
    dbk_rc rc = dbk_line_open(&line, book, t, err);
    if (rc == DBK_OK)
        rc = dbk_line_join(&line, err);
    dbk_line_close(&line);
    return rc;
}

dbk_rc dbk_driver_join(dbk_book *book, dbk_span invite, const char *device_name, dbk_err *err)
{
    dbk_transport t = { 0 };
    dbk_bytes request = DBK_BYTES_INIT(DBK_REQUEST_BYTES_MAX);
    dbk_rc rc = dbk_org_join(book, &request, invite, device_name, err);
    if (rc == DBK_OK)
        rc = dbk_driver_connect(&t, book, err);
    if (rc == DBK_OK)
        rc = dbk_driver_join_over(book, &t, err);
    dbk_transport_close(&t);
    dbk_bytes_wipe(&request);
    return rc;
}
