/* The only reader of the terminal, of passphrases and of input files; see cli/cli.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/cli.h"
#include "core/base/alloc.h"

#define NEW_BYTES_MIN 12u
#define INPUT_FILE_BYTES_MAX (256u * 1024u * 1024u)

/* The terminal must get its echo back, whatever ends or stops the prompt. */
static struct termios saved_termios, quiet_termios;
static volatile sig_atomic_t echo_is_off;
static int terminal_fd = -1;

static void restore_echo(int sig)
{
    if (echo_is_off)
        (void)tcsetattr(terminal_fd, TCSAFLUSH, &saved_termios);
    echo_is_off = 0;
    if (sig != 0) {
        (void)signal(sig, SIG_DFL);
        (void)raise(sig);
    }
}

/* Ctrl-Z gives the terminal back to the shell with echo, and a resumed prompt is quiet again. */
static void stop_quietly(int sig)
{
    (void)sig;
    (void)tcsetattr(terminal_fd, TCSAFLUSH, &saved_termios);
    (void)raise(SIGSTOP);
    (void)tcsetattr(terminal_fd, TCSAFLUSH, &quiet_termios);
}

/* Reads up to the first newline or end of file into a secret. */
static dbk_rc read_secret_line(dbk_secret **out, int fd, dbk_err *err)
{
    dbk_secret *line = NULL, *exact = NULL;
    dbk_rc rc = dbk_secret_new(&line, DBK_SECRET_BYTES_MAX, err);
    size_t len = 0;
    bool done = false;
    if (rc != DBK_OK)
        return rc;
    while (!done) {
        ssize_t got = len < DBK_SECRET_BYTES_MAX ? read(fd, dbk_secret_room(line) + len, 1) : 0;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            rc = dbk_fail(err, DBK_IO, "the passphrase could not be read: %s", strerror(errno));
            goto out;
        }
        done = got == 0 || dbk_secret_room(line)[len] == '\n';
        len += done ? 0 : 1;
    }
    while (len > 0 && dbk_secret_room(line)[len - 1] == '\r')
        len--;
    if (len == 0) {
        rc = dbk_fail(err, DBK_USAGE, "the passphrase is empty");
        goto out;
    }
    rc = dbk_secret_from(&exact, dbk_span_of(dbk_secret_room(line), len), err);
    if (rc != DBK_OK)
        goto out;
    *out = exact;
    exact = NULL;
out:
    dbk_secret_free(line);
    dbk_secret_free(exact);
    return rc;
}

static void prompt_on(int fd, const char *text)
{
    (void)!write(fd, text, strlen(text));
}

static dbk_rc ask_hidden(dbk_secret **out, const char *prompt, dbk_err *err)
{
    static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
    terminal_fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (terminal_fd < 0)
        return dbk_fail(err, DBK_USAGE,
                        "no terminal to ask for the passphrase; use --passphrase-file or "
                        "--passphrase-fd");
    if (tcgetattr(terminal_fd, &saved_termios) == 0) {
        quiet_termios = saved_termios;
        quiet_termios.c_lflag &= ~(tcflag_t)ECHO;
        for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
            (void)signal(ending[i], restore_echo);
        (void)signal(SIGTSTP, stop_quietly);
        echo_is_off = 1;
        (void)tcsetattr(terminal_fd, TCSAFLUSH, &quiet_termios);
    }
    prompt_on(terminal_fd, prompt);
    dbk_rc rc = read_secret_line(out, terminal_fd, err);
    restore_echo(0);
    for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
        (void)signal(ending[i], SIG_DFL);
    (void)signal(SIGTSTP, SIG_DFL);
    prompt_on(terminal_fd, "\n");
    (void)close(terminal_fd);
    terminal_fd = -1;
    return rc;
}

static dbk_rc check_new(const dbk_secret *passphrase, dbk_err *err)
{
    if (dbk_secret_len(passphrase) >= NEW_BYTES_MIN)
        return DBK_OK;
    return dbk_fail(err, DBK_INVALID,
                    "a new passphrase has at least %u characters; six or more words are best",
                    NEW_BYTES_MIN);
}

static dbk_rc ask_new(dbk_secret **out, dbk_err *err)
{
    dbk_secret *first = NULL, *again = NULL;
    dbk_rc rc = ask_hidden(&first, "New passphrase (six or more words are best): ", err);
    if (rc != DBK_OK)
        goto out;
    rc = check_new(first, err);
    if (rc != DBK_OK)
        goto out;
    rc = ask_hidden(&again, "The same again: ", err);
    if (rc != DBK_OK)
        goto out;
    if (!dbk_span_equal(dbk_secret_bytes(first), dbk_secret_bytes(again))) {
        rc = dbk_fail(err, DBK_USAGE, "the two passphrases differ; nothing was changed");
        goto out;
    }
    *out = first;
    first = NULL;
out:
    dbk_secret_free(first);
    dbk_secret_free(again);
    return rc;
}

static dbk_rc read_from_file(dbk_secret **out, const char *path, dbk_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return dbk_fail(err, DBK_USAGE, "the passphrase file can't be opened: %s", strerror(errno));
    dbk_rc rc = read_secret_line(out, fd, err);
    (void)close(fd);
    return rc;
}

dbk_rc cli_ask_passphrase(dbk_secret **out, const cli *c, cli_ask_kind kind, dbk_err *err)
{
    dbk_rc rc;
    *out = NULL;
    if (c->passphrase_fd >= 0)
        rc = read_secret_line(out, c->passphrase_fd, err);
    else if (c->passphrase_file != NULL)
        rc = read_from_file(out, c->passphrase_file, err);
    else if (kind == CLI_ASK_NEW_PASSPHRASE)
        return ask_new(out, err);
    else
        return ask_hidden(out, "Passphrase: ", err);
    if (rc == DBK_OK && kind == CLI_ASK_NEW_PASSPHRASE)
        rc = check_new(*out, err);
    if (rc != DBK_OK) {
        dbk_secret_free(*out);
        *out = NULL;
    }
    return rc;
}

dbk_rc cli_read_file(dbk_bytes *out, const char *path, dbk_err *err)
{
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    dbk_rc rc = DBK_OK;
    if (fd < 0)
        return dbk_fail(err, DBK_NOT_FOUND, "%.120s can't be opened: %s", path, strerror(errno));
    dbk_bytes_init(out, INPUT_FILE_BYTES_MAX);
    for (;;) {
        uint8_t chunk[16384];
        ssize_t got = read(fd, chunk, sizeof(chunk));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            rc = dbk_fail(err, DBK_IO, "%.120s can't be read: %s", path, strerror(errno));
        if (got > 0)
            rc = dbk_bytes_append(out, dbk_span_of(chunk, (size_t)got), err);
        dbk_wipe(chunk, sizeof(chunk));
        if (got <= 0 || rc != DBK_OK)
            break;
    }
    if (!standard)
        (void)close(fd);
    if (rc != DBK_OK)
        dbk_bytes_wipe(out);
    return rc;
}
