#include "tests/lib/disk/disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"
#include "tests/lib/disk/disk_int.h"

static disk_record *watched[DISK_WATCHED_MAX];
static size_t watched_count;

/* ---- names --------------------------------------------------------------------------------- */

disk_name *disk_names_find(disk_names *names, const char *path)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->rows[i].path, path) == 0)
            return &names->rows[i];
    return NULL;
}

static void put_name(disk_names *names, const char *path, uint32_t file)
{
    disk_name *row = disk_names_find(names, path);
    if (row == NULL) {
        DBK_ASSERT(names->count < DISK_FILES_MAX);
        row = &names->rows[names->count++];
        (void)snprintf(row->path, sizeof(row->path), "%s", path);
    }
    row->file = file;
}

static void drop_name(disk_names *names, const char *path)
{
    disk_name *row = disk_names_find(names, path);
    if (row != NULL)
        *row = names->rows[--names->count];
}

void disk_names_apply(disk_names *names, const disk_event *e)
{
    if (e->kind == EVENT_NAME) {
        put_name(names, e->path, e->file);
    } else {
        drop_name(names, e->path);
        if (e->kind == EVENT_RENAME)
            put_name(names, e->to, e->file);
    }
}

/* ---- the record ---------------------------------------------------------------------------- */

/* The part of a path that is below the root; NULL: none is. The root itself: "". */
static const char *below(const disk_record *r, const char *path)
{
    size_t len = strlen(r->root);
    if (strncmp(path, r->root, len) != 0 || (path[len] != '/' && path[len] != '\0'))
        return NULL;
    while (path[len] == '/')
        len++;
    return path + len;
}

static disk_record *record_of(const char **path)
{
    for (size_t i = 0; i < watched_count; i++) {
        const char *rest = below(watched[i], *path);
        if (rest == NULL)
            continue;
        DBK_ASSERT(strlen(rest) < DISK_PATH_MAX);
        *path = rest;
        return watched[i];
    }
    return NULL;
}

/* SQLite's shared memory is made anew at each opening. */
static bool is_shm(const char *path)
{
    size_t len = strlen(path);
    return len > 4 && strcmp(path + len - 4, "-shm") == 0;
}

static disk_event *add_event(disk_record *r, disk_kind kind, uint32_t file)
{
    if (r->count == r->cap) {
        r->cap = r->cap == 0 ? 1024 : r->cap * 2;
        r->events = realloc(r->events, r->cap * sizeof(r->events[0]));
        DBK_ASSERT(r->events != NULL);
    }
    disk_event *e = &r->events[r->count++];
    *e = (disk_event){ .kind = kind, .file = file };
    return e;
}

static char *copy_text(const char *text)
{
    char *copy = strdup(text);
    DBK_ASSERT(copy != NULL);
    return copy;
}

static uint32_t add_file(disk_record *r, const struct stat *st)
{
    DBK_ASSERT(r->files_count < DISK_FILES_MAX);
    r->files[r->files_count] = (disk_file){ st->st_dev, st->st_ino, S_ISDIR(st->st_mode) };
    return (uint32_t)r->files_count++;
}

/* The file that a descriptor is open on, if it is one of the record's. */
static disk_file *file_of(disk_record **r, const struct stat *st)
{
    for (size_t i = 0; i < watched_count; i++) {
        for (size_t k = watched[i]->files_count; k-- > 0;) {
            disk_file *f = &watched[i]->files[k];
            if (f->ino == st->st_ino && f->dev == st->st_dev) {
                *r = watched[i];
                return f;
            }
        }
    }
    return NULL;
}

static disk_event *change(int fd, disk_kind kind, bool *is_folder)
{
    struct stat st;
    disk_record *r = NULL;
    const disk_file *f = fstat(fd, &st) == 0 ? file_of(&r, &st) : NULL;
    if (f == NULL)
        return NULL;
    *is_folder = f->is_folder;
    return add_event(r, kind, (uint32_t)(f - r->files));
}

