/* Reading HSDS: every key of a service is one row of a table; what no row knows is left out, and
 * said. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/practice/hsds.h"
#include "core/practice/hsds_reader.h"
#include "core/practice/hsds_terms.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- the keys of a service ------------------------------------------------------------------- */

static dbk_rc take_url(dbk_hsds_reader *r, const char *key, const json_t *value)
{
    return dbk_hsds_put_text(r, key, "url", value);
}

static dbk_rc take_status(dbk_hsds_reader *r, const char *key, const json_t *value)
{
    const char *text = json_string_value(value);
    for (size_t i = 0; text != NULL && i < COUNT(dbk_hsds_statuses); i++)
        if (strcmp(text, dbk_hsds_statuses[i].hsds) == 0)
            return dbk_hsds_put(r, key, "status", json_string(dbk_hsds_statuses[i].code));
    return dbk_hsds_wrong(r, key, "must be active, inactive, defunct or temporarily closed");
}

static dbk_rc take_age(dbk_hsds_reader *r, const char *key, const json_t *value)
{
    double number = json_number_value(value);
    if (!json_is_number(value) || number < 0 || number > 1e6 || number != floor(number))
        return dbk_hsds_wrong(r, key, "must be a whole number");
    return dbk_hsds_put(r, key, key, json_integer((json_int_t)number));
}

/* A date, or a date and time of which the date counts. */
static dbk_rc take_date(dbk_hsds_reader *r, const char *key, const json_t *value)
{
    dbk_span text = dbk_span_of(json_string_value(value), json_string_length(value));
    int64_t ms;
    if (!json_is_string(value) || dbk_moment_parse(&ms, text, NULL) != DBK_OK)
        return dbk_hsds_wrong(r, key, "must be a date, as 2026-11-29");
    return dbk_hsds_put(r, key, "assured_date", json_stringn((const char *)text.p, 10));
}

static dbk_rc take_assurer(dbk_hsds_reader *r, const char *key, const json_t *value)
{
    return dbk_hsds_put_text(r, key, "assurer", value);
}

/* Only where nothing better is said. */
static dbk_rc take_fees(dbk_hsds_reader *r, const char *key, const json_t *value)
{
    if (json_object_get(r->fields, "fees_description") == NULL)
        return dbk_hsds_put_text(r, key, "fees_description", value);
    dbk_hsds_leave_out(r, key);
    return DBK_OK;
}

/* "6 weeks" */
static dbk_rc take_wait(dbk_hsds_reader *r, const char *key, const json_t *value)
{
    uint64_t weeks = 0;
    const char *text = json_string_value(value);
    size_t len = text == NULL ? 0 : strcspn(text, " ");
    if (text == NULL)
        return dbk_hsds_wrong(r, key, "must be text");
    bool read = dbk_u64_parse(&weeks, dbk_span_of(text, len), NULL) == DBK_OK && weeks <= 520 &&
                (strcmp(text + len, " weeks") == 0 || strcmp(text + len, " week") == 0);
    if (read)
        return dbk_hsds_put(r, key, "waiting_weeks", json_integer((json_int_t)weeks));
    dbk_hsds_leave_named(r, key, text);
    return DBK_OK;
}

/* A description that is the name says nothing: it is how a name alone is written. */
static dbk_rc take_organization(dbk_hsds_reader *r, const char *key, const json_t *value)
{
    static const char *const known[] = { "name", "description", NULL };
    if (!json_is_object(value))
        return dbk_hsds_wrong(r, key, "must be an object");
    const json_t *name = json_object_get(value, "name");
    const json_t *about = json_object_get(value, "description");
    dbk_hsds_leave_others(r, key, value, known);
    if (about != NULL && !json_is_null(about) && !json_equal(about, name))
        dbk_hsds_leave_out(r, "organization.description");
    return name == NULL ? DBK_OK : dbk_hsds_put_text(r, "organization.name", "organization", name);
}
/* ---- a service ------------------------------------------------------------------------------- */

