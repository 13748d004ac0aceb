/* tests/lib/disk/disk.h - a disk that can lose its power. Whatever this process writes below a
 * folder is recorded, call by call; from the record comes every state in which a disk may stand
 * after a cut. For programs that link dbk_disk: their open, write, fsync, rename and the like
 * (SQLite's too) pass through disk_calls.c, and are just the system's while nothing is watched.
 * The disk keeps no more than POSIX promises:
 *   - what was written to a file, and its size, is durable when the file has been synced; until
 *     then any of it may be lost, and the later part may be there without the earlier one;
 *   - a name that was made, moved or taken away is durable when its folder has been synced; until
 *     then each may be lost by itself. A rename is whole, or never was;
 *   - a write may be torn at each sector of 512 bytes.
 * And less, for disks that lie (DISK_LIES_*): a sync that was promised and not done.
 * Not recorded: SQLite's -shm, which doesn't outlive the power; modes; links.
 * One thread. Failures stop the program. */
#ifndef DBK_TESTS_LIB_DISK_H
#define DBK_TESTS_LIB_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISK_WATCHED_MAX 16u /* folders at a time */
#define DISK_FILES_MAX 512u  /* in one record: each file that ever was */
#define DISK_PENDING_MAX 2048u
#define DISK_PATH_MAX 200u /* below the folder */

/* ---- recording ----------------------------------------------------------------------------- */

typedef struct disk_record disk_record;
/* What stands below root is durable; from now on changes are recorded. root exists. */
disk_record *disk_watch(const char *root);
void disk_unwatch(disk_record *r); /* the record stays */
void disk_record_free(disk_record *r);
/* The user was told just now that something is done: states after this must show it. */
void disk_told(disk_record *r, uint64_t what);
size_t disk_record_len(const disk_record *r); /* events so far */
/* Until it is taken back, every sync of a file there fails with EIO. */
void disk_fail_syncs(disk_record *r, bool fail);

/* ---- the disk at one moment ---------------------------------------------------------------- */

typedef struct disk_state disk_state;
disk_state *disk_state_new(const disk_record *r); /* before its first event */
void disk_state_free(disk_state *s);
bool disk_state_step(disk_state *s); /* one event on; false: there is none yet */
size_t disk_state_at(const disk_state *s);
uint64_t disk_state_told(const disk_state *s); /* the last one; 0: none */
size_t disk_state_pending(const disk_state *s);

/* How the power is lost. i, j count the changes that no sync has covered yet, in their order. */
#define DISK_HOW_TABLE(X)                                                                        \
    X(DISK_ALL_LOST, "all-lost")         /* since the last sync */                               \
    X(DISK_ALL_KEPT, "all-kept")         /* as after a kill */                                   \
    X(DISK_ONE_LOST, "one-lost")         /* i */                                                 \
    X(DISK_ONE_KEPT, "one-kept")         /* i */                                                 \
    X(DISK_FIRST_KEPT, "first-kept")     /* i of them */                                         \
    X(DISK_FIRST_LOST, "first-lost")     /* i of them: reordered */                              \
    X(DISK_BACKWARDS, "backwards")       /* all, and the last to come was the first */           \
    X(DISK_SOME, "some")                 /* each by a coin; i: the coin's seed */                \
    X(DISK_TORN, "torn")                 /* i stops after j bytes; the others are kept */        \
    X(DISK_TORN_ALONE, "torn-alone")     /* i stops after j bytes; the others are lost */        \
    X(DISK_TORN_BACK, "torn-back")       /* i lacks its first j bytes; the others are kept */    \
    X(DISK_SIZE_LOST, "size-lost")       /* file i ends where it did at its last sync */         \
    X(DISK_SIZE_ONLY, "size-only")       /* of i only the file's growth is kept: zeros */        \
    X(DISK_LIES_FILE, "lies-file")       /* file i: its last sync wasn't done; j: later kept? */ \
    X(DISK_LIES_FOLDERS, "lies-folders") /* the last sync of a folder wasn't done */             \
    X(DISK_LIES_ALL, "lies-all")         /* nothing since the last but one sync of anything */
#define DISK_HOW_ENUM(name, text) name,
typedef enum disk_how { DISK_HOW_TABLE(DISK_HOW_ENUM) DISK_HOWS } disk_how;
extern const char *const disk_how_names[DISK_HOWS];
typedef struct disk_loss {
    disk_how how;
    uint32_t i, j;
} disk_loss;
static inline bool disk_lies(disk_how how)
{
    return how >= DISK_LIES_FILE;
}

/* Every loss at this moment that wasn't one at the moment before; borrowed until the next call. */
size_t disk_losses(disk_state *s, const disk_loss **out);

/* ---- what is found afterwards -------------------------------------------------------------- */

typedef struct disk_found {
    char path[DISK_PATH_MAX];
    bool is_folder;
    uint8_t *bytes;
    size_t len;
} disk_found;
typedef struct disk_image {
    disk_found *files; /* in no order; folders stand before what is in them */
    size_t count, cap;
    uint64_t hash; /* of names and bytes */
} disk_image;      /* { 0 } to begin with; made anew as often as wanted */
void disk_image_make(disk_image *image, const disk_state *s, const disk_loss *loss);
/* Into a folder that is emptied before. */
void disk_image_write(const disk_image *image, const char *dir);
void disk_image_wipe(disk_image *image);
/* NULL: there is none of that name. */
const disk_found *disk_image_file(const disk_image *image, const char *path);

#endif
