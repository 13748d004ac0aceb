#include "sync/relay/confine.h"

#include <stdio.h>
#include <string.h>

#include "sync/relay/oplog.h"

#define LINE_SIZE 200u
#define WALL_SIZE 40u

/* The sanitizers' own work needs calls that ours doesn't. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

static const char *const words[] = {
    [DBK_CONFINE_ON] = "on", [DBK_CONFINE_REQUIRE] = "require", [DBK_CONFINE_OFF] = "off"
};

const char *dbk_confine_word(dbk_confine_mode mode)
{
    return words[mode];
}

dbk_rc dbk_confine_parse(dbk_confine_mode *out, const char *word, dbk_err *err)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(word, words[i]) == 0) {
            *out = (dbk_confine_mode)i;
            return DBK_OK;
        }
    }
    return dbk_fail(err, DBK_USAGE, "a sandbox is on, require or off");
}

static void print_wall(char out[WALL_SIZE], const char *stands, const char *why)
{
    if (why == NULL)
        (void)snprintf(out, WALL_SIZE, "%s", stands);
    else
        (void)snprintf(out, WALL_SIZE, "none reason=%s", why);
}

static void say(const char *process, const dbk_sandbox_report *r)
{
    char line[LINE_SIZE];
    char version[16], landlock[WALL_SIZE], seccomp[WALL_SIZE];
    (void)snprintf(version, sizeof(version), "%u", r->landlock);
    print_wall(landlock, version, r->landlock_why);
    print_wall(seccomp, "on", r->seccomp_why);
    (void)snprintf(line, sizeof(line), "event=sandbox process=%s landlock=%s seccomp=%s", process,
                   landlock, seccomp);
    dbk_oplog(NULL, line);
}

dbk_rc dbk_confine(unsigned *walls, const dbk_confine_opts *opts, dbk_err *err)
{
    const char *why = opts->mode == DBK_CONFINE_OFF ? "told-to" : "sanitizer";
    dbk_sandbox_report report = { .landlock_why = why, .seccomp_why = why };
    dbk_rc rc = DBK_OK;
    *walls = 0;
    if (opts->mode != DBK_CONFINE_OFF && !SANITIZED)
        rc = dbk_sandbox_enter(opts->wants, &report, err);
    if (rc != DBK_OK)
        return rc;
    say(opts->process, &report);
    *walls = (report.landlock > 0 ? 1u : 0u) + (report.seccomp ? 1u : 0u);
    if (opts->mode == DBK_CONFINE_REQUIRE && *walls < DBK_CONFINE_WALLS)
        return dbk_fail(err, DBK_DENIED, "this kernel has not all that --sandbox require asks for");
    return DBK_OK;
}
