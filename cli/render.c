#include "cli/render.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/cbor.h"
#include "core/base/text.h"

#define SHORT_TEXT_BYTES 160u

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

dbk_rc cli_device_text(const cli *c, dbk_bytes *out, const dbk_id *device, dbk_err *err)
{
    return dbk_book_device_name(c->book, out, device, err);
}

const char *cli_time(int64_t unix_ms)
{
    char text[SHORT_TEXT_BYTES];
    struct tm local;
    time_t seconds = (time_t)(unix_ms / 1000);
    if (unix_ms == 0 || localtime_r(&seconds, &local) == NULL ||
        strftime(text, sizeof(text), "%d %b %Y %H:%M", &local) == 0)
        return "";
    return out_safe_str(text);
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

dbk_rc cli_fields_json(struct json_t **out, const dbk_note *note, dbk_err *err)
{
    const dbk_field *fields = NULL;
    size_t count = note->form == NULL ? 0 : dbk_form_fields(note->form, &fields);
    json_t *object = json_object();
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < count; i++) {
        dbk_bytes scratch = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
        dbk_span value;
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

dbk_rc cli_group_text(dbk_bytes *out, const dbk_form *form, dbk_span map, dbk_err *err)
{
    dbk_cbor c = dbk_cbor_from(map);
    if (dbk_cbor_peek(&c) != DBK_CBOR_MAP)
        return dbk_value_to_text(out, NULL, map, err);
    uint64_t pairs = dbk_cbor_get_map(&c);
    dbk_rc rc = pairs == 0 ? dbk_bytes_append_str(out, "(blank)", err) : DBK_OK;
    for (uint64_t i = 0; rc == DBK_OK && i < pairs; i++) {
        char name[DBK_NAME_BYTES_MAX + 1] = "";
        dbk_span key = dbk_cbor_get_text(&c), value = dbk_cbor_get_item(&c);
        if (c.failed)
            return dbk_fail(err, DBK_FORMAT, "a stored value is malformed");
        if (key.len <= DBK_NAME_BYTES_MAX)
            memcpy(name, key.p, key.len);
        const dbk_field *field = form == NULL ? NULL : dbk_form_field(form, name);
        if (i > 0)
            rc = dbk_bytes_append_str(out, "; ", err);
        if (rc == DBK_OK && pairs > 1)
            rc = dbk_bytes_append_fmt(out, err, "%s: ", field == NULL ? name : field->label);
        if (rc == DBK_OK)
            rc = dbk_value_to_text(out, field, value, err);
    }
    return rc;
}

const char *cli_carriage_word(dbk_carriage carriage)
{
    switch (carriage) {
    case DBK_HERE_ONLY:
        return "on this device only";
    case DBK_RELAY_DURABLE:
        return "safe at the relay";
    case DBK_HQ_DURABLE:
        return "held by headquarters";
    }
    return "";
}

const char *cli_dispute_word(dbk_dispute dispute)
{
    switch (dispute) {
    case DBK_DISPUTE_NONE:
        return "";
    case DBK_DISPUTE_ASK:
        return "disputed: headquarters decides";
    case DBK_DISPUTE_CAUTIOUS:
        return "the more protective value is shown until headquarters decides";
    case DBK_DISPUTE_PROPOSAL:
        return "headquarters' value is shown; an officer proposes another";
    }
    return "";
}

const char *cli_attention_words(const dbk_attention *a)
{
    const struct {
        size_t count;
        const char *one, *many;
    } rows[] = {
        { a->asks, "dispute", "disputes" },
        { a->cautious, "held at the protective value", "held at the protective value" },
        { a->proposals, "proposal", "proposals" },
        { a->reviews, "edited at the same time", "edited at the same time" },
    };
    char text[SHORT_TEXT_BYTES] = "";
    size_t len = 0;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].count == 0)
            continue;
        int n = snprintf(text + len, sizeof(text) - len, "%s%zu %s", len > 0 ? ", " : "",
                         rows[i].count, rows[i].count == 1 ? rows[i].one : rows[i].many);
        len += n > 0 && (size_t)n < sizeof(text) - len ? (size_t)n : 0;
    }
    return out_safe_str(text);
}
