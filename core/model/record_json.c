/* JSON text, and the members of an object as inputs. */
#include <jansson.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/record.h"

#define JSON_BYTES_MAX (256u * 1024u)

dbk_rc dbk_json_parse(struct json_t **out, dbk_span text, dbk_err *err)
{
    json_error_t why;
    *out = NULL;
    if (text.len > JSON_BYTES_MAX)
        return dbk_fail(err, DBK_LIMIT, "JSON of more than %u bytes", JSON_BYTES_MAX);
    json_t *json = json_loadb(text.len > 0 ? (const char *)text.p : "", text.len,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (json != NULL) {
        *out = json;
        return DBK_OK;
    }
    /* Jansson leaves no text when one of its allocations fails half-way. */
    if (json_error_code(&why) == json_error_out_of_memory || why.text[0] == '\0')
        return dbk_fail(err, DBK_NOMEM, "no memory for JSON");
    /* Jansson ends with the text it stumbled over: that is somebody's note, not a reason. */
    char *near = strstr(why.text, " near '");
    if (near != NULL)
        *near = '\0';
    return dbk_fail(err, DBK_FORMAT, "line %d, column %d: %s", why.line, why.column, why.text);
}

void dbk_json_free(struct json_t *json)
{
    json_decref(json);
}

dbk_rc dbk_inputs_from_json(dbk_input **out, size_t *out_count, const struct json_t *object,
                            dbk_err *err)
{
    const char *key;
    json_t *value;
    size_t i = 0;
    *out = NULL;
    *out_count = 0;
    if (!json_is_object(object))
        return dbk_fail(err, DBK_FORMAT, "the fields must be a JSON object");
    dbk_input *inputs = dbk_alloc_array(json_object_size(object), sizeof(inputs[0]));
    if (inputs == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the inputs");
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        inputs[i++] = (dbk_input){ .op = DBK_INPUT_SET, .field = key, .json = value };
    }
    *out = inputs;
    *out_count = i;
    return DBK_OK;
}
