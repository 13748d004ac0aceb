#define _GNU_SOURCE
#include "tests/lib/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/journal/book_internal.h"
#include "tests/faults/programs.h"

#define KEY_BYTES 32u

static dbk_secret *read_passphrase(const char *path)
{
    char text[256] = { 0 };
    dbk_secret *out = NULL;
    FILE *in = fopen(path, "re");
    DBK_ASSERT(in != NULL);
    DBK_ASSERT(fgets(text, sizeof(text), in) != NULL);
    (void)fclose(in);
    text[strcspn(text, "\n")] = '\0';
    DBK_ASSERT(dbk_secret_from(&out, dbk_span_str(text), NULL) == DBK_OK);
    return out;
}

dbk_secret *held_key(const char *dir, const char *passphrase_file, const char *anchors)
{
    dbk_err err = { 0 };
    dbk_book *book = NULL;
    dbk_secret *key = NULL;
    const dbk_book_opts opts = { .anchors = anchors };
    dbk_secret *passphrase = read_passphrase(passphrase_file);
    if (dbk_book_open(&book, dir, passphrase, &opts, &err) != DBK_OK)
        printf("%s doesn't open: %s\n", dir, err.text);
    else
        DBK_ASSERT(dbk_secret_from(&key, dbk_secret_bytes(dbk_book_store_key(book)), NULL) ==
                   DBK_OK);
    dbk_book_close(book);
    dbk_secret_free(passphrase);
    return key;
}

/* ---- looking ------------------------------------------------------------------------------- */

static dbk_rc take_space(void *ctx, const dbk_verified *v, dbk_err *err)
{
    held *h = ctx;
    (void)err;
    h->ops += v->ops;
    h->records += v->records;
    return DBK_OK;
}

static dbk_rc take_fault(void *ctx, const char *sentence, dbk_err *err)
{
    held *h = ctx;
    (void)err;
    (void)snprintf(h->why, sizeof(h->why), "it doesn't verify: %.150s", sentence);
    return DBK_OK;
}

static void look(held *h, const char *dir, const dbk_secret *key, const char *anchors,
                 const char *id)
{
    dbk_err err = { 0 };
    dbk_book *book = NULL;
    dbk_id record;
    const dbk_book_opts opts = { .anchors = anchors };
    const dbk_verify_sink sink = { .space = take_space, .fault = take_fault, .ctx = h };
    dbk_rc rc = dbk_book_open_with_key(&book, dir, key, &opts, &err);
    if (rc != DBK_OK) {
        (void)snprintf(h->why, sizeof(h->why), "it doesn't open: %.150s", err.text);
        return;
    }
    if (dbk_book_check_deep(book, &err) != DBK_OK)
        (void)snprintf(h->why, sizeof(h->why), "it isn't sound: %.150s", err.text);
    else if (dbk_verify_book(book, &sink, &err) != DBK_OK && h->why[0] == '\0')
        (void)snprintf(h->why, sizeof(h->why), "it doesn't verify: %.150s", err.text);
    if (id != NULL)
        h->known = dbk_query_resolve_id(&record, book, id, NULL) == DBK_OK;
    dbk_book_close(book);
}

void held_look(held *out, const char *dir, const dbk_secret *key, const char *anchors,
               const char *id)
{
    static held *shared;
    char path[512];
    int status = 0;
    if (shared == NULL) {
        shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                      0);
        DBK_ASSERT(shared != MAP_FAILED);
    }
    memset(shared, 0, sizeof(*shared));
    (void)snprintf(path, sizeof(path), "%s/keys.slots", dir);
    shared->there = access(path, F_OK) == 0;
    (void)fflush(NULL);
    pid_t pid = fork();
    DBK_ASSERT(pid >= 0);
    if (pid == 0) {
        (void)alarm(60);
        look(shared, dir, key, anchors, id);
        _exit(0);
    }
    DBK_ASSERT(waitpid(pid, &status, 0) == pid);
    *out = *shared;
    if (status != 0 && out->why[0] == '\0')
        (void)snprintf(out->why, sizeof(out->why), "looking at it ended with status %#x",
                       (unsigned)status);
}

/* ---- an agent ------------------------------------------------------------------------------ */

static void serve(int listener, const dbk_secret *key)
{
    uint8_t answer[8 + KEY_BYTES] = { 'D', 'B', 'K', 'A', 1 };
    memcpy(answer + 8, dbk_secret_bytes(key).p, KEY_BYTES);
    for (;;) {
        uint8_t request[8];
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            continue;
        if (recv(fd, request, sizeof(request), MSG_WAITALL) == (ssize_t)sizeof(request))
            (void)send(fd, answer, sizeof(answer), MSG_NOSIGNAL);
        (void)close(fd);
    }
}

pid_t agent_begin(const char *dir, const dbk_secret *key)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct stat st;
    char folder[300];
    DBK_ASSERT(getenv("XDG_RUNTIME_DIR") != NULL);
    DBK_ASSERT(stat(dir, &st) == 0);
    (void)snprintf(folder, sizeof(folder), "%s/daybook", getenv("XDG_RUNTIME_DIR"));
    (void)mkdir(folder, 0700);
    int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/agent-%llx-%llx",
                   at, (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
    (void)unlink(address.sun_path);
    DBK_ASSERT(at >= 0 && listener >= 0);
    DBK_ASSERT(bind(listener, (const struct sockaddr *)&address, sizeof(address)) == 0);
    DBK_ASSERT(listen(listener, 16) == 0);
    (void)fflush(NULL);
    pid_t pid = fork();
    DBK_ASSERT(pid >= 0);
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve(listener, key);
    }
    (void)close(listener);
    (void)close(at);
    return pid;
}

void agent_end(pid_t agent)
{
    int status;
    if (agent <= 0)
        return;
    (void)kill(agent, SIGKILL);
    (void)waitpid(agent, &status, 0);
}
