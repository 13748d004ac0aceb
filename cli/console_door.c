/* Who is let in to the console's pages. Pure but for the clock and the random source. */
#include <stdio.h>
#include <string.h>

#include "cli/console.h"
#include "core/base/alloc.h"
#include "core/base/env.h"
#include "core/base/text.h"

#define ENTER "/enter/"

static void make_secret(char out[CONSOLE_SECRET_SIZE])
{
    uint8_t bytes[32];
    const dbk_env *env = dbk_env_system();
    env->random(env->self, bytes, sizeof(bytes));
    dbk_hex_print(out, dbk_span_of(bytes, sizeof(bytes)));
    dbk_wipe(bytes, sizeof(bytes));
}

void console_door_init(console_door *door, unsigned port)
{
    memset(door, 0, sizeof(*door));
    (void)snprintf(door->host, sizeof(door->host), "127.0.0.1:%u", port);
    (void)snprintf(door->cookie_name, sizeof(door->cookie_name), "daybook-%u", port);
    console_door_renew(door);
}

void console_door_renew(console_door *door)
{
    make_secret(door->token);
    door->token_ms = dbk_monotonic_ms();
}

void console_door_wipe(console_door *door)
{
    dbk_wipe(door, sizeof(*door));
}

/* Takes as long whatever differs. */
static bool is_secret(const char *given, size_t len, const char secret[CONSOLE_SECRET_SIZE])
{
    return secret[0] != '\0' && len == CONSOLE_SECRET_CHARS &&
           dbk_equal_ct(dbk_span_of(given, len), dbk_span_of(secret, CONSOLE_SECRET_CHARS));
}

/* RFC 6265: "a=1; b=2". Ours is found by its whole name; others on this host may have set more. */
static bool has_session(const console_door *door, const char *cookie)
{
    size_t name = strlen(door->cookie_name);
    for (const char *at = cookie; at != NULL && *at != '\0';) {
        size_t len = strcspn(at, ";");
        if (len > name && memcmp(at, door->cookie_name, name) == 0 && at[name] == '=' &&
            is_secret(at + name + 1, len - name - 1, door->session))
            return true;
        at += len;
        at += strspn(at, "; ");
    }
    return false;
}

/* A page of another site, or a name that was made to point here (DNS rebinding), asks with its own
 * Host or Origin. Browsers send Origin with each POST, and Sec-Fetch-Site with everything. */
static bool is_foreign(const console_door *door, const console_head *h, bool post)
{
    static const char scheme[] = "http://";
    if (h->host == NULL || strcmp(h->host, door->host) != 0)
        return true;
    if (h->origin != NULL && (strncmp(h->origin, scheme, sizeof(scheme) - 1) != 0 ||
                              strcmp(h->origin + sizeof(scheme) - 1, door->host) != 0))
        return true;
    if (h->site != NULL && strcmp(h->site, "same-origin") != 0 && strcmp(h->site, "none") != 0)
        return true;
    return post && h->origin == NULL;
}

static bool enters(console_door *door, const char *given)
{
    bool good = dbk_monotonic_ms() - door->token_ms < CONSOLE_ENTER_MS &&
                is_secret(given, strlen(given), door->token);
    if (!good)
        return false;
    dbk_wipe(door->token, sizeof(door->token));
    make_secret(door->session);
    make_secret(door->key);
    return true;
}

console_verdict console_door_ask(console_door *door, const console_head *h)
{
    bool post = strcmp(h->method, "POST") == 0;
    if (is_foreign(door, h, post))
        return CONSOLE_FOREIGN;
    if (strncmp(h->path, ENTER, sizeof(ENTER) - 1) == 0)
        return enters(door, h->path + sizeof(ENTER) - 1) ? CONSOLE_ENTERED : CONSOLE_NO_TOKEN;
    if (strncmp(h->path, "/api/", 5) != 0)
        return CONSOLE_IN;
    if (!has_session(door, h->cookie))
        return CONSOLE_STRANGER;
    if (post && (h->key == NULL || !is_secret(h->key, strlen(h->key), door->key) ||
                 h->type == NULL || strncmp(h->type, "application/json", 16) != 0))
        return CONSOLE_FOREIGN;
    return CONSOLE_IN;
}
