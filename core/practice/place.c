#include "core/practice/place.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GROUP "place"
#define DEGREES_SIZE 24u

bool dbk_place_is_group(dbk_span group)
{
    return dbk_span_equal(group, dbk_span_str(GROUP));
}

bool dbk_place_is_field(const char *name)
{
    return strcmp(name, "address") == 0 || strcmp(name, "latitude") == 0 ||
           strcmp(name, "longitude") == 0;
}

bool dbk_place_is_confidential(const dbk_note *note)
{
    dbk_reading r;
    bool yes = false, unknown = false, no = false;
    if (note->state == NULL || !dbk_span_equal(dbk_note_form(note), dbk_span_str(DBK_OFFER_FORM)))
        return false;
    if (note->form == NULL)
        return true;
    dbk_reading_init(&r, note);
    dbk_rc rc = dbk_reading_says(&r, &yes, DBK_PLACE_CONFIDENTIAL, "yes", NULL);
    if (rc == DBK_OK)
        rc = dbk_reading_says(&r, &unknown, DBK_PLACE_CONFIDENTIAL, "not_known", NULL);
    if (rc == DBK_OK)
        rc = dbk_reading_says(&r, &no, DBK_PLACE_CONFIDENTIAL, "no", NULL);
    dbk_reading_wipe(&r);
    return rc != DBK_OK || yes || unknown ||
           (no && !dbk_reading_is_hq(note, DBK_PLACE_CONFIDENTIAL));
}

bool dbk_place_degrees(double *out, dbk_span text, double max)
{
    char copy[DEGREES_SIZE], *end = NULL;
    if (text.len == 0 || text.len >= sizeof(copy))
        return false;
    memcpy(copy, text.p, text.len);
    copy[text.len] = '\0';
    /* strtod() also takes "nan", "0x1p3" and blanks. */
    if (copy[strspn(copy, "-0123456789.")] != '\0')
        return false;
    *out = strtod(copy, &end);
    return end != copy && *end == '\0' && fabs(*out) <= max;
}

dbk_rc dbk_place_read(dbk_place *out, dbk_reading *service, dbk_err *err)
{
    dbk_span text = { NULL, 0 };
    *out = (dbk_place){ .confidential = dbk_place_is_confidential(service->note) };
    if (out->confidential)
        return DBK_OK;
    dbk_rc rc = dbk_reading_text(service, &text, "latitude", err);
    bool there = rc == DBK_OK && dbk_place_degrees(&out->latitude, text, 90);
    if (rc == DBK_OK)
        rc = dbk_reading_text(service, &text, "longitude", err);
    out->placed = rc == DBK_OK && there && dbk_place_degrees(&out->longitude, text, 180);
    return rc;
}
