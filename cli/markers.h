/* cli/markers.h - the markers that stand on a record, as `show` puts them before anything else. */
#ifndef DBK_CLI_MARKERS_H
#define DBK_CLI_MARKERS_H

#include "cli/cli.h"

DBK_MUST_CHECK dbk_rc cli_markers_text(cli *c, const dbk_id *record, dbk_err *err);
/* The caller owns *out, an array. */
DBK_MUST_CHECK dbk_rc cli_markers_json(struct json_t **out, cli *c, const dbk_id *record,
                                       dbk_err *err);

#endif
