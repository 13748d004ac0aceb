#include "sync/relay/oplog.h"

#include <stdio.h>
#include <unistd.h>

#include "core/base/env.h"
#include "core/base/text.h"

#define WHY_SIZE 200u

void dbk_oplog(void *ctx, const char *line)
{
    char text[400];
    char when[DBK_TIME_TEXT_SIZE];
    const dbk_env *env = dbk_env_system();
    (void)ctx;
    dbk_time_print(when, (int64_t)env->now_ms(env->self));
    int len = snprintf(text, sizeof(text), "time=%s %s\n", when, line);
    if (len > 0 &&
        write(STDERR_FILENO, text, (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1) < 0)
        return; /* nobody reads the log: no reason to stop */
}

void dbk_oplog_kept(const char *what, const char *why)
{
    char text[WHY_SIZE], line[WHY_SIZE + 64];
    size_t n = 0;
    for (; why[n] != '\0' && n < sizeof(text) - 1; n++) {
        unsigned char c = (unsigned char)why[n];
        text[n] = c < 0x20 || c == '"' || c == '\\' || c >= 0x7f ? '?' : (char)c;
    }
    text[n] = '\0';
    (void)snprintf(line, sizeof(line), "event=reload %s=kept why=\"%s\"", what, text);
    dbk_oplog(NULL, line);
}
