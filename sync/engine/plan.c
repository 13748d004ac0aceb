#include "sync/engine/plan.h"

#include <string.h>

#include "core/base/alloc.h"

bool dbk_plan_is_quiet(const dbk_local *local)
{
    for (size_t i = 0; i < local->spaces_count; i++) {
        if (local->spaces[i].own_receipted_seq != local->spaces[i].own_last_seq ||
            local->spaces[i].strays > 0 || local->spaces[i].lacks_note ||
            local->spaces[i].absent_to > 0)
            return false;
    }
    return true;
}

dbk_rc dbk_plan_known(dbk_id *out, const dbk_local *local, dbk_err *err)
{
    dbk_known_space *spaces = dbk_alloc_array(local->spaces_count, sizeof(*spaces));
    if (spaces == NULL)
        return dbk_fail(err, DBK_NOMEM, "out of memory");
    size_t count = 0;
    for (size_t i = 0; i < local->spaces_count; i++) {
        const dbk_local_space *s = &local->spaces[i];
        if (!s->push_only || !s->ends) /* else its time is over, for the relay too */
            spaces[count++] = (dbk_known_space){ s->space, s->log, s->size, s->root, s->cosigned };
    }
    dbk_known known = { local->members_count, local->members_head, spaces, count };
    *out = dbk_known_digest(&known);
    dbk_free(spaces);
    return DBK_OK;
}

dbk_rc dbk_plan_members(const dbk_local *local, const dbk_welcome *welcome, dbk_err *err)
{
    if (welcome->members_count < local->members_count && !welcome->recovering)
        return dbk_fail(
            err, DBK_PEER,
            "the relay holds a shorter membership chain than this device: it was rolled "
            "back or replaced");
    if (welcome->members_count == local->members_count &&
        !dbk_hash_equal(&welcome->members_head, &local->members_head))
        return dbk_fail(err, DBK_PEER,
                        "the relay's membership chain is another one than this device's");
    return DBK_OK;
}

dbk_rc dbk_plan_checkpoint(dbk_checkpoint *out, dbk_span note, const dbk_id *space,
                           const dbk_trust *trust, dbk_err *err)
{
    dbk_err inner = { 0 };
    dbk_rc rc = dbk_checkpoint_open(out, note, &trust->relay, &inner);
    if (rc == DBK_NOMEM)
        return dbk_fail(err, rc, "%s", inner.text);
    if (rc != DBK_OK)
        return dbk_fail(err, DBK_PEER, "the relay's checkpoint does not verify: %s", inner.text);
    if (!dbk_id_equal(&out->org, &trust->org) || !dbk_id_equal(&out->space, space))
        return dbk_fail(err, DBK_PEER, "the relay's checkpoint is of another log");
    return DBK_OK;
}

const dbk_welcome_space *dbk_plan_find(const dbk_welcome *w, const dbk_id *space)
{
    size_t from = 0, to = w->spaces_count;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        int order = dbk_id_compare(&w->spaces[mid].space, space);
        if (order == 0)
            return &w->spaces[mid];
        if (order < 0)
            from = mid + 1;
        else
            to = mid;
    }
    return NULL;
}

/* The log that the relay shows must continue the one that was applied here. */
static dbk_rc check_log(const dbk_local_space *local, const dbk_welcome_space *there,
                        const dbk_trust *trust, dbk_err *err)
{
    dbk_checkpoint c;
    if (local->size > 0 && !dbk_id_equal(&local->log, &there->log))
        return dbk_fail(err, DBK_PEER, "the relay's log was rolled back or replaced");
    if (there->size < local->size)
        return dbk_fail(err, DBK_PEER, "the relay's log was rolled back or replaced");
    if (there->size == 0 && there->checkpoint[0] == '\0')
        return DBK_OK;
    dbk_rc rc = dbk_plan_checkpoint(&c, dbk_span_str(there->checkpoint), &local->space, trust, err);
    if (rc != DBK_OK)
        return rc;
    if (c.size != there->size || !dbk_id_equal(&c.log, &there->log))
        return dbk_fail(err, DBK_PEER, "the relay says another size than it signed for");
    if (local->size > 0 && c.size == local->size && !dbk_hash_equal(&c.root, &local->root))
        return dbk_fail(err, DBK_PEER, "the relay shows another history of the same length");
    return DBK_OK;
}

