/* tests/images/images.h - power-loss images: a scene is played once on a disk that is recorded
 * (tests/lib/disk/disk.h); then every state in which the disk may stand after a cut is opened with
 * the real code and judged (A36):
 *   - what the user was told is done is there, and what wasn't is absent or whole;
 *   - the deep check and `verify` find nothing, and the next save works;
 *   - on a disk that lied about a sync: it opens, or is plainly said to be damaged; it never shows
 *     what was never written, and a sync brings back what had left the device. */
#ifndef DBK_TESTS_IMAGES_H
#define DBK_TESTS_IMAGES_H

#include "core/journal/verify.h"
#include "tests/lib/disk/disk.h"

#define IMAGES_WHY_MAX 400u
#define IMAGES_DIR_MAX 64u

typedef enum images_end {
    IMAGE_WHOLE,  /* opened, with all that was told */
    IMAGE_ABSENT, /* there is none yet, and nobody was told that there is */
    IMAGE_LESS,   /* opened after a lie, with less */
    IMAGE_REFUSED /* after a lie: said to be damaged */
} images_end;

typedef struct images_case {
    const disk_image *image;
    const char *dir; /* it stands there */
    uint64_t told;
    bool lied; /* the disk has */
    images_end end;
    char why[IMAGES_WHY_MAX]; /* what is wrong; "": nothing */
} images_case;
void images_blame(images_case *c, const char *fmt, ...) DBK_PRINTF(2, 3);
/* `daybook verify` of an opened store: whatever it finds is wrong. */
void images_verify(images_case *c, dbk_book *book);

/* top: an empty folder, for this run. play leaves the record; close ends what play has begun. */
typedef struct images_scene {
    const char *name, *sentence;
    uint64_t every; /* of its states CI opens one in so many */
    disk_record *(*play)(const char *top);
    void (*check)(images_case *c);
    void (*close)(void);
} images_scene;
extern const images_scene scene_device, scene_relay, scene_home, scene_stick;

#endif
