/* One command of a page: a child of the console, which has none of its secrets to give away. It
 * never becomes another program, so no word of a note stands in an argument list that other users
 * may read; its memory goes when it ends. */
#define _GNU_SOURCE /* memfd_create, pipe2, close_range */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/console.h"
#include "cli/looks.h"
#include "core/base/alloc.h"
#include "core/base/text.h"

#define PASSPHRASE_BYTES_MAX 1024u /* fits a pipe */
#define ERROR_BEGINS "{\"error\":"
/* Exit statuses of the child beyond the table of DBK_RC_TABLE. */
enum { CHILD_MALFORMED = 100, CHILD_NOT_HERE, CHILD_BROKEN };

/* What pages may run. Left out is what names files of this machine, prints a secret, ends the
 * store, or would wait for a terminal. */
static const char *const commands[] = {
    "whoami",
    "scratch keep",
    "scratch list",
    "scratch drop",
    "forms",
    "form show",
    "add",
    "edit",
    "sign",
    "addendum",
    "withdraw",
    "today",
    "show",
    "list",
    "search",
    "history",
    "audit",
    "report dmm",
    "report months",
    "report trends",
    "report indicators",
    "report children",
    "report referrals",
    "report outcome",
    "report fairness",
    "report clocks",
    "report priorities",
    "report schedule",
    "schedule number",
    "liaison show",
    "liaison answer",
    "liaison approve",
    "liaison families",
    "liaison officers",
    "journey",
    "referral suggest",
    "referral due",
    "directory find",
    "directory stale",
    "directory gaps",
    "directory correct",
    "sync",
    "status",
    "desk",
    "conflicts",
    "resolve",
    "retention due",
    "retention show",
    "retention review",
    "retention orders",
    "retention dispose",
    "persons duplicates",
    "persons link",
    "persons unlink",
    "persons cases",
    "persons held",
    "quarantine list",
    "quarantine show",
    "quarantine admit",
    "quarantine refuse",
    "org log",
    "org proposals",
    "org agree",
    "org decline",
    "space list",
    "space grant",
    "space remove",
    "device list",
    "device lost",
    "device revoke",
    "evidence list",
    "evidence settle",
    "verify",
};
/* Of an option's value in help: these are paths. */
static const char *const paths[] = { "FILE", "DIR", "FOLDER", "PATH" };

static bool names_path(const cli_option *o)
{
    for (size_t i = 0; o->value != NULL && i < sizeof(paths) / sizeof(paths[0]); i++)
        if (strcmp(o->value, paths[i]) == 0)
            return true;
    return strcmp(o->name, "--watch") == 0 || strcmp(o->name, "--ask") == 0;
}

static bool is_option(const cli_option *o, const char *arg)
{
    size_t len = strlen(o->name);
    return strncmp(arg, o->name, len) == 0 && (arg[len] == '\0' || arg[len] == '=');
}

/* argv[0] is the program. Global options have no place in it. */
static bool is_for_pages(size_t argc, char *const *argv)
{
    size_t words, i = 0;
    const cli_command *command = cli_command_find(&words, argc - 1, argv + 1);
    if (command == NULL)
        return false;
    while (i < sizeof(commands) / sizeof(commands[0]) && strcmp(commands[i], command->name) != 0)
        i++;
    if (i == sizeof(commands) / sizeof(commands[0]))
        return false;
    for (size_t k = 1 + words; k < argc && strcmp(argv[k], "--") != 0; k++)
        for (const cli_option *o = command->options; o != NULL && o->name != NULL; o++)
            if (names_path(o) && is_option(o, argv[k]))
                return false;
    return true;
}

/* ---- in the child ------------------------------------------------------------------------- */

static bool put(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        text += n;
        len -= (size_t)n;
    }
    return true;
}

/* Lines of JSON into one document: {"lines":[...],"error":null or what failed}. Its last line says
 * what failed, if it begins so. */
