#include "cli/typed.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define END_OF_TEXT 3         /* Ctrl-C, which is a key here: what was counted is saved */
#define END_OF_TRANSMISSION 4 /* Ctrl-D */

static struct termios saved;
static volatile sig_atomic_t keys_are_on;

static void put_back(int sig)
{
    if (keys_are_on)
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved);
    keys_are_on = 0;
    if (sig != 0) {
        (void)signal(sig, SIG_DFL);
        (void)raise(sig);
    }
}

bool cli_typed_keys(void)
{
    struct termios keys;
    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &saved) != 0)
        return false;
    keys = saved;
    keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
    keys.c_cc[VMIN] = 1;
    keys.c_cc[VTIME] = 0;
    (void)signal(SIGTERM, put_back);
    (void)signal(SIGHUP, put_back);
    keys_are_on = 1;
    (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &keys);
    return true;
}

void cli_typed_end(void)
{
    put_back(0);
    (void)signal(SIGTERM, SIG_DFL);
    (void)signal(SIGHUP, SIG_DFL);
}

/* A byte at a time: what follows a line may be meant for whoever reads next. */
static dbk_rc next_byte(bool *more, char *byte, dbk_err *err)
{
    for (;;) {
        ssize_t got = read(STDIN_FILENO, byte, 1);
        *more = got == 1;
        if (got >= 0)
            return DBK_OK;
        if (errno != EINTR)
            return dbk_fail(err, DBK_IO, "what is typed can't be read: %s", strerror(errno));
    }
}

dbk_rc cli_typed_key(bool *more, char *key, dbk_err *err)
{
    dbk_rc rc = next_byte(more, key, err);
    if (keys_are_on && (*key == END_OF_TEXT || *key == END_OF_TRANSMISSION))
        *more = false;
    return rc;
}

/* Up to one of the bytes in ends; *more is false when there was nothing at all. */
static dbk_rc until(bool *more, dbk_bytes *out, const char *ends, dbk_err *err)
{
    dbk_rc rc;
    char byte = 0;
    size_t taken = 0;
    for (;;) {
        bool got;
        rc = next_byte(&got, &byte, err);
        if (rc != DBK_OK || !got || strchr(ends, byte) != NULL) {
            *more = rc == DBK_OK && (got || taken > 0);
            return rc;
        }
        rc = dbk_bytes_append_u8(out, (uint8_t)byte, err);
        if (rc != DBK_OK)
            return rc;
        taken++;
    }
}

dbk_rc cli_typed_word(bool *more, dbk_bytes *out, dbk_err *err)
{
    dbk_rc rc;
    dbk_bytes_truncate(out, 0);
    do {
        rc = until(more, out, " \t\r\n", err);
    } while (rc == DBK_OK && *more && out->len == 0);
    return rc;
}

dbk_rc cli_typed_line(bool *more, dbk_bytes *out, dbk_err *err)
{
    dbk_bytes_truncate(out, 0);
    dbk_rc rc = until(more, out, "\n", err);
    if (rc == DBK_OK && out->len > 0 && out->p[out->len - 1] == '\r')
        dbk_bytes_truncate(out, out->len - 1);
    return rc;
}
