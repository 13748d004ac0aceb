/* Where this device stands, as it is told when a session begins and after each thing that moves it.
 */
#include "core/base/alloc.h"
#include "sync/engine/session_int.h"

/* Both lists are in the order of the spaces' ids; from: where the search for the last one ended. */
static work *find_work(const dbk_session *s, size_t *from, const dbk_id *space)
{
    while (*from < s->works_count && dbk_id_compare(&s->works[*from].local.space, space) < 0)
        ++*from;
    bool found = *from < s->works_count && dbk_id_equal(&s->works[*from].local.space, space);
    return found ? &s->works[*from] : NULL;
}

dbk_rc dbk_session_take_local(dbk_session *s, const dbk_local *local, dbk_err *err)
{
    work *works = dbk_alloc_array(local->spaces_count, sizeof(*works));
    if (works == NULL)
        return dbk_fail(err, DBK_NOMEM, "out of memory");
    for (size_t i = 0, k = 0; i < local->spaces_count; i++) {
        const dbk_local_space *now = &local->spaces[i];
        DBK_ASSERT(i == 0 || dbk_id_compare(&now[-1].space, &now->space) < 0);
        const work *known = find_work(s, &k, &now->space);
        if (known != NULL)
            works[i] = *known;
        works[i].local = *now;
    }
    dbk_free(s->works);
    s->works = works;
    s->works_count = local->spaces_count;
    s->members_count = local->members_count;
    s->members_head = local->members_head;
    return DBK_OK;
}

void dbk_session_refresh(dbk_session *s, const dbk_local *local)
{
    size_t k = 0;
    for (size_t i = 0; i < local->spaces_count; i++) {
        work *w = find_work(s, &k, &local->spaces[i].space);
        if (w != NULL)
            w->local = local->spaces[i];
    }
}