/* In this order: attributes say a field exactly that was read from something else before. */
static const struct {
    const char *key;
    dbk_rc (*take)(dbk_hsds_reader *r, const char *key, const json_t *value);
} keys[] = {
    { "url", take_url },
    { "status", take_status },
    { "minimum_age", take_age },
    { "maximum_age", take_age },
    { "assured_date", take_date },
    { "assurer_email", take_assurer },
    { "fees", take_fees },
    { "wait_time", take_wait },
    { "organization", take_organization },
    { "phones", dbk_hsds_take_phones },
    { "contacts", dbk_hsds_take_contacts },
    { "languages", dbk_hsds_take_languages },
    { "schedules", dbk_hsds_take_schedules },
    { "service_areas", dbk_hsds_take_areas },
    { "service_at_locations", dbk_hsds_take_locations },
    { "attributes", dbk_hsds_take_attributes },
};

static bool is_known(const char *key)
{
    bool known = strcmp(key, "id") == 0;
    for (size_t i = 0; !known && i < COUNT(dbk_hsds_texts); i++)
        known = strcmp(key, dbk_hsds_texts[i].hsds) == 0;
    for (size_t i = 0; !known && i < COUNT(keys); i++)
        known = strcmp(key, keys[i].key) == 0;
    return known;
}

static dbk_rc read_keys(dbk_hsds_reader *r, const json_t *service)
{
    dbk_rc rc = DBK_OK;
    const char *key;
    json_t *value;
    for (size_t i = 0; rc == DBK_OK && i < COUNT(dbk_hsds_texts); i++) {
        value = json_object_get(service, dbk_hsds_texts[i].hsds);
        if (value != NULL && !json_is_null(value))
            rc = dbk_hsds_put_text(r, dbk_hsds_texts[i].hsds, dbk_hsds_texts[i].field, value);
    }
    for (size_t i = 0; rc == DBK_OK && i < COUNT(keys); i++) {
        value = json_object_get(service, keys[i].key);
        if (value != NULL && !json_is_null(value))
            rc = keys[i].take(r, keys[i].key, value);
    }
    json_object_foreach((json_t *)service, key, value)
    {
        if (!is_known(key) && !json_is_null(value)) {
            char path[DBK_HSDS_PATH_SIZE];
            (void)snprintf(path, sizeof(path), "%.60s", key);
            for (size_t len = strlen(path); !dbk_utf8_valid(dbk_span_str(path)) && len > 0;)
                path[--len] = '\0';
            dbk_hsds_leave_out(r, path);
        }
    }
    return rc;
}

/* Who called it confidential and named it all the same didn't mean to. */
static void drop_hidden_place(dbk_hsds_reader *r)
{
    static const char *const names[] = { "address", "latitude", "longitude" };
    if (!dbk_hsds_is_hidden(r->fields))
        return;
    for (size_t i = 0; i < COUNT(names); i++)
        if (json_object_del(r->fields, names[i]) == 0)
            dbk_hsds_leave_named(r, "a confidential place", names[i]);
}

static dbk_rc read_id(dbk_hsds_reader *r, dbk_id *id, const json_t *service)
{
    const char *text = json_string_value(json_object_get(service, "id"));
    if (text == NULL || strlen(text) != DBK_ID_UUID_SIZE - 1 ||
        dbk_id_parse(id, text, NULL) != DBK_OK || dbk_id_is_zero(id))
        return dbk_hsds_wrong(r, "id", "must be a UUID");
    return DBK_OK;
}

static dbk_rc read_service(dbk_hsds_reader *r, const json_t *service)
{
    dbk_hsds_service *s = &r->out->services[r->out->count];
    if (!json_is_object(service))
        return dbk_hsds_wrong(r, "", "must be an object");
    s->fields = json_object();
    if (s->fields == NULL)
        return dbk_hsds_no_memory(r);
    r->out->count++;
    r->fields = s->fields;
    dbk_rc rc = read_id(r, &s->id, service);
    if (rc == DBK_OK)
        rc = read_keys(r, service);
    drop_hidden_place(r);
    if (rc == DBK_OK && json_string_length(json_object_get(service, "name")) == 0)
        rc = dbk_hsds_wrong(r, "name", "is needed");
    if (rc == DBK_OK && json_object_get(service, "status") == NULL)
        rc = dbk_hsds_wrong(r, "status", "is needed");
    return rc;
}

