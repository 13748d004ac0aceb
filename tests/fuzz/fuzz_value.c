/* The first byte picks a field of a form with every kind. The rest is taken three ways: as stored
 * CBOR that is shown, as typed text, and as JSON. What is taken must be canonical CBOR that is
 * shown, and whose JSON is taken again for the same bytes. */
#include <stddef.h>
#include <stdint.h>

#include "core/base/cbor.h"
#include "core/base/text.h"
#include "core/model/record.h"
#include "core/model/value.h"

#define OUT_MAX (1u << 22)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char kinds_json[] =
    "{\"form\":\"kinds\",\"version\":1,\"title\":\"Kinds\",\"fields\":["
    "{\"name\":\"a\",\"label\":\"A\",\"kind\":\"text\"},"
    "{\"name\":\"b\",\"label\":\"B\",\"kind\":\"longtext\"},"
    "{\"name\":\"c\",\"label\":\"C\",\"kind\":\"code\",\"codes\":{\"visit\":\"Visit\"}},"
    "{\"name\":\"d\",\"label\":\"D\",\"kind\":\"codes\",\"codes\":{\"x\":\"X\",\"yy\":\"Y\"}},"
    "{\"name\":\"e\",\"label\":\"E\",\"kind\":\"bool3\"},"
    "{\"name\":\"f\",\"label\":\"F\",\"kind\":\"date\"},"
    "{\"name\":\"g\",\"label\":\"G\",\"kind\":\"datetime\"},"
    "{\"name\":\"h\",\"label\":\"H\",\"kind\":\"number\",\"min\":-9},"
    "{\"name\":\"i\",\"label\":\"I\",\"kind\":\"ref\"},"
    "{\"name\":\"j\",\"label\":\"J\",\"kind\":\"refs\"},"
    "{\"name\":\"k\",\"label\":\"K\",\"kind\":\"present\",\"codes\":{\"family\":\"Family\"}},"
    "{\"name\":\"l\",\"label\":\"L\",\"kind\":\"phone\"},"
    "{\"name\":\"m\",\"label\":\"M\",\"kind\":\"email\"},"
    "{\"name\":\"n\",\"label\":\"N\",\"kind\":\"address\"},"
    "{\"name\":\"o\",\"label\":\"O\",\"kind\":\"list\"},"
    "{\"name\":\"p\",\"label\":\"P\",\"kind\":\"list\",\"fields\":["
    "{\"name\":\"topic\",\"label\":\"T\",\"kind\":\"text\"},"
    "{\"name\":\"how\",\"label\":\"H\",\"kind\":\"codes\",\"codes\":{\"x\":\"X\"}},"
    "{\"name\":\"n\",\"label\":\"N\",\"kind\":\"number\"}]},"
    "{\"name\":\"q\",\"label\":\"Q\",\"kind\":\"object\",\"fields\":["
    "{\"name\":\"when\",\"label\":\"W\",\"kind\":\"datetime\"},"
    "{\"name\":\"tags\",\"label\":\"T\",\"kind\":\"list\"}]}]}";

static const dbk_field *pick(uint8_t byte)
{
    static dbk_form *form;
    const dbk_field *fields;
    if (form == NULL)
        DBK_ASSERT(dbk_form_parse(&form, dbk_span_str(kinds_json), NULL) == DBK_OK);
    size_t count = dbk_form_fields(form, &fields);
    return &fields[byte % count];
}

static void show(const dbk_field *field, dbk_span cbor)
{
    dbk_bytes out = DBK_BYTES_INIT(OUT_MAX);
    for (size_t i = 0; i < 2; i++) {
        const dbk_field *by = i == 0 ? field : NULL;
        dbk_rc rc = dbk_value_to_text(&out, by, cbor, NULL);
        DBK_ASSERT(rc == DBK_OK || out.len == 0);
        DBK_ASSERT(dbk_utf8_valid(dbk_bytes_span(&out)));
        dbk_bytes_truncate(&out, 0);
        rc = dbk_value_to_words(&out, by, cbor, NULL);
        DBK_ASSERT(rc == DBK_OK || out.len == 0);
        dbk_bytes_truncate(&out, 0);
    }
    dbk_rc rc = dbk_value_to_json(&out, cbor, NULL);
    DBK_ASSERT(rc == DBK_OK || out.len == 0);
    DBK_ASSERT(dbk_utf8_valid(dbk_bytes_span(&out)));
    dbk_bytes_wipe(&out);
}

static void take_again(const dbk_field *field, dbk_span cbor)
{
    struct json_t *json = NULL;
    dbk_bytes text = DBK_BYTES_INIT(OUT_MAX), again = DBK_BYTES_INIT(OUT_MAX);
    dbk_problems problems = { 0 };
    DBK_ASSERT(dbk_cbor_check(cbor, NULL) == DBK_OK);
    DBK_ASSERT(dbk_value_to_json(&text, cbor, NULL) == DBK_OK);
    if (dbk_json_parse(&json, dbk_bytes_span(&text), NULL) == DBK_OK) {
        dbk_rc rc = dbk_value_from_json(&again, field, json, &problems, NULL);
        DBK_ASSERT(rc == DBK_OK);
        DBK_ASSERT(dbk_span_equal(dbk_bytes_span(&again), cbor));
    }
    dbk_json_free(json);
    dbk_problems_wipe(&problems);
    dbk_bytes_wipe(&text);
    dbk_bytes_wipe(&again);
}

static void judge(const dbk_field *field, dbk_rc rc, const dbk_bytes *cbor,
                  const dbk_problems *problems)
{
    DBK_ASSERT(rc == DBK_OK || rc == DBK_INVALID || rc == DBK_LIMIT);
    DBK_ASSERT((rc == DBK_INVALID) == (problems->faults > 0) || rc == DBK_LIMIT);
    for (size_t i = 0; i < problems->count; i++)
        DBK_ASSERT(dbk_utf8_valid(dbk_span_str(problems->rows[i].text)));
    if (rc != DBK_OK) {
        DBK_ASSERT(cbor->len == 0);
        return;
    }
    show(field, dbk_bytes_span(cbor));
    take_again(field, dbk_bytes_span(cbor));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_t *json = NULL;
    if (size == 0)
        return 0;
    const dbk_field *field = pick(data[0]);
    dbk_span in = dbk_span_of(data + 1, size - 1);
    dbk_bytes cbor = DBK_BYTES_INIT(OUT_MAX);
    dbk_problems problems = { 0 };
    show(field, in);
    dbk_rc rc = dbk_value_from_text(&cbor, field, in, &problems, NULL);
    judge(field, rc, &cbor, &problems);
    dbk_problems_wipe(&problems);
    dbk_bytes_truncate(&cbor, 0);
    if (dbk_json_parse(&json, in, NULL) == DBK_OK) {
        rc = dbk_value_from_json(&cbor, field, json, &problems, NULL);
        judge(field, rc, &cbor, &problems);
    }
    dbk_json_free(json);
    dbk_problems_wipe(&problems);
    dbk_bytes_wipe(&cbor);
    return 0;
}
