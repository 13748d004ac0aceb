/* core/practice/map.h - the directory for maps and spreadsheets: GeoJSON (RFC 7946) and CSV
 * (RFC 4180). One way only: both lose what HSDS keeps (core/practice/hsds.h).
 * Knows:  a service's fields as JSON, whether its check is overdue.
 * Never:  a place that is confidential (core/practice/place.h), recipients' keys, writing files. */
#ifndef DBK_PRACTICE_MAP_H
#define DBK_PRACTICE_MAP_H

#include "core/practice/directory.h"

struct json_t; /* Jansson */

#define DBK_MAP_CSV_BYTES_MAX (64u << 20)

/* A Feature; geometry is null where a service has no place that may be told. The caller's. */
DBK_MUST_CHECK dbk_rc dbk_map_feature(struct json_t **out, const dbk_directory_hit *hit,
                                      const struct json_t *fields, dbk_err *err);
/* Takes the array of features. */
struct json_t *dbk_map_collection_take(struct json_t *features);

/* Rows end with CRLF. A cell that a spreadsheet would compute is led by an apostrophe. */
DBK_MUST_CHECK dbk_rc dbk_map_csv_head(dbk_bytes *out, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_map_csv_row(dbk_bytes *out, const dbk_directory_hit *hit,
                                      const struct json_t *fields, dbk_err *err);

#endif
