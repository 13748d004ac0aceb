#include "core/practice/map.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/base/day.h"
#include "core/base/text.h"
#include "core/practice/hsds_terms.h"
#include "core/practice/place.h"

#define CELL_BYTES_MAX (64u * 1024u)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Fields of the form, in the order of columns; "id" before them, the check after them. */
static const char *const columns[] = {
    "name",        "organization", "status",  "categories", "hidden_crime", "la_areas",
    "minimum_age", "maximum_age",  "phones",  "email",      "url",          "languages",
    "schedule",    "alert",        "address", "latitude",   "longitude",
};

/* NULL: blank, not known, or not to be told. */
static const json_t *told(const json_t *fields, const char *name)
{
    const json_t *value = json_object_get(fields, name);
    bool hidden = dbk_place_is_field(name) && dbk_hsds_is_hidden(fields);
    return hidden || dbk_hsds_is_unknown(value) ? NULL : value;
}

static void day_text(char out[DBK_TIME_TEXT_SIZE], int64_t day)
{
    out[0] = '\0';
    if (day == DBK_OFFER_NEVER)
        return;
    dbk_time_print(out, day * DBK_DAY_MS);
    out[10] = '\0';
}

/* ---- GeoJSON --------------------------------------------------------------------------------- */

static bool degrees_of(double *out, const json_t *fields, const char *name, double max)
{
    const json_t *value = told(fields, name);
    return json_is_string(value) &&
           dbk_place_degrees(out, dbk_span_of(json_string_value(value), json_string_length(value)),
                             max);
}

/* RFC 7946 wants longitude first. */
static json_t *geometry_of(const json_t *fields)
{
    double latitude = 0, longitude = 0;
    if (!degrees_of(&latitude, fields, "latitude", 90) ||
        !degrees_of(&longitude, fields, "longitude", 180))
        return json_null();
    return json_pack("{s:s, s:[f, f]}", "type", "Point", "coordinates", longitude, latitude);
}

dbk_rc dbk_map_feature(json_t **out, const dbk_directory_hit *hit, const json_t *fields,
                       dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE], checked[DBK_TIME_TEXT_SIZE], due[DBK_TIME_TEXT_SIZE];
    json_t *properties = json_object();
    for (size_t i = 0; i < COUNT(columns); i++) {
        const json_t *value = told(fields, columns[i]);
        bool is_degrees = strcmp(columns[i], "latitude") == 0 ||
                          strcmp(columns[i], "longitude") == 0; /* the geometry has them */
        if (value != NULL && !is_degrees)
            (void)json_object_set(properties, columns[i], (json_t *)value);
    }
    day_text(checked, hit->checked_day);
    day_text(due, hit->due_day);
    if (checked[0] != '\0')
        (void)json_object_set_new(properties, "checked", json_string(checked));
    if (due[0] != '\0')
        (void)json_object_set_new(properties, "due", json_string(due));
    (void)json_object_set_new(properties, "stale", json_boolean(hit->stale));
    dbk_id_uuid(uuid, &hit->record);
    *out = json_pack("{s:s, s:s, s:o, s:o}", "type", "Feature", "id", uuid, "geometry",
                     geometry_of(fields), "properties", properties);
    return *out == NULL ? dbk_fail(err, DBK_NOMEM, "no memory for the map") : DBK_OK;
}

json_t *dbk_map_collection_take(json_t *features)
{
    return json_pack("{s:s, s:o}", "type", "FeatureCollection", "features", features);
}

/* ---- CSV ------------------------------------------------------------------------------------- */

/* "+44 121 496 0000" and "-1.89" are what they are; "=HYPERLINK(...)" is a program. */
static bool computes(const char *text)
{
    return text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL &&
           text[strspn(text, "+-0123456789. ();")] != '\0';
}

static dbk_rc put_cell(dbk_bytes *out, const char *text, dbk_err *err)
{
    dbk_rc rc = dbk_bytes_append_str(out, "\"", err);
    if (rc == DBK_OK && computes(text))
        rc = dbk_bytes_append_str(out, "'", err);
    for (const char *p = text; rc == DBK_OK && *p != '\0';) {
        size_t len = strcspn(p, "\"");
        rc = dbk_bytes_append(out, dbk_span_of(p, len), err);
        p += len;
        if (rc == DBK_OK && *p == '"') {
            rc = dbk_bytes_append_str(out, "\"\"", err);
            p++;
        }
    }
    return rc == DBK_OK ? dbk_bytes_append_str(out, "\"", err) : rc;
}

static dbk_rc put_words(dbk_bytes *out, const json_t *value, dbk_err *err)
{
    if (json_is_string(value))
        return dbk_bytes_append_str(out, json_string_value(value), err);
    if (json_is_integer(value))
        return dbk_bytes_append_fmt(out, err, "%lld", (long long)json_integer_value(value));
    return DBK_OK;
}

/* Several are parted by "; ": a phone is its number. */
static dbk_rc put_list(dbk_bytes *out, const json_t *list, dbk_err *err)
{
    const json_t *one;
    size_t i;
    dbk_rc rc = DBK_OK;
    json_array_foreach(list, i, one)
    {
        const json_t *number = json_object_get(one, "number");
        if (rc == DBK_OK && i > 0)
            rc = dbk_bytes_append_str(out, "; ", err);
        if (rc == DBK_OK)
            rc = put_words(out, number == NULL ? one : number, err);
    }
    return rc;
}

static dbk_rc put_value(dbk_bytes *out, const json_t *value, dbk_err *err)
{
    dbk_bytes text = DBK_BYTES_INIT(CELL_BYTES_MAX);
    dbk_rc rc = json_is_array(value) ? put_list(&text, value, err) : put_words(&text, value, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&text, dbk_span_of("", 1), err);
    if (rc == DBK_OK)
        rc = put_cell(out, (const char *)text.p, err);
    dbk_bytes_wipe(&text);
    return rc;
}

dbk_rc dbk_map_csv_head(dbk_bytes *out, dbk_err *err)
{
    dbk_rc rc = dbk_bytes_append_str(out, "\"id\"", err);
    for (size_t i = 0; rc == DBK_OK && i < COUNT(columns); i++)
        rc = dbk_bytes_append_fmt(out, err, ",\"%s\"", columns[i]);
    return rc == DBK_OK ? dbk_bytes_append_str(out, ",\"checked\",\"due\",\"stale\"\r\n", err) : rc;
}

dbk_rc dbk_map_csv_row(dbk_bytes *out, const dbk_directory_hit *hit, const json_t *fields,
                       dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE], checked[DBK_TIME_TEXT_SIZE], due[DBK_TIME_TEXT_SIZE];
    dbk_id_uuid(uuid, &hit->record);
    dbk_rc rc = put_cell(out, uuid, err);
    for (size_t i = 0; rc == DBK_OK && i < COUNT(columns); i++) {
        rc = dbk_bytes_append_str(out, ",", err);
        if (rc == DBK_OK)
            rc = put_value(out, told(fields, columns[i]), err);
    }
    day_text(checked, hit->checked_day);
    day_text(due, hit->due_day);
    return rc == DBK_OK ? dbk_bytes_append_fmt(out, err, ",\"%s\",\"%s\",\"%s\"\r\n", checked, due,
                                               hit->stale ? "yes" : "no")
                        : rc;
}
