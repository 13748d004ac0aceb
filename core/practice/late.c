#include "core/practice/late.h"

#include "core/practice/reading.h"

#define HOUR_MS (60 * 60 * 1000LL)

dbk_rc dbk_late_hours(uint64_t *hours, const dbk_note *note, dbk_err *err)
{
    const dbk_field *when = note->form == NULL ? NULL : dbk_form_when(note->form);
    dbk_reading r;
    dbk_dot first;
    dbk_hlc began = 0;
    bool there = false;
    int64_t when_ms = 0;
    *hours = 0;
    if (when == NULL || !dbk_state_created(note->state, &first, &began))
        return DBK_OK;
    dbk_reading_init(&r, note);
    dbk_rc rc = dbk_reading_time(&r, &there, &when_ms, when->name, err);
    dbk_reading_wipe(&r);
    if (rc == DBK_OK && there && dbk_form_is_late(note->form, when_ms, dbk_hlc_ms(began)))
        *hours = (uint64_t)(((int64_t)dbk_hlc_ms(began) - when_ms) / HOUR_MS);
    return rc;
}