/* ---- a file ---------------------------------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
    const dbk_hsds_service *x = a, *y = b;
    return dbk_id_compare(&x->id, &y->id);
}

static dbk_rc check_twice(dbk_hsds_reader *r)
{
    dbk_hsds *h = r->out;
    dbk_rc rc = DBK_OK;
    if (h->count > 1)
        qsort(h->services, h->count, sizeof(h->services[0]), by_id);
    for (size_t i = 1; rc == DBK_OK && i < h->count; i++) {
        char uuid[DBK_ID_UUID_SIZE];
        if (dbk_id_is_zero(&h->services[i].id) ||
            !dbk_id_equal(&h->services[i].id, &h->services[i - 1].id))
            continue;
        dbk_id_uuid(uuid, &h->services[i].id);
        rc = dbk_problems_add(r->problems, DBK_PROBLEM, "id", r->err,
                              "id: %s stands twice in the file", uuid);
    }
    return rc;
}

/* *list: the services, or NULL for one that stands alone. */
static dbk_rc find_services(dbk_hsds_reader *r, const json_t **list, const json_t *root)
{
    const json_t *contents = json_object_get(root, "contents");
    *list = json_is_array(root) ? root : json_is_array(contents) ? contents : NULL;
    r->root = *list != NULL && *list == contents ? "contents" : "";
    r->many = *list != NULL;
    if (*list == NULL && !json_is_object(root))
        return dbk_fail(r->err, DBK_FORMAT, "this is neither a service nor a list of services");
    if (json_array_size(*list) > DBK_HSDS_SERVICES_MAX)
        return dbk_fail(r->err, DBK_LIMIT, "more than %u services", DBK_HSDS_SERVICES_MAX);
    if (json_integer_value(json_object_get(root, "total_pages")) > 1)
        return dbk_problems_add(
            r->problems, DBK_WARNING, "total_pages", r->err, "This file is one page of %lld.",
            (long long)json_integer_value(json_object_get(root, "total_pages")));
    return DBK_OK;
}

static dbk_rc read_all(dbk_hsds_reader *r, const json_t *root)
{
    const json_t *list = NULL;
    dbk_rc rc = find_services(r, &list, root);
    size_t count = list == NULL ? 1 : json_array_size(list);
    if (rc != DBK_OK || count == 0)
        return rc;
    r->out->services = dbk_alloc_array(count, sizeof(r->out->services[0]));
    if (r->out->services == NULL)
        return dbk_hsds_no_memory(r);
    memset(r->out->services, 0, count * sizeof(r->out->services[0]));
    for (r->index = 0; rc == DBK_OK && r->index < count; r->index++)
        rc = read_service(r, list == NULL ? root : json_array_get(list, r->index));
    if (rc == DBK_OK)
        rc = check_twice(r);
    if (rc == DBK_OK && r->problems->faults > 0)
        rc = dbk_fail(r->err, DBK_INVALID, "the file has faults");
    return rc;
}

dbk_rc dbk_hsds_read(dbk_hsds *out, dbk_problems *problems, const dbk_form *form, dbk_span text,
                     dbk_err *err)
{
    json_error_t fault;
    dbk_hsds_reader r = { .out = out, .problems = problems, .form = form, .root = "", .err = err };
    memset(out, 0, sizeof(*out));
    if (text.len > DBK_HSDS_BYTES_MAX)
        return dbk_fail(err, DBK_LIMIT, "the file is larger than %u MiB", DBK_HSDS_BYTES_MAX >> 20);
    json_t *root = json_loadb((const char *)text.p, text.len, JSON_REJECT_DUPLICATES, &fault);
    if (root == NULL)
        return dbk_fail(err, DBK_FORMAT, "this is no JSON: line %d, column %d", fault.line,
                        fault.column);
    dbk_rc rc = read_all(&r, root);
    json_decref(root);
    if (rc != DBK_OK) {
        for (size_t i = 0; i < out->count; i++)
            json_decref(out->services[i].fields);
        out->count = 0;
    }
    return rc;
}

void dbk_hsds_wipe(dbk_hsds *h)
{
    for (size_t i = 0; i < h->count; i++)
        json_decref(h->services[i].fields);
    dbk_free(h->services);
    memset(h, 0, sizeof(*h));
}
