/* tests/images/damage.h - damaged files: each file that a store, a relay or a stick is made of is
 * changed as disks and people change it, opened with the real code and judged: it is told, at once
 * or when it is verified, or what is shown is the same as with the file as it was. Never a crash,
 * never something else in silence. */
#ifndef DBK_TESTS_DAMAGE_H
#define DBK_TESTS_DAMAGE_H

#include "core/base/err.h"
#include "core/crypto/hash.h"
#include "tests/lib/disk/disk.h"

#define DAMAGE_FILES_MAX 24u
#define DAMAGE_DIR_MAX 64u
#define DAMAGE_WHY_MAX 300u

typedef enum damage_end {
    DAMAGE_TOLD,   /* when it is opened */
    DAMAGE_LATER,  /* by verify, fsck, or whoever it is exchanged with */
    DAMAGE_UNUSED, /* nothing that is shown depends on it */
    DAMAGE_SILENT  /* wrong: something else is shown, and nothing says so */
} damage_end;

typedef struct damage_file {
    char path[DISK_PATH_MAX];
    uint32_t times; /* how often it is damaged in CI */
} damage_file;

/* What can be damaged: all its files, and two other states of the same names to mix in. */
typedef struct damage_set {
    disk_image whole, older, foreign; /* older, foreign: count 0 where there is none */
    damage_file files[DAMAGE_FILES_MAX];
    size_t files_count;
} damage_set;

/* dir: a folder for one try. seen: what is shown, all of it as one hash. why: the first words that
 * told of the damage, or what is wrong. */
typedef struct damage_try {
    const damage_set *set;
    const char *dir;
    const damage_file *file;
    const disk_image *image; /* with the damage */
    dbk_hash seen;
    char why[DAMAGE_WHY_MAX];
} damage_try;

typedef struct damage_kit {
    const char *name;
    void (*begin)(damage_set *set, const char *top);
    damage_end (*open)(damage_try *t); /* DAMAGE_UNUSED: opened, and `seen` is what is shown */
    /* What differs from the whole file is seen by others: NULL, nobody does. */
    damage_end (*others)(damage_try *t);
    void (*end)(void);
} damage_kit;
extern const damage_kit damage_device, damage_relay, damage_home, damage_stick, damage_package;

/* What stands in a folder now. */
void damage_look(disk_image *out, const char *dir);
void damage_add(damage_set *set, const char *path, uint32_t times);
damage_end damage_told(damage_try *t, dbk_rc rc, const char *text);

#endif
