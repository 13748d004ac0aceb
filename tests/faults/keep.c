#include "tests/faults/keep.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/err.h"
#include "tests/lib/env.h"

#define FILES_MAX 256u
#define DEPTH 3u

typedef struct kept_file {
    char path[400];
    ino_t inode;
    uint8_t *bytes;
    size_t len;
} kept_file;
static kept_file kept[FILES_MAX];
static size_t kept_count;
static const char *roots[KEEP_ROOTS_MAX];
static size_t roots_count;
/* Each file has a second name here, so that one that was taken away is still there. */
static char names[DBK_TEST_PATH_SIZE];

static const char *second_name(const kept_file *k)
{
    static char path[2 * DBK_TEST_PATH_SIZE];
    (void)snprintf(path, sizeof(path), "%s/%zu", names, (size_t)(k - kept));
    return path;
}

static const kept_file *find_kept(const char *path)
{
    for (size_t i = 0; i < kept_count; i++)
        if (strcmp(kept[i].path, path) == 0)
            return &kept[i];
    return NULL;
}

static void keep(const char *path, bool is_dir)
{
    struct stat st;
    DBK_ASSERT(kept_count < FILES_MAX);
    kept_file *k = &kept[kept_count++];
    if (is_dir) {
        (void)snprintf(k->path, sizeof(k->path), "%s", path);
        k->bytes = NULL;
        return;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    DBK_ASSERT(fd >= 0);
    DBK_ASSERT(fstat(fd, &st) == 0);
    (void)snprintf(k->path, sizeof(k->path), "%s", path);
    DBK_ASSERT(link(path, second_name(k)) == 0);
    k->inode = st.st_ino;
    k->len = (size_t)st.st_size;
    k->bytes = malloc(k->len + 1);
    DBK_ASSERT(k->bytes != NULL);
    DBK_ASSERT(read(fd, k->bytes, k->len) == (ssize_t)k->len);
    DBK_ASSERT(close(fd) == 0);
}

static void put_back(const kept_file *k)
{
    struct stat st;
    if (k->bytes == NULL) {
        (void)mkdir(k->path, 0700);
        return;
    }
    if (lstat(k->path, &st) != 0 || st.st_ino != k->inode) {
        (void)unlink(k->path);
        DBK_ASSERT(link(second_name(k), k->path) == 0);
    }
    int fd = open(k->path, O_RDWR | O_CLOEXEC);
    DBK_ASSERT(fd >= 0);
    DBK_ASSERT(pwrite(fd, k->bytes, k->len, 0) == (ssize_t)k->len);
    DBK_ASSERT(ftruncate(fd, (off_t)k->len) == 0);
    DBK_ASSERT(close(fd) == 0);
}

typedef void (*file_fn)(const char *path, bool is_dir);

/* Folders after what is in them. */
static void walk(const char *dir, file_fn fn, unsigned depth)
{
    const struct dirent *entry;
    DIR *list = opendir(dir);
    if (list == NULL)
        return; /* taken away by what is tested */
    while ((entry = readdir(list)) != NULL) {
        char path[400];
        struct stat st;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        int n = snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
        DBK_ASSERT(n > 0 && (size_t)n < sizeof(path));
        DBK_ASSERT(lstat(path, &st) == 0);
        if (S_ISREG(st.st_mode))
            fn(path, false);
        if (!S_ISDIR(st.st_mode) || depth == 0)
            continue;
        walk(path, fn, depth - 1);
        fn(path, true);
    }
    (void)closedir(list);
}

static void drop_new(const char *path, bool is_dir)
{
    if (find_kept(path) != NULL)
        return;
    if (is_dir)
        (void)rmdir(path);
    else
        (void)unlink(path);
}

static void forget_all(void)
{
    for (size_t i = 0; i < kept_count; i++) {
        free(kept[i].bytes);
        (void)unlink(second_name(&kept[i]));
    }
    kept_count = 0;
}

void keep_files(const char *const *folders, size_t count)
{
    DBK_ASSERT(count <= KEEP_ROOTS_MAX);
    if (names[0] != '\0')
        forget_all();
    else
        dbk_test_dir_make(names);
    roots_count = count;
    for (size_t i = 0; i < count; i++) {
        roots[i] = folders[i];
        walk(folders[i], keep, DEPTH);
    }
}

void keep_restore(void)
{
    for (size_t i = 0; i < roots_count; i++) {
        (void)mkdir(roots[i], 0700);
        walk(roots[i], drop_new, DEPTH);
    }
    for (size_t i = kept_count; i > 0; i--) /* folders before what is in them */
        put_back(&kept[i - 1]);
}

void keep_fork(void)
{
    for (size_t i = 0; i < kept_count; i++)
        free(kept[i].bytes);
    kept_count = 0;
    names[0] = '\0';
}

void keep_end(void)
{
    if (names[0] == '\0')
        return;
    forget_all();
    (void)rmdir(names);
    names[0] = '\0';
}
