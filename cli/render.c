#include "cli/render.h"

#include <jansson.h>
#include <string.h>

#include "cli/safe.h"
#include "core/base/text.h"

typedef dbk_rc (*name_fn)(const dbk_book *book, dbk_bytes *out, const dbk_id *id, dbk_err *err);

static const char *name_or_hex(const cli *c, name_fn fn, const dbk_id *id)
{
    dbk_bytes name = DBK_BYTES_INIT(CLI_NAME_BYTES_MAX);
    const char *safe;
    if (fn(c->book, &name, id, NULL) == DBK_OK) {
        safe = out_safe(dbk_bytes_span(&name));
    } else {
        char hex[DBK_ID_HEX_SIZE];
        dbk_id_hex(hex, id);
        safe = out_safe_str(hex);
    }
    dbk_bytes_wipe(&name);
    return safe;
}

const char *cli_device_name(const cli *c, const dbk_id *device)
{
    return name_or_hex(c, dbk_book_device_name, device);
}

const char *cli_space_name(const cli *c, const dbk_id *space)
{
    return name_or_hex(c, dbk_book_space_name, space);
}

const char *cli_author_name(const cli *c, const dbk_dot *dot)
{
    dbk_authorship author = { 0 };
    if (dbk_query_author(c->book, &author, dot, NULL) != DBK_OK)
        return "?";
    return cli_device_name(c, &author.device);
}

struct json_t *cli_time_json(int64_t unix_ms)
{
    char text[DBK_TIME_TEXT_SIZE];
    if (unix_ms == 0)
        return json_null();
    dbk_time_print(text, unix_ms);
    return json_string(text);
}

struct json_t *cli_value_json(dbk_span cbor)
{
    dbk_bytes text = DBK_BYTES_INIT(4 * DBK_STATE_BYTES_MAX);
    json_t *json = NULL;
    if (cbor.len == 0)
        return json_null();
    if (dbk_value_to_json(&text, cbor, NULL) == DBK_OK)
        json = json_loadb((const char *)text.p, text.len, JSON_DECODE_ANY, NULL);
    dbk_bytes_wipe(&text);
    return json;
}

dbk_rc cli_fields_json(struct json_t **out, const cli *c, const dbk_note *note, dbk_err *err)
{
    const dbk_field *fields = NULL;
    size_t count = note->form == NULL ? 0 : dbk_form_fields(note->form, &fields);
    json_t *object = json_object();
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < count; i++) {
        dbk_bytes scratch = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
        dbk_span value;
        if (c != NULL && cli_safe_hides_field(c, note, &fields[i]))
            continue;
        rc = dbk_view_field(&value, &scratch, note->state, &fields[i], &note->view, err);
        if (rc == DBK_OK && value.len > 0 &&
            json_object_set_new(object, fields[i].name, cli_value_json(value)) != 0)
            rc = dbk_fail(err, DBK_NOMEM, "no memory for the record");
        dbk_bytes_wipe(&scratch);
    }
    if (rc == DBK_OK)
        *out = json_incref(object);
    json_decref(object);
    return rc;
}
