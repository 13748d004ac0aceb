#include "tests/lib/image.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/id.h"

#define WHOLE_PATH_SIZE 512u

static const char *whole_path(char out[WHOLE_PATH_SIZE], const char *dir, const char *path)
{
    int n = snprintf(out, WHOLE_PATH_SIZE, "%s/%s", dir, path);
    DBK_ASSERT(n > 0 && (size_t)n < WHOLE_PATH_SIZE);
    return out;
}

static const image_file *find(const image *i, const char *path)
{
    for (size_t k = 0; k < i->count; k++)
        if (strcmp(i->files[k].path, path) == 0)
            return &i->files[k];
    return NULL;
}

static void take_file(image *out, const char *dir, const char *path)
{
    char whole[WHOLE_PATH_SIZE];
    struct stat st;
    int fd = open(whole_path(whole, dir, path), O_RDONLY | O_CLOEXEC);
    DBK_ASSERT(fd >= 0 && fstat(fd, &st) == 0);
    image_file *grown = realloc(out->files, (out->count + 1) * sizeof(*grown));
    DBK_ASSERT(grown != NULL);
    out->files = grown;
    image_file *f = &out->files[out->count++];
    (void)snprintf(f->path, sizeof(f->path), "%s", path);
    f->len = (size_t)st.st_size;
    f->bytes = malloc(f->len + 1);
    DBK_ASSERT(f->bytes != NULL);
    DBK_ASSERT(read(fd, f->bytes, f->len) == (ssize_t)f->len);
    DBK_ASSERT(close(fd) == 0);
}

static void drop_other(const image *from, const char *dir, const char *path)
{
    char whole[WHOLE_PATH_SIZE];
    if (find(from, path) == NULL)
        (void)unlink(whole_path(whole, dir, path));
}

/* Calls one of the two for each plain file; below: the folder within, "" for dir itself. */
static void walk(const char *dir, const char *below, image *take, const image *keep)
{
    char whole[WHOLE_PATH_SIZE];
    const struct dirent *entry;
    DIR *list = opendir(whole_path(whole, dir, below));
    if (list == NULL)
        return;
    while ((entry = readdir(list)) != NULL) {
        char path[IMAGE_PATH_SIZE];
        struct stat st;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        int n = snprintf(path, sizeof(path), "%s%s%s", below, below[0] != '\0' ? "/" : "",
                         entry->d_name);
        DBK_ASSERT(n > 0 && (size_t)n < sizeof(path));
        DBK_ASSERT(lstat(whole_path(whole, dir, path), &st) == 0);
        if (S_ISDIR(st.st_mode) && below[0] == '\0')
            walk(dir, path, take, keep);
        else if (S_ISREG(st.st_mode) && take != NULL)
            take_file(take, dir, path);
        else if (S_ISREG(st.st_mode))
            drop_other(keep, dir, path);
    }
    (void)closedir(list);
}

void image_take(image *out, const char *dir)
{
    memset(out, 0, sizeof(*out));
    walk(dir, "", out, NULL);
}

static void put_file(const image_file *f, const char *dir)
{
    char whole[WHOLE_PATH_SIZE];
    char *slash = strrchr(whole_path(whole, dir, f->path), '/');
    *slash = '\0';
    DBK_ASSERT(mkdir(whole, 0700) == 0 || errno == EEXIST);
    *slash = '/';
    int fd = open(whole, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    DBK_ASSERT(fd >= 0);
    DBK_ASSERT(pwrite(fd, f->bytes, f->len, 0) == (ssize_t)f->len);
    DBK_ASSERT(ftruncate(fd, (off_t)f->len) == 0);
    DBK_ASSERT(close(fd) == 0);
}

void image_put(const image *from, const char *dir)
{
    DBK_ASSERT(mkdir(dir, 0700) == 0 || errno == EEXIST);
    walk(dir, "", NULL, from);
    for (size_t i = 0; i < from->count; i++)
        put_file(&from->files[i], dir);
}

void image_wipe(image *i)
{
    for (size_t k = 0; k < i->count; k++)
        free(i->files[k].bytes);
    free(i->files);
    memset(i, 0, sizeof(*i));
}
