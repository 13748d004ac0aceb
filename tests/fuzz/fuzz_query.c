/* A call's query is refused with nothing given, or each number in it stands there once. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/relay/relay_calls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Does "name=value" stand in the query? */
static bool says(dbk_span query, const dbk_query_field *field)
{
    char text[64];
    int len = snprintf(text, sizeof(text), "%s=%llu", field->name,
                       (unsigned long long)field->value);
    for (size_t at = 0; len > 0 && at + (size_t)len <= query.len; at++)
        if (memcmp(query.p + at, text, (size_t)len) == 0)
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dbk_query_field fields[] = { { .name = "from" }, { .name = "count" }, { .name = "bytes" } };
    dbk_span query = { data, size };
    const size_t count = sizeof(fields) / sizeof(fields[0]);
    if (dbk_query_parse(fields, count, query, NULL) != DBK_OK)
        return 0;
    for (size_t i = 0; i < count; i++)
        if (fields[i].given && !says(query, &fields[i]))
            abort();
    return 0;
}
