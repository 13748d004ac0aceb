/* Beginning in a space with headquarters' snapshot (decision 0040). */
#include "sync/engine/session_int.h"

/* Nothing of it is here, and headquarters has made a snapshot: that comes first, once. But where
 * the relay holds notes of this device that its store doesn't, it was put back, and has to see
 * them. */
bool dbk_session_begins(const dbk_session *s, const work *w)
{
    const dbk_welcome_space *there = dbk_plan_find(&s->welcome, &w->local.space);
    return !w->begin_over && !w->plan.behind && w->local.size == 0 && there != NULL &&
           there->snapshot;
}

void dbk_session_begin(dbk_session *s, dbk_session_action *next, work *w)
{
    w->begin_over = true;
    dbk_session_move(s, S_BEGIN);
    next->kind = DBK_ACTION_BEGIN;
    next->space = w->local.space;
}

void dbk_session_begun(dbk_session *s, dbk_session_action *next, const dbk_session_event *e)
{
    dbk_err err = { 0 };
    work *w = &s->works[s->at];
    dbk_session_keep_nonce(s, e->nonce);
    if (e->rc != DBK_OK) {
        (void)dbk_fail(&err, e->rc, "%s", e->why);
        dbk_session_stop_pull(s, next, &err);
        return;
    }
    if (e->local != NULL)
        dbk_session_refresh(s, e->local);
    w->pull_over = w->local.size >= w->plan.pull_to;
    dbk_session_next(s, next);
}

bool dbk_session_confirms(const dbk_session *s, const dbk_id *space)
{
    const dbk_welcome_space *there = dbk_plan_find(&s->welcome, space);
    return there != NULL && there->confirm;
}

bool dbk_session_asks_reach(const dbk_session *s, const dbk_id *space)
{
    const dbk_welcome_space *there = dbk_plan_find(&s->welcome, space);
    return there != NULL && there->reach;
}

bool dbk_session_wanted(const dbk_session *s, const dbk_id *space, uint64_t *from)
{
    const dbk_welcome_space *there = dbk_plan_find(&s->welcome, space);
    *from = there != NULL ? there->wanted_from : 0;
    return there != NULL && there->wanted;
}
