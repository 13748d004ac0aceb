#include "cli/words.h"

#include <stdio.h>
#include <string.h>

#include "cli/render.h"
#include "cli/when.h"
#include "core/base/cbor.h"
#include "core/base/text.h"

#define SHORT_TEXT_BYTES 160u
#define UUID_LEN (DBK_ID_UUID_SIZE - 1u)

const char *cli_time(int64_t unix_ms)
{
    char text[CLI_WHEN_SIZE];
    cli_when_print(text, unix_ms);
    return out_safe_str(text);
}

const char *cli_short_id(const dbk_id *id)
{
    char uuid[DBK_ID_UUID_SIZE];
    dbk_id_uuid(uuid, id);
    uuid[CLI_SHORT_ID_LEN] = '\0';
    return out_safe_str(uuid);
}

dbk_rc cli_summary_text(dbk_bytes *out, const dbk_note *note, dbk_err *err)
{
    const dbk_field *const *fields = NULL;
    size_t count = note->form == NULL ? 0 : dbk_form_summary(note->form, &fields);
    dbk_rc rc = DBK_OK;
    bool some = false;
    for (size_t i = 0; rc == DBK_OK && i < count; i++) {
        dbk_bytes scratch = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
        dbk_span value;
        rc = dbk_view_field(&value, &scratch, note->state, fields[i], &note->view, err);
        if (rc == DBK_OK && value.len > 0) {
            rc = some ? dbk_bytes_append_str(out, ", ", err) : DBK_OK;
            if (rc == DBK_OK)
                rc = dbk_value_to_text(out, fields[i], value, err);
            some = true;
        }
        dbk_bytes_wipe(&scratch);
    }
    return rc;
}

dbk_rc cli_record_text(const cli *c, dbk_bytes *out, const dbk_id *record, dbk_err *err)
{
    dbk_note *note = NULL;
    dbk_rc rc = DBK_OK;
    if (dbk_query_note(&note, c->book, record, NULL) == DBK_OK &&
        (!dbk_book_is_restricted(c->book, &note->space) || dbk_id_equal(&note->space, &c->opened)))
        rc = cli_summary_text(out, note, err);
    dbk_note_free(note);
    return rc;
}

/* "Mrs Adebayo [01a20ba5-7565]" for a record that is here; else its id. */
static dbk_rc append_record(const cli *c, dbk_bytes *out, const dbk_id *record, dbk_err *err)
{
    dbk_bytes summary = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    char uuid[DBK_ID_UUID_SIZE];
    dbk_id_uuid(uuid, record);
    dbk_rc rc = cli_record_text(c, &summary, record, err);
    if (rc == DBK_OK && summary.len > 0)
        rc = dbk_bytes_append_fmt(out, err, "%.*s [%s]", (int)summary.len, (const char *)summary.p,
                                  cli_short_id(record));
    else if (rc == DBK_OK)
        rc = dbk_bytes_append_str(out, uuid, err);
    dbk_bytes_wipe(&summary);
    return rc;
}

static bool is_word(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || byte == '-';
}

static bool record_at(dbk_id *out, dbk_span text)
{
    char uuid[DBK_ID_UUID_SIZE] = "";
    if (text.len < UUID_LEN || text.p[8] != '-' ||
        (text.len > UUID_LEN && is_word(text.p[UUID_LEN])))
        return false;
    memcpy(uuid, text.p, UUID_LEN);
    return dbk_id_parse(out, uuid, NULL) == DBK_OK;
}

/* Puts names in the place of record ids, and readable times in the place of stored ones. */
static dbk_rc append_readable(const cli *c, dbk_bytes *out, dbk_span text, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t at = 0; rc == DBK_OK && at < text.len;) {
        dbk_span left = dbk_span_of(text.p + at, text.len - at);
        char when[CLI_WHEN_SIZE];
        dbk_id record;
        bool begins = at == 0 || !is_word(text.p[at - 1]);
        size_t step = begins ? cli_when_read(when, left) : 0;
        if (step > 0) {
            rc = dbk_bytes_append_str(out, when, err);
        } else if (begins && record_at(&record, left)) {
            step = UUID_LEN;
            rc = append_record(c, out, &record, err);
        } else {
            step = 1;
            rc = dbk_bytes_append_u8(out, text.p[at], err);
        }
        at += step;
    }
    return rc;
}

