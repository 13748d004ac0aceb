/* core/practice/place.h - where a service is, and whether that may be told.
 * Knows:  the service's group "place" (address, latitude, longitude) and address_confidential.
 * Never:  other free text that may hold an address as well.
 * A refuge's address is kept to those who must know it: whoever is told of it may be followed. It
 * is confidential when that is said, or said to be not known; one value among several is enough. An
 * officer's "no" doesn't open it: headquarters says so. */
#ifndef DBK_PRACTICE_PLACE_H
#define DBK_PRACTICE_PLACE_H

#include "core/practice/reading.h"

#define DBK_PLACE_CONFIDENTIAL "address_confidential"

/* Groups and fields of services that tell where one is. */
bool dbk_place_is_group(dbk_span group);
bool dbk_place_is_field(const char *name);
/* Of records that are no service: no. When in doubt yes, as of a version of the form that isn't
 * known here. */
bool dbk_place_is_confidential(const dbk_note *note);

/* Of what is told: a confidential place, or one without both coordinates, has none. */
typedef struct dbk_place {
    bool confidential, placed;
    double latitude, longitude; /* WGS 84, as typed */
} dbk_place;
DBK_MUST_CHECK dbk_rc dbk_place_read(dbk_place *out, dbk_reading *service, dbk_err *err);
/* "52.4862". false: no number of degrees, or beyond max either way. */
bool dbk_place_degrees(double *out, dbk_span text, double max);

#endif
