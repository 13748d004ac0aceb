/* The organisation's rules: org policy. */
#include <jansson.h>
#include <string.h>

#include "cli/cmd.h"
#include "core/base/text.h"

#define KEY_BYTES 32u

static const struct number_row {
    const char *option, *json, *label;
    size_t at;
} numbers[] = {
    { "--protocol", "protocol", "oldest protocol that devices may speak",
      offsetof(dbk_policy, protocol_floor) },
    { "--freshness-hours", "freshness_hours", "hours until a device says that its view is old",
      offsetof(dbk_policy, freshness_h) },
    { "--lease-hours", "lease_hours", "hours that a device opens without a fresh view",
      offsetof(dbk_policy, lease_h) },
    { "--rotate-days", "rotate_days", "days after which a space gets a new key",
      offsetof(dbk_policy, rotate_days) },
};
static const struct list_row {
    const char *option, *json, *label;
    size_t at;
} lists[] = {
    { "--tls-pin", "tls_pins", "TLS keys that the relay may have", offsetof(dbk_policy, tls_pins) },
    { "--witness", "witnesses", "witnesses", offsetof(dbk_policy, witnesses) },
    { "--recovery", "recovery", "recovery keys", offsetof(dbk_policy, recovery) },
};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint64_t *number_at(dbk_policy *p, size_t at)
{
    return (uint64_t *)(void *)((uint8_t *)p + at);
}

static dbk_policy_keys *list_at(dbk_policy *p, size_t at)
{
    return (dbk_policy_keys *)(void *)((uint8_t *)p + at);
}

/* ---- setting ----------------------------------------------------------------------------- */

static dbk_rc take_number(uint64_t *out, const cli_args *a, const char *option, bool *any,
                          dbk_err *err)
{
    const char *text = cli_option_value(a, option);
    if (text == NULL)
        return DBK_OK;
    *any = true;
    if (dbk_u64_parse(out, dbk_span_str(text), NULL) != DBK_OK || *out == 0 ||
        *out > DBK_POLICY_NUMBER_MAX)
        return dbk_fail(err, DBK_USAGE, "%s takes a number from 1 to %u", option,
                        DBK_POLICY_NUMBER_MAX);
    return DBK_OK;
}

/* All that are given, in the place of all that there were; "none" for none. */
static dbk_rc take_list(dbk_policy_keys *out, const cli_args *a, const char *option, bool *any,
                        dbk_err *err)
{
    const cli_values *values = cli_option_values(a, option);
    if (values->count == 0)
        return DBK_OK;
    *any = true;
    memset(out, 0, sizeof(*out));
    if (values->count == 1 && strcmp(values->rows[0], "none") == 0)
        return DBK_OK;
    if (values->count > DBK_POLICY_KEYS_MAX)
        return dbk_fail(err, DBK_USAGE, "%s may be given %u times", option, DBK_POLICY_KEYS_MAX);
    for (size_t i = 0; i < values->count; i++) {
        if (strlen(values->rows[i]) != 2 * (size_t)KEY_BYTES ||
            dbk_hex_parse(out->b[i], KEY_BYTES, values->rows[i], NULL) != DBK_OK ||
            dbk_key_is_zero(out->b[i]))
            return dbk_fail(err, DBK_USAGE, "%s takes a key of 64 hex digits, or none", option);
    }
    out->count = values->count;
    return DBK_OK;
}

static dbk_rc take_options(dbk_policy *policy, const cli_args *a, bool *any, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    *any = false;
    for (size_t i = 0; rc == DBK_OK && i < COUNT(numbers); i++)
        rc = take_number(number_at(policy, numbers[i].at), a, numbers[i].option, any, err);
    for (size_t i = 0; rc == DBK_OK && i < COUNT(lists); i++)
        rc = take_list(list_at(policy, lists[i].at), a, lists[i].option, any, err);
    return rc;
}

/* ---- showing ----------------------------------------------------------------------------- */

static void print_text(dbk_policy *policy)
{
    for (size_t i = 0; i < COUNT(numbers); i++)
        out_text("%6llu  %s\n", (unsigned long long)*number_at(policy, numbers[i].at),
                 numbers[i].label);
    for (size_t i = 0; i < COUNT(lists); i++) {
        const dbk_policy_keys *keys = list_at(policy, lists[i].at);
        out_text("%6zu  %s\n", keys->count, lists[i].label);
        for (size_t k = 0; k < keys->count; k++) {
            char hex[2 * KEY_BYTES + 1];
            dbk_hex_print(hex, dbk_span_of(keys->b[k], KEY_BYTES));
            out_text("        %s\n", hex);
        }
    }
}

static dbk_rc print_json(dbk_policy *policy, dbk_err *err)
{
    json_t *all = json_object();
    for (size_t i = 0; i < COUNT(numbers); i++)
        (void)json_object_set_new(all, numbers[i].json,
                                  json_integer((json_int_t)*number_at(policy, numbers[i].at)));
    for (size_t i = 0; i < COUNT(lists); i++) {
        const dbk_policy_keys *keys = list_at(policy, lists[i].at);
        json_t *rows = json_array();
        for (size_t k = 0; k < keys->count; k++) {
            char hex[2 * KEY_BYTES + 1];
            dbk_hex_print(hex, dbk_span_of(keys->b[k], KEY_BYTES));
            (void)json_array_append_new(rows, json_string(hex));
        }
        (void)json_object_set_new(all, lists[i].json, rows);
    }
    return out_json_take(all, err);
}

dbk_rc cmd_org_policy(cli *c, const cli_args *a, dbk_err *err)
{
    const dbk_roster *roster = dbk_book_roster(c->book);
    dbk_transport t = { 0 };
    bool any = false;
    if (roster == NULL)
        return dbk_fail(err, DBK_DENIED, "this store belongs to no organisation yet");
    dbk_policy policy = *dbk_roster_policy(roster);
    dbk_rc rc = take_options(&policy, a, &any, err);
    if (rc == DBK_OK && any) {
        rc = dbk_driver_connect(&t, c->book, err);
        if (rc == DBK_OK)
            rc = dbk_driver_policy(c->book, &t, &policy, err);
        dbk_transport_close(&t);
    }
    if (rc != DBK_OK)
        return rc;
    if (c->format == OUT_JSON)
        return print_json(&policy, err);
    print_text(&policy);
    return DBK_OK;
}
