/* residue SECRETS REPORT PROGRAM ARGUMENT...: runs the program, and searches its writable memory,
 * freed or not, for secrets: while it writes and gives memory back, and at its very end, when all
 * that it wipes is wiped (A08). SECRETS has a line "NAME HEX" for each. REPORT gets "NAME SEEN
 * LEFT": copies at most at once before the end, and at the end. A secret counts as it is, in
 * UTF-16, in hex of either case and in base64. The exit status is the program's; 125: no search.
 *
 * It traces its own child, which needs no privilege. The child's memory is opened while it still
 * is what exec made of it: afterwards the child forbids that to everybody (A09). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECRETS_MAX 32u
#define SECRET_BYTES_MAX 128u
#define SECRET_BYTES_MIN 8u /* shorter ones occur by chance */
#define FORMS 7u            /* plain, UTF-16, hex twice, base64 at three offsets */
#define FORM_BYTES_MAX (2u * SECRET_BYTES_MAX)
#define PART_BYTES (1u << 20)
#define AREA_BYTES_MAX (1ull << 30)
#define NO_SEARCH 125

typedef struct form {
    uint8_t bytes[FORM_BYTES_MAX];
    size_t len;
    size_t secret;
} form;

typedef struct secret {
    char name[32];
    size_t now, seen, left;
} secret;

static secret secrets[SECRETS_MAX];
static size_t secrets_count;
static form forms[SECRETS_MAX * FORMS];
static size_t forms_count;
static bool begins[1u << 16]; /* some form begins with these two bytes */

static int complain(const char *what)
{
    (void)fprintf(stderr, "residue: %s: %s\n", what, strerror(errno));
    return NO_SEARCH;
}

static form *next_form(void)
{
    form *f = &forms[forms_count++];
    f->secret = secrets_count;
    f->len = 0;
    return f;
}

static void add_spread(const uint8_t *in, size_t len)
{
    form *f = next_form();
    for (size_t i = 0; i < len; i++) {
        f->bytes[f->len++] = in[i];
        f->bytes[f->len++] = 0;
    }
}

static void add_hex(const uint8_t *in, size_t len, const char *digits)
{
    form *f = next_form();
    for (size_t i = 0; i < len; i++) {
        f->bytes[f->len++] = (uint8_t)digits[in[i] >> 4];
        f->bytes[f->len++] = (uint8_t)digits[in[i] & 15];
    }
}

/* The characters that depend on the secret alone, where it begins `shift` bytes into a triple. */
static void add_base64(const uint8_t *in, size_t len, size_t shift)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    form *f = next_form();
    for (size_t bit = (6 - shift * 8 % 6) % 6; bit + 6 <= len * 8; bit += 6) {
        unsigned two = (unsigned)in[bit / 8] << 8;
        two |= bit / 8 + 1 < len ? in[bit / 8 + 1] : 0u;
        f->bytes[f->len++] = (uint8_t)digits[two >> (10 - bit % 8) & 63u];
    }
}

static void add_secret(const char *name, const uint8_t *in, size_t len)
{
    form *f = next_form();
    memcpy(f->bytes, in, len);
    f->len = len;
    add_spread(in, len);
    add_hex(in, len, "0123456789abcdef");
    add_hex(in, len, "0123456789ABCDEF");
    for (size_t shift = 0; shift < 3; shift++)
        add_base64(in, len, shift);
    (void)snprintf(secrets[secrets_count++].name, sizeof(secrets[0].name), "%s", name);
}

static int read_secrets(const char *path)
{
    char name[32], hex[2 * SECRET_BYTES_MAX + 1];
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return complain(path);
    while (secrets_count < SECRETS_MAX && fscanf(file, "%31s %256s", name, hex) == 2) {
        uint8_t bytes[SECRET_BYTES_MAX];
        size_t len = strlen(hex) / 2;
        for (size_t i = 0; i < len; i++) {
            const char two[3] = { hex[2 * i], hex[2 * i + 1], 0 };
            bytes[i] = (uint8_t)strtoul(two, NULL, 16);
        }
        if (len < SECRET_BYTES_MIN)
            return complain("a secret is too short to be searched for");
        add_secret(name, bytes, len);
    }
    (void)fclose(file);
    for (size_t i = 0; i < forms_count; i++)
        begins[forms[i].bytes[0] << 8 | forms[i].bytes[1]] = true;
    return secrets_count > 0 ? 0 : complain("no secrets");
}

