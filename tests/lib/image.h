/* tests/lib/image.h - the files of a folder as they were: what a backup, a cloned disk or a world
 * that many runs begin from is. Failures stop the test. */
#ifndef DBK_TESTS_LIB_IMAGE_H
#define DBK_TESTS_LIB_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMAGE_PATH_SIZE 160u /* below the folder */

typedef struct image_file {
    char path[IMAGE_PATH_SIZE];
    uint8_t *bytes;
    size_t len;
} image_file;
typedef struct image {
    image_file *files;
    size_t count;
} image; /* { 0 } is of an empty folder */

/* Plain files of the folder, and of the folders in it. */
void image_take(image *out, const char *dir);
/* The folder, which is made if there is none, holds these files and no others. Files that are there
 * are written in place: a parent's handles may stand on them. */
void image_put(const image *from, const char *dir);
void image_wipe(image *i);

#endif
