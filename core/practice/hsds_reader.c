/* What readers of HSDS share: saying what is wrong and what is left out, and taking one field. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/model/value.h"
#include "core/practice/hsds_reader.h"

#define CBOR_BYTES_MAX (256u * 1024u)

/* ---- what is wrong, what is left out --------------------------------------------------------- */

dbk_rc dbk_hsds_wrong(dbk_hsds_reader *r, const char *part, const char *text)
{
    char path[DBK_HSDS_PATH_SIZE];
    if (r->many)
        (void)snprintf(path, sizeof(path), "%s[%zu]%s%.80s", r->root, r->index,
                       part[0] == '\0' ? "" : ".", part);
    else
        (void)snprintf(path, sizeof(path), "%.80s", part);
    return dbk_problems_add(r->problems, DBK_PROBLEM, path, r->err, "%s: %s", path, text);
}

void dbk_hsds_leave_out(dbk_hsds_reader *r, const char *part)
{
    char path[DBK_HSDS_PATH_SIZE];
    dbk_hsds *h = r->out;
    int n = snprintf(path, sizeof(path), "%s%s%s", r->root, r->many ? "[]." : "", part);
    if (n >= (int)sizeof(path)) /* cut between characters */
        for (size_t len = sizeof(path) - 1; !dbk_utf8_valid(dbk_span_str(path)) && len > 0;)
            path[--len] = '\0';
    for (size_t i = 0; i < h->left_out_count; i++)
        if (strcmp(h->left_out[i].path, path) == 0) {
            h->left_out[i].count++;
            return;
        }
    if (h->left_out_count == DBK_HSDS_LEFT_OUT_MAX) {
        dbk_hsds_left_out *last = &h->left_out[DBK_HSDS_LEFT_OUT_MAX - 1];
        (void)snprintf(last->path, sizeof(last->path), "(others)");
        last->count++;
        return;
    }
    dbk_hsds_left_out *row = &h->left_out[h->left_out_count++];
    memcpy(row->path, path, sizeof(path));
    row->count = 1;
}

/* "attributes[].taxonomy_term: NAME" */
void dbk_hsds_leave_named(dbk_hsds_reader *r, const char *part, const char *name)
{
    char path[DBK_HSDS_PATH_SIZE];
    (void)snprintf(path, sizeof(path), "%s: %.60s", part, name);
    for (size_t len = strlen(path); !dbk_utf8_valid(dbk_span_str(path)) && len > 0;)
        path[--len] = '\0';
    dbk_hsds_leave_out(r, path);
}

dbk_rc dbk_hsds_no_memory(dbk_hsds_reader *r)
{
    return dbk_fail(r->err, DBK_NOMEM, "no memory for the services");
}

/* Keys of a part of a service that nothing was made of. Ids of parts, and of what they belong to,
 * are structure: they are made anew when the service is written. */
void dbk_hsds_leave_others(dbk_hsds_reader *r, const char *part, const json_t *object,
                           const char *const *known)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        char path[DBK_HSDS_PATH_SIZE];
        size_t len = strlen(key);
        bool taken = json_is_null(value) || strcmp(key, "id") == 0 ||
                     (len > 3 && strcmp(key + len - 3, "_id") == 0);
        for (size_t i = 0; known[i] != NULL && !taken; i++)
            taken = strcmp(key, known[i]) == 0;
        if (taken)
            continue;
        (void)snprintf(path, sizeof(path), "%s.%.60s", part, key);
        for (len = strlen(path); !dbk_utf8_valid(dbk_span_str(path)) && len > 0;)
            path[--len] = '\0';
        dbk_hsds_leave_out(r, path);
    }
}

/* ---- one field ------------------------------------------------------------------------------- */

/* Takes value. The form judges it; what it finds is said under the path of the file. */
dbk_rc dbk_hsds_put(dbk_hsds_reader *r, const char *part, const char *name, json_t *value)
{
    const dbk_field *field = dbk_form_field(r->form, name);
    dbk_bytes cbor = DBK_BYTES_INIT(CBOR_BYTES_MAX);
    dbk_problems found = { 0 };
    dbk_rc rc;
    if (value == NULL)
        return dbk_hsds_no_memory(r);
    rc = field == NULL ? DBK_OK : dbk_value_from_json(&cbor, field, value, &found, r->err);
    if (rc == DBK_INVALID) {
        rc = DBK_OK;
        for (size_t i = 0; rc == DBK_OK && i < found.count; i++)
            if (found.rows[i].severity == DBK_PROBLEM)
                rc = dbk_hsds_wrong(r, part, found.rows[i].text);
        json_decref(value);
    } else if (rc == DBK_OK && field != NULL) {
        if (json_object_set_new(r->fields, name, value) != 0)
            rc = dbk_hsds_no_memory(r);
    } else {
        json_decref(value);
    }
    dbk_problems_wipe(&found);
    dbk_bytes_wipe(&cbor);
    return rc;
}

dbk_rc dbk_hsds_put_text(dbk_hsds_reader *r, const char *part, const char *name,
                         const json_t *value)
{
    if (!json_is_string(value))
        return dbk_hsds_wrong(r, part, "must be text");
    if (json_string_length(value) == 0) /* says nothing */
        return DBK_OK;
    return dbk_hsds_put(r, part, name, json_incref((json_t *)value));
}
/* ---- arrays ---------------------------------------------------------------------------------- */

typedef dbk_rc (*element_fn)(dbk_hsds_reader *r, const char *part, const json_t *element,
                             void *ctx);

/* part is "phones[2]" */
dbk_rc dbk_hsds_each(dbk_hsds_reader *r, const char *key, const json_t *array,
                     dbk_hsds_element_fn fn, void *ctx)
{
    char part[DBK_HSDS_PATH_SIZE];
    size_t count = json_array_size(array);
    dbk_rc rc = DBK_OK;
    if (!json_is_array(array) || count > DBK_HSDS_PARTS_MAX)
        return dbk_hsds_wrong(r, key, "must be an array of at most 1000");
    for (size_t i = 0; rc == DBK_OK && i < count; i++) {
        const json_t *element = json_array_get(array, i);
        (void)snprintf(part, sizeof(part), "%s[%zu]", key, i);
        rc = json_is_object(element) ? fn(r, part, element, ctx)
                                     : dbk_hsds_wrong(r, part, "must be an object");
    }
    return rc;
}