static void count_at(const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < forms_count; i++)
        if (forms[i].len <= len && memcmp(p, forms[i].bytes, forms[i].len) == 0)
            secrets[forms[i].secret].now++;
}

/* Parts overlap by what a form can be long; what begins in the overlap counts in the next one. */
static void search_area(int mem, uint64_t from, uint64_t to)
{
    static uint8_t part[PART_BYTES + FORM_BYTES_MAX];
    for (uint64_t at = from; at < to; at += PART_BYTES) {
        size_t want = to - at < sizeof(part) ? (size_t)(to - at) : sizeof(part);
        ssize_t got = pread(mem, part, want, (off_t)at);
        for (size_t i = 0; got > 1 && i < PART_BYTES && i + 1 < (size_t)got; i++)
            if (begins[part[i] << 8 | part[i + 1]])
                count_at(part + i, (size_t)got - i);
    }
}

static void search(int mem, FILE *maps, bool at_the_end)
{
    char line[512];
    for (size_t i = 0; i < secrets_count; i++)
        secrets[i].now = 0;
    rewind(maps);
    while (fgets(line, sizeof(line), maps) != NULL) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx", &from, &to) == 2 && strstr(line, " rw") != NULL &&
            to - from <= AREA_BYTES_MAX)
            search_area(mem, from, to);
    }
    for (size_t i = 0; i < secrets_count; i++) {
        secret *s = &secrets[i];
        s->left = at_the_end ? s->now : s->left;
        s->seen = !at_the_end && s->now > s->seen ? s->now : s->seen;
    }
}

/* Is this stop one at which what it works with can be expected in memory? */
static bool worth_a_look(pid_t child)
{
    struct __ptrace_syscall_info info = { 0 };
    if (ptrace(PTRACE_GET_SYSCALL_INFO, child, (void *)sizeof(info), &info) <= 0 ||
        info.op != PTRACE_SYSCALL_INFO_ENTRY)
        return false;
    return info.entry.nr == SYS_munmap || (info.entry.nr == SYS_write && info.entry.args[0] == 1);
}

static int watch(pid_t child, int mem, FILE *maps)
{
    int status, signal = 0;
    while (ptrace(PTRACE_SYSCALL, child, NULL, (void *)(intptr_t)signal) == 0 &&
           waitpid(child, &status, 0) == child && !WIFEXITED(status) && !WIFSIGNALED(status)) {
        signal = 0;
        if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8))
            search(mem, maps, true);
        else if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
            if (worth_a_look(child))
                search(mem, maps, false);
        } else {
            signal = WSTOPSIG(status);
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int report(const char *path)
{
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return complain(path);
    for (size_t i = 0; i < secrets_count; i++)
        (void)fprintf(file, "%s %zu %zu\n", secrets[i].name, secrets[i].seen, secrets[i].left);
    return fclose(file) == 0 ? 0 : complain(path);
}

int main(int argc, char **argv)
{
    char path[64];
    int status;
    if (argc < 4)
        return complain("usage: residue SECRETS REPORT PROGRAM ARGUMENT...");
    if (read_secrets(argv[1]) != 0)
        return NO_SEARCH;
    pid_t child = fork();
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0)
            (void)execv(argv[3], argv + 3);
        _exit(complain(argv[3]));
    }
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
        return complain("the program can't be traced");
    (void)snprintf(path, sizeof(path), "/proc/%ld/mem", (long)child);
    int mem = open(path, O_RDONLY | O_CLOEXEC);
    (void)snprintf(path, sizeof(path), "/proc/%ld/maps", (long)child);
    FILE *maps = fopen(path, "re");
    const intptr_t options = PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD;
    if (mem < 0 || maps == NULL || ptrace(PTRACE_SETOPTIONS, child, NULL, (void *)options) != 0)
        return complain("the program's memory can't be read");
    status = watch(child, mem, maps);
    return report(argv[2]) == 0 ? status : NO_SEARCH;
}