dbk_rc cli_field_text(const cli *c, dbk_bytes *out, const dbk_field *field, dbk_span value,
                      dbk_err *err)
{
    dbk_bytes text = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    /* What an officer wrote in words stays as it was written. */
    bool words = field == NULL || field->kind == DBK_FIELD_TEXT ||
                 field->kind == DBK_FIELD_LONGTEXT;
    dbk_rc rc = dbk_value_to_text(words ? out : &text, field, value, err);
    if (rc == DBK_OK && !words)
        rc = append_readable(c, out, dbk_bytes_span(&text), err);
    dbk_bytes_wipe(&text);
    return rc;
}

dbk_rc cli_group_text(const cli *c, dbk_bytes *out, const dbk_form *form, dbk_span map,
                      dbk_err *err)
{
    dbk_cbor in = dbk_cbor_from(map);
    if (dbk_cbor_peek(&in) != DBK_CBOR_MAP)
        return dbk_value_to_text(out, NULL, map, err);
    uint64_t pairs = dbk_cbor_get_map(&in);
    dbk_rc rc = pairs == 0 ? dbk_bytes_append_str(out, "(blank)", err) : DBK_OK;
    for (uint64_t i = 0; rc == DBK_OK && i < pairs; i++) {
        char name[DBK_NAME_BYTES_MAX + 1] = "";
        dbk_span key = dbk_cbor_get_text(&in), value = dbk_cbor_get_item(&in);
        if (in.failed)
            return dbk_fail(err, DBK_FORMAT, "a stored value is malformed");
        if (key.len <= DBK_NAME_BYTES_MAX)
            memcpy(name, key.p, key.len);
        const dbk_field *field = form == NULL ? NULL : dbk_form_field(form, name);
        if (i > 0)
            rc = dbk_bytes_append_str(out, "; ", err);
        if (rc == DBK_OK && pairs > 1)
            rc = dbk_bytes_append_fmt(out, err, "%s: ", field == NULL ? name : field->label);
        if (rc == DBK_OK)
            rc = cli_field_text(c, out, field, value, err);
    }
    return rc;
}

dbk_rc cli_group_line(const cli *c, dbk_bytes *out, const dbk_note *note, dbk_span name,
                      dbk_span value, dbk_err *err)
{
    const dbk_group *group = note->form == NULL ? NULL : dbk_form_group(note->form, name);
    dbk_span label = group == NULL ? name : dbk_span_str(group->label);
    dbk_bytes text = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_rc rc = value.len == 0 ? dbk_bytes_append_str(&text, "(blank)", err)
                               : cli_group_text(c, &text, note->form, value, err);
    bool said = text.len > label.len && memcmp(text.p, label.p, label.len) == 0 &&
                text.p[label.len] == ':';
    if (rc == DBK_OK && !said)
        rc = dbk_bytes_append(out, label, err);
    if (rc == DBK_OK && !said)
        rc = dbk_bytes_append_str(out, ": ", err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(out, dbk_bytes_span(&text), err);
    dbk_bytes_wipe(&text);
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

const char *cli_carriage_code(dbk_carriage carriage)
{
    return carriage == DBK_HERE_ONLY ? "here" : carriage == DBK_RELAY_DURABLE ? "relay" : "hq";
}

const char *cli_dispute_code(dbk_dispute dispute)
{
    switch (dispute) {
    case DBK_DISPUTE_NONE:
        return "none";
    case DBK_DISPUTE_ASK:
        return "ask";
    case DBK_DISPUTE_CAUTIOUS:
        return "cautious";
    case DBK_DISPUTE_PROPOSAL:
        return "proposal";
    }
    return "none";
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

const char *cli_standing_words(const dbk_standing *standing)
{
    char text[SHORT_TEXT_BYTES];
    const char *role = dbk_role_name(standing->role);
    if (standing->until_ms == 0)
        return out_safe_str(role);
    (void)snprintf(text, sizeof(text), "%s until %s%s", role, cli_time((int64_t)standing->until_ms),
                   standing->over ? ", which is over" : "");
    return out_safe_str(text);
}

const char *cli_plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

const char *cli_needs(uint64_t n)
{
    return n == 1 ? " needs" : "s need";
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
