#include "cli/markers.h"

#include <jansson.h>

#include "cli/out.h"

static dbk_rc print_marker(void *ctx, const dbk_marker *m, dbk_err *err)
{
    (void)ctx;
    (void)err;
    if (m->restricted)
        out_text("RESTRICTED MARKER: ask %s\n", out_safe(dbk_span_str(m->ask)));
    else
        out_text("MARKER: %s. %s\n", out_safe(dbk_span_str(m->label)),
                 out_safe(dbk_span_str(m->reason)));
    return DBK_OK;
}

static int64_t now_ms(void)
{
    return (int64_t)dbk_env_system()->now_ms(NULL);
}

dbk_rc cli_markers_text(cli *c, const dbk_id *record, dbk_err *err)
{
    return dbk_markers_of(c->book, record, now_ms(), print_marker, NULL, err);
}

static dbk_rc add_marker(void *ctx, const dbk_marker *m, dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE];
    json_t *one;
    dbk_id_uuid(uuid, &m->record);
    if (m->restricted)
        one = json_pack("{s:s, s:b, s:s}", "id", uuid, "restricted", 1, "ask", m->ask);
    else
        one = json_pack("{s:s, s:b, s:s, s:s}", "id", uuid, "restricted", 0, "kind", m->kind,
                        "reason", m->reason);
    if (one == NULL || json_array_append_new(ctx, one) != 0)
        return dbk_fail(err, DBK_NOMEM, "no memory for the markers");
    return DBK_OK;
}

dbk_rc cli_markers_json(json_t **out, cli *c, const dbk_id *record, dbk_err *err)
{
    *out = json_array();
    if (*out == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the markers");
    dbk_rc rc = dbk_markers_of(c->book, record, now_ms(), add_marker, *out, err);
    if (rc != DBK_OK) {
        json_decref(*out);
        *out = NULL;
    }
    return rc;
}