/* What the relay shows of headquarters' words must fit what it shows of its log: it can't show a
 * word about more than it gives out (M41), nor about another log. Whose words they are, and whether
 * they fit the log here, the journal finds out. */
static dbk_rc check_cosigned(const dbk_welcome_space *there, const dbk_trust *trust, dbk_err *err)
{
    dbk_checkpoint head, said;
    for (size_t i = 0; i < there->cosigned_count; i++) {
        dbk_rc rc = dbk_plan_checkpoint(&head, dbk_span_str(there->checkpoint), &there->space,
                                        trust, err);
        if (rc == DBK_OK)
            rc = dbk_plan_checkpoint(&said, dbk_span_str(there->cosigned[i]), &there->space, trust,
                                     err);
        if (rc != DBK_OK)
            return rc;
        if (!dbk_id_equal(&said.log, &head.log))
            return dbk_fail(err, DBK_PEER, "the relay's log was rolled back or replaced");
        if (said.size > head.size)
            return dbk_fail(err, DBK_PEER,
                            "the relay keeps back notes that headquarters holds already");
        if (said.size == head.size && !dbk_hash_equal(&said.root, &head.root))
            return dbk_fail(err, DBK_PEER, "the relay signed two different logs of one size");
    }
    return DBK_OK;
}

static void plan_feed(dbk_plan *out, const dbk_local_space *local, const dbk_welcome_space *there)
{
    out->own_held = true;
    for (size_t i = 0; i < there->feeds_count; i++) {
        if (dbk_id_equal(&there->feeds[i].feed, &local->own_feed)) {
            out->relay_seq = there->feeds[i].last_seq;
            out->relay_head = there->feeds[i].head;
        } else {
            out->own_held = false; /* an earlier store of this device wrote it */
        }
    }
    if (out->relay_seq > local->own_last_seq) {
        out->behind = true;
        out->own_held = false;
        out->push_after = local->own_last_seq;
        return;
    }
    /* Where the answer to a push was lost, the relay is ahead of its receipts: what it has not
     * signed for is sent once more and comes back as duplicates with their receipts. */
    out->push_after = out->relay_seq < local->own_receipted_seq ? out->relay_seq
                                                                : local->own_receipted_seq;
}

dbk_rc dbk_plan_space(dbk_plan *out, const dbk_local_space *local, const dbk_welcome *welcome,
                      const dbk_trust *trust, dbk_err *err)
{
    dbk_plan plan = { 0 };
    memset(out, 0, sizeof(*out));
    const dbk_welcome_space *there = dbk_plan_find(welcome, &local->space);
    if (there == NULL && local->ends) {
        *out = (dbk_plan){ .push_after = local->own_receipted_seq,
                           .pull_to = local->size,
                           .own_held = true,
                           .push_only = true };
        return DBK_OK;
    }
    if (there == NULL)
        return dbk_fail(err, DBK_PEER, "the relay does not know a space of this device");
    dbk_rc rc = check_log(local, there, trust, err);
    if (rc == DBK_OK)
        rc = check_cosigned(there, trust, err);
    if (rc != DBK_OK)
        return rc;
    plan_feed(&plan, local, there);
    plan.push_only = local->push_only;
    plan.pull_to = plan.push_only ? local->size : there->size;
    plan.cosigned = there->cosigned;
    plan.cosigned_count = plan.push_only ? 0 : there->cosigned_count;
    if (local->lacks_note && there->size == local->size)
        plan.checkpoint = there->checkpoint; /* where it is longer, the pull brings one */
    *out = plan;
    return DBK_OK;
}