static bool put_lines(int fd, const char *text, size_t len)
{
    static const char begins[] = ERROR_BEGINS;
    const char *end = text + len, *error = NULL, *comma = "";
    size_t error_len = 0;
    bool good = put(fd, "{\"lines\":[", 10);
    while (good && text < end) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        size_t line = stop == NULL ? (size_t)(end - text) : (size_t)(stop - text);
        if (text + line + 1 >= end && line > sizeof(begins) &&
            memcmp(text, begins, sizeof(begins) - 1) == 0) {
            error = text + sizeof(begins) - 1;
            error_len = line - sizeof(begins); /* without the object's own brace */
        } else if (line > 0) {
            good = put(fd, comma, strlen(comma)) && put(fd, text, line);
            comma = ",";
        }
        text += line + 1;
    }
    return good && put(fd, "],\"error\":", 10) &&
           (error == NULL ? put(fd, "null", 4) : put(fd, error, error_len)) && put(fd, "}\n", 2);
}

/* columns: of a list, or NULL. */
static bool put_answer(int fd, const char *text, size_t len, console_call call,
                       const json_t *columns)
{
    dbk_bytes table = DBK_BYTES_INIT(CONSOLE_ANSWER_BYTES_MAX);
    if (call != CONSOLE_CSV)
        return put_lines(fd, text, len);
    if (columns == NULL)
        return put(fd, text, len);
    bool good = console_csv_of(&table, dbk_span_of(text, len), columns, NULL) == DBK_OK &&
                put(fd, (const char *)table.p, table.len);
    dbk_bytes_wipe(&table);
    return good;
}

/* What the command printed is in `printed`, a file in memory. */
static bool give(int answer, int printed, console_call call, const json_t *columns)
{
    struct stat st;
    if (fstat(printed, &st) != 0 || st.st_size < 0 ||
        (uint64_t)st.st_size > CONSOLE_ANSWER_BYTES_MAX)
        return false;
    size_t len = (size_t)st.st_size;
    if (len == 0)
        return put_answer(answer, "", 0, call, columns);
    char *text = mmap(NULL, len, PROT_READ, MAP_PRIVATE, printed, 0);
    if (text == MAP_FAILED)
        return false;
    bool good = put_answer(answer, text, len, call, columns);
    (void)munmap(text, len);
    return good;
}

/* Of a list that is wanted as a table; NULL: none are asked for, or none that can be. */
static const json_t *columns_of(const json_t *body, console_call call)
{
    const json_t *columns = json_object_get(body, "columns");
    return call == CONSOLE_CSV && console_csv_asks(columns) ? columns : NULL;
}

/* The arguments point into the JSON value, which lives until the child ends. */
static int read_argv(char **argv, size_t *argc, const json_t *body, console_call call,
                     const console_begun *begun)
{
    const json_t *given = json_object_get(body, "argv"), *arg;
    bool table = columns_of(body, call) != NULL;
    size_t i;
    size_t n = *argc;
    argv[n++] = (char *)(uintptr_t) "daybook";
    if (json_object_size(body) != 1u + table || json_array_size(given) == 0 ||
        json_array_size(given) > CONSOLE_ARGS_MAX)
        return CHILD_MALFORMED;
    json_array_foreach(given, i, arg)
    {
        if (!json_is_string(arg) || strlen(json_string_value(arg)) != json_string_length(arg))
            return CHILD_MALFORMED;
        argv[n++] = (char *)(uintptr_t)json_string_value(arg);
    }
    if (!is_for_pages(n, argv))
        return CHILD_NOT_HERE;
    /* Ours stand in front, where no "--" of the page's can make a value of them. */
    bool json = call == CONSOLE_RUN || table;
    size_t ours = json ? 3 : 2;
    memmove(argv + 1 + ours, argv + 1, (n - 1) * sizeof(argv[0]));
    argv[1] = (char *)(uintptr_t) "--store";
    argv[2] = (char *)(uintptr_t)begun->store;
    if (json)
        argv[3] = (char *)(uintptr_t) "--json";
    *argc = n + ours;
    argv[*argc] = NULL;
    return 0;
}

