/* A log's floor: below it relays need keep no bodies, as everybody has what stands there (decision
 * 0041). That everybody has, the relay sees to, which alone knows it; the chain sees to who says
 * so, and that it never falls. */
#include "core/crypto/roster_state.h"

uint64_t dbk_roster_floor(const dbk_roster *r, const dbk_id *space, const dbk_id *log)
{
    const dbk_space *s = dbk_roster_space(r, space);
    if (s == NULL || s->floor.size == 0)
        return 0;
    uint64_t common = dbk_roster_logs_common(r, space, &s->floor.log, log);
    return s->floor.size < common ? s->floor.size : common;
}

/* A floor of an earlier log holds in this one at most as far as one of a later log, for each log
 * begins with its predecessor's first entries: so it is enough to keep the newest. */
dbk_rc dbk_roster_check_floor(const dbk_roster *r, const dbk_entry *e, dbk_err *err)
{
    const dbk_space *space = dbk_roster_space(r, &e->space);
    if (space == NULL || space->is_roster)
        return dbk_fail(err, DBK_DENIED, "a floor is for a space of records");
    if (!dbk_id_is_zero(&space->recovery.new_log) &&
        !dbk_id_equal(&space->recovery.new_log, &e->floor.log))
        return dbk_fail(err, DBK_DENIED, "a floor is of the log that is in force");
    if (dbk_id_is_zero(&space->recovery.new_log) && space->floor.size > 0 &&
        !dbk_id_equal(&space->floor.log, &e->floor.log))
        return dbk_fail(err, DBK_DENIED, "a floor is of another log than the one before");
    if (e->floor.size <= dbk_roster_floor(r, &e->space, &e->floor.log))
        return dbk_fail(err, DBK_DENIED, "a floor is higher than the one before");
    return DBK_OK;
}
