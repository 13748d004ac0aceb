/* core/practice/hsds_terms.h - inside hsds_*.c: words that reading and writing share. */
#ifndef DBK_PRACTICE_HSDS_TERMS_H
#define DBK_PRACTICE_HSDS_TERMS_H

#include "core/model/form.h"

/* Taxonomies of terms that carry what HSDS has no field for. */
#define DBK_HSDS_TAXONOMY "daybook:" /* and a field whose codes the terms are */
#define DBK_HSDS_FIELDS "daybook:field"
#define DBK_HSDS_UNKNOWN "not_known"

struct json_t;
/* "52.5": at most 7 digits after the point, and no more than it takes. */
#define DBK_HSDS_DEGREES_SIZE 32u
void dbk_hsds_degrees(char out[DBK_HSDS_DEGREES_SIZE], double degrees);

bool dbk_hsds_is_unknown(const struct json_t *value);
/* Is where the service is confidential, by its fields? As core/practice/place.h says of records. */
bool dbk_hsds_is_hidden(const struct json_t *fields);

/* Of services' own status; the first of a code is what is written. */
typedef struct dbk_hsds_status {
    const char *hsds, *code;
} dbk_hsds_status;
static const dbk_hsds_status dbk_hsds_statuses[] = {
    { "active", "active" },
    { "temporarily closed", "paused" },
    { "defunct", "closed" },
    { "inactive", "closed" }, /* nobody is sent there */
};

/* HSDS's texts that are a field of the form as they stand. */
typedef struct dbk_hsds_text {
    const char *hsds, *field;
} dbk_hsds_text;
static const dbk_hsds_text dbk_hsds_texts[] = {
    { "name", "name" },
    { "description", "description" },
    { "email", "email" },
    { "interpretation_services", "interpretation_services" },
    { "application_process", "referral_route" },
    { "fees_description", "fees_description" },
    { "eligibility_description", "eligibility_description" },
    { "alert", "alert" },
};

/* ONS codes of the areas, as service_areas cite them. */
typedef struct dbk_hsds_area {
    const char *code, *gss;
} dbk_hsds_area;
static const dbk_hsds_area dbk_hsds_areas[] = {
    { "birmingham", "E08000025" },    { "coventry", "E08000026" }, { "dudley", "E08000027" },
    { "sandwell", "E08000028" },      { "solihull", "E08000029" }, { "walsall", "E08000030" },
    { "wolverhampton", "E08000031" },
};
#define DBK_HSDS_AREA_URI "http://statistics.data.gov.uk/id/statistical-geography/"

#endif
