/* The directory for maps and spreadsheets: GeoJSON by RFC 7946, CSV by RFC 4180. */
#include "tests/lib/test.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/practice/map.h"

static const dbk_directory_hit hit = {
    .record = { { 0xac, 0x14 } }, .stale = true, .checked_day = 20454, .due_day = 20634
};
static const char full[] =
    "{\"name\":\"=cmd|' /C calc'!A0\",\"organization\":\"The \\\"Old\\\" Mill, Dudley\","
    "\"categories\":[\"idva\",\"isva\"],\"minimum_age\":16,"
    "\"phones\":[{\"number\":\"+44 121 496 0000\",\"description\":\"Day\"},"
    "{\"number\":\"0800 953 9777\"}],\"address\":\"1 High Street\\nDudley\","
    "\"latitude\":\"52.5086\",\"longitude\":\"-2.0877\",\"alert\":\"not_known\","
    "\"recipient_key\":\"secret-key\"}";

static json_t *fields_of(const char *confidential)
{
    json_t *fields = json_loads(full, 0, NULL);
    assert_non_null(fields);
    if (confidential != NULL)
        (void)json_object_set_new(fields, "address_confidential",
                                  json_loads(confidential, JSON_DECODE_ANY, NULL));
    return fields;
}

static json_t *feature_of(const char *confidential)
{
    json_t *fields = fields_of(confidential), *out = NULL;
    dbk_err err = { 0 };
    assert_ok(dbk_map_feature(&out, &hit, fields, &err), &err);
    json_decref(fields);
    return out;
}

static const char *csv_of(dbk_bytes *out, const char *confidential)
{
    json_t *fields = fields_of(confidential);
    dbk_err err = { 0 };
    assert_ok(dbk_map_csv_row(out, &hit, fields, &err), &err);
    assert_ok(dbk_bytes_append(out, dbk_span_of("", 1), &err), &err);
    json_decref(fields);
    return (const char *)out->p;
}

static void a_feature_says_longitude_first_and_what_is_overdue_B18(void **state)
{
    (void)state;
    json_t *f = feature_of(NULL), *p = json_object_get(f, "properties");
    const json_t *at = json_object_get(json_object_get(f, "geometry"), "coordinates");
    assert_string_equal(json_string_value(json_object_get(f, "type")), "Feature");
    assert_true(json_real_value(json_array_get(at, 0)) < -2.08);
    assert_true(json_real_value(json_array_get(at, 1)) > 52.5);
    assert_true(json_is_true(json_object_get(p, "stale")));
    assert_string_equal(json_string_value(json_object_get(p, "checked")), "2026-01-01");
    assert_null(json_object_get(p, "alert"));
    assert_null(json_object_get(p, "recipient_key"));
    json_t *list = json_array();
    (void)json_array_append_new(list, f);
    json_t *all = dbk_map_collection_take(list);
    assert_string_equal(json_string_value(json_object_get(all, "type")), "FeatureCollection");
    json_decref(all);
}

static void where_a_refuge_is_stands_on_no_map_B18(void **state)
{
    static const char *const ways[] = { "true", "\"not_known\"" };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        dbk_bytes csv = DBK_BYTES_INIT(65536);
        json_t *f = feature_of(ways[i]);
        char *text = json_dumps(f, 0);
        assert_true(json_is_null(json_object_get(f, "geometry")));
        assert_null(strstr(text, "52.5"));
        assert_null(strstr(text, "High Street"));
        const char *row = csv_of(&csv, ways[i]);
        assert_null(strstr(row, "52.5"));
        assert_null(strstr(row, "-2.08"));
        assert_null(strstr(row, "High Street"));
        dbk_bytes_wipe(&csv);
        free(text);
        json_decref(f);
    }
}

static void a_row_quotes_what_stands_in_it_and_computes_nothing(void **state)
{
    (void)state;
    dbk_bytes csv = DBK_BYTES_INIT(65536);
    assert_string_equal(
        csv_of(&csv, NULL),
        "\"ac140000-0000-0000-0000-000000000000\",\"'=cmd|' /C calc'!A0\","
        "\"The \"\"Old\"\" Mill, Dudley\",\"\",\"idva; isva\",\"\",\"\",\"16\",\"\","
        "\"+44 121 496 0000; 0800 953 9777\",\"\",\"\",\"\",\"\",\"\",\"1 High Street\nDudley\","
        "\"52.5086\",\"-2.0877\",\"2026-01-01\",\"2026-06-30\",\"yes\"\r\n");
    dbk_bytes_wipe(&csv);
}

static size_t commas(const char *row)
{
    size_t count = 0;
    bool quoted = false;
    for (; *row != '\0'; row++) {
        quoted ^= *row == '"';
        count += !quoted && *row == ',';
    }
    return count;
}

static void every_row_has_as_many_cells_as_the_head(void **state)
{
    (void)state;
    dbk_bytes head = DBK_BYTES_INIT(65536), csv = DBK_BYTES_INIT(65536);
    dbk_err err = { 0 };
    assert_ok(dbk_map_csv_head(&head, &err), &err);
    assert_ok(dbk_bytes_append(&head, dbk_span_of("", 1), &err), &err);
    assert_int_equal(commas(csv_of(&csv, NULL)), commas((const char *)head.p));
    dbk_bytes_wipe(&head);
    dbk_bytes_wipe(&csv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_feature_says_longitude_first_and_what_is_overdue_B18),
        cmocka_unit_test(where_a_refuge_is_stands_on_no_map_B18),
        cmocka_unit_test(a_row_quotes_what_stands_in_it_and_computes_nothing),
        cmocka_unit_test(every_row_has_as_many_cells_as_the_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