/* Folders that were made by a call inside the C library (mkdtemp): as if they had stood there. */
static void take_parents(disk_record *r, const char *path)
{
    char part[DISK_PATH_MAX];
    const struct stat folder = { .st_mode = S_IFDIR };
    for (size_t i = 0; path[i] != '\0'; i++) {
        if (path[i] != '/')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (disk_names_find(&r->now, part) != NULL)
            continue;
        uint32_t file = add_file(r, &folder);
        put_name(&r->first, part, file);
        put_name(&r->now, part, file);
    }
}

void disk_saw_open(int fd, int flags)
{
    char link[64], path[4096];
    struct stat st;
    disk_record *r = NULL;
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t got = readlink(link, path, sizeof(path) - 1);
    DBK_ASSERT(got > 0);
    path[got] = '\0';
    if (fstat(fd, &st) != 0)
        return;
    const char *rest = path;
    disk_file *known = file_of(&r, &st);
    r = record_of(&rest);
    const disk_name *row = r == NULL ? NULL : disk_names_find(&r->now, rest);
    bool is_it = known != NULL && row != NULL && &r->files[row->file] == known;
    if (known != NULL && !is_it)
        known->ino = 0; /* its number went to another file */
    if (r == NULL || is_shm(rest) || rest[0] == '\0')
        return;
    if (!is_it) {
        take_parents(r, rest);
        disk_event *e = add_event(r, EVENT_NAME, add_file(r, &st));
        e->path = copy_text(rest);
        disk_names_apply(&r->now, e);
    } else if ((flags & O_TRUNC) != 0) {
        (void)add_event(r, EVENT_TRUNCATE, row->file);
    }
}

bool disk_fails_sync(int fd)
{
    struct stat st;
    disk_record *r = NULL;
    return fstat(fd, &st) == 0 && file_of(&r, &st) != NULL && r->fails_syncs;
}

void disk_fail_syncs(disk_record *r, bool fail)
{
    r->fails_syncs = fail;
}

void disk_saw_write(int fd, const void *bytes, size_t len, uint64_t at)
{
    bool is_folder = false;
    disk_event *e = change(fd, EVENT_WRITE, &is_folder);
    if (e == NULL)
        return;
    e->at = at;
    e->len = len;
    e->bytes = malloc(len);
    DBK_ASSERT(e->bytes != NULL);
    memcpy(e->bytes, bytes, len);
}

void disk_saw_truncate(int fd, uint64_t size)
{
    bool is_folder = false;
    disk_event *e = change(fd, EVENT_TRUNCATE, &is_folder);
    if (e != NULL)
        e->at = size;
}

void disk_saw_sync(int fd)
{
    char link[64], path[4096];
    bool is_folder = false;
    struct stat st;
    if (fstat(fd, &st) != 0)
        return;
    if (!S_ISDIR(st.st_mode)) {
        (void)change(fd, EVENT_SYNC, &is_folder);
        return;
    }
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t got = readlink(link, path, sizeof(path) - 1);
    DBK_ASSERT(got > 0);
    path[got] = '\0';
    const char *rest = path;
    disk_record *r = record_of(&rest);
    if (r != NULL)
        add_event(r, EVENT_SYNC_FOLDER, 0)->path = copy_text(rest);
}

void disk_saw_mkdir(const char *path)
{
    struct stat st;
    const char *rest = path;
    disk_record *r = record_of(&rest);
    if (r == NULL || stat(path, &st) != 0)
        return;
    disk_event *e = add_event(r, EVENT_NAME, add_file(r, &st));
    e->path = copy_text(rest);
    disk_names_apply(&r->now, e);
}

void disk_saw_unlink(const char *path)
{
    const char *rest = path;
    disk_record *r = record_of(&rest);
    const disk_name *row = r == NULL ? NULL : disk_names_find(&r->now, rest);
    if (row == NULL)
        return;
    disk_event *e = add_event(r, EVENT_UNNAME, row->file);
    e->path = copy_text(rest);
    disk_names_apply(&r->now, e);
}

