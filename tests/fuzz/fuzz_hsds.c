/* Arbitrary bytes as a directory of services: refused with a text, or services that are written and
 * read again for the same, and tell nothing of a place that is confidential. */
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/practice/hsds.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const dbk_form *service_form(void)
{
    static dbk_forms *forms;
    if (forms == NULL)
        DBK_ASSERT(dbk_forms_new(&forms, NULL) == DBK_OK);
    return dbk_forms_find(forms, dbk_span_str("service"), 0);
}

static void write_and_read(const dbk_hsds_service *service)
{
    json_t *out = NULL;
    dbk_hsds again;
    dbk_problems problems = { 0 };
    DBK_ASSERT(dbk_hsds_write(&out, service_form(), &service->id, service->fields, 0, NULL) ==
               DBK_OK);
    char *text = json_dumps(out, 0);
    DBK_ASSERT(dbk_hsds_read(&again, &problems, service_form(), dbk_span_str(text), NULL) ==
               DBK_OK);
    DBK_ASSERT(again.count == 1);
    DBK_ASSERT(dbk_id_equal(&again.services[0].id, &service->id));
    DBK_ASSERT(json_equal(again.services[0].fields, service->fields));
    if (json_is_true(json_object_get(service->fields, "address_confidential")))
        DBK_ASSERT(json_object_get(out, "service_at_locations") == NULL);
    free(text);
    json_decref(out);
    dbk_problems_wipe(&problems);
    dbk_hsds_wipe(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dbk_hsds h;
    dbk_problems problems = { 0 };
    dbk_err err = { 0 };
    dbk_rc rc = dbk_hsds_read(&h, &problems, service_form(), dbk_span_of(data, size), &err);
    DBK_ASSERT(rc == DBK_OK || (err.rc == rc && err.text[0] != '\0'));
    DBK_ASSERT((rc == DBK_INVALID) == (problems.faults > 0));
    DBK_ASSERT(rc == DBK_OK || h.count == 0);
    for (size_t i = 0; i < problems.count; i++)
        DBK_ASSERT(dbk_utf8_valid(dbk_span_str(problems.rows[i].text)));
    for (size_t i = 0; i < h.left_out_count; i++)
        DBK_ASSERT(dbk_utf8_valid(dbk_span_str(h.left_out[i].path)));
    for (size_t i = 0; i < h.count; i++)
        write_and_read(&h.services[i]);
    dbk_problems_wipe(&problems);
    dbk_hsds_wipe(&h);
    return 0;
}
