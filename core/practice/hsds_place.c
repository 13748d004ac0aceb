/* Where a service is: the first of its locations, as it is read; and whether it may be told. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/practice/hsds_reader.h"
#include "core/practice/hsds_terms.h"
#include "core/practice/place.h"

#define TEXT_BYTES_MAX (32u * 1024u)

bool dbk_hsds_is_unknown(const json_t *value)
{
    const char *text = json_string_value(value);
    return text != NULL && strcmp(text, DBK_HSDS_UNKNOWN) == 0;
}

bool dbk_hsds_is_hidden(const json_t *fields)
{
    const json_t *value = json_object_get(fields, DBK_PLACE_CONFIDENTIAL);
    return json_is_true(value) || dbk_hsds_is_unknown(value);
}

void dbk_hsds_degrees(char out[DBK_HSDS_DEGREES_SIZE], double degrees)
{
    (void)snprintf(out, DBK_HSDS_DEGREES_SIZE, "%.7f", degrees);
    for (size_t len = strlen(out); len > 2 && out[len - 1] == '0' && out[len - 2] != '.';)
        out[--len] = '\0';
}

static dbk_rc put_degrees(dbk_hsds_reader *r, const char *part, const char *name,
                          const json_t *value, double max)
{
    char text[DBK_HSDS_DEGREES_SIZE];
    double degrees = json_number_value(value);
    if (value == NULL || json_is_null(value))
        return DBK_OK;
    if (!json_is_number(value) || !(fabs(degrees) <= max))
        return dbk_hsds_wrong(r, part, "must be a number of degrees");
    dbk_hsds_degrees(text, degrees);
    return dbk_hsds_put(r, part, name, json_string(text));
}

static dbk_rc put_address(dbk_hsds_reader *r, const char *part, const json_t *address)
{
    static const char *const lines[] = { "attention", "address_1",      "address_2",   "city",
                                         "region",    "state_province", "postal_code", NULL };
    static const char *const known[] = { "attention",   "address_1", "address_2",
                                         "city",        "region",    "state_province",
                                         "postal_code", "country",   "address_type",
                                         NULL };
    dbk_bytes text = DBK_BYTES_INIT(TEXT_BYTES_MAX);
    dbk_rc rc = DBK_OK;
    if (!json_is_object(address))
        return dbk_hsds_wrong(r, part, "must be an object");
    dbk_hsds_leave_others(r, "service_at_locations[].location.addresses[]", address, known);
    for (size_t i = 0; rc == DBK_OK && lines[i] != NULL; i++) {
        const char *line = json_string_value(json_object_get(address, lines[i]));
        if (line == NULL || line[0] == '\0')
            continue;
        rc = text.len > 0 ? dbk_bytes_append_str(&text, "\n", r->err) : DBK_OK;
        if (rc == DBK_OK)
            rc = dbk_bytes_append_str(&text, line, r->err);
    }
    if (rc == DBK_OK && text.len > 0)
        rc = dbk_hsds_put(r, part, "address", json_stringn((const char *)text.p, text.len));
    if (rc == DBK_LIMIT)
        rc = dbk_hsds_wrong(r, part, "is too long");
    dbk_bytes_wipe(&text);
    return rc;
}

static dbk_rc take_location(dbk_hsds_reader *r, const char *part, const json_t *at, void *ctx)
{
    static const char *const known[] = { "latitude", "longitude", "addresses", "location_type",
                                         NULL };
    static const char *const outer[] = { "location", NULL };
    bool *taken = ctx;
    char path[DBK_HSDS_PATH_SIZE];
    const json_t *location = json_object_get(at, "location");
    if (location == NULL || json_is_null(location))
        return DBK_OK;
    if (!json_is_object(location))
        return dbk_hsds_wrong(r, part, "its location must be an object");
    if (*taken) {
        dbk_hsds_leave_out(r, "service_at_locations[]: all but the first");
        return DBK_OK;
    }
    *taken = true;
    dbk_hsds_leave_others(r, "service_at_locations[]", at, outer);
    dbk_hsds_leave_others(r, "service_at_locations[].location", location, known);
    (void)snprintf(path, sizeof(path), "%.60s.location.latitude", part);
    dbk_rc rc = put_degrees(r, path, "latitude", json_object_get(location, "latitude"), 90);
    (void)snprintf(path, sizeof(path), "%.60s.location.longitude", part);
    if (rc == DBK_OK)
        rc = put_degrees(r, path, "longitude", json_object_get(location, "longitude"), 180);
    const json_t *addresses = json_object_get(location, "addresses");
    (void)snprintf(path, sizeof(path), "%.60s.location.addresses[0]", part);
    if (rc == DBK_OK && json_array_size(addresses) > 0)
        rc = put_address(r, path, json_array_get(addresses, 0));
    if (json_array_size(addresses) > 1)
        dbk_hsds_leave_out(r, "service_at_locations[].location.addresses[]: all but the first");
    return rc;
}

dbk_rc dbk_hsds_take_locations(dbk_hsds_reader *r, const char *key, const json_t *value)
{
    bool taken = false;
    return dbk_hsds_each(r, key, value, take_location, &taken);
}