void disk_saw_rename(const char *from, const char *to)
{
    const char *a = from, *b = to;
    disk_record *r = record_of(&a);
    disk_record *to_r = record_of(&b);
    DBK_ASSERT(r == to_r); /* into or out of a watched folder: nothing of ours does */
    const disk_name *row = r == NULL ? NULL : disk_names_find(&r->now, a);
    if (row == NULL)
        return;
    disk_event *e = add_event(r, EVENT_RENAME, row->file);
    e->path = copy_text(a);
    e->to = copy_text(b);
    disk_names_apply(&r->now, e);
}

/* ---- watching ------------------------------------------------------------------------------ */

static void take_file(disk_record *r, const char *path, const char *rest, const struct stat *st)
{
    uint32_t file = add_file(r, st);
    put_name(&r->first, rest, file);
    if (!S_ISREG(st->st_mode) || st->st_size == 0)
        return;
    size_t len = (size_t)st->st_size;
    uint8_t *bytes = malloc(len);
    FILE *in = fopen(path, "rb");
    DBK_ASSERT(bytes != NULL);
    DBK_ASSERT(in != NULL);
    DBK_ASSERT(fread(bytes, 1, len, in) == len);
    (void)fclose(in);
    r->start[file].bytes = bytes;
    r->start[file].len = len;
}

/* Folders are walked as they come to stand in the list. */
static void take_folder(disk_record *r, const char *rest)
{
    char dir[4096], path[4096], name[DISK_PATH_MAX];
    const struct dirent *entry;
    struct stat st;
    (void)snprintf(dir, sizeof(dir), "%s/%s", r->root, rest);
    DIR *list = opendir(dir);
    DBK_ASSERT(list != NULL);
    while ((entry = readdir(list)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        int n = snprintf(name, sizeof(name), "%s%s%s", rest, rest[0] != '\0' ? "/" : "",
                         entry->d_name);
        DBK_ASSERT(n > 0 && (size_t)n < sizeof(name));
        n = snprintf(path, sizeof(path), "%s/%s", r->root, name);
        DBK_ASSERT(n > 0 && (size_t)n < sizeof(path));
        DBK_ASSERT(lstat(path, &st) == 0);
        if (!is_shm(name))
            take_file(r, path, name, &st);
    }
    (void)closedir(list);
}

disk_record *disk_watch(const char *root)
{
    char real[4096];
    disk_record *r = calloc(1, sizeof(*r));
    DBK_ASSERT(r != NULL);
    DBK_ASSERT(realpath(root, real) != NULL);
    int n = snprintf(r->root, sizeof(r->root), "%s", real);
    DBK_ASSERT(n > 0 && (size_t)n < sizeof(r->root));
    take_folder(r, "");
    for (size_t i = 0; i < r->first.count; i++)
        if (r->files[r->first.rows[i].file].is_folder)
            take_folder(r, r->first.rows[i].path);
    r->now = r->first;
    DBK_ASSERT(watched_count < DISK_WATCHED_MAX);
    watched[watched_count++] = r;
    disk_calls_seen = true;
    return r;
}

void disk_unwatch(disk_record *r)
{
    for (size_t i = 0; i < watched_count; i++) {
        if (watched[i] != r)
            continue;
        watched[i] = watched[--watched_count];
        break;
    }
    disk_calls_seen = watched_count > 0;
}

void disk_record_free(disk_record *r)
{
    if (r == NULL)
        return;
    disk_unwatch(r);
    for (size_t i = 0; i < r->count; i++) {
        free(r->events[i].bytes);
        free(r->events[i].path);
        free(r->events[i].to);
    }
    for (size_t i = 0; i < DISK_FILES_MAX; i++)
        free(r->start[i].bytes);
    free(r->events);
    free(r);
}

void disk_told(disk_record *r, uint64_t what)
{
    add_event(r, EVENT_TOLD, 0)->at = what;
}

size_t disk_record_len(const disk_record *r)
{
    return r->count;
}