static int read_passphrase(char **argv, size_t *argc, const json_t *body,
                           const console_begun *begun)
{
    static char number[16];
    const char *text = json_string_value(json_object_get(body, "passphrase"));
    size_t len = text == NULL ? 0 : strlen(text), n = 0;
    int ends[2];
    if (json_object_size(body) != 1 || len == 0 || len > PASSPHRASE_BYTES_MAX ||
        strchr(text, '\n') != NULL)
        return CHILD_MALFORMED;
    if (pipe2(ends, O_CLOEXEC) != 0 || !put(ends[1], text, len) || !put(ends[1], "\n", 1))
        return CHILD_BROKEN;
    (void)close(ends[1]);
    (void)snprintf(number, sizeof(number), "%d", ends[0]);
    const char *all[] = { "daybook",         "--store", begun->store, "--json",
                          "--passphrase-fd", number,    "unlock",     NULL };
    for (; all[n] != NULL; n++)
        argv[n] = (char *)(uintptr_t)all[n];
    if (begun->idle != NULL) {
        argv[n++] = (char *)(uintptr_t) "--idle";
        argv[n++] = (char *)(uintptr_t)begun->idle;
    }
    if (begun->lasting != NULL) {
        argv[n++] = (char *)(uintptr_t) "--for";
        argv[n++] = (char *)(uintptr_t)begun->lasting;
    }
    argv[n] = NULL;
    *argc = n;
    return 0;
}

/* Nothing of the console's own: not its connections, not its signals, no terminal to ask on. */
static bool settle(int *printed)
{
    sigset_t none;
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    *printed = memfd_create("daybook", MFD_CLOEXEC);
    (void)sigemptyset(&none);
    return nothing > STDERR_FILENO && *printed > STDERR_FILENO &&
           sigprocmask(SIG_SETMASK, &none, NULL) == 0 && setsid() >= 0 &&
           dup2(nothing, STDIN_FILENO) >= 0 && dup2(*printed, STDOUT_FILENO) >= 0 &&
           dup2(nothing, STDERR_FILENO) >= 0;
}

static int in_child(int answer, int done, console_call call, dbk_span body,
                    const console_begun *begun)
{
    static char *argv[CONSOLE_ARGS_MAX + 8];
    size_t argc = 0;
    int printed = -1;
    if (!settle(&printed))
        return CHILD_BROKEN;
    /* All but the three, the two files, and the end that tells the console that this is over. */
    for (int fd = STDERR_FILENO + 1; fd < 1024; fd++)
        if (fd != answer && fd != printed && fd != done)
            (void)close(fd);
    json_t *read = json_loadb((const char *)body.p, body.len, JSON_REJECT_DUPLICATES, NULL);
    int status = call == CONSOLE_UNLOCK ? read_passphrase(argv, &argc, read, begun)
                                        : read_argv(argv, &argc, read, call, begun);
    if (status != 0)
        return status;
    if (call == CONSOLE_CSV)
        cli_looks_save();
    status = cli_program(argc, argv);
    if (!give(answer, printed, call, status == 0 ? columns_of(read, call) : NULL))
        return CHILD_BROKEN;
    return call == CONSOLE_CSV ? status : 0;
}

/* ---- in the console ----------------------------------------------------------------------- */

dbk_rc console_child_start(console_child *child, console_call call, dbk_span body,
                           const console_begun *begun, dbk_err *err)
{
    int ends[2] = { -1, -1 };
    int answer = memfd_create("daybook-answer", MFD_CLOEXEC);
    DBK_ASSERT(child->pid == 0);
    if (answer >= 0 && pipe2(ends, O_CLOEXEC) == 0)
        child->pid = fork();
    if (child->pid == 0 && ends[0] >= 0) {
        int status = in_child(answer, ends[1], call, body, begun);
        _exit(status);
    }
    if (ends[1] >= 0)
        (void)close(ends[1]);
    if (ends[0] < 0 || child->pid < 0) {
        child->pid = 0;
        if (ends[0] >= 0)
            (void)close(ends[0]);
        if (answer >= 0)
            (void)close(answer);
        return dbk_fail(err, DBK_IO, "the command can't be begun: %s", strerror(errno));
    }
    child->done = ends[0];
    child->answer = answer;
    child->started_ms = dbk_monotonic_ms();
    return DBK_OK;
}

unsigned console_child_end(console_child *child, int *answer)
{
    int status = 0;
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    (void)close(child->done);
    *answer = child->answer;
    *child = (console_child){ 0 };
    if (!WIFEXITED(status))
        return 500;
    return WEXITSTATUS(status) == 0                 ? 200
           : WEXITSTATUS(status) == CHILD_MALFORMED ? 400
           : WEXITSTATUS(status) == CHILD_NOT_HERE  ? 403
           : WEXITSTATUS(status) == CHILD_BROKEN    ? 500
                                                    : 422;
}

void console_child_kill(const console_child *child)
{
    if (child->pid > 0)
        (void)kill(child->pid, SIGKILL);
}
