#include "sync/relay/pg_reach.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

#define DEFAULT_PORT "5432"
#define DNS_PORT "53" /* long answers come over TCP */

/* Settings whose value is a file or a folder. */
static const char *const path_keys[] = { "passfile", "sslrootcert", "sslcert",
                                         "sslkey",   "sslcrl",      "sslcrldir" };
/* Where names are looked up, and where libpq looks by itself. */
static const char *const system_paths[] = { DBK_RANDOM_DEVICE, "/etc", "/run/systemd/resolve" };
static const char *const home_paths[] = { ".pgpass", ".postgresql" };

static dbk_rc add_path(dbk_pg_reach *out, const char *folder, const char *name, dbk_err *err)
{
    if (out->paths_count >= DBK_PG_PATHS_MAX)
        return dbk_fail(err, DBK_LIMIT, "the connection string names too many files");
    char *text = out->texts[out->paths_count];
    int len = folder != NULL ? snprintf(text, DBK_PG_PATH_SIZE, "%s/%s", folder, name)
                             : snprintf(text, DBK_PG_PATH_SIZE, "%s", name);
    if (len < 0 || (size_t)len >= DBK_PG_PATH_SIZE)
        return dbk_fail(err, DBK_LIMIT, "a path of the connection string is too long");
    out->paths[out->paths_count++] = text;
    return DBK_OK;
}

static dbk_rc add_port(dbk_pg_reach *out, dbk_span text, dbk_err *err)
{
    uint64_t port;
    if (dbk_u64_parse(&port, text, NULL) != DBK_OK || port < 1 || port > UINT16_MAX)
        return dbk_fail(err, DBK_USAGE, "the connection string names no port");
    if (out->ports_count >= DBK_PG_PORTS_MAX)
        return dbk_fail(err, DBK_LIMIT, "the connection string names too many ports");
    out->ports[out->ports_count++] = (uint16_t)port;
    return DBK_OK;
}

/* "5432", or one for each host: "5432,,5433"; an empty one is the default. */
static dbk_rc add_ports(dbk_pg_reach *out, const char *list, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (const char *at = list; at != NULL && rc == DBK_OK;) {
        const char *comma = strchr(at, ',');
        dbk_span one = comma != NULL ? dbk_span_of(at, (size_t)(comma - at)) : dbk_span_str(at);
        rc = add_port(out, one.len > 0 ? one : dbk_span_str(DEFAULT_PORT), err);
        at = comma != NULL ? comma + 1 : NULL;
    }
    return rc;
}

static const char *value_of(const PQconninfoOption *options, const char *key)
{
    for (const PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++) {
        if (strcmp(o->keyword, key) == 0 && o->val != NULL && o->val[0] != '\0')
            return o->val;
    }
    return NULL;
}

static dbk_rc fill(dbk_pg_reach *out, const PQconninfoOption *given,
                   const PQconninfoOption *defaults, dbk_err *err)
{
    const char *home = getenv("HOME");
    const char *ports = value_of(given, "port");
    dbk_rc rc = add_port(out, dbk_span_str(DNS_PORT), err);
    if (rc == DBK_OK)
        rc = add_ports(out, ports != NULL ? ports : value_of(defaults, "port"), err);
    for (size_t i = 0; i < sizeof(system_paths) / sizeof(system_paths[0]) && rc == DBK_OK; i++)
        rc = add_path(out, NULL, system_paths[i], err);
    for (size_t i = 0; i < sizeof(home_paths) / sizeof(home_paths[0]) && rc == DBK_OK; i++) {
        if (home != NULL && home[0] == '/')
            rc = add_path(out, home, home_paths[i], err);
    }
    for (size_t i = 0; i < sizeof(path_keys) / sizeof(path_keys[0]) && rc == DBK_OK; i++) {
        const char *value = value_of(given, path_keys[i]);
        if (value == NULL)
            value = value_of(defaults, path_keys[i]);
        if (value != NULL && value[0] == '/')
            rc = add_path(out, NULL, value, err);
    }
    return rc;
}

dbk_rc dbk_pg_reach_of(dbk_pg_reach *out, const char *dsn, dbk_err *err)
{
    memset(out, 0, sizeof(*out));
    PQconninfoOption *given = PQconninfoParse(dsn, NULL);
    PQconninfoOption *defaults = PQconndefaults();
    dbk_rc rc = given != NULL && defaults != NULL
                    ? fill(out, given, defaults, err)
                    : dbk_fail(err, DBK_USAGE, "that is no connection string of a database");
    PQconninfoFree(given);
    PQconninfoFree(defaults);
    return rc;
}

void dbk_pg_reach_wants(const dbk_pg_reach *reach, dbk_sandbox_wants *out)
{
    memset(out, 0, sizeof(*out));
    out->reads = reach->paths;
    out->reads_count = reach->paths_count;
    out->connects = true;
    out->ports = reach->ports;
    out->ports_count = reach->ports_count;
}
