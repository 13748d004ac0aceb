/* filtered NAMES PROGRAM ARGUMENT...: runs the program with those system calls alone that the file
 * NAMES lists, one a line; any other fails with EPERM, as under a service manager's filter. Names
 * that this machine doesn't have are skipped. Exits with 77 where that can't be done. */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char name[64];
    if (argc < 3)
        return 2;
    FILE *names = fopen(argv[1], "r");
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (names == NULL || filter == NULL)
        return 1;
    while (fgets(name, sizeof(name), names) != NULL) {
        name[strcspn(name, "\n")] = '\0';
        int call = seccomp_syscall_resolve_name(name);
        if (call != __NR_SCMP_ERROR && seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0) != 0)
            return 1;
    }
    (void)fclose(names);
    if (seccomp_load(filter) != 0) {
        fprintf(stderr, "filtered: there is no seccomp here\n");
        return 77;
    }
    seccomp_release(filter);
    (void)execv(argv[2], argv + 2);
    return 1;
}
