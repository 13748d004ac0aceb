#include "sync/engine/retry.h"

#include <string.h>

#include "sync/engine/msg.h"

uint32_t dbk_retry_wait_ms(uint32_t attempt, uint32_t floor_ms, uint32_t random)
{
    uint32_t full = DBK_RETRY_FIRST_MS;
    for (uint32_t i = 0; i < attempt && full < DBK_RETRY_WAIT_MS_MAX; i++)
        full *= 2;
    if (full > DBK_RETRY_WAIT_MS_MAX)
        full = DBK_RETRY_WAIT_MS_MAX;
    if (floor_ms > DBK_RETRY_WAIT_MS_MAX / 2)
        floor_ms = DBK_RETRY_WAIT_MS_MAX / 2;
    /* The floor is what the relay asked for: jitter comes on top of it. */
    uint32_t wait = full / 2 + random % (full / 2 + 1);
    return wait > floor_ms ? wait : floor_ms + random % (full / 2 + 1);
}

static dbk_verdict wait_or(uint8_t *count, uint8_t max, uint32_t *wait_ms,
                           const dbk_retry_outcome *o)
{
    if (*count >= max || o->retry_after_s > DBK_RETRY_AFTER_S_MAX)
        return DBK_VERDICT_REFUSED;
    *wait_ms = dbk_retry_wait_ms(*count, o->retry_after_s * 1000u, o->random);
    (*count)++;
    return DBK_VERDICT_WAIT;
}

dbk_verdict dbk_retry_judge(dbk_tries *tries, uint32_t *wait_ms, const dbk_retry_outcome *o)
{
    *wait_ms = 0;
    if (!o->answered) {
        if (!o->reached || o->rc != DBK_UNREACHABLE)
            return DBK_VERDICT_REFUSED;
        tries->nonces = 0; /* a relay that began again doesn't know its nonces any more */
        return wait_or(&tries->lost, DBK_RETRY_LOST_MAX, wait_ms, o);
    }
    if (o->status >= 200 && o->status <= 299)
        return DBK_VERDICT_TAKE;
    if (o->status == 401 && o->fresh_nonce && tries->nonces == 0) {
        tries->nonces++;
        return DBK_VERDICT_AGAIN;
    }
    tries->lost = 0; /* but for a nonce: else two that take turns would have no end */
    if (o->status == 429 || o->status == 503)
        return wait_or(&tries->busy, DBK_RETRY_BUSY_MAX, wait_ms, o);
    return DBK_VERDICT_REFUSED;
}

dbk_rc dbk_retry_cause(int status, dbk_span body, dbk_err *err)
{
    static const struct {
        int status;
        dbk_rc rc;
        const char *text;
    } causes[] = {
        { 400, DBK_PEER, "the relay could not read the request" },
        { 401, DBK_DENIED, "the relay does not know this device" },
        { 403, DBK_DENIED, "the relay does not allow this" },
        { 404, DBK_NOT_FOUND, "the relay does not know what was asked for" },
        { 409, DBK_CONFLICT, "someone else was faster" },
        { 413, DBK_LIMIT, "this is too large for the relay" },
        { 429, DBK_UNREACHABLE, "the relay is busy; try again later" },
        { 503, DBK_UNREACHABLE, "the relay is busy; try again later" },
        { 507, DBK_LIMIT, "the relay has no room left" },
    };
    char word[DBK_ERROR_WORD_MAX + 1];
    /* The word is for whoever looks after the relay; a body without one is no second failure. */
    if (dbk_error_decode(word, body, NULL) != DBK_OK)
        word[0] = '\0';
    if (strcmp(word, DBK_WORD_RECOVERING) == 0)
        return dbk_fail(
            err, DBK_PENDING,
            "the relay was restored from a backup and waits for headquarters to confirm "
            "it (daybook org recover-log)");
    const char *open = word[0] != '\0' ? " (" : "", *close = word[0] != '\0' ? ")" : "";
    for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
        if (causes[i].status == status)
            return dbk_fail(err, causes[i].rc, "%s%s%s%s", causes[i].text, open, word, close);
    }
    if (status >= 500)
        return dbk_fail(err, DBK_UNREACHABLE, "the relay failed with status %d", status);
    return dbk_fail(err, DBK_PEER, "the relay answered with status %d%s%s%s", status, open, word,
                    close);
}

bool dbk_retry_is_local(dbk_rc rc)
{
    switch (rc) {
    case DBK_NOMEM:
    case DBK_FULL:
    case DBK_IO:
    case DBK_BUSY:
    case DBK_DAMAGED:
    case DBK_PASSPHRASE:
        return true;
    default:
        return false;
    }
}
