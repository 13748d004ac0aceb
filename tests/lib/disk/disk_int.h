/* tests/lib/disk/disk_int.h - inside the kit: the record's events, and what disk_calls.c tells. */
#ifndef DBK_TESTS_LIB_DISK_INT_H
#define DBK_TESTS_LIB_DISK_INT_H

#include <sys/stat.h>

#include "tests/lib/disk/disk.h"

typedef enum disk_kind {
    EVENT_NAME, /* file gets path, which it makes: a file or a folder */
    EVENT_UNNAME,
    EVENT_RENAME, /* path becomes to */
    EVENT_WRITE,
    EVENT_TRUNCATE,
    EVENT_SYNC,
    EVENT_SYNC_FOLDER, /* path; "" is the root */
    EVENT_TOLD
} disk_kind;

typedef struct disk_event {
    disk_kind kind;
    uint32_t file;
    uint64_t at; /* of a write; the new size; what was told */
    size_t len;
    uint8_t *bytes;
    char *path, *to;
} disk_event;

typedef struct disk_file {
    dev_t dev;
    ino_t ino; /* 0: gone */
    bool is_folder;
} disk_file;

/* What names stand for, now or durably. */
typedef struct disk_name {
    char path[DISK_PATH_MAX];
    uint32_t file;
} disk_name;
typedef struct disk_names {
    disk_name rows[DISK_FILES_MAX];
    size_t count;
} disk_names;
disk_name *disk_names_find(disk_names *names, const char *path);
void disk_names_apply(disk_names *names, const disk_event *e);

struct disk_record {
    bool fails_syncs;
    char root[DISK_PATH_MAX * 2];
    disk_file files[DISK_FILES_MAX];
    size_t files_count;
    disk_names now;
    disk_names first; /* before the first event */
    disk_event *events;
    size_t count, cap;
    struct {
        uint8_t *bytes;
        size_t len;
    } start[DISK_FILES_MAX]; /* what they held then */
};

/* disk_calls.c */
extern bool disk_calls_seen; /* anything is watched */

/* Does a sync of it have to fail? */
bool disk_fails_sync(int fd);
/* What has happened, as the calls tell: after it has succeeded. errno may change. */
void disk_saw_open(int fd, int flags);
void disk_saw_write(int fd, const void *bytes, size_t len, uint64_t at);
void disk_saw_truncate(int fd, uint64_t size);
void disk_saw_sync(int fd);
/* Absolute paths. */
void disk_saw_mkdir(const char *path);
void disk_saw_unlink(const char *path);
void disk_saw_rename(const char *from, const char *to);

#endif